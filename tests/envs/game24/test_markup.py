"""A lawful move within the markup that models and servers leave around it, by the rules and by a policy of a model."""

from __future__ import annotations

from time import process_time

import pytest

from forethought.agents import LMText, Scripted, load_prompt
from forethought.envs import TaskSimulator
from forethought.envs.game24 import Game24, State
from forethought.envs.game24.rules import canonical
from forethought.search import Node, Query

LEFT = State((4, 5, 6, 10))
FORMS = [
    "10 - 4: 6",
    "10 - 4 : 6",
    "10-4: 6",
    "10 - 4<br>",
    "10 - 4<br/>",
    "10 - 4 <br />",
    "10 - 4</p>",
    "<p>10 - 4</p>",
    "10 - 4</li>",
    "<li>10 - 4</li>",
    "<td>10 - 4</td>",
    "<tr><td>10 - 4</td><td>6</td></tr>",
    "<b>10 - 4</b> = 6",
    '<div class="a">10 - 4</div>',
    "<strong>10 - 4</strong>",
    "10 - 4 = 6<br>4 5 6",
    "10 <b>-</b> 4",
    "<span>10</span> - <span>4</span>",
    "10 - 4\\n",
    "10 - 4\\nleft: 5 6 6",
    "\\n10 - 4",
    "10 - 4 = 6\\n",
    "\\n\\n10 - 4\\n\\n",
    "10 - 4\\r\\n",
    "10 - 4\\t",
    "\\t10 - 4",
    "10 - 4 = 6\\n6 * 5 = 30",
    "\x1b[1m10 - 4\x1b[0m",
    "\x1b[32m10\x1b[0m - \x1b[32m4\x1b[0m",
    "\x1b[1;31m10 - 4 = 6\x1b[0m",
    "\\x1b[1m10 - 4\\x1b[0m",
    "\\033[1m10 - 4\\033[0m",
    "[1m10 - 4[0m",
    "\\x1b[1m10 - 4\\x1b[0m",
    "\x1b]8;;http://x\x1b\\10 - 4\x1b]8;;\x1b\\",
    "\x1b[K10 - 4",
    "| 10 - 4 |",
    "| 10 - 4 | 6 |",
    "| Move | 10 - 4 |",
    "| 1 | 10 - 4 | 6 |",
    "| move | result |\n|---|---|\n| 10 - 4 | 6 |",
    "10 - 4 | 6",
    "- 10 - 4",
    "* 10 - 4",
    "+ 10 - 4",
    "• 10 - 4",
    "1. 10 - 4",
    "1) 10 - 4",
    "(1) 10 - 4",
    "a) 10 - 4",
    "A. 10 - 4",
    "- [ ] 10 - 4",
    "- [x] 10 - 4",
    "► 10 - 4",
    "▸ 10 - 4",
    "○ 10 - 4",
    "■ 10 - 4",
    "✔ 10 - 4",
    "☑ 10 - 4",
    "1️⃣ 10 - 4",
    "i. 10 - 4",
    "#1 10 - 4",
    "#1: 10 - 4",
    "[1] 10 - 4",
    "1: 10 - 4",
    "```\n10 - 4\n```",
    "```python\n10 - 4\n```",
    "```10 - 4```",
    "``10 - 4``",
    "~~~\n10 - 4\n~~~",
    "```math\n10 - 4 = 6\n```",
    "```python\nx = 10 - 4\n```",
    "    10 - 4",
    ">>> 10 - 4",
    "$ 10 - 4",
    "> 10 - 4",
    "10 - 4;",
    "10 - 4 // six",
    "10 - 4 /* six */",
    "10 - 4 # six",
    "10 - 4 -- six",
    "10 - 4 gives 6",
    "10 - 4 is 6",
    "10 - 4 (6)",
    "10 - 4 [6]",
    "10 - 4 equals 6",
    "10 - 4 makes 6",
    "10 - 4 → 6",
    "10 - 4 ==> 6",
    "10 - 4 == 6",
    "10 - 4 := 6",
    "10 - 4, 6",
    "10 - 4 ⇒ 6",
    "10 - 4 ... 6",
    "10 - 4 yields: 6",
    "10 - 4 {6}",
    "10 - 4 <6>",
    "10 - 4 = <6>",
    "10 - 4 = 6 (4 used)",
    "10 - 4 = six",
    "<answer>10 - 4</answer>",
    "&lt;p&gt;10 - 4&lt;/p&gt;",
    "10&nbsp;-&nbsp;4",
    "10 &#8722; 4",
    "~~10 - 4~~",
    "==10 - 4==",
    "<!-- x -->10 - 4",
    "10 - 4<!-- six -->",
    "10 - 4<|endoftext|>",
    "10 - 4</s>",
    "10 - 4<eos>",
    "10 - 4 [END]",
    "10 - 4[/INST]",
    "10 - 4 <end>",
    "<math>10 - 4</math>",
    "<mn>10</mn><mo>-</mo><mn>4</mn>",
    "<code>10 - 4</code>",
    "<br>10 - 4",
    "<answer>\n10 - 4\n",
    "<move>10 - 4",
    "\\textbf{10 - 4}",
    "\\mathbf{10} - \\mathbf{4}",
    "\\textit{10 - 4}",
    "$\\mathrm{10 - 4}$",
    "$$10 - 4$$",
    "\\begin{equation}\n10 - 4 = 6\n\\end{equation}",
    "\\begin{align}10 - 4 &= 6\\end{align}",
    "10 - 4 &= 6 \\\\",
    "\\item 10 - 4",
    "\\underline{10 - 4}",
    "\\(10 - 4\\)",
]
OF_A_POLICY = [  # labels and calls are no spellings
    "Step 1: 10 - 4",
    "```python\nprint(10 - 4)\n```",
    "10 - 4:",
    "I play 10 - 4:\\n",
]
OTHERS = [
    "10 - 4: 2",
    "10 - 4: 7",
    "10 - 4 : 6 * 5",
    "10 - 4 (5)",
    "10 - 4 (6) * 5",
    "10 - 4 [1]",
    "10 - 4<sup>2</sup>",
    "10 - 4<sup>6</sup>",
    "10 - 4 // 2",
    "10 - 4 /* 5",
    "10 - 4 < 5",
    "10 - 4 <b>5</b>",
    "| 10 - 3 | 7 |",
    "1. 10 - 3",
    "- [ ] 10 - 3",
    "10 \\neq 4",
    "10<br>- 4",
    "10\\n- 4",
]


