"""An index of made-up vectors in three dimensions, and an encoder whose words are directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from univldr.index import ExactIndex
from univldr.search import Searcher
from univldr.types import Document, Float32Array, Modality, Query


def unit(*values: float) -> Float32Array:
    row = np.array(values, np.float32)
    return row / np.linalg.norm(row)


class Directions:
    """Words are axes: ``x``, ``y``, ``z``, and ``2x`` twice of it; a picture's bytes are such words, too."""

    name, dim, fingerprint, max_tokens = "directions", 3, "directions-1", 100

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        return np.stack([self._row(query.text, query.image) for query in queries])

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        return np.stack([self._row(document.text, document.image) for document in documents])

    def _row(self, text: str, image: object) -> Float32Array:
        words = text.split() + (image.decode().split() if isinstance(image, bytes) else [])
        row = np.zeros(3, np.float32)
        for word in words:
            row["xyz".index(word[-1])] += float(word[:-1] or 1)
        return row / np.linalg.norm(row)


def text(id_: str, words: str, **metadata: object) -> Document:
    return Document(id_, Modality.TEXT, words, metadata=metadata)


def picture(id_: str, pixels: str, caption: str = "", **metadata: object) -> Document:
    return Document(id_, Modality.IMAGE, caption, pixels.encode(), metadata=metadata)


def searcher(documents: Sequence[Document]) -> Searcher:
    encoder = Directions()
    index = ExactIndex(encoder.dim)
    index.upsert(documents, encoder.encode_documents(list(documents)))
    return Searcher(encoder, index)


def ids(hits: Sequence[object]) -> list[str]:
    return [hit.document.id for hit in hits]  # type: ignore[attr-defined]
