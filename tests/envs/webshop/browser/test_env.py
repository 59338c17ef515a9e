"""The shop in Chromium and the shop in rules, side by side."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path

import gymnasium as gym
import pytest
from gymnasium.error import ClosedEnvironmentError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from forethought.envs import EnvSimulator, fork, simulate
from forethought.envs.webshop.family import WebShop

pytest.importorskip("selenium")
pytest.importorskip("uvicorn")
if not shutil.which("chromium") or not shutil.which("chromedriver"):
    pytest.skip(
        "Chromium and its driver are not installed (Debian: chromium, chromium-driver)", allow_module_level=True
    )

from selenium.common.exceptions import WebDriverException

from forethought.envs.webshop.browser import chromium
from forethought.envs.webshop.browser.chromium import BrowserError, Chrome
from forethought.envs.webshop.browser.env import WebShopBrowserEnv

QUERIES = (
    "solid wood desk",
    "<q> desks",
    "<c> garden",
    "  ",
    "<script>alert(1)</script>",
    'tea & "coffee" é🦊',
    "\x00\r\ud800",
)


@pytest.fixture(scope="module")
def browser():
    env = WebShopBrowserEnv(WebShop())
    yield env
    env.close()


def walk(env, actions, task=0):
    """All that reset and each step return."""
    return [env.reset(options={"task": task}), *(env.step(action) for action in actions)]


def product_of(env):
    return next(action for action in env.step("search[desk]")[4]["actions"] if action.startswith("click[b0"))


@pytest.mark.parametrize("observation", ["text", "text_rich", "compact", "html"])
def test_an_episode_is_the_same_in_both(observation):
    rules = gym.make("WebShop-v0", observation=observation).unwrapped
    rules.reset(options={"task": 0})
    product = product_of(rules)
    choices = [action for action in rules.step(product)[4]["actions"][7:] if action.startswith("click[")]
    actions = [
        "search[desk]",
        "click[Next >]",
        "click[< Prev]",
        product,
        "click[Description]",
        "click[< Prev]",
        "nonsense",
    ]
    actions += ["click[Features]", "click[< prev]", *choices[:2], *choices[-1:], "search[ ]", "click[back to search]"]
    actions += ["search[desk]", product, "click[Buy Now]"]
    seen = WebShopBrowserEnv(WebShop(observation=observation))
    try:
        assert walk(seen, actions) == walk(rules, actions)
    finally:
        seen.close()


class SideBySide(RuleBasedStateMachine):
    """Hypothesis walks both."""

    env: WebShopBrowserEnv

    @initialize(task=st.integers(0, 3000))
    def begin(self, task):
        self.rules = gym.make("WebShop-v0").unwrapped
        first = self.rules.reset(options={"task": task})
        assert self.env.reset(options={"task": task}) == first
        self.actions, self.ended = first[1]["actions"], False

    def both(self, action):
        if not self.ended:
            result = self.rules.step(action)
            assert self.env.step(action) == result
            self.actions, self.ended = result[4]["actions"], result[2]

    @rule(place=st.integers(0, 40))
    def click(self, place):
        if len(self.actions) > 1:
            self.both(self.actions[1 + place % (len(self.actions) - 1)])

    @rule(query=st.sampled_from(QUERIES))
    def search(self, query):
        self.both(f"search[{query}]")

    @rule(text=st.sampled_from(["", "click[nothing]", "search[]", "click[search]", "buy", "search[<a> x]"]))
    def refuse(self, text):
        self.both(text)

    @rule()
    def fork(self):
        if not self.ended:
            self.env, self.rules = self.env.fork(), self.rules.fork()

    @invariant()
    def they_stand_at_the_same_point(self):
        if hasattr(self, "rules"):
            assert self.env.get_state() == self.rules.get_state()


def test_hypothesis_finds_no_difference(browser):
    SideBySide.env = browser
    checked = settings(max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck))
    SideBySide.TestCase.settings = checked
    SideBySide.TestCase("runTest").runTest()


def test_forks_share_a_browser_and_nothing_else(browser):
    browser.reset(options={"task": 1})
    product = product_of(browser)
    other = browser.fork()
    assert other.served is browser.served
    bought = other.step(product)
    assert browser.step("click[next >]")[0].count("Page 2") == 1
    assert other.step("click[buy now]")[2]
    assert browser.step("click[< prev]")[0] != bought[0]
    restored = fork(browser)
    restored.set_state(browser.get_state())
    assert restored.step(product)[:3] == bought[:3]


def kill(env):
    """The browser's own process, as a crash would end it."""
    processes = Path(f"/proc/{env.served.chrome.driver.service.process.pid}/task").glob("*/children")
    for pid in " ".join(path.read_text() for path in processes).split():
        os.kill(int(pid), signal.SIGKILL)


