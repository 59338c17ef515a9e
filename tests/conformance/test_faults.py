"""Every check finds the fault that was planted for it, and finds nothing in an environment without one."""

import random
from dataclasses import dataclass

import faulty
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from forethought.envs import Template
from forethought.envs.conformance import CHECKS, Broken, Subject, run_checks
from forethought.envs.conformance import checks as module
from forethought.envs.conformance.machine import machine
from forethought.envs.conformance.subject import chosen, filled, walk
from forethought.envs.conformance.texts import mutated, only_counted

WALKING = {  # everything that takes admissible steps
    "same_seed_same_trajectory", "fork_equals_replay", "forks_are_apart", "bytes_restore_elsewhere",
    "step_never_mutates", "admissible_is_legal", "rewards_in_range", "misuse_is_refused",
}  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """The check that must find a fault and what it must say; `also`: promises the fault breaks as well."""

    check: str
    says: str
    also: frozenset[str] | set[str] = frozenset()


PLANTED = {
    "DeafToSeed": Planted("different_seeds_differ", "twenty seeds gave one and the same opening"),
    # A task that no seed decides is another one at every reset: in replays, in forks, and for Gymnasium's checker.
    "DrawsElsewhere": Planted(
        "same_seed_same_trajectory",
        ", step 0: ",
        {"fork_equals_replay", "forks_are_apart", "gymnasium_accepts_it"},
    ),
    # Every comparison of two steps sees the noise.
    "NoisyRules": Planted(
        "same_seed_same_trajectory",
        "seed 0, step 1: ",
        {"fork_equals_replay", "bytes_restore_elsewhere", "step_never_mutates", "gymnasium_accepts_it"},
    ),
    # What is admissible in the parent is not admissible at the opening, where its forks stand.
    "ForkBeginsAgain": Planted("fork_equals_replay", "and the replayed one b", {"admissible_is_legal"}),
    "ForkForgetsTheWay": Planted("fork_equals_replay", "a fork after 2 steps of seed 0: "),
    "ForkDrawsAnew": Planted("fork_equals_replay", "a fork after 2 steps of seed 0 draws other tasks"),
    "ForkSharesGenerator": Planted("forks_are_apart", "two forks share one generator"),
    "ForkSharesSpaces": Planted("forks_are_apart", "seed 0: a fork sampled '"),
    "ForkLooksLate": Planted("forks_are_apart", "the steps of a parent changed its fork"),
    # The second fork to try an action finds it played already.
    "ForkSharesState": Planted("forks_are_apart", "the steps of a fork changed its parent", {"admissible_is_legal"}),
    "HashedKeyRules": Planted("bytes_restore_elsewhere", "in another process the key is "),
    "UnorderedRules": Planted("bytes_restore_elsewhere", "in another process the steps is "),
    "BytesAreText": Planted("bytes_restore_elsewhere", "return bytes; they returned str and bytes"),
    "BytesStayHere": Planted("bytes_restore_elsewhere", "another process cannot go on from these bytes: "),
    "LossyRules": Planted("step_never_mutates", "from one state, restored, led to two different results"),
    # Forks share their states, so one that is written into is seen by all of them.
    "MutatingRules": Planted(
        "step_never_mutates", "changed the state it was played from", {"forks_are_apart", "admissible_is_legal"}
    ),
    # Gymnasium's checker compares two steps as well.
    "CountingRules": Planted(
        "step_never_mutates", "from one state, restored, led to two different results", {"gymnasium_accepts_it"}
    ),
    "DriftingRules": Planted("step_never_mutates", "from one state led to two different ones"),
    "RaisingRules": Planted("any_text_is_safe", "raised UnicodeEncodeError: "),
    "JunkMovesRules": Planted("any_text_is_safe", "the refused text '' changed the state"),
    "CountsTwiceRules": Planted("any_text_is_safe", "the refused text '' changed the state"),
    "CountsDownRules": Planted("any_text_is_safe", "the refused text '' changed the state"),
    "CountsAndTakesRules": Planted("any_text_is_safe", "the refused text '' changed the state"),
    "CountsAndHidesRules": Planted("any_text_is_safe", "the refused text '' changed the state"),
    "JunkIsLegalRules": Planted("any_text_is_safe", "the text '' was taken for a legal action"),
    "MuteRules": Planted("any_text_is_safe", "info['illegal'] after '' is ''; it says why, or is None"),
    # What is no str is in no observation space of texts either.
    "NoTextRules": Planted("any_text_is_safe", "after '' the observation is None, no str", {"gymnasium_accepts_it"}),
    "OffersTooMuchRules": Planted("admissible_is_legal", "the admissible '0 / 0' was refused: cannot play '0 / 0'"),
    # Nobody gets beyond the first step.
    "OffersNothingRules": Planted("admissible_is_legal", "no action is admissible after ", WALKING),
    "TooMuchRules": Planted("rewards_in_range", "gave the reward 2.0 (sum 2.0), outside 0.0 to 1.0"),
    "TooOftenRules": Planted("rewards_in_range", "gave the reward 0.5 (sum 1.5), outside 0.0 to 1.0"),
    "NotANumberRules": Planted("rewards_in_range", "gave the reward nan; a reward is a finite number"),
    "NoMetrics": Planted("rewards_in_range", "the episode ended without info['metrics']"),
    "TakesAnything": Planted("misuse_is_refused", "step(None) went through; expected TypeError"),
    "WrongError": Planted("misuse_is_refused", "step(None) raised ValueError; expected TypeError"),
    "PlaysOn": Planted("misuse_is_refused", "step('anything') went through; expected ResetNeeded"),
    "BeginsByItself": Planted("misuse_is_refused", "step('anything') went through; expected ResetNeeded"),
    "ShortTexts": Planted("gymnasium_accepts_it", "`env.reset()` is not within the observation space"),
    "LongRefusals": Planted("gymnasium_accepts_it", "`step()` method is not within the observation space"),
}


