"""Runs of a local Ray cluster, for test_cluster.py: in a process of its own, which warns of nothing. No test.

`python -W error on_cluster.py FOLDER` makes there: `killed`, a run that lost two actors on the way, and
`refused`, which says why a run was refused whose actors differ.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import counting
import ray

from forethought.experiments.run_folder import Run, RunError
from forethought.experiments.workers.options import WorkerOptions
from forethought.experiments.workers.ray import Cluster
from forethought.experiments.workers.scheduler import run_on


def main(home: Path) -> None:
    ray.init("local", num_cpus=3, include_dashboard=False, configure_logging=False, log_to_driver=False)
    staffing = WorkerOptions.parse("ray://local")  # as many workers as there are cpus
    asked = counting.priced(home, "killed-model")
    for count in (100, 400):  # a third could be the end of a task that was there at all of them
        (home / "killed-model" / f"kill-{count}-me").touch()
    run_on(Run.create(home / "killed", asked.config()), Cluster(staffing), open_model=counting.counted)
    assert ray.is_initialized()  # who began it ends it

    asked = replace(counting.ASKED, model=str(home / "refused-model"))
    try:
        run_on(Run.create(home / "run", asked.config()), Cluster(staffing), open_model=counting.other_content)
    except RunError as error:
        (home / "refused").write_text(str(error))
    ray.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
