"""Pictures fused with their captions, as a sentence-transformers module.

A universal encoder is a ``SentenceTransformer`` of two modules, :class:`FusionModule` and ``Normalize``. So
the trainer, the losses and the evaluators of sentence-transformers work on it as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule
from sentence_transformers.sentence_transformer.modules import Normalize
from torch import Tensor, nn
from transformers import MODEL_MAPPING, AutoConfig, AutoModel, PreTrainedModel
from transformers.utils import logging as transformers_logging

from univldr.encoders import heads
from univldr.encoders.checkpoints import fetch, only_graphs
from univldr.encoders.preprocess import BatchTokenizer, ImageProcessor
from univldr.encoders.settings import (
    CALIBRATION,
    FILE_NAME,
    FORMAT,
    JOINT,
    ModelSettings,
    is_joint,
    load_calibration,
    read_json,
)
from univldr.errors import ModelError
from univldr.images import load_image

Picture: TypeAlias = Image.Image | Path | bytes
Input: TypeAlias = str | Picture | Mapping[str, Any]

# Small files that go with the weights wherever they go.
_BESIDE = ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json")


class FusionModule(InputModule):
    """First module of a universal encoder: texts, pictures and captioned pictures to raw rows of one space.

    An input is a ``str`` (always a text, even if it spells a path), a picture (PIL image, ``Path`` or encoded
    bytes), or ``{"text": ..., "image": ...}`` with either of them empty; a batch may mix all of these. A
    captioned picture is the plain sum of the two towers' outputs (UniVL-DR, Liu et al. 2023, equation 2);
    ``Normalize`` comes after it.

    Its features are what the cached losses of sentence-transformers can slice: ``input_ids`` and
    ``attention_mask`` [B, T], the mask of a row without text all zero; ``pixel_values`` [pictures, 3, H, W]
    with ``num_images_per_sample`` [B]. What no row of a batch has is left out. Where the towers are frozen,
    ``trunk`` stands for all of these: rows that :mod:`univldr.encoders.heads` computed once.

    Attributes:
        model: A transformers model with ``get_text_features`` and ``get_image_features``: CLIP, SigLIP,
            VisionTextDualEncoder, :class:`univldr.encoders.dual.DualModel`, ...
        settings: Limits and template, as in ``univldr.json``.
        name: What the model calls itself.
        modality_means: Mean unit row of texts and of pictures, where they were measured.
        joint: See :class:`univldr.encoders.settings.Joint`; whoever trains it so sets it.
        calibration: What its scores mean; ``None`` once it was put into training, which changes them.
    """

    config_file_name = FILE_NAME
    save_in_root = True
    tokenizer: BatchTokenizer  # type: ignore[assignment]

    def __init__(
        self,
        model: PreTrainedModel,
        directory: Path,
        *,
        settings: ModelSettings | None = None,
        name: str = "",
    ) -> None:
        """Wrap ``model``; tokenizer, picture preprocessing and settings come from ``directory``.

        Raises:
            ModelError: one of those files is missing or broken.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.model: Any = model
        self.settings = settings or ModelSettings.load(directory)
        stored = read_json(directory / FILE_NAME, missing={})
        self.name = name or str(stored.get("name", directory.name))
        self.modality_means: dict[str, list[float]] | None = stored.get("modality_means")
        self.joint = is_joint(directory)
        self.calibration = load_calibration(directory)
        self.tokenizer = BatchTokenizer(
            directory,
            max_tokens=self.settings.max_tokens,
            fixed_length=self.settings.max_tokens if self.settings.fixed_length else None,
        )
        self.pictures = ImageProcessor.load(directory / "preprocessor_config.json")
        self._beside = {n: (directory / n).read_bytes() for n in _BESIDE if (directory / n).is_file()}

    @property
    def modalities(self) -> list[Any]:
        """``message`` is how sentence-transformers asks whether one batch may mix the others."""
        return ["text", "image", ("text", "image"), ("image", "text"), "message"]

    @property
    def logit_scale(self) -> nn.Parameter:
        """Natural logarithm of the learned inverse temperature: scores are cosine x exp(logit_scale)."""
        scale: nn.Parameter = self.model.logit_scale
        return scale

    @cached_property
    def dim(self) -> int:
        """Length of a vector, asked of the model itself: configurations spell it in five ways."""
        with torch.no_grad():
            token = torch.ones((1, 1), dtype=torch.long, device=self.logit_scale.device)
            return self.text_features(token, token).shape[1]

    def get_embedding_dimension(self) -> int:
        """:attr:`dim`, by the name that sentence-transformers knows."""
        return self.dim

    @property
    def max_seq_length(self) -> int:
        """Longest text encoded whole, in tokens."""
        return self.settings.max_tokens

    @max_seq_length.setter
    def max_seq_length(self, tokens: int) -> None:
        if tokens != self.settings.max_tokens:
            self.settings = replace(self.settings, max_tokens=tokens)
            self.tokenizer = self.tokenizer.limited(tokens)

    def train(self, mode: bool = True) -> Self:
        """As of any module; what is trained has to be calibrated anew."""
        if mode:
            self.calibration = None
        return super().train(mode)

    def text_features(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """int64 [B, T] and its mask to [B, dim], not normalised."""
        if self.settings.fixed_length:  # SigLIP was trained to see its padding
            attention_mask = torch.ones_like(attention_mask)
        return _tensor(self.model.get_text_features(input_ids=input_ids, attention_mask=attention_mask))

    def image_features(self, pixel_values: Tensor) -> Tensor:
        """float32 [B, 3, H, W] to [B, dim], not normalised."""
        return _tensor(self.model.get_image_features(pixel_values=pixel_values))

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> dict[str, Tensor]:
        """Tensors for :meth:`forward`; ``prompt`` goes before each text, other options change nothing.

        Raises:
            TypeError: an input is none of the kinds this module takes.
            ImageError: a picture cannot be decoded.
        """
        parts = [_split(item) for item in inputs]
        features: dict[str, Tensor] = {}
        texts = [text for text, _ in parts]
        if any(text is not None for text in texts):
            given = [(prompt or "") + text for text in texts if text is not None]
            tokens = iter(self.tokenizer.ids(given))
            ids, mask = self.tokenizer.pad([next(tokens) if text is not None else [] for text in texts])
            features |= {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        pixels = [self.pixels(picture) for _, picture in parts if picture is not None]
        if pixels:
            features["pixel_values"] = torch.from_numpy(np.stack(pixels))
            features["num_images_per_sample"] = torch.tensor(
                [int(picture is not None) for _, picture in parts]
            )
        return features

    def pixels(self, picture: Picture) -> Any:
        """float32 [3, H, W] of one picture."""
        if not isinstance(picture, Image.Image):
            picture = load_image(picture, draft=self.pictures.draft)
        return self.pictures(picture.convert("RGB"))

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        """Add ``sentence_embedding`` float32 [B, dim]: the sum of what each row has, not normalised."""
        parts: list[tuple[Tensor, Tensor]] = []
        if "trunk" in features:
            parts = heads.project(self.model, features["trunk"])
        if "input_ids" in features:
            present = features["attention_mask"].any(dim=1)
            if present.any():
                rows = features["input_ids"][present], features["attention_mask"][present]
                parts.append((present, self.text_features(*rows)))
        if "pixel_values" in features:
            parts.append(
                (features["num_images_per_sample"] > 0, self.image_features(features["pixel_values"]))
            )
        features["sentence_embedding"] = sum_rows(parts)
        return features

    def get_config_dict(self) -> dict[str, Any]:
        """What ``univldr.json`` holds."""
        record: dict[str, Any] = {
            "format": FORMAT,
            "name": self.name,
            "dim": self.dim,
            "max_tokens": self.settings.max_tokens,
            "fusion": "sum",
            "template": self.settings.template,
            "logit_scale": self.logit_scale.item(),
            "modality_means": self.modality_means,
        }
        middle = getattr(self.model.config, "middle", 0)
        record |= {"middle": middle} if middle else {}  # no weight tells of it
        record |= {} if self.joint else {JOINT: False}
        record |= {CALIBRATION: self.calibration.plain()} if self.calibration else {}
        return record | ({"fixed_length": True} if self.settings.fixed_length else {})

    def save_beside(self, directory: Path) -> None:
        """Write the tokenizer and the picture preprocessing into ``directory``."""
        for file, content in self._beside.items():
            (directory / file).write_bytes(content)

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        """Write the weights and everything needed to load them again."""
        with no_bars():
            self.model.save_pretrained(output_path)
        self.save_beside(Path(output_path))
        self.save_config(output_path)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **options: Any) -> Self:  # type: ignore[override]
        """Load ``mini``, a directory or a hub id: what :meth:`save` wrote, or a stock model.

        A directory that ``univldr export`` wrote has graphs and no weights for torch; :mod:`.restore` takes
        the weights out of its graphs.

        Raises:
            ModelError: it is missing, incomplete, or has no text and image features.
        """
        directory = fetch(model_name_or_path, options.get("revision")) / subfolder
        name = "" if Path(model_name_or_path).is_dir() else model_name_or_path
        if only_graphs(directory):
            from univldr.encoders.restore import restore  # brings onnx, which no other model needs

            return cls(restore(directory), directory, name=name)
        if not has_both_towers(directory):
            raise ModelError(
                f"{model_name_or_path}: no text and image features; give a CLIP-like model, "
                "or load it as a plain SentenceTransformer"
            )
        try:
            # fp32 whatever the checkpoint holds: half precision is slower on a CPU and loses in training.
            with no_bars():
                model = AutoModel.from_pretrained(directory, dtype=torch.float32)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(f"{model_name_or_path}: cannot be loaded: {error}") from error
        return cls(model, directory, name=name)


@contextmanager
def no_bars() -> Iterator[None]:
    """No progress bars of transformers for what takes no time."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def fusion_transformer(module: FusionModule, device: str | None = None) -> SentenceTransformer:
    """The SentenceTransformer around ``module``: it, then one L2 norm."""
    return SentenceTransformer(modules=[module, Normalize()], device=device)


def has_both_towers(directory: Path) -> bool:
    """Whether transformers' model for ``config.json`` has text features and image features."""
    if not (directory / "config.json").is_file():
        return False
    try:
        config = AutoConfig.from_pretrained(directory)
    except (OSError, ValueError):  # not of transformers, or with code of its own
        return False
    model = MODEL_MAPPING.get(type(config), None)
    return hasattr(model, "get_text_features") and hasattr(model, "get_image_features")


def _split(item: Input) -> tuple[str | None, Picture | None]:
    """(text, picture) of an input; an empty caption is no caption."""
    if isinstance(item, str):
        return item, None
    if isinstance(item, Image.Image | Path | bytes):
        return None, item
    if isinstance(item, Mapping) and item.keys() <= {"text", "image"}:
        text, picture = item.get("text"), item.get("image")
        picture = Path(picture) if isinstance(picture, str) else picture
        if picture is None:
            return text or "", None
        return text or None, picture
    raise TypeError(
        f"cannot encode a {type(item).__name__}; give a str, a PIL image, a Path, bytes, "
        "or a dict with the keys text and image"
    )


def _tensor(output: Any) -> Tensor:
    """transformers 5 wraps the features of its own models; others return them bare."""
    features: Tensor = output if isinstance(output, Tensor) else output.pooler_output
    return features


def sum_rows(parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Float32 [B, dim] from pairs of (bool [B], one embedding for each true row)."""
    present, embedding = parts[0]
    total = embedding.new_zeros((len(present), embedding.shape[1]), dtype=torch.float32)
    for present, embedding in parts:
        total = total.index_add(0, present.nonzero()[:, 0], embedding.float())
    return total
