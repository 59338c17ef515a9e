from __future__ import annotations

import hashlib

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from forethought.agents.prompts import Prompt, load_prompt
from forethought.search import Context

CONTEXT = Context("Make 24.", "(left: 4 6)", (("4 * 6", "4 * 6 = 24 (left: 24)"),), ("be careful",))


def test_a_family_reads_its_own_file_and_others_the_common_one():
    assert load_prompt("Game24-v0", "value_score").name == "game24/value_score"
    assert load_prompt("somewhere:Other-v3", "value_score").name == "any/value_score"


def test_the_digest_is_that_of_the_file(tmp_path):
    (tmp_path / "any").mkdir()
    (tmp_path / "any" / "propose.txt").write_text("do {{ actions }}\n")
    assert load_prompt("X-v0", "propose", tmp_path).digest == hashlib.sha256(b"do {{ actions }}\n").hexdigest()


def test_a_missing_prompt_says_what_was_expected(tmp_path):
    with pytest.raises(ValueError, match=r"no prompt 'propose' for X-v0; expected x/propose.txt or any/propose.txt"):
        load_prompt("X-v0", "propose", tmp_path)


@pytest.mark.parametrize("family", ["Game24-v0", "Other-v0"])
@pytest.mark.parametrize("role", ["value_score", "value_text", "propose"])
def test_every_prompt_renders_and_ends_where_the_model_goes_on(family, role):
    text = load_prompt(family, role).fill(CONTEXT, ("4 + 6",))
    assert "24" in text
    assert not text.endswith("\n\n")


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
