"""The client whose methods return when the server has answered."""

from __future__ import annotations

import time
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
from univldr.errors import OverloadedError, UnauthorizedError, UnivldrError
from univldr.search.request import Request
from univldr.search.results import Found
from univldr.types import Document, Float32Array, Query

T = TypeVar("T")


class Client(Asking):
    """A server, searched as if its index were here; several threads may use one.

    Every method raises what the server raised, as the same class of ``univldr.errors``, and
    ``UnreachableError`` where no server answers.

    >>> with univldr.Client("http://127.0.0.1:8080") as client:
    ...     for hit in client.search("the whiteboard with the pricing model").limit(5):
    ...         print(hit.score, hit.document.title)
    """

    _http: httpx2.Client

    def __init__(
        self, url: str, *, api_key: str | None = None, timeout: float = 60.0, retries: int = 3
    ) -> None:
        """See :class:`univldr.client.asking.Asking`."""
        super().__init__(url, api_key=api_key, timeout=timeout, retries=retries)
        self._http = httpx2.Client(**self._settings())

    def run(self, request: Request) -> Found:
        """Answer a request now: what the results of ``search`` and ``like`` call."""
        found = []
        for page in calls.pages(request):
            found.append(self._do(calls.search(page)))
            if len(found[-1].hits) < page.k:
                break
        return calls.joined(found)

    def upsert(self, documents: Iterable[Document]) -> UpsertReport:
        """Store documents by id, some at a time; pictures given as paths are read here and sent.

        A document that cannot be stored fails by itself. Those before an error that is raised are stored.
        """
        upload = Upload(documents)
        while (call := upload.next()) is not None:
            try:
                upload.take(self._do(call))
            except DIVIDED as error:
                upload.divide(error)
        return upload.report

    def delete(self, ids: Iterable[str]) -> int:
        """Forget documents; unknown ids are fine. Returns how many there were."""
        return sum(self._do(calls.delete(id)) for id in ids)

    def get(self, id: str) -> Document | None:
        """The document of this id, or ``None``; its picture is a path on the server's machine."""
        return self._do(calls.get(id))

    def picture(self, id: str) -> bytes:
        """The picture of a document, encoded as it is, or as JPEG where browsers do not show that."""
        return self._do(calls.picture(id))

    def thumbnail(self, id: str, size: int = THUMBNAIL) -> bytes:
        """A small picture of a document, encoded; its longest side has 160, 320 or 640 pixels."""
        return self._do(calls.thumbnail(id, size))

    def picture_of(self, document: Document) -> bytes | None:
        """A thumbnail, for results in a notebook; ``None`` where it cannot be had."""
        try:
            return self.thumbnail(document.id)
        except UnivldrError:
            return None

    def embed(self, inputs: Sequence[str | Query]) -> Float32Array:
        """float32 [len(inputs), dim], unit rows: words, pictures, or both, as queries are embedded."""
        rows = [self._do(call) for call in calls.embed(inputs)]
        return np.concatenate(rows) if rows else np.empty((0, self.info()["dim"]), np.float32)

    def models(self) -> list[ModelFields]:
        """What ``embed`` embeds with."""
        return self._do(calls.models())

    def info(self) -> IndexFields:
        """What is searched, and what the server allows."""
        return self._do(calls.info())

    def health(self) -> bool:
        """Whether a server answers at all, right now."""
        return self._is("/health")

    def ready(self) -> bool:
        """Whether it can answer searches, right now."""
        return self._is("/ready")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is(self, path: str) -> bool:
        call = calls.status(path)
        try:
            return call.result(self._http.request(call.method, call.path, timeout=Attempts(self).timeout))
        except httpx2.HTTPError:
            return False

    def _do(self, call: Call[T]) -> T:
        attempts = Attempts(self)
        while True:
            try:
                return call.result(
                    self._http.request(call.method, call.path, content=call.body, timeout=attempts.timeout)
                )
            except UnauthorizedError as error:
                raise self._refused(error) from None
            except (httpx2.HTTPError, OverloadedError) as error:
                seconds = attempts.wait(error)
            time.sleep(seconds)
