"""The mean vector of each modality of an index, for centering (GR-CLIP), kept in its manifest.

Vectors are stored as the encoder made them. Means are taken in two passes over them, so not after every small
change: those that are kept serve until one modality, or all of it, has changed by ``STALE``.

A centered search also needs to know how near a document can be to its modality's mean (see
:mod:`univldr.search.candidates`). That distance has to hold for every document at every moment, so it is
lowered, where it must be, before a document is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from univldr.index.manifest import Manifest
from univldr.types import Document, Float32Array, Modality, Progress

if TYPE_CHECKING:
    from univldr.index.cluster import Cluster
    from univldr.index.store import Store

STALE = 0.05
"""Share of the documents that may have changed before means are taken anew."""

_SLACK = 1 - 1e-5  # what rounding may make of a distance
_DECIMALS = 8
_LABEL = "taking means"


class Means(NamedTuple):
    """Means as float32 [dim], ``None`` where there were no such documents.

    Attributes:
        nearest: A lower bound of the distance of a modality's documents from its mean, |d - mean|; 0 where
            nothing is known.
    """

    text: Float32Array | None
    image: Float32Array | None
    nearest: Mapping[Modality, float]

    def of(self, modality: Modality) -> Float32Array | None:
        """The mean of one modality."""
        return self.image if modality is Modality.IMAGE else self.text

    @property
    def have_both(self) -> bool:
        """Whether there is one of each modality; else there is no gap to close."""
        return self.text is not None and self.image is not None


def means_of(manifest: Manifest) -> Means | None:
    """The means that an index keeps; ``None`` where it keeps none."""
    kept = manifest.modality_means
    if not kept:
        return None
    rows = {name: np.array(row, np.float32) for name, row in kept.items()}
    nearest = {modality: manifest.modality_nearest.get(modality, 0.0) for modality in Modality}
    return Means(rows.get(Modality.TEXT), rows.get(Modality.IMAGE), nearest)


def admit(store: Store | Cluster, documents: Sequence[Document], vectors: Float32Array) -> None:
    """Keep the distances in the manifest right for documents that are about to be stored.

    To be called before they are, in a ``with store.writing`` around both: a crash in between leaves a
    distance that is too small, which costs time and no answer. Few calls write: the more documents there are,
    the more seldom one is nearer than all.

    Args:
        store: The index.
        documents: Of any modality.
        vectors: float32 [len(documents), dim].

    Raises:
        StoreError: the manifest cannot be written.
    """
    means = means_of(store.manifest)
    if means is None or not documents:
        return
    found = _nearest(documents, vectors, {modality: means.of(modality) for modality in Modality})
    known = store.manifest.modality_nearest
    lowered = {modality: distance for modality, distance in found.items() if distance < known[modality]}
    if lowered:
        store.change(modality_nearest={**known, **lowered})


def refresh(store: Store | Cluster, changed: int, progress: Progress | None = None) -> None:
    """Take the means anew if there are none or too many documents changed since they were taken.

    Args:
        store: The index; whoever wants to change it meanwhile waits.
        changed: Documents stored, overwritten or deleted since the last call.
        progress: Told how far it is.

    Raises:
        StoreError: the index cannot be read, or the manifest not be written.
    """
    with store.writing:
        total = store.manifest.changed_since_means + changed
        if _stale(store, total):
            store.change(**_taken(store, progress), changed_since_means=0)
        elif changed:
            store.change(changed_since_means=total)


def _stale(store: Store | Cluster, changed: int) -> bool:
    """Counts tell of changes that a killed run did not live to note."""
    counted = store.manifest.modality_counts
    if not counted:
        return store.engine.count() > 0
    moved = [
        abs(store.engine.count(one) - counted.get(one, 0)) > STALE * counted.get(one, 0) for one in Modality
    ]
    return any(moved) or changed > STALE * sum(counted.values())


def _taken(store: Store | Cluster, progress: Progress | None) -> dict[str, Any]:
    """The fields of the manifest; memory does not grow with the index."""
    total = 2 * store.engine.count()
    sums = {modality: np.zeros(store.manifest.dim) for modality in Modality}
    counts, present = dict.fromkeys(Modality, 0), dict.fromkeys(Modality, 0)
    done = 0
    for documents, rows in store.engine.scan():
        for modality, chosen in _split(documents, rows):
            sums[modality] += chosen.sum(axis=0, dtype=np.float64)
            counts[modality] += len(chosen)
            present[modality] += int(chosen.any(axis=1).sum())  # a row of zeros counts in no mean
        done = _told(progress, done + len(documents), total)
    means = {
        modality: np.round(sums[modality] / max(present[modality], 1), _DECIMALS).astype(np.float32)
        for modality in Modality
        if counts[modality]
    }
    nearest: dict[Modality, float] = {}
    for documents, rows in store.engine.scan():
        for modality, distance in _nearest(documents, rows, means).items():
            nearest[modality] = min(distance, nearest.get(modality, distance))
        done = _told(progress, done + len(documents), total)
    return {
        "modality_means": {
            one.value: [round(float(x), _DECIMALS) for x in mean] for one, mean in means.items()
        },
        "modality_counts": {modality.value: counts[modality] for modality in means},
        "modality_nearest": {modality.value: distance for modality, distance in nearest.items()},
    }


def _nearest(
    documents: Sequence[Document], vectors: Float32Array, means: Mapping[Modality, Float32Array | None]
) -> dict[Modality, float]:
    found = {}
    for modality, rows in _split(documents, vectors):
        mean = means.get(modality)
        if mean is not None:
            found[modality] = float(np.linalg.norm(rows - mean, axis=1).min()) * _SLACK
    return found


def _split(documents: Sequence[Document], rows: Float32Array) -> list[tuple[Modality, Float32Array]]:
    """The rows of each modality that occurs."""
    pictures = np.array([document.modality is Modality.IMAGE for document in documents], bool)
    parts = [(Modality.TEXT, rows[~pictures]), (Modality.IMAGE, rows[pictures])]
    return [(modality, part) for modality, part in parts if len(part)]


def _told(progress: Progress | None, done: int, total: int) -> int:
    if progress:
        progress(done, total, _LABEL)
    return done
