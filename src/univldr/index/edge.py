"""The index on disk: Qdrant Edge, Qdrant's own core in this process.

What it promises was found by trial (see tests/index/test_crash.py): an update that returned survives
the death of the process, through the write-ahead log; one that was flushed survives a power cut; one
process at a time may hold a shard. Its files are mapped into memory, so a full disk would kill the
process with SIGBUS instead of raising: free space is checked before anything is written.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge

from univldr.errors import StoreError
from univldr.index import edge_fields, edge_words
from univldr.index.base import (
    SCAN_SIZE,
    IndexInfo,
    check_count,
    check_query,
    check_rows,
    from_payload,
    rank,
    to_payload,
    unusable,
)
from univldr.index.edge_choice import Choice
from univldr.index.edge_config import SEGMENT_DOCUMENTS, VECTOR, config, request
from univldr.index.edge_filter import both, point_id, these
from univldr.types import Document, Float32Array, Hit, Modality
from univldr.where import Where

EXACT_DOCUMENTS = 100_000
"""Up to this many candidates are scored exactly, about 7 ms for 512 dimensions on two cores; past it HNSW
answers."""

MIN_FREE_BYTES = 64 * 2**20
"""Below this much free disk an index is not opened or written."""

NARROW = 0.1
"""Filters that a smaller share of the documents matches are answered exactly, however many these are: the
graph would take longer, and lose some of what it should find."""

INDEXED_DOCUMENTS = 1_000
"""Past this many documents the engine indexes each field that is filtered by; a look at each takes 5 µs."""

REPLACED_DOCUMENTS = 10_000
"""After so many were deleted or overwritten, and as many as there are, what they had is given back. Until
then the engine keeps the vectors of deleted ones, and some memory for each word that any had."""

SCANNED_DOCUMENTS = 20_000
"""Up to this many documents are looked at for how telling a word is, about 1 µs each."""


class EdgeIndex:
    """One shard of Qdrant Edge in a directory of its own; threads may share it, and take turns."""

    def __init__(self, path: Path, dim: int, *, create: bool = False) -> None:
        """Open the shard at ``path``, or make one.

        Raises:
            StoreError: it cannot be opened or made; the message says why and what helps.
        """
        self._path = path
        self._dim = dim
        self._turn = threading.RLock()  # costs nothing: the engine lets no other Python thread run anyway
        with self._engine("open"):
            self.require_space()
            if create:
                path.mkdir(parents=True, exist_ok=True)
                self._shard = edge.EdgeShard.create(str(path), config(dim, EXACT_DOCUMENTS))
                index = edge.UpdateOperation.create_field_index("modality", edge.PayloadSchemaType.Keyword)
                self._shard.update(index)
                edge_fields.mark(self._shard)
                self._shard.flush()
            else:
                self._shard = self._loaded()
                edge_words.prepare(self._shard)
                for left in path.glob("temp_segments/*"):  # by an optimize that was killed
                    shutil.rmtree(left)
        self._choice = Choice(self._shard)
        self._stored = 0  # since the last optimize
        self._replaced = 0  # since what they had was given back

    def upsert(self, documents: Sequence[Document], vectors: Float32Array) -> None:
        """See ``Index.upsert``."""
        check_rows(documents, vectors, self._dim)
        if not documents:
            return
        payloads = [edge_fields.with_fields(to_payload(document)) for document in documents]
        points = [
            edge.Point(point_id(document.id), {VECTOR: vector, edge_words.NAME: words}, payload)
            for document, words, payload, vector in zip(
                documents,
                map(edge_words.sparse, documents),
                payloads,
                np.asarray(vectors, np.float32),
                strict=True,
            )
        ]
        with self._engine("write"):
            self.require_space()
            before = self._shard.info().points_count
            self._change(edge.UpdateOperation.upsert_points(points))
            replaced = len(points) - (self._shard.info().points_count - before)
        self._stored += len(points)
        if self._stored >= SEGMENT_DOCUMENTS:  # a part is full; what comes goes into the next
            self.optimize()
        self._note_replaced(replaced)

    def delete(self, ids: Sequence[str]) -> int:
        """See ``Index.delete``."""
        with self._engine("write"):
            found = self._shard.retrieve([point_id(id_) for id_ in set(ids)], False, False)
            if found:
                self.require_space()
                self._change(edge.UpdateOperation.delete_points([record.id for record in found]))
        self._note_replaced(len(found))
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
            records = self._shard.retrieve([point_id(id_) for id_ in set(ids)], ["id"], [VECTOR])
        return {(record.payload or {})["id"]: _row(record) for record in records}

    def scan(
        self, size: int = SCAN_SIZE, *, vectors: bool = True
    ) -> Iterator[tuple[list[Document], Float32Array]]:
        """See ``Index.scan``."""
        offset = None
        while True:
            wanted = [VECTOR] if vectors else False
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
        self,
        vector: Float32Array,
        k: int,
        *,
        modality: Modality | None = None,
        where: Where | None = None,
        exact: bool = False,
    ) -> list[Hit]:
        """See ``Index.query``; for ``exact`` every document that matches is looked at, however many."""
        check_query(vector, k, self._dim)
        with self._engine("read"):
            chosen = self._chosen(modality, where)
            exact = exact or self._few(modality, where)
            points = self._shard.query(request(vector, k, chosen, exact=exact))
            if len(points) < k and not exact:
                # Few match, or the graph did not reach them all: only a full look can tell.
                points = self._shard.query(request(vector, k, chosen, exact=True))
        return rank([(point.score, from_payload(point.payload or {})) for point in points])

    def query_words(
        self,
        text: str,
        k: int,
        *,
        modality: Modality | None = None,
        where: Where | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Hit]:
        """See ``Index.query_words``.

        Past ``SCANNED_DOCUMENTS`` what a word is worth may still count deleted documents.
        """
        check_count(k)
        with self._engine("read"):
            chosen = self._chosen(modality, where)
            if ids is not None:
                chosen = both(chosen, these({point_id(id_) for id_ in ids}))
            documents = self._choice.count()
            scored = edge_words.query(
                edge_words.SearchedShard(self._shard),
                text,
                k,
                chosen,
                documents=documents,
                exact=documents <= SCANNED_DOCUMENTS,
                known=self._choice.worth(),
            )
        return rank([(score, from_payload(payload)) for score, payload in scored])[:k]

    def add_words(self) -> int:
        """Let documents that were stored before there were words be found by them. Returns how many."""
        with self._engine("write"):
            if not edge_words.missing(self._shard):
                return 0
            self.require_space()
            try:
                return edge_words.add(self._shard)
            finally:
                self._choice.forget()

    def count(self, modality: Modality | None = None, *, where: Where | None = None) -> int:
        """See ``Index.count``."""
        with self._engine("read"):
            self._chosen(modality, where)
            return self._choice.count(modality, where)

    def _few(self, modality: Modality | None, where: Where | None) -> bool:
        """Whether so few match that the graph would lose some; a small index has no graph."""
        documents = self._choice.count()
        few = max(EXACT_DOCUMENTS, NARROW * documents)
        return documents <= EXACT_DOCUMENTS or self._choice.count(modality, where) <= few

    def _chosen(self, modality: Modality | None, where: Where | None) -> edge.Filter | None:
        """A filter of the engine that matches just the documents wanted."""
        if where is not None and self._choice.count() > INDEXED_DOCUMENTS and self._has_space():
            self._choice.index_fields(where)
        return self._choice.filter(modality, where)

    def _change(self, operation: edge.UpdateOperation) -> None:
        try:
            self._shard.update(operation)
        finally:
            self._choice.forget()

    def _note_replaced(self, count: int) -> None:
        """Of so many what they had is not needed any more."""
        self._replaced += count
        if self._replaced < REPLACED_DOCUMENTS or self._replaced < self.count():
            return
        self._replaced = 0
        self.optimize()
        with self._engine("open"):  # the engine forgets no word before
            self._shard.flush()
            self._shard.close()
            self._shard = self._loaded()
            self._choice = Choice(self._shard)

    def _loaded(self) -> edge.EdgeShard:
        return edge.EdgeShard.load(str(self._path), config(self._dim, EXACT_DOCUMENTS, words=False))

    def flush(self) -> None:
        """See ``Index.flush``."""
        with self._engine("write"):
            self._shard.flush()

    def optimize(self) -> None:
        """Drop deleted points and, past ``EXACT_DOCUMENTS``, build the graph; needs room for a copy.

        What was stored before documents had the fields of :mod:`univldr.index.edge_fields` gets them.
        """
        with self._engine("write"):
            if self._has_space() and edge_fields.add(self._shard):
                self._choice.forget()
            used = sum(file.stat().st_size for file in self._path.rglob("*") if file.is_file())
            if shutil.disk_usage(self._path).free > used + MIN_FREE_BYTES:
                self._shard.flush()  # or the log of what is stored grows meanwhile
                self._shard.optimize()
                self._shard.flush()
        self._stored = 0

    def info(self) -> IndexInfo:
        """See ``Index.info``."""
        return IndexInfo("qdrant-edge", self._dim, self.count())

    def close(self) -> None:
        """See ``Index.close``."""
        with self._engine("close"):
            self._shard.close()

    def _has_space(self) -> bool:
        return shutil.disk_usage(self._path).free >= MIN_FREE_BYTES

    def require_space(self) -> None:
        """Refuse to write where the disk is nearly full.

        Raises:
            StoreError: less than ``MIN_FREE_BYTES`` is free.
        """
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
            with self._turn:
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
    return np.asarray(vector[VECTOR], np.float32)
