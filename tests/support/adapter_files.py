"""Adapters made by hand, for tests that need no torch."""

from __future__ import annotations

import json
from pathlib import Path

BEFORE = "base_model.model.model.layers.0.self_attn"
TENSORS = {f"{BEFORE}.{layer}.lora_{side}.weight": bytes(range(8)) for layer in ("q_proj", "v_proj") for side in "AB"}
LORA = {"peft_type": "LORA", "r": 1, "lora_alpha": 2, "target_modules": ["q_proj", "v_proj"]}


def safetensors(tensors: dict[str, bytes], **metadata: str) -> bytes:
    """A file of single-precision vectors, in the order given."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, data in tensors.items():
        header[name] = {"dtype": "F32", "shape": [len(data) // 4], "data_offsets": [end, end + len(data)]}
        end += len(data)
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + b"".join(tensors.values())


def write_adapter(folder: Path, tensors: dict[str, bytes] = TENSORS, **settings: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(safetensors(tensors))
    (folder / "adapter_config.json").write_text(json.dumps({**LORA, **settings}))
    return folder
