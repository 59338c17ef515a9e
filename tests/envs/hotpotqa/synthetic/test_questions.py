"""The questions of the made encyclopedia: each needs two pages, states its facts rightly, and cannot be had cheaper."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

import pytest

from forethought.envs.hotpotqa.pages import unlinked
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.synthetic.encyclopedia import Block, block_sizes, make_block, make_questions
from forethought.envs.hotpotqa.synthetic.entity import Entity
from forethought.envs.hotpotqa.synthetic.question_check import Library, stands


@cache
def blocks() -> list[Block]:
    return [make_block(0, number, size) for number, size in enumerate(block_sizes(2000))]


@cache
def questions() -> list[Question]:
    return make_questions(0, block_sizes(2000), 500)[0]


@cache
def texts() -> dict[str, list[str]]:
    """Each page's plain sentences, by title."""
    return {
        article.title: [unlinked(sentence)[0] for sentence in article.marked]
        for block in blocks()
        for article in block.articles
    }


@cache
def lowered() -> dict[str, str]:
    return {title: "".join(sentences).lower() for title, sentences in texts().items()}


@cache
def entities() -> dict[str, Entity]:
    return {entity.title: entity for block in blocks() for entity in block.entities}


@cache
def holding(words: str) -> frozenset[str]:
    """The titles of all pages of the world in whose text these words stand, by plain search."""
    wanted = words.lower()
    pattern = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    return frozenset(title for title, text in lowered().items() if wanted in text and pattern.search(text))


def mentioning(title: str) -> set[str]:
    """The pages that call a thing by its title, its title without brackets or another name; nicknames in its block."""
    entity = entities()[title]
    unique = [title, re.sub(r" \([^)]*\)$", "", title), *entity.aliases]
    found = {page for name in unique for page in holding(name)}
    near = next({e.title for e in block.entities} for block in blocks() if entity in block.entities)
    return found | {page for name in entity.shorts for page in holding(name) & near} | {title}


def of(kind: str) -> list[Question]:
    return [question for question in questions() if question.kind == kind]


def needed(question: Question) -> list[str]:
    return list(dict.fromkeys(title for title, _ in question.facts))


def told(question: Question, title: str) -> str:
    return " ".join(texts()[page][place] for page, place in question.facts if page == title)


def in_words(words: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words.lower())}(?!\w)", text.lower()) is not None


def test_questions_have_the_form_of_the_official_ones():
    assert len({question.text for question in questions()}) == len({question.id for question in questions()}) == 500
    assert 0.7 < len(of("bridge")) / 500 < 0.8
    for question in questions():
        assert re.fullmatch("[0-9a-f]{24}", question.id)
        assert question.kind in ("bridge", "comparison")
        assert question.level == "hard"
        assert re.fullmatch(r"[A-Z0-9].*[^ ]\?", question.text)
        assert not {"{", "}", "<"} & set(question.text)
        assert len(needed(question)) == 2
        assert len(set(question.facts)) == len(question.facts) <= 3


def test_ten_titles_are_given_with_a_question():
    homes = {article.title: block.number for block in blocks() for article in block.articles}
    places = Counter()
    for question in questions():
        assert len(set(question.context)) == 10
        assert set(needed(question)) <= set(question.context)
        assert len({homes[title] for title in question.context}) == 1
        places[question.context.index(needed(question)[0])] += 1
    assert min(places[place] for place in range(10)) > 25


def test_what_is_called_alike_is_among_the_given():
    twins = 0
    for question in questions():
        for title in needed(question):
            base = entities()[title].base
            alike = {other for other, entity in entities().items() if entity.base == base}
            assert alike <= set(question.context)
            twins += len(alike) > 1
    assert twins > 20


def test_the_facts_of_a_bridge_lead_to_its_answer():
    for question in of("bridge"):
        named, other = needed(question)
        assert any(in_words(name, question.text) for name in entities()[named].names)
        assert in_words(question.answer, told(question, other))
        linked = set(entities()[named].links.values())
        targets = {entities()[other], *entities()[other].links.values()} & linked
        assert any(in_words(name, told(question, named)) for target in targets for name in target.names)


def test_no_page_of_the_world_is_enough_for_a_bridge():
    """Enough: the thing that the question names, and the answer."""
    for question in of("bridge"):
        named, other = needed(question)
        assert not in_words(question.answer, question.text)
        assert other not in mentioning(named)
        assert mentioning(named).isdisjoint(holding(question.answer)), question


def test_no_page_of_the_world_is_enough_for_a_comparison():
    """Enough: both things, or the answer's two values on the page of one of them."""
    for question in of("comparison"):
        one, other = needed(question)
        assert mentioning(one).isdisjoint(mentioning(other)), question
        assert in_words(entities()[one].base, question.text)
        assert in_words(entities()[other].base, question.text)
        assert question.answer in ("yes", "no", one, other)


