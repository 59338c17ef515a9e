"""Checks that any forkable text environment can be held to; `suite` and `machine` need pytest and Hypothesis."""

from forethought.envs.conformance.checks import CHECKS, Broken, Subject, run_checks

__all__ = ["CHECKS", "Broken", "Subject", "run_checks"]
