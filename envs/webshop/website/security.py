"""The checks of a local web server: the host of a request, the page it comes from, the size and type of its body."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forethought.common import json_text

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
LARGEST_BODY = 64 * 1024  # bytes
READING = ("GET", "HEAD")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # "no-referrer" would make browsers send no Origin with forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Refuses requests under a name that is not in `hosts` (another site may point its name to this machine), and
    changes that another site's page asks for; adds the security headers to every answer.

    `hosts` of None takes any name.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None) -> None:
        self.app = app
        self.hosts = None if hosts is None else {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
            await send(message)

        refused = self.refusal(scope["method"], Headers(scope=scope))
        await (refused or self.app)(scope, receive, send_guarded)

    def refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        """The refusal of a request from another host or another site; None for an allowed one."""
        host = headers.get("host", "").lower()
        if self.hosts is not None and without_port(host) not in self.hosts:
            return PlainTextResponse(f"this server answers only to {', '.join(sorted(self.hosts))}\n", 400)
        if method not in READING and not same_origin(host, headers):
            return PlainTextResponse("another site's page asked for this; use the pages of this one\n", 403)
        return None


def without_port(host: str) -> str:
    """A host without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def same_origin(host: str, headers: Headers) -> bool:
    """Whether a browser says that a page of this server asks, or the person; other programs say nothing."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2].lower() == host


async def read_body(request: Request, kind: str) -> bytes:
    """Raises HTTPException: another kind of content (415), or too much of it (413)."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != kind:
        raise HTTPException(415, f"the content is {given[:60] or 'of no type'}; expected {kind}")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise HTTPException(413, f"the content is larger than {LARGEST_BODY} bytes")
    return body


async def read_form(request: Request) -> dict[str, str]:
    """Browsers send every line break as CR LF, and of those that stand in a name only CR can be clicked."""
    body = await read_body(request, FORM)
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except ValueError as error:
        raise HTTPException(400, "the form cannot be read; expected UTF-8, urlencoded") from error
    return {name: value.replace("\r\n", "\r") for name, value in fields}


async def read_json(request: Request, keys: set[str]) -> dict[str, Any]:
    """The JSON object of a request. Raises HTTPException: another content, or other keys."""
    body = await read_body(request, JSON)
    try:
        data = json_text.read_json(body)
    except ValueError as error:
        raise HTTPException(400, f"the content is no JSON: {error}") from error
    if not isinstance(data, dict) or not set(data) <= keys:
        raise HTTPException(422, f"expected an object with the keys {', '.join(sorted(keys))}")
    return data
