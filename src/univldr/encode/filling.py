"""An index that is filled shard by shard while shards are made, by the one process that plans."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from univldr.corpus.base import Skipped
from univldr.encode.once import ids_of, readable
from univldr.encode.plan import digest_of
from univldr.encode.record import Record, Stored
from univldr.errors import CorpusError, StoreError
from univldr.index import Manifest, Store, exists, means
from univldr.index.cluster import Cluster
from univldr.index.engines import begin_index, open_index
from univldr.index.uri import uri_of
from univldr.pipeline.run import FLUSH_SECONDS
from univldr.transfer import Parquet
from univldr.types import Document, Float32Array, Progress

RECORDS = ".indexes"
"""The folder in which each index that is filled has its record."""

_DELETED = 10_000  # documents that are deleted at a time


class Filling:
    """The index. Shards' files are what it is filled from; what is in it, a record on the disk knows.

    Attributes:
        keeps: Whether files stay when they are stored.
    """

    def __init__(self, held: Store | Cluster, record: Record, folder: Path, *, keeps: bool) -> None:
        """For ``filling``."""
        self.keeps = keeps
        self._held, self._record, self._folder = held, record, folder
        self._parquet = Parquet.needed_for("univldr encode")
        self._places: dict[str, int] = {}
        self._stored: set[str] = set()
        self._pending: list[Stored] = []
        self._flushed_at = time.monotonic()
        self._changed = 0

    def plan(self, names: Sequence[str]) -> None:
        """These are the files of all shards of the corpus; what the index has of others is to be deleted.

        Raises:
            StoreError: the record or a file cannot be read or written.
        """
        digests = [digest_of(name) for name in names]
        self._places = {digest: place for place, digest in enumerate(digests)}
        self._record.settle(digests, self._stamps() if self.keeps else {})
        self._stored = self._record.stored()
        self._clear()

    def has(self, name: str) -> bool:
        """Whether a shard is in the index as it is."""
        return digest_of(name) in self._stored

    def take(self, name: str) -> None:
        """Store a shard whose file is there, unless it is in the index.

        Raises:
            StoreError: the file cannot be read, or the index not be written.
        """
        file, digest = self._folder / name, digest_of(name)
        if digest in self._stored:
            return
        stamp = _stamp(file)
        taken = self._record.begin(digest, self._places[digest], ids_of(file, self._parquet))
        refused: list[Skipped] = []
        for documents, rows in self._batches(file):
            kept = [n for n, document in enumerate(documents) if document.id not in taken]
            refused += self._put([documents[n] for n in kept], rows[kept])
            self._changed += len(kept)
        self._pending.append(Stored(digest, stamp, refused))
        self._stored.add(digest)
        if time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self._settle()

    def finish(self, progress: Progress | None = None) -> None:
        """All is stored: delete what is of no shard any more, and let everybody open the index.

        Raises:
            StoreError: the index cannot be written, is not what was stored, or was made anew meanwhile.
        """
        self._settle()
        if self.keeps:  # repeated documents were taken out of files meanwhile, as they were of the index
            self._record.restamp(self._stamps())
        engine = self._held.engine
        while ids := self._record.orphans(_DELETED):
            self._changed += engine.delete(ids)
            engine.flush()
            self._record.remove(ids)
        if self._changed:
            engine.optimize()
            engine.flush()
        if self._held.is_stale():
            raise StoreError(f"index {_name(self._held)} was made anew meanwhile; encode into another one")
        means.refresh(self._held, self._changed, progress)
        if self._held.manifest.copying:
            self._require_whole()
            self._held.publish()

    def count(self) -> int:
        """How many documents of the corpus are in the index."""
        return self._record.count()

    def left_out(self) -> list[Skipped]:
        """What of the shards is not in the index; repeated documents only where files still have them."""
        return self._record.left_out(repeats=not self.keeps)

    def _batches(self, file: Path) -> Iterator[tuple[list[Document], Float32Array]]:
        batches = self._parquet.read(file)
        while True:
            with readable(file):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def _put(self, documents: list[Document], rows: Float32Array) -> list[Skipped]:
        """Store documents but those that the engine refuses, which are returned."""
        if not documents:
            return []
        try:
            with self._held.writing:
                means.admit(self._held, documents, rows)
                self._held.engine.upsert(documents, rows)
        except CorpusError as error:
            if len(documents) == 1:
                return [Skipped(documents[0].id, str(error))]
            half = len(documents) // 2
            return [*self._put(documents[:half], rows[:half]), *self._put(documents[half:], rows[half:])]
        return []

    def _settle(self) -> None:
        """The index is flushed before anything counts as stored, and that before its file may go."""
        if self._pending:
            self._held.engine.flush()
            self._record.finish(self._pending)
        self._pending = []
        self._clear()
        self._flushed_at = time.monotonic()

    def _clear(self) -> None:
        """Remove files of what is in the index, where they are not asked for."""
        if not self.keeps:
            for file in self._folder.glob("*-*.parquet"):
                if digest_of(file.name) in self._stored:
                    file.unlink(missing_ok=True)

    def _stamps(self) -> dict[str, str]:
        """Of all files of the corpus, by digest; "" for those that are not there."""
        files = {digest_of(file.name): file for file in self._folder.glob("*-*.parquet")}
        return {digest: _stamp(files[digest]) if digest in files else "" for digest in self._places}

    def _require_whole(self) -> None:
        there, known = self._held.engine.count(), self._record.count()
        if there != known:
            raise StoreError(
                f"index {_name(self._held)} has {there:,} documents and should have {known:,}; did something "
                "else write to it? Remove it, and run again"
            )


@contextmanager
def filling(index: str | Path, folder: Path, new: Manifest, *, keeps: bool) -> Iterator[Filling]:
    """The index at ``index``, new or gone on with, held meanwhile; nobody opens a new one before it is whole.

    Args:
        index: A directory or a URI.
        folder: Of the shards.
        new: The manifest of a new one.
        keeps: Whether files stay when they are stored.

    Raises:
        ConfigError: the URI, or one of its settings, makes no sense.
        MissingExtra: the client of such clusters is not installed.
        StoreError: there is an index that was not filled from ``folder``, or something else; another process
            has it; or it cannot be written.
    """
    new = replace(new, copying=f"{new.roots[0]} by way of {folder}")
    with ExitStack() as resources:
        held = _held(index, new)
        resources.callback(held.close)
        record = _record(folder, held)
        resources.callback(record.close)
        yield Filling(held, record, folder, keeps=keeps)


def _record(folder: Path, held: Store | Cluster) -> Record:
    """That of an index that was filled from the folder, or of one that is new."""
    name = _name(held)
    digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    own = folder / RECORDS / f"{digest}.sqlite"
    for file in [own, *folder.glob(f"{RECORDS}/*.sqlite")]:  # an index may have been moved
        record = Record(file)
        if record.created == held.manifest.created:
            return record
        record.close()
    if not held.manifest.copying:
        raise StoreError(
            f"there already is an index at {name}, and {folder} does not say what of the corpus is in it; "
            "choose another place, or remove it"
        )
    if held.engine.count():
        raise StoreError(
            f"index {name} is half filled, and {folder} does not say with what; remove it, and run again"
        )
    record = Record(own)
    record.restart(held.manifest.created)
    return record


def _held(index: str | Path, new: Manifest) -> Store | Cluster:
    """A new index, one that was begun alike, or one that there is."""
    if uri_of(index) is None:
        return open_index(index) if exists(Path(index).expanduser()) else begin_index(index, new)
    try:
        return begin_index(index, new)
    except StoreError:
        return open_index(index)


def _name(held: Store | Cluster) -> str:
    return uri_of(held.path) or str(held.path)


def _stamp(file: Path) -> str:
    """Changes when the file does; "" where there is none."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StoreError(f"{file}: cannot be read: {error.strerror or error}") from error
    return f"{status.st_size:x}-{status.st_mtime_ns:x}"
