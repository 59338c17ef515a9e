"""Read the error that an OpenAI-compatible server answers with: its kind, by code, type and parameter where told.

Shapes: {"error": {"message", "code", "param", "type"}} (OpenAI, Azure, vLLM, llama.cpp, Anthropic), the same in a list
(Google), {"message", "type", "code"} (older vLLM), {"error": TEXT} (Ollama, TGI), {"detail": TEXT or a list} (FastAPI),
{"message": {"detail": ...}} (Mistral), {"errors": [...]} (watsonx, Workers AI), and an error of a provider as JSON text
in {"error": {"metadata": {"raw": TEXT}}} (OpenRouter).
Only a server that tells no code is judged by its words.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from forethought.envs.notation import read_json

Kind = Literal[
    "context",
    "filter",
    "size",
    "key",
    "forbidden",
    "quota",
    "logprobs",
    "parameter",
    "chat",
    "plain",
    "model",
    "path",
    "proxy",
    "cut",
    "responses",
    "",
]
REFUSALS: tuple[Kind, ...] = ("context", "filter", "size")  # of this request alone, and for good

CODES: dict[Kind, frozenset[str]] = {
    "quota": frozenset(
        {
            "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "quota_exceeded",
            "budget_exceeded",
        }
    ),
    "key": frozenset({"invalid_api_key", "api_key_invalid", "authentication_error"}),
    "filter": frozenset(
        {
            "content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked",
            "invalid_prompt", "datainspectionfailed", "data_inspection_failed", "content_filter_error", "safety",
            "cyber_policy_violation", "unsafe_content", "sensitive_content",
        }
    ),
    "context": frozenset(
        {
            "context_length_exceeded", "exceed_context_size_error", "string_above_max_length", "tokens_limit_reached",
            "model_context_window_exceeded", "context_window_exceeded", "contextwindowexceedederror",
            "max_context_length_exceeded", "prompt_too_long", "input_too_long",
        }
    ),
    "size": frozenset({"request_too_large", "payload_too_large"}),
    "model": frozenset(
        {
            "model_not_found", "deploymentnotfound", "invalid_model", "model_not_exist", "model_not_available",
            "unknown_model", "modelnotfound", "model_not_supported", "unavailable_model", "model_decommissioned",
        }
    ),
    "chat": frozenset({"operationnotsupported"}),
    "parameter": frozenset(
        {
            "unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden",
            "unrecognized_parameter", "unsupportedparamserror", "value_error.extra",
        }
    ),
}  # fmt: skip
SPOKEN: dict[Kind, str] = {
    "context": r"(context|model|maximum|max)[ _'s]*(context )?(length|window|size)\b"
    r"|context (length|window|size)|(prompt|input|request|message)s? (is |are |was )?(too (long|large|big)|exceeds? the)"
    r"|too many (input |prompt )?tokens|longer than the (model|maximum|context)|max_model_len"
    r"|maximum (prompt|input|number of input)|(input|prompt) tokens? (count )?.{0,40}(exceed|must be|limit)"
    r"|`inputs`.{0,60}must|reduce (the|your) (length|prompt)|input length should be|max_seq_len"
    r"|exceed(s|ed)? .{0,30}(token limit|limit of [0-9])",
    "filter": r"content[ _-](management|filter|policy|moderation)|usage (polic|guideline)|safety (system|polic|filter)"
    r"|inappropriate content"
    r"|(prompt|input|content)\b.{0,40}\b(flagged|blocked)|responsible ai|moderation",
    "quota": r"insufficient (quota|balance|credit|fund)|credit balance|exceeded your current quota|billing"
    r"|(any|no) credits (yet|left)|budget has been exceeded",
    "key": r"(incorrect|invalid|missing|wrong) api.?key|api.?key (is |was )?(not valid|invalid|incorrect|expired|missing)",
    "size": r"request too large|reduced in order to run",
    "cut": r"max_tokens or model output limit|could not finish the message",
    "path": r"unexpected endpoint|no route matched",
    "responses": r"only .{0,30}v1/responses",
    "chat": r"chat model|did you mean .{0,20}chat/completions|only .{0,30}chat.completions"
    r"|completion operation does not",
    "plain": r"chat[ _]template|template error|does not support chat|not a chat model",
    "parameter": r"unsupported|not supported|n[o']t support|unrecogni[sz]ed|unknown|unexpected|not permitted"
    r"|not allowed|cannot find field|deprecated|extra (fields|inputs)|invalid (parameter|argument|field)|no longer",
    "model": r"model\b.{0,200}(\b(not|unknown|no such|invalid)\b|n't)"
    r"|(unknown|invalid|no such|not? .{0,20}find.{0,20}) model",
}
NO_MODEL = re.compile(
    r"\bmodel (does )?not (exist|found)|(unknown|invalid|unavailable|no such) model\b|not a valid model"
    r"|no models? (is |are )?loaded|models?/\S{1,200} is not found",
    re.IGNORECASE,
)
DEPTH = 3  # of objects in an error
NAMED = 2000  # characters of a message in which a parameter is looked for; a copy of the request may come behind
WORDS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in SPOKEN.items()}
LIMIT = re.compile(r"(?<![\w.])\d{1,3}(?![\w.]*\d)")
NEW_NAME = re.compile(r"\buse\b\W{0,3}([a-z][a-z_]{2,40})", re.IGNORECASE)
STATUS: dict[int, Kind] = {
    401: "key",
    402: "quota",
    403: "forbidden",
    404: "path",
    405: "path",
    407: "proxy",
    413: "size",
    451: "filter",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error tells. `codes` are all its codes and types in small letters, `param` the parameter it names."""

    status: int
    message: str
    codes: frozenset[str] = frozenset()
    param: str = ""
    body: dict[str, Any] = field(default_factory=dict, compare=False)

    def kind(self, model: str, sent: Collection[str]) -> Kind:
        """`model` was asked for, and the parameters `sent`."""
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
        if name and (self.codes & CODES["parameter"] or self._words("parameter") or self._refuses_value(name)):
            return "parameter"
        if self.param.startswith("model") or (self._names(model) and self.status in (400, 404, 422)):
            return "model"
        if self.status in (400, 404, 422) and NO_MODEL.search(self.message):
            return "model"
        if self._words("context") and self.status in (400, 413, 422) and (name in WHOLE or name == "temperature"):
            return "context"
        if self._words("filter"):
            return "filter"
        if self.status == 404 and self._words("model"):
            return "model"
        return "path" if self._words("path") else STATUS.get(self.status, "")

    def parameter(self, sent: Collection[str]) -> str:
        """The parameter of the request that the error is about; "" where it names none that was sent.

        The one named first counts. "body.seed" and "generation_config.seed" name the seed.
        """
        if named := next((part for part in re.split(r"[.\[\]]+", self.param) if part in sent), ""):
            return named
        told = self.message[:NAMED]
        places = {found.start(): name for name in sent if (found := naming(name).search(told))}
        return places[min(places)] if places else ""

    def _refuses_value(self, name: str) -> bool:
        """Whether a parameter that can be left out is named, whatever is said of it; the length of a prompt is not."""
        return name in OMITTED and (name != "temperature" or bool(self.param) or not self._words("context"))

    def new_name(self, name: str) -> str:
        """The name to use in its place: as the message says it, or max_completion_tokens."""
        found = NEW_NAME.search(self.message)
        return found[1] if found and found[1].endswith("tokens") and found[1] != name else "max_completion_tokens"

    def most(self, asked: int) -> int | None:
        """The most of what was asked that the server allows, as its message says it; None where it says nothing."""
        told = [int(number) for number in LIMIT.findall(self.message)]
        return max((number for number in told if 0 < number < asked), default=None)

    def _words(self, kind: Kind) -> bool:
        return WORDS[kind].search(self.message) is not None

    def _names(self, model: str) -> bool:
        """Whether the message quotes the model, as in "requested 'm'"; or names it where no other word can be meant."""
        if re.search(rf"""['"`]{re.escape(model)}['"`]""", self.message):
            return True
        return self._words("model") and re.search(rf"model:? {re.escape(model)}(?![\w/-])", self.message) is not None


