"""Concurrent queries encoded together, where that changes no vector.

A query must be answered the same whether it comes alone or among others. A graph that is quantized
dynamically scales a whole batch at once, so that each of its rows depends on the others, as with ``mini``.
Such an encoder gets each query by itself, as many at a time as there are cores; any other gets what waits as
one batch. Which of the two it is, a probe finds out once. ``python -m benchmarks.serve`` measures both.

Nothing is held back so that a batch may grow: a worker takes what waits. Under load they grow by themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from univldr._cores import cores
from univldr.errors import StoreError, TimeLimitError
from univldr.server import stages
from univldr.types import Document, Encoder, Float32Array, Query

MAX_BATCH = 32
"""Queries encoded together, where their number does not change their vectors; and of one call, at a time."""

CACHED = 4096
"""Vectors of queries that are kept; of 512 numbers each, 8 MiB."""

_SAME = 1e-5  # what rows may differ by: the order of a sum depends on the size of a batch
_PROBE = (
    "a brown dog runs along the beach; how many people lived in the old town when its bridge over the river "
    "was built, and who paid for the red roof of the house at the corner of the market?"
)


class _Job:
    """One query to encode, for all who ask for it; ``deadline`` is the latest of theirs."""

    __slots__ = ("began", "deadline", "key", "query", "row")

    def __init__(self, query: Query, key: bytes | None, deadline: float) -> None:
        self.query = query
        self.key = key
        self.deadline = deadline
        self.row: Future[Float32Array] = Future()
        self.row.set_running_or_notify_cancel()  # who gives up does not end it for the others
        self.began = 0.0  # when its encoding began, by perf_counter


class BatchingEncoder:
    """An encoder around another one, for many threads: everything but ``encode_queries`` is the other's.

    It has the public attributes that the other has, and no more, so that protocols that are asked for at run
    time, such as ``Calibrated`` and ``Splits``, hold for both or for neither.
    """

    def __new__(cls, inner: Encoder, **_: Any) -> BatchingEncoder:
        """An instance of a class with the other's attributes: ``isinstance`` does not ask ``__getattr__``."""
        names = {*dir(inner)} - {*dir(cls)}
        others = {name: _passed_on(name) for name in names if not name.startswith("_")}
        return object.__new__(type(cls.__name__, (cls,), others))

    def __init__(
        self,
        inner: Encoder,
        *,
        max_batch: int | None = None,
        workers: int | None = None,
        cached: int = CACHED,
        observe: Callable[[int], None] | None = None,
    ) -> None:
        """Start the workers.

        Args:
            inner: Threads may share it.
            max_batch: Queries that are encoded together; ``None``: up to ``MAX_BATCH`` where a probe of
                ``inner`` finds that rows do not depend on each other, else 1.
            workers: Batches that are encoded side by side; ``None``: as many as there are cores.
            cached: Vectors of queries that are kept.
            observe: Told the size of each batch.

        Raises:
            ModelError: ``inner`` cannot encode.
        """
        self._inner = inner
        self.max_batch = max_batch or (MAX_BATCH if rows_are_independent(inner) else 1)
        self._observe = observe
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._waiting: deque[_Job] = deque()
        self._in_flight: dict[bytes, _Job] = {}
        self._rows: OrderedDict[bytes, Float32Array] = OrderedDict()
        self._cached = cached
        self._closed = False
        self._workers = [
            threading.Thread(target=self._work, name=f"encode-{number}", daemon=True)
            for number in range(workers or cores())
        ]
        for worker in self._workers:
            worker.start()

    @property
    def name(self) -> str:
        """The other's."""
        return self._inner.name

    @property
    def dim(self) -> int:
        """The other's."""
        return self._inner.dim

    @property
    def fingerprint(self) -> str:
        """The other's."""
        return self._inner.fingerprint

    @property
    def max_tokens(self) -> int:
        """The other's."""
        return self._inner.max_tokens

    def count_tokens(self, texts: list[str]) -> list[int]:
        """The other's."""
        return self._inner.count_tokens(texts)

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """The other's."""
        return self._inner.encode_documents(documents)

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        """float32 [len(queries), dim], unit rows; each as if it was encoded alone.

        The time it takes is added to the stages ``queue`` and ``encode``.

        Raises:
            ConfigError, ImageError: as the other one, for a query of this call.
            TimeLimitError: the deadline of the request passed before a query's turn came.
            StoreError: it is closed.
        """
        if not queries:
            return self._inner.encode_queries(queries)
        until = stages.deadline()
        rows: list[Float32Array] = []
        for begin in range(0, len(queries), MAX_BATCH):  # in turn with others, however many these are
            called = time.perf_counter()
            entered = self._enter(queries[begin : begin + MAX_BATCH], until)
            rows += [_row(one, until) if isinstance(one, _Job) else one for one in entered]
            _note(entered, called)
        return np.stack(rows)

    async def encode_ahead(self, queries: Sequence[Query]) -> None:
        """Encode queries without a thread that waits; ``encode_queries`` then has their vectors at once.

        Raises:
            As ``encode_queries``.
        """
        for begin in range(0, len(queries), MAX_BATCH):
            called = time.perf_counter()
            entered = self._enter(queries[begin : begin + MAX_BATCH], stages.deadline())
            for one in entered:
                if isinstance(one, _Job):
                    await asyncio.wrap_future(one.row)
            _note(entered, called)

    def close(self) -> None:
        """End the workers once they have encoded what was asked for."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        for worker in self._workers:
            worker.join()

    def _enter(self, queries: Sequence[Query], until: float) -> list[Float32Array | _Job]:
        """The rows that are known, and for each other query its job, which may be one of others too."""
        keys = [_key(query) for query in queries]
        entered: list[Float32Array | _Job] = []
        with self._wake:
            if self._closed:
                raise StoreError("the encoder is closed; open the index again")
            for query, key in zip(queries, keys, strict=True):
                known = self._rows.get(key) if key else None
                if key and known is not None:
                    self._rows.move_to_end(key)
                entered.append(self._job(query, key, until) if known is None else known)
        return entered

    def _job(self, query: Query, key: bytes | None, until: float) -> _Job:
        job = self._in_flight.get(key) if key else None
        if job is not None:
            job.deadline = max(job.deadline, until)
            return job
        job = _Job(Query(query.text, query.image), key, until)
        if key:
            self._in_flight[key] = job
        self._waiting.append(job)
        self._wake.notify()
        return job

    def _work(self) -> None:
        while batch := self._take():
            self._encode(batch)

    def _take(self) -> list[_Job]:
        """What waits, as far as it goes together; nothing once it is closed and nothing waits any more."""
        batch: list[_Job] = []
        with self._wake:
            while not batch:
                while not self._waiting:
                    if self._closed:
                        return []
                    self._wake.wait()
                while self._waiting and len(batch) < self.max_batch:
                    if batch and self._waiting[0].query.image is not None:
                        break
                    job = self._waiting.popleft()
                    if job.deadline < time.monotonic():
                        self._forget(job)
                        job.row.set_exception(too_late())  # nobody waits for it
                        continue
                    batch.append(job)
                    if job.query.image is not None:
                        break  # a picture takes long, and a broken one would fail the others
        return batch

    def _encode(self, batch: Sequence[_Job]) -> None:
        began = time.perf_counter()
        for job in batch:
            job.began = job.began or began
        try:
            rows = self._inner.encode_queries([job.query for job in batch])
            # copies, since a view would keep its whole batch
            done = [(job, row.copy()) for job, row in zip(batch, rows, strict=True)]
        except BaseException as error:  # noqa: BLE001 - it belongs to who asked; the worker goes on
            if len(batch) == 1:
                with self._lock:
                    self._forget(batch[0])
                batch[0].row.set_exception(error)
            else:
                self._encode(batch[: len(batch) // 2])
                self._encode(batch[len(batch) // 2 :])
            return
        if self._observe is not None:
            self._observe(len(batch))
        with self._lock:
            for job, row in done:
                self._forget(job)
                self._keep(job.key, row)
        for job, row in done:
            job.row.set_result(row)

    def _forget(self, job: _Job) -> None:
        """Nobody joins it any more."""
        if job.key:
            self._in_flight.pop(job.key, None)

    def _keep(self, key: bytes | None, row: Float32Array) -> None:
        if key:
            self._rows[key] = row
            if len(self._rows) > self._cached:
                self._rows.popitem(last=False)


def rows_are_independent(encoder: Encoder) -> bool:
    """Whether a query's vector is the same whatever it is encoded with, up to the order of sums.

    Raises:
        ModelError: it cannot encode.
    """
    words = _PROBE.split()
    queries = [Query(" ".join(words[n : 2 * n + 1])) for n in range(len(words) // 2)]
    together = encoder.encode_queries(queries)
    alone = np.concatenate([encoder.encode_queries([query]) for query in queries])
    return bool(np.abs(together - alone).max() <= _SAME)


def _row(job: _Job, until: float) -> Float32Array:
    """The row of a job once it is done."""
    left = None if until == float("inf") else max(0.0, until - time.monotonic())
    try:
        return job.row.result(left)
    except TimeoutError:
        if job.row.done():
            raise  # the encoder's own
        raise too_late() from None


def _note(entered: Sequence[Float32Array | _Job], called: float) -> None:
    """Count what passed since ``called`` as waiting, then as encoding."""
    passed = time.perf_counter() - called
    began = min((one.began for one in entered if isinstance(one, _Job)), default=called)
    waited = min(max(0.0, began - called), passed)
    stages.add("queue", waited)
    stages.add("encode", passed - waited)


def too_late() -> TimeLimitError:
    """The error of a request that took too long."""
    return TimeLimitError(
        "the request took longer than the server allows; ask for less, or when it is less busy"
    )


def _key(query: Query) -> bytes | None:
    """A digest of what an encoder reads of a query; ``None`` for a file, which may change."""
    if isinstance(query.image, Path):
        return None
    text = query.text.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(len(text).to_bytes(8), digest_size=16)
    digest.update(text)
    if query.image is not None:
        digest.update(b"picture")
        digest.update(query.image)
    return digest.digest()


def _passed_on(name: str) -> property:
    return property(lambda self: getattr(self._inner, name))
