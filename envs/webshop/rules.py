"""The effect of an action in the shop: a pure function of the world, the state and the text."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from forethought.envs.family import Illegal, shorten
from forethought.envs.ranking.index import TooManyTerms
from forethought.envs.webshop import pages
from forethought.envs.webshop import quirks as official
from forethought.envs.webshop.goals import Goal
from forethought.envs.webshop.pages import Body, Node, State, clickables
from forethought.envs.webshop.reward import Score, score
from forethought.envs.webshop.text import plain
from forethought.envs.webshop.world import KEPT, GoalList, World

RANDOM_RESULTS = 50


class Shop:
    """The pages and the moves of one world with one list of goals.

    A page of results shows `window` products. `quirks` keeps the official environment's bugs. `attributes` adds the
    part of that name to each product, as the official option `show_attrs` does.
    """

    def __init__(
        self, world: World, goals: GoalList, *, window: int = 10, quirks: bool = False, attributes: bool = False
    ) -> None:
        self.world, self.goals, self.window, self.quirks, self.attributes = world, goals, window, quirks, attributes
        self.parts = (*pages.PARTS, pages.ATTRIBUTES) if attributes else pages.PARTS
        # Officially the part is there without its button, for an option that is called like it.
        reached = (*pages.PARTS, pages.ATTRIBUTES) if attributes or quirks else pages.PARTS
        self.part_of = {part.lower(): part for part in reached}
        self.bodies = lru_cache(KEPT)(self.make_body)

    def __reduce__(self) -> tuple[Callable[..., Shop], tuple[World, GoalList]]:
        return partial(Shop, window=self.window, quirks=self.quirks, attributes=self.attributes), (
            self.world,
            self.goals,
        )

    def goal(self, state: State) -> Goal:
        """The goal of the state's task."""
        return self.goals.get(state.goal)

    def page(self, state: State) -> tuple[Node, ...]:
        """Everything visible, in order."""
        kind = state.kind
        if kind == "index":
            return pages.index_page(self.goal(state).instruction)
        if kind == "done":
            return pages.done_page(self.asin(state), state.options, self.score(state).reward)
        return pages.header(self.goal(state).instruction) + self.body(state).nodes

    def plain(self, state: State) -> str:
        """The page in the mode `text`, put together from parts that are kept ready."""
        instruction = self.goal(state).instruction.strip()
        if state.query is None or state.bought or not instruction:
            return plain(self.page(state))
        return f"Instruction: [SEP] {instruction} [SEP] {pages.BACK} [SEP] {self.body(state).text}"

    def named(self, state: State) -> dict[str, Node]:
        """The clickable nodes by their names in actions."""
        if state.query is None or state.bought:
            return clickables(self.page(state), apart=not self.quirks)
        return self.body(state).named

    def actions(self, state: State) -> tuple[str, ...]:
        """A search, and a click on each thing that can be clicked and named in one line."""
        if state.bought:
            return (pages.SEARCH_TEMPLATE,) if self.quirks else ()
        return (pages.SEARCH_TEMPLATE,) if state.query is None else self.body(state).actions

    def body(self, state: State) -> Body:
        """The page of a state without its header."""
        if state.row >= 0:
            return self.bodies(state.row, state.part, "", 0, 0)
        assert state.query is not None, "the first page has no body"
        return self.bodies(-1, "", state.query, state.number, state.goal if is_random(state.query) else 0)

    def make_body(self, row: int, part: str, query: str, number: int, goal: int) -> Body:
        """Make the page of a product, a part or a search."""
        if row >= 0:
            product = self.world.product(row)
            shown = pages.part_page(product, part) if part else pages.item_page(product, self.parts)
            return Body(shown, self.can_name, apart=not self.quirks)
        rows = self.results(goal, query)
        products = {int(row): self.world.product(int(row)) for row in self.on_page(rows, number)}
        return Body(pages.results_page(number, len(rows), products), self.can_name, apart=not self.quirks)

    def results(self, goal: int, query: str) -> Sequence[int]:
        """The rows that a query finds: by rank, or all of a `<c> category` or `<q> query`, or for `<r>` any 50.

        Raises Illegal: a query on which the official environment raises.
        """
        mark, *words = query.split(" ")
        if mark == "<q>":
            return self.world.members("query", " ".join(words).strip())
        if mark == "<c>" and words:
            return self.world.members("category", words[0].strip())
        if mark == "<r>":
            seed = f"{self.world.hash} {goal} {query}".encode("utf-8", "surrogatepass")
            draw = random.Random(seed)
            return draw.sample(range(len(self.world)), min(RANDOM_RESULTS, len(self.world)))
        if mark in ("<a>", "<c>"):
            raise Illegal(f"{shorten(query)} names no category; write search[<c> garden], or words to search for")
        try:
            return self.world.found(query)
        except TooManyTerms as error:
            raise Illegal(str(error)) from error

    def on_page(self, rows: Sequence[int], number: int) -> Sequence[int]:
        """The rows that a page of results shows."""
        return rows[(number - 1) * self.window : number * self.window]

    def asin(self, state: State) -> str:
        """The ASIN of the state's product; "None" without one."""
        return "None" if state.row < 0 else self.world.product(state.row).asin

    def chosen(self, state: State, node: Node) -> bool:
        """Whether a product was visited, or an option is chosen."""
        return node.text in state.visited if node.kind == "product" else (node.group, node.text) in state.options

    def pressed(self, state: State, node: Node) -> bool:
        """The same as the official `text_rich` shows it: with quirks, options by the words of the URL."""
        if self.quirks and node.kind == "option":
            return official.is_pressed(node.text, official.url(state, self.asin(state)))
        return self.chosen(state, node)

    def play(self, state: State, action: str) -> State:
        """The state after "search[…]" or "click[…]". Raises Illegal."""
        if state.bought and not self.quirks:
            raise Illegal("the purchase is made and the episode has ended; begin another")
        verb, name = self.read(state, action)
        return self.search(state, name) if verb == "search" else self.click(state, name)

    def read(self, state: State, action: str) -> tuple[str, str]:
        """The verb of an action, and its argument in lower case. Raises Illegal."""
        return self.read_on(self.named(state), action)

    def read_on(self, named: Mapping[str, Node], action: str) -> tuple[str, str]:
        """The same on a page where this can be clicked."""
        verb, argument = parts_of(action)
        name = argument.lower()
        if verb == "search":
            return verb, name
        if verb != "click" and not self.quirks and action.startswith("click[") and action.endswith("]"):
            verb, name = "click", action[6:-1].lower()  # an option with brackets of its own
        if verb != "click" or name not in named or not self.can_name(name):
            shown = ", ".join(filter(self.can_name, named))[:400]
            raise Illegal(
                f"cannot play {shorten(action)} here; write search[words], or click[…] with one of {shown or 'none'}"
            )
        return verb, name

    def can_name(self, name: str) -> bool:
        """Whether an action can click a node of this name: not the search box (it is typed into), nor several lines."""
        if self.quirks and "[" in name[:-1]:  # the official expression reads "click[a[b]" as a verb of brackets
            return False
        return bool(name) and name != pages.SEARCH.lower() and "\n" not in name

    def search(self, state: State, query: str) -> State:
        """The state after a search. Raises Illegal: a search that the shop refuses."""
        self.results(state.goal, query)  # refused before anything changes
        return State(state.goal, query, 1, visited=state.visited)

    def click(self, state: State, name: str) -> State:
        """The state after a click on a named node."""
        node = self.named(state)[name]
        if node.kind == "product":  # first, for it may be called like a button
            visited = tuple(sorted({*state.visited, node.text}))
            return State(state.goal, state.query, state.number, node.row, "", state.options, visited)
        kind = official.kind_of(official.url(state, self.asin(state))) if self.quirks else state.kind
        if name == pages.BUY.lower():
            return replace(state, bought=True)
        if name == pages.BACK.lower():
            return State(state.goal)
        if name == pages.NEXT.lower() and kind == "results":
            return self.turn(state, state.number + 1)
        if name == pages.PREVIOUS.lower() and kind == "results":
            return self.turn(state, state.number - 1)
        if name == pages.PREVIOUS.lower() and kind == "item":
            return self.turn(state, state.number)
        if name == pages.PREVIOUS.lower() and kind == "part":
            return replace(state, part="")
        if name in self.part_of:
            part = self.part_of[name]
            return State(state.goal, state.query, state.number, state.row, part, state.options, state.visited)
        options = tuple(sorted({**dict(state.options), node.group: node.text}.items()))
        return State(state.goal, state.query, state.number, state.row, "", options, state.visited)

    def turn(self, state: State, number: int) -> State:
        """A page of the results; the product and its options are put back."""
        return State(state.goal, state.query, number, visited=state.visited)

    def score(self, state: State) -> Score:
        """The reward for buying the chosen product with the chosen options, in all its parts."""
        goal = self.goal(state)
        target = self.world.row_of(goal.asin)
        assert target is not None, "goals are made from products of the world"
        return score(
            self.world.product(state.row),
            goal,
            dict(state.options),
            bought_nouns=self.world.nouns(state.row),
            wanted_nouns=self.world.nouns(target),
            official=self.quirks,
        )


def parts_of(action: str) -> tuple[str, str]:
    r"""The verb of "click[red]" and its argument; both empty where the text is no such thing.

    They equal the groups of `(.+)\[(.+)\]`, greedy and open at the end, in the official environment. On a text of
    brackets that expression takes time in the square of their number; this function takes linear time.
    """
    line = action.partition("\n")[0]
    end = line.rfind("]")
    start = line.rfind("[", 1, end - 1) if end > 2 else -1
    return (line[:start], line[start + 1 : end]) if start > 0 else ("", "")


def is_random(query: str | None) -> bool:
    """Whether a query asks for random products."""
    return query is not None and query.startswith("<r>") and query[3:4] in ("", " ")
