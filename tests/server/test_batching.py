"""Concurrent queries: together where that changes nothing, each with its own answer and its own errors."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from univldr.calibration import Calibrated
from univldr.encoders import load_encoder
from univldr.encoders.hash import HashEncoder
from univldr.encoders.parts import Splits
from univldr.encoders.settings import Drafts, Joint
from univldr.errors import ConfigError, StoreError, TimeLimitError
from univldr.server import stages
from univldr.server.batching import MAX_BATCH, BatchingEncoder, rows_are_independent
from univldr.types import Document, Encoder, Float32Array, Modality, Query


class Gated(HashEncoder):
    """Waits at a gate, and remembers what was encoded together."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.came = threading.Semaphore(0)

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        self.batches.append([query.text for query in queries])
        self.came.release()
        assert self.gate.wait(30)
        return super().encode_queries(queries)


class Quantized(HashEncoder):
    """A row depends on the whole batch, as with a graph that is quantized dynamically."""

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        rows = super().encode_queries(queries) + np.float32(0.01 * len(queries))
        unit: Float32Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


Make = Callable[..., BatchingEncoder]


@pytest.fixture
def batching() -> Iterator[Make]:
    """Makes encoders that are closed at the end."""
    made: list[BatchingEncoder] = []

    def make(inner: Encoder, **options: Any) -> BatchingEncoder:
        made.append(BatchingEncoder(inner, **options))
        return made[-1]

    yield make
    for one in made:
        if isinstance(one._inner, Gated):
            one._inner.gate.set()
        one.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as pool:
        yield pool


def waiting(encoder: BatchingEncoder, count: int) -> None:
    """Return once so many queries wait for a worker."""
    with encoder._wake:  # its workers are busy, so that nobody else is told
        assert encoder._wake.wait_for(lambda: len(encoder._waiting) >= count, 30)


def busy(encoder: BatchingEncoder, pool: ThreadPoolExecutor) -> Future[Float32Array]:
    """The only worker waits at its gate with this query."""
    first = pool.submit(encoder.encode_queries, [Query("first")])
    assert isinstance(encoder._inner, Gated)
    assert encoder._inner.came.acquire(timeout=30)
    return first


def test_what_waits_goes_together(batching: Make, pool: ThreadPoolExecutor) -> None:
    sizes: list[int] = []
    inner = Gated()
    encoder = batching(inner, max_batch=4, workers=1, observe=sizes.append)
    first = busy(encoder, pool)
    texts = [f"query {n}" for n in range(6)]
    others = [pool.submit(encoder.encode_queries, [Query(text)]) for text in texts]
    waiting(encoder, 6)
    inner.gate.set()
    for text, other in zip(texts, others, strict=True):
        assert np.array_equal(other.result(30), HashEncoder().encode_queries([Query(text)]))
    assert first.result(30).shape == (1, 64)
    assert list(map(len, inner.batches)) == sizes == [1, 4, 2]


def test_a_query_is_answered_the_same_alone_and_under_load(batching: Make, pool: ThreadPoolExecutor) -> None:
    encoder = batching(Quantized(), workers=2)
    assert encoder.max_batch == 1
    texts = [f"query {n}" for n in range(200)]
    calls = [pool.submit(encoder.encode_queries, [Query(text), Query("another")]) for text in texts]
    for text, call in zip(texts, calls, strict=True):
        assert np.array_equal(call.result(30)[:1], Quantized().encode_queries([Query(text)]))


def test_the_probe_tells_the_two_kinds_apart() -> None:
    assert rows_are_independent(HashEncoder())
    assert not rows_are_independent(Quantized())
    assert not rows_are_independent(load_encoder("mini"))


def test_the_same_query_is_encoded_once(batching: Make, pool: ThreadPoolExecutor) -> None:
    inner = Gated()
    encoder = batching(inner, max_batch=8, workers=1)
    first = busy(encoder, pool)
    calls = [pool.submit(encoder.encode_queries, [Query("first"), Query("second")]) for _ in range(5)]
    waiting(encoder, 1)
    inner.gate.set()
    rows = [call.result(30) for call in calls]
    assert all(np.array_equal(some, rows[0]) for some in rows)
    assert np.array_equal(first.result(30)[0], rows[0][0])
    encoder.encode_queries([Query("second")])
    assert inner.batches == [["first"], ["second"]]


def test_as_many_vectors_are_kept_as_were_asked_for(batching: Make) -> None:
    inner = Gated()
    inner.gate.set()
    encoder = batching(inner, max_batch=1, cached=2)
    for text in ("a", "b", "a", "c", "a", "b"):  # "b" is the one that was not used for the longest time
        encoder.encode_queries([Query(text)])
    assert inner.batches == [["a"], ["b"], ["c"], ["b"]]
    row = encoder.encode_queries([Query("b")])
    row += 1  # a caller's rows are its own
    assert np.array_equal(encoder.encode_queries([Query("b")]), HashEncoder().encode_queries([Query("b")]))


def test_a_query_that_fails_fails_alone(batching: Make, pool: ThreadPoolExecutor) -> None:
    inner = Gated()
    encoder = batching(inner, max_batch=8, workers=1)
    busy(encoder, pool)
    texts = ["good", "better", " ", "best"]
    calls = [pool.submit(encoder.encode_queries, [Query(text)]) for text in texts]
    waiting(encoder, 4)
    inner.gate.set()
    for text, call in zip(texts, calls, strict=True):
        if text.strip():
            assert np.array_equal(call.result(30), HashEncoder().encode_queries([Query(text)]))
        else:
            with pytest.raises(ConfigError, match="an empty query"):
                call.result(30)


