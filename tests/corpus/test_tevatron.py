"""Tevatron's two forms of records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.corpus.dataset_kit import colour, jsonl, picture, positives, problems
from univldr.corpus.collection import open_collection
from univldr.errors import CorpusError
from univldr.types import Document, Modality, Query


def passage(n: int) -> dict[str, Any]:
    return {"docid": str(n), "title": f"T{n}", "text": f"text {n}"}


def test_passages_inside_the_queries(tmp_path: Path) -> None:
    rows = [
        {"query_id": "1", "query": "a", "positive_passages": [passage(1)], "negative_passages": [passage(2)]},
        {
            "query_id": "2",
            "query": "b",
            "positive_passages": [passage(2), passage(3)],
            "negative_passages": [],
        },
    ]
    jsonl(tmp_path / "train.jsonl", rows)
    jsonl(tmp_path / "dev.jsonl", [rows[0] | {"negative_passages": []}])
    collection = open_collection(tmp_path)
    assert problems(collection) == []  # passage 2 comes twice, as it should
    assert collection.documents([0]) == [Document("1", Modality.TEXT, "T1 text 1", title="T1")]
    assert positives(collection, "train") == {"1": ["1"], "2": ["2", "3"]}
    assert positives(collection, "dev") == {"1": ["1"]}
    first, second = collection.topics("train")
    ids = collection.ids()
    assert [ids[row] for row in first.negatives] == ["2"]
    assert second.negatives == ()


def test_passages_without_titles_or_ids(tmp_path: Path) -> None:
    untitled = {"docid": 5, "text": "only text"}
    row = {"query_id": 1, "query": "a", "positive_passages": [untitled, {"text": "no id"}]}
    jsonl(tmp_path / "train.jsonl", [row, row | {"query_id": 2, "positive_passages": [untitled]}])
    collection = open_collection(tmp_path)
    assert positives(collection, "train") == {"2": ["5"]}
    assert problems(collection) == [
        'train.jsonl line 1 passage 2: no "docid"',
        'train.jsonl line 1: no "positive_passages: docid"',
    ]


def test_corpus_with_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture("red"))
    (tmp_path / "q.png").write_bytes(picture("green"))
    corpus: list[dict[str, Any]] = [
        {"docid": "x", "text": "A door.", "image": "a.png"},
        {"docid": "y", "text": "Words.", "image": None},
        {"docid": "z", "text": None, "image": None, "video": "z.mp4"},
        {"docid": "y", "text": "Again."},
    ]
    query = {"query_id": "1", "query_text": "door?", "query_image": "q.png"}
    jsonl(tmp_path / "corpus/part-0.jsonl", corpus)
    lists = {"positive_document_ids": ["x", "z"], "negative_document_ids": ["y"]}
    jsonl(tmp_path / "data/train-00000.jsonl", [query | lists])
    jsonl(tmp_path / "data/validation-00000.jsonl", [query | lists | {"query_image": None}])
    collection = open_collection(tmp_path)
    assert problems(collection)[:2] == [
        "corpus/part-0.jsonl line 3: no text and no picture",
        'corpus/part-0.jsonl line 4: the id "y" is taken; the first one is kept',
    ]
    assert 'names "z", which is no document' in problems(collection)[2]
    (document,) = collection.documents([0])
    assert (document.text, colour(document)) == ("A door.", (255, 0, 0))
    (topic,) = collection.topics("train")
    assert (topic.query, topic.positives, topic.negatives) == (Query("door?", tmp_path / "q.png"), (0,), (1,))
    assert collection.splits() == ["train", "dev"]


def test_parquet_corpus(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [{"docid": "x", "text": "", "image": {"bytes": picture("blue"), "path": "x.png"}}]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "corpus.parquet")
    queries = [
        {"query_id": "1", "query_text": "sky", "positive_document_ids": ["x"], "negative_document_ids": []}
    ]
    parquet.write_table(arrow.Table.from_pylist(queries), tmp_path / "test.parquet")
    collection = open_collection(tmp_path)
    assert colour(collection.documents([0])[0]) == (0, 0, 255)
    assert positives(collection, "test") == {"1": ["x"]}


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"train\.jsonl is missing: the queries"):
        open_collection(tmp_path, format="tevatron")
    row = {"query_id": "1", "query_text": "a", "positive_document_ids": ["x"]}
    jsonl(tmp_path / "train.jsonl", [row])
    with pytest.raises(
        CorpusError, match=r"corpus\.jsonl is missing: the documents that the queries name by id"
    ):
        open_collection(tmp_path)
