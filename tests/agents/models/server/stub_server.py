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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet

    def do_POST(self):
        stub = self.server.stub
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = Asked(self.path, body, {name.lower(): text for name, text in self.headers.items()}, 0)
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

    def answer(self, status, data, headers=(), upto=None):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:upto])
        if upto is not None:
            self.close_connection = True

    def log_message(self, *_):
        pass


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
    handler.server.stub.closing.wait(20)
    handler.close_connection = True


def drip(handler, reply):
    """A byte now and then, so that no single read takes long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        while not handler.server.stub.closing.wait(0.02):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        pass
    handler.close_connection = True


def changed(**fields):
    return lambda handler, reply: good(handler, {**reply, **fields})


class Stub(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.stub, self.lock, self.closing = self, threading.Lock(), threading.Event()
        self.seen: list[Asked] = []
        self.tries: Counter = Counter()
        self.in_flight = self.peak = 0
        self.fault = lambda asked: None
        self.delay = lambda asked: 0.0
        self.top = None  # prompt -> {token: log-probability}
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def reply(self, asked):
        text = text_for(asked.prompt, asked.body.get("seed", 0))
        choice = {"message": {"role": "assistant", "content": text}} if "messages" in asked.body else {"text": text}
        if "logprobs" in asked.body and self.top:
            choice["logprobs"] = {"top_logprobs": [self.top(asked.prompt)]}
        prompt = len(asked.prompt) // 4 + 1
        usage = {"prompt_tokens": prompt, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1}}
        return {"choices": [choice], "usage": usage}

    def handle_error(self, request, client_address):
        """A client that left is no news."""

    def close(self):
        self.closing.set()
        self.shutdown()
        self.server_close()
        self.thread.join()
