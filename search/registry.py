"""The algorithms by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from math import inf

from forethought.search.ab_mcts import ab_mcts
from forethought.search.beam import beam
from forethought.search.best_first import best_first
from forethought.search.best_of_n import best_of_n
from forethought.search.depth_first import depth_first
from forethought.search.dvts import dvts
from forethought.search.engine.driver import Algorithm
from forethought.search.greedy import greedy
from forethought.search.gumbel import gumbel
from forethought.search.lats import lats
from forethought.search.mcts import mcts
from forethought.search.puct import puct
from forethought.search.rap import rap
from forethought.search.react import react
from forethought.search.reflexion import reflexion
from forethought.search.requests import Search
from forethought.search.restarts import restarts
from forethought.search.walk import walk

ALGORITHMS: dict[str, Callable[..., Search]] = {
    "react": react,
    "reflexion": reflexion,
    "greedy": greedy,
    "restarts": restarts,
    "best_of_n": best_of_n,
    "beam": beam,
    "dvts": dvts,
    "depth_first": depth_first,
    "best_first": best_first,
    "mcts": mcts,
    "puct": puct,
    "lats": lats,
    "rap": rap,
    "gumbel": gumbel,
    "ab_mcts": ab_mcts,
    "walk": walk,
}


def algorithm(name: str, settings: Mapping[str, float] | None = None) -> Algorithm:
    """An algorithm with its settings. Raises ValueError: an unknown name or setting, or a setting of the wrong type."""
    if name not in ALGORITHMS:
        raise ValueError(f"unknown algorithm {name!r}; expected one of {', '.join(ALGORITHMS)}")
    known = {
        p.name: p.default for p in inspect.signature(ALGORITHMS[name]).parameters.values() if p.kind is p.KEYWORD_ONLY
    }
    for setting, value in (settings or {}).items():
        if setting not in known:
            raise ValueError(f"{name} has no setting {setting!r}; expected one of {', '.join(known)}")
        types, wanted = ((int, float), "a number") if isinstance(known[setting], float) else (int, "an integer")
        if not isinstance(value, types) or not 0 <= value < inf:
            raise ValueError(f"{name} {setting}={value!r}; expected {wanted} of at least 0")
    return partial(ALGORITHMS[name], **(settings or {}))
