"""Policies, values and responders by name, with their settings; built-in ones and those of users."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forethought.agents.heuristics.values import PROVEN_ENDINGS, TERMINAL_RULES, RulePolicy, RuleValue
from forethought.agents.judges import MODEL, RULE, VERDICT, EndingsValue, check_name, judged
from forethought.agents.models.protocol import LM
from forethought.agents.policies import AllActions, ForwardActions, LMRank, LMText, RandomActions
from forethought.agents.prompts import Prompt, load_prompt
from forethought.agents.responder import LMResponder
from forethought.agents.values import LMHeadValue, LMTextValue, LMTokenValue
from forethought.common.pieces import find_piece
from forethought.common.settings import Setting, SettingInfo, as_taken, settings_of
from forethought.search import Estimate, Policy, Query, Search, Value
from forethought.search.needs import Needs, needs_of
from forethought.search.registry import ALGORITHMS, find_algorithm


class NoValue:
    """The value of an agent that never evaluates; it raises an error when it is asked."""

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """Raises ValueError: the run has no value."""
        raise ValueError(
            "this run has no value model (none), and its search asks for one; give rule, or one of a model"
        )


POLICIES: dict[str, Callable[..., Policy]] = {
    "all": AllActions,
    "random": RandomActions,
    "forward": ForwardActions,
    "rule": RulePolicy,
    "lm-rank": LMRank,
    "lm-text": LMText,
}
VALUES: dict[str, Callable[..., Value]] = {
    "none": NoValue,
    "rule": RuleValue,
    "endings": EndingsValue,
    "lm-tokens": LMTokenValue,
    "lm-text": LMTextValue,
    "lm-head": LMHeadValue,
}
# The parameters of a policy or value that a run can fill; see docs/agents.md.
GIVEN = {"env_id": "the id of the environment", "lm": "the language model", "prompt": "its prompt file"}


def find_policy(name: str) -> Callable[..., Policy]:
    """A built-in policy, MODULE:NAME, or a policy of an installed package. Raises ValueError: it is none."""
    found: Callable[..., Policy] = find_piece("policy", name, POLICIES, lambda piece: no_class_with("propose", piece))
    return found


def find_value(name: str) -> Callable[..., Value]:
    """A built-in value, MODULE:NAME, or a value of an installed package. Raises ValueError: it is none."""
    found: Callable[..., Value] = find_piece("value", name, VALUES, lambda piece: no_class_with("evaluate", piece))
    return found


def no_class_with(method: str, found: Any) -> str | None:
    """The reason why an object is no policy or value: no class with the method, or an unknown parameter."""
    if not inspect.isclass(found) or not callable(getattr(found, method, None)):
        return f"it is {found!r:.60}; expected a class with the method {method}(self, queries)"
    unknown = [
        parameter.name
        for parameter in positional(found)
        if parameter.name not in GIVEN and parameter.default is parameter.empty
    ]
    if unknown:
        told = ", ".join(f"{name} ({meaning})" for name, meaning in GIVEN.items())
        return f"a run cannot give it {', '.join(unknown)}; it may ask for {told}, and have settings behind a *"
    if takes(found, "prompt") and not isinstance(getattr(found, "prompt_role", None), str):
        return "it takes a prompt, and its attribute prompt_role does not name one, such as 'propose'"
    return None


def positional(maker: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    """The positional parameters of a maker: the things that a run gives to it."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return (p for p in inspect.signature(maker).parameters.values() if p.kind in kinds)


def takes(maker: Callable[..., Any], name: str) -> bool:
    """Whether a maker has a positional parameter of this name."""
    return any(parameter.name == name for parameter in positional(maker))


def made(maker: Callable[..., Any], given: Mapping[str, Any], settings: Mapping[str, Setting]) -> Any:
    """A policy or value, made from the given things that its parameters name."""
    taken = [given[parameter.name] for parameter in positional(maker) if parameter.name in given]
    return maker(*taken, **as_taken(settings))


@dataclass(frozen=True)
class Pieces:
    """An algorithm, a policy and a value, found by their names and not made yet."""

    algorithm: Callable[..., Search]
    policy: Callable[..., Policy]
    value: Callable[..., Value]

    @classmethod
    def of(
        cls, algorithm: str | Callable[..., Search], policy: str | Callable[..., Any], value: str | Callable[..., Any]
    ) -> Pieces:
        """The three pieces, by their names or given themselves. Raises ValueError: an unknown name."""
        return cls(
            find_algorithm(algorithm) if isinstance(algorithm, str) else algorithm,
            find_policy(policy) if isinstance(policy, str) else policy,
            find_value(value) if isinstance(value, str) else value,
        )

    @property
    def needs(self) -> Needs:
        """The needs of the algorithm."""
        return needs_of(self.algorithm)

    def settings(self) -> dict[str, SettingInfo]:
        """Every setting: `depth` of the algorithm, `policy.samples`, `value.temperature`, `reflection.temperature`."""
        makers = {"": self.algorithm, "policy.": self.policy, "value.": self.value}
        if self.needs.prompts:
            makers["reflection."] = LMResponder
        return {prefix + name: info for prefix, maker in makers.items() for name, info in settings_of(maker).items()}

    def check(self, given: Mapping[str, Setting]) -> None:
        """Raises ValueError: an unknown setting, a value of the wrong type, or a required setting without a value."""
        known = self.settings()
        built_in = {
            "policy.": self.policy in POLICIES.values(),
            "value.": self.value in VALUES.values(),
            "reflection.": True,
        }
        for name, setting in given.items():
            if name not in known:
                expected = ", ".join(known) or "none"
                raise ValueError(f"{self.names} has no setting {name!r:.60}; expected one of {expected}")
            prefix = name[: name.find(".") + 1]
            ours = built_in.get(prefix, self.algorithm in ALGORITHMS.values())
            known[name].check(name, setting, 0 if ours else None)
        if missing := [name for name, info in known.items() if info.required and name not in given]:
            raise ValueError(f"{self.names} needs {', '.join(missing)}; give --set {missing[0]}=VALUE")

    @property
    def names(self) -> str:
        """The names of the three parts, for messages."""
        tables = ((self.algorithm, ALGORITHMS), (self.policy, POLICIES), (self.value, VALUES))
        algorithm, policy, value = (name_in(piece, table) for piece, table in tables)
        return f"{algorithm} with the policy {policy} and the value {value}"

    def roles(self) -> tuple[str, ...]:
        """The prompt files that the policy and the value read."""
        return tuple(role_of(piece) for piece in (self.policy, self.value) if takes(piece, "prompt"))


