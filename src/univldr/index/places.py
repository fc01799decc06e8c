"""Indexes that were moved or copied, with their corpora or without: whose path is now what."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from univldr.index.base import SCAN_SIZE, Index
from univldr.index.manifest import Manifest
from univldr.types import Document

DIRECTORY = ".univldr"
"""What an index is called inside its folder."""

_ALIKE = 0.5
"""Share of a vanished root's files that a folder must have to count as that root at a new place."""


def moved_roots(manifest: Manifest, index: Path) -> dict[str, str]:
    """Old to new path of each root that moved, or was copied, together with its index.

    A root moves with the index if one of the two lies in the other, or both lie in the same folder: they kept
    their places relative to each other, and there is something at the new place.
    """
    place = Path(manifest.place) if manifest.place else _guessed_place(manifest.roots, index)
    if place == index or is_same(place, index):
        return {}
    moved = {}
    for root in manifest.roots:
        if place.is_relative_to(root) or Path(root).is_relative_to(place.parent):
            new = os.path.normpath(index / os.path.relpath(root, place))
            if new not in manifest.roots and Path(new).exists():
                moved[root] = new
    return moved


def _guessed_place(roots: Sequence[str], index: Path) -> Path:
    """Where an index of format 2, which did not note it, was: inside its folder, if that is gone."""
    if len(roots) == 1 and index.name == DIRECTORY and not Path(roots[0]).exists():
        return Path(roots[0], DIRECTORY)
    return index


def successor(
    roots: Sequence[str], keys: Collection[str], keys_of: Callable[[str], Collection[str]]
) -> str | None:
    """Which of ``roots`` does not exist any more and had mostly the files that are now found elsewhere."""
    wanted = set(keys)
    for root in roots:
        if not Path(root).exists():
            had = keys_of(root)
            if had and len(wanted.intersection(had)) >= _ALIKE * len(had):
                return root
    return None


def relocate(index: Index, ids: Sequence[str], old: Path, new: Path) -> None:
    """Give documents the paths that follow from their root's new one; vectors stay as they are.

    Raises:
        StoreError: the index cannot be written.
    """
    before, after = (old, new) if new.is_dir() else (old.parent, new.parent)
    for start in range(0, len(ids), SCAN_SIZE):
        documents = [document for document in index.get(ids[start : start + SCAN_SIZE]) if document]
        vectors = index.vectors([document.id for document in documents])
        rows = [vectors[document.id] for document in documents]
        if documents:
            index.upsert(
                [_moved(d, f"{before}{os.sep}", f"{after}{os.sep}") for d in documents], np.stack(rows)
            )
    index.flush()


def _moved(document: Document, old: str, new: str) -> Document:
    def there(path: Any) -> Any:
        if not isinstance(path, str | Path) or not str(path).startswith(old):
            return path
        return type(path)(new + str(path)[len(old) :])

    image = document.image if isinstance(document.image, bytes) else there(document.image)
    metadata = dict(document.metadata)
    if "path" in metadata:
        metadata["path"] = there(metadata["path"])
    return replace(document, image=image, metadata=metadata)


def is_same(one: Path, other: Path) -> bool:
    """Whether both are paths of one file or folder, which exists."""
    try:
        return one.samefile(other)
    except OSError:
        return False
