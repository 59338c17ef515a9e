"""The journal as the driver writes it and reads it again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.search import Estimate, Evaluate, Expand, beam, greedy, mcts
from forethought.search.engine.journal import Journal, JournalError, encode, seal
from forethought.search.registry import algorithm

LEGAL = {"": "ab", "a": "ab", "b": "ab"}
VALUES = {"a": 0.4, "b": 0.6, "ba": 0.3, "bb": 0.7}


def lines(path):
    """Task, seq, kind and answer of each line."""
    found = map(json.loads, path.read_text().splitlines())
    return [encode(line[:4]) for line in found if line[0] >= 0]


def rewrite(path, seq, answer):
    """Another answer in the place of one of task 0, and nothing after it."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [line[:5] for line in found if line[0] < 0 or line[1] <= seq]
    text = [seal(*line[:3], json.loads(answer) if line[:2] == [0, seq] else line[3], line[4]) for line in kept]
    path.write_text("".join(f"{line}\n" for line in text))


def test_every_answer_is_a_line(journaled, path):
    journaled()
    assert lines(path) == [
        '[0,0,"expand",[[[["a",0.5],["b",0.5]],0]]]',
        '[1,0,"expand",[[[["a",0.5],["b",0.5]],0]]]',
        '[0,1,"evaluate",[0.4,0.6]]',
        '[1,1,"evaluate",[0.4,0.6]]',
        '[0,2,"expand",[[[["a",0.5],["b",0.5]],0]]]',
        '[1,2,"expand",[[[["a",0.5],["b",0.5]],0]]]',
        '[0,3,"evaluate",[0.3,0.7]]',
        '[1,3,"evaluate",[0.3,0.7]]',
        '[0,4,"expand",[[[],0]]]',
        '[1,4,"expand",[[[],0]]]',
    ]


def test_a_stop_is_a_line(journaled, path):
    outcomes = journaled(budget="nodes=2", tasks=[0])
    assert lines(path)[2:] == ['[0,2,"stop","nodes"]']
    assert outcomes[0].answer.state.letters == "b"


def test_an_answer_is_in_the_file_before_it_is_used(journaled, path):
    held = []

    def search(root):
        children = yield Expand(root)
        held.append(len(lines(path)))
        yield Evaluate(children)
        held.append(len(lines(path)))
        return root

    journaled(search, tasks=[0])
    assert held == [1, 2]


def test_an_answer_that_cannot_be_used_is_no_line_and_is_asked_for_again(journaled, judge, path):
    wrong = judge(lambda query: Estimate(1.5 if query.task == 1 else 0.5))
    outcomes = journaled(value=wrong)
    assert outcomes[1].error is not None
    assert [line for line in lines(path) if line.startswith("[1")] == ['[1,0,"expand",[[[["a",0.5],["b",0.5]],0]]]']
    assert journaled()[1].answer.state.letters == "bb"


def test_a_replay_asks_no_model_and_grows_the_same_trees(results, journaled, dumb, path):
    first = results(journaled(budget="nodes=3"))
    written = lines(path)
    assert results(journaled(value=dumb(), policy=dumb(), budget="nodes=3")) == first
    assert lines(path) == written


def test_a_journal_that_ends_early_is_gone_on_with(results, journaled, judge, mover, path):
    first = results(journaled())
    whole = path.read_bytes().splitlines(keepends=True)
    for kept in range(len(whole)):
        path.write_bytes(b"".join(whole[:kept]))
        held = lines(path)
        policy, value = mover(), judge(VALUES)
        assert results(journaled(value=value, policy=policy)) == first
        assert sum(map(len, policy.calls)) == 6 - sum("expand" in line for line in held)
        assert sum(map(len, value.calls)) == 8 - 2 * sum("evaluate" in line for line in held)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.integers(0, 10**6),
    st.sampled_from([greedy, beam, mcts]),
    st.integers(5, 40),
)
def test_a_run_cut_at_any_byte_comes_to_the_same_results(
    results, grown, worth_of, judge, drive, tmp_path_factory, cuts, seed, search, nodes
):
    path = tmp_path_factory.mktemp("cut") / "j"

    def run():
        with Journal(path) as journal:
            settings = {"tasks": range(3), "budget": f"nodes={nodes}", "journal": journal}
            return results(drive(grown(seed), judge(worth_of(seed)), search, **settings))

    whole, written = run(), path.read_bytes()
    for cut in cuts:
        path.write_bytes(written[: int(cut * len(written))])
        assert run() == whole


