"""The trainer face, and the trainer that makes a language model a better value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from forethought.agents.judges import unwrapped
from forethought.agents.models.local.adapter_hash import TENSORS
from forethought.agents.models.open_model import open_model
from forethought.agents.prompts import Prompt
from forethought.agents.registry import find_value, load_prompts, make_value, role_of
from forethought.agents.values import LMTextValue, LMTokenValue
from forethought.search import Value
from forethought.value.lora import train
from forethought.value.targets import Example
from forethought.value.token_rows import Pair
from forethought.value.training_config import TrainingConfig


class Trainer(Protocol):
    """Makes value models from examples, each from the same beginning, never from the one before."""

    def initial(self) -> Value:
        """The untrained value."""

    def fit(self, examples: Sequence[Example], folder: Path) -> Value:
        """A value trained on the examples; what it learnt is kept in the folder."""


class LoRATrainer:
    """Trains adapters of one language model, read by score tokens or by text. Endings may be judged by a rule."""

    def __init__(
        self,
        env_id: str,
        config: TrainingConfig,
        *,
        mode: str = "lm-tokens",
        terminal_value: str = "rule",
        watch: Callable[[int, int, float], None] | None = None,
        prompts: Path | None = None,
    ) -> None:
        self.env_id, self.config, self.mode, self.terminal_value, self.watch = (
            env_id,
            config,
            mode,
            terminal_value,
            watch,
        )
        self.prompts = load_prompts(env_id, (role_of(find_value(mode)),), prompts)
        self.prompt = next(iter(self.prompts.values()))

    def initial(self) -> Value:
        """The value of the base model, without an adapter."""
        return self._value(None)

    def fit(self, examples: Sequence[Example], folder: Path) -> Value:
        """Train an adapter of the base model on examples, in this folder; a finished adapter is taken as it is."""
        if not (folder / TENSORS).exists():  # put there last
            write = score_pair if self.mode == "lm-tokens" else text_pair
            train(self.config, [write(example, self.prompt) for example in examples], folder, self.watch)
        return self._value(folder)

    def _value(self, adapter: Path | None) -> Value:
        lm = open_model(self.config.model, adapter, self.config.device)
        return make_value(self.mode, self.env_id, lm, self.prompts, self.terminal_value)


def score_pair(example: Example, prompt: Prompt) -> Pair:
    """The prompt of the state, and the nearest integer to 10 y (halves up)."""
    return Pair(prompt.fill(example.context, example.actions), str(int(10 * example.target + 0.5)))


def text_pair(example: Example, prompt: Prompt) -> Pair:
    """The prompt of the state, and o(s): best action, its observation, its rationale, then the score 10 y."""
    lines = [f"{example.best_action or 'none'}"]
    if example.best_action:
        lines.append(f"then: {example.best_observation}")
    if example.best_rationale:
        lines.append(example.best_rationale)
    return Pair(
        prompt.fill(example.context, example.actions),
        "\n".join([*lines, f"Thus the correctness score is {10 * example.target:.2f}"]),
    )


def language_model_of(value: Value) -> LMTokenValue | LMTextValue | None:
    """The value of a language model inside a value; None where there is none."""
    inner = unwrapped(value)
    return inner if isinstance(inner, LMTokenValue | LMTextValue) else None
