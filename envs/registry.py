"""The ids of this suite."""

from __future__ import annotations

import gymnasium as gym

IDS = {
    "Game24-v0": "forethought.envs.game24.family:make",
    "HotpotQA-v0": "forethought.envs.hotpotqa.family:make",
    "WebShop-v0": "forethought.envs.webshop.family:make",
    "WebShopBrowser-v0": "forethought.envs.webshop.browser.make:make_browser",
}
STEP_LIMIT: dict[str, int | None] = {
    "Game24-v0": 20,  # legal moves end a puzzle after three; the rest is patience with illegal ones
    "HotpotQA-v0": None,  # its own max_steps end an episode with an answer
    "WebShop-v0": 100,  # published agents take 15
    "WebShopBrowser-v0": 100,
}


def register_all() -> None:
    """Register every environment with Gymnasium, once."""
    for env_id, entry_point in IDS.items():
        if env_id not in gym.registry:
            gym.register(env_id, entry_point=entry_point, max_episode_steps=STEP_LIMIT[env_id])
