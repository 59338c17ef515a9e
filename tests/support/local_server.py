"""HTTP servers of tests and benchmarks on this machine, each answered by a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Keeps connections alive, and logs nothing."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet

    def body(self) -> bytes:
        """The body of the request."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(
        self,
        status: int,
        data: bytes,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        upto: int | None = None,
        length: bool = True,
    ) -> None:
        """Send a response. `upto` cuts its body behind so many bytes, and ends the connection; `length`: tell it."""
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        if length:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:upto])
        if upto is not None or not length:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class LocalServer(ThreadingHTTPServer):
    """A server on 127.0.0.1, at a free port unless one is given. It serves once `start` is called, until `close`."""

    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def __init__(self, handler: type[Handler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.root = f"http://127.0.0.1:{self.server_port}"
        self.url = f"{self.root}/v1"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left, or was killed, is no news."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()
