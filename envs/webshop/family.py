"""WebShop as a task family: find the product that an instruction asks for, and buy it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from forethought.envs.family import Illegal, Json, Step
from forethought.envs.gym import TextEnv
from forethought.envs.webshop import pages, text
from forethought.envs.webshop.default_world import default_world, open_world
from forethought.envs.webshop.pages import State
from forethought.envs.webshop.rules import Shop
from forethought.envs.webshop.state import read_state
from forethought.envs.webshop.world import GoalKind, World
from forethought.envs.worlds.default import given

OFFICIAL_WINDOW = 10  # products on a page of results


class WebShop:
    """All goals of one kind in a world.

    `observation` is "compact", "text", "text_rich" or "html"; `goals` is "synthetic" or "human".
    `show_attrs` adds the official page of a product's attributes, which the reward compares.
    `official_quirks` keeps the official environment's bugs: see `quirks.py` and `reward.py`; a family
    with quirks goes on after a purchase, so use it under `TextEnv`, or mind `Step.terminated`.
    """

    name = "WebShop-v0"
    terminal_reward = True  # the last page prints the score

    def __init__(
        self,
        world: World | None = None,
        *,
        observation: str = "text",
        goals: GoalKind = "synthetic",
        official_quirks: bool = False,
        show_attrs: bool = False,
    ) -> None:
        """Raises ValueError: an unknown observation or kind of goals, or a world that has none of the kind."""
        for name, value in (("official_quirks", official_quirks), ("show_attrs", show_attrs)):
            if not isinstance(value, bool):
                raise ValueError(f"{name} is True or False; {value!r} was given")
        if observation not in text.OBSERVATIONS:
            raise ValueError(f"unknown observation {observation!r}; expected one of {', '.join(text.OBSERVATIONS)}")
        world = default_world() if world is None else world
        self.goals = world.goals(goals)
        if not len(self.goals):
            raise ValueError(f"{world.folder} has no {goals} goals; give another world, or other goals")
        self.observation = observation
        window = text.SHOWN if observation == "compact" and not official_quirks else OFFICIAL_WINDOW
        self.shop = Shop(world, self.goals, window=window, quirks=official_quirks, attributes=show_attrs)
        # Other rules are another world; with pages of another length the same state is another page.
        rules = "-quirks" if official_quirks else "" if window == OFFICIAL_WINDOW else f"-{window}-a-page"
        self.world = f"{world.hash}-{goals}{rules}{'-attributes' if show_attrs else ''}"
        self.splits: Mapping[str, range] = splits(len(self.goals))

    def __len__(self) -> int:
        return len(self.goals)

    def initial(self, index: int) -> State:
        """The first state of a task: the page with the search field."""
        return State(index)

    def instruction(self, state: State) -> str:
        """The instruction of the state's goal."""
        return self.shop.goal(state).instruction

    def opening(self, state: State) -> str:
        """The text of the first page."""
        return self.show(state)

    def show(self, state: State) -> str:
        """The whole page of a state."""
        if self.observation == "html":
            from forethought.envs.webshop.html import page_html  # templates are slow to load, and most never need them

            return page_html(self.shop, state)
        if self.observation == "text":
            return self.shop.plain(state)
        page = self.shop.page(state)
        if self.observation == "text_rich":
            return text.rich(page, lambda node: self.shop.pressed(state, node))
        return text.compact_page(page, state, lambda node: self.shop.chosen(state, node))

    def actions(self, state: State) -> tuple[str, ...]:
        """The admissible actions, `search[<query>]` among them on the first page."""
        return self.shop.actions(state)

    def canonical(self, state: State, action: str) -> str:
        """The action in small letters, without the text behind the bracket."""
        if action.endswith("]") and action.count("[") == 1 and action == action.lower():
            return action
        try:
            verb, name = self.shop.read(state, action)
        except Illegal:
            return action
        return f"{verb}[{name}]"

    def leads_back(self, state: State, action: str) -> bool:
        """Whether an action searches again, turns a page, opens a part of a product, or takes back an option."""
        try:
            verb, name = self.shop.read(state, action)
        except Illegal:
            return False
        if verb == "search":
            return state.query is not None  # it begins again
        node = self.shop.named(state)[name]
        if node.kind == "button":
            return node.text != pages.BUY
        return node.kind == "option" and any(group == node.group for group, _ in state.options)

    def step(self, state: State, action: str) -> Step[State]:
        """The step of an action; a refused action leaves the state and says the reason."""
        try:
            after = self.shop.play(state, action)
        except Illegal as error:
            return Step(state, self.show(state), illegal=str(error), terminated=state.bought)
        reward = self.shop.score(after).reward if after.bought else 0.0
        return Step(after, self.answer(state, action, after), reward, after.bought)

    def answer(self, before: State, action: str, after: State) -> str:
        """The observation after a move: the page, or in `compact` one line for the choice of an option."""
        if self.observation == "compact" and before.kind == after.kind == "item":
            return f"You have clicked {self.shop.read(before, action)[1]}."
        return self.show(after)

    def key(self, state: State) -> bytes:
        """The state as canonical JSON."""
        return json.dumps(self.to_json(state), separators=(",", ":")).encode()

    def metrics(self, state: State) -> dict[str, Json]:
        """`reward` and `success`; after a purchase every part of the reward, in both readings of the options."""
        if not state.bought:
            return {"bought": False, "reward": 0.0, "success": False}
        score = self.shop.score(state)
        return {"bought": True, "success": score.reward == 1.0, **asdict(score)}

    def to_json(self, state: State) -> Json:
        """The state as JSON, with products by their ASIN."""
        return {
            "goal": state.goal,
            "query": state.query,
            "number": state.number,
            "asin": self.shop.asin(state) if state.row >= 0 else None,
            "part": state.part,
            "options": [list(option) for option in state.options],
            "visited": list(state.visited),
            "bought": state.bought,
        }

    def from_json(self, data: Json) -> State:
        """The state from its JSON. Raises ValueError: no state of this shop."""
        return read_state(self.shop, data)


