"""A value head: a linear function of a frozen model's hidden states, in a folder of safetensors and JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from forethought.common.files import replace_file
from forethought.common.json_text import read_json

Floats: TypeAlias = NDArray[np.float64]
Kind = Literal["ridge", "logistic"]
TENSORS, SETTINGS = "value_head.safetensors", "value_head.json"
POOLINGS = ("last", "mean", "last+mean")
NAMES = ("mean", "scale", "weights", "bias")


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear function of features.

    Attributes:
        kind: ridge: the function cut to [0, 1]; logistic: its sigmoid.
        mean: Mean of each feature in training, `[features]`.
        scale: Standard deviation of each feature in training, 1 for a constant one, `[features]`.
        weights: Weight of each standardised feature, `[features]`.
        bias: The value of the mean features, before the sigmoid.
    """

    kind: Kind
    mean: Floats
    scale: Floats
    weights: Floats
    bias: float

    def __call__(self, features: NDArray[np.floating]) -> Floats:
        """The values of `[n, features]`, as `[n]`, in [0, 1]."""
        raw = (np.asarray(features, dtype=np.float64) - self.mean) / self.scale @ self.weights + self.bias
        return sigmoid(raw) if self.kind == "logistic" else np.clip(raw, 0.0, 1.0)


def sigmoid(raw: Floats) -> Floats:
    """1 / (1 + exp(-raw)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * raw)))


@dataclass(frozen=True)
class FeatureChoice:
    """The hidden states that a head reads.

    Attributes:
        layers: Layers of the model, in rising order; 0 is the embeddings.
        pooling: last (the last token), mean (over all tokens), or last+mean.
    """

    layers: tuple[int, ...]
    pooling: str

    def __post_init__(self) -> None:
        """Raises ValueError: no layers, layers out of order, or an unknown pooling."""
        if not self.layers or list(self.layers) != sorted(set(self.layers)) or self.layers[0] < 0:
            raise ValueError(f"the layers are {self.layers}; expected numbers from 0, each once, in rising order")
        if self.pooling not in POOLINGS:
            raise ValueError(f"unknown pooling {self.pooling!r:.40}; expected {', '.join(POOLINGS)}")

    def take(self, states: NDArray[np.floating], layers: Sequence[int]) -> NDArray[np.floating]:
        """The features of pooled states of these layers, `[n, layers, 2, width] -> [n, features]`."""
        chosen = states[:, [list(layers).index(layer) for layer in self.layers]]
        parts = {"last": chosen[:, :, :1], "mean": chosen[:, :, 1:]}.get(self.pooling, chosen)
        return parts.reshape(len(parts), -1)


@dataclass(frozen=True, eq=False)
class ValueHead:
    """A head with all that it depends on.

    Attributes:
        linear: The function.
        features: The hidden states that it reads.
        base: Content hash of the model that made the features.
        prompt: Digest of the prompt file of its texts.
        card: Facts of the training: examples, penalty, errors of cross-validation.
    """

    linear: Linear
    features: FeatureChoice
    base: str
    prompt: str
    card: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """All of the head but its numbers and its card."""
        return {
            "format": 1,
            "kind": self.linear.kind,
            "layers": list(self.features.layers),
            "pooling": self.features.pooling,
            "base": self.base,
            "prompt": self.prompt,
        }

    @property
    def content(self) -> str:
        """`head:` and the hash of settings and numbers; the card changes no value."""
        digest = hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode())
        for name in NAMES:
            digest.update(np.ascontiguousarray(getattr(self.linear, name), dtype="<f8").tobytes())
        return f"head:{digest.hexdigest()}"

    def write(self, folder: Path) -> None:
        """Write the head, its numbers last: where they are, the rest is."""
        from safetensors.numpy import save

        folder.mkdir(parents=True, exist_ok=True)
        (folder / TENSORS).unlink(missing_ok=True)  # of an earlier training
        text = json.dumps({**self.settings, "card": self.card}, indent=1, sort_keys=True)
        replace_file(folder / SETTINGS, text.encode())
        tensors = {name: np.atleast_1d(np.asarray(getattr(self.linear, name), dtype=np.float64)) for name in NAMES}
        replace_file(folder / TENSORS, save(tensors))

    @classmethod
    def read(cls, folder: Path) -> ValueHead:
        """The head in a folder. Raises ValueError: none, or a damaged one."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            settings = read_json((folder / SETTINGS).read_text(encoding="utf-8"))
            found = load((folder / TENSORS).read_bytes())
            if settings["format"] != 1 or settings["kind"] not in ("ridge", "logistic"):
                raise ValueError(f"a head of format {settings['format']!r:.40} and kind {settings['kind']!r:.40}")
            choice = FeatureChoice(tuple(int(layer) for layer in settings["layers"]), str(settings["pooling"]))
            mean, scale, weights, bias = (np.asarray(found[name], dtype=np.float64) for name in NAMES)
            if not (mean.shape == scale.shape == weights.shape and mean.ndim == 1 and bias.shape == (1,)):
                raise ValueError("its numbers have other shapes than [features]")
            if not all(np.isfinite(part).all() for part in (mean, scale, weights, bias)) or not (scale > 0).all():
                raise ValueError("its numbers are not finite")
            linear = Linear(settings["kind"], mean, scale, weights, float(bias[0]))
            return cls(linear, choice, str(settings["base"]), str(settings["prompt"]), dict(settings.get("card") or {}))
        except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
            raise ValueError(
                f"the value head in {folder} cannot be used: {type(error).__name__}: {error!s:.200}; "
                "give a folder that `forethought value train` has written"
            ) from error


def is_head(folder: Path) -> bool:
    """Whether a folder holds a value head, and not an adapter."""
    return (folder / SETTINGS).is_file()
