"""Language models, opened by their specs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

from forethought.agents.models.local.torch_threads import load_torch
from forethought.agents.models.protocol import LM
from forethought.agents.models.recorded import Recorded
from forethought.agents.models.server.parameters import RequestParameters
from forethought.common.pieces import find_piece, is_place, offered
from forethought.common.settings import as_taken, settings_of

# The options of each kind of model, with their types; `Args:` of Server and Local explains them.
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
    """The backend of a spec: a server, a recording, a class of the user's own, else weights for this process."""
    named = {"recorded": "recorded", "server": "server", "server+chat": "server", "hf": "local"}.get(
        spec.partition(":")[0]
    )
    return named or ("foreign" if is_place(spec) or spec in offered("model") else "local")


def read_options(spec: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options in the types of the backend. Raises ValueError: an unknown option, or a number out of range."""
    if spec and kind_of(spec) == "foreign":
        return dict(given)  # checked when its class is imported
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
        RequestParameters.given(options.get("omit", ""), options.get("rename", ""), options.get("template_tokens"))
    return options


def open_model(
    spec: str, adapter: Path | None = None, device: str = "cpu", options: Mapping[str, Any] | None = None
) -> LM:
    """`recorded:FILE`, `server:MODEL@URL`, or a spec of weights for this process.

    A server is asked for an adapter by its content, see `server.name_of`. `options` are settings by name, see OPTIONS.
    Raises ValueError: the spec names no model, or an option cannot be.
    """
    kind, told = kind_of(spec), read_options(spec, options or {})
    if kind == "foreign":
        return open_foreign(spec, adapter, device, told)
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


def open_foreign(spec: str, adapter: Path | None, device: str, options: Mapping[str, Any]) -> LM:
    """A model of a user's own. Its options are its keyword-only parameters; it may also take `adapter` and `device`.

    Raises ValueError: it is no class with complete() and score(), or has no such option.
    """
    maker = find_piece("model", spec, {}, no_model)
    known = settings_of(maker)
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"the model {spec!r} has no option {name!r}; expected {' or '.join(known) or 'none'}")
        known[name].check(f"the model's {name}", value)
    own = {name: thing for name, thing in (("adapter", adapter), ("device", device)) if name in known}
    if adapter and "adapter" not in known:
        raise ValueError(f"the model {spec!r} takes no adapter, and {adapter} was given")
    model: LM = maker(**as_taken(dict(options)), **own)
    return model


def no_model(found: Any) -> str | None:
    """The reason why an object is no model."""
    if not inspect.isclass(found) or not all(callable(getattr(found, name, None)) for name in ("complete", "score")):
        return f"it is {found!r:.60}; expected a class with complete(self, requests) and score(self, requests)"
    if needed := [
        p.name for p in inspect.signature(found).parameters.values() if p.default is p.empty and p.kind != p.VAR_KEYWORD
    ]:
        return f"a run cannot give it {', '.join(needed)}; its options are keyword-only parameters with defaults"
    return None
