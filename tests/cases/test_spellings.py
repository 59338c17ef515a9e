"""The same action in other spellings, from public reports and logs: it is played, and it is one child of its node."""

from __future__ import annotations

import gymnasium as gym
import pytest

from forethought.agents import LMText, Scripted, load_prompt
from forethought.agents.readers.action import read_action
from forethought.agents.readers.reply import is_ended, read_reply
from forethought.envs import EnvSimulator, TaskSimulator, Template, simulate
from forethought.envs.game24 import Game24, check_answer
from forethought.search import Budget, Node, Proposal, Query, greedy
from forethought.search.engine.driver import Driver

PROPOSE = {name: load_prompt(name, "propose") for name in ("Game24-v0", "HotpotQA-v0", "WebShop-v0")}
ENTITY = "search[August Thomjon]"


@pytest.fixture
def env():
    return gym.make("Game24-v0", puzzles=["4 5 6 10", "3 3 8 8", "2 3 4 11"])


def played(env, task, *actions):
    env.reset(options={"task": task})
    for action in actions:
        observation, _, _, _, info = env.step(action)
        assert info["illegal"] is None, info["illegal"]
    return observation


@pytest.mark.parametrize(
    ("task", "actions", "observation"),
    [
        (0, ["10-4"], "10 - 4 = 6 (left: 5 6 6)"),
        (0, ["10 × 4"], "10 * 4 = 40 (left: 5 6 40)"),
        (0, ["10 − 4"], "10 - 4 = 6 (left: 5 6 6)"),
        (2, ["11 / 3 ≈ 3.67"], "11 / 3 = 11/3 (left: 2 11/3 4)"),
        (0, ["6 / 4", "1.5 + 10"], "3/2 + 10 = 23/2 (left: 5 23/2)"),
    ],
)
def test_princeton_nlp_tree_of_thought_llm_11(env, task, actions, observation):
    assert played(env, task, *actions) == observation


@pytest.mark.parametrize(
    ("kind", "task", "actions"),
    [
        ("decimals, exact", 0, ["10 / 4", "2.5 * 6"]),
        ("decimals, exact, with zeros", 0, ["10 / 4", "2.50 * 6.0 = 15.00 (left: 5 15)"]),
        ("decimals, rounded", 2, ["11 / 3 = 3.67 (left: 2 3.67 4)", "3.67 * 4 = 14.68 (left: 2 14.68)"]),
        ("decimals, rounded twice", 1, ["8 / 3 = 2.67", "3 - 2.67 = 0.33", "8 / 0.33 = 24.24"]),
        ("about", 2, ["11 / 3 ≈ 3.67", "2 * 4 ≈ 8", "8 - 3.667 ≈ 4.33"]),
        ("about, in LaTeX", 2, ["$11 \\div 3 \\approx 3.67$"]),
        ("brackets round a fraction", 1, ["8 / 3", "3 - (8/3)", "8 / (1/3)"]),
        ("brackets round a negative number", 0, ["4 - 10", "5 * (-6)", "6 - (-30)"]),
        ("a comment behind", 0, ["10 - 4 (left: 5 6 6)"]),
        ("a comment behind, without brackets", 0, ["10 - 4 = 6, left: 5 6 6"]),
    ],
)
def test_the_kinds_of_lawful_moves_that_logs_hold(env, kind, task, actions):
    """Each of the spellings in which GPT-4 wrote lawful moves (decimals 933, ≈ 316, brackets 74, comments 24)."""
    assert played(env, task, *actions)


def test_answers_are_read_in_the_same_signs():
    for answer in (
        "(10 − 4) × (5 – 1)",
        "$(10 - 4) \\times (5 - 1) = 24$",
        "（10－4）＊（5－1）＝２４",
        "(10-4)·(5-1)",
    ):
        assert check_answer("1 4 5 10", answer) is None


class Fixed:
    """A policy that proposes the same texts everywhere."""

    def __init__(self, *texts):
        self.texts = texts

    def propose(self, queries):
        return [[Proposal(text) for text in self.texts] for _ in queries]


class Nothing:
    def evaluate(self, queries):
        raise AssertionError("a greedy search of one step evaluates its children")


