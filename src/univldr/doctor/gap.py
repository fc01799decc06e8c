"""How far texts and pictures lie apart, as a ranking feels it, and what centering makes of it.

The passages of an index stand in for queries. Where they find few pictures, it may be that the pictures show
something else, which is as it should be. So the model is asked, too: sentences about everything and nothing
should score about the same with any passage as with any picture. Where they do not, the two kinds lie in
cones of their own (Liang et al., *Mind the Gap*, arXiv 2203.02053).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from univldr.centering import center, center_queries, modality_means
from univldr.doctor.findings import Finding, Level, share
from univldr.types import Document, Encoder, Float32Array, Modality, Query

FEWEST = 20
"""Documents that either kind must have; below it a gap says nothing."""

TOO_FAR = 1.5
"""Standard deviations between the scores of passages and of pictures from which the kinds count as apart.
With the bundled model, which has no gap, three sets of texts with four of pictures gave -0.8 to 0.4."""

PROBES = (
    "The train leaves the station at seven in the morning.",
    "A kitten sleeps on a woollen blanket.",
    "Interest rates rose by half a percent last year.",
    "Mountains covered with snow under a blue sky.",
    "The recipe asks for two eggs and a cup of flour.",
    "A violinist tunes her instrument before the concert.",
    "The parliament voted on the new education law.",
    "Children play football in the park.",
    "The engine overheats when the coolant is low.",
    "A red bicycle leans against a brick wall.",
    "The patient was given antibiotics for ten days.",
    "Waves break on a rocky beach at sunset.",
    "The novel tells the story of three sisters.",
    "A map of the old town with its churches.",
    "The program crashes when the file is empty.",
    "A bowl of fresh fruit on a kitchen table.",
    "The planet has rings of ice and dust.",
    "Two men in suits shake hands.",
    "Wheat is harvested in late summer.",
    "A diagram of the water cycle.",
    "The castle was built in the twelfth century.",
    "A bird feeds its young in a nest.",
    "The contract ends after twelve months.",
    "Heavy traffic in the rain at night.",
)
"""Sentences on many subjects, half of them about what can be seen."""

_QUERIES, _SCORED, _TOP = 200, 2000, 10
_SEED = 2
_TEXT = 0  # among the kinds


@dataclass(frozen=True, slots=True)
class Gap:
    """Passages stand in for queries in words.

    Attributes:
        distance: Between the mean vectors of texts and of pictures.
        texts, images: The scores that a passage gives to others and to pictures: 5%, mean, 95%.
        offset: Mean score of the texts less that of the pictures, in standard deviations.
        found: The share of pictures among a passage's nearest 10.
        pool: The share of pictures among all.
        probes: As ``offset``, but of the scores that ``PROBES`` give; ``None`` where there is no model.
    """

    distance: float
    texts: tuple[float, float, float]
    images: tuple[float, float, float]
    offset: float
    found: float
    pool: float
    probes: float | None

    @property
    def is_wide(self) -> bool:
        """Whether one kind crowds the other out, and it is the model's doing."""
        crowded = self.found < self.pool / 2 or 1 - self.found < (1 - self.pool) / 2
        return self.probes is not None and abs(self.probes) > TOO_FAR and crowded

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {name: _rounded(value) for name, value in asdict(self).items()}


def measure(documents: list[Document], rows: Float32Array, encoder: Encoder | None) -> tuple[Gap, Gap] | None:
    """The gap as it is and with the means taken out; ``None`` where one kind is too rare.

    Args:
        documents: All, or drawn at random.
        rows: float32 [len(documents), dim], their vectors.
        encoder: What made them.
    """
    kinds = np.array([document.modality is Modality.IMAGE for document in documents], np.uint8)
    if min(kinds.sum(), len(kinds) - kinds.sum()) < FEWEST:
        return None
    means = modality_means(rows, kinds)
    probes = centered = None
    if encoder is not None:
        probes = encoder.encode_queries([Query(text) for text in PROBES])
        centered = center_queries(probes, means[_TEXT])
    pictures = kinds.astype(bool)
    return _measured(rows, pictures, probes), _measured(center(rows, kinds, means), pictures, centered)


def _measured(rows: Float32Array, pictures: npt.NDArray[np.bool_], probes: Float32Array | None) -> Gap:
    drawing = np.random.default_rng(_SEED)
    texts, images = np.flatnonzero(~pictures), np.flatnonzero(pictures)
    queries = drawing.permutation(texts)[:_QUERIES]
    scores = rows[queries] @ rows.T
    scores[np.arange(len(queries)), queries] = -np.inf  # itself
    nearest = np.argpartition(-scores, _TOP, axis=1)[:, :_TOP]
    kinds = [drawing.permutation(kind)[:_SCORED] for kind in (texts, images)]
    to_texts, to_images = (scores[:, kind][np.isfinite(scores[:, kind])] for kind in kinds)
    return Gap(
        distance=float(np.linalg.norm(rows[texts].mean(axis=0) - rows[images].mean(axis=0))),
        texts=_range(to_texts),
        images=_range(to_images),
        offset=_offset(to_texts, to_images),
        found=float(pictures[nearest].mean()),
        pool=float(pictures.mean()),
        probes=None if probes is None else _offset(*(probes @ rows[kind].T for kind in kinds)),
    )


def _offset(one: Float32Array, other: Float32Array) -> float:
    """How far the mean of one lies above that of the other, in standard deviations."""
    spread = float(np.sqrt((one.var() + other.var()) / 2))
    return float(one.mean() - other.mean()) / max(spread, 1e-9)


def _range(scores: Float32Array) -> tuple[float, float, float]:
    low, high = np.quantile(scores, [0.05, 0.95])
    return float(low), float(scores.mean()), float(high)


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_rounded(one) for one in value]
    return value if value is None else round(value, 4)


def finding(gap: Gap, centered: Gap, *, joint: bool, has_means: bool, update: str) -> Finding | None:
    """What a wide gap means for searches of this index; ``None`` where it is not wide.

    Args:
        gap: As it is.
        centered: With the means taken out.
        joint: Whether the model says that it was trained on both kinds, so that searches do not center.
        has_means: Whether the index keeps the means.
        update: The command that takes them.
    """
    if not gap.is_wide:
        return None
    says = (
        f"Texts and pictures lie {gap.distance:.2f} apart: a passage gives other passages scores of "
        f"{_spelled(gap.texts)} and pictures {_spelled(gap.images)}. Of its nearest {_TOP}, "
        f"{share(gap.found)} are pictures; of the index, {share(gap.pool)}. "
    )
    if not joint and has_means:
        says += (
            f"Searches take the means out (--center auto): then {share(centered.found)} of the nearest are."
        )
        return Finding(Level.NOTE, "gap", says)
    if not joint:
        says += "Searches cannot take that out yet: the index does not know the means."
        return Finding(Level.POOR, "gap", says, f"take them: {update}")
    if centered.is_wide:
        says += "Centering does not help."
        return Finding(Level.POOR, "gap", says, "train the model on both: univldr train; or see --image-bias")
    says += f"With the means taken out, {share(centered.found)} of the nearest are."
    return Finding(
        Level.POOR,
        "gap",
        says,
        'search with --center on, or write "joint": false into the model\'s univldr.json',
    )


def _spelled(scores: tuple[float, float, float]) -> str:
    low, mean, high = scores
    return f"{mean:.2f} ({low:.2f} to {high:.2f})"