OMITTED = ("temperature", "stop", "seed")  # a request makes sense without them
LENGTHS = ("max_tokens", "max_completion_tokens")
WHOLE = ("", "prompt", "messages", "input", "model", *LENGTHS)  # an error about these may be one about the length of the whole


def naming(name: str) -> re.Pattern[str]:
    """Finds the places where a message means a parameter, and not a word of the language."""
    word = r"stop(?:[_ ]sequences?)?" if name == "stop" else re.escape(name)
    forms = [
        rf"""['"`](?:\w{{1,40}}\.){{0,4}}{word}['"`]""",
        rf"(?:argument|parameter|field|property|name)s?\b(?:\s+supplied)?\W{{1,4}}{word}\b",
        rf"^(?:\w{{1,40}}\.){{0,4}}{word}:|\w\.{word}:|(?<![\w.]){word}=|:\s{word}\.?$",
        rf"(?<![\w.]){word} (?:is|are|was|parameter)\b|\b(?:invalid|unsupported) {word}\b",
    ]
    if name == "temperature":  # is no word of another meaning
        forms.append(rf"(?<![\w.]){word}\b")
    return re.compile("|".join(forms), re.IGNORECASE)


def problem_of(status: int, body: str) -> Problem:
    """An error of any shape; what cannot be read is its own message."""
    try:
        data = read_json(body)
    except ValueError:
        return Problem(status, body)
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return Problem(status, data if isinstance(data, str) else body)
    inner, parts = data.get("error"), parts_of(data)
    message = inner if isinstance(inner, str) else first_text(parts, "message", "detail", "msg")
    codes = {part.get(name) for part in parts for name in ("code", "type", "status", "error_type") if is_text(part, name)}
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


def is_text(part: dict[str, Any], name: str) -> bool:
    return isinstance(part.get(name), str)


def parts_of(data: dict[str, Any], depth: int = 0) -> list[dict[str, Any]]:
    """The objects of an error: those inside come first."""
    errors = data.get("errors")
    inner = [errors[0] if isinstance(errors, list) and errors else errors]
    inner += [data.get(name) for name in ("error", "detail", "message", "innererror", "metadata")]
    found = [one for part in inner if isinstance(part, dict) and depth < DEPTH for one in parts_of(part, depth + 1)]
    return [*found, data]


def first_text(parts: list[dict[str, Any]], *names: str) -> str:
    told = (part.get(name) for name in names for part in parts)
    return next((text for text in told if isinstance(text, str) and text), "")


def read_details(details: list[Any]) -> tuple[str, str, set[Any]]:
    """FastAPI's: [{"loc": ["body", "seed"], "msg": ..., "type": ...}]."""
    rows = [row for row in details if isinstance(row, dict)]
    places = [row["loc"] for row in rows if isinstance(row.get("loc"), list)]
    names = [[str(part) for part in place if part != "body"] for place in places]
    told = [f"{'.'.join(name)}: {row.get('msg')}" for name, row in zip(names, rows, strict=False)]
    param = ".".join(names[0]) if names else ""
    return "; ".join(told), param, {row.get("type") for row in rows if isinstance(row.get("type"), str)}
