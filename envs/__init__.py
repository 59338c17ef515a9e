"""Text environments that can be forked. Importing this registers every id with Gymnasium."""

from forethought.envs.family import Illegal, Json, Step, TaskFamily
from forethought.envs.forking import fork
from forethought.envs.gym import TextEnv
from forethought.envs.registry import IDS, register_all
from forethought.envs.simulator import EnvSimulator, Simulator, TaskSimulator, simulate
from forethought.envs.space import Unicode
from forethought.envs.template import Template, is_template
from forethought.envs.wrappers.space_functions import register_space
from forethought.envs.wrappers.state import get_state, set_state

register_all()
register_space()

__all__ = [
    "IDS",
    "EnvSimulator",
    "Illegal",
    "Json",
    "Simulator",
    "Step",
    "TaskFamily",
    "TaskSimulator",
    "Template",
    "TextEnv",
    "Unicode",
    "fork",
    "get_state",
    "is_template",
    "set_state",
    "simulate",
]
