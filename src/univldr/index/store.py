"""An index on disk: a directory with the engine's shard, its sources, its manifest and its lock."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from univldr.errors import StoreError
from univldr.index import lock, manifest, sources
from univldr.index.base import unusable
from univldr.index.edge import EdgeIndex
from univldr.index.lock import IndexLock
from univldr.index.manifest import Manifest
from univldr.index.sources import Sources

DIRECTORY = ".univldr"
WAIT_SECONDS = 5.0
"""How long to wait for another process: a search from the command line is over sooner."""

_SHARD = "shard"
_CONTENT = (manifest.FILE, f"{manifest.FILE}.tmp", sources.FILE, f"{sources.FILE}-journal", _SHARD)


class Store:
    """An open index; one process at a time has it. Use it in a ``with`` statement.

    Attributes:
        path: The directory.
        manifest: What it was made with.
        engine: The vectors and documents.
        sources: What the documents were made from.
    """

    def __init__(self, path: Path, resources: ExitStack, *, new: Manifest | None) -> None:
        """For ``create`` and ``open``, which own the lock."""
        self.path = path
        self._resources = resources
        self.manifest = new or Manifest.read(path)
        self.engine = EdgeIndex(path / _SHARD, self.manifest.dim, create=new is not None)
        resources.callback(self.engine.close)
        self.sources = Sources(path)
        resources.callback(self.sources.close)
        if new is not None:
            new.write(path)  # last: a directory without a manifest is no index yet

    @classmethod
    def create(cls, path: Path, new: Manifest, *, replace: bool = False, wait: float = WAIT_SECONDS) -> Store:
        """Make an empty index in the directory ``path``; with ``replace``, in place of the one there.

        Raises:
            StoreError: there is an index or something else there, it is in use, or it cannot be written.
        """
        path = path.absolute()
        _require_ours(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unusable(path, "create", error) from error
        with ExitStack() as resources:
            resources.callback(IndexLock(path, wait=wait).release)
            if exists(path) and not replace:
                raise StoreError(
                    f"there already is an index at {path}; open it, or replace it with --rebuild"
                )
            _clear(path)
            store = cls(path, resources, new=new)
            store._resources = resources.pop_all()
        return store

    @classmethod
    def open(cls, path: Path, *, wait: float = WAIT_SECONDS) -> Store:
        """Open the index in the directory ``path``, for which it waits up to ``wait`` seconds.

        Raises:
            StoreError: there is none, it is in use, it is broken, or a newer univldr made it.
        """
        path = path.absolute()
        Manifest.read(path)  # before the lock, which would otherwise leave a file where there is no index
        with ExitStack() as resources:
            resources.callback(IndexLock(path, wait=wait).release)
            store = cls(path, resources, new=None)
            store._resources = resources.pop_all()
        return store

    def enter_root(self, root: str) -> None:
        """Note that the corpus at ``root`` is in this index.

        A folder that was moved together with the index inside it keeps its documents under the new path.

        Raises:
            StoreError: the index cannot be written.
        """
        roots = self.manifest.roots
        if root in roots:
            return
        if len(roots) == 1 and self.path.is_relative_to(root) and not Path(roots[0]).exists():
            self.sources.move(roots[0], root)
            roots = ()
        self.manifest = dataclasses.replace(self.manifest, roots=(*roots, root))
        self.manifest.write(self.path)

    def use_verbalizers(self, verbalize: Mapping[str, Any]) -> None:
        """Remember which verbalizers make this index's words; what was made with others is read again.

        Raises:
            StoreError: the index cannot be written.
        """
        if self.manifest.format < 2:  # its stamps do not say which sources have pictures
            self.sources.forget_stamps()
        self.manifest = dataclasses.replace(self.manifest, verbalize=dict(verbalize), format=manifest.FORMAT)
        self.manifest.write(self.path)

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
    """Whether the directory ``path`` has been made an index; it may still be broken."""
    return (path / manifest.FILE).exists()


def _require_ours(path: Path) -> None:
    """Refuse to make an index where it would mix with, or clear away, other files."""
    try:
        others = {entry.name for entry in path.iterdir()} - {*_CONTENT, lock.FILE}
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(path, "create", error) from error
    if others:
        raise StoreError(f"{path} holds other files ({min(others)}); an index needs a directory of its own")


def _clear(path: Path) -> None:
    try:
        for name in _CONTENT:  # the manifest goes first: without it nobody opens the rest
            if (path / name).is_dir():
                shutil.rmtree(path / name)
            else:
                (path / name).unlink(missing_ok=True)
    except OSError as error:
        raise unusable(path, "clear", error) from error
