"""The error in a server's answer: its kind, by code, type and parameter where the server tells them.

Shapes: {"error": {"message", "code", "param", "type"}} (OpenAI, Azure, vLLM, llama.cpp, Anthropic), the same in a list
(Google), {"message", "type", "code"} (older vLLM), {"error": TEXT} (Ollama, TGI), {"detail": TEXT or a list} (FastAPI),
{"message": {"detail": ...}} (Mistral), {"errors": [...]} (watsonx, Workers AI), and an error of a provider as JSON text
in {"error": {"metadata": {"raw": TEXT}}} (OpenRouter).
Words count only where a server tells no code.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from forethought.agents.models.server.error_words import (
    CODES,
    LENGTH_ALONE,
    LIMIT,
    NEW_NAME,
    NO_MODEL,
    OMITTED,
    ROUTES,
    STATUS,
    WHOLE,
    WORDS,
    Kind,
    naming,
)
from forethought.common.json_text import read_json

DEPTH = 3  # of objects in an error
NAMED = 2000  # characters of a message in which a parameter is looked for; a copy of the request may come behind


@dataclass(frozen=True, slots=True)
class Problem:
    """An error. `codes` are all its codes and types in small letters, `param` the parameter in it."""

    status: int
    message: str
    codes: frozenset[str] = frozenset()
    param: str = ""
    body: dict[str, Any] = field(default_factory=dict, compare=False)

    def kind(self, model: str, sent: Collection[str]) -> Kind:
        """The kind of the error of a request for `model` with the parameters `sent`."""
        for kind in ("quota", "filter", "context", "size"):
            if self.codes & CODES[kind] and not (kind == "context" and self.parameter(sent) in OMITTED):
                return kind
        if self.status in (401, 402, 407):
            return STATUS[self.status]
        if self.status in (413, 429) and self._words("size"):
            return "size"
        if self.status in (408, 409, 425, 429):
            return ""
        if self._words("quota") and self.status in (400, 403):
            return "quota"
        if self.codes & CODES["model"] or self.codes & CODES["chat"]:
            return "model" if self.codes & CODES["model"] else "chat"
        if self.status >= 500:
            return "context" if self.status == 500 and self._words("context") else ""
        return self._of_request(model, sent)

    def _of_request(self, model: str, sent: Collection[str]) -> Kind:
        if self.codes & CODES["key"] or self._words("key"):
            return "key"
        if self._words("cut") or self._words("responses"):
            return "cut" if self._words("cut") else "responses"
        if self.parameter(sent) in ("logprobs", "top_logprobs") or re.search("logprob", self.message, re.IGNORECASE):
            return "logprobs"
        if self._words("chat"):
            return "chat"
        if self._words("plain"):
            return "plain"
        name = self.parameter(sent)
        if self.status == 404 and (other := next((k for k, found in ROUTES if found.search(self.message)), None)):
            return other
        if name and (self.codes & CODES["parameter"] or self._words("parameter") or self._refuses_value(name)):
            return "parameter"
        if self.param.startswith("model") or (self._names(model) and self.status in (400, 404, 422)):
            return "model"
        if self.status in (400, 404, 422) and NO_MODEL.search(self.message):
            return "model"
        if LENGTH_ALONE.search(self.message):
            return ""
        if self._words("context") and self.status in (400, 413, 422) and (name in WHOLE or name == "temperature"):
            return "context"
        if self._words("filter"):
            return "filter"
        if self.status == 404 and self._words("model"):
            return "model"
        return "path" if self._words("path") else STATUS.get(self.status, "")

    def parameter(self, sent: Collection[str]) -> str:
        """The sent parameter that the error is about; "" without one.

        The first one in the message counts. "body.seed" and "generation_config.seed" name the seed.
        """
        if named := next((part for part in re.split(r"[.\[\]]+", self.param) if part in sent), ""):
            return named
        told = self.message[:NAMED]
        places = {found.start(): name for name in sent if (found := naming(name).search(told))}
        return places[min(places)] if places else ""

    def _refuses_value(self, name: str) -> bool:
        """Whether the error names a parameter that can be left out; the length of a prompt is no such parameter."""
        return name in OMITTED and (name != "temperature" or bool(self.param) or not self._words("context"))

    def new_name(self, name: str) -> str:
        """The name to use in its place: that of the message, or max_completion_tokens."""
        found = NEW_NAME.search(self.message)
        return found[1] if found and found[1].endswith("tokens") and found[1] != name else "max_completion_tokens"

    def most(self, asked: int) -> int | None:
        """The most that the server allows of this parameter, by its message; None where it tells no number."""
        told = [int(number) for number in LIMIT.findall(self.message)]
        return max((number for number in told if 0 < number < asked), default=None)

    def _words(self, kind: Kind) -> bool:
        return WORDS[kind].search(self.message) is not None

    def _names(self, model: str) -> bool:
        """Whether the message quotes the model, as in "requested 'm'", or names it without another meaning."""
        if re.search(rf"""['"`]{re.escape(model)}['"`]""", self.message):
            return True
        return self._words("model") and re.search(rf"model:? {re.escape(model)}(?![\w/-])", self.message) is not None