def children(world, *texts):
    class One:
        def evaluate(self, queries):
            from forethought.search import Estimate

            return [Estimate(0.5) for _ in queries]

    driver = Driver(world, Fixed(*texts), One(), Budget(nodes=40))
    (outcome,) = driver.run([0], lambda root: greedy(root, num_children=len(texts), depth=1))
    assert outcome.error is None
    return [child.action for child in outcome.root.children]


@pytest.mark.parametrize(
    ("make", "texts", "actions"),
    [
        (lambda: TaskSimulator(Game24(["4 5 6 10"])), ["10-4", "10 - 4 = 6", "10 − 4", "6 * 5"], ["10 - 4", "6 * 5"]),
        (lambda: simulate("HotpotQA-v0"), ["search[A b]", " search[A b] "], ["search[A b]"]),
        (lambda: simulate("WebShop-v0"), ["search[Red Mug]", "search[red mug] now"], ["search[red mug]"]),
        (lambda: EnvSimulator(lambda: gym.make("Game24-v0")), ["1+1", "1 + 1"], ["1 + 1"]),
    ],
)
def test_spellings_of_one_action_make_one_child(make, texts, actions):
    assert children(make(), *texts) == actions


def written(name, world, *replies):
    """What the policy proposes at the opening when a model writes these replies."""
    start = world.root(0)
    query = Query(Node(start.state, start.observation, world=world), None, 0)
    (proposals,) = LMText(Scripted(replies), PROPOSE[name], samples=len(replies), max_tokens=200).propose([query])
    return [proposal.action for proposal in proposals]


@pytest.mark.parametrize(
    "reply",
    [
        "Search[August Thomjon]",
        "SEARCH[August Thomjon]",
        "Search[August Thomjon] to find the painter.",
        "Action 3: Search[August Thomjon]",
        "Action 3: Search[August Thomjon]\nObservation 3: He was a painter.",
        "Action: search[August Thomjon].",
        "**Action:** `Search[August Thomjon]`",
        "- Search[August Thomjon]",
        "1. search [August Thomjon]",
        "Next action: search[August Thomjon]",
        "```\nsearch[August Thomjon]\n```",
        "Thought 1: I need the painter.\nAction 1: Search[August Thomjon]",
        "> search[August Thomjon]",
    ],
)
def test_andyz245_languageagenttreesearch_26(reply):
    assert written("HotpotQA-v0", simulate("HotpotQA-v0"), reply) == [ENTITY]


@pytest.mark.parametrize(
    "reply",
    [
        "10 - 4<|im_end|>",
        "<|im_start|>assistant\n10 - 4<|im_end|>\n<|im_start|>user",
        "assistant\n\n10 - 4 = 6",
        "Let's start with 10 - 4 = 6",
        "First, subtract: 10 - 4 = 6.",
        "Okay, let me think.\n10 - 4 = 6",
        "The numbers are 4, 5, 6, 10.\nMove: 10 - 4",
        "(left: 4 5 6 10)\n10 - 4 = 6 (left: 5 6 6)",
        "### Move\n10 - 4",
        "$$\n10 - 4 = 6\n$$",
        "\\[\n10 - 4 = 6\n\\]",
        '```json\n{"move": "10 - 4"}\n```',
        "Combine 10 and 4: 10 - 4 = 6",
        "✅ 10 - 4",
    ],
)
def test_moves_within_and_behind_sentences(reply):
    assert written("Game24-v0", TaskSimulator(Game24(["4 5 6 10"])), reply) == ["10 - 4"]


@pytest.mark.parametrize(
    "reply", ["5 * (10 - 4)", "5 * 6 + 10 - 4", "5 * 6 - (10 - 4) = 24", "I would not play 4 - 4."]
)
def test_no_move_is_taken_out_of_longer_arithmetic(reply):
    (action,) = written("Game24-v0", TaskSimulator(Game24(["4 5 6 10"])), reply)
    assert action == reply.partition(" =")[0]


