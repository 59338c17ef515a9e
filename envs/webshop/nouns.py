"""The nouns of a title, which the reward compares: spaCy's, or a rule that comes near them without spaCy.

The official reward takes the tokens that spaCy's model en_core_web_lg tags NOUN or PROPN, in lower case. That model
takes nearly every word that a title capitalises for a noun, adjectives included. So does the rule here: it cuts a
title as spaCy's English tokenizer does, and leaves out numbers, signs and the words of words/not_nouns.txt.
`benchmarks/webshop_nouns.py` measures how near it comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module, resources
from typing import Any

import regex

MODEL = "en_core_web_lg"
NOUN_TAGS = ("NOUN", "PROPN")

NOUN_SIGNS = ("|", "°", "%")  # no words, yet the model takes them for nouns
LETTER = regex.compile(r"\p{L}")
AMOUNT = regex.compile(r"[\d.,]+(?!x\d)\p{L}+\d*", regex.IGNORECASE)  # "50ml" and "3D"; not "18x18", not "15ml/15"

# spaCy's rules for English (spacy/lang/punctuation.py), as far as titles need them: prefixes and suffixes that are cut
# again and again from each text between spaces, and infixes that part the rest.
UNITS = (
    "km²|km³|km|m²|m³|m|dm|cm²|cm³|cm|mm²|mm³|mm|µm|nm|ha|ft|in|yd|mi|kg|g|mg|lb|oz|t|kPa|hPa|Pa|mbar|mb|MB|kb|KB|gb|GB"
    "|tb|TB|T|G|M|K|%"
)
MARKS = r"""[,:;!?¿¡()\[\]{}<>_#*&。？！，、；：～·"'“”‘’`«»（）〔〕【】《》〈〉]|\.\.+|…|\p{So}"""
FRONT = regex.compile(rf"{MARKS}|[§%=—–|$£€¥]|\+(?![0-9])")
END = regex.compile(
    rf"(?:['’][sS]|{MARKS}|[—–]|(?<=[0-9])(?:[+$£€¥]|{UNITS})"
    r"""|(?<=[0-9\p{Ll}%²)\]"'’”+-])\.|(?<=\p{Lu}\p{Lu})\.)$""",
    regex.REVERSE,  # looks from the end, so that a long row of signs costs no quadratic time
)
MIDDLE = regex.compile(
    r"(\.\.+|…|\p{So}|(?<=[0-9])[+*^-](?=[0-9-])|(?<=\p{Ll})\.(?=\p{Lu})|(?<=\p{L}),(?=\p{L})"
    r"|(?<=[\p{L}0-9])(?:--+|[—–~-]|[:<>=/])(?=\p{L}))"
)
WHOLE = regex.compile(r"(?i:\p{L}|co|dr|inc|jr|ltd|mr|mrs|ms|mt|st|vs)\.|w/o")


class SpacyMissing(ImportError):
    """spaCy or its model is not installed."""


def title_nouns(title: str) -> tuple[str, ...]:
    """The likely nouns of a title in lower case, in order, repeated ones too."""
    return tuple(token.lower() for token in tokens(title) if is_noun(token))


def is_noun(token: str) -> bool:
    """Whether a token of a title counts as a noun by its form."""
    if not token.isalpha():
        if not LETTER.search(token):
            return token in NOUN_SIGNS
        if token[0].isdigit():
            return AMOUNT.fullmatch(token) is not None
    never, small = not_nouns()
    word = token.lower()
    return word not in never and not (token == word and word in small)


@cache
def not_nouns() -> tuple[frozenset[str], frozenset[str]]:
    """The words that are never nouns, and those that are none where they are written small."""
    text = resources.files("forethought.envs.webshop").joinpath("words", "not_nouns.txt").read_text(encoding="utf-8")
    lists: list[set[str]] = []
    for line in text.splitlines():
        if line.startswith("["):
            lists.append(set())
        elif not line.startswith("#"):
            lists[-1].update(line.split())
    never, small = map(frozenset, lists)
    return never, small


def tokens(title: str) -> list[str]:
    """The words and signs of a title, cut as spaCy cuts them: "Men's T-Shirt" is Men, 's, T, -, Shirt."""
    return [token for chunk in title.split() for token in cut(chunk)]


def cut(chunk: str) -> list[str]:
    """The tokens of a chunk of a title, cut at signs and digits."""
    if chunk.isalpha():  # all cuts are at signs or digits
        return [chunk]
    front: list[str] = []
    end: list[str] = []
    while not WHOLE.fullmatch(chunk):
        if match := FRONT.match(chunk):
            front.append(match[0])
            chunk = chunk[match.end() :]
        elif match := END.search(chunk):
            end.append(match[0])
            chunk = chunk[: match.start()]
        else:
            return [*front, *filter(None, MIDDLE.split(chunk)), *reversed(end)]
    return [*front, chunk, *reversed(end)]


def spacy_nouns(titles: Iterable[str], model: str = MODEL) -> Iterator[tuple[str, ...]]:
    """The nouns of each title as the official reward finds them, for indexes made where spaCy is installed.

    Raises SpacyMissing: spaCy or the model is not installed.
    """
    try:
        spacy = import_module("spacy")
    except ImportError as error:
        raise SpacyMissing(
            f"spaCy is not installed; run 'pip install spacy' and 'python -m spacy download {model}', "
            "or go without: title_nouns needs neither"
        ) from error
    try:
        pipeline = spacy.load(model, exclude=["ner", "lemmatizer"])  # these two come after the tags
    except OSError as error:
        raise SpacyMissing(f"spaCy has no model {model!r}; run 'python -m spacy download {model}'") from error
    return tagged_nouns(pipeline, titles)


def tagged_nouns(pipeline: Any, titles: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The nouns of each title, by a tagger of spaCy."""
    for document in pipeline.pipe(titles):
        yield tuple(token.text.lower() for token in document if token.pos_ in NOUN_TAGS)
