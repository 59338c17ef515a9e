"""Values of wrappers as JSON and back."""

import contextlib
import json
import math
import random
import threading
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from enum import IntEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.envs import Template
from forethought.envs.wrappers.encoding import Unwritable, decode, encode

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary()
KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3).map(deque)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.frozensets(KEYS, max_size=3)
    ),
    max_leaves=8,
)


def through(value):
    return decode(json.loads(json.dumps(encode(value))))


def same(one, other):
    """Equal in kind and value, not-a-numbers included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, list | tuple | deque):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return one == other


@given(VALUES)
def test_what_is_read_is_what_was_written(value):
    assert same(through(value), value)


def test_a_defaultdict_goes_on_counting():
    found = through(defaultdict(int, {"x": 2}))
    found["y"] += 1
    assert (type(found), dict(found)) == (defaultdict, {"x": 2, "y": 1})


def test_pythons_generator_goes_on_from_the_same_point():
    drawn = random.Random(3)
    drawn.gauss(0, 1)
    found = through(drawn)
    assert [found.random(), found.gauss(0, 1)] == [drawn.random(), drawn.gauss(0, 1)]


@pytest.mark.parametrize("state", [None, [], {"tuple": [3, [], None]}, {"tuple": [3, {"tuple": [1, 2]}, None]}])
def test_a_damaged_state_of_a_generator_is_refused(state):
    with pytest.raises(ValueError, match=r"vector|malformed|state"):
        decode({"random": state})


def test_a_deque_keeps_its_bound():
    found = through(deque([1, 2], maxlen=2))
    assert (list(found), found.maxlen) == ([1, 2], 2)


@pytest.mark.parametrize(
    "value", [Counter({"a": 2}), OrderedDict(b=1, a=2), bytearray(b"\0\xff"), {1, 2}, -0.0, Template("a[<b>]")]
)
def test_the_kind_is_kept(value):
    assert same(through(value), value)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 3)),
        np.arange(4, dtype=np.int32)[::2],
        np.array(2.5, np.float16),
        np.array([True, False]),
        np.array(["", "é🦊"]),
        np.zeros((0, 3)),
        np.array([math.nan, -0.0, math.inf], dtype=">f4"),
        np.array([1 + 2j]),
    ],
    ids=lambda array: str(array.dtype),
)
def test_arrays_are_kept_to_the_bit(array):
    found = through(array)
    assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert found.flags.writeable


@pytest.mark.parametrize("number", [np.float32(0.1), np.int64(3), np.bool_(True), np.str_("x"), np.str_("")])
def test_numbers_of_numpy_stay_numpys(number):
    found = through(number)
    assert (type(found), found) == (type(number), number)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.Philox, np.random.SFC64])
def test_a_generator_goes_on_drawing(bits):
    generator = np.random.Generator(bits(3))
    generator.integers(10, size=3, dtype=np.int32)
    found = through(generator)
    assert list(found.integers(100, size=20)) == list(generator.integers(100, size=20))


class Level(IntEnum):
    LOW = 1


HOLDS_ITSELF: list[object] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (threading.Lock(), "a lock"),
        (object(), "an object"),
        (Level.LOW, "a Level"),
        (namedtuple("Pair", "a b")(1, 2), "a Pair"),
        (defaultdict(lambda: 1), "a defaultdict"),
        (Decimal(1), "a Decimal"),
        (np.array([object()]), "a ndarray"),
        ({"deep": [(object(),)]}, "an object"),
        (HOLDS_ITSELF, "a list that holds itself, or is nested too deep"),
        (np.random.Generator(np.random.MT19937(0)), "a Generator"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_kinds_are_refused_by_name(value, kind):
    with pytest.raises(Unwritable) as caught:
        encode(value)
    assert str(caught.value) == kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("AAAA"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["tuple", "deque", "longest", "array", "dtype", "shape", "number", "dict", "set", "Counter"]
            )
            | st.sampled_from(["float", "bytes", "generator", "template", "other"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@given(JSON)
def test_malformed_data_are_a_value_error_and_nothing_else(data):
    with contextlib.suppress(ValueError):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        {"array": "AAAA", "dtype": "O", "shape": [1]},
        {"array": "AAAA", "dtype": "f8", "shape": [10**12]},
        {"array": "AAAA", "dtype": "|V3", "shape": [1]},
        {"generator": {"dict": [["bit_generator", "MT19937"]]}},
        {"float": "1_0x"},
        {"module": "os"},
        {},
    ],
    ids=str,
)
def test_data_that_nothing_writes_are_refused(data):
    with pytest.raises(ValueError, match=r"malformed|an array of|could not convert|buffer"):
        decode(data)
