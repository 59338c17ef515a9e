"""The rules of a reader with a question: the value of a position in HotpotQA, and the next actions.

They read the context and the admissible actions, as any model does. The reader opens the names in the question,
follows names in sentences with most of its other words, and answers with the text of the wanted kind nearest to these
words; or compares two pages (Yang et al. 2018, arXiv:1809.09600, has both sorts of questions).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forethought.agents.heuristics.hotpotqa.answers import Candidate, candidates
from forethought.agents.heuristics.hotpotqa.comparisons import COMPARING, both_open, compared, shared_answers
from forethought.agents.heuristics.hotpotqa.leads import leads
from forethought.agents.heuristics.hotpotqa.walk import Walk, evidence, follow, plain
from forethought.search import Proposal, Query
from forethought.search.node import Context

PATIENCE = 6  # steps; the seventh has to be the answer
STEP = 0.98  # factor of a value for each remaining step
COVERED, JOINED, SUPPORT = 0.5, 0.15, 0.35  # weights of explained words, of a link between pages, of the answer
HOPE = 0.3  # the part of the unexplained share that all steps may explain
PROVED = 0.15  # the part of an answer's score for a page that explains the question
ENOUGH = 0.35  # a search that promises less waits until after the answer
ANSWERS = 3  # that are proposed
FINISHED = 2  # the place, from 0, where an answer is proposed at the latest


def answers(walk: Walk) -> list[Candidate]:
    """All possible answers, best first; there is always one."""
    if walk.asked.kind in COMPARING:
        return compared(walk)
    proof = evidence(walk).pages
    found: dict[str, float] = {}
    for page in walk.pages.values():
        for score, text in candidates(walk.asked, page):
            score = (1 - PROVED) * score + PROVED * (page in proof)
            found[text] = max(score, found.get(text, 0.0))
    for score, text in shared_answers(walk):
        found[text] = max(score, found.get(text, 0.0))
    ranked = sorted(found.items(), key=lambda one: -one[1])
    return [Candidate(score, text) for text, score in ranked] or [Candidate(0.0, (*walk.asked.names, "unknown")[0])]


def hotpotqa_value(context: Context) -> float:
    """The value of a position, in [0, 1]: the explained part of the question, and the fit of an answer."""
    walk = follow(context)
    if walk.answer is not None and not walk.answer.strip():
        return 0.0
    ranked = answers(walk)
    if walk.answer is None:
        return STEP * hoped(walk, worth(walk, ranked[0].score))
    return worth(walk, next((score for score, text in ranked if plain(text) == plain(walk.answer)), 0.0))


def worth(walk: Walk, support: float) -> float:
    """The value of a position, in [0, 1]: the evidence read so far, and the support of its answer."""
    proof = evidence(walk)
    return min(1.0, COVERED * proof.covered + JOINED * proof.joined + SUPPORT * support)


def hoped(walk: Walk, now: float) -> float:
    """The value that the remaining steps may reach; more reading costs nothing before the last step."""
    if walk.asked.kind in COMPARING and both_open(walk):
        return now
    return now + HOPE * (1 - now) * max(0, PATIENCE - walk.steps) / PATIENCE


def hotpotqa_proposals(query: Query) -> list[Proposal]:
    """The actions of the rules, best first, each with half the prior of the one before."""
    walk = follow(query.context)
    if walk.answer is not None:
        return []
    found = list(dict.fromkeys(moves(walk, query.actions)))
    kept = found[: query.num_children]
    if walk.pages and len(kept) > FINISHED and not any(is_finish(move) for move in kept):
        kept[FINISHED] = next(filter(is_finish, found))
    whole = 2 - 0.5 ** (len(kept) - 1)
    return [Proposal(action, 0.5**place / whole) for place, action in enumerate(kept)]


def is_finish(move: str) -> bool:
    """Whether an action ends the episode."""
    return move.startswith("finish[")


def moves(walk: Walk, actions: Sequence[str]) -> Iterator[str]:
    """The actions of the rules, best first: strong leads, answers, weak leads."""
    further = leads(walk, actions) if walk.steps < PATIENCE else []
    yield from (move for promise, move in further if promise >= ENOUGH)
    yield from (f"finish[{candidate.text}]" for candidate in answers(walk)[:ANSWERS])
    yield from (move for promise, move in further if promise < ENOUGH)
