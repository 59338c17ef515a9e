"""Many small byte strings in one file, mapped into memory and read by number."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np

Scalar = TypeVar("Scalar", bound=np.generic)


class Blob:
    """`name.bin` holds the bytes one after another, `name.idx` (uint64, one more than records) where each begins."""

    def __init__(self, folder: Path, name: str) -> None:
        """Raises ValueError: the two files do not fit each other. OSError: one cannot be read."""
        self.bytes = mapped(folder / f"{name}.bin", np.dtype(np.uint8))
        self.starts = mapped(folder / f"{name}.idx", np.dtype("<u8"))
        if len(self.starts) == 0 or int(self.starts[-1]) != len(self.bytes):
            raise ValueError(
                f"{folder / name}.bin has {len(self.bytes)} bytes, its index expects others; make it again"
            )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> bytes:
        """Raises IndexError: outside 0 to len - 1."""
        if not 0 <= number < len(self):
            raise IndexError(f"no record {number}; expected 0 to {len(self) - 1}")
        return self.bytes[int(self.starts[number]) : int(self.starts[number + 1])].tobytes()


class BlobWriter:
    """Writes a Blob record by record."""

    def __init__(self, folder: Path, name: str) -> None:
        self.bytes = (folder / f"{name}.bin").open("wb")
        self.starts = (folder / f"{name}.idx").open("wb")
        self.end = 0
        self.starts.write(np.uint64(0).tobytes())

    def extend(self, records: Iterable[bytes]) -> None:
        """Write more records."""
        joined = list(records)
        ends = self.end + np.cumsum([len(record) for record in joined], dtype="<u8")
        self.bytes.write(b"".join(joined))
        self.starts.write(ends.astype("<u8").tobytes())
        self.end = int(ends[-1]) if joined else self.end

    def __enter__(self) -> BlobWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bytes.close()
        self.starts.close()


def mapped(path: Path, dtype: np.dtype[Scalar]) -> np.ndarray[tuple[int], np.dtype[Scalar]]:
    """The numbers of a raw file, read-only and shared between processes; an empty file maps to no numbers."""
    size = path.stat().st_size
    if size % dtype.itemsize:
        raise ValueError(f"{path} has {size} bytes, no multiple of {dtype.itemsize}: it is truncated; make it again")
    if size == 0:
        return np.zeros(0, dtype)
    return np.memmap(path, dtype, mode="r").view(np.ndarray)  # a plain view of the same map is faster to index
