"""The stem of an English word, by the algorithm of M. F. Porter, "An algorithm for suffix stripping", 1980.

With the changes that Porter's own later program makes: "bli" becomes "ble", "logi" becomes "log", and a word of one
or two letters stays as it is. A stem is described by the pattern of its consonants (c) and vowels (v).
"""

from __future__ import annotations

from collections.abc import Sequence

# Pairs of suffix and replacement, such that a suffix comes before its own ends.
STEP_2 = (
    ("ational", "ate"),
    ("ization", "ize"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("tional", "tion"),
    ("biliti", "ble"),
    ("entli", "ent"),
    ("ousli", "ous"),
    ("ation", "ate"),
    ("alism", "al"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("alli", "al"),
    ("ator", "ate"),
    ("logi", "log"),
    ("bli", "ble"),
    ("eli", "e"),
)
STEP_3 = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ness", ""),
    ("ful", ""),
)
DROPPED = "ement ance ence able ible ment sion tion ant ent ism ate iti ous ive ize al er ic ou"
STEP_4 = tuple(DROPPED.split())  # of "sion" and "tion" only "ion" is dropped


def stem(word: str) -> str:
    """The stem of a word in lower case; words of other languages go through the same rules."""
    if len(word) <= 2:
        return word
    word = without_past(without_plural(word))
    if word.endswith("y") and "v" in pattern(word[:-1]):
        word = word[:-1] + "i"
    word = replaced(word, STEP_2)
    word = replaced(word, STEP_3)
    return without_final_e(without_suffix(word))


def pattern(text: str) -> str:
    """ "toy" is "cvc", "syzygy" is "cvcvcv": y is a vowel after a consonant; all that is no vowel is a consonant."""
    kinds, before = [], "v"
    for letter in text:
        before = "v" if letter in "aeiou" or (letter == "y" and before == "c") else "c"
        kinds.append(before)
    return "".join(kinds)


def measure(text: str) -> int:
    """How often a vowel is followed by a consonant: 0 for "tree", 1 for "trouble", 2 for "private"."""
    return pattern(text).count("vc")


def ends_double(word: str) -> bool:
    """Whether it ends in a consonant twice."""
    return word[-1:] == word[-2:-1] and pattern(word).endswith("cc")


def ends_short(word: str) -> bool:
    """Whether it ends consonant, vowel, consonant as "hop" does; the last is not w, x or y."""
    return word[-1:] not in "wxy" and pattern(word).endswith("cvc")


def without_plural(word: str) -> str:
    """Step 1a."""
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def without_past(word: str) -> str:
    """Step 1b: "agreed" to "agree", "hopping" to "hop", "hoping" to "hope"."""
    if word.endswith("eed"):
        return word[:-1] if measure(word[:-3]) > 0 else word
    suffix = next((suffix for suffix in ("ed", "ing") if word.endswith(suffix)), "")
    bare = word.removesuffix(suffix)
    if not suffix or "v" not in pattern(bare):
        return word
    if bare.endswith(("at", "bl", "iz")):
        return bare + "e"
    if ends_double(bare):
        return bare if bare[-1] in "lsz" else bare[:-1]
    return bare + "e" if measure(bare) == 1 and ends_short(bare) else bare


def replaced(word: str, rules: Sequence[tuple[str, str]]) -> str:
    """Steps 2 and 3: the first suffix that fits is replaced, if the part before it has a measure above 0."""
    for suffix, replacement in rules:
        if word.endswith(suffix):
            bare = word.removesuffix(suffix)
            return bare + replacement if measure(bare) > 0 else word
    return word


def without_suffix(word: str) -> str:
    """Step 4."""
    for suffix in STEP_4:
        if word.endswith(suffix):
            bare = word.removesuffix("ion" if suffix.endswith("ion") else suffix)
            return bare if measure(bare) > 1 else word
    return word


def without_final_e(word: str) -> str:
    """Step 5: "probate" to "probat", "controll" to "control"."""
    if word.endswith("e"):
        bare = word[:-1]
        if measure(bare) > 1 or (measure(bare) == 1 and not ends_short(bare)):
            word = bare
    return word[:-1] if word.endswith("ll") and measure(word) > 1 else word
