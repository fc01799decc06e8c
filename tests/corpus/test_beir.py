"""A BEIR folder: titles join the texts, grades stay, splits come from the files of judgements."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.dataset_kit import jsonl, positives, problems
from univldr.corpus.collection import open_collection
from univldr.errors import CorpusError
from univldr.types import Document, Modality


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    jsonl(
        tmp_path / "corpus.jsonl",
        [
            {"_id": "d1", "title": "Tea", "text": "Warm.", "metadata": {"url": "u"}},
            {"_id": "d2", "title": "", "text": "Cold."},
            {"_id": "d3", "title": "Only a title", "text": ""},
        ],
    )
    jsonl(tmp_path / "queries.jsonl", [{"_id": f"q{n}", "text": f"words {n}"} for n in range(4)])
    qrels = tmp_path / "qrels"
    qrels.mkdir()
    header = "query-id\tcorpus-id\tscore\n"
    (qrels / "test.tsv").write_text(f"{header}q1\td2\t1\nq0\td1\t2\nq1\td1\t0\nq0\td3\t1\n")
    (qrels / "train.tsv").write_text(f"{header}q2\td3\t1\nq0\td2\t1\n")
    return tmp_path


def test_documents_queries_and_judgements(folder: Path) -> None:
    collection = open_collection(folder)
    assert problems(collection) == []
    assert collection.documents([0, 1, 2]) == [
        Document("d1", Modality.TEXT, "Tea Warm.", title="Tea", metadata={"url": "u"}),
        Document("d2", Modality.TEXT, "Cold."),
        Document("d3", Modality.TEXT, "Only a title", title="Only a title"),
    ]
    assert collection.splits() == ["train", "test"]
    assert positives(collection, "test") == {"q0": ["d1", "d3"], "q1": ["d2"]}  # in the order of the queries
    assert positives(collection, "train") == {"q0": ["d2"], "q2": ["d3"]}
    assert collection.qrels("test") == {"q0": {"d1": 2, "d3": 1}, "q1": {"d2": 1, "d1": 0}}
    assert [topic.query.text for topic in collection.topics("train")] == ["words 0", "words 2"]


def test_broken_lines(folder: Path) -> None:
    (folder / "qrels/test.tsv").write_text(
        "q0\td1\t1\nq9\td1\t1\nq1\td1\nq1\td1\tyes\n\nq1\tnone\t1\nq2\td1\t0\n"
    )
    with (folder / "corpus.jsonl").open("a") as corpus:
        corpus.write('{"title": "no id"}\n{"_id": "d4", "title": "", "text": ""}\n{\n')
    collection = open_collection(folder)
    assert positives(collection, "test") == {"q0": ["d1"]}
    assert problems(collection)[:6] == [
        'corpus.jsonl line 4: no "_id"',
        "corpus.jsonl line 5: no text and no picture",
        "corpus.jsonl line 6: not JSON: Expecting property name enclosed in double quotes at column 2",
        'qrels/test.tsv line 2: no query "q9"',
        "qrels/test.tsv line 3: not a judgement: query-id, corpus-id and score with tabs between them",
        "qrels/test.tsv line 4: not a judgement: query-id, corpus-id and score with tabs between them",
    ]
    assert problems(collection)[6:] == [
        'queries.jsonl line 2: query "q1" names "none", which is no document',
        'queries.jsonl line 2: query "q1" has no positive that is a document',
        'queries.jsonl line 3: query "q2" has no positive that is a document',
    ]


def test_missing_files(folder: Path) -> None:
    (folder / "qrels/test.tsv").unlink()
    assert open_collection(folder).splits() == ["train"]
    (folder / "qrels/train.tsv").unlink()
    with pytest.raises(CorpusError, match=r"qrels/test\.tsv is missing: judgements"):
        open_collection(folder)
    (folder / "queries.jsonl").rename(folder / "queries.jsonl.gz")
    with pytest.raises(CorpusError, match=r"queries\.jsonl is missing: .*; unpack queries\.jsonl\.gz"):
        open_collection(folder)
