"""`evaluate`: a search agent on tasks of an environment, from Python, with names or objects; and its results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from forethought.agents.models.protocol import LM
from forethought.agents.presets import bare_agent, complete
from forethought.agents.registry import default_judge
from forethought.common.pieces import OBJECT
from forethought.common.settings import Setting
from forethought.common.statistics import Interval, mean_interval, paired_difference
from forethought.envs import Json, TaskSimulator, simulate
from forethought.experiments.build import Objects, build, check
from forethought.experiments.config import Experiment, parse_tasks
from forethought.experiments.execute import Watch, replay, result_line, run
from forethought.experiments.launch import carry_out
from forethought.experiments.run_folder import Run, RunError
from forethought.experiments.run_start import start
from forethought.experiments.splits import numbered
from forethought.search import Budget, Node, Policy, Search, Value
from forethought.search.engine.task_search import TaskSearch
from forethought.search.registry import ALGORITHMS


@dataclass(frozen=True)
class Results:
    """The results of an evaluation, by task.

    Attributes:
        lines: One mapping for each task, as in results.jsonl, or in failures.jsonl for a failed task.
        folder: The run folder; None without one.
    """

    lines: Mapping[int, Mapping[str, Any]]
    folder: Path | None = None
    _searches: Mapping[int, TaskSearch] = field(default_factory=dict, repr=False)
    _objects: Objects = field(default_factory=Objects, repr=False)

    @property
    def scores(self) -> dict[int, float]:
        """The true return of the answer that the agent chose, by task; 0 where the task failed."""
        return {task: float(line.get("score", 0.0)) for task, line in self.lines.items()}

    @property
    def answers(self) -> dict[int, tuple[str, ...]]:
        """The actions of the answers, by task; tasks that failed are left out."""
        return {task: tuple(line["answer"]["actions"]) for task, line in self.lines.items() if "answer" in line}

    @property
    def failures(self) -> dict[int, str]:
        """The error of each task that failed."""
        return {task: f"{line['error']}: {line['message']}" for task, line in self.lines.items() if "error" in line}

    @property
    def tracebacks(self) -> dict[int, str]:
        """The traceback of each task that failed in the user's own code: the lines of that code, and the error."""
        return {
            task: self.lines[task]["traceback"] + error
            for task, error in self.failures.items()
            if self.lines[task].get("traceback")
        }

    @property
    def spent(self) -> dict[str, float]:
        """The ledger, added up over the tasks: nodes, env_steps, lm_calls, tokens and so on."""
        total: dict[str, float] = {}
        for line in self.lines.values():
            for name, amount in line["spent"].items():
                if isinstance(amount, int | float):
                    total[name] = total.get(name, 0) + amount
        return total

    @property
    def mean(self) -> Interval:
        """The mean score with its 95% interval over the tasks."""
        return mean_interval(list(self.scores.values()))

    def tree(self, task: int) -> Node:
        """The root of a task's search tree.

        Raises:
            KeyError: the task was not evaluated, or failed.
        """
        if task not in self._searches and self.folder is not None:
            known = {search.task: search for search in replay(Run(self.folder), self._objects)}
            object.__setattr__(self, "_searches", known)
        if task not in self._searches:
            raise KeyError(f"task {task} has no tree; trees are there for {sorted(self._searches)}")
        return self._searches[task].root

    def compare(self, other: Results) -> Interval:
        """The mean of `other`'s scores minus these, paired by task, with its 95% interval.

        Raises:
            ValueError: the tasks differ.
        """
        if self.scores.keys() != other.scores.keys():
            both = len(self.scores.keys() & other.scores.keys())
            raise ValueError(f"{len(self.scores)} and {len(other.scores)} tasks share {both}; compare equal tasks")
        tasks = sorted(self.scores)
        return paired_difference([self.scores[task] for task in tasks], [other.scores[task] for task in tasks])

    def to_dataframe(self) -> Any:
        """A pandas DataFrame, one row a task: score, stopped, error, and the ledger's columns.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        import pandas  # type: ignore[import-untyped]  # an option of the user's, without stubs here

        rows = [
            {
                "task": task,
                "score": self.scores[task],
                "stopped": line.get("stopped"),
                "error": self.failures.get(task),
                **{name: amount for name, amount in line["spent"].items() if not isinstance(amount, Mapping)},
            }
            for task, line in sorted(self.lines.items())
        ]
        return pandas.DataFrame(rows).set_index("task")

    def __len__(self) -> int:
        return len(self.lines)

    def __str__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"score {self.mean} on {len(self)} tasks{failed}"


def evaluate(
    env: str,
    agent: str | Callable[..., Search],
    *,
    tasks: str | int | Iterable[int],
    budget: Budget | str | Mapping[str, float],
    policy: str | Policy | None = None,
    value: str | Value | None = None,
    model: str | LM | None = None,
    settings: Mapping[str, Setting] | None = None,
    seed: int = 0,
    env_options: Mapping[str, Any] | None = None,
    privileges: Sequence[str] = (),
    folder: str | Path | None = None,
    workers: int | str = 1,
    progress: bool | None = None,
    **others: Any,
) -> Results:
    """Run a search agent on tasks.

    Args:
        env: the id of a registered environment.
        agent: a preset, an algorithm by name or MODULE:NAME, or an algorithm itself.
        tasks: numbers, or a text such as "900:910" or "test:0:50".
        budget: limits of each task, and of the run.
        policy: a name, MODULE:NAME, or an object with `propose`; the agent's own by default.
        value: a name, MODULE:NAME, or an object with `evaluate`; the agent's own by default.
        model: a model spec, or an object with `complete` and `score`.
        settings: of the algorithm ("depth"), the policy ("policy.samples") and the value ("value.samples").
        seed: of the run; the same seed grows the same trees.
        env_options: for `gym.make`.
        privileges: "reward" lets the search read the true reward, "reflection" the end of an attempt in words.
        folder: of the run. Every paid reply is journaled there, and the same call goes on with a run that was
            stopped. Without a folder nothing is written.
        workers: processes, or the address of a Ray cluster; more than one needs a folder, and names for the pieces.
        progress: whether a bar is shown; by default on a terminal and in a notebook.
        others: further fields of the config: adapter, prompts, cache, concurrency, device, model_options,
            terminal_value, transpositions, prices, record.

    Returns:
        Scores, answers, spending and trees, by task.

    Raises:
        ValueError: a name, a task, a setting or a budget that cannot be; a privilege or a model that is missing.
        RunError: the folder holds another run.
    """
    objects = Objects(
        agent if callable(agent) else None,
        policy if policy is not None and not isinstance(policy, str) else None,
        value if value is not None and not isinstance(value, str) else None,
        model if model is not None and not isinstance(model, str) else None,
    )
    experiment = Experiment(
        env=env,
        tasks=numbers_of(tasks, env, dict(env_options or {})),
        budget=limits_of(budget),
        model=model if model is None or isinstance(model, str) else name_of(model),
        seed=seed,
        env_options=dict(env_options or {}),
        privileges=tuple(privileges),
        workers=str(workers),
        **{**pieces_of(env, agent, policy, value, dict(settings or {})), **others},
    )
    if folder is None and experiment.workers != "1":
        raise ValueError(f"workers={workers!r} needs a folder, in which they journal; give folder=PATH")
    if experiment.workers != "1" and any((objects.policy, objects.value, objects.lm)):
        raise ValueError(f"workers={workers!r} makes the pieces anew in each process; give them as MODULE:NAME")
    check(experiment, objects)
    with ExitStack() as stack:
        watch = watched(stack, len(parse_tasks(experiment.tasks)), progress)
        if folder is None:
            return in_memory(experiment, objects, watch)
        return in_folder(experiment, objects, Path(folder), watch)


def in_memory(experiment: Experiment, objects: Objects, watch: Watch) -> Results:
    """Run an experiment without a run folder; its searches are kept in the results."""
    components = build(experiment, objects)
    budget = Budget(**experiment.budget)  # type: ignore[arg-type]  # checked when the experiment was made
    searches, lines = {}, {}
    for search in components.driver(None, budget, experiment.concurrency).run(
        parse_tasks(experiment.tasks), components.algorithm
    ):
        lines[search.task] = result_line(search)
        searches[search.task] = search
        watch(lines[search.task])
    return Results(dict(sorted(lines.items())), None, {t: s for t, s in searches.items() if "error" not in lines[t]})


def in_folder(experiment: Experiment, objects: Objects, folder: Path, watch: Watch) -> Results:
    """Begin a run, or continue it. Raises RunError: the folder holds another run."""
    searches: list[TaskSearch] = []
    if (folder / "config.toml").exists():
        opened = Run(folder)
        if Experiment.of(opened.config).digest != experiment.digest:
            raise RunError(f"{folder} holds a run with another config; give a new folder, or the config of that run")
        searches = carried_out(opened, experiment, objects, watch)
    else:
        with start(folder, folder.parent, folder.name, experiment.config()) as opened:
            searches = carried_out(opened, experiment, objects, watch)
    lines = {line["task"]: line for line in (*opened.results(), *opened.failures())}
    kept = {search.task: search for search in searches if search.error is None}
    return Results(dict(sorted(lines.items())), folder, kept, objects)


def carried_out(run_: Run, experiment: Experiment, objects: Objects, watch: Watch) -> list[TaskSearch]:
    """Run an experiment in its folder. Returns the searches if they ran in this process."""
    if experiment.workers == "1":
        return run(run_, watch, objects=objects)
    carry_out(run_, watch)
    return []


def pieces_of(env: str, agent: Any, policy: Any, value: Any, settings: Mapping[str, Setting]) -> dict[str, Any]:
    """The fields of a config that name the pieces, with every setting."""
    named = agent if isinstance(agent, str) else name_of(agent)
    names = {"policy": policy, "value": value}
    names = {
        kind: piece if piece is None or isinstance(piece, str) else name_of(piece) for kind, piece in names.items()
    }
    if any(name.startswith(OBJECT) for name in (named, *filter(None, names.values()))):
        return {
            "algorithm": named,
            "agent": named,
            "policy": names["policy"] or "all",
            "value": names["value"] or "rule",
            "settings": settings,
        }
    made = complete(
        agent if isinstance(agent, str) else bare_agent(named),
        env,
        policy=names["policy"],
        value=names["value"],
        given=settings,
    )
    return {
        "algorithm": made.algorithm,
        "agent": named,
        "policy": made.policy,
        "value": made.value,
        "settings": made.settings,
        "terminal_value": default_judge(env, made.value),
    }


def name_of(piece: Any) -> str:
    """The import name of an algorithm; for any other object a name that marks it as one of a Python program."""
    for name, known in ALGORITHMS.items():
        if known is piece:
            return name
    module, path = getattr(piece, "__module__", ""), getattr(piece, "__qualname__", "")
    if module not in ("", "__main__") and getattr(sys.modules.get(module), path, None) is piece:
        return f"{module}:{path}"
    kind = piece if path else type(piece)
    return f"{OBJECT}{kind.__module__}.{kind.__qualname__}"


def numbers_of(tasks: str | int | Iterable[int], env: str, options: dict[str, Any]) -> str:
    """The tasks in the form of a config. Raises ValueError: an unknown split."""
    if isinstance(tasks, str):
        world = simulate(env, **options)
        return numbered(tasks, world.family.splits if isinstance(world, TaskSimulator) else {}, env)
    return ",".join(map(str, [tasks] if isinstance(tasks, int) else tasks))


def limits_of(budget: Budget | str | Mapping[str, float]) -> dict[str, int | float]:
    """The limits of a budget by name, of a `Budget`, a text such as "nodes=500", or a mapping."""
    if isinstance(budget, Budget):
        return budget.limits()
    return Budget.parse(budget).limits() if isinstance(budget, str) else dict(budget)


def watched(stack: ExitStack, count: int, progress: bool | None) -> Watch:
    """A function for the line of each finished task; it moves a progress bar if one is shown."""
    console = Console(stderr=True)
    if progress is False or (progress is None and not (console.is_terminal or console.is_jupyter)):
        return nothing
    bar = stack.enter_context(Progress(console=console, transient=True))
    moved = bar.add_task("tasks", total=count)
    return lambda line: bar.advance(moved)


def nothing(line: Mapping[str, Json]) -> None:
    """A watch that shows no progress."""
