"""Self-taught lookahead: targets, training, and how good the values are."""

from forethought.value.diagnostics import auroc, spearman
from forethought.value.examples import balanced, distinct, split_tasks
from forethought.value.tabular import TabularTrainer, TabularValue
from forethought.value.targets import Example, target, targets

__all__ = [
    "Example",
    "TabularTrainer",
    "TabularValue",
    "auroc",
    "balanced",
    "distinct",
    "spearman",
    "split_tasks",
    "target",
    "targets",
]
