from __future__ import annotations

import json
from pathlib import Path

import pytest

from forethought.agents import open_model
from forethought.agents.weights import SMOLLM2_HUB, cache_folder, content_of, find_weights


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "tokenizer.json").write_text("{}")
    return tmp_path


def test_a_folder_is_known_by_its_content(folder):
    found = find_weights(str(folder))
    assert (found.source, found.revision) == (str(folder.resolve()), None)
    (folder / "model.safetensors").write_bytes(b"weightz")
    assert find_weights(str(folder)).content != found.content


def test_other_weight_formats_are_not_read(folder):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"no .safetensors file; other weight formats are not read"):
        content_of(folder)


def test_hub_names_carry_their_revision():
    found = find_weights("hf:org/name@abc")
    assert (found.source, found.revision, found.content) == ("org/name", "abc", "hub:org/name@abc")
    with pytest.raises(ValueError, match="write hf:ORG/NAME"):
        find_weights("hf:name")


def test_an_unknown_model_is_told_what_there_is():
    with pytest.raises(ValueError, match=r"unknown model 'gpt-9'; expected smollm2-135m"):
        find_weights("gpt-9")


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("FORETHOUGHT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/forethought")


def test_without_the_package_the_hub_is_named(monkeypatch):
    monkeypatch.setattr("forethought.agents.weights.packaged_gguf", lambda: None)
    assert find_weights("smollm2-135m").source == SMOLLM2_HUB


def test_a_server_is_opened_by_its_address_and_asked_for_an_adapter_by_name(tmp_path):
    pytest.importorskip("openai")
    spec = "server:some/model@http://127.0.0.1:9/v1"
    (tmp_path / "adapter_model.safetensors").write_bytes(b"weights")
    server = open_model(spec, tmp_path)
    assert server.name.startswith(spec)
    assert server.content != open_model(spec).content


def test_the_content_of_an_adapter_tells_how_it_is_applied_and_not_where_its_model_lies(tmp_path):
    (tmp_path / "adapter_model.safetensors").write_bytes(b"weights")
    settings = tmp_path / "adapter_config.json"
    contents = []
    for config in ({"lora_alpha": 16}, {"lora_alpha": 32}, {"lora_alpha": 32, "base_model_name_or_path": "/here"}):
        settings.write_text(json.dumps({"base_model_name_or_path": "/there", **config}))
        contents.append(content_of(tmp_path))
    assert contents[0] != contents[1] == contents[2]
