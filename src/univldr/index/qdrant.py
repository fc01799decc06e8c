"""The index on a Qdrant cluster: the same points as in Qdrant Edge, cut into shards and copied to replicas.

Whatever a call stored is in the write-ahead logs of most replicas when it returns. The cluster builds its
graphs by itself. Other clients may change the collection at any moment, so nothing of it is remembered
between calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
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
)
from univldr.index.edge_choice import Choice
from univldr.index.edge_config import VECTOR, request
from univldr.index.edge_filter import PRESENCE, both, helpful_indexes, point_id, these
from univldr.index.qdrant_calls import Calls
from univldr.index.qdrant_place import Place
from univldr.index.qdrant_shard import CollectionShard
from univldr.types import Document, Float32Array, Hit, Modality
from univldr.where import Where

OLDEST = (1, 19)
"""The first version that weighs words by the documents there are now, deleted ones not among them."""

INDEXED_DOCUMENTS = 1_000
"""Past this many documents the cluster indexes each field that is filtered by."""

SCANNED_DOCUMENTS = 20_000
"""Up to this many documents are looked at for how telling a word is."""

METADATA = "univldr"
"""The key of the collection's metadata under which the manifest is, as JSON text."""

_BATCH = 256  # documents sent together: about 2 MB at 512 dimensions, of the 32 MB that a server takes
_FIXED = {"modality": "keyword", edge_fields.UNDER: "keyword", edge_fields.ODD: "bool"}
_KINDS = {
    edge.PayloadSchemaType.Keyword: "keyword",
    edge.PayloadSchemaType.Float: "float",
    edge.PayloadSchemaType.Integer: "integer",
    edge.PayloadSchemaType.Datetime: "datetime",
    PRESENCE: "bool",
}


