"""The words of the made shop: names, claims, options and prices of its kinds of products.

The files under catalogue/ hold them; to add a kind of product is to add a line there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

DEPARTMENTS = ("beauty", "electronics", "garden", "fashion", "grocery")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of products, and its wording in sentences."""

    label: str  # as the attribute list spells it: "easy clean"
    role: str  # how a sentence takes it: "is", "has", "no", "for" or "of"
    phrase: str  # as a person says it: "easy to clean"
    clauses: tuple[str, ...]  # whole clauses that say the same: "that cleans easily"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of options that a product can offer."""

    name: str  # "Size"
    ask: str  # people's word for it: "size"
    values: tuple[str, ...]
    run: bool  # neighbours are offered together, as clothes sizes are
    most: int  # values at once


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of product: everything that console tables have in common."""

    category: str
    query: str
    path: str  # "A › B › C › D"
    nouns: tuple[str, ...]
    who: str  # "Women's", or nothing
    price: tuple[float, float]  # dollars, cheapest and dearest
    attributes: tuple[Attribute, ...]
    groups: tuple[Group, ...]
    materials: tuple[str, ...]
    looks: tuple[str, ...]
    uses: tuple[str, ...]
    bullets: tuple[str, ...]  # templates "HEAD|sentence"
    sentences: tuple[str, ...]  # templates


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All kinds of products, their attributes, and the wording of texts."""

    departments: tuple[tuple[tuple[Kind, ...], ...], ...]  # [department][family][kind], frequent kinds first
    attributes: Mapping[str, Attribute]
    rivals: Mapping[str, frozenset[str]]  # attributes that no product has together, such as long and short sleeves
    wording: Mapping[str, Any]

    def kinds(self) -> list[Kind]:
        """All kinds of products, in one list."""
        return [kind for department in self.departments for family in department for kind in family]


def plural(noun: str) -> bool:
    """Whether a noun is a plural, by its end."""
    return noun.endswith("s") and not noun.endswith(("ss", "Glass", "Lens"))


def read(name: str) -> Any:
    """A file of the catalogue."""
    source = resources.files("forethought.envs.webshop.synthetic").joinpath("catalogue", f"{name}.json")
    return json.loads(source.read_text(encoding="utf-8"))


@cache
def vocabulary() -> Vocabulary:
    """All words of the made shop, read once a process."""
    known = read("attributes")
    together = known.pop("never together")
    attributes = {
        label: attribute(label, role, spelling) for role, labels in known.items() for label, spelling in labels.items()
    }
    rivals = {label: frozenset(other for set_ in together if label in set_ for other in set_) for label in attributes}
    groups = {
        title: Group(g["name"], g["ask"], tuple(g["values"]), g["run"], g["most"])
        for title, g in read("options").items()
    }
    departments = tuple(
        tuple(
            tuple(kind(name, family, given, attributes, groups) for given in family["kinds"])
            for family in read(name)["families"]
        )
        for name in DEPARTMENTS
    )
    return Vocabulary(departments, attributes, rivals, read("wording"))


def attribute(label: str, role: str, spelling: str) -> Attribute:
    """`spelling`: "phrase|clause|clause"; an empty phrase is the label itself."""
    phrase, *clauses = spelling.split("|")
    return Attribute(label, role, phrase or label, tuple(clauses))


def kind(
    category: str,
    family: Mapping[str, Any],
    given: Mapping[str, Any],
    attributes: Mapping[str, Attribute],
    groups: Mapping[str, Group],
) -> Kind:
    """One line of a department's file, completed by the entries of its family."""
    own = given.get("attributes", [])
    labels = dict.fromkeys([*own, *family["attributes"]])
    low, high = given["price"]
    return Kind(
        category,
        given["query"],
        f"{given.get('root', family['path'])} › {given['path']}",
        tuple(given["nouns"]),
        given.get("who", family.get("who", "")),
        (low, high),
        tuple(attributes[label] for label in [*own, *labels]),  # its own twice: they are its most frequent
        tuple(groups[title] for title in given.get("options", family["options"])),
        tuple(family["materials"]),
        tuple(family["looks"]),
        tuple(family["uses"]),
        tuple(family["bullets"]),
        tuple(family["sentences"]),
    )
