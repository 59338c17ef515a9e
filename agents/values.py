"""A language model as a value: by the probabilities of score tokens, or by a rationale and a score in text."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from statistics import mean

from forethought.agents.models.protocol import (
    LM,
    Completion,
    Headed,
    Request,
    Sampling,
    ScoreRequest,
    bound_of_completion,
    bound_of_score,
    unread,
)
from forethought.agents.prompts import Prompt
from forethought.agents.readers.reasoning import separate_reasoning
from forethought.agents.readers.score import find_score, rationale_before
from forethought.common.sums import plain_sum
from forethought.search import Estimate, Query, Usage
from forethought.search.estimates import NO_USAGE
from forethought.search.models import PromptRequest, is_remote

SCORES = tuple(str(score) for score in range(11))


class LMTokenValue:
    """The expected score: sum of s P(s) over the integers 0..10, divided by 10 times the sum of P(s). No decoding.

    A model in this process computes the estimate of equal prompts once; the bill counts each prompt. A remote model
    is asked for each prompt.
    """

    prompt_role = "value_score"

    def __init__(self, lm: LM, prompt: Prompt) -> None:
        self.lm, self.prompt, self.markov, self.is_remote = lm, prompt, prompt.markov, is_remote(lm)
        self._known: dict[str, Estimate] = {}

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """The estimate of each query's node, from one batch of scores."""
        prompts = [self.prompt.render(query) for query in queries]
        if self.is_remote:
            return self._score(prompts)
        new = list(dict.fromkeys(prompt for prompt in prompts if prompt not in self._known))
        self._known.update(zip(new, self._score(new), strict=True))
        return [self._known[prompt] for prompt in prompts]

    def _score(self, prompts: Sequence[str]) -> list[Estimate]:
        estimates = []
        for scores in self.lm.score([ScoreRequest(prompt, SCORES) for prompt in prompts]):
            if scores.refusal:
                usage = scores.usage + Usage(parse_failures=1, refused=1)
                estimates.append(Estimate(0.0, usage=usage, parsed=False, refusal=scores.refusal))
                continue
            weights = [exp(lp - max(scores.log_probabilities)) for lp in scores.log_probabilities]
            expected = plain_sum(score * weight for score, weight in enumerate(weights)) / plain_sum(weights)
            estimates.append(Estimate(min(expected / 10, 1.0), usage=scores.usage))
        return estimates

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage:
        """The highest possible usage of the scores of one query."""
        assert isinstance(query, Query)
        return bound_of_score(self.lm, ScoreRequest(self.prompt.render(query), SCORES))


class LMHeadValue:
    """The value of a trained head on the hidden states of a frozen model. No decoding, one reading of each prompt.

    The head comes by `--adapter FOLDER`, from `forethought value train`.
    """

    prompt_role = "value_head"

    def __init__(self, lm: LM, prompt: Prompt) -> None:
        """Raises ValueError: a model without a head, or a head that was trained with another prompt."""
        if not isinstance(lm, Headed):
            raise ValueError(
                f"the model {lm.name} has no value head; take a model of this machine, without --cache and --record, "
                "and give a head by --adapter FOLDER"
            )
        if lm.head_prompt not in (None, prompt.digest):
            raise ValueError(
                f"the value head of {lm.name} was trained with another text of {prompt.name}.txt; "
                "give the prompt file of its training by --prompts, or train it anew"
            )
        self.lm, self.prompt, self.markov, self.count = lm, prompt, prompt.markov, lm.count
        self._known: dict[str, Estimate] = {}

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """The estimate of each query's node, from one batch; equal prompts are read once, and each is billed."""
        prompts = [self.prompt.render(query) for query in queries]
        new = list(dict.fromkeys(prompt for prompt in prompts if prompt not in self._known))
        for prompt, found in zip(new, self.lm.head_values(new) if new else (), strict=True):
            usage = found.usage + Usage(parse_failures=1, refused=1) if found.refusal else found.usage
            self._known[prompt] = Estimate(found.value, "", usage, not found.refusal, found.refusal)
        return [self._known[prompt] for prompt in prompts]

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage:
        """The highest possible usage of one query: its prompt is read once."""
        assert isinstance(query, Query)
        return Usage(1, self.count(self.prompt.render(query)))


class LMTextValue:
    """The mean score of several replies, each a rationale with "the correctness score is 7.50" at its end.

    The rationale of the estimate is the reply of the median score, after its reasoning part. A reply without a score
    (see `agents/readers/score.py`) is a parse failure and is left out; if all fail, the estimate is not parsed.
    Models leave empty lines before a score, so a reply ends only where the next example of the prompt would begin.

    Args:
        samples: Replies for each state.
        temperature: Temperature of the sampling; 0 takes the likeliest token.
        max_tokens: Most tokens of a reply, its rationale included.
    """

    prompt_role = "value_text"

    def __init__(
        self, lm: LM, prompt: Prompt, *, samples: int = 5, temperature: float = 1.0, max_tokens: int = 96
    ) -> None:
        if samples < 1:
            raise ValueError(f"samples is {samples}; at least one reply must be read")
        self.lm, self.prompt, self.samples = lm, prompt, samples
        self.markov, self.is_remote = prompt.markov, is_remote(lm)
        self.sampling = Sampling(temperature, max_tokens, tuple(f"\n\n{head}" for head in prompt.heads))

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """The estimate of each query's node, from one batch of replies."""
        replies = iter(self.lm.complete([request for query in queries for request in self._requests(query)]))
        return [self._read([next(replies) for _ in range(self.samples)]) for _ in queries]

    def _requests(self, query: Query) -> list[Request]:
        prompt, seed = self.prompt.render(query), query.seed
        return [Request(prompt, self.sampling, seed + k) for k in range(self.samples)]

    def _read(self, replies: list[Completion]) -> Estimate:
        read = [find_score(reply.text) for reply in replies]
        scored = sorted((score.value, i) for i, score in enumerate(read) if score is not None)
        usage = sum((reply.usage for reply in replies), NO_USAGE)
        usage += sum((unread(reply) for reply, score in zip(replies, read, strict=True) if score is None), NO_USAGE)
        if not scored:
            refusal = next((reply.refusal for reply in replies if reply.refusal), "")
            return Estimate(0.0, usage=usage, parsed=False, refusal=refusal)
        place = scored[(len(scored) - 1) // 2][1]
        median, score = replies[place], read[place]
        assert score is not None
        parts = (median.rationale, rationale_before(median.text, score))
        return Estimate(mean(value for value, _ in scored), "\n\n".join(filter(None, parts)), usage)

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage:
        """The highest possible usage of the samples of one query."""
        assert isinstance(query, Query)
        return sum((bound_of_completion(self.lm, request) for request in self._requests(query)), NO_USAGE)


def read_score(text: str) -> float | None:
    """The last score of a reply, in [0, 1]; None where there is no score, or a score beyond its scale."""
    score = find_score(separate_reasoning(text).text)
    return None if score is None else score.value
