"""Answer a question by searching an encyclopedia, looking words up in its pages, and finishing with an answer.

The actions and their replies, word for word, are those of ReAct (Yao et al. 2023, arXiv:2210.03629), on pages that
do not change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from forethought.envs.family import Illegal, shorten
from forethought.envs.hotpotqa.links import Mentions
from forethought.envs.hotpotqa.sentences import SENTENCES, SHOWN
from forethought.envs.hotpotqa.world import KEPT, Rows, World
from forethought.envs.ranking.index import TooManyTerms
from forethought.envs.template import Template

VERBS = ("search", "lookup", "finish", "think")
TEMPLATES = tuple(map(Template, ("search[<entity>]", "lookup[<string>]", "finish[<answer>]", "think[<thought>]")))


@dataclass(frozen=True, slots=True)
class State:
    """A position in an episode."""

    question: int  # its number in the world
    page: int = -1  # the row of the open page
    keyword: str | None = None  # that was looked up last in this page
    counter: int = 0  # of its results seen
    steps: int = 0
    answer: str | None = None
    read: Rows = field(default=(), compare=False)  # the pages opened so far, each once; only the metrics ask for them


class Library:
    """The rules over one world. `own` opens to each question only the pages that were given with it."""

    def __init__(self, world: World, *, sentences: str, max_steps: int, own: bool) -> None:
        self.world, self.max_steps, self.own = world, max_steps, own
        self.reading, self.cut = sentences, SENTENCES[sentences]
        self.apart = own and world.own is not None  # some questions have texts of their own
        self.sentences = lru_cache(KEPT)(self.read_sentences)
        self.links = lru_cache(KEPT)(self.read_links)
        self.searches = lru_cache(KEPT)(self.searches_for)

    def __reduce__(self) -> tuple[Callable[[World], Library], tuple[World]]:
        made = partial(Library, sentences=self.reading, max_steps=self.max_steps, own=self.own)
        return made, (self.world,)

    def sentences_of(self, question: int, row: int) -> tuple[tuple[str, str], ...]:
        """The sentences of a page as a question reads it, each as it is shown and as it is looked up."""
        return self.sentences(row, question if self.apart else -1)

    def read_sentences(self, row: int, question: int = -1) -> tuple[tuple[str, str], ...]:
        """The sentences of a page, each with its form in small letters."""
        own = self.world.own_page(question, row) if question >= 0 else None
        return tuple((sentence, sentence.lower()) for sentence in self.cut(own or self.world.page(row)))

    def read_links(self, question: int, row: int) -> Rows:
        """Of the pages given with a question, those that one of them links to; those that its own text mentions."""
        given = self.world.question(question)[1]
        own = self.world.own_page(question, row) if self.apart else None
        if own is None:
            return tuple(other for other in self.world.links(row) if other in given)
        mentioned = Mentions([self.world.title(other) for other in given]).rows(own)
        return tuple(given[place] for place in mentioned if given[place] != row)

    def searches_for(self, rows: Rows) -> tuple[str, ...]:
        """The search for each of these titles."""
        return tuple(f"search[{self.world.title(row)}]" for row in rows)

    def actions(self, state: State) -> tuple[str, ...]:
        """Templates and, when a page is open, the searches for the titles it links to or mentions."""
        if state.page < 0:
            return TEMPLATES
        rows = self.links(state.question, state.page) if self.own else self.world.links(state.page)
        return TEMPLATES + self.searches(rows)

    def play(self, state: State, action: str) -> tuple[State, str]:
        """The state after an action, and the reply. Every action counts as a step, also one that raises Illegal.

        Raises Illegal: none of the four actions, or a search for more words than the search takes.
        """
        verb, argument = self.read_action(action)
        state = counted(state)
        if verb == "search":
            return self.search(state, argument)
        if verb == "lookup":
            return self.look_up(state, argument)
        if verb == "finish":
            return replace(state, answer=argument), ""
        return state, "Nice thought."

    def read_action(self, action: str) -> tuple[str, str]:
        """The verb and the argument of an action. Raises Illegal: no action of this family."""
        text = action.strip()
        verb, bracket, argument = text.partition("[")
        if verb not in VERBS or not bracket or not text.endswith("]"):
            raise Illegal(f"cannot play {shorten(text)}; write {', '.join(TEMPLATES[:-1])} or {TEMPLATES[-1]}")
        return verb, argument[:-1]

    def search(self, state: State, entity: str) -> tuple[State, str]:
        """The state and the observation after a search."""
        given = self.world.question(state.question)[1] if self.own else None
        row = self.world.row_of(entity, given)
        if row is not None:
            read = state.read if row in state.read else (*state.read, row)
            found = replace(state, page=row, keyword=None, counter=0, read=read)
            return found, " ".join(
                [sentence for sentence, _ in self.sentences_of(state.question, row) if sentence][:SHOWN]
            )
        try:
            similar = [self.world.title(other) for other in self.world.similar(entity, given)]
        except TooManyTerms as error:
            raise Illegal(f"cannot search for {shorten(entity)}: {error}") from error
        return state, f"Could not find {entity}. Similar: {similar}."

    def look_up(self, state: State, keyword: str) -> tuple[State, str]:
        """The next sentence of the open page that has the keyword, in any case of letters."""
        if keyword != state.keyword:
            state = replace(state, keyword=keyword, counter=0)
        results = self.results(state.question, state.page, keyword)
        if state.counter >= len(results):
            return state, "No more results.\n"
        told = f"(Result {state.counter + 1} / {len(results)}) {results[state.counter]}"
        return replace(state, counter=state.counter + 1), told

    def results(self, question: int, page: int, keyword: str) -> list[str]:
        """The sentences of a page that have a keyword, as a question reads it; none while no page is open."""
        wanted = keyword.lower()
        sentences = self.sentences_of(question, page) if page >= 0 else ()
        return [sentence for sentence, lowered in sentences if sentence and wanted in lowered]


def counted(state: State) -> State:
    """The state with one more step."""
    return replace(state, steps=state.steps + 1)
