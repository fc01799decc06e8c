"""Which documents of a shard a search is about: filters of the engine, remembered until the next write."""

from __future__ import annotations

from typing import Any

import qdrant_edge as edge

from univldr.index.base import fields_of
from univldr.index.edge_fields import ODD, is_marked
from univldr.index.edge_filter import (
    PRESENCE,
    both,
    either,
    having,
    helpful_indexes,
    only,
    these,
    translate,
    without,
)
from univldr.index.edge_words import Worth
from univldr.types import Modality
from univldr.where import Where

_PAGE = 10_000  # documents looked at together where the engine cannot filter
_FILTERS = 64  # remembered between writes
_WORDS = 10_000  # of queries, too
_FILTERED = ["id", "modality", "title", "image", "metadata"]
_ODD = having(ODD)
_ON_DISK: dict[edge.PayloadSchemaType, Any] = {  # so that they do not have to be read when an index is opened
    edge.PayloadSchemaType.Keyword: edge.KeywordIndexParams(memory=edge.Memory.Cold),
    edge.PayloadSchemaType.Float: edge.FloatIndexParams(memory=edge.Memory.Cold),
    edge.PayloadSchemaType.Integer: edge.IntegerIndexParams(memory=edge.Memory.Cold),
    edge.PayloadSchemaType.Datetime: edge.DatetimeIndexParams(memory=edge.Memory.Cold),
    edge.PayloadSchemaType.Bool: edge.BoolIndexParams(memory=edge.Memory.Cold),
}


class Choice:
    """The filters of one shard."""

    def __init__(self, shard: edge.EdgeShard) -> None:
        self._shard = shard
        self._filters: dict[str, edge.Filter | None] = {}
        self._counts: dict[tuple[Modality | None, str], int] = {}
        self._worth: Worth = {}

    def forget(self) -> None:
        """What was found out holds until the next write."""
        self._filters.clear()
        self._counts.clear()
        self._worth.clear()

    def worth(self) -> Worth:
        """What words are worth, as far as it is known; who finds out more adds it."""
        if len(self._worth) > _WORDS:
            self._worth.clear()
        return self._worth

    def filter(self, modality: Modality | None, where: Where | None) -> edge.Filter | None:
        """A filter of the engine that matches just the documents wanted; ``None`` if that is all of them."""
        right = None if modality is None else only(modality)
        if where is None:
            return right
        spelled = str(where)
        if spelled not in self._filters:
            if len(self._filters) >= _FILTERS:
                self.forget()
            self._filters[spelled] = self._translated(where)
        return both(right, self._filters[spelled])

    def count(self, modality: Modality | None = None, where: Where | None = None) -> int:
        """How many documents are wanted."""
        key = (modality, "" if where is None else str(where))
        if key not in self._counts:
            wanted = self.filter(modality, where)
            self._counts[key] = self._shard.count(edge.CountRequest(exact=True, filter=wanted))
        return self._counts[key]

    def index_fields(self, where: Where) -> None:
        """Let the engine index, once and for all, the fields that ``where`` looks at."""
        if str(where) in self._filters:
            return
        for key, kind in helpful_indexes(where).items():
            there = self._shard.info().payload_schema.get(key)
            if there is None or (there.data_type == PRESENCE != kind):
                self._shard.update(edge.UpdateOperation.create_field_index(key, _ON_DISK[kind]))

    def _translated(self, where: Where) -> edge.Filter | None:
        derived = is_marked(self._shard)
        found = translate(where, derived=derived)
        if not derived:
            return found.filter if found.exact else these(self._matching(where, found.filter))
        odd = self._shard.count(edge.CountRequest(exact=True, filter=_ODD)) > 0
        right = found.filter
        if not found.exact:
            right = these(self._matching(where, without(right, _ODD) if odd else right))
        return either(without(right, _ODD), these(self._matching(where, _ODD))) if odd else right

    def _matching(self, where: Where, among: edge.Filter | None) -> set[Any]:
        """The point ids of the documents that match, each looked at here, but only ``among`` these."""
        ids: set[Any] = set()
        offset = None
        while True:
            page = edge.ScrollRequest(offset=offset, limit=_PAGE, filter=among, with_payload=_FILTERED)
            records, offset = self._shard.scroll(page)
            ids.update(record.id for record in records if where.matches(fields_of(record.payload or {})))
            if offset is None:
                return ids
