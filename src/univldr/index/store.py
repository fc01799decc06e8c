"""An index on disk: a directory with the engine's shard, its sources, its manifest and its lock."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from univldr.errors import StoreError
from univldr.index import manifest
from univldr.index.base import unusable
from univldr.index.edge import EdgeIndex
from univldr.index.files import MANIFEST, SWAP_LOCK, Files, generations, is_ours
from univldr.index.lock import IndexLock
from univldr.index.manifest import Manifest
from univldr.index.places import DIRECTORY, is_same, moved_roots, relocate, successor
from univldr.index.sources import Sources

_log = logging.getLogger(__name__)
_MANY = 5000  # documents that take seconds to get new paths

WAIT_SECONDS = 5.0
"""How long to wait for another process: a search from the command line is over sooner."""


class Store:
    """An open index; one process at a time has it. Use it in a ``with`` statement.

    Attributes:
        path: The directory.
        manifest: What it was made with.
        engine: The vectors and documents.
        sources: What the documents were made from.
    """

    def __init__(self, files: Files, of: Manifest, resources: ExitStack, *, create: bool, file: str) -> None:
        """For ``create``, ``open`` and ``rebuild``, which own the lock; ``file`` is the manifest's."""
        self.path = files.index
        self.manifest = of
        self._file = file
        self._resources = resources
        self.engine = EdgeIndex(files.shard, of.dim, create=create)
        resources.callback(self.engine.close)
        self.sources = Sources(files.sources)
        resources.callback(self.sources.close)
        if create:
            of.write(files.index, file=file)  # last: without a manifest the rest is no index yet
        else:
            self._settle()

    @classmethod
    def create(cls, path: Path, new: Manifest, *, wait: float = WAIT_SECONDS) -> Store:
        """Make an empty index in the directory ``path``.

        Raises:
            StoreError: there is an index or something else there, it is in use, or it cannot be written.
        """
        path = path.absolute()
        _make_directory(path)
        files = Files(path)
        new = dataclasses.replace(new, generation=0, place=str(path))
        with ExitStack() as resources:
            resources.callback(IndexLock(path, wait=wait, file=files.lock.name).release)
            if exists(path):
                raise StoreError(f"there already is an index at {path}; open it, or make it anew: --rebuild")
            _clear(path)
            store = cls(files, new, resources, create=True, file=MANIFEST)
            store._resources = resources.pop_all()
        return store

    @classmethod
    def open(cls, path: Path, *, wait: float = WAIT_SECONDS) -> Store:
        """Open the index in the directory ``path``, for which it waits up to ``wait`` seconds.

        Raises:
            StoreError: there is none, it is in use, it is broken, or a newer univldr made it.
        """
        path = path.absolute()
        while True:
            # Before the lock, which would otherwise leave a file where there is no index.
            files = Files(path, Manifest.read(path).generation)
            with ExitStack() as resources:
                resources.callback(IndexLock(path, wait=wait, file=files.lock.name).release)
                current = Manifest.read(path)
                if current.generation != files.generation:
                    continue  # it was replaced between the two looks
                _clear_older(path, current.generation)
                store = cls(files, current, resources, create=False, file=MANIFEST)
                store._resources = resources.pop_all()
            return store

    @classmethod
    def rebuild(cls, path: Path, new: Manifest, *, wait: float = WAIT_SECONDS, resume: bool = True) -> Store:
        """Make an index beside the one in the directory ``path``, which ``publish`` replaces with it.

        Until then the old one answers, in this process and in others. What a rebuild that died had done is
        taken up if it was of the same roots and made alike; else it is cleared away.

        Raises:
            StoreError: another process makes one, or it cannot be written.
        """
        path = path.absolute()
        while True:
            files = Files(path, _next_generation(path))
            new = dataclasses.replace(new, generation=files.generation, place=str(path))
            with ExitStack() as resources:
                resources.callback(IndexLock(path, wait=wait, file=files.lock.name).release)
                if _next_generation(path) != files.generation:
                    continue
                store = cls._begun(files, new, resources, resume=resume)
                store._resources = resources.pop_all()
            return store

    @classmethod
    def make_hidden(cls, path: Path, new: Manifest, *, wait: float = WAIT_SECONDS) -> Store:
        """Make an index in the directory ``path`` that is not there for others before ``publish``.

        Raises:
            StoreError: there is something else there, another process makes one, or it cannot be written.
        """
        path = path.absolute()
        _make_directory(path)
        return cls.rebuild(path, new, wait=wait, resume=False)

    @classmethod
    def _begun(cls, files: Files, new: Manifest, resources: ExitStack, *, resume: bool) -> Store:
        name = files.pending.name
        with suppress(StoreError):  # what is left is broken, or there is nothing
            begun = Manifest.read(files.index, file=name)
            if resume and begun.is_alike(new):
                return cls(files, begun, resources, create=False, file=name)
        try:
            files.remove()
        except OSError as error:
            raise unusable(files.index, "clear", error) from error
        return cls(files, new, resources, create=True, file=name)

    def publish(self) -> None:
        """Put an index made by ``rebuild`` in the place of the old one, in one step; of others, do nothing.

        The old one's files are removed once nobody holds them, now or when the index is next opened.

        Raises:
            StoreError: it cannot be written.
        """
        if self._file == MANIFEST:
            return
        try:
            with self._swapping():
                (self.path / self._file).replace(self.path / MANIFEST)
        except OSError as error:
            raise unusable(self.path, "write", error) from error
        self._file = MANIFEST
        _clear_older(self.path, self.manifest.generation)

    def change(self, **fields: Any) -> None:
        """Change fields of the manifest, here and on disk.

        Raises:
            StoreError: the index was replaced by another meanwhile, or it cannot be written.
        """
        self.manifest = dataclasses.replace(self.manifest, **fields)
        with self._swapping():
            if self.is_stale():
                raise StoreError(f"index {self.path} was made anew meanwhile; run the command again")
            self.manifest.write(self.path, file=self._file)

    @contextmanager
    def _swapping(self) -> Iterator[None]:
        """Nobody else replaces ``manifest.json`` meanwhile."""
        lock = IndexLock(self.path, wait=WAIT_SECONDS, file=SWAP_LOCK)
        try:
            yield
        finally:
            lock.release()

    def is_stale(self) -> bool:
        """Whether another index took this one's place; who searches should close it and open anew.

        Raises:
            StoreError: there is no index any more.
        """
        if self._file != MANIFEST:
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
        roots = self.manifest.roots
        if root in roots:
            return root
        if same := next((known for known in roots if is_same(Path(known), Path(root))), None):
            return same
        if old := successor(roots, keys, lambda known: self.sources.stamps(known).keys()):
            self._move(old, root)
        else:
            self.change(roots=(*roots, root))
        return root

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

    def skipped(self) -> list[tuple[str, str]]:
        """What the last runs left out, as (key, reason)."""
        return [entry for root in self.manifest.roots for entry in self.sources.skipped(root)]

    def bytes(self) -> int:
        """Disk space in use, as far as the file system tells; the engine's files are sparse."""
        stats = [file.stat() for file in self.path.rglob("*") if file.is_file()]
        return sum(stat.st_blocks * 512 if hasattr(stat, "st_blocks") else stat.st_size for stat in stats)

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
    """The index directory for ``path``: itself if it is one, else hidden inside a folder or beside a file."""
    path = path.absolute()
    if exists(path):
        return path
    return path / DIRECTORY if path.is_dir() else path.with_name(f".{path.name}{DIRECTORY}")


