"""Prompts as a forest of tokens; a shared prefix stands in it once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile


class Block:
    """Some prompts as one sequence of places, a parent before its children.

    A place reads itself and its ancestors: the places up to itself with a subtree that has not ended there. The first
    `inherited` places are a path of the block before; a model has read them already.
    """

    def __init__(self, before: Block | None = None, shared: int = 0) -> None:
        self.above: list[int] = before.path[:shared] if before else []  # the inherited path, as places of that block
        self.inherited = shared
        self.tokens: list[int] = [before.tokens[place] for place in self.above] if before else []
        self.positions: list[int] = list(range(shared))  # in its prompt
        self.ends: list[int] = [0] * shared  # the first place after the subtree; 0 while that is open
        self.path: list[int] = list(range(shared))  # the places of the prompt added last
        self.paths: list[list[int]] = []  # of each prompt
        self.common: int | None = None  # places that all prompts share, the first ones

    def __len__(self) -> int:
        return len(self.tokens)

    def unread(self, tokens: Sequence[int], shared: int) -> int:
        """Places that some prompt would not read with one more prompt in the block."""
        common = len(tokens) if self.common is None else min(self.common, shared)
        return len(self) + len(tokens) - shared - common

    def add(self, tokens: Sequence[int], shared: int) -> None:
        """Add a prompt that shares its first `shared` tokens with the last one."""
        self.leave(shared)
        new = range(len(self), len(self) + len(tokens) - shared)
        self.tokens += tokens[shared:]
        self.positions += range(shared, len(tokens))
        self.ends += [0] * len(new)
        self.path = [*self.path[:shared], *new]
        self.paths.append(self.path)
        self.common = len(tokens) if self.common is None else min(self.common, shared)

    def leave(self, depth: int = 0) -> None:
        """End the subtrees of the last path from this depth on."""
        for place in self.path[depth:]:
            self.ends[place] = len(self)


class PrefixTree:
    """Prompts in blocks; no prompt shares a block with more than `spread` places that it does not read.

    Prompts are added in the order of their tokens: the longest prefix shared with any earlier prompt is then the prefix
    shared with the last one.
    """

    def __init__(self, spread: int) -> None:
        self.spread = spread
        self.blocks: list[Block] = []
        self.last: list[int] = []

    def places(self) -> int:
        """The places of all blocks; an inherited place counts again in each block."""
        return sum(map(len, self.blocks))

    def widest_with(self, tokens: Sequence[int]) -> int:
        """The length of the longest block with one more prompt."""
        shared = common_prefix(self.last, tokens)
        last = len(self.blocks[-1]) if self._fits(tokens, shared) else shared
        return max([last + len(tokens) - shared, *map(len, self.blocks)])

    def growth(self, tokens: Sequence[int]) -> int:
        """The places that a prompt would add; 0 for the prompt added last."""
        shared = common_prefix(self.last, tokens)
        if self.blocks and tokens == self.last:
            return 0
        return len(tokens) - (shared if self._fits(tokens, shared) else 0)

    def add(self, tokens: list[int]) -> None:
        """Add a prompt; prompts come sorted, and each once."""
        assert self.last < tokens, "prompts come sorted, and each once"
        shared = common_prefix(self.last, tokens)
        if not self._fits(tokens, shared):
            before = self.blocks[-1] if self.blocks else None
            self.blocks.append(Block(before, shared))
        self.blocks[-1].add(tokens, shared)
        self.last = tokens

    def closed(self) -> list[Block]:
        """All blocks, with their last branches ended."""
        for block in self.blocks:
            block.leave()
        return self.blocks

    def _fits(self, tokens: Sequence[int], shared: int) -> bool:
        return bool(self.blocks) and self.blocks[-1].unread(tokens, shared) <= self.spread


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """The number of equal tokens at the beginning of both."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
