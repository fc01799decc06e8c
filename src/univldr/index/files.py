"""Where the files of an index lie.

An index is made anew beside the one that answers meanwhile: each *generation* has its own shard, sources and
lock. The first one's are called ``shard``, ``sources.sqlite`` and ``lock``, those of the third ``shard-2``
and so on. What came by itself, not from a corpus, lies in ``uploads`` for all of them.
``manifest.json`` says which generation counts. One that is still being made has a manifest of its
own, ``manifest-2.json``; writing that as ``manifest.json`` is all it takes to put it in the other's place.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"
UPLOADS = "uploads"
"""The directory of what came by itself; see :mod:`univldr.index.uploads`."""

SWAP_LOCK = "manifest.lock"
"""Held while ``manifest.json`` is replaced."""

_NAME = re.compile(
    r"(?:shard|lock|sources|manifest)(?:-(?P<generation>[1-9]\d*))?(?:\.sqlite(?:-journal)?|\.json(?:\.tmp)?)?"
)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one generation of the index in the directory ``index``."""

    index: Path
    generation: int = 0

    @property
    def shard(self) -> Path:
        """The engine's directory."""
        return self.index / f"shard{self._suffix}"

    @property
    def sources(self) -> Path:
        """The table of sources."""
        return self.index / f"sources{self._suffix}.sqlite"

    @property
    def lock(self) -> Path:
        """What the process that has this generation open holds."""
        return self.index / f"lock{self._suffix}"

    @property
    def pending(self) -> Path:
        """The manifest of a generation that is being made; the first generation has none."""
        return self.index / f"manifest{self._suffix}.json"

    @property
    def _suffix(self) -> str:
        return f"-{self.generation}" if self.generation else ""

    def remove(self) -> None:
        """Remove all but the lock, and of the first generation the manifest."""
        if self.generation:
            self.pending.unlink(missing_ok=True)  # first: without it nobody goes on with the rest
        if self.shard.exists():
            shutil.rmtree(self.shard)
        for file in (self.sources, self.sources.with_name(f"{self.sources.name}-journal")):
            file.unlink(missing_ok=True)


def generations(index: Path) -> list[int]:
    """Those that have any file in the directory ``index``, in order."""
    found = set()
    for entry in index.iterdir():
        name = _NAME.fullmatch(entry.name)
        if name and entry.name != MANIFEST:
            found.add(int(name["generation"] or 0))
    return sorted(found)


def sizes(directory: Path) -> Iterator[tuple[Path, int]]:
    """Each file in a directory and below, with the bytes that it has of the disk, as far as the system tells.

    What goes meanwhile is left out: an engine that is in use replaces its files.
    """
    for place, _, names in os.walk(directory):
        for file in (Path(place, name) for name in names):
            with suppress(OSError):
                stat = file.lstat()
                yield file, stat.st_blocks * 512 if hasattr(stat, "st_blocks") else stat.st_size


def is_ours(name: str) -> bool:
    """Whether a file of this name belongs to an index."""
    return bool(_NAME.fullmatch(name)) or name in (SWAP_LOCK, UPLOADS)
