"""Prompts in files: named, hashed, and rendered from a context alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jinja2 import StrictUndefined, Template, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from forethought.search import Query
from forethought.search.node import Context

PROMPTS = Path(__file__).parent / "prompts"
MARKOV = "{# markov #}\n"  # the first line of a file that shows nothing but the position
HEAD = re.compile(r"[A-Za-z]{1,20}:")
SAME_PROMPTS = {"webshopbrowser": "webshop"}  # families that read those of another


def shorten(text: str, most: int) -> str:
    """The filter `shorten(most)`: a text of more than `most` characters is cut behind a word, and ends in " …".

    Templates use it on observations, the older the shorter, so that a long trajectory still fits a small model.
    """
    if len(text) <= most:
        return text
    cut = text[:most]
    whole, space, _ = cut.rpartition(" ")
    return f"{(whole if space and not text[most].isspace() else cut).rstrip()} …"


SANDBOX = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, autoescape=False
)
SANDBOX.filters["shorten"] = shorten


@dataclass(frozen=True)
class Prompt:
    """A jinja template over `context` (instruction, opening, steps, memory, observation) and `actions`.

    A template of the role imagination also has `action`, the action to imagine.
    """

    name: str
    text: str

    @property
    def markov(self) -> bool:
        """Whether it shows the position alone, without history and notes. Its author says so in the first line."""
        return self.text.startswith(MARKOV)

    @property
    def body(self) -> str:
        """The rendered and hashed text, without that first line."""
        return self.text.removeprefix(MARKOV)

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """The first words of its examples, such as "Wanted:"; no part of an answer begins with them."""
        examples = self.body.split("\n\n")[1:]
        found = dict.fromkeys(match[0] for example in examples if (match := HEAD.match(example)))
        return tuple(head for head in found if self.body.count(f"\n\n{head}") > 1)

    @property
    def digest(self) -> str:
        """The sha256 of the prompt file's text."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    @cached_property
    def template(self) -> Template:
        """The compiled template, in jinja's sandbox."""
        return SANDBOX.from_string(self.body.removesuffix("\n"))

    @cached_property
    def lists_actions(self) -> bool:
        """Whether the prompt shows the admissible actions."""
        return "actions" in meta.find_undeclared_variables(SANDBOX.parse(self.body))

    def render(self, query: Query) -> str:
        """The text for a query. It is kept with the query, for the bound and then for the answer."""
        if query.rendered is None or query.rendered[0] is not self:
            query.rendered = self, self.fill(query.context, query.actions if self.lists_actions else ())
        return query.rendered[1]

    def fill(self, context: Context, actions: Sequence[str] = (), **more: object) -> str:
        """The text of the prompt for a context."""
        return self.template.render(context=context, actions=actions, **more)


def family_of(env_id: str) -> str:
    """The folder of an environment's prompts: webshop for WebShop-v0 and for the same shop in a browser."""
    name = env_id.rsplit("/", 1)[-1].rsplit("-v", 1)[0].lower()
    return SAME_PROMPTS.get(name, name)


def load_prompt(env_id: str, role: str, folder: Path | None = None) -> Prompt:
    """The file `<family>/<role>.txt`, such as game24/value_score.txt for Game24-v0; without a family's file, any/.

    Raises ValueError: neither file exists.
    """
    family = family_of(env_id)
    root = folder or PROMPTS
    for name in (family, "any"):
        file = root / name / f"{role}.txt"
        if file.is_file():
            return Prompt(f"{name}/{role}", file.read_text(encoding="utf-8"))
    raise ValueError(f"no prompt {role!r} for {env_id}; expected {family}/{role}.txt or any/{role}.txt in {root}")