def exists(path: Path) -> bool:
    """Whether the directory ``path`` has been made an index; it may still be broken.

    A folder with some other program's ``manifest.json`` is none.
    """
    return (path / MANIFEST).exists() and bool(list(path.glob("sources*.sqlite")))


def _next_generation(path: Path) -> int:
    """The number of the generation to make; where no manifest tells, it is above all that were finished."""
    try:
        return Manifest.read(path).generation + 1
    except StoreError:
        every = [Files(path, number) for number in generations(path)]
        finished = [
            f.generation for f in every if f.sources.exists() and not (f.generation and f.pending.exists())
        ]
        return max(finished, default=0) + 1


def _clear_older(path: Path, current: int) -> None:
    """Remove the generations before ``current`` that nobody holds."""
    for number in generations(path):
        if number < current:
            files = Files(path, number)
            with suppress(OSError, StoreError), ExitStack() as resources:
                resources.callback(IndexLock(path, wait=0, file=files.lock.name).release)
                files.remove()
                files.lock.unlink()  # who waits for it looks at the manifest again


def _make_directory(path: Path) -> None:
    _require_ours(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(path, "create", error) from error


def _require_ours(path: Path) -> None:
    """Refuse to make an index where it would mix with, or clear away, other files."""
    try:
        others = [entry.name for entry in path.iterdir() if not is_ours(entry.name)]
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(path, "create", error) from error
    if others:
        raise StoreError(f"{path} holds other files ({min(others)}); an index needs a directory of its own")


def _clear(path: Path) -> None:
    """Remove what an interrupted ``create`` left, or an index whose parts are missing."""
    try:
        (path / MANIFEST).unlink(missing_ok=True)  # first: without it nobody opens the rest
        for number in generations(path):
            Files(path, number).remove()
    except OSError as error:
        raise unusable(path, "clear", error) from error
