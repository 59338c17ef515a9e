"""The memory of batches, and batches of requests within a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from transformers import PreTrainedModel

from forethought.agents.models.local.prefix_tree import PrefixTree

GIB = 2**30
ON_CPU = 2 * GIB
OF_FREE = 0.6  # of a GPU's free memory; the rest is for its own libraries and for other programs
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Sizes:
    """Bytes of a model's tensors for a batch, from its configuration."""

    state: int  # keys and values of a token, in all layers
    token: int  # of one token inside one layer
    place: int  # in one layer, keys and values of a place, repeated for the heads that share them
    score: int  # of a token for a place that it reads, all heads
    mask: int  # of a token for a place
    logits: int  # of a token, with the copies that sampling makes

    @classmethod
    def of(cls, model: PreTrainedModel) -> Sizes:
        """The sizes of a model, in bytes, from its config and its type of numbers."""
        config: Any = model.config.get_text_config()
        heads = int(getattr(config, "num_attention_heads", None) or 1)  # a model of recurrences has none
        shared = int(getattr(config, "num_key_value_heads", None) or heads)
        width = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
        inner = int(getattr(config, "intermediate_size", None) or 4 * config.hidden_size)
        size = model.dtype.itemsize
        return cls(
            state=int(config.num_hidden_layers) * shared * width * 2 * size,
            token=(8 * int(config.hidden_size) + 8 * heads * width + 4 * inner) * size,
            place=heads * width * 2 * size,
            score=heads * (3 * size + 4),
            mask=2 * size + 4,
            logits=int(config.vocab_size) * (2 * size + 12),
        )

    def row(self, room: int, places: int) -> int:
        """The bytes of a row that may write `room` tokens and reads so many places of prompts."""
        return room * self.state + self.token + (room + places) * self.score + self.logits

    def passing(self, tokens: int, places: int, wanted: int) -> int:
        """The bytes of one forward pass over tokens that read so many places, with the logits of some."""
        return tokens * (self.token + places * self.mask) + places * self.place + wanted * self.logits


@dataclass(frozen=True)
class MemoryLimit:
    """The most bytes of a batch beside the weights. A `firm` limit holds for single requests too."""

    bytes: int
    firm: bool

    @classmethod
    def of(cls, given: int | None, device: torch.device) -> MemoryLimit:
        """The given limit; else 2 GiB on a CPU and 0.6 of the free memory of a GPU, or more for one large request."""
        if given is not None:
            return cls(given, True)
        return cls(int(OF_FREE * free_on(device)) if device.type == "cuda" else ON_CPU, False)

    @property
    def held(self) -> int:
        """The bytes for tensors that stay while a batch is written."""
        return self.bytes * 3 // 4

    @property
    def passing(self) -> int:
        """The bytes for the tensors of one forward pass over prompts."""
        return self.bytes // 4


def free_on(gpu: torch.device) -> int:
    """The free bytes of a device, and those that PyTorch has reserved here and does not use."""
    idle = torch.cuda.memory_reserved(gpu) - torch.cuda.memory_allocated(gpu)
    return torch.cuda.mem_get_info(gpu)[0] + idle


@dataclass(frozen=True)
class RequestSize:
    """The tokens that one item of a batch reads, and the tokens that it may write."""

    tokens: list[int]
    room: int = 0


class Packed:
    """A batch with its prompts in a forest; needs come sorted by their tokens."""

    def __init__(self, sizes: Sizes, spread: int) -> None:
        self.sizes, self.forest = sizes, PrefixTree(spread)
        self.rows = self.room = 0

    def bytes_with(self, need: RequestSize) -> int:
        """The memory of the batch with one more request, in bytes."""
        places = self.forest.places() + self.forest.growth(need.tokens)
        room = max(self.room, need.room)
        row = self.sizes.row(room, self.forest.widest_with(need.tokens)) if room else 0
        return places * self.sizes.state + (self.rows + 1) * row

    def add(self, need: RequestSize) -> None:
        """Add a request to the batch."""
        if need.tokens != self.forest.last:
            self.forest.add(need.tokens)
        self.rows, self.room = self.rows + 1, max(self.room, need.room)


