"""Gymnasium's vector environments: what they return is what single environments return."""

import gymnasium as gym
import numpy as np
import pytest

SEED, COUNT = 11, 3
PLAIN = {"vector_kwargs": {"shared_memory": False}}

# Newer Pythons warn when a process with threads, such as numpy's, is forked; async does that by default.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture(params=["sync", "async"])
def vector(request, puzzles):
    options = {} if request.param == "sync" else PLAIN
    envs = gym.make_vec("Game24-v0", num_envs=COUNT, vectorization_mode=request.param, puzzles=puzzles, **options)
    yield envs
    envs.close()


class Single:
    """One environment that resets itself on the step after an end, as vector environments do."""

    def __init__(self, puzzles, seed):
        self.env = gym.make("Game24-v0", puzzles=puzzles)
        self.text, self.info = self.env.reset(seed=seed)
        self.over = False

    def step(self, action):
        if self.over:
            self.text, self.info = self.env.reset()
            self.over = False
            return self.text, 0.0, False, self.info
        self.text, reward, self.over, _, self.info = self.env.step(action)
        return self.text, reward, self.over, self.info


def test_reset_gives_the_texts_of_the_single_environments(vector, puzzles):
    texts, infos = vector.reset(seed=SEED)
    singles = [Single(puzzles, SEED + i) for i in range(COUNT)]
    assert texts == tuple(single.text for single in singles)
    assert len(set(texts)) > 1
    assert all(text.startswith("(left: ") for text in texts)
    for name in ("task", "instruction", "actions", "illegal"):
        assert list(infos[name]) == [single.info[name] for single in singles]
        assert infos[f"_{name}"].all()


def test_steps_over_two_episodes_are_those_of_the_single_environments(vector, puzzles):
    """Each plays its own first or last move; after its end comes the opening of its next task."""
    _, infos = vector.reset(seed=SEED)
    singles = [Single(puzzles, SEED + i) for i in range(COUNT)]
    ends, openings = 0, 0
    for step in range(8):
        actions = [
            single.info["actions"][0 if i else -1] if single.info["actions"] else "over"
            for i, single in enumerate(singles)
        ]
        if step == 1:
            actions[2] = "junk"
        expected = [single.step(action) for single, action in zip(singles, actions, strict=True)]
        texts, rewards, terminated, truncated, infos = vector.step(actions)
        assert texts == tuple(text for text, *_ in expected)
        assert list(rewards) == [reward for _, reward, _, _ in expected]
        assert list(terminated) == [over for _, _, over, _ in expected]
        assert not truncated.any()
        for name in ("task", "actions", "illegal"):
            assert list(infos[name]) == [info[name] for *_, info in expected]
        for i, (_, _, over, info) in enumerate(expected):
            assert told(infos, i) == info.get("metrics")
            ends += over
        openings += sum(text.startswith("(left") and step > 1 for text in texts)
    assert ends >= COUNT
    assert openings >= COUNT


def told(infos, i):
    """The metrics in a vector's infos, as the single environment would have given them."""
    if "metrics" not in infos or not infos["_metrics"][i]:
        return None
    return {name: infos["metrics"][name][i] for name in ("solved", "expression")}


def test_a_refused_text_is_explained_to_the_one_who_wrote_it(vector):
    _, infos = vector.reset(seed=SEED)
    good = infos["actions"][0][0]
    infos = vector.step([good, "junk", "junk"])[4]
    assert infos["illegal"][0] is None
    assert infos["illegal"][1].startswith("cannot play 'junk' with")


def test_all_can_be_sent_to_one_task(vector):
    texts, infos = vector.reset(options={"task": 2})
    assert texts == ("(left: 3 3 8 8)",) * COUNT
    assert list(infos["task"]) == [2] * COUNT
    texts = vector.step(["8 / 3"] * COUNT)[0]
    assert texts == ("8 / 3 = 8/3 (left: 8/3 3 8)",) * COUNT


