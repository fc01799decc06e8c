"""One body of tests over every engine: the one on disk must answer as the exact one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.index import clusters
from univldr.encoders.hash import HashEncoder
from univldr.errors import CorpusError, StoreError
from univldr.index import ExactIndex, Index, Manifest, Store
from univldr.index.base import MAX_NESTING
from univldr.index.edge import EdgeIndex
from univldr.index.holder import Holder
from univldr.index.shared import SharedStore
from univldr.types import Document, Expansion, Float32Array, Modality

DIM = 16


@pytest.fixture(params=["exact", "edge", "shared", "qdrant", pytest.param("milvus", marks=pytest.mark.slow)])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    with ExitStack() as resources:
        if request.param == "exact":
            yield ExactIndex(DIM)
        elif request.param == "edge":
            yield resources.enter_context(closing(EdgeIndex(tmp_path / "s", DIM, create=True)))
        elif request.param == "qdrant":
            yield resources.enter_context(clusters.collection(DIM))
        elif request.param == "milvus":
            yield resources.enter_context(request.getfixturevalue("milvus").collection(DIM))
        else:  # of another process, as far as it can tell
            Store.create(tmp_path / "s", Manifest.of(HashEncoder(DIM))).close()
            address = resources.enter_context(Holder(tmp_path / "s")).listen()
            yield resources.enter_context(closing(SharedStore(address))).engine


def unit(rows: int, seed: int = 0) -> Float32Array:
    vectors = np.random.default_rng(seed).standard_normal((rows, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def document(number: int) -> Document:
    if number % 3:
        return Document(f"d{number}", Modality.TEXT, f"text {number}")
    return Document(f"d{number}", Modality.IMAGE, f"caption {number}", Path(f"/pictures/{number}.jpg"))


def filled(index: Index, rows: int = 100) -> Float32Array:
    vectors = unit(rows)
    for start in range(0, rows, 30):
        part = [document(n) for n in range(start, min(start + 30, rows))]
        index.upsert(part, vectors[start : start + 30])
    return vectors


def test_empty(index: Index) -> None:
    assert index.query(unit(1)[0], 5) == []
    assert index.query(unit(1)[0], 5, modality=Modality.IMAGE) == []
    assert index.get(["a"]) == [None]
    assert index.delete(["a"]) == 0
    assert index.count() == 0
    index.upsert([], np.empty((0, DIM), np.float32))
    index.flush()
    index.optimize()
    assert index.info().documents == 0
    assert index.info().dim == DIM


@pytest.mark.parametrize("modality", [None, Modality.TEXT, Modality.IMAGE])
@pytest.mark.parametrize("k", [1, 7, 1000])
def test_query_is_the_inner_product_in_order(index: Index, k: int, modality: Modality | None) -> None:
    vectors = filled(index)
    query = unit(1, seed=1)[0]
    scores = {
        f"d{n}": float(vectors[n] @ query) for n in range(100) if modality in (None, document(n).modality)
    }
    expected = sorted(scores, key=lambda id_: -scores[id_])[:k]
    hits = index.query(query, k, modality=modality)
    assert [hit.document.id for hit in hits] == expected
    assert [hit.rank for hit in hits] == list(range(1, len(expected) + 1))
    assert [hit.score for hit in hits] == pytest.approx([scores[id_] for id_ in expected], abs=1e-5)


def test_small_index_stays_exact_after_optimize(index: Index) -> None:
    vectors = filled(index, 2000)
    index.delete([f"d{n}" for n in range(1200)])
    index.optimize()
    for query in unit(20, seed=2):
        best = 1200 + np.argsort(-(vectors[1200:] @ query))[:10]
        assert [hit.document.id for hit in index.query(query, 10)] == [f"d{n}" for n in best]


def test_upsert_overwrites_vector_and_document(index: Index) -> None:
    filled(index, 10)
    vector = unit(1, seed=3)
    index.upsert([Document("d4", Modality.IMAGE, "other", Path("/other.png"))], vector)
    assert index.count() == 10
    [hit] = index.query(vector[0], 1, modality=Modality.IMAGE)
    assert (hit.document.id, hit.document.text) == ("d4", "other")
    assert hit.score == pytest.approx(1, abs=1e-5)


def test_one_call_with_an_id_twice_keeps_the_last(index: Index) -> None:
    index.upsert([Document("a", Modality.TEXT, "first"), Document("a", Modality.TEXT, "last")], unit(2))
    assert index.count() == 1
    [kept] = index.get(["a"])
    assert kept is not None
    assert kept.text == "last"
    assert index.query(unit(2)[1], 1)[0].score == pytest.approx(1, abs=1e-5)


def test_vectors_by_id(index: Index) -> None:
    vectors = filled(index)
    found = index.vectors(["d7", "unknown", "d42", "d7"])
    assert found.keys() == {"d7", "d42"}
    assert found["d42"] == pytest.approx(vectors[42], abs=1e-6)
    assert index.vectors([]) == {}


@pytest.mark.parametrize("size", [7, 1000])
def test_scan_gives_everything_once(index: Index, size: int) -> None:
    vectors = filled(index)
    index.delete(["d3"])
    seen: dict[str, Float32Array] = {}
    for documents, rows in index.scan(size):
        assert rows.shape == (len(documents), DIM)
        assert 0 < len(documents) <= size
        assert documents == index.get([one.id for one in documents])
        seen |= {one.id: row for one, row in zip(documents, rows, strict=True)}
    assert seen.keys() == {f"d{n}" for n in range(100) if n != 3}
    assert seen["d99"] == pytest.approx(vectors[99], abs=1e-6)
    [(documents, rows)] = index.scan(vectors=False)
    assert (len(documents), rows.shape) == (99, (0, DIM))


def test_delete(index: Index) -> None:
    vectors = filled(index)
    assert index.delete(["d3", "d5", "d99", "d3", "unknown"]) == 3
    assert index.delete(["d3"]) == 0
    assert index.count() == 97
    assert "d5" not in {hit.document.id for hit in index.query(vectors[5], 100)}
    assert index.query(vectors[98], 1)[0].document.id == "d98"
    assert index.get(["d5", "d6"]) == [None, document(6)]


def test_get_in_order_without_pixels(index: Index) -> None:
    whole = Document(
        id="日本語/ünï 🙂#0",
        modality=Modality.IMAGE,
        text="a caption",
        image=b"pixels",
        title="Title",
        expansions=(Expansion("EXIT", "ocr"), Expansion("words")),
        metadata={"path": "/ä", "n": 1, "x": 0.5, "nested": {"list": [1, None, True]}},
    )
    index.upsert([whole, Document("b", Modality.TEXT)], unit(2))
    assert index.get(["b", "nope", whole.id, "b"]) == [
        Document("b", Modality.TEXT),
        None,
        replace(whole, image=None),
        Document("b", Modality.TEXT),
    ]


def test_count_by_modality(index: Index) -> None:
    filled(index)
    assert (index.count(Modality.TEXT), index.count(Modality.IMAGE), index.count()) == (66, 34, 100)


def test_ties_are_ordered_by_id(index: Index) -> None:
    same = np.repeat(unit(1), 9, axis=0)
    index.upsert([Document(id_, Modality.TEXT) for id_ in "ihgfedcba"], same)
    assert [hit.document.id for hit in index.query(same[0], 9)] == list("abcdefghi")


def nested(depth: int) -> dict[str, object]:
    inner: object = 1
    for _ in range(depth - 1):
        inner = [{"x": inner}] if depth % 2 else {"x": inner}
    return {"x": inner}


def test_deep_metadata_can_be_read_again(index: Index) -> None:
    deep = Document("deep", Modality.TEXT, metadata=nested(MAX_NESTING))
    index.upsert([deep, Document("flat", Modality.TEXT)], unit(2))
    assert index.get(["deep", "flat"]) == [deep, Document("flat", Modality.TEXT)]


@pytest.mark.parametrize(
    "metadata",
    [{"x": float("nan")}, {"x": Path("/a")}, {"x": "\ud800"}, nested(MAX_NESTING + 1), nested(10**4)],
    ids=["nan", "path", "surrogate", "nested", "nested-far"],
)
def test_what_is_not_json_is_refused_whole(index: Index, metadata: dict[str, object]) -> None:
    bad = Document("bad", Modality.TEXT, metadata=metadata)
    with pytest.raises(CorpusError, match="'bad' cannot be stored"):
        index.upsert([Document("good", Modality.TEXT), bad], unit(2))
    assert index.count() == 0


def test_vectors_that_do_not_fit_are_refused(index: Index) -> None:
    with pytest.raises(StoreError, match=r"\[1, 8\] for 1 documents; this index takes \[1, 16\]"):
        index.upsert([document(0)], np.ones((1, 8), np.float32))
    poisoned = unit(2)
    poisoned[1, 3] = np.nan
    with pytest.raises(StoreError, match="'d1' is not finite"):
        index.upsert([document(0), document(1)], poisoned)
    with pytest.raises(StoreError, match=r"\[8\]; this index takes \[16\]"):
        index.query(np.ones(8, np.float32), 1)
    with pytest.raises(StoreError, match="k is 0"):
        index.query(unit(1)[0], 0)
    assert index.count() == 0


def test_exact_keeps_ties_at_the_cut_by_id() -> None:
    index = ExactIndex(DIM)
    index.upsert([Document(id_, Modality.TEXT) for id_ in "dcba"], np.repeat(unit(1), 4, axis=0))
    assert [hit.document.id for hit in index.query(unit(1)[0], 2)] == ["a", "b"]


def test_graph_of_a_large_index_finds_nearly_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("univldr.index.edge.EXACT_DOCUMENTS", 500)
    index = EdgeIndex(tmp_path / "s", DIM, create=True)
    vectors = filled(index, 4000)
    index.optimize()
    queries = unit(20, seed=4)
    found = [{hit.document.id for hit in index.query(query, 10)} for query in queries]
    best = [{f"d{n}" for n in np.argsort(-(vectors @ query))[:10]} for query in queries]
    assert sum(len(f & b) for f, b in zip(found, best, strict=True)) >= 0.9 * 200
    assert index.count(Modality.IMAGE) == len(index.query(queries[0], 4000, modality=Modality.IMAGE)) == 1334
    index.close()


def test_an_exact_look_at_all_of_a_large_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("univldr.index.edge.EXACT_DOCUMENTS", 500)
    index = EdgeIndex(tmp_path / "s", DIM, create=True)
    vectors = filled(index, 4000)
    index.optimize()
    assert list(tmp_path.rglob("quantized*"))
    for query in unit(20, seed=4):
        best = [f"d{n}" for n in np.argsort(-(vectors @ query))[:300]]
        hits = index.query(query, 300, exact=True)
        assert [hit.document.id for hit in hits] == best
        assert hits[0].score == pytest.approx(float((vectors @ query).max()), abs=1e-5)
    index.close()


def test_an_index_of_another_configuration_gets_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = EdgeIndex(tmp_path / "s", DIM, create=True)
    vectors = filled(index, 2000)
    index.optimize()
    index.close()
    assert not list(tmp_path.rglob("quantized*"))
    monkeypatch.setattr("univldr.index.edge.EXACT_DOCUMENTS", 500)
    index = EdgeIndex(tmp_path / "s", DIM)
    index.optimize()
    assert list(tmp_path.rglob("quantized*"))
    assert index.query(vectors[7], 1)[0].document.id == "d7"
    index.close()


@pytest.mark.parametrize("large", [False, True])
def test_the_space_of_what_is_deleted_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    def used() -> int:
        files = [file for file in tmp_path.rglob("segments/**/*") if file.is_file()]
        return sum(file.stat().st_blocks for file in files)

    if large:
        monkeypatch.setattr("univldr.index.edge.EXACT_DOCUMENTS", 500)
    index = EdgeIndex(tmp_path / "s", DIM, create=True)
    for start in range(0, 8000, 1000):
        texts = [Document(f"d{n}", Modality.TEXT, f"{n} " * 300) for n in range(start, start + 1000)]
        index.upsert(texts, unit(1000))
    index.optimize()
    index.flush()
    before = used()
    index.delete([f"d{n}" for n in range(7000)])
    index.optimize()
    index.flush()
    assert used() < 0.5 * before
    assert index.count() == 1000
    index.close()