def test_every_candidate_stands_the_check_of_the_making_too():
    for block in blocks()[:4]:
        library = Library(block.entities, [article.marked for article in block.articles])
        for question in block.questions:
            if question.kind == "comparison":
                one, other = (entities()[title] for title in needed(question))
                assert not library.mentions(one) & library.mentions(other)
                assert library.mentions(one) == {library.place[entities()[t]] for t in mentioning(one.title)}


def test_no_question_of_yes_or_no_names_what_it_asks_about():
    """ "Are A and B both painters?" is answered by the page of the one who is none."""
    tried = 0
    for question in (one for block in blocks() for one in block.questions if one.answer in ("yes", "no")):
        pair = [entities()[title] for title in needed(question)]
        asked = question.text.replace(pair[0].base, "").replace(pair[1].base, "")
        for entity in pair:
            assert entity.kind.noun not in asked, question  # nor its plural
        tried += 1
    assert tried > 100


ORDERED = {
    "first": "less", "earlier": "less", "older": "less", "shorter": "less", "smaller": "less", "fewer": "less",
    "later": "more", "younger": "more", "recent": "more", "recently": "more", "newer": "more", "more": "more",
    "larger": "more", "longer": "more", "higher": "more", "deeper": "more",
}  # fmt: skip


def test_comparisons_are_answered_rightly():
    """Recomputed from the years of the two things, which stand in the stated sentences."""
    tried = 0
    for question in of("comparison"):
        if question.answer in ("yes", "no"):
            continue
        stem_of = question.text.split(", ")[0].lower().split()
        way = next(ORDERED[word] for word in stem_of if word in ORDERED)
        if "older" in stem_of or "younger" in stem_of or "born" in stem_of:
            sizes = [entities()[title].year for title in needed(question)]
        elif any(word in stem_of for word in ("founded", "formed", "published", "released", "recent", "out", "newer")):
            sizes = [entities()[title].year for title in needed(question)]
            assert all(str(year) in told(question, t) for t, year in zip(needed(question), sizes, strict=True))
        else:
            continue
        expected = needed(question)[sizes.index(min(sizes) if way == "less" else max(sizes))]
        assert sizes[0] != sizes[1]
        assert question.answer == expected
        tried += 1
    assert tried > 20


def test_yes_is_as_frequent_as_no():
    answers = Counter(question.answer for question in questions())
    assert answers["yes"] + answers["no"] > 40
    assert 0.4 < answers["yes"] / (answers["yes"] + answers["no"]) < 0.6


def test_same_is_answered_rightly():
    """Recomputed from the things themselves, whatever the texts say."""
    slots = {"nationality": "nation", "same genre": "genre", "position": "position", "kind of music": "style"}
    tried = Counter()
    for question in (one for block in blocks() for one in block.questions if one.answer in ("yes", "no")):
        pair = [entities()[title] for title in needed(question)]
        if re.search(r"same (profession|occupation|kind)( of work)?\?$", question.text):
            same = pair[0].kind is pair[1].kind
        else:
            slot = next((slot for words, slot in slots.items() if words in question.text), None)
            if slot is None:
                continue
            same = pair[0].values[slot] == pair[1].values[slot]
        assert question.answer == ("yes" if same else "no"), question
        tried[question.answer] += 1
    assert min(tried["yes"], tried["no"]) > 50


def test_an_answer_that_is_a_thing_is_the_only_one():
    """ "Which painter was born in …?": no other painter's page has a link there."""
    tried = 0
    for question in of("bridge"):
        match = re.match(r"Which (\w+) (?:was born in|is a native of) ", question.text)
        wanted = entities().get(question.answer)
        if not match or wanted is None:
            continue
        place = wanted.links["birthplace"]
        others = [e for e in entities().values() if e.kind is wanted.kind and e.links["birthplace"] is place]
        assert others == [wanted]
        tried += 1
    assert tried > 0


def test_the_first_questions_of_a_block_differ():
    for block in blocks():
        named = Counter(question.facts[0][0] for question in block.questions[:25])
        assert max(named.values()) <= 3
        shapes = {without_names(question.text, block.entities) for question in block.questions[:25]}
        assert len(shapes) > 20


def without_names(text: str, known: Iterable[Entity]) -> str:
    for name in sorted((name for entity in known for name in entity.names), key=len, reverse=True):
        text = text.replace(name, "X")
    return text


@pytest.mark.parametrize(("words", "text", "found"), [
    ("1931", "in 1931.", True), ("1931", "in 11931", False), ("200", "of 1,200", True), ("a b", "xa b, a b", True),
    ("ada", "adam", False), ("ada", "ada", True), ("ås", "gås", False),
])  # fmt: skip
def test_words_stand_alone(words, text, found):
    assert stands(words, text) is found
