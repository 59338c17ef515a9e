"""Game of 24 keeps every promise."""

from hypothesis import settings

from forethought.envs.conformance import Subject
from forethought.envs.conformance.machine import machine
from forethought.envs.conformance.suite import EnvConformance

SUBJECT = Subject("Game24-v0")


class TestGame24(EnvConformance):
    subject = SUBJECT


TestMachine = machine(SUBJECT).TestCase
TestMachine.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