def splits(count: int) -> dict[str, range]:
    """The official ranges; a small shop gives a fifth to each of test and eval, in the same order."""
    first, second = (500, 1500) if count > 2000 else (count // 5, 2 * count // 5)
    return {"test": range(first), "eval": range(first, second), "train": range(second, count)}


class WebShopEnv(TextEnv[State]):
    """`info["page"]` is the whole page, also where `compact` observes only that an option was clicked."""

    def _fits(self, state: State, task: int, ended: bool) -> bool:
        return (state.goal, state.bought) == (task, ended)

    def _info(self, state: State, illegal: str | None, counted: bool = False) -> dict[str, Any]:
        assert isinstance(self.family, WebShop)
        page = self._page(state) if self.family.observation == "compact" else self._text
        return {**super()._info(state, illegal, counted), "page": page}

    def _page(self, state: State) -> str:
        assert isinstance(self.family, WebShop)
        return self.family.show(state)


def make_family(
    world: World | str | Path | None = None,
    observation: str = "text",
    goals: GoalKind = "synthetic",
    official_quirks: bool = False,
    show_attrs: bool = False,
) -> WebShop:
    """`world` is a folder, or opened; the made shop of 1,000 products if none.

    Raises ValueError: no world, or a setting that WebShop refuses.
    """
    return WebShop(
        given(world, World, open_world),
        observation=observation,
        goals=goals,
        official_quirks=official_quirks,
        show_attrs=show_attrs,
    )


def make(*places: Any, render_mode: str | None = None, **options: Any) -> WebShopEnv:
    """The entry point of `gym.make("WebShop-v0", …)`; the options are those of `make_family`."""
    return WebShopEnv(make_family(*places, **options), render_mode=render_mode)
