"""Puts the folder on the path: `faulty:Name-v0` must be importable here and in the processes that the checks start."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("patient", deadline=None)  # the machine may be busy with something else
settings.load_profile("patient")
