"""The index in a collection of Milvus, a server or a cluster.

Found by trial of Milvus 2.3.5 (tests/index/test_milvus.py): what was flushed is there after the server is
killed; a query with a limit gives the rows of the least ids, so pages can be asked for by the last id; the
deletion of unknown ids counts them, so they are looked up before; a text has at most 65,535 bytes, so a
document is kept as an array of texts. It has no sparse vectors, and so no words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from univldr.errors import NoWordsError
from univldr.index.base import (
    SCAN_SIZE,
    IndexInfo,
    check_count,
    check_query,
    check_rows,
    fields_of,
    from_payload,
    rank,
)
from univldr.index.edge_filter import point_id
from univldr.index.milvus_calls import Calls
from univldr.index.milvus_filter import NOT_ODD, ODD, both, only, these, translate
from univldr.index.milvus_place import Place
from univldr.index.milvus_rows import (
    METADATA,
    VECTOR,
    batches,
    checked_version,
    dim_of,
    document_of,
    make,
    payload_of,
    row_of,
    vector_of,
)
from univldr.types import Document, Float32Array, Hit, Modality
from univldr.where import Where

_MOST = 16_384  # hits that Milvus gives at most
_Scored = dict[str, tuple[float, Document]]


class MilvusIndex:
    """A collection of Milvus; threads and processes may share it."""

    def __init__(self, place: Place, *, create: int | None = None, metadata: str = "") -> None:
        """Open the collection at ``place``, or make one.

        Args:
            place: Where it is.
            create: Make it, for vectors of so many numbers.
            metadata: Of a new collection, what is kept with it.

        Raises:
            ConfigError: the token would go over a network unencrypted.
            MissingExtra: pymilvus is not installed.
            StoreError: there is none, or one where it should be made; univldr did not make it; Milvus cannot
                be reached, is too old, or refuses.
        """
        self.place = place
        self._calls = Calls(place)
        try:
            self._version = checked_version(self._calls)
            if create is not None:
                make(self._calls, create, metadata)
            self._dim = dim_of(self._calls)
            self._calls("open", "load_collection")
            index = self._calls("open", "describe_index", index_name=VECTOR)
        except BaseException:
            self.close()
            raise
        self._flat = index["index_type"] == "FLAT"

    @property
    def metadata(self) -> str:
        """See ``Remote.metadata``."""
        return str(self._calls("read", "describe_collection")["properties"].get(METADATA, ""))

    @property
    def uri(self) -> str:
        """See ``Remote.uri``."""
        return self.place.uri

    def keep(self, metadata: str) -> None:
        """See ``Remote.keep``."""
        self._calls("write", "alter_collection_properties", properties={METADATA: metadata})

    def upsert(self, documents: Sequence[Document], vectors: Float32Array) -> None:
        """See ``Index.upsert``; a call of many documents that fails half-way may have stored some of them.

        Raises:
            CorpusError: also, a document is over ``MAX_DOCUMENT``.
        """
        check_rows(documents, vectors, self._dim)
        rows = {
            document.id: row_of(document, vector)
            for document, vector in zip(documents, np.asarray(vectors, np.float32), strict=True)
        }
        for batch in batches(rows.values()):
            self._calls("write", "upsert", data=batch)

    def delete(self, ids: Sequence[str]) -> int:
        """See ``Index.delete``."""
        found = [row["id"] for row in self._rows(ids, [])]
        for start in range(0, len(found), SCAN_SIZE):
            self._calls("write", "delete", filter=these(found[start : start + SCAN_SIZE]))
        return len(found)

    def get(self, ids: Sequence[str]) -> list[Document | None]:
        """See ``Index.get``."""
        by_id = {document.id: document for document in map(document_of, self._rows(ids, ["document"]))}
        return [by_id.get(id_) for id_ in ids]

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        """See ``Index.vectors``."""
        named = {str(point_id(id_)): id_ for id_ in ids}
        return {named[row["id"]]: vector_of(row) for row in self._rows(ids, [VECTOR])}

    def scan(
        self, size: int = SCAN_SIZE, *, vectors: bool = True
    ) -> Iterator[tuple[list[Document], Float32Array]]:
        """See ``Index.scan``."""
        for rows in self._pages("", ["document", VECTOR] if vectors else ["document"], size):
            matrix = np.array([vector_of(row) for row in rows] if vectors else [], np.float32)
            yield list(map(document_of, rows)), matrix.reshape(-1, self._dim)

    def ids(self, where: Where) -> list[str]:
        """See ``Remote.ids``."""
        return [document.id for document in self._matching(None, where)]

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
        native, rest = _parts(modality, where)
        best: _Scored = {}
        if native is not None:
            best = self._nearest(vector, k, native, exact=exact)
        if rest is not None:
            best |= self._best(vector, k, rest, where, follows=native is not None)
        return rank(list(best.values()))[:k]

    def query_words(
        self,
        text: str,
        k: int,
        *,
        modality: Modality | None = None,
        where: Where | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Hit]:
        """See ``Index.query_words``: there are none.

        Raises:
            NoWordsError: always.
        """
        check_count(k)
        raise NoWordsError(
            f"index {self.uri} has no words to search by: univldr keeps none in Milvus "
            f"(here {self._version}; before 2.4 it has no sparse vectors); use --lexical off"
        )

    def count(self, modality: Modality | None = None, *, where: Where | None = None) -> int:
        """See ``Index.count``."""
        native, rest = _parts(modality, where)
        found = 0 if native is None else self._count(native)
        if rest is not None:
            found += sum(1 for _ in self._looked_at(rest, where, [], follows=native is not None))
        return found

    def flush(self) -> None:
        """See ``Index.flush``: what is in memory and in the queue is written to the storage of Milvus."""
        self._calls("write", "flush")

    def optimize(self) -> None:
        """See ``Index.optimize``: Milvus does so by itself."""

    def require_space(self) -> None:
        """See ``Engine.require_space``: a server that is full refuses what is written."""

    def add_words(self) -> int:
        """See ``Engine.add_words``: there are none."""
        return 0

    def info(self) -> IndexInfo:
        """See ``Index.info``."""
        return IndexInfo("milvus", self._dim, self.count())

    def close(self) -> None:
        """See ``Index.close``."""
        self._calls.close()

    def _nearest(self, vector: Float32Array, k: int, chosen: str, *, exact: bool) -> _Scored:
        """The best that Milvus finds, or where that may be too few, the best there are."""
        if k <= _MOST and (self._flat or not exact):
            [hits] = self._calls(
                "read",
                "search",
                data=[vector.tolist()],
                anns_field=VECTOR,
                limit=k,
                filter=chosen,
                output_fields=["document"],
                search_params={"metric_type": "IP", "params": {} if self._flat else {"ef": max(200, 2 * k)}},
                consistency_level=self._level(follows=False),
            )
            if len(hits) == k or self._flat or self._count(chosen, follows=True) <= len(hits):
                return {hit["id"]: (hit["distance"], document_of(hit["entity"])) for hit in hits}
        return self._best(vector, k, chosen, None, follows=False)

    def _best(
        self, vector: Float32Array, k: int, chosen: str, where: Where | None, *, follows: bool
    ) -> _Scored:
        """The best by a look at every document, which costs the transfer of all their vectors."""
        best: _Scored = {}
        for row, document in self._looked_at(chosen, where, [VECTOR], follows=follows):
            best[row["id"]] = float(vector_of(row) @ vector), document
            if len(best) > 2 * k + SCAN_SIZE:
                best = _top(best, k)
        return _top(best, k)

    def _matching(self, modality: Modality | None, where: Where) -> Iterator[Document]:
        native, rest = _parts(modality, where)
        if native is not None:
            yield from (document for _, document in self._looked_at(native, None, [], follows=False))
        if rest is not None:
            yield from (
                document for _, document in self._looked_at(rest, where, [], follows=native is not None)
            )

    def _looked_at(
        self, chosen: str, where: Where | None, fields: list[str], *, follows: bool
    ) -> Iterator[tuple[dict[str, Any], Document]]:
        """The rows of the documents that match ``where``, each looked at here, but only ``chosen`` ones."""
        for rows in self._pages(chosen, ["document", *fields], SCAN_SIZE, follows=follows):
            for row in rows:
                payload = payload_of(row)
                if where is None or where.matches(fields_of(payload)):
                    yield row, from_payload(payload)

    def _pages(
        self, chosen: str, fields: list[str], size: int, *, follows: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        last = ""
        while rows := self._query(
            both(chosen, f'id > "{last}"'),
            fields,
            follows=follows or last != "",
            limit=min(size, _MOST),
            reduce_stop_for_best=True,  # no row between those of a page is left out
        ):
            yield rows
            last = max(row["id"] for row in rows)

    def _rows(self, ids: Iterable[str], fields: list[str]) -> list[dict[str, Any]]:
        """The rows of these documents, in no order; unknown ones are left out."""
        wanted, found = list({str(point_id(id_)) for id_ in ids}), []
        for start in range(0, len(wanted), SCAN_SIZE):
            found += self._query(these(wanted[start : start + SCAN_SIZE]), fields, follows=start > 0)
        return found

    def _count(self, chosen: str, *, follows: bool = False) -> int:
        return int(self._query(chosen, ["count(*)"], follows=follows)[0]["count(*)"])

    def _query(
        self, chosen: str, fields: list[str], *, follows: bool, **options: Any
    ) -> list[dict[str, Any]]:
        return list(
            self._calls(
                "read",
                "query",
                filter=chosen,
                output_fields=fields or ["id"],
                consistency_level=self._level(follows=follows),
                **options,
            )
        )

    def _level(self, *, follows: bool) -> str:
        """How current an answer is; one that follows another does not have to wait again."""
        return "Session" if follows or self.place.consistency == "session" else "Strong"


def _parts(modality: Modality | None, where: Where | None) -> tuple[str | None, str | None]:
    """What Milvus finds by itself, and what has to be looked at here; ``None`` is nothing, "" everything."""
    right = "" if modality is None else only(modality)
    if where is None:
        return right, None
    found = translate(where)
    if found.exact:
        return both(right, NOT_ODD, found.filter), both(right, ODD)
    return None, both(right, f"{ODD} or ({found.filter})" if found.filter else "")


def _top(scored: _Scored, k: int) -> _Scored:
    best = sorted(scored.items(), key=lambda one: (-one[1][0], one[1][1].id))
    return dict(best[:k])
