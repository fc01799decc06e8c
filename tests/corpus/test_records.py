"""Records: a line or a row is a source; a broken one costs only itself."""

from __future__ import annotations

import datetime
import importlib
import io
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.corpus.corpus_kit import Draw, Write
from univldr.corpus import Corpus, PassageCutter, open_corpus, records
from univldr.errors import CorpusError, ImageError, MissingExtra
from univldr.types import Document, Modality


def everything(corpus: Corpus) -> list[Document]:
    return [document for source in corpus.scan().sources for document in corpus.read(source)]


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def only_error(corpus: Corpus, error: type[Exception] = CorpusError) -> str:
    (source,) = corpus.scan().sources
    with pytest.raises(error) as raised:
        corpus.read(source)
    return str(raised.value)


@pytest.fixture
def corpus(write: Write, cutter: PassageCutter) -> Corpus:
    return open_corpus(write("docs.jsonl", ""), cutter)


def test_text_and_picture_records(corpus: Corpus, write: Write, draw: Draw) -> None:
    picture = draw("pics/a.jpg")
    write(
        "docs.jsonl",
        jsonl(
            {"id": "t", "text": "Words.", "title": "T", "year": 1999, "tags": ["x"], "note": None},
            {"id": 7, "image": "pics/a.jpg", "caption": "A red\ndoor.", "source": "me"},
            {"id": "i", "image": "pics/a.jpg", "text": "Text is a caption too."},
            {"id": "bare", "image": "pics/a.jpg"},
        ),
    )
    assert everything(corpus) == [
        Document("t", Modality.TEXT, "Words.", title="T", metadata={"year": 1999, "tags": ["x"]}),
        Document("7", Modality.IMAGE, "A red door.", picture, metadata={"source": "me"}),
        Document("i", Modality.IMAGE, "Text is a caption too.", picture),
        Document("bare", Modality.IMAGE, "", picture),
    ]


def test_only_long_texts_are_cut(corpus: Corpus, write: Write) -> None:
    write("docs.jsonl", jsonl({"id": "a", "text": "short"}, {"id": "b", "text": "One two three four. " * 8}))
    assert [document.id for document in everything(corpus)] == ["a", "b#0", "b#1"]


def test_passage_id_of_another_record(corpus: Corpus, write: Write) -> None:
    write("docs.jsonl", jsonl({"id": "b", "text": "One two three four. " * 8}, {"id": "b#1", "text": "x"}))
    long, _ = corpus.scan().sources
    with pytest.raises(CorpusError, match=r'docs\.jsonl line 1: its passage id "b#1"'):
        corpus.read(long)


def test_broken_records_are_named_by_line(
    corpus: Corpus, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 60)
    lines = [
        '\ufeff{"id": "a", "text": "first"}',
        "",
        '{"text": "x"}',
        '{"id": ""}',
        '{"id": [1]}',
        "{",
        "[1]",
        '{"id": "a", "text": "again"}',
        '{"id": "long", "text": "' + "x" * 200 + '"}',
        "[" * 50,
        '{"id": "\udcff"}',
        '{"id": "b", "text": "last"}',
    ]
    write("docs.jsonl", "\n".join(lines).encode("utf-8", "surrogateescape"))
    scan = corpus.scan()
    assert [source.key for source in scan.sources] == ["a", "b"]
    assert [str(entry) for entry in scan.skipped] == [
        'docs.jsonl line 3: no "id"',
        'docs.jsonl line 4: no "id"',
        'docs.jsonl line 5: "id" is [1]; it must be a string or a whole number',
        "docs.jsonl line 6: not JSON: Expecting property name enclosed in double quotes at column 2",
        'docs.jsonl line 7: not a JSON object like {"id": "1", "text": "..."}',
        'docs.jsonl line 8: id "a" is already that of line 1',
        "docs.jsonl line 9: the line is over the limit of 60 bytes; split the text",
        "docs.jsonl line 10: not JSON: Expecting value at column 51",
        "docs.jsonl line 11: not UTF-8; save the file as UTF-8",
    ]
    assert [document.text for document in everything(corpus)] == ["first", "last"]


def test_brackets_without_end(corpus: Corpus, write: Write) -> None:
    write("docs.jsonl", "[" * 500_000)
    (entry,) = corpus.scan().skipped
    assert "JSON" in entry.reason


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 'no "text" and no "image"'),
        ({"text": " \n"}, 'no "text" and no "image"'),
        ({"text": 5}, '"text" is int, not a string'),
        ({"image": "none.jpg"}, 'no picture "none.jpg"'),
        ({"image": "a\0b"}, "no picture"),
        ({"image": 5}, "neither a path nor"),
        ({"image": "https://a.b/c.jpg"}, "save the picture and give its path"),
    ],
)
def test_records_that_cannot_be_read(
    fields: dict[str, Any], expected: str, corpus: Corpus, write: Write
) -> None:
    write("docs.jsonl", jsonl({"id": "x", **fields}))
    assert only_error(corpus).startswith("docs.jsonl line 1: ")
    assert expected in only_error(corpus)


