"""An index on a cluster, as whoever searches it has it: without the corpus, and without files of its own.

The cluster keeps the manifest with the vectors. What the documents were made from stays with the corpus: the
index directory beside that is a ``Store`` whose engine is on the cluster.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from univldr.errors import CorpusError, StoreError
from univldr.index.base import Made, check_rows
from univldr.index.means import admit
from univldr.index.remote import Remote, read_manifest, written
from univldr.types import Document, Float32Array
from univldr.where import In


class Cluster:
    """A ``Held`` of an index on a cluster; threads may share it.

    Attributes:
        path: Its URI, as far as a ``Path`` can have one.
        manifest: What it was made with, as it was when it was opened or ``is_stale`` was last asked.
        engine: The vectors and documents.
        writing: Held by the thread that writes.
    """

    def __init__(self, engine: Remote, *, hidden: bool = False) -> None:
        """For :mod:`univldr.index.engines`, whose ``begin_index`` also opens what is ``hidden`` from others.

        Raises:
            StoreError: there is no manifest, it is broken, or a newer univldr wrote it; or the index is not
                whole.
        """
        self.path = Path(engine.uri)
        self.engine = engine
        self.manifest = read_manifest(engine)
        if self.manifest.copying and not hidden:
            raise StoreError(
                f"index {engine.uri} is only half filled, from {self.manifest.copying}; to finish it, "
                "run that univldr copy, load or encode again"
            )
        self.writing = threading.RLock()

    def put(self, documents: Sequence[Document], vectors: Float32Array, made: Made | None = None) -> None:
        """See ``Held.put``; only where no corpus fills the index, and pictures only as paths.

        Raises:
            StoreError: also, a corpus fills it.
        """
        self._require_own()
        check_rows(documents, vectors, self.manifest.dim)
        for document in documents:
            if isinstance(document.image, bytes):
                raise CorpusError(
                    f"document {document.id!r} brings its picture as bytes, for which "
                    f"index {self.engine.uri} has no place; give it as a path"
                )
        stored = made.joined(documents) if made else documents
        with self.writing:
            admit(self, stored, vectors)
            self.engine.upsert(stored, vectors)
            self.engine.flush()

    def drop(self, ids: Sequence[str]) -> int:
        """See ``Held.drop``; only where no corpus fills the index.

        Raises:
            StoreError: also, a corpus fills it.
        """
        self._require_own()
        return self.engine.delete(ids)

    def change(self, **fields: Any) -> None:
        """Change fields of the manifest, here and on the cluster.

        Raises:
            StoreError: it cannot be written.
        """
        with self.writing:
            self.manifest = dataclasses.replace(read_manifest(self.engine), **fields)
            self.engine.keep(written(self.manifest))

    def publish(self) -> None:
        """From now on, everybody may open what ``begin_index`` made.

        Raises:
            StoreError: it cannot be written.
        """
        self.change(copying="")

    def ids_of(self, root: str, keys: Sequence[str]) -> list[str]:
        """See ``Held.ids_of``: of files of a folder, by their paths."""
        return self.engine.ids(In("path", tuple(str(Path(root, key)) for key in keys))) if keys else []

    def is_stale(self) -> bool:
        """See ``Held.is_stale``."""
        now = read_manifest(self.engine)
        if now.created != self.manifest.created:
            return True
        if now != self.manifest:  # an equal one stays the same object, for what is cached by it
            self.manifest = now
        return False

    def announce(self, url: str) -> None:
        """Nobody has to ask a server: everybody may open the index."""

    def close(self) -> None:
        """Close the connections."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require_own(self) -> None:
        if self.manifest.place:
            raise StoreError(
                f"index {self.engine.uri} is filled from {self.manifest.place}; "
                "store and delete documents there"
            )
