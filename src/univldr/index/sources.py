"""``sources.sqlite``: which files are in an index, as what documents, and which were left out and why.

A source is recorded twice: ``begin`` notes the ids before the engine stores them, ``finish`` its stamp
after. Whatever the engine holds is therefore known here, and a source with a stamp is in the engine;
after a crash in between, the source has no stamp, so it is read again.

A document's ``content`` is a digest of all that its vector depends on. Whoever has the same content, under
whatever id, has the same vector.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from univldr.index.base import unusable

UNFINISHED = ""
"""The stamp of a source that must be read again."""

_WORDS = " words="


def worded_stamp(stamp: str, words: str) -> str:
    """The stamp of a source with pictures: the corpus's own, and the key of what made their words."""
    return f"{stamp}{_WORDS}{words}"


def split_stamp(stamp: str) -> tuple[str, str | None]:
    """A recorded stamp as the corpus gave it, and the key in it; ``None`` where there are no pictures."""
    plain, pictures, words = stamp.partition(_WORDS)
    return plain, words if pictures else None


_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    number INTEGER PRIMARY KEY, root TEXT NOT NULL, key TEXT NOT NULL, stamp TEXT NOT NULL, UNIQUE (root, key)
);
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, source INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE, content BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_of_source ON documents (source);
CREATE TABLE IF NOT EXISTS skipped (
    source INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE, key TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS skipped_of_source ON skipped (source);
"""
_CONTENTS = "CREATE INDEX IF NOT EXISTS documents_by_content ON documents (content) WHERE content IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Finished:
    """A source whose documents are in the engine.

    Attributes:
        key: The source's name within its root.
        stamp: Its state when it was read; ``UNFINISHED`` to have it read again next time.
        ids: Its documents.
        skipped: What was left out of it, as (key, reason).
        contents: By document, where it is known.
    """

    key: str
    stamp: str
    ids: Sequence[str]
    skipped: Sequence[tuple[str, str]] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)


class Sources:
    """The table of one index, which threads may share; ``root`` is the absolute path of a corpus, as text."""

    def __init__(self, file: Path) -> None:
        """Open or make the table in ``file``, which lies in the index's directory.

        Raises:
            StoreError: it cannot be read or written. So does every method.
        """
        self._index = file.parent
        self._lock = threading.RLock()
        with _translated(self._index, "open"):
            self._connection = sqlite3.connect(file, check_same_thread=False)
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.executescript(_SCHEMA)
            columns = [name for _, name, *_ in self._connection.execute("PRAGMA table_info(documents)")]
            if "content" not in columns:  # of format 2
                self._connection.execute("ALTER TABLE documents ADD COLUMN content BLOB")
            self._connection.execute(_CONTENTS)

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

    def unfinished(self, root: str) -> list[str]:
        """The sources that must be read again, but for those of which something is known to be left out."""
        query = """SELECT key FROM sources WHERE root = ? AND stamp = ?
                   AND NOT EXISTS (SELECT 1 FROM skipped WHERE source = number) ORDER BY key"""
        with self._transaction("read") as connection:
            return [key for (key,) in connection.execute(query, [root, UNFINISHED])]

    def count(self) -> int:
        """How many documents there are, of all roots."""
        with self._transaction("read") as connection:
            [count] = connection.execute("SELECT COUNT(*) FROM documents").fetchone()
            return int(count)

    def all_ids(self, root: str) -> list[str]:
        """The documents of all sources of ``root``."""
        query = "SELECT id FROM documents JOIN sources ON number = source WHERE root = ?"
        with self._transaction("read") as connection:
            return [id_ for (id_,) in connection.execute(query, [root])]

    def contents(self, root: str, keys: Iterable[str]) -> dict[str, tuple[bytes, ...]]:
        """Key to the contents of its documents, sorted; only of sources all of whose contents are known."""
        query = """SELECT content FROM documents JOIN sources ON number = source
                   WHERE root = ? AND key = ? ORDER BY content"""
        found = {}
        with self._transaction("read") as connection:
            for key in keys:
                contents = tuple(content for (content,) in connection.execute(query, [root, key]))
                if contents and None not in contents:
                    found[key] = contents
        return found

    def holders(self, contents: Iterable[bytes]) -> dict[bytes, str]:
        """Content to the id of a document that has it, and the vector of it; what nobody has is left out."""
        query = """SELECT id FROM documents JOIN sources ON number = source
                   WHERE content = ? AND stamp != ? LIMIT 1"""
        found = {}
        with self._transaction("read") as connection:
            for content in contents:
                # While a source is unfinished, nobody knows which vectors its documents have.
                if row := connection.execute(query, [content, UNFINISHED]).fetchone():
                    [found[content]] = row
        return found

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

    def taken(self, roots: Sequence[str], ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Those of ``ids`` that a document or a source of one of these roots has, to its (root, key)."""
        document = "SELECT root, key FROM documents JOIN sources ON number = source WHERE id = ? AND root = ?"
        source = "SELECT root, key FROM sources WHERE key = ? AND root = ?"
        with self._transaction("read") as connection:
            found = {}
            for id_, root, query in product(ids, roots, (document, source)):
                if row := connection.execute(query, [id_, root]).fetchone():
                    found[id_] = row
            return found

    def begin(self, root: str, documents: Mapping[str, Sequence[str]]) -> None:
        """Note, before the engine is touched, that these sources (key to ids) are about to be stored.

        A source that one of the ids belongs to so far loses it: it counts as unfinished, too.
        """
        former = """UPDATE sources SET stamp = ? WHERE number = (SELECT source FROM documents WHERE id = ?)"""
        with self._transaction("write") as connection:
            for key, ids in documents.items():
                connection.executemany(former, [(UNFINISHED, id_) for id_ in ids])
                connection.execute(
                    """INSERT INTO sources (root, key, stamp) VALUES (?, ?, ?)
                       ON CONFLICT (root, key) DO UPDATE SET stamp = excluded.stamp""",
                    [root, key, UNFINISHED],
                )
                number = _number(connection, root, key)
                connection.executemany(
                    """INSERT INTO documents (id, source) VALUES (?, ?)
                       ON CONFLICT (id) DO UPDATE SET source = excluded.source, content = NULL""",
                    [(id_, number) for id_ in ids],
                )

    def finish(self, root: str, finished: Iterable[Finished]) -> None:
        """Record, once the engine is flushed, what these sources now are."""
        with self._transaction("write") as connection:
            for source in finished:
                number = _number(connection, root, source.key)
                connection.execute("UPDATE sources SET stamp = ? WHERE number = ?", [source.stamp, number])
                connection.execute("DELETE FROM documents WHERE source = ?", [number])
                connection.executemany(
                    "INSERT INTO documents (id, source, content) VALUES (?, ?, ?)",
                    [(i, number, source.contents.get(i)) for i in source.ids],
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
        """A root has another path now."""
        with self._transaction("write") as connection:
            connection.execute("UPDATE sources SET root = ? WHERE root = ?", [new, old])

    def copy_to(self, other: Sources) -> None:
        """Make another table the same as this one, in one step."""
        with self._lock, _translated(other._index, "write"):
            self._connection.backup(other._connection)

    def compact(self) -> None:
        """Give back the space of what was removed."""
        with self._lock, _translated(self._index, "compact"):
            self._connection.execute("VACUUM")

    def forget_stamps(self) -> None:
        """All sources must be read again."""
        with self._transaction("write") as connection:
            connection.execute("UPDATE sources SET stamp = ?", [UNFINISHED])

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self, action: str) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated(self._index, action), self._connection:
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
