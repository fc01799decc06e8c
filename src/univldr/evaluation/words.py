"""An encoder without eyes: of a picture it reads the caption and the generated words, never the pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from univldr.evaluation.lexical import document_words
from univldr.types import Document, Encoder, Float32Array, Modality, Query


class WordsEncoder:
    """Another encoder's text side, for the "text only" rows of the paper's table."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name = f"{encoder.name}+words"
        self.dim = encoder.dim
        self.fingerprint = f"{encoder.fingerprint}-words"
        self.max_tokens = encoder.max_tokens

    def count_tokens(self, texts: list[str]) -> list[int]:
        """See ``Encoder.count_tokens``."""
        return self._encoder.count_tokens(texts)

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        """See ``Encoder.encode_queries``."""
        return self._encoder.encode_queries(queries)

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """float32 [len(documents), dim], unit rows; zeros for a picture without words."""
        texts = [document_words(document).strip() for document in documents]
        rows = np.zeros((len(documents), self.dim), np.float32)
        worded = [number for number, text in enumerate(texts) if text]
        if worded:
            rows[worded] = self._encoder.encode_documents(
                [
                    replace(documents[n], modality=Modality.TEXT, text=texts[n], image=None, expansions=())
                    for n in worded
                ]
            )
        return rows
