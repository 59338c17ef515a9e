"""The walks of CONTRIBUTING.md, each taken on a copy of the repository: its files and no others, then its commands."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

import pytest
from doc_blocks import LANGUAGES, ROOT, added, blocks

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = blocks("CONTRIBUTING.md")
STARTS = [number for number, line in enumerate(TEXT.splitlines(), 1) if line.startswith("## ")]
WALKS = ["A new environment, step by step", "A new algorithm, step by step"]
SECONDS = 280


def walk(title):
    """The blocks of a section."""
    start = TEXT.splitlines().index(f"## {title}") + 1
    end = min((line for line in STARTS if line > start), default=len(TEXT))
    return [block for block in BLOCKS if start < block.line < end]


@pytest.fixture
def copy(tmp_path):
    """The files of the repository that git tracks, in a folder."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if listed.returncode:
        pytest.skip("this folder is no git repository")
    for name in listed.stdout.decode().split("\0")[:-1]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink() or (ROOT / name).exists():  # else it is removed, and not committed yet
            shutil.copy2(ROOT / name, tmp_path / name, follow_symlinks=False)
    return tmp_path


def apply(block, folder):
    """Write the file of a block, or add its lines. Returns the path; None for commands."""
    path = block.comment("file:")
    if path is not None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        assert not (folder / path).exists(), f"{path} is there before the walk"
        (folder / path).write_text(block.text, encoding="utf-8")
        return path
    if (place := block.comment("add to")) is not None:
        path, _, anchor = place.partition(" after: ")
        text = (folder / path).read_text(encoding="utf-8")
        (folder / path).write_text(added(text, block, path, anchor), encoding="utf-8")
        return path
    return None


def run(words, folder):
    """A command, by the Python of this test, with the packages of the copy."""
    module = [] if words[0] == "python" else ["-m", words[0]]
    options = ["-q", "-p", "no:cacheprovider", "-x", "-n", "0", "--timeout", "120"] if words[0] == "pytest" else []
    done = subprocess.run(
        [sys.executable, *module, *words[1:], *options], cwd=folder, capture_output=True, text=True, timeout=SECONDS,
        env={**os.environ, "PYTHONPATH": str(folder / ".types"), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.once
@pytest.mark.timeout(2 * SECONDS)
@pytest.mark.parametrize("title", WALKS)
def test_a_walk_leads_to_green_tests(title, copy):
    new = []
    for block in walk(title):
        path = apply(block, copy)
        if path is None:
            assert block.language == "shell"
            for line in block.text.replace("\\\n", " ").splitlines():
                run(shlex.split(line), copy)
        elif path.endswith(".py"):
            new.append(path)
    run(["ruff", "check", *new], copy)
    run(["ruff", "format", "--check", *new], copy)


def test_each_block_belongs_to_a_walk_and_is_a_file_or_a_command():
    assert [block for title in WALKS for block in walk(title)] == BLOCKS
    for block in BLOCKS:
        assert block.language in LANGUAGES
        assert block.comments or block.language == "shell", f"CONTRIBUTING.md:{block.line} says not where it goes"


def test_a_reader_sees_the_path_of_each_file():
    for block in BLOCKS:
        for comment in block.comments:
            path = comment.removeprefix("file:").removeprefix("add to").split(" after: ")[0].strip()
            assert f"`{path}`" in TEXT, path


def test_an_anchor_that_is_gone_is_told():
    with pytest.raises(AssertionError, match=r"no line of envs/registry\.py holds 'nowhere'"):
        added("IDS = {\n", BLOCKS[0], "envs/registry.py", "nowhere")
    assert added("a\nb\n", BLOCKS[1], "x", "a") == f"a\n{BLOCKS[1].text}b\n"
