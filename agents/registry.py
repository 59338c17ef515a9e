"""From names on a command line to policies and values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import TypeAlias

from forethought.agents.heuristics.values import TERMINAL_RULES, RulePolicy, RuleTerminalValue, RuleValue
from forethought.agents.models.protocol import LM
from forethought.agents.policies import AllActions, LMRank, LMText, RandomActions
from forethought.agents.prompts import Prompt, load_prompt
from forethought.agents.responder import LMResponder
from forethought.agents.values import LMTextValue, LMTokenValue
from forethought.search import ALGORITHMS, Estimate, Policy, Query, Value

Setting: TypeAlias = "float | str"  # a number, or ALL
ALL = "all"  # of num_children: as many as there are


class NoValue:
    """Refuses to be asked: for agents that never evaluate."""

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        raise ValueError(
            "this run has no value model (none), and its search asks for one; give rule, or one of a model"
        )


POLICIES: dict[str, Callable[..., Policy]] = {
    "all": AllActions,
    "random": RandomActions,
    "rule": RulePolicy,
    "lm-rank": LMRank,
    "lm-text": LMText,
}
VALUES: dict[str, Callable[..., Value]] = {
    "none": NoValue,
    "rule": RuleValue,
    "lm-tokens": LMTokenValue,
    "lm-text": LMTextValue,
}
WRITTEN = {"lm-rank": "propose", "lm-text": "propose"}  # the prompt that a policy reads
JUDGED = {"lm-tokens": "value_score", "lm-text": "value_text"}  # and a value
# What algorithms ask a model about, which of them read the true reward, and which ask for no value.
ASKING = {"reflexion": ("reflection",), "lats": ("reflection",), "rap": ("imagination",)}
REWARDED = ("reflexion", "lats")  # their questions are reflections, which the reward has told them to ask
UNJUDGED = ("react", "reflexion")


def prompts_for(env_id: str, policy: str, value: str, folder: Path | None = None) -> dict[str, Prompt]:
    """The prompt files that a policy and a value of these names read."""
    roles = [table[name] for table, name in ((WRITTEN, policy), (JUDGED, value)) if name in table]
    return {role: load_prompt(env_id, role, folder) for role in roles}


def questions_of(env_id: str, algorithm: str, folder: Path | None = None) -> dict[str, Prompt]:
    """The prompt files that put the questions of an algorithm."""
    return {role: load_prompt(env_id, role, folder) for role in ASKING.get(algorithm, ())}


def known_settings(algorithm: str, policy: str, value: str) -> dict[str, Setting]:
    """All that can be set, with its default: `num_children` of the algorithm, `policy.samples`, `value.temperature`.

    `reflection.` are the settings of the questions that an algorithm asks. Raises ValueError: an unknown name.
    """
    makers = {
        "": pick("algorithm", algorithm, ALGORITHMS),
        "policy.": pick("policy", policy, POLICIES),
        "value.": pick("value", value, VALUES),
    }
    if algorithm in ASKING:
        makers["reflection."] = LMResponder
    return {
        prefix + parameter.name: ALL if parameter.default is None else parameter.default
        for prefix, maker in makers.items()
        for parameter in inspect.signature(maker).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


def needed(algorithm: str, settings: Mapping[str, Setting]) -> set[str]:
    """The privileges that an algorithm makes use of. Where no reflection is kept, none is asked for."""
    if algorithm not in REWARDED:
        return set()
    return {"reward"} if settings.get("max_reflections") == 0 else {"reward", "reflection"}


def pick(kind: str, name: str, table: Mapping[str, Callable[..., object]]) -> Callable[..., object]:
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}; expected one of {', '.join(table)}")
    return table[name]


def check_settings(algorithm: str, policy: str, value: str, given: Mapping[str, Setting]) -> None:
    """Raises ValueError: a setting that is not there, or of the wrong type."""
    known = known_settings(algorithm, policy, value)
    for name, setting in given.items():
        if name not in known:
            raise ValueError(
                f"{algorithm} with the policy {policy} and the value {value} has no setting {name!r}; "
                f"expected one of {', '.join(known)}"
            )
        default = known[name]
        if setting == ALL and default == ALL:
            continue
        types, wanted = ((int, float), "a number") if isinstance(default, float) else ((int,), "an integer")
        if isinstance(setting, bool) or not isinstance(setting, types) or not 0 <= setting < inf:
            raise ValueError(f"{name}={setting!r}; expected {wanted} of at least 0{', or all' * (default == ALL)}")


def part_of(settings: Mapping[str, Setting], prefix: str = "") -> dict[str, float]:
    """The settings of one part, as it knows them: `samples` of `policy.samples`; "all" is what it does without."""
    return {
        name.removeprefix(prefix): float(setting) if isinstance(setting, float) else int(setting)
        for name, setting in settings.items()
        if setting != ALL and name.startswith(prefix) and "." not in name.removeprefix(prefix)
    }


def make_policy(
    name: str,
    lm: LM | None,
    prompts: Mapping[str, Prompt],
    env_id: str = "",
    settings: Mapping[str, Setting] | None = None,
) -> Policy:
    """`settings` may hold those of other parts.

    Raises ValueError: an unknown name, a policy of a model without one, or of rules for a family that has none.
    """
    pick("policy", name, POLICIES)
    if name == "rule":
        return RulePolicy(env_id)
    if name not in WRITTEN:
        return POLICIES[name]()
    model = required(lm, f"the policy {name}")
    return POLICIES[name](model, prompts[WRITTEN[name]], **part_of(settings or {}, "policy."))


def make_value(
    name: str,
    env_id: str,
    lm: LM | None,
    prompts: Mapping[str, Prompt],
    terminal_value: str,
    settings: Mapping[str, Setting] | None = None,
) -> Value:
    """`terminal_value` is "rule" or "model": the judge of terminal states. Raises ValueError as make_policy does."""
    if terminal_value not in ("rule", "model"):
        raise ValueError(f"the terminal value is {terminal_value!r}; expected rule or model")
    pick("value", name, VALUES)
    if name == "rule":
        return RuleValue(env_id)
    if name not in JUDGED:
        return VALUES[name]()
    model = required(lm, f"the value {name}")
    value = VALUES[name](model, prompts[JUDGED[name]], **part_of(settings or {}, "value."))
    return RuleTerminalValue(value, env_id) if terminal_value == "rule" else value


def make_responder(
    algorithm: str, lm: LM | None, questions: Mapping[str, Prompt], settings: Mapping[str, Setting] | None = None
) -> LMResponder | None:
    """Who answers the questions of an algorithm; None where it has none. Raises ValueError: no model can."""
    if not questions:
        return None
    maker: Callable[..., LMResponder] = LMResponder
    model = required(lm, f"{algorithm} with its questions ({', '.join(questions)})")
    return maker(model, questions, **part_of(settings or {}, "reflection."))


def default_terminal_value(env_id: str) -> str:
    return "rule" if env_id in TERMINAL_RULES else "model"


def required(lm: LM | None, what: str) -> LM:
    if lm is None:
        raise ValueError(f"{what} asks a language model, and none was given; add --model, as in --model smollm2-135m")
    return lm
