"""The letters and digits of the made shop: ASINs, model numbers, addresses of pictures."""

from __future__ import annotations

from forethought.common.random import Generator

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAIRS = tuple(a + b for a in DIGITS for b in DIGITS)
CODES = 36**8  # how many ASINs begin with "B0"
STRIDE = 1_190_494_759_421  # neighbours' codes lie far apart; coprime to 36, so no two numbers share a code


def asin_of(seed: int, number: int) -> str:
    """ "B0" and eight letters or digits; a bijection of the number for each seed."""
    return "B0" + spelled((number * STRIDE + seed * 998_244_353_717) % CODES)


def spelled(code: int) -> str:
    """A code of eight letters and digits from a number."""
    upper, lower = divmod(code, 1679616)
    return PAIRS[upper // 1296] + PAIRS[upper % 1296] + PAIRS[lower // 1296] + PAIRS[lower % 1296]


def image(rng: Generator) -> str:
    """The address of a picture, with a random code."""
    return f"https://example.com/images/products/I/{spelled(int(rng.random() * CODES))}.jpg"


def model(rng: Generator) -> str:
    """A random model number."""
    code = spelled(int(rng.random() * CODES))
    return f"{code[:3]}-{code[3:]}" if rng.happens(0.5) else code[: rng.between(3, 8)]
