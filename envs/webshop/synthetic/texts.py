"""The texts of a made product: its title, its bullets and its description."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from forethought.common.random import Generator
from forethought.envs.webshop.synthetic.vocabulary import Attribute, Kind, plural, vocabulary

EXTRAS = (0.12, 0.45, 0.78)  # share of bullets with 0, 1, 2 more sentences, summed up; the rest has 3
SHORT = {"Usb": "USB", "Led": "LED", "Hd": "HD", "Fm": "FM", "Bpa": "BPA", "Gmo": "GMO", "Spf": "SPF", "Usda": "USDA"}
MARKS = ("{}: {} ", "【{}】{} ", "{} - {} ", "✔{}: {} ", "★ {} - {} ", "[{}] {} ", "{}: {}")
SEPARATORS = (", ", ", ", ", ", " - ", " | ", " ", " – ")


@dataclass(slots=True)
class Facts:
    """The facts that all texts about one product share."""

    kind: Kind
    brand: str
    noun: str  # "Console Table"
    material: str
    look: str
    uses: list[str]
    attributes: list[Attribute]
    values: list[str]  # the value of each option group that the title names
    words: dict[str, str]  # the fillings of the templates' slots


def words_for(
    rng: Generator, brand: str, noun: str, material: str, look: str, use: str, values: list[str]
) -> dict[str, str]:
    """The fillings of the templates' slots."""
    many = plural(noun)
    return {
        "brand": brand,
        "noun": noun.lower(),
        "material": material,
        "look": look.lower(),
        "use": use.lower(),
        "values": ", ".join(values) or "one style",
        "count": str(rng.between(12, 40)),
        "This": "These" if many else "This",
        "this": "these" if many else "this",
        "is": "are" if many else "is",
        "it": "they" if many else "it",
        "them": "them" if many else "it",
    }


@cache
def headed(label: str) -> str:
    """ "Easy Clean", "USB Port"."""
    return " ".join(SHORT.get(word, word) for word in label.title().split(" "))


def about(facts: Facts, attribute: Attribute) -> dict[str, str]:
    """The slots, with those of one attribute; the seller says "your skin" where a customer says "my skin"."""
    phrase = attribute.phrase
    if phrase.startswith("my "):
        phrase = "your" + phrase[2:]
    return {**facts.words, "Label": headed(attribute.label), "label": attribute.label, "phrase": phrase}


def title(rng: Generator, facts: Facts, told: Sequence[Attribute]) -> str:
    """A title in the style of a marketplace; the attributes in `told` all stand in it."""
    kind = facts.kind
    called = f"{kind.who} {facts.noun}" if kind.who and rng.happens(0.8) else facts.noun
    if rng.happens(0.06):  # some sellers say next to nothing
        short = f"{facts.brand} {called}" if rng.happens(0.7) else f"{facts.look} {called}"
        return ", ".join([short, *(headed(attribute.label) for attribute in told)])
    start = [facts.brand] if rng.happens(0.72) else []
    if rng.happens(0.6):
        start.append(facts.look)
    if rng.happens(0.5):
        start.append(facts.material)
    parts = [" ".join([*start, called])]
    extras = [headed(attribute.label) for attribute in told]
    room = 45 + 145 * rng.random() - len(parts[0]) - sum(map(len, extras))
    for extra in offered(rng, facts):
        if room < len(extra):
            break
        room -= len(extra) + 2
        extras.append(extra)
    parts += rng.some(extras, len(extras))
    text = rng.pick(SEPARATORS).join(parts)
    for value in facts.values:
        if rng.happens(0.35):
            text += f" ({value})" if rng.happens(0.4) else f", {value}"
    return text


def offered(rng: Generator, facts: Facts) -> list[str]:
    """Further parts that a title can hold, best first."""
    found = ["for " + " and ".join(filter(None, (", ".join(facts.uses[:-1]), facts.uses[-1])))]
    other = rng.pick(facts.kind.nouns)
    if other != facts.noun:
        found.append(f"{rng.pick(facts.kind.looks)} {other}")
    return found + rng.some(vocabulary().wording["bonuses"], 2)


def bullet(rng: Generator, mark: str, template: str, slots: dict[str, str]) -> str:
    """A bullet of a product page."""
    head, _, body = template.partition("|")
    text = body.format_map(slots)
    more = bisect(EXTRAS, rng.random())
    for template in rng.some(vocabulary().wording["general"], more):
        text += " " + template.format_map(slots)
    if rng.happens(0.15):
        return text + " "
    return mark.format(head.format_map(slots).upper(), text)


def bullets(rng: Generator, facts: Facts, told: Sequence[Attribute]) -> list[str]:
    """Zero to seven bullets, a few of them empty, that mention the attributes in `told`."""
    claims = vocabulary().wording["claims"]
    mark = rng.pick(MARKS)
    made = [bullet(rng, mark, rng.pick(claims[one.role]), about(facts, one)) for one in told[:7]]
    roll = rng.random()
    count = 5 if roll < 0.6 else (1, 7, 4, 6, 3, 2, 0, 7)[int((roll - 0.6) * 20)]
    for template in rng.some(facts.kind.bullets, count - len(made)) if count > len(made) else ():
        made.append(bullet(rng, mark, template, facts.words))
    for place in range(len(made)):
        if place >= len(told) and rng.happens(0.025):
            made[place] = ""
    return rng.some(made, len(made))


def description(rng: Generator, facts: Facts, told: Sequence[Attribute]) -> str:
    """A text of up to about 2,000 characters that mentions the attributes in `told`; empty for 30%."""
    wording = vocabulary().wording
    made: list[str] = [rng.pick(wording["mentions"][one.role]).format_map(about(facts, one)) for one in told]
    if not made and rng.happens(0.42):
        return ""
    room = 120 + 1900 * rng.low()
    kind = facts.kind
    pool = rng.some(kind.sentences, len(kind.sentences))
    if room > 400:
        pool += [text.partition("|")[2] for text in rng.some(kind.bullets, 4)] + rng.some(wording["general"], 24)
    for template in pool:
        if room < 0:
            break
        made.append(template.format_map(facts.words))
        room -= len(made[-1])
    if rng.happens(0.3):
        made.insert(0, rng.pick(wording["openings"]).format_map(facts.words))
    style = rng.random()
    if style < 0.06:
        return "<b>" + made[0] + "</b><br>" + "<br>".join(made[1:])
    text = ("" if style < 0.25 else " ").join(made)  # shops lose the line breaks of their sellers
    return text.replace(" and ", " &amp; ", 2) if style > 0.93 else text
