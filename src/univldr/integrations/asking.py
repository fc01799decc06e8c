"""What the retrievers share: how they ask a searcher, and what they tell of a hit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from univldr.client import AsyncClient, Client
from univldr.client.pictures import data_uri
from univldr.errors import ConfigError, ImageError, NotFoundError
from univldr.search import Results, Searcher
from univldr.search.results import requested
from univldr.types import Document, Hit, Modality, Query

Asked = Searcher | Client | AsyncClient
"""What answers searches: an open index, or a server of one."""

_OF_THE_QUERY = ("image", "plus", "minus", "like")

Found = tuple[Hit, str | None]
"""A hit, and its picture as a data URI where that was wanted and can be had."""


def check(searcher: object, k: int, options: Mapping[str, Any]) -> None:
    """Refuse at once what no search could be made of.

    Raises:
        ConfigError: ``searcher`` is none, or ``k`` or an option is wrong; see ``univldr.search.Request``.
    """
    if not isinstance(searcher, Asked):
        raise ConfigError(
            f"searcher is a {type(searcher).__name__}; give univldr.open(...), univldr.Client(...) "
            "or univldr.AsyncClient(...)"
        )
    query, others = _split(options)
    requested(Query("words", **query), k, others)


def ask(searcher: Asked, words: str, k: int, options: Mapping[str, Any]) -> Results:
    """The results of a search, not run yet.

    Args:
        searcher: What is asked.
        words: What is looked for; may be empty beside an image or documents to be like.
        k: How many hits.
        options: Those of ``Searcher.search``; also ``image``, ``plus``, ``minus`` and ``like`` of ``Query``.

    Raises:
        ConfigError: see ``Searcher.search``.
    """
    query, others = _split(options)
    return searcher.search(Query(words, **query), k, **others)


def found(results: Results, searcher: Asked, pictures: bool) -> list[Found]:
    """The hits, with their pictures if these are wanted.

    Raises:
        ConfigError: ``searcher`` is an ``AsyncClient``.
        UnivldrError: what the search raises.
    """
    return [(hit, _picture(searcher, hit.document) if pictures else None) for hit in results]


async def found_async(results: Results, searcher: Asked, pictures: bool) -> list[Found]:
    """As ``found``, beside other work.

    Raises:
        UnivldrError: what the search raises.
    """
    hits: Sequence[Hit] = await results
    if not pictures:
        return [(hit, None) for hit in hits]
    uris = await asyncio.gather(*(_picture_async(searcher, hit.document) for hit in hits))
    return list(zip(hits, uris, strict=True))


def words_of(document: Document) -> str:
    """A passage; of a picture, its caption and the words that were generated of it, a line each."""
    return "\n".join(part for part in (document.text, *(one.text for one in document.expansions)) if part)


def fields_of(hit: Hit) -> dict[str, Any]:
    """What is told of a hit beside its words: the document's own metadata, and over it the names given here.

    Returns:
        ``id``, ``score``, ``relevance`` (``None`` where it is not known), ``modality``, ``title``, ``path``
        (``None`` without a file), and ``explanation`` where it was asked for.
    """
    document = hit.document
    fields = {
        **document.metadata,
        "id": document.id,
        "score": hit.score,
        "relevance": hit.relevance,
        "modality": document.modality.value,
        "title": document.title,
        "path": document.path,
    }
    return fields | ({"explanation": dict(hit.explanation)} if hit.explanation else {})


def split_uri(uri: str) -> tuple[str, str]:
    """The type, such as ``image/png``, and the base64 text of a data URI that ``found`` gave."""
    kind, _, content = uri.removeprefix("data:").partition(";base64,")
    return kind, content


def _split(options: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Those of the query, and those of the search."""
    query = {name: options[name] for name in _OF_THE_QUERY if name in options}
    return query, {name: value for name, value in options.items() if name not in query}


def _picture(searcher: Asked, document: Document) -> str | None:
    """A hit whose picture has gone is still a hit."""
    if document.modality is not Modality.IMAGE:
        return None
    try:
        if isinstance(searcher, Client):
            return data_uri(searcher.picture(document.id))
        return None if document.image is None else data_uri(document.image)
    except (ImageError, NotFoundError):
        return None


async def _picture_async(searcher: Asked, document: Document) -> str | None:
    if not isinstance(searcher, AsyncClient):
        return await asyncio.to_thread(_picture, searcher, document)
    try:
        return data_uri(await searcher.picture(document.id)) if document.modality is Modality.IMAGE else None
    except (ImageError, NotFoundError):
        return None
