"""The identity of an adapter: a hash of its tensors and of its settings, in a canonical form.

PEFT writes `target_modules` in the order of a set and safetensors may order tensors in any way, so the bytes of two
files may differ where the adapters are equal. No library is needed here, for the client of a server asks for adapters
too.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from forethought.common.json_text import read_json

TENSORS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"
LONGEST_HEADER = 100_000_000  # bytes, as in safetensors itself
LONGEST_SETTINGS = 4_000_000
# Settings of the origin and the training of an adapter, without an effect on a model.
NO_EFFECT = frozenset(
    {"auto_mapping", "base_model_name_or_path", "inference_mode", "lora_dropout", "megatron_core", "peft_version"}
    | {"qalora_group_size", "revision", "task_type", "runtime_config", "ephemeral_gpu_offload", "module_dropout"}
)
# Settings that are sets of names; a list of anything else keeps its order.
SETS = frozenset({"target_modules", "exclude_modules", "modules_to_save", "layers_to_transform", "layers_pattern"})
SETS |= {"target_parameters", "feedforward_modules"}
# Values that say nothing: a later PEFT writes settings that an earlier one did not know.
NEUTRAL: dict[str, tuple[Any, ...]] = {"bias": ("none",), "init_lora_weights": (True, "gaussian", "orthogonal")}


def content_of_adapter(folder: Path) -> str:
    """The sha256 of an adapter's tensors by name and of its settings.

    Raises ValueError: a file is missing, damaged, or of no adapter.
    """
    return content(read_whole(folder / TENSORS), read_settings(folder))


def read_whole(path: Path) -> bytes:
    """The bytes of a file of an adapter. Raises ValueError: it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise ValueError(f"{path.parent} holds no {path.name}; give a folder that training wrote") from None
        raise ValueError(f"{path} cannot be read ({error.strerror}); give a folder that training wrote") from error


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings of an adapter. Raises ValueError: no settings, or those of no adapter."""
    data = read_whole(folder / SETTINGS)
    try:
        told = read_json(data) if len(data) <= LONGEST_SETTINGS else None
    except ValueError:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("peft_type"), str):
        raise ValueError(f"{folder / SETTINGS} is not the JSON of a PEFT adapter (an object with a 'peft_type')")
    return told


def content(tensors: bytes, settings: dict[str, Any]) -> str:
    """The tensors of a safetensors file in a canonical order. Raises ValueError: no safetensors."""
    total = hashlib.sha256()
    view = memoryview(tensors)
    for name, (dtype, shape, begin, end) in sorted(spans(tensors).items()):
        total.update(json.dumps([name, dtype, shape]).encode())
        total.update(view[begin:end])
    total.update(json.dumps(canonical(settings), sort_keys=True).encode())
    return total.hexdigest()


def spans(data: bytes) -> dict[str, tuple[str, list[int], int, int]]:
    """Type, shape and place of each tensor in a safetensors file.

    Raises ValueError: the file is damaged or of another kind.
    """
    size = int.from_bytes(data[:8], "little")
    start = 8 + size
    try:
        if len(data) < 8 or size > LONGEST_HEADER or start > len(data):
            raise ValueError(f"it has {len(data)} bytes and announces a header of {size}")
        header = read_json(data[8:start])
        found = {}
        for name, entry in header.items():
            if name != "__metadata__":
                begin, end = map(int, entry["data_offsets"])
                found[name] = (str(entry["dtype"]), [int(n) for n in entry["shape"]], start + begin, start + end)
        if any(not start <= begin <= end <= len(data) for _, _, begin, end in found.values()):
            raise ValueError("its tensors end behind the end of the file")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"the file is not safetensors, or was cut off ({error!s:.200})") from error
    return found


def canonical(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with an effect, in a fixed order and without their origin."""
    found = {}
    for key, value in settings.items():
        if key not in NO_EFFECT and says_something(key, value):
            found[key] = number(ordered(value) if key in SETS else in_order(value))
    return found


def number(value: Any) -> Any:
    """A number with one form for 16 and 16.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def says_something(key: str, value: Any) -> bool:
    """Whether a setting has an effect: it differs from the neutral values."""
    return not (value is None or value is False or value in ({}, []) or value in NEUTRAL.get(key, ()))


def ordered(value: Any) -> Any:
    """A set in one form: it may be one name, or a list in any order with repetitions."""
    return sorted(set(value), key=str) if isinstance(value, list) and all(map(is_name, value)) else value


def is_name(value: Any) -> bool:
    """Whether a value is a name or a number."""
    return isinstance(value, str | int)


def in_order(value: Any) -> Any:
    """The patterns of a table. PEFT takes the first match, so their order counts where two may match one module."""
    if not isinstance(value, dict) or any(isinstance(inner, dict) for inner in value.values()):
        return value
    plain = all(re.fullmatch(r"[\w.]+", key) for key in value)
    disjoint = plain and not any(a != b and f".{a}".endswith(f".{b}") for a in value for b in value)
    return value if disjoint or len(value) < 2 else [[key, inner] for key, inner in value.items()]
