"""Policies: all admissible actions, random actions, the model's ranking of the actions, or the model's texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import exp

from forethought.agents.models.protocol import (
    LM,
    Completion,
    Request,
    Sampling,
    ScoreRequest,
    bound_of_completion,
    bound_of_score,
    unread,
)
from forethought.agents.prompts import Prompt
from forethought.agents.readers.action import is_of_a_kind, read_action
from forethought.common.random import Generator
from forethought.common.sums import plain_sum
from forethought.envs import is_template
from forethought.envs.simulator import direction, never_back
from forethought.search import Proposal, Proposals, Query, Usage
from forethought.search.estimates import NO_USAGE
from forethought.search.models import PromptRequest, is_remote
from forethought.search.node import Context

WORD = re.compile(r"[^\W_]+(?:['’&.,/-][^\W_]+)*")
SEPARATOR = "[SEP]"  # between the texts of a page; no word of it
LONGEST_FILLING = 4  # words


class AllActions:
    """Every admissible action with the same prior; a sample of `num_children`, by the seed, if there are more.

    Templates such as "search[<query>]" are no actions and are left out. Raises ValueError: there are only templates.
    """

    markov = True  # it reads the admissible actions

    def propose(self, queries: Sequence[Query]) -> list[list[Proposal]]:
        """The proposals for each query. Raises ValueError: a state with templates alone."""
        return [self._propose(query) for query in queries]

    def _propose(self, query: Query) -> list[Proposal]:
        actions = [action for action in query.actions if not is_template(action)]
        if query.actions and not actions:
            raise ValueError(
                f"here are only templates, {', '.join(query.actions)}, and the policy 'all' cannot fill them in; "
                "give one that writes: lm-text, rule, or random"
            )
        prior = 1 / len(actions) if actions else 0.0
        if query.num_children is not None and query.num_children < len(actions):
            return [Proposal(a, prior) for a in Generator(query.seed).ranked(actions, query.num_children)]
        return [Proposal(a, prior) for a in actions]


class RandomActions:
    """Admissible actions at random, all with the same probability, `num_children` at the most.

    The blank of a template such as "search[<query>]" is filled with one to four consecutive words of the opening or
    of the newest observation. All draws are made from the seed of the query.
    """

    def propose(self, queries: Sequence[Query]) -> list[list[Proposal]]:
        """The proposals for each query, in random order."""
        return [self._propose(query) for query in queries]

    def _propose(self, query: Query) -> list[Proposal]:
        rng, actions = Generator(query.seed), query.actions
        num_children = len(actions) if query.num_children is None else min(query.num_children, len(actions))
        drawn = rng.ranked(actions, num_children)
        filled = dict.fromkeys(fill_in(action, query.context, rng) for action in drawn)
        return [Proposal(action, 1 / len(actions)) for action in filled]


class ForwardActions:
    """The admissible actions that lead nowhere back, all with the same prior; a sample of `num_children`, by the seed.

    A family declares the actions that lead back (`leads_back`; in WebShop another search, back, previous, next, the
    parts of a product, a second choice of one option); a search without them ends. The blank of a template is filled
    as by `random`: with words of the opening or of the newest observation.
    """

    def propose(self, queries: Sequence[Query]) -> list[list[Proposal]]:
        """The proposals for each query."""
        return [self._propose(query) for query in queries]

    def _propose(self, query: Query) -> list[Proposal]:
        node, rng = query.node, Generator(query.seed)
        back = never_back if node.imagined else direction(node.world)
        forward = [action for action in query.actions if not back(node.state, action)]
        if query.num_children is not None and query.num_children < len(forward):
            forward = rng.ranked(forward, query.num_children)
        filled = dict.fromkeys(fill_in(action, query.context, rng) for action in forward)
        return [Proposal(action, 1 / len(forward)) for action in filled]


def fill_in(action: str, context: Context, rng: Generator) -> str:
    """The action with its blanks filled; an action without blanks is returned unchanged."""
    if not is_template(action):
        return action
    text = f"{context.opening} {context.observation if context.steps else ''}".replace(SEPARATOR, " ")
    words = WORD.findall(text) or ["x"]

    def filling() -> str:
        first = rng.below(len(words))
        return " ".join(words[first : first + 1 + rng.below(LONGEST_FILLING)])

    return action.fill(filling)


class LMRank:
    """The admissible actions, ranked by the model's probability of their texts; the prior is it, normalised.

    Templates such as "search[<query>]" cannot be ranked and are left out.
    """

    prompt_role = "propose"

    def __init__(self, lm: LM, prompt: Prompt) -> None:
        self.lm, self.prompt, self.markov, self.is_remote = lm, prompt, prompt.markov, is_remote(lm)

    def propose(self, queries: Sequence[Query]) -> list[Proposals]:
        """The ranked actions for each query, from one batch of the model."""
        asked = [self._request(query) for query in queries]
        scores = iter(self.lm.score([request for request in asked if request.continuations]))
        proposals = []
        for query, request in zip(queries, asked, strict=True):
            if not request.continuations:
                proposals.append(Proposals())
                continue
            score = next(scores)
            if score.refusal:
                proposals.append(Proposals((), score.usage + Usage(parse_failures=1, refused=1), score.refusal))
                continue
            top = max(score.log_probabilities)
            weights = [exp(lp - top) for lp in score.log_probabilities]
            ranked = sorted(zip(request.continuations, weights, strict=True), key=lambda pair: -pair[1])
            mass = plain_sum(weights)
            items = [Proposal(action, weight / mass) for action, weight in ranked]
            proposals.append(Proposals(items[: query.num_children], score.usage))
        return proposals

    def _request(self, query: Query) -> ScoreRequest:
        listed = tuple(action for action in query.actions if not is_template(action))
        return ScoreRequest(self.prompt.render(query), listed)

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage:
        """The highest possible usage of the scores of one query's actions."""
        assert isinstance(query, Query)
        request = self._request(query)
        return bound_of_score(self.lm, request) if request.continuations else NO_USAGE


