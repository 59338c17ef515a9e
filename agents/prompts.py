"""Prompts are files: named, hashed, rendered from a context and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from forethought.search import Context, Query

PROMPTS = Path(__file__).parent / "prompts"
SANDBOX = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, autoescape=False
)


@dataclass(frozen=True)
class Prompt:
    """A jinja template over `context` (instruction, opening, steps, memory, observation) and `actions`."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def template(self) -> Template:
        return SANDBOX.from_string(self.text.removesuffix("\n"))

    @property
    def lists_actions(self) -> bool:
        return "actions" in self.text

    def render(self, query: Query) -> str:
        return self.fill(query.context, query.actions if self.lists_actions else ())

    def fill(self, context: Context, actions: Sequence[str] = (), **more: object) -> str:
        return self.template.render(context=context, actions=actions, **more)


def load_prompt(env_id: str, role: str, folder: Path | None = None) -> Prompt:
    """The file `<family>/<role>.txt`: Game24-v0 reads game24/value_score.txt; a family without one reads any/.

    Raises ValueError: neither is there.
    """
    family = env_id.rsplit("/", 1)[-1].rsplit("-v", 1)[0].lower()
    root = folder or PROMPTS
    for name in (family, "any"):
        file = root / name / f"{role}.txt"
        if file.is_file():
            return Prompt(f"{name}/{role}", file.read_text(encoding="utf-8"))
    raise ValueError(f"no prompt {role!r} for {env_id}; expected {family}/{role}.txt or any/{role}.txt in {root}")