def name_in(piece: Any, table: Mapping[str, Any]) -> str:
    """The name of a piece in its table; for any other piece its name in its own module."""
    return next((name for name, known in table.items() if known is piece), getattr(piece, "__qualname__", repr(piece)))


def role_of(piece: Any) -> str:
    """The role of the prompt file that a policy or value reads."""
    return str(piece.prompt_role)


def load_prompts(env_id: str, roles: Sequence[str], folder: Path | None = None) -> dict[str, Prompt]:
    """The prompt files of these roles. Raises ValueError: the family has none of a role."""
    return {role: load_prompt(env_id, role, folder) for role in roles}


def part_of(settings: Mapping[str, Setting], prefix: str = "") -> dict[str, Setting]:
    """The settings of one part under its own names: `samples` of `policy.samples`."""
    return {
        name.removeprefix(prefix): setting
        for name, setting in settings.items()
        if name.startswith(prefix) and "." not in name.removeprefix(prefix)
    }


def make_policy(
    name: str | Callable[..., Policy],
    lm: LM | None,
    prompts: Mapping[str, Prompt],
    env_id: str = "",
    settings: Mapping[str, Setting] | None = None,
) -> Policy:
    """A policy. `settings` may hold those of other parts.

    Raises ValueError: an unknown name, a policy of a model without a model, or rules for a family without rules.
    """
    maker = find_policy(name) if isinstance(name, str) else name
    policy: Policy = made(
        maker, things(maker, f"the policy {name}", lm, prompts, env_id), part_of(settings or {}, "policy.")
    )
    return policy


def make_value(
    name: str | Callable[..., Value],
    env_id: str,
    lm: LM | None,
    prompts: Mapping[str, Prompt],
    terminal_value: str,
    settings: Mapping[str, Setting] | None = None,
) -> Value:
    """A value. `terminal_value` names the judge of terminal states, see `find_judge`.

    Raises ValueError as make_policy and find_judge do.
    """
    maker = find_value(name) if isinstance(name, str) else name
    value: Value = made(
        maker, things(maker, f"the value {name}", lm, prompts, env_id), part_of(settings or {}, "value.")
    )
    check_name(terminal_value)
    return judged(value, terminal_value, env_id) if is_judged(maker) else value


def things(
    maker: Callable[..., Any], what: str, lm: LM | None, prompts: Mapping[str, Prompt], env_id: str
) -> dict[str, Any]:
    """The things that a run gives to the constructor of a policy or value."""
    given: dict[str, Any] = {"env_id": env_id}
    if takes(maker, "lm"):
        given["lm"] = required(lm, what)
    if takes(maker, "prompt"):
        given["prompt"] = prompts[role_of(maker)]
    return given


def make_responder(
    algorithm: str, lm: LM | None, questions: Mapping[str, Prompt], settings: Mapping[str, Setting] | None = None
) -> LMResponder | None:
    """The responder of an algorithm; None for an algorithm without prompt requests. Raises ValueError: no model."""
    if not questions:
        return None
    model = required(lm, f"{algorithm} with its questions ({', '.join(questions)})")
    responder: LMResponder = made(
        LMResponder, {"lm": model, "prompts": questions}, part_of(settings or {}, "reflection.")
    )
    return responder


def is_judged(maker: Callable[..., Any]) -> bool:
    """Whether endings of a value are judged apart: those of a language model, and of a value of endings alone."""
    return takes(maker, "lm") or bool(getattr(maker, "needs_judge", False))


def default_judge(env_id: str, value: str) -> str | None:
    """The default judge of endings for a value by its name; None for a value that has no judge."""
    maker = find_value(value)
    return default_terminal_value(env_id, maker) if is_judged(maker) else None


def default_terminal_value(env_id: str, maker: Callable[..., Any] | None = None) -> str:
    """The default judge of terminal states.

    `rule` where the last observation proves the outcome, else `model`. A value without a model of its own takes the
    rule of the family, else the `verdict` of the environment.
    """
    if maker is not None and getattr(maker, "needs_judge", False):
        return RULE if env_id in TERMINAL_RULES else VERDICT
    return RULE if env_id in PROVEN_ENDINGS else MODEL


def required(lm: LM | None, what: str) -> LM:
    """The language model. Raises ValueError: none was given."""
    if lm is None:
        raise ValueError(f"{what} asks a language model, and none was given; add --model, as in --model smollm2-135m")
    return lm
