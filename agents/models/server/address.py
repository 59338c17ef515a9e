"""The address of a model on an OpenAI-compatible server, and the key for it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

SPEC = re.compile(r"server(?P<chat>\+chat)?:(?P<model>.+)@(?P<url>https?://.+)", re.DOTALL)
NO_KEY = "none"  # sent to a server that asks for no key
SECRET = re.compile(r"//[^/@]*@")  # a user and a password


@dataclass(frozen=True, slots=True)
class Address:
    """`chat`: the prompt is sent as one message of a user, else as plain text to be continued."""

    model: str
    url: str
    chat: bool = False

    @classmethod
    def parse(cls, spec: str) -> Address:
        """From "server:MODEL@URL" or "server+chat:MODEL@URL", split at the last "@" before http:// or https://.

        Raises ValueError: another form, or a URL with a password or a query, for names of models are published.
        """
        found = SPEC.fullmatch(spec)
        if found is None:
            raise ValueError(
                f"cannot read the model {SECRET.sub('//***@', spec)!r}; write server:MODEL@URL or "
                "server+chat:MODEL@URL, as in server:Qwen/Qwen3-8B@http://127.0.0.1:8000/v1"
            )
        parts = urlsplit(found["url"])
        if "@" in parts.netloc or parts.query or parts.fragment or not parts.hostname or not port_of(parts):
            raise ValueError(
                f"the URL of {found['model']!r} has no host, a wrong port, or a user, a password or a query; write "
                f"{parts.scheme}://HOST:PORT/v1 alone, and put a key into an environment variable"
            )
        return cls(found["model"], found["url"].rstrip("/"), found["chat"] is not None)

    @property
    def name(self) -> str:
        """The spec of the server, without a user or a password."""
        return f"server{'+chat' if self.chat else ''}:{self.model}@{self.url}"


def port_of(parts: SplitResult) -> int | None:
    """The port of a URL; None for an impossible one."""
    try:
        return parts.port or {"http": 80, "https": 443}[parts.scheme]
    except ValueError:
        return None


def key_of(variable: str) -> str:
    """The key in an environment variable. Raises ValueError, without the key: no header can hold it."""
    key = os.environ.get(variable, "").strip()
    if key and not re.fullmatch(r"[!-~]+", key):
        raise ValueError(f"the key in {variable} holds a space, a control character or a letter beyond ASCII")
    return key or NO_KEY
