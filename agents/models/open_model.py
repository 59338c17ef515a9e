"""Language models opened by their specs."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

from forethought.agents.models.local.torch_threads import load_torch
from forethought.agents.models.protocol import LM
from forethought.agents.models.recorded import Recorded
from forethought.agents.models.server.parameters import Ways

# What may be told of how a model is asked, and of which type. See Server and Local.
OPTIONS: dict[str, dict[str, type]] = {
    "server": {
        "concurrency": int,
        "retries": int,
        "timeout": float,
        "deadline": float,
        "template_tokens": int,
        "omit": str,
        "rename": str,
    },
    "recorded": {},
    "local": {"memory": int, "exact": int},
}
CHANGE_ANSWERS = ("omit", "rename", "exact")  # the others only limit how a model is asked


def kind_of(spec: str) -> str:
    """Which backend a spec names; what is neither a server nor a recording names weights for this process."""
    return {"recorded": "recorded", "server": "server", "server+chat": "server"}.get(spec.partition(":")[0], "local")


def read_options(spec: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """As its backend takes them. Raises ValueError: one that it has not, or a number that cannot be."""
    known = OPTIONS[kind_of(spec)] if spec else {}
    options: dict[str, Any] = {}
    for name, number in given.items():
        if name not in known:
            raise ValueError(f"the model {spec!r} has no option {name!r}; expected {' or '.join(known) or 'none'}")
        if known[name] is str:
            options[name] = str(number)
            continue
        least = 0 if name in ("retries", "template_tokens") else 1
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not least <= number < inf:
            raise ValueError(f"the model's {name}={number!r}; expected a number of at least {least}")
        options[name] = known[name](number)
        if options[name] != number:
            raise ValueError(f"the model's {name}={number!r}; expected a whole number")
    if spec and kind_of(spec) == "server":
        Ways.given(options.get("omit", ""), options.get("rename", ""), options.get("template_tokens"))
    return options


def open_model(
    spec: str, adapter: Path | None = None, device: str = "cpu", options: Mapping[str, Any] | None = None
) -> LM:
    """`recorded:FILE`, `server:MODEL@URL`, or a spec of weights for this process.

    A server is asked for an adapter by its content, see `server.name_of`. `options` are limits by name, see OPTIONS.
    Raises ValueError: the spec names nothing, or an option cannot be.
    """
    kind, told = kind_of(spec), read_options(spec, options or {})
    if kind == "recorded":
        return Recorded(Path(spec.partition(":")[2]))
    if kind == "server":
        try:
            from forethought.agents.models.server.model import Server, name_of
        except ModuleNotFoundError as error:
            raise ValueError(
                f"the model {spec!r} needs {error.name}; run: pip install 'forethought[server]'"
            ) from error
        return Server(spec, adapter=name_of(adapter) if adapter else None, adapter_folder=adapter, **told)
    try:
        load_torch()
        from forethought.agents.models.local.model import Local

        return Local(spec, adapter, device, **told)
    except ImportError as error:  # transformers tells some of its needs only when weights are read
        raise ValueError(
            f"the model {spec!r} needs torch, transformers, peft and gguf ({error!s:.200}); "
            "run: pip install 'forethought[lm]'"
        ) from error
