"""Reading a compiled collection: one connection a process."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from univldr.corpus.shards import PictureFiles
from univldr.errors import CorpusError


class OpenFile:
    """A compiled collection and its shards as one process opened them; its threads share this.

    SQLite forbids a child to use or close what its parent opened: an inherited one is only kept.
    """

    def __init__(self, file: Path, inherited: OpenFile | None = None) -> None:
        """Open ``file``.

        Raises:
            CorpusError: it cannot be read.
        """
        self.process = os.getpid()
        self.pictures = PictureFiles()
        self._file = file
        self._inherited = inherited
        self._lock = threading.Lock()
        try:  # immutable: it is only ever replaced as a whole, so that no locks are needed
            uri = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def all(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query.

        Raises:
            CorpusError: the file cannot be read.
        """
        try:
            with self._lock:
                return self._connection.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: sqlite3.Error) -> CorpusError:
        return CorpusError(f"{self._file}: cannot be read: {error}; delete it, and it will be built again")

    def __del__(self) -> None:
        if hasattr(self, "_connection") and self.process == os.getpid():
            self._connection.close()
