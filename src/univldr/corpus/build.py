"""Writing a collection: readers of formats hand over documents and queries one by one, in any order.

Nothing is kept in memory but a batch: documents go straight into the file, queries and judgements into a
second one beside it, from where they are joined with the documents' rows at the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from univldr.corpus.fields import Fields
from univldr.corpus.join import join_topics
from univldr.corpus.parquet import ParquetFile
from univldr.corpus.records import JsonlFile, RecordFile
from univldr.corpus.schema import SCHEMA, VERSION
from univldr.corpus.shards import Coding, Member, Picture, Place, tar_members
from univldr.errors import CorpusError, ImageError
from univldr.types import Expansion, Modality, Progress

MAX_PROBLEMS = 1000
"""How many problems are listed; all are counted."""

_BATCH = 2000
_CACHE_KIB = 64 * 1024
_MODALITIES = {modality: n for n, modality in enumerate(Modality)}
_NO_PLACE = (None, None, None, None)


class Format(Protocol):
    """A format of data sets: recognised by its files, which become documents and queries."""

    def __init__(self, root: Path, detail: str) -> None:
        """For the folder ``root``; ``detail`` is what follows the format's name and a colon, or ""."""

    @staticmethod
    def recognises(root: Path) -> bool:
        """Whether the folder looks like this format; files may still be missing."""

    def sources(self) -> list[Path]:
        """The files that are read.

        Raises:
            CorpusError: one is missing; the message says what it holds and where to get it.
        """

    def read(self, build: Build) -> None:
        """Hand everything over to ``build``."""


