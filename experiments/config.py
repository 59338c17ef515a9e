"""The config of a run: one agent on tasks of one environment."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from forethought.agents.models.open_model import CHANGE_ANSWERS, kind_of, read_options
from forethought.agents.registry import POLICIES, VALUES, Pieces
from forethought.common.pieces import is_known
from forethought.common.settings import Setting
from forethought.envs.family import shorten
from forethought.experiments.run_folder import check_free
from forethought.experiments.workers.options import WorkerOptions
from forethought.search import Budget
from forethought.search.needs import PRIVILEGES
from forethought.search.registry import ALGORITHMS

DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")
NUMBER = re.compile(r"-?[0-9]{1,30}")
MOST_TASKS = 10_000_000  # of a run; numbers of tasks are held in memory
# Fields of config.toml that may change before a resume: no result depends on them, but on CHANGE_ANSWERS of them.
MAY_CHANGE = ("concurrency", "workers", "device", "model_options", "cache", "record")
KINDS: dict[str, Any] = {
    "str": str,
    "str | None": (str, type(None)),
    "int": int,
    "bool": bool,
    "tuple[str, ...]": tuple,
    "Mapping[str, float]": Mapping,
    "Mapping[str, Setting]": Mapping,
    "Mapping[str, Any]": Mapping,
}


@dataclass(frozen=True)
class Experiment:
    """Everything that an evaluation depends on, as config.toml holds it.

    `agent` is the name in the command. `settings` are those of the algorithm, and behind `policy.`, `value.` and
    `reflection.` those of the other parts; a setting that is not given has its default. `env_options` go to `gym.make`.
    `terminal_value` is the judge of terminal states, see agents/judges.py.

    Raises ValueError: an unknown name or setting, or an algorithm without the value or the privilege that it needs.
    """

    env: str
    tasks: str
    algorithm: str
    budget: Mapping[str, float]
    agent: str | None = None
    policy: str = "all"
    value: str = "rule"
    model: str | None = None
    adapter: str | None = None
    terminal_value: str | None = None
    prompts: str | None = None
    record: str | None = None
    seed: int = 0
    concurrency: int = 64  # searches at once, in each worker
    workers: str = "1"  # processes, or where a cluster is: see WorkerOptions; no result depends on it
    device: str = "cpu"
    model_options: Mapping[str, Any] = field(default_factory=dict)  # limits of how it is asked, see opening.py
    cache: str = "off"  # of replies, over all runs: "read" looks up, "on" also keeps
    privileges: tuple[str, ...] = ()
    transpositions: bool = False
    prices: str | None = None  # a file of them; a budget in dollars has those of the package without
    settings: Mapping[str, Setting] = field(default_factory=dict)
    env_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_types()
        parse_tasks(self.tasks)
        Budget(**self.budget)  # type: ignore[arg-type]  # Budget checks its arguments
        read_options(self.model, self.model_options)
        WorkerOptions.parse(self.workers)
        if self.concurrency < 1:
            raise ValueError(f"the concurrency is {self.concurrency}; at least one search must run")
        if not DEVICE.fullmatch(self.device):
            raise ValueError(f"unknown device {self.device!r}; expected cpu, cuda, cuda:N or mps")
        if self.cache not in ("off", "read", "on"):
            raise ValueError(f"the cache is 'off', 'read' or 'on'; {self.cache!r} was given")
        if self.record is not None:
            check_free(self.record)
        if self.record and not self.model:
            raise ValueError(f"record={self.record!r} keeps a model's replies, and none is asked; add --model")
        if self.record and not WorkerOptions.parse(self.workers).alone:
            raise ValueError(f"--record writes one file, and the workers are {self.workers!r}; record with --workers 1")
        if unknown := set(self.privileges) - set(PRIVILEGES):
            raise ValueError(f"unknown privileges {sorted(unknown)}; expected {' or '.join(PRIVILEGES)}")
        for kind, name, table in self.named:
            if not is_known(kind, name, table):
                expected = f"one of {', '.join(table)}, or MODULE:NAME of your own"
                raise ValueError(f"unknown {kind} {name!r:.100}; expected {expected}")
        if all(name in table for _, name, table in self.named):
            self.check_pieces(Pieces.of(self.algorithm, self.policy, self.value))

    @property
    def named(self) -> tuple[tuple[str, str, Mapping[str, Any]], ...]:
        """The named pieces: kind, name, and the built-in ones of that kind."""
        return (
            ("algorithm", self.algorithm, ALGORITHMS),
            ("policy", self.policy, POLICIES),
            ("value", self.value, VALUES),
        )

    @property
    def foreign(self) -> tuple[str, ...]:
        """The names of pieces that are not of this suite: algorithm, policy, value, model and environment."""
        names = [name for _, name, table in self.named if name not in table]
        names += [self.model] if self.model and kind_of(self.model) == "foreign" else []
        return tuple(names)

    def check_pieces(self, pieces: Pieces) -> None:
        """Raises ValueError: settings that the pieces do not have, or needs of the algorithm that are not met."""
        pieces.check(self.settings)
        needs = pieces.needs.under(self.settings)
        if missing := [name for name in PRIVILEGES if name in needs.privileges and name not in self.privileges]:
            asked = " and ".join(PRIVILEGES[name] for name in missing)
            raise ValueError(
                f"{self.algorithm} asks for {asked} while it searches, and its row will say so; "
                f"if that is meant, add {' '.join(f'--privilege {name}' for name in missing)}"
            )
        if self.value == "none" and needs.values:
            raise ValueError(f"{self.algorithm} asks for values; give another value than 'none', such as rule")

    def _check_types(self) -> None:
        """Check the types of all fields, for a config.toml may have been edited."""
        for part in fields(self):
            value, kinds = getattr(self, part.name), KINDS.get(str(part.type), object)
            if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool and kinds is not object):
                raise ValueError(f"{part.name} is {value!r:.60}; expected {part.type}")

    def config(self) -> dict[str, Any]:
        """The content of config.toml."""
        return {"kind": "eval", **asdict(self), "privileges": list(self.privileges)}

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Experiment:
        """The experiment of a config.toml. Raises ValueError: a config of another kind, or of another version."""
        given = {name: value for name, value in config.items() if name != "kind"}
        if isinstance(given.get("privileges"), list):
            given["privileges"] = tuple(given["privileges"])
        if type(given.get("workers")) is int:
            given["workers"] = str(given["workers"])
        try:
            return cls(**given)
        except TypeError as error:
            raise ValueError(f"this config is no evaluation of this version ({error})") from error

    @property
    def digest(self) -> str:
        """The hash of everything that the results depend on."""
        told = {name: value for name, value in self.config().items() if name not in MAY_CHANGE}
        if asked := {name: value for name, value in self.model_options.items() if name in CHANGE_ANSWERS}:
            told["model_options"] = asked
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @property
    def owner(self) -> str:
        """The mark of this run in its journal."""
        return self.digest[:16]


def parse_tasks(text: str) -> list[int]:
    """The tasks of "0:100", "900:1000:10" or "3,17". Raises ValueError: anything else, or no task at all."""
    tasks: list[int] = []
    try:
        for part in text.split(","):
            bounds = [whole(bound) for bound in part.split(":")]
            more = range(*bounds) if len(bounds) > 1 else bounds
            if len(tasks) + len(more) > MOST_TASKS:
                raise ValueError(f"more than {MOST_TASKS:,}")
            tasks += more
    except OverflowError as error:
        raise ValueError(f"the tasks {shorten(text)} are more than {MOST_TASKS:,}") from error
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"cannot read the tasks {shorten(text)} ({error!s:.80}); "
            "write START:STOP, START:STOP:STEP, numbers with commas, or the name of a split"
        ) from error
    if not tasks or min(tasks) < 0 or len(set(tasks)) < len(tasks):
        raise ValueError(f"the tasks {shorten(text)} are none, negative, or named twice")
    return tasks


def whole(text: str) -> int:
    """The whole number of a text. Raises ValueError: no plain digits, or more digits than the number of any task."""
    if not NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{shorten(text)} is no number")
    return int(text)
