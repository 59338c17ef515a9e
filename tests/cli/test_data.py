"""forethought data: worlds made, imported, fetched and verified from the command line."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from forethought.cli import data, data_webshop
from forethought.cli.main import app
from forethought.common.locks import InUse
from forethought.envs.downloads.fetch import ChangedError, FetchError
from forethought.envs.webshop import default_world as worlds
from forethought.envs.webshop.nouns import SpacyMissing

COMMAND = [sys.executable, "-c", "from forethought.cli.main import main; main()"]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def forethought():
    """Runs `forethought data`, in this process."""
    return lambda *words: CliRunner().invoke(app, ["data", *(str(word) for word in words)])


def test_a_shop_is_made_written_and_imported_again(forethought, tmp_path):
    words = ("webshop", "--products", 20, "--seed", 3)
    made = forethought("make", *words, "--out", "made", "--json")
    facts = json.loads(made.stdout)
    assert (made.exit_code, facts["folder"], facts["products"]) == (0, "made", 20)
    written = forethought("make", *words, "--raw", "raw", "--json")
    files = json.loads(written.stdout)["files"]
    assert files == {path.name: path.stat().st_size for path in (tmp_path / "raw").iterdir()}
    imported = forethought("import", "webshop", "--from", "raw", "--out", "imported")
    goals = f"{facts['synthetic']} synthetic and {facts['human']} human goals"
    assert imported.stdout == f"imported: 20 products, {goals}, world {facts['hash']}\n"
    whole = forethought("import", "webshop", "--from", "raw/items_shuffle.json", "--out", "again", "--json")
    assert json.loads(whole.stdout) == {**facts, "folder": "again"}
    assert {path.name for path in tmp_path.iterdir()} == {"made", "raw", "imported", "again"}


def test_the_default_world(forethought, tmp_path, monkeypatch):
    monkeypatch.setattr(worlds, "PRODUCTS", 20)
    first, second = (json.loads(forethought("make", "webshop", "--json").stdout) for _ in range(2))
    assert first == second
    assert first["folder"].startswith(f"{tmp_path}/cache/worlds/webshop-20-0-")
    assert first["products"] == 20


def test_verify(forethought, tmp_path):
    forethought("make", "webshop", "--products", 5, "--out", "shop")
    good = forethought("verify", "shop")
    assert (good.exit_code, good.stdout) == (0, "shop is as it was made\n")
    asins = tmp_path / "shop" / "asins.raw"
    asins.write_bytes(asins.read_bytes()[::-1])
    (tmp_path / "shop" / "goals_human.raw").unlink()
    bad = forethought("verify", "shop")
    assert bad.exit_code == 1
    sums, missing = bad.stdout.splitlines()
    assert sums.startswith("asins.raw: sha256 is ")
    assert missing == "goals_human.raw: is missing"
    listed = forethought("verify", "shop", "--json")
    assert json.loads(listed.stdout) == {"folder": "shop", "differences": [sums, missing]}
    assert listed.exit_code == 1


def test_verify_of_fetched_files(forethought, fails, tmp_path):
    content = b"[]"
    row = {"url": None, "size": 2, "sha256": hashlib.sha256(content).hexdigest()}
    (tmp_path / "fetched.json").write_text(json.dumps({"b.json": row, "a.json": row, "c.json": row}))
    for name in "abc":
        (tmp_path / f"{name}.json").write_bytes(content)
    assert forethought("verify", ".").exit_code == 0
    (tmp_path / "a.json").write_bytes(b"{}")
    (tmp_path / "c.json").unlink()
    bad = forethought("verify", ".")
    assert bad.exit_code == 1
    changed, missing = bad.stdout.splitlines()
    assert changed.startswith("a.json: has 2 bytes, sha256 44136fa355b3")
    assert missing == "c.json: is missing"
    (tmp_path / "fetched.json").write_text("{")
    assert "fetched.json is damaged" in fails("verify", ".")


def test_fetch_is_told_what_to_get_and_where(forethought, tmp_path, monkeypatch):
    asked = []

    def fetch(name, folder, *, progress, accept_changed):
        asked.append((name, folder, accept_changed))
        folder.mkdir(parents=True)
        (folder / "items.json").write_bytes(b"[]")
        progress("items.json", 2, 2)
        return [folder / "items.json"]

    monkeypatch.setattr(data, "fetch", fetch)
    cache = tmp_path / "cache" / "official" / "webshop"
    done = forethought("fetch", "webshop")
    assert done.exit_code == 0, done.output
    assert f"next: forethought data import webshop --from {cache / 'small'} --out WORLD" in done.stdout
    forethought("fetch", "webshop", "--set", "all")
    facts = json.loads(forethought("fetch", "webshop", "--to", "here", "--accept-changed", "--json").stdout)
    assert facts == {"folder": "here", "files": {"items.json": 2}}
    assert [(name, accept) for name, _, accept in asked] == [
        ("webshop/small", False),
        ("webshop/all", False),
        ("webshop/small", True),
    ]
    assert [str(folder) for _, folder, _ in asked] == [str(cache / "small"), str(cache / "all"), "here"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FetchError("no mirror gives it"), "no mirror gives it"),
        (InUse("held by process 7"), "held by process 7"),
        (ChangedError("Pass accept_changed=True to take what comes"), "Pass --accept-changed to take what comes"),
    ],
)
def test_what_cannot_be_fetched(fails, monkeypatch, error, message):
    def fetch(*words, **options):
        raise error

    monkeypatch.setattr(data, "fetch", fetch)
    assert fails("fetch", "webshop") == f"forethought: {message}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fetch", "hotpot"], "unknown data 'hotpot'; known: hotpotqa, webshop"),
        (["fetch", "webshop", "--set", "some"], "unknown set 'some' of webshop; known: small, all"),
        (["make", "webshop", "--products", "5"], "the default world has 1000 products and seed 0; give --out"),
        (["make", "webshop", "--products", "0", "--out", "w"], "a shop of 0 products was asked for"),
        (["make", "webshop", "--out", "w", "--workers", "0"], "0 workers were given"),
        (["make", "webshop", "--out", "w", "--raw", "r"], "--out and --raw were given"),
        (["make", "webshop", "--products", "5", "--out", "."], ". is already there"),
        (["import", "webshop", "--from", "nowhere", "--out", "w"], "nowhere does not exist"),
        (["import", "webshop", "--from", ".", "--out", "w"], ". holds no products"),
        (["import", "webshop", "--from", ".", "--out", "w", "--nouns", "nltk"], "unknown nouns 'nltk'"),
        (["verify", "nowhere"], "nowhere does not exist; give the folder of a world, or of fetched files"),
    ],
)
def test_bad_input_is_one_line_with_advice(fails, tmp_path, words, message):
    assert fails(*words).startswith(f"forethought: {message}")
    assert list(tmp_path.iterdir()) == []


def test_verify_of_a_folder_that_is_no_world_says_so(fails, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    assert fails("verify", "empty").startswith(
        "forethought: empty is no world: it has no manifest.json; give the folder"
    )
    assert fails("verify", "file").startswith("forethought: file is a file; give the folder")


def test_errors_of_the_system_are_told_without_their_numbers(fails, tmp_path):
    said = fails("fetch", "webshop", "--to", "/dev/null/new")
    assert said.startswith("forethought: cannot keep files in /dev/null/new: Not a directory")


def test_a_damaged_file_is_one_line_and_leaves_nothing(fails, tmp_path):
    (tmp_path / "items_shuffle.json").write_text('[{"asin": "B1"')
    (tmp_path / "items_ins_v2.json").write_text("{}")
    said = fails("import", "webshop", "--from", ".", "--out", "world")
    assert said.startswith("forethought: items_shuffle.json, record 0: ")
    assert {path.name for path in tmp_path.iterdir()} == {"items_shuffle.json", "items_ins_v2.json"}


def test_a_missing_spacy_is_one_line(fails, monkeypatch):
    def missing(*words, **options):
        raise SpacyMissing("spaCy is not installed")

    monkeypatch.setattr(data_webshop, "import_world", missing)
    assert fails("import", "webshop", "--from", ".", "--out", "w", "--nouns", "spacy") == (
        "forethought: spaCy is not installed"
    )


@pytest.mark.parametrize("options", [["--out", "shop"], ["--out", "shop", "--workers", "2"], ["--raw", "shop"]])
def test_ctrl_c_leaves_nothing_and_ends_quietly(tmp_path, options):
    """The signal goes to the whole group of processes, as a terminal sends it."""
    words = [*COMMAND, "data", "make", "webshop", "--products", "1000000", *options]
    child = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.rglob("*.*[nx]")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [path.name[:6] for path in tmp_path.iterdir()] == [".shop-"]
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert said.strip() == ""
    assert list(tmp_path.iterdir()) == []
