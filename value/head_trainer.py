"""The trainer of value heads: features of a frozen model, read once, and a linear function fitted in closed form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import pvariance
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forethought.agents.judges import TerminalValue, find_judge
from forethought.agents.models.local.value_head import TENSORS, FeatureChoice, Kind, ValueHead
from forethought.agents.models.open_model import open_model
from forethought.agents.registry import load_prompts, make_value
from forethought.agents.values import LMHeadValue
from forethought.common.files import replace_file
from forethought.search import Estimate, Query, Value
from forethought.value.head import PENALTIES, cross_validate, fit
from forethought.value.targets import Example

if TYPE_CHECKING:
    from forethought.agents.models.local.model import Local

FEATURES = "features.safetensors"
BATCH = 64  # prompts read between two looks at the clock


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """The settings of a head.

    Attributes:
        model: Spec of the base model, which is never changed.
        kind: ridge or logistic.
        penalties: Penalties that cross-validation over tasks chooses from.
        device: Device of PyTorch.
    """

    model: str = "smollm2-135m"
    kind: Kind = "ridge"
    penalties: tuple[float, ...] = PENALTIES
    device: str = "cpu"


class UntrainedHead:
    """The value before any training: 0.5 of every state."""

    markov = True

    def evaluate(self, queries: Sequence[Query]) -> list[Estimate]:
        """0.5 for each state."""
        return [Estimate(0.5) for _ in queries]


class HeadTrainer:
    """Fits heads on one frozen model.

    Args:
        env_id: The environment, for the prompt file value_head.txt of its family.
        config: The settings.
        judge: The judge of endings, see agents/judges.py; a head needs one, for it reads no endings.
        watch: Called with (prompts read, prompts) while features are read.
        prompts: A folder of prompt files, in place of those of the package.

    Raises:
        ValueError: a judge that is the model itself, or an unknown one.
    """

    def __init__(
        self,
        env_id: str,
        config: HeadConfig,
        *,
        judge: str = "rule",
        watch: Callable[[int, int], None] | None = None,
        prompts: Path | None = None,
    ) -> None:
        self.env_id, self.config, self.judge, self.watch = env_id, config, judge, watch
        found = find_judge(judge, env_id)
        if found is None:
            raise ValueError("a value head judges no endings; name the judge rule, verdict or MODULE:NAME")
        self.endings = found
        self.prompts = load_prompts(env_id, (LMHeadValue.prompt_role,), prompts)
        self.prompt = self.prompts[LMHeadValue.prompt_role]
        self._base: Local | None = None

    @property
    def base(self) -> Local:
        """The frozen model, opened once."""
        if self._base is None:
            self._base = open_model(self.config.model, None, self.config.device)  # type: ignore[assignment]
        assert self._base is not None
        return self._base

    def initial(self) -> Value:
        """The untrained value."""
        return TerminalValue(UntrainedHead(), self.endings)

    def fit(self, examples: Sequence[Example], folder: Path) -> Value:
        """Fit a head on examples, in this folder; a finished head is taken as it is."""
        if not (folder / TENSORS).exists():  # put there last
            self.train(examples, folder)
        return self.value(folder)

    def value(self, folder: Path) -> Value:
        """The value of a head in a folder. Raises ValueError: a head of another model or prompt."""
        lm = self.base.adapted(folder)
        return make_value("lm-head", self.env_id, lm, self.prompts, self.judge)

    def train(self, examples: Sequence[Example], folder: Path) -> ValueHead:
        """Read the features, choose layers, pooling and penalty by cross-validation over tasks, fit, and write."""
        layers = thirds(self.base.layers)
        states, kept = self.states(examples, layers, folder)
        labels, tasks = [e.target for e in kept], [e.task for e in kept]
        choices = {f"{c.layers} {c.pooling}": c for c in candidates(layers)}
        makers = {name: partial(choice.take, states, layers) for name, choice in choices.items()}
        ranked = cross_validate(makers, labels, tasks, self.config.penalties, self.config.kind)
        best = choices[ranked[0].features]
        linear = fit(best.take(states, layers), labels, ranked[0].penalty, self.config.kind)
        card = {
            "examples": len(kept),
            "tasks": len(set(tasks)),
            "refused": len(examples) - len(kept),
            "penalty": ranked[0].penalty,
            "squared_error": ranked[0].error,
            "variance": pvariance(labels),
            "cross_validation": [asdict(choice) for choice in ranked],
        }
        head = ValueHead(linear, best, self.base.content, self.prompt.digest, card)
        head.write(folder)
        return head

    def states(
        self, examples: Sequence[Example], layers: Sequence[int], folder: Path
    ) -> tuple[NDArray[np.float32], list[Example]]:
        """The pooled states of the examples that the model can read, `[n, layers, 2, width]`, and these examples.

        They are kept in the folder by the hash of model and prompts, so that another fit reads nothing again.
        """
        from safetensors.numpy import load, save

        prompts = [self.prompt.fill(e.context, e.actions) for e in examples]
        told = json.dumps([self.base.content, list(layers), prompts])
        key, path = hashlib.sha256(told.encode()).hexdigest(), folder / FEATURES
        found = load(path.read_bytes()) if path.exists() else {}
        if key not in found:
            parts, refusals = [], list[str]()
            for first in range(0, len(prompts), BATCH):
                states, refused = self.base.features(prompts[first : first + BATCH], layers)
                parts.append(states)
                refusals += refused
                if self.watch:
                    self.watch(len(refusals), len(prompts))
            read = np.array([not no for no in refusals])
            found = {key: np.concatenate(parts), f"read {key}": read}
            folder.mkdir(parents=True, exist_ok=True)
            replace_file(path, save(found))
        read = found[f"read {key}"]
        return found[key][read], [e for e, good in zip(examples, read, strict=True) if good]


def thirds(layers: int) -> tuple[int, ...]:
    """The layers at a third, two thirds and the end of a model."""
    return tuple(sorted({max(1, round(layers * part / 3)) for part in (1, 2, 3)}))


def candidates(layers: Sequence[int]) -> list[FeatureChoice]:
    """The features to choose from: all these layers, or the middle one, each with last token, mean, or both."""
    middle = layers[len(layers) // 2]
    sets, poolings = (tuple(layers), (middle,)), ("last+mean", "last", "mean")
    return [FeatureChoice(chosen, pooling) for chosen in sets for pooling in poolings]
