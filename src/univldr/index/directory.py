"""The directory of an index: made, refused where it holds something else, cleared of what is left over."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path

from univldr.errors import StoreError
from univldr.index.base import unusable
from univldr.index.files import MANIFEST, UPLOADS, Files, generations, is_ours
from univldr.index.lock import IndexLock
from univldr.index.manifest import Manifest
from univldr.index.uploads import RECORDS


def next_generation(path: Path) -> int:
    """The number of the generation to make; where no manifest tells, it is above all that were finished."""
    try:
        return Manifest.read(path).generation + 1
    except StoreError:
        every = [Files(path, number) for number in generations(path)]
        finished = [
            f.generation for f in every if f.sources.exists() and not (f.generation and f.pending.exists())
        ]
        return max(finished, default=0) + 1


def clear_older(path: Path, current: int) -> None:
    """Remove the generations before ``current`` that nobody holds."""
    for number in generations(path):
        if number < current:
            files = Files(path, number)
            with suppress(OSError, StoreError), ExitStack() as resources:
                resources.callback(IndexLock(path, wait=0, file=files.lock.name).release)
                files.remove()
                files.lock.unlink()  # who waits for it looks at the manifest again


def make_directory(path: Path) -> None:
    """Make the directory of an index, with those it is in.

    Raises:
        StoreError: there is something else in it, or it cannot be made.
    """
    _require_ours(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(path, "create", error) from error


def _require_ours(path: Path) -> None:
    """Refuse to make an index where it would mix with, or clear away, other files."""
    try:
        others = [entry.name for entry in path.iterdir() if not _is_of_index(entry)]
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(path, "create", error) from error
    if others:
        raise StoreError(f"{path} holds other files ({min(others)}); an index needs a directory of its own")


def _is_of_index(entry: Path) -> bool:
    """Anyone may have a folder with the name of that for uploads."""
    return is_ours(entry.name) and (entry.name != UPLOADS or (entry / RECORDS).exists())


def clear(path: Path) -> None:
    """Remove what an interrupted ``create`` left, or an index whose parts are missing."""
    try:
        (path / MANIFEST).unlink(missing_ok=True)  # first: without it nobody opens the rest
        for number in generations(path):
            Files(path, number).remove()
    except OSError as error:
        raise unusable(path, "clear", error) from error
