"""A deterministic fake for tests and documentation: no weights, yet what shares words comes close."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from univldr.encoders.captions import CaptionFitter
from univldr.encoders.parts import Parts, is_weighted, put_together, split_documents
from univldr.encoders.settings import UNCHANGED, ModelSettings, TextSettings
from univldr.errors import ConfigError, ImageError
from univldr.images import load_image
from univldr.types import Document, Float32Array, Modality, Query

_COLOUR_WEIGHT = 0.5


class HashEncoder:
    """Bags of words hashed into ``dim`` signed buckets; a picture adds its coarse colours to its caption."""

    name = "hash"
    joint = True
    """See :class:`univldr.encoders.settings.Joint`."""
    draft = (64, 64)
    """See :class:`univldr.encoders.settings.Drafts`."""

    def __init__(self, dim: int = 64, texts: TextSettings = UNCHANGED) -> None:
        self.dim = dim
        self._settings = texts.applied(ModelSettings(max_tokens=256, template="{caption} {expansions}"))
        self._changed = texts
        self.dropped_expansions = 0

    @property
    def max_tokens(self) -> int:
        """Words that are read of a text."""
        return self._settings.max_tokens

    @property
    def fingerprint(self) -> str:
        """The same everywhere: there is nothing but code."""
        changed = [str(value) for value in (self._changed.template, self._changed.max_tokens) if value]
        return "-".join(["hash", "1", str(self.dim), *changed])

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Words of each text."""
        return [len(_words(text)) for text in texts]

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        """float32 [len(queries), dim], unit rows.

        Raises:
            ConfigError: a query with neither words nor a picture.
        """
        if any(not query.text.strip() and query.image is None for query in queries):
            raise ConfigError("an empty query: give words, a picture, or both")
        return self._rows([self._row(query.text, query.image, "query") for query in queries])

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """float32 [len(documents), dim], unit rows, in order.

        Raises:
            ImageError: a picture cannot be decoded; the message names its id and path.
        """
        pictures = [document for document in documents if document.modality is Modality.IMAGE]
        captions, dropped = self.fitter.fit(pictures)
        self.dropped_expansions += dropped
        if is_weighted(pictures):
            return put_together(self.document_parts(documents))
        caption = {id(document): text for document, text in zip(pictures, captions, strict=True)}
        return self._rows(
            [
                self._row(caption[id(d)], _picture(d), d.id)
                if id(d) in caption
                else self._row(d.text, None, d.id)
                for d in documents
            ]
        )

    def document_parts(self, documents: list[Document]) -> list[Parts]:
        """See :class:`univldr.encoders.parts.Splits`."""

        def text_rows(texts: list[str]) -> Float32Array:
            return self._rows([self._text_row(text) for text in texts])

        def image_rows(pictures: list[Document]) -> Float32Array:
            return self._rows([self._image_row(_picture(picture), picture.id) for picture in pictures])

        return split_documents(documents, self.fitter, text_rows, image_rows)

    @property
    def fitter(self) -> CaptionFitter:
        """See :class:`univldr.encoders.captions.FitsCaptions`."""
        return CaptionFitter(self._settings.template, self.max_tokens, self.count_tokens)

    def _text_row(self, text: str) -> Float32Array:
        return self._bag(_words(text)[: self.max_tokens])

    def _image_row(self, image: Path | bytes, label: str) -> Float32Array:
        name = f"{label} ({image})" if isinstance(image, Path) else label
        return np.float32(_COLOUR_WEIGHT) * self._bag(_colours(image, name))

    def _row(self, text: str, image: Path | bytes | None, label: str) -> Float32Array:
        row = self._text_row(text)
        if image is not None:
            row += self._image_row(image, label)
        if not row.any():
            row[0] = 1.0  # no words at all, or words that cancel out: still a unit row
        unit: Float32Array = row / np.linalg.norm(row)
        return unit

    def _rows(self, rows: Sequence[Float32Array]) -> Float32Array:
        return np.stack(rows) if rows else np.zeros((0, self.dim), np.float32)

    def _bag(self, words: Iterable[str]) -> Float32Array:
        row = np.zeros(self.dim, np.float32)
        for word in words:
            digest = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
            row[(digest >> 1) % self.dim] += 1.0 if digest & 1 else -1.0
        norm = np.linalg.norm(row)
        return row / norm if norm else row


def _picture(document: Document) -> Path | bytes:
    if document.image is None:
        raise ImageError(f"{document.id}: an image document without an image")
    return document.image


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _colours(image: Path | bytes, name: str) -> list[str]:
    """The colours of an 8 x 8 thumbnail in steps of a quarter, one word for each pixel."""
    pixels = (
        np.asarray(load_image(image, name=name, draft=HashEncoder.draft).resize((8, 8))).reshape(-1, 3) // 64
    )
    return [f"colour-{red}-{green}-{blue}" for red, green, blue in pixels.tolist()]