def admissible(query: Query) -> tuple[str, ...]:
    """The actions in the family's spelling: those of the node, or of the last real node before an imagined one."""
    node = next(node for node in reversed(query.node.ancestors) if not node.imagined)
    try:
        return query.actions if node is query.node else node.world.actions(node.state)
    except TypeError:  # a foreign environment lists none
        return ()


class LMText:
    """The next actions in the model's own words, from several samples; the prior is the share of equal replies.

    Only the first line with an action counts, up to an "=" in families with results of moves, without the text that
    models put around an action (see `agents/readers/action.py`). A reply without an action is a parse failure. The
    rules decide whether an action is legal. The reasoning in front of an action is the proposal's rationale.

    Args:
        samples: Replies for each state.
        temperature: Temperature of the sampling; 0 takes the likeliest token.
        max_tokens: Most tokens of a reply.
    """

    prompt_role = "propose"

    def __init__(
        self, lm: LM, prompt: Prompt, *, samples: int = 5, temperature: float = 0.7, max_tokens: int = 32
    ) -> None:
        if samples < 1:
            raise ValueError(f"samples is {samples}; at least one proposal must be written")
        self.lm, self.prompt, self.samples = lm, prompt, samples
        self.markov, self.is_remote = prompt.markov, is_remote(lm)
        stop = ("\n", "=") if prompt.name.startswith("game24/") else ("\n",)
        self.sampling = Sampling(temperature, max_tokens, stop)

    def propose(self, queries: Sequence[Query]) -> list[Proposals]:
        """The distinct actions of the replies for each query, the most frequent first, from one batch of the model."""
        asked = [request for query in queries for request in self._requests(query)]
        replies = iter(self.lm.complete(asked))
        return [self._read([next(replies) for _ in range(self.samples)], query) for query in queries]

    def _requests(self, query: Query) -> list[Request]:
        prompt, seed = self.prompt.render(query), query.seed
        return [Request(prompt, self.sampling, seed + k) for k in range(self.samples)]

    def _read(self, replies: list[Completion], query: Query) -> Proposals:
        actions = admissible(query)
        written = [read_action(reply.text, actions, query.canonical) for reply in replies]
        texts = [query.canonical(found.action) if found.action else "" for found in written]
        counted = Counter(text for text in texts if text).most_common(query.num_children)
        reasons = dict[str, str]()
        for text, reply, found in zip(texts, replies, written, strict=True):
            reasons.setdefault(text, "\n\n".join(filter(None, (reply.rationale, found.thought))))
        usage = sum((reply.usage for reply in replies), NO_USAGE)
        lost = (reply for reply, text in zip(replies, texts, strict=True) if not (text and is_of_a_kind(text, actions)))
        usage += sum(map(unread, lost), NO_USAGE)
        refusal = "" if counted else next((reply.refusal for reply in replies if reply.refusal), "")
        proposals = [Proposal(text, count / self.samples, reasons[text]) for text, count in counted]
        return Proposals(proposals, usage, refusal)

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage:
        """The highest possible usage of the samples of one query."""
        assert isinstance(query, Query)
        return sum((bound_of_completion(self.lm, request) for request in self._requests(query)), NO_USAGE)
