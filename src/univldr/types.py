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


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: words, a picture (path or encoded bytes), or both."""

    text: str = ""
    image: Path | bytes | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of a ranked list.

    Attributes:
        rank: From 1.
        score: Cosine between query and document, in [-1, 1].
        document: The document without its pixels; ``image`` is a path where there is one.
        explanation: Where it was asked for, named parts that add up to the score: ``text`` of a passage;
            ``pixels``, ``caption`` and ``generated:ORIGIN`` of a picture; ``document`` of what has no parts.
        relevance: How sure it is that the document answers, in [0, 1], the same for passages and pictures;
            ``None`` where that is not known: the model is not calibrated, or the query has a picture.
    """

    rank: int
    score: float
    document: Document
    explanation: Mapping[str, float] = field(default_factory=dict)
    relevance: float | None = None


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
