"""``.indexes/NAME.sqlite``: which shards are in an index, and of which shard each of its documents is.

A shard is recorded twice: ``begin`` notes its documents before the index gets them, ``finish`` that they are
in it. So whatever the index has is known here, and after a crash in between a shard is stored again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from univldr.corpus.base import Skipped
from univldr.encode.once import REPEATED
from univldr.errors import StoreError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS filled (created TEXT NOT NULL); -- what Manifest.created of the index is
CREATE TABLE IF NOT EXISTS shards (
    number INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    place INTEGER NOT NULL, -- in the order of the corpus
    stamp TEXT NOT NULL -- of the file when it was stored; '' while it is not
);
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY,
    shard INTEGER -- NULL: of none any more, and to be deleted
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_of_shard ON documents (shard);
CREATE TABLE IF NOT EXISTS left_out (shard INTEGER NOT NULL, id TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS left_out_of_shard ON left_out (shard);
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A shard that is in the index.

    Attributes:
        digest: Its own.
        stamp: Of its file, as it was stored; not "".
        refused: Documents that the index did not take, and why.
    """

    digest: str
    stamp: str
    refused: Sequence[Skipped]


class Record:
    """The table of one index, for one thread."""

    def __init__(self, file: Path) -> None:
        """Open or make the table in ``file``.

        Raises:
            StoreError: it cannot be read or written. So does every method.
        """
        self._file = file
        with self._translated():
            file.parent.mkdir(exist_ok=True)
            self._connection = sqlite3.connect(file)
            try:
                self._connection.executescript(_SCHEMA)
            except BaseException:
                self._connection.close()
                raise

    @property
    def created(self) -> str:
        """Which index this is of; "" before ``restart``."""
        with self._transaction() as connection:
            row = connection.execute("SELECT created FROM filled").fetchone()
            return str(row[0]) if row else ""

    def restart(self, created: str) -> None:
        """Begin anew, with an empty index."""
        with self._transaction() as connection:
            for table in ("filled", "shards", "documents", "left_out"):
                connection.execute(f"DELETE FROM {table}")
            connection.execute("INSERT INTO filled VALUES (?)", [created])

    def settle(self, digests: Sequence[str], stamps: Mapping[str, str]) -> None:
        """Forget shards that are not in the corpus any more, or whose file changed since they were stored.

        Of these, other shards may have had documents, too, that were left out for their sake: all that had
        are forgotten with them, and to be stored again.

        Args:
            digests: All that are in the corpus, in its order.
            stamps: Of their files, by digest; of what is not named, any will do.
        """
        places = {digest: place for place, digest in enumerate(digests)}
        with self._transaction() as connection:
            stale = [
                number
                for number, digest, stamp in connection.execute("SELECT number, digest, stamp FROM shards")
                if digest not in places or (stamp and stamp != stamps.get(digest, stamp))
            ]
            if stale:
                query = "SELECT DISTINCT shard FROM left_out WHERE reason = ?"
                stale += [number for (number,) in connection.execute(query, [REPEATED])]
            for statement in (
                "UPDATE documents SET shard = NULL WHERE shard = ?",
                "DELETE FROM left_out WHERE shard = ?",
                "DELETE FROM shards WHERE number = ?",
            ):
                connection.executemany(statement, [(number,) for number in stale])
            rows = [(place, digest) for digest, place in places.items()]
            connection.executemany("UPDATE shards SET place = ? WHERE digest = ?", rows)

    def stored(self) -> set[str]:
        """The digests of the shards that are in the index."""
        with self._transaction() as connection:
            return {digest for (digest,) in connection.execute("SELECT digest FROM shards WHERE stamp != ''")}

    def begin(self, digest: str, place: int, ids: Iterable[str]) -> set[str]:
        """Note, before the index is touched, that a shard with these documents is about to be stored.

        Returns:
            Those that are to be left out, as an earlier shard has them. Those that a later one has are this
            one's from now on.
        """
        with self._transaction() as connection:
            connection.execute(
                """INSERT INTO shards (digest, place, stamp) VALUES (?, ?, '')
                   ON CONFLICT DO UPDATE SET stamp = ''""",
                [digest, place],
            )
            query = "SELECT number FROM shards WHERE digest = ?"
            [number] = connection.execute(query, [digest]).fetchone()
            connection.execute("UPDATE documents SET shard = NULL WHERE shard = ?", [number])
            connection.execute("DELETE FROM left_out WHERE shard = ?", [number])
            taken: set[str] = set()
            owner = "SELECT number, place FROM documents JOIN shards ON number = shard WHERE id = ?"
            for id_ in ids:
                loser = number
                if row := connection.execute(owner, [id_]).fetchone():
                    loser = number if row[1] < place else row[0]
                    connection.execute("INSERT INTO left_out VALUES (?, ?, ?)", [loser, id_, REPEATED])
                    if loser == number:
                        taken.add(id_)
                        continue
                connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", [id_, number])
            return taken

    def finish(self, stored: Iterable[Stored]) -> None:
        """Record, once the index is flushed, that shards are in it."""
        with self._transaction() as connection:
            for shard in stored:
                query = "UPDATE shards SET stamp = ? WHERE digest = ? RETURNING number"
                [number] = connection.execute(query, [shard.stamp, shard.digest]).fetchone()
                for one in shard.refused:  # of an earlier time, it may be in the index
                    connection.execute("UPDATE documents SET shard = NULL WHERE id = ?", [one.key])
                    row = [number, one.key, one.reason]
                    connection.execute("INSERT INTO left_out VALUES (?, ?, ?)", row)

    def restamp(self, stamps: Mapping[str, str]) -> None:
        """The files of shards that are in the index are other ones now, by digest, with the same in them."""
        statement = "UPDATE shards SET stamp = ? WHERE digest = ? AND stamp != ''"
        with self._transaction() as connection:
            connection.executemany(statement, [(stamp, digest) for digest, stamp in stamps.items()])

    def orphans(self, count: int) -> list[str]:
        """Up to ``count`` documents that the index may have and no shard has any more."""
        query = "SELECT id FROM documents WHERE shard IS NULL LIMIT ?"
        with self._transaction() as connection:
            return [id_ for (id_,) in connection.execute(query, [count])]

    def remove(self, ids: Iterable[str]) -> None:
        """Forget documents, once the index has forgotten them."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM documents WHERE id = ?", [(id_,) for id_ in ids])

    def count(self) -> int:
        """How many documents there are."""
        with self._transaction() as connection:
            query = "SELECT COUNT(*) FROM documents WHERE shard IS NOT NULL"
            return int(connection.execute(query).fetchone()[0])

    def left_out(self, *, repeats: bool) -> list[Skipped]:
        """What is not in the index and why, in the order of the corpus.

        Args:
            repeats: Also those whose id is that of a document in an earlier shard.
        """
        query = "SELECT id, reason FROM left_out JOIN shards ON number = shard ORDER BY place, id"
        with self._transaction() as connection:
            every = [Skipped(id_, reason) for id_, reason in connection.execute(query)]
        return [one for one in every if repeats or one.reason != REPEATED]

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._connection:
            yield self._connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's exceptions become ours."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self._file}: cannot be read or written: {error}") from error
