"""From a config to all that its searches ask: world, algorithm, policy, value, prompts, models, prices; opened once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym

from forethought.agents.judges import TerminalValue
from forethought.agents.models.local.weights import folder_of
from forethought.agents.models.open_model import kind_of, open_model
from forethought.agents.models.prices import price_function
from forethought.agents.models.protocol import LM
from forethought.agents.models.recorded import Recording
from forethought.agents.models.reply_cache import Cached
from forethought.agents.models.scripted import Scripted
from forethought.agents.prompts import Prompt
from forethought.agents.registry import (
    Pieces,
    default_terminal_value,
    load_prompts,
    make_policy,
    make_responder,
    make_value,
    part_of,
    takes,
)
from forethought.agents.responder import LMResponder
from forethought.common.seeds import seed_of
from forethought.common.settings import as_taken, settings_of
from forethought.common.source_digests import digests, is_module
from forethought.envs import Json, Simulator, simulate
from forethought.envs.simulator import TaskSimulator
from forethought.experiments.config import Experiment, parse_tasks
from forethought.search import Budget, Expand, ExpandAll, Node, Policy, Propose, Query, Search, Usage, Value
from forethought.search.engine.driver import Driver
from forethought.search.engine.journal import Journal
from forethought.search.engine.journal_parts import PastJournal
from forethought.search.engine.scheduling import Algorithm
from forethought.search.engine.transpositions import shared
from forethought.search.models import Bounded
from forethought.search.needs import needs_of
from forethought.search.node import visible
from forethought.search.registry import find_algorithm
from forethought.search.requests import Request


@dataclass(frozen=True)
class Objects:
    """Pieces that are in memory already; each stands in for the one that the config names."""

    algorithm: Callable[..., Search] | None = None
    policy: Policy | None = None
    value: Value | None = None
    lm: LM | None = None


NO_OBJECTS = Objects()


class Handed:
    """The class of a policy or value that was handed over: it has no settings, and reads no prompt file of the run."""


@dataclass(frozen=True)
class Components:
    """All that the searches of one experiment ask, opened in this process.

    Attributes:
        algorithm: bound to its settings.
        responder: the model behind `Ask` and `Imagine`; None where the algorithm has no such requests.
        price: US dollars of a usage; None where the config counts none.
        facts: hashes of the world, the model, the prompts and the prices, for the manifest.
        sources: digests of the modules that ask, read and play, for the manifest.
        cached: the reply cache, if one is used.
        lm: the language model without the cache and the recording around it.
    """

    experiment: Experiment
    world: Simulator[Any]
    algorithm: Algorithm
    policy: Policy
    value: Value
    responder: LMResponder | None
    price: Callable[[Usage], float] | None
    facts: Mapping[str, Json]
    sources: Mapping[str, str]
    cached: Cached | None = None
    lm: LM | None = None

    def driver(self, journal: Journal | PastJournal | None, budget: Budget, concurrency: int) -> Driver:
        """A driver of these components."""
        return Driver(
            self.world,
            self.policy,
            self.value,
            budget,
            seed=self.experiment.seed,
            responder=self.responder,
            journal=journal,
            privileges=frozenset(self.experiment.privileges),
            price=self.price,
            transpositions=self.experiment.transpositions,
            concurrency=concurrency,
        )

    def bill(self) -> tuple[dict[str, Json], dict[str, Json]] | None:
        """The usage that this process paid its model, and the usage that the cache saved; None without a cache."""
        return (asdict(self.cached.billed), asdict(self.cached.saved)) if self.cached else None


def build(
    experiment: Experiment, objects: Objects = NO_OBJECTS, *, record: Path | None = None, rehearsal: bool = False
) -> Components:
    """Open everything that an experiment names.

    Args:
        experiment: the config.
        objects: pieces that are in memory already.
        record: a file that the model's replies are recorded to.
        rehearsal: a scripted model stands in for the language model, so that no weights are loaded.

    Raises:
        ValueError: a name that names nothing, a setting or a privilege that is missing, a family without rules or
            prompts, a file that is not there, a language model that is asked and not given.
    """
    pieces = find_pieces(experiment, objects)
    experiment.check_pieces(pieces)
    world = open_world(experiment)
    if objects.lm is None and objects.value is None:
        check_files(experiment)
    prompts, questions = prompt_files(experiment, pieces)
    price = price_of(experiment)
    lm = objects.lm
    if lm is None and objects.value is None and experiment.model:
        lm = Scripted() if rehearsal else open_lm(experiment)
    cached = None
    if lm and experiment.cache != "off" and not rehearsal:
        cached = Cached(lm, mode="on" if experiment.cache == "on" else "read")
    asked = cached or lm
    if asked and record:
        asked = Recording(asked, record)
    env, settings = experiment.env, experiment.settings
    terminal_value = experiment.terminal_value or default_terminal_value(env, pieces.value)
    policy = objects.policy or make_policy(experiment.policy, asked, prompts, env, settings)
    value = objects.value or make_value(experiment.value, env, asked, prompts, terminal_value, settings)
    responder = make_responder(experiment.algorithm, asked, questions, settings)
    return Components(
        experiment,
        world,
        bound(experiment, pieces.algorithm),
        policy,
        value,
        responder,
        price,
        {} if rehearsal else facts_of(experiment, world, lm, (*prompts.values(), *questions.values())),
        {} if rehearsal else sources_of(world, pieces, policy, value, responder),
        cached,
        lm,
    )


def find_pieces(experiment: Experiment, objects: Objects = NO_OBJECTS) -> Pieces:
    """Raises ValueError: a name that names nothing."""
    algorithm = objects.algorithm or find_algorithm(experiment.algorithm)
    policy, value = (
        name if handed is None else Handed
        for name, handed in ((experiment.policy, objects.policy), (experiment.value, objects.value))
    )
    return Pieces.of(algorithm, policy, value)


def bound(experiment: Experiment, algorithm: Callable[..., Search]) -> Algorithm:
    """The algorithm with its settings. One that has a `seed` draws by it and by the run's."""
    settings = part_of(experiment.settings)
    if (seed := settings_of(algorithm).get("seed")) is not None:
        settings["seed"] = seed_of(experiment.seed, settings.get("seed", seed.written))
    return partial(algorithm, **as_taken(settings))


