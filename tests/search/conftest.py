"""A world of letters whose trees fit on paper, models that say what they are told, and a driver around them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from forethought.common.seeds import seed_of
from forethought.envs import Step
from forethought.search import Budget, Estimate, Node, Proposal, Proposals, Query, Usage, greedy
from forethought.search.engine.driver import Driver
from forethought.search.engine.journal import Journal
from forethought.search.engine.results import result
from forethought.search.engine.scheduling import Algorithm
from forethought.search.engine.task_search import TaskSearch
from forethought.search.estimates import NO_USAGE, Reply
from forethought.search.models import PromptRequest
from forethought.search.node import add_children


class Word(NamedTuple):
    task: int
    letters: str  # the actions so far


class Letters:
    """A simulator: an action is a letter, a state is the word so far.

    `legal` says which letters may follow a word, `ends` at which words an episode is over, and
    `rewards` what the step to a word pays. With `shows_reward` a last observation tells the score.
    """

    name = "Letters-v0"
    world = "letters"

    def __init__(
        self,
        legal: Mapping[str, str] | Callable[[Word], str],
        *,
        ends: Iterable[str] | Callable[[Word], bool] = (),
        rewards: Mapping[str, float] | None = None,
        shows_reward: bool = False,
    ) -> None:
        self.legal = legal if callable(legal) else lambda word: legal.get(word.letters, "")
        ending = frozenset(() if callable(ends) else ends)
        self.ends = ends if callable(ends) else lambda word: word.letters in ending
        self.rewards = rewards or {}
        self.shows_reward = shows_reward

    def root(self, index: int) -> Step[Word]:
        return self._at(Word(index, ""))

    def instruction(self, state: Word) -> str:
        return "Spell a word."

    def actions(self, state: Word) -> tuple[str, ...]:
        return () if self.ends(state) else tuple(self.legal(state))

    def step(self, state: Word, action: str) -> Step[Word]:
        if action not in self.actions(state):
            return Step(state, "no such letter", illegal=f"{action!r} cannot follow", terminated=self.ends(state))
        return self._at(Word(state.task, state.letters + action))

    def _at(self, word: Word) -> Step[Word]:
        reward, ended = self.rewards.get(word.letters, 0.0), self.ends(word)
        text = f"Your score: {reward}" if ended and self.shows_reward else f"{word.task}:{word.letters}"
        return Step(word, text, reward, ended)

    def key(self, state: Word) -> bytes:
        return state.letters.encode()

    def metrics(self, state: Word) -> dict[str, Any]:
        return {"length": len(state.letters)}


def grown_world(seed: int, *, branching: int = 3, height: int = 4, barren: int = 8) -> Letters:
    """A tree of integers drawn from the seed: each task has its own; one word in `barren` ends, or goes nowhere."""

    def draw(word: Word, what: str, below: int) -> int:
        return seed_of(seed, word.task, word.letters, what) % below

    def ends(word: Word) -> bool:
        return len(word.letters) >= height or draw(word, "end", barren) == 0

    def legal(word: Word) -> str:
        return "" if draw(word, "dead", barren) == 0 else "abcdef"[: 1 + draw(word, "children", branching)]

    return Letters(legal, ends=ends)


def worth(seed: int) -> Callable[[Query], Estimate]:
    """A value in hundredths for each word, drawn from the seed; some words have a rationale."""

    def estimate(query: Query) -> Estimate:
        drawn = seed_of(seed, query.task, query.node.state.letters, "value")
        return Estimate(drawn % 101 / 100, "because" if drawn % 3 == 0 else "")

    return estimate


class Scripted:
    """What both models share: `calls` keeps what each call was about, as (task, word) pairs; "?" is imagined."""

    def __init__(self) -> None:
        self.calls: list[list[tuple[int, str]]] = []
        self.queries: list[Query] = []

    def note(self, queries: Sequence[Query]) -> None:
        self.calls.append([(q.task, "?" if q.node.imagined else q.node.state.letters) for q in queries])
        self.queries += queries


class Mover(Scripted):
    """A policy: the proposals of a word from a table or a function, else its legal letters."""

    def __init__(
        self, script: Mapping[str, Sequence[str]] | Callable[[Query], Any] | None = None, usage: Usage = NO_USAGE
    ) -> None:
        super().__init__()
        self.script, self.usage = script or {}, usage

    def propose(self, queries: Sequence[Query]) -> list[Any]:
        self.note(queries)
        return [self._propose(query) for query in queries]

    def _propose(self, query: Query) -> Any:
        if callable(self.script):
            return self.script(query)
        letters = query.actions if query.node.imagined else self.script.get(query.node.state.letters, query.actions)
        proposals = [Proposal(letter, 1 / len(letters)) for letter in letters]
        return proposals if self.usage is NO_USAGE else Proposals(proposals, self.usage)


class Judge(Scripted):
    """A value model: the value of a word from a table (0 where it is not listed) or a function."""

    def __init__(
        self, values: Mapping[str, float] | Callable[[Query], Any] | None = None, usage: Usage = NO_USAGE
    ) -> None:
        super().__init__()
        self.values, self.usage = values or {}, usage

    def evaluate(self, queries: Sequence[Query]) -> list[Any]:
        self.note(queries)
        return [self._evaluate(query) for query in queries]

    def _evaluate(self, query: Query) -> Any:
        if callable(self.values):
            return self.values(query)
        return Estimate(self.values.get(query.node.state.letters, 0.0), usage=self.usage)


class PricedMover(Mover):
    """A mover that says beforehand what an answer costs at the most."""

    price = NO_USAGE

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage:
        return self.price


class PricedJudge(Judge):
    price = NO_USAGE

    def worst_case_usage(self, query: Query | PromptRequest) -> Usage:
        return self.price


class Oracle:
    """A responder: replies to a prompt with a function of it."""

    def __init__(self, reply: Callable[[PromptRequest], Reply] | None = None) -> None:
        self.reply = reply or (lambda question: Reply(question.role.upper()))
        self.calls: list[list[PromptRequest]] = []

    def respond(self, requests: Sequence[PromptRequest]) -> list[Reply]:
        self.calls.append(list(requests))
        return [self.reply(request) for request in requests]


class Dumb:
    """Stands for models that must not be asked."""

    def propose(self, queries: Sequence[Query]) -> Any:
        raise AssertionError(f"a model was asked about {[query.node for query in queries]}")

    evaluate = propose


def priced(model: Any, price: Usage) -> Any:
    model.price = price
    return model


def run_all(
    world: Any,
    value: Any,
    algorithm: Algorithm,
    *,
    policy: Any = None,
    budget: Budget | str = "nodes=100000",
    tasks: Iterable[int] = (0,),
    **settings: Any,
) -> dict[int, TaskSearch]:
    """The searches of a fresh driver, by task."""
    limits = Budget.parse(budget) if isinstance(budget, str) else budget
    driver = Driver(world, policy or Mover(), value, limits, **settings)
    return {outcome.task: outcome for outcome in sorted(driver.run(tasks, algorithm), key=lambda outcome: outcome.task)}


def run_one(*arguments: Any, **settings: Any) -> TaskSearch:
    """The search of task 0, which must not fail."""
    outcome = run_all(*arguments, **settings)[0]
    if outcome.error is not None:
        raise outcome.error
    return outcome


def results_of(outcomes: Mapping[int, TaskSearch]) -> dict[int, Any]:
    """The results of the tasks that did not fail: answers, spending, and digests of the trees."""
    return {task: result(outcome) for task, outcome in outcomes.items() if outcome.error is None}


def words_of(root: Node) -> dict[str, Node]:
    """The nodes of a tree of letters by their words."""
    return {node.state.letters: node for node in root}


# Tests cannot import a conftest, so what they need comes as fixtures. All live for the session: they are
# classes and functions, and Hypothesis refuses fixtures that would be made once for many examples.
def give(thing: Any, name: str) -> Any:
    return pytest.fixture(scope="session", name=name)(lambda: thing)


letters = give(Letters, "letters")
grown = give(grown_world, "grown")
worth_of = give(worth, "worth_of")
mover = give(Mover, "mover")
judge = give(Judge, "judge")
priced_mover = give(lambda price, *args, **kwargs: priced(PricedMover(*args, **kwargs), price), "priced_mover")
priced_judge = give(lambda price, *args, **kwargs: priced(PricedJudge(*args, **kwargs), price), "priced_judge")
oracle = give(Oracle, "oracle")
dumb = give(Dumb, "dumb")
drive = give(run_all, "drive")
one = give(run_one, "one")
words = give(words_of, "words")
results = give(results_of, "results")


@pytest.fixture
def leaf() -> Callable[..., Node]:
    """Makes a root in a world of letters, or a child of another node."""

    def make(parent: Node | None = None, action: str = "", **fields: Any) -> Node:
        if parent is None:
            return Node(Word(0, ""), "0:", world=Letters({}), **fields)
        state = Word(parent.task, parent.state.letters + action)
        child = Node(state, f"0:{state.letters}", parent, action, **fields)
        add_children(parent, [child])
        return child

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journaled(path: Path) -> Callable[..., dict[int, TaskSearch]]:
    """Runs a search over two tasks of three letters with a journal: the first time live, then from it."""
    legal, values = {"": "ab", "a": "ab", "b": "ab"}, {"a": 0.4, "b": 0.6, "ba": 0.3, "bb": 0.7}

    def run(
        search: Algorithm = greedy, value: Any = None, tasks: Iterable[int] = (0, 1), **settings: Any
    ) -> dict[int, TaskSearch]:
        with Journal(path) as journal:
            return run_all(Letters(legal), value or Judge(values), search, tasks=tasks, journal=journal, **settings)

    return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that a test sets."""

    class Clock:
        now = 100.0

    monkeypatch.setattr(time, "monotonic", lambda: Clock.now)
    return Clock
