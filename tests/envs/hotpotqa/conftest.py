"""A small encyclopedia made by hand, questions in the official form, and the world of the real ones."""

from __future__ import annotations

import json
from functools import lru_cache

import pytest

from forethought.envs.hotpotqa.building.builder import Pages, finish, prepare
from forethought.envs.hotpotqa.building.official_files import import_world
from forethought.envs.hotpotqa.pages import Page
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.world import World
from forethought.envs.worlds.folder import new_world

HARBOUR = (
    "The Silent Harbour is a 1987 film directed by Ada Voss.",
    " It was shot in St. Brannoc.",
    "",
    " Critics liked it, and so did X&Y.",
    " \n ",
    " It cost little.",
    " It ends in winter.",
    " A pilot sued.",
)
PAGES = (
    Page("Iron Man", (("Iron Man is a hero.", " He knows Ada Voss."), ("He rests.",)), ("iron man", "Nowhere", "elra")),
    Page("Iron man", (("Iron man is a race.", " It begins in Port Elra."),), ("Iron_Man", "Iron man", "Elra", "Elra")),
    Page("X&amp;Y", (("X&Y is an album.",),)),
    Page("Relativity (Emarosa album)", (("Relativity is an album that sounds like X&Y.",),)),
    Page("The Silent Harbour", (HARBOUR, ("See also.",))),
    Page("Ada Voss", (("Ada Voss (born 1950) is a director.", "", " She was born in Port Elra."),)),
    Page("Port Elra", (("Port Elra is a town.",), ("It lies on the Elra.", " The town is old."))),
    Page("Elra", (("River",),)),
    Page("Élan Vital", (("Élan vital is a term of Bergson’s, 𝔉𝔬𝔯𝔠𝔢 of life.",),)),
    Page("Straße der Ölmühle", (("A street in Port Elra.",),), ("ÉLAN_vital", "Port%20Elra")),
    Page("Harbour Lights", (("Harbour Lights is a song. It is not by the Silent Harbour.",),), ()),
    Page("Empty", (), ()),
)
QUESTIONS = {
    "train": [
        Question(
            *("q0", "Where was the director of The Silent Harbour born?", "Port Elra", "bridge", "hard"),
            (("The Silent Harbour", 0), ("Ada Voss", 2)),
            ("Ada Voss", "Elra", "The Silent Harbour"),
        ),
        Question("q1", "Which is longer, a race or a term?", "a race", "comparison", "easy", (("Iron man", 0),)),
    ],
    "dev": [
        Question("q2", "Was ist ein Élan?", "ein „Élan“", context=("Élan Vital", "Gone", "Iron man")),
    ],
}


@pytest.fixture(scope="session")
def small_pages():
    return PAGES


@pytest.fixture(scope="session")
def small_questions():
    return QUESTIONS


@pytest.fixture(scope="session")
def build():
    """Makes a world of pages, five on a shelf if not told, and of questions by split."""

    def make(folder, pages=PAGES, questions=QUESTIONS, shelf=5):
        with new_world(folder) as scratch:
            with Pages(scratch) as written:
                written.write(prepare(pages[i : i + shelf]) for i in range(0, len(pages), shelf))
                written.finish()
            finish(scratch, written, questions, {"name": folder.name})
        return World(folder)

    return make


@pytest.fixture(scope="session")
def small(build, tmp_path_factory):
    return build(tmp_path_factory.mktemp("worlds") / "small")


@pytest.fixture
def put(tmp_path):
    """Writes a file, bytes as they are and anything else as JSON; returns its path."""

    def write(name, content):
        path = tmp_path / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write


@pytest.fixture
def records():
    """Two questions as the official files have them; a test changes what it likes."""
    first = {
        "_id": "5a",
        "question": "Who directed The Silent Harbour?",
        "answer": "Ada Voss",
        "type": "bridge",
        "level": "hard",
        "supporting_facts": [["The Silent Harbour", 0], ["Ada Voss", 1], ["The Silent Harbour", 1]],
        "context": [["Ada Voss", ["Ada Voss is a director.", " She lives."]], ["The Silent Harbour", ["A film."]]],
    }
    second = {**first, "_id": "5b", "type": "comparison", "context": [["Elra", ["A river."]], first["context"][0]]}
    return [first, second]


@pytest.fixture
def real_file(data_folder):
    return data_folder / "hotpotqa" / "hotpot_sample.json"


@pytest.fixture
def real_records(real_file):
    return json.loads(real_file.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def import_once(tmp_path_factory):
    @lru_cache
    def imported(path):
        folder = tmp_path_factory.mktemp("real") / "world"
        import_world([path], folder)
        return World(folder)

    return imported


@pytest.fixture
def real(real_file, import_once):
    """The world of 60 real questions and their 600 paragraphs."""
    return import_once(real_file)
