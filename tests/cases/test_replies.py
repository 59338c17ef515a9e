"""Replies as chat and reasoning models send them, from public reports: read whole, and never played as reasoning."""

from __future__ import annotations

import pytest

from forethought.agents import LMResponder, LMText, LMTextValue, Request, Sampling, Scripted, load_prompt
from forethought.agents.readers.reply import is_ended, read_reply
from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24
from forethought.search import Node, Query
from forethought.search.models import PromptRequest
from forethought.search.node import Context

PROPOSE, VALUE = load_prompt("Game24-v0", "propose"), load_prompt("Game24-v0", "value_text")
REFLECTION = load_prompt("Game24-v0", "reflection")


@pytest.fixture
def query():
    world = TaskSimulator(Game24(["4 5 6 10"]))
    start = world.root(0)
    return Query(Node(start.state, start.observation, world=world), 5, 0)


def proposed(query, reply):
    (proposals,) = LMText(Scripted([reply]), PROPOSE, samples=1, max_tokens=200).propose([query])
    return proposals


@pytest.mark.parametrize(
    "reply", ["\n\n10 - 4", "\n10 - 4", " \n\t\n10 - 4\nleft: 5 6 6", "\r\n10 - 4\r\n", "\ufeff\n10 - 4"]
)
def test_stanford_crfm_helm_3507(query, reply):
    """White space before the first character is no end of a line."""
    (done,) = Scripted([reply]).complete([Request("p", Sampling(stop=("\n", "=")))])
    assert done.text.strip("\ufeff\r ") == "10 - 4"
    proposals = proposed(query, reply)
    assert [proposal.action for proposal in proposals] == ["10 - 4"]
    assert proposals.usage.parse_failures == 0


@pytest.mark.parametrize(
    "reply",
    [
        "```\n10 - 4\n```",
        "```text\n10 - 4\n```",
        "Action: 10 - 4",
        "Action 3: 10 - 4",
        "**Action:** 10 - 4",
        "**Next move:** 10 - 4 = 6",
        "Next move:\n10 - 4",
        "The next move is 10 - 4.",
        "- 10 - 4",
        "1. 10 - 4",
        "`10 - 4`",
        '"10 - 4"',
        "**10 - 4**",
        "> 10 - 4",
        "\u200b10\u00a0- 4",
        "<answer>10 - 4</answer>",
        "10 - 4.",
        "Thought: 4 and 6 make 24.\nAction: 10 - 4\nObservation: 10 - 4 = 6",
        "Thought: 4 and 6 make 24. Action: 10 - 4",
    ],
)
def test_an_action_is_read_in_the_decorations_that_models_write(query, reply):
    assert [proposal.action for proposal in proposed(query, reply)] == ["10 - 4"]


@pytest.mark.parametrize(
    "reply",
    [
        "<think>\n4 * 6 = 24, so\n\n5 + 6 first?\n</think>\n\n10 - 4",
        "4 * 6 = 24\n\n5 + 6 first?</think>10 - 4",
        "<|channel|>analysis<|message|>5 + 6 first?<|end|><|start|>assistant<|channel|>final<|message|>10 - 4",
        "[THINK]5 + 6 first?[/THINK]10 - 4",
        "<Thinking>5 + 6\n first?</Thinking>\nAction: 10 - 4",
    ],
)
def test_reasoning_is_the_rationale_and_no_action(query, reply):
    (proposal,) = proposed(query, reply)
    assert proposal.action == "10 - 4"
    assert "first?" in proposal.rationale


def test_reasoning_that_is_cut_off_is_no_action(query):
    proposals = proposed(query, "<think>\n5 + 6\n10 - 4 " + "and so on " * 300)
    assert list(proposals) == []
    assert (proposals.usage.parse_failures, proposals.usage.truncated) == (1, 1)
    assert list(proposed(query, "Thought: I could play 10 - 4")) == []


def valued(query, *replies):
    (estimate,) = LMTextValue(Scripted(replies), VALUE, samples=len(replies), max_tokens=200).evaluate([query])
    return estimate


@pytest.mark.parametrize(
    "score", ["**9.00**", "$9$", "`9`", "[9]", "(9)", ": 9", "= 9", "9/10", "9 out of 10", "9,0", "\n9"]
)
def test_ukgovernmentbeis_inspect_ai_5145(query, score):
    estimate = valued(query, f"10 - 4 leads there.\nThus the correctness score is {score}")
    assert estimate.value == pytest.approx(0.9)
    assert estimate.rationale == "10 - 4 leads there."
    assert estimate.usage.parse_failures == 0


