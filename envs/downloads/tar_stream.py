"""Read a tar archive from front to back, one member at a time."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Iterator

from forethought.envs.downloads.json_stream import Damaged
from forethought.envs.family import shorten

LARGEST = 1 << 28  # bytes of a member, as it lies in the archive and unpacked; the official intros have a few million
BLOCK = 512  # bytes; the unit of a tar file
EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
ASIDE = (tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK)  # said before a header, and of no use here
WITHOUT_DATA = (
    *(tarfile.DIRTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE),
    *(tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE),
)
RECORD = re.compile(rb"([0-9]{1,9}) ([^=]+)=")


class Tape:
    """A tar file from front to back; `last` names the member read last.

    tarfile itself takes an unreadable header for the end of the archive, and would miss the members after it.
    """

    def __init__(self, name: str, raw: io.BufferedReader) -> None:
        self.name, self.last = name, ""
        self.file: io.BufferedIOBase = raw
        beginning = raw.peek(3)
        if beginning.startswith(b"BZh"):
            self.file = bz2.BZ2File(raw)
        elif beginning.startswith(b"\x1f\x8b"):
            self.file = gzip.GzipFile(fileobj=raw)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The name and the content of each file of the archive. Raises Damaged: no whole archive."""
        more: dict[bytes, bytes] = {}  # facts about a member from the headers before its own
        while header := self.header():
            if header.type in EXTENDED:
                more |= self.records(self.data(header.size))
            elif header.type == tarfile.GNUTYPE_LONGNAME:
                more[b"path"] = self.data(header.size).rstrip(b"\0")
            elif header.type in ASIDE:
                self.data(header.size)
            elif header.type in WITHOUT_DATA:
                more = {}
            else:
                size = int(more.get(b"size", header.size))
                name = more[b"path"].decode(errors="backslashreplace") if b"path" in more else header.name
                if header.type == tarfile.GNUTYPE_SPARSE or any(key.startswith(b"GNU.sparse.") for key in more):
                    raise self.damaged(f"{shorten(name)} is a sparse file; expected one that lies there as a whole")
                if header.isreg():
                    yield name, self.data(size)
                    self.last = name
                else:
                    self.data(size)
                more = {}

    def header(self) -> tarfile.TarInfo | None:
        """The next one; none at the end, which is a block of zeros with nothing but zeros behind it."""
        block = self.read(BLOCK)
        if block.strip(b"\0"):
            try:
                return tarfile.TarInfo.frombuf(block, "utf-8", "backslashreplace")
            except tarfile.HeaderError as error:
                reason = f"no header of a tar file where one should be ({error})"
                raise self.damaged(reason if self.last else f"{reason}; expected .tar, .tar.gz or .tar.bz2") from error
        while rest := self.some(1 << 16):
            if rest.strip(b"\0"):
                raise self.damaged("it goes on after its end")
        return None

    def data(self, size: int) -> bytes:
        """The content of a member. Raises Damaged: too large, or the archive ends."""
        if not 0 <= size <= LARGEST:
            raise self.damaged(f"what follows has {size} bytes; expected {LARGEST} at most")
        data = self.read(size)
        self.read(-size % BLOCK)
        return data

    def records(self, data: bytes) -> dict[bytes, bytes]:
        r"""The records of an extended header: "21 path=AA/wiki_00\n", where 21 is the length of the whole record."""
        told, place = {}, 0
        while place < len(data):
            found = RECORD.match(data, place)
            end = place + int(found[1]) if found else 0
            if not found or end <= found.end() or data[end - 1 : end] != b"\n":
                raise self.damaged("an extended header is malformed")
            told[found[2]] = data[found.end() : end - 1]
            place = end
        if not told.get(b"size", b"0").isdigit() or len(told.get(b"size", b"")) > len(str(LARGEST)):
            raise self.damaged("an extended header tells no proper size")
        return told

    def read(self, count: int) -> bytes:
        """So many bytes. Raises Damaged: the archive ends."""
        data = self.some(count)
        if len(data) < count:
            raise self.damaged("it ends too early")
        return data

    def some(self, count: int) -> bytes:
        """`count` bytes, or fewer at the end."""
        try:
            return self.file.read(count)
        except (OSError, EOFError, zlib.error) as error:
            raise self.damaged(str(error)) from error

    def damaged(self, reason: str) -> Damaged:
        """The error for a damaged archive, with the last file."""
        where = f"{self.name}, after {self.last}" if self.last else self.name
        return Damaged(f"{where}: {reason}; the file is damaged, get it again")
