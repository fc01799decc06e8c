"""An index on disk: a directory with the engine's shard, its sources, its manifest and its lock."""

from __future__ import annotations

import dataclasses
import logging
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from univldr.errors import CorpusError, StoreError
from univldr.index import manifest
from univldr.index.base import Engine, Made, check_rows, corpus_of, to_payload, unusable
from univldr.index.directory import clear, clear_older, make_directory, next_generation
from univldr.index.edge import EdgeIndex
from univldr.index.files import MANIFEST, SWAP_LOCK, Files, sizes
from univldr.index.lock import IndexLock, announce
from univldr.index.manifest import Manifest
from univldr.index.means import admit
from univldr.index.places import DIRECTORY, is_same, moved_roots, relocate, successor
from univldr.index.remote import remote_of, written
from univldr.index.sources import Finished, Sources, worded_stamp
from univldr.index.uploads import Uploads, picture_name
from univldr.index.uri import uri_of
from univldr.types import Document, Float32Array

_log = logging.getLogger(__name__)
_MANY = 5000  # documents that take seconds to get new paths

WAIT_SECONDS = 5.0
"""How long to wait for another process: a search from the command line is over sooner."""


class Store:
    """An open index; one process at a time has it, its threads may share it. Use it in a ``with`` statement.

    Attributes:
        path: The directory.
        manifest: What it was made with.
        engine: The vectors and documents.
        sources: What the documents were made from.
        uploads: What came by itself.
        writing: Held by the thread that writes; who only asks the engine needs no lock.
    """

    def __init__(self, files: Files, of: Manifest, resources: ExitStack, *, create: bool, file: str) -> None:
        """For ``create``, ``open`` and ``rebuild``, which own the lock; ``file`` is the manifest's."""
        self.path = files.index
        self.manifest = of
        self._file = file
        self._resources = resources
        self.writing = threading.RLock()
        self._swaps = False
        self._remote = remote_of(of, files.index, create=create)
        self.engine: Engine = self._remote or EdgeIndex(files.shard, of.dim, create=create)
        resources.callback(self.engine.close)
        self.sources = Sources(files.sources)
        resources.callback(self.sources.close)
        if create:
            of.write(files.index, file=file)  # last: without a manifest the rest is no index yet
        else:
            self._settle()
        self.uploads = Uploads(Path(self.manifest.uploads))
        resources.callback(self.uploads.close)

    @classmethod
    def create(cls, path: Path, new: Manifest, *, wait: float = WAIT_SECONDS) -> Store:
        """Make an empty index in the directory ``path``.

        Raises:
            StoreError: there is an index or something else there, it is in use, or it cannot be written.
        """
        path = path.absolute()
        make_directory(path)
        files = Files(path)
        new = dataclasses.replace(new, generation=0, place=str(path))
        with ExitStack() as resources:
            resources.callback(IndexLock(path, wait=wait, file=files.lock.name).release)
            if exists(path):
                raise StoreError(f"there already is an index at {path}; open it, or make it anew: --rebuild")
            clear(path)
            store = cls(files, new, resources, create=True, file=MANIFEST)
            store._resources = resources.pop_all()
        return store

    @classmethod
    def open(cls, path: Path, *, wait: float = WAIT_SECONDS) -> Store:
        """Open the index in the directory ``path``, for which it waits up to ``wait`` seconds.

        Raises:
            StoreError: there is none, it is in use, it is broken, or a newer univldr made it.
        """
        if uri := uri_of(path):
            raise StoreError(f"{uri} has no directory, which this needs; give the folder it was made from")
        path = path.absolute()
        while True:
            # Before the lock, which would otherwise leave a file where there is no index.
            files = Files(path, Manifest.read(path).generation)
            with ExitStack() as resources:
                resources.callback(IndexLock(path, wait=wait, file=files.lock.name).release)
                current = Manifest.read(path)
                if current.generation != files.generation:
                    continue  # it was replaced between the two looks
                clear_older(path, current.generation)
                store = cls(files, current, resources, create=False, file=MANIFEST)
                store._resources = resources.pop_all()
            return store

    @classmethod
    def rebuild(cls, path: Path, new: Manifest, *, wait: float = WAIT_SECONDS) -> Store:
        """Make an index beside the one in the directory ``path``, which ``publish`` replaces with it.

        Until then the old one answers, in this process and in others. What a rebuild that died had done is
        taken up if it was of the same roots and made alike; else it is cleared away.

        Raises:
            StoreError: another process makes one, or it cannot be written.
        """
        path = path.absolute()
        while True:
            files = Files(path, next_generation(path))
            new = dataclasses.replace(new, generation=files.generation, place=str(path))
            with ExitStack() as resources:
                resources.callback(IndexLock(path, wait=wait, file=files.lock.name).release)
                if next_generation(path) != files.generation:
                    continue
                store = cls._begun(files, new, resources)
                store._resources = resources.pop_all()
            return store

    @classmethod
    def make_hidden(cls, path: Path, new: Manifest, *, wait: float = WAIT_SECONDS) -> Store:
        """Make an index in the directory ``path`` that is not there for others before ``publish``.

        What one that died had done is taken up if it was alike.

        Raises:
            StoreError: there is something else there, another process makes one, or it cannot be written.
        """
        path = path.absolute()
        make_directory(path)
        return cls.rebuild(path, new, wait=wait)

    @classmethod
    def _begun(cls, files: Files, new: Manifest, resources: ExitStack) -> Store:
        name = files.pending.name
        begun = None
        try:
            begun = Manifest.read(files.index, file=name)
            if begun.is_alike(new):
                return cls(files, begun, resources, create=False, file=name)
        except StoreError:  # what is left is broken, or there is nothing
            if begun and begun.engine:  # or its cluster is out of reach
                raise
        try:
            files.remove()
        except OSError as error:
            raise unusable(files.index, "clear", error) from error
        return cls(files, new, resources, create=True, file=name)

    @property
    def is_published(self) -> bool:
        """Whether this is what others open; an index that is being made anew is not, before ``publish``."""
        return self._file == MANIFEST

    def publish(self, last: Callable[[], object] = lambda: None) -> None:
        """Put an index made by ``rebuild`` in the place of the old one, in one step; of others, do nothing.

        The old one's files are removed once nobody holds them, now or when the index is next opened.

        Args:
            last: Called before; from then on, nobody can put documents into the old one or drop any.

        Raises:
            StoreError: it cannot be written.
        """
        if self.is_published:
            return
        try:
            with self._swapping():
                last()
                whole = dataclasses.replace(self.manifest, copying="")
                if self._remote and self.manifest.copying:  # first: who comes again goes on from there
                    self._remote.keep(written(whole))
                whole.write(self.path)
                (self.path / self._file).unlink(missing_ok=True)
        except OSError as error:
            raise unusable(self.path, "write", error) from error
        self.manifest, self._file = whole, MANIFEST
        clear_older(self.path, self.manifest.generation)

    def change(self, **fields: Any) -> None:
        """Change fields of the manifest, here and on disk.

        Raises:
            StoreError: the index was replaced by another meanwhile, or it cannot be written.
        """
        with self._current():
            self.manifest = dataclasses.replace(self.manifest, **fields)
            if self._remote:  # first: it must not name a place that this manifest has left
                self._remote.keep(written(self.manifest))
            self.manifest.write(self.path, file=self._file)

    @contextmanager
    def _swapping(self) -> Iterator[None]:
        """Nobody else replaces ``manifest.json`` meanwhile."""
        with self.writing, ExitStack() as resources:
            if not self._swaps:
                resources.callback(IndexLock(self.path, wait=WAIT_SECONDS, file=SWAP_LOCK).release)
                self._swaps = True
                resources.callback(setattr, self, "_swaps", False)
            yield

    @contextmanager
    def _current(self) -> Iterator[None]:
        """No other index takes this one's place meanwhile, nor has before."""
        with self._swapping():
            if self.is_stale():
                raise StoreError(
                    f"index {self.path} was made anew meanwhile; open it again, or run the command again"
                )
            yield

    def is_stale(self) -> bool:
        """See ``Held.is_stale``."""
        if not self.is_published:
            return False
        return Manifest.read(self.path).generation != self.manifest.generation

    def _settle(self) -> None:
        """Follow roots that moved or were copied together with the index; see ``places.moved_roots``."""
        for old, new in moved_roots(self.manifest, self.path).items():
            self._move(old, new)
        # Stamps may still be of the first format, which use_verbalizers amends.
        newest = manifest.FORMAT if self.manifest.format > 1 else self.manifest.format
        if newest != self.manifest.format or not is_same(Path(self.manifest.place), self.path):
            self.change(place=str(self.path), format=newest)

    def _move(self, old: str, new: str) -> None:
        """In this order, so that it may be interrupted anywhere and done again."""
        ids = self.sources.all_ids(old)
        if len(ids) > _MANY:
            _log.warning("%s is now %s: %s documents get new paths", old, new, f"{len(ids):,}")
        relocate(self.engine, ids, Path(old), Path(new))
        self.sources.move(old, new)
        self.change(roots=tuple(new if root == old else root for root in self.manifest.roots))

    def enter_root(self, root: str, keys: Collection[str] = ()) -> str:
        """Note that the corpus at ``root`` is in this index; returns the name that it has there.

        It is another one where ``root`` is the same folder by another path. A root that does not exist any
        more and had mostly the same ``keys`` is taken to have moved here, and its documents get new paths.

        Raises:
            StoreError: the index cannot be written.
        """
        with self.writing:
            roots = self.manifest.roots
            if root in roots:
                return root
            if same := next((known for known in roots if is_same(Path(known), Path(root))), None):
                return same
            corpora = self.manifest.corpora
            if old := successor(corpora, keys, lambda known: self.sources.stamps(known).keys()):
                self._move(old, root)
            else:
                self.change(roots=(*roots, root))
            return root

    def put(self, documents: Sequence[Document], vectors: Float32Array, made: Made | None = None) -> None:
        """See ``Held.put``.

        What the engine may hold is noted first, in ``sources``; then come the pictures, the records, the
        engine, and last that it is done. After a crash in between, ``pipeline.catch_up`` makes up for it.
        """
        check_rows(documents, vectors, self.manifest.dim)
        if not documents:
            return
        last = {document.id: number for number, document in enumerate(documents)}
        given, rows = [documents[number] for number in last.values()], vectors[list(last.values())]
        words = Made(made.by if made else "", [made.words[n] if made else () for n in last.values()])
        for document in given:  # before anything is written
            to_payload(document)
            if isinstance(document.image, bytes):
                picture_name(document.image)
        stamp = uuid.uuid4().hex
        with self.writing:
            self._require_free(list(last))
            self.engine.require_space()  # or each refused put would still leave its pictures and records
            root = self.enter_root(self.manifest.uploads)
            self.sources.begin(root, {id_: [id_] for id_ in last})
            kept = self.uploads.keep(given)
            with self._current():
                replaced = self.uploads.record(kept, stamp)
            stored = words.joined(kept)
            admit(self, stored, rows)
            self.engine.upsert(stored, rows)
            self.engine.flush()
            self.uploads.discard(replaced)
            pictured = worded_stamp(stamp, words.by)
            stamps = {one.id: pictured if one.image else stamp for one in kept}
            self.sources.finish(root, [Finished(id_, stamps[id_], [id_]) for id_ in last])

    def drop(self, ids: Sequence[str]) -> int:
        """See ``Held.drop``. Records go first, so that after a crash nothing brings a document back."""
        with self.writing:
            with self._current():
                pictures = self.uploads.remove(ids)
            count = self.engine.delete(ids)
            self.engine.flush()
            self.uploads.discard(pictures)
            self.sources.remove(self.manifest.uploads, ids)
        return count

    def ids_of(self, root: str, keys: Sequence[str]) -> list[str]:
        """See ``Held.ids_of``."""
        return self.sources.ids(root, keys)

    def _require_free(self, ids: Sequence[str]) -> None:
        """Refuse ids of a corpus: its next update would overwrite the documents, or leave its own out."""
        for id_, (root, key) in self.sources.taken(self.manifest.corpora, ids).items():
            raise CorpusError(f"the id {id_!r} is that of {key} in {root}; give the document another id")

    def use_verbalizers(self, verbalize: Mapping[str, Any]) -> None:
        """Remember which verbalizers make this index's words; what was made with others is read again.

        Raises:
            StoreError: the index cannot be written.
        """
        if self.manifest.format < 2:  # its stamps do not say which sources have pictures
            self.sources.forget_stamps()
        self.change(verbalize=dict(verbalize), format=manifest.FORMAT)

    def compact(self) -> None:
        """Give the space of deleted documents back to the disk.

        Raises:
            StoreError: the index cannot be written.
        """
        self.engine.optimize()
        self.sources.compact()
        self.uploads.compact()

    def skipped(self) -> list[tuple[str, str]]:
        """What the last runs left out, as (key, reason)."""
        return [entry for root in self.manifest.roots for entry in self.sources.skipped(root)]

    def bytes(self) -> int:
        """Disk space in use, as far as the file system tells; the engine's files are sparse."""
        return sum(size for _, size in sizes(self.path))

    def announce(self, url: str) -> None:
        """Tell other processes to ask at ``url`` while this one has the index; see ``lock.announce``."""
        announce(Files(self.path, self.manifest.generation).lock, url)

    def close(self) -> None:
        """Release the files, then the lock."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def index_of(path: Path) -> Path:
    """The index directory for ``path``: itself if it is one, else hidden inside a folder or beside a file.

    The URI of an index on a cluster stays as it is.
    """
    if uri_of(path):
        return path
    path = path.absolute()
    if exists(path) or corpus_of(path):
        return path
    return path / DIRECTORY if path.is_dir() else path.with_name(f".{path.name}{DIRECTORY}")


def directory_of(corpus: Path, index: Path | None) -> Path:
    """The directory with what an index was made from: ``index``, unless that is a URI or left out."""
    return index_of(corpus) if index is None or uri_of(index) else index


def exists(path: Path) -> bool:
    """Whether the directory ``path`` has been made an index; it may still be broken.

    A folder with some other program's ``manifest.json`` is none. A URI is taken for one.
    """
    if uri_of(path):
        return True
    return (path / MANIFEST).exists() and bool(list(path.glob("sources*.sqlite")))
