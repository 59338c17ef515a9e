"""An OpenAI-compatible server on this machine that answers as a test tells it to, faults included.

Its text is a hash of prompt and seed. `fault(asked)` decides what happens to a request: None is a good
answer, anything else is called with the handler and the good reply, and sends what it likes.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from local_server import Handler, LocalServer

KEY = "sk-secret-0123456789"  # which the shell of a test holds


@dataclass
class Asked:
    path: str
    body: dict
    headers: dict
    tries: int  # of this prompt, this one included
    time: float = field(default_factory=time.monotonic)

    @property
    def prompt(self) -> str:
        return self.body["prompt"] if "prompt" in self.body else self.body["messages"][0]["content"]


def text_for(prompt: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {prompt}".encode()).hexdigest()[:12]


class StubHandler(Handler):
    def do_POST(self):
        stub = self.server
        asked = Asked(
            self.path, json.loads(self.body()), {name.lower(): text for name, text in self.headers.items()}, 0
        )
        with stub.lock:
            stub.tries[asked.prompt] += 1
            asked.tries = stub.tries[asked.prompt]
            stub.seen.append(asked)
            stub.in_flight += 1
            stub.peak = max(stub.peak, stub.in_flight)
        try:
            stub.closing.wait(stub.delay(asked))
            fault = stub.fault(asked)
            (fault or good)(self, stub.reply(asked))
        finally:
            with stub.lock:
                stub.in_flight -= 1

    def answer(self, status, data, headers=(), upto=None, length=True):
        super().answer(status, data, {"Content-Type": "application/json", **dict(headers)}, upto, length)


# Faults.


def good(handler, reply):
    handler.answer(200, json.dumps(reply).encode())


def status(code, message="no", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, reply: handler.answer(code, json.dumps({"error": {"message": message}}).encode(), names)


def raw(data, code=200):
    return lambda handler, reply: handler.answer(code, data)


def cut(handler, reply):
    handler.answer(200, json.dumps(reply).encode(), upto=20)


def hang(handler, reply):
    handler.server.closing.wait(20)
    handler.close_connection = True


def drip(handler, reply):
    """A byte now and then, so that no single read takes long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        while not handler.server.closing.wait(0.02):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        pass
    handler.close_connection = True


def changed(**fields):
    return lambda handler, reply: good(handler, {**reply, **fields})


class Stub(LocalServer):
    def __init__(self):
        super().__init__(StubHandler)
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.seen: list[Asked] = []
        self.tries: Counter = Counter()
        self.in_flight = self.peak = 0
        self.fault = lambda asked: None
        self.delay = lambda asked: 0.0
        self.top = None  # prompt -> {token: log-probability}
        self.start()

    def reply(self, asked):
        text = text_for(asked.prompt, asked.body.get("seed", 0))
        choice = {"message": {"role": "assistant", "content": text}} if "messages" in asked.body else {"text": text}
        if "logprobs" in asked.body and self.top:
            choice["logprobs"] = {"top_logprobs": [self.top(asked.prompt)]}
        prompt = len(asked.prompt) // 4 + 1
        usage = {"prompt_tokens": prompt, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1}}
        return {"choices": [choice], "usage": usage}

    def close(self):
        self.closing.set()
        super().close()
