"""One index for all requests: answered in threads, in time, and never closed under a request."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from univldr.encoders import load_encoder
from univldr.encoders.hash import HashEncoder
from univldr.errors import CorpusError, ImageError, StoreError, TimeLimitError, UnivldrError
from univldr.index import Manifest, Store
from univldr.search import Request, Searcher
from univldr.server.metrics import Metrics
from univldr.server.queries import decoded
from univldr.server.service import Service
from univldr.server.settings import ServerSettings
from univldr.server.threads import Threads
from univldr.types import Document, Modality, Query, Term


class Index:
    """An index on disk, and what was opened of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened: list[Searcher] = []
        self.error: UnivldrError | None = None
        self.make(Store.create(path, Manifest.of(HashEncoder())), "old")

    def make(self, store: Store, *texts: str) -> None:
        """Fill a store and close it."""
        encoder = HashEncoder(store.manifest.dim)
        documents = [Document(text, Modality.TEXT, text) for text in texts]
        with store:
            store.engine.upsert(documents, encoder.encode_documents(documents))
            store.publish()

    def rebuild(self, *texts: str, dim: int = 64) -> None:
        """As another process does it."""
        self.make(Store.rebuild(self.path, Manifest.of(HashEncoder(dim))), *texts)

    def open(self) -> Searcher:
        if self.error is not None:
            raise self.error
        store = Store.open(self.path)
        encoder = HashEncoder(store.manifest.dim)
        self.opened.append(Searcher(encoder, store.engine, store=store))
        return self.opened[-1]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index")


def run(index: Index, test: Callable[[Service], Awaitable[None]], **settings: Any) -> Metrics:
    """Start a service, run the test with it, and stop it."""
    metrics = Metrics()

    async def whole() -> None:
        service = Service(index.open, ServerSettings(**settings), metrics)
        await service.start()
        try:
            await test(service)
        finally:
            await service.stop()

    asyncio.run(whole())
    return metrics


async def ids(service: Service, text: str = "old") -> list[str]:
    found, _ = await service.search(Request(Query(text)))
    return [hit.document.id for hit in found.hits]


def jpeg(size: tuple[int, int], orientation: int) -> bytes:
    """A photo-like picture that is to be turned."""
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    Image.fromarray(noise).resize(size).save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def test_it_answers_and_says_where_the_time_went(index: Index) -> None:
    async def test(service: Service) -> None:
        assert service.ready
        assert service.model == "hash"
        found, seconds = await service.search(Request(Query("old", plus=(Term("older"),))))
        assert [hit.document.id for hit in found.hits] == ["old"]
        assert seconds["encode"] > 0
        assert seconds["search"] > 0
        assert seconds["decode"] == 0

    told = run(index, test).render()[0].decode()
    assert 'univldr_stage_seconds_count{stage="search"} 1.0' in told
    assert "univldr_batch_size_count 1.0" in told  # the query and its term, together
    assert 'univldr_documents{modality="text"} 1.0' in told


def test_a_picture_is_decoded_before_and_has_the_same_vector(index: Index) -> None:
    picture = jpeg((1600, 1200), orientation=6)
    mini = load_encoder("mini")
    query = Query("words", picture, plus=(Term("more"), Term(image=picture)))
    ahead = decoded(query, mini)
    assert isinstance(ahead.image, bytes)
    assert Image.open(io.BytesIO(ahead.image)).size == (600, 800)  # upright, at half its size
    for one, other in ((query, ahead), (query.plus[1], ahead.plus[1])):
        rows = (
            mini.encode_queries([Query(one.text, one.image)]),
            mini.encode_queries([Query(other.text, other.image)]),
        )
        assert np.array_equal(*rows)
    fake = HashEncoder()
    assert np.array_equal(fake.encode_queries([query]), fake.encode_queries([decoded(query, fake)]))

    async def test(service: Service) -> None:
        _, seconds = await service.search(Request(Query(image=picture)))
        assert seconds["decode"] > 0
        with pytest.raises(ImageError, match="the query's picture"):
            await service.search(Request(Query("old", minus=(Term(image=b"no picture"),))))

    run(index, test)


def test_each_document_is_stored_by_itself(index: Index) -> None:
    broken = Document("broken", Modality.IMAGE, image=b"no picture")
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    odd = Document("odd", Modality.TEXT, "odd", metadata={"deep": deep})
    good = [Document(f"good {n}", Modality.TEXT, f"good {n}") for n in range(100)]

    async def test(service: Service) -> None:
        failed = await service.upsert([*good[:30], broken, *good[30:70], odd, *good[70:]])
        assert isinstance(failed[30], ImageError)
        assert isinstance(failed[71], CorpusError)
        assert sum(error is not None for error in failed) == 2
        assert (await service.info())["documents"] == 101
        assert await service.change(lambda searcher: searcher.delete(["good 1", "good 2"])) == 2
        assert (await service.info())["documents"] == 99

    run(index, test)