class Padded:
    """A batch with a whole prompt in every row, padded to the longest one."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.rows = self.longest = self.room = 0

    def bytes_with(self, need: RequestSize) -> int:
        """The memory of the batch with one more request, in bytes."""
        longest, room = max(self.longest, len(need.tokens)), max(self.room, need.room)
        prompt = longest * self.sizes.state + self.sizes.passing(longest, longest, 0)
        return (self.rows + 1) * (prompt + self.sizes.row(room, longest))

    def add(self, need: RequestSize) -> None:
        """Add a request to the batch."""
        self.longest, self.room = max(self.longest, len(need.tokens)), max(self.room, need.room)
        self.rows += 1


def packed(needs: Sequence[RequestSize], sizes: Sizes, limit: MemoryLimit, spread: int) -> Iterator[list[int]]:
    """The numbers of the needs, in the order of their tokens, in batches within the limit. See `cut`."""
    order = sorted(range(len(needs)), key=lambda i: needs[i].tokens)
    return cut(needs, order, lambda: Packed(sizes, spread), limit)


def padded(needs: Sequence[RequestSize], sizes: Sizes, limit: MemoryLimit) -> Iterator[list[int]]:
    """The numbers of the needs, the longest first, in batches within the limit. See `cut`."""
    order = sorted(range(len(needs)), key=lambda i: (-len(needs[i].tokens) - needs[i].room, i))
    return cut(needs, order, lambda: Padded(sizes), limit)


def cut(
    needs: Sequence[RequestSize], order: Sequence[int], start: Callable[[], Packed | Padded], limit: MemoryLimit
) -> Iterator[list[int]]:
    """Batches of needs within the limit. Raises MemoryError: a single need is over a firm limit."""
    batch: list[int] = []
    filling = start()
    for i in order:
        takes = filling.bytes_with(needs[i])
        if batch and takes > limit.held:
            yield batch
            batch, filling = [], start()
            takes = filling.bytes_with(needs[i])
        if limit.firm and takes > limit.held:
            raise MemoryError(too_large(needs[i], takes, limit))
        filling.add(needs[i])
        batch.append(i)
    if batch:
        yield batch


def too_large(need: RequestSize, takes: int, limit: MemoryLimit) -> str:
    """The message for a request beyond the limit of memory."""
    return (
        f"a request of {len(need.tokens)} tokens that may write {need.room} more takes about {takes / 2**20:.0f} MiB, "
        f"and the limit of {limit.bytes / 2**20:.0f} MiB keeps {limit.held / 2**20:.0f} for it; "
        "give a larger `memory`, a shorter prompt, or fewer tokens to write"
    )


def split_on_oom(work: Callable[[Sequence[Item]], list[Result]], batch: Sequence[Item]) -> list[Result]:
    """The results of a batch; if memory runs out, of its halves in turn.

    Raises MemoryError: it ran out over a single item.
    """
    try:
        return work(batch)
    except RuntimeError as error:
        if not ran_out(error):
            raise
        if len(batch) == 1:
            raise MemoryError(
                f"memory ran out over a single request ({error!s:.200}); "
                "give a shorter prompt, fewer tokens to write, or a smaller model"
            ) from None
    if torch.cuda.is_available():  # outside of `except`, where the tensors of the failed try are still held
        torch.cuda.empty_cache()
    middle = len(batch) // 2
    return [*split_on_oom(work, batch[:middle]), *split_on_oom(work, batch[middle:])]


def ran_out(error: RuntimeError) -> bool:
    """Whether an error means that memory ran out: PyTorch has a class for GPUs, and a text on a CPU."""
    texts = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in texts)
