"""Weights and tokenizer from their files, whole, or refused in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from forethought.agents.models.local.weights import Weights, find_weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

NAMED = 3  # of the weights that are missing


def load(spec: str, device: str = "cpu") -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer of a spec, in the fastest exact type of the device; safetensors only."""
    return load_weights(find_weights(spec), device)


def load_weights(weights: Weights, device: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer of resolved weights, on a device.

    Raises ValueError: damaged or missing files, weights of another kind of model, or no such device.

    Raises ImportError: a library that they need is not installed.
    """
    from transformers import __version__

    place = device_of(device)
    try:
        with quiet():
            model, tokenizer, missing = read_files(weights, device)
    except ImportError:
        raise
    except Exception as error:  # transformers passes on any error of its parts
        said = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")
        raise ValueError(
            f"the model {weights.source} cannot be loaded by transformers {__version__} ({said:.300}); "
            "give a folder with a whole causal language model and its tokenizer"
        ) from error
    check_whole(weights.source, missing)
    check_vocabulary(weights.source, model, tokenizer)
    model.to(place)  # type: ignore[arg-type]  # a decorator hides the signature
    check_finite(weights.source, model)
    model.eval()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
    return model, tokenizer


def read_files(weights: Weights, device: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, Sequence[str]]:
    """The model, its tokenizer, and the names of the weights that the files lack."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    kwargs: dict[str, Any] = {"revision": weights.revision} if weights.revision else {}
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        weights.source,
        dtype=fastest_dtype(device),
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
        **kwargs,
    )
    model, told = loaded
    tokenizer = AutoTokenizer.from_pretrained(weights.source, trust_remote_code=False, **kwargs)
    return model, tokenizer, sorted(told["missing_keys"])


def check_whole(source: str, missing: Sequence[str]) -> None:
    """Raises ValueError: weights that transformers would draw at random."""
    if missing:
        shown = ", ".join(missing[:NAMED]) + ", …" * (len(missing) > NAMED)
        raise ValueError(
            f"the files of the model {source} lack {len(missing)} of its weights ({shown}); "
            "give a folder with a whole causal language model"
        )


def check_finite(source: str, model: PreTrainedModel) -> None:
    """Raises ValueError: weights that are no finite numbers, as a training that diverged leaves them."""
    sums = {name: weight.detach().sum() for name, weight in model.named_parameters() if weight.is_floating_point()}
    doubtful = {name for name, found in sums.items() if not torch.isfinite(found)}  # a sum may be too large alone
    wrong = [name for name, weight in model.named_parameters() if name in doubtful and not torch.isfinite(weight).all()]
    if wrong:
        shown = ", ".join(wrong[:NAMED]) + ", …" * (len(wrong) > NAMED)
        raise ValueError(
            f"the model {source} has {len(wrong)} weights with values that are not finite ({shown}); "
            "give a model whose training did not diverge, or download its files again"
        )


def check_vocabulary(source: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raises ValueError: a tokenizer of another model, with more tokens than this one."""
    rows = rows_of(model)
    if tokenizer.vocab_size > rows:
        raise ValueError(
            f"the tokenizer of the model {source} has {tokenizer.vocab_size} tokens, and the model has {rows}; "
            "give the tokenizer that belongs to the model"
        )


def rows_of(model: PreTrainedModel) -> int:
    """The tokens that a model can read."""
    table: Any = model.get_input_embeddings()
    return int(table.weight.shape[0])


def device_of(name: str) -> torch.device:
    """Raises ValueError: no such device of PyTorch here."""
    try:
        place = torch.device(name)
        torch.empty(1, device=place)
    except (RuntimeError, AssertionError) as error:
        said = str(error).strip().partition("\n")[0]
        raise ValueError(f"the device {name!r} cannot be used here ({said:.200}); try --device cpu") from error
    return place


def fastest_dtype(device: str) -> torch.dtype:
    """bfloat16 where the hardware multiplies it (2.4 times faster there), else float32 (3 times faster there)."""
    if device != "cpu":
        return torch.bfloat16
    able: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # earlier versions of PyTorch cannot tell
    return torch.bfloat16 if able.get("amx_bf16") or able.get("avx512_bf16") else torch.float32


@contextmanager
def quiet() -> Iterator[None]:
    """Without progress bars, and without reports that are told here as errors."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves these untyped
    before = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # likewise
    try:
        yield
    finally:
        logging.set_verbosity(before)
