"""A data set whose pictures have words: made once, kept by row, picked up where an interrupted run stopped.

Below a cache folder, ``words-KEY-COLLECTION.sqlite`` holds what some verbalizers say of one collection, both
by their fingerprints. It appears only when complete; until then it grows with ``.part`` behind its name, by a
transaction for every finished chunk.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from univldr.corpus.base import Skipped
from univldr.corpus.collection import Collection
from univldr.corpus.open_file import OpenFile
from univldr.errors import CorpusError, ImageError, StoreError, UnivldrError
from univldr.types import Document, Expansion, Modality, Progress
from univldr.verbalize.run import Verbalization

CHUNK = 256
"""Pictures in a transaction."""

# Once as many pictures have failed and they are the larger part, the pictures are not where they should be.
_TOO_MANY = 100

_TABLES = (
    "CREATE TABLE IF NOT EXISTS words (row INTEGER PRIMARY KEY, expansions TEXT NOT NULL)",  # a JSON array
    "CREATE TABLE IF NOT EXISTS failed (row INTEGER PRIMARY KEY, reason TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value NOT NULL)",  # fingerprint, done
)
_SAID = "SELECT row, expansions FROM words WHERE row IN (SELECT value FROM json_each(?))"

_Result = tuple[Expansion, ...] | ImageError

logger = logging.getLogger("univldr")


class Worded(Collection):
    """A collection whose picture documents carry generated words after the expansions they have.

    Queries, judgements and rows are those of the collection; the fingerprint is another one. It can be handed
    to worker processes as a collection can.

    Attributes:
        words: The file that its words are in.
        failures: Rows whose pictures cannot be decoded, which have no words, and the reasons.
    """

    def __init__(self, file: Path, path: Path, words: Path) -> None:
        """Open the compiled ``file`` of the data set in the folder ``path``, and the file of its ``words``.

        Raises:
            CorpusError: either cannot be read. So does every method.
        """
        super().__init__(file, path)
        self.words = words
        self._words = OpenFile(words)
        [(self.fingerprint,)] = self._said("SELECT value FROM meta WHERE key = 'fingerprint'")
        self.failures: list[tuple[int, str]] = self._said("SELECT row, reason FROM failed ORDER BY row")

    def __reduce__(self) -> Any:
        return type(self), (self.file, self.path, self.words)

    def documents(self, rows: Iterable[int], *, pictures: bool = True) -> list[Document]:
        """As of any collection, with the words, which come without the pictures too."""
        wanted = [int(row) for row in rows]
        documents = super().documents(wanted, pictures=pictures)
        said = {row: _expansions(text) for row, text in self._said(_SAID, json.dumps(wanted))}
        return [
            replace(document, expansions=document.expansions + said[row]) if row in said else document
            for row, document in zip(wanted, documents, strict=True)
        ]

    def _said(self, query: str, *parameters: Any) -> list[Any]:
        if self._words.process != os.getpid():
            self._words = OpenFile(self.words, inherited=self._words)
        return self._words.all(query, parameters)


def verbalize_collection(
    collection: Collection, verbalization: Verbalization, folder: Path, *, progress: Progress | None = None
) -> Collection:
    """The collection with words for its pictures, from ``folder`` where they are, made and kept there if not.

    A picture that cannot be decoded gets no words; one warning says how many there are. Rows that an earlier
    run did count as reused.

    Args:
        collection: A plain one; it is read a few pictures at a time.
        verbalization: Makes the words. Without verbalizers the collection is returned as it is.
        folder: A cache that collections and verbalizations can share.
        progress: Told how far it is, if there is something to do.

    Returns:
        A :class:`Worded`, but for a verbalization without verbalizers.

    Raises:
        CorpusError: most pictures cannot be decoded, or a document's switch makes no sense.
        MissingExtra: a picture or a verbalizer needs an optional dependency.
        ModelError: a verbalizer's model cannot be loaded or fails.
        StoreError: the folder or the word cache cannot be written, or another process is at it.
    """
    if not verbalization.key:
        return collection
    place = folder / f"words-{verbalization.key}-{collection.fingerprint}.sqlite"
    making = _Making(collection, verbalization, place)
    if place.exists():
        making.reuse(making.total)
    else:
        making.run(progress)
    worded = Worded(collection.file, collection.path, place)
    if worded.failures:
        logger.warning(
            "pictures that cannot be decoded and have no generated words: %d; the first: %s",
            len(worded.failures),
            worded.failures[0][1],
        )
    return worded


def words_of_collection(
    collection: Collection, verbalization: Verbalization, folder: Path, *, progress: Progress | None = None
) -> Iterator[Document | Skipped]:
    """Every picture document without its pixels and with its words, in row order, or why it has none.

    Arguments and errors are those of :func:`verbalize_collection`.
    """
    worded = verbalize_collection(collection, verbalization, folder, progress=progress)
    failures = dict(worded.failures) if isinstance(worded, Worded) else {}
    for start in range(0, len(worded), CHUNK):
        rows = range(start, min(start + CHUNK, len(worded)))
        for row, document in zip(rows, worded.documents(rows, pictures=False), strict=True):
            if row in failures:
                yield Skipped(document.id, failures[row])
            elif document.modality is Modality.IMAGE:
                yield document


class _Making:
    """The words of one collection on their way into one file."""

    def __init__(self, collection: Collection, verbalization: Verbalization, place: Path) -> None:
        self._collection, self._verbalization, self._place = collection, verbalization, place
        self._rows = np.flatnonzero(collection.modalities() == tuple(Modality).index(Modality.IMAGE)).tolist()
        self.total = len(self._rows)

    def reuse(self, count: int) -> None:
        """Count pictures that an earlier run did."""
        for counts in self._verbalization.counts.values():
            counts.reused += count

    def run(self, progress: Progress | None) -> None:
        """Make what is missing, then put the file in its place."""
        part = self._place.with_name(f"{self._place.name}.part")
        with _held(part) as file:
            if not self._place.exists():  # or the process that held it has just finished
                self._make(file, progress)
        with _storing(part):
            if not self._place.exists():
                part.replace(self._place)
            part.unlink(missing_ok=True)

    def _make(self, file: sqlite3.Connection, progress: Progress | None) -> None:
        done = self._resume(file)
        self.reuse(done)
        if progress:
            progress(done, self.total, "verbalizing")
        for start in range(done, self.total, CHUNK):
            stop = min(start + CHUNK, self.total)
            results: list[tuple[int, _Result]] = []
            for place in range(start, stop, self._verbalization.batch):
                rows = self._rows[place : min(place + self._verbalization.batch, stop)]
                results += zip(rows, self._words(rows), strict=True)
                if progress:
                    progress(place + len(rows), self.total, "verbalizing")
            self._store(file, results, stop)
            self._check_pictures(file, stop)

    def _resume(self, file: sqlite3.Connection) -> int:
        """How many pictures are done."""
        record = f"{self._collection.fingerprint} {self._verbalization.key}"
        fingerprint = hashlib.blake2b(record.encode(), digest_size=8).hexdigest()
        with _storing(self._place), file:
            meta = [("fingerprint", fingerprint), ("done", 0)]
            file.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", meta)
            (done,) = file.execute("SELECT value FROM meta WHERE key = 'done'").fetchone()
        return int(done)

    def _words(self, rows: Sequence[int]) -> list[_Result]:
        """What is new for each row, or why its picture has no words."""
        before = self._read(rows)
        after = iter(self._verbalization.attempt([one for one in before if isinstance(one, Document)]))
        return [one if isinstance(one, ImageError) else _new(one, next(after)) for one in before]

    def _store(self, file: sqlite3.Connection, results: Sequence[tuple[int, _Result]], done: int) -> None:
        failed = [(row, str(result)) for row, result in results if isinstance(result, ImageError)]
        words = [(row, _json(result)) for row, result in results if result and isinstance(result, tuple)]
        with _storing(self._place), file:
            file.executemany("INSERT INTO words VALUES (?, ?)", words)
            file.executemany("INSERT INTO failed VALUES (?, ?)", failed)
            file.execute("UPDATE meta SET value = ? WHERE key = 'done'", (done,))

    def _read(self, rows: Sequence[int]) -> list[Document | ImageError]:
        """Documents by row; one by one where a picture's place in its shard is not what it should be."""
        try:
            return [*self._collection.documents(rows)]
        except ImageError as error:
            if len(rows) == 1:
                return [error]
            return [one for row in rows for one in self._read([row])]

    def _check_pictures(self, file: sqlite3.Connection, done: int) -> None:
        """Stop where most pictures fail, and take back what was noted since the first that did."""
        failed, first = file.execute("SELECT count(*), min(row) FROM failed").fetchone()
        if failed < _TOO_MANY or 2 * failed <= done:
            return
        (reason,) = file.execute("SELECT reason FROM failed ORDER BY row").fetchone()
        with _storing(self._place), file:
            file.execute("DELETE FROM failed")
            file.execute("DELETE FROM words WHERE row >= ?", (first,))
            file.execute("UPDATE meta SET value = ? WHERE key = 'done'", (self._rows.index(first),))
        raise CorpusError(
            f"{failed} of {done} pictures cannot be decoded: are they all there? The first: {reason}"
        )


