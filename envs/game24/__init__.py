"""Game of 24: combine four numbers with + - * / until only 24 is left."""

from forethought.envs.game24.answer import check_answer
from forethought.envs.game24.exact import exact_value
from forethought.envs.game24.family import Game24
from forethought.envs.game24.rules import State, initial, moves, observe, play

__all__ = ["Game24", "State", "check_answer", "exact_value", "initial", "moves", "observe", "play"]
