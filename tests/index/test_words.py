"""What can be found by words, and that both engines find the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as edge

from tests.index import clusters
from univldr.errors import StoreError
from univldr.index import ExactIndex, Index
from univldr.index.edge import EdgeIndex
from univldr.index.words import K1, LENGTH, B, WordIndex, document_vector, idf, query_words
from univldr.types import Document, Expansion, Float32Array, Hit, Modality
from univldr.where import parse

DIM = 4
VOCABULARY = [f"word{number}" for number in range(60)]


@pytest.fixture(params=["exact", "edge", "qdrant"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    if request.param == "qdrant":
        with clusters.collection(DIM) as collection:
            yield collection
        return
    engine: Index = (
        ExactIndex(DIM) if request.param == "exact" else EdgeIndex(tmp_path / "s", DIM, create=True)
    )
    yield engine
    engine.close()


def rows(count: int) -> Float32Array:
    return np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))


def store(index: Index, *texts: str) -> None:
    documents = [Document(f"d{n}", Modality.TEXT, text) for n, text in enumerate(texts)]
    index.upsert(documents, rows(len(documents)))


def found(index: Index, text: str, k: int = 10) -> list[str]:
    return [hit.document.id for hit in index.query_words(text, k)]


def same_word(left: str, right: str) -> bool:
    in_document, _ = document_vector(Document("d", Modality.TEXT, left))
    return bool(set(query_words(right)) & set(in_document))


@pytest.mark.parametrize(
    ("in_document", "asked"),
    [
        ("Café", "cafe"),
        ("Cafe\u0301", "CAFÉ"),
        ("Ελλάδα", "ελλαδα"),
        ("running", "runs"),
        ("INV-2024-0117", "0117"),
        ("IMG_0042.JPG", "img_0042"),
        ("東京タワー", "東京"),
        ("東京タワー", "京"),
        ("한국어 사전", "사전"),
        ("ﬁne", "fine"),
        ("Straße", "strasse"),
    ],
)
def test_the_same_word(in_document: str, asked: str) -> None:
    assert same_word(in_document, asked)


@pytest.mark.parametrize(
    ("in_document", "asked"), [("the cat", "the dog"), ("東京", "京都"), ("0117", "117")]
)
def test_not_the_same_word(in_document: str, asked: str) -> None:
    assert not same_word(in_document, asked)


def test_a_query_of_stop_words_or_none_finds_nothing(index: Index) -> None:
    store(index, "the who", "")
    assert [found(index, text) for text in ("the", "", "?!", "unknown")] == [[], [], [], []]
    assert found(index, "x" * 100_000) == []


def test_no_hits_cannot_be_asked_for(index: Index) -> None:
    with pytest.raises(StoreError, match="k is 0; ask for at least 1"):
        index.query_words("bird", 0)


def test_a_pasted_page_is_a_query(index: Index) -> None:
    store(index, "the plumber", "the end")
    assert found(index, "plumber " + " ".join(f"word{n}" for n in range(5000))) == ["d0"]


def test_every_field_with_words_counts(index: Index) -> None:
    picture = Document(
        "trips/p",
        Modality.IMAGE,
        "caption",
        Path("/there/scan_0042.jpg"),
        title="heading",
        expansions=(Expansion("generated", "ocr"),),
        metadata={"path": "/there/scan_0042.jpg", "author": "someone"},
    )
    index.upsert([picture], rows(1))
    for word in ("caption", "heading", "generated", "scan_0042.jpg"):
        assert found(index, word) == ["trips/p"], word
    assert [found(index, word) for word in ("there", "someone", "trips")] == [[], [], []]


def test_scores_by_hand(index: Index) -> None:
    store(index, "red bird", "red red cat", "", "blue bird")
    rare, common = np.log(1 + 3.5 / 1.5), np.log(1 + 2.5 / 2.5)  # 1 and 2 of the 4 have it
    total = rare + common + rare  # cat, bird, and one that nobody has

    def sat(times: int, length: int) -> float:
        return times / (times + K1 * (1 - B + B * length / LENGTH))

    hits = index.query_words("cat bird unheard", 10)
    assert [hit.document.id for hit in hits] == ["d1", "d0", "d3"]
    expected = [rare * sat(1, 3), common * common / rare * sat(1, 2), common * common / rare * sat(1, 2)]
    assert [hit.score for hit in hits] == pytest.approx([value / total for value in expected], abs=1e-4)
    assert [hit.rank for hit in hits] == [1, 2, 3]


def test_one_document_with_the_whole_query_is_strong_evidence(index: Index) -> None:
    store(index, *(f"invoice of company {n}" for n in range(50)), "invoice INV-0117")
    hits = index.query_words("INV-0117", 5)
    assert [hit.document.id for hit in hits] == ["d50"]
    assert 0.8 < hits[0].score < 1
    assert all(hit.score < 0.05 for hit in index.query_words("invoice", 5))


def test_equal_scores_by_id_also_at_the_limit(index: Index) -> None:
    store(index, *["alike"] * 30, "other")
    assert found(index, "alike", 3) == ["d0", "d1", "d10"]


def test_modality_filter_and_ids(index: Index) -> None:
    documents = [
        Document(
            f"d{n}", Modality.IMAGE if n % 2 else Modality.TEXT, f"bird {n}", metadata={"year": 2000 + n}
        )
        for n in range(20)
    ]
    index.upsert(documents, rows(20))
    whole = {hit.document.id: hit.score for hit in index.query_words("bird 7", 20)}
    assert len(whole) == 20

    def ids(hits: list[Hit]) -> set[str]:
        assert all(hit.score == pytest.approx(whole[hit.document.id], abs=1e-6) for hit in hits)
        return {hit.document.id for hit in hits}

    assert ids(index.query_words("bird 7", 20, modality=Modality.IMAGE)) == {f"d{n}" for n in range(1, 20, 2)}
    assert ids(index.query_words("bird 7", 20, where=parse("year > 2016"))) == {"d17", "d18", "d19"}
    assert ids(index.query_words("bird 7", 9, ids=["d7", "d3", "unknown"])) == {"d3", "d7"}
    assert index.query_words("bird 7", 9, ids=[]) == []
    assert ids(index.query_words("bird 7", 9, ids=["d1", "d2"], modality=Modality.TEXT)) == {"d2"}


def random_texts(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    chances = 1 / np.arange(1, len(VOCABULARY) + 1)
    return [
        " ".join(rng.choice(VOCABULARY, int(rng.integers(0, 40)), p=chances / chances.sum()))
        for _ in range(count)
    ]


def agree(left: Index, right: Index) -> None:
    for text in random_texts(20, seed=9):
        one, other = (index.query_words(f"{text[:60]} unknown", 15) for index in (left, right))
        assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=1e-4)
        assert [hit.document.id for hit in one] == [hit.document.id for hit in other]


def test_engines_agree_after_every_kind_of_change(tmp_path: Path) -> None:
    engines: list[Index] = [ExactIndex(DIM), EdgeIndex(tmp_path / "s", DIM, create=True)]
    for index in engines:
        store(index, *random_texts(300, seed=0))
    agree(*engines)
    for index in engines:
        index.delete([f"d{n}" for n in range(0, 100, 2)])
    agree(*engines)
    for index in engines:
        store(index, *random_texts(80, seed=1))
    agree(*engines)
    for index in engines:
        index.optimize()
    agree(*engines)
    engines[1].close()
    engines[1] = EdgeIndex(tmp_path / "s", DIM)
    agree(*engines)
    engines[1].close()


def test_past_the_exact_statistics_ranking_is_as_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("univldr.index.edge.SCANNED_DOCUMENTS", 10)
    engines: list[Index] = [ExactIndex(DIM), EdgeIndex(tmp_path / "s", DIM, create=True)]
    for index in engines:
        store(index, *random_texts(300, seed=0))
    agree(*engines)  # nothing was deleted, so the engine's own statistics are exact
    engines[1].delete([f"d{n}" for n in range(150)])
    assert all(0 < hit.score < 1 for hit in engines[1].query_words("word0 word59", 10))
    engines[1].close()


def test_an_index_from_before_there_were_words(tmp_path: Path) -> None:
    texts = random_texts(120, seed=0)
    current = EdgeIndex(tmp_path / "current", DIM, create=True)
    store(current, *texts)
    (tmp_path / "old").mkdir()
    config = edge.EdgeConfig(vectors={"dense": edge.EdgeVectorParams(size=DIM, distance=edge.Distance.Dot)})
    shard = edge.EdgeShard.create(str(tmp_path / "old"), config)
    ids = [record.id for record in current._shard.scroll(edge.ScrollRequest(limit=1000))[0]]
    points = [
        edge.Point(record.id, {"dense": rows(1)[0]}, record.payload)
        for record in current._shard.retrieve(ids, True, False)
    ]
    shard.update(edge.UpdateOperation.upsert_points(points))
    shard.flush()
    shard.close()
    old = EdgeIndex(tmp_path / "old", DIM)
    assert old.query_words("word0", 5) == []
    assert [old.add_words(), old.add_words()] == [120, 0]
    agree(current, old)
    old.close()
    old = EdgeIndex(tmp_path / "old", DIM)
    agree(current, old)
    assert len(old.query(rows(1)[0], 200)) == 120
    old.close()
    current.close()


def test_rows_without_words_score_nothing() -> None:
    words = WordIndex([Document("a", Modality.TEXT, "bird"), Document("b", Modality.IMAGE, image=b"pixels")])
    assert words.scores("bird")[1] == 0
    assert words.scores("the").tolist() == [0, 0]
    assert WordIndex([]).scores("bird").shape == (0,)


def test_rarer_words_tell_more() -> None:
    values = [idf(1000, having) for having in range(1, 1001)]
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0
    assert idf(1000, 0) == values[0]
