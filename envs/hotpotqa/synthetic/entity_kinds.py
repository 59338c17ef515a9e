"""The kinds of things that the made encyclopedia tells of, and how it tells of them.

The files under catalogue/ hold them; to add a kind is to add an entry there. A kind links only to kinds that come
before it, so a page is never mentioned by those that it leads to, save for a few later lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any, NamedTuple

from forethought.common.random import Generator

FILES = ("places", "people", "groups", "moderns", "works", "things")
Draw = Callable[[Generator, int], str]  # a value, given the year of the thing
MERGED = ("values", "links", "asks", "wants", "which")


class Template(NamedTuple):
    """A sentence with slots."""

    text: str
    slots: frozenset[str]


class Year(NamedTuple):
    """A range of years, `first` to `last`, counted from the year of the thing behind `link`, if it names a link."""

    link: str
    first: int
    last: int


class Also(NamedTuple):
    """Another name: how often there is one, how it is made, and how the first sentence brings it in."""

    share: float
    name: str
    wording: str


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of entity: its names, links, facts and sentences."""

    name: str
    noun: str
    mark: str  # the text in brackets behind a title that two things share
    family: frozenset[str]  # its own name and the names of the kinds it is based on
    share: float  # of these in a block of 100 pages, about
    least: int
    most: int
    titles: tuple[str, ...]  # the first holds a name that is always new
    year: Year | None
    values: tuple[tuple[str, Draw], ...]
    links: tuple[tuple[str, tuple[str, ...]], ...]  # a slot, and the kinds that it may lead to
    late: tuple[tuple[str, str], ...]  # links to later things: a kind, or "~" and the link that leads here
    after: tuple[str, ...]  # links to things that must be older
    twin: str  # the kind with which it sometimes shares a title
    twinned: str  # the link that then leads to the twin
    twins: float
    also: tuple[Also, ...]
    leads: tuple[Template, ...]
    says: tuple[tuple[Template, ...], ...]  # each group says about the same in several ways
    later: tuple[tuple[str, tuple[Template, ...]], ...]
    asks: Mapping[str, tuple[str, ...]]  # a link, and phrases for the thing that it leads to
    wants: Mapping[str, tuple[str, ...]]  # a slot, and the questions for it
    which: Mapping[str, tuple[str, ...]]  # a link, and the questions for the thing that has it


@cache
def read(name: str) -> Any:
    """A file of the catalogue."""
    source = resources.files("forethought.envs.hotpotqa.synthetic").joinpath("catalogue", f"{name}.json")
    return json.loads(source.read_text(encoding="utf-8"))


@cache
def kinds() -> tuple[Kind, ...]:
    """All kinds, in the order in which a block makes them; read once a process."""
    known: dict[str, dict[str, Any]] = {}
    for file in FILES:
        for name, given in read(file).items():
            known[name] = based(name, given, known)
    return tuple(kind(name, given) for name, given in known.items() if not given.get("abstract"))


def based(name: str, given: dict[str, Any], known: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """An entry, completed by that which it is based on."""
    base = known[given["base"]] if "base" in given else {}
    whole: dict[str, Any] = {**{key: base[key] for key in ("year",) if key in base}, **given}
    for key in MERGED:
        whole[key] = {**base.get(key, {}), **given.get(key, {})}
    whole["says"] = [*base.get("says", []), *given.get("says", [])]
    whole["family"] = [*base.get("family", []), name]
    return whole


def kind(name: str, given: Mapping[str, Any]) -> Kind:
    """A kind from its entry in the catalogue."""
    return Kind(
        name,
        given["noun"],
        given.get("mark", given["noun"]),
        frozenset(given["family"]),
        given["share"],
        given.get("least", 1),
        given.get("most", 10**9),
        tuple(given.get("titles", ())),
        read_year(given["year"]) if "year" in given else None,
        tuple((slot, drawing(spec)) for slot, spec in given["values"].items()),
        tuple((slot, tuple(targets.split("|"))) for slot, targets in given["links"].items()),
        tuple(given.get("late", {}).items()),
        tuple(given.get("after", ())),
        given.get("twin", ""),
        given.get("twinned", ""),
        given.get("twins", 0.0),
        tuple(Also(*one) for one in given.get("also", ())),
        tuple(map(template, given["lead"])),
        tuple(tuple(map(template, group)) for group in given["says"]),
        tuple((slot, tuple(map(template, group))) for slot, group in given.get("later", {}).items()),
        {slot: tuple(phrases) for slot, phrases in given["asks"].items()},
        {slot: tuple(phrases) for slot, phrases in given["wants"].items()},
        {slot: tuple(phrases) for slot, phrases in given["which"].items()},
    )


def template(text: str) -> Template:
    """A sentence with the names of its slots."""
    slots = frozenset(slot for _, slot, _, _ in Formatter().parse(text) if slot)
    return Template(text, slots | {"born", "died"} if "life" in slots else slots)


def read_year(text: str) -> Year:
    """ "1915..1955" or "founder+25..45"."""
    found = re.fullmatch(r"(?:(\w+)\+)?(\d+)\.\.(\d+)", text)
    assert found, text
    return Year(found[1] or "", int(found[2]), int(found[3]))


def drawing(spec: list[str] | str) -> Draw:
    """A list of texts; "1200..9000/10" in steps of ten, with " year" for years; "+3..9" years after the thing's own."""
    if isinstance(spec, list):
        options = tuple(spec)
        return lambda rng, year: options[int(rng.random() * len(options))]
    if spec.startswith("+"):
        first, last = map(int, spec[1:].split(".."))
        return lambda rng, year: str(year + rng.between(first, last))
    found = re.fullmatch(r"(\d+)\.\.(\d+)/(\d+)( year)?", spec)
    assert found, spec
    low, step = int(found[1]), int(found[3])
    steps = (int(found[2]) - low) // step + 1
    if found[4]:
        return lambda rng, year: str(low + step * int(rng.random() * steps))
    return lambda rng, year: f"{low + step * int(rng.random() * steps):,}"
