from __future__ import annotations

import hashlib
import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from forethought.agents.prompts import PROMPTS, Prompt, load_prompt, shorten
from forethought.search.node import Context

CONTEXT = Context("Make 24.", "(left: 4 6)", (("4 * 6", "4 * 6 = 24 (left: 24)"),), ("be careful",))


def test_a_family_reads_its_own_file_and_others_the_common_one():
    assert load_prompt("Game24-v0", "value_score").name == "game24/value_score"
    assert load_prompt("somewhere:Other-v3", "value_score").name == "any/value_score"


def test_the_digest_is_that_of_the_file(tmp_path):
    (tmp_path / "any").mkdir()
    (tmp_path / "any" / "propose.txt").write_text("do {{ actions }}\n")
    assert load_prompt("X-v0", "propose", tmp_path).digest == hashlib.sha256(b"do {{ actions }}\n").hexdigest()


def test_the_digests_that_rows_and_runs_have_kept_are_those_of_the_files():
    rows = resources.files("forethought.leaderboards").joinpath("rows")
    row = json.loads(rows.joinpath("game24-beam-smollm2-untrained.json").read_text())
    assert load_prompt("Game24-v0", "value_score").digest == row["hashes"]["prompt game24/value_score"]
    assert load_prompt("Game24-v0", "propose").digest.startswith("682369a0")
    assert load_prompt("Game24-v0", "value_text").digest.startswith("2eabad40")


def test_the_line_that_declares_a_prompt_markov_is_neither_hashed_nor_shown():
    plain, declared = Prompt("x", "at {{ context.opening }}\n"), Prompt("x", "{# markov #}\nat {{ context.opening }}\n")
    assert (plain.markov, declared.markov) == (False, True)
    assert plain.digest == declared.digest
    assert plain.fill(CONTEXT) == declared.fill(CONTEXT) == "at (left: 4 6)"


FILES = sorted(path.relative_to(PROMPTS) for path in PROMPTS.glob("*/*.txt"))


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_prompt_is_markov_where_it_shows_neither_history_nor_notes(file):
    prompt = load_prompt(f"{file.parent.name}-v0", file.stem)
    here = ("c", "c = 5 (left: 5 6)")
    contexts = [
        Context("do", "begin", (("a", "b"), here), ("note",)),
        Context("do", "begin", (("x", "y"), here), ("note",)),
        Context("do", "begin", (("a", "b"), here), ("another",)),
    ]
    shown = [prompt.fill(context, ("a",), action="go") for context in contexts]
    assert (len(set(shown)) == 1) is prompt.markov


@pytest.mark.parametrize("role", ["propose", "value_score", "value_text", "reflection", "imagination"])
@pytest.mark.parametrize(("family", "most"), [("WebShop-v0", 6600), ("HotpotQA-v0", 7400), ("Other-v0", 7400)])
def test_no_trajectory_is_too_long_for_a_small_model(family, most, role):
    """`most` characters are about 1,800 tokens of the small model, which reads 3.6 characters of a page as one."""
    page = "Back to Search [SEP] " + "B0ABCDEFGH [SEP] a long title of a thing [SEP] $12.50 [SEP] " * 90
    for steps in (0, 1, 7, 15):
        walked = (("search[some words]", page),) * steps
        context = Context("want " * 60, "Question: " + "who " * 60, walked, ("n" * 999,) * 3)
        text = load_prompt(family, role).fill(context, ("click[some button]",) * 60, action="click[x]")
        assert len(text) < most, steps
    assert "some words" in text


@pytest.mark.parametrize("family", ["WebShop-v0", "HotpotQA-v0", "Game24-v0", "Other-v0"])
def test_what_is_imagined_is_the_action_that_is_given(family):
    text = load_prompt(family, "imagination").fill(CONTEXT, (), action="4 - 6")
    assert "4 - 6" in text[-30:]


def test_the_shop_in_a_browser_has_the_prompts_of_the_shop():
    assert load_prompt("WebShopBrowser-v0", "propose") == load_prompt("WebShop-v0", "propose")


def test_actions_are_asked_for_only_where_a_template_uses_them():
    assert Prompt("x", "{% for a in actions %}{{ a }}{% endfor %}").lists_actions
    assert not Prompt("x", "Which actions? {{ context.opening }}").lists_actions


@given(st.text(alphabet="ab é\n", max_size=40), st.integers(0, 45))
def test_a_shortened_text_is_its_beginning(text, most):
    short = shorten(text, most)
    if len(text) <= most:
        assert short == text
    else:
        assert short.endswith(" …")
        assert text.startswith(short.removesuffix(" …"))
        assert len(short) <= most + 2


def test_a_text_is_cut_behind_a_word():
    assert shorten("one two three", 9) == "one two …"
    assert shorten("one two three", 7) == "one two …"
    assert shorten("onetwothree", 5) == "onetw …"


def test_a_missing_prompt_says_what_was_expected(tmp_path):
    with pytest.raises(ValueError, match=r"no prompt 'propose' for X-v0; expected x/propose.txt or any/propose.txt"):
        load_prompt("X-v0", "propose", tmp_path)


@pytest.mark.parametrize("family", ["Game24-v0", "WebShop-v0", "HotpotQA-v0", "Other-v0"])
@pytest.mark.parametrize("role", ["value_score", "value_text", "propose", "reflection"])
def test_every_prompt_renders_and_ends_where_the_model_goes_on(family, role):
    text = load_prompt(family, role).fill(CONTEXT, ("4 + 6",))
    assert "24" in text
    assert text.endswith((":", ": ", ":\n", "> "))


def test_the_common_prompts_show_instruction_steps_and_memory():
    text = load_prompt("Other-v0", "value_text").fill(CONTEXT)
    for part in ("Make 24.", "(left: 4 6)", "> 4 * 6", "(left: 24)", "Note: be careful"):
        assert part in text


def test_model_text_in_a_context_is_not_a_template():
    context = CONTEXT._replace(steps=(("{{ 7 * 7 }}", "{% raise %}"),))
    assert "{{ 7 * 7 }}" in load_prompt("Other-v0", "value_text").fill(context)


def test_an_unknown_name_in_a_template_is_an_error():
    with pytest.raises(UndefinedError):
        Prompt("x", "{{ reward }}").fill(CONTEXT)


def test_a_template_cannot_leave_its_sandbox():
    with pytest.raises(SecurityError):
        Prompt("x", "{{ context.__class__.__mro__[1].__subclasses__() }}").fill(CONTEXT)
