"""What came by itself, over HTTP or from Python, not from a corpus: kept in a directory beside the index.

``documents.sqlite`` has a record of each document, as it was given, from which any generation of the index
can be made anew. Beside it lie the pictures that were given as bytes, each once, under the digest of their
bytes; those that were given as paths stay where they are. A record is written after its picture and before
the document counts as stored; it is removed before anything else of the document. So after a crash, the
records say what the index should hold.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from univldr.images import check_picture
from univldr.index.base import from_payload, to_payload, unusable
from univldr.types import Document

RECORDS = "documents.sqlite"
"""The file of the records."""

_PATIENCE_SECONDS = 60.0  # another process has the file for milliseconds
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY,
    stamp TEXT NOT NULL, -- another one each time the document is given
    picture TEXT, -- the name of a file beside this one
    record TEXT NOT NULL -- JSON; without "image" where there is a picture
);
CREATE INDEX IF NOT EXISTS documents_of_picture ON documents (picture) WHERE picture IS NOT NULL;
"""
_PICTURE = re.compile(r"[0-9a-f]{32}\.[a-z]{3,4}")
_SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "HEIF": ".heic"}


class Uploads:
    """The directory; threads may share it. It is made when something is first kept in it."""

    def __init__(self, path: Path) -> None:
        """Of the index's directory that ``path`` lies in; nothing is read or made yet."""
        self.path = path
        self._lock = threading.RLock()
        self._file: sqlite3.Connection | None = None

    @property
    def exist(self) -> bool:
        """Whether anything was ever kept."""
        return (self.path / RECORDS).exists()

    def stamps(self) -> dict[str, str]:
        """Id to stamp of every document.

        Raises:
            StoreError: the records cannot be read or written. So does every method.
        """
        if not self.exist:
            return {}
        with self._transaction("read") as file:
            return dict(file.execute("SELECT id, stamp FROM documents ORDER BY id"))

    def get(self, id_: str) -> tuple[str, Document] | None:
        """The stamp of a document and the document, its picture as a path."""
        if not self.exist:
            return None
        with self._transaction("read") as file:
            query = "SELECT stamp, picture, record FROM documents WHERE id = ?"
            row = file.execute(query, [id_]).fetchone()
        if row is None:
            return None
        stamp, picture, record = row
        document = from_payload(json.loads(record))
        return stamp, document if picture is None else replace(document, image=self.path / picture)

    def keep(self, documents: Sequence[Document]) -> list[Document]:
        """The documents with paths for their pictures; those that came as bytes now survive a power cut.

        Raises:
            ImageError: bytes are no picture.
        """
        kept = [replace(document, image=self._kept(document.image)) for document in documents]
        if any(isinstance(document.image, bytes) for document in documents):
            with self._translated("write"):
                _settle(self.path)
        return kept

    def record(self, documents: Sequence[Document], stamp: str) -> set[str]:
        """Write records of documents that went through ``keep``; survives a power cut.

        Returns:
            The names of the pictures that the records had before, for ``discard``.
        """
        rows = [(document.id, stamp, *self._row(document)) for document in documents]
        with self._transaction("write") as file:
            before = _pictures(file, [document.id for document in documents])
            file.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", rows)
        return before - {picture for _, _, picture, _ in rows if picture}

    def remove(self, ids: Sequence[str]) -> set[str]:
        """Forget records; unknown ids are fine. Returns the names of their pictures, for ``discard``."""
        if not self.exist:
            return set()
        with self._transaction("write") as file:
            pictures = _pictures(file, ids)
            file.executemany("DELETE FROM documents WHERE id = ?", [(id_,) for id_ in ids])
        return pictures

    def copy_to(self, other: Uploads) -> None:
        """Let another directory keep just what this one keeps; pictures that it has are not copied again."""
        if not self.exist:
            return
        with self._transaction("read") as file, other._transaction("write") as copied:
            copied.execute("DELETE FROM documents")
            rows = file.execute("SELECT * FROM documents")
            names = [name for name, *_ in rows.description]
            places = ", ".join("?" * len(names))
            copied.executemany(f"INSERT INTO documents ({', '.join(names)}) VALUES ({places})", rows)
            query = "SELECT DISTINCT picture FROM documents WHERE picture IS NOT NULL"
            for (name,) in file.execute(query):
                if (self.path / name).exists() and not (other.path / name).exists():
                    other._write(name, (self.path / name).read_bytes())
        other.sweep()

    def discard(self, pictures: Iterable[str]) -> None:
        """Remove those of these pictures that no record names."""
        for name in pictures:
            with self._transaction("write") as file:
                if not file.execute("SELECT 1 FROM documents WHERE picture = ?", [name]).fetchone():
                    (self.path / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove pictures without a record, which only a crash leaves; nobody may keep any meanwhile."""
        with self._transaction("clear") as file:
            query = "SELECT DISTINCT picture FROM documents WHERE picture IS NOT NULL"
            named = {picture for (picture,) in file.execute(query)}
            names = {entry.name for entry in self.path.iterdir()}
        self.discard(name for name in names - named if _PICTURE.fullmatch(name.removesuffix(".part")))

    def compact(self) -> None:
        """Give back the space of what was removed."""
        if self.exist:
            with self._transaction("compact") as file:
                file.execute("VACUUM")
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the log would have all of it again

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file = None

    def _row(self, document: Document) -> tuple[str | None, str]:
        """(picture, record), by which a picture of this directory is found wherever that moves."""
        picture = None
        if isinstance(document.image, Path) and document.image.parent == self.path:
            picture = document.image.name
            document = replace(document, image=None)
        return picture, json.dumps(to_payload(document), ensure_ascii=False)

    def _kept(self, picture: Path | bytes | None) -> Path | None:
        if not isinstance(picture, bytes):
            return picture and picture.absolute()
        with self._translated("write"):
            self.path.mkdir(exist_ok=True)
            return self._write(picture_name(picture), picture)

    def _write(self, name: str, picture: bytes) -> Path:
        path = self.path / name
        if not path.exists():
            part = path.with_name(f"{path.name}.part")
            with part.open("wb") as stream:
                stream.write(picture)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        return path

    @contextmanager
    def _transaction(self, action: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated(action):
            if self._file is None:
                self._file = self._opened()
            with self._file:
                yield self._file

    def _opened(self) -> sqlite3.Connection:
        self.path.mkdir(exist_ok=True)
        new = not self.exist
        file = sqlite3.connect(self.path / RECORDS, check_same_thread=False, timeout=_PATIENCE_SECONDS)
        try:
            file.execute("PRAGMA journal_mode = WAL")  # one wait for the disk a transaction, not four
            file.execute("PRAGMA synchronous = FULL")
            file.executescript(_SCHEMA)
        except BaseException:
            file.close()
            raise
        if new:
            _settle(self.path)
            _settle(self.path.parent)
        return file

    @contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        """Exceptions of SQLite and of the file system become ours."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise unusable(self.path.parent, action, error) from error


def picture_name(picture: bytes) -> str:
    """What the file of a picture is called: the digest of its bytes, and a suffix by what they are.

    Raises:
        ImageError: the bytes are no picture.
    """
    format = check_picture(picture)
    digest = hashlib.blake2b(picture, digest_size=16).hexdigest()
    return digest + _SUFFIXES.get(format, f".{format.lower()}")


def _pictures(file: sqlite3.Connection, ids: Sequence[str]) -> set[str]:
    """The pictures of some documents."""
    query = "SELECT picture FROM documents WHERE id = ? AND picture IS NOT NULL"
    return {picture for id_ in ids for (picture,) in file.execute(query, [id_])}


def _settle(directory: Path) -> None:
    """Return once the names of the files in a directory would survive a power cut."""
    if sys.platform == "win32":  # which cannot open a directory
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
