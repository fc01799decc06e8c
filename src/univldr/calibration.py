"""Calibration: what a score says. A relevance from 0 to 1 that means the same for a passage and a picture.

The cosine of a query with the passage that answers it and its cosine with the picture that does are not the
same number, and a caption changes it again. Each kind of document therefore has a logistic curve of its own
from score to relevance (Platt, *Probabilistic Outputs for Support Vector Machines*, 1999), fitted by
:mod:`univldr.training.calibrate` on queries whose answers are known, and kept with the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from univldr.types import Document, Float32Array, Modality

KINDS = ("text", "image", "captioned")
"""A passage, a picture without words, a picture with a caption or generated words."""


def kind_of(document: Document) -> int:
    """The document's kind, an index into ``KINDS``."""
    if document.modality is Modality.TEXT:
        return KINDS.index("text")
    return KINDS.index("captioned" if document.text.strip() or document.expansions else "image")


class Curve(NamedTuple):
    """The relevance of a score is ``1 / (1 + exp(-slope * (score - middle)))``.

    Attributes:
        slope: Above 0: a better score is never less relevant.
        middle: The score of relevance 0.5.
    """

    slope: float
    middle: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one model, for queries in words.

    Attributes:
        curves: By name of the kind; a kind that was not fitted is missing.
        answer_threshold: A best hit of less relevance counts as no answer.
    """

    curves: Mapping[str, Curve]
    answer_threshold: float

    def relevance(self, scores: npt.ArrayLike, kinds: npt.ArrayLike) -> Float32Array:
        """How sure it is that documents answer, monotone in the score within a kind.

        Args:
            scores: Cosines, of any shape.
            kinds: Indices into ``KINDS``, of the same shape.

        Returns:
            float32 of that shape, in [0, 1]; NaN where the kind has no curve.
        """
        none = Curve(math.nan, math.nan)
        table = np.array([self.curves.get(kind, none) for kind in KINDS])
        slope, middle = np.moveaxis(table[np.asarray(kinds, np.int64)], -1, 0)
        # the logistic function, written so that nothing overflows
        return np.asarray(0.5 + 0.5 * np.tanh(slope * (np.asarray(scores) - middle) / 2), np.float32)

    def lowest_score(self, relevance: float) -> float:
        """Below this score no document of any kind is as relevant; ``-inf`` where that is not known."""
        if not 0 < relevance < 1 or len(self.curves) < len(KINDS):
            return -math.inf
        odds = math.log(relevance / (1 - relevance))
        return min(curve.middle + odds / curve.slope for curve in self.curves.values())

    def answers(self, relevances: Sequence[float | None]) -> bool | None:
        """Whether any of these hits counts as an answer; ``None`` where no relevance is known of one.

        A hit of unknown relevance may be the answer, so that nothing is said against it.
        """
        known = [relevance for relevance in relevances if relevance is not None]
        if any(relevance >= self.answer_threshold for relevance in known):
            return True
        return False if len(known) == len(relevances) > 0 else None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Self:
        """From its plain form.

        Raises:
            ValueError: a value is missing, of another type or out of its bounds.
        """
        try:
            threshold = float(fields["answer_threshold"])
            curves = {
                str(kind): Curve(float(curve["slope"]), float(curve["middle"]))
                for kind, curve in fields["curves"].items()
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"missing or malformed value: {error}") from error
        if unknown := curves.keys() - set(KINDS):
            raise ValueError(f"no kind {sorted(unknown)[0]!r}; there are {', '.join(KINDS)}")
        for kind, curve in curves.items():
            if not (0 < curve.slope < math.inf and math.isfinite(curve.middle)):
                raise ValueError(f"{kind} has slope {curve.slope} and middle {curve.middle}; "
                                 "give a finite slope above 0")  # fmt: skip
        if not 0 <= threshold <= 1:
            raise ValueError(f"answer_threshold is {threshold}; give 0 to 1")
        return cls(curves, threshold)

    def plain(self) -> dict[str, Any]:
        """What :meth:`parse` reads, for JSON."""
        curves = {
            kind: {name: round(value, 4) for name, value in curve._asdict().items()}
            for kind, curve in self.curves.items()
        }
        return {"curves": curves, "answer_threshold": round(self.answer_threshold, 6)}


@runtime_checkable
class Calibrated(Protocol):
    """An encoder that may have a calibration."""

    @property
    def calibration(self) -> Calibration | None:
        """``None`` where its model has none."""
