"""Actions without what models put around them, in the spelling of the family that lists them."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.agents.readers.action import bare_text, is_of_a_kind, read_action
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
    "piece",
    [
        "*",
        "[",
        "the ",
        "Action ",
        "- ",
        "1. ",
        "Thought:\n",
        "```\n",
        "x:\n",
        "search[",
        "\\[",
        "OK.\n",
        "10 - ",
        "I use ",
    ],
)
def test_hostile_replies_take_linear_time(piece):
    began = process_time()
    read_action(piece * 100_000, READER)
    read_action(piece * 100_000, ("10 - 4",))
    bare_text(piece * 100_000)
    assert process_time() - began < 5


SPACED = ("search[<query>]", "click[a\N{NO-BREAK SPACE}b]", "click[c  d]")


@pytest.mark.parametrize(
    ("actions", "text", "action"),
    [
        *(
            (READER, text, "finish[yes]")
            for text in ("I'll finish[yes].", "I need to finish[yes] now", "Let's finish[yes]", "I would finish[yes]")
        ),
        *(
            (READER, text, "finish[yes]")
            for text in ("I know it. Finish[yes]", "I'll use Finish[yes] now.", "Sure! The next action is Finish[yes].")
        ),
        *(
            (READER, text, "finish[yes]")
            for text in ("Act 7: Finish[yes]", "Action 7. Finish[yes]", "Action 7 Finish[yes]", "Next: finish[yes]")
        ),
        *((READER, text, "finish[yes]") for text in ('{"action": "Finish[yes]"}', "✅ Finish[yes]", "(a) Finish[yes]")),
        *((READER, text, "finish[yes]") for text in ("Finish(yes)", 'finish("yes")', "Finish: yes", "Finish［yes］")),
        *((READER, text, "lookup[yes]") for text in ("Look up[yes]", "look_up[yes]", "LookUp 【yes】")),
        *((SPACED, text, "click[a\N{NO-BREAK SPACE}b]") for text in ("click[a b]", "Click[A B].")),
        (SPACED, "click[c d]", "click[c  d]"),
        (SPACED, "click[c  d]", "click[c  d]"),
        (READER, "Thought 3: I have it. Finish[yes]", "finish[yes]"),
        *((READER, text, text) for text in ("I cannot finish[yes]", "Never finish[yes]", "I won't finish[yes]")),
        (READER, "Answer: yes", "yes"),  # for the rules to refuse
    ],
)
def test_an_action_is_found_within_a_line(actions, text, action):
    assert read_action(text, actions).action == action


@pytest.mark.parametrize("first", ["OK.", "I need to find it.", "Observation: nothing", "## Step 7", "Yes or no? Yes."])
def test_sentences_in_front_of_an_action_are_thoughts(first):
    assert read_action(f"{first}\nFinish[yes]", READER) == (first, "finish[yes]")


def test_a_text_of_no_form_of_action_is_told_apart():
    moves = ("10 - 4", "10 + 4")
    for text in ("I'm sorry, but I can't help with that.", "yes", "The numbers are 4 and 10."):
        assert not is_of_a_kind(text, READER)
        assert not is_of_a_kind(text, moves)
        assert is_of_a_kind(text, WORDS)
        assert is_of_a_kind(text, ())
    assert is_of_a_kind("fly[x]", READER)  # for the rules to refuse
    assert is_of_a_kind("9 - 7", moves)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ('{"action": "search[Anse]"}', "search[Anse]"),
        ('{"action": "Search", "action_input": "Anse"}', "search[Anse]"),
        ('{"name": "search", "arguments": {"query": "Anse"}}', "search[Anse]"),
        (
            '[{"type": "function", "function": {"name": "finish", "arguments": "{\\"answer\\": \\"yes\\"}"}}]',
            "finish[yes]",
        ),
        ('Thought: x\nAction:\n```json\n{"thought": "y", "finish": "yes"}\n```', "finish[yes]"),
        ('finish[{"action": "b"}]', 'finish[{"action": "b"}]'),
        ('search[["a"]]', 'search[["a"]]'),
        ('{"score": 9}', '{"score": 9}'),
    ],
)
def test_actions_in_json(text, action):
    assert read_action(text, READER).action.strip() == action.strip()


def test_json_without_end_is_read_as_lines():
    assert not read_action('{"action": ' * 5000, READER).action  # it ends as a line that leads to another
