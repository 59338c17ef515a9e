"""The table of agents: complete, overridable, and every one of them runs in every family."""

from __future__ import annotations

import inspect
import re
import sys

import pytest

from forethought.agents import Scripted
from forethought.agents.presets import AGENTS, complete
from forethought.agents.registry import Pieces, part_of
from forethought.experiments.config import Experiment
from forethought.experiments.execute import run
from forethought.experiments.run_folder import Run
from forethought.leaderboards.rows import ROWS, load_rows
from forethought.search.engine.tree_dump import digest
from forethought.search.needs import needs_of
from forethought.search.registry import ALGORITHMS

FAMILIES = {"Game24-v0": "900:902", "WebShop-v0": "0:2", "HotpotQA-v0": "400:402"}
TALK = {
    "WebShop-v0": ["search[jeans]", "search[red lamp]", "click[next >]", "click[back to search]", "click[buy now]"],
    "HotpotQA-v0": ["search[Best Film]", "finish[Letters]", "think[first the film]", "lookup[film]", "wander about"],
}


def model(env: str) -> Scripted:
    """Proposes a few actions of the family, gives marks, and has notes to leave; all by prompt and seed."""

    def reply(request):
        if "Thus the correctness score is" in request.prompt:
            return f"something\nThus the correctness score is {(request.seed + len(request.prompt)) % 9}.50"
        if "went wrong" in request.prompt:
            return "look closer"
        if env == "Game24-v0":
            a, b, *_ = [*request.prompt.rpartition("left: ")[2].split("\n")[0].split(), "1"]
            return f"{a} {'+-*'[request.seed % 3]} {b} = x"
        said = TALK[env][:2] if request.prompt.endswith("Page: Search\nStep:\n") else TALK[env]
        return said[request.seed % len(said)]

    return Scripted(reply)


def known_settings(*names):
    return {name: info.written for name, info in Pieces.of(*names).settings().items()}


def asked(name: str, env: str, **changes) -> Experiment:
    agent = complete(name, env)
    made = {
        "env": env, "tasks": FAMILIES[env], "algorithm": agent.algorithm, "budget": {"lm_calls": 400, "nodes": 60},
        "agent": name, "policy": agent.policy, "value": agent.value, "settings": agent.settings, "model": "scripted",
        "privileges": agent.privileges,
    }  # fmt: skip
    return Experiment(**{**made, **changes})


@pytest.mark.parametrize("env", FAMILIES)
@pytest.mark.parametrize("name", AGENTS)
def test_every_agent_runs_in_every_family_and_again_to_the_same_trees(name, env, tmp_path):
    experiment = asked(name, env)
    trees = []
    for number, concurrency in enumerate((64, 1)):
        changed = Experiment(**{**experiment.__dict__, "concurrency": concurrency})
        folder = Run.create(tmp_path / str(number), changed.config())
        assert Experiment.of(folder.config) == changed
        outcomes = run(folder, lm=model(env))
        assert folder.failures() == []
        assert [outcome.task for outcome in outcomes] == [row["task"] for row in folder.results()]
        assert all(outcome.answer.depth > 0 for outcome in outcomes)
        trees.append([digest(outcome.root) for outcome in outcomes])
    assert trees[0] == trees[1]


@pytest.mark.parametrize("env", FAMILIES)
@pytest.mark.parametrize("name", AGENTS)
def test_every_setting_of_the_table_is_one_and_none_is_left_open(name, env):
    agent = AGENTS[name]
    known = known_settings(agent.algorithm, agent.policy, agent.value)
    told = {*agent.settings, *(setting for family in agent.families.values() for setting in family)}
    assert told <= set(known)
    assert set(complete(name, env).settings) == set(
        known_settings(agent.algorithm, complete(name, env).policy, agent.value)
    )
    assert agent.source


@pytest.mark.parametrize(
    ("name", "env", "published"),
    [
        ("react", "HotpotQA-v0", {"depth": 7, "policy.samples": 1, "policy.temperature": 0.0}),
        ("react", "WebShop-v0", {"depth": 15}),
        ("reflexion", "HotpotQA-v0", {"attempts": 5, "max_reflections": 3}),
        ("tot-bfs", "Game24-v0", {"beam_width": 5, "depth": 3, "value.samples": 3, "value.temperature": 0.7}),
        ("tot-dfs", "Game24-v0", {"max_expansions": 100, "policy.temperature": 0.7}),
        ("lats", "HotpotQA-v0", {"num_children": 5, "num_simulations": 50, "exploration": 1.0, "depth": 7}),
        ("lats", "WebShopBrowser-v0", {"num_simulations": 30, "depth": 15}),
        ("greedy", "WebShop-v0", {"num_children": 5, "depth": 5, "value.samples": 5, "value.temperature": 1.0}),
        ("best-first", "WebShop-v0", {"num_children": 5, "depth": 5, "max_expansions": 20, "value.samples": 20}),
        ("rule", "WebShop-v0", {"num_children": 1, "depth": 15}),
        ("rule", "Game24-v0", {"num_children": "all", "depth": 3}),
        ("react", "FrozenLake-v1", {"depth": 10}),
    ],
)
def test_what_is_published_is_the_default(name, env, published):
    assert published.items() <= complete(name, env).settings.items()


