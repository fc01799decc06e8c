"""What the routes call: one open index, shared by all requests, opened anew when another took its place."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from univldr._cores import cores
from univldr.errors import CorpusError, ImageError, MissingExtra, StoreError, UnivldrError
from univldr.search import Request, Searcher
from univldr.search.results import Found
from univldr.server import stages
from univldr.server.batching import BatchingEncoder, too_late
from univldr.server.described import counts_of, description_of
from univldr.server.metrics import Metrics
from univldr.server.queries import asked, decoded
from univldr.server.settings import ServerSettings
from univldr.server.threads import Threads
from univldr.types import Document, Encoder, Modality, Query

T = TypeVar("T")
_log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often the server looks whether another index took the place of its own."""

INFO_SECONDS = 10.0
"""How long what is said of an index may be old."""

_PIECE = 64  # documents that are stored together; between pieces it is looked whether anybody still waits
_WORDED_PIECE = 4  # of which each picture may take a second


class _Lent:
    """An open searcher and who has it, the service included: the last one to give it back closes it."""

    def __init__(self, searcher: Searcher, encoder: BatchingEncoder) -> None:
        self.searcher = searcher
        self.encoder = encoder
        self.encoder_goes_on = False
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._users = 1

    def take(self) -> bool:
        """Whether it is still open; then ``give_back`` must follow."""
        with self._lock:
            self._users += self._users > 0
            return self._users > 0

    def give_back(self) -> None:
        """Done with it."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
        try:
            self.searcher.close()
        except UnivldrError as error:
            _log.warning("an index that is not used any more could not be closed: %s", error)
        finally:
            if not self.encoder_goes_on:
                self.encoder.close()
            self.closed.set()


class Service:
    """Answers requests from one index, in threads, each under a time limit.

    Attributes:
        ready: Whether it answers: it has been started, and is not being stopped.
        model: The name of the index's encoder.
    """

    def __init__(self, opener: Callable[[], Searcher], settings: ServerSettings, metrics: Metrics) -> None:
        """Nothing is opened before ``start``.

        Args:
            opener: Opens the index; called again when another index took its place.
            settings: Its bounds.
            metrics: What is counted.
        """
        self.ready = False
        self.model = ""
        self._opener = opener
        self._settings = settings
        self._metrics = metrics
        self._lent: _Lent | None = None
        self._accepted = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._threads = Threads(cores() + 1, "work")  # the engine works for one at a time
        self._heavy = Threads(cores(), "pictures")
        self._writing = Threads(1, "write")  # so that much to store lets pictures pass
        self._looking: asyncio.Task[None] | None = None
        self._info: tuple[float, Mapping[str, Any]] = (0.0, {})
        self._opening = asyncio.Lock()
        self._complaint = ""

    async def start(self) -> None:
        """Open the index, and from now on look for another one in its place.

        Raises:
            ModelError, StoreError: it cannot be opened.
        """
        self._use(await asyncio.to_thread(self._open, None))
        self.ready = True
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Take no new work, finish what was accepted, as far as ``settings.shutdown`` allows, and close."""
        self.ready = False
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        until = time.monotonic() + self._settings.shutdown
        try:
            await asyncio.wait_for(self._idle.wait(), self._settings.shutdown)
        except TimeoutError:
            _log.warning("%s requests were not finished in time", self._accepted)
        if (lent := self._lent) is not None:
            self._lent = None
            await asyncio.to_thread(lent.give_back)
            if not await asyncio.to_thread(lent.closed.wait, max(0.0, until - time.monotonic())):
                _log.warning("the index is still in use and ends with the process")
        for threads in (self._threads, self._heavy, self._writing):
            threads.close()

    @contextmanager
    def lease(self) -> Iterator[Searcher]:
        """The searcher, which is not closed meanwhile; for any thread.

        Raises:
            StoreError: the server is being stopped, or was not started.
        """
        self._require_ready()
        with self._taken() as lent:
            yield lent.searcher

    async def search(self, request: Request) -> tuple[Found, Mapping[str, float]]:
        """Answer a request; with it come the seconds by stage.

        Raises:
            TimeLimitError: it took too long.
            ConfigError, ImageError, StoreError, ...: see ``Searcher.run``.
        """
        query = request.query
        pictures = any(one.image is not None for one in asked(query))
        ahead = () if pictures else [Query(one.text) for one in asked(query) if one.text.strip()]
        work = partial(_answered, request=request)
        threads = self._heavy if pictures or request.explain else self._threads
        return await self._accept(work, threads, ahead)

    async def call(
        self, work: Callable[[Searcher], T], *, heavy: bool = False, ahead: Sequence[Query] = ()
    ) -> T:
        """What ``work`` returns, done in a thread with the searcher.

        Args:
            work: It may use whatever threads may share.
            heavy: It decodes pictures: no more such work is done at once than there are cores.
            ahead: Queries without pictures that it is going to encode: the encoder then has them already,
                and no thread waits for it.

        Raises:
            TimeLimitError: it took too long.
        """
        return (await self._accept(work, self._heavy if heavy else self._threads, ahead))[0]

    async def upsert(self, documents: Sequence[Document]) -> list[UnivldrError | None]:
        """Store documents; the error of each that was not, in order. One never stops another.

        Raises:
            TimeLimitError: it took too long; some may be stored.
        """
        return await self.change(partial(_stored, documents=documents))

    async def change(self, work: Callable[[Searcher], T]) -> T:
        """As ``call``, for what changes the index: one after the other.

        It is done again where another index took this one's place meanwhile.

        Raises:
            TimeLimitError: it took too long; the change may be made, or a part of it.
        """
        before = self._lent
        try:
            done, _ = await self._accept(work, self._writing)
        except StoreError:  # as it is not the newest one's
            await self.refresh()
            if self._lent is before:
                raise
        else:
            await self.refresh()
        if self._lent is not before:
            done, _ = await self._accept(work, self._writing)
        self._info = (0.0, {})
        return done

    async def info(self) -> dict[str, Any]:
        """What the index is, for ``GET /v1/index``; looked at anew when its size changes, and every 10 s.

        Raises:
            StoreError, TimeLimitError: it cannot be looked at.
        """
        return await self.call(self._described)

    def _require_ready(self) -> None:
        if not self.ready:
            raise StoreError("the server is starting or stopping; try again in a moment")

    async def _accept(
        self, work: Callable[[Searcher], T], threads: Threads, ahead: Sequence[Query] = ()
    ) -> tuple[T, stages.Times]:
        """Done under a lease and the time limit, and waited for when the server stops."""
        self._require_ready()
        self._accepted += 1
        self._idle.clear()
        try:
            with stages.measured(self._settings.timeout) as times:
                async with _until(times.deadline):
                    if ahead:
                        with self._taken() as lent:
                            await lent.encoder.encode_ahead(ahead)
                    done = await threads.run(partial(self._leased, work))
            self._metrics.observe_stages(times)
            return done, times
        finally:
            self._accepted -= 1
            if not self._accepted:
                self._idle.set()

    def _leased(self, work: Callable[[Searcher], T]) -> T:
        with self._taken() as lent:
            return work(lent.searcher)

    @contextmanager
    def _taken(self) -> Iterator[_Lent]:
        """What is open now, for work that was accepted."""
        while (lent := self._lent) is not None:
            if lent.take():
                try:
                    yield lent
                finally:
                    lent.give_back()
                return
        raise StoreError("the server has stopped; start it again")

    def _described(self, searcher: Searcher) -> dict[str, Any]:
        counts = self._count(searcher)
        at, known = self._info
        fresh = known and time.monotonic() - at < INFO_SECONDS and known["documents"] == sum(counts.values())
        if not fresh:
            known = description_of(searcher, counts)
            self._info = (time.monotonic(), known)
        return dict(known)

    def _open(self, old: _Lent | None) -> _Lent:
        """A searcher whose queries are encoded together; by the encoder there is, if it is the same."""
        searcher = self._opener()
        try:
            self._count(searcher)
            if old is not None and _is_same(old.encoder, searcher.encoder):
                encoder = old.encoder
            else:
                batch, observe = self._settings.max_batch, self._metrics.observe_batch
                encoder = BatchingEncoder(searcher.encoder, max_batch=batch, observe=observe)
        except BaseException:
            searcher.close()
            raise
        searcher.encoder = encoder
        return _Lent(searcher, encoder)

    def _use(self, lent: _Lent) -> None:
        self._lent = lent
        self.model = lent.encoder.name
        self._info = (0.0, {})

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.refresh()
            with suppress(UnivldrError):  # who searches is told
                await asyncio.to_thread(self._leased, self._count)

    def _count(self, searcher: Searcher) -> dict[Modality, int]:
        counts = counts_of(searcher.index)
        self._metrics.set_documents(counts)
        return counts

    async def refresh(self) -> None:
        """Open the index anew where another took its place; until that works the old one answers.

        Requests that have the old one finish with it, then it is closed.
        """
        async with self._opening:
            old = self._lent
            if old is None:
                return
            try:
                if not await asyncio.to_thread(old.searcher.is_stale):
                    return
                new = await asyncio.to_thread(self._open, old)
            except (UnivldrError, OSError) as error:
                if str(error) != self._complaint:
                    _log.warning("the index cannot be opened anew, so the old one answers: %s", error)
                self._complaint = str(error)
                return
            self._complaint = ""
            old.encoder_goes_on = new.encoder is old.encoder
            self._use(new)
            self._metrics.count_reload()
            await asyncio.to_thread(old.give_back)


