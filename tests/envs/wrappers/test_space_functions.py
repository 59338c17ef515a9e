"""Gymnasium's wrappers on texts: they work as on its own Text, or say in a sentence why not."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces, wrappers
from gymnasium.vector import utils as vectors
from gymnasium.wrappers import vector as vector_wrappers

from forethought.envs import Unicode

OPENING, AFTER = "(left: 4 5 6 10)", "10 - 4 = 6 (left: 5 6 6)"


def played(wrap, puzzles):
    """What a wrapped environment shows at its opening and after a move; both are in its space."""
    env = wrap(gym.make("Game24-v0", puzzles=puzzles))
    shown = [env.reset(options={"task": 0})[0], env.step("10 - 4")[0]]
    assert all(text in env.observation_space for text in shown)
    return shown


@pytest.mark.parametrize(
    ("wrap", "opening", "after"),
    [
        (lambda env: wrappers.FrameStackObservation(env, 2), (OPENING, OPENING), (OPENING, AFTER)),
        (lambda env: wrappers.FrameStackObservation(env, 2, padding_type="zero"), ("", OPENING), (OPENING, AFTER)),
        (lambda env: wrappers.FrameStackObservation(env, 2, padding_type="none"), ("none", OPENING), (OPENING, AFTER)),
        (lambda env: wrappers.DelayObservation(env, 1), "", OPENING),
        (wrappers.FlattenObservation, OPENING, AFTER),
        (
            lambda env: wrappers.DelayObservation(wrappers.FrameStackObservation(env, 2), 1),
            ("", ""),
            (OPENING, OPENING),
        ),
        (
            lambda env: wrappers.FlattenObservation(wrappers.FrameStackObservation(env, 2)),
            (OPENING, OPENING),
            (OPENING, AFTER),
        ),
        (lambda env: wrappers.TransformObservation(env, str.upper, Unicode()), OPENING.upper(), AFTER.upper()),
    ],
)
def test_the_wrappers_show_texts(puzzles, wrap, opening, after):
    assert played(wrap, puzzles) == [opening, after]


@pytest.mark.parametrize("flatten", [True, False])
def test_the_time_is_told_beside_the_text(puzzles, flatten):
    shown = played(lambda env: wrappers.TimeAwareObservation(env, flatten=flatten), puzzles)
    assert [(seen["obs"], int(seen["time"][0])) for seen in shown] == [(OPENING, 0), (AFTER, 1)]


@pytest.mark.parametrize("wrap", [wrappers.StickyAction, wrappers.RescaleAction, wrappers.ClipAction])
def test_wrappers_of_actions_work_or_say_what_they_take(puzzles, wrap):
    given = {wrappers.StickyAction: [0.0], wrappers.RescaleAction: [0, 1], wrappers.ClipAction: []}[wrap]
    env = gym.make("Game24-v0", puzzles=puzzles)
    if wrap is wrappers.StickyAction:
        assert played(lambda env: wrap(env, *given), puzzles) == [OPENING, AFTER]
    else:
        with pytest.raises((TypeError, AssertionError)):
            wrap(env, *given)


def test_texts_make_no_array_of_numbers():
    advice = r"^Unicode\(\) was given, whose texts have no fixed length .*expected a space such as Box: .*tokenizer$"
    with pytest.raises(ValueError, match=advice):
        spaces.flatdim(Unicode())


@pytest.mark.parametrize("text", ["", "abc", "🦊"])
def test_flat_texts_are_texts(text):
    space = spaces.Dict({"text": Unicode(), "number": spaces.Discrete(3)})
    flat = spaces.flatten(space, {"text": text, "number": 2})
    assert flat["text"] == text
    assert flat in spaces.flatten_space(space)
    back = spaces.unflatten(space, flat)
    assert (back["text"], int(back["number"])) == (text, 2)


def test_spaces_side_by_side():
    both = vectors.batch_differing_spaces([Unicode(seed=1), Unicode(seed=2)])
    assert both == spaces.Tuple([Unicode(), Unicode()])
    assert list(vectors.iterate(both, ("ab", "cd"))) == ["ab", "cd"]
    assert vectors.create_empty_array(Unicode(), 2) == ("", "")
    assert spaces.utils.is_space_dtype_shape_equiv(Unicode(), Unicode())
    assert not spaces.utils.is_space_dtype_shape_equiv(Unicode(), spaces.Text(3))


def test_vector_environments_of_different_texts(puzzles):
    envs = gym.vector.SyncVectorEnv([lambda: gym.make("Game24-v0", puzzles=puzzles)] * 2, observation_mode="different")
    assert envs.reset(options={"task": 0})[0] == (OPENING, OPENING)
    envs.close()


@pytest.mark.parametrize(
    "wrap",
    [
        vector_wrappers.FlattenObservation,
        vector_wrappers.RecordEpisodeStatistics,
        lambda env: vector_wrappers.VectorizeTransformObservation(
            env, wrappers.TransformObservation, func=str, observation_space=Unicode()
        ),
    ],
)
def test_wrappers_of_vector_environments(puzzles, wrap):
    envs = wrap(gym.make_vec("Game24-v0", 2, puzzles=puzzles))
    assert envs.reset(options={"task": 0})[0] == (OPENING, OPENING)
    assert envs.step(["10 - 4", "10 - 4"])[0] == (AFTER, AFTER)
    assert np.array_equal(envs.step(["5 * 6", "junk"])[1], [0.0, 0.0])
    envs.close()
