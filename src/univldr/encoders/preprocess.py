"""Inputs for a model's graphs, without torch: pictures to pixel arrays, texts to padded token ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from tokenizers import Tokenizer

from univldr.encoders.settings import read_json
from univldr.errors import ModelError
from univldr.types import Float32Array

# Between a picture's sides. Past it only the middle is resized: with a shortest edge of 224 a hair of
# 1 x 1,000,000 pixels would become 224 x 224,000,000 before its centre is cut out.
_LONGEST = 4_096  # pixels of a side that a model reads
_MAX_ASPECT = 64

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ImageProcessor:
    """What ``preprocessor_config.json`` asks for, as transformers does it with PIL for CLIP, SigLIP and ViT.

    Attributes:
        shortest_edge: Resize to this shortest side, keeping the aspect ratio; ``None`` to resize to ``size``.
        size: (height, width) of the result in pixels.
        resample: A Pillow filter.
        table: float32 [3, 256], the value of each 8-bit level in each channel, rescaled and normalised.
    """

    shortest_edge: int | None
    size: tuple[int, int]
    resample: Image.Resampling
    table: Float32Array

    @classmethod
    def load(cls, path: Path) -> ImageProcessor:
        """Read a ``preprocessor_config.json``.

        Raises:
            ModelError: missing, not JSON, or its keys describe no fixed output size.
        """
        config = read_json(path)
        try:
            shortest_edge, size = _geometry(config)
            if not all(
                1 <= side <= _LONGEST for side in (*size, 1 if shortest_edge is None else shortest_edge)
            ):
                raise ValueError(
                    f"pictures of {size}, by an edge of {shortest_edge}; 1 to {_LONGEST:,} a side"
                )
            resample = Image.Resampling(config.get("resample", Image.Resampling.BICUBIC))
            return cls(shortest_edge, size, resample, _levels(config))
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise ModelError(f"{path}: missing or unsupported value: {error}") from error

    @property
    def draft(self) -> tuple[int, int]:
        """(width, height) worth decoding: twice the result, so that a JPEG's own scaling leaves no trace."""
        side = 2 * max(self.shortest_edge or 0, *self.size)
        return side, side

    def __call__(self, image: Image.Image) -> Float32Array:
        """float32 [3, height, width] from an RGB picture."""
        if self.shortest_edge is None:
            height, width = self.size
            image = image.resize((width, height), self.resample)
        else:
            image = _center(_resize_shortest(image, self.shortest_edge, self.resample), self.size)
        levels = np.asarray(image, np.uint8)
        return np.stack([self.table[channel][levels[:, :, channel]] for channel in range(3)])


def _geometry(config: Mapping[str, Any]) -> tuple[int | None, tuple[int, int]]:
    """(shortest edge or None, (height, width)). A number is a shortest edge before a crop, else a square."""
    crops = config.get("do_center_crop", "crop_size" in config)
    size = config["size"]
    if isinstance(size, int):
        size = {"shortest_edge": size} if crops else {"height": size, "width": size}
    if not config.get("do_resize", True):
        raise ValueError("do_resize is false, so pictures of any size would reach the graph")
    if not crops:
        return None, (int(size["height"]), int(size["width"]))
    crop = config["crop_size"]
    crop = {"height": crop, "width": crop} if isinstance(crop, int) else crop
    target = int(crop["height"]), int(crop["width"])
    if "shortest_edge" in size:
        return int(size["shortest_edge"]), target
    if (size["height"], size["width"]) != target:
        raise ValueError(f"size {size} with crop_size {crop}; give them the same values")
    return None, target


def _levels(config: Mapping[str, Any]) -> Float32Array:
    levels = np.tile(np.arange(256, dtype=np.float64), (3, 1))
    with np.errstate(all="ignore"):
        if config.get("do_rescale", True):
            levels *= config.get("rescale_factor", 1 / 255)
        values: Float32Array = levels.astype(np.float32)
        if config.get("do_normalize", True):
            keys = ("image_mean", "image_std")
            mean, std = (np.asarray(config[key], np.float32).reshape(3, 1) for key in keys)
            values = (values - mean) / std
    if not np.isfinite(values).all():
        raise ValueError("rescale_factor, image_mean or image_std makes pixels infinite")
    return values


def _resize_shortest(image: Image.Image, edge: int, resample: Image.Resampling) -> Image.Image:
    short, long = sorted(image.size)
    if long > _MAX_ASPECT * short:
        image = _center(
            image, (min(image.height, _MAX_ASPECT * short), min(image.width, _MAX_ASPECT * short))
        )
        short, long = sorted(image.size)
    scaled = int(edge * long / short)
    return image.resize((edge, scaled) if image.width <= image.height else (scaled, edge), resample)


def _center(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle (height, width) of a picture, black around it where it is smaller."""
    height, width = size
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


class BatchTokenizer:
    """Texts to padded id arrays. It keeps no state between calls, so threads may share one."""

    def __init__(self, directory: Path, *, max_tokens: int, fixed_length: int | None = None) -> None:
        """Load ``tokenizer.json``.

        Args:
            directory: A model directory.
            max_tokens: Longer texts are cut; their closing special tokens stay.
            fixed_length: Pad every batch to this many tokens instead of its longest text.

        Raises:
            ModelError: no ``tokenizer.json``, or a broken one.
        """
        path = directory / "tokenizer.json"
        if not path.is_file():
            raise ModelError(f"{path}: no such file; is {directory} a model directory?")
        try:
            self._tokenizer = Tokenizer.from_buffer(path.read_bytes())
            self._pad_id = _pad_id(self._tokenizer, directory)
        except (OSError, ValueError) as error:
            raise ModelError(f"{path}: cannot be read: {error}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._max_tokens = max_tokens
        self._fixed_length = fixed_length

    def limited(self, max_tokens: int) -> BatchTokenizer:
        """The same, but texts are cut to ``max_tokens``."""
        limited = copy(self)
        limited._max_tokens = max_tokens
        limited._fixed_length = None if self._fixed_length is None else max_tokens
        return limited

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens included, uncut."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, cut to ``max_tokens``."""
        return [self._cut(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def pad(self, rows: Sequence[Sequence[int]]) -> tuple[Int64Array, Int64Array]:
        """(ids, attention mask), both int64 [len(rows), longest row or the fixed length]."""
        width = self._fixed_length or max(map(len, rows))
        ids = np.full((len(rows), width), self._pad_id, np.int64)
        mask = np.zeros((len(rows), width), np.int64)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return ids, mask

    def _cut(self, encoding: Any) -> list[int]:
        ids: list[int] = encoding.ids
        if len(ids) <= self._max_tokens:
            return ids
        special = encoding.special_tokens_mask
        closing = next((n for n, flag in enumerate(reversed(special)) if not flag), 0)
        return ids[: self._max_tokens - closing] + ids[len(ids) - closing :]


def _pad_id(tokenizer: Tokenizer, directory: Path) -> int:
    """The padding token of ``tokenizer.json`` or ``tokenizer_config.json``, else 0."""
    if tokenizer.padding is not None:
        return int(tokenizer.padding["pad_id"])
    token = read_json(directory / "tokenizer_config.json", missing={}).get("pad_token")
    content = token.get("content") if isinstance(token, dict) else token
    found = tokenizer.token_to_id(content) if content and isinstance(content, str) else None
    return 0 if found is None else int(found)
