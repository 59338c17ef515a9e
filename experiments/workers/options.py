"""The workers of a run: this process, several processes of this machine, or actors of a Ray cluster."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from urllib.parse import parse_qsl, urlsplit

from forethought.common.parallel import MOST_WORKERS

ADVICE = (
    "write a number, or ray://HOST:PORT?workers=8&cpus=1&gpus=0 (ray://auto: the cluster of this machine); "
    f"at most {MOST_WORKERS} processes of this machine"
)


@dataclass(frozen=True)
class WorkerOptions:
    """The number of workers, their cluster, and the resources of each.

    Attributes:
        count: Workers. None: as many as the cluster has room for.
        address: ray://HOST:PORT for a client of a cluster, "auto" for the cluster of this machine, "local" for a
            cluster of this machine alone, begun and ended with the run. None: no cluster.
        cpus: Processors reserved for each worker in the cluster.
        gpus: GPUs reserved for each worker in the cluster.
    """

    count: int | None
    address: str | None = None
    cpus: float = 1.0
    gpus: float = 0.0

    @property
    def alone(self) -> bool:
        """Whether all tasks run in this process."""
        return self.address is None and self.count == 1

    @classmethod
    def parse(cls, text: str) -> WorkerOptions:
        """The workers of a text such as "4" or "ray://10.0.0.1:10001?workers=8". Raises ValueError: anything else."""
        try:
            if not text.startswith("ray://"):
                return cls(of_this_machine(positive(text)))
            parts = urlsplit(text)
            asked = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
            count = positive(asked.pop("workers")) if "workers" in asked else None
            cpus, gpus = float(asked.pop("cpus", "1")), float(asked.pop("gpus", "0"))
            plain = parts.netloc in ("auto", "local")
            if (
                asked
                or parts.path.strip("/")
                or parts.fragment
                or not (plain or parts.port)
                or not 0 <= min(cpus, gpus) <= max(cpus, gpus) < inf
            ):
                raise ValueError(text)
        except ValueError as error:
            raise ValueError(f"cannot read the workers {text!r}; {ADVICE}") from error
        return cls(count, parts.netloc if plain else f"ray://{parts.netloc}", cpus, gpus)


def of_this_machine(count: int) -> int:
    """The number of processes, checked. Raises ValueError: more than the machine has room for."""
    if count > MOST_WORKERS:
        raise ValueError(f"{count} processes")
    return count


def positive(text: str) -> int:
    """The number of a text. Raises ValueError: no number of at least 1."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
