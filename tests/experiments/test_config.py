from __future__ import annotations

import gc
import json
import weakref
from dataclasses import replace

import pytest
import tomlkit

from forethought.agents import Recorded, Scripted
from forethought.envs.game24.family import Game24
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.execute import replay, run, searched
from forethought.experiments.launch import carry_out
from forethought.experiments.run_folder import Run, RunError
from forethought.search.engine.journal import JournalError
from forethought.search.engine.tree_dump import digest

ASKED = Experiment("Game24-v0", "900:903", "beam", {"nodes": 120}, settings={"beam_width": 2}, seed=7)


@pytest.mark.parametrize(
    ("text", "tasks"), [("0:3", [0, 1, 2]), ("5", [5]), ("9,2", [9, 2]), ("0:10:4,20", [0, 4, 8, 20])]
)
def test_tasks_are_read(text, tasks):
    assert parse_tasks(text) == tasks


@pytest.mark.parametrize("text", ["", "a", "1:b", "3:1", "-1", "1,1", "0:4,2", "1:2:0", "1:2:3:4"])
def test_no_tasks_are_refused(text):
    with pytest.raises(ValueError, match="the tasks"):
        parse_tasks(text)


def test_a_config_comes_back_as_it_was(tmp_path):
    asked = Experiment(
        "Game24-v0", "1", "mcts", {"nodes": 5, "seconds": 1.5}, policy="lm-rank", model="x", privileges=("reward",),
        settings={"exploration": 0.5}, env_options={"puzzles": ["4 6"]},
    )  # fmt: skip
    assert Experiment.of(Run.create(tmp_path / "r", asked.config()).config) == asked


