"""The words and codes of servers for the faults of a request."""

from __future__ import annotations

import re
from typing import Literal

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
    r"|context (length|window|size)|(prompt|input|request|message)s? (is |are |was )?(too (long|large|big)"
    r"|exceeds? the)|too many (input |prompt )?tokens|longer than the (model|maximum|context)|max_model_len"
    r"|maximum (prompt|input|number of input)|(input|prompt) tokens? (count )?.{0,40}(exceed|must be|limit)"
    r"|`inputs`.{0,60}must|reduce (the|your) (length|prompt)|input length should be|max_seq_len"
    r"|exceed(s|ed)? .{0,30}token limit|token limit (was |is )?exceeded"
    r"|\b(tokens?|prompt|input|request|message|length|characters)\b.{0,60}"
    r"\b(exceed(s|ed)? .{0,30}limit|above the .{0,20}limit)"
    r"|\b(prompt|input|sequence) length\b.{0,30}\bexceed|exceed(s|ed)? (the )?(sequence|maximum) length"
    r"|\binput_?tokens must be|max(imum)? (input|prompt) (characters|tokens)|context shift is disabled"
    r"|(输入|上下文|提示).{0,12}(过长|超)|超.{0,12}上下文",
    "filter": r"content[ _-](management|filter|policy|moderation)|usage (polic|guideline)|inappropriate content"
    r"|safety (system|polic|filter)"
    r"|(prompt|input|content|output|response|request)\b.{0,40}\b(flagged|blocked|violat(es|ed))"
    r"|responsible ai|moderation"
    r"|(contains?|detected)\b.{0,30}\b(sensitive|unsafe|harmful|explicit|offensive)|nsfw|prohibited[ _]content"
    r"|敏感|不安全|违规"
    r"|content exists risk|considered high risk|for safety reasons|guardrail|model (has )?(refused|declined)",
    "quota": r"insufficient (quota|balance|credit|fund)|credit balance|exceeded your current quota|billing"
    r"|(any|no) credits (yet|left)|budget has been exceeded",
    "key": r"(incorrect|invalid|missing|wrong) api.?key"
    r"|api.?key (is |was )?(not valid|invalid|incorrect|expired|missing)",
    "size": r"request too large|reduced in order to run",
    "cut": r"max_tokens or model output limit|could not finish the message",
    "path": r"unexpected endpoint|no route matched",
    "responses": r"only .{0,30}v1/responses",
    "chat": r"chat model|did you mean .{0,20}chat/completions|only .{0,30}chat.completions"
    r"|completion operation does not",
    "plain": r"chat[ _]template|template error|does not support chat|not a chat model",
    "parameter": r"unsupported|not supported|n[o']t support|unrecogni[sz]ed|unknown|unexpected|not permitted"
    r"|not allowed|cannot find field|deprecated|extra (fields|inputs)|invalid (parameter|argument|field)|no longer"
    r"|invalid type|extraneous key",
    "model": r"model\b.{0,200}(\b(not|unknown|no such|invalid)\b|n't)"
    r"|(unknown|invalid|no such|not? .{0,20}find.{0,20}) model",
}
NO_MODEL = re.compile(
    r"\bmodel (does )?not (exist|found)|(unknown|invalid|unavailable|no such) model\b|not a valid model"
    r"|no models? (is |are )?loaded|models?/\S{1,200} is not found|^model: \S{1,200}$"
    r"|model (identifier|id|name)( \S{1,200})? (is invalid|with on-demand throughput)|provider not provided",
    re.IGNORECASE,
)
WORDS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in SPOKEN.items()}
ROUTES: tuple[tuple[Kind, re.Pattern[str]], ...] = (  # 404 of a gateway that has the model, and no way to it
    ("parameter", re.compile(r"support the requested parameters", re.IGNORECASE)),
    ("forbidden", re.compile(r"data policy|guardrail restrictions", re.IGNORECASE)),
)
LIMIT = re.compile(r"(?<![\w.])\d{1,3}(?![\w.]*\d)")
NEW_NAME = re.compile(r"\buse\b\W{0,3}([a-z][a-z_]{2,40})", re.IGNORECASE)
STATUS: dict[int, Kind] = {
    401: "key",
    402: "quota",
    403: "forbidden",
    404: "path",
    405: "path",
    407: "proxy",
    412: "quota",  # of a suspended account
    413: "size",
    451: "filter",
}
OMITTED = ("temperature", "stop", "seed")  # a request makes sense without them
LENGTHS = ("max_tokens", "max_completion_tokens")
LENGTH_ALONE = re.compile(  # an error about the length asked for, whatever the prompt
    r"^\W{0,2}(?:max_tokens|max_completion_tokens)\b[^.]{0,40}\b(?:must be|cannot be|should be)\b"
    r"(?!.{0,200}\b(?:input|prompt|messages)\b)",
    re.IGNORECASE | re.DOTALL,
)
WHOLE = (
    "",
    "prompt",
    "messages",
    "input",
    "model",
    *LENGTHS,
)  # an error about these may be one about the length of the whole


def naming(name: str) -> re.Pattern[str]:
    """A pattern for a parameter in a message, which does not match the plain word of the language."""
    word = r"stop(?:[_ ]sequences?)?" if name == "stop" else re.escape(name)
    forms = [
        rf"""['"`](?:\w{{1,40}}\.){{0,4}}{word}['"`]""",
        rf"(?:argument|parameter|field|property|name|key)s?\b(?:\s+supplied)?\W{{1,4}}{word}\b",
        rf"^(?:\w{{1,40}}\.){{0,4}}{word}:|\w\.{word}:|(?<![\w.]){word}=|:\s{word}(?:\.?$|:)",
        rf"(?<![\w.]){word} (?:is|are|was|parameter)\b|\b(?:invalid|unsupported) {word}\b",
    ]
    if name == "temperature":  # is no word of another meaning
        forms.append(rf"(?<![\w.]){word}\b")
    return re.compile("|".join(forms), re.IGNORECASE)
