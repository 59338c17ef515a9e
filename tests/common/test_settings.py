"""Settings from signatures: types, defaults, meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Optional

import pytest

from forethought.common.settings import as_written, settings_of

if TYPE_CHECKING:
    from nowhere import Unknown


def search(
    root: Unknown,
    *,
    width: int | None = None,
    old: Optional[int] = None,  # noqa: UP045  # as users write it
    factor: float = 1.0,
    greedy: bool = False,
    kind: Literal["a", "b"] = "a",
    loose=3,
    open_one=None,
    needed: str,
    strange: Unknown = None,
):
    """Search.

    Args:
        width: children of a state,
            at most.
        needed (str): a text: any.
    """


def test_types_come_from_annotations_else_from_defaults():
    found = settings_of(search)
    assert {name: (info.types, info.optional) for name, info in found.items()} == {
        "width": ((int,), True),
        "old": ((int,), True),
        "factor": ((float,), False),
        "greedy": ((bool,), False),
        "kind": ((str,), False),
        "loose": ((int,), False),
        "open_one": ((bool, int, float, str), True),
        "needed": ((str,), False),
        "strange": ((bool, int, float, str), True),
    }
    assert (found["width"].written, found["needed"].required) == ("all", True)
    assert found["width"].meaning == "children of a state, at most."
    assert found["needed"].meaning == "a text: any."


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("width", 3, True), ("width", "all", True), ("width", 3.0, False), ("width", True, False),
        ("width", "3", False),
        ("width", -1, False), ("factor", 2, True), ("factor", 0.5, True), ("factor", float("nan"), False),
        ("factor", float("inf"), False), ("factor", True, False), ("factor", "all", False), ("greedy", True, True),
        ("greedy", 1, False), ("kind", "b", True), ("kind", 1, False), ("open_one", 0.5, True),
        ("open_one", None, False),
    ],
)  # fmt: skip
def test_a_value_fits_its_type_or_is_refused(name, value, fits):
    info = settings_of(search)[name]
    if fits:
        info.check(name, value, 0)
    else:
        with pytest.raises(ValueError, match=f"{name}=.*; expected "):
            info.check(name, value, 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("3", 3),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("all", "all"),
        ("a b", "a b"),
    ],
)
def test_a_command_line_writes_values(text, value):
    assert as_written(text) == value
    assert type(as_written(text)) is type(value)
