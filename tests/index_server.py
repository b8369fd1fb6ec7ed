"""A package index on this machine: what the tests of its clients talk to, one handler each."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Answering(BaseHTTPRequestHandler):
    """A handler that says nothing aloud; what it answers is ``respond``'s."""

    def do_GET(self) -> None:
        self.respond()

    def respond(self) -> None:
        """Answer the path that is asked for."""
        raise NotImplementedError

    def page(self, files: list[dict[str, Any]]) -> None:
        """A project's page, as PEP 691 has it."""
        self.answer(200, "application/vnd.pypi.simple.v1+json", json.dumps({"files": files}).encode())

    def piece(self, content: bytes) -> None:
        """The bytes that the request's range names."""
        first, last = self.headers["Range"].removeprefix("bytes=").split("-")
        self.answer(206, "application/octet-stream", content[int(first) : int(last) + 1])

    def answer(self, status: int, kind: str = "text/plain", body: bytes = b"") -> None:
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the test's output clean."""


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The index's address, while it is up."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
