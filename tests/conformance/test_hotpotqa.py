"""HotpotQA keeps every promise, in each of its forms."""

import pytest
from hypothesis import settings

from forethought.envs.conformance import CHECKS, Subject
from forethought.envs.conformance.machine import machine
from forethought.envs.conformance.suite import EnvConformance


class TestDefault(EnvConformance):
    subject = Subject("HotpotQA-v0")


class TestOwnPages(EnvConformance):
    subject = Subject("HotpotQA-v0", {"pages": "question", "sentences": "native", "max_steps": 50})


IN_PROCESS = [check for check in CHECKS if check.__name__ != "bytes_restore_elsewhere"]


@pytest.mark.parametrize("check", IN_PROCESS, ids=lambda check: check.__name__)
def test_a_single_step(check):
    check(Subject("HotpotQA-v0", {"max_steps": 1}))


TestMachine = machine(Subject("HotpotQA-v0")).TestCase
TestMachine.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
