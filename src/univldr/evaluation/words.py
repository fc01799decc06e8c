"""Words of pictures: generated ones that join their captions, and words alone, without the pixels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np

from univldr.corpus.collection import Collection
from univldr.encoders import load_encoder
from univldr.errors import ConfigError
from univldr.evaluation.lexical import document_words
from univldr.types import Document, Encoder, Float32Array, Modality, Progress, Query
from univldr.verbalize.base import Verbalizer
from univldr.verbalize.cache import WordCache, default_cache
from univldr.verbalize.collection import verbalize_collection
from univldr.verbalize.load import load_verbalizers
from univldr.verbalize.run import Verbalization
from univldr.verbalize.settings import Plan, VerbalizerSettings

logger = logging.getLogger("univldr")


@dataclass(frozen=True, slots=True)
class Wording:
    """How generated words come to the pictures of a data set: for all rows of a table, or stages of a recipe.

    A ``spec`` says which: ``caption,ocr``, or with models, as :meth:`Plan.of` reads it; "" for none.

    Attributes:
        settings: How each verbalizer works.
        tags_by: The model that places tags, as ``load_encoder`` takes it; by default the one at hand.
    """

    settings: VerbalizerSettings = field(default_factory=VerbalizerSettings)
    tags_by: str = ""

    @classmethod
    def of(cls, assignments: Sequence[str], tags_by: str = "") -> Self:
        """From ``("caption.beams=3", "tags.count=5")``.

        Raises:
            ConfigError: a key is unknown, or a value makes no sense.
        """
        return cls(Plan().changed(None, assignments).settings, tags_by)

    def verbalizers(self, spec: str, own: Callable[[], Encoder] | None = None) -> list[Verbalizer]:
        """The verbalizers of ``spec``; no model is loaded for it.

        Args:
            spec: Which.
            own: Gives the encoder at hand, where there is one.

        Raises:
            ConfigError: an unknown verbalizer; tags, and no model to place them; a query without a model.
            MissingExtra: one needs an optional dependency.
            ModelError: a model's directory is missing or broken.
        """
        plan = Plan.of(spec, self.settings)
        if "tags" in plan.names and not self.tags_by and own is None:
            raise ConfigError("tags are words that a model places near a picture; name it: --tags-by MODEL")
        by = own if own and not self.tags_by else lambda: load_encoder(self.tags_by)
        return load_verbalizers(plan, by)

    def verbalization(self, spec: str, own: Callable[[], Encoder] | None = None) -> Verbalization:
        """The verbalizers with the user's cache of words; for ``key``, models' files must be there."""
        return Verbalization(self.verbalizers(spec, own), WordCache(default_cache()))

    def collection(
        self,
        collection: Collection,
        spec: str,
        folder: Path,
        *,
        own: Callable[[], Encoder] | None = None,
        progress: Progress | None = None,
    ) -> Collection:
        """``collection`` with the words of ``spec``, made in ``folder`` or found there; as it is without any.

        Raises:
            CorpusError: most pictures cannot be decoded.
            StoreError: the folder or the cache cannot be written.
        """
        verbalization = self.verbalization(spec, own)
        worded = verbalize_collection(collection, verbalization, folder, progress=progress)
        for name, counts in verbalization.counts.items():
            if counts.made:
                logger.info(
                    "%s: words for %d pictures, %d of them in the cache; none for %d; %d texts cut",
                    name,
                    counts.made + counts.reused,
                    counts.reused,
                    counts.empty,
                    counts.cut,
                )
        return worded


AS_SET = Wording()
"""Every verbalizer by its default settings, tags by the model at hand."""


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
