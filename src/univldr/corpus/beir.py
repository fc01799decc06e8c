"""BEIR folders (arXiv 2104.08663): corpus.jsonl, queries.jsonl, and a split for each file in qrels/."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from univldr.corpus.build import Build
from univldr.corpus.fields import Fields, identifier, joined, string
from univldr.errors import CorpusError

_HOLDINGS = {
    "corpus.jsonl": 'the documents, one a line: {"_id", "title", "text"}',
    "queries.jsonl": 'the queries, one a line: {"_id", "text"}',
    "qrels/test.tsv": "judgements, one a line: query-id, corpus-id, score",
}


class BEIR:
    """Documents ``title text``, as the benchmark encodes them, and graded judgements."""

    def __init__(self, root: Path, detail: str) -> None:
        self._root = root

    @staticmethod
    def recognises(root: Path) -> bool:
        return (root / "corpus.jsonl").is_file() and (
            (root / "queries.jsonl").is_file() or (root / "qrels").is_dir()
        )

    def sources(self) -> list[Path]:
        qrels = sorted((self._root / "qrels").glob("*.tsv")) or [self._root / "qrels/test.tsv"]
        paths = [self._root / "corpus.jsonl", self._root / "queries.jsonl", *qrels]
        for path in paths:
            if not path.is_file():
                name = path.relative_to(self._root).as_posix()
                packed = f"; unpack {name}.gz" if path.with_name(f"{path.name}.gz").is_file() else ""
                raise CorpusError(
                    f"{path} is missing: {_HOLDINGS[name]}; it is part of a BEIR data set's archive{packed}"
                )
        return paths

    def read(self, build: Build) -> None:
        corpus, queries, *qrels = self.sources()
        build.each(corpus, partial(_add_document, build))
        build.each(queries, partial(_add_query, build))
        for path in qrels:
            build.each_line(path, partial(_judge, build, path.stem))


def _add_document(build: Build, fields: Fields, where: str) -> None:
    title, metadata = string(fields, "title"), fields.get("metadata")
    build.document(
        where,
        identifier(fields.get("_id"), "_id"),
        joined(title, string(fields, "text")),
        title=title,
        metadata=metadata if isinstance(metadata, dict) else None,
    )


def _add_query(build: Build, fields: Fields, where: str) -> None:
    build.query(where, identifier(fields.get("_id"), "_id"), string(fields, "text"))


def _judge(build: Build, split: str, columns: list[str]) -> None:
    if columns[:2] == ["query-id", "corpus-id"]:
        return
    try:
        query, document, grade = columns
        build.judge(split, query, document, _whole(float(grade)))
    except ValueError as error:
        raise CorpusError("not a judgement: query-id, corpus-id and score with tabs between them") from error


def _whole(grade: float) -> int:
    if not abs(grade) < 1e9:
        raise ValueError("no number that a judgement could have")
    return round(grade)
