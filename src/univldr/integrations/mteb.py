"""A model of MTEB: any encoder, on its tasks of texts, pictures, and both."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from univldr._optional import require
from univldr.errors import ConfigError
from univldr.types import Document, Encoder, Float32Array, Modality, Query

_PURPOSE = "univldr.integrations.mteb"
_Base: Any = require("mteb.models.abs_encoder", extra="mteb", purpose=_PURPOSE).AbsEncoder
_meta = require("mteb.models.model_meta", extra="mteb", purpose=_PURPOSE)
_types = require("mteb.types", extra="mteb", purpose=_PURPOSE)


class UnivldrModel(_Base):  # type: ignore[misc]
    """An encoder as ``mteb.evaluate`` takes it.

    Queries are encoded as queries, all else as documents: a text, a picture, or a picture with its caption,
    row by row. Instructions of a task are left to the encoder, which has its own way with texts.

    >>> model = UnivldrModel(univldr.load_encoder("mini"))  # doctest: +SKIP
    >>> mteb.evaluate(model, mteb.get_tasks(["Flickr30kT2IRetrieval"]))  # doctest: +SKIP

    Attributes:
        encoder: What encodes.
        mteb_model_meta: What MTEB keeps results under: ``org/name`` or ``univldr/name``, and the encoder's
            fingerprint as the revision.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.mteb_model_meta = _meta.ModelMeta.create_empty(
            {
                "name": _name(encoder.name),
                "revision": encoder.fingerprint,
                "max_tokens": encoder.max_tokens,
                "embed_dim": encoder.dim,
                "similarity_fn_name": _meta.ScoringFunction.COSINE,
                "use_instructions": False,
                "modalities": ["image", "text"],
            }
        )

    def encode(
        self, inputs: Iterable[Mapping[str, Any]], *, prompt_type: Any = None, **_: Any
    ) -> Float32Array:
        """Embed what MTEB's loader gives.

        Args:
            inputs: Batches: lists of texts under ``text``, of pictures (PIL) under ``image``, or both, row by
                row; ``None`` for a picture that a row has not.
            prompt_type: ``PromptType.query`` for queries.

        Returns:
            float32 [rows of all batches, dim], unit rows, in order.

        Raises:
            ConfigError: a batch has neither; or a query is empty.
            ImageError: a picture cannot be decoded.
            ModelError: the encoder takes no such input.
        """
        are_queries = prompt_type == _types.PromptType.query
        rows = [self._rows(batch, are_queries) for batch in inputs]
        return np.concatenate(rows) if rows else np.zeros((0, self.encoder.dim), np.float32)

    def _rows(self, batch: Mapping[str, Any], are_queries: bool) -> Float32Array:
        texts: Sequence[str] | None = batch.get("text")
        images: Sequence[Image.Image | None] | None = batch.get("image")
        if texts is None and images is None:
            raise ConfigError(f"the task gives {', '.join(batch)}; the encoder takes text and image")
        texts = [""] * len(images or ()) if texts is None else texts
        images = [None] * len(texts) if images is None else images
        pairs = [
            (text, None if image is None else _encoded(image))
            for text, image in zip(texts, images, strict=True)
        ]
        if are_queries:
            return self.encoder.encode_queries([Query(text, image) for text, image in pairs])
        return self.encoder.encode_documents([_document(n, *pair) for n, pair in enumerate(pairs)])


def _document(number: int, text: str, image: bytes | None) -> Document:
    modality = Modality.TEXT if image is None else Modality.IMAGE
    return Document(f"row {number} of a batch", modality, text, image)


def _encoded(image: Image.Image) -> bytes:
    """PNG, without the time that compressing takes: exact, and transparency stays."""
    if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        image = image.convert("RGB")
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=0)
    return stream.getvalue()


def _name(name: str) -> str:
    """MTEB wants an organisation before it; a folder gives its own name, the hub's loses its commit."""
    name = name.partition("@")[0] if name.count("/") == 1 else name
    return name if name.count("/") == 1 and not name.startswith("/") else f"univldr/{Path(name).name}"
