"""HotpotQA as a task family: questions with answers from two pages of an encyclopedia."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from forethought.envs.family import Illegal, Json, Step
from forethought.envs.gym import TextEnv
from forethought.envs.hotpotqa.default_world import default_world, open_world
from forethought.envs.hotpotqa.rules import Library, State, counted
from forethought.envs.hotpotqa.scoring import f1, is_right
from forethought.envs.hotpotqa.sentences import SENTENCES
from forethought.envs.hotpotqa.state import read_state
from forethought.envs.hotpotqa.world import World
from forethought.envs.worlds.default import given

STEPS = 7  # of the published agents
PAGES, ORDERS = ("world", "question"), ("file", "react")
REACT_SEED, REACT_TASKS = 233, 500


class HotpotQA:
    """All questions of a world.

    `sentences` is "react" or "native" (see `sentences.py`). `pages` is "world", or "question": then a question is
    asked over the pages that were given with it alone, as in the distractor setting. `order` is that of the files, or
    "react": that of ReAct's evaluation, which asks the first 500 dev questions in it. After `max_steps` the answer
    is "".
    """

    name = "HotpotQA-v0"
    terminal_reward = True  # the closing line prints the score

    def __init__(
        self,
        world: World | None = None,
        *,
        sentences: str = "react",
        max_steps: int = STEPS,
        pages: str = "world",
        order: str = "file",
    ) -> None:
        """Raises ValueError: an option that is not there, or questions without pages of their own."""
        options = (("sentences", sentences, SENTENCES), ("pages", pages, PAGES), ("order", order, ORDERS))
        for name, value, known in options:
            if value not in tuple(known):
                raise ValueError(f"unknown {name} {value!r}; expected one of {', '.join(known)}")
        if type(max_steps) is not int or max_steps < 1:
            raise ValueError(f"max_steps is {max_steps!r}; expected an integer of 1 or more")
        world = default_world() if world is None else world
        if pages == "question" and (count := world.manifest.get("without_pages")):
            raise ValueError(f"{count} questions of {world.folder} name no pages of their own; give pages='world'")
        self.library = Library(world, sentences=sentences, max_steps=max_steps, own=pages == "question")
        self.numbers: Sequence[int] = range(len(world.questions))
        self.splits: Mapping[str, range] = world.splits
        if order == "react":
            self.numbers = react_order(world.splits)
            self.splits = {"all": range(len(self)), "react": range(min(REACT_TASKS, len(self)))}
        # Other rules are another world: with other sentences or steps the same state is another position.
        self.world = f"{world.hash}-{sentences}-{max_steps}-{pages}-{order}"

    def __len__(self) -> int:
        return len(self.numbers)

    def initial(self, index: int) -> State:
        """The first state of a task: a question without an open page."""
        return State(self.numbers[index])

    def instruction(self, state: State) -> str:
        """The four actions, in one sentence."""
        return (
            "Answer the question in a few words. search[entity] opens a page, or tells similar titles; lookup[string] "
            "finds the next sentence of the page with the string; think[thought] changes nothing; finish[answer] ends."
        )

    def opening(self, state: State) -> str:
        """The question."""
        return f"Question: {self.library.world.question(state.question)[0].text}"

    def actions(self, state: State) -> tuple[str, ...]:
        """The admissible actions: four templates, and searches for titles on the page."""
        return self.library.actions(state) if state.answer is None else ()

    def canonical(self, state: State, action: str) -> str:
        """The action without white space at its ends."""
        return action.strip()

    def step(self, state: State, action: str) -> Step[State]:
        """The step of an action; a refused action counts as a step and says the reason."""
        if state.answer is not None:
            return Step(state, self.closing(state), illegal="the question is answered; begin another", terminated=True)
        illegal = None
        try:
            after, observation = self.library.play(state, action)
        except Illegal as error:
            illegal = str(error)
            after, observation = counted(state), f"Invalid action: {action.strip()}"
        if after.answer is None and after.steps >= self.library.max_steps:
            after = replace(after, answer="")  # the published harness finishes with nothing
        if after.answer is None:
            return Step(after, observation, illegal=illegal, counted=illegal is not None)
        ended = self.closing(after), self.reward(after)
        return Step(after, *ended, terminated=True, illegal=illegal, counted=illegal is not None)

    def reward(self, state: State) -> float:
        """1 for an answer that matches exactly after normalisation, else 0."""
        return float(is_right(state.answer or "", self.gold(state)))

    def closing(self, state: State) -> str:
        """The last observation, which tells the reward."""
        return f"Episode finished, reward = {int(self.reward(state))}\n"

    def gold(self, state: State) -> str:
        """The right answer."""
        return self.library.world.question(state.question)[0].answer

    def key(self, state: State) -> bytes:
        """The position as canonical JSON, without the pages read."""
        position = (state.question, state.page, state.keyword, state.counter, state.steps, state.answer)
        return json.dumps(position, separators=(",", ":")).encode()

    def metrics(self, state: State) -> dict[str, Json]:
        """The official scores of the answer (of "" while there is none), and facts about the way to it.

        `fact_coverage` is the share of the supporting facts with pages that were opened on the way (which is no part
        of the position), None where the data tell no facts; pages that the world lacks count as not opened.
        `em` is the official exact match, except for golds such as "The The": the official rule ignores all of their
        words, so that "" would be right; here they need an answer. `empty_answer` is true for an empty answer.
        """
        answer, gold = state.answer or "", self.gold(state)
        overlap = f1(answer, gold)
        return {
            "em": is_right(answer, gold),
            "f1": overlap.f1,
            "precision": overlap.precision,
            "recall": overlap.recall,
            "fact_coverage": self.coverage(state),
            "steps": state.steps,
            "empty_answer": not answer.strip(),
            "answer": answer,
            "gt_answer": gold,
        }

    def coverage(self, state: State) -> float | None:
        """The share of supporting facts on the pages read; None where the question has none."""
        question, given = self.library.world.question(state.question)
        if not question.facts:
            return None
        among = given if self.library.own else None
        rows = [self.library.world.row_of(title, among) for title, _ in question.facts]
        return sum(row in state.read for row in rows) / len(rows)

    def to_json(self, state: State) -> Json:
        """The state as JSON."""
        return {
            "question": state.question,
            "page": None if state.page < 0 else state.page,
            "keyword": state.keyword,
            "counter": state.counter,
            "steps": state.steps,
            "answer": state.answer,
            "read": list(state.read),
        }

    def from_json(self, data: Json) -> State:
        """The state from its JSON. Raises ValueError: no state of these tasks."""
        state = read_state(self.library, data)
        if state.question not in self.numbers:
            raise ValueError("its question is none of these tasks")
        return state


def react_order(splits: Mapping[str, range]) -> Sequence[int]:
    """The questions of the dev split, or of the only one, as ReAct's evaluation shuffles them.

    Raises ValueError: several splits, and none of them dev.
    """
    if "dev" not in splits and len(splits) > 1:
        raise ValueError(f"order='react' is one of the dev questions; this world has only {', '.join(splits)}")
    numbers = list(splits.get("dev") or next(iter(splits.values())))
    random.Random(REACT_SEED).shuffle(numbers)
    return numbers


class HotpotQAEnv(TextEnv[State]):
    """The Gymnasium environment of HotpotQA."""

    def _fits(self, state: State, task: int, ended: bool) -> bool:
        return state.question == self.family.initial(task).question and (state.answer is not None) == ended


def make_family(
    world: World | str | Path | None = None,
    sentences: str = "react",
    max_steps: int = STEPS,
    pages: str = "world",
    order: str = "file",
) -> HotpotQA:
    """`world` is a folder, or opened; the made encyclopedia of 2,000 pages if none.

    Raises ValueError: no world, or a setting that HotpotQA refuses.
    """
    return HotpotQA(given(world, World, open_world), sentences=sentences, max_steps=max_steps, pages=pages, order=order)


def make(*places: Any, render_mode: str | None = None, **options: Any) -> HotpotQAEnv:
    """The entry point of `gym.make("HotpotQA-v0", …)`; the options are those of `make_family`."""
    return HotpotQAEnv(make_family(*places, **options), render_mode=render_mode)
