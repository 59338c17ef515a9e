"""From names on a command line to models, policies and values."""

from __future__ import annotations

from pathlib import Path

from forethought.agents.lm import LM
from forethought.agents.lm_value import LMTextValue, LMTokenValue
from forethought.agents.policies import AllActions, LMRank, LMText
from forethought.agents.prompts import Prompt, load_prompt
from forethought.agents.recorded import Recorded
from forethought.agents.rules import ENDINGS, JudgedEndings, RulePolicy, RuleValue
from forethought.search import Policy, Value

POLICIES = ("all", "lm-rank", "lm-text", "rule")
VALUES = ("rule", "lm-tokens", "lm-text")


def open_model(spec: str, adapter: Path | None = None, device: str = "cpu") -> LM:
    """`recorded:FILE`, `server:MODEL@URL`, or a spec of weights for this process.

    A server serves an adapter as a model called like its folder. Raises ValueError: the spec names nothing.
    """
    kind, _, rest = spec.partition(":")
    if kind == "recorded":
        return Recorded(Path(rest))
    if kind in ("server", "server+chat"):
        try:
            from forethought.agents.server import Server
        except ModuleNotFoundError as error:
            raise ValueError(f"the model {spec!r} needs {error.name}; install forethought[server]") from error
        return Server(spec, adapter=adapter.name if adapter else None)
    try:
        from forethought.agents.local import Local
    except ImportError as error:
        raise ValueError(
            f"the model {spec!r} needs torch, transformers and peft ({error}); install forethought[lm]"
        ) from error
    return Local(spec, adapter, device)


def prompts_for(env_id: str, policy: str, value: str, folder: Path | None = None) -> dict[str, Prompt]:
    """The prompt files that a policy and a value of these names read."""
    roles = []
    if policy not in ("all", "rule"):
        roles.append("propose")
    if value != "rule":
        roles.append("value_score" if value == "lm-tokens" else "value_text")
    return {role: load_prompt(env_id, role, folder) for role in roles}


ASKING = {"reflexion": ("reflect",), "lats": ("reflect",)}  # what algorithms ask a model about


def questions_of(env_id: str, algorithm: str, folder: Path | None = None) -> dict[str, Prompt]:
    """The prompt files that put the questions of an algorithm."""
    return {role: load_prompt(env_id, role, folder) for role in ASKING.get(algorithm, ())}


def make_policy(name: str, lm: LM | None, prompts: dict[str, Prompt], env_id: str = "") -> Policy:
    """Raises ValueError: an unknown name, a policy of a model without one, or of rules for a family that has none."""
    if name == "all":
        return AllActions()
    if name == "rule":
        return RulePolicy(env_id)
    if name not in POLICIES:
        raise ValueError(f"unknown policy {name!r}; expected one of {', '.join(POLICIES)}")
    model = required(lm, f"the policy {name}")
    return LMRank(model, prompts["propose"]) if name == "lm-rank" else LMText(model, prompts["propose"])


def make_value(name: str, env_id: str, lm: LM | None, prompts: dict[str, Prompt], endings: str) -> Value:
    """`endings` says who judges them: "rule" or "model". Raises ValueError as make_policy does."""
    if endings not in ("rule", "model"):
        raise ValueError(f"endings are judged by 'rule' or 'model'; {endings!r} was given")
    if name == "rule":
        return RuleValue(env_id)
    if name not in VALUES:
        raise ValueError(f"unknown value {name!r}; expected one of {', '.join(VALUES)}")
    model = required(lm, f"the value {name}")
    value: Value = (
        LMTokenValue(model, prompts["value_score"])
        if name == "lm-tokens"
        else LMTextValue(model, prompts["value_text"])
    )
    return JudgedEndings(value, env_id) if endings == "rule" else value


def default_endings(env_id: str) -> str:
    return "rule" if env_id in ENDINGS else "model"


def required(lm: LM | None, what: str) -> LM:
    if lm is None:
        raise ValueError(f"{what} asks a language model, and none was given; add --model, as in --model smollm2-135m")
    return lm
