"""The parts of the local backend that need no model."""

from __future__ import annotations

from itertools import pairwise

import pytest

pytest.importorskip("torch", reason="the extra [lm] is not installed")
pytest.importorskip("transformers", reason="the extra [lm] is not installed")

import torch
from hypothesis import given
from hypothesis import strategies as st

from forethought.agents.models.local.batching import MemoryLimit, RequestSize, Sizes, packed, padded, split_on_oom
from forethought.agents.models.local.decoding import BUCKET, draw
from forethought.agents.models.local.prefix_tree import PrefixTree

PROMPTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=12)
SIZES = Sizes(state=10, token=1, place=1, score=0, mask=0, logits=5)


def forest_of(prompts, spread):
    forest, expected = PrefixTree(spread), []
    for prompt in sorted({tuple(prompt): prompt for prompt in prompts}.values()):
        expected.append(forest.places() + forest.growth(prompt))
        forest.add(prompt)
        assert forest.places() == expected[-1]
    return forest.closed()


@given(PROMPTS, st.integers(0, 20))
def test_a_place_reads_exactly_the_places_of_its_prompt_up_to_itself(prompts, spread):
    spelt = []
    for block in forest_of(prompts, spread):
        for path in block.paths:
            spelt.append([block.tokens[place] for place in path])
            last = path[-1]
            assert [place for place in range(len(block)) if place <= last < block.ends[place]] == path
            assert [block.positions[place] for place in path] == list(range(len(path)))
    assert spelt == sorted(map(list, {tuple(prompt) for prompt in prompts}))


@given(PROMPTS, st.integers(0, 20))
def test_what_prompts_share_is_read_once_whatever_block_they_stand_in(prompts, spread):
    blocks = forest_of(prompts, spread)
    distinct = {tuple(prompt[:end]) for prompt in prompts for end in range(1, len(prompt) + 1)}
    assert sum(len(block) - block.inherited for block in blocks) == len(distinct)
    for before, block in pairwise(blocks):
        assert [before.tokens[place] for place in block.above] == block.tokens[: block.inherited]
        assert all(len(block) - len(path) <= spread for path in block.paths)


def test_siblings_stand_in_one_block_and_strangers_apart():
    shared = [7] * 600
    blocks = forest_of([[*shared, n, n] for n in range(5)] + [[n] * 600 for n in (8, 9)], 512)
    assert [(len(block), len(block.paths)) for block in blocks] == [(610, 5), (600, 1), (600, 1)]


@given(PROMPTS, st.integers(0, 20), st.integers(1, 2000))
def test_every_need_is_in_one_batch_within_the_limit(prompts, spread, size):
    needs, limit = [RequestSize(prompt, room=3) for prompt in prompts], MemoryLimit(size, firm=False)
    for batches in (list(packed(needs, SIZES, limit, spread)), list(padded(needs, SIZES, limit))):
        assert sorted(i for batch in batches for i in batch) == list(range(len(needs)))
    for batch in packed(needs, SIZES, limit, spread):
        blocks = forest_of([prompts[i] for i in batch], spread)
        held = 10 * sum(map(len, blocks)) + len(batch) * (3 * 10 + 1 + 5)
        assert len(batch) == 1 or held <= size * 3 // 4


def test_batches_are_as_large_as_the_limit_allows():
    needs = [RequestSize([1] * 10, room=3)] * 8
    assert list(map(len, packed(needs, SIZES, MemoryLimit(4 * (100 + 4 * 36) // 3 + 1, firm=True), 0))) == [4, 4]


def test_a_single_need_over_a_firm_limit_is_told_what_to_do():
    with pytest.raises(MemoryError, match=r"10 tokens that may write 3 more .* give a larger `memory`"):
        list(packed([RequestSize([1] * 10, room=3)], SIZES, MemoryLimit(100, firm=True), 0))
    assert list(packed([RequestSize([1] * 10, room=3)], SIZES, MemoryLimit(100, firm=False), 0)) == [[0]]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] data. DefaultCPUAllocator: not enough memory"),
    ],
)
def test_a_batch_that_runs_out_of_memory_is_halved(error):
    tried = []

    def work(items):
        tried.append(len(items))
        if len(items) > 2:
            raise error
        return [item * 10 for item in items]

    assert split_on_oom(work, [1, 2, 3, 4, 5]) == [10, 20, 30, 40, 50]
    assert tried == [5, 2, 3, 1, 2]


def test_memory_that_runs_out_over_one_request_is_told():
    def work(items):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(MemoryError, match=r"over a single request .* give a shorter prompt"):
        split_on_oom(work, [1, 2, 3])


def test_other_errors_are_not_tried_again():
    def work(items):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        split_on_oom(work, [1, 2])


def test_draws_follow_the_probabilities():
    columns = 2 * BUCKET + 10  # the last bucket is not full
    probabilities = torch.zeros(columns)
    likely = {3: 0.5, BUCKET + 1: 0.3, columns - 1: 0.2}
    for column, probability in likely.items():
        probabilities[column] = probability
    count = 3000
    drawn = draw(probabilities.expand(count, -1), [torch.Generator().manual_seed(seed) for seed in range(count)])
    found = {column: int((drawn == column).sum()) / count for column in likely}
    assert found == pytest.approx(likely, abs=0.03)
    assert sum(found.values()) == pytest.approx(1)


def test_the_last_bits_of_probabilities_hardly_move_a_draw():
    """A point on cumulated probabilities would move in some of these rows; a race does not."""
    exact = torch.rand(200, 40_000, generator=torch.Generator().manual_seed(0)).softmax(-1)
    bent = exact * (1 + 2e-7 * torch.randn(exact.shape, generator=torch.Generator().manual_seed(1)))
    first, second = (draw(p, [torch.Generator().manual_seed(seed) for seed in range(200)]) for p in (exact, bent))
    assert torch.equal(first, second)