def found_in(name):
    return {check: what for check, what in run_checks(Subject(f"faulty:{name}-v0")).items() if what is not None}


@pytest.mark.parametrize("name", sorted(faulty.WITHOUT_FAULT))
def test_a_healthy_environment_keeps_every_promise(name):
    found = run_checks(Subject(f"faulty:{name}-v0"))
    assert found == {check.__name__: None for check in CHECKS}


def test_so_does_one_whose_episodes_are_a_single_step():
    found = run_checks(Subject("Game24-v0", {"puzzles": ["4 6", "3 8", "2 12", "1 23"]}))
    assert found == {check.__name__: None for check in CHECKS}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_by_its_check_and_by_no_other(name):
    random.seed(0)  # two of the faults draw from it
    planted = PLANTED[name]
    found = found_in(name)
    assert planted.says in found[planted.check]
    assert set(found) == {planted.check} | planted.also


def test_every_faulty_environment_is_looked_at():
    assert set(PLANTED) == set(faulty.FAULTY) - faulty.WITHOUT_FAULT


def test_every_check_has_a_fault_of_its_own():
    alone = {planted.check for planted in PLANTED.values() if not planted.also}
    assert {check.__name__ for check in CHECKS} - alone == {"same_seed_same_trajectory"}  # chance cannot stay alone


# the Hypothesis machine


def run_machine(name):
    few = settings(
        max_examples=40,
        stateful_step_count=15,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(machine(Subject(f"faulty:{name}-v0")), settings=few)


@pytest.mark.parametrize("name", sorted(faulty.WITHOUT_FAULT))
def test_the_machine_is_content_with_a_healthy_environment(name):
    run_machine(name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ForkBeginsAgain", "and it stands at"),
        ("ForkForgetsTheWay", "and it stands at"),
        ("ForkSharesState", "and it stands at"),
        ("MutatingRules", "and it stands at"),
        ("NoisyRules", "replayed leads to another state"),
        ("JunkMovesRules", "changed the state"),
        ("CountsAndTakesRules", "changed the state"),
        ("RaisingRules", "raised UnicodeEncodeError"),
        ("MuteRules", "it says why, or is None"),
        ("OffersTooMuchRules", "'0 / 0' was admissible, and is refused"),
        ("OffersNothingRules", "no action is admissible"),
    ],
)
def test_the_machine_finds_faults_by_itself(name, says):
    with pytest.raises(AssertionError, match=says):
        run_machine(name)


# the checks' own tools


def test_an_environment_that_cannot_be_made_is_a_finding_not_a_crash():
    found = run_checks(Subject("Game24-v0", {"puzzles": ["no puzzle"]}))
    assert len(found) == len(CHECKS)
    assert all("ValueError: 'no' is no number" in what for what in found.values())