def test_a_long_list_lets_others_pass(batching: Make, pool: ThreadPoolExecutor) -> None:
    inner = Gated()
    encoder = batching(inner, max_batch=1, workers=1)
    busy(encoder, pool)
    many = pool.submit(encoder.encode_queries, [Query(f"one of many {n}") for n in range(100)])
    waiting(encoder, MAX_BATCH)
    single = pool.submit(encoder.encode_queries, [Query("single")])
    waiting(encoder, MAX_BATCH + 1)
    inner.gate.set()
    assert many.result(30).shape == (100, 64)
    assert single.result(30).shape == (1, 64)
    assert inner.batches.index(["single"]) == MAX_BATCH + 1  # after what busies the worker, and one piece


def test_an_error_is_not_remembered(batching: Make) -> None:
    class Failing(Gated):
        def encode_queries(self, queries: list[Query]) -> Float32Array:
            if len(self.batches) < 1:
                self.batches.append([])
                raise TimeoutError("of the encoder")
            return super().encode_queries(queries)

    inner = Failing()
    inner.gate.set()
    encoder = batching(inner, max_batch=1)
    with pytest.raises(TimeoutError, match="of the encoder"):
        encoder.encode_queries([Query("a")])
    assert encoder.encode_queries([Query("a")]).shape == (1, 64)


def test_what_nobody_waits_for_is_not_encoded(batching: Make, pool: ThreadPoolExecutor) -> None:
    inner = Gated()
    encoder = batching(inner, max_batch=1, workers=1)
    first = busy(encoder, pool)
    with stages.measured(-1), pytest.raises(TimeLimitError):
        encoder.encode_queries([Query("late")])
    with stages.measured(-1), pytest.raises(TimeLimitError):
        encoder.encode_queries([Query("late for one")])
    other = pool.submit(encoder.encode_queries, [Query("late for one")])
    pool.submit(encoder.encode_queries, [Query("last")])
    waiting(encoder, 3)
    inner.gate.set()
    first.result(30)
    assert np.array_equal(other.result(30), HashEncoder().encode_queries([Query("late for one")]))
    encoder.encode_queries([Query("last")])
    assert ["late"] not in inner.batches


def test_ahead_of_time_no_thread_waits(batching: Make) -> None:
    inner = Gated()
    encoder = batching(inner, max_batch=1, workers=1)

    async def ahead() -> stages.Times:
        with stages.measured() as times:
            tasks = [asyncio.create_task(encoder.encode_ahead([Query("a"), Query(t)])) for t in ("b", "c")]
            await asyncio.sleep(0)
            tasks[0].cancel()  # the other one still waits for the same query
            await asyncio.sleep(0)
            inner.gate.set()
            await tasks[1]
        return times

    assert asyncio.run(ahead())["encode"] > 0
    encoder.encode_queries([Query("a"), Query("c")])
    assert inner.batches == [["a"], ["b"], ["c"]]


def test_pictures_are_encoded_alone_and_files_never_remembered(batching: Make, tmp_path: Path) -> None:
    from PIL import Image

    inner = Gated()
    inner.gate.set()
    encoder = batching(inner, max_batch=8, workers=1)
    path = tmp_path / "picture.ppm"
    Image.new("RGB", (8, 8), "red").save(path)
    queries = [Query("a"), Query("b", path), Query("b", path.read_bytes()), Query("c")]
    rows = encoder.encode_queries(queries)
    assert np.array_equal(rows, HashEncoder().encode_queries(queries))
    assert inner.batches.count(["b"]) == 2
    assert sum(map(len, inner.batches)) == 4
    Image.new("RGB", (8, 8), "blue").save(path)
    assert not np.array_equal(encoder.encode_queries([Query("b", path)])[0], rows[1])
    assert np.array_equal(encoder.encode_queries(queries[2:3])[0], rows[2])


def test_it_has_what_the_other_one_has_and_no_more(batching: Make) -> None:
    class Bare:
        name, dim, fingerprint, max_tokens = "bare", 4, "f", 8

        def count_tokens(self, texts: list[str]) -> list[int]:
            return [1 for _ in texts]

        def encode_queries(self, queries: list[Query]) -> Float32Array:
            return np.full((len(queries), 4), 0.5, np.float32)

        encode_documents = None

    bare = batching(Bare())
    assert not any(isinstance(bare, kind) for kind in (Joint, Splits, Drafts, Calibrated))
    inner = HashEncoder()
    encoder = batching(inner)
    assert all(isinstance(encoder, kind) for kind in (Joint, Splits, Drafts))
    assert not isinstance(encoder, Calibrated)
    assert isinstance(batching(load_encoder("mini")), Calibrated)
    assert (encoder.name, encoder.dim, encoder.fingerprint) == ("hash", 64, inner.fingerprint)
    document = Document("d", Modality.TEXT, "some words")
    assert np.array_equal(encoder.encode_documents([document]), inner.encode_documents([document]))
    assert all(inspect.getattr_static(encoder, name) for name in ("joint", "draft"))  # as Python 3.12 asks
    assert isinstance(encoder, Splits)
    assert encoder.document_parts([document])[0].keys() == {"text"}
    assert encoder.encode_queries([]).shape == (0, 64)


def test_closing_ends_the_threads_and_refuses_more(batching: Make, pool: ThreadPoolExecutor) -> None:
    inner = Gated()
    encoder = batching(inner, max_batch=1, workers=1)
    first = busy(encoder, pool)
    second = pool.submit(encoder.encode_queries, [Query("second")])
    waiting(encoder, 1)
    closing = pool.submit(encoder.close)
    inner.gate.set()
    closing.result(30)
    assert first.result(30).shape == second.result(30).shape == (1, 64)  # what was asked for is done
    assert not any(worker.is_alive() for worker in encoder._workers)
    with pytest.raises(StoreError, match="closed"):
        encoder.encode_queries([Query("third")])
