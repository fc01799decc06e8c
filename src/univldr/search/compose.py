"""Words, pictures, terms and documents to be like, put together into one query vector.

Each is a unit vector; the query is their weighted sum, what is unwanted with a minus, at unit length. With
centering, each first loses the mean of its own modality, so that "a photo of" does not count as content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from univldr.centering import center
from univldr.errors import ConfigError, StoreError
from univldr.index.base import Index
from univldr.index.means import Means
from univldr.types import Encoder, Float32Array, Modality, Query

_NOTHING_LEFT = 1e-4  # length of a sum whose parts cancel out


@dataclass(frozen=True, slots=True)
class Component:
    """One addend: its weight (below 0 is away from it), float32 [dim] at unit length, whose mean it has."""

    weight: float
    row: Float32Array
    modality: Modality


def components(query: Query, encoder: Encoder, index: Index) -> list[Component]:
    """What ``query`` is made of.

    Raises:
        ImageError: a picture cannot be decoded.
        StoreError: a document to be like is not in the index.
    """
    signed = [(1.0, query.text, query.image)] if query.text.strip() or query.image is not None else []
    signed += [(term.weight, term.text, term.image) for term in query.plus]
    signed += [(-term.weight, term.text, term.image) for term in query.minus]
    rows = encoder.encode_queries([Query(text, image) for _, text, image in signed]) if signed else ()
    found = [
        Component(weight, row, Modality.TEXT if image is None else Modality.IMAGE)
        for (weight, _, image), row in zip(signed, rows, strict=True)
    ]
    return [*found, *_documents(query.like, index)]


def combined(parts: Sequence[Component], means: Means | None = None) -> Float32Array:
    """float32 [dim], a unit row; with ``means``, of centered components.

    Raises:
        ConfigError: the components cancel out.
    """
    rows = np.stack([part.row for part in parts])
    if means is not None:
        rows = centered(rows, [part.modality for part in parts], means)
    weights = np.array([part.weight for part in parts], np.float32)
    total: Float32Array = weights @ rows
    length = float(np.linalg.norm(total))
    if length < _NOTHING_LEFT:
        raise ConfigError("the query's terms cancel out; give one of them another weight")
    return total / np.float32(length)


def centered(rows: Float32Array, modalities: Sequence[Modality], means: Means) -> Float32Array:
    """Rows [n, dim] less the mean of their modality, at unit length again."""
    known = {number: mean for number, one in enumerate(Modality) if (mean := means.of(one)) is not None}
    return center(rows, np.array([list(Modality).index(one) for one in modalities], np.uint8), known)


def _documents(ids: Sequence[str], index: Index) -> list[Component]:
    rows = index.vectors(ids)
    if missing := [id_ for id_ in ids if id_ not in rows]:
        raise StoreError(f"no document {missing[0]!r} in the index to be like; was it renamed or removed?")
    documents = index.get(ids)
    return [Component(1.0, rows[one.id], one.modality) for one in documents if one is not None]
