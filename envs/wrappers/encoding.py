"""Values that a wrapper keeps, as JSON and back.

Plain values are themselves; any other is an object with keys that tell its kind. Nothing is built from a name in the
bytes: each kind is one of those below.
"""

from __future__ import annotations

import base64
import json
import math
import random
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from forethought.envs.family import Json
from forethought.envs.template import Template

PLAIN = (type(None), bool, int, str)
SETS: dict[str, Callable[[Any], Any]] = {"set": set, "frozenset": frozenset}
MAPS: dict[str, Callable[[Any], Any]] = {
    "dict": dict,
    "OrderedDict": OrderedDict,
    "Counter": lambda pairs: Counter(dict(pairs)),
}
FACTORIES: dict[str, Callable[[], Any]] = {kind.__name__: kind for kind in (int, float, str, list, dict, set)}
NUMBERS = "biufcSUmM"  # the kinds of arrays that are bytes and nothing more
BITS = (np.random.PCG64, np.random.PCG64DXSM, np.random.Philox, np.random.SFC64)
GENERATORS: dict[str, Callable[[], np.random.BitGenerator]] = {kind.__name__: kind for kind in BITS}
KINDS = "numbers, texts, bytes, lists, tuples, sets, dicts, deques, arrays and generators of random numbers"


class Unwritable(TypeError):
    """A value of a kind that has no JSON; its text says the kind."""


def encode(value: Any) -> Json:
    """Raises Unwritable: a value of another kind than those here, or one that holds such a value or itself."""
    try:
        return _encode(value)
    except RecursionError as error:
        raise Unwritable(f"a {type(value).__name__} that holds itself, or is nested too deep") from error


def _encode(value: Any) -> Json:
    kind = type(value)
    if kind in PLAIN:
        return value  # type: ignore[no-any-return]  # one of the plain kinds
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is Template:
        return {"template": str(value)}
    if kind is list:
        return [_encode(item) for item in value]
    if kind is tuple:
        return {"tuple": [_encode(item) for item in value]}
    if kind is deque:
        return {"deque": [_encode(item) for item in value], "longest": value.maxlen}
    if kind in (set, frozenset):
        return {kind.__name__: sorted((_encode(item) for item in value), key=lambda item: json.dumps(item))}
    if kind in (dict, OrderedDict, Counter):
        return {kind.__name__: [[_encode(key), _encode(item)] for key, item in value.items()]}
    if kind is defaultdict and value.default_factory in FACTORIES.values():
        return {"defaultdict": _encode(dict(value)), "of": value.default_factory.__name__}
    if kind is random.Random:
        return {"random": _encode(value.getstate())}
    if kind in (bytes, bytearray):
        return {kind.__name__: packed(bytes(value))}
    return _encode_array(value)


def _encode_array(value: Any) -> Json:
    if isinstance(value, np.random.Generator) and type(value.bit_generator).__name__ in GENERATORS:
        return {"generator": _encode(value.bit_generator.state)}
    if type(value) is np.ndarray and value.dtype.kind in NUMBERS:
        return {"array": packed(value.tobytes()), "dtype": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, np.generic) and value.dtype.kind in NUMBERS:
        return {"number": packed(value.tobytes()), "dtype": value.dtype.str}
    raise Unwritable(f"{'an' if type(value).__name__[0] in 'AEIOUaeiou' else 'a'} {type(value).__name__}")


def decode(data: Json) -> Any:
    """Raises ValueError: data that `encode` never writes."""
    try:
        return _decode(data)
    except (TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"it holds a value that is malformed: {error}") from error


def _decode(data: Json) -> Any:
    if isinstance(data, list):
        return [_decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    (kind,) = data.keys() - {"longest", "dtype", "shape", "of"} or {""}
    return DECODERS[kind](data)


def _decode_generator(data: dict[str, Any]) -> np.random.Generator:
    state = _decode(data["generator"])
    bits = GENERATORS[state["bit_generator"]]()
    bits.state = state
    return np.random.Generator(bits)


def _decode_array(data: dict[str, Any], kind: str) -> Any:
    dtype = np.dtype(str(data["dtype"]))
    if dtype.kind not in NUMBERS:
        raise ValueError(f"an array of {dtype} was given")
    shape = data["shape"] if kind == "array" else ()
    values = np.ndarray(shape, dtype, unpacked(data[kind])).copy()
    return values if kind == "array" else values[()]


def _decode_random(data: dict[str, Any]) -> random.Random:
    drawn = random.Random()
    drawn.setstate(_decode(data["random"]))
    return drawn


def _decode_into(kind: str, build: Callable[[Any], Any], data: dict[str, Any]) -> Any:
    return build(_decode(data[kind]))


DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "float": lambda data: float(data["float"]),
    "tuple": lambda data: tuple(_decode(data["tuple"])),
    "deque": lambda data: deque(_decode(data["deque"]), data["longest"]),
    "template": lambda data: Template(_decode(data["template"])),
    "bytes": lambda data: unpacked(data["bytes"]),
    "bytearray": lambda data: bytearray(unpacked(data["bytearray"])),
    "defaultdict": lambda data: defaultdict(FACTORIES[data["of"]], _decode(data["defaultdict"])),
    "random": _decode_random,
    "generator": _decode_generator,
    "array": lambda data: _decode_array(data, "array"),
    "number": lambda data: _decode_array(data, "number"),
    **{kind: partial(_decode_into, kind, build) for kind, build in {**SETS, **MAPS}.items()},
}


def packed(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode("ascii")


def unpacked(text: Any) -> bytes:
    """The bytes of base64. Raises an error: no base64."""
    return base64.b64decode(text, validate=True)
