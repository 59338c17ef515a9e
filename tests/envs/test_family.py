"""The small parts every family is made of."""

from forethought.envs.family import Illegal, Step, shorten


def test_a_step_is_quiet_unless_told_otherwise():
    step = Step("state", "text")
    assert (step.reward, step.terminated, step.illegal, step.replayed) == (0.0, False, None, 0)


def test_illegal_is_a_value_error():
    assert issubclass(Illegal, ValueError)


def test_sixty_characters_are_quoted_whole_and_one_more_is_cut():
    assert shorten("x" * 60) == repr("x" * 60)
    assert shorten("x" * 61) == repr("x" * 60 + "…")


def test_the_limit_can_be_chosen():
    assert shorten("abcdef", 3) == "'abc…'"


def test_what_cannot_be_printed_is_escaped():
    assert shorten("a\n\x1b\ud800") == r"'a\n\x1b\ud800'"
