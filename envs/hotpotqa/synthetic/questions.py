"""Questions about a block of the made encyclopedia, each of which needs two of its pages."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from forethought.common.random import Generator
from forethought.envs.hotpotqa.questions import Question
from forethought.envs.hotpotqa.synthetic.comparisons import comparisons
from forethought.envs.hotpotqa.synthetic.distractors import context
from forethought.envs.hotpotqa.synthetic.draft import Draft, Source
from forethought.envs.hotpotqa.synthetic.entity import Entity
from forethought.envs.hotpotqa.synthetic.question_check import Library, stands

MOST = 160  # questions of a block
SHARE = 4  # one in so many questions is a comparison


def ask(name: str, entities: Sequence[Entity], sentences: Sequence[Sequence[str]]) -> list[Question]:
    """All questions about a block that pass the check, best first: early ones differ in their things and facts."""
    rng = Generator(f"hotpotqa {name} questions")
    source = Source(rng, entities, Library(entities, sentences))
    bridges = varied(rng, [*chains(source), *crossings(source)])
    drafts, texts = [], set()
    for draft in mixed(bridges, comparisons(source)):
        if draft.text not in texts:
            texts.add(draft.text)
            drafts.append(draft)
        if len(drafts) == MOST:
            break
    return [question(rng, name, draft, entities) for draft in drafts]


def question(rng: Generator, name: str, draft: Draft, entities: Sequence[Entity]) -> Question:
    """A question from its draft, with the paragraphs given with it."""
    return Question(
        hashlib.sha256(f"{name} {draft.text}".encode()).hexdigest()[:24],
        draft.text,
        draft.answer,
        draft.kind,
        "hard",
        tuple((entity.title, place) for entity, place in draft.facts),
        context(rng, list(dict.fromkeys(entity for entity, _ in draft.facts)), entities),
    )


def chains(source: Source) -> Iterator[Draft]:
    """From a named thing to another one, and to a fact on its page: "When was the director of … born?" """
    for named in source.entities:
        for slot, phrases in named.kind.asks.items():
            found = source.stated(named, slot)
            if found is None:
                continue
            other = named.links[slot]
            for want, templates in other.kind.wants.items():
                draft = chain(source, named, found, other, want, phrases, templates)
                if draft:
                    yield draft


def chain(
    source: Source,
    named: Entity,
    found: int,
    other: Entity,
    want: str,
    phrases: Sequence[str],
    templates: Sequence[str],
) -> Draft | None:
    """A question over two pages: from a named entity through a second one to the answer."""
    place = source.stated(other, want)
    if place is None:
        return None
    text = source.ask(templates, B=source.phrase(phrases, named))
    answer = source.words(other, want)
    answers = [answer, *(other.links[want].names if want in other.links else ())]
    if not source.library.bridges(named, other, answers, text):
        return None
    shape = f"{named.kind.name} {other.kind.name} {want}"
    return Draft(text, answer, "bridge", ((named, found), (other, place)), shape)


def crossings(source: Source) -> Iterator[Draft]:
    """Two pages that lead to the same thing: "Which painter was born in the town where …?" """
    leading: dict[Entity, list[tuple[Entity, str, int]]] = {}
    for entity in source.entities:
        for slot in entity.kind.asks:
            place = source.stated(entity, slot)
            if place is not None:
                leading.setdefault(entity.links[slot], []).append((entity, slot, place))
    rivals = Counter((e.kind.name, slot, e.links[slot]) for e in source.entities for slot in e.kind.which)
    for wanted in source.entities:
        for slot in wanted.kind.which:
            shared, place = wanted.links[slot], source.stated(wanted, slot)
            if place is None or rivals[wanted.kind.name, slot, shared] > 1 or not source.alone(wanted):
                continue
            for named, way, found in leading.get(shared, ()):
                draft = crossing(source, named, (way, found), wanted, (slot, place))
                if draft:
                    yield draft


def crossing(source: Source, named: Entity, way: tuple[str, int], wanted: Entity, end: tuple[str, int]) -> Draft | None:
    """A question with two conditions, each on a page of its own; None where they do not fit."""
    if named is wanted or (named.kind is wanted.kind and way[0] == end[0]):
        return None
    templates = [one.replace("{noun}", wanted.kind.noun) for one in wanted.kind.which[end[0]]]
    text = source.ask(templates, T=source.phrase(named.kind.asks[way[0]], named))
    if not source.library.bridges(named, named.links[way[0]], wanted.names, text):
        return None
    facts = [(named, way[1]), (wanted, end[1])]
    sentences = source.library.sentences[source.library.place[wanted]]
    if not stands(wanted.base, sentences[end[1]]):
        if not stands(wanted.base, sentences[0]):
            return None
        facts.insert(1, (wanted, 0))  # the sentence that names the subject of the page
    return Draft(text, wanted.base, "bridge", tuple(facts), f"which {wanted.kind.name} {end[0]} {named.kind.name}")


def varied(rng: Generator, drafts: list[Draft]) -> list[Draft]:
    """The drafts in an order that delays repetitions of the named thing, the thing it leads to and the fact asked."""
    seen: Counter[object] = Counter()
    ranks = []
    drafts = rng.some(drafts, len(drafts))
    for place, draft in enumerate(drafts):
        keys = (draft.facts[0][0], draft.facts[-1][0], draft.shape)
        ranks.append((sum(seen[key] for key in keys), place))
        seen.update(keys)
    return [drafts[place] for _, place in sorted(ranks)]


def mixed(bridges: Sequence[Draft], compared: Sequence[Draft]) -> Iterator[Draft]:
    """Three bridges, one comparison, and so on while there are both; then nothing, so that the shares stay."""
    for turn in range(min(len(bridges) // (SHARE - 1), len(compared))):
        yield from bridges[turn * (SHARE - 1) : (turn + 1) * (SHARE - 1)]
        yield compared[turn]
