"""The words of the project: documents, queries, hits, and the arrays between modules."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]

Progress = Callable[[int, int, str], None]
"""Told how far a long step is: done, of how many, a label."""


class Modality(enum.StrEnum):
    """What a document is made of."""

    TEXT = "text"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Expansion:
    """Words made from an image, which join its caption when it is encoded.

    Attributes:
        text: The words.
        origin: The verbalizer that made them, such as ``caption`` or ``ocr``, or any other name; "" where
            nobody said.
        weight: How much of what the words change in the picture's vector is kept, above 0 and up to 1, which
            is UniVL-DR's.
    """

    text: str
    origin: str = ""
    weight: float = 1.0

    @classmethod
    def parse(cls, value: object) -> Expansion:
        """From its plain form: a string, or ``{"text": ..., "origin": ..., "weight": ...}``.

        Raises:
            ValueError: it is neither.
        """
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, Mapping) and value.keys() <= {"text", "origin", "weight"} and "text" in value:
            text, origin, weight = value["text"], value.get("origin", ""), value.get("weight", 1.0)
            kinds = isinstance(text, str), isinstance(origin, str), isinstance(weight, int | float)
            if all(kinds) and 0 < weight <= 1:
                return cls(text, origin, float(weight))
        raise ValueError('neither a string nor an object with "text", "origin" and a "weight" up to 1')

    def plain(self) -> str | dict[str, Any]:
        """What :meth:`parse` reads, for JSON."""
        fields: dict[str, Any] = {"text": self.text}
        fields |= {"origin": self.origin} if self.origin else {}
        fields |= {"weight": self.weight} if self.weight != 1 else {}
        return fields if len(fields) > 1 else self.text


@dataclass(frozen=True, slots=True)
class Document:
    """A passage or a captioned image.

    Attributes:
        id: Unique within a corpus.
        modality: ``TEXT`` needs ``text``; ``IMAGE`` needs ``image``.
        text: The passage, or the image's caption; empty when an image has none.
        image: Path to the picture, or its encoded bytes; ``None`` for passages.
        title: Shown with a hit; never encoded as if it were a caption.
        expansions: Words made from the image by a verbalizer; they join the caption when encoded.
        metadata: Any further fields, JSON-serialisable. ``verbalize`` among them says which verbalizers may
            add to this document: ``False`` none of them, a list of names only those.
    """

    id: str
    modality: Modality
    text: str = ""
    image: Path | bytes | None = field(default=None, repr=False)
    title: str = ""
    expansions: tuple[Expansion, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str | None:
        """The file it comes from, where there is one."""
        path = self.metadata.get("path") or self.image
        return str(path) if isinstance(path, str | Path) else None


MINUS = 0.5
"""The weight that serves best for what should not be there; see ``python -m benchmarks.results``."""


@dataclass(frozen=True, slots=True)
class Term:
    """Something that is added to a query, or taken away from it: words, a picture, or both.

    Attributes:
        weight: How much it counts beside the query itself, which counts 1.
    """

    text: str = ""
    image: Path | bytes | None = field(default=None, repr=False)
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: words, a picture (path or encoded bytes), or both, and what changes it.

    An encoder reads ``text`` and ``image``; :class:`univldr.search.Searcher` puts the rest together, as a
    weighted sum of unit vectors.

    Attributes:
        plus: What should be there as well.
        minus: What should not be there.
        like: Ids of documents of the index to be near to: "more like this".
    """

    text: str = ""
    image: Path | bytes | None = field(default=None, repr=False)
    plus: tuple[Term, ...] = ()
    minus: tuple[Term, ...] = ()
    like: tuple[str, ...] = ()

    @property
    def is_words(self) -> bool:
        """Whether it is words and nothing else."""
        return not (self.image is not None or self.plus or self.minus or self.like)


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of a ranked list.

    Attributes:
        rank: From 1.
        score: Cosine between query and document, in [-1, 1], and what a search adds to it.
        document: The document without its pixels; ``image`` is a path where there is one.
        explanation: Where it was asked for, named parts that add up to the score: ``text`` of a passage;
            ``pixels``, ``caption`` and ``generated:ORIGIN`` of a picture; ``document`` of what has no parts;
            then ``lexical``, ``centering`` and ``image bias``, as far as they count.
        relevance: How sure it is that the document answers, in [0, 1], the same for passages and pictures;
            ``None`` where that is not known: the model is not calibrated, or the query is not words alone.
        more: Ids of further documents of the same file, as far as they score what the last hit does, best
            first.
        copies: Ids of near-duplicate pictures that this hit stands for.
    """

    rank: int
    score: float
    document: Document
    explanation: Mapping[str, float] = field(default_factory=dict)
    relevance: float | None = None
    more: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()


class Encoder(Protocol):
    """Maps queries and documents to unit rows of one space."""

    @property
    def name(self) -> str:
        """What ``load_encoder`` loaded it by, e.g. ``mini``."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same input could give another vector."""

    @property
    def max_tokens(self) -> int:
        """Longest text that is encoded whole, special tokens included."""

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Token counts, special tokens included, untruncated."""

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        """float32 [len(queries), dim], unit rows."""

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """float32 [len(documents), dim], unit rows, in order."""