def test_broken_picture_of_a_record(corpus: Corpus, write: Write) -> None:
    write("a.jpg", "no picture")
    write("docs.jsonl", jsonl({"id": "x", "image": "a.jpg"}))
    assert only_error(corpus, ImageError).startswith("docs.jsonl line 1: ")


def test_half_surrogates_can_be_stored(corpus: Corpus, write: Write) -> None:
    write("docs.jsonl", '{"id": "a", "text": "x \\ud800 y \\u00e9 \\ud83d\\ude00", "more": ["\\udfff"]}')
    (document,) = everything(corpus)
    assert (document.text, document.metadata) == ("x ? y é 😀", {"more": ["?"]})


def test_stamps_change_with_the_record_and_its_picture(corpus: Corpus, write: Write, draw: Draw) -> None:
    def stamps() -> list[str]:
        return [source.stamp for source in corpus.scan().sources]

    rows = [{"id": "a", "text": "x"}, {"id": "b", "image": "p.png"}]
    write("docs.jsonl", jsonl(*rows))
    first = stamps()
    os.utime(draw("p.png"), ns=(0, 1))
    second = stamps()
    assert (second[0] == first[0], second[1] == first[1]) == (True, False)
    os.utime(draw("p.png"), ns=(0, 2))
    assert stamps()[1] != second[1]
    write("docs.jsonl", jsonl({"id": "0", "text": "new"}, {"id": "a", "text": "y"}, rows[1]))
    assert stamps()[1] != first[0]


def test_file_that_changed_or_went(corpus: Corpus, write: Write) -> None:
    path = write("docs.jsonl", jsonl({"id": "a", "text": "one"}))
    (source,) = corpus.scan().sources
    write("docs.jsonl", jsonl({"id": "a", "text": "two"}))
    with pytest.raises(CorpusError, match=r"docs\.jsonl line 1: changed"):
        corpus.read(source)
    path.unlink()
    with pytest.raises(CorpusError, match="cannot be read"):
        corpus.read(source)
    with pytest.raises(CorpusError, match="cannot be read"):
        corpus.scan()


def test_scan_keeps_no_texts(corpus: Corpus, write: Write) -> None:
    write("docs.jsonl", jsonl(*({"id": str(n), "text": "word " * 2000} for n in range(1000))))  # 10 MB
    tracemalloc.start()
    try:
        assert len(corpus.scan().sources) == 1000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


# --- Parquet ---


def parquet(path: Path, rows: list[dict[str, Any]], rows_per_group: int = 100) -> Path:
    arrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(
        arrow.Table.from_pylist(rows), path, row_group_size=rows_per_group
    )
    return path


def png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "PNG")
    return stream.getvalue()


def test_parquet_records(root: Path, cutter: PassageCutter, draw: Draw) -> None:
    picture = draw("a.png")
    day = datetime.date(2020, 1, 2)
    rows: list[dict[str, Any]] = [
        {"id": "t", "text": "Words.", "image": None, "day": day},
        {"id": "p", "text": None, "image": {"path": "a.png", "bytes": None}, "day": None},
        {"id": "b", "text": "Red.", "image": {"path": None, "bytes": png()}, "day": None},
        {"id": None, "text": "x", "image": None, "day": None},
    ]
    corpus = open_corpus(parquet(root / "docs.parquet", rows), cutter)
    assert everything(corpus) == [
        Document("t", Modality.TEXT, "Words.", metadata={"day": "2020-01-02"}),
        Document("p", Modality.IMAGE, "", picture),
        Document("b", Modality.IMAGE, "Red.", png()),
    ]
    assert [str(entry) for entry in corpus.scan().skipped] == ['docs.parquet row 4: no "id"']


@pytest.mark.parametrize("rows_per_group", [7, 300, 1000])
def test_parquet_rows_in_any_order(rows_per_group: int, root: Path, cutter: PassageCutter) -> None:
    rows = [{"id": str(n), "text": f"number {n}"} for n in range(1000)]
    corpus = open_corpus(parquet(root / "docs.parquet", rows, rows_per_group), cutter)
    sources = corpus.scan().sources
    for source in [*sources[::50], *sources[::-90], sources[999], sources[0]]:
        assert corpus.read(source)[0].text == f"number {source.key}"


def test_no_parquet(write: Write, cutter: PassageCutter) -> None:
    with pytest.raises(CorpusError, match="not a Parquet file"):
        open_corpus(write("docs.parquet", "no"), cutter)


def test_parquet_without_the_extra(
    write: Write, cutter: PassageCutter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name.partition(".")[0])

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(
        MissingExtra, match=r'docs\.parquet: Parquet needs pyarrow: pip install "univldr\[parquet\]"'
    ):
        open_corpus(write("docs.parquet", ""), cutter)
