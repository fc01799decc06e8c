"""What is Qdrant's own: URIs, errors and tries over HTTP, and an index whose vectors are on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tests.index.fake_qdrant import FakeQdrant, Fault
from univldr.errors import ConfigError, StoreError
from univldr.index import ExactIndex, exists, index_of
from univldr.index.qdrant import QdrantIndex
from univldr.index.qdrant_place import KEY, Place
from univldr.index.uri import uri_of
from univldr.types import Document, Float32Array, Modality
from univldr.where import parse

DIM = 8


@pytest.fixture
def index(server: FakeQdrant) -> Iterator[QdrantIndex]:
    with closing(QdrantIndex(Place.parse(f"{server.url}/x"), create=DIM)) as index:
        yield index


def unit(rows: int, seed: int = 0) -> Float32Array:
    vectors = np.random.default_rng(seed).standard_normal((rows, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def document(number: int) -> Document:
    metadata = {"n": number, "day": f"2024-05-{number % 28 + 1:02}", "deep": {"list": [number, None, "ü"]}}
    return Document(f"d{number}", Modality.TEXT, f"word{number % 7} text", metadata=metadata)


def filled(index: QdrantIndex | ExactIndex, rows: int = 50) -> None:
    index.upsert([document(n) for n in range(rows)], unit(rows))


def test_what_a_uri_says() -> None:
    place = Place.parse("qdrant://host/docs")
    assert (place.host, place.port, place.name, place.tls) == ("host", 6333, "docs", False)
    assert (place.url, place.uri) == ("http://host:6333", "qdrant://host:6333/docs")
    settings = "?shards=4&replicas=2&quantization=int8&on_disk=1&tls=1&timeout=5"
    place = Place.parse(f"qdrant://[::1]:7000/docs{settings}")
    assert place == Place("::1", 7000, "docs", True, 5, 4, 2, "int8", True)
    assert (place.url, place.uri) == ("https://[::1]:7000", "qdrants://[::1]:7000/docs")
    assert Place.parse("qdrants://host/docs?quantization=none").tls


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("qdrant://host", "cannot be called ''"),
        ("qdrant://host/a/b", "cannot be called 'a/b'"),
        ("qdrant://host/..", r"cannot be called '\.\.'"),
        ("qdrant:///docs", "names no index; the form is qdrant://host:port/name"),
        ("qdrant://host:port/docs", "the form is"),
        ("qdrant://key@host/docs", f"put it into {KEY}"),
        ("qdrant://host/docs?api_key=secret", "unknown parameter 'api_key'; there are shards, replicas"),
        ("qdrant://host/docs?shard=2", "unknown parameter 'shard'; did you mean 'shards'"),
        ("qdrant://host/docs?shards=0", "shards is '0'; it takes 1 to 1000"),
        ("qdrant://host/docs?tls=yes", "tls is 'yes'; it takes 0 or 1"),
        ("qdrant://host/docs?quantization=int4", "it takes int8 or none"),
    ],
)
def test_a_uri_that_makes_no_sense(uri: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Place.parse(uri)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("quadrant://h/x", r"no quadrant:// here; did you mean qdrant://\?"),
        ("s3://b/x", "no s3:// here; give a"),
    ],
)
def test_a_uri_of_something_else(
    uri: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (uri, Path(uri)):
        with pytest.raises(ConfigError, match=says):
            uri_of(name)
    monkeypatch.chdir(tmp_path)
    Path(uri).mkdir(parents=True)
    assert uri_of(Path(uri)) is None  # a folder may be called so
    assert uri_of("C:\\stuff\\index") is None


def test_a_uri_survives_being_a_path() -> None:
    uri = "qdrant://host:6333/docs?shards=2"
    assert uri_of(Path(uri)) == uri_of(uri) == uri
    assert [uri_of(other) for other in ("/a/b", "qdrant", "qdrant:", "x/qdrant://a")] == [None] * 4
    assert exists(Path(uri))
    assert index_of(Path(uri)) == Path(uri)


def test_a_key_does_not_go_over_a_network_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "secret")
    with pytest.raises(ConfigError, match=f"the key in {KEY} would go to host unencrypted; use qdrants://"):
        Place.parse("qdrant://host/docs").connect()
    for uri in ("qdrants://host/docs", "qdrant://localhost/docs", "qdrant://127.0.0.1/docs"):
        Place.parse(uri).connect().close()


def test_a_collection_is_made_as_the_uri_says(server: FakeQdrant) -> None:
    uri = f"{server.url}/x?shards=4&replicas=3&quantization=int8&on_disk=1"
    QdrantIndex(Place.parse(uri), create=DIM, metadata="kept").close()
    body = server.bodies[server.requests.index("PUT /collections/x")]
    assert (body["shard_number"], body["replication_factor"], body["write_consistency_factor"]) == (4, 3, 2)
    dense = body["vectors"]["dense"]
    assert (dense["size"], dense["distance"], dense["on_disk"]) == (DIM, "Dot", True)
    assert dense["quantization_config"]["scalar"]["type"] == "int8"
    assert body["sparse_vectors"]["words"]["modifier"] == "idf"
    assert body["sparse_vectors"]["words"]["index"]["on_disk"]
    fields = [body["field_name"] for body in server.bodies if body and "field_name" in body]
    assert fields == ["modality", "where.under", "where.odd"]
    with closing(QdrantIndex(Place.parse(uri))) as index:
        assert index.metadata == "kept"
        index.keep("other")
        assert index.metadata == "other"


def test_over_http_as_in_memory(index: QdrantIndex) -> None:
    exact = ExactIndex(DIM)
    filled(index)
    filled(exact)
    for n, filter in enumerate(["n > 20 and day < 2024-05-20", "not exists n or deep.list = 7", "id = 'd3'"]):
        where = parse(filter)
        expected = [hit.document for hit in exact.query(unit(1, n)[0], 9, where=where)]
        assert [hit.document for hit in index.query(unit(1, n)[0], 9, where=where)] == expected
        assert index.count(where=where) == exact.count(where=where)
        assert set(index.ids(where)) == {hit.document.id for hit in exact.query(unit(1)[0], 50, where=where)}
    words = [[hit.document.id for hit in one.query_words("word3 word5", 20)] for one in (index, exact)]
    assert words[0] == words[1]
    assert {document.id for part, _ in index.scan(7) for document in part} == {f"d{n}" for n in range(50)}


@pytest.mark.parametrize("faults", [[503], ["drop"], ["late"], [429, 500, "late"]])
def test_what_fails_on_the_way_is_tried_again(
    server: FakeQdrant, index: QdrantIndex, faults: list[Fault]
) -> None:
    server.faults[:] = faults
    filled(index)
    assert index.count() == 50
    server.faults[:] = faults
    assert index.get(["d7"]) == [document(7)]
    server.faults[:] = faults
    assert len(index.query(unit(1)[0], 9)) == 9
    assert not server.faults


def test_a_lost_answer_does_not_change_how_many_were_deleted(server: FakeQdrant, index: QdrantIndex) -> None:
    filled(index)
    server.faults[:] = ["none", "late"]  # it looks for them, then it deletes
    assert index.delete(["d1", "d2", "unknown"]) == 2
    assert server.requests.count("POST /collections/x/points/delete") == 2
    assert index.count() == 48


def test_tries_are_bounded(server: FakeQdrant, index: QdrantIndex) -> None:
    before = len(server.requests)
    server.faults[:] = [503] * 10
    with pytest.raises(
        StoreError, match=r"cannot write index qdrant://.*/x: .* cannot do it now \(503: as was"
    ):
        filled(index)
    assert len(server.requests) - before == 4
    server.faults[:] = [403] * 2
    with pytest.raises(StoreError, match=f"the API key in {KEY} does not allow it"):
        filled(index)
    assert len(server.faults) == 1  # that would not help
    server.faults.clear()


def test_nobody_there_is_told_at_once(server: FakeQdrant) -> None:
    with pytest.raises(
        StoreError, match=r"nobody answers at http://127.0.0.1:1 .*; does it run, and does it want"
    ):
        QdrantIndex(Place.parse("qdrant://127.0.0.1:1/x"))
    server.faults[:] = ["slow"]
    with pytest.raises(StoreError, match=r"no answer within 1 s; try again, or allow more: \?timeout=120"):
        QdrantIndex(Place.parse(f"{server.url}/x?timeout=1"))
    assert len(server.requests) == 1


def test_what_cannot_be_opened(server: FakeQdrant, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place.parse(f"{server.url}/x")
    with pytest.raises(StoreError, match=r"^no index at (\S+/x); make one: univldr index DIR --index '\1'$"):
        QdrantIndex(place)
    server.client.create_collection("x", vectors_config={})
    with pytest.raises(StoreError, match="is no index of univldr; choose another name"):
        QdrantIndex(place)
    with pytest.raises(StoreError, match="there already is a collection"):
        QdrantIndex(place, create=DIM)
    server.version = "1.18.3"
    with pytest.raises(StoreError, match=r"is version 1\.18\.3; univldr needs 1\.19 or newer: upgrade it"):
        QdrantIndex(place)
    server.version, server.key = "1.20.0", "right"
    with pytest.raises(StoreError, match=f"wants another API key; put it into {KEY}"):
        QdrantIndex(place)
    monkeypatch.setenv(KEY, "right")
    with pytest.raises(StoreError, match="is no index of univldr"):
        QdrantIndex(place)


def test_fields_of_many_documents_are_indexed_once(
    server: FakeQdrant, index: QdrantIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(index)
    made = server.requests.count("PUT /collections/x/index")
    where = parse("n > 20 and path under 'a'")
    index.count(where=where)
    assert server.requests.count("PUT /collections/x/index") == made
    monkeypatch.setattr("univldr.index.qdrant.INDEXED_DOCUMENTS", 10)
    for _ in range(2):
        assert index.count(where=where) == 0
    fields = [body["field_name"] for body in server.bodies if body and "field_name" in body]
    assert sorted(fields[made:]) == ["metadata.n", "where.number.n", "where.under"]


def test_hits_that_a_graph_loses_are_looked_for(index: QdrantIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(index)
    whole = index._shard.nearest
    monkeypatch.setattr(
        index._shard,
        "nearest",
        lambda vector, request: whole(vector, request)[: 50 if request.params.exact else 3],
    )
    assert len(index.query(unit(1)[0], 9)) == 9
    assert len(index.query(unit(1)[0], 3)) == 3


def test_each_shard_weighs_words_by_its_own(index: QdrantIndex) -> None:
    filled(index)
    [one, *_] = index.query_words("word3 unknown", 5)
    index._shards = 4  # as if what is told came from a quarter of the documents
    [other, *_] = index.query_words("word3 unknown", 5)
    assert 0 < one.score < other.score <= 1
