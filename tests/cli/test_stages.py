from __future__ import annotations

from forethought.cli.stages import Stages


def test_a_stage_begins_where_the_one_before_it_ended():
    told, times = [], iter([10.0, 12.5, 100.0])
    ended = Stages(told.append, lambda: next(times))
    ended("loading")
    ended("training, round 1")
    assert told == ["loading: took 2.5 seconds", "training, round 1: took 87.5 seconds"]
    assert list(ended.table()) == [
        "stage              seconds",
        "loading                2.5",
        "training, round 1     87.5",
        "all of this call      90.0",
    ]