def open_world(experiment: Experiment) -> Simulator[Any]:
    """Raises ValueError: an environment that is not registered, or that does not take its options."""
    try:
        return simulate(experiment.env, **experiment.env_options)
    except (gym.error.Error, ModuleNotFoundError, TypeError) as error:
        raise ValueError(f"{experiment.env} cannot be made with {dict(experiment.env_options)} ({error})") from error


def open_lm(experiment: Experiment) -> LM:
    """The language model of an experiment, with its adapter and options."""
    assert experiment.model is not None
    adapter = Path(experiment.adapter) if experiment.adapter else None
    return open_model(experiment.model, adapter, experiment.device, experiment.model_options)


def check_files(experiment: Experiment) -> None:
    """Raises ValueError: a file that the config names is not there, seen from here."""
    model = experiment.model or ""
    paths = {"adapter": experiment.adapter, "prompts": experiment.prompts, "prices": experiment.prices}
    if kind_of(model) == "recorded":
        paths["model recorded:FILE"] = model.partition(":")[2]
    elif kind_of(model) == "local" and model:
        folder_of(model)
    for option, path in paths.items():
        if path and not Path(path).exists():
            hint = "" if Path(path).is_absolute() else f" in {Path.cwd()}; paths of a run start where it was begun"
            raise ValueError(f"there is no {path}{hint}; it was given by --{option}")


def prompt_files(experiment: Experiment, pieces: Pieces) -> tuple[dict[str, Prompt], dict[str, Prompt]]:
    """Those of the policy and the value, and those of the algorithm's questions. Raises ValueError: one is missing."""
    folder = Path(experiment.prompts) if experiment.prompts else None
    questions = pieces.needs.under(experiment.settings).prompts
    return load_prompts(experiment.env, pieces.roles(), folder), load_prompts(experiment.env, questions, folder)


def price_of(experiment: Experiment) -> Callable[[Usage], float] | None:
    """The price of a usage in US dollars; None where the config counts none. Raises ValueError: prices are missing."""
    if experiment.prices is None and "usd" not in experiment.budget:
        return None
    return price_function(experiment.model, Path(experiment.prices) if experiment.prices else None)


