"""Questions of the official files: what is read, and what is refused by file, record and reason."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma

import pytest

from forethought.envs.downloads.json_stream import Damaged
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


def as_columns(record):
    """The record as the library `datasets` has it."""
    facts, context = zip(*record["supporting_facts"], strict=True), zip(*record["context"], strict=True)
    titles, places = map(list, facts)
    names, sentences = map(list, context)
    kept = {name: record[name] for name in ("question", "answer", "type", "level")}
    return {
        "id": record["_id"],
        **kept,
        "supporting_facts": {"title": titles, "sent_id": places},
        "context": {"title": names, "sentences": sentences},
    }


def as_objects(record):
    facts, pages = [{"title": t, "sent_id": place} for t, place in record["supporting_facts"]], record["context"]
    return {**record, "supporting_facts": facts, "context": [{"title": t, "sentences": s} for t, s in pages]}


def in_lines(records, end="\n"):
    return "".join(json.dumps(record, ensure_ascii=False) + end for record in records).encode()


@pytest.mark.parametrize("form", [as_columns, as_objects])
@pytest.mark.parametrize(
    "written",
    [
        lambda records: json.dumps(records).encode(),
        in_lines,
        lambda records: b"\xef\xbb\xbf" + in_lines(records, "\r\n"),
        lambda records: in_lines(records, "\n\n")[:-2],
        lambda records: b"\n \n" + in_lines(records, ""),
        lambda records: "\n".join(json.dumps(record, indent=2) for record in records).encode(),
        lambda records: b"\xef\xbb\xbf" + json.dumps(records, indent=1).replace("\n", "\r\n").encode(),
    ],
    ids=range(7),
)
def test_other_spellings_of_the_same_questions_read_the_same(put, records, form, written):
    expected = list(read_questions(put("dev.json", records)))
    for changed in (records, [form(record) for record in records]):
        assert list(read_questions(put("dev.jsonl", written(changed)))) == expected


def test_lines_are_told_by_record_and_line(put, records):
    columns = [as_columns(record) for record in records]
    columns[1]["context"]["title"].pop()
    said = r"^dev\.jsonl, record 1: its context has the columns title: 1, sentences: 2; expected two lists of the same "
    with pytest.raises(BadRecord, match=said + r"length \(line 2\)$"):
        list(read_questions(put("dev.jsonl", in_lines(columns))))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "context",
            {"title": "A", "sentences": [["b"]]},
            "has the columns title: 'A', sentences: 1; expected two lists",
        ),
        ("context", {"title": [None], "sentences": [["b"]]}, "its paragraph 0 is '[null, "),
        ("context", {"title": ["A"], "sentences": ["b"]}, "its paragraph 0 is '"),
        ("context", {"title": ["A"], "sentences": [[None]]}, "its paragraph 0 is '"),
        ("context", {"title": ["A"]}, "its context is dict; expected a list"),
        ("context", {"title": [], "sentences": [], "more": []}, "its context is dict; expected a list"),
        ("supporting_facts", {"title": ["A"], "sent_id": ["0"]}, "its supporting fact 0 is '"),
        ("supporting_facts", {"title": ["A"], "sent_id": [-1]}, "its supporting fact 0 is '"),
        (
            "supporting_facts",
            {"title": ["A"], "sent_id": None},
            "columns title: 1, sent_id: 'None'; expected two lists",
        ),
        ("supporting_facts", {"title": ["A"], "sent_id": []}, "columns title: 1, sent_id: 0; expected two lists"),
        ("id", 5, "its id is '5'; expected a text"),
        ("answer", "", "its answer is empty; expected the gold answer, for nothing can be scored without it"),
        ("answer", " \t\n", "its answer is empty"),
        ("answer", "\u200b\ufeff", "its answer is empty"),
        ("answer", 1987, "its answer is '1987'; expected a text"),
        ("answer", ["a"], "its answer is list; expected a text"),
    ],
)
def test_columns_with_a_wrong_field_are_refused(put, records, name, value, said):
    wrong = {**as_columns(records[1]), name: value}
    with pytest.raises(BadRecord) as caught:
        list(read_questions(put("dev.jsonl", in_lines([as_columns(records[0]), wrong]))))
    assert str(caught.value).startswith("dev.jsonl, record 1: ")
    assert said in str(caught.value)


def test_a_test_file_without_supporting_facts_but_with_answers_is_read(put, records):
    for record in records:
        del record["supporting_facts"], record["type"], record["level"]
    (question, _), _ = read_questions(put("test.json", records))
    assert (question.facts, question.kind, question.level) == ((), "", "")


@pytest.mark.parametrize("answer", ["The The", "!!!", "the", "a", "0", "–"])
def test_an_answer_that_shows_something_is_read(put, records, answer):
    records[0]["answer"] = answer
    assert next(read_questions(put("dev.json", records)))[0].answer == answer


@pytest.mark.parametrize("field", ["question", "answer", "context", "supporting_facts", "type"])
def test_another_question_of_the_same_id_is_refused(put, records, field):
    other = {"question": "Why?", "answer": "no", "context": [], "supporting_facts": [], "type": ""}
    again = {**records[0], field: other[field]}
    said = r"^dev\.json, record 2: its _id '5a' is that of record 0, which is another question; give"
    with pytest.raises(BadRecord, match=said):
        list(read_questions(put("dev.json", [*records, again])))


def test_a_record_may_be_said_twice(put, records):
    assert len(list(read_questions(put("dev.json", records * 2)))) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PAR1\x15\x04", r"dev\.json is a Parquet file; expected JSON, such as datasets\.load_dataset"),
        (gzip.compress(b"[]"), r"dev\.json is packed by gzip; unpack it first, such as by gunzip"),
        (bz2.compress(b"[]"), r"dev\.json is packed by bzip2"),
        (lzma.compress(b"[]"), r"dev\.json is packed by xz"),
        (b"PK\x03\x04....", r"dev\.json is a zip archive"),
        (b"", r"dev\.json begins with ''; expected a JSON array \('\['\) or object \('{'\)"),
        (b"_id,question\n1,a", r"dev\.json begins with '_id,question"),
        ("[]".encode("utf-16"), r"dev\.json"),
        (
            b'{"question": "a?", "answer": "b"},\n{"question"',
            r"dev\.json, record 1: expected an object \('{'\), found ','",
        ),
        (b'{"question": "a?", "answer": "b"}\n{"question"', r"dev\.json, record 1: .*line 2.*damaged"),
        (b'{"data": [{"question": "a?", "answer": "b"}]}', r"dev\.json, record 0: it has no question"),
    ],
    ids=range(11),
)
def test_files_of_other_kinds_are_refused_by_name(put, content, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        list(read_questions(put("dev.json", content)))


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
