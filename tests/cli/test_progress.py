"""What is shown while training goes on."""

from __future__ import annotations

import pytest

from forethought.cli.progress import TrainingProgress


@pytest.fixture
def lines(capsys):
    return lambda: [line.strip() for line in capsys.readouterr().err.splitlines()]


def test_training_steps_show_the_time_left(lines):
    clock = iter([0.0, *range(100, 200)])
    progress = TrainingProgress(lambda: next(clock))
    for step in range(1, 21):
        progress(step, 20, 0.5)
    assert lines() == [
        "training step 1/20, loss 0.500",
        "training step 10/20, loss 0.500, 10 s left",
        "training step 20/20, loss 0.500, 0 s left",
    ]


def test_a_training_that_goes_on_counts_from_its_first_step_here(lines):
    clock = iter([0.0, 50.0, 54.0, 80.0, 90.0, 110.0])
    progress = TrainingProgress(lambda: next(clock))
    progress(71, 100, 0.5)
    progress(73, 100, 0.5)  # soon after another line
    progress(76, 100, 0.5)
    assert lines() == ["training step 71/100, loss 0.500", "training step 76/100, loss 0.500, 144 s left"]
    progress(1, 30, 0.5)  # of the next round
    progress(3, 30, 0.5)
    assert lines() == ["training step 1/30, loss 0.500", "training step 3/30, loss 0.500, 270 s left"]
