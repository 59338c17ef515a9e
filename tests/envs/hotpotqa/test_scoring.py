"""The answer scores against the published rules written again, on every dev answer and on any text."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forethought.envs.hotpotqa.scoring import exact_match, f1, is_right, normalised

MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
SPACES = (" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2009", "\u3000", "\u200b", "\u2028", "\x1c", "\x85")
TYPOGRAPHY = {"-": "–", "'": "’", '"': "“", " ": "—", ".": "…", ",": "،"}
PIECES = (
    "a",
    "an",
    "the",
    "A",
    "The",
    "tHe",
    "yes",
    "no",
    "noanswer",
    "word",
    "İ",
    "ß",
    "É",
    "e\u0301",
    "ﬁ",
    "٣",
    "\ud800",
)
WORDS = st.sampled_from((*PIECES, *SPACES, *MARKS, *TYPOGRAPHY.values()))
TEXTS = st.lists(WORDS, max_size=12).map("".join) | st.text(st.characters(), max_size=12)


def oracle(text):
    """The tokens of a text, character by character: a word is a run of letters, digits and numerals."""
    tokens, run, token = [], "", ""
    for mark in [*(mark for mark in text.lower() if mark not in MARKS), None]:
        if mark is not None and mark.isalnum():
            run += mark
            continue
        if run in ("a", "an", "the"):  # it leaves a space, so it parts what stood on either side
            tokens, token = [*tokens, token], ""
        else:
            token += run
        run = ""
        if mark is None or mark.isspace():
            tokens, token = [*tokens, token], ""
        else:
            token += mark
    return [token for token in tokens if token]


def oracle_scores(answer, gold):
    """(exact match, F1, precision, recall)."""
    ours, theirs = oracle(answer), oracle(gold)
    exact = ours == theirs
    if not exact and any(side in (["yes"], ["no"], ["noanswer"]) for side in (ours, theirs)):
        return exact, 0, 0, 0
    same = sum((Counter(ours) & Counter(theirs)).values())
    if same == 0:
        return exact, 0, 0, 0
    precision = 1.0 * same / len(ours)
    recall = 1.0 * same / len(theirs)
    return exact, (2 * precision * recall) / (precision + recall), precision, recall


def scores(answer, gold):
    return exact_match(answer, gold), *f1(answer, gold)


def perturbed(answer, other, chance):
    """Twenty things that a model might have said instead of a gold answer."""

    def between(text, some):
        place = chance.randrange(len(text) + 1)
        return text[:place] + some + text[place:]

    words = answer.split()
    space, mark = chance.choice(SPACES), chance.choice(MARKS)
    return (
        answer,
        " ".join(chance.sample(words, len(words))),
        " ".join(f"{chance.choice(('a', 'An', 'THE'))} {word}" for word in words),
        between(answer, chance.choice((" the ", " a ", "-an-", "the", "–the–"))),
        between(answer, mark),
        mark.join(answer),
        "".join(TYPOGRAPHY.get(letter, letter) for letter in answer),
        answer.swapcase(),
        answer.upper(),
        answer.replace(" ", space),
        space + between(answer, space) + space,
        answer[: chance.randrange(len(answer))],
        answer[chance.randrange(len(answer)) :],
        " ".join(word for word in words for _ in range(chance.randrange(3))),
        f"{answer} {answer}",
        chance.choice(("yes", "no", "noanswer", "Yes.", "The no", "no answer", "y-e-s")),
        f"{chance.choice(('yes', 'no', 'noanswer'))}, {answer}",
        other,
        f"{other} {answer}",
        chance.choice(("", " ", "the", "!!!", "–", "\u200b")),
    )


@pytest.fixture
def golds(data_folder):
    records = json.loads((data_folder / "hotpotqa" / "hotpot_dev_simplified.json").read_text(encoding="utf-8"))
    return [record["answer"] for record in records]


def test_twenty_answers_to_each_dev_question_score_as_the_rules_say(golds):
    chance = random.Random(0)
    compared, differing, kinds = 0, [], Counter()
    for gold in golds:
        for answer in perturbed(gold, chance.choice(golds), chance):
            found, expected = scores(answer, gold), oracle_scores(answer, gold)
            compared += 1
            kinds[found[0], found[1] > 0, found[1] == 1] += 1
            if found != expected:
                differing.append((answer, gold, found, expected))
    assert differing == []
    assert compared == 148_100
    assert min(kinds[exact, some, full] for exact, some, full in ((1, 1, 1), (0, 1, 1), (0, 1, 0), (0, 0, 0))) > 3000
    assert kinds[True, False, False] > 0  # both empty


def test_what_is_odd_among_the_dev_answers(golds):
    assert len(golds) == 7405
    assert sum(any(mark in gold for mark in "–—‘’“”") for gold in golds) == 36
    assert [number for number, gold in enumerate(golds) if exact_match("", gold)] == [3667, 5470]
    assert [golds[3667], golds[5470]] == ["The The", "!!!"]
    assert all(f1(gold, gold).f1 == bool(normalised(gold)) for gold in golds)


@given(TEXTS, TEXTS)
@example("the\u0301 band", "band")  # a combining mark ends a word
@example("\u00aaa the² b", "b")  # an ordinal and a superscript do not
@example("the–end", "end")
@example("a\u200bb", "b")
def test_any_two_texts_score_as_the_rules_say(answer, gold):
    assert normalised(answer) == " ".join(oracle(answer))
    assert scores(answer, gold) == oracle_scores(answer, gold)


@given(TEXTS, TEXTS, st.randoms(use_true_random=False))
def test_what_holds_for_every_pair(answer, gold, chance):
    exact, overlap = exact_match(answer, gold), f1(answer, gold)
    assert exact == exact_match(gold, answer)
    assert overlap == (f1(gold, answer).f1, f1(gold, answer).recall, f1(gold, answer).precision)
    assert 0 <= min(overlap) <= overlap.f1 <= max(overlap) <= 1
    if exact:
        assert overlap == ((1, 1, 1) if normalised(gold) else (0, 0, 0))
    words = normalised(answer).split()
    assert f1(" ".join(chance.sample(words, len(words))), gold) == overlap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Beatles!", "beatles"),
        ("A.N. Other", "other"),  # punctuation goes first, so that "a.n." is an article
        ("the-end", "theend"),
        ("the–end", "–end"),  # this dash is no punctuation to the rules, but it ends a word
        ("x–the–y", "x– –y"),  # and what it was is a space
        ("an_the", "anthe"),
        ("Area 51, a/an/the", "area 51 aanthe"),
        ("“The The”", "“ ”"),
        ("non\u00a0breaking\u3000space", "non breaking space"),
        ("zero\u200bwidth", "zero\u200bwidth"),
        ("İstanbul", "i̇stanbul"),
        ("half \ud800 pair", "half \ud800 pair"),
        ("a A an AN the THE", ""),
        ("", ""),
    ],
)
def test_normalised(text, expected):
    assert normalised(text) == expected


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("Greenwich Village", "Greenwich Village, New York City", (4 / 7, 1.0, 0.4)),
        ("New New York", "York New", (0.8, 2 / 3, 1.0)),  # a word counts as often as both have it
        ("New York", "New New York York York", (4 / 7, 1.0, 0.4)),
        ("the yes", "Yes!", (1.0, 1.0, 1.0)),
        ("yes it is", "yes", (0.0, 0.0, 0.0)),  # what is yes or no overlaps with nothing else, on either side
        ("no", "no one", (0.0, 0.0, 0.0)),
        ("noanswer", "noanswer at all", (0.0, 0.0, 0.0)),
        ("no one", "no man", (0.5, 0.5, 0.5)),  # but the word may be part of an answer
        ("no answer", "noanswer", (0.0, 0.0, 0.0)),
        ("Paris", "London", (0.0, 0.0, 0.0)),
        ("", "", (0.0, 0.0, 0.0)),
    ],
)
def test_overlap(answer, gold, expected):
    assert f1(answer, gold) == pytest.approx(expected, rel=1e-15)
    assert f1(answer, gold)._fields == ("f1", "precision", "recall")


def test_nothing_matches_an_answer_that_is_nothing_once_normalised():
    assert exact_match("", "The The")
    assert exact_match("", "!!!")
    assert f1("", "The The") == (0, 0, 0)
    assert not exact_match("", "–")


@given(TEXTS, TEXTS)
def test_right_is_the_official_match_where_there_is_something_to_match(answer, gold):
    if normalised(gold):
        assert is_right(answer, gold) == exact_match(answer, gold)
    else:
        assert is_right(answer, gold) <= exact_match(answer, gold)
        assert is_right(gold, gold) == bool(gold.strip())
    assert not is_right("", gold)


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [
        ("the the", "The The", True),
        ("The The.", "The The", True),
        ("The", "The The", False),
        ("", "The The", False),
        (" . ", "The The", False),
        ("!!!", "!!!", True),
        ("", "!!!", False),
        ("???", "!!!", False),
        ("", "", False),
        ("the", "", False),
        (" ", " ", False),
    ],
)
def test_answers_to_golds_that_are_nothing_once_normalised(answer, gold, right):
    assert is_right(answer, gold) is right


def test_long_answers_are_no_trouble():
    words = [f"word{number}–{number}" for number in range(8000)]
    assert f1("the " * 25_000 + "!" * 100_000, "the") == (0, 0, 0)
    assert f1(" ".join(words), " ".join(reversed(words))) == (1, 1, 1)
    assert f1("same " * 20_000, "same").recall == 1