@asynccontextmanager
async def _until(deadline: float) -> AsyncIterator[None]:
    """At most until then, by ``time.monotonic``.

    Raises:
        TimeLimitError: it took longer.
    """
    try:
        async with asyncio.timeout(deadline - time.monotonic()) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise  # some other one
        raise too_late() from None


def _is_same(one: Encoder, other: Encoder) -> bool:
    """Whether two encoders give the same vectors, and say the same about them."""
    names = ("name", "fingerprint", "calibration", "joint")
    return all(getattr(one, name, None) == getattr(other, name, None) for name in names)


def _answered(searcher: Searcher, request: Request) -> Found:
    if any(isinstance(one.image, bytes) for one in asked(request.query)):
        with stages.stage("decode"):
            request = replace(request, query=decoded(request.query, searcher.encoder))
    with stages.stage("search"):
        return searcher.run(request)


def _stored(searcher: Searcher, documents: Sequence[Document]) -> list[UnivldrError | None]:
    failed: list[UnivldrError | None] = []
    piece = _WORDED_PIECE if searcher.manifest and searcher.manifest.verbalize else _PIECE
    for begin in range(0, len(documents), piece):
        if time.monotonic() >= stages.deadline():
            break  # nobody waits any more
        failed += _halved(searcher, documents[begin : begin + piece])
    return failed


def _halved(searcher: Searcher, documents: Sequence[Document]) -> list[UnivldrError | None]:
    """Store them together, or find those that cannot be stored."""
    try:
        searcher.upsert(documents)
    except (CorpusError, ImageError, MissingExtra) as error:
        if len(documents) == 1:
            return [error]
        middle = len(documents) // 2
        return _halved(searcher, documents[:middle]) + _halved(searcher, documents[middle:])
    except UnivldrError as error:  # not one document's doing
        return [error] * len(documents)
    return [None] * len(documents)