def test_long_texts_and_odd_characters_are_answered_as_by_a_single_environment(vector, puzzles):
    vector.reset(options={"task": 0})
    single = gym.make("Game24-v0", puzzles=puzzles)
    single.reset(options={"task": 0})
    for odd in ("🦊\u202e" * 20, "\ud800", "x" * 50_000):
        assert list(vector.step([odd] * COUNT)[4]["illegal"]) == [single.step(odd)[4]["illegal"]] * COUNT


def test_its_spaces_are_texts(vector):
    vector.action_space.seed(0)
    actions = vector.action_space.sample()
    assert len(actions) == COUNT
    assert all(isinstance(action, str) for action in actions)
    texts, _ = vector.reset(seed=SEED)
    assert texts in vector.observation_space


@pytest.mark.parametrize("context", ["fork", "spawn", "forkserver"])
def test_async_works_with_the_memory_it_shares_by_default(puzzles, context):
    """The texts are those of the last step, in every way of starting a process, and stay once they are handed out."""
    options = {"vector_kwargs": {"context": context}} if context != "fork" else {}
    envs = gym.make_vec("Game24-v0", num_envs=2, vectorization_mode="async", puzzles=puzzles, **options)
    first = envs.reset(options={"task": 0})[0]
    assert first == ("(left: 4 5 6 10)",) * 2
    assert envs.step(["10 - 4", "10 + 4"])[0] == ("10 - 4 = 6 (left: 5 6 6)", "10 + 4 = 14 (left: 5 6 14)")
    assert first == ("(left: 4 5 6 10)",) * 2
    envs.close()


class Told(gym.Wrapper):
    """Shows the last action as its text."""

    def step(self, action):
        return action, *self.env.step(action)[1:]


def told_by(puzzles, **options):
    return gym.make_vec(
        "Game24-v0", 2, vectorization_mode="async", puzzles=puzzles, wrappers=[Told], vector_kwargs=options
    )


@pytest.mark.parametrize("odd", ["", "🦊\u202e", "\ud800", "\0", "x" * 1_000_000])
def test_any_text_passes_through_shared_memory(puzzles, odd):
    envs = told_by(puzzles)
    envs.reset()
    assert envs.step([odd, "a"])[0] == (odd, "a")
    envs.close()


def test_a_text_that_is_longer_than_its_memory_is_refused_with_advice(puzzles, monkeypatch):
    envs = told_by(puzzles)
    envs.reset()
    monkeypatch.setattr(gym.logger, "min_level", 50)
    with pytest.raises(ValueError, match=r"1,048,577 bytes was given.* holds 1,048,576; pass .*'shared_memory': False"):
        envs.step(["x" * (2**20 + 1), "a"])
    envs.close(terminate=True)


def test_without_copies_the_texts_follow_the_memory(puzzles):
    envs = told_by(puzzles, copy=False)
    texts = envs.reset(options={"task": 0})[0]
    assert texts == ("(left: 4 5 6 10)",) * 2
    envs.step(["a", "b"])
    assert (texts, texts[1], texts[:1], len(texts)) == (("a", "b"), "b", ("a",), 2)
    assert repr(texts) == "('a', 'b')"
    envs.close()


def test_texts_within_other_spaces_are_shared_as_well(puzzles):
    envs = gym.make_vec(
        "Game24-v0", 2, vectorization_mode="async", puzzles=puzzles, wrappers=[gym.wrappers.TimeAwareObservation]
    )
    envs.reset(options={"task": 0})
    seen = envs.step(["10 - 4", "junk"])[0]
    assert seen["obs"] == ("10 - 4 = 6 (left: 5 6 6)", "(left: 4 5 6 10)")
    assert np.array_equal(seen["time"], [[1], [1]])
    envs.close()


def test_the_default_mode_works(puzzles):
    envs = gym.make_vec("Game24-v0", num_envs=2, puzzles=puzzles)
    assert envs.reset(options={"task": 0})[0] == ("(left: 4 5 6 10)",) * 2
    assert np.array_equal(envs.step(["10 - 4", "10 + 4"])[1], [0.0, 0.0])
    envs.close()
