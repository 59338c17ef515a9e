"""Model answers as they stand in the journal, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from numbers import Real
from typing import Any

from forethought.search.estimates import NO_USAGE, Estimate, Proposal, Proposals, Reply, Usage

LOST = "lost"  # an entry with the usage of answers that a failure has lost
PART = "part"  # an entry of the good answers of a request that failed: [kind, [[place, answer], ...]]


def dump_usage(usage: Usage) -> Any:
    """0 where nothing was paid, else the counts in the order of the fields, without the zeros at their end."""
    if usage is NO_USAGE:
        return 0
    counts = usage.counts
    while len(counts) > 1 and not counts[-1]:
        counts = counts[:-1]
    return counts


def load_usage(data: Any) -> Usage:
    """The usage of its JSON; see `dump_usage`."""
    return Usage(*data) if data else NO_USAGE


def dump_proposals(proposals: Sequence[Proposal]) -> Any:
    """`[[[action, prior], ...], usage]`; a rationale is a third part of its item, a refusal a third part of the whole.

    Usage is 0 where nothing was paid.
    """
    items = [(p.action, p.prior, p.rationale) if p.rationale else (p.action, p.prior) for p in proposals]
    return (items, dump_usage(usage_of(proposals)), *refusal_of(proposals))


def load_proposals(data: Any) -> Proposals:
    """Proposals from their JSON; see `dump_proposals`."""
    items, usage, *rest = data
    return Proposals([Proposal(*item) for item in items], load_usage(usage), load_refusal(rest))


def refusal_of(answer: Any) -> tuple[str, ...]:
    """The refusal of an answer, as the last part of its entry; nothing where there is none."""
    refusal = getattr(answer, "refusal", "")
    return (refusal,) if refusal else ()


def load_refusal(rest: Sequence[Any]) -> str:
    """Raises ValueError: more than one part, or no text."""
    if len(rest) > 1 or not all(isinstance(part, str) for part in rest):
        raise ValueError(f"expected a refusal as the last part, found {rest!r:.80}")
    return rest[0] if rest else ""


def usage_of(proposals: Sequence[Proposal]) -> Usage:
    """The usage of a policy's answer; a plain list is free."""
    return proposals.usage if isinstance(proposals, Proposals) else NO_USAGE


def dump_estimate(estimate: Estimate) -> Any:
    """The bare value, or `[value, rationale, usage, parsed]`, and the refusal last where there is one."""
    if not estimate.rationale and estimate.usage is NO_USAGE and estimate.parsed:
        return estimate.value
    return (estimate.value, estimate.rationale, dump_usage(estimate.usage), estimate.parsed, *refusal_of(estimate))


def load_estimate(data: Any) -> Estimate:
    """Raises ValueError, TypeError: a value outside [0, 1], or none at all."""
    if isinstance(data, list):
        value, rationale, usage, parsed, *rest = data
        return Estimate(check_value(value), rationale, load_usage(usage), parsed, load_refusal(rest))
    return Estimate(check_value(data))


def dump_reply(reply: Reply) -> Any:
    """`[text, usage]`, and the refusal last where there is one."""
    return (reply.text, dump_usage(reply.usage), *refusal_of(reply))


def load_reply(data: Any) -> Reply:
    """A reply from its JSON; see `dump_reply`."""
    text, usage, *rest = data
    return Reply(text, load_usage(usage), load_refusal(rest))


def bills_of_proposals(answers: Iterable[Any]) -> list[Usage]:
    """The usage of each answer that was paid. Raises TypeError: an answer is no list of proposals."""
    bills = []
    for proposals in answers:
        if isinstance(proposals, Proposals):
            if proposals.usage is not NO_USAGE:
                bills.append(proposals.usage)
        elif not isinstance(proposals, list | tuple):
            raise TypeError(
                f"the policy answered {proposals!r:.80} to a query; expected a list, as in [Proposal('an action')]"
            )
    return bills


def bills_of_estimates(answers: Iterable[Any]) -> list[Usage]:
    """The usage of each answer that was paid. Raises TypeError: an answer is no estimate."""
    bills = []
    for estimate in answers:
        if not isinstance(estimate, Estimate):
            raise TypeError(f"the value model answered {estimate!r:.80} to a query; expected an Estimate(0.5)")
        if estimate.usage is not NO_USAGE:
            bills.append(estimate.usage)
    return bills


