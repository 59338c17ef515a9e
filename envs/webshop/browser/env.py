"""WebShop in a real browser: Chromium types and clicks on the served shop, and the page shown is the observation."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from gymnasium.error import ClosedEnvironmentError
from selenium import webdriver
from selenium.common.exceptions import JavascriptException, NoSuchElementException
from selenium.webdriver.support.ui import WebDriverWait

from forethought.envs.family import Illegal, Step
from forethought.envs.webshop import text
from forethought.envs.webshop.browser.chromium import SECONDS, BrowserError, Chrome
from forethought.envs.webshop.family import WebShop, WebShopEnv
from forethought.envs.webshop.pages import Node, State, actions_on, clickables, name_of
from forethought.envs.webshop.website.app import make_app, serve_in_thread
from forethought.envs.webshop.website.sessions import NotHere, Sessions

SESSIONS = 1_000_000  # kept at once: a search holds one for each node of its tree
TYPED = 1_500  # characters that are typed into the box; longer words are sent to the server directly

# The visible texts, each with its marks: [text, kind, group, pressed].
READ = """
const shown = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const text = texts.currentNode, marked = text.parentElement.closest('[data-node]');
  if (text.parentElement.closest('style, script, noscript, template') || (!marked && !text.data.trim())) continue;
  const pressed = marked && (marked.ariaPressed === 'true' || marked.closest('.visited') !== null);
  shown.push([text.data, marked?.dataset.node || 'text', marked?.dataset.group || '', !!pressed]);
}
return shown;
"""
IS_THERE = "return document.readyState === 'complete' && location.href === arguments[0]"
IS_NEW = "return document.readyState === 'complete' && !window.before"
UNDER_WAY = (JavascriptException, NoSuchElementException)  # a script that was asked while one page replaced another
FIND = "return [...document.querySelectorAll('[data-action]')].filter(e => e.dataset.action === arguments[0]).at(-1)"
# Types the words where the page has a box for them, and sends them as such a form where it has none.
TYPE = """
let box = document.querySelector('input[name=q]');
if (!box) {
  const form = document.createElement('form');
  form.method = 'post';
  box = form.appendChild(document.createElement('input'));
  box.name = 'q';
  document.body.append(form);
}
box.value = arguments[0];
box.form.submit();
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """The page in the browser: its texts, and the texts that are marked as visited or chosen."""

    page: tuple[Node, ...]
    marked: frozenset[Node]

    def pressed(self, node: Node) -> bool:
        """Whether a node is marked as chosen on the page."""
        return node in self.marked


class Served:
    """A shop on a port of this machine, and the browser that visits it; an environment and its forks share both."""

    def __init__(self, family: WebShop) -> None:
        self.sessions = Sessions(family.shop, limit=SESSIONS, lifetime=float("inf"))
        self.chrome, self.lock = Chrome(), threading.RLock()
        self.users, self.counting = 0, threading.RLock()
        self.running = ExitStack()
        self.base = self.running.enter_context(serve_in_thread(make_app(family, sessions=self.sessions, home=False)))

    def address(self, session: str, step: int) -> str:
        """The address of a step of a session."""
        return f"{self.base}/s/{session}/{step}"

    def visit(self, address: str, act: Callable[[webdriver.Chrome], None] | None = None) -> tuple[str, Shown]:
        """Go to a page, act there, and wait for the next page; returns its address and its contents."""

        def work(driver: webdriver.Chrome) -> tuple[str, Shown]:
            if driver.current_url != address:
                driver.get(address)
            wait = WebDriverWait(driver, SECONDS, poll_frequency=0.01, ignored_exceptions=UNDER_WAY)
            wait.until(lambda driver: driver.execute_script(IS_THERE, address))
            if act is not None:
                driver.execute_script("window.before = true")
                act(driver)
                wait.until(lambda driver: driver.execute_script(IS_NEW))
            texts = [(Node(*words), marked) for *words, marked in driver.execute_script(READ)]
            shown = Shown(tuple(node for node, _ in texts), frozenset(node for node, marked in texts if marked))
            return driver.current_url, shown

        with self.lock:
            return self.chrome.use(work)

    def facts(self, address: str) -> dict[str, Any]:
        """The facts about a step from the server's API: its reward, whether it ended the episode, and the metrics."""
        with urlopen(address.replace("/s/", "/api/sessions/"), timeout=SECONDS) as answer:
            return dict(json.load(answer))

    def leave(self) -> None:
        """One environment less; the last one ends it all.

        The garbage collector calls this too, in any thread, even in the server's own. So no lock is awaited here
        that is held for long, and only the main thread waits for other threads.
        """
        with self.counting:
            self.users -= 1
            if self.users:
                return
        if threading.current_thread() is threading.main_thread():
            self.end()
        else:
            threading.Thread(target=self.end).start()

    def end(self) -> None:
        """Close the browser and the website."""
        self.chrome.close()
        self.running.close()


