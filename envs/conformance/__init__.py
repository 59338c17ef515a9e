"""Checks that any forkable text environment can be held to; `suite` and `machine` need pytest and Hypothesis."""

from forethought.envs.conformance.checks import CHECKS, run_checks
from forethought.envs.conformance.subject import Broken, Subject

__all__ = ["CHECKS", "Broken", "Subject", "run_checks"]
