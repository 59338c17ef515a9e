"""The presets by name: the parts of each agent, its settings, and their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from forethought.agents.heuristics.values import POLICY_RULES
from forethought.agents.prompts import family_of
from forethought.agents.registry import Pieces
from forethought.common.pieces import find_piece, is_known
from forethought.common.settings import Setting
from forethought.search.needs import needs_of
from forethought.search.registry import ALGORITHMS, find_algorithm, no_algorithm

Settings = Mapping[str, Setting]


@dataclass(frozen=True)
class Agent:
    """An algorithm with a policy, a value and their settings, under the names of `--set`.

    Attributes:
        algorithm: The name of an algorithm.
        policy: The name of a policy.
        value: The name of a value.
        settings: The settings by name.
        source: The paper, the settings that were read in the authors' code, and the settings of this suite.
        privileges: The privileges it needs; a run must grant each one (`--privilege`).
        families: Other settings of a family, by the folder of its prompts.
    """

    algorithm: str
    policy: str
    value: str
    settings: Settings
    source: str
    privileges: tuple[str, ...] = ()
    families: Mapping[str, Settings] = field(default_factory=dict)


# Moves of a puzzle; steps of ReAct's notebooks for HotpotQA and for WebShop.
STEPS: dict[str, Settings] = {"game24": {"depth": 3}, "hotpotqa": {"depth": 7}, "webshop": {"depth": 15}}
REACT: Settings = {"policy.samples": 1, "policy.temperature": 0.0, "policy.max_tokens": 100}


def sampling(policy: int, value: int, temperature: float) -> Settings:
    """Samples of the policy and of the value, at one temperature. The lengths, in tokens, are of no paper."""
    told = {"policy": (policy, 64), "value": (value, 160)}
    return {
        f"{part}.{name}": setting
        for part, (samples, tokens) in told.items()
        for name, setting in (("samples", samples), ("temperature", temperature), ("max_tokens", tokens))
    }


AGENTS: dict[str, Agent] = {
    "react": Agent(
        "react",
        policy="lm-text",
        value="none",
        settings=REACT,
        families=STEPS,
        source="Yao et al. 2023, arXiv:2210.03629. From the authors' notebooks: temperature 0, 100 tokens, 7 steps in "
        "HotpotQA, 15 turns in WebShop",
    ),
    "reflexion": Agent(
        "reflexion",
        policy="lm-text",
        value="none",
        settings={"attempts": 5, "max_reflections": 3, "success_threshold": 1.0, **REACT},
        families=STEPS,
        privileges=("reward", "reflection"),
        source="Shinn et al. 2023, arXiv:2303.11366. From the authors' code and logs of HotpotQA: temperature 0, "
        "100 tokens, 5 trials. Ours: 3 reflections, the steps of react",
    ),
    "tot-bfs": Agent(
        "beam",
        policy="lm-text",
        value="lm-text",
        settings={"num_children": 8, "beam_width": 5, **sampling(8, 3, 0.7)},
        families=STEPS,
        source="Yao et al. 2023, arXiv:2305.10601. From the authors' script for Game of 24: 5 states kept, 3 value "
        "samples, temperature 0.7. Ours: 8 single proposals in place of one list; scores from 0 to 10 in place of "
        "sure, likely, impossible; the depth in other families",
    ),
    "tot-dfs": Agent(
        "depth_first",
        policy="lm-text",
        value="lm-text",
        settings={"num_children": 5, "max_expansions": 100, "threshold": 0.1, "depth": 10, **sampling(5, 1, 0.7)},
        source="Yao et al. 2023, arXiv:2305.10601. From the authors' notebook for crosswords: 100 states, depth 10, "
        "temperature 0.7. Ours: 5 samples and 5 children (theirs: 8 and 3); 1 value sample; a score of at most 1 of 10 "
        "in place of impossible",
    ),
    "lats": Agent(
        "lats",
        policy="lm-text",
        value="lm-text",
        settings={
            "num_children": 5,
            "num_simulations": 30,
            "exploration": 1.0,
            "depth": 7,
            "max_reflections": 3,
            **sampling(5, 1, 1.0),
        },
        families={"game24": {"depth": 3}, "hotpotqa": {"num_simulations": 50}, "webshop": {"depth": 15}},
        privileges=("reward", "reflection"),
        source="Zhou et al. 2023, arXiv:2310.04406. From the authors' scripts: 5 samples, 1 value sample, temperature "
        "1, 50 iterations of depth 7 in HotpotQA, 30 of depth 15 in WebShop, 3 reflections. Ours: exploration 1 "
        "(theirs: the square root of 2); the same number of children at the root (theirs in WebShop: twice as many); "
        "Game of 24",
    ),
    "greedy": Agent(
        "greedy",
        policy="lm-text",
        value="lm-text",
        settings={"num_children": 5, "depth": 5, **sampling(10, 5, 1.0)},
        source="Mendes & Ritter 2025, arXiv:2503.02878. From the authors' code: 5 distinct actions, depth 5, 5 value "
        "samples, temperature 1. Ours: 5 of 10 proposals at the root too (theirs: 10 actions there); one descent, for "
        "theirs are three, of which the true reward selects one (`restarts` selects by its own value)",
    ),
    "best-first": Agent(
        "best_first",
        policy="lm-text",
        value="lm-text",
        settings={
            "num_children": 5,
            "depth": 5,
            "max_expansions": 20,
            "success_threshold": 1.0,
            **sampling(20, 20, 1.0),
        },
        source="Koh et al. 2024, arXiv:2407.01476. From the authors' scripts: 5 children, 5 steps ahead, 20 states, "
        "20 samples of policy and value, temperature 1. Ours: threshold 1; scores from 0 to 10 in place of success, on "
        "the right track, failure; no top_p of 0.95",
    ),
    "mcts": Agent(
        "mcts",
        policy="lm-text",
        value="lm-text",
        settings={"num_children": 5, "depth": 5, "exploration": 1.0, **sampling(10, 5, 1.0)},
        source="Kocsis & Szepesvári 2006. Ours: all settings, those of greedy; no cap",
    ),
    "random": Agent(
        "react",
        policy="random",
        value="none",
        settings={},
        families=STEPS,
        source="Ours: all settings; a lower bound for every other agent",
    ),
    "rule": Agent(
        "greedy",
        policy="rule",
        value="rule",
        settings={},
        families={**STEPS, "hotpotqa": {"depth": 7, "num_children": 1}, "webshop": {"depth": 15, "num_children": 1}},
        source="Ours: all settings; the first action of the family's rules, or the best of all actions by their value",
    ),
}


def find_agent(name: str) -> Agent:
    """A preset, an `Agent` of a user's module, or an algorithm with the rule policy and the rule value.

    Raises ValueError: the name is none of them.
    """
    if name in AGENTS:
        return AGENTS[name]
    if not is_known("algorithm", name, ALGORITHMS):
        others = ", ".join(algorithm for algorithm in ALGORITHMS if algorithm not in AGENTS)
        raise ValueError(
            f"unknown agent {name!r:.200}; expected one of {', '.join(AGENTS)}, or an algorithm: {others}, "
            "or MODULE:NAME of your own"
        )
    found = find_piece("algorithm", name, ALGORITHMS, no_agent)
    if isinstance(found, Agent):
        return found
    return bare_agent(name)


def bare_agent(algorithm: str) -> Agent:
    """An algorithm with its own defaults, and the rule policy and value. Raises ValueError: nothing has this name."""
    values = needs_of(find_algorithm(algorithm)).values
    return Agent(algorithm, "rule", "rule" if values else "none", {}, "")


def no_agent(found: Any) -> str | None:
    """The reason why an object is neither an agent nor an algorithm; None if it is one."""
    return None if isinstance(found, Agent) else no_algorithm(found)


def complete(
    name: str | Agent,
    env_id: str,
    *,
    policy: str | None = None,
    value: str | None = None,
    given: Settings | None = None,
) -> Agent:
    """An agent for one environment with all of its settings, so that a later table does not change it.

    `given` settings come before those of the family, these before the agent's own, these before the defaults. The
    table's settings of a policy or a value are dropped where the policy or value does not have them.

    Raises:
        ValueError: an unknown name or setting, or a setting of the wrong type.
    """
    agent = find_agent(name) if isinstance(name, str) else name
    if policy is None:
        policy = "all" if agent.policy == "rule" and env_id not in POLICY_RULES else agent.policy
    value = value or agent.value
    pieces = Pieces.of(agent.algorithm, policy, value)
    pieces.check(given or {})
    known = {name: info.written for name, info in pieces.settings().items() if not info.required}
    told = {**agent.settings, **agent.families.get(family_of(env_id), {})}
    settings = {**known, **{name: setting for name, setting in told.items() if name in known}, **(given or {})}
    return replace(agent, policy=policy, value=value, settings=settings, families={})
