"""Collections for tests: in process, without a server, or of the real cluster that ``QDRANT_URL`` names."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.local import payload_filters

from univldr.index.qdrant import QdrantIndex
from univldr.index.qdrant_place import Place

URL = os.environ.get("QDRANT_URL", "").rstrip("/")
"""``qdrant://host:6333``, where tests may make collections; they remove them."""

_check_range = payload_filters.check_range


class InProcess(QdrantClient):
    """The client without a server. What has no effect there, it warns of; so it is left out."""

    def __init__(self) -> None:
        super().__init__(":memory:")

    def query_batch_points(
        self, collection_name: str, requests: Sequence[models.QueryRequest], *rest: Any, **options: Any
    ) -> list[models.QueryResponse]:
        """Every search is exact; only how words are weighed can be said."""
        plain = [
            one.model_copy(
                update={"params": one.params and one.params.idf and models.SearchParams(idf=one.params.idf)}
            )
            for one in requests
        ]
        return super().query_batch_points(collection_name, plain, *rest, **options)

    def create_payload_index(self, *arguments: Any, **options: Any) -> models.UpdateResult:
        """There are no indexes."""
        return models.UpdateResult(status=models.UpdateStatus.COMPLETED)


@contextmanager
def collection(dim: int) -> Iterator[QdrantIndex]:
    """A new collection, gone afterwards."""
    place = Place.parse(f"{URL or 'qdrant://localhost'}/test-{uuid.uuid4().hex}?shards=1")
    client = place.connect() if URL else InProcess()
    with as_a_server_compares():
        index = QdrantIndex(place, create=dim, client=client)
        try:
            yield index
        finally:
            client.delete_collection(place.name)
            index.close()


@contextmanager
def as_a_server_compares() -> Iterator[None]:
    """A server takes all numbers for 64-bit floats; in process, whole ones past 2**53 are more exact."""

    def check_range(condition: models.Range, value: Any) -> bool:
        return bool(_check_range(condition, float(value) if type(value) is int else value))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload_filters, "check_range", check_range)
        yield
