"""The processes of ``benchmarks.serve``: what a model and an index do by themselves, a server, its clients.

The clients speak HTTP over plain sockets, since they share the machine with the server: a library for it
would take longer than the server does. Each sends its next request once the last one was answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

import univldr
from univldr.encoders import load_encoder
from univldr.index.holder import Holder
from univldr.search import Request
from univldr.server import run, service
from univldr.server.batching import BatchingEncoder
from univldr.server.settings import ServerSettings
from univldr.types import Query

_WARM = 50  # calls before the clock starts


def limits(index: str, texts: list[str]) -> dict[str, float]:
    """Queries a second that the model encodes and that a searcher answers, without a server.

    Also the least cosine between a query's vectors, encoded in a batch of 32 and alone.
    """
    queries = [Query(text) for text in texts]
    with univldr.open(index) as searcher:
        encoder = load_encoder(searcher.encoder.name)

        def rate(work, items, threads: int = 1) -> float:  # type: ignore[no-untyped-def]
            for item in items[:_WARM]:
                work(item)
            with ThreadPoolExecutor(threads) as pool:
                started = time.perf_counter()
                list(pool.map(work, items))
                return len(queries) / (time.perf_counter() - started)

        alone = [[query] for query in queries]
        batches = [queries[at : at + 32] for at in range(0, len(queries), 32)]
        together = np.concatenate([encoder.encode_queries(batch) for batch in batches])
        apart = np.concatenate([encoder.encode_queries(one) for one in alone])
        return {
            "least cosine": float((together * apart).sum(axis=1).min()),
            "encode, one at a time": rate(encoder.encode_queries, alone),
            "encode, two at a time": rate(encoder.encode_queries, alone, 2),
            "encode, batches of 32": rate(encoder.encode_queries, batches),
            "search, encoding included": rate(searcher.run, [Request(query) for query in queries]),
        }


def serve(
    index: str, workers: int, queue: int, max_batch: int | None = None, encoders: int | None = None
) -> None:
    """A server as ``univldr serve`` starts one; prints its URL once it answers."""
    if encoders is not None:  # no setting: fewer than there are cores serve nobody
        vars(service)["BatchingEncoder"] = partial(BatchingEncoder, workers=encoders)
    settings = ServerSettings(port=0, workers=workers, queue=queue, max_batch=max_batch)
    holder = Holder(Path(index))
    run.serve(
        run.bind(settings.host, settings.port),
        holder,
        settings,
        ready=lambda url, _: print(url, flush=True),
    )
    holder.close()


class _Load:
    """Requests still to be sent, and what became of those that were."""

    def __init__(self, requests: list[bytes]) -> None:
        self.requests = requests
        self.next = 0
        self.answers: list[tuple[int, float, float]] = []  # status, when it came, seconds it took

    def take(self) -> bytes | None:
        if self.next == len(self.requests):
            return None
        self.next += 1
        return self.requests[self.next - 1]


class _Client(asyncio.Protocol):
    """One connection after the other, one request after the other."""

    def __init__(self, load: _Load, done: asyncio.Future[None]) -> None:
        self._load = load
        self._done = done
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        request = self._load.take()
        if request is None:
            self._transport.close()
            self._done.set_result(None)
            return
        self._seen = b""
        self._waiting = True
        self._began = time.perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, end, body = self._seen.partition(b"\r\n\r\n")
        if not end:
            return
        fields = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in fields if line.startswith(b"content-length:"))
        if len(body) >= length:
            self._note(int(head[9:12]))
            if b"connection: close" in fields:
                self._transport.close()
            else:
                self._send()

    def _note(self, status: int) -> None:
        now = time.perf_counter()
        self._load.answers.append((status, now, now - self._began))
        self._waiting = False

    def connection_lost(self, _: Exception | None) -> None:
        if self._waiting:
            self._note(0)
        if not self._done.done():
            self._done.set_exception(ConnectionError())


async def _client(host: str, port: int, load: _Load) -> None:
    loop = asyncio.get_running_loop()
    while load.next < len(load.requests):
        done = loop.create_future()
        try:
            await loop.create_connection(partial(_Client, load, done), host, port)
            await done
        except ConnectionError:
            continue


def ask(url: str, clients: int, texts: list[str], route: str = "search") -> dict[str, object]:
    """Each text once, by so many clients at a time; statuses, seconds of each answer, seconds in all."""
    host, _, port = url.removeprefix("http://").partition(":")
    load = _Load([_request(text, f"{host}:{port}", route) for text in texts])

    async def all_of_them() -> None:
        await asyncio.gather(*(_client(host, int(port), load) for _ in range(clients)))

    started = time.perf_counter()
    asyncio.run(all_of_them())
    statuses = [status for status, _, _ in load.answers]
    return {
        "statuses": {str(one): statuses.count(one) for one in sorted(set(statuses))},
        "latencies": [took for status, _, took in load.answers if status == 200],
        "seconds": time.perf_counter() - started,
    }


def _request(text: str, host: str, route: str) -> bytes:
    fields = {"query": text} if route == "search" else {"input": text, "encoding_format": "base64"}
    body = json.dumps(fields).encode()
    head = f"POST /v1/{route} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


if __name__ == "__main__":
    role, arguments = json.loads(sys.argv[1])
    roles: dict[str, Callable[..., object]] = {"limits": limits, "serve": serve, "ask": ask}
    answer = roles[role](**arguments | json.load(sys.stdin))
    if answer is not None:
        print(json.dumps(answer))
