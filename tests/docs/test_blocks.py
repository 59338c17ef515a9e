"""Every block of Python and of the shell in the documents runs, in the order of its document, in one folder."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from doc_blocks import LANGUAGES, ROOT, Block, blocks

from forethought.cli.main import main

DOCUMENTS = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]
BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
RUN = [block for block in BLOCKS if block.language in ("python", "shell")]
SIGNS = {"&&", ";", "&", "|", ">", "("}


class Reader:
    """A reader of one document who types each block in one folder."""

    def __init__(self, folder):
        self.folder, self.done = folder, []
        self.module = ModuleType("typed")
        self.module.__file__ = str(folder / "typed.py")

    def run_to(self, last, monkeypatch):
        """The blocks up to this one that have not run yet."""
        for block in RUN:
            if block.document == last.document and block.line <= last.line and block not in self.done:
                self.done.append(block)
                if block.comment("needs:") is None:
                    self.run(block, monkeypatch)

    def run(self, block, monkeypatch):
        monkeypatch.chdir(self.folder)
        monkeypatch.setattr(sys, "path", [str(self.folder), *sys.path])
        monkeypatch.setitem(sys.modules, "typed", self.module)
        if file := block.comment("with:"):
            source, _, name = file.partition(" as ")
            shutil.copy(ROOT / source, self.folder / name)
        if block.language == "python":
            with Path(self.module.__file__).open("a", encoding="utf-8") as typed:
                typed.write("\n" * (block.line - 1) + block.text)
            code = compile("\n" * (block.line - 1) + block.text, str(ROOT / block.document), "exec")
            exec(code, self.module.__dict__)
        else:
            for words in commands(block):
                self.command(words, block, monkeypatch)

    def command(self, words, block, monkeypatch):
        assert words[0] == "forethought", f"{block.document}:{block.line}: {words[0]} is not run here; mark the block"
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code, f"{block.document}:{block.line}: {shlex.join(words)} ended with {ended.value.code}"


def commands(block):
    """The words of each command of a block."""
    for line in block.text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&;|>()")
        lexer.commenters, lexer.whitespace_split = "#", True
        words = []
        for word in lexer:
            if word == "&&":
                yield words
                words = []
            else:
                assert word not in SIGNS, f"{block.document}:{block.line}: {word!r} needs a shell; mark the block"
                words.append(word)
        if words:
            yield words


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    """A reader for each document, on a machine where nothing has been made before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FORETHOUGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        made = {document: Reader(tmp_path_factory.mktemp("reader")) for document in DOCUMENTS}
        yield made
    folders = {str(reader.folder) for reader in made.values()}
    for name, module in list(sys.modules.items()):
        if str(Path(getattr(module, "__file__", None) or "/").parent) in folders:
            del sys.modules[name]


def written(language, text):
    return Block("README.md", 3, language, text, ())


@pytest.fixture
def fails(tmp_path, monkeypatch):
    """The error of a block."""

    def run(language, text, error=AssertionError):
        with pytest.raises(error) as caught:
            Reader(tmp_path).run(written(language, text), monkeypatch)
        return str(caught.value)

    return run


@pytest.mark.parametrize("block", RUN, ids=lambda block: f"{block.document}:{block.line}")
def test_a_block_runs(block, readers, monkeypatch):
    if (reason := block.comment("needs:")) is not None:
        pytest.skip(f"needs {reason}")
    readers[block.document].run_to(block, monkeypatch)


def test_every_block_says_its_language():
    assert [f"{block.document}:{block.line}" for block in BLOCKS if block.language not in LANGUAGES] == []


def test_most_blocks_run():
    marked = [block for block in RUN if block.comment("needs:") is not None]
    assert len(marked) < len(RUN) / 2


def test_a_reason_is_given_for_each_block_that_does_not_run():
    assert all(len(block.comment("needs:") or "some words") > 8 for block in RUN)


def test_a_fence_is_never_left_open():
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        assert text.count("\n```") == 2 * len(blocks(document)), document


def test_a_block_that_fails_is_found(fails, capsys):
    assert fails("python", "import forethought.envs\nforethought.envs.no_such_name\n", AttributeError)
    assert "forethought envs check No-v0 ended with 2" in fails(
        "shell", "forethought envs list\nforethought envs check No-v0\n"
    )
    assert "make is not run here; mark the block" in fails("shell", "make demo   # the main job\n")
    assert "'|' needs a shell" in fails("shell", "forethought envs list | check ID\n")


def test_the_words_of_commands():
    text = "forethought data make \\\n  --out 'a b'   # a comment\n\nforethought envs list && forethought board build\n"
    assert list(commands(written("shell", text))) == [
        ["forethought", "data", "make", "--out", "a b"],
        ["forethought", "envs", "list"],
        ["forethought", "board", "build"],
    ]
