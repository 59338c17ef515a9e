"""One OpenAI-compatible address: how a spec names it, and the line that is held open to it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from forethought.agents.retrying import Fault, retry_after
from forethought.agents.wires import Answer, Broken, NoConnection, Wire

PASSING = (408, 409, 429)  # and 5xx
SPEC = re.compile(r"server(?P<chat>\+chat)?:(?P<model>.+)@(?P<url>https?://.+)", re.DOTALL)
SECRET = re.compile(r"//[^/@]*@")  # a user and a password
STARRED = re.compile(r"\*\*|[•…]|\.\.\w")  # how some quote a secret
CLOSING = 5.0  # seconds that what is asked gets to end
NO_KEY = "none"  # what a server of one's own, that asks for no key, is sent
ADVICE = {
    400: "the server cannot take such a request; a prompt may be longer than the model reads",
    401: "set the environment variable {variable} to a key that this server knows",
    403: "the key in {variable} may not ask this model",
    404: "expected an address such as http://127.0.0.1:8000/v1 and a model that its /models lists",
}


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
        return f"server{'+chat' if self.chat else ''}:{self.model}@{self.url}"


def port_of(parts: SplitResult) -> int | None:
    """None: no port that can be."""
    try:
        return parts.port or {"http": 80, "https": 443}[parts.scheme]
    except ValueError:
        return None


def key_of(variable: str) -> str:
    """The key in an environment variable. Raises ValueError, without the key: one that no header can hold."""
    key = os.environ.get(variable, "").strip()
    if key and not re.fullmatch(r"[!-~]+", key):
        raise ValueError(f"the key in {variable} holds a space, a control character or a letter beyond ASCII")
    return key or NO_KEY


class Line:
    """An event loop in a thread of its own, and the wire to one address in it.

    The thread lives until `close`. No exception of the wire leaves here: it may hold the request, with its key.
    """

    def __init__(self, url: str, key: str, variable: str, concurrency: int, hint: str = "") -> None:
        """`hint` says what else may be done where the server does not know the model."""
        self.gate = asyncio.Semaphore(concurrency)  # of all who ask here
        self._key, self._variable, self._hint = key, variable, hint
        self._wire = Wire(url, key)
        self._lock, self._closed = threading.Lock(), False
        self._loop = asyncio.new_event_loop()
        self._helpers = ThreadPoolExecutor(2, "forethought-server")  # look up addresses
        self._loop.set_default_executor(self._helpers)
        self._thread = threading.Thread(target=self._loop.run_forever, name="forethought-server", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False once closed, and in a forked process, which has none of its parent's threads."""
        return not self._closed and self._thread.is_alive()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, or as much of it as is done when the line is closed elsewhere.

        What it raises is raised here, and disturbs no other work. What interrupts the wait, such as Ctrl-C, closes
        the line, which ends this work and all other.
        """
        try:
            with self._lock:
                if not self.alive:
                    work.close()
                    return
                future = asyncio.run_coroutine_threadsafe(work, self._loop)
            future.result()
        except CancelledError:
            return
        except Exception:
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """The first call ends what is asked, and then the thread; another one meanwhile returns at once."""
        if not self.alive or threading.current_thread() is self._thread:  # a garbage collector may run anywhere
            return
        with self._lock:
            if self._closed:
                return
            self._closed = True  # no work comes after the end
            end = asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        wait([end], timeout=CLOSING)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._helpers.shutdown(wait=False)

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._wire.close()

    async def post(self, path: str, content: bytes, model: str, timeout: float) -> dict[str, Any] | Fault:
        """One attempt: the JSON object that came within `timeout` seconds, or why none did. `content` names `model`."""
        answer = await self._send(path, content, timeout)
        if isinstance(answer, Fault):
            return answer
        return self._read(answer.text) if answer.status == 200 else self._refusal(answer, model)

    async def models(self, timeout: float) -> frozenset[str] | Fault:
        """The names that /models lists; none where it cannot be read."""
        answer = await self._send("/models", None, timeout)
        if isinstance(answer, Fault):
            return answer
        return names_in(answer.text) if answer.status == 200 else frozenset()

    async def _send(self, path: str, content: bytes | None, timeout: float) -> Answer | Fault:
        try:
            return await asyncio.wait_for(self._wire.send(path, content), timeout)
        except asyncio.TimeoutError:
            return Fault(f"no answer within {timeout:.3g} s", passing=True)
        except NoConnection as error:
            return Fault(f"no connection ({self.clean(str(error))})", passing=True, reached=False)
        except Broken as error:
            return Fault(f"the connection broke ({self.clean(str(error))})", passing=True)

    def _refusal(self, answer: Answer, model: str) -> Fault:
        status, message = answer.status, message_of(answer.text)
        told = f"the server answered {status} ({self.clean(message)})"
        if status in PASSING or status >= 500:
            return Fault(told, passing=True, wait=retry_after(answer.headers.get("retry-after")))
        unknown = status == 404 or (status == 400 and model in message)  # as transformers serve says it
        advice = ADVICE.get(404 if unknown else status, ADVICE[400]).format(variable=self._variable)
        return Fault(f"{told}; {advice}{self._hint if unknown else ''}")

    def _read(self, text: str) -> dict[str, Any] | Fault:
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return Fault(f"the reply is no JSON ({self.clean(text)})", passing=True)
        choices = data.get("choices") if isinstance(data, dict) else None
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return Fault(f"the reply has no choices ({self.clean(message_of(text))})", passing=True)
        assert isinstance(data, dict)
        return data

    def clean(self, text: str) -> str:
        """One short line without the key, which a server may quote."""
        words = text.split() if self._key == NO_KEY else mask(text, self._key).split()
        return " ".join(words)[:200]


def mask(text: str, key: str) -> str:
    """Without the key, and without the words that hold its first or last four characters, or were starred out.

    A word ends at a space. A part of the key from elsewhere, or the key in another coding, is not found.
    """
    text = text.replace(key, "***")
    if len(key) < 8:  # it is no secret, and its parts are anywhere
        return text

    def hide(word: re.Match[str]) -> str:
        told = key[:4] in word[0] or key[-4:] in word[0] or STARRED.search(word[0])
        return "***" if told else word[0]

    return re.sub(r"\S+", hide, text)


def message_of(body: str) -> str:
    """What an error's body tells: {"error": {"message": ...}}, {"error" or "message" or "detail": ...}, or text."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return body
    for name in ("error", "message", "detail"):
        if isinstance(data, dict) and name in data:
            data = data[name]
    return data if isinstance(data, str) else body


def names_in(body: str) -> frozenset[str]:
    """The names in {"data": [{"id": NAME}, ...]}; what is anything else names none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return frozenset()
    rows = data.get("data") if isinstance(data, dict) else None
    ids = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return frozenset(name for name in ids if isinstance(name, str))
