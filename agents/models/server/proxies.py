"""The proxy of an address in the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and NO_PROXY.

Names in small letters count too, and come first. The system's own settings count where the environment has none.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

SPOKEN = ("http", "https")
PLAIN_HOST = re.compile(r"[A-Za-z0-9._\[\]:-]+")


class ProxyError(ValueError):
    """The environment names a proxy that cannot be used."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy of the environment: its URL, and the variable that sets it."""

    url: str
    variable: str  # that names it

    @property
    def told(self) -> str:
        """The name of the proxy for messages, without a user and a password."""
        return f"the proxy {host_of(self.url)!r} of {self.variable}"


def proxy_for(url: str) -> Proxy | None:
    """The proxy of an address; None: a direct connection. Raises ProxyError: a proxy of an unsupported kind."""
    parts = urlsplit(url)
    proxies = getproxies()
    kind = parts.scheme if proxies.get(parts.scheme) else "all"
    named = proxies.get(kind, "").strip()
    if not named or is_excepted(parts.hostname or "", parts.netloc):
        return None
    variable = variable_of(kind)
    found = Proxy(named if "://" in named else f"http://{named}", variable)
    scheme = found.url.partition("://")[0].lower()
    if scheme not in SPOKEN:
        socks = "a SOCKS proxy" if scheme.startswith("socks") else f"a proxy of the kind {scheme[:20]!r}"
        raise ProxyError(
            f"{variable} names {socks} ({host_of(found.url)!r}), and only proxies that begin with http:// or https:// "
            f"are spoken to; name such a one, or set NO_PROXY={parts.hostname} to reach the server without a proxy"
        )
    if not host_of(found.url):
        raise ProxyError(f"{variable} names no host; write http://HOST:PORT, or set NO_PROXY={parts.hostname}")
    return found


def variable_of(kind: str) -> str:
    """The variable of the environment that sets the proxy of this kind."""
    for name in (f"{kind}_proxy", f"{kind}_PROXY".upper()):
        if os.environ.get(name):
            return name
    return f"the system's settings ({kind} proxy)"


def host_of(url: str) -> str:
    """Host and port; "" where there is none that can be read."""
    with suppress(ValueError):
        parts = urlsplit(url)
        netloc = parts.netloc.rpartition("@")[2]
        if parts.hostname and (parts.port is None or parts.port) and PLAIN_HOST.fullmatch(netloc):
            return netloc
    return ""


def is_excepted(host: str, netloc: str) -> bool:
    """Whether NO_PROXY names the host: by name, by the end of its name, or, for an address, by its network."""
    if proxy_bypass(netloc):
        return True
    excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    with suppress(ValueError):
        address = ip_address(host)
        for part in excepted.split(","):
            with suppress(ValueError):
                if address in ip_network(part.strip().strip("[]"), strict=False):
                    return True
    return False
