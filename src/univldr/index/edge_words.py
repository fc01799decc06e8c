"""The words of documents in Qdrant Edge: a sparse vector for each, which the engine weighs by IDF.

Found by trial of qdrant-edge 0.9: its own statistics still count deleted and overwritten documents until the
shard is compacted and opened anew, while those of a given corpus of documents (``IdfParams``) are exact, but
cost a look at every document, about 1 ms for 50,000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import qdrant_edge as edge

from univldr.index.base import Payload, from_payload
from univldr.index.words import NO_WORDS, document_vector, idf, query_words
from univldr.types import Document

NAME = "words"

DOCUMENT = ["id", "modality", "text", "image", "title", "expansions", "metadata"]
"""What of a payload is the document."""

Worth = dict[int, tuple[float, bool]]
"""By word: its idf, and whether any document has it."""

STORED = edge.Filter(must=[edge.HasVectorCondition(NAME)])
"""The documents that statistics are about."""

_UNSTORED = edge.Filter(must_not=[edge.HasVectorCondition(NAME)])
_PAGE = 1000  # documents that get their words together
_TIES = 64  # so many more are asked for, as the id has to decide between equal scores at the end


def sparse(document: Document) -> edge.SparseVector:
    """The document's words as a point has them."""
    return edge.SparseVector(*document_vector(document))


def prepare(shard: edge.EdgeShard) -> None:
    """Give a shard that was made before there were words a place for them."""
    try:
        shard.query(_request(Ask({NO_WORDS: 1.0}, 1)))
    except Exception as error:
        if "Not existing vector name" not in str(error):
            raise
        shard.update(edge.UpdateOperation.create_sparse_vector(NAME, edge.Modifier.Idf))


def missing(shard: edge.EdgeShard) -> int:
    """How many documents were stored before there were words."""
    return shard.count(edge.CountRequest(exact=True, filter=_UNSTORED))


def add(shard: edge.EdgeShard) -> int:
    """Give these documents their words, a page at a time. Returns how many there were."""
    added, offset = 0, None
    while True:
        page = edge.ScrollRequest(offset=offset, limit=_PAGE, filter=_UNSTORED, with_payload=True)
        records, offset = shard.scroll(page)
        if records:
            points: list[Any] = [
                edge.PointVectors(record.id, {NAME: sparse(from_payload(record.payload or {}))})
                for record in records
            ]
            shard.update(edge.UpdateOperation.update_vectors(points))
            added += len(points)
        if offset is None:
            return added


@dataclass(frozen=True, slots=True)
class Ask:
    """A search by weighted words.

    Attributes:
        words: Weight by word.
        limit: How many points.
        chosen: The ones that come into question.
        exact: Whether each document is looked at for exact statistics, or the engine's own will do.
        with_words: Whether points come with their words.
    """

    words: Mapping[int, float]
    limit: int
    chosen: edge.Filter | None = None
    exact: bool = False
    with_words: bool = False


class Searched(Protocol):
    """Points that have words: a shard, or all shards of a cluster."""

    def by_words(self, asks: Sequence[Ask]) -> Sequence[Sequence[Any]]:
        """The best points for each of ``asks``, with ``id``, ``score`` and ``vector``."""

    def documents(self, ids: Sequence[Any]) -> Sequence[Any]:
        """The points of these ids, with ``id`` and ``payload``."""


class SearchedShard:
    """A shard of Qdrant Edge."""

    def __init__(self, shard: edge.EdgeShard) -> None:
        self._shard = shard

    def by_words(self, asks: Sequence[Ask]) -> list[list[edge.ScoredPoint]]:
        """See ``Searched.by_words``."""
        return self._shard.query_batch(edge.QueryBatchRequest(list(map(_request, asks))))

    def documents(self, ids: Sequence[Any]) -> list[edge.Record]:
        """See ``Searched.documents``."""
        return self._shard.retrieve(list(ids), DOCUMENT, False)


def query(
    searched: Searched,
    text: str,
    k: int,
    chosen: edge.Filter | None,
    *,
    documents: int,
    exact: bool,
    known: Worth,
) -> list[tuple[float, Payload]]:
    """The best ``k`` of the ``chosen`` by the words of ``text``, and ties with the last: score and payload.

    Args:
        documents: How many there are in the shard.
        exact: See ``Ask``.
        known: What words are worth as far as that was found out since the last write; it grows.
    """
    tokens = query_words(text)
    if new := [token for token in tokens if token not in known]:
        known |= _worth(searched, new, documents, exact=exact)
    worth = {token: known[token] for token in tokens}
    if not any(found for _, found in worth.values()):
        return []
    highest, total = idf(documents, 1), sum(value for value, _ in worth.values())
    weights = {token: value / (highest * total) for token, (value, found) in worth.items() if found}
    [points] = searched.by_words([Ask(weights, k + _TIES, chosen, exact)])
    scores = {point.id: point.score for point in points if point.score >= points[:k][-1].score}
    # statistics that still count deleted documents may give a little more than 1
    return [
        (min(scores[record.id], 1.0), record.payload or {}) for record in searched.documents(list(scores))
    ]


def _worth(searched: Searched, tokens: list[int], documents: int, *, exact: bool) -> Worth:
    """Each word's idf as the engine has it, and whether any document has the word.

    The engine tells no idf, but it multiplies weights by it: so one document's score by a single word does.
    """
    singles = [Ask({token: 1.0}, 1, exact=exact, with_words=True) for token in tokens]
    worth: Worth = {}
    for token, points in zip(tokens, searched.by_words(singles), strict=True):
        if points:
            words = points[0].vector[NAME]
            worth[token] = points[0].score / float(words.values[words.indices.index(token)]), True
        else:
            worth[token] = idf(documents, 0), False
    return worth


def _request(ask: Ask) -> edge.QueryRequest:
    return edge.QueryRequest(
        ask.limit,
        query=edge.Query.Nearest(edge.SparseVector(list(ask.words), list(ask.words.values())), NAME),
        filter=ask.chosen,
        params=edge.SearchParams(idf=edge.IdfParams(STORED)) if ask.exact else None,
        with_vector=[NAME] if ask.with_words else False,
    )
