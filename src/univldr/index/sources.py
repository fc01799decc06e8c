"""``sources.sqlite``: which files are in an index, as what documents, and which were left out and why.

A source is recorded twice: ``begin`` notes the ids before the engine stores them, ``finish`` its stamp
after. Whatever the engine holds is therefore known here, and a source with a stamp is in the engine;
after a crash in between, the source has no stamp, so it is read again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from univldr.index.base import unusable

FILE = "sources.sqlite"
UNFINISHED = ""
"""The stamp of a source that must be read again."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    number INTEGER PRIMARY KEY, root TEXT NOT NULL, key TEXT NOT NULL, stamp TEXT NOT NULL, UNIQUE (root, key)
);
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, source INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_of_source ON documents (source);
CREATE TABLE IF NOT EXISTS skipped (
    source INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE, key TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS skipped_of_source ON skipped (source);
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """A source whose documents are in the engine.

    Attributes:
        key: The source's name within its root.
        stamp: Its state when it was read; ``UNFINISHED`` to have it read again next time.
        ids: Its documents.
        skipped: What was left out of it, as (key, reason).
    """

    key: str
    stamp: str
    ids: Sequence[str]
    skipped: Sequence[tuple[str, str]] = ()


class Sources:
    """The table of one index; ``root`` is the absolute path of a corpus, as text."""

    def __init__(self, index: Path) -> None:
        """Open or make the table of the index in the directory ``index``.

        Raises:
            StoreError: it cannot be read or written. So does every method.
        """
        self._index = index
        with _translated(index, "open"):
            # One store may be opened in one thread of a server and closed in another.
            self._connection = sqlite3.connect(index / FILE, check_same_thread=False)
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.executescript(_SCHEMA)

    def stamps(self, root: str) -> dict[str, str]:
        """Key to stamp of every source of ``root``."""
        with self._transaction("read") as connection:
            return dict(connection.execute("SELECT key, stamp FROM sources WHERE root = ?", [root]))

    def skipped(self, root: str) -> list[tuple[str, str]]:
        """What earlier runs left out, as (key, reason), in the order of the keys."""
        query = """SELECT skipped.key, reason FROM skipped JOIN sources ON number = source
                   WHERE root = ? ORDER BY skipped.key"""
        with self._transaction("read") as connection:
            return list(connection.execute(query, [root]))

    def ids(self, root: str, keys: Iterable[str]) -> list[str]:
        """The documents of some sources."""
        query = "SELECT id FROM documents JOIN sources ON number = source WHERE root = ? AND key = ?"
        with self._transaction("read") as connection:
            return [id_ for key in keys for (id_,) in connection.execute(query, [root, key])]

    def owner(self, id_: str) -> tuple[str, str] | None:
        """The (root, key) of the source a document belongs to."""
        query = "SELECT root, key FROM documents JOIN sources ON number = source WHERE id = ?"
        with self._transaction("read") as connection:
            row: tuple[str, str] | None = connection.execute(query, [id_]).fetchone()
            return row

    def begin(self, root: str, documents: Mapping[str, Sequence[str]]) -> None:
        """Note, before the engine is touched, that these sources (key to ids) are about to be stored."""
        with self._transaction("write") as connection:
            for key, ids in documents.items():
                connection.execute(
                    """INSERT INTO sources (root, key, stamp) VALUES (?, ?, ?)
                       ON CONFLICT (root, key) DO UPDATE SET stamp = excluded.stamp""",
                    [root, key, UNFINISHED],
                )
                number = _number(connection, root, key)
                connection.executemany(
                    "INSERT OR IGNORE INTO documents VALUES (?, ?)", [(id_, number) for id_ in ids]
                )

    def finish(self, root: str, finished: Iterable[Finished]) -> None:
        """Record, once the engine is flushed, what these sources now are."""
        with self._transaction("write") as connection:
            for source in finished:
                number = _number(connection, root, source.key)
                connection.execute("UPDATE sources SET stamp = ? WHERE number = ?", [source.stamp, number])
                connection.execute("DELETE FROM documents WHERE source = ?", [number])
                connection.executemany(
                    "INSERT INTO documents VALUES (?, ?)", [(i, number) for i in source.ids]
                )
                connection.execute("DELETE FROM skipped WHERE source = ?", [number])
                rows = [(number, key, reason) for key, reason in source.skipped]
                connection.executemany("INSERT INTO skipped VALUES (?, ?, ?)", rows)

    def remove(self, root: str, keys: Iterable[str]) -> None:
        """Forget sources, once the engine has forgotten their documents."""
        with self._transaction("write") as connection:
            rows = [(root, key) for key in keys]
            connection.executemany("DELETE FROM sources WHERE root = ? AND key = ?", rows)

    def move(self, old: str, new: str) -> None:
        """A root has another path now, which its documents carry: all of it must be read again."""
        with self._transaction("write") as connection:
            connection.execute(
                "UPDATE sources SET root = ?, stamp = ? WHERE root = ?", [new, UNFINISHED, old]
            )

    def forget_stamps(self) -> None:
        """All sources must be read again."""
        with self._transaction("write") as connection:
            connection.execute("UPDATE sources SET stamp = ?", [UNFINISHED])

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self, action: str) -> Iterator[sqlite3.Connection]:
        with _translated(self._index, action), self._connection:
            yield self._connection


@contextmanager
def _translated(index: Path, action: str) -> Iterator[None]:
    """SQLite's exceptions become ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise unusable(index, action, error) from error


def _number(connection: sqlite3.Connection, root: str, key: str) -> int:
    row = connection.execute("SELECT number FROM sources WHERE root = ? AND key = ?", [root, key]).fetchone()
    return int(row[0])
