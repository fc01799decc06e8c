"""Qdrant's HTTP interface, as far as univldr calls it, over the client's in-process mode; it can fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qdrant_client import models

from tests.index.clusters import InProcess, as_a_server_compares

Fault = int | str
"""What happens to a request: it gets a status; ``drop``: no answer; ``late``: none either, but it is done;
``slow``: one after a while; ``none``: nothing."""


class FakeQdrant(ThreadingHTTPServer):
    """One node on a free port of this machine.

    Attributes:
        version: What it says it is.
        key: The API key that it wants, if any.
        faults: What happens to the next requests, in order; those after them are answered.
        requests: Method and path of each.
        bodies: What came with each.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.client = InProcess()
        self.turn = threading.Lock()
        self.version = "1.20.0"
        self.key = ""
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.bodies: list[Any] = []

    @property
    def url(self) -> str:
        """``qdrant://host:port``."""
        return f"qdrant://127.0.0.1:{self.server_address[1]}"


@contextmanager
def fake_qdrant() -> Iterator[FakeQdrant]:
    """A node that runs meanwhile."""
    with FakeQdrant() as server, as_a_server_compares():
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: FakeQdrant
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        self.server.requests.append(f"{self.command} {path}")
        self.server.bodies.append(json.loads(body or b"null"))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault == "slow":
            time.sleep(1.5)
        if fault == "drop":
            self.close_connection = True
            return
        if isinstance(fault, int):
            self._send(fault, {"status": {"error": "as was asked for"}})
        elif self.server.key and self.headers.get("api-key") != self.server.key:
            self._send(401, {"status": {"error": "Must provide an API key"}})
        else:
            status, answer = self._done(path, self.server.bodies[-1])
            if fault == "late":
                self.close_connection = True
                return
            self._send(status, answer)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

    def _done(self, path: str, body: Any) -> tuple[int, Any]:
        if path == "/":
            return 200, {"title": "fake", "version": self.server.version}
        _, _, name, *rest = path.split("/")
        operation = _OPERATIONS.get(f"{self.command} {'/'.join(rest)}")
        if operation is None:
            return 404, {"status": {"error": f"no {self.command} {path}"}}
        try:
            with self.server.turn:
                return 200, {"status": "ok", "time": 0.0, "result": operation(self.server.client, name, body)}
        except ValueError as error:
            missing = "not found" in str(error)
            return 404 if missing else 400, {"status": {"error": f"Wrong input: {error}"}}

    def _send(self, status: int, answer: Any) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, list) else value.model_dump(mode="json")


def _create(client: InProcess, name: str, body: Any) -> bool:
    wanted = models.CreateCollection.model_validate(body)
    return client.create_collection(
        name,
        vectors_config=wanted.vectors,
        sparse_vectors_config=wanted.sparse_vectors,
        metadata=wanted.metadata,
    )


def _scroll(client: InProcess, name: str, body: Any) -> Any:
    wanted = models.ScrollRequest.model_validate(body)
    points, offset = client.scroll(
        name,
        scroll_filter=wanted.filter,
        limit=wanted.limit or 10,
        offset=wanted.offset,
        with_payload=wanted.with_payload or False,
        with_vectors=wanted.with_vector or False,
    )
    return {"points": _plain(points), "next_page_offset": offset}


def _retrieve(client: InProcess, name: str, body: Any) -> Any:
    wanted = models.PointRequest.model_validate(body)
    return _plain(
        client.retrieve(name, wanted.ids, wanted.with_payload or False, wanted.with_vector or False)
    )


def _search(client: InProcess, name: str, body: Any) -> Any:
    wanted = models.QueryRequestBatch.model_validate(body)
    return _plain(client.query_batch_points(name, wanted.searches))


def _upsert(client: InProcess, name: str, body: Any) -> Any:
    return _plain(client.upsert(name, models.PointsList.model_validate(body).points))


_OPERATIONS: dict[str, Callable[[InProcess, str, Any], Any]] = {
    "GET exists": lambda client, name, _: {"exists": client.collection_exists(name)},
    "GET ": lambda client, name, _: _plain(client.get_collection(name)),
    "PUT ": _create,
    "PATCH ": lambda client, name, body: client.update_collection(name, metadata=body["metadata"]),
    "DELETE ": lambda client, name, _: client.delete_collection(name),
    "PUT index": lambda *_: {"operation_id": 0, "status": "acknowledged"},
    "PUT points": _upsert,
    "POST points": _retrieve,
    "POST points/scroll": _scroll,
    "POST points/count": lambda client, name, body: _plain(
        client.count(name, models.CountRequest.model_validate(body).filter)
    ),
    "POST points/delete": lambda client, name, body: _plain(
        client.delete(name, models.PointIdsList.model_validate(body))
    ),
    "POST points/query/batch": _search,
}