def bills_of_replies(answers: Iterable[Any]) -> list[Usage]:
    """The usage of each answer that was paid. Raises TypeError: an answer is no reply."""
    bills = []
    for reply in answers:
        if not isinstance(reply, Reply):
            raise TypeError(f"the responder answered {reply!r:.80} to a prompt; expected a Reply('a text')")
        if reply.usage is not NO_USAGE:
            bills.append(reply.usage)
    return bills


def check_proposals(answers: Iterable[Sequence[Proposal]]) -> None:
    """Raises ValueError, TypeError: a proposal that no search can use. Priors of other libraries become Python's."""
    for proposals in answers:
        for proposal in proposals:
            # The common case first: each proposal of each answer comes through here.
            if (
                type(proposal) is Proposal
                and type(proposal.action) is type(proposal.rationale) is str
                and type(proposal.prior) is float
                and 0.0 <= proposal.prior < inf
            ):
                continue
            check_proposal(proposal)


def check_estimates(answers: Iterable[Estimate]) -> None:
    """Raises ValueError, TypeError: an estimate that no search can use. Values of other libraries become Python's."""
    for answer in answers:
        value = answer.value
        if not (type(value) is float and 0.0 <= value <= 1.0):
            answer.value = check_value(value)
        if not (isinstance(answer.rationale, str) and isinstance(answer.refusal, str)):
            raise no_text(answer)


def check_replies(answers: Iterable[Reply]) -> None:
    """Raises TypeError: a reply that is no text."""
    for answer in answers:
        if not (isinstance(answer.text, str) and isinstance(answer.refusal, str)):
            raise no_text(answer)


def no_text(answer: Estimate | Reply) -> TypeError:
    """The error about an answer with a part that is no text."""
    return TypeError(f"a model answered {answer!r:.120}; a reply, a rationale and a refusal are texts")


def check_value(value: Any) -> float:
    """Raises ValueError: no number, or one outside [0, 1] (NaN is outside)."""
    number = plain(value)
    if number is None or not 0.0 <= number <= 1.0:
        raise ValueError(f"the value model answered {value!r:.60}; a value is a number in [0, 1]")
    return number


def check_proposal(proposal: Proposal) -> None:
    """Raises TypeError: no proposal. ValueError: an action or rationale that is no text, a prior that is no weight."""
    if not isinstance(proposal, Proposal):
        raise TypeError(f"the policy proposed {proposal!r:.80}; expected a Proposal, as in Proposal('an action')")
    if not (isinstance(proposal.action, str) and isinstance(proposal.rationale, str)):
        raise ValueError(f"the policy proposed {proposal!r:.80}; an action and its rationale are texts")
    prior = plain(proposal.prior)
    if prior is None or not 0.0 <= prior < inf:
        raise ValueError(f"the policy proposed {proposal!r:.80}; a prior is a finite number of 0 or more")
    proposal.prior = prior


def plain(number: Any) -> float | None:
    """A number as Python has it; None where it is none."""
    if type(number) is float or type(number) is int:
        return number
    return float(number) if isinstance(number, Real) else None


def check_usage(usage: Usage) -> None:
    """Raises TypeError: no usage. ValueError: counts that nothing can have cost."""
    if usage is NO_USAGE:
        return
    if not isinstance(usage, Usage):
        raise TypeError(f"an answer's bill is {usage!r:.80}; expected a Usage, as in Usage(calls=1, prompt=50)")
    if any(type(count) is not int or count < 0 for count in usage.counts) or usage.cached > usage.prompt:
        raise ValueError(
            f"an answer's bill is {usage!r:.120}; counts are Python integers of 0 or more, `cached` a part of `prompt`"
        )


def paid(entries: Iterable[tuple[str, Any, str]]) -> Iterator[Usage]:
    """The usages of journaled answers, lost answers included. Raises TypeError, ValueError: an entry is damaged."""
    for kind, answer, _ in entries:
        if kind == LOST:
            yield load_usage(answer)
        elif kind == PART:
            of, parts = answer
            yield from bills_of(of, [part for _, part in parts])
        else:
            yield from bills_of(kind, answer)


def bills_of(kind: str, answer: Any) -> Iterator[Usage]:
    """The usages of the answers of one journal entry."""
    if kind in ("expand", "propose"):
        yield from (usage_of(load_proposals(part)) for part in answer)
    elif kind == "evaluate":
        yield from (load_estimate(part).usage for part in answer)
    elif kind in ("ask", "imagine"):
        yield from (load_reply(part).usage for part in answer)
