"""What verbalizers said of pictures, kept: made once, read by every index, recipe and data set afterwards.

One SQLite file with one table, ``words``, which any SQLite tool reads: a row for what one verbalizer, at one
fingerprint, said of one picture. A picture is known by its content, so a copy or a renamed file is known too;
a changed model or setting has another fingerprint, so nothing that it would say otherwise is ever found.
Every write is a transaction: a process may be killed at any time, and several may write at once.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from univldr._pdf import page_of
from univldr.errors import ImageError, StoreError
from univldr.verbalize.base import Verbalizer, Words

ENVIRONMENT = "UNIVLDR_WORDS"
"""The variable that names the file for every command."""

FORMAT = 1
"""``user_version`` of the file."""

# Another process writes for milliseconds; one that holds the file this long has hung.
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.02

_TABLE = """
CREATE TABLE IF NOT EXISTS words (
    picture     TEXT NOT NULL, -- digest of its content
    verbalizer  TEXT NOT NULL,
    fingerprint TEXT NOT NULL, -- of the verbalizer: its model and its settings
    label       TEXT NOT NULL, -- model and settings in words
    words       TEXT NOT NULL, -- JSON: [{"text": ..., "confidence": ...}, ...]; [] is an answer too
    made        TEXT NOT NULL, -- when, UTC
    PRIMARY KEY (picture, verbalizer, fingerprint)
) WITHOUT ROWID
"""
_GET = """
SELECT picture, words FROM words
WHERE verbalizer = ? AND fingerprint = ? AND picture IN (SELECT value FROM json_each(?))
"""
_PUT = "INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?, ?, ?)"
_OF = """
SELECT verbalizer, fingerprint, label, words, made FROM words WHERE picture = ? ORDER BY verbalizer, made
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one verbalizer said of a picture.

    Attributes:
        verbalizer: Its name.
        fingerprint: Of the verbalizer as it was then.
        label: Its model and settings in words; "" where it did not say.
        words: What it said, cleaned; none where there was nothing to say.
        made: When, ISO 8601 in UTC.
    """

    verbalizer: str
    fingerprint: str
    label: str
    words: tuple[Words, ...]
    made: str


class WordCache:
    """The file. Threads can share this, and a forked process opens the file for itself.

    Attributes:
        path: Where it lies; it is made when it is first asked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._file: sqlite3.Connection | None = None

    def get(self, pictures: Sequence[str], verbalizer: Verbalizer) -> dict[str, list[Words]]:
        """What ``verbalizer``, as it is now, said of ``pictures``, by digest.

        Returns:
            Only those it was ever asked about; an empty list says that there was nothing to say.

        Raises:
            StoreError: the file is broken or cannot be opened.
        """
        wanted = (verbalizer.name, verbalizer.fingerprint, json.dumps(list(pictures)))
        with self._opened() as file:
            return {picture: _words(text) for picture, text in file.execute(_GET, wanted)}

    def put(self, verbalizer: Verbalizer, words: Mapping[str, Sequence[Words]]) -> None:
        """Keep what ``verbalizer`` said, by the picture's digest; it is committed when this returns.

        A verbalizer may have a property ``label``: its model and settings in words, for :meth:`of`.

        Raises:
            StoreError: the file is broken or cannot be written.
        """
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        made_by = (verbalizer.name, verbalizer.fingerprint, getattr(verbalizer, "label", ""))
        rows = [(picture, *made_by, _json(said), now) for picture, said in words.items()]
        with self._opened() as file, file:  # the second: one transaction
            file.executemany(_PUT, rows)

    def of(self, picture: str) -> list[Entry]:
        """Everything known of the picture with this digest, by verbalizer and time.

        Raises:
            StoreError: the file is broken or cannot be opened.
        """
        if not self.path.exists():
            return []
        with self._opened() as file:
            return [
                Entry(name, fingerprint, label, tuple(_words(text)), made)
                for name, fingerprint, label, text, made in file.execute(_OF, (picture,))
            ]

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._connection()
        except (OSError, sqlite3.Error, ValueError) as error:
            raise StoreError(
                f"{self.path}: generated words cannot be kept here: {error}; move the file away, free some "
                f"space, or name another file with {ENVIRONMENT}"
            ) from error

    def _connection(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            self._inherited = self._file  # SQLite forbids a child to use or close what its parent opened
            self._process, self._file = os.getpid(), None
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _open(self.path)
        return self._file

    def __del__(self) -> None:
        file: sqlite3.Connection | None = getattr(self, "_file", None)
        if file is not None and self._process == os.getpid():
            file.close()


def digest(picture: Path | bytes) -> str:
    """32 hex digits over the content of a picture: BLAKE2b of its bytes, of a page of its file and number.

    Raises:
        ImageError: there is no such file, or it cannot be read.
    """
    if isinstance(picture, bytes):
        return _hash(picture).hexdigest()
    file, number = page_of(picture) or (picture, 0)
    if not file.is_file():  # a pipe would block
        raise ImageError(f"{picture}: no such file")
    try:
        if number:
            status = file.stat()
            whole = _file_digest(file, status.st_size, status.st_mtime_ns)
            return _hash(f"{whole}#page={number}".encode()).hexdigest()
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, _hash).hexdigest()
    except OSError as error:
        raise ImageError(f"{picture}: cannot be read: {error.strerror or error}") from error


@functools.lru_cache(maxsize=16)
def _file_digest(path: Path, size: int, mtime: int) -> str:
    """Of a file with this size and time of change; it is read once for all of its pages."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, _hash).hexdigest()


def default_cache() -> Path:
    """What UNIVLDR_WORDS names, else ``univldr/words.sqlite`` in the user's cache folder."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "univldr" / "words.sqlite"


def _hash(data: bytes = b"") -> hashlib.blake2b:
    return hashlib.blake2b(data, digest_size=16)


def _open(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, check_same_thread=False)
    try:
        _prepare(file)
    except BaseException:
        file.close()
        raise
    return file


def _prepare(file: sqlite3.Connection) -> None:
    """Make the table where there is none.

    With a write-ahead log, readers and a writer do not wait for each other. What is committed outlives the
    process; what the system has not written yet when the power fails is only lost.
    """
    (format,) = file.execute("PRAGMA user_version").fetchone()
    if format not in (0, FORMAT):
        raise ValueError(f"it has format {format}, this version reads {FORMAT}")
    file.execute("PRAGMA synchronous = NORMAL")
    if not format:
        others = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'words'")
        if other := others.fetchone():
            raise ValueError(f'it is the file of something else, with a table "{other[0]}"')
        _log_ahead(file)
        file.execute(_TABLE)
        file.execute(f"PRAGMA user_version = {FORMAT}")


def _log_ahead(file: sqlite3.Connection) -> None:
    """Two processes that make the file at once refuse each other without waiting, so ask again."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            file.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_POLL_SECONDS)


def _json(said: Sequence[Words]) -> str:
    fields = ({"text": words.text, "confidence": words.confidence} for words in said)
    return json.dumps(
        [{k: v for k, v in pair.items() if v is not None} for pair in fields], ensure_ascii=False
    )


def _words(text: str) -> list[Words]:
    try:
        return [Words(str(fields["text"]), fields.get("confidence")) for fields in json.loads(text)]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"a row's words are not what this version writes: {text[:60]}") from error