@pytest.mark.parametrize(
    "reply",
    [
        "So $\\boxed{9}$",
        "\\[\\boxed{9}\\]",
        "the score is \\(9\\)",
        "**Score: 9/10**",
        "$\\text{score} = 9$",
        "## Score\n\n9",
    ],
)
def test_azure_azureml_assets_5274(query, reply):
    assert valued(query, reply).value == pytest.approx(0.9)


def test_an_empty_line_before_the_score_does_not_cut_it_off(query):
    reply = (
        "10 - 4 is 6.\n\n5 * 6 - 6 is 24.\n\nThus the correctness score is 9.00\n\nleft: 1 3\ncorrectness score is 0.00"
    )
    estimate = valued(query, reply)
    assert estimate.value == pytest.approx(0.9)  # where the next example of the prompt begins, the reply has ended
    assert estimate.rationale == "10 - 4 is 6.\n\n5 * 6 - 6 is 24."


def test_the_last_score_counts_and_that_of_reasoning_does_not(query):
    reply = "<think>The correctness score is 2?</think>The correctness score is 5.\n\nNo: the correctness score is 9"
    estimate = valued(query, reply)
    assert estimate.value == pytest.approx(0.9)
    assert "The correctness score is 2?" in estimate.rationale


@pytest.mark.parametrize(
    "reply",
    [
        "\n\nNext time I begin with 10 - 4.\nMore",
        "<think>hm</think>Next time I begin with 10 - 4.",
        "```\nNext time I begin with 10 - 4.\n```",
        '"Next time I begin with 10 - 4."',
        "**Next time I begin with 10 - 4.**",
        "Here is the note:\nNext time I begin with 10 - 4.",
    ],
)
def test_a_reflection_is_read_in_the_same_way(reply):
    responder = LMResponder(Scripted([reply]), {"reflection": REFLECTION})
    (answer,) = responder.respond([PromptRequest(Context("", "(left: 4 5 6 10)", ()), "reflection", 0)])
    assert answer.text == "Next time I begin with 10 - 4."


def test_a_reply_of_reasoning_alone_is_empty():
    assert read_reply("<think>\n10 - 4\n", ("\n",)) == ("10 - 4", "")


@pytest.mark.parametrize(
    "reply",
    [
        "6 = 10 - 4", "x = 10 - 4", "action = 10 - 4", "=> 10 - 4", "Let me think.\n10 - 4 = 6", "Okay\n10 - 4",
        "4 5 6 10\n\n10 - 4 = 6", "| 10 - 4 |", "move(10 - 4)", "<code>10 - 4</code>", "<final>10 - 4</final>",
        '{"action": "10 - 4"}', '{\n  "thought": "4 * 5 is 20",\n  "action": "10 - 4"\n}', '[{"move": "10 - 4 = 6"}]',
        '```json\n{"action": "10 - 4"}\n```',
        '<tool_call>\n{"name": "play", "arguments": {"move": "10 - 4"}}\n</tool_call>',
        '{"name": "play", "arguments": "{\\"move\\": \\"10 - 4\\"}"}',
        *(f"<{tag}>4 * 5</{tag}>\n10 - 4" for tag in ("reflection", "plan", "rationale", "cot", "inner_monologue")),
        "&lt;think&gt;4 * 5&lt;/think&gt;\n10 - 4", "<unused94>thought\n4 * 5<unused95>10 - 4",
        "<details><summary>Thought for 3 s</summary>4 * 5</details>\n10 - 4",
    ],
)  # fmt: skip
def test_moves_as_objects_behind_prose_and_other_tags(query, reply):
    proposals = proposed(query, reply)
    assert [proposal.action for proposal in proposals] == ["10 - 4"]
    assert proposals.usage.parse_failures == 0


@pytest.mark.parametrize(
    "whole",
    [
        "Let me think.\n10 - 4 = 6",
        "6 = 10 - 4\nleft",
        "Okay.\n\nWe need 24.\n10 - 4\nleft",
        '{\n"action": "10 - 4"\n}\nleft',
    ],
)
def test_a_text_that_is_written_here_is_not_ended_in_front_of_its_move(whole):
    stops = ("\n", "=")
    ended = next(whole[:n] for n in range(len(whole) + 1) if is_ended(whole[:n], stops))
    assert "10 - 4" in ended


@pytest.mark.parametrize("prose", ["I see.", "No move helps here."])
def test_prose_without_an_action_is_waited_for_and_ended(prose):
    assert is_ended(f"{prose}\n" * 6, ("\n",))
    assert read_reply(f"{prose}\n" * 6, ("\n",)).text == prose


def test_a_stop_of_several_lines_ends_lines_that_lead_to_nothing():
    text = "The numbers are near.\n\nInput: 4 4\n10 - 4 = 6"
    assert read_reply(text, ("\n\nInput:",)).text == "The numbers are near."
