"""Model answers as they stand in the journal, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from forethought.search.protocols import FREE, Estimate, Proposal, Proposals, Reply, Usage

LOST = "lost"  # an entry of what was paid for answers that a failure has lost


def dump_usage(usage: Usage) -> Any:
    return 0 if usage is FREE else usage.counts


def load_usage(data: Any) -> Usage:
    return Usage(*data) if data else FREE


def dump_proposals(proposals: Sequence[Proposal]) -> Any:
    """`[[[action, prior], ...], usage]`, with the rationale third where there is one; usage 0 where free."""
    items = [(p.action, p.prior, p.rationale) if p.rationale else (p.action, p.prior) for p in proposals]
    return (items, dump_usage(usage_of(proposals)))


def load_proposals(data: Any) -> Proposals:
    items, usage = data
    return Proposals([Proposal(*item) for item in items], load_usage(usage))


def usage_of(proposals: Sequence[Proposal]) -> Usage:
    return proposals.usage if isinstance(proposals, Proposals) else FREE


def dump_estimate(estimate: Estimate) -> Any:
    """The bare value, or `[value, rationale, usage, parsed]`."""
    if not estimate.rationale and estimate.usage is FREE and estimate.parsed:
        return estimate.value
    return (estimate.value, estimate.rationale, dump_usage(estimate.usage), estimate.parsed)


def load_estimate(data: Any) -> Estimate:
    """Raises ValueError: a value outside [0, 1]; TypeError: no value at all."""
    if isinstance(data, list):
        value, rationale, usage, parsed = data
        check_value(value)
        return Estimate(value, rationale, load_usage(usage), parsed)
    check_value(data)
    return Estimate(data)


def dump_reply(reply: Reply) -> Any:
    return (reply.text, dump_usage(reply.usage))


def load_reply(data: Any) -> Reply:
    text, usage = data
    return Reply(text, load_usage(usage))


def check(answers: Iterable[Any]) -> None:
    """Raises ValueError: an answer that no search can use."""
    for answer in answers:
        if isinstance(answer, Estimate):
            check_value(answer.value)


def check_value(value: float) -> None:
    """Raises ValueError: a value outside [0, 1] (NaN is outside)."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"the value model answered {value!r}; a value lies in [0, 1]")


def paid(entries: Iterable[tuple[str, Any]]) -> Iterator[Usage]:
    """What journaled answers cost, those that were lost too. Raises TypeError, ValueError: one cannot be read."""
    for kind, answer in entries:
        if kind == LOST:
            yield load_usage(answer)
        elif kind in ("expand", "propose"):
            yield from (usage_of(load_proposals(part)) for part in answer)
        elif kind == "evaluate":
            yield from (load_estimate(part).usage for part in answer)
        elif kind in ("ask", "imagine"):
            yield from (load_reply(part).usage for part in answer)
