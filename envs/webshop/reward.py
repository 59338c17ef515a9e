"""The reward of a purchase: the score of Yao et al. 2022 (WebShop, arXiv:2207.01206, section 3.3), with its parts.

The share of attributes, options and price that the purchase meets, times a factor for the kind of product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.fuzz import token_set_ratio
from rapidfuzz.utils import default_process

from forethought.envs.webshop.goals import Goal
from forethought.envs.webshop.products import Product

ALIKE = 85  # a match is a similarity above it, of 100
UNNAMED = 0.2  # the title score where the wanted title has no nouns
LATIN = dict.fromkeys(range(128, 256))  # the characters that thefuzz 0.22.1 drops before it compares

# Option values are compared by the first of these that they contain (the table of web_agent_site/engine/normalize.py).
COLOUR_WORDS = """
    alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown burgundy camel camo
    caramel champagne charcoal cheetah chestnut chocolate christmas coffee cognac copper coral cranberry cream crystal
    dark denim eggplant elephant espresso fuchsia gold granite grape graphite grass gray green grey heather indigo ivory
    ivy khaki lavender lemon leopard light lilac lime magenta maroon mauve merlot midnight mint mocha multicolor
    mushroom mustard natural navy nude olive orange peach pewter pink plum purple rainbow red rose royal rust sand
    sapphire seashell silver skull slate steel stone stonewash sunflower tan taupe teal tiger turquoise violet walnut
    wheat white wine yellow
"""
COLOURS = tuple(COLOUR_WORDS.split())


@dataclass(frozen=True, slots=True)
class Score:
    """A purchase's reward in [0, 1] and its parts: `r_` is how far a part is met, `w_` the part's weight.

    `r_att` and `w_att` are None where the goal asks for no attribute, `r_option` and `w_option` where it asks for no
    option. The official code reads the options of synthetic goals in its own way (see `options_met`):
    `options_by_value` and `options_official` count the options met in either reading; `r_option` and `reward` follow
    the one asked for.
    """

    r_type: float
    query_match: bool
    category_match: bool
    title_score: float
    r_att: float | None
    w_att: float | None
    r_option: float | None
    w_option: float | None
    r_price: bool
    w_price: float
    options_by_value: int
    options_official: int
    reward_by_value: float
    reward_official: float
    reward: float


def score(
    product: Product,
    goal: Goal,
    chosen: Mapping[str, str],
    *,
    bought_nouns: Sequence[str],
    wanted_nouns: Sequence[str],
    official: bool,
    price: float | None = None,
) -> Score:
    """The score of buying the product with these options (group -> value), at `price` dollars instead of its own.

    The nouns are those of the product's title and of the goal's.
    """
    query_match = product.query == goal.query
    category_match = len(categories(product.product_category) & categories(goal.product_category)) >= 2
    title_score = share_of_nouns(bought_nouns, wanted_nouns)
    r_type = type_factor(query_match or category_match, title_score)
    r_price = (product.price if price is None else price) <= goal.price_upper
    attributes, options = len(goal.attributes), len(goal.options)
    parts = attributes + options + 1
    attributes_met = count_attributes(product, goal.attributes)
    by_value = options_met(chosen.values(), goal.options, equal=True)
    names = goal.option_names
    as_official = options_met(chosen.values(), goal.options if names is None else zip(names, goal.options, strict=True))
    reward_by_value = (attributes_met + by_value + r_price) / parts * r_type
    reward_official = (attributes_met + as_official + r_price) / parts * r_type
    return Score(
        r_type=r_type,
        query_match=query_match,
        category_match=category_match,
        title_score=title_score,
        r_att=attributes_met / attributes if attributes else None,
        w_att=attributes / parts if attributes else None,
        r_option=(as_official if official else by_value) / options if options else None,
        w_option=options / parts if options else None,
        r_price=r_price,
        w_price=1 / parts,
        options_by_value=by_value,
        options_official=as_official,
        reward_by_value=reward_by_value,
        reward_official=reward_official,
        reward=reward_official if official else reward_by_value,
    )


def share_of_nouns(bought: Sequence[str], wanted: Sequence[str]) -> float:
    """Distinct wanted nouns that were bought, over all wanted ones: repeated nouns keep it below 1."""
    return len(set(bought) & set(wanted)) / len(wanted) if wanted else UNNAMED


def type_factor(akin: bool, title_score: float) -> float:
    """1, 0.5, 0.1 or 0; `akin` is a shared query or category."""
    if title_score == 0:
        return 0.0
    if title_score < 0.1:
        return 0.1
    return 1.0 if akin or title_score > 0.2 else 0.5


@lru_cache(maxsize=4096)
def categories(path: str) -> frozenset[str]:
    """The parts of "Clothing › Men › Shirts"."""
    return frozenset(part.strip() for part in path.split("›"))


def count_attributes(product: Product, wanted: Sequence[str]) -> int:
    """How many wanted attributes are like one that the product has, or stand in its texts."""
    missed = [attribute for attribute in wanted if not like_any(product.attributes, attribute)]
    if not missed:
        return len(wanted)
    texts = product.title.lower(), " ".join(product.bullets).lower(), product.description.lower()
    return len(wanted) - sum(all(attribute not in text for text in texts) for attribute in missed)


def options_met(chosen: Iterable[str], wanted: Iterable[str | tuple[str, str]], *, equal: bool = False) -> int:
    """How many wanted options are like a chosen value, colours by their first colour word.

    `equal` also counts equal values in which there is nothing to compare, such as "*": the official code does not.

    The official code wants the options of synthetic goals as (name, value) pairs. `basic_colour` then sees a colour in
    a pair only where an element is nothing but the colour, while it sees it anywhere in a chosen value: "redwood" is
    chosen as "red", and is not like the pair ("color", "redwood").
    """
    have = tuple(map(basic_colour, chosen))
    return sum((equal and want in have) or like_any(have, want) for want in map(basic_colour, wanted))


@lru_cache(maxsize=4096)
def basic_colour(option: str | tuple[str, str]) -> str:
    """The basic colour in an option, or the option itself."""
    return next((colour for colour in COLOURS if colour in option), str(option))


@lru_cache(maxsize=8192)
def like_any(texts: tuple[str, ...], wanted: str) -> bool:
    """Whether one of the texts is similar to the wanted text."""
    want = processed(wanted)
    return any(round(token_set_ratio(processed(text), want)) > ALIKE for text in texts)


@lru_cache(maxsize=8192)
def processed(text: str) -> str:
    """The text as thefuzz 0.22.1 compares it: lower case, punctuation made spaces."""
    return default_process(text.translate(LATIN))
