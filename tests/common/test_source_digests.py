from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from forethought.common.source_digests import digests, imported, source_of


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of another's, and a module of it that is run by nobody else."""
    files = {
        "__init__.py": "from mypack import far\n",
        "rules.py": "import json\nfrom mypack.near import x\nfrom . import beside\n",
        "near.py": "import mypack.deep.well as well\nx = 1\n",
        "beside.py": "from mypack.rules import json  # in a circle\n",
        "far.py": "",
        "deep/__init__.py": "",
        "deep/well.py": "y = 'é'\n",
        "broken.py": "this is no Python\n",
    }
    for name, text in files.items():
        path = tmp_path / "mypack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "mypack"
    for module in [name for name in sys.modules if name.partition(".")[0] == "mypack"]:
        del sys.modules[module]
    source_of.cache_clear()
    imported.cache_clear()


def test_a_module_counts_with_what_it_imports_of_its_package(package):
    found = digests(["mypack.rules"])
    assert list(found) == ["mypack.beside", "mypack.deep.well", "mypack.near", "mypack.rules"]
    assert found["mypack.near"] == hashlib.sha256(b"import mypack.deep.well as well\nx = 1").hexdigest()[:16]


def test_some_may_be_left_out(package):
    assert list(digests(["mypack.rules"], skip=lambda name: name == "mypack.near")) == ["mypack.beside", "mypack.rules"]


def test_ends_of_lines_make_no_difference(package):
    before = digests(["mypack.near"])
    source_of.cache_clear()
    for path in (package / "near.py", package / "deep" / "well.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert digests(["mypack.near"]) == before


def test_what_cannot_be_read_counts_with_its_text_or_not_at_all(package):
    assert list(digests(["mypack.broken", "mypack.gone", "nowhere", "sys"])) == ["mypack.broken"]


def test_a_script_has_a_digest_too(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from forethought.common.source_digests import digests\nprint(digests(['__main__']))\n")
    told = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert "__main__" in told


def test_an_algorithm_counts_with_its_parts():
    found = digests(["forethought.search.lats"])
    assert {"forethought.search.lats", "forethought.search.mcts", "forethought.search.node"} <= set(found)
    assert not any("beam" in name or name == "forethought.search" for name in found)
