"""The algorithms by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from forethought.common.pieces import find_piece
from forethought.common.settings import Setting, as_taken, settings_of
from forethought.search.ab_mcts import ab_mcts
from forethought.search.beam import beam
from forethought.search.best_first import best_first
from forethought.search.best_of_n import best_of_n
from forethought.search.depth_first import depth_first
from forethought.search.dvts import dvts
from forethought.search.engine.scheduling import Algorithm
from forethought.search.greedy import greedy
from forethought.search.gumbel import gumbel
from forethought.search.lats import lats
from forethought.search.look_ahead import look_ahead
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
    "look_ahead": look_ahead,
}


def find_algorithm(name: str) -> Callable[..., Search]:
    """A built-in algorithm, MODULE:NAME, or an algorithm of an installed package. Raises ValueError: it is none."""
    found: Callable[..., Search] = find_piece("algorithm", name, ALGORITHMS, no_algorithm)
    return found


def no_algorithm(found: Any) -> str | None:
    """The reason why an object is no algorithm."""
    if not inspect.isgeneratorfunction(found):
        return f"it is {type(found).__name__}; expected a generator function, def NAME(root, *, setting=1)"
    first, *others = inspect.signature(found).parameters.values()
    if first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        return "its first parameter must be the root"
    if loose := [p.name for p in others if p.kind is not p.KEYWORD_ONLY]:
        return f"its parameters {', '.join(loose)} must be keyword-only settings, behind a *"
    return None


def algorithm(name: str | Callable[..., Search], settings: Mapping[str, Setting] | None = None) -> Algorithm:
    """An algorithm with its settings. Raises ValueError: an unknown name or setting, or a setting of the wrong type."""
    function = find_algorithm(name) if isinstance(name, str) else name
    known = settings_of(function)
    for setting, value in (settings or {}).items():
        if setting not in known:
            raise ValueError(f"{function.__name__} has no setting {setting!r}; expected one of {', '.join(known)}")
        known[setting].check(f"{function.__name__} {setting}", value, 0 if function in ALGORITHMS.values() else None)
    return partial(function, **as_taken(settings or {}))
