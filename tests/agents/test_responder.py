from __future__ import annotations

import pytest

from forethought.agents import Scripted, load_prompt
from forethought.agents.responder import LMResponder
from forethought.search import Usage
from forethought.search.models import PromptRequest
from forethought.search.node import Context

PROMPTS = {"reflection": load_prompt("Other-v0", "reflection")}
CONTEXT = Context("Answer.", "Question: who?", (("search[x]", "Could not find x."),), ("look twice",))


def test_a_reflection_is_what_the_model_writes_to_the_prompt_file():
    lm = Scripted(["  search for y instead \nand more", ""])
    first, second = LMResponder(lm, PROMPTS).respond([PromptRequest(CONTEXT, "reflection", 7)] * 2)
    assert (first.text, second.text) == ("search for y instead", "")
    assert (first.usage.parse_failures, second.usage.parse_failures) == (0, 1)
    prompt = lm.prompts[0]
    assert prompt == PROMPTS["reflection"].fill(CONTEXT)
    for part in ("Answer.", "Question: who?", "> search[x]", "Could not find x.", "Note: look twice", "went wrong"):
        assert part in prompt


def test_what_it_costs_is_bounded_beforehand():
    lm = Scripted(["a b c"])
    responder = LMResponder(lm, PROMPTS, max_tokens=5)
    question = PromptRequest(CONTEXT, "reflection", 7)
    assert responder.worst_case_usage(question) == Usage(1, lm.count(PROMPTS["reflection"].fill(CONTEXT)), 0, 5)
    (reply,) = responder.respond([question])
    assert reply.usage.completion == 3


def test_a_role_without_a_prompt_is_refused():
    with pytest.raises(ValueError, match="no prompt puts the question 'imagine'; there are reflection"):
        LMResponder(Scripted(), PROMPTS).respond([PromptRequest(CONTEXT, "imagine", 0)])