def test_a_request_is_over_when_its_time_is(index: Index) -> None:
    gate = threading.Event()
    begun: list[int] = []

    def work(number: int) -> Callable[[Searcher], None]:
        def waits(_: Searcher) -> None:
            begun.append(number)
            assert gate.wait(30)

        return waits

    async def test(service: Service) -> None:
        service._threads = Threads(1, "one")
        calls = [service.call(work(number)) for number in range(3)]
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(error, TimeLimitError) for error in done)
        with pytest.raises(TimeLimitError, match="longer than the server allows"):
            await service.call(work(3))  # the thread is busy still
        gate.set()
        await service.call(work(4))
        assert begun == [0, 4]  # what had not begun never did

    run(index, test, timeout=0.1)


def test_an_error_of_the_work_is_no_time_limit(index: Index) -> None:
    def fail(_: Searcher) -> None:
        raise TimeoutError("of the work")

    async def test(service: Service) -> None:
        with pytest.raises(TimeoutError, match="of the work"):
            await service.call(fail)

    run(index, test)


@pytest.mark.parametrize("dim", [64, 32])
def test_an_index_made_anew_is_opened_while_the_old_one_finishes(index: Index, dim: int) -> None:
    gate, inside = threading.Event(), threading.Event()

    def slow(searcher: Searcher) -> list[str]:
        inside.set()
        assert gate.wait(30)
        return [hit.document.id for hit in searcher.search("old")]

    async def test(service: Service) -> None:
        await service.refresh()
        assert len(index.opened) == 1  # nothing new
        call = asyncio.create_task(service.call(slow))
        await asyncio.to_thread(inside.wait)
        index.rebuild("new", "newer", dim=dim)
        await service.refresh()
        assert sorted(await ids(service)) == ["new", "newer"]
        old, new = index.opened
        assert old.encoder.dim == 64
        assert new.encoder.dim == dim
        assert (old.encoder is new.encoder) == (dim == 64)
        assert not old._closed
        gate.set()
        assert await call == ["old"]
        assert (await service.info())["documents"] == 2

    assert "univldr_reloads_total 1.0" in run(index, test).render()[0].decode()
    assert all(searcher._closed for searcher in index.opened)
    assert not any(worker.is_alive() for one in index.opened for worker in one.encoder._workers)  # type: ignore[attr-defined]


def test_a_change_meets_the_newest_index(index: Index) -> None:
    document = Document("added", Modality.TEXT, "added")

    async def test(service: Service) -> None:
        index.rebuild("new")
        assert await service.upsert([document]) == [None]  # the first try was refused, or lost
        assert sorted(await ids(service)) == ["added", "new"]

    run(index, test)


def test_where_a_new_index_cannot_be_opened_the_old_one_answers(
    index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(service: Service) -> None:
        index.rebuild("new")
        index.error = StoreError("it is broken")
        for _ in range(3):
            await service.refresh()
        assert await ids(service) == ["old"]
        index.error = None
        await service.refresh()
        assert await ids(service) == ["new"]

    with caplog.at_level(logging.WARNING):
        run(index, test)
    assert [record.getMessage() for record in caplog.records] == [
        "the index cannot be opened anew, so the old one answers: it is broken"
    ]


def test_stopping_finishes_what_was_accepted(index: Index) -> None:
    gate, inside = threading.Event(), threading.Event()

    def slow(searcher: Searcher) -> list[str]:
        inside.set()
        assert gate.wait(30)
        return [hit.document.id for hit in searcher.search("old")]

    async def whole() -> None:
        service = Service(index.open, ServerSettings(), Metrics())
        with pytest.raises(StoreError, match="starting or stopping"):
            await service.call(lambda searcher: None)
        await service.start()
        with service.lease() as searcher:
            assert searcher.search("old").hits
        service._threads = Threads(1, "one")
        calls = [
            asyncio.create_task(service.call(slow)) for _ in range(2)
        ]  # the second one has no thread yet
        await asyncio.to_thread(inside.wait)
        stopping = asyncio.create_task(service.stop())
        while service.ready:
            await asyncio.sleep(0)
        with pytest.raises(StoreError, match="starting or stopping"):
            await service.search(Request(Query("old")))
        with pytest.raises(StoreError), service.lease():
            pass
        assert not index.opened[0]._closed
        gate.set()
        assert await asyncio.gather(*calls) == [["old"], ["old"]]
        await stopping
        assert index.opened[0]._closed

    asyncio.run(whole())
    index.open().close()  # the lock is free again


def test_stopping_does_not_wait_for_ever(index: Index, caplog: pytest.LogCaptureFixture) -> None:
    gate = threading.Event()

    async def test(service: Service) -> None:
        call = asyncio.create_task(service.call(lambda searcher: gate.wait(30)))
        await asyncio.sleep(0)
        await service.stop()
        assert not index.opened[0]._closed
        gate.set()
        assert await call

    with caplog.at_level(logging.WARNING):
        run(index, test, shutdown=0)
    assert "1 requests were not finished in time" in caplog.text
