"""Our own records of a retrieval data set: documents*.jsonl and queries*.jsonl, or .parquet, in one folder.

A document has the fields that ``univldr index`` takes: ``id``, and a ``text``, or an ``image`` with a
``caption``; ``title``, ``expansions``, ``metadata``, and any others, which join the metadata. A query has
``id``, ``query`` or ``image`` or both, ``positives``, and perhaps ``negatives`` and ``split``. An image is a
path relative to the folder, or a member of a tar shard: ``shards/pictures.tar/abc.webp``.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

from univldr.corpus.build import Build
from univldr.corpus.fields import Fields, entries, expansions, identifier, references, string
from univldr.corpus.shards import picture_of
from univldr.errors import CorpusError

DEFAULT_SPLIT = "test"
_SUFFIXES = (".jsonl", ".ndjson", ".parquet")
_OWN = frozenset({"id", "text", "image", "caption", "title", "expansions", "metadata"})


class Records:
    """Files whose names begin with documents and queries.

    The split is a query's own ``split``, else what the file's name ends in (queries.train.jsonl), else test.
    An entry of ``positives`` is an id, or an object with an ``id`` and perhaps a ``relevance`` from 0 up; an
    entry of ``negatives`` an id, or an object with an ``id`` such as mining writes.
    """

    def __init__(self, root: Path, detail: str) -> None:
        self._root = root

    @staticmethod
    def recognises(root: Path) -> bool:
        return bool(_files(root, "documents"))

    def sources(self) -> list[Path]:
        documents, queries = _files(self._root, "documents"), _files(self._root, "queries")
        if not documents:
            raise CorpusError(
                f"{self._root / 'documents.jsonl'} is missing: the documents, one a line: "
                '{"id", "text"} or {"id", "image", "caption"}; write it, or convert a data set to it'
            )
        return [*documents, *queries]

    def read(self, build: Build) -> None:
        for path in _files(self._root, "documents"):
            build.each(path, partial(_add_document, build))
        for path in _files(self._root, "queries"):
            split = re.sub(r"^queries[._-]?", "", path.stem) or DEFAULT_SPLIT
            build.each(path, partial(_add_query, build, split))


def _files(root: Path, kind: str) -> list[Path]:
    return sorted(path for path in root.glob(f"{kind}*") if path.suffix in _SUFFIXES)


def _add_document(build: Build, fields: Fields, where: str) -> None:
    image = fields.get("image")
    text, caption = string(fields, "text"), string(fields, "caption")
    if image is not None:
        text = " ".join((caption or text).split())
    build.document(
        where,
        identifier(fields.get("id"), "id"),
        text or caption,
        None if image is None else picture_of(image),
        title=string(fields, "title"),
        expansions=expansions(fields),
        metadata=_metadata(fields),
    )


def _metadata(fields: Fields) -> dict[str, Any]:
    own = fields.get("metadata", {})
    if not isinstance(own, dict):
        raise CorpusError(f'"metadata" is {type(own).__name__}, not an object')
    return own | {name: value for name, value in fields.items() if name not in _OWN}


def _add_query(build: Build, split: str, fields: Fields, where: str) -> None:
    image = fields.get("image")
    build.query(
        where,
        identifier(fields.get("id"), "id"),
        string(fields, "query") or string(fields, "text"),
        None if image is None else picture_of(image),
        split=string(fields, "split") or split,
        positives=positives(fields),
        negatives=references(fields, "negatives", "id"),
    )


def positives(fields: Fields) -> dict[str, int]:
    """The documents that answer a query, each with its relevance.

    Raises:
        CorpusError: it is no list of ids, or of objects with an id and perhaps a relevance.
    """
    ids = references(fields, "positives", "id")
    return dict(zip(ids, map(_grade, entries(fields, "positives")), strict=True))


def _grade(entry: object) -> int:
    grade = entry.get("relevance", 1) if isinstance(entry, dict) else 1
    if isinstance(grade, bool) or not isinstance(grade, int) or grade < 0:
        raise CorpusError(f'"relevance" is {grade!r}; it must be a whole number from 0 up')
    return grade
