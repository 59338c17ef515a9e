"""Actions without what models put around them, in the spelling of the family that lists them."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.agents.action_reader import bare_text, read_action
from forethought.envs import Template

READER = (
    *map(Template, ("search[<entity>]", "lookup[<string>]", "finish[<answer>]", "think[<thought>]")),
    "search[Anse]",
)
SHOP = (Template("search[<query>]"), "click[buy now]", "click[a]]", "click[a[b]c]", "click[<3 months>]")
NUMBERS, WORDS = ("0", "1", "12"), ("turn left", "Take lamp", "Action: wait", "- dash -")


@pytest.mark.parametrize(
    ("actions", "text", "action"),
    [
        *((READER, text, "finish[yes]") for text in ("Finish[yes]", "finish[yes].", "FINISH[yes]", "Finish [yes] now")),
        *(
            (READER, text, "finish[yes]")
            for text in ("Action 7: Finish[yes]", "Action[7]: Finish[yes]", "Step 7: Finish[yes]")
        ),
        *(
            (READER, text, "finish[yes]")
            for text in ("**Action 7:** `Finish[yes]`", "*Finish[yes]*", "**Finish[yes]** it is")
        ),
        *(
            (READER, text, "finish[yes]")
            for text in ("Finish\\[yes\\]", '"finish[yes]"', "“Finish[yes]”", "- Finish[yes]", "2) finish[yes]")
        ),
        *(
            (READER, text, "finish[yes]")
            for text in ("My final action is Finish[yes].", "<action>Finish[yes]</action>", "\n\n> Finish[yes]")
        ),
        *(
            (READER, text, "finish[yes]")
            for text in ("```\nfinish[yes]\n```", "Action 7:\nFinish[yes]", "Here you are:\n\nfinish[yes]")
        ),
        (READER, "Finish[Answer: 5]", "finish[Answer: 5]"),
        (READER, "Think[I [maybe] go] then", "think[I [maybe] go]"),
        (READER, "think[Action 3: search]", "think[Action 3: search]"),
        (READER, "finish[<answer>]", "finish[<answer>]"),
        (READER, "search[Lise Moren", "search[Lise Moren"),  # cut off: for the rules to refuse
        (READER, "I would not finish[yes]", "I would not finish[yes]"),  # prose is no action
        (READER, "Search[anse]", "search[anse]"),  # its argument stays as written
        (SHOP, "Click[Buy Now]", "click[Buy Now]"),
        (SHOP, "Click[A]]", "click[a]]"),
        (SHOP, "Click[a[b]c]", "click[a[b]c]"),
        (SHOP, "Click[<3 months>] now", "click[<3 months>]"),
        *(
            (NUMBERS, text, "12")
            for text in ("12", "12.", "Action: 12", "**12**", "Action 1: 12", "The next action is 12")
        ),
        *((WORDS, text, "turn left") for text in ("Turn Left", "turn left!", "Action: turn left.", "`turn left`")),
        (WORDS, "take lamp", "Take lamp"),
        (WORDS, "Action: wait", "Action: wait"),  # listed so
        (WORDS, "- dash -", "- dash -"),
        (WORDS, "Fly[x]", "Fly[x]"),
        ((), "Search[x]", "Search[x]"),
        (READER, "", ""),
        (READER, " \n```\n```", ""),
    ],
)
def test_an_action_is_read(actions, text, action):
    assert read_action(text, actions) == ("", action)


def test_thoughts_in_front_are_kept_apart():
    text = "Thought 1: Who painted it?\nThought 2: Search. Action 2: Search[x]\nObservation 2: y\nAction 3: Finish[y]"
    assert read_action(text, READER) == ("Thought 1: Who painted it?\nThought 2: Search.", "search[x]")
    assert read_action("Thought: finish[x]", READER) == ("Thought: finish[x]", "")


@given(st.text() | st.text("*_`\"'[]: \n-1>Actionfsh"), st.sampled_from([READER, SHOP, NUMBERS, WORDS, ()]))
def test_any_reply_is_read_without_an_error(text, actions):
    _, action = read_action(text, actions)
    assert action == action.strip() or action in actions
    assert "\n" not in action
    bare_text(text)


@given(st.sampled_from([*SHOP, *NUMBERS, *WORDS]), st.sampled_from([SHOP, NUMBERS, WORDS]))
def test_a_listed_action_is_itself(action, actions):
    if action in actions:
        assert read_action(action, actions) == ("", action)


@pytest.mark.parametrize(
    "piece", ["*", "[", "the ", "Action ", "- ", "1. ", "Thought:\n", "```\n", "x:\n", "search[", "\\["]
)
def test_hostile_replies_take_linear_time(piece):
    began = process_time()
    read_action(piece * 100_000, READER)
    bare_text(piece * 100_000)
    assert process_time() - began < 5