def test_a_browser_that_dies_is_started_again_and_goes_on(browser):
    browser.reset(options={"task": 2})
    product = product_of(browser)
    crashes = browser.served.chrome.crashes
    kill(browser)
    rules = gym.make("WebShop-v0").unwrapped
    assert browser.step(product) == walk(rules, ["search[desk]", product], task=2)[-1]
    assert browser.served.chrome.crashes == crashes + 1


def test_a_browser_that_dies_twice_is_reported():
    def dies(driver):
        raise WebDriverException("tab crashed")

    mine = Chrome()
    mine.start = lambda: None  # type: ignore[method-assign]  # no process is needed for this
    with pytest.raises(BrowserError, match="failed twice over the same step: 'tab crashed'"):
        mine.use(dies)


def test_environments_may_be_forgotten_in_any_thread_while_a_page_is_visited(browser):
    """The garbage collector may run in the thread of the server, which the visit waits for."""
    browser.reset(options={"task": 0})
    forgotten = browser.fork()
    with browser.served.lock:
        thread = threading.Thread(target=forgotten.leaving)
        thread.start()
        thread.join(5)
    assert not thread.is_alive()


def test_after_the_end_there_is_one_clear_error():
    env = WebShopBrowserEnv(WebShop())
    env.close()
    env.close()
    with pytest.raises(ClosedEnvironmentError, match="was closed"):
        env.reset()


def test_a_dead_driver_is_replaced_and_leaves_nothing(browser):
    browser.reset(options={"task": 2})
    profile = browser.served.chrome.profile
    os.kill(browser.served.chrome.driver.service.process.pid, signal.SIGKILL)
    assert "Page 1" in browser.step("search[desk]")[0]
    assert not Path(profile).exists()


def test_a_missing_browser_is_explained(monkeypatch):
    monkeypatch.setattr(chromium, "BROWSERS", ("no-such-browser",))
    with pytest.raises(BrowserError, match=r"no no-such-browser found; install it \(Debian: apt install chromium\)"):
        Chrome().start()
    monkeypatch.setenv("FORETHOUGHT_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(BrowserError, match="no /nowhere/chromium found"):
        Chrome().start()


def test_search_drives_the_browser_and_not_the_rules(browser):
    assert isinstance(simulate("WebShopBrowser-v0"), EnvSimulator)
    world = EnvSimulator(lambda: browser)
    root = world.root(3)
    one, two = world.step(root.state, "search[desk]"), world.step(root.state, "search[lamp]")
    assert "Page 1" in one.observation
    assert one.observation != two.observation
    assert world.step(one.state, "click[next >]").observation.count("Page 2") == 1


@pytest.mark.parametrize("size", [(1280, 900), (375, 800)])
def test_pages_have_their_pictures_and_fit_their_width(browser, size, tmp_path):
    """A screenshot of each kind of page: neither blank nor wider than the window."""
    browser.reset(options={"task": 0})
    product = product_of(browser)
    steps = [None, "search[desk]", product, "click[description]", "click[< prev]", "click[buy now]"]
    browser.reset(options={"task": 0})
    driver = browser.served.chrome.driver
    driver.set_window_size(*size)
    try:
        for action in steps:
            if action:
                browser.step(action)
            assert driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
            assert driver.save_screenshot(str(tmp_path / "page.png"))
            assert (tmp_path / "page.png").stat().st_size > 5_000
    finally:
        driver.set_window_size(1280, 900)
