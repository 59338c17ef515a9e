"""One headless Chromium, found or explained, and started again once when it dies."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from urllib3.exceptions import HTTPError

T = TypeVar("T")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRIVERS = ("chromedriver", "chromium.chromedriver")
DEATHS = (WebDriverException, HTTPError, OSError)  # how the death of the browser or of its driver shows
SECONDS = 60  # for a page to load


class BrowserError(RuntimeError):
    """The browser cannot be started, or died again after it was started again."""


def find(variable: str, names: tuple[str, ...], package: str) -> str:
    """The path of a program. Raises BrowserError: it is not there; the message names the package to install."""
    given = os.environ.get(variable)
    found = shutil.which(given) if given else next(filter(None, map(shutil.which, names)), None)
    if found is None:
        looked = given or ", ".join(names)
        raise BrowserError(f"no {looked} found; install it (Debian: apt install {package}), or name it in ${variable}")
    return found


class Chrome:
    """Started on first use; `crashes` counts how often it had to be started again."""

    def __init__(self) -> None:
        self.driver: webdriver.Chrome | None = None
        self.profile: str | None = None
        self.crashes = 0

    def use(self, work: Callable[[webdriver.Chrome], T]) -> T:
        """The result of `work`. If the browser dies meanwhile, `work` is tried once more in a new one.

        `work` has to begin by going to its page, since a new browser shows none. Raises BrowserError: it died again.
        """
        try:
            return work(self.running())
        except DEATHS:
            self.crashes += 1
            self.close()
        try:
            return work(self.running())
        except DEATHS as error:
            self.close()
            said = getattr(error, "msg", None) or str(error)
            raise BrowserError(f"the browser failed twice over the same step: {said!r:.300}") from error

    def running(self) -> webdriver.Chrome:
        """The driver of the browser, started if it is not running."""
        if self.driver is None:
            self.driver = self.start()
        return self.driver

    def start(self) -> webdriver.Chrome:
        """Start Chromium without a window. Raises an error with advice: no browser or no driver is found."""
        options = Options()
        options.page_load_strategy = "none"  # the visitor of a page waits for it
        options.binary_location = find("FORETHOUGHT_CHROMIUM", BROWSERS, "chromium")
        driver_path = find("FORETHOUGHT_CHROMEDRIVER", DRIVERS, "chromium-driver")
        self.profile = tempfile.mkdtemp(prefix="forethought-chromium-")
        flags = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        flags += ["--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1280,900", "--disable-extensions"]
        flags += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={self.profile}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium refuses to run as root with it
        for flag in flags:
            options.add_argument(flag)
        service = Service(driver_path, log_output=os.devnull, popen_kw={"start_new_session": True})
        try:
            driver = webdriver.Chrome(options=options, service=service)
        except WebDriverException as error:
            self.close()
            raise BrowserError(f"{options.binary_location} does not start: {error.msg!r:.500}") from error
        driver.set_script_timeout(SECONDS)
        return driver

    def close(self) -> None:
        """Safe at any time, also when the browser is gone already."""
        driver, self.driver = self.driver, None
        profile, self.profile = self.profile, None
        if driver is not None:
            with contextlib.suppress(*DEATHS):  # a browser that is gone needs no quit
                driver.quit()
            end_session(driver.service.process.pid)
        if profile is not None:
            for _ in range(20):  # a browser that is ending may still write
                shutil.rmtree(profile, ignore_errors=True)
                if not Path(profile).exists():
                    break
                time.sleep(0.05)


def end_session(leader: int) -> None:
    """End the remaining processes of a driver's session: the browser outlives a driver that dies first (Linux)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[3]) == leader:
                os.kill(int(stat.parent.name), signal.SIGKILL)