def test_a_config_of_another_version_is_refused():
    with pytest.raises(ValueError, match="no evaluation of this version"):
        Experiment.of({**ASKED.config(), "colour": "red"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"algorithm": "dfs"}, "unknown algorithm"),
        ({"budget": {}}, "a budget needs a limit"),
        ({"privileges": ("root",)}, "unknown privileges"),
        ({"tasks": "0:1000000000"}, "more than 10,000,000"),
        ({"record": "replies.jsonl", "model": None}, "keeps a model's replies, and none is asked"),
        ({"budget": {"nodes": 2.5}}, "is no whole number"),
        ({"settings": {"beam_width": 1.5}}, "expected an integer"),
        ({"settings": {"policy.samples": 2}}, "no setting 'policy.samples'; expected one of num_children, beam"),
        ({"algorithm": "lats", "settings": {}}, "add --privilege reward"),
        ({"value": "none"}, "beam asks for values"),
        ({"policy": "best"}, "unknown policy"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(change, message):
    with pytest.raises(ValueError, match=message):
        Experiment(**{**ASKED.__dict__, **change})


@pytest.mark.parametrize("name", ["gumbel", "walk"])
def test_the_seed_of_a_run_is_that_of_its_draws(name, tmp_path):
    def trees(of, **settings):
        asked = Experiment("Game24-v0", "900:903", name, {"nodes": 300}, seed=of, settings=settings)
        outcomes = run(Run.create(tmp_path / f"{of} {settings}", asked.config()))
        return [digest(outcome.root) for outcome in outcomes]

    assert len({tuple(found) for found in (trees(0), trees(1), trees(1, seed=1))}) == 3


def test_a_replay_asks_nobody_and_grows_the_same_trees(tmp_path):
    folder = Run.create(tmp_path / "r", ASKED.config())
    outcomes = run(folder)
    assert [digest(outcome.root) for outcome in replay(folder)] == [digest(outcome.root) for outcome in outcomes]


def test_a_replay_writes_nothing_and_needs_no_lock(tmp_path):
    folder = Run.create(tmp_path / "r", ASKED.config())
    run(folder)
    before = (tmp_path / "r" / "journal.jsonl").read_bytes()
    with folder.journal():  # held, as by another process
        held = (tmp_path / "r" / "journal.jsonl").read_bytes()
        replay(folder)
        assert (tmp_path / "r" / "journal.jsonl").read_bytes() == held
    assert before == held


def test_a_world_that_cannot_tell_a_result_loses_that_task_alone(tmp_path, monkeypatch):
    metrics, asked = Game24.metrics, []

    def fails_the_second_time(self, state):
        asked.append(state)
        if len(asked) == 2:
            raise RuntimeError("no metrics today")
        return metrics(self, state)

    monkeypatch.setattr(Game24, "metrics", fails_the_second_time)
    folder = Run.create(tmp_path / "r", ASKED.config())
    run(folder)
    assert [row["task"] for row in folder.results()] == [900, 902]
    assert [(row["task"], row["message"]) for row in folder.failures()] == [(901, "no metrics today")]


def test_a_model_that_changed_is_refused(tmp_path):
    asked = Experiment(**{**ASKED.__dict__, "value": "lm-tokens", "model": "scripted"})
    folder = Run.create(tmp_path / "r", asked.config())
    run(folder, lm=Scripted(scores={"3": 0.0}))
    changed = Scripted(scores={"3": 0.0})
    changed.content = "another"
    with pytest.raises(RunError, match="was begun with model 'scripted' and it is 'another' now"):
        run(folder, lm=changed)


@pytest.mark.parametrize(
    ("change", "refused"), [({"seed": 7}, True), ({"budget": {"nodes": 50}}, True), ({"concurrency": 2}, False)]
)
def test_a_config_that_was_edited_is_no_longer_that_run(tmp_path, change, refused):
    asked = Experiment("Game24-v0", "900:902", "beam", {"nodes": 100})
    folder = Run.create(tmp_path / "r", asked.config())
    run(folder)
    text = tomlkit.dumps({k: v for k, v in replace(asked, **change).config().items() if v is not None})
    (tmp_path / "r" / "config.toml").write_text(text)
    if refused:
        with pytest.raises(RunError, match="config"):
            run(Run(tmp_path / "r"))
    else:
        assert len(run(Run(tmp_path / "r"))) == 2


def test_where_no_reflection_is_kept_no_model_is_needed(tmp_path):
    settings = {"max_reflections": 0, "attempts": 2, "depth": 3}
    asked = Experiment(
        "Game24-v0", "900:902", "reflexion", {"nodes": 100}, value="none", settings=settings, privileges=("reward",)
    )
    outcomes = run(Run.create(tmp_path / "r", asked.config()))
    assert [(len(outcome.attempts), outcome.error) for outcome in outcomes] == [(2, None)] * 2


def test_prompts_are_hashed_into_the_manifest(tmp_path):
    asked = Experiment(**{**ASKED.__dict__, "value": "lm-tokens", "policy": "lm-rank", "model": "scripted"})
    folder = Run.create(tmp_path / "r", asked.config())
    run(folder, lm=Scripted(scores=lambda request: [-1.0] * len(request.continuations)))
    content = folder.manifest()["content"]
    assert {"prompt game24/value_score", "prompt game24/propose", "model", "world", "config"} == set(content)


def test_recorded_replies_play_the_same_run_again(tmp_path):
    asked = Experiment(**{**ASKED.__dict__, "policy": "lm-text", "model": "scripted", "record": "replies.jsonl"})

    def reply(request):
        left = request.prompt.rsplit("left: ", 1)[1].split("\n")[0].split()
        a, b = left[request.seed % len(left)], left[(request.seed + 1) % len(left)]
        return f"{a} {'+-*/'[request.seed % 4]} {b} = x"

    first = Run.create(tmp_path / "first", asked.config())
    run(first, lm=Scripted(reply))
    again = Experiment(**{**asked.__dict__, "record": None, "model": f"recorded:{first.folder / 'replies.jsonl'}"})
    second = Run.create(tmp_path / "second", again.config())
    run(second)
    ours = [json.dumps({**row, "spent": None}) for row in first.results()]
    assert ours == [json.dumps({**row, "spent": None}) for row in second.results()]
    assert first.results()[0]["spent"]["tokens"] > 0
    assert len(Recorded(first.folder / "replies.jsonl").content) == 64


def asked_of_a_model(**changes):
    settings = {"beam_width": 2, "num_children": 3}
    asked = {"policy": "lm-text", "model": "scripted", "budget": {"nodes": 30}, "settings": settings}
    return Experiment(**{**ASKED.__dict__, **asked, **changes})


def writes(request):
    return ["10 - 4", "4 + 5", "5 * 6", "6 - 5"][request.seed % 4]


def test_a_cache_changes_no_tree_and_is_paid_once(tmp_path, monkeypatch):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path / "cache"))
    found = {}
    for name, cache in (("off", "off"), ("cold", "on"), ("warm", "on"), ("read", "read")):
        folder = Run.create(tmp_path / name, asked_of_a_model(cache=cache).config())
        lm = Scripted(writes)
        run(folder, lm=lm)
        bills = [json.loads(line) for line in read_lines(folder.folder / "billed.jsonl")]
        found[name] = (folder.results(), len(lm.prompts), [bill["billed"]["calls"] for bill in bills])
    assert found["off"][0] == found["cold"][0] == found["warm"][0] == found["read"][0]
    assert found["off"][2] == []
    assert 0 < found["cold"][1] <= found["off"][1]
    assert (found["cold"][2], found["warm"][1:], found["read"][1:]) == ([found["cold"][1]], (0, [0]), (0, [0]))