class WebShopBrowserEnv(WebShopEnv):
    """The same tasks, actions, observations and rewards as `WebShopEnv`, by way of a page in Chromium.

    A fork shares the browser, and copies its session when it first acts. A browser that dies within a step
    is started again once and goes back to the address of the step; if it dies again, the step raises
    BrowserError. Words that no keyboard can type are sent to the server, and the page that answers is read.
    """

    pure = False
    served: Served

    def __init__(self, family: WebShop, **kwargs: Any) -> None:
        super().__init__(family, **kwargs)
        self.session, self.at, self.borrowed = "", 0, False
        self.shown = Shown((), frozenset())
        self.join(Served(family))

    def join(self, served: Served) -> None:
        """Use a website and a browser that other environments may use too."""
        self.served = served
        with served.counting:
            served.users += 1
        self.leaving = weakref.finalize(self, served.leave)

    def close(self) -> None:
        """The browser and the server end when the last of the environment's forks is closed or forgotten."""
        self.leaving()

    def check_open(self) -> None:
        """Raises ClosedEnvironmentError: the environment was closed."""
        if not self.leaving.alive:
            raise ClosedEnvironmentError("this environment was closed; make another one")

    def fork(self) -> WebShopBrowserEnv:
        """A second environment at the same point, in the same browser."""
        self.check_open()
        other = super().fork()
        assert isinstance(other, WebShopBrowserEnv)
        other.join(self.served)
        other.borrowed = True
        return other

    def set_state(self, data: bytes) -> None:
        """Restore a state, and show its page in the browser."""
        super().set_state(data)
        self.stand(self._here())

    def _open(self, state: State) -> str:
        self.stand(state)
        return self.text(state)

    def stand(self, state: State) -> None:
        """Open a session at a state, and look at its page."""
        self.check_open()
        self.session, self.at, self.borrowed = self.served.sessions.begin_at(state), 0, False
        self.shown = self.served.visit(self.served.address(self.session, 0))[1]

    def own_session(self, state: State) -> str:
        """The address of this environment's step, in a session that no fork shares."""
        self.check_open()
        try:
            if self.borrowed:
                self.session, self.borrowed = self.served.sessions.fork(self.session, self.at), False
            self.served.sessions.at(self.session, self.at)
        except NotHere:
            self.session, self.at, self.borrowed = self.served.sessions.begin_at(state), 0, False
        return self.served.address(self.session, self.at)

    def _play(self, state: State, action: str) -> Step[State]:
        shop = self.family_shop().shop
        try:
            named = clickables(self.shown.page, apart=not shop.quirks)
            verb, name = shop.read_on(named, action)
        except Illegal as error:
            return Step(state, self.text(state), illegal=str(error))
        here = self.own_session(state)
        there = self.served.address(self.session, self.at + 1)
        if verb == "click":
            node = named[name]
            spelled = name_of(node, named, shop.can_name) if node.kind == "option" else name
            address, shown = self.served.visit(
                here, lambda driver: driver.execute_script(FIND, f"click[{spelled}]").click()
            )
        elif can_be_typed(name):
            address, shown = self.served.visit(here, lambda driver: driver.execute_script(TYPE, name))
        else:
            address, shown = self.served.visit(self.sent(here, there, action))
        if address != there:
            return self.refused(state, action)
        self.at, self.shown = self.at + 1, shown
        after, facts = self.served.sessions.at(self.session, self.at).state, self.served.facts(there)
        observation = self.text(after)
        if self.family_shop().observation == "compact" and state.kind == after.kind == "item":
            observation = f"You have clicked {name}."
        return Step(after, observation, float(facts["reward"]), bool(facts["terminated"]))

    def sent(self, here: str, there: str, action: str) -> str:
        """Act without the browser; returns the address of the resulting page."""
        try:
            self.served.sessions.act(self.session, self.at, action)
        except Illegal:
            return here
        return there

    def refused(self, state: State, action: str) -> Step[State]:
        """The site has shown the same page again; the rules say why."""
        try:
            self.family_shop().shop.play(state, action)
        except Illegal as error:
            return Step(state, self.text(state), illegal=str(error))
        raise BrowserError(f"the site did not answer {action!r:.200}, which the rules allow")

    def family_shop(self) -> WebShop:
        """The family of the environment, as a WebShop."""
        assert isinstance(self.family, WebShop)
        return self.family

    def text(self, state: State) -> str:
        """The page shown, in the form of this environment's observations."""
        observation, shown = self.family_shop().observation, self.shown
        if observation == "html":
            with urlopen(self.served.address(self.session, self.at), timeout=SECONDS) as answer:
                return str(answer.read().decode())
        if observation == "text":
            return text.plain(shown.page)
        return (
            text.rich(shown.page, shown.pressed)
            if observation == "text_rich"
            else text.compact_page(shown.page, state, shown.pressed)
        )

    def _page(self, state: State) -> str:
        return self.text(state)

    def _info(self, state: State, illegal: str | None, counted: bool = False) -> dict[str, Any]:
        info = super()._info(state, illegal, counted)
        if not self._ended:
            shop = self.family_shop().shop
            info["actions"] = actions_on(clickables(self.shown.page, apart=not shop.quirks), shop.can_name)
        return info


def can_be_typed(words: str) -> bool:
    """Whether a text box gives them back as they are."""
    return len(words) <= TYPED and all(character.isprintable() or character == "\xa0" for character in words)
