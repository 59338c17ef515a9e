"""A page as text, in the three forms that papers use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forethought.envs.webshop.pages import BACK_BUTTON, Node, State

Pressed = Callable[[Node], bool]
OBSERVATIONS = ("compact", "text", "text_rich", "html")
SHOWN = 5  # products that `compact` shows of a page


def plain(page: Sequence[Node]) -> str:
    """The mode `text` of the official environment: the visible texts, without their kinds."""
    return " [SEP] ".join([node.text.strip() for node in page])


def rich(page: Sequence[Node], pressed: Pressed) -> str:
    """The mode `text_rich`: buttons are marked, and the choices made stand before the page."""
    clicked, lines = "", []
    for node in page:
        if node.kind in ("text", "group"):
            lines.append(f"{node.text}\n")
            continue
        indent = {"option": "  ", "product": "\n", "button": ""}[node.kind]
        mark = "clicked button" if node.kind != "button" and pressed(node) else "button"
        lines.append(f"{indent}[{mark}] {node.text} [{mark}_]\n")
        if mark == "clicked button" and node.kind == "option":
            clicked = f"You have clicked {node.text}.\n{clicked}"
    return clicked + "".join(lines)


def compact(page: Sequence[Node], pressed: Pressed) -> str:
    """The page as the prompts of ReAct, LATS and STL show it, without the instruction (`compact_page`)."""
    pieces = []
    for node in page:
        if node.kind == "option":
            pieces.append(f"[[{node.text}]]" if pressed(node) else f"[{node.text}]")
        elif node.kind in ("button", "product"):
            pieces.append(f"\n[{node.text}] ")
        elif node.text.replace("\\n", "").strip(" \n"):  # a bullet with nothing in it does not show
            pieces.append(f"\n{node.text} ")
    return "".join(pieces)


def compact_page(page: Sequence[Node], state: State, pressed: Pressed) -> str:
    """In `compact`, only the first page tells the instruction, and the last one nothing but the score.

    The systems that use it show the first five of the official ten products, and never the others.
    """
    if state.kind == "index":
        return compact(page, pressed)
    if state.kind == "done":
        return f"{page[-4].text}: {page[-3].text}"
    products = [place for place, node in enumerate(page) if node.kind == "product"]
    start = page.index(BACK_BUTTON)  # an empty instruction before it does not show
    return compact(page[start : products[SHOWN] if len(products) > SHOWN else len(page)], pressed)
