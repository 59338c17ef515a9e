"""The connection to a server: one request, and a limited part of its answer.

Only the request, the key and the name of this library are sent. Nothing else of the environment is sent, no cookies
are kept, and no redirect is followed: a prompt goes to the named server, and to no other.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forethought.agents.models.server.proxies import Proxy, proxy_for

CONNECTING = 10.0  # seconds until a machine that does not even refuse counts as away
HEADER_LINES, HEADER_LENGTH = 128, 16384  # that are read of an answer; bytes a line
ERROR_LENGTH = 1 << 16  # bytes that are read of an error
WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of a server: status, headers and text."""

    status: int
    headers: Mapping[str, str]  # names in small letters
    text: str


class NoConnection(Exception):
    """No server listens at the address."""


class Broken(Exception):
    """The connection ended too early, or the answer is no HTTP."""


class TooLong(Exception):
    """The answer is longer than any answer to this request."""


class Unreachable(Exception):
    """No attempt can connect: certificates, the proxy."""


class Transport:
    """The client of one address. It is used in one event loop; the asker limits the time of a reply."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "forethought",
        }
        import aiohttp  # takes longer than an answer may

        self._http, self._trusted = aiohttp, ssl.create_default_context()
        self._session: Any = None
        self._proxy: Proxy | None = None

    def _open(self) -> Any:
        """The session, opened in the event loop that uses it. Raises ProxyError."""
        aiohttp = self._http
        if self._session is None:
            self._proxy = proxy_for(self._url)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._trusted),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECTING),
                headers=self._headers,
                auto_decompress=False,
                trust_env=False,
                max_line_size=HEADER_LENGTH,
                max_field_size=HEADER_LENGTH,
            )
        return self._session

    async def send(self, path: str, content: bytes | None, limit: int) -> Answer:
        """A POST of JSON, or a GET without any; at most `limit` bytes are read, on the wire and inflated.

        Raises NoConnection, Broken, TooLong, Unreachable, ProxyError: see there; nothing that holds the key.
        """
        aiohttp, session = self._http, self._open()
        method, headers = ("GET", {}) if content is None else ("POST", {"Content-Type": "application/json"})
        proxy = self._proxy.url if self._proxy else None
        by = f", through {self._proxy.told}" if self._proxy else ""
        try:
            async with session.request(
                method, self._url + path, data=content, headers=headers, proxy=proxy, allow_redirects=False
            ) as response:
                told = {name.lower(): value for name, value in response.headers.items()}
                if len(response.headers) > HEADER_LINES:
                    raise TooLong(f"it has more than {HEADER_LINES} lines of headers")
                good = 200 <= response.status < 300
                text = await read(response, limit if good else ERROR_LENGTH, told, whole=good)
                return Answer(response.status, told, text)
        except aiohttp.ClientConnectorCertificateError as error:
            reason = f"the server's certificate cannot be verified ({error}); set SSL_CERT_FILE to one that signs it"
        except aiohttp.ClientHttpProxyError as error:
            reason = f"{self._proxy.told if self._proxy else 'the proxy'} answered {error.status} ({error.message})"
            if error.status >= 500 or error.status == 429:
                raise Broken(reason) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NoConnection(f"{type(error).__name__}: {error}{by}") from None
        except (aiohttp.ClientError, OSError, EOFError, ValueError, asyncio.IncompleteReadError) as error:
            raise Broken(f"{type(error).__name__}: {error}{by}") from None
        raise Unreachable(reason)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


async def read(response: Any, limit: int, headers: Mapping[str, str], *, whole: bool) -> str:
    """The body. Raises TooLong, or, unless it must be `whole`, ends after `limit` bytes. Raises Broken."""
    inflate = inflater(headers.get("content-encoding", ""))
    parts, length, wired = list[bytes](), 0, 0
    async for chunk in response.content.iter_any():
        wired += len(chunk)
        part = inflate(chunk, limit - length + 1)
        parts.append(part)
        length += len(part)
        if max(wired, length) > limit:
            response.close()
            if whole:
                raise TooLong(f"it goes on behind {limit:,} bytes")
            break
    return b"".join(parts)[:limit].decode("utf-8", "replace")


def inflater(encoding: str) -> Any:
    """A function that inflates a chunk to a number of bytes. Raises Broken: an encoding that was not asked for."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return lambda chunk, most: chunk
    if name not in WINDOWS:
        raise Broken(f"the answer is encoded as {name[:40]!r}; no encoding was asked for")
    state = zlib.decompressobj(WINDOWS[name])

    def inflate(chunk: bytes, most: int) -> bytes:
        try:
            return state.decompress(chunk, max(most, 1))
        except zlib.error as error:
            raise Broken(f"the answer cannot be inflated ({error})") from None

    return inflate
