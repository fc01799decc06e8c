"""The torch encoder: a universal model as a :class:`FusionModule`, any other SentenceTransformer as it is."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from torch import Tensor

from univldr.calibration import Calibration
from univldr.encoders.captions import CaptionFitter
from univldr.encoders.checkpoints import fetch, only_graphs, only_module
from univldr.encoders.fingerprint import fingerprint
from univldr.encoders.fusion import FusionModule, fusion_transformer, has_both_towers
from univldr.encoders.parts import WHOLE, Parts, is_weighted, put_together, split_documents
from univldr.encoders.preprocess import BatchTokenizer
from univldr.encoders.settings import (
    DEFAULT_TEMPLATE,
    UNCHANGED,
    ModelSettings,
    TextSettings,
    is_joint,
    load_calibration,
    what_vectors_depend_on,
)
from univldr.errors import ConfigError, ImageError, ModelError
from univldr.images import load_image
from univldr.types import Document, Float32Array, Modality, Query

# Documents encoded between two looks at the disk; bounds the decoded pictures in memory.
_CHUNK = 256

# Tokens, for models without a limit of their own.
_NO_LIMIT = 8192


class TorchEncoder:
    """An encoder over any SentenceTransformer, its ``model``, for what has no ONNX graphs.

    Threads may share it, and take turns: tokenizers are not made for several at once.

    Attributes:
        dropped_expansions: Verbalized words left out so far because a caption was full.
    """

    def __init__(self, model: SentenceTransformer, name: str, directory: Path | None = None) -> None:
        """Wrap a model in memory; ``directory`` is where its files are, if they are anywhere."""
        self.model = model
        self.name = name
        self._directory = directory
        self._fusion = model[0] if isinstance(model[0], FusionModule) else None
        self._template = (self._fusion.settings if self._fusion else ModelSettings()).template
        self.dropped_expansions = 0
        self._turn = threading.Lock()

    @classmethod
    def load(
        cls,
        name_or_path: str | Path,
        *,
        trust_remote_code: bool = False,
        device: str | None = None,
        texts: TextSettings = UNCHANGED,
    ) -> Self:
        """Load a model with both towers as a :class:`FusionModule`, any other as sentence-transformers does.

        Args:
            name_or_path: ``mini``, a directory or a hub id.
            trust_remote_code: Run code that comes with the model.
            device: By default the best there is.
            texts: What to change of the model's own settings.

        Raises:
            ConfigError: ``texts`` asks for more than the model reads.
            ModelError: missing, broken, or in need of ``trust_remote_code``.
        """
        name, directory = str(name_or_path), fetch(name_or_path)
        encoder = cls(_sentence_transformer(name, directory, trust_remote_code, device), name, directory)
        changed = texts.applied(ModelSettings(max_tokens=encoder.max_tokens, template=encoder._template))
        if texts.max_tokens:
            encoder.model.max_seq_length = changed.max_tokens
        encoder._template = changed.template
        return encoder

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.model.get_embedding_dimension() or 0)

    @property
    def max_tokens(self) -> int:
        """Longest text that is encoded whole, special tokens included."""
        limits = self.model.max_seq_length, getattr(self.model.tokenizer, "model_max_length", None)
        return int(min([limit for limit in limits if limit] + [_NO_LIMIT]))

    @cached_property
    def fingerprint(self) -> str:
        """Over the weights and every configuration file; over the weights alone where there are no files."""
        changed = {} if self._template == DEFAULT_TEMPLATE else {"template": self._template}
        if self._directory is None:
            weights = weights_fingerprint(self.model.state_dict())
            return fingerprint([], {"weights": weights} | changed) if changed else weights
        restored = only_graphs(self._directory)  # then its weights are in the graphs
        kinds = {".safetensors", ".bin", ".json", ".txt", ".model"} | ({".onnx"} if restored else set())
        files = [
            path
            for path in sorted(self._directory.rglob("*"))
            if path.suffix in kinds and (restored or "onnx" not in path.relative_to(self._directory).parts)
        ]
        return fingerprint(map(what_vectors_depend_on, files), {"max_tokens": self.max_tokens} | changed)

    @cached_property
    def calibration(self) -> Calibration | None:
        """What its scores mean; ``None`` where the model does not say."""
        return None if self._directory is None else load_calibration(self._directory)

    @cached_property
    def joint(self) -> bool:
        """See :class:`univldr.encoders.settings.Joint`."""
        if self._fusion is not None:
            return self._fusion.joint
        return self._directory is not None and is_joint(self._directory)

    @property
    def draft(self) -> tuple[int, int] | None:
        """See :class:`univldr.encoders.settings.Drafts`."""
        return self._fusion.pictures.draft if self._fusion else None

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Token counts, special tokens included, untruncated."""
        tokenizer = self.model.tokenizer
        if isinstance(tokenizer, BatchTokenizer):
            return tokenizer.count(texts)
        with self._turn:
            if isinstance(tokenizer, Tokenizer):
                return [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
            return [len(ids) for ids in tokenizer(texts, truncation=False)["input_ids"]] if texts else []

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        """Embed queries, in order: float32 [len(queries), dim], unit rows.

        Raises:
            ConfigError: a query with neither words nor a picture.
            ImageError: a picture cannot be decoded.
            ModelError: the model cannot encode such a query.
        """
        if any(not query.text.strip() and query.image is None for query in queries):
            raise ConfigError("an empty query: give words, a picture, or both")
        items = [(query.text.strip(), query.image, "query") for query in queries]
        return self._encode(self.model.encode_query, items)

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """Embed documents, in order.

        Returns:
            float32 [len(documents), dim], unit rows. A captioned image is the sum of its two projections
            before the norm (METHOD.md, "Encoding"), or what a model of another kind makes of the pair.

        Raises:
            ImageError: a picture cannot be decoded; the message names its id and path.
            ModelError: the model cannot encode pictures, or pictures with captions.
        """
        pictures = [document for document in documents if document.modality is Modality.IMAGE]
        for document in pictures:
            if document.image is None:
                raise ImageError(f"{document.id}: an image document without an image")
        captions, dropped = self.fitter.fit(pictures)
        self.dropped_expansions += dropped
        if self._fusion is not None and is_weighted(pictures):
            return put_together(self.document_parts(documents))
        caption = {id(document): text for document, text in zip(pictures, captions, strict=True)}
        items = [
            (caption[id(d)], d.image, d.id) if id(d) in caption else (d.text, None, d.id) for d in documents
        ]
        return self._encode(self.model.encode_document, items)

    def document_parts(self, documents: list[Document]) -> list[Parts]:
        """See :class:`univldr.encoders.parts.Splits`; a model of another kind has one part."""
        if self._fusion is None:
            return [{WHOLE: row} for row in self.encode_documents(documents)]

        def text_rows(texts: list[str]) -> Float32Array:
            return self._raw([self._input(text, None, "") for text in texts])

        def image_rows(pictures: list[Document]) -> Float32Array:
            return self._raw([self._input("", picture.image, picture.id) for picture in pictures])

        return split_documents(documents, self.fitter, text_rows, image_rows)

    @torch.inference_mode()
    def _raw(self, inputs: Sequence[Any]) -> Float32Array:
        """float32 [len(inputs), dim] of the fusion module: not normalised."""
        assert self._fusion is not None
        with self._turn:
            self.model.eval()
            features = self._fusion.preprocess(inputs)
            on_device = {name: tensor.to(self.model.device) for name, tensor in features.items()}
            rows: Float32Array = self._fusion(on_device)["sentence_embedding"].cpu().numpy()
        return rows

    @property
    def fitter(self) -> CaptionFitter:
        """See :class:`univldr.encoders.captions.FitsCaptions`."""
        return CaptionFitter(self._template, self.max_tokens, self.count_tokens)

    def _encode(self, encode: Any, items: Sequence[tuple[str, Path | bytes | None, str]]) -> Float32Array:
        """``items`` are (text, picture, label for errors); in chunks, so that few pictures are in memory."""
        rows = np.zeros((len(items), self.dim), np.float32)
        for start in range(0, len(items), _CHUNK):
            inputs = [self._input(*item) for item in items[start : start + _CHUNK]]
            try:
                with self._turn:
                    rows[start : start + _CHUNK] = encode(
                        inputs, normalize_embeddings=True, show_progress_bar=False
                    )
            except ValueError as error:
                raise ModelError(
                    f"{self.name} encodes {self.model.modalities}, not everything it was given: {error}"
                ) from error
        return rows

    def _input(self, text: str, picture: Path | bytes | None, label: str) -> Any:
        if picture is None:
            return {"text": text} if self._fusion else text
        name = f"{label} ({picture})" if isinstance(picture, Path) else label
        image = load_image(picture, name=name, draft=self.draft)
        return {"text": text, "image": image} if text else image


def weights_fingerprint(weights: Mapping[str, Tensor]) -> str:
    """16 hex digits over the names and values of a model's weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _sentence_transformer(name: str, directory: Path, trust: bool, device: str | None) -> SentenceTransformer:
    subfolder = only_module(directory)
    if subfolder is not None and any(sign(directory / subfolder) for sign in (only_graphs, has_both_towers)):
        return fusion_transformer(FusionModule.load(str(directory), subfolder), device)
    try:
        return SentenceTransformer(str(directory), trust_remote_code=trust, device=device)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise ModelError(f"{name}: cannot be loaded by sentence-transformers: {error}") from error