def test_a_misspelt_id_is_a_finding_as_well():
    assert "NameNotFound" in run_checks(Subject("Game24x-v0"))["admissible_is_legal"]


def test_the_range_of_rewards_is_the_subjects():
    module.rewards_in_range(Subject("faulty:TooOftenRules-v0", rewards=(0.0, 1.5)))
    with pytest.raises(Broken):
        module.rewards_in_range(Subject("faulty:TooOftenRules-v0", rewards=(0.0, 1.4)))


def test_options_reach_the_environment_here_and_elsewhere():
    subject = Subject("Game24-v0", {"puzzles": ["7 8 9", "1 2 3"]})
    assert subject.make().family.puzzles == ("7 8 9", "1 2 3")
    module.bytes_restore_elsewhere(Subject("forethought.envs:Game24-v0", subject.options))


def test_the_other_process_has_another_hash_seed(monkeypatch):
    seeds = []
    real = module.subprocess.run

    def spy(*args, env, **options):
        seeds.append(env["PYTHONHASHSEED"])
        return real(*args, env=env, **options)

    monkeypatch.setattr(module.subprocess, "run", spy)
    for here in ("0", module.OTHER_HASH_SEEDS[0]):
        monkeypatch.setenv("PYTHONHASHSEED", here)
        module.bytes_restore_elsewhere(Subject("faulty:Healthy-v0"))
    assert seeds == list(module.OTHER_HASH_SEEDS)


def test_blanks_are_filled():
    draw = random.Random(0)
    assert {filled(Template("search[<query>]"), draw) for _ in range(40)} == {
        "search[red shoes]",
        "search[paris]",
        "search[7]",
    }
    assert chosen({"actions": ("3 - 1",)}, draw) == "3 - 1"
    assert filled("click[<3 months>]", draw) == "click[<3 months>]"


def test_a_walk_ends_with_its_episode_or_its_steps():
    subject = Subject("faulty:Healthy-v0")
    env = subject.make()
    _, info = env.reset(seed=0)
    steps = list(walk(env, subject.draw(), info))
    assert [result[2] for _, result in steps] == [False, False, True]
    _, info = env.reset(seed=0)
    assert len(list(walk(env, subject.draw(), info, steps=2))) == 2


@pytest.mark.parametrize(
    ("before", "after", "counted"),
    [
        ({"steps": 0, "left": [1]}, {"steps": 1, "left": [1]}, True),
        ({"steps": 0, "left": [1]}, {"steps": 1, "left": [2]}, False),
        ({"steps": 0, "seen": 0}, {"steps": 1, "seen": 1}, False),
        ({"steps": 0}, {"steps": 0}, False),
        ({"steps": 0}, {"steps": 2}, False),
        ({"steps": 1}, {"steps": 0}, False),
        ({"steps": False}, {"steps": True}, False),
        ({"steps": 0.0}, {"steps": 1.0}, False),
        ({"steps": "0"}, {"steps": "1"}, False),
        ({"steps": None}, {"steps": 1}, False),
        ({"refused": 0}, {"refused": 1}, False),
        ({"steps": 0}, {"steps": 1, "more": 1}, False),
        ([0], [1], False),
        (0, 1, False),
    ],
)
def test_what_counts_a_step_and_does_no_more(before, after, counted):
    class Plain:
        to_json = staticmethod(lambda state: state)

    assert only_counted(Plain, before, after, False) == counted
    assert only_counted(Plain, before, after, True) == counted


def test_a_refused_text_may_end_an_episode_with_a_forced_answer():
    class Plain:
        to_json = staticmethod(lambda state: state)

    before, after = {"steps": 6, "answer": None}, {"steps": 7, "answer": ""}
    assert only_counted(Plain, before, after, True)
    assert not only_counted(Plain, before, after, False)
    assert not only_counted(Plain, {**before, "answer": "x"}, after, True)


def test_mutated_texts_are_close_to_actions_and_odd():
    texts = mutated(("10 - 4",), random.Random(1))
    assert "10 - 410 - 4" in texts
    assert "4 - 01" in texts
    assert "10 - 4 \ud83d" in texts
    assert any("\x00" in text for text in texts)
