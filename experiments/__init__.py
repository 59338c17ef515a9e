"""One evaluation from its config to its results: build, run, workers, run folder; and `evaluate` for Python."""

from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.evaluation import Results, evaluate
from forethought.experiments.run_folder import Run, RunError

__all__ = ["Experiment", "Results", "Run", "RunError", "evaluate", "parse_tasks"]
