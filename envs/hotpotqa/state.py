"""Read a state back from JSON, taking nothing on trust."""

from __future__ import annotations

from forethought.envs.family import Json
from forethought.envs.hotpotqa.rules import Library, State

KEYS = {"question", "page", "keyword", "counter", "steps", "answer", "read"}


def read_state(library: Library, data: Json) -> State:
    """Raises ValueError: no state of this world."""
    if not isinstance(data, dict) or set(data) != KEYS:
        raise ValueError(f"a state has the keys {', '.join(sorted(KEYS))}")
    question = whole(data["question"], "question", len(library.world.questions))
    steps = whole(data["steps"], "steps", library.max_steps + 1)
    page = -1 if data["page"] is None else whole(data["page"], "page", len(library.world))
    read = data["read"]
    if not isinstance(read, list) or len(read) > steps:
        raise ValueError("'read' lists the pages opened, at most one a step")
    rows = tuple(whole(row, "page read", len(library.world)) for row in read)
    if len(set(rows)) < len(rows) or (page >= 0) != bool(rows) or (page >= 0 and page not in rows):
        raise ValueError("'read' lists the pages opened, each once, the open one among them")
    if library.own and not set(rows) <= set(library.world.question(question)[1]):
        raise ValueError("a page was opened that was not given with the question")
    keyword, answer = data["keyword"], data["answer"]
    if not isinstance(keyword, str | None) or not isinstance(answer, str | None):
        raise ValueError("'keyword' and 'answer' are texts or null")
    if (steps == library.max_steps) if answer is None else (steps == 0):
        raise ValueError(f"an answer ends the question, at the latest after {library.max_steps} steps")
    results = library.results(question, page, keyword) if keyword is not None else []
    counter = whole(data["counter"], "counter", len(results) + 1)
    if results and not counter:
        raise ValueError("the first result is seen with the keyword; 'counter' is 1 or more")
    opened = len(rows) + (page >= 0 and page != rows[-1])  # an earlier page was opened again
    looked_up = 0 if keyword is None else max(counter, 1)
    finished = answer is not None and (answer != "" or steps < library.max_steps)
    if opened + looked_up + finished > steps:
        raise ValueError("it takes more steps to open these pages, see these results and answer")
    return State(question, page, keyword, counter, steps, answer, rows)


def whole(value: Json, what: str, end: int) -> int:
    """Raises ValueError: no integer from 0 to before `end`."""
    if type(value) is not int or not 0 <= value < end:
        raise ValueError(f"its {what} is no integer from 0 to {end - 1}")
    return value