@pytest.mark.parametrize("name", ["Game24-v0", "HotpotQA-v0", "WebShop-v0"])
def test_a_reply_of_no_form_of_action_is_counted_as_unreadable(name):
    world = simulate(name)
    start = world.root(0)
    query = Query(Node(start.state, start.observation, world=world), None, 0)
    refusal = "I'm sorry, but I can't help with that."
    (proposals,) = LMText(Scripted([refusal]), PROPOSE[name], samples=1, max_tokens=200).propose([query])
    assert proposals.usage.parse_failures == 1
    assert [proposal.action for proposal in proposals] == [refusal]  # its turn is taken all the same


def test_andyz245_languageagenttreesearch_20():
    """The published harness lower-cases the first letter; the environment itself stays strict, word by word."""
    env = gym.make("HotpotQA-v0")
    env.reset(seed=0)
    observation, _, _, _, info = env.step("Search[August Thomjon]")
    assert observation == "Invalid action: Search[August Thomjon]"
    assert info["counted"]
    for verb in ("Search", "Lookup", "Finish", "Think"):
        assert written("HotpotQA-v0", simulate("HotpotQA-v0"), f"{verb}[x]") == [f"{verb.lower()}[x]"]


def test_actions_of_the_shop_in_published_spellings():
    world = simulate("WebShop-v0")
    for reply in ("Search[Red Mug]", "Action: search[red mug]", "search[Red Mug] because it is wanted"):
        assert written("WebShop-v0", world, reply) == ["search[red mug]"]
    page = world.step(world.root(0).state, "search[mug]").state
    query = Query(Node(page, "", world=world), None, 0)
    for reply in ("Click[Back to Search]", "Action 2: Click[back to search].", "click[Back To Search]"):
        (proposals,) = LMText(Scripted([reply]), PROPOSE["WebShop-v0"], samples=1).propose([query])
        assert [proposal.action for proposal in proposals] == ["click[back to search]"]


ON_PAGE = ("search[<query>]", "click[back to search]", "click[next >]", "click[b000000001]", "click[a: 10]")
ON_ITEM = ("search[<query>]", "click[< prev]", "click[buy now]", "click[10%]", "click[10-12]", "click[-5]", "click[5]")


@pytest.mark.parametrize(
    ("actions", "action", "replies"),
    [
        (ON_PAGE, "click[next >]", ("click[next]", "Next >", "click[Next &gt;]", 'Click "Next >"', "click [ Next> ]")),
        (ON_PAGE, "click[back to search]", ("Back to Search", 'Click on "Back to Search".', "click[back_to_search]")),
        (
            ON_PAGE,
            "click[b000000001]",
            (
                "B000000001",
                "[B000000001]",
                "click[[B000000001]]",
                "Click B000000001",
                "I will click on item B000000001.",
            ),
        ),
        (ON_ITEM, "click[buy now]", ("Buy Now", "click[Buy Now!]", 'Click the button "Buy Now".', "click[buy_now]")),
        (ON_ITEM, "click[< prev]", ("click[prev]", "< Prev", "click[&lt; prev]", "click[<prev]")),
        (ON_ITEM, "click[-5]", ("click[-5]", "click[ -5 ]", "Click -5")),
        (ON_ITEM, "click[10%]", ("click[10 %]", "10%")),
    ],
)
def test_a_button_is_named_by_its_text(actions, action, replies):
    listed = [Template(one) if "<query>" in one else one for one in actions]
    for reply in replies:
        assert read_action(reply, listed).action == action, reply


@pytest.mark.parametrize("reply", ["click[10]", "click[1012]", "click[query]", "click[a 10 b]", "Search", "click[...]"])
def test_another_text_is_no_button(reply):
    assert read_action(reply, ON_ITEM).action == reply


def test_a_text_that_two_buttons_have_is_neither():
    assert read_action("click[x y]", ["click[x-y]", "click[x_y]"]).action == "click[x y]"
    assert read_action("x-y\nclick[z]", ["click[x-y]", "click[z]"]).action == "click[z]"


def test_equal_replies_in_other_spellings_share_a_prior():
    world = TaskSimulator(Game24(["4 5 6 10"]))
    start = world.root(0)
    query = Query(Node(start.state, start.observation, world=world), 5, 0)
    replies = ["10-4", "10 - 4 = 6", "Move: **10 − 4**", "5 × 6"]
    (proposals,) = LMText(Scripted(replies), PROPOSE["Game24-v0"], samples=4).propose([query])
    assert [(p.action, p.prior) for p in proposals] == [("10 - 4", 0.75), ("5 * 6", 0.25)]


