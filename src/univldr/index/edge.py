"""The index on disk: Qdrant Edge, Qdrant's own core in this process.

What it promises was found by trial (see tests/index/test_crash.py): an update that returned survives
the death of the process, through the write-ahead log; one that was flushed survives a power cut; one
process at a time may hold a shard. Its files are mapped into memory, so a full disk would kill the
process with SIGBUS instead of raising: free space is checked before anything is written.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge

from univldr.errors import StoreError
from univldr.index.base import (
    SCAN_SIZE,
    IndexInfo,
    check_query,
    check_rows,
    fields_of,
    from_payload,
    rank,
    to_payload,
    unusable,
)
from univldr.index.edge_filter import both, helpful_indexes, only, point_id, texts_under, these, translate
from univldr.types import Document, Float32Array, Hit, Modality
from univldr.where import Where

EXACT_DOCUMENTS = 250_000
"""Up to this many candidates are scored exactly, about 6 ms for 100,000 at 384 dimensions on two cores.
Past it HNSW answers: sooner, but its graph takes minutes to build."""

MIN_FREE_BYTES = 64 * 2**20
"""Below this much free disk an index is not opened or written."""

NARROW = 0.05
"""Filters that fewer documents match are answered exactly: the graph loses some of what it should find."""

SCANNED_DOCUMENTS = 20_000
"""Up to this many documents the engine filters by a look at each, about 1 µs; past it, by payload indexes."""

_VECTOR = "dense"
_PAGE = 10_000  # documents looked at together where the engine cannot filter
_FILTERS = 64  # remembered between writes
_FILTERED = ["id", "modality", "title", "image", "metadata"]


class EdgeIndex:
    """One shard of Qdrant Edge in a directory of its own."""

    def __init__(self, path: Path, dim: int, *, create: bool = False) -> None:
        """Open the shard at ``path``, or make one.

        Raises:
            StoreError: it cannot be opened or made; the message says why and what helps.
        """
        self._path = path
        self._dim = dim
        self._filters: dict[str, edge.Filter | None] = {}
        self._texts: dict[str, bool] = {}
        self._narrowness: dict[tuple[Modality | None, str], bool] = {}
        with self._engine("open"):
            self._require_space()
            if create:
                path.mkdir(parents=True, exist_ok=True)
                self._shard = edge.EdgeShard.create(str(path), _config(dim))
                index = edge.UpdateOperation.create_field_index("modality", edge.PayloadSchemaType.Keyword)
                self._shard.update(index)
                self._shard.flush()
            else:
                self._shard = edge.EdgeShard.load(str(path))
                for left in path.glob("temp_segments/*"):  # by an optimize that was killed
                    shutil.rmtree(left)

    def upsert(self, documents: Sequence[Document], vectors: Float32Array) -> None:
        """See ``Index.upsert``."""
        check_rows(documents, vectors, self._dim)
        if not documents:
            return
        payloads = [to_payload(document) for document in documents]
        points = [
            edge.Point(point_id(payload["id"]), {_VECTOR: vector}, payload)
            for payload, vector in zip(payloads, np.asarray(vectors, np.float32), strict=True)
        ]
        with self._engine("write"):
            self._require_space()
            self._change(edge.UpdateOperation.upsert_points(points))

    def delete(self, ids: Sequence[str]) -> int:
        """See ``Index.delete``."""
        with self._engine("write"):
            found = self._shard.retrieve([point_id(id_) for id_ in set(ids)], False, False)
            if found:
                self._require_space()
                self._change(edge.UpdateOperation.delete_points([record.id for record in found]))
        return len(found)

    def get(self, ids: Sequence[str]) -> list[Document | None]:
        """See ``Index.get``."""
        with self._engine("read"):
            records = self._shard.retrieve([point_id(id_) for id_ in set(ids)], True, False)
        documents = (from_payload(record.payload or {}) for record in records)
        by_id = {document.id: document for document in documents}
        return [by_id.get(id_) for id_ in ids]

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        """See ``Index.vectors``."""
        with self._engine("read"):
            records = self._shard.retrieve([point_id(id_) for id_ in set(ids)], ["id"], [_VECTOR])
        return {(record.payload or {})["id"]: _row(record) for record in records}

    def scan(
        self, size: int = SCAN_SIZE, *, vectors: bool = True
    ) -> Iterator[tuple[list[Document], Float32Array]]:
        """See ``Index.scan``."""
        offset = None
        while True:
            wanted = [_VECTOR] if vectors else False
            page = edge.ScrollRequest(offset=offset, limit=size, with_payload=True, with_vector=wanted)
            with self._engine("read"):
                records, offset = self._shard.scroll(page)
            if records:
                rows = np.zeros((len(records) if vectors else 0, self._dim), np.float32)
                for number in range(len(rows)):
                    rows[number] = _row(records[number])
                yield [from_payload(record.payload or {}) for record in records], rows
            if offset is None:
                return

    def query(
        self, vector: Float32Array, k: int, *, modality: Modality | None = None, where: Where | None = None
    ) -> list[Hit]:
        """See ``Index.query``."""
        check_query(vector, k, self._dim)
        with self._engine("read"):
            chosen = self._chosen(modality, where)
            exact = self._narrow(modality, where, chosen)
            points = self._shard.query(_request(vector, k, chosen, exact=exact))
            if len(points) < k and not exact:
                # Few match, or the graph did not reach them all: only a full look can tell.
                points = self._shard.query(_request(vector, k, chosen, exact=True))
        return rank([(point.score, from_payload(point.payload or {})) for point in points])

    def count(self, modality: Modality | None = None, *, where: Where | None = None) -> int:
        """See ``Index.count``."""
        with self._engine("read"):
            return self._count(self._chosen(modality, where))

    def _count(self, chosen: edge.Filter | None) -> int:
        return self._shard.count(edge.CountRequest(exact=True, filter=chosen))

    def _narrow(self, modality: Modality | None, where: Where | None, chosen: edge.Filter | None) -> bool:
        """Whether so few match that the graph would lose some; a small index has no graph."""
        if chosen is None:
            return False
        key = (modality, "" if where is None else str(where))
        if key not in self._narrowness:
            documents = self._count(None)
            few = documents > EXACT_DOCUMENTS and self._count(chosen) < NARROW * documents
            self._narrowness[key] = few
        return self._narrowness[key]

    def _change(self, operation: edge.UpdateOperation) -> None:
        try:
            self._shard.update(operation)
        finally:
            self._forget()

    def _forget(self) -> None:
        """What was found out about filters holds until the next write."""
        self._filters.clear()
        self._texts.clear()
        self._narrowness.clear()

    def _chosen(self, modality: Modality | None, where: Where | None) -> edge.Filter | None:
        """A filter of the engine that matches just the documents wanted."""
        right = None if modality is None else only(modality)
        if where is None:
            return right
        spelled = str(where)
        if spelled not in self._filters:
            if len(self._filters) >= _FILTERS:
                self._forget()
            self._index_fields(where)
            self._filters[spelled] = self._exact_filter(where)
        return both(right, self._filters[spelled])

    def _index_fields(self, where: Where) -> None:
        """Let the engine index, once and for all, the fields that a larger index is filtered by."""
        if self._count(None) <= SCANNED_DOCUMENTS or shutil.disk_usage(self._path).free < MIN_FREE_BYTES:
            return
        for key, kind in helpful_indexes(where).items():
            if key not in self._shard.info().payload_schema:
                self._shard.update(edge.UpdateOperation.create_field_index(key, kind))

    def _exact_filter(self, where: Where) -> edge.Filter | None:
        found = translate(where, self._has_texts)
        return found.filter if found.exact else these(self._matching(where, found.filter))

    def _has_texts(self, key: str) -> bool:
        if key not in self._texts:
            self._texts[key] = self._count(texts_under(key)) > 0
        return self._texts[key]

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

    def flush(self) -> None:
        """See ``Index.flush``."""
        with self._engine("write"):
            self._shard.flush()

    def optimize(self) -> None:
        """Drop deleted points and, past ``EXACT_DOCUMENTS``, build the graph; needs room for a copy."""
        with self._engine("write"):
            used = sum(file.stat().st_size for file in self._path.rglob("*") if file.is_file())
            if shutil.disk_usage(self._path).free > used + MIN_FREE_BYTES:
                self._shard.optimize()
                self._shard.flush()

    def info(self) -> IndexInfo:
        """See ``Index.info``."""
        return IndexInfo("qdrant-edge", self._dim, self.count())

    def close(self) -> None:
        """See ``Index.close``."""
        with self._engine("close"):
            self._shard.close()

    def _require_space(self) -> None:
        existing = next(path for path in (self._path, *self._path.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        if free < MIN_FREE_BYTES:
            raise StoreError(
                f"no space for index {self._path.parent}: {free >> 20} MiB free, {MIN_FREE_BYTES >> 20} MiB "
                "needed; free some, or put the index elsewhere with --index"
            )

    @contextmanager
    def _engine(self, action: str) -> Iterator[None]:
        """The one place where the engine's exceptions become ours."""
        try:
            yield
        except OSError as error:
            raise unusable(self._path.parent, action, error) from error
        except BaseException as error:
            # The engine raises bare Exception, and a panic of its Rust code is not even one of those.
            if type(error) is not Exception and type(error).__name__ != "PanicException":
                raise
            raise unusable(self._path.parent, action, error) from error


def _row(record: edge.Record) -> Float32Array:
    vector: Any = record.vector
    return np.asarray(vector[_VECTOR], np.float32)


def _config(dim: int) -> edge.EdgeConfig:
    # The engine counts its thresholds in kilobytes of vectors.
    kilobytes = EXACT_DOCUMENTS * dim * 4 // 1024
    return edge.EdgeConfig(
        vectors={_VECTOR: edge.EdgeVectorParams(size=dim, distance=edge.Distance.Dot)},
        hnsw_config=edge.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=kilobytes),
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=kilobytes),
    )


def _request(vector: Float32Array, k: int, chosen: edge.Filter | None, *, exact: bool) -> edge.QueryRequest:
    nearest = edge.Query.Nearest(vector.tolist(), _VECTOR)
    params = edge.SearchParams(exact=exact)
    return edge.QueryRequest(k, query=nearest, filter=chosen, params=params, with_payload=True)
