"""The folder of a run: config, manifest, journal and results."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from shlex import quote
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from forethought.common.files import append_lines, replace_file, scratch_file
from forethought.common.json_text import check_depth, read_json
from forethought.envs import Json
from forethought.search.engine.journal import Journal
from forethought.search.engine.journal_parts import merge

OWN = (
    "config.toml",
    "manifest.json",
    "journal.jsonl",
    "results.jsonl",
    "failures.jsonl",
    "ended.jsonl",
    "billed.jsonl",
)
PACKAGES = ("forethought", "gymnasium", "numpy", "torch", "transformers", "peft")
CHANGED = ContextVar("CHANGED", default=False)  # whether runs may go on with other source: see `changed_source`


class RunError(RuntimeError):
    """A run folder that cannot be begun, read or resumed."""


@contextmanager
def changed_source(allowed: bool = True) -> Iterator[None]:
    """Within this block, runs continue although their source was edited; their manifests and rows name the modules."""
    token = CHANGED.set(allowed)
    try:
        yield
    finally:
        CHANGED.reset(token)


class Run:
    """The folder of one execution, new or existing.

    config.toml is written once and is complete enough to repeat the run; `resume` reads nothing else.
    """

    def __init__(self, folder: Path, planned: str | None = None) -> None:
        """Open a run folder, or plan a new one.

        `planned` is the config.toml of a run that has not begun. Raises RunError: the folder holds no run.
        """
        self.folder, self._planned = folder, planned
        try:
            text = (folder / "config.toml").read_text(encoding="utf-8") if planned is None else planned
            self.config = parse_config(text)
        except (OSError, ValueError) as error:
            raise RunError(
                f"{folder} is no run ({error}); give a folder that `forethought eval` or `stl` made"
            ) from error

    @classmethod
    def create(cls, folder: Path, config: Mapping[str, Any]) -> Run:
        """Begin a run. Raises RunError: the folder holds a run or other files."""
        run = cls.plan(folder, config)
        run.begin()
        return run

    @classmethod
    def plan(cls, folder: Path, config: Mapping[str, Any]) -> Run:
        """A run that begins at its first write, so that a refusal before it leaves no folder.

        Raises RunError as `create` does.
        """
        check_new(folder)
        return cls(folder, tomlkit.dumps(without_none(config)))

    @property
    def begun(self) -> bool:
        """Whether the run's folder was written; before that a run is only planned."""
        return self._planned is None

    def begin(self) -> None:
        """Write config.toml, once. Raises RunError: another run began in the folder in the meantime."""
        if self._planned is None:
            return
        check_new(self.folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            place(self.folder / "config.toml", self._planned)
        except FileExistsError as error:
            raise RunError(f"another run began in {self.folder} at the same moment; give a new folder") from error
        self._planned = None

    def journal(self, owner: str = "") -> Journal:
        """The journal, with the parts that earlier workers left. `owner` is the digest of the run's config."""
        self.begin()
        journal = Journal(self.folder / "journal.jsonl", owner=owner)
        try:
            merge(journal)
        except BaseException:
            journal.close()
            raise
        return journal

    def note_billed(self, billed: Mapping[str, Json], saved: Mapping[str, Json]) -> None:
        """Add a line to billed.jsonl: the usage that this process paid its model, and the usage that a cache saved.

        The ledger counts every answer alike, so that budgets and trees are the same with a cache and without.
        """
        append_lines(self.folder / "billed.jsonl", [json.dumps({"billed": billed, "saved": saved})])

    def billed(self) -> list[dict[str, Any]]:
        """The lines of billed.jsonl; none without a cache."""
        return self._rows("billed.jsonl") if (self.folder / "billed.jsonl").exists() else []

    def pin(self, facts: Mapping[str, Json], sources: Mapping[str, str] | None = None) -> None:
        """Write the manifest at the first start; at a later start, compare content and sources with it.

        `facts` are hashes of world, models and prompts, on which the answers depend. `sources` are digests of modules.
        Raises RunError: one of them changed. In a block of `changed_source` sources may change; the manifest then names
        them.
        """
        self.begin()
        sources = dict(sources or {})
        path = self.folder / "manifest.json"
        if not path.exists():
            self._write_manifest({"content": dict(facts), "sources": sources, "changed_sources": [], **surroundings()})
            return
        manifest = self.manifest()
        begun = manifest["content"]
        for name in sorted({*begun, *facts}):
            if begun.get(name) != facts.get(name):
                before, now = (f"{content.get(name)!r:.80}" for content in (begun, facts))
                raise RunError(
                    f"{self.folder} was begun with {name} {before} and it is {now} now; "
                    "restore that, or begin a new run"
                )
        before = manifest["sources"]
        if changed := sorted(name for name in {*before, *sources} if before.get(name) != sources.get(name)):
            if not CHANGED.get():
                word = f"`forethought resume {quote(str(self.folder))} --changed-source`"
                raise RunError(
                    f"{self.folder} was begun with other source of {', '.join(changed)}; restore that, begin a new "
                    f"run, or go on with {word}, which its row will say"
                )
            known = sorted({*manifest["changed_sources"], *changed})
            self._write_manifest({**manifest, "sources": sources, "changed_sources": known})

    def _write_manifest(self, manifest: Mapping[str, Any]) -> None:
        whole = {**manifest, "sum": sum_of(manifest)}
        replace(self.folder / "manifest.json", json.dumps(whole, indent=1, sort_keys=True) + "\n")

    def note_ended(self, line: Mapping[str, Json]) -> None:
        """Add the line of a finished task to ended.jsonl, which replaces the results until all tasks have ended."""
        append_lines(self.folder / "ended.jsonl", [json.dumps(line, sort_keys=True)])

    def ended(self) -> list[dict[str, Any]]:
        """The lines of finished tasks, by task: lines of results, or of failures, with an "error"."""
        path = self.folder / "ended.jsonl"
        if not path.exists():
            return []
        try:
            lines = path.read_bytes().split(b"\n")[:-1]  # the last may be torn
            found = {int(row["task"]): row for row in map(row_of, lines)}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is damaged ({error}); delete it, and the run goes on from its journal") from error
        return [found[task] for task in sorted(found)]

    def learnt(self) -> dict[str, Any]:
        """The parameters that a model has learnt about its server in this run; no result depends on them."""
        found = self.manifest().get("learnt", {})
        return found if isinstance(found, dict) else {}

    def note_learnt(self, learnt: Mapping[str, Json]) -> None:
        """Write the learnt parameters into the manifest, for a resume and for readers."""
        self._write_manifest(self.manifest() | {"learnt": dict(learnt)})

    def write_results(self, rows: list[dict[str, Json]], failures: list[dict[str, Json]]) -> None:
        """Write results.jsonl and failures.jsonl, whole or not at all, in the order of the tasks."""
        for name, lines in (("results.jsonl", rows), ("failures.jsonl", failures)):
            ordered = sorted(lines, key=lambda row: int(str(row["task"])))
            replace(self.folder / name, "".join(json.dumps(row, sort_keys=True) + "\n" for row in ordered))
        (self.folder / "ended.jsonl").unlink(missing_ok=True)

    def results(self) -> list[dict[str, Any]]:
        """The lines of results.jsonl. Raises RunError: the run has no results yet."""
        return self._rows("results.jsonl")

    def failures(self) -> list[dict[str, Any]]:
        """The lines of failures.jsonl."""
        return self._rows("failures.jsonl")

    def manifest(self) -> dict[str, Any]:
        """The content of manifest.json. Raises RunError: it cannot be read."""
        path = self.folder / "manifest.json"
        try:
            found: dict[str, Any] = read_json(path.read_text(encoding="utf-8"))
            if not isinstance(found, dict) or found.pop("sum", None) != sum_of(found):
                raise ValueError("its sum is not that of its text")
            if not (isinstance(found.get("content"), dict) and isinstance(found.get("sources"), dict)):
                raise ValueError("it has no table of content or of sources")
        except (OSError, ValueError) as error:
            raise RunError(f"{path} is damaged ({error}); restore it, or begin a new run") from error
        return found

    def _rows(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        again = f"`forethought resume {quote(str(self.folder))}`"
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise RunError(f"{self.folder} has no {name} yet; finish it with {again}") from error
        except OSError as error:
            raise RunError(f"{path} cannot be read ({error}); remove it, and {again} makes it anew") from error
        rows = []
        for number, line in enumerate(data.splitlines(), 1):
            try:
                rows.append(row_of(line))
            except ValueError as error:
                raise RunError(
                    f"{path}, line {number}, is damaged ({error}); delete the file, and {again} makes it anew"
                ) from error
        return rows


def parse_config(text: str) -> dict[str, Any]:
    """The content of config.toml. Raises ValueError: no TOML, nested too deeply, or a date."""
    try:
        config: dict[str, Any] = tomlkit.parse(text).unwrap()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except TOMLKitError as error:
        raise ValueError(str(error)) from error
    check_depth(config)
    try:
        json.dumps(config, ensure_ascii=False).encode()
    except TypeError as error:
        raise ValueError(str(error)) from error
    return config


def row_of(line: bytes) -> dict[str, Any]:
    """The JSON object of a line. Raises ValueError: no JSON object."""
    row = read_json(line)
    if not isinstance(row, dict):
        raise ValueError(f"it is {row!r:.60}; expected an object")
    return row


def check_new(folder: Path) -> None:
    """Raises RunError: the folder holds a run or other files."""
    if (folder / "config.toml").exists():
        raise RunError(
            f"{folder} holds a run already; go on with `forethought resume {quote(str(folder))}`, or give a new folder"
        )
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file; give a new folder")
    if folder.exists() and any(not path.name.startswith(".config.toml.") for path in folder.iterdir()):
        raise RunError(f"{folder} is not empty and holds no run; give a new folder")


def sum_of(data: Mapping[str, Any]) -> str:
    """The check sum of JSON data: 16 digits of its sha256."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def check_free(name: str) -> None:
    """Raises ValueError: the file would lie outside of the run's folder, or the run writes a file of this name."""
    if os.path.basename(name) != name or name in (".", "..", ""):
        raise ValueError(f"{name!r} leaves the run's folder; give a bare file name")
    if name.lower() in OWN or name.lower().startswith((".", "journal-")):
        raise ValueError(f"{name!r} is a file that the run writes itself; give another name, such as replies.jsonl")


def replace(path: Path, text: str) -> None:
    """Write a file so that it is whole or not there at all, even if the process dies."""
    replace_file(path, text.encode())


def place(path: Path, text: str) -> None:
    """Write a new file as `replace` does. Raises FileExistsError: it exists, from any process."""
    scratch = scratch_file(path, text.encode())
    try:
        os.link(scratch, path)
        scratch.unlink()
    except FileExistsError:
        scratch.unlink()
        raise
    except OSError:  # a disk without hard links
        scratch.replace(path)


def without_none(config: Mapping[str, Any]) -> dict[str, Any]:
    """The data without entries of None, for TOML has no null."""
    return {
        key: without_none(value) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if value is not None
    }


def surroundings() -> dict[str, Json]:
    """Versions, commit and machine: facts for readers of the results, none of them an input of the run."""
    versions: dict[str, Json] = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    commit, dirty = git_state()
    return {
        "python": sys.version.split()[0],
        "versions": versions,
        "commit": commit,
        "dirty": dirty,
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
    }


def git_state() -> tuple[str | None, bool | None]:
    """The commit of the checkout of this package, and whether it was edited since; None outside of a checkout."""
    home = Path(__file__).resolve().parent.parent
    if not (home / ".git").exists():
        return None, None

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(home), *words], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        return None, None
