"""Mining by hand: every score is a cosine of small angles, every list can be checked by eye."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.retrieval_kit import VectorEncoder, image, make_collection, query, text
from univldr.config import parse
from univldr.corpus.collection import Collection
from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, CorpusError, ImageError
from univldr.index.exact import ExactIndex
from univldr.search import Searcher
from univldr.training import mining
from univldr.training.mining import mine
from univldr.training.negatives import MiningReport, joint_list, read_negatives
from univldr.training.recipe import MiningSettings
from univldr.types import Document, Encoder, Float32Array, Modality

# Cosines with query a, (1, 0).
COSINES = {
    "t1": ("1 0", 1.0),
    "p1": ("24 7", 0.96),
    "t2": ("12 5", 12 / 13),
    "p2": ("15 8", 15 / 17),
    "t3": ("4 3", 0.8),
    "p3": ("3 4", 0.6),
    "t4": ("5 12", 5 / 13),
    "p4": ("-3 4", -0.6),
}
FAITHFUL = MiningSettings.faithful()
OFF = math.inf


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """Texts t1 to t4 and pictures p1 to p4; query a looks along (1, 0) and b along (-1, 0)."""
    documents = [(text if id[0] == "t" else image)(id, vector) for id, (vector, _) in COSINES.items()]
    queries = [query("a", "1 0", "t2", "t3"), query("b", "-1 0", "p4")]
    return make_collection(tmp_path / "data", documents, queries)


Mine = Callable[..., dict[str, Any]]


@pytest.fixture
def mined(collection: Collection, tmp_path: Path) -> Mine:
    """Mines with settings and gives the record of a query."""

    def run(settings: MiningSettings, of: str = "a", encoder: Encoder | None = None) -> dict[str, Any]:
        out = tmp_path / "negatives.jsonl"
        mine(encoder or VectorEncoder(), collection, "train", settings, out, tmp_path / "cache")
        records = [json.loads(line) for line in out.read_text().splitlines()]
        assert records[0]["univldr"] == "negatives"
        assert [record["query"] for record in records[1:]] == ["a", "b"]
        [found] = [record for record in records[1:] if record["query"] == of]
        return dict(found)

    return run


def ids(record: dict[str, Any]) -> str:
    return " ".join(negative["id"] for negative in record["negatives"])


def test_the_papers_way_is_the_joint_list_without_positives(mined: Mine) -> None:
    record = mined(FAITHFUL)
    assert list(record) == ["query", "positive_score", "suspected", "negatives"]
    assert record["positive_score"] == pytest.approx(12 / 13)
    assert record["suspected"] == 0
    assert ids(record) == "t1 p1 p2 p3 t4 p4"
    assert [negative["rank"] for negative in record["negatives"]] == [1, 2, 4, 6, 7, 8]
    first = record["negatives"][1]
    assert first == {"id": "p1", "modality": "image", "score": pytest.approx(0.96), "rank": 2}
    for negative in record["negatives"]:
        assert negative["score"] == pytest.approx(COSINES[negative["id"]][1])


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        (MiningSettings(max_ratio=OFF, depth=4), "t1 p1 p2"),
        (MiningSettings(max_ratio=OFF, depth=4, skip=1), "p1 p2"),
        (MiningSettings(max_ratio=OFF, depth=6, skip=2), "p2 p3"),
        (MiningSettings(max_ratio=OFF, max_score=0.9), "p2 p3 t4 p4"),
        (MiningSettings(max_ratio=OFF, per_modality=1), "t1 p1"),
        (MiningSettings(max_ratio=OFF, per_modality=2), "t1 p1 p2 t4"),
        # Of the texts, t2 has 0.923 and t3 0.8: 0.45 of them is 0.415 and 0.36, between which t4 has 0.385.
        (MiningSettings(max_ratio=0.45), "p1 p2 p3 t4 p4"),
        (MiningSettings(max_ratio=0.45, positive="lowest"), "p1 p2 p3 p4"),
        (MiningSettings(max_ratio=0.45, positive="lowest", compare="all"), "p4"),
        (MiningSettings(max_ratio=0.65, compare="all"), "t4 p4"),
        (MiningSettings(max_ratio=OFF, margin=0.5, compare="all"), "t4 p4"),
        (MiningSettings(max_ratio=OFF, margin=0.5, compare="all", positive="lowest"), "p4"),
        (MiningSettings(max_ratio=OFF, margin=0.5), "p1 p2 p3 t4 p4"),
        (MiningSettings(max_ratio=0.65, max_score=0.5, margin=0.0), "t4 p4"),
    ],
)
def test_what_settings_leave(mined: Mine, settings: MiningSettings, left: str) -> None:
    assert ids(mined(settings)) == left


def test_suspects_are_counted_within_the_ranks_that_are_looked_at(mined: Mine) -> None:
    assert mined(MiningSettings(max_ratio=0.65, compare="all"))["suspected"] == 4  # t1 p1 p2 p3
    assert mined(MiningSettings(max_ratio=0.65, compare="all", skip=1, depth=4))["suspected"] == 2
    assert mined(MiningSettings(max_ratio=0.65))["suspected"] == 1  # t1


def test_a_ratio_of_a_negative_score_lies_below_it() -> None:
    settings = MiningSettings(max_ratio=0.75)
    assert settings.limit(0.8) == pytest.approx(0.6)
    assert settings.limit(0.0) == 0.0
    assert settings.limit(-0.4) == pytest.approx(-0.5)
    assert MiningSettings(max_ratio=OFF).limit(-0.4) == math.inf


def test_the_positive_score_of_a_query_may_be_all_it_gets(mined: Mine) -> None:
    """Query b: p4 has 0.6, all other pictures are below 0."""
    record = mined(MiningSettings(), of="b")
    assert record["positive_score"] == pytest.approx(0.6)
    assert ids(record) == "t4 p3 t3 p2 t2 p1 t1"
    assert ids(mined(MiningSettings(fill=1, depth=1, max_ratio=OFF), of="b")) == "t4 p3"


def test_filling_searches_a_modality_that_the_joint_list_does_not_show(mined: Mine) -> None:
    few = MiningSettings(max_ratio=OFF, depth=3)
    assert ids(mined(few)) == "t1 p1"
    record = mined(MiningSettings(max_ratio=OFF, depth=3, fill=2))
    assert [(n["id"], n["rank"]) for n in record["negatives"]] == [
        ("t1", 1), ("p1", 2), ("p2", None), ("t4", None),
    ]  # fmt: skip
    assert ids(mined(MiningSettings(max_ratio=OFF, depth=3, fill=4))) == "t1 p1 p2 p3 t4 p4"
    assert ids(mined(MiningSettings(max_ratio=OFF, depth=3, skip=2, fill=1))) == "p2 t4"
    assert ids(mined(MiningSettings(max_ratio=OFF, depth=3, fill=4, max_score=0.9))) == "p2 p3 t4 p4"


def test_centered_vectors_give_centered_scores(collection: Collection, mined: Mine) -> None:
    from univldr.centering import center, center_queries, modality_means

    record = mined(MiningSettings(max_ratio=OFF, centered=True))
    vectors = VectorEncoder().encode_documents(collection.documents(range(8)))
    codes = collection.modalities()
    means = modality_means(vectors, codes)
    [asked] = center_queries(np.array([[1, 0]], np.float32), means[0])
    scores = dict(zip(collection.ids(), (center(vectors, codes, means) @ asked).tolist(), strict=True))
    order = sorted((id for id in scores if id not in ("t2", "t3")), key=lambda id: -scores[id])
    assert ids(record) == " ".join(order)
    assert [n["score"] for n in record["negatives"]] == pytest.approx([scores[id] for id in order], abs=1e-6)
    assert record["positive_score"] == pytest.approx(max(scores["t2"], scores["t3"]), abs=1e-6)


def test_centering_needs_texts(tmp_path: Path) -> None:
    collection = make_collection(tmp_path, [image("p", "1 0")], [query("a", "1 0", "p")])
    with pytest.raises(ConfigError, match="has no texts"):
        mine(VectorEncoder(), collection, "train", MiningSettings(centered=True), tmp_path / "o", tmp_path)


class Undecodable(VectorEncoder):
    """Cannot decode p1, nor p4, the only positive of b."""

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        for document in documents:
            if document.id in ("p1", "p4"):
                raise ImageError(f"{document.id}: broken")
        return super().encode_documents(documents)


def test_what_has_no_vector_is_neither_a_negative_nor_a_measure(mined: Mine) -> None:
    assert ids(mined(FAITHFUL, encoder=Undecodable())) == "t1 p2 p3 t4"
    record = mined(MiningSettings(compare="all"), of="b", encoder=Undecodable())
    assert record["positive_score"] is None
    assert ids(record) == "t4 p3 t3 p2 t2 t1"


def indexed(collection: Collection, *more: Document, without: str = "") -> Searcher:
    """An exact index of the collection, by ``VectorEncoder``."""
    documents = [one for one in collection.documents(range(len(collection))) if one.id != without]
    searcher = Searcher(VectorEncoder(), ExactIndex(2))
    searcher.upsert([*documents, *more])
    return searcher


@pytest.mark.parametrize("settings", [FAITHFUL, MiningSettings(), MiningSettings(depth=2, fill=2)], ids=repr)
def test_an_index_that_searches_exactly_gives_the_same_negatives(
    collection: Collection, tmp_path: Path, settings: MiningSettings
) -> None:
    encoder, searcher = VectorEncoder(), indexed(collection)
    mine(encoder, collection, "train", settings, tmp_path / "exact", tmp_path)
    mine(searcher.encoder, collection, "train", settings, tmp_path / "index", tmp_path, searcher=searcher)
    exact, found = (
        [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in ("exact", "index")
    )
    assert found[0] == exact[0] | {"index": {"documents": len(COSINES)}}
    for one, other in zip(exact[1:], found[1:], strict=True):
        assert one.pop("positive_score") == pytest.approx(other.pop("positive_score"), abs=1e-6)
        for negative, same in zip(one.pop("negatives"), other.pop("negatives"), strict=True):
            assert negative.pop("score") == pytest.approx(same.pop("score"), abs=1e-6)
            assert negative == same
        assert one == other


def test_what_an_index_has_beside_the_collection_is_passed_over_and_what_it_lacks_is_told(
    collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    others = [Document(f"x{n}", Modality.TEXT, f"100 {n}") for n in range(5)]
    searcher, out = indexed(collection, *others, without="t2"), tmp_path / "negatives.jsonl"
    depth = MiningSettings.faithful(3)
    mine(searcher.encoder, collection, "train", depth, out, tmp_path, searcher=searcher)
    a = json.loads(out.read_text().splitlines()[1])
    assert ids(a) == "t1 p1 p2"
    assert a["positive_score"] == pytest.approx(0.8)  # of t3, as t2 is not there
    assert "lacks 1 of the 8 documents" in caplog.text
    assert "1 of them answers" in caplog.text


def test_an_index_is_not_centered_and_not_of_something_else(collection: Collection, tmp_path: Path) -> None:
    searcher = indexed(collection)
    settings = MiningSettings(centered=True)
    with pytest.raises(ConfigError, match="leave out one of them"):
        mine(searcher.encoder, collection, "train", settings, tmp_path / "n", tmp_path, searcher=searcher)
    other = make_collection(tmp_path / "other", [text("z", "1 1")], [query("a", "1 0", "z")])
    with pytest.raises(CorpusError, match="the index has none of the 1 documents"):
        mine(searcher.encoder, other, "train", FAITHFUL, tmp_path / "n", tmp_path, searcher=searcher)


@pytest.fixture
def many(tmp_path: Path) -> Collection:
    words = ["ape", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"]
    pairs = list(itertools.pairwise(words))
    documents = [
        *(text(f"t{n}", f"{first} and {second}") for n, (first, second) in enumerate(pairs)),
        *(image(f"p{n}", f"{first} by a {second}") for n, (first, second) in enumerate(pairs)),
    ]
    queries = [query(f"q{n}", f"{a} {b}", f"{'tp'[n % 2]}{n}") for n, (a, b) in enumerate(pairs)]
    return make_collection(tmp_path / "many", documents, queries)


class CountingEncoder(HashEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def encode_queries(self, queries: list[Any]) -> Float32Array:
        self.asked += len(queries)
        return super().encode_queries(queries)


def test_an_interrupted_run_goes_on_where_it_was(
    many: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out, cache = tmp_path / "whole.jsonl", tmp_path / "new" / "out.jsonl", tmp_path / "cache"
    expected = mine(HashEncoder(), many, "train", MiningSettings(depth=7), whole, cache)
    monkeypatch.setattr(mining, "CHUNK", 2)

    def stop(done: int, total: int, label: str) -> None:
        if done > 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mine(HashEncoder(), many, "train", MiningSettings(depth=7), out, cache, stop)
    assert not out.exists()
    [part] = out.parent.iterdir()
    part.write_bytes(part.read_bytes() + b'{"query": "q4", "nega')
    encoder, seen = CountingEncoder(), list[int]()
    report = mine(
        encoder, many, "train", MiningSettings(depth=7), out, cache, lambda done, *_: seen.append(done)
    )
    assert encoder.asked == 5  # of 9
    assert seen == [6, 8, 9]
    assert out.read_bytes() == whole.read_bytes()
    assert report == MiningReport(out, *(getattr(expected, name) for name in report.__slots__[1:]))
    assert list(out.parent.iterdir()) == [out]


def test_a_file_is_kept_only_for_the_same_model_data_and_settings(many: Collection, tmp_path: Path) -> None:
    out = tmp_path / "negatives.jsonl"

    def asked(settings: MiningSettings, collection: Collection = many) -> int:
        encoder = CountingEncoder()
        mine(encoder, collection, "train", settings, out, tmp_path)
        return encoder.asked

    assert asked(FAITHFUL) == 9
    assert asked(FAITHFUL) == 0
    assert asked(MiningSettings()) == 9
    assert asked(MiningSettings()) == 0
    documents = [text("t1", "some words"), text("t2", "other words")]
    assert asked(MiningSettings(), make_collection(many.path, documents, [query("q", "words", "t1")])) == 1
    other_answer = make_collection(many.path, documents, [query("q", "words", "t2")])
    assert asked(MiningSettings(), other_answer) == 1
    assert asked(MiningSettings(), make_collection(many.path, documents, [query("q", "words", "t2")])) == 0
    assert asked(MiningSettings(), make_collection(many.path, documents, [query("q", "words!", "t2")])) == 1


def test_a_part_of_other_settings_is_not_gone_on_with(many: Collection, tmp_path: Path) -> None:
    out = tmp_path / "negatives.jsonl"
    mine(HashEncoder(), many, "train", MiningSettings(depth=3), out, tmp_path)
    out.rename(tmp_path / "negatives.jsonl.part")
    encoder = CountingEncoder()
    mine(encoder, many, "train", MiningSettings(depth=4), out, tmp_path)
    assert encoder.asked == 9


def test_reading_gives_rows_and_scores_by_modality(collection: Collection, tmp_path: Path) -> None:
    out = tmp_path / "negatives.jsonl"
    mine(VectorEncoder(), collection, "train", FAITHFUL, out, tmp_path)
    a, b = read_negatives(out, collection)
    rows, scores = a[Modality.IMAGE]
    assert rows.dtype == np.int64
    assert scores.dtype == np.float32
    names = collection.ids()
    assert [names[row] for row in rows] == ["p1", "p2", "p3", "p4"]
    assert [names[row] for row in a["text"][0]] == ["t1", "t4"]  # type: ignore[index]  # a Modality is a str
    assert [names[row] for row in b[Modality.IMAGE][0]] == ["p3", "p2", "p1"]
    vectors = VectorEncoder().encode_documents(collection.documents(rows.tolist()))
    assert np.array_equal(scores, vectors[:, 0])  # exactly: a float32 survives the file
    joint, joint_scores = joint_list(a)
    assert [names[row] for row in joint] == ["t1", "p1", "p2", "p3", "t4", "p4"]
    assert (np.diff(joint_scores) < 0).all()
    assert len(joint_list({})[0]) == 0


def test_a_query_that_was_cut_from_the_file_has_no_lists(collection: Collection, tmp_path: Path) -> None:
    out = tmp_path / "negatives.jsonl"
    mine(VectorEncoder(), collection, "train", FAITHFUL, out, tmp_path)
    head, _, b = out.read_text().splitlines(keepends=True)
    out.write_text(head + b)
    first, second = read_negatives(out, collection)
    assert first == {}
    assert set(second) == {Modality.TEXT, Modality.IMAGE}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"t1"', '"t9"', r"negatives\.jsonl line 2: 't9' is not in .*data; mine again"),
        ('{"query": "b"', '{"query": "z"', "line 3: 'z' is not in"),
        ('"modality": "image"', '"modality": "smell"', "line 2: 'smell' is not a valid Modality"),
        ('"suspected": 0, ', "", "line 2: not a record of negatives: KeyError"),
        ('{"query": "b"', '["query": "b"', "line 3: not JSON"),
        ('"format": 1', '"format": 7', "format 7, this version reads 1; mine again"),
        ('"univldr": "negatives"', '"univldr": "recipe"', "line 1: not what univldr mine writes"),
        ('"split": "train"', '"split": "training"', 'no split "training"'),
    ],
)
def test_a_broken_file_is_told_with_its_line(
    collection: Collection, tmp_path: Path, old: str, new: str, words: str
) -> None:
    out = tmp_path / "negatives.jsonl"
    mine(VectorEncoder(), collection, "train", FAITHFUL, out, tmp_path)
    out.write_text(out.read_text().replace(old, new))
    with pytest.raises(CorpusError, match=words):
        read_negatives(out, collection)


def test_no_file_no_split_no_place_to_write(collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nothing\.jsonl: cannot be read"):
        read_negatives(tmp_path / "nothing.jsonl", collection)
    with pytest.raises(CorpusError, match='no split "tran"; there is train'):
        mine(VectorEncoder(), collection, "tran", FAITHFUL, tmp_path / "out", tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(CorpusError, match="cannot be written"):
        mine(VectorEncoder(), collection, "train", FAITHFUL, tmp_path / "file" / "out", tmp_path)


def test_the_report_counts_and_prints_as_a_table(collection: Collection, tmp_path: Path) -> None:
    out = tmp_path / "negatives.jsonl"
    report = mine(
        VectorEncoder(), collection, "train", MiningSettings(depth=4, per_modality=2), out, tmp_path
    )
    # a: t1 is a suspect, p1 and p2 stay. b: t4 -5/13, p3 -0.6, t3 -0.8 after the positive.
    assert (report.queries, report.suspected) == (2, 1)
    assert report.mean_positive_score == pytest.approx((12 / 13 + 0.6) / 2)
    texts, images = report.lists
    assert (texts.modality, texts.negatives, texts.empty, texts.short) == (Modality.TEXT, 2, 1, 1)
    assert texts.mean_score == pytest.approx((-5 / 13 - 0.8) / 2)
    assert (images.negatives, images.empty, images.short) == (3, 0, 1)
    assert images.mean_score == pytest.approx((0.96 + 15 / 17 - 0.6) / 3)
    assert str(report).splitlines() == [
        "2 queries, mean positive score 0.7615; 1 suspected positives left out",
        "       negatives  a query  none for  short for  mean score",
        "text           2      1.0         1          1     -0.5923",
        "image          3      1.5         0          1      0.4141",
    ]


def test_settings_come_from_toml_and_what_makes_no_sense_is_refused() -> None:
    values = {"depth": 50, "max_ratio": math.inf, "positive": "lowest", "per_modality": 10, "margin": 0.1}
    assert parse(MiningSettings, values) == MiningSettings(
        depth=50, max_ratio=OFF, positive="lowest", per_modality=10, margin=0.1
    )
    for wrong in (
        {"depth": 0},
        {"skip": 100},
        {"skip": -1},
        {"max_ratio": 0.0},
        {"per_modality": 0},
        {"fill": -1},
        {"fill": 3, "per_modality": 2},
    ):
        with pytest.raises(ConfigError, match=f"{next(iter(wrong))} is"):
            parse(MiningSettings, wrong)
