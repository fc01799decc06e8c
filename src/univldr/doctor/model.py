"""Whether the model is still the one that the index was made with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from univldr.calibration import Calibrated
from univldr.doctor.findings import EXAMPLES, Finding, Level, many
from univldr.doctor.look import Sample
from univldr.encoders import load_encoder
from univldr.encoders.settings import TextSettings
from univldr.errors import ConfigError, ImageError, MissingExtra, ModelError, UnivldrError
from univldr.index.base import rebuild_remedy
from univldr.index.manifest import Manifest
from univldr.types import Document, Encoder, Float32Array, Query

SAME = 0.98
"""Cosine that a document encoded again has at least with its stored vector. Quantized graphs depend a little
on the batch: the bundled model gave texts 0.990 or more, pictures 0.994 or more (docs/doctor.md)."""

_AGAIN = 32  # documents that are encoded again
_SEED = 3


def load(manifest: Manifest, index: Path) -> tuple[Encoder | None, list[Finding]]:
    """The model of an index, and what is wrong with it."""
    try:
        encoder = load_encoder(manifest.encoder, TextSettings(manifest.template, manifest.max_tokens))
        encoder.encode_queries([Query("a word")])
        changed = (encoder.fingerprint, encoder.dim) != (manifest.fingerprint, manifest.dim)
    except (ModelError, ConfigError, MissingExtra) as error:
        return None, [unusable(error, index)]
    if not changed:
        return encoder, _uncalibrated(encoder)
    says = (
        f"Model {manifest.encoder!r} is not what the index was made with (fingerprint {encoder.fingerprint}, "
        f"not {manifest.fingerprint}). Its vectors do not belong to those in the index, which refuses it."
    )
    remedy = f"bring the old model back, or {rebuild_remedy(index)}"
    return encoder, [Finding(Level.BROKEN, "other model", says, remedy), *_uncalibrated(encoder)]


def unusable(error: UnivldrError, index: Path) -> Finding:
    """A model that cannot be loaded or that fails."""
    says = f"The model cannot be used: {error}. Without it nothing can be searched or indexed."
    remedy = f"bring it back, or {rebuild_remedy(index)} --model another"
    return Finding(Level.BROKEN, "missing model", says, remedy)


def _uncalibrated(encoder: Encoder) -> list[Finding]:
    if isinstance(encoder, Calibrated) and encoder.calibration is not None:
        return []
    says = (
        f"Model {encoder.name!r} is not calibrated: hits have scores but no relevance, and --min-relevance "
    )
    says += "is refused. univldr calibrate teaches it (docs/calibration.md)."
    return [Finding(Level.NOTE, "not calibrated", says)]


@dataclass(frozen=True, slots=True)
class Drift:
    """Cosines of documents encoded now with their stored vectors, float32 [n]."""

    ids: list[str]
    cosines: Float32Array

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        if not len(self.cosines):
            return {}
        lowest, mean = float(self.cosines.min()), float(self.cosines.mean())
        return {"encoded": len(self.cosines), "lowest": round(lowest, 5), "mean": round(mean, 5)}


def drift(sample: Sample, encoder: Encoder, changed: Collection[str]) -> Drift:
    """Encode a few documents again, of those that are still what they were.

    Args:
        sample: Documents and their stored vectors.
        encoder: As it is now.
        changed: Documents whose source is another now.
    """
    order = np.random.default_rng(_SEED).permutation(len(sample.documents))
    chosen = [n for n in order if sample.documents[n].id not in changed and sample.rows[n].any()][:_AGAIN]
    rows = _encoded([sample.documents[number] for number in chosen], encoder)
    done = [(number, row) for number, row in zip(chosen, rows, strict=True) if row is not None]
    cosines = [_cosine(row, sample.rows[number]) for number, row in done]
    return Drift([sample.documents[number].id for number, _ in done], np.array(cosines, np.float32))


def _cosine(one: Float32Array, other: Float32Array) -> float:
    """NaN, where one of them is not finite, counts as unlike."""
    cosine = float(one @ other) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9)
    return cosine if np.isfinite(cosine) else -1.0


def _encoded(documents: Sequence[Document], encoder: Encoder) -> list[Float32Array | None]:
    """A row for each; ``None`` where it has no picture any more, which is told elsewhere."""
    if not documents:
        return []
    try:
        return list(encoder.encode_documents(list(documents)))
    except (ImageError, MissingExtra):
        if len(documents) == 1:
            return [None]
        half = len(documents) // 2
        return [*_encoded(documents[:half], encoder), *_encoded(documents[half:], encoder)]


def drift_findings(drift: Drift, index: Path) -> list[Finding]:
    """Stored vectors that the model would not give today."""
    far = np.flatnonzero(drift.cosines < SAME)
    if not len(far):
        return []
    lowest = float(drift.cosines.min())
    says = (
        f"Of {many(len(drift.cosines), 'document')} encoded again, {len(far)} did not give the vector in the "
        f"index: the lowest cosine is {lowest:.3f}, where rounding explains {SAME}. They rank where they "
        "should not."
    )
    worst = sorted(far, key=lambda number: float(drift.cosines[number]))[:EXAMPLES]
    examples = tuple(f"{drift.ids[number]} ({drift.cosines[number]:.3f})" for number in worst)
    figures = drift.plain() | {"differ": len(far)}
    return [Finding(Level.BROKEN, "score drift", says, rebuild_remedy(index), examples, figures)]
