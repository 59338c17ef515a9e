"""Bugs of the official environment that `official_quirks=True` keeps, all of them read from its URLs.

It names a page by the first known word in the page's URL, which holds the query and the options too;
and it takes an option as clicked if its text stands in double quotes anywhere in that URL.
"""

from __future__ import annotations

import json

from forethought.envs.webshop.pages import State

PAGE_NAMES = {"search_results": "results", "item_page": "item", "item_sub_page": "part", "done": "done"}


def url(state: State, asin: str) -> str:
    """The address of a state in the official shop; its bugs read pages and options from it."""
    base = "http://127.0.0.1:3000"
    if state.query is None:
        return f"{base}/{state.goal}"
    keywords = state.query.replace(" ", "+")
    if state.kind == "results":
        return f"{base}/search_results/{state.goal}/{keywords}/{state.number}"
    options = dict(state.options)
    if state.bought:
        return f"{base}/done/{state.goal}/{asin}/{options}"
    place = f"{state.goal}/{asin}/{keywords}/{state.number}"
    if state.part:
        return f"{base}/item_sub_page/{place}/{state.part}/{options}"
    return f"{base}/item_page/{place}/{json.dumps(options)}"


def kind_of(address: str) -> str:
    """The kind of page that the official server reads from an address; "" if none fits."""
    return next((kind for name, kind in PAGE_NAMES.items() if name in address), "")


def is_pressed(text: str, address: str) -> bool:
    """Whether the official shop shows an option as chosen: its text stands in quotes in the address."""
    return f'"{text}"' in address
