"""A Qdrant collection, asked as a shard of Qdrant Edge is: its requests, in the terms of ``qdrant_client``.

Both are the same engine, so filters, words and how a search is done are written once, for Edge.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import MAXYEAR, UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import qdrant_edge as edge

from univldr.index.base import Payload
from univldr.index.edge_config import VECTOR
from univldr.index.edge_fields import ODD
from univldr.index.edge_words import DOCUMENT, NAME, STORED, Ask
from univldr.index.qdrant_calls import Calls
from univldr.types import Float32Array

_BOUNDS = ("lt", "lte", "gt", "gte")
_ZERO = "0000-"  # what UTC makes of the first hours of year 1 to the east of it
_PAGE = 1000  # points asked for by id together


class Found(NamedTuple):
    """A point; what was not asked for is ``None``."""

    id: uuid.UUID
    payload: Payload | None
    vector: Any
    score: float


class CollectionShard:
    """What is asked of an ``edge.EdgeShard``, asked of a collection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def nearest(self, vector: Float32Array, request: edge.QueryRequest) -> list[Found]:
        """The best points for ``vector``, float32 [dim]; a ``request`` does not tell what it is about."""
        params: Any = request.params
        codes, acorn = params.quantization, params.acorn
        models = self._calls.models
        return self._search(
            [
                models.QueryRequest(
                    query=vector.tolist(),
                    using=VECTOR,
                    filter=self.filter(request.filter),
                    params=models.SearchParams(
                        exact=params.exact,
                        hnsw_ef=params.hnsw_ef,
                        quantization=models.QuantizationSearchParams(
                            rescore=codes.rescore, oversampling=codes.oversampling
                        ),
                        acorn=acorn
                        and models.AcornSearchParams(
                            enable=acorn.enable, max_selectivity=acorn.max_selectivity
                        ),
                    ),
                    limit=request.limit,
                    with_payload=request.with_payload,
                )
            ]
        )[0]

    def by_words(self, asks: Sequence[Ask]) -> list[list[Found]]:
        """See ``edge_words.Searched``."""
        models = self._calls.models
        stored = models.SearchParams(idf=models.IdfCorpusParams(corpus=self.filter(STORED)))
        return self._search(
            [
                models.QueryRequest(
                    query=models.SparseVector(indices=list(ask.words), values=list(ask.words.values())),
                    using=NAME,
                    filter=self.filter(ask.chosen),
                    params=stored if ask.exact else None,
                    limit=ask.limit,
                    with_vector=[NAME] if ask.with_words else False,
                )
                for ask in asks
            ]
        )

    def documents(self, ids: Sequence[Any]) -> list[Found]:
        """See ``edge_words.Searched``."""
        return self.retrieve(ids, DOCUMENT, False)

    def _search(self, requests: list[Any]) -> list[list[Found]]:
        answers = self._calls("read", "query_batch_points", requests=requests)
        return [_found(answer.points) for answer in answers]

    def retrieve(self, ids: Iterable[Any], with_payload: Any, with_vector: Any) -> list[Found]:
        """The points of these ids; unknown ones are left out."""
        wanted, found = [str(id_) for id_ in ids], []
        for start in range(0, len(wanted), _PAGE):
            page = wanted[start : start + _PAGE]
            found += self._calls(
                "read", "retrieve", ids=page, with_payload=with_payload, with_vectors=with_vector
            )
        return _found(found)

    def scroll(self, request: edge.ScrollRequest) -> tuple[list[Found], Any]:
        """A page of points, and where the next begins; ``None`` after the last."""
        records, offset = self._calls(
            "read",
            "scroll",
            scroll_filter=self.filter(request.filter),
            limit=request.limit,
            offset=None if request.offset is None else str(request.offset),
            with_payload=request.with_payload,
            with_vectors=request.with_vector,
        )
        return _found(records), None if offset is None else uuid.UUID(str(offset))

    def count(self, request: edge.CountRequest) -> int:
        """How many points there are."""
        chosen = self.filter(request.filter)
        return int(self._calls("read", "count", count_filter=chosen, exact=request.exact).count)

    def info(self) -> SimpleNamespace:
        """``payload_schema``, as of a shard all of whose points have their filter fields: these have."""
        schema = self._calls("read", "get_collection").payload_schema
        return SimpleNamespace(payload_schema={ODD: None, **schema})

    def filter(self, chosen: edge.Filter | None) -> Any:
        """A filter of Edge as one of the client."""
        if chosen is None:
            return None
        parts = {name: getattr(chosen, name) for name in ("must", "should", "must_not")}
        return self._calls.models.Filter(
            **{name: list(map(self._condition, part)) for name, part in parts.items() if part is not None}
        )

    def _condition(self, one: Any) -> Any:
        models = self._calls.models
        if isinstance(one, edge.Filter):
            return self.filter(one)
        if isinstance(one, edge.HasIdCondition):
            return models.HasIdCondition(has_id=sorted(map(str, one.point_ids)))
        if isinstance(one, edge.IsEmptyCondition):
            return models.IsEmptyCondition(is_empty=models.PayloadField(key=one.key))
        if isinstance(one, edge.HasVectorCondition):
            return models.HasVectorCondition(has_vector=one.vector)
        if isinstance(one.match, edge.MatchPrefix):
            # Only ever any text, of which too much may pass (``edge_filter``): here it is any value.
            return models.Filter(must_not=[self._condition(edge.IsEmptyCondition(one.key))])
        if isinstance(one.match, edge.MatchValue):
            return models.FieldCondition(key=one.key, match=models.MatchValue(value=one.match.value))
        bounds = {name: getattr(one.range, name) for name in _BOUNDS}
        if isinstance(one.range, edge.RangeDateTime):
            moments = {name: _moment(text) for name, text in bounds.items() if text is not None}
            return models.FieldCondition(key=one.key, range=models.DatetimeRange(**moments))
        return models.FieldCondition(key=one.key, range=models.Range(**bounds))


def _found(points: Sequence[Any]) -> list[Found]:
    return [
        Found(uuid.UUID(str(point.id)), point.payload, point.vector, getattr(point, "score", 0.0))
        for point in points
    ]


def _moment(text: str) -> datetime:
    """A moment as Edge prints it, in UTC; what no ``datetime`` can be is the nearest that can."""
    if text.startswith(_ZERO):
        return datetime.min.replace(tzinfo=UTC)
    if not text[: len(str(MAXYEAR)) + 1].endswith("-"):
        return datetime.max.replace(tzinfo=UTC)
    return datetime.fromisoformat(text.replace(" UTC", "+00:00"))
