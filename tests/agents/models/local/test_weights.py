from __future__ import annotations

from pathlib import Path

import adapter_files
import pytest

from forethought.agents import open_model
from forethought.agents.models.local.weights import SMOLLM2_HUB, cache_folder, content_of, find_weights


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


# The hub, which nobody asks here: what its cache holds is what is known of it


FIRST, SECOND = "1" * 40, "2" * 40


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A cache of huggingface_hub with a repository org/name of no commits."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="the extra [lm] is not installed")
    assert constants.HF_HUB_OFFLINE
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--org--name"
    (repository / "refs").mkdir(parents=True)
    return repository


def commit(hub, name, branch="main"):
    folder = hub / "snapshots" / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (hub / "refs" / branch).write_text(name)
    return folder


def test_a_commit_is_taken_as_it_is():
    found = find_weights(f"hf:org/name@{FIRST}")
    assert (found.source, found.revision, found.content) == ("org/name", FIRST, f"hub:org/name@{FIRST}")
    with pytest.raises(ValueError, match="write hf:ORG/NAME"):
        find_weights("hf:name")


def test_a_branch_is_the_commit_that_it_is_at(hub):
    commit(hub, FIRST)
    commit(hub, SECOND, "v2")
    assert find_weights("hf:org/name") == find_weights("hf:org/name@main") == find_weights(f"hf:org/name@{FIRST}")
    assert find_weights("hf:org/name@v2") == find_weights(f"hf:org/name@{SECOND}")
    (hub / "refs" / "main").write_text(SECOND)  # it moves
    assert find_weights("hf:org/name").content == f"hub:org/name@{SECOND}"


@pytest.mark.parametrize("spec", ["hf:org/name", "hf:org/name@abc", "hf:org/other", "hf:org/na me", "hf:org/name@"])
def test_a_branch_of_unknown_commit_is_told_what_to_name(hub, spec):
    name = spec[3:].partition("@")[0]
    with pytest.raises(ValueError, match=f"cannot be known .* name one, hf:{name}@COMMIT"):
        find_weights(spec)


def test_the_model_of_a_branch_is_that_of_its_commit_and_a_run_knows_it_by_that(hub):
    pytest.importorskip("torch", reason="the extra [lm] is not installed")
    contents = []
    for seed, name in enumerate((FIRST, SECOND)):
        write_model(commit(hub, name), seed)
        lm = open_model("hf:org/name")
        contents.append(lm.content)
        assert {weight.item() for weight in lm.model.lm_head.weight.flatten()} == {float(seed)}
        assert open_model(f"hf:org/name@{FIRST}").model.lm_head.weight.max() == 0
    assert contents == [f"hub:org/name@{FIRST}", f"hub:org/name@{SECOND}"]


def write_model(folder, number):
    """A tiny one; all weights of its last layer are the number."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    sizes = {"vocab_size": 2, "hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1}
    model = LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=1))
    torch.nn.init.constant_(model.lm_head.weight, number)
    model.save_pretrained(folder)
    inner = Tokenizer(models.WordLevel({"<end>": 0, "a": 1}, unk_token="<end>"))
    PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>").save_pretrained(folder)


def test_an_unknown_model_is_told_what_there_is():
    with pytest.raises(ValueError, match=r"unknown model 'gpt-9'; expected smollm2-135m"):
        find_weights("gpt-9")


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("FORETHOUGHT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/forethought")


def test_without_the_package_the_hub_is_named(monkeypatch, hub):
    monkeypatch.setattr("forethought.agents.models.local.weights.packaged_gguf", lambda: None)
    commit(hub.rename(hub.with_name(f"models--{SMOLLM2_HUB.replace('/', '--')}")), FIRST)
    found = find_weights("smollm2-135m")
    assert (found.source, found.content) == (SMOLLM2_HUB, f"hub:{SMOLLM2_HUB}@{FIRST}")


def test_a_server_is_opened_by_its_address_and_asked_for_an_adapter_by_name(tmp_path):
    pytest.importorskip("aiohttp")
    spec = "server:some/model@http://127.0.0.1:9/v1"
    adapter_files.write_adapter(tmp_path)
    server = open_model(spec, tmp_path)
    assert server.name.startswith(spec)
    assert server.content != open_model(spec).content


def test_a_folder_is_known_by_its_settings(folder):
    content = find_weights(str(folder)).content
    (folder / "config.json").write_text('{"transformers_version": "5.0", "rope_theta": 1}')
    one = find_weights(str(folder)).content
    (folder / "config.json").write_text('{"rope_theta": 1, "transformers_version": "5.24"}')
    assert find_weights(str(folder)).content == one != content
    (folder / "config.json").write_text('{"rope_theta": 2}')
    assert find_weights(str(folder)).content != one
