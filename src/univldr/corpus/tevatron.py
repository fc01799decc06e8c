"""Tevatron's records, both forms: passages inside the queries, or ids of documents in a corpus file.

The older form has ``query_id, query, positive_passages, negative_passages`` with ``{docid, title, text}``
inside; the newer one ``query_id, query_text, query_image, positive_document_ids, negative_document_ids``
and a corpus of ``docid, text, image, title``. Which file is which shows in its first record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from univldr.corpus.build import Build
from univldr.corpus.fields import Fields, entries, identifier, joined, references, string
from univldr.corpus.parquet import ParquetFile
from univldr.corpus.records import JsonlFile
from univldr.corpus.shards import picture_of
from univldr.errors import CorpusError

_SPLITS = {"train": "train", "dev": "dev", "validation": "dev", "val": "val", "test": "test"}
_LABELS = (
    "positive_passages",
    "negative_passages",
    "positive_document_ids",
    "negative_document_ids",
)


class Tevatron:
    """The .jsonl and .parquet files of a folder and of its subfolders; the split is in the file's name."""

    def __init__(self, root: Path, detail: str) -> None:
        self._root = root

    @staticmethod
    def recognises(root: Path) -> bool:
        return any(_has_queries(path) for path in _files(root))

    def sources(self) -> list[Path]:
        corpora, queries = self._sorted()
        if not queries:
            raise CorpusError(
                f"{self._root / 'train.jsonl'} is missing: the queries, one a line: "
                '{"query_id", "query", "positive_passages", ...}; it is part of a data set of tevatron '
                "(huggingface.co/Tevatron); unpack it if it ends in .gz"
            )
        if not corpora and any("positive_document_ids" in _first(path) for path in queries):
            raise CorpusError(
                f"{self._root / 'corpus.jsonl'} is missing: the documents that the queries name by id, one a "
                'line: {"docid", "text", "image"}; it is the corpus published beside the queries'
            )
        return [*corpora, *queries]

    def read(self, build: Build) -> None:
        corpora, queries = self._sorted()
        for path in corpora:
            build.each(path, partial(_add_document, build))
        build.settle()
        build.repeats = "first"  # one passage is in the lists of many queries
        for path in queries:
            build.each(path, partial(_add_query, build, _split(path)))

    def _sorted(self) -> tuple[list[Path], list[Path]]:
        """Files of documents and files of queries."""
        corpora, queries = list[Path](), list[Path]()
        for path in _files(self._root):
            if _has_queries(path):
                queries.append(path)
            elif "docid" in _first(path):
                corpora.append(path)
        return corpora, queries


def _files(root: Path) -> Iterator[Path]:
    for pattern in ("*.jsonl", "*.parquet", "*/*.jsonl", "*/*.parquet"):
        yield from sorted(path for path in root.glob(pattern) if not path.parent.name.startswith("."))


def _first(path: Path) -> Fields:
    """The first record that can be read among the first few; no fields where there is none."""
    try:
        file: JsonlFile | ParquetFile = ParquetFile(path) if path.suffix == ".parquet" else JsonlFile(path)
        for row, _ in zip(file.rows(), range(10), strict=False):
            if isinstance(row.value, dict):
                return row.value
    except (CorpusError, OSError):
        pass
    return {}


def _has_queries(path: Path) -> bool:
    fields = _first(path)
    return "query_id" in fields and any(label in fields for label in _LABELS)


def _split(path: Path) -> str:
    words = re.split(r"[^a-z]+", f"{path.stem} {path.parent.name}".lower())
    return next((_SPLITS[word] for word in words if word in _SPLITS), "train")


def _add_document(build: Build, fields: Fields, where: str) -> None:
    title = string(fields, "title")
    image = fields.get("image")
    build.document(
        where,
        identifier(fields.get("docid"), "docid"),
        joined(title, string(fields, "text")),
        picture_of(image) if image else None,
        title=title,
    )


def _add_query(build: Build, split: str, fields: Fields, where: str) -> None:
    passages: list[Any] = [*entries(fields, _LABELS[0]), *entries(fields, _LABELS[1])]
    for number, passage in enumerate(passages, 1):
        build.attempt(f"{where} passage {number}", passage, partial(_add_document, build))
    image = fields.get("query_image")
    build.query(
        where,
        identifier(fields.get("query_id"), "query_id"),
        string(fields, "query_text") or string(fields, "query"),
        picture_of(image) if image else None,
        split=split,
        positives=references(fields, _LABELS[0], "docid") + references(fields, _LABELS[2], "docid"),
        negatives=references(fields, _LABELS[1], "docid") + references(fields, _LABELS[3], "docid"),
    )
