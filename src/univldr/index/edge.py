"""The index on disk: Qdrant Edge, Qdrant's own core in this process.

What it promises was found by trial (see tests/index/test_crash.py): an update that returned survives
the death of the process, through the write-ahead log; one that was flushed survives a power cut; one
process at a time may hold a shard. Its files are mapped into memory, so a full disk would kill the
process with SIGBUS instead of raising: free space is checked before anything is written.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import qdrant_edge as edge

from univldr.errors import StoreError
from univldr.index.base import IndexInfo, check_query, check_rows, from_payload, rank, to_payload, unusable
from univldr.types import Document, Float32Array, Hit, Modality

EXACT_DOCUMENTS = 250_000
"""Up to this many candidates are scored exactly, about 6 ms for 100,000 at 384 dimensions on two cores.
Past it HNSW answers: sooner, but its graph takes minutes to build."""

MIN_FREE_BYTES = 64 * 2**20
"""Below this much free disk an index is not opened or written."""

_VECTOR = "dense"
_NAMESPACE = uuid.UUID("6a3c2f0e-52d1-5c0b-9d53-3f1c3f7a9be4")  # fixed: point ids on disk depend on it


class EdgeIndex:
    """One shard of Qdrant Edge in a directory of its own."""

    def __init__(self, path: Path, dim: int, *, create: bool = False) -> None:
        """Open the shard at ``path``, or make one.

        Raises:
            StoreError: it cannot be opened or made; the message says why and what helps.
        """
        self._path = path
        self._dim = dim
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
            edge.Point(_point_id(payload["id"]), {_VECTOR: vector}, payload)
            for payload, vector in zip(payloads, np.asarray(vectors, np.float32), strict=True)
        ]
        with self._engine("write"):
            self._require_space()
            self._shard.update(edge.UpdateOperation.upsert_points(points))

    def delete(self, ids: Sequence[str]) -> int:
        """See ``Index.delete``."""
        with self._engine("write"):
            found = self._shard.retrieve([_point_id(id_) for id_ in set(ids)], False, False)
            if found:
                self._require_space()
                self._shard.update(edge.UpdateOperation.delete_points([record.id for record in found]))
        return len(found)

    def get(self, ids: Sequence[str]) -> list[Document | None]:
        """See ``Index.get``."""
        with self._engine("read"):
            records = self._shard.retrieve([_point_id(id_) for id_ in set(ids)], True, False)
        documents = (from_payload(record.payload or {}) for record in records)
        by_id = {document.id: document for document in documents}
        return [by_id.get(id_) for id_ in ids]

    def query(self, vector: Float32Array, k: int, *, modality: Modality | None = None) -> list[Hit]:
        """See ``Index.query``."""
        check_query(vector, k, self._dim)
        with self._engine("read"):
            points = self._shard.query(_request(vector, k, modality, exact=False))
            if len(points) < k:  # few match, or the graph did not reach them all: only a full look can tell
                points = self._shard.query(_request(vector, k, modality, exact=True))
        return rank([(point.score, from_payload(point.payload or {})) for point in points])

    def count(self, modality: Modality | None = None) -> int:
        """See ``Index.count``."""
        with self._engine("read"):
            return self._shard.count(edge.CountRequest(exact=True, filter=_only(modality)))

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


def _config(dim: int) -> edge.EdgeConfig:
    # The engine counts its thresholds in kilobytes of vectors.
    kilobytes = EXACT_DOCUMENTS * dim * 4 // 1024
    return edge.EdgeConfig(
        vectors={_VECTOR: edge.EdgeVectorParams(size=dim, distance=edge.Distance.Dot)},
        hnsw_config=edge.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=kilobytes),
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=kilobytes),
    )


def _request(vector: Float32Array, k: int, modality: Modality | None, *, exact: bool) -> edge.QueryRequest:
    nearest = edge.Query.Nearest(vector.tolist(), _VECTOR)
    params = edge.SearchParams(exact=exact)
    return edge.QueryRequest(k, query=nearest, filter=_only(modality), params=params, with_payload=True)


def _point_id(document_id: str) -> uuid.UUID:
    return uuid.uuid5(_NAMESPACE, document_id)


def _only(modality: Modality | None) -> edge.Filter | None:
    if modality is None:
        return None
    return edge.Filter(must=[edge.FieldCondition("modality", match=edge.MatchValue(modality.value))])