class Build:
    """One collection being written.

    Attributes:
        root: The data set's folder; picture paths are relative to it.
        repeats: What a document with an id that is taken means: ``report`` it and keep the first, silently
            keep the ``first``, or keep the ``last`` in the place of the first.
    """

    repeats: Literal["report", "first", "last"] = "report"

    def __init__(self, folder: Path, root: Path, progress: Progress | None = None) -> None:
        """Start in the empty directory ``folder``; ``finish`` leaves the collection there.

        Raises:
            sqlite3.Error: the directory cannot be written. So do all methods.
        """
        self.root = root
        self.file = folder / "collection.sqlite"
        self._progress = progress
        self._batch: list[tuple[str, tuple[Any, ...], str]] = []
        self._rows = self._skipped = self._pictures = 0
        self._indexed: set[str] = set()
        self._connection = sqlite3.connect(self.file, isolation_level=None)
        self._run = self._connection.execute
        self._run("ATTACH ? AS staging", [str(folder / "staging.sqlite")])
        for schema in ("main", "staging"):  # a crash loses the whole file anyway, see open_collection
            self._run(f"PRAGMA {schema}.journal_mode = OFF")
            self._run(f"PRAGMA {schema}.synchronous = OFF")
            self._run(f"PRAGMA {schema}.cache_size = -{_CACHE_KIB}")
        self._connection.executescript(SCHEMA)
        self._run("BEGIN")

    def close(self) -> None:
        """Release the files."""
        self._connection.close()

    # --- what readers call ---

    def each(self, path: Path, take: Callable[[Fields, str], None]) -> None:
        """Call ``take(fields, where)`` for every record of a JSONL or Parquet file.

        A CorpusError or ImageError that it raises costs this record only.

        Raises:
            CorpusError: the file as a whole cannot be read.
        """
        file: RecordFile = ParquetFile(path) if path.suffix == ".parquet" else JsonlFile(path)
        name = name_of(self.root, path)
        try:
            for row in file.rows():
                self.attempt(f"{name} {file.unit} {row.number}", row.value, take)
        except OSError as error:
            raise CorpusError(f"{path}: cannot be read: {error.strerror or error}") from error

    def attempt(self, where: str, value: object, take: Callable[[Fields, str], None]) -> None:
        """Call ``take(fields, where)`` for one record; nulls count as absent, errors as problems."""
        try:
            if isinstance(value, CorpusError):
                raise value
            if not isinstance(value, dict):
                raise CorpusError("not a JSON object")
            take({name: field for name, field in value.items() if field is not None}, where)
        except (CorpusError, ImageError) as error:
            self.problem(where, str(error))

    def each_line(self, path: Path, take: Callable[[list[str]], None]) -> None:
        """Call ``take(columns)`` for every line of a text file that is not blank; columns as tabs or, without
        tabs, spaces separate them. Errors as in ``each``.
        """
        name = name_of(self.root, path)
        try:
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    columns = line.strip().decode("utf-8-sig", "replace")
                    try:
                        if columns:
                            take(columns.split("\t" if "\t" in columns else None))
                    except CorpusError as error:
                        self.problem(f"{name} line {number}", str(error))
        except OSError as error:
            raise CorpusError(f"{path}: cannot be read: {error.strerror or error}") from error

    def problem(self, where: str, reason: str) -> None:
        """Count something left out, and list it unless there are too many."""
        self._skipped += 1
        if self._skipped <= MAX_PROBLEMS:
            self._run("INSERT INTO problems VALUES (?, ?)", [where, reason])

    def document(
        self,
        where: str,
        id: str,
        text: str,
        picture: Picture | None = None,
        *,
        title: str = "",
        expansions: Sequence[Expansion] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a document: a captioned picture where there is one, else a passage.

        Raises:
            CorpusError: there is no text and no picture, or no such picture.
            ImageError: there is no such file.
        """
        if picture is None and not text.strip():
            raise CorpusError("no text and no picture")
        more: dict[str, Any] = {"expansions": [words.plain() for words in expansions]} if expansions else {}
        if metadata:
            more["metadata"] = dict(metadata)
        modality = Modality.TEXT if picture is None else Modality.IMAGE
        values = (
            _MODALITIES[modality],
            text,
            title,
            json.dumps(more, ensure_ascii=False) if more else None,
            *(_NO_PLACE if picture is None else self._place(picture)),
        )
        self._batch.append((id, values, where))
        if len(self._batch) >= _BATCH:
            self.settle()

    def query(
        self,
        where: str,
        id: str,
        text: str,
        picture: Picture | None = None,
        *,
        split: str = "",
        positives: Iterable[str] | Mapping[str, int] = (),
        negatives: Iterable[str] = (),
    ) -> None:
        """Add a query with the ids of its positives, or their grades, and of its hard negatives.

        Without a split, the query belongs to those splits that ``judge`` names for it.

        Raises:
            CorpusError: it has no text and no picture, its id is taken, or there is no such picture.
            ImageError: there is no such file.
        """
        if picture is None and not text.strip():
            raise CorpusError("the query has no text and no picture")
        place = _NO_PLACE if picture is None else self._place(picture)
        columns = "position, split, id, text, coding, file, offset, size, place"
        cursor = self._run(
            f"INSERT OR IGNORE INTO staging.queries ({columns}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            [split, id, text, *place, where],
        )
        if cursor.rowcount == 0:
            raise CorpusError(f'the query id "{id}" is taken; the first one is kept')
        grades = positives if isinstance(positives, Mapping) else dict.fromkeys(positives, 1)
        rows = [(cursor.lastrowid, id, grade) for id, grade in grades.items()]
        rows += [(cursor.lastrowid, id, None) for id in negatives]
        self._connection.executemany("INSERT INTO staging.judged VALUES (?, NULL, ?, ?)", rows)

    def judge(self, split: str, query: str, document: str, grade: int) -> None:
        """Judge a document for a query that was added before: in this split, or without a split.

        Raises:
            CorpusError: there is no such query.
        """
        found = "SELECT number FROM staging.queries WHERE id = ? AND split IN ('', ?)"
        for (number,) in self._run(found, [query, split]):
            self._run("INSERT INTO staging.judged VALUES (?, ?, ?, ?)", [number, split, document, grade])
            return
        raise CorpusError(f'no query "{query}"')

    def index_shard(self, shard: str, members: Iterable[Member]) -> None:
        """Note where the pictures of a shard lie; tar shards are indexed by themselves when first named."""
        self._indexed.add(shard)
        rows = ((shard, *member) for member in members)
        self._connection.executemany("INSERT OR REPLACE INTO staging.members VALUES (?, ?, ?, ?)", rows)

    def deal(self, split: str, order: Sequence[int], parts: Sequence[tuple[str, int]]) -> None:
        """Put a split's queries into another order and cut it into new splits.

        Args:
            split: The split.
            order: For each new place, the number of the query within the split so far, from 0.
            parts: (name, number of queries) in order; the numbers add up to the length of ``order``.
        """
        numbers = self._run("SELECT number FROM staging.queries WHERE split = ? ORDER BY number", [split])
        found = [number for (number,) in numbers]
        names = (name for name, count in parts for _ in range(count))
        rows = [(place, name, found[n]) for place, (n, name) in enumerate(zip(order, names, strict=True))]
        self._connection.executemany(
            "UPDATE staging.queries SET position = ?, split = ? WHERE number = ?", rows
        )

    def count_queries(self, split: str) -> int:
        """How many queries of a split were added so far."""
        return int(self._run("SELECT count(*) FROM staging.queries WHERE split = ?", [split]).fetchone()[0])

    # --- documents ---

    def _place(self, picture: Picture) -> Place:
        if isinstance(picture, bytes):
            self._pictures += 1
            self._run("INSERT INTO pictures VALUES (?, ?)", [self._pictures, picture])
            return Place(Coding.ROW, "", self._pictures, len(picture))
        if isinstance(picture, Path):
            return self._plain(picture)
        shard, name = picture
        if shard not in self._indexed:
            self.index_shard(shard, tar_members(self.root / shard))
        found = "SELECT offset, size FROM staging.members WHERE shard = ? AND name = ?"
        for offset, size in self._run(found, [shard, name]):
            return Place(Coding.RAW if shard.endswith(".tar") else Coding.TSV, shard, offset, size)
        raise CorpusError(f'no picture "{name}" in {shard}')

    def _plain(self, picture: Path) -> Place:
        try:
            status = (self.root / picture).stat()
        except (OSError, ValueError) as error:
            raise ImageError(
                f'no picture "{str(picture)[:200]}"; paths are relative to {self.root}'
            ) from error
        # The time takes the place of an offset, which a file of its own does not need, and so joins the
        # fingerprint.
        return Place(Coding.FILE, picture.as_posix(), status.st_mtime_ns, status.st_size)

    def settle(self) -> None:
        """Write what was added so far, by the rule in ``repeats`` until now."""
        taken = self._taken([id for id, _, _ in self._batch])
        fresh: dict[str, tuple[Any, ...]] = {}
        changed: list[tuple[Any, ...]] = []
        for id, values, where in self._batch:
            if id not in taken and id not in fresh:
                fresh[id] = values
            elif self.repeats == "report":
                self.problem(where, f'the id "{id}" is taken; the first one is kept')
            elif self.repeats == "last" and id in fresh:
                fresh[id] = values
            elif self.repeats == "last":
                changed.append((*values, id))
        marks = ", ".join("?" * 10)
        self._connection.executemany(
            f"INSERT INTO documents VALUES ({marks})",
            ((row, id, *values) for row, (id, values) in enumerate(fresh.items(), self._rows)),
        )
        columns = ("modality", "text", "title", "more", "coding", "file", "offset", "size")
        assigned = ", ".join(f"{column} = ?" for column in columns)
        self._connection.executemany(f"UPDATE documents SET {assigned} WHERE id = ?", changed)
        self._rows += len(fresh)
        self._batch.clear()
        if self._progress is not None:
            self._progress(self._rows, self._rows, "reading documents")  # how many follow, none knows

    def _taken(self, ids: list[str]) -> set[str]:
        query = "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))"
        return {id for (id,) in self._run(query, [json.dumps(ids)])}

    # --- the end ---

    def finish(self, format: str, stamp: str) -> None:
        """Join queries and documents, and write everything to the disk.

        Args:
            format: The format's name.
            stamp: The state of the sources.
        """
        self.settle()
        join_topics(self._connection, self.problem)
        documents = dict.fromkeys(Modality, 0)
        for number, count in self._run("SELECT modality, count(*) FROM documents GROUP BY modality"):
            documents[tuple(Modality)[number]] = count
        queries = dict(self._run("SELECT split, count(*) FROM topics GROUP BY split"))
        report = {"documents": documents, "queries": queries, "skipped": self._skipped}
        meta = {
            "version": str(VERSION),
            "format": format,
            "stamp": stamp,
            "shards": self._shards(),
            "fingerprint": self._fingerprint(stamp),
            "report": json.dumps(report),
        }
        self._connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        self._run("COMMIT")
        self._run("DETACH staging")
        self.close()
        with self.file.open("rb+") as written:
            os.fsync(written.fileno())

    def _fingerprint(self, stamp: str) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for row in self._run("SELECT * FROM documents ORDER BY row"):
            digest.update(repr(row).encode())
        digest.update(self._shards().encode())
        if self._pictures:  # their bytes came out of the sources
            digest.update(stamp.encode())
        return digest.hexdigest()

    def _shards(self) -> str:
        return stamp_of(self.root, (self.root / shard for shard in sorted(self._indexed)))


def stamp_of(root: Path, paths: Iterable[Path]) -> str:
    """The state of files: a JSON list of [path, size in bytes, time of change in ns], -1 for missing ones.

    Paths are relative to ``root`` where they can be, so that a folder may be moved as a whole.
    """
    return json.dumps([[name_of(root, path), *_status(path)] for path in paths])


def name_of(root: Path, path: Path) -> str:
    """A path below the folder ``root`` with ``/``; others stay as they are."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _status(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns
