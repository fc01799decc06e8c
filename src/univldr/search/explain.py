"""A hit's score as named parts that add up to it."""

from __future__ import annotations

from collections.abc import Mapping

from univldr.encoders.parts import WHOLE, Splits
from univldr.errors import ImageError
from univldr.index.means import Means
from univldr.search.candidates import CENTERING, Candidate
from univldr.types import Encoder, Float32Array

_ROUNDING = 0.03
"""Largest change of a score when a document is encoded again: quantized models look at a whole batch."""


def explained(
    one: Candidate, vector: Float32Array, encoder: Encoder, means: Means | None = None
) -> Mapping[str, float]:
    """What the vectors say, split as far as the encoder can, and then what was added.

    Args:
        one: The candidate.
        vector: float32 [dim], the query.
        encoder: Encodes the document's parts anew. A picture that changed since it was indexed has other
            parts than its score is made of: then it counts as a whole.
        means: Those the search was centered by.
    """
    added = dict(one.added)
    if means is not None:
        mean = means.of(one.document.modality)
        if mean is not None:
            added[CENTERING] = -float(mean @ vector) * one.scale
    whole = one.score - sum(added.values())
    return {**(_split(one, vector, encoder, whole) or {WHOLE: whole}), **added}


def _split(one: Candidate, vector: Float32Array, encoder: Encoder, whole: float) -> dict[str, float]:
    """The parts of ``whole``; empty where they cannot be told."""
    if not isinstance(encoder, Splits):
        return {}
    try:
        [rows] = encoder.document_parts([one.document])
    except ImageError:  # it is gone, or was never a file of its own
        return {}
    parts = {name: float(row @ vector) * one.scale for name, row in rows.items()}
    rest = whole - sum(parts.values())
    if abs(rest) > _ROUNDING * one.scale:
        return {}
    parts[max(parts, key=lambda name: abs(parts[name]))] += rest
    return parts
