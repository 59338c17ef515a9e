"""The checks as a pytest class. Inherit it, name your environment, and pytest does the rest:

class TestMine(EnvConformance):
    subject = Subject("mine:Mine-v0")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from forethought.envs.conformance.checks import CHECKS
from forethought.envs.conformance.subject import Subject


class EnvConformance:
    """The tests of every promise; a subclass names its subject."""

    subject: ClassVar[Subject]

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
    def test_promise(self, check: Callable[[Subject], None]) -> None:
        """One promise, as a test."""
        check(self.subject)
