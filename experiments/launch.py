"""Start of a run's experiment with the workers that it asks for."""

from __future__ import annotations

from collections import deque

from forethought.experiments.config import Experiment
from forethought.experiments.execute import Watch, searched
from forethought.experiments.run_folder import Run
from forethought.experiments.workers.options import WorkerOptions
from forethought.experiments.workers.processes import Processes
from forethought.experiments.workers.scheduler import run_on


def carry_out(run_: Run, watch: Watch | None = None) -> None:
    """Run, or continue, the experiment of a folder. The results are the same with any workers.

    Raises RunError, JournalError, ValueError.
    """
    staffing = WorkerOptions.parse(Experiment.of(run_.config).workers)
    if staffing.alone:
        deque(searched(run_, watch), maxlen=0)  # each tree goes when its search has ended
    elif staffing.address is None:
        assert staffing.count is not None
        run_on(run_, Processes(staffing.count), watch)
    else:
        try:
            from forethought.experiments.workers.ray import Cluster
        except ModuleNotFoundError as error:
            raise ValueError(f"workers on a cluster need {error.name}; run: pip install 'forethought[ray]'") from error
        run_on(run_, Cluster(staffing), watch)
