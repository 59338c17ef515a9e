"""The made encyclopedia: always the same, linked inside its blocks, no name twice, pages of a believable length."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs.hotpotqa.pages import unlinked
from forethought.envs.hotpotqa.synthetic.encyclopedia import (
    Block,
    as_even_as_can_be,
    block_sizes,
    make_block,
    make_questions,
)
from forethought.envs.hotpotqa.synthetic.entities import LARGEST, plan
from forethought.envs.hotpotqa.synthetic.entity_kinds import kinds, read
from forethought.envs.hotpotqa.synthetic.names import STEMS, parts, stem, work
from forethought.envs.hotpotqa.synthetic.texts import with_articles

FIRST_BLOCK = "088d4e8c7cdf062ed15460e3fbc46a09bdf82b928c9b680ba4e618956199f2d2"
FILES = ("names", "places", "people", "groups", "moderns", "works", "things", "comparing")


@cache
def world(seed: int) -> list[Block]:
    return [make_block(seed, number, 100) for number in range(300)]


def test_the_first_block_never_changes():
    block = make_block(0, 0, 100)
    record = repr((block.articles, block.questions))
    assert hashlib.sha256(record.encode()).hexdigest() == FIRST_BLOCK


def test_a_block_depends_on_its_arguments_alone():
    again = make_block(0, 17, 100)
    assert again.articles == world(0)[17].articles
    assert again.questions == make_block(0, 17, 100).questions
    assert make_block(1, 17, 100).articles != again.articles


def test_no_two_pages_share_a_title():
    titles = [article.title.casefold() for block in world(0) for article in block.articles]
    assert len(set(titles)) == len(titles) == 30_000
    others = {article.title.casefold() for article in make_block(1, 0, 100).articles}
    assert others.isdisjoint(article.title.casefold() for article in make_block(0, 0, 100).articles)


def test_no_page_names_a_thing_of_another_block():
    """A name that one block made for itself is met in no other; titles in plain words are tested below."""
    owner: dict[str, int] = {}
    for block in world(0):
        roots = {entity.root for entity in block.entities if " " not in entity.root}
        for root in roots:
            assert owner.setdefault(root.casefold(), block.number) == block.number
    for block in world(0)[:40]:
        for article in block.articles:
            words = re.findall(r"\w+", plain(article.marked).casefold())
            assert {owner[word] for word in words if word in owner} <= {block.number}


def test_links_lead_to_other_titles_of_the_block():
    for block in world(0)[:50]:
        titles = {article.title for article in block.articles}
        for article in block.articles:
            targets = [title for sentence in article.marked for title in unlinked(sentence)[1]]
            assert set(targets) <= titles - {article.title}
            for address in re.findall(r'href="([^"]*)"', "".join(article.marked)):
                assert address in {quote(title) for title in targets}
    assert sum("<a " in "".join(article.marked) for article in world(0)[0].articles) > 80


def test_sentences_are_spaced_as_in_the_official_files():
    for article in (article for block in world(0)[:50] for article in block.articles):
        first, *others = article.marked
        assert first == first.strip()
        for sentence in others:
            assert re.fullmatch(r" \S.*\.", unlinked(sentence)[0])
            assert not {"{", "}"} & set(sentence)
        assert ".." not in plain(article.marked)


def test_pages_are_as_long_as_introductions():
    lengths = [len(plain(article.marked).encode()) for block in world(0) for article in block.articles]
    assert 280 < sum(lengths) / len(lengths) < 320
    assert min(lengths) > 90
    assert max(lengths) < 700
    counts = [len(article.marked) for block in world(0) for article in block.articles]
    assert set(counts) <= set(range(3, 8))


def test_there_is_much_that_breaks_naive_reading():
    texts = [plain(article.marked) for block in world(0)[:20] for article in block.articles]
    for trap in ("Dr. ", "St. ", "F.C. ", "“", "–", "—", "å"):
        assert sum(trap in text for text in texts) > 15, trap
    titles = [article.title for block in world(0)[:20] for article in block.articles]
    assert sum(title.endswith(")") for title in titles) > 100


@pytest.mark.parametrize("size", [50, 73, 100, 125, LARGEST])
def test_a_block_is_exactly_as_large_as_asked(size):
    block = make_block(5, 3, size)
    assert len(block.articles) == len({article.title for article in block.articles}) == size
    assert {entity.kind for entity in block.entities} == set(kinds())


@given(st.integers(100, 10**7))
def test_blocks_share_the_pages_evenly(pages):
    sizes = block_sizes(pages)
    assert sum(sizes) == pages
    assert len(sizes) >= 2
    assert max(sizes) - min(sizes) <= 1
    assert 50 <= min(sizes) <= max(sizes) <= 125


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="99 pages were given; expected 100 or more"):
        block_sizes(99)
    least = sum(kind.least for kind in kinds())
    for size in (0, least - 1, LARGEST + 1):
        with pytest.raises(ValueError, match=f"a block of {size} pages was given; expected {least} to {LARGEST}"):
            plan(size)
    with pytest.raises(ValueError, match="given -1"):
        make_block(0, -1, 100)


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(-9, 2**70))
def test_no_two_places_share_a_name(one, other, seed):
    assert (stem(seed, one) == stem(seed, other)) == (one == other)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-9, 2**70))
def test_no_two_places_share_a_title_in_plain_words(one, other, seed):
    titles = work(seed, one), work(seed, other)
    assert None not in titles
    assert (titles[0] == titles[1]) == (one == other)


def test_plain_titles_run_out_quietly():
    assert work(0, 10**9) is None


@pytest.mark.parametrize("number", [10**6, 10**11])
def test_late_blocks_have_longer_names(number):
    block = make_block(0, number, 100)
    assert len({article.title.casefold() for article in block.articles}) == 100
    assert stem(0, number * STEMS) in " ".join(article.title for article in block.articles)


def test_no_word_of_the_catalogue_can_be_a_name():
    first, middle, last = ("|".join(map(re.escape, part)) for part in parts())
    name = re.compile(f"(?:{first})(?:{middle})*(?:{last})", re.IGNORECASE)
    assert name.fullmatch(stem(0, 0))
    assert name.fullmatch(stem(0, 10**9))
    words = {word for file in FILES for word in re.findall(r"\w+", str(read(file)))}
    assert len(words) > 1500
    assert [word for word in sorted(words) if name.fullmatch(word)] == []


def test_questions_for_training_come_first_and_share_nothing_with_the_others():
    sizes = block_sizes(2000)
    questions, training = make_questions(0, sizes, 500)
    assert len(questions) == 500
    assert training == 400
    blocks = [make_block(0, number, size) for number, size in enumerate(sizes)]
    seen = {article.title for block in blocks[:16] for article in block.articles}
    held = {article.title for block in blocks[16:] for article in block.articles}
    for questions_of, titles in ((questions[:training], seen), (questions[training:], held)):
        assert {title for one in questions_of for title in (*one.context, *(fact[0] for fact in one.facts))} <= titles


@pytest.mark.parametrize("seed", [7, 20])
def test_two_thousand_pages_give_five_hundred_questions(seed):
    sizes = block_sizes(2000)
    questions, training = make_questions(seed, sizes, 500)
    assert len({question.text for question in questions}) == len({question.id for question in questions}) == 500
    assert training == 400


def test_two_small_blocks_give_what_they_can():
    sizes = block_sizes(100)
    able = [len(make_block(0, number, size).questions) for number, size in enumerate(sizes)]
    assert min(able) > 60
    questions, training = make_questions(0, sizes, sum(able))
    assert (len(questions), training) == (sum(able), able[0])
    assert make_questions(0, sizes, 7)[1] == 3
    with pytest.raises(ValueError, match=f"these 100 pages can give {sum(able)}"):
        make_questions(0, sizes, sum(able) + 1)
    with pytest.raises(ValueError, match="-1 questions"):
        make_questions(0, sizes, -1)
    assert make_questions(0, sizes, 0) == ([], 0)


def plain(marked: tuple[str, ...]) -> str:
    return "".join(unlinked(sentence)[0] for sentence in marked)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("She is a actor and an polar explorer.", "She is an actor and a polar explorer."),
        ('an <a href="B">Bridge</a>, a <a href="O">Opera</a>', 'a <a href="B">Bridge</a>, an <a href="O">Opera</a>'),
        ("A university, an European, a hour, an one-act play", "A university, a European, an hour, a one-act play"),
        ("F.C. and A.C. sides; Class A.", "F.C. and A.C. sides; Class A."),
    ],
)
def test_articles_are_those_of_the_next_word(text, told):
    assert with_articles(text) == told


def test_blocks_give_as_evenly_as_they_can():
    assert as_even_as_can_be(7, [9, 1, 9]) == [3, 1, 3]
    assert as_even_as_can_be(5, [9, 9, 9]) == [2, 2, 1]
    assert as_even_as_can_be(9, [2, 0, 3]) == [2, 0, 3]