def test_a_run_torn_at_any_byte_of_its_last_lines_comes_to_the_same_results(results, journaled, path):
    whole, written = results(journaled(budget="nodes=3")), path.read_bytes()
    start = len(b"".join(written.splitlines(keepends=True)[:-4]))
    for length in range(start, len(written)):
        path.write_bytes(written[:length])
        assert results(journaled(budget="nodes=3")) == whole


@pytest.mark.parametrize("concurrency", [1, 2, 64])
def test_a_run_may_be_resumed_at_another_concurrency(results, grown, worth_of, judge, drive, dumb, path, concurrency):
    def run(value, policy, concurrency, tasks=range(6)):
        with Journal(path) as journal:
            settings = {"tasks": tasks, "budget": "nodes=40", "journal": journal, "concurrency": concurrency}
            return results(drive(grown(1), value, mcts, policy=policy, **settings))

    whole = run(judge(worth_of(1)), None, 3)
    assert run(dumb(), dumb(), concurrency) == whole
    assert run(dumb(), dumb(), concurrency, range(5, -1, -1)) == whole


def test_journals_of_workers_are_merged_by_sorting(results, grown, worth_of, judge, drive, dumb, tmp_path):
    def run(path, value, policy, tasks):
        with Journal(path) as journal:
            outcomes = drive(grown(1), value, mcts, policy=policy, tasks=tasks, budget="nodes=30", journal=journal)
        return results(outcomes)

    whole = run(tmp_path / "a", judge(worth_of(1)), None, [0, 2]) | run(
        tmp_path / "b", judge(worth_of(1)), None, [1, 3]
    )
    one, two = ((tmp_path / name).read_text().splitlines() for name in "ab")
    merged = [one[0], *(line for line in one + two if line[1] != "-")]
    (tmp_path / "c").write_text("".join(line + "\n" for line in merged))
    assert run(tmp_path / "c", dumb(), dumb(), range(4)) == whole


def test_an_error_of_the_world_is_tried_again_from_the_journal(letters, judge, mover, dumb, drive, path):
    world, policy = letters({"": "a"}), mover()
    plain = world.step

    def broken(*_):
        raise OSError("broken")

    world.step = broken
    for fails in (True, False):
        with Journal(path) as journal:
            outcome = drive(world, judge(), greedy, policy=policy, journal=journal)[0]
        assert isinstance(outcome.error, OSError) is fails
        world.step = plain
    assert policy.calls == [[(0, "")], [(0, "a")]]


def test_a_journal_of_another_search_is_told(journaled):
    journaled(algorithm("greedy"))

    def other(root):
        yield Evaluate([root])
        return root

    told = "another run: task 0, answer 0 is 'expand' there, and the search now asks to evaluate; resume with the code"
    with pytest.raises(JournalError, match=told):
        journaled(other)


def test_a_journal_of_a_longer_search_is_told(journaled):
    journaled(greedy)
    with pytest.raises(
        JournalError, match=r"another run: task 0, answer 2 is 'expand' there, and the search has ended"
    ):
        journaled(algorithm("greedy", {"depth": 1}))


@pytest.mark.parametrize("answer", ["5", "[[5,0]]", '[[[["a"]],0,1]]', "[null]", '[[[["a",1,"b","c"]],0]]', "null"])
def test_an_answer_that_cannot_be_read_is_told(journaled, path, answer):
    journaled(tasks=[0])
    rewrite(path, 0, answer)
    with pytest.raises(JournalError, match=r"task 0, answer 0: expand cannot be read"):
        journaled()


@pytest.mark.parametrize("answer", ["[7,0.5]", '["x",0.5]', "[[0.5],0.5]", "[null,0.5]", '[[2,"",0,true],0.5]'])
def test_a_value_that_cannot_be_read_is_told(journaled, path, answer):
    journaled(tasks=[0])
    rewrite(path, 1, answer)
    with pytest.raises(JournalError, match=r"task 0, answer 1: evaluate cannot be read"):
        journaled()


def test_a_search_without_a_journal_comes_to_the_same(results, journaled, letters, judge, drive):
    assert results(journaled()) == results(drive(letters(LEGAL), judge(VALUES), greedy, tasks=[0, 1]))
