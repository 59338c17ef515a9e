"""WebShop keeps every promise, in each of its forms."""

import pytest
from hypothesis import settings

from forethought.envs.conformance import CHECKS, Subject
from forethought.envs.conformance.machine import machine
from forethought.envs.conformance.suite import EnvConformance


class TestText(EnvConformance):
    subject = Subject("WebShop-v0")


class TestCompact(EnvConformance):
    subject = Subject("WebShop-v0", {"observation": "compact", "goals": "human"})


OTHERS = [{"observation": "text_rich"}, {"observation": "html"}, {"official_quirks": True}]
IN_PROCESS = [check for check in CHECKS if check.__name__ != "bytes_restore_elsewhere"]


@pytest.mark.parametrize("options", OTHERS, ids=str)
@pytest.mark.parametrize("check", IN_PROCESS, ids=lambda check: check.__name__)
def test_the_other_forms(check, options):
    check(Subject("WebShop-v0", options))


TestMachine = machine(Subject("WebShop-v0")).TestCase
TestMachine.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
