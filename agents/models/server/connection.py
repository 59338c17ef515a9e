"""An open connection to one OpenAI-compatible server: its event loop, and its refusals read."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from typing import Any

from forethought.agents.models.server.address import NO_KEY
from forethought.agents.models.server.error_words import REFUSALS, Kind
from forethought.agents.models.server.errors import Problem, problem_of
from forethought.agents.models.server.failures import Failure
from forethought.agents.models.server.proxies import ProxyError
from forethought.agents.models.server.redaction import hide, mask, one_line
from forethought.agents.models.server.responses import blocked, is_broken, other_api, written
from forethought.agents.models.server.transport import Answer, Broken, NoConnection, TooLong, Transport, Unreachable
from forethought.common.json_text import read_json
from forethought.common.retry import wait_of

PASSING = (408, 409, 425, 429, 498)  # and 5xx; 498 of Groq: no room at present
CLOSING = 5.0  # seconds for requests in flight to end
LISTING = 1 << 22  # bytes of a list of models
MODELS = "expected an address such as http://127.0.0.1:8000/v1 and a model that its /models lists"
ADVICE: dict[Kind, str] = {
    "": "the server cannot take such a request, and another attempt would be refused as well",
    "key": "set the environment variable {variable} to a key that this server knows",
    "forbidden": "the key in {variable} may not ask this model",
    "proxy": "the proxy that the environment names wants a user and a password: http://USER:PASSWORD@HOST:PORT",
    "quota": "the account of the key in {variable} has nothing left to spend; see the provider's page of bills",
    "model": MODELS,
    "path": MODELS + "{chat}",
    "chat": "this model only chats; ask it as server+chat:MODEL@URL",
    "responses": "this model answers only the Responses API, and this package does not use it; take another model",
    "plain": "this model does not chat; ask it as server:MODEL@URL",
    "parameter": "leave the parameter out with --model-option omit=NAME (temperature, stop or seed), or give it "
    "another name with --model-option rename=OLD:NAME",
    "logprobs": "the server does not tell so many log-probabilities (vLLM: serve with --max-logprobs 20); "
    "take the value lm-text, or a server that tells them",
}


class Connection:
    """An event loop in a thread of its own, and the transport to one address in it.

    The thread lives until `close`. No exception of the transport leaves here: it may hold the request, with its key.
    """

    def __init__(self, url: str, key: str, variable: str, concurrency: int, hint: str = "") -> None:
        """Start the thread. `hint` is the advice for a server that does not know the model."""
        self.gate = asyncio.Semaphore(concurrency)  # of all requests here
        self._key, self._variable, self._hint = key, variable, hint
        self._transport = Transport(url, key)
        self.first = asyncio.Lock()  # held by the first request, see Server
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
        """Do `work`, or the part of it before another thread closes the connection.

        Its error is raised here, and disturbs no other work. An interruption of the wait, such as Ctrl-C, closes the
        line,
        and ends this work and all other work.
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
        """End all requests, then the thread. A second call in the meantime returns at once."""
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
        await self._transport.close()

    async def post(self, path: str, body: dict[str, Any], limit: int, timeout: float) -> dict[str, Any] | Failure:
        """One attempt: the JSON object within `timeout` seconds and `limit` bytes, or the fault."""
        answer = await self._send(path, json.dumps(body).encode(), limit, timeout)
        if isinstance(answer, Failure):
            return answer
        return self._read(answer, body) if 200 <= answer.status < 300 else self._refusal(answer, body)

    async def models(self, timeout: float) -> frozenset[str] | Failure:
        """The names in the list of models; none where the list cannot be read."""
        answer = await self._send("/models", None, LISTING, timeout)
        if isinstance(answer, Failure):
            return answer
        return names_in(answer.text) if answer.status == 200 else frozenset()

    async def _send(self, path: str, content: bytes | None, limit: int, timeout: float) -> Answer | Failure:
        try:
            return await asyncio.wait_for(self._transport.send(path, content, limit), timeout)
        except asyncio.TimeoutError:
            return Failure(f"no answer within {timeout:.3g} s", transient=True)
        except NoConnection as error:
            return Failure(f"no connection ({self.clean(str(error))})", transient=True, reached=False)
        except Broken as error:
            return Failure(f"the connection broke ({self.clean(str(error))})", transient=True)
        except TooLong as error:
            return Failure(f"the reply is longer than a reply to this request can be: {error}", paid=True)
        except Unreachable as error:
            return Failure(f"no connection ({self.clean(str(error))})", reached=False)
        except ProxyError as error:
            return Failure(self.clean(str(error), 2), reached=False)

    def _refusal(self, answer: Answer, body: dict[str, Any]) -> Failure:
        if 300 <= answer.status < 400:
            return self._redirect(answer)
        return self._problem(problem_of(answer.status, answer.text), answer.headers, body)

    def _problem(
        self, problem: Problem, headers: Mapping[str, str], body: dict[str, Any], came: str = "the server answered {}"
    ) -> Failure:
        kind = problem.kind(str(body["model"]), body)
        told = f"{came.format(problem.status)} ({self.clean(problem.message) or 'without a word'})"
        if kind in REFUSALS or kind == "cut":
            return Failure(told, problem=problem)
        if kind != "quota" and (problem.status in PASSING or problem.status >= 500):
            wait = wait_of(headers, problem.message)
            return Failure(told, transient=True, wait=wait, failed=problem.status in (500, 501))
        chat = "" if "messages" in body else "; a server that only chats is asked as server+chat:MODEL@URL"
        advice = ADVICE[kind].format(variable=self._variable, chat=chat)
        return Failure(f"{told}; {advice}{self._hint if kind in ('model', 'path') else ''}", problem=problem)

    def _redirect(self, answer: Answer) -> Failure:
        place = self.clean(answer.headers.get("location", ""))
        return Failure(
            f"the server answered {answer.status} and points to {place or 'no address'!r}; a request is sent to the "
            "address of the model alone; if that other address is meant, write it into the model: server:MODEL@URL"
        )

    def _read(self, answer: Answer, body: dict[str, Any]) -> dict[str, Any] | Failure:
        text = answer.text
        try:
            data = read_json(hide(text.lstrip("\ufeff"), self._key))
        except ValueError:
            return self._no_json(text)
        choices = data.get("choices") if isinstance(data, dict) else None
        choice = choices[0] if isinstance(choices, list) and choices else None
        error = error_in(choice) or (None if says_something(choice) else error_in(data))
        if error:
            return self._error_of_reply(error, answer, body)
        if not choices and isinstance(data, dict) and (reason := blocked(data)):
            return {**data, "choices": [{"finish_reason": "content_filter", "refusal": self.clean(reason)}]}
        if choices == [] and isinstance(data, dict) and isinstance(data.get("usage"), dict):
            return {**data, "choices": [{}]}  # paid, and empty
        if isinstance(choice, dict) and is_broken(choice):
            return Failure(f"the server broke its reply off ({choice['finish_reason']})", transient=True, failed=True)
        if not isinstance(choice, dict) and (api := other_api(data)):
            return Failure(
                f"the reply has the form of {api}, and that of OpenAI's completions is read: {MODELS}", paid=True
            )
        if not isinstance(choice, dict):
            return Failure(
                f"the reply has no choices ({self.clean(problem_of(400, text).message)})", transient=True, failed=True
            )
        assert isinstance(data, dict)
        return data

    def _error_of_reply(self, error: dict[str, Any], answer: Answer, body: dict[str, Any]) -> Failure:
        """An error inside a reply: gateways answer 200 before they know, and put the status inside."""
        status = status_in(error)
        problem = problem_of(status or 400, json.dumps(error))
        fault = self._problem(problem, answer.headers, body, "the reply is an error" + " {}" * bool(status))
        unknown = status is None and not problem.kind(str(body["model"]), body)
        return Failure(fault.reason.partition("; ")[0], transient=True) if unknown else fault

    def _no_json(self, text: str) -> Failure:
        told = f"the reply is no JSON ({self.clean(text)})"
        if text.lstrip().startswith("data:"):
            return Failure(f"{told}: it is a stream of events, and none was asked for", paid=True)
        page = text.lstrip("\ufeff \t\r\n").startswith("<")
        return Failure(
            f"{told}; a page is no server of models: {MODELS}" if page else told, transient=True, failed=not page
        )

    def hide(self, text: str) -> str:
        """The text without the key."""
        return hide(text, self._key)

    def clean(self, text: str, lines: int = 1) -> str:
        """One line of at most `lines` times 200 characters, without the key that a server may quote."""
        return one_line(text if self._key == NO_KEY else mask(text, self._key), lines)


