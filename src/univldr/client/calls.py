"""Each thing that a server can be asked, and how its answer is read. Nothing here touches the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx2

from univldr.client.answers import (
    IndexFields,
    ModelFields,
    check,
    encoded,
    found_of,
    json_of,
    strange,
    vectors_of,
)
from univldr.client.pictures import data_uri
from univldr.errors import ConfigError, NotFoundError
from univldr.search.fields import document_of
from univldr.search.request import Request
from univldr.search.results import Found
from univldr.types import Document, Float32Array, Query, Term

T = TypeVar("T")

THUMBNAIL = 320
"""Pixels of a thumbnail's longest side, where nobody says."""

MAX_ITEMS = 64
"""Documents or inputs of one request: few enough for a slow model to be done with them in time."""

MAX_BYTES = 8 << 20
"""Of one request with more than one of them; servers take 32 MiB if they are not told otherwise."""

MAX_HITS = 200
"""Of one request."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request, and what makes a value of its answer. All of them may be sent again.

    Attributes:
        method: Of HTTP.
        path: With its query, percent-encoded.
        read: The value of a successful answer.
        body: JSON.
    """

    method: str
    path: str
    read: Callable[[httpx2.Response], T]
    body: bytes | None = None

    def result(self, response: httpx2.Response) -> T:
        """The value of an answer.

        Raises:
            UnivldrError: what the server raised; ``RequestError`` for what it would not answer.
        """
        try:
            return self.read(response)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise strange(response) from None


def batched(
    items: Iterable[T], *, size: Callable[[T], int], apart: Callable[[T], object] = id
) -> Iterator[list[T]]:
    """As many at a time as go well into one request.

    Args:
        items: In order.
        size: Bytes of one.
        apart: Those for which it gives the same do not come together.
    """
    batch: list[T] = []
    keys: set[object] = set()
    total = 0
    for item in items:
        full = len(batch) == MAX_ITEMS or total + size(item) > MAX_BYTES
        if batch and (full or apart(item) in keys):
            yield batch
            batch, keys, total = [], set(), 0
        batch.append(item)
        keys.add(apart(item))
        total += size(item)
    if batch:
        yield batch


def pages(request: Request) -> Iterator[Request]:
    """The request in parts, as a server gives only so many hits at a time."""
    end = request.offset + request.k
    for offset in range(request.offset, end, MAX_HITS):
        yield replace(request, offset=offset, k=min(MAX_HITS, end - offset))


def joined(found: Sequence[Found]) -> Found:
    """One answer of those to the parts of a request."""
    hits = [hit for part in found for hit in part.hits]
    return Found(hits, found[0].answered, sum(part.took_ms for part in found))


def search(request: Request) -> Call[Found]:
    """``POST /v1/search``.

    Raises:
        ImageError: a picture of the query cannot be read.
    """
    query = request.query
    body = {
        "query": query.text,
        "image": None if query.image is None else data_uri(query.image),
        "plus": [_term(term) for term in query.plus],
        "minus": [_term(term) for term in query.minus],
        "like": list(query.like),
        "k": request.k,
        "offset": request.offset,
        "modality": None if request.modality is None else request.modality.value,
        "where": None if request.where is None else str(request.where),
        "center": request.center,
        "image_bias": request.image_bias,
        "lexical": request.lexical,
        "per_file": request.per_file,
        "fold": request.fold,
        "min_relevance": request.min_relevance,
        "explain": request.explain,
    }
    return Call("POST", "/v1/search", lambda response: found_of(json_of(response)), _body(body))


def embed(inputs: Iterable[str | Query]) -> Iterator[Call[Float32Array]]:
    """``POST /v1/embeddings``, for some of the inputs at a time.

    Raises:
        ConfigError: a query is of more than words and a picture.
        ImageError: a picture cannot be read.
    """
    for some in batched(map(_input, inputs), size=len):
        body = b'{"encoding_format":"base64","input":[' + b",".join(some) + b"]}"
        yield Call("POST", "/v1/embeddings", lambda response: vectors_of(json_of(response)), body)


def get(id: str) -> Call[Document | None]:
    """``GET /v1/documents/ID``; ``None`` where there is none."""

    def read(response: httpx2.Response) -> Document | None:
        try:
            return document_of(json_of(response))
        except NotFoundError:
            return None

    return Call("GET", f"/v1/documents/{_name(id)}", read)


def delete(id: str) -> Call[bool]:
    """``DELETE /v1/documents/ID``: whether there was one."""

    def read(response: httpx2.Response) -> bool:
        try:
            return bool(json_of(response)["deleted"])
        except NotFoundError:
            return False

    return Call("DELETE", f"/v1/documents/{_name(id)}", read)


def picture(id: str) -> Call[bytes]:
    """``GET /v1/documents/ID/image``."""
    return Call("GET", f"/v1/documents/{_name(id)}/image", _content)


def thumbnail(id: str, size: int) -> Call[bytes]:
    """``GET /v1/documents/ID/thumbnail``."""
    return Call("GET", f"/v1/documents/{_name(id)}/thumbnail?size={int(size)}", _content)


def models() -> Call[list[ModelFields]]:
    """``GET /v1/models``."""
    return Call("GET", "/v1/models", lambda response: list(json_of(response)["data"]))


def info() -> Call[IndexFields]:
    """``GET /v1/index``."""
    return Call("GET", "/v1/index", _index)


def status(path: str) -> Call[bool]:
    """``GET /health`` or ``/ready``: whether it is so."""
    return Call("GET", path, lambda response: response.is_success)


def _index(response: httpx2.Response) -> IndexFields:
    fields: Any = json_of(response)
    found: IndexFields = fields
    return found


def _content(response: httpx2.Response) -> bytes:
    check(response)
    return response.content


def _name(id: str) -> str:
    """As one segment of a path; ``..`` written plainly would be the folder above."""
    try:
        return quote(id, safe="") if id.strip(".") else id.replace(".", "%2E")
    except UnicodeEncodeError:
        raise ConfigError(f"the id {id!r} is not Unicode; no document can have it") from None


def _term(term: Term) -> dict[str, Any]:
    return {
        "text": term.text,
        "image": None if term.image is None else data_uri(term.image),
        "weight": term.weight,
    }


def _input(one: str | Query) -> bytes:
    """An object even for words, as a string could be taken for a picture."""
    query = Query(one) if isinstance(one, str) else one
    if query.plus or query.minus or query.like:
        raise ConfigError("an input with terms or documents to be like; give words, a picture or both")
    return _body({"text": query.text, "image": None if query.image is None else data_uri(query.image)})


def _body(fields: dict[str, Any]) -> bytes:
    try:
        return encoded(fields)
    except ValueError as error:
        raise ConfigError(f"the query cannot be sent: {error}; texts must be Unicode") from error
