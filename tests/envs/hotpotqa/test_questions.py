"""Questions of the official files: what is read, and what is refused by file, record and reason."""

from __future__ import annotations

import json

import pytest

from forethought.envs.data.stream import Damaged
from forethought.envs.hotpotqa.family import HotpotQA
from forethought.envs.hotpotqa.pages import BadRecord, Page
from forethought.envs.hotpotqa.questions import Question, read_questions


def test_a_question_with_its_paragraphs(put, records):
    (question, pages), _ = read_questions(put("dev.json", records))
    assert question == Question(
        *("5a", "Who directed The Silent Harbour?", "Ada Voss", "bridge", "hard"),
        (("The Silent Harbour", 0), ("Ada Voss", 1), ("The Silent Harbour", 1)),
        ("Ada Voss", "The Silent Harbour"),
    )
    assert question.pages == ("The Silent Harbour", "Ada Voss")
    sentences = ("Ada Voss is a director.", " She lives.")
    assert pages == [Page("Ada Voss", (sentences,)), Page("The Silent Harbour", (("A film.",),))]


def test_simplified_questions_are_called_by_their_numbers(put):
    read = list(read_questions(put("dev.json", [{"question": "a?", "answer": "yes", "type": "comparison"}] * 2)))
    assert read == [(Question(str(number), "a?", "yes", "comparison"), []) for number in range(2)]


def test_a_title_that_comes_twice_is_one_of_the_context(put, records):
    records[0]["context"].append(["Ada Voss", ["Another text."]])
    question, pages = next(read_questions(put("dev.json", records)))
    assert question.context == ("Ada Voss", "The Silent Harbour")
    assert len(pages) == 3


WRONG = [
    ("question", None, "its question is 'None'; expected a text"),
    ("question", 7, "its question is '7'; expected a text"),
    ("question", " \n", "its question is empty"),
    ("question", "a\ud800", "is no Unicode text: surrogates not allowed"),
    ("question", [[["a"]]], "its question is list; expected a text"),
    ("answer", None, "its answer is 'None'; expected a text"),
    ("answer", True, "its answer is 'True'; expected a text"),
    ("answer", "\udfff", "is no Unicode text"),
    ("_id", 5, "its _id is '5'; expected a text"),
    ("_id", None, "its _id is 'None'; expected a text"),
    ("_id", "\ud800", "is no Unicode text"),
    ("type", "Bridge", "its type is 'Bridge'; expected bridge or comparison"),
    ("type", ["bridge"], "its type is list; expected a text"),
    ("level", 3, "its level is '3'; expected a text"),
    ("supporting_facts", None, "its supporting_facts is 'None'; expected a list"),
    ("supporting_facts", {}, "its supporting_facts is dict; expected a list"),
    ("supporting_facts", ["ab"], "its supporting fact 0 is '\"ab\"'; expected a title and the number of a sentence"),
    ("supporting_facts", [["a", 0], ["a"]], "its supporting fact 1 is '[\"a\"]'; expected a title and the number"),
    ("supporting_facts", [["a", 0, 0]], "its supporting fact 0 is '[\"a\", 0, 0]'"),
    ("supporting_facts", [["a", "0"]], "its supporting fact 0 is"),
    ("supporting_facts", [10**40], "its supporting fact 0 is '1000"),
    ("supporting_facts", [["a", -1]], "its supporting fact 0 is"),
    ("supporting_facts", [["a", 0.0]], "its supporting fact 0 is"),
    ("supporting_facts", [["a", True]], "its supporting fact 0 is"),
    ("supporting_facts", [[0, 0]], "its supporting fact 0 is"),
    ("supporting_facts", [["\ud800", 0]], "is no Unicode text"),
    ("context", "none", "its context is 'none'; expected a list"),
    ("context", [["a"]], "its paragraph 0 is '[\"a\"]'; expected a title and a list of sentences"),
    ("context", [["a", "b"]], "its paragraph 0 is"),
    ("context", [["a", [1]]], "its paragraph 0 is"),
    ("context", [["a", [["b"]]]], "its paragraph 0 is"),
    ("context", [[" ", []]], "its paragraph 0 is"),
    ("context", [{"title": "a"}], 'its paragraph 0 is \'{"title": "a"}\'; expected a title and a list of sentences'),
    ("context", [["\ud800", []]], "is no Unicode text"),
    ("context", [["a", ["\ud800"]]], "is no Unicode text"),
]


@pytest.mark.parametrize(("field", "value", "reason"), WRONG)
def test_a_record_with_a_wrong_field_is_refused(put, records, field, value, reason):
    records[1][field] = value
    read = read_questions(put("hotpot_dev.json", records))
    assert next(read)[0].id == "5a"
    with pytest.raises(BadRecord) as caught:
        next(read)
    assert str(caught.value).startswith("hotpot_dev.json, record 1: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize("field", ["question", "answer"])
def test_a_question_needs_a_text_and_an_answer(put, records, field):
    del records[0][field]
    with pytest.raises(BadRecord, match=f"^dev.json, record 0: it has no {field} .line 1.$"):
        next(read_questions(put("dev.json", records)))


@pytest.mark.parametrize("record", [None, 1, "question", ["question"]])
def test_what_is_no_object_is_no_question(put, record):
    with pytest.raises(BadRecord, match=r"^dev\.json, record 0: it is no object; expected a question"):
        next(read_questions(put("dev.json", [record])))


@pytest.mark.parametrize("field", ["question", "type", "context", "supporting_facts", "level", "more"])
def test_a_value_without_bottom_is_refused_whatever_its_depth(put, field):
    for depth in (*range(960, 1010), 100_000):
        nested = b"[" * depth + b"]" * depth
        path = put("dev.json", b'[{"question": "q", "answer": "a", "%s": %s}, 7]' % (field.encode(), nested))
        with pytest.raises((BadRecord, Damaged), match=r"^dev\.json, record [01]: "):
            list(read_questions(path))


def test_a_file_cut_anywhere_is_damaged(put, records):
    whole = json.dumps(records, ensure_ascii=False).replace("Ada", "Áda").encode()
    for end in range(0, len(whole), 7):
        with pytest.raises(Damaged, match=r"^dev\.json"):
            list(read_questions(put("dev.json", whole[:end])))


@pytest.mark.parametrize("pages", ["world", "question"])
def test_real_questions_are_answered_by_who_knows(real, real_records, pages):
    family = HotpotQA(real, pages=pages)
    assert len(family) == len(real_records) == 60
    for task, record in enumerate(real_records):
        state = family.initial(task)
        assert family.opening(state) == f"Question: {record['question']}"
        for title in dict.fromkeys(title for title, _ in record["supporting_facts"]):
            state = family.step(state, f"search[{title}]").state
        step = family.step(state, f"finish[{record['answer']}]")
        metrics = family.metrics(step.state)
        assert (step.terminated, step.reward, metrics["steps"]) == (True, 1.0, len(state.read) + 1)
        assert (metrics["em"], metrics["f1"], metrics["fact_coverage"]) == (True, 1.0, 1.0)
        assert not metrics["empty_answer"]
