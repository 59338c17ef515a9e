"""World folders: made whole or not at all, with sums, and never changed afterwards."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from forethought.common.json_text import read_json
from forethought.envs.family import Json

MANIFEST = "manifest.json"
FORMAT = 1


def cache_folder() -> Path:
    """`$FORETHOUGHT_CACHE`, else forethought under the user's cache folder."""
    home = os.environ.get("FORETHOUGHT_CACHE")
    return (
        Path(home).expanduser()
        if home
        else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "forethought"
    )


@contextlib.contextmanager
def new_world(folder: Path) -> Iterator[Path]:
    """A scratch folder beside `folder`, which takes its place when the block ends well and vanishes when not.

    Raises ValueError: `folder` is already there.
    """
    if folder.exists():
        raise ValueError(f"{folder} is already there; give another folder, or remove it first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    clear_up(folder)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-{os.getpid()}-{socket.gethostname()}-", dir=folder.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        try:
            os.rename(scratch, folder)
        except OSError as error:
            if not folder.exists():
                raise
            raise ValueError(f"{folder} is there now, made by another process meanwhile; use that one") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def clear_up(folder: Path) -> None:
    """Remove the scratch folders of this world that processes of this machine left which were killed."""
    begin = f".{folder.name}-"
    for left in folder.parent.glob(f"{glob.escape(begin)}*-{glob.escape(socket.gethostname())}-*"):
        process = left.name[len(begin) :].partition("-")[0]
        if process.isdecimal() and not is_alive(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def is_alive(process: int) -> bool:
    """Whether a process of this machine has this number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it lives, and is another user's
        return True
    return True


def seal(folder: Path, kind: str, facts: dict[str, Json]) -> str:
    """Write the manifest: the facts about the world, and the size and sha256 of each file. Returns the world's hash.

    The hash is of the files alone, so the same content has the same hash for every source.
    """
    files: dict[str, Json] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        files[path.relative_to(folder).as_posix()] = {"size": path.stat().st_size, "sha256": sha256(path)}
    content = content_hash(files)
    manifest = {"format": FORMAT, "kind": kind, "hash": content, **facts, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return content


def content_hash(files: Mapping[str, Json]) -> str:
    """The hash of a world, from the sums of its files."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]


def sha256(path: Path) -> str:
    """The sha256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_manifest(folder: Path, kind: str) -> dict[str, Json]:
    """The manifest of a world, after a look at the size of every file.

    Raises ValueError: no world, one of another kind or format, or a file that is missing or cut.
    """
    try:
        manifest = parse_manifest(folder)
    except OSError as error:
        raise ValueError(
            f"{folder} is no world of {kind} ({error}); make one with `forethought data make {kind}`, or `import`"
        ) from error
    if (manifest.get("kind"), manifest.get("format")) != (kind, FORMAT):
        raise ValueError(
            f"{folder} is a world of {manifest.get('kind')!r}, format {manifest.get('format')!r}; "
            f"expected {kind!r}, format {FORMAT}"
        )
    for name in listed(manifest):
        if wrong := wrong_size(folder, manifest, name):
            raise ValueError(f"{folder / name} {wrong}; make the world again")
    return manifest


def parse_manifest(folder: Path) -> dict[str, Json]:
    """Raises ValueError: a manifest that does not tell the hash, and the size and sum of each file. OSError: none."""
    path = folder / MANIFEST
    try:
        manifest = read_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); make the world again") from error
    files = manifest.get("files") if isinstance(manifest, dict) else None
    entries = files.values() if isinstance(files, dict) else [None]
    if not all(isinstance(entry, dict) and {"size", "sha256"} <= set(entry) for entry in entries):
        raise ValueError(f"{path} lists no files with their sizes and sums; make the world again")
    if not isinstance(manifest.get("hash"), str):
        raise ValueError(f"{path} tells no hash of the world; make it again")
    return cast("dict[str, Json]", manifest)


def listed(manifest: dict[str, Json]) -> dict[str, dict[str, Json]]:
    """The files of a manifest, with its entry for each."""
    return cast("dict[str, dict[str, Json]]", manifest["files"])


def wrong_size(folder: Path, manifest: dict[str, Json], name: str) -> str:
    """The error in the size of a file; "" if the size is right."""
    path, expected = inside(folder, name), listed(manifest)[name]["size"]
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    return "" if size == expected else f"has {size} bytes, the manifest says {expected}"


def inside(folder: Path, name: str) -> Path:
    """The path of a file of a world. Raises ValueError: it lies outside of the folder."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"the manifest of {folder} names {name!r}, which lies outside of it")
    return path


def verify(folder: Path) -> list[str]:
    """The differences from the manifest, a line each; empty if the world is unchanged.

    Raises ValueError: the folder is no world.
    """
    if not folder.is_dir():
        absent = "is a file" if folder.exists() else "does not exist"
        raise ValueError(f"{folder} {absent}; give the folder of a world, or of fetched files")
    try:
        manifest = parse_manifest(folder)
    except FileNotFoundError as error:
        raise ValueError(
            f"{folder} is no world: it has no {MANIFEST}; give the folder of a world, or of fetched files"
        ) from error
    except OSError as error:
        raise ValueError(f"{folder} is no world: {error}") from error
    files = listed(manifest)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wrong = [f"{name}: is not in the manifest" for name in sorted(found - {MANIFEST, *files})]
    for name, facts in files.items():
        if difference := wrong_size(folder, manifest, name):
            wrong.append(f"{name}: {difference}")
        elif (got := sha256(folder / name)) != facts["sha256"]:
            wrong.append(f"{name}: sha256 is {got}, the manifest says {facts['sha256']}")
    if manifest["hash"] != content_hash(files):
        wrong.append(f"{MANIFEST}: the hash of its files is {content_hash(files)}, it says {manifest['hash']}")
    return wrong
