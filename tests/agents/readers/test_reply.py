from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.agents.readers.action import bare_text, read_action
from forethought.agents.readers.reasoning import BLANKS, separate_reasoning
from forethought.agents.readers.reply import cut, is_ended, read_reply

PIECES = [
    "<think>",
    "</think>",
    "<|channel|>",
    "analysis",
    "final",
    "<|message|>",
    "[THINK]",
    "[/THINK]",
    "\n",
    "[",
    "]",
]
PIECES += ["10 - 4", "<", ">", "</", "<thinking a='b'>", "<|end|>", "<|start|>assistant", "◁think▷", " ", "\ufeff"]


@pytest.mark.parametrize(
    ("raw", "rationale", "text"),
    [
        ("10 - 4", "", "10 - 4"),
        ("  10 - 4\n", "", "  10 - 4\n"),  # without reasoning a reply stays as it is
        ("<think>\nTwo are left.\n</think>\n\n10 - 4", "Two are left.", "10 - 4"),
        ("<think>\n\n</think>\n\n10 - 4", "", "10 - 4"),
        ("<thinking>a</thinking>10 - 4", "a", "10 - 4"),
        ("<thought>a</thought>10 - 4", "a", "10 - 4"),
        ("<reasoning>a</reasoning>10 - 4", "a", "10 - 4"),
        ("<seed:think>a</seed:think>10 - 4", "a", "10 - 4"),
        ("<THINK>a</Think>10 - 4", "a", "10 - 4"),
        ('<think type="deep">a</think >10 - 4', "a", "10 - 4"),
        ("[THINK]a[/THINK]10 - 4", "a", "10 - 4"),
        ("◁think▷a◁/think▷10 - 4", "a", "10 - 4"),
        ("<|START_THINKING|>a<|END_THINKING|>10 - 4", "a", "10 - 4"),
        ("a\nb</think>10 - 4", "a\nb", "10 - 4"),  # the template wrote the opening tag
        ("<think>I could play 10 - 4 or", "I could play 10 - 4 or", ""),  # cut off at the token limit
        ("10 - 4\n<think>and then", "and then", "10 - 4"),
        ("Sure. <think>10 - 4?", "10 - 4?", "Sure."),
        ("<think>a<think>b</think>c</think>10 - 4", "a<think>b\n\nc", "10 - 4"),
        ("<think>I close with </think> as asked</think>10 - 4", "I close with\n\nas asked", "10 - 4"),
        ("<think>a</think>one\n<think>b</think>two", "a\n\nb", "one\ntwo"),
        ("<thinking>a<thought>b</thought>c</thinking>10 - 4", "a<thought>b</thought>c", "10 - 4"),
        ("<think>a</thinking>10 - 4", "a", "10 - 4"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>10 - 4", "a", "10 - 4"),
        ("<|channel|>analysis<|message|>a<|channel|>final<|message|>10 - 4<|return|>", "a", "10 - 4"),
        ("<|channel|>analysis a<|channel|>final<|message|>10 - 4", "a", "10 - 4"),
        ("<|channel|>analysis<|message|>I could play 10 - 4", "I could play 10 - 4", ""),
        ("<|channel|>final<|message|>10 - 4", "", "10 - 4"),
        ("analysisWe take 10.assistantfinal10 - 4", "We take 10.", "10 - 4"),
        ("Steps: a\n[BEGIN FINAL RESPONSE]\n10 - 4\n[END FINAL RESPONSE]", "Steps: a", "10 - 4"),
        ("10 - 4<|end|>", "", "10 - 4"),
        ("search[the <think> tag]", "", "search[the <think> tag]"),
        ("search[</think>]", "", "search[</think>]"),
        ("think[I THINK so]", "", "think[I THINK so]"),
        ("think[THINK]", "", "think[THINK]"),
        ("click[<3 months>]", "", "click[<3 months>]"),
        ("<think>search[a</think>search[b]", "search[a", "search[b]"),
        ("I could search[a</think>search[b]", "I could search[a", "search[b]"),
        ("\ufeff<think>a</think>\u200b10 - 4", "a", "10 - 4"),
        ("", "", ""),
    ],
)
def test_reasoning_is_set_aside(raw, rationale, text):
    assert separate_reasoning(raw) == (rationale, text)


@pytest.mark.parametrize(
    ("text", "stops", "expected"),
    [
        ("10 - 4\nleft: 5 6 6", ("\n",), "10 - 4"),
        ("\n\n10 - 4\nleft", ("\n",), "10 - 4"),
        (" \n 10 - 4 = 6", ("\n", "="), " 10 - 4 "),
        ("\ufeff\n10 - 4\n", ("\n",), "10 - 4"),
        ("\r\n\r\n10 - 4\r\nx", ("\n",), "10 - 4\r"),
        ("\n\na b\n\nscore", ("\n\n",), "a b"),
        ("a", (), "a"),
        ("a", ("",), "a"),
        ("\n \n", ("\n",), ""),
        ("a=b", ("=", "a"), ""),
    ],
)
def test_stops_apply_behind_the_first_character(text, stops, expected):
    assert cut(text, stops) == expected


def test_a_stop_in_reasoning_ends_nothing():
    raw = "<think>\na = b\n\nc</think>\n\n10 - 4\nleft"
    assert read_reply(raw, ("\n", "=")) == ("a = b\n\nc", "10 - 4")
    written = [raw[:length] for length in range(len(raw) + 1)]
    first = next(text for text in written if is_ended(text, ("\n", "=")))
    assert first == "<think>\na = b\n\nc</think>\n\n10 - 4\n"


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join))
def test_any_reply_is_read(raw):
    rationale, text = separate_reasoning(raw)
    assert len(rationale) + len(text) <= 2 * len(raw) + 2
    stops = ("\n", "=")
    if is_ended(raw, stops):
        assert any(stop in text.lstrip(BLANKS) for stop in stops)
    assert cut(text, stops) in text


