"""Our own records: every field, every way to name a picture, every way to break a record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.corpus.dataset_kit import colour, jsonl, picture, positives, problems, tar
from univldr.corpus.collection import open_collection
from univldr.errors import ConfigError, CorpusError
from univldr.types import Document, Expansion, Modality, Query

SHARD = "shards/pictures.tar"
QUERY = {"id": "q", "query": "words", "positives": ["t"]}


def test_documents_and_queries(tmp_path: Path) -> None:
    tar(tmp_path / SHARD, {"abc.png": picture("blue"), "q.png": picture("green")})
    (tmp_path / "a.png").write_bytes(picture("red"))
    jsonl(
        tmp_path / "documents.jsonl",
        [
            {"id": "t", "text": "Some\nwords.", "title": "T", "year": 1999, "metadata": {"by": "me"}},
            {
                "id": 7,
                "image": "a.png",
                "caption": "A red\ndoor.",
                "expansions": ["door", {"text": "handle", "origin": "ocr"}],
            },
        ],
    )
    jsonl(tmp_path / "documents-2.jsonl", [{"id": "s", "image": f"{SHARD}/abc.png", "text": "Sky"}])
    jsonl(
        tmp_path / "queries.train.jsonl",
        [
            {"id": "1", "query": "doors?", "positives": [7], "negatives": ["t", {"id": "s", "score": 0.5}]},
            {
                "id": "2",
                "image": f"{SHARD}/q.png",
                "positives": [{"id": "s", "relevance": 2}, "t"],
            },
        ],
    )
    jsonl(tmp_path / "queries.dev.jsonl", [{"id": "1", "text": "words?", "positives": ["t"]}])
    jsonl(tmp_path / "queries.jsonl", [QUERY, QUERY | {"id": "r", "split": "extra"}])
    collection = open_collection(tmp_path)
    assert problems(collection) == []
    assert collection.documents([2, 0, 1]) == [
        Document(
            "7",
            Modality.IMAGE,
            "A red door.",
            tmp_path / "a.png",
            "",
            (Expansion("door"), Expansion("handle", "ocr")),
        ),
        Document("s", Modality.IMAGE, "Sky", picture("blue")),
        Document("t", Modality.TEXT, "Some\nwords.", None, "T", metadata={"by": "me", "year": 1999}),
    ]
    assert colour(collection.documents([2])[0]) == (255, 0, 0)
    assert collection.splits() == ["train", "dev", "test", "extra"]
    first, second = collection.topics("train")
    assert (first.query, first.positives, first.negatives) == (Query("doors?"), (2,), (1, 0))
    assert (second.query, second.positives) == (Query("", picture("green")), (0, 1))
    assert collection.qrels("train") == {"1": {"7": 1}, "2": {"s": 2, "t": 1}}
    assert positives(collection, "dev") == {"1": ["t"]}
    assert positives(collection, "extra") == {"r": ["t"]}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, 'no "id"'),
        ({"id": ""}, 'no "id"'),
        ({"id": True, "text": "x"}, '"id" is True; it must be a string or a whole number'),
        ({"id": "x"}, "no text and no picture"),
        ({"id": "x", "text": " \n"}, "no text and no picture"),
        ({"id": "x", "text": 5}, '"text" is int, not a string'),
        ({"id": "x", "image": "none.png"}, 'no picture "none.png"; paths are relative to'),
        ({"id": "x", "image": "p.tar/none.png"}, 'no picture "none.png" in p.tar'),
        ({"id": "x", "image": "none.tar/a.png"}, "no such tar file"),
        ({"id": "x", "image": 5}, "neither a path nor"),
        ({"id": "x", "text": "x", "expansions": "door"}, '"expansions" is str, not a list'),
        ({"id": "x", "text": "x", "expansions": [1]}, 'an entry of "expansions" is neither'),
        ({"id": "x", "text": "x", "metadata": []}, '"metadata" is list, not an object'),
        ({"id": "t", "text": "again"}, 'the id "t" is taken; the first one is kept'),
    ],
)
def test_broken_documents_cost_only_themselves(record: dict[str, Any], reason: str, tmp_path: Path) -> None:
    tar(tmp_path / "p.tar", {"a.png": picture("red")})
    jsonl(tmp_path / "documents.jsonl", [{"id": "t", "text": "first"}, record, {"id": "u", "text": "last"}])
    jsonl(tmp_path / "queries.jsonl", [QUERY])
    collection = open_collection(tmp_path)
    assert [document.text for document in collection.documents(range(2))] == ["first", "last"]
    (problem,) = problems(collection)
    assert problem.startswith("documents.jsonl line 2: ")
    assert reason in problem
    assert collection.report.skipped == 1


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"id": "x", "query": "a"}, 'query "x" names no documents'),
        ({"id": "x", "query": "a", "positives": ["no"]}, 'query "x" names "no", which is no document'),
        ({"id": "x", "query": "a", "positives": [{"id": "t", "relevance": 0}]}, "has no positive"),
        ({"id": "x", "query": "a", "positives": "t"}, '"positives" is str, not a list'),
        ({"id": "x", "query": "a", "positives": [None]}, 'no "positives"'),
        ({"id": "x", "query": "a", "positives": [{"i": "t"}]}, 'no "positives: id"'),
        ({"id": "x", "query": "a", "positives": [{"id": "t", "relevance": -1}]}, '"relevance" is -1'),
        ({"id": "x", "query": "a", "positives": [{"id": "t", "relevance": "1"}]}, "\"relevance\" is '1'"),
        ({"id": "x", "positives": ["t"]}, "the query has no text and no picture"),
        ({"query": "a", "positives": ["t"]}, 'no "id"'),
        (QUERY, 'the query id "q" is taken; the first one is kept'),
    ],
)
def test_broken_queries_cost_only_themselves(record: dict[str, Any], reason: str, tmp_path: Path) -> None:
    jsonl(tmp_path / "documents.jsonl", [{"id": "t", "text": "first"}])
    jsonl(tmp_path / "queries.jsonl", [QUERY, record])
    collection = open_collection(tmp_path)
    assert positives(collection, "test") == {"q": ["t"]}
    assert all(problem.startswith("queries.jsonl line 2: ") for problem in problems(collection))
    assert any(reason in problem for problem in problems(collection))


def test_unknown_documents_beside_known_ones(tmp_path: Path) -> None:
    jsonl(tmp_path / "documents.jsonl", [{"id": "t", "text": "x"}, {"id": "u", "text": "y"}])
    query = {"id": "q", "query": "a", "positives": ["no", "t", "t"], "negatives": ["gone", "u", "t", "u"]}
    jsonl(tmp_path / "queries.jsonl", [query])
    collection = open_collection(tmp_path)
    (topic,) = collection.topics("test")
    assert (topic.positives, topic.negatives) == ((0,), (1,))  # a positive is no negative
    assert problems(collection) == [
        'queries.jsonl line 1: query "q" names "no", which is no document',
        'queries.jsonl line 1: query "q" names "gone", which is no document',
    ]


def test_parquet_with_pictures_inside(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [
        {"id": "p", "image": {"bytes": picture("red"), "path": None}, "caption": "Red."},
        {"id": "q", "image": {"bytes": picture("blue"), "path": None}, "caption": "Blue."},
        {"id": None, "image": None, "caption": "x"},
    ]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "documents.parquet")
    collection = open_collection(tmp_path)
    assert [colour(document) for document in collection.documents([1, 0])] == [(0, 0, 255), (255, 0, 0)]
    assert problems(collection) == ['documents.parquet row 3: no "id"']


def test_no_documents(tmp_path: Path) -> None:
    jsonl(tmp_path / "queries.jsonl", [QUERY])
    with pytest.raises(CorpusError, match=r"documents\.jsonl is missing: the documents"):
        open_collection(tmp_path, format="records")
    with pytest.raises(ConfigError, match='records has no variants, "x" is unknown'):
        open_collection(tmp_path, format="records:x")
