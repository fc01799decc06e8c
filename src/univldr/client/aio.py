"""The client whose methods are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self, TypeVar

import httpx2
import numpy as np

from univldr.client import calls
from univldr.client.answers import IndexFields, ModelFields
from univldr.client.asking import Asking, Attempts
from univldr.client.calls import THUMBNAIL, Call
from univldr.client.upload import DIVIDED, Upload, UpsertReport
from univldr.errors import ConfigError, OverloadedError, UnauthorizedError
from univldr.search.request import Request
from univldr.search.results import Found
from univldr.types import Document, Float32Array, Query

T = TypeVar("T")


class AsyncClient(Asking):
    """:class:`univldr.Client` with methods that are awaited, ``search`` and ``like`` included.

    Results of ``await client.search(...)`` have been looked at. What is changed before is searched once:

    >>> async with univldr.AsyncClient("http://127.0.0.1:8080") as client:  # doctest: +SKIP
    ...     boats = await client.search("boats").where("year > 2020").limit(5)
    """

    _http: httpx2.AsyncClient

    def __init__(
        self, url: str, *, api_key: str | None = None, timeout: float = 60.0, retries: int = 3
    ) -> None:
        """See :class:`univldr.client.asking.Asking`."""
        super().__init__(url, api_key=api_key, timeout=timeout, retries=retries)
        self._http = httpx2.AsyncClient(**self._settings())

    def run(self, request: Request) -> Found:
        """Results call it when they are looked at without having been awaited.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(
            "these results were not awaited; await them before they are looked at, or use univldr.Client"
        )

    async def run_async(self, request: Request) -> Found:
        """Answer a request: what awaiting results does."""
        found = []
        for page in calls.pages(request):
            found.append(await self._do(await asyncio.to_thread(calls.search, page)))
            if len(found[-1].hits) < page.k:
                break
        return calls.joined(found)

    async def upsert(self, documents: Iterable[Document]) -> UpsertReport:
        """See ``Client.upsert``; ``documents`` are gone through in a thread."""
        upload = Upload(documents)
        while (call := await asyncio.to_thread(upload.next)) is not None:
            try:
                upload.take(await self._do(call))
            except DIVIDED as error:
                upload.divide(error)
        return upload.report

    async def delete(self, ids: Iterable[str]) -> int:
        """See ``Client.delete``."""
        return sum([await self._do(calls.delete(id)) for id in ids])

    async def get(self, id: str) -> Document | None:
        """See ``Client.get``."""
        return await self._do(calls.get(id))

    async def picture(self, id: str) -> bytes:
        """See ``Client.picture``."""
        return await self._do(calls.picture(id))

    async def thumbnail(self, id: str, size: int = THUMBNAIL) -> bytes:
        """See ``Client.thumbnail``."""
        return await self._do(calls.thumbnail(id, size))

    async def embed(self, inputs: Sequence[str | Query]) -> Float32Array:
        """See ``Client.embed``."""
        waiting = calls.embed(inputs)
        rows = []
        while (call := await asyncio.to_thread(next, waiting, None)) is not None:
            rows.append(await self._do(call))
        return np.concatenate(rows) if rows else np.empty((0, (await self.info())["dim"]), np.float32)

    async def models(self) -> list[ModelFields]:
        """See ``Client.models``."""
        return await self._do(calls.models())

    async def info(self) -> IndexFields:
        """See ``Client.info``."""
        return await self._do(calls.info())

    async def health(self) -> bool:
        """See ``Client.health``."""
        return await self._is("/health")

    async def ready(self) -> bool:
        """See ``Client.ready``."""
        return await self._is("/ready")

    async def close(self) -> None:
        """See ``Client.close``."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _is(self, path: str) -> bool:
        call = calls.status(path)
        try:
            return call.result(
                await self._http.request(call.method, call.path, timeout=Attempts(self).timeout)
            )
        except httpx2.HTTPError:
            return False

    async def _do(self, call: Call[T]) -> T:
        attempts = Attempts(self)
        while True:
            try:
                return call.result(
                    await self._http.request(
                        call.method, call.path, content=call.body, timeout=attempts.timeout
                    )
                )
            except UnauthorizedError as error:
                raise self._refused(error) from None
            except (httpx2.HTTPError, OverloadedError) as error:
                seconds = attempts.wait(error)
            await asyncio.sleep(seconds)
