"""The prices of tokens, from a dated file.

The file of the package holds nothing but an example at 0: prices change, so users give their own file.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from forethought.agents.models.server.address import Address
from forethought.common.json_text import read_json
from forethought.search import Usage
from forethought.search.estimates import NO_USAGE

CURRENCY = "USD per million tokens"
DEAREST = 1e9
KINDS = ("prompt", "cached", "completion")


@dataclass(frozen=True, slots=True)
class Price:
    """Prices of a million tokens each, in US dollars; `cached`: tokens of a prompt that the server had read before."""

    prompt: float
    cached: float
    completion: float
    source: str


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of a file, by model, as of a date (YYYY-MM-DD)."""

    file: str
    date: str
    models: dict[str, Price]

    def cost(self, usage: Usage, model: str) -> float:
        """The price of a usage, in US dollars. Raises ValueError: the file has no price of this model."""
        price = self.models.get(model)
        if price is None:
            raise ValueError(
                f"{self.file} (of {self.date}) has no price of the model {model!r}; it has {', '.join(self.models)}. "
                "Write a file with its price, and give it with --prices FILE"
            )
        fresh = usage.prompt - usage.cached
        return (fresh * price.prompt + usage.cached * price.cached + usage.completion * price.completion) / 1e6


def prices(path: Path | None = None) -> Prices:
    """The prices of a file, by default of the file in the package. Raises ValueError: no file of prices."""
    file = resources.files("forethought.agents.models") / "prices.json" if path is None else path
    try:
        content = read_json(file.read_text(encoding="utf-8"))
        if content["currency"] != CURRENCY:
            raise ValueError(f"the currency is {content['currency']!r}, expected {CURRENCY!r}")
        datetime.date.fromisoformat(content["date"])
        models = {str(name): price_of(name, entry) for name, entry in content["models"].items()}
        return Prices(str(file), content["date"], models)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(
            f"{file} is no file of prices ({reason}); write "
            f'{{"date": "2026-11-22", "currency": "{CURRENCY}", "models": {{NAME: {{"prompt": 0.1, "cached": 0.05, '
            '"completion": 0.4, "source": "where and when the prices were read"}}}}'
        ) from error


def price_function(spec: str | None, file: Path | None = None) -> Callable[[Usage], float]:
    """The price of a usage, in US dollars, for the model of a spec. A run without a model costs nothing.

    `server:MODEL@URL` is priced as MODEL, also with an adapter. Raises ValueError: no file of prices, or no price of
    the model.
    """
    if spec is None:
        return lambda usage: 0.0
    table, kind = prices(file), spec.partition(":")[0]
    model = Address.parse(spec).model if kind in ("server", "server+chat") else spec
    table.cost(NO_USAGE, model)
    return lambda usage: table.cost(usage, model)


def price_of(name: str, entry: Any) -> Price:
    """The price in an entry of the file. Raises ValueError: no amount, or no source. KeyError: a missing amount."""
    amounts = [entry[kind] for kind in KINDS]
    for kind, amount in zip(KINDS, amounts, strict=True):
        if type(amount) not in (int, float) or not 0 <= amount <= DEAREST:
            raise ValueError(f"{name}: the price {kind}={amount!r} is no number from 0 to {DEAREST:g}")
    if amounts[1] > amounts[0]:
        raise ValueError(f"{name}: cached={amounts[1]!r} is dearer than prompt={amounts[0]!r}; no limit could be held")
    if not isinstance(entry["source"], str) or not entry["source"]:
        raise ValueError(f"{name}: the source says where the prices were read")
    prompt, cached, completion = map(float, amounts)
    return Price(prompt, cached, completion, entry["source"])