def says_something(choice: Any) -> bool:
    """Whether a choice holds a text: then a note beside it, such as {"code": 0, "message": "ok"}, is no error."""
    return isinstance(choice, dict) and bool(written({"choices": [choice]}).text.strip())


def error_in(data: Any) -> dict[str, Any] | None:
    """The error in a reply, or in a choice of it, with the object around it."""
    error = data.get("error") if isinstance(data, dict) else None
    if error is None and isinstance(data, dict) and isinstance(base := data.get("base_resp"), dict):  # of MiniMax
        error = {"message": base.get("status_msg")} if base.get("status_code") else None
    if isinstance(error, dict) and any(map(error.get, ("message", "code", "type", "msg"))):
        return {"error": error}
    return {"error": error} if isinstance(error, str) and error.strip() else None


def status_in(error: dict[str, Any]) -> int | None:
    """The status in an error; None without one."""
    inner = error["error"]
    code = inner.get("code") if isinstance(inner, dict) else None
    told = int(code) if isinstance(code, str) and re.fullmatch("[45][0-9]{2}", code) else code
    return told if type(told) is int and 400 <= told < 600 else None


def names_in(body: str) -> frozenset[str]:
    """The names in {"data": [{"id": NAME}, ...]}; entries of another form are left out."""
    try:
        data = read_json(body)
    except ValueError:
        return frozenset()
    rows = data.get("data") if isinstance(data, dict) else None
    ids = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return frozenset(name for name in ids if isinstance(name, str))
