"""The instructions of the made shop: the synthetic ones and the human-like ones.

A human-like instruction hides a target, some attributes and option values, and mentions each of them: before the noun,
behind it, or in a sentence of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from forethought.common.random import Generator
from forethought.envs.webshop.synthetic.vocabulary import Attribute, vocabulary

ROLES = ("is", "of", "has", "no", "for")  # in the order of a synthetic instruction
VALUE = "{value}"
AN = re.compile(r"(?!us|uni|eu|one)[aeiou]|hdmi|led|rca|8|11\b|18\b|x-|fm|av\b")
CODE = re.compile(r"^(?:[a-z]?\d{0,3}[- ]|#?\d+[a-z/\d.]* )(?=[a-z]{3})")  # "a-black", "#4 medium brown"
PACK = re.compile(r"pack|count|dozen|set of|piece|tier|\bram\b")
SLOTS = re.compile(r"[a-z']+")


def displayed(value: str) -> str:
    """An option value as the shop's pages show it."""
    return value.strip().replace("/", " | ").lower()


def spoken(rng: Generator, ask: str, value: str) -> str:
    """A displayed option value as people type it: no codes, no signs."""
    text = value
    if ask == "color" and rng.happens(0.5):
        text = CODE.sub("", text)
    text = text.replace(" | ", " and " if rng.happens(0.4) and not any(map(str.isdigit, text)) else "/")
    if '"' in text and "'" not in text and rng.happens(0.6):
        text = text.replace('"', "") + " inch"
    if "(" in text and rng.happens(0.5):
        text = text.replace(" (", ", ").replace(")", "")
    if not text.isascii() and rng.happens(0.5):
        text = text.replace("é", "e").replace("è", "e").replace("ñ", "n").replace("×", "x")
    return " ".join(text.split())


def named(one: Attribute) -> str:
    """The name of an attribute in an instruction, such as "no sugar"."""
    return f"no {one.label}" if one.role == "no" else one.label


def synthetic(query: str, attributes: Sequence[Attribute]) -> str:
    """ "Find me {a1}, {a2} {query} made of {a3} with {a4} for {a5}"."""
    labels = {role: ", ".join(named(a) for a in attributes if a.role == role) for role in ROLES}
    text = f"Find me {labels['is']} {query}" if labels["is"] else f"Find me {query}"
    held = ", ".join(filter(None, (labels["of"], labels["has"], labels["no"])))
    if held:
        text += f" with {held}"
    return f"{text} for {labels['for']}" if labels["for"] else text


class Mentions:
    """The places of a sentence, while the hidden target is spread over them."""

    def __init__(self, rng: Generator, wishes_fit: bool) -> None:
        self.rng = rng
        self.wishes_fit = wishes_fit
        self.front: list[str] = []
        self.back: list[str] = []
        self.wishes: list[str] = []

    def attribute(self, one: Attribute) -> None:
        """Place an attribute in the sentence."""
        rng, roll = self.rng, self.rng.random()
        wording = vocabulary().wording
        if one.role in ("is", "of") and roll < 0.55 and len(self.front) < 2:
            self.front.append(one.phrase if one.role == "is" else one.label)
        elif self.wishes_fit and roll > 0.78:
            self.wishes.append(rng.pick(wording["wishes"][one.role]).replace("{phrase}", one.phrase))
        elif one.clauses and rng.happens(0.45):
            self.back.append(rng.pick(one.clauses))
        else:
            behind = {"is": "that is", "has": "with", "no": "with", "for": "for", "of": "made of"}[one.role]
            self.back.append(f"{behind} {one.phrase}")

    def option(self, ask: str, value: str) -> None:
        """Place a chosen option in the sentence."""
        rng, roll = self.rng, self.rng.random()
        wording = vocabulary().wording
        text = spoken(rng, ask, value)
        manner = "pack" if ask == "size" and PACK.search(value) else ask
        fronts = wording["fronts"].get(manner, ())
        if fronts and roll < 0.4 and len(self.front) < 3 and len(text) < 22:
            self.front.insert(0, rng.pick(fronts).replace(VALUE, text))
        elif self.wishes_fit and roll > 0.6:
            self.wishes.append(rng.pick(wording["wishes"][manner]).replace(VALUE, text))
        else:
            self.back.append(rng.pick(wording["backs"][manner]).replace(VALUE, text))


def asked(rng: Generator, noun: str, many: str, attributes: Sequence[Attribute], options: Mapping[str, str]) -> str:
    """An instruction as a person might type it.

    `many` is the noun's count: "a", "some" or "a pair of". `options` maps people's word for a group to the displayed
    value that they want.
    """
    wording = vocabulary().wording
    template: str = rng.pick(wording["people"])
    places = Mentions(rng, "{also}" in template)
    for one in rng.some(attributes, len(attributes)):
        places.attribute(one)
    for ask, value in options.items():
        places.option(ask, value)
    if rng.happens(0.18):
        template = slipped(rng, template, wording["slips"])
    inner = f"{', '.join(places.front) if rng.happens(0.3) else ' '.join(places.front)} {noun}".strip()
    article = "an" if many == "a" and AN.match(inner) else many
    back = listed(rng, places.back)
    if many != "a" and noun.endswith("s"):
        back = (
            back.replace("that is ", "that are ")
            .replace("that closes ", "that close ")
            .replace("that has ", "that have ")
        )
    text = template.replace("{np}", f"{article} {inner}").replace("{back}", f" {back}" if back else "")
    text = text.replace("{also}", sentences(rng, places.wishes, many))
    return punctuated(rng, text.strip(" ,"))


def listed(rng: Generator, phrases: Sequence[str]) -> str:
    """Phrases in one list, with commas and "and"."""
    if len(phrases) < 2:
        return "".join(phrases)
    return ", ".join(phrases[:-1]) + (" and " if rng.happens(0.7) else ", ") + phrases[-1]


def sentences(rng: Generator, wishes: Sequence[str], many: str) -> str:
    """Wishes as sentences of their own."""
    text = ""
    for wish in wishes:
        if many != "a":
            wish = (
                wish.replace("it is", "they are").replace("it has ", "they have ").replace("it should", "they should")
            )
        text += (rng.pick(vocabulary().wording["joins"]) if text else "") + wish
    return text + "." if text and rng.happens(0.7) else text


def slipped(rng: Generator, template: str, slips: Mapping[str, Sequence[str]]) -> str:
    """The template with one word mistyped; the fillings of its slots stay as they are."""
    places = [found for found in SLOTS.finditer(template) if found.group() in slips]
    if not places:
        return template
    place = rng.pick(places)
    return template[: place.start()] + rng.pick(slips[place.group()]) + template[place.end() :]


def punctuated(rng: Generator, text: str) -> str:
    """Most people end with a stop and some do not; a few begin with a capital letter."""
    roll = rng.random()
    if roll < 0.25:
        text = text.rstrip(".")
    elif roll > 0.96:
        text = text[0].upper() + text[1:]
    return text.replace(" i ", " I ") if roll > 0.98 else text
