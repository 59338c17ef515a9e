"""The groups of options in a command's help, and the examples at its end."""

from __future__ import annotations

EXPERIMENT = "Experiment"
AGENT = "Agent"
MODEL = "Model"
TRAINING = "Training"
RUN = "Run"
OUTPUT = "Output"
CONSENT = "Consent"
SHOP = "Shop"
NETWORK = "Network"

EXPERIMENTS = "Experiments"
CATALOGUE = "Environments and agents"
DATA = "Data"
BOARD = "Board"


def example(*commands: str) -> str:
    """The end of a help text: one command a line, without the name of the program."""
    head = "Example:" if len(commands) == 1 else "Examples:"
    return "\n\n".join([head, *(f"forethought {command}" for command in commands)])