class QdrantIndex:
    """A collection of a cluster; threads and processes may share it."""

    def __init__(
        self, place: Place, *, create: int | None = None, metadata: str = "", client: Any = None
    ) -> None:
        """Open the collection at ``place``, or make one.

        Args:
            place: Where it is.
            create: Make it, for vectors of so many numbers.
            metadata: Of a new collection, what is kept with it.
            client: A ``QdrantClient``, instead of one of its own; closed with the index.

        Raises:
            ConfigError: the API key would go over a network unencrypted.
            MissingExtra: qdrant-client is not installed.
            StoreError: there is none, or one where it should be made; univldr did not make it; the cluster
                cannot be reached, is too old, or refuses.
        """
        self.place = place
        self._calls = calls = Calls(place.connect() if client is None else client, place)
        _check_version(calls, place)
        if create is not None:
            _make(calls, place, create, metadata)
        config = calls("open", "get_collection").config
        if METADATA not in (config.metadata or {}):
            raise StoreError(f"the collection {place.uri} is no index of univldr; choose another name")
        self._dim = int(config.params.vectors[VECTOR].size)
        self._shards = int(config.params.shard_number or 1)
        self._shard: Any = CollectionShard(calls)  # where ``Choice`` wants one of Edge
        self._indexed: set[str] = set()

    @property
    def metadata(self) -> str:
        """See ``Remote.metadata``."""
        return str((self._calls("read", "get_collection").config.metadata or {}).get(METADATA, ""))

    @property
    def uri(self) -> str:
        """See ``Remote.uri``."""
        return self.place.uri

    def keep(self, metadata: str) -> None:
        """See ``Remote.keep``."""
        self._calls("write", "update_collection", metadata={METADATA: metadata})

    def upsert(self, documents: Sequence[Document], vectors: Float32Array) -> None:
        """See ``Index.upsert``; a call of many documents that fails half-way may have stored some of them."""
        check_rows(documents, vectors, self._dim)
        models = self._calls.models
        points = {
            document.id: models.PointStruct(
                id=str(point_id(document.id)),
                vector={VECTOR: vector.tolist(), edge_words.NAME: self._words(document)},
                payload=edge_fields.with_fields(to_payload(document)),
            )
            for document, vector in zip(documents, np.asarray(vectors, np.float32), strict=True)
        }
        every = list(points.values())
        for start in range(0, len(every), _BATCH):
            self._calls("write", "upsert", points=every[start : start + _BATCH], wait=True)

    def _words(self, document: Document) -> Any:
        words: Any = edge_words.sparse(document)
        return self._calls.models.SparseVector(indices=list(words.indices), values=list(words.values))

    def delete(self, ids: Sequence[str]) -> int:
        """See ``Index.delete``."""
        found = self._shard.retrieve({point_id(id_) for id_ in ids}, False, False)
        for start in range(0, len(found), SCAN_SIZE):
            page = [str(point.id) for point in found[start : start + SCAN_SIZE]]
            selector = self._calls.models.PointIdsList(points=page)
            self._calls("write", "delete", points_selector=selector, wait=True)
        return len(found)

    def get(self, ids: Sequence[str]) -> list[Document | None]:
        """See ``Index.get``."""
        found = self._shard.retrieve({point_id(id_) for id_ in ids}, edge_words.DOCUMENT, False)
        by_id = {point.payload["id"]: from_payload(point.payload) for point in found}
        return [by_id.get(id_) for id_ in ids]

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        """See ``Index.vectors``."""
        found = self._shard.retrieve({point_id(id_) for id_ in ids}, ["id"], [VECTOR])
        return {point.payload["id"]: np.asarray(point.vector[VECTOR], np.float32) for point in found}

    def scan(
        self, size: int = SCAN_SIZE, *, vectors: bool = True
    ) -> Iterator[tuple[list[Document], Float32Array]]:
        """See ``Index.scan``."""
        for found in self._pages(size, None, edge_words.DOCUMENT, [VECTOR] if vectors else False):
            rows = [point.vector[VECTOR] for point in found] if vectors else []
            matrix = np.array(rows, np.float32).reshape(len(rows), self._dim)
            yield [from_payload(point.payload) for point in found], matrix

    def ids(self, where: Where) -> list[str]:
        """See ``Remote.ids``."""
        pages = self._pages(SCAN_SIZE, self._chosen(None, where), ["id"], False)
        return [point.payload["id"] for found in pages for point in found]

    def _pages(self, size: int, chosen: edge.Filter | None, payload: Any, vector: Any) -> Iterator[list[Any]]:
        offset = None
        while True:
            page = edge.ScrollRequest(
                offset=offset, limit=size, filter=chosen, with_payload=payload, with_vector=vector
            )
            found, offset = self._shard.scroll(page)
            if found:
                yield found
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
        chosen = self._chosen(modality, where)
        points = self._shard.nearest(vector, request(vector, k, chosen, exact=exact))
        if len(points) < k and not exact and self._count(chosen) > len(points):  # the graph lost some
            points = self._shard.nearest(vector, request(vector, k, chosen, exact=True))
        return rank([(point.score, from_payload(point.payload)) for point in points])

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

        Each shard weighs words by its own documents. Past ``SCANNED_DOCUMENTS`` these may count deleted ones.
        """
        check_count(k)
        chosen = self._chosen(modality, where)
        if ids is not None:
            chosen = both(chosen, these({point_id(id_) for id_ in ids}))
        documents = self._count(None)
        scored = edge_words.query(
            self._shard,
            text,
            k,
            chosen,
            documents=-(-documents // self._shards),
            exact=documents <= SCANNED_DOCUMENTS,
            known={},
        )
        return rank([(score, from_payload(payload)) for score, payload in scored])[:k]

    def count(self, modality: Modality | None = None, *, where: Where | None = None) -> int:
        """See ``Index.count``."""
        return self._count(self._chosen(modality, where))

    def flush(self) -> None:
        """See ``Index.flush``: what a call stored is safe when it returns."""

    def optimize(self) -> None:
        """See ``Index.optimize``: the cluster does so by itself."""

    def require_space(self) -> None:
        """See ``Engine.require_space``: a cluster that is full refuses what is written."""

    def add_words(self) -> int:
        """See ``Engine.add_words``: all documents here have them."""
        return 0

    def info(self) -> IndexInfo:
        """See ``Index.info``."""
        return IndexInfo("qdrant", self._dim, self.count())

    def close(self) -> None:
        """See ``Index.close``."""
        self._calls.close()

    def _count(self, chosen: edge.Filter | None) -> int:
        return int(self._shard.count(edge.CountRequest(exact=True, filter=chosen)))

    def _chosen(self, modality: Modality | None, where: Where | None) -> edge.Filter | None:
        """A filter that matches just the documents wanted."""
        if where is not None:
            self._index_fields(where)
        return Choice(self._shard).filter(modality, where)

    def _index_fields(self, where: Where) -> None:
        """Let the cluster index the fields that ``where`` looks at, once and for all; nobody waits for it."""
        wanted = {key: kind for key, kind in helpful_indexes(where).items() if key not in self._indexed}
        if not wanted or self._count(None) <= INDEXED_DOCUMENTS:
            return
        there = self._shard.info().payload_schema
        for key, kind in wanted.items():
            if key not in there:
                with suppress(StoreError):  # a key that may only read: it finds the same, more slowly
                    self._calls(
                        "index",
                        "create_payload_index",
                        once=True,
                        field_name=key,
                        field_schema=_KINDS[kind],
                        wait=False,
                    )
        self._indexed.update(wanted)


def _check_version(calls: Calls, place: Place) -> None:
    version = calls.version()
    if version < OLDEST:
        found, oldest = (".".join(map(str, one)) for one in (version, OLDEST))
        raise StoreError(
            f"Qdrant at {place.url} is version {found}; univldr needs {oldest} or newer: upgrade it"
        )


def _is_left_over(calls: Calls, dim: int) -> bool:
    """Whether a collection is what a run that died before it stored a document would have made."""
    config = calls("open", "get_collection").config
    ours = METADATA in (config.metadata or {}) and config.params.vectors[VECTOR].size == dim
    return ours and calls("open", "count", exact=True).count == 0


def _make(calls: Calls, place: Place, dim: int, metadata: str) -> None:
    if not calls("open", "collection_exists"):
        calls("make", "create_collection", once=True, **_configuration(calls.models, place, dim, metadata))
    elif _is_left_over(calls, dim):
        calls("make", "update_collection", metadata={METADATA: metadata})
    else:
        raise StoreError(f"there already is a collection {place.uri}; open it, or choose another name")
    for key, kind in _FIXED.items():
        calls("make", "create_payload_index", field_name=key, field_schema=kind, wait=True)


def _configuration(models: Any, place: Place, dim: int, metadata: str) -> dict[str, Any]:
    codes = models.ScalarQuantization(
        scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
    )
    dense = models.VectorParams(
        size=dim,
        distance=models.Distance.DOT,
        on_disk=place.on_disk,
        quantization_config=codes if place.quantization else None,
    )
    words = models.SparseVectorParams(
        modifier=models.Modifier.IDF, index=models.SparseIndexParams(on_disk=place.on_disk)
    )
    return {
        "vectors_config": {VECTOR: dense},
        "sparse_vectors_config": {edge_words.NAME: words},
        "shard_number": place.shards,
        "replication_factor": place.replicas,
        "write_consistency_factor": place.replicas and place.replicas // 2 + 1,
        "metadata": {METADATA: metadata},
    }
