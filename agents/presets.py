"""The published agents by name: what each is made of, its settings, and where they are stated."""

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
    """An algorithm with a policy, a value and their settings, named as `--set` names them.

    `families` holds what differs by family, by the folder of its prompts. `privileges` are those it needs, and which
    whoever runs it has to grant. `source` is the paper, and says what is not the paper's but ours.
    """

    algorithm: str
    policy: str
    value: str
    settings: Settings
    source: str
    privileges: tuple[str, ...] = ()
    families: Mapping[str, Settings] = field(default_factory=dict)


# The moves of a puzzle; the steps of ReAct's harness for questions, and of its notebook for the shop.
STEPS: dict[str, Settings] = {"game24": {"depth": 3}, "hotpotqa": {"depth": 7}, "webshop": {"depth": 15}}
REACT: Settings = {"policy.samples": 1, "policy.temperature": 0.0, "policy.max_tokens": 100}


def sampling(policy: int, value: int, temperature: float) -> Settings:
    """So many samples of each, at one temperature. The lengths are ours: the papers' replies have other forms."""
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
        source="Yao et al. 2023, arXiv:2210.03629: greedy decoding, at most 7 steps of HotpotQA; authors' notebooks: "
        "100 tokens a step, 15 steps of WebShop",
    ),
    "reflexion": Agent(
        "reflexion",
        policy="lm-text",
        value="none",
        settings={"attempts": 5, "max_reflections": 3, "success_threshold": 1.0, **REACT},
        families=STEPS,
        privileges=("reward", "reflection"),
        source="Shinn et al. 2023, arXiv:2303.11366: ReAct with a memory of at most 3 reflections; authors' logs: "
        "5 trials of HotpotQA. Ours: 5 elsewhere too",
    ),
    "tot-bfs": Agent(
        "beam",
        policy="lm-text",
        value="lm-text",
        settings={"num_children": 8, "beam_width": 5, **sampling(8, 3, 0.7)},
        families=STEPS,
        source="Yao et al. 2023, arXiv:2305.10601, Game of 24: b = 5, 3 steps, 3 value samples, temperature 0.7. "
        "Ours: 8 single proposals for one list of them; scores for sure, likely, impossible; the depth elsewhere",
    ),
    "tot-dfs": Agent(
        "depth_first",
        policy="lm-text",
        value="lm-text",
        settings={"num_children": 5, "max_expansions": 100, "threshold": 0.1, "depth": 10, **sampling(5, 1, 0.7)},
        source="Yao et al. 2023, arXiv:2305.10601, crosswords: 100 steps, depth 10, 5 proposal samples, "
        "temperature 0.7. Ours: width 5; a score of at most 1 of 10 stands for its impossible",
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
        source="Zhou et al. 2024, arXiv:2310.04406: n = 5, w = 1, 50 iterations of depth 7 for HotpotQA, 30 for "
        "WebShop; authors' code: depth 15 there, 1 value sample, temperature 1. Ours: no self-consistency term",
    ),
    "greedy": Agent(
        "greedy",
        policy="lm-text",
        value="lm-text",
        settings={"num_children": 5, "depth": 5, **sampling(10, 5, 1.0)},
        source="Mendes & Ritter 2025, arXiv:2503.02878: 5 distinct actions a state, depth 5, 5 value samples, "
        "temperature 1. Ours: the 5 are looked for in 10 proposals; one descent, for the true reward chose among its "
        "three (`restarts` chooses by its own value)",
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
        source="Koh et al. 2024, arXiv:2407.01476: b = 5, d = 5, c = 20, theta = 1, 20 samples of policy and value, "
        "temperature 1. Ours: scores for success, on track, failure; no nucleus of 0.95",
    ),
    "mcts": Agent(
        "mcts",
        policy="lm-text",
        value="lm-text",
        settings={"num_children": 5, "depth": 5, "exploration": 1.0, **sampling(10, 5, 1.0)},
        source="Kocsis & Szepesvári 2006, a baseline of Mendes & Ritter 2025, arXiv:2503.02878, without its settings. "
        "Ours: those of greedy; no cap",
    ),
    "random": Agent(
        "react", policy="random", value="none", settings={}, families=STEPS, source="ours: a floor for all others"
    ),
    "rule": Agent(
        "greedy",
        policy="rule",
        value="rule",
        settings={},
        families={**STEPS, "hotpotqa": {"depth": 7, "num_children": 1}, "webshop": {"depth": 15, "num_children": 1}},
        source="ours: what the family's rules do first; where they only judge, the best of all actions",
    ),
}


def find_agent(name: str) -> Agent:
    """A published agent; an `Agent` of a user's module; or an algorithm with the rule policy and value, where there are
    rules. Raises ValueError: it is none of them.
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
    return None if isinstance(found, Agent) else no_algorithm(found)


def complete(
    name: str | Agent,
    env_id: str,
    *,
    policy: str | None = None,
    value: str | None = None,
    given: Settings | None = None,
) -> Agent:
    """An agent for one environment with every setting told, so that no later table changes what it is.

    `given` settings come before those of the family, these before the agent's own, these before the defaults. The
    table's settings of a policy or a value count only where that can take them. Raises ValueError: what is unknown.
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
