"""An option or an argument that is given with an empty text, as a shell writes for an unset variable: refused here."""

from __future__ import annotations

from collections.abc import Sequence

EXAMPLES = {  # an option of one command alone stands under the name of the command and the option
    "--adapter": "run/2/adapter",
    "--agent": "beam",
    "--algorithm": "look_ahead",
    "--batch": "32",
    "--budget": "nodes=100",
    "--cache": "read",
    "--concurrency": "64",
    "--depths": "2:2,1:2",
    "--device": "cpu",
    "--env": "Game24-v0",
    "--env-option": "max_steps=10",
    "--examples": "3200",
    "--from": "official/webshop",
    "--gamma": "1.0",
    "--goals": "synthetic",
    "--horizon": "endings",
    "--host": "127.0.0.1",
    "--join-cluster": "10.0.0.1",
    "--judge": "rule",
    "--kind": "ridge",
    "--learning-rate": "0.001",
    "--model": "smollm2-135m",
    "--model-option": "timeout=60",
    "--name": "my-agent",
    "--nouns": "spacy",
    "--out": "world",
    "--pages": "2000",
    "--policy": "lm-text",
    "--port": "8123",
    "--prices": "prices.json",
    "--privilege": "reward",
    "--products": "1000",
    "--prompts": "my-prompts",
    "--questions": "100",
    "import --questions": "hotpot_dev_distractor_v1.json",
    "--raw": "raw",
    "--record": "replies.jsonl",
    "--repeats": "5",
    "--rounds": "2",
    "--rows": "rows",
    "--run": "runs/first",
    "--run-code": "my_agent:climb",
    "--seed": "0",
    "--send-key-to": "api.example.org",
    "--set": "beam_width=5",
    "--shuffle": "all",
    "fetch --set": "small",
    "--steps": "50000",
    "--task": "0",
    "--tasks": "0:50",
    "--terminal-value": "rule",
    "--to": "folder",
    "--trained-on": "runs/states-1",
    "--training": "Trained on tasks 0:900.",
    "--validation": "900:950",
    "--validation-walks": "4",
    "--value": "lm-tokens",
    "--walks": "8",
    "--wiki": "enwiki.tar.bz2",
    "--workers": "4",
    "--world": "world",
}


def refuse_empty_texts(words: Sequence[str]) -> None:
    """Raises ValueError: one of the words of the command line is empty, or gives an option an empty text."""
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        name, sign, value = word.partition("=")
        if word == "--":
            return
        if name in EXAMPLES and sign and not value.strip():
            raise empty(name, words)
        if not word.strip():
            raise (
                empty(before, words)
                if before in EXAMPLES
                else ValueError(
                    "an argument is an empty text; give its value, or leave it out. Arguments: "
                    + " ".join(map(repr, words))
                )
            )


def empty(option: str, words: Sequence[str]) -> ValueError:
    """The error for an option with an empty text, with an example of a value."""
    example = next((EXAMPLES[key] for word in words if (key := f"{word} {option}") in EXAMPLES), EXAMPLES[option])
    written = f"'{example}'" if " " in example else example
    return ValueError(f"{option} is given an empty text; write a value, as in {option} {written}, or leave it out")
