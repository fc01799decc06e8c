"""Scored documents: their cosines, and what centering, a bias and shared words add to them.

Everything that can be added to a score is a named addend, so that a score can always be told as a sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from univldr import lexical
from univldr.calibration import Calibration, kind_of
from univldr.errors import NoWordsError
from univldr.index.base import Index
from univldr.index.means import Means
from univldr.search.request import Request
from univldr.types import Document, Float32Array, Hit, Modality, Query

LEXICAL, CENTERING, BIAS = "lexical", "centering", "image bias"
"""Names of addends."""

_DEPTH = 100  # documents that each list gives at least, so that fusion has something to fuse
_FARTHEST = 16  # times as many documents as wanted are looked at for a centered list, at most


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document and its score.

    Attributes:
        nearness: What the vectors alone say: a cosine, centered if the search is.
        scale: What the cosine was multiplied by for centering; 1 without.
        added: Name to what was added to the nearness.
    """

    document: Document
    nearness: float
    scale: float = 1.0
    added: Mapping[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The sum."""
        return self.nearness + sum(self.added.values())


class Ranking(Protocol):
    """Gives the best candidates of one query, by score downwards, equal ones by id."""

    def top(self, n: int) -> list[Candidate]:
        """The best ``n``; fewer only where fewer match."""


class Plain:
    """By cosine."""

    def __init__(self, index: Index, vector: Float32Array, request: Request) -> None:
        self._index, self._vector, self._request = index, vector, request

    def top(self, n: int) -> list[Candidate]:
        """See ``Ranking.top``."""
        hits = self._index.query(self._vector, n, modality=self._request.modality, where=self._request.where)
        return list(map(_candidate, hits))


class Biased:
    """By another ranking of each modality, pictures' scores shifted."""

    def __init__(self, rankings: Mapping[Modality, Ranking], bias: float) -> None:
        self._rankings, self._bias = rankings, bias

    def top(self, n: int) -> list[Candidate]:
        """See ``Ranking.top``."""
        found = [one for ranking in self._rankings.values() for one in ranking.top(n)]
        return ordered(biased(one, self._bias) for one in found)[:n]


class Centered:
    """One modality by centered cosine: ``(d - m) · q / |d - m|``, where ``m`` is the modality's mean.

    The engine ranks by ``d · q``, which differs by a document's own ``|d - m|``. So more documents are
    fetched than wanted, and rescored, until none of the others can be among the best: what is left has at
    most the last one's ``d · q``, and at least the modality's smallest ``|d - m|``.
    """

    def __init__(
        self, index: Index, vector: Float32Array, request: Request, mean: Float32Array, nearest: float
    ) -> None:
        self._plain = Plain(index, vector, request)
        self._index, self._vector, self._mean = index, vector, mean
        self._shift = float(mean @ vector)
        self._nearest = max(nearest, 1e-6)
        self._farthest = 1 + float(np.linalg.norm(mean))

    def top(self, n: int) -> list[Candidate]:
        """See ``Ranking.top``."""
        depth = max(2 * n, _DEPTH)
        while True:
            found = self._plain.top(depth)
            best = ordered(self._rescored(found))[:n]
            everything = len(found) < depth
            if everything or depth >= _FARTHEST * n or (best and self._bound(found[-1]) <= best[-1].score):
                return best
            depth *= 2

    def _rescored(self, found: Sequence[Candidate]) -> Iterable[Candidate]:
        rows = self._index.vectors([one.document.id for one in found])
        there = (one.document for one in found if one.document.id in rows)
        return (scored(one, rows[one.id], self._vector, self._mean) for one in there)

    def _bound(self, last: Candidate) -> float:
        """No document beyond ``last``, the lowest of the engine's list, scores more."""
        product = last.nearness - self._shift
        return product / (self._nearest if product > 0 else self._farthest)


class Worded:
    """Another ranking, to which documents with the query's words are added and get what these are worth."""

    def __init__(
        self, ranking: Ranking, index: Index, request: Request, near: Near, calibration: Calibration | None
    ) -> None:
        self._ranking, self._index, self._request, self._near = ranking, index, request, near
        self._calibration = calibration
        self._mode: lexical.Mode = "on" if request.lexical == "on" else "auto"

    def top(self, n: int) -> list[Candidate]:
        """See ``Ranking.top``."""
        few = lexical.enough(self._mode, self._calibration)
        depth = max(n, _DEPTH)
        found = {one.document.id: one for one in self._ranking.top(n if few else depth)}
        text, request = self._request.query.text, self._request
        try:
            said = self._index.query_words(text, few or depth, modality=request.modality, where=request.where)
        except NoWordsError:
            if request.lexical == "on":
                raise
            return ordered(found.values())[:n]
        coverage = {hit.document.id: hit.score for hit in said}
        unsaid = [id_ for id_ in found if id_ not in coverage]
        if unsaid and not few and len(said) == depth:  # else no other has any of the words
            rest = self._index.query_words(text, len(unsaid), ids=unsaid)
            coverage |= {hit.document.id: hit.score for hit in rest}
        unseen = [hit.document for hit in said if hit.document.id not in found]
        found |= {one.document.id: one for one in self._near.candidates(unseen)}
        return ordered(self._raised(list(found.values()), coverage))[:n]

    def _raised(self, found: list[Candidate], coverage: Mapping[str, float]) -> list[Candidate]:
        added = _share_of_words(self._request.query) * lexical.fuse(
            np.array([one.nearness for one in found], np.float32),
            np.array([coverage.get(one.document.id, 0.0) for one in found], np.float32),
            np.array([kind_of(one.document) for one in found], np.int64),
            mode=self._mode,
            calibration=self._calibration,
        )
        return [
            replace(one, added={**one.added, LEXICAL: float(more)}) if more else one
            for one, more in zip(found, added, strict=True)
        ]


def _share_of_words(query: Query) -> float:
    """How much of a query its words are: all of it, or their part of a composed one."""
    terms = sum(term.weight for term in (*query.plus, *query.minus))
    return 1 / (1 + (query.image is not None) + terms + len(query.like))


class Near:
    """Candidates of given documents, scored as the rankings score theirs."""

    def __init__(self, index: Index, vector: Float32Array, request: Request, means: Means | None) -> None:
        self._index, self._vector, self._means = index, vector, means
        self._bias = request.image_bias

    def candidates(self, documents: Sequence[Document]) -> Iterable[Candidate]:
        """In the order of the documents, without those that were deleted meanwhile."""
        rows = self._index.vectors([document.id for document in documents])
        for document in documents:
            if document.id in rows:
                yield self._candidate(document, rows[document.id])

    def _candidate(self, document: Document, row: Float32Array) -> Candidate:
        mean = self._means and self._means.of(document.modality)
        return biased(scored(document, row, self._vector, mean), self._bias)


def scored(
    document: Document, row: Float32Array, vector: Float32Array, mean: Float32Array | None
) -> Candidate:
    """A document by its vector, centered where there is a mean."""
    if mean is None:
        return Candidate(document, float(row @ vector))
    length = max(float(np.linalg.norm(row - mean)), 1e-6)
    return Candidate(document, float((row - mean) @ vector) / length, 1 / length)


def biased(one: Candidate, bias: float) -> Candidate:
    """A candidate, its score shifted if it is a picture."""
    if not bias or one.document.modality is not Modality.IMAGE:
        return one
    return replace(one, added={**one.added, BIAS: bias})


def ranking(
    index: Index,
    vector: Float32Array,
    request: Request,
    means: Means | None = None,
    calibration: Calibration | None = None,
) -> Ranking:
    """The ranking that a request asks for; ``vector`` is a unit row, centered if there are ``means``."""
    found: Ranking
    if means is None and not request.image_bias:
        found = Plain(index, vector, request)
    else:
        wanted = [request.modality] if request.modality else list(Modality)
        found = Biased({one: _of(one, index, vector, request, means) for one in wanted}, request.image_bias)
    if request.lexical == "off" or not request.query.text.strip():
        return found
    near = Near(index, vector, request, means)
    return Worded(found, index, request, near, calibration if means is None else None)


def _of(
    modality: Modality, index: Index, vector: Float32Array, request: Request, means: Means | None
) -> Ranking:
    only = replace(request, modality=modality)
    mean = means and means.of(modality)
    if means is None or mean is None:
        return Plain(index, vector, only)
    return Centered(index, vector, only, mean, means.nearest[modality])


def ordered(found: Iterable[Candidate]) -> list[Candidate]:
    """By score downwards, equal ones by id."""
    return sorted(found, key=lambda one: (-one.score, one.document.id))


def _candidate(hit: Hit) -> Candidate:
    return Candidate(hit.document, hit.score)
