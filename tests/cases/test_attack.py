"""Faults found by attack: each with the tests that hold it, and those that stand nowhere else."""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forethought.cli.main import app, main

TESTS = Path(__file__).parent.parent
ENGINE, SERVER, LOCAL = "search/engine", "agents/models/server", "agents/models/local"
HELD = [  # what went wrong: the tests that hold it right, by file
    (
        "code is edited, then resumed: other results without a word",
        ("cases/test_runs.py", "edited_code_is_refused_by_name"),
        ("cases/test_runs.py", "edited_code_may_go_on_by_a_word_that_the_row_shows"),
        ("cases/test_runs.py", "an_answer_is_never_used_for_another_question"),
        (f"{ENGINE}/test_question_digest.py", "every_difference_of_a_question_is_seen"),
    ),
    (
        "Python 3.12 sums floats otherwise: other worlds and trees",
        ("common/test_sums.py", "each_sum_is_rounded_as_before_python_312"),
        ("golden/test_hashes.py", "a_hash_is_as_recorded"),
    ),
    (
        "a journal has no checksum and no owner",
        (f"{ENGINE}/test_journal.py", "of_400_flipped_bits_each_is_told_by_its_line_or_harms_nothing"),
        (f"{ENGINE}/test_journal.py", "a_damaged_line_in_the_middle_is_named_with_advice"),
        (f"{ENGINE}/test_journal.py", "a_line_torn_at_any_byte_is_dropped_and_written_over"),
        ("experiments/test_config.py", "a_journal_of_another_seed_is_refused"),
    ),
    (
        "equal adapters have several hashes",
        (f"{LOCAL}/test_adapter_hash.py", "equal_meaning_is_equal_content"),
        (f"{LOCAL}/test_adapter_hash.py", "peft_in_any_order_of_sets_writes_one_content"),
        ("value/test_lora.py", "an_adapter_is_the_same_to_the_byte_whatever_the_order_of_sets"),
    ),
    (
        "a bad adapter harms the base; cut safetensors are no ValueError",
        (f"{LOCAL}/test_adapter_merging.py", "a_damaged_adapter_is_refused_and_the_base_keeps_its_weights"),
        (f"{LOCAL}/test_adapter_hash.py", "a_file_that_was_cut_off_is_refused"),
    ),
    (
        "trees of a model in this process differ after a kill",
        (f"{LOCAL}/test_shared_attention.py", "an_exact_model_answers_to_the_bit_whatever_else_is_asked"),
        ("cases/test_attack.py", "an_exact_model_grows_the_same_trees_from_a_journal_cut_anywhere"),
    ),
    (
        "a reply without end, a compressed bomb, a text beyond its bill",
        (f"{SERVER}/test_connection.py", "a_reply_that_is_too_long_is_left_billed_at_its_bound_and_not_asked_again"),
        (f"{SERVER}/test_connection.py", "headers_without_end_are_left"),
        (f"{SERVER}/test_connection.py", "a_text_beyond_its_bill_is_cut_and_billed_at_its_bound"),
    ),
    (
        "a process keeps all trees; results come at the end",
        ("experiments/test_config.py", "a_tree_goes_when_its_search_has_ended"),
        ("experiments/test_config.py", "what_came_of_tasks_is_there_before_all_have_ended"),
    ),
    (
        "idle connections deafen the shop, which writes a log without end",
        ("envs/webshop/website/test_connections.py", "a_visitor_gets_in_however_many_are_silent"),
        (
            "envs/webshop/website/test_connections.py",
            "without_file_descriptors_the_log_stays_short_and_visitors_are_answered_when_they_are_back",
        ),
    ),
    (
        "a kill between two files of an adapter; a training begins anew",
        ("value/test_lora.py", "a_kill_between_two_files_leaves_a_training_that_goes_on"),
        ("value/test_lora.py", "so_does_one_that_was_killed_at_any_time"),
    ),
    (
        "a refused start leaves a folder; a full disk glues two lines",
        ("experiments/test_run_start.py", "a_refused_start_leaves_nothing"),
        ("cli/test_cli.py", "a_start_that_is_refused_when_its_model_is_opened_leaves_nothing"),
        ("common/test_files.py", "what_a_full_disk_took_a_part_of_is_cut_off_again"),
    ),
    (
        "board add writes into the installed package",
        ("leaderboards/test_rows.py", "rows_never_go_into_an_installed_package"),
    ),
    (
        "a key is echoed, redirected, or sent to a server that only a config names",
        (f"{SERVER}/test_connection.py", "a_key_that_a_reply_echoes_goes_nowhere"),
        (
            f"{SERVER}/test_connection.py",
            "names_of_models_that_echo_the_key_or_command_a_terminal_are_shown_harmless",
        ),
        (f"{SERVER}/test_connection.py", "a_redirect_is_told_and_not_followed"),
        ("cli/test_cli.py", "the_key_goes_to_no_server_that_only_a_config_names"),
    ),
    (
        "a server's errors command a terminal; HTML reaches the board",
        (f"{SERVER}/test_connection.py", "errors_of_a_server_command_no_terminal"),
        ("leaderboards/test_markdown.py", "no_text_leaves_its_cell"),
        ("leaderboards/test_rows.py", "a_row_of_a_stranger_leaves_no_cell_of_the_board"),
    ),
    ("the shop answers late", ("envs/webshop/website/test_connections.py", "answers_are_sent_at_once")),
    (
        "threads of a busy machine; training shows no time left",
        (f"{LOCAL}/test_torch_threads.py", "threads_are_as_many_as_cores_are_free"),
        ("cli/test_progress.py", "training_steps_show_the_time_left"),
    ),
    (
        "tracebacks",
        ("cli/test_cli.py", "without_the_extra_for_language_models_its_install_is_told"),
        ("cli/test_cli.py", "what_cannot_be_trained_is_told_before_a_run_begins"),
        ("cases/test_attack.py", "tasks_without_end_are_refused_in_a_line"),
        ("common/test_json_text.py", "what_is_nested_too_deeply_is_refused"),
        (f"{ENGINE}/test_isolation.py", "an_answer_that_is_no_list_of_proposals"),
        (f"{ENGINE}/test_isolation.py", "an_answer_that_is_no_estimate"),
        (f"{ENGINE}/test_isolation.py", "a_search_that_yields_no_request"),
        ("cli/test_damage.py", "a_damaged_run_is_told_in_a_sentence"),
    ),
    (
        "servers that only chat; equal samples; modules, splits, names and paths of a user",
        ("cases/test_servers.py", "advice_follows_what_the_server_says"),
        ("cases/test_servers.py", "equal_samples_of_different_seeds_are_said_once"),
        ("cli/test_cli.py", "a_module_in_the_current_folder_is_found"),
        ("cli/test_cli.py", "a_split_is_told_by_its_name"),
        ("experiments/test_run_start.py", "names_are_portable"),
        ("experiments/test_run_folder.py", "hints_quote_what_the_shell_would_split"),
        ("envs/wrappers/test_vector.py", "async_works_with_the_memory_it_shares_by_default"),
    ),
    (
        "templates that are legal as they stand and find nothing",
        ("cases/test_templates.py", "the_space_fills_what_is_marked_and_nothing_else"),
        ("cases/test_templates.py", "every_blank_is_filled_with_a_word_of_its_own"),
    ),
]


