"""Documents that say or show what others do already."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from univldr.doctor.findings import EXAMPLES, Finding, Level, many
from univldr.doctor.look import Look, repeated
from univldr.index.base import Index
from univldr.search.copies import NEAR, SAME, are_copies
from univldr.types import Document, Float32Array, Progress

PAIRS = 4000
"""Pairs of pictures that are looked at, the nearest: copies are among them unless there are very many."""

_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pictures that are near to others, rows [n] of what was compared.

    Attributes:
        same: bool [n], which have the very vector of another one.
        cosines: float32 [m], of the nearest pairs, downwards.
        rows: int64 [m, 2], which they are.
    """

    same: npt.NDArray[np.bool_]
    cosines: Float32Array
    rows: npt.NDArray[np.int64]


def near_pairs(rows: Float32Array, progress: Progress | None = None) -> Pairs:
    """Compare all rows with all others, a block at a time; at most ``PAIRS`` pairs from ``NEAR`` are kept.

    Args:
        rows: float32 [n, dim]; rows of zeros are near to nothing.
        progress: Told how far it is.
    """
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    same = np.zeros(len(rows), bool)
    pairs = Pairs(same, np.zeros(0, np.float32), np.zeros((0, 2), np.int64))
    for top in range(0, len(rows), _BLOCK):
        for left in range(top, len(rows), _BLOCK):
            block = unit[top : top + _BLOCK] @ unit[left : left + _BLOCK].T
            if top == left:
                block[np.tril_indices(len(block))] = -1  # each pair once
            least = _least(pairs)
            if block.max(initial=-1) < min(least, SAME):
                continue
            same[top : top + _BLOCK] |= (block >= SAME).any(axis=1)
            same[left : left + _BLOCK] |= (block >= SAME).any(axis=0)
            pairs = _nearest(pairs, block, top, left, least)
        if progress:
            progress(min(top + _BLOCK, len(rows)), len(rows), "comparing pictures")
    return pairs


def _least(pairs: Pairs) -> float:
    """The cosine of a pair that is kept."""
    return NEAR if len(pairs.cosines) < PAIRS else float(pairs.cosines[-1])


def _nearest(pairs: Pairs, block: Float32Array, top: int, left: int, least: float) -> Pairs:
    """The nearest of ``pairs`` and those of a block whose first row and column are ``top`` and ``left``."""
    places = np.flatnonzero(block.ravel() >= least)
    if len(places) > PAIRS:
        places = places[np.argpartition(-block.ravel()[places], PAIRS)[:PAIRS]]
    row, column = np.divmod(places, block.shape[1])
    found = np.stack([top + row, left + column], axis=1)
    cosines = np.concatenate([pairs.cosines, block.ravel()[places]])
    order = np.argsort(-cosines, kind="stable")[:PAIRS]
    return Pairs(pairs.same, cosines[order], np.concatenate([pairs.rows, found])[order])


def texts(index: Index, look: Look) -> list[Finding]:
    """Passages that another one repeats word for word."""
    copies, groups = repeated(index, look)
    if not copies:
        return []
    says = f"{many(copies, 'passage')} of {look.documents - look.images:,} repeat another one word for word; "
    says += "a search may show them beside it."
    examples = tuple(" = ".join(ids) for ids in groups)
    return [Finding(Level.NOTE, "repeated passages", says, examples=examples, figures={"copies": copies})]


def pictures(look: Look, progress: Progress | None = None) -> list[Finding]:
    """Pictures that are copies of others, as a search folds them; pages of PDFs are not compared."""
    compared = look.pictures.documents
    pairs = near_pairs(look.pictures.rows, progress)
    copied, best = _confirmed(compared, pairs, progress)
    if not copied.any():
        return []
    same = int(pairs.same.sum())
    drawn = "" if look.pictures.is_all else f" drawn from {look.pictures.seen:,}"
    says = f"{int(copied.sum()):,} of {many(len(compared), 'picture')}{drawn} are copies of one another, "
    says += f"{same:,} of them to the pixel. A search shows one of each, unless it is told --every-copy."
    figures = {"copies": int(copied.sum()), "same": same, "compared": len(compared)}
    return [Finding(Level.NOTE, "copied pictures", says, examples=tuple(best), figures=figures)]


def _confirmed(
    compared: list[Document], pairs: Pairs, progress: Progress | None
) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """Which pictures are copies, bool [n], and the first few pairs."""
    copied, best = pairs.same.copy(), list[str]()
    for done, ((one, other), cosine) in enumerate(
        zip(pairs.rows.tolist(), pairs.cosines.tolist(), strict=True), 1
    ):
        if are_copies(compared[one], compared[other], cosine):
            copied[[one, other]] = True
            if len(best) < EXAMPLES:
                best.append(f"{compared[one].id} = {compared[other].id} ({cosine:.3f})")
        if progress:
            progress(done, len(pairs.rows), "looking at pictures")
    return copied, best
