"""The words of documents in Qdrant Edge: a sparse vector for each, which the engine weighs by IDF.

Found by trial of qdrant-edge 0.9: its own statistics still count deleted and overwritten documents until the
shard is compacted and opened anew, while those of a given corpus of documents (``IdfParams``) are exact, but
cost a look at every document, about 1 ms for 50,000.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import qdrant_edge as edge

from univldr.index.base import Payload, from_payload
from univldr.index.words import NO_WORDS, document_vector, idf, query_words
from univldr.types import Document

NAME = "words"

DOCUMENT = ["id", "modality", "text", "image", "title", "expansions", "metadata"]
"""What of a payload is the document."""

Worth = dict[int, tuple[float, bool]]
"""By word: its idf, and whether any document has it."""

_STORED = edge.Filter(must=[edge.HasVectorCondition(NAME)])
_UNSTORED = edge.Filter(must_not=[edge.HasVectorCondition(NAME)])
_PAGE = 1000  # documents that get their words together
_TIES = 64  # so many more are asked for, as the id has to decide between equal scores at the end


def sparse(document: Document) -> edge.SparseVector:
    """The document's words as a point has them."""
    return edge.SparseVector(*document_vector(document))


def prepare(shard: edge.EdgeShard) -> None:
    """Give a shard that was made before there were words a place for them."""
    try:
        shard.query(_request({NO_WORDS: 1.0}, 1))
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


def query(
    shard: edge.EdgeShard,
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
        exact: Whether each document is looked at for exact statistics, or the engine's own will do.
        known: What words are worth as far as that was found out since the last write; it grows.
    """
    params = edge.SearchParams(idf=edge.IdfParams(_STORED)) if exact else None
    tokens = query_words(text)
    if new := [token for token in tokens if token not in known]:
        known |= _worth(shard, new, documents, params)
    worth = {token: known[token] for token in tokens}
    if not any(found for _, found in worth.values()):
        return []
    highest, total = idf(documents, 1), sum(value for value, _ in worth.values())
    weights = {token: value / (highest * total) for token, (value, found) in worth.items() if found}
    found = shard.query(_request(weights, k + _TIES, chosen, params=params))
    scores = {point.id: point.score for point in found if point.score >= found[:k][-1].score}
    # statistics that still count deleted documents may give a little more than 1
    return [
        (min(scores[record.id], 1.0), record.payload or {})
        for record in shard.retrieve(list(scores), DOCUMENT, False)
    ]


def _worth(
    shard: edge.EdgeShard, tokens: list[int], documents: int, params: edge.SearchParams | None
) -> Worth:
    """Each word's idf as the engine has it, and whether any document has the word.

    The engine tells no idf, but it multiplies weights by it: so one document's score by a single word does.
    """
    singles = [_request({token: 1.0}, 1, params=params, with_vector=[NAME]) for token in tokens]
    worth: Worth = {}
    for token, points in zip(tokens, shard.query_batch(edge.QueryBatchRequest(singles)), strict=True):
        if points:
            vector: Any = points[0].vector
            words = vector[NAME]
            worth[token] = points[0].score / float(words.values[words.indices.index(token)]), True
        else:
            worth[token] = idf(documents, 0), False
    return worth


def _request(
    words: Mapping[int, float], limit: int, chosen: edge.Filter | None = None, **options: Any
) -> edge.QueryRequest:
    nearest = edge.Query.Nearest(edge.SparseVector(list(words), list(words.values())), NAME)
    return edge.QueryRequest(limit, query=nearest, filter=chosen, **options)