@lru_cache
def names_in(file):
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("file", "name"), [test for _, *tests in HELD for test in tests], ids=[t[1] for _, *ts in HELD for t in ts]
)
def test_every_fault_is_held_by_a_test_that_exists(file, name):
    assert f"test_{name}" in names_in(file)


@pytest.mark.parametrize("tasks", ["0:" + "9" * 14, "0:" + "9" * 400, "9" * 5000, "0:9:0", "9:0", "-1", "0:" * 3000])
def test_tasks_without_end_are_refused_in_a_line(tasks, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = ["--env", "Game24-v0", "--agent", "beam", "--budget", "nodes=5", f"--tasks={tasks}"]
    monkeypatch.setattr(sys, "argv", ["forethought", "eval", *given])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert "task" in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def exact():
    """A small model with random weights that computes each request alone."""
    torch = pytest.importorskip("torch", reason="the extra [lm] is not installed")
    transformers = pytest.importorskip("transformers", reason="the extra [lm] is not installed")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    from forethought.agents.models.local.model import Local

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(["<end>", *letters])}, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>")
    torch.manual_seed(0)
    sizes = {"vocab_size": 257, "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 8}
    config = transformers.LlamaConfig(
        **sizes, num_attention_heads=6, num_key_value_heads=2, max_position_embeddings=4096, initializer_range=0.3
    )
    model = transformers.LlamaForCausalLM(config).to(torch.bfloat16).eval()
    return Local.of(model, tokenizer, "tiny", "tiny", None, True)


def test_an_exact_model_grows_the_same_trees_from_a_journal_cut_anywhere(exact, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("forethought.experiments.build.open_model", lambda *_: exact)
    (tmp_path / "replies").touch()
    asked = "eval --env Game24-v0 --agent mcts --policy all --value lm-tokens --model recorded:replies --tasks 900:904"
    done = CliRunner().invoke(app, [*asked.split(), "--budget", "nodes=30", "--run", "r"])
    assert done.exit_code == 0, done.output
    run = tmp_path / "r"
    results = (run / "results.jsonl").read_text()
    assert '"tree"' in results
    lines = (run / "journal.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) > 20
    for kept in (2, len(lines) // 3, len(lines) // 2 + 1):
        (run / "journal.jsonl").write_bytes(b"".join(lines[:kept]))
        (run / "results.jsonl").unlink()
        assert CliRunner().invoke(app, ["resume", "r"]).exit_code == 0
        assert (run / "results.jsonl").read_text() == results
