"""A collection of Milvus as univldr makes it, and the rows in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from univldr.errors import CorpusError, StoreError
from univldr.index.base import from_payload, to_payload
from univldr.index.edge_filter import point_id
from univldr.index.milvus_calls import Calls
from univldr.index.milvus_filter import KEY_LENGTH, MAX_FACTS, filter_fields
from univldr.index.milvus_place import Place
from univldr.types import Document, Float32Array

OLDEST = (2, 3)
"""The first version with arrays."""

MAX_DOCUMENT = 4 * 2**20
"""Bytes of one document; the message queues of Milvus take 5 MB."""

METADATA = "univldr"
"""The property of the collection in which the manifest is, as JSON text."""

VECTOR = "dense"

_PART = 16_000  # characters of a text; none has over 4 bytes
_PARTS = 4096  # texts of an array
_BATCH = 256  # rows sent together, and bytes:
_BATCH_BYTES = 8 * 2**20
_HNSW = {"index_type": "HNSW", "params": {"M": 16, "efConstruction": 100}}
_FLAT = {"index_type": "FLAT", "params": {}}


def row_of(document: Document, vector: Float32Array) -> dict[str, Any]:
    """The row of a document and its vector, float32 [dim].

    Raises:
        CorpusError: it cannot be stored.
    """
    payload = to_payload(document)
    text = json.dumps(payload, ensure_ascii=False)
    if (size := len(text.encode())) > MAX_DOCUMENT:
        raise CorpusError(
            f"document {document.id!r} cannot be stored: it has {size} bytes, and in Milvus one may have "
            f"{MAX_DOCUMENT}; cut it into passages"
        )
    return {
        "id": str(point_id(document.id)),
        "modality": document.modality.value,
        "document": [text[start : start + _PART] for start in range(0, len(text), _PART)],
        VECTOR: vector.tolist(),
        **filter_fields(payload),
    }


def batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows to be sent together."""
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        more = 4 * (sum(map(len, row["document"])) + len(row[VECTOR])) + KEY_LENGTH * len(row["facts"])
        if batch and (len(batch) == _BATCH or size + more > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += more
    if batch:
        yield batch


def payload_of(row: Any) -> Any:
    """The payload of a row's document."""
    return json.loads("".join(row["document"]))


def document_of(row: Any) -> Document:
    """A row's document."""
    return from_payload(payload_of(row))


def vector_of(row: Any) -> Float32Array:
    """A row's vector, float32 [dim]."""
    return np.asarray(row[VECTOR], np.float32)


def checked_version(calls: Calls) -> str:
    """The version of Milvus.

    Raises:
        StoreError: it is too old.
    """
    version = calls.version()
    numbers = tuple(int(part) for part in version.split("-")[0].split(".") if part.isdigit())
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise StoreError(
            f"Milvus at {calls.place.url} is version {version}; univldr needs {oldest} or newer: upgrade it"
        )
    return version


def dim_of(calls: Calls) -> int:
    """The length of a collection's vectors.

    Raises:
        StoreError: there is none, or univldr did not make it.
    """
    described = calls("open", "describe_collection")
    if METADATA not in described.get("properties", {}):
        raise StoreError(f"the collection {calls.place.uri} is no index of univldr; choose another name")
    [dim] = (field["params"]["dim"] for field in described["fields"] if field["name"] == VECTOR)
    return int(dim)


def make(calls: Calls, dim: int, metadata: str) -> None:
    """Make a collection, or take over one that a run which died left without a document.

    Raises:
        StoreError: there is another one.
    """
    there = calls("open", "has_collection")
    if not there:
        calls("make", "create_collection", **_new(calls, dim, metadata))
    if there and dim_of(calls) != dim:
        raise _taken(calls.place)
    if not calls("make", "list_indexes"):
        how = _FLAT if calls.place.index == "flat" else _HNSW
        params = calls.library.MilvusClient.prepare_index_params()
        params.add_index(VECTOR, index_name=VECTOR, metric_type="IP", **how)
        calls("make", "create_index", index_params=params)
    if there:
        calls("open", "load_collection")
        [row] = calls("open", "query", filter="", output_fields=["count(*)"], consistency_level="Strong")
        if row["count(*)"]:
            raise _taken(calls.place)
        calls("write", "alter_collection_properties", properties={METADATA: metadata})


def _taken(place: Place) -> StoreError:
    return StoreError(f"there already is a collection {place.uri}; open it, or choose another name")


def _new(calls: Calls, dim: int, metadata: str) -> dict[str, Any]:
    kinds = calls.library.DataType
    schema = calls.library.MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", kinds.VARCHAR, is_primary=True, max_length=36)
    schema.add_field("modality", kinds.VARCHAR, max_length=16)
    schema.add_field("odd", kinds.BOOL)
    schema.add_field("ranges", kinds.JSON)
    texts = {"datatype": kinds.ARRAY, "element_type": kinds.VARCHAR}
    schema.add_field("facts", max_capacity=MAX_FACTS, max_length=KEY_LENGTH, **texts)
    schema.add_field("document", max_capacity=_PARTS, max_length=4 * _PART, **texts)
    schema.add_field(VECTOR, kinds.FLOAT_VECTOR, dim=dim)
    shards = {} if calls.place.shards is None else {"num_shards": calls.place.shards}
    return {"schema": schema, "consistency_level": "Strong", "properties": {METADATA: metadata}, **shards}
