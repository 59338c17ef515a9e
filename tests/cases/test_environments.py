"""Cases of public bug reports about environments, each named by its source."""

import json
import warnings

import gymnasium as gym
import pytest
from gymnasium import wrappers

import forethought.envs
from forethought.envs import get_state, set_state
from forethought.envs.hotpotqa.building.official_files import import_world


def look_ahead(env, restore, count=60):
    """Whether any of many first steps from one point was truncated."""
    return [(restore(), env.step("10 - 4")[3])[1] for _ in range(count)]


def test_openai_gym_1638():
    """TimeLimit does not go on counting over restored points."""
    env = gym.make("Game24-v0")
    env.reset(options={"task": 900})
    data = get_state(env)
    assert not any(look_ahead(env, lambda: set_state(env, data)))


def test_openai_gym_1638_the_core_alone_is_warned_of():
    env = gym.make("Game24-v0")
    env.reset(options={"task": 900})
    data = env.unwrapped.get_state()
    with pytest.warns(UserWarning, match=r"TimeLimit went on counting .*forethought\.envs\.set_state"):
        assert any(look_ahead(env, lambda: env.unwrapped.set_state(data)))


@pytest.mark.parametrize("env_id", [env_id for env_id in forethought.envs.IDS if "Browser" not in env_id])
@pytest.mark.parametrize("limit", [2, 5])
def test_openai_gym_1638_in_every_environment_the_rest_of_the_limit_is_restored(env_id, limit):
    env = wrappers.RecordEpisodeStatistics(gym.make(env_id, max_episode_steps=limit))
    env.reset(seed=0)
    env.step("junk")
    data = get_state(env)
    for _ in range(3):
        set_state(env, data)
        steps = 1
        while not env.step("junk")[3]:
            steps += 1
        assert (steps, env.length_queue[-1]) == (limit - 1, limit)


@pytest.mark.parametrize(
    ("wrap", "after"),
    [
        (lambda env: wrappers.FrameStackObservation(env, 3), ("(left: 4 5 6 10)",) * 2 + ("10 - 4 = 6 (left: 5 6 6)",)),
        (lambda env: wrappers.DelayObservation(env, 2), ""),
        (wrappers.FlattenObservation, "10 - 4 = 6 (left: 5 6 6)"),
        (lambda env: wrappers.TimeAwareObservation(env), {"obs": "10 - 4 = 6 (left: 5 6 6)", "time": 1}),
    ],
)
def test_dlr_rm_stable_baselines3_1704(wrap, after):
    """Functions that Gymnasium dispatches by space know the space of texts."""
    env = wrap(gym.make("Game24-v0"))
    env.reset(options={"task": 900})
    shown = env.step("10 - 4")[0]
    assert shown in env.observation_space
    assert (shown if not isinstance(shown, dict) else {**shown, "time": int(shown["time"][0])}) == after


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("wrap", [wrappers.FlattenObservation, lambda env: wrappers.FrameStackObservation(env, 2)])
def test_dlr_rm_stable_baselines3_1704_in_vector_environments(mode, wrap):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)
        envs = gym.make_vec("Game24-v0", 2, vectorization_mode=mode, wrappers=[wrap])
    shown = envs.reset(options={"task": 900})[0]
    assert shown in envs.observation_space
    assert "(left: 4 5 6 10)" in str(shown)
    envs.close()


@pytest.mark.parametrize("puzzles", [[[4, 5, 6, 10]], ["4,5,6,10"], [(4, 5, 6, 10)], [4, 5, 6, 10], "4 5 6 10", [None]])
def test_princeton_nlp_tree_of_thought_llm_24_csv(puzzles):
    """A puzzle that is no text is refused with the ValueError that is promised."""
    with pytest.raises(ValueError, match=r"expected|is no number"):
        gym.make("Game24-v0", puzzles=puzzles)


def test_princeton_nlp_tree_of_thought_llm_24_csv_the_column_itself_is_taken():
    """As `csv.DictReader` reads the file, and with the blanks of a file that was edited."""
    column = ["1 1 4 6", "1 1 11 11 ", "1  1 3 8"]
    family = gym.make("Game24-v0", puzzles=column).unwrapped.family
    assert family.puzzles == ("1 1 4 6", "1 1 11 11", "1 1 3 8")


@pytest.mark.parametrize("gold", ["", " ", "\u200b", None])
def test_openbmb_ultrarag_510(tmp_path, gold):
    """A gold answer that says nothing is refused by record, so that silence is no win."""
    path = tmp_path / "hotpot_test.json"
    paragraphs = [["Elra", ["Elra is a river."]]]
    known = {"_id": "a", "question": "Which river?", "answer": "Elra", "context": paragraphs}
    path.write_text(json.dumps([known, {**known, "_id": "b", "answer": gold}]))
    with pytest.raises(ValueError, match=r"^hotpot_test\.json, record 1: its answer is .*expected"):
        import_world([path], tmp_path / "world")
    assert not (tmp_path / "world").exists()


@pytest.mark.parametrize("gold", ["the", "...", "The The", "!!!"])
def test_openbmb_ultrarag_510_golds_of_articles_or_marks_must_be_answered(tmp_path, gold):
    path = tmp_path / "hotpot_dev.json"
    record = {"question": "Which band?", "answer": gold, "context": [["Elra", ["Elra is a river."]]]}
    path.write_text(json.dumps([record]))
    import_world([path], tmp_path / "world")
    env = gym.make("HotpotQA-v0", world=tmp_path / "world")
    env.reset()
    for _ in range(7):
        text, reward, terminated, _, info = env.step("think[hm]")
    assert (text, reward, terminated) == ("Episode finished, reward = 0\n", 0.0, True)
    assert (info["metrics"]["em"], info["metrics"]["empty_answer"]) == (False, True)
    env.reset()
    assert env.step(f"finish[{gold}]")[1] == 1.0
