"""What the searches of an experiment ask, opened in one process: its world, its models, the reply cache."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from forethought.agents.models.open_model import open_model
from forethought.agents.models.protocol import LM
from forethought.agents.models.recorded import Recording
from forethought.agents.models.reply_cache import Cached
from forethought.agents.models.scripted import Scripted
from forethought.agents.registry import (
    POLICIES,
    VALUES,
    WRITTEN,
    default_terminal_value,
    make_policy,
    make_responder,
    make_value,
)
from forethought.agents.responder import LMResponder
from forethought.common.source_digests import digests, is_module
from forethought.envs import Json, Simulator
from forethought.envs.simulator import TaskSimulator
from forethought.experiments.config import Experiment, parse_tasks
from forethought.search import (
    ALGORITHMS,
    Budget,
    Driver,
    Expand,
    ExpandAll,
    Journal,
    Node,
    PastJournal,
    Policy,
    Propose,
    Query,
    Request,
    Value,
)
from forethought.search.engine.transpositions import shared
from forethought.search.node import visible


class Models(NamedTuple):
    """Who answers the questions of a search."""

    policy: Policy
    value: Value
    responder: LMResponder | None


def make_models(experiment: Experiment, lm: LM | None, value: Value | None = None) -> Models:
    """Raises ValueError: a language model is asked and none is there, a family has no rules, a prompt is missing."""
    prompts, questions = experiment.prompt_files()
    env, settings = experiment.env, experiment.settings
    if value is None:
        value = make_value(
            experiment.value, env, lm, prompts, experiment.terminal_value or default_terminal_value(env), settings
        )
    return Models(
        make_policy(experiment.policy, lm, prompts, env, settings),
        value,
        make_responder(experiment.algorithm, lm, questions, settings),
    )


def check(experiment: Experiment) -> None:
    """Raises ValueError: what could not be run, said before any weights are loaded."""
    experiment.check_files()
    models = make_models(experiment, Scripted() if experiment.model else None)
    experiment.price()
    if experiment.transpositions:
        shared(models.policy, models.value)
    rehearse(experiment, models.policy)


def rehearse(experiment: Experiment, policy: Policy) -> None:
    """The first request of a search, and the answer of a policy that asks no model: what fails there fails everywhere.

    Raises ValueError: a task beyond the last, settings that the algorithm refuses, actions that no policy can take.
    """
    world, task = experiment.simulator(), max(parse_tasks(experiment.tasks))
    try:
        start = world.root(task)
    except IndexError as error:
        raise ValueError(str(error)) from error
    except Exception:  # of this task alone: the run tells
        return
    root = Node(start.state, visible(start, world), world=world, task=task, done=start.terminated)
    request = first_request(experiment, root)
    if isinstance(request, Expand | ExpandAll | Propose) and experiment.policy not in WRITTEN:
        try:
            policy.propose([Query(root, request.width, experiment.seed)])
        except (TypeError, ValueError) as error:
            raise ValueError(str(error)) from error
        except Exception:  # likewise
            return


def first_request(experiment: Experiment, root: Node) -> Request | None:
    """None: the search ends without one. Raises ValueError: its settings make no sense."""
    search = experiment.search()(root)
    try:
        return next(search, None)
    finally:
        search.close()


@dataclass(frozen=True)
class Equipment:
    """All that searches ask, opened in this process.

    `facts` are hashes of what the answers depend on, `sources` digests of the code that asks, reads and plays.
    """

    experiment: Experiment
    world: Simulator[Any]
    models: Models
    cached: Cached | None
    facts: Mapping[str, Json]
    sources: Mapping[str, str]
    lm: LM | None = None  # without a cache and a recording around it

    def driver(self, journal: Journal | PastJournal, budget: Budget, concurrency: int) -> Driver:
        return Driver(
            self.world,
            self.models.policy,
            self.models.value,
            budget,
            seed=self.experiment.seed,
            responder=self.models.responder,
            journal=journal,
            privileges=frozenset(self.experiment.privileges),
            price=self.experiment.price(),
            transpositions=self.experiment.transpositions,
            concurrency=concurrency,
        )

    def bill(self) -> tuple[dict[str, Json], dict[str, Json]] | None:
        """What this process paid its model, and what the cache saved it; None without a cache."""
        return (asdict(self.cached.billed), asdict(self.cached.saved)) if self.cached else None


def equip(
    experiment: Experiment, *, lm: LM | None = None, value: Value | None = None, record: Path | None = None
) -> Equipment:
    """`lm` and `value` may be handed in where they are in memory already; replies are recorded to `record`."""
    world = experiment.simulator()
    if lm is None and value is None:
        experiment.check_files()
    prompts, questions = experiment.prompt_files()
    if lm is None and value is None and experiment.model:
        adapter = Path(experiment.adapter) if experiment.adapter else None
        lm = open_model(experiment.model, adapter, experiment.device, experiment.model_options)
    facts: dict[str, Json] = {"world": world.world, "model": lm.content if lm else None, "config": experiment.digest}
    facts |= {f"prompt {prompt.name}": prompt.digest for prompt in (*prompts.values(), *questions.values())}
    experiment.price()  # whose file may be gone
    if experiment.prices:
        facts["prices"] = hashlib.sha256(Path(experiment.prices).read_bytes()).hexdigest()
    cached = Cached(lm, mode="on" if experiment.cache == "on" else "read") if lm and experiment.cache != "off" else None
    asked = cached or lm
    if asked and record:
        asked = Recording(asked, record)
    models = make_models(experiment, asked, value)
    return Equipment(experiment, world, models, cached, facts, sources_of(experiment, world, models), lm)


def sources_of(experiment: Experiment, world: Simulator[Any], models: Models) -> dict[str, str]:
    """Digests of the modules of algorithm, driver, policy, value, questions and environment, and of what they import.

    Those of other families of environments are left out.
    """
    core = world.family if isinstance(world, TaskSimulator) else getattr(world, "core", world)
    kinds = [type(core), type(models.policy), type(models.value)] + [type(models.responder)] * (
        models.responder is not None
    )
    asked = [ALGORITHMS[experiment.algorithm], POLICIES[experiment.policy], VALUES[experiment.value], Driver]
    family = type(core).__module__
    return digests(
        (type(world).__module__, *(part.__module__ for part in (*kinds, *asked))),
        skip=lambda name: is_of_other_family(name, family),
    )


def is_of_other_family(module: str, family: str) -> bool:
    """Whether a module of this suite is about an environment of its own, and the family is another one."""
    parts = module.split(".")
    return parts[0] == "forethought" and any(
        is_module(f"forethought.envs.{part}.family") and part not in family.split(".") for part in parts[2:-1]
    )
