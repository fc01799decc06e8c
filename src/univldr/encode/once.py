"""Every id once in all shards together: of documents with the same one, the first in the corpus stays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from univldr.corpus.base import Skipped
from univldr.encode.plan import settle
from univldr.encode.shard import read_skipped, write_skipped
from univldr.errors import StoreError
from univldr.transfer import Parquet

REPEATED = "its id is that of a document in an earlier shard, which is kept"
"""Why a document was left out."""


def has_repeats(folder: Path, name: str) -> bool:
    """Whether documents were taken out of a shard for the sake of others."""
    return any(one.reason == REPEATED for one in read_skipped(folder, name))


def drop_repeats(folder: Path, names: Sequence[str]) -> int:
    """Take documents out of shards whose ids an earlier shard has; returns how many.

    Shards without a file are passed over. Memory is 8 bytes a document, and as much again while they are
    sorted.

    Raises:
        StoreError: a shard cannot be read or written.
    """
    parquet = Parquet.needed_for("univldr encode")
    files = [name for name in names if (folder / name).exists()]
    hashes = [_hashes(ids_of(folder / name, parquet)) for name in files]
    try:
        found, counts = np.unique(np.concatenate([*hashes, _hashes([])]), return_counts=True)
        repeated = found[counts > 1]
        seen: set[str] = set()
        dropped = 0
        for name, own in zip(files, hashes, strict=True):
            if np.isin(own, repeated).any():
                dropped += _without(folder, name, parquet, seen, repeated)
    except (OSError, ValueError) as error:
        raise StoreError(f"{folder}: cannot be read or written: {error}") from error
    return dropped


def ids_of(file: Path, parquet: Parquet) -> list[str]:
    """The ids of a shard's documents, in order.

    Raises:
        StoreError: it cannot be read.
    """
    with readable(file):
        return parquet.ids(file)


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """What happens while a shard is read becomes an error that names it."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(f"{file}: cannot be read: {reason}; remove it, and run again") from error


def _hashes(ids: Sequence[str]) -> npt.NDArray[np.uint64]:
    """uint64 [len(ids)]."""
    digests = (hashlib.blake2b(id.encode(), digest_size=8).digest() for id in ids)
    return np.frombuffer(b"".join(digests), np.uint64)


def _without(
    folder: Path, name: str, parquet: Parquet, seen: set[str], repeated: npt.NDArray[np.uint64]
) -> int:
    """Write a shard again without the ids in ``seen``, to which its own that are repeated are added."""
    ids = parquet.ids(folder / name)
    gone = {id for id in ids if id in seen}
    again = np.isin(_hashes(ids), repeated)
    seen.update(id for id, repeats in zip(ids, again, strict=True) if repeats)
    if not gone:
        return 0
    kept = (
        ([documents[n] for n in rows], vectors[rows])
        for documents, vectors in parquet.read(folder / name)
        if (rows := [n for n, document in enumerate(documents) if document.id not in gone])
    )
    part = folder / f".{name}.once.part"
    parquet.write(part, kept, parquet.model(folder / name)[0])
    write_skipped(
        folder, name, [*read_skipped(folder, name), *(Skipped(id, REPEATED) for id in sorted(gone))]
    )
    settle(part, folder / name)
    return len(gone)