@pytest.mark.parametrize(
    "piece",
    ["<think>", "</think>", "<think>a</think>", "<", "< ", "<think ", "<|channel|>analysis", "[THINK]", "[", "<|end|>"],
)
def test_hostile_replies_take_linear_time(piece):
    began = process_time()
    separate_reasoning(piece * 100_000)
    assert process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```\n10 - 4\n```", "```\n10 - 4"),
        ("```text\n10 - 4\n", "```text\n10 - 4"),
        ("Next move:\n10 - 4\nleft", "Next move:\n10 - 4"),
        ("**Action:**\n\n10 - 4\nleft", "**Action:**\n\n10 - 4"),
        ("Thought 1: 4 = 4\nAction 1: 10 - 4\nObservation", "Thought 1: 4 = 4\nAction 1: 10 - 4"),
        ("Next move:", "Next move:"),
        ("\n\n```", "```"),
    ],
)
def test_a_line_that_leads_to_the_text_is_no_end_of_it(text, expected):
    assert cut(text, ("\n",)) == expected
    assert is_ended(text + "\nx", ("\n",)) or text in ("Next move:", "\n\n```")


def test_without_stops_a_text_stays_as_it_is():
    assert read_reply("\n\n10 - 4\n", ()) == ("", "\n\n10 - 4\n")


@pytest.mark.parametrize(
    "raw",
    [
        "go[x]<|im_end|>",
        "<|im_start|>assistant\ngo[x]<|im_end|>\n<|im_start|>user\nmore",
        "go[x]</s>",
        "<|start_header_id|>assistant<|end_header_id|>\n\ngo[x]<|eot_id|>",
        "<start_of_turn>model\ngo[x]<end_of_turn>",
        "go[x]<｜end▁of▁sentence｜>",
        "<think>hm</think>go[x]<|endoftext|>",
    ],
)
def test_marks_of_turns_are_no_text(raw):
    assert read_reply(raw, ("\n",)).text == "go[x]"


def test_a_mark_of_turns_within_an_action_is_literal():
    assert read_reply("search[the </s> tag]<|im_end|>").text == "search[the </s> tag]"


@pytest.mark.parametrize("piece", ["OK.\n", "# a\n", "**a**\n"])
def test_many_lines_in_front_of_an_action_take_linear_time(piece):
    began = process_time()
    assert cut(piece * 20_000 + "go[x]\nmore", ("\n",)).endswith("go[x]")
    cut(piece * 20_000, ("\n",))
    assert process_time() - began < 5


@pytest.mark.parametrize(
    "raw",
    [
        "10 - 4<|im_end|>", "10 - 4<|eot_id|>", "10 - 4</s>", "10 - 4<|endoftext|>", "10 - 4<end_of_turn>\n",
        "10 - 4<｜end▁of▁sentence｜>", "10 - 4 [/INST]", "10 - 4</s><s>[INST] and now", "<s>10 - 4</s>", "<bos>10 - 4",
        "10 - 4<|im_end|>\n<|im_start|>user\nand now?", "<|im_start|>assistant\n10 - 4",
        "<|start_header_id|>assistant<|end_header_id|>\n\n10 - 4<|eot_id|>", "<|assistant|>\n10 - 4",
        "<pad><pad>10 - 4",
        "<|begin_of_box|>10 - 4<|end_of_box|>", "<start_of_turn>model\n10 - 4<end_of_turn>",
    ],
)  # fmt: skip
def test_special_tokens_and_the_turns_behind_a_reply_are_dropped(raw):
    assert read_reply(raw, ("\n", "=")) == ("", "10 - 4")


@pytest.mark.parametrize(
    ("raw", "rationale"),
    [
        (
            "<|begin_of_thought|>4 + 5\n\nno<|end_of_thought|>\n\n<|begin_of_solution|>\n10 - 4\n<|end_of_solution|>",
            "4 + 5\n\nno",
        ),
        ("Here is my thought process:\n4 + 5\n\nHere is my response:\n10 - 4", "4 + 5"),
        ("Here's my thought process: 4 + 5\nHere's my response: 10 - 4", "4 + 5"),
        ("<|im_start|>assistant\n<think>\n4 + 5\n</think>\n\n10 - 4<|im_end|>", "4 + 5"),
    ],
)
def test_reasoning_between_other_marks_is_set_aside(raw, rationale):
    assert read_reply(raw, ("\n",)) == (rationale, "10 - 4")


def test_a_special_token_inside_an_action_is_literal():
    raw = "search[the <|im_end|> token]\nObservation"
    assert read_reply(raw, ("\n",)).text == "search[the <|im_end|> token]"
    assert read_reply("<s>3</s> 4", ()).text == "3</s> 4"  # struck through


@pytest.mark.parametrize("tag", ["answer", "output", "final_answer", "action", "response"])
def test_a_stop_leaves_the_line_that_only_holds_a_tag(tag):
    text = read_reply(f"<think>4 + 5</think>\n<{tag}>\n10 - 4\n</{tag}>", ("\n",)).text
    assert text == f"<{tag}>\n10 - 4"
    for reply in (text, f"<{tag}>10 - 4</{tag}>", f"<{tag.title()}> 10 - 4", f"10 - 4</{tag}>"):
        assert read_action(reply, ["10 - 4"]).action == "10 - 4"
        assert bare_text(reply) == "10 - 4"
    assert read_action(f"search[the </{tag}> tag]", ["search[<query>]"]).action == f"search[the </{tag}> tag]"
