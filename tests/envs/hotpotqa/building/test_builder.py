"""A world folder out of pages and questions: links, shelves, and what the manifest tells."""

from __future__ import annotations

import pytest

from forethought.envs.hotpotqa.building.builder import Pages, finish, prepare
from forethought.envs.hotpotqa.pages import BadRecord, Page
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.world import World
from forethought.envs.worlds.folder import new_world, verify

LINKS = {
    "Iron Man": ["Iron man", "Elra"],  # "iron man" is not itself, "Nowhere" is nowhere
    "Iron man": ["Iron Man", "Elra"],  # each once, and none to itself
    "X&amp;Y": [],  # its own name is no mention
    "Relativity (Emarosa album)": ["X&amp;Y"],
    "The Silent Harbour": ["Ada Voss", "X&amp;Y"],
    "Ada Voss": ["Port Elra"],
    "Port Elra": ["Elra"],
    "Elra": [],
    "Élan Vital": [],
    "Straße der Ölmühle": ["Élan Vital"],  # links are titles, and "Port%20Elra" is none
    "Harbour Lights": [],  # the source tells that there is none, though it mentions one
    "Empty": [],
}


def test_links_are_resolved_and_mentions_found(small):
    assert {small.title(row): [small.title(to) for to in small.links(row)] for row in range(len(small))} == LINKS


def test_a_link_goes_to_the_page_that_is_spelled_like_it(build, tmp_path, small_questions):
    twins = ["iron MAN", "Iron Man", "Iron man", "X&Y", "x&y"]
    to = {"Iron_man": "Iron man", "iron man": "Iron man", "Iron  Man": "Iron Man", "IRON MAN": "iron MAN"}
    to |= {"X&amp;Y": "X&Y", "X&y": "x&y", "Iron men": None}
    pages = [Page(f"Page {link}", (), (link,)) for link in to] + [Page(title, (), ()) for title in twins]
    world = build(tmp_path / "world", pages, small_questions, shelf=4)
    found = {link: [world.title(row) for row in world.links(number)] for number, link in enumerate(to)}
    assert found == {link: [title] if title else [] for link, title in to.items()}


def test_shelves_make_no_difference(small, build, tmp_path):
    for shelf in (1, 100):
        world = build(tmp_path / f"shelf{shelf}", shelf=shelf)
        assert world.hash == small.hash
        assert verify(world.folder) == []


def test_the_hash_is_of_the_content(small, build, tmp_path, small_pages, small_questions):
    other = [*small_pages[:-1], Page("Empty", (), ("Elra",))]
    assert build(tmp_path / "link", other).hash != small.hash
    asked = {**small_questions, "dev": [Question("q2", "Was?", "ein Élan")]}
    assert build(tmp_path / "question", small_pages, asked).hash != small.hash


def test_the_world_is_the_same_under_another_hash_seed(small, elsewhere, tmp_path, small_pages, small_questions):
    code = f"""
from pathlib import Path
from forethought.envs.worlds.folder import new_world
from forethought.envs.hotpotqa.building.builder import Pages, finish, prepare
from forethought.envs.hotpotqa.pages import Page
from forethought.envs.hotpotqa.questions import Question
with new_world(Path({str(tmp_path / "world")!r})) as folder:
    with Pages(folder) as pages:
        pages.write([prepare({small_pages!r})])
        pages.finish()
    print(finish(folder, pages, {small_questions!r}, {{}}))
"""
    assert elsewhere(code, hash_seed="7") == small.hash


def test_the_manifest_tells_what_is_missing(small):
    told = {name: small.manifest[name] for name in ("pages", "questions", "name")}
    assert told == {"pages": 12, "questions": 3, "name": "small"}
    assert small.manifest["without_pages"] == 1  # the second question names none
    assert small.manifest["supporting_pages_missing"] == 0


def test_supporting_pages_that_are_missing_are_counted_once_a_question(build, tmp_path, small_pages):
    facts = (("Elra", 0), ("Gone", 0), ("Gone", 3))
    world = build(tmp_path / "world", small_pages, {"all": [Question(f"q{n}", "?", "!", facts=facts) for n in (1, 2)]})
    assert (world.manifest["supporting_pages_missing"], world.manifest["without_pages"]) == (2, 2)


def test_progress_is_told(tmp_path, small_pages):
    told = []
    with Pages(tmp_path, lambda what, done: told.append((what, done))) as pages:
        pages.write([prepare(small_pages[:5]), prepare(small_pages[5:]), prepare([])])
        assert pages.find("iron_man") == 1
        assert (pages.has("Iron_man"), pages.has("IRON MAN"), pages.has("Iron")) == (True, False, False)
        pages.finish()
    assert told == [("pages", 5), ("pages", 12), ("pages", 12), ("index", 12), ("links", 12)]
    assert not (tmp_path / "targets.partial").exists()


def test_without_pages_or_questions_there_is_no_world(build, tmp_path, small_questions, small_pages):
    with pytest.raises(BadRecord, match="there is no page in it; give questions with their paragraphs, or the wiki"):
        build(tmp_path / "world", [], small_questions)
    for none in ({}, {"train": [], "dev": []}):
        with pytest.raises(BadRecord, match="there is no question in it"):
            build(tmp_path / "world", small_pages, none)
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_end_is_told_by_its_shelf():
    pages = [Page("First", (("a",),)), Page("Second", (("mug " * 70_000,),))]
    with pytest.raises(BadRecord, match=r"^the pages 'First' to 'Second': text 1 has one term 70,000 times"):
        prepare(pages)


def test_what_a_world_holds_is_read_back_by_a_world(tmp_path):
    odd = Page("A\u2028\x00\ufeff", (("\x85é", "𝔉"), (), ("",)), ("A\u2028\x00\ufeff",))
    with new_world(tmp_path / "world") as folder:
        with Pages(folder) as pages:
            pages.write([prepare([odd])])
            pages.finish()
        content = finish(folder, pages, {"all": [Question("\x00", "\u2028?", "\ufeff", context=(odd.title,))]}, {})
    world = World(tmp_path / "world")
    assert (world.hash, world.page(0).title, world.page(0).paragraphs) == (content, odd.title, odd.paragraphs)
    assert world.question(0) == (Question("\x00", "\u2028?", "\ufeff"), (0,))
