"""The rules of a patient shopper: the value of a position in WebShop, and the next actions.

They read the context and the admissible actions, as any model does. The value of a position is an estimate of the
score (Yao et al. 2022, WebShop, arXiv:2207.01206) of its best purchase, a little less for each remaining step.
"""

from __future__ import annotations

from collections.abc import Iterator

from forethought.agents.heuristics.webshop.walk import PARTS, Product, Walk, follow
from forethought.search import Proposal, Query
from forethought.search.node import Context

# Hopes for unopened products. The policy has to be bold to look at products at all; to a bold value, every
# product unread would be better than one read.
BOLD, CAUTIOUS = (0.8, 0.9), (0.3, 0.8)
STEP = 0.97  # factor of a value for each remaining step
ENOUGH = 0.9  # a product worth this much is bought without more reading
PATIENCE = 9  # steps; after them the best of the products opened has to do
SEARCHING = "search[<query>]"


def prospects(walk: Walk) -> dict[str, float]:
    """The value of each listed product, seen from the results; without patience no other product is opened."""
    worth = {}
    for asin, promise in walk.listed.items():
        product = walk.opened.get(asin)
        if product is not None:
            worth[asin] = product.estimate(walk.wish) * STEP ** (2 + len(product.item.choices))
        else:
            worth[asin] = promise * STEP ** (2 + len(walk.wish.named)) * (walk.steps < PATIENCE)
    return worth


def elsewhere(walk: Walk) -> float:
    """The value of a return to the results for the best of the other products."""
    return STEP * max((worth for asin, worth in prospects(walk).items() if asin != walk.asin), default=0.0)


def webshop_value(context: Context) -> float:
    """The value of a position, in [0, 1]: 0 for the first page, and the most for the right purchase."""
    walk = follow(context, CAUTIOUS)
    product = walk.here
    if walk.bought:
        return product.estimate(walk.wish, bought=True) if product else 0.0
    if product is None:
        return max(prospects(walk).values(), default=0.0)
    here = product.estimate(walk.wish) * STEP ** (1 + len(product.missing()))
    return max(here, elsewhere(walk)) * (STEP if walk.page.kind == "part" else 1.0)


def webshop_proposals(query: Query) -> list[Proposal]:
    """The actions of the rules, best first, each with half the prior of the one before."""
    admissible = {plain(action): action for action in query.actions}
    walk = follow(query.context, BOLD)
    found = dict.fromkeys(
        move if move.startswith("search[") else admissible[plain(move)]
        for move in moves(walk)
        if (SEARCHING if move.startswith("search[") else plain(move)) in admissible
    )
    kept = list(found)[: query.num_children]
    whole = 2 - 0.5 ** (len(kept) - 1)
    return [Proposal(action, 0.5**place / whole) for place, action in enumerate(kept)]


def plain(action: str) -> str:
    """An action in small letters, with single spaces."""
    return " ".join(action.lower().split())


def moves(walk: Walk) -> Iterator[str]:
    """The actions of the rules on the current page, best first."""
    if walk.page.kind == "part":
        yield "click[< prev]"
    elif walk.here is not None:
        yield from moves_at_item(walk, walk.here)
    else:
        yield from moves_at_results(walk)


def moves_at_results(walk: Walk) -> Iterator[str]:
    """Open the best product, or search in other words. The first page counts as results without products."""
    worth = prospects(walk)
    yield from (f"click[{asin.lower()}]" for asin in sorted(worth, key=lambda asin: -worth[asin]))
    yield from [f"search[{query}]" for query in walk.wish.queries if query not in walk.searches][:1]
    if worth:
        yield "click[next >]"


def moves_at_item(walk: Walk, product: Product) -> Iterator[str]:
    """Leave for a better product; read where it may help; choose the wanted options; buy."""
    missing = product.missing()
    unread = [f"click[{part}]" for part in PARTS if part not in product.read]
    worth = product.estimate(walk.wish)
    if elsewhere(walk) > worth * STEP ** (1 + len(missing)):
        yield "click[< prev]"
    if unread and worth < ENOUGH and walk.steps < PATIENCE:
        yield unread[0]
    yield from (f"click[{product.item.name_of(choice)}]" for choice in missing)
    yield "click[buy now]"
    yield "click[< prev]"
    yield from unread