@pytest.mark.parametrize(
    "reply",
    [
        "<tool_call>\n<function=search>\n<parameter=query>\nAugust Thomjon\n</parameter>\n</function>\n</tool_call>",
        "I look it up.\n<function=search>\n<parameter=query>August Thomjon</parameter>\n</function>",
        '<function=search>{"query": "August Thomjon"}</function>',
        '<invoke name="search"><parameter name="query">August Thomjon</parameter></invoke>',
        '<function_calls>\n<invoke name="search">\n<parameter name="query">August Thomjon</parameter>\n</invoke>\n'
        "</function_calls>",
        "<tool_call>search\n<arg_key>query</arg_key>\n<arg_value>August Thomjon</arg_value>\n</tool_call>",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.search:0<|tool_call_argument_begin|>"
        '{"query": "August Thomjon"}<|tool_call_end|><|tool_calls_section_end|>',
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>search\n```json\n"
        '{"query": "August Thomjon"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        '<｜tool▁call▁begin｜>search<｜tool▁sep｜>{"query": "August Thomjon"}<｜tool▁call▁end｜>',
        '[TOOL_CALLS]search[ARGS]{"query": "August Thomjon"}',
        '[TOOL_CALLS]search[CALL_ID]a1B2c3D4e[ARGS]{"query": "August Thomjon"}',
        "<|channel|>analysis<|message|>search[hm]<|end|><|start|>assistant<|channel|>commentary to=functions.search "
        '<|constrain|>json<|message|>{"query": "August Thomjon"}<|call|>',
        'analysisI need it.assistantcommentary to=functions.search json{"query": "August Thomjon"}',
        "Thought: I need it.\nAction: search\nAction Input: August Thomjon\nObservation: a painter",
        '**Action:** `Search`\n**Action Input:** "August Thomjon"',
        'Action 1: Search\nAction Input 1: {"query": "August Thomjon"}',
        "<think>Action: search\nAction Input: hm</think>\nAction: search\nAction Input: August Thomjon",
        '[search(query="August Thomjon")]',
        "search(entity='August Thomjon')",
        'search(query: "August Thomjon")',
        "<search>August Thomjon</search>",
        "search{August Thomjon}",
        '{"action": {"type": "search", "entity": "August Thomjon"}}',
        '{"action_type": "search", "query": "August Thomjon"}',
        '{"verb": "search", "argument": "August Thomjon"}',
        '{"name": "functions.search", "arguments": {"entity": "August Thomjon"}}',
        'Search["August Thomjon"]',
        "search[ August Thomjon ]",
        "Search[**August Thomjon**]",
        "**Search**[August Thomjon]",
        "$\\text{Search}[August Thomjon]$",
    ],
)
def test_calls_of_tools_in_the_forms_of_chat_templates_and_agents(reply):
    assert written("HotpotQA-v0", simulate("HotpotQA-v0"), reply) == [ENTITY]


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("Thought: I now know the final answer\nFinal Answer: Paris", "finish[Paris]"),
        ("**Final Answer:** Paris", "finish[Paris]"),
        ("<answer>Paris</answer>", "finish[Paris]"),
        ("Final Answer: finish[Paris]", "finish[Paris]"),
        ("Answer: search[August Thomjon]", ENTITY),
        ("search[[REC]]", "search[[REC]]"),  # a title
        ("search[August Thomjon", "search[August Thomjon"),  # cut off
        ('search["Heroes" and "Low"]', 'search["Heroes" and "Low"]'),
        ("lookup[the <function=x> tag]", "lookup[the <function=x> tag]"),
    ],
)
def test_answers_of_agents_and_arguments_with_marks_of_their_own(reply, action):
    assert written("HotpotQA-v0", simulate("HotpotQA-v0"), reply) == [action]


@pytest.mark.parametrize(
    "reply",
    [
        '{"operation": {"a": 10, "op": "-", "b": 4}}',
        '{"first": 10, "operator": "-", "second": 4}',
        '{"name": "play", "arguments": {"a": "10", "b": "4", "op": "−"}}',
        '{"name": "subtract", "arguments": "{\\"a\\": 10, \\"b\\": 4}"}',
        "<tool_call>play\n<arg_key>move</arg_key>\n<arg_value>10 - 4</arg_value>\n</tool_call>",
        '<invoke name="play"><parameter name="move">10 - 4</parameter></invoke>',
        "We can do \\(10 - 4 = 6\\).",
        "**Final Answer**\n\\[ \\boxed{10 - 4} \\]",
        "I choose to subtract 4 from 10.",
        "Let's multiply 4 by 6 later.\n10 - 4 = 6",
        "Ten minus four.",
        "Plan: (10-4)*5-6=24\nFirst: 10 - 4",
        "To reach 24: 5 * 6 - 6\nMove: 10 - 4 = 6",
        "Thinking...\n5 * 6 is 30.\n...done thinking.\n\n10 - 4",
    ],
)
def test_moves_in_objects_sentences_and_behind_a_plan(reply):
    world = TaskSimulator(Game24(["4 5 6 10"]))
    assert written("Game24-v0", world, reply) == ["10 - 4"]


@pytest.mark.parametrize(
    ("reply", "move"),
    [
        ("Let's try 5 * 6 = 30. That leaves 4 and 10.\nMove: 10 - 4", "10 - 4"),
        ("We have 4, 5, 6, 10. One idea: (10 - 4) * 5 - 6 = 24.\n\nNext move: 10 - 4 = 6", "10 - 4"),
        ("(10 - 4) × 5 − 6 = 24\n\nMove: 10 - 4", "10 - 4"),
        ("I see that 5 * 6 = 30.\nSo I need a 6 from 10 and 4.\n**Move:** 10 - 4 = 6", "10 - 4"),
        ("10 - 4 = 6\nInput: 1 2 3 4\nMove: 6 - 4", "10 - 4"),  # the next task of the prompt
        ("I take 10 - 4 = 6.\nInput: 1 2 3 4\nMove: 6 - 4", "10 - 4"),
        ("10 - 4 = 6\nMove: 5 * 6", "10 - 4"),
        ("First, 10 - 4 = 6.\nThen 6 * 5 = 30.\nAnswer: (10 - 4) * 5 - 6 = 24", "10 - 4"),
        ("Step 1: 10 - 4 = 6\nStep 2: 6 * 5 = 30\nMove: 6 * 5", "10 - 4"),
    ],
)
def test_a_labelled_move_stands_before_calculations_in_front_of_it(reply, move):
    assert written("Game24-v0", TaskSimulator(Game24(["4 5 6 10"])), reply) == [move]


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("{'action': 'search', 'action_input': 'August Thomjon'}", ENTITY),
        ('{"Action": "Search", "Action Input": "August Thomjon"}', ENTITY),
        ('["search", "August Thomjon"]', ENTITY),
        ('{"action": ["search", "August Thomjon"]}', ENTITY),
        ('json\n{"action": "search[August Thomjon]"}', ENTITY),
        ('{"final_answer": "yes"}', "finish[yes]"),
        ('{"final_answer": "finish[yes]"}', "finish[yes]"),
        ('```json\n{"action": "Final Answer", "action_input": "yes"}\n```', "finish[yes]"),
        ("Action: Final Answer\nAction Input: yes", "finish[yes]"),
    ],
)
def test_objects_that_are_nearly_json_and_final_answers_in_them(reply, action):
    assert written("HotpotQA-v0", simulate("HotpotQA-v0"), reply) == [action]


@pytest.mark.parametrize(
    "whole",
    [
        "<function=search>\n<parameter=query>\nAugust Thomjon\n</parameter>\n</function>\n",
        "Action: search\nAction Input: August Thomjon\nObservation",
        "<tool_call>search\n<arg_key>query</arg_key>\n<arg_value>August Thomjon</arg_value>\n</tool_call>\n",
    ],
)
def test_a_call_that_is_being_written_is_not_ended_within(whole):
    ended = next(whole[:n] for n in range(len(whole) + 1) if is_ended(whole[:n], ("\n",)))
    assert read_action(read_reply(ended, ("\n",)).text, ["search[x]", "finish[x]"]).action == ENTITY