def facts_of(
    experiment: Experiment, world: Simulator[Any], lm: LM | None, prompts: tuple[Prompt, ...]
) -> dict[str, Json]:
    """The hashes of world, model, prompts, prices and config that a resume compares."""
    facts: dict[str, Json] = {"world": world.world, "model": content_of(lm), "config": experiment.digest}
    facts |= {f"prompt {prompt.name}": prompt.digest for prompt in prompts}
    if experiment.prices:
        facts["prices"] = hashlib.sha256(Path(experiment.prices).read_bytes()).hexdigest()
    return facts


def content_of(lm: LM | None) -> str | None:
    """The hash of the model's content; a model of the user's own without one is known by its source alone."""
    return getattr(lm, "content", None)


def sources_of(
    world: Simulator[Any], pieces: Pieces, policy: Policy, value: Value, responder: LMResponder | None
) -> dict[str, str]:
    """Digests of the modules of algorithm, driver, policy, value, questions and environment, and of their imports.

    Those of other families of environments are left out.
    """
    core = world.family if isinstance(world, TaskSimulator) else getattr(world, "core", world)
    parts: list[Any] = [type(core), type(policy), type(value), *([] if responder is None else [type(responder)])]
    parts += [pieces.algorithm, pieces.policy, pieces.value, Driver]
    parts += [value.judge.source] if isinstance(value, TerminalValue) else []
    family = type(core).__module__
    return digests(
        (type(world).__module__, *(part.__module__ for part in parts)),
        skip=lambda name: is_of_other_family(name, family),
    )


def check(experiment: Experiment, objects: Objects = NO_OBJECTS) -> None:
    """Raises ValueError: a run that cannot be, told before any weights are loaded."""
    components = build(experiment, objects, rehearsal=True)
    if experiment.transpositions:
        shared(components.policy, components.value)
    check_budget(components)
    rehearse(components)


def check_budget(components: Components) -> None:
    """Raises ValueError: the budget limits only the use of a language model, and no piece of the run uses one."""
    experiment = components.experiment
    needs = needs_of(components.algorithm)
    asked = [components.policy, *([components.value] if needs.values else []), components.responder]
    if set(experiment.budget) <= {"lm_calls", "tokens", "usd"} and not any(isinstance(m, Bounded) for m in asked):
        limits = ",".join(f"{name}={limit:g}" for name, limit in experiment.budget.items())
        raise ValueError(
            f"the budget {limits} would never end: the policy {experiment.policy!r}, the value {experiment.value!r} "
            f"and the algorithm {experiment.algorithm!r} call no language model; give nodes=, env_steps= or seconds="
        )


def rehearse(components: Components) -> None:
    """Make the first request of a search; a policy that asks no model answers it. A failure there is one everywhere.

    Raises ValueError: a task beyond the last, settings that the algorithm refuses, actions that no policy can take.
    """
    experiment, world, task = components.experiment, components.world, max(parse_tasks(components.experiment.tasks))
    try:
        start = world.root(task)
    except IndexError as error:
        raise ValueError(str(error)) from error
    except Exception:  # of this task alone: the run tells
        return
    root = Node(start.state, visible(start, world), world=world, task=task, done=start.terminated)
    request = first_request(components.algorithm, root)
    if isinstance(request, Expand | ExpandAll | Propose) and not takes(type(components.policy), "lm"):
        try:
            components.policy.propose([Query(root, request.num_children, experiment.seed)])
        except (TypeError, ValueError) as error:
            raise ValueError(str(error)) from error
        except Exception:  # likewise
            return


def first_request(algorithm: Algorithm, root: Node) -> Request | None:
    """None: the search ends without one, or fails, which its task will tell. Raises ValueError: its settings."""
    search = algorithm(root)
    try:
        return next(search, None)
    finally:
        search.close()


def is_of_other_family(module: str, family: str) -> bool:
    """Whether a module of this suite is about an environment of its own, and the family is another one."""
    parts = module.split(".")
    return parts[0] == "forethought" and any(
        is_module(f"forethought.envs.{part}.family") and part not in family.split(".") for part in parts[2:-1]
    )
