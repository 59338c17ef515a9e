"""Ids, and what importing the package costs."""

import json
import shutil
import sys

import gymnasium as gym
import pytest

import forethought.envs
from forethought.envs.registry import IDS, STEP_LIMIT, register_all

HEAVY = ("torch", "transformers", "peft", "selenium", "ray")

COST = """
import json, sys, time
began = time.process_time()
import forethought.envs
spent = time.process_time() - began
import gymnasium
ids = [env_id for env_id in forethought.envs.IDS if env_id in gymnasium.registry]
print(json.dumps({"spent": spent, "modules": list(sys.modules), "ids": ids}))
"""


@pytest.mark.parametrize("env_id", IDS)
def test_every_id_can_be_made_after_the_import(env_id):
    if "Browser" in env_id:
        pytest.importorskip("selenium", reason="the extra [browser] is not installed")
        if not shutil.which("chromium") or not shutil.which("chromedriver"):
            pytest.skip("Chromium and its driver are not installed")
    env = gym.make(env_id)
    text, info = env.reset(seed=0)
    assert text
    assert info["actions"]
    assert env.spec.id == env_id
    assert env.spec.max_episode_steps == STEP_LIMIT[env_id]
    env.close()


def test_an_extra_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "selenium", None)
    monkeypatch.delitem(sys.modules, "forethought.envs.webshop.browser.chromium", raising=False)
    monkeypatch.delitem(sys.modules, "forethought.envs.webshop.browser.env", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"needs selenium.*pip install 'forethought\[browser\]'"):
        gym.make("WebShopBrowser-v0")


def test_an_id_can_be_made_without_an_import_by_naming_the_package(elsewhere):
    code = "import gymnasium as gym; print(gym.make('forethought.envs:Game24-v0').reset(options={'task': 900})[0])"
    assert elsewhere(code) == "(left: 4 5 6 10)"


def test_without_the_import_the_id_is_unknown(elsewhere):
    code = """
import gymnasium as gym
try:
    gym.make("Game24-v0")
except gym.error.NameNotFound as error:
    print("unknown")
"""
    assert elsewhere(code) == "unknown"


def test_registering_again_leaves_what_is_there(monkeypatch):
    monkeypatch.setitem(gym.registry, "Game24-v0", mine := gym.spec("CartPole-v1"))
    register_all()
    assert gym.registry["Game24-v0"] is mine


def test_what_is_missing_is_registered(monkeypatch):
    monkeypatch.delitem(gym.registry, "Game24-v0")
    register_all()
    assert gym.spec("Game24-v0").entry_point == IDS["Game24-v0"]


def test_every_public_name_is_there():
    assert all(hasattr(forethought.envs, name) for name in forethought.envs.__all__)


def test_the_import_is_quick_and_light(elsewhere):
    found = [json.loads(elsewhere(COST)) for _ in range(3)]
    assert found[0]["ids"] == list(IDS)
    assert not set(HEAVY) & set(found[0]["modules"])
    assert min(run["spent"] for run in found) < 0.5