def read_lines(path):
    return path.read_text().splitlines() if path.exists() else []


def test_reflexion_asks_the_model_for_reflections_and_replays(tmp_path):
    def reply(request):
        return "take other numbers" if "went wrong" in request.prompt else writes(request)

    asked = asked_of_a_model(
        algorithm="reflexion",
        settings={"attempts": 2, "depth": 3},
        privileges=("reward", "reflection"),
        budget={"lm_calls": 99},
    )
    folder = Run.create(tmp_path / "r", asked.config())
    outcomes = run(folder, lm=Scripted(reply))
    assert [len(outcome.attempts) for outcome in outcomes] == [2, 2, 2]
    assert {outcome.answer.context.memory for outcome in outcomes} == {("take other numbers",)}
    assert all(outcome.spent.roles["reflection"].calls == 1 for outcome in outcomes)
    assert [digest(outcome.root) for outcome in replay(folder)] == [digest(outcome.root) for outcome in outcomes]
    assert "prompt game24/reflection" in (folder.folder / "manifest.json").read_text()


def test_a_tree_goes_when_its_search_has_ended(tmp_path):
    roots = [weakref.ref(outcome.root) for outcome in searched(Run.create(tmp_path / "r", ASKED.config()))]
    gc.collect()
    assert [root() for root in roots] == [None] * 3


def test_what_came_of_tasks_is_there_before_all_have_ended(tmp_path):
    run_ = Run.create(tmp_path / "r", replace(ASKED, concurrency=1).config())

    def interrupt(line):
        if line["task"] == 901:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(run_, interrupt)
    rows = run_.ended()
    assert [row["task"] for row in rows] == [900, 901]
    with pytest.raises(RunError, match=r"has no results.jsonl yet"):
        run_.results()
    carry_out(run_)
    assert run_.results()[:2] == rows
    assert run_.ended() == []


def test_a_journal_of_another_seed_is_refused(tmp_path):
    one, other = (Run.create(tmp_path / str(seed), replace(ASKED, seed=seed).config()) for seed in (0, 1))
    carry_out(one)
    carry_out(other)
    journal = one.folder / "journal.jsonl"
    journal.write_bytes((other.folder / "journal.jsonl").read_bytes())
    for go_on in (carry_out, replay):
        with pytest.raises(JournalError, match=r"belongs to another run \(of other settings, tasks, seed"):
            go_on(one)


def test_a_run_pins_its_sources_without_those_of_other_environments(tmp_path):
    run_ = Run.create(tmp_path / "r", ASKED.config())
    carry_out(run_)
    names = set(run_.manifest()["sources"])
    assert {"forethought.search.beam", "forethought.search.engine.driver", "forethought.agents.policies"} <= names
    assert {
        "forethought.agents.heuristics.values",
        "forethought.envs.game24.family",
        "forethought.envs.game24.rules",
    } <= names
    assert not [name for name in names if "webshop" in name or "hotpotqa" in name or "mcts" in name]


def test_model_options_that_change_answers_are_part_of_its_digest():
    def digest_with(**options):
        spec = "server:m@http://127.0.0.1/v1"
        return Experiment("Game24-v0", "0", "greedy", {"nodes": 5}, model=spec, model_options=options).digest

    assert digest_with(concurrency=4, timeout=3.0) == digest_with()
    assert digest_with(omit="temperature") != digest_with()
    assert digest_with(rename="max_tokens:max_completion_tokens") != digest_with()