def _new(before: Document, after: Document | UnivldrError) -> _Result:
    """The expansions that a document got. Only a picture may fail; what else is wrong is raised."""
    if isinstance(after, Document):
        return after.expansions[len(before.expansions) :]
    if isinstance(after, ImageError):
        return after
    raise after


def _json(expansions: Sequence[Expansion]) -> str:
    return json.dumps([words.plain() for words in expansions], ensure_ascii=False)


def _expansions(text: str) -> tuple[Expansion, ...]:
    return tuple(map(Expansion.parse, json.loads(text)))


@contextmanager
def _held(part: Path) -> Iterator[sqlite3.Connection]:
    """The file, made if there is none; no other process gets it until this one has closed it."""
    with _storing(part):
        part.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(part, timeout=0)
    with closing(file):
        with _storing(part), file:
            file.execute("PRAGMA locking_mode = EXCLUSIVE")
            file.execute("BEGIN EXCLUSIVE")
            for table in _TABLES:
                file.execute(table)
        yield file


@contextmanager
def _storing(part: Path) -> Iterator[None]:
    """What the disk or SQLite refuses becomes a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{part}: {error.strerror or error}; free some space, or name another folder for the cache"
        ) from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise StoreError(f"{part} is being written by another process; wait for it or stop it") from error
        raise StoreError(
            f"{part}: {error}; free some space, or remove the file if it is broken, and it will be made again"
        ) from error
