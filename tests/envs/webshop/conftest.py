"""A shop of four products in the official format, for the tests that import it."""

from __future__ import annotations

import json

import pytest


def product(asin, name, pricing, options=None, **more):
    return {
        "asin": asin,
        "name": name,
        "full_description": f"A fine {name.lower()}.",
        "small_description": ["One", "Two"],
        "pricing": pricing,
        "images": [],
        "customization_options": {group: [{"value": v} for v in values] for group, values in (options or {}).items()},
        "category": "garden",
        "query": "mugs",
        "product_category": "Home",
        **more,
    }


def asks(*attributes, options=()):
    return {
        "instruction": "i want a mug.",
        "instruction_attributes": [*attributes],
        "instruction_options": [*options],
    }


@pytest.fixture
def official():
    """The contents of the official files by name; a test changes what it likes."""
    plain = {"instruction": "Find me mugs that are hot", "instruction_attributes": ["hot"]}
    both = {"instruction": "Find me mugs that are hot, big", "instruction_attributes": ["hot", "big"]}
    return {
        "items_shuffle.json": [
            product(
                "B000000003", "Red Mug", "$5.00 - $9.00", {"Size": ["L", "S"], "Color": ["Red", "Blue/Green", "Tan"]}
            ),
            product("B000000001", "Blue Cup", "$19.99"),
            product("B000000002", "Old Jar", "", category="beauty", query="Jars "),
            product("B000000004", "Tin Can", "$1,200.00", {"Color": ["Grey"]}),
        ],
        "items_ins_v2.json": {
            "B000000001": {"attributes": ["hot"], **plain},
            "B000000003": {"attributes": ["hot", "big"], **both},
            "B000000004": {"attributes": []},
        },
        "items_human_ins.json": {
            "B000000003": [asks("big", options=["red"]), asks(), asks("hot")],
            "B000000002": [asks("old")],
        },
    }


@pytest.fixture
def put(tmp_path):
    """Writes files into a folder: values as JSON, bytes as they are."""

    def write(files, name="files"):
        folder = tmp_path / name
        folder.mkdir()
        for file, content in files.items():
            (folder / file).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return folder

    return write
