"""Words of a text, cut as Lucene's StandardTokenizer cuts them: the word-break rules of Unicode (UAX #29) plus emoji.

The classes of characters are those of the `regex` module's Unicode version; Lucene froze older ones, so a character
that Unicode has moved between classes since may be cut differently.
"""

from __future__ import annotations

import re

import regex

WINDOW = 1024  # characters that decide the next token
LONGEST = 255  # UTF-16 units of a token; a longer one is cut, as Lucene cuts it

# Characters that are a token alone: Extended_Pictographic and Emoji_Modifier of Unicode's emoji data, version 11.
# Later versions took many symbols out again (U+2605, the star), but Lucene keeps them.
PICTOGRAPHS = (
    r"\xA9\xAE\u203C\u2049\u2122\u2139\u2194-\u2199\u21A9\u21AA\u231A\u231B\u2328\u2388\u23CF\u23E9-\u23F3\u23F8-\u23FA"
    r"\u24C2\u25AA\u25AB\u25B6\u25C0\u25FB-\u25FE\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714"
    r"\u2716\u271D\u2721\u2728\u2733\u2734\u2744\u2747\u274C\u274E\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27A1"
    r"\u27B0\u27BF\u2934\u2935\u2B05-\u2B07\u2B1B\u2B1C\u2B50\u2B55\u3030\u303D\u3297\u3299\U0001F000-\U0001F0FF"
    r"\U0001F10D-\U0001F10F\U0001F12F\U0001F16C-\U0001F171\U0001F17E\U0001F17F\U0001F18E\U0001F191-\U0001F19A"
    r"\U0001F1AD-\U0001F1E5\U0001F201-\U0001F20F\U0001F21A\U0001F22F\U0001F232-\U0001F23A\U0001F23C-\U0001F23F"
    r"\U0001F249-\U0001F53D\U0001F546-\U0001F64F\U0001F680-\U0001F6FF\U0001F774-\U0001F77F\U0001F7D5-\U0001F7FF"
    r"\U0001F80C-\U0001F80F\U0001F848-\U0001F84F\U0001F85A-\U0001F85F\U0001F888-\U0001F88F\U0001F8AE-\U0001F8FF"
    r"\U0001F90C-\U0001F93A\U0001F93C-\U0001F945\U0001F947-\U0001FFFD"
)
SKIN = r"\U0001F3FB-\U0001F3FF"  # the emoji modifiers

MARKS = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*+"  # belong to the character before them (WB4)


def marked(characters: str) -> str:
    """A pattern of one of the characters and its marks."""
    return f"(?:[{characters}]{MARKS})"


def word_pattern() -> str:
    """A word: runs of letters, numbers or katakana, with underscores between and around (WB5 to WB13b)."""
    hebrew, quote, double = marked(r"\p{WB=Hebrew_Letter}"), marked("'"), marked('"')
    other = marked(r"\p{WB=ALetter}")
    letter = rf"(?:{hebrew}(?:{double}{hebrew})?|{other})"
    number, katakana = marked(r"\p{WB=Numeric}\uFF10-\uFF19"), marked(r"\p{WB=Katakana}")
    joiner = marked(r"\p{WB=ExtendNumLet}")
    in_letters = marked(r"\p{WB=MidLetter}\p{WB=MidNumLet}'")
    in_numbers = marked(r"\p{WB=MidNum}\p{WB=MidNumLet}'")
    letters = rf"{letter}(?:(?:{joiner}*+|{in_letters}){letter})*+(?:(?<={hebrew}){quote})?"
    numbers = rf"{number}(?:(?:{joiner}*+|{in_numbers}){number})*+"
    run = rf"(?:{katakana}(?:{joiner}*+{katakana})*+|(?:{letters}|{numbers})++)"
    return rf"{joiner}*+{run}(?:{joiner}++{run})*+{joiner}*+"


def emoji_pattern() -> str:
    """An emoji with its skin tone or tag, emoji joined by U+200D, a keycap or a flag."""
    marks = r"(?:(?![\uFE0E\uFE0F])[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}])*"  # \uFE0F is a step of its own
    toned = rf"\u200D*\p{{Emoji_Modifier_Base}}{marks}[{SKIN}]{marks}"
    plain = rf"\u200D*(?![{SKIN}])[{PICTOGRAPHS}]{marks}\uFE0F?"
    one = rf"(?:{toned}|[{SKIN}]{marks}|{plain})"
    tag = r"[\U000E0020-\U000E007E]+\U000E007F"
    join = r"(?:\u200D+|(?<=\u200D))"  # the marks of the one before may have taken it
    keycap = rf"[#*]{marks}\uFE0F?\u20E3{marks}"  # a digit's keycap is a word already
    flag = marked(r"\p{WB=Regional_Indicator}") + "{2}"
    return rf"{one}(?:(?:{join}{one})++|{tag})?|{keycap}|{flag}"


UNICODE = regex.compile(
    "|".join(
        (
            word_pattern(),
            emoji_pattern(),
            marked(r"\p{Line_Break=Complex_Context}") + "+",  # Thai and its neighbours: no dictionary, one token
            marked(r"\p{Script=Han}"),
            marked(r"\p{Script=Hiragana}"),
        )
    ),
    regex.VERSION1,
)
# The same rules where all characters are ASCII, several times faster.
ASCII = re.compile(r"_*[A-Za-z0-9]\w*(?:(?:(?<=[A-Za-z])[:.'](?=[A-Za-z])|(?<=[0-9])[.,;'](?=[0-9]))\w+)*", re.ASCII)


def tokens(text: str) -> list[str]:
    """The tokens in order, spelled as in the text."""
    if text.isascii():
        found: list[str] = ASCII.findall(text)
    else:
        found = UNICODE.findall(text)
    if len(text) > LONGEST // 2 and any(units(token) > LONGEST for token in found):
        return cut_tokens(text)
    return found


def cut_tokens(text: str) -> list[str]:
    """The tokens where some are too long: such a one ends after 255 units, and the next begins right there."""
    found, start = [], 0
    # The rest of a long word is matched in a window, so that the time does not grow with the square of its length.
    while match := UNICODE.match(text, start, start + WINDOW) or UNICODE.search(text, start):
        if units(match.group()) > LONGEST:
            match = UNICODE.match(text, match.start(), match.start() + fitting(match.group()))
            assert match is not None  # every nonempty prefix of a token begins a token
        found.append(match.group())
        start = match.end()
    return found


def units(token: str) -> int:
    """The length in UTF-16 units, as counted by Java."""
    return len(token) if token.isascii() else len(token.encode("utf-16-le", "surrogatepass")) // 2


def fitting(token: str) -> int:
    """How many characters at the start of a long token fit into 255 units."""
    size = LONGEST
    while units(token[:size]) > LONGEST:
        size -= 1
    return size