@pytest.mark.parametrize("text", FORMS)
def test_the_rules_read_a_move_within_markup(text):
    assert canonical(LEFT, text) == "10 - 4"


@pytest.mark.parametrize("text", [*FORMS, *OF_A_POLICY])
def test_a_policy_reads_a_move_within_markup(text):
    world = TaskSimulator(Game24(["4 5 6 10"]))
    root = world.root(0)
    query = Query(Node(root.state, root.observation, world=world), None, 0)
    policy = LMText(Scripted([text]), load_prompt("Game24-v0", "propose"), samples=1, max_tokens=200)
    (proposals,) = policy.propose([query])
    assert [proposal.action for proposal in proposals] == ["10 - 4"]
    assert proposals.usage.parse_failures == 0


@pytest.mark.parametrize("text", OTHERS)
def test_other_arithmetic_within_markup_is_no_move(text):
    assert canonical(LEFT, text) == text


@pytest.mark.parametrize(
    ("left", "text", "move"),
    [
        ((3, 11), "11 / 3: 3.67", "11 / 3"),
        ((3, 11), "11 / 3 (11/3)", "11 / 3"),
        ((4, 10), "4 - 10: -6", "4 - 10"),
        ((2, 4, 10), "10 - 4: 6, left: 2 6", "10 - 4"),
        ((1, 4, 10), "1. 10 - 4", "10 - 4"),
        ((0, 4), "4 * 0: 0", "4 * 0"),
    ],
)
def test_a_right_result_behind_a_colon_or_in_brackets_is_a_result(left, text, move):
    assert canonical(State(left), text) == move


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "</", "<!--", "\x1b[", "\x1b]", "|", "\\n", "&lt;", "[ ] ", "1. ", "```\n", "10 - 4: "]
)
def test_hostile_markup_takes_no_time(piece):
    began = process_time()
    canonical(LEFT, piece * 100_000)
    canonical(LEFT, "10 - 4 " + piece * 100_000)
    assert process_time() - began < 5
