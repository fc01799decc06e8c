"""Documents and vectors into an index that nobody else can open yet; what is there is not sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from univldr.index.base import Engine, Index
from univldr.transfer.formats import Batch
from univldr.types import Document, Float32Array, Progress

_ROUNDING = 1e-6  # of a number of a vector


class Filled(NamedTuple):
    """How many documents there were, and how many of them had to be sent."""

    documents: int
    sent: int


def fill(engine: Engine, batches: Iterable[Batch]) -> Filled:
    """Store everything. An index that has something, as one that was begun, is read back and compared first.

    Memory does not grow with the index. Documents that are in the index and in no batch stay.

    Raises:
        StoreError: the index cannot be read or written.
    """
    documents = sent = 0
    looking = engine.count() > 0
    for some, rows in batches:
        wanted = _missing(engine, some, rows) if looking else np.ones(len(some), bool)
        looking = looking and not wanted.all()  # all are in one order, so nothing of what follows is there
        if wanted.any():
            chosen = [document for document, want in zip(some, wanted, strict=True) if want]
            engine.upsert(chosen, rows[wanted])
        documents += len(some)
        sent += int(wanted.sum())
    engine.optimize()
    engine.flush()
    return Filled(documents, sent)


def forget_others(engine: Engine, known: Index) -> None:
    """Delete the documents that another index does not have: it changed since they were copied.

    Raises:
        StoreError: an index cannot be read or written.
    """
    gone: list[str] = []
    for some, _ in engine.scan(vectors=False):
        found = known.get([document.id for document in some])
        gone += [one.id for one, there in zip(some, found, strict=True) if there is None]
    engine.delete(gone)
    engine.flush()


def told(batches: Iterable[Batch], total: int, progress: Progress | None) -> Iterator[Batch]:
    """The batches; ``progress`` is told of each once it was worked on."""
    done = 0
    for batch in batches:
        yield batch
        done += len(batch[0])
        if progress:
            progress(done, total, "documents")


def _missing(engine: Engine, documents: Sequence[Document], rows: Float32Array) -> npt.NDArray[np.bool_]:
    """Which documents the index does not have as they are, bool [n]."""
    ids = [document.id for document in documents]
    there = engine.get(ids)
    if not any(there):
        return np.ones(len(ids), bool)
    stored = engine.vectors(ids)
    same = [
        document == other
        and document.id in stored
        and bool(np.allclose(row, stored[document.id], rtol=0, atol=_ROUNDING))
        for document, row, other in zip(documents, rows, there, strict=True)
    ]
    return ~np.array(same, bool)
