"""The entry point of WebShopBrowser-v0."""

from __future__ import annotations

from typing import Any

from forethought.envs.webshop.family import WebShopEnv, make_family


def make_browser(*, render_mode: str | None = None, **options: Any) -> WebShopEnv:
    """The entry point of `gym.make("WebShopBrowser-v0", …)`, with the options of WebShop-v0.

    Raises ModuleNotFoundError: the extra `browser` is not installed.
    """
    try:
        from forethought.envs.webshop.browser.env import WebShopBrowserEnv
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"WebShopBrowser-v0 needs {error.name}; install it: pip install 'forethought[browser]'", name=error.name
        ) from error
    return WebShopBrowserEnv(make_family(**options), render_mode=render_mode)
