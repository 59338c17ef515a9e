"""Rows as data, intervals, and the pages made of them."""

from forethought.common.statistics import Interval, bootstrap, mean_interval, paired_difference, share
from forethought.leaderboards.board import build
from forethought.leaderboards.rows import RowError, check, load_rows, make_row, save_row

__all__ = [
    "Interval",
    "RowError",
    "bootstrap",
    "build",
    "check",
    "load_rows",
    "make_row",
    "mean_interval",
    "paired_difference",
    "save_row",
    "share",
]
