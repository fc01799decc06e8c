"""Filters during the search: every engine gives just what ``Where.matches`` says, k hits if k match."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qdrant_edge as edge
from hypothesis import given, settings

from tests.index import clusters
from tests.test_where import FILTERS
from univldr.index import ExactIndex, Index, edge_fields
from univldr.index.base import fields_of, to_payload
from univldr.index.edge import EdgeIndex
from univldr.index.edge_filter import point_id, translate
from univldr.types import Document, Float32Array, Modality
from univldr.where import Where, parse

DIM = 8
SETS: list[dict[str, Any]] = [
    {},
    {"n": 1, "s": "a", "mixed": 1},
    {"n": 2.5, "s": "b", "mixed": "1"},
    {"n": -3, "s": ["a", "it's"], "mixed": [1, "b", None]},
    {"n": [0, 1], "s": "", "mixed": True, "o": {"k": "a"}},
    {"n": None, "s": [], "mixed": "true", "o": [{"k": 1}, {"k": "b"}], "path": "/p/a/x.txt"},
    {"n": 2**53 + 1, "s": ["text"], "mixed": "2024-05-31", "o.k": "1", "path": "/p/b.txt"},
    {"n": False, "s": [["a"]], "mixed": {"a": 1}, "my field": "a", "not": 1, "path": "a/x.txt"},
    {"n": [[1]], "s": [None], "mixed": "2024-05-31T14:00:00+02:00", "path": "/p/a/x.txt", "my field": 2.5},
    {"n": {}, "id": "d1", "title": "shadowed", "modality": "a", "metadata": 1},
    {
        "n": "2.50",
        "s": "2024-05-31",
        "mixed": "2024-05-31 12:00",
        "o": {"k": {"k": 1}},
        "path": ["a", "../x", 3],
    },
    {"n": ["x", "1e0"], "mixed": "0001-01-01T00:00:00+02:00", "o": {"k": "2024-05-31"}, "path": {"a": "a"}},
    {
        "n": True,
        "mixed": "9999-12-31T23:59:59.999999-02:00",
        "o": {"k": "TRUE"},
        "o.k": None,
        "path": "//p//a/.",
    },
    {
        "n": 1,
        "s": "a",
        "mixed": "2024-05-31T12:00:00.000001",
        "metadata.n": 2.5,
        "many": dict.fromkeys("abcdef", 1),
    },
]


def unit(rows: int, seed: int = 0) -> Float32Array:
    vectors = np.random.default_rng(seed).standard_normal((rows, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def documents() -> list[Document]:
    found = []
    for n, metadata in enumerate(SETS * 2):
        if n % 3:
            found.append(Document(f"d{n}", Modality.TEXT, "", title="ab"[n % 2], metadata=metadata))
        else:
            found.append(Document(f"a/{n}.jpg", Modality.IMAGE, "", Path(f"/p/a/{n}.jpg"), metadata=metadata))
    return found


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Index]]:
    """Exact; on a cluster; as in a small index; as in a large one; odd documents; all stored long ago."""

    def made() -> EdgeIndex:
        index = EdgeIndex(tmp_path_factory.mktemp("filters") / "s", DIM, create=True)
        index.upsert(documents(), unit(len(documents())))
        return index

    exact = ExactIndex(DIM)
    exact.upsert(documents(), unit(len(documents())))
    plain, indexed = made(), made()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("univldr.index.edge.INDEXED_DOCUMENTS", 0)
        indexed.count(where=parse("n > 1 and s = 'a' and mixed > 1 and exists o and path under 'a'"))
        indexed.count(
            where=parse("mixed > 2024-05-31 and mixed < 2024-05-31T12:00 and n = true and o.k = 'a'")
        )
        patch.setattr("univldr.index.edge_fields.MAX_NAMES", 7)
        odd = made()
    old = made()
    forget_fields(old)
    assert {"metadata.n", "metadata.s", "metadata.mixed"} <= set(indexed._shard.info().payload_schema)
    with clusters.collection(DIM) as collection:
        collection.upsert(documents(), unit(len(documents())))
        yield [exact, collection, plain, indexed, odd, old]
    for index in (plain, indexed, odd, old):
        index.close()


def forget_fields(index: EdgeIndex) -> None:
    """As documents were stored before filters had fields of their own."""
    point_ids: list[Any] = [point_id(document.id) for document in documents()]
    index._shard.update(edge.UpdateOperation.delete_payload(point_ids, [edge_fields.KEY]))
    index._shard.update(edge.UpdateOperation.delete_field_index(edge_fields.ODD))


@given(where=FILTERS)
@settings(max_examples=200, deadline=None)
def test_engines_agree_with_matches(engines: list[Index], where: Where) -> None:
    query = unit(1, seed=1)[0]
    expected = {d.id for d in documents() if where.matches(fields_of(to_payload(d)))}
    for index in engines:
        assert {hit.document.id for hit in index.query(query, 50, where=where)} == expected, str(where)
        assert index.count(where=where) == len(expected)
        images = index.query(query, 50, modality=Modality.IMAGE, where=where)
        assert len(images) == index.count(Modality.IMAGE, where=where)
        assert len(images) == sum(id_.startswith("a/") for id_ in expected)


def test_old_documents_get_their_fields_from_optimize(engines: list[Index]) -> None:
    where = parse("path under 'a' or mixed = 2024-05-31")
    expected = {d.id for d in documents() if where.matches(fields_of(to_payload(d)))}
    old = engines[-1]
    assert isinstance(old, EdgeIndex)
    assert not edge_fields.is_marked(old._shard)
    old.optimize()
    assert edge_fields.is_marked(old._shard)
    assert {hit.document.id for hit in old.query(unit(1)[0], 50, where=where)} == expected
    assert {document.id: document for part, _ in old.scan() for document in part} == {
        hit.document.id: hit.document for hit in engines[2].query(unit(1)[0], 50)
    }
    forget_fields(old)


@pytest.mark.parametrize(
    "text",
    [
        "modality = 'image' and id != 'a' and title = 'T'",
        "year >= 2020 and year not in (2021, 2022) or year = '2020'",
        "path under 'trips' and not path under '/home/ada' and path under '.'",
        "taken = 2024-05-31 or not taken < 2024-05-31T12:00:00.5+02:00",
        "public = true and camera.model = 'X1' and `my rating` >= 4 and not exists camera.lens",
    ],
)
def test_the_engine_does_this_by_itself(text: str) -> None:
    assert translate(parse(text), derived=True).exact


def test_fields_of_a_file_of_a_folder() -> None:
    text = Document("a/b.txt#3", Modality.TEXT, "words", title="T", metadata={"path": "/p/a/b.txt", "n": 1})
    fields = fields_of(to_payload(text))
    assert (fields["id"], fields["title"], fields["n"]) == ("a/b.txt#3", "T", 1)
    assert fields["path"] == ["/p/a/b.txt", "a/b.txt"]
    assert parse("path under 'a' and metadata.n = 1").matches(fields)
    assert not parse("path under 'b'").matches(fields)


def test_an_answer_after_a_write_is_not_the_remembered_one(tmp_path: Path) -> None:
    index = EdgeIndex(tmp_path / "s", DIM, create=True)
    for n, (value, count) in enumerate([(5, 1), ("7", 2), ("x", 2)]):
        index.upsert([Document(str(n), Modality.TEXT, metadata={"n": value})], unit(1))
        assert index.count(where=parse("n > 4")) == count
    index.upsert([Document("2", Modality.TEXT, metadata={"n": "y"})], unit(1))
    index.upsert([Document("3", Modality.TEXT, metadata={"n": "1"})], unit(1))
    assert index.count(where=parse("n > 4")) == 2
    index.delete(["0"])
    assert [hit.document.id for hit in index.query(unit(1)[0], 5, where=parse("n > 4"))] == ["1"]
    index.close()


def test_one_in_ten_thousand_and_a_third_past_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("univldr.index.edge.EXACT_DOCUMENTS", 500)
    monkeypatch.setattr("univldr.index.edge.INDEXED_DOCUMENTS", 500)
    monkeypatch.setattr("univldr.index.edge_choice._PAGE", 999)
    rows = 10_000
    index, vectors = EdgeIndex(tmp_path / "s", DIM, create=True), unit(rows)
    for start in range(0, rows, 2000):
        part = [
            Document(
                f"d{n}",
                Modality.TEXT,
                metadata={"n": n, "spelled": str(n), "third": n % 3, "path": f"/p/{n}/x"},
            )
            for n in range(start, start + 2000)
        ]
        index.upsert(part, vectors[start : start + 2000])
    index.optimize()
    query = unit(1, seed=5)[0]
    for where in (
        "n = 7777",
        "spelled = 7777",
        "spelled = '7777'",
        "path under '/p/7777'",
        "id in ('d7777')",
    ):
        assert [hit.document.id for hit in index.query(query, 10, where=parse(where))] == ["d7777"], where
        assert index.count(where=parse(where)) == 1
    best = [f"d{n}" for n in np.argsort(-(vectors @ query)) if 7000 <= n < 7100][:10]
    for where in ("n >= 7000 and n < 7100", "spelled >= 7000 and not spelled >= 7100"):
        assert [hit.document.id for hit in index.query(query, 10, where=parse(where))] == best
    found = {hit.document.id for hit in index.query(query, 100, where=parse("third = 1"))}
    wanted = [f"d{n}" for n in np.argsort(-(vectors @ query)) if n % 3 == 1][:100]
    assert len(found) == 100
    assert len(found.intersection(wanted)) >= 95
    index.close()
