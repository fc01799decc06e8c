"""A server that answers what a test says, and what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """``None`` for the body closes the connection without any answer."""

    status: int
    body: object
    headers: dict[str, str] = field(default_factory=dict)


OVERLOADED = Answer(
    429,
    {"error": {"type": "overloaded", "message": "too much to do", "remedy": "try again"}},
    {"retry-after": "3"},
)
BROKEN = Answer(0, None)
FOUND = Answer(200, {"hits": [], "answered": None, "took_ms": 1.0})


@dataclass
class Stub:
    """Gives ``answers`` in turn, the last one for ever."""

    url: str
    answers: list[Answer]
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def stub(*answers: Answer) -> Iterator[Stub]:
    """A running one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append((self.command, self.path, headers, json.loads(content or b"null")))
            answer = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            if answer.body is None:
                self.close_connection = True
                return
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815 - the names of the base class

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Stub(f"http://127.0.0.1:{server.server_address[1]}", list(answers))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
