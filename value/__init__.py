"""Self-taught lookahead: the loop, its targets, training, and the quality of the values."""

from forethought.value.diagnostics import auroc, spearman
from forethought.value.examples import balanced, distinct, split_tasks
from forethought.value.stl import STL, Round, best, self_taught_lookahead
from forethought.value.tabular import TabularTrainer, TabularValue
from forethought.value.targets import Example, target, targets

__all__ = [
    "STL",
    "Example",
    "Round",
    "TabularTrainer",
    "TabularValue",
    "auroc",
    "balanced",
    "best",
    "distinct",
    "self_taught_lookahead",
    "spearman",
    "split_tasks",
    "target",
    "targets",
]
