"""One pass over an index: everything is counted, and what is kept does not grow with the index."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from univldr._pdf import page_of
from univldr.doctor.findings import EXAMPLES, Tally
from univldr.index.base import Index
from univldr.types import Document, Float32Array, Modality, Progress

SAMPLE = 20_000
"""Documents that are kept whole, drawn at random: all of them in an index that has no more."""

PICTURES = 50_000
"""Pictures whose vectors are kept, likewise."""

UNIT = 1e-3
"""How far the length of a vector may be from 1."""

_NOTHING = 1e-6  # length of a vector of zeros, but for rounding
_SEED = 1


class Sample:
    """Documents drawn at random, each as likely as any other (Vitter's algorithm R).

    Attributes:
        seen: How many took part.
        documents: Those drawn.
    """

    def __init__(self, size: int, dim: int) -> None:
        self.seen = 0
        self.documents: list[Document] = []
        self._rows = np.zeros((size, dim), np.float32)  # memory is taken when it is written to
        self._drawing = np.random.default_rng(_SEED)

    def add(self, documents: Sequence[Document], rows: Float32Array) -> None:
        """Let these take part; ``rows`` is float32 [len(documents), dim]."""
        ranks = self.seen + 1 + np.arange(len(documents))
        self.seen += len(documents)
        places = (self._drawing.random(len(documents)) * ranks).astype(np.int64)
        for document, row, place in zip(documents, rows, places.tolist(), strict=True):
            if len(self.documents) < len(self._rows):
                self._rows[len(self.documents)] = row
                self.documents.append(document)
            elif place < len(self._rows):
                self._rows[place] = row
                self.documents[place] = document

    @property
    def rows(self) -> Float32Array:
        """The vectors of those drawn, float32 [len(documents), dim]."""
        return self._rows[: len(self.documents)]

    @property
    def is_all(self) -> bool:
        """Whether nothing was left out."""
        return self.seen == len(self.documents)


@dataclass(slots=True)
class Look:
    """What the pass found.

    Attributes:
        sample: Documents of both kinds with their vectors.
        pictures: Pictures that are files of their own (no pages) with their vectors.
        crooked: Documents whose vector is not finite or not a unit.
        zeros: Documents whose vector is zero.
        empty: Documents without words and pixels.
        missing: Pictures whose file is gone.
        texts: 64-bit digests of the passages, in the order of the scan.
    """

    sample: Sample
    pictures: Sample
    documents: int = 0
    images: int = 0
    crooked: Tally = field(default_factory=Tally)
    zeros: Tally = field(default_factory=Tally)
    empty: Tally = field(default_factory=Tally)
    missing: Tally = field(default_factory=Tally)
    texts: array[int] = field(default_factory=lambda: array("Q"))


def look_at(
    index: Index,
    dim: int,
    *,
    gone: Collection[str] = (),
    away: Sequence[Path] = (),
    files: bool = True,
    progress: Progress | None = None,
) -> Look:
    """Look at every document of an index once.

    Args:
        index: It must not change meanwhile.
        dim: Length of its vectors.
        gone: Documents whose source is known to be gone, or to be another by now.
        away: Roots that do not exist: what lies there is not looked for.
        files: Whether pictures are looked for at all; where the index was made on another machine, they lie
            there.
        progress: Told how far it is.
    """
    total = index.count()
    look = Look(Sample(min(SAMPLE, total), dim), Sample(min(PICTURES, total), dim))
    for documents, rows in index.scan():
        look.documents += len(documents)
        _judge_vectors(look, documents, rows)
        pictures = [number for number, one in enumerate(documents) if one.modality is Modality.IMAGE]
        look.images += len(pictures)
        look.sample.add(documents, rows)
        alone = [n for n in pictures if (file := documents[n].image) is None or not _is_page(file)]
        look.pictures.add([documents[n] for n in alone], rows[alone])
        if files:
            looked_for = [one for n in pictures if (one := documents[n]).id not in gone]
            look.missing.add([one.id for one in looked_for if _is_missing(one, away)])
        look.texts.extend(map(_digest, _passages(documents)))
        if progress:
            progress(look.documents, total, "looking at documents")
    return look


def repeated(index: Index, look: Look) -> tuple[int, list[list[str]]]:
    """How many passages another one repeats word for word, and the ids of a few that are alike."""
    times = Counter(look.texts)
    copies = sum(count - 1 for count in times.values() if count > 1)
    if not copies:
        return 0, []
    most = [digest for digest, count in times.most_common(EXAMPLES) if count > 1]
    found: dict[int, list[str]] = {digest: [] for digest in most}
    for documents, _ in index.scan(vectors=False):
        for document in _passages(documents):
            ids = found.get(_digest(document))
            if ids is not None and len(ids) < EXAMPLES:
                ids.append(document.id)
    return copies, [found[digest] for digest in most]


def _judge_vectors(look: Look, documents: Sequence[Document], rows: Float32Array) -> None:
    lengths = np.linalg.norm(rows, axis=1)
    zero = lengths < _NOTHING  # nor NaN
    crooked = ~zero & ~(np.abs(lengths - 1) <= UNIT)
    look.zeros.add([documents[number].id for number in np.flatnonzero(zero).tolist()])
    look.crooked.add([documents[number].id for number in np.flatnonzero(crooked).tolist()])
    look.empty.add([one.id for one in documents if not one.text.strip() and one.modality is Modality.TEXT])


def _passages(documents: Iterable[Document]) -> Iterable[Document]:
    return (one for one in documents if one.modality is Modality.TEXT and one.text.strip())


def _digest(document: Document) -> int:
    text = document.text.strip().encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def _is_page(file: Path | bytes) -> bool:
    return isinstance(file, Path) and page_of(file) is not None


def _is_missing(document: Document, away: Sequence[Path]) -> bool:
    file = document.image
    if not isinstance(file, Path) or any(file.is_relative_to(root) for root in away):
        return False
    page = page_of(file)
    return not (page[0] if page else file).exists()
