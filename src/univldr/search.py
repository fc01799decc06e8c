"""One query in, one ranked list of passages and pictures out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from univldr.calibration import Calibrated, Calibration, kind_of
from univldr.encoders import load_encoder
from univldr.encoders.parts import WHOLE, Splits
from univldr.encoders.settings import TextSettings
from univldr.errors import ConfigError, ImageError
from univldr.index import Store, index_of
from univldr.index.base import Index
from univldr.types import Encoder, Float32Array, Hit, Modality, Query
from univldr.where import Where, parse

_ROUNDING = 0.03
"""Largest change of a score when a document is encoded again: quantized models look at a whole batch."""


class Searcher:
    """An encoder and the index it made; holds the index until closed.

    >>> with univldr.open("~/stuff") as searcher:
    ...     hits = searcher.search("the whiteboard with the pricing model", k=5)
    """

    def __init__(self, encoder: Encoder, index: Index, *, store: Store | None = None) -> None:
        self.encoder = encoder
        self.index = index
        self._held = store or index

    def search(
        self,
        query: str | Query,
        k: int = 10,
        *,
        modality: Modality | None = None,
        where: str | Where | None = None,
        explain: bool = False,
    ) -> list[Hit]:
        """The best ``k`` documents: by score downwards, equal scores by id.

        Args:
            query: Words, or a ``Query`` of words, a picture or both.
            k: How many hits; fewer come only where fewer match.
            modality: Only texts or only images, applied during the search.
            where: Only documents that match this filter, such as ``year > 2020 and path under 'trips'``,
                applied during the search; see ``docs/search.md``.
            explain: Split each hit's score; its picture is encoded again for it.

        Raises:
            ConfigError: the query has neither words nor a picture, ``k`` is below 1, or the filter cannot
                be parsed.
            ImageError: the query's picture cannot be decoded.
        """
        query = Query(text=query) if isinstance(query, str) else query
        if not query.text.strip() and query.image is None:
            raise ConfigError("the query is empty; give it words, a picture or both")
        if k < 1:
            raise ConfigError(f"k is {k}; ask for at least 1 hit")
        where = parse(where) if isinstance(where, str) else where
        [vector] = self.encoder.encode_queries([query])
        hits = self.index.query(vector, k, modality=modality, where=where)
        if query.image is None:  # pictures as queries score otherwise
            hits = self._judged(hits)
        return [self._explained(hit, vector) for hit in hits] if explain else hits

    def answers(self, hits: Sequence[Hit]) -> bool | None:
        """Whether any of these hits counts as an answer; ``None`` where their relevance is not known.

        With ``False`` they are the nearest that the index has, and nothing more.
        """
        calibration = self._calibration
        return calibration.answers([hit.relevance for hit in hits]) if calibration else None

    @property
    def _calibration(self) -> Calibration | None:
        return self.encoder.calibration if isinstance(self.encoder, Calibrated) else None

    def _judged(self, hits: list[Hit]) -> list[Hit]:
        """The hits with their relevance, where the model is calibrated for their kind."""
        if not hits or (calibration := self._calibration) is None:
            return hits
        found = calibration.relevance([hit.score for hit in hits], [kind_of(hit.document) for hit in hits])
        return [
            hit if math.isnan(value) else replace(hit, relevance=value)
            for hit, value in zip(hits, found.tolist(), strict=True)
        ]

    def _explained(self, hit: Hit, vector: Float32Array) -> Hit:
        return replace(hit, explanation=self._parts(hit, vector) or {WHOLE: hit.score})

    def _parts(self, hit: Hit, vector: Float32Array) -> dict[str, float]:
        """The named parts of a hit's score; empty where they cannot be told.

        A picture that changed since it was indexed has other parts than its score is made of.
        """
        if not isinstance(self.encoder, Splits):
            return {}
        try:
            [rows] = self.encoder.document_parts([hit.document])
        except ImageError:  # it is gone, or was never a file of its own
            return {}
        parts = {name: float(row @ vector) for name, row in rows.items()}
        rest = hit.score - sum(parts.values())
        if abs(rest) > _ROUNDING:
            return {}
        parts[max(parts, key=lambda name: abs(parts[name]))] += rest
        return parts

    def close(self) -> None:
        """Let another process open the index."""
        self._held.close()

    def __enter__(self) -> Searcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open(path: str | Path, *, model: str | None = None) -> Searcher:
    """Open the index of a corpus, or an index directory itself, with the model it was made with.

    Args:
        path: The corpus, or the index.
        model: Refuse an index that was made with another one; ``None`` and ``auto`` take any.

    Raises:
        StoreError: there is no index, it is broken, or another process holds it.
        ModelError: its model is missing or has changed since.
    """
    directory = index_of(Path(path).expanduser())
    store = Store.open(directory)
    try:
        if model not in (None, "auto"):
            store.manifest.check_name(directory, model)
        texts = TextSettings(store.manifest.template, store.manifest.max_tokens)
        encoder = load_encoder(store.manifest.encoder, texts)
        store.manifest.check(directory, encoder)
    except BaseException:
        store.close()
        raise
    return Searcher(encoder, store.engine, store=store)