def problem_of(status: int, body: str) -> Problem:
    """The error of any data; data of unknown shape are its message."""
    try:
        data = read_json(body)
    except ValueError:
        return Problem(status, said_by_page(body) if body.lstrip().startswith("<") else body)
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return Problem(status, data if isinstance(data, str) else body)
    inner, parts = data.get("error"), parts_of(data)
    message = inner if isinstance(inner, str) else first_text(parts, "message", "detail", "msg")
    codes = {
        str(part[name]) for part in parts for name in ("code", "type", "status", "error_type") if is_text(part, name)
    }
    param = first_text(parts, "param")
    for details in (part["detail"] for part in parts if isinstance(part.get("detail"), list)):
        told, named, types = read_details(details)
        message, param, codes = message or told, param or named, codes | types
    found = Problem(status, message or body, frozenset(code.lower() for code in codes), param, data)
    for raw in (part["raw"] for part in parts if is_text(part, "raw")):
        behind = problem_of(status, raw)
        told = f"{found.message}: {behind.message}"
        found = Problem(status, told, found.codes | behind.codes, found.param or behind.param, data)
    return found


def said_by_page(page: str) -> str:
    """The title of a page of HTML, such as one of a proxy; without one, its text."""
    title = re.search(r"<title[^<>]{0,99}>([^<]{1,400})<", page, re.IGNORECASE)
    return " ".join((title[1] if title else re.sub(r"<[^<>]{0,400}>", " ", page)).split())


def is_text(part: dict[str, Any], name: str) -> bool:
    """Whether the entry of this name is a text."""
    return isinstance(part.get(name), str)


def parts_of(data: dict[str, Any], depth: int = 0) -> list[dict[str, Any]]:
    """The objects of an error, inner ones first."""
    errors = data.get("errors")
    inner = [errors[0] if isinstance(errors, list) and errors else errors]
    inner += [data.get(name) for name in ("error", "detail", "message", "innererror", "metadata")]
    found = [one for part in inner if isinstance(part, dict) and depth < DEPTH for one in parts_of(part, depth + 1)]
    return [*found, data]


def first_text(parts: list[dict[str, Any]], *names: str) -> str:
    """The first text under one of these names; "" where there is none."""
    told = (part.get(name) for name in names for part in parts)
    return next((text for text in told if isinstance(text, str) and text), "")


def read_details(details: list[Any]) -> tuple[str, str, set[Any]]:
    """The errors of FastAPI: [{"loc": ["body", "seed"], "msg": ..., "type": ...}]."""
    rows = [row for row in details if isinstance(row, dict)]
    places = [row["loc"] for row in rows if isinstance(row.get("loc"), list)]
    names = [[str(part) for part in place if part != "body"] for place in places]
    told = [f"{'.'.join(name)}: {row.get('msg')}" for name, row in zip(names, rows, strict=False)]
    param = ".".join(names[0]) if names else ""
    return "; ".join(told), param, {row.get("type") for row in rows if isinstance(row.get("type"), str)}