def test_the_command_line_comes_before_the_table():
    agent = complete(
        "greedy", "WebShop-v0", policy="rule", value="lm-tokens", given={"num_children": "all", "depth": 3}
    )
    assert (agent.policy, agent.value) == ("rule", "lm-tokens")
    assert agent.settings == {"num_children": "all", "depth": 3}
    assert part_of(agent.settings) == {"num_children": "all", "depth": 3}
    agent = complete("best-first", "WebShop-v0", given={"policy.samples": 3, "value.temperature": 0})
    assert part_of(agent.settings, "policy.") == {"samples": 3, "temperature": 1.0, "max_tokens": 64}
    assert part_of(agent.settings, "value.")["temperature"] == 0


def test_a_rule_policy_is_one_of_all_actions_where_rules_only_judge():
    assert complete("rule", "Game24-v0").policy == "all"
    assert complete("rule", "HotpotQA-v0").policy == "rule"


def test_an_algorithm_without_a_name_takes_all_actions_and_the_rule():
    agent = complete("dvts", "Game24-v0", given={"n": 2})
    assert (agent.algorithm, agent.policy, agent.value) == ("dvts", "all", "rule")
    assert agent.settings == {"n": 2, "num_children": 4, "depth": 10}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: complete("bean", "Game24-v0"), "unknown agent 'bean'; expected one of react, reflexion, tot-bfs"),
        (
            lambda: complete("react", "Game24-v0", given={"value.samples": 3}),
            r"react with the policy lm-text and the value none has no setting 'value.samples'; expected one of depth, "
            r"policy.samples, policy.temperature, policy.max_tokens",
        ),
        (lambda: complete("greedy", "Game24-v0", given={"policy.samples": 1.5}), "expected an integer of at least 0"),
        (lambda: complete("greedy", "Game24-v0", given={"depth": "all"}), "depth='all'; expected an integer"),
        (lambda: complete("greedy", "Game24-v0", policy="best"), "unknown policy 'best'; expected one of all, random"),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_known(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", ["reflexion", "lats"])
def test_the_reward_is_never_granted_by_a_name(name):
    assert AGENTS[name].privileges == ("reward", "reflection")
    with pytest.raises(
        ValueError, match=r"the true reward and a reflection .* --privilege reward --privilege reflection"
    ):
        asked(name, "Game24-v0", privileges=())


def test_no_value_is_for_those_who_never_ask_one(tmp_path):
    with pytest.raises(ValueError, match="greedy asks for values; give another value than 'none'"):
        asked("greedy", "Game24-v0", value="none", settings={})
    folder = Run.create(tmp_path / "r", asked("random", "HotpotQA-v0", model=None, value="none").config())
    run(folder)
    assert all(row["spent"]["evaluations"] == 0 for row in folder.results())


def test_react_needs_nothing_of_a_family(tmp_path):
    """No rules, no prompts of its own, no value: any environment with text will do."""
    agent = complete("react", "FrozenLake-v1")
    lm = Scripted(lambda request: "2")
    made = Experiment(
        "FrozenLake-v1", "0:2", agent.algorithm, {"lm_calls": 9}, policy=agent.policy, value=agent.value, model="x",
        settings=agent.settings,
    )  # fmt: skip
    outcomes = run(Run.create(tmp_path / "r", made.config()), lm=lm)
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert outcomes[0].answer.actions
    assert lm.prompts[0].endswith("Next action:\n> ")


def test_what_algorithms_ask_for_is_what_their_sources_say():
    asking, rewarded, unjudged = {}, set(), set()
    for name, algorithm in ALGORITHMS.items():
        source = inspect.getsource(sys.modules[algorithm.__module__])
        if roles := re.findall(r'Ask\(\w+, "(\w+)"\)', source):
            asking[name] = tuple(dict.fromkeys(roles))
        if "Imagine(" in source:
            asking[name] = ("imagination",)
        if re.search(r"yield Reward\(", source):
            rewarded.add(name)
        if not re.search(r"yield Evaluate\(|\bsimulate\(", source):
            unjudged.add(name)
    stated = {name: needs_of(algorithm) for name, algorithm in ALGORITHMS.items()}
    assert asking == {name: needs.prompts for name, needs in stated.items() if needs.prompts}
    assert rewarded == {name for name, needs in stated.items() if "reward" in needs.privileges}
    assert rewarded == {name for name in ALGORITHMS if name in AGENTS and AGENTS[name].privileges}
    assert unjudged == {name for name, needs in stated.items() if not needs.values}


@pytest.mark.parametrize("row", load_rows(ROWS), ids=lambda row: row["name"])
def test_the_commands_of_the_board_still_ask_for_what_was_run(row):
    """Not even where an agent of the table has the name of the row's algorithm."""
    config = row["config"]
    agent = complete(
        row["command"].split("--agent ")[1].split()[0],
        config["env"],
        policy=config["policy"],
        value=config["value"],
        given=config["settings"],
    )
    assert (agent.algorithm, agent.policy, agent.value) == (config["algorithm"], config["policy"], config["value"])
    assert agent.settings == {**known_settings(agent.algorithm, agent.policy, agent.value), **config["settings"]}
