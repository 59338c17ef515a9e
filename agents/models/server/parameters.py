"""The parameters of a server: those that it refuses, renames or limits, and the tokens of its template.

They are given by options, or learnt from its errors and its bills; learnt ones are reported once, and kept with the
run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from forethought.agents.models.server.error_words import LENGTHS, OMITTED
from forethought.agents.models.server.errors import Problem

RENAMED = (*OMITTED, "max_tokens", "logprobs")
TOP = 20  # likeliest tokens asked for; vLLM's and OpenAI's chat limit
MOST_TEMPLATE = 1 << 15  # tokens that a template may add


@dataclass
class RequestParameters:
    """The parameters of one server. `template`: most tokens that it adds to a prompt; None: the default."""

    omit: set[str] = field(default_factory=set)
    rename: dict[str, str] = field(default_factory=dict)
    top: int = TOP
    template: int | None = None
    on_learnt: Callable[[dict[str, Any]], None] | None = None  # is told, in the thread of the requests

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "on_learnt": None}  # of this process

    def tell(self) -> None:
        """Call `on_learnt` with all that was learnt."""
        if self.on_learnt is not None:
            self.on_learnt(self.to_json())

    @classmethod
    def given(cls, omit: str = "", rename: str = "", template: int | None = None) -> RequestParameters:
        """From options such as "temperature,stop" and "max_tokens:max_completion_tokens". Raises ValueError."""
        names = [name.strip() for name in omit.split(",") if name.strip()]
        if wrong := [name for name in names if name not in OMITTED]:
            hint = "; a length must be told: use rename=max_tokens:NAME" if "max_tokens" in wrong else ""
            raise ValueError(f"omit={omit!r} names {wrong[0]!r}; expected some of {', '.join(OMITTED)}{hint}")
        pairs = [pair.strip().partition(":") for pair in rename.split(",") if pair.strip()]
        for old, _, new in pairs:
            if old not in RENAMED or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,60}", new):
                raise ValueError(
                    f"rename={rename!r} cannot be read; write OLD:NEW, OLD one of {', '.join(RENAMED)}, "
                    "as in rename=max_tokens:max_completion_tokens"
                )
        if template is not None and not 0 <= template <= MOST_TEMPLATE:
            raise ValueError(f"template_tokens={template} cannot be; give a number from 0 to {MOST_TEMPLATE:,}")
        return cls(set(names), {old: new for old, _, new in pairs}, TOP, template)

    def body(self, whole: Mapping[str, Any]) -> dict[str, Any]:
        """The request with this server's parameters."""
        kept = {name: part for name, part in whole.items() if name not in self.omit}
        if "logprobs" in kept:
            kept["logprobs"] = min(kept["logprobs"], self.top)
        return {self.rename.get(name, name): part for name, part in kept.items()}

    def learn(self, problem: Problem, kind: str, sent: Mapping[str, Any]) -> str:
        """The lesson of an error, in words; "" without one."""
        if kind == "logprobs" and isinstance(asked := sent.get("logprobs"), int):
            most = problem.most(asked)
            if most is None or most >= self.top:
                return ""
            self.top = most
            return f"tells at most {most} log-probabilities; the others count as less likely than those"
        name = problem.parameter(sent)
        own = {new: old for old, new in self.rename.items()}.get(name, name)
        if kind != "parameter" or own in self.omit:
            return ""
        if own in OMITTED:
            self.omit.add(own)
            return f"refuses {name}={sent[name]!r:.40}; it is left out (as --model-option omit={own} does)"
        if name == "max_tokens" and name not in self.rename:
            self.rename[name] = new = problem.new_name(name)
            return f"refuses {name}; it is sent as {new} (as --model-option rename={name}:{new} does)"
        return ""

    def to_json(self) -> dict[str, Any]:
        """The differences from the defaults, for the manifest."""
        told: dict[str, Any] = {"omit": sorted(self.omit), "rename": dict(sorted(self.rename.items()))}
        told |= {"top": self.top if self.top != TOP else None, "template_tokens": self.template}
        return {name: part for name, part in told.items() if part not in ([], {}, None)}

    def recall(self, told: Mapping[str, Any]) -> None:
        """Take over the parameters of a manifest, as far as they are valid; given options have priority."""
        omit, rename, top, template = (told.get(name) for name in ("omit", "rename", "top", "template_tokens"))
        self.omit |= {name for name in omit if name in OMITTED} if isinstance(omit, list) else set()
        if isinstance(rename, dict):
            self.rename = {old: new for old, new in rename.items() if old in LENGTHS and type(new) is str} | self.rename
        if type(top) is int and 0 < top < self.top:
            self.top = top
        if self.template is None and type(template) is int and 0 <= template <= MOST_TEMPLATE:
            self.template = template


def template_of(prompt_tokens: int) -> int:
    """A bound of the tokens that a server adds to a prompt, from the count of one prompt.

    It is a power of two, so that most first prompts lead to the same bound.
    """
    return 1 << max(prompt_tokens - 1, 0).bit_length()
