"""Pixel arrays equal those of transformers' own PIL processors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from transformers.image_processing_backends import PilBackend
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from univldr.encoders.preprocess import ImageProcessor
from univldr.errors import ModelError

SIZES = [(300, 200), (200, 300), (224, 224), (31, 517), (64, 50), (1000, 70)]


def noise(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "theirs",
    [
        CLIPImageProcessorPil(),
        CLIPImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": 64, "width": 48}, resample=2),
        SiglipImageProcessorPil(),
        ViTImageProcessorPil(size={"height": 96, "width": 160}),
        ViTImageProcessorPil(do_normalize=False),
    ],
)
def test_equals_transformers(theirs: PilBackend, size: tuple[int, int], tmp_path: Path) -> None:
    theirs.save_pretrained(tmp_path)
    ours = ImageProcessor.load(tmp_path / "preprocessor_config.json")
    expected = np.asarray(theirs(noise(*size), return_tensors="np")["pixel_values"][0])
    found = ours(noise(*size))
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def processor(path: Path, **config: Any) -> ImageProcessor:
    path.write_text(json.dumps({"image_mean": [0.5] * 3, "image_std": [0.5] * 3} | config))
    return ImageProcessor.load(path)


def test_sizes_written_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "preprocessor_config.json"
    cropped = processor(path, size=40, crop_size=32, do_center_crop=True)
    assert (cropped.shortest_edge, cropped.size) == (40, (32, 32))
    squared = processor(path, size=40)
    assert (squared.shortest_edge, squared.size) == (None, (40, 40))


def test_a_hair_does_not_fill_the_memory(tmp_path: Path) -> None:
    """Scaled to a shortest edge of 224 it would have 224 x 22,400,000 pixels; its middle has few."""
    clip = processor(tmp_path / "preprocessor_config.json", size={"shortest_edge": 224}, crop_size=224)
    hair = Image.new("RGB", (100_000, 1), "red")
    np.testing.assert_allclose(clip(hair)[:, 100, 100], [1.0, -1.0, -1.0])
    assert clip(hair.transpose(Image.Transpose.ROTATE_90)).shape == (3, 224, 224)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "size"),
        ({"size": {"shortest_edge": 224}}, "height"),
        ({"size": {"longest_edge": 224}, "crop_size": 224}, "height"),
        ({"size": {"height": 256, "width": 256}, "crop_size": 224}, "same values"),
        ({"size": 224, "do_resize": False}, "do_resize"),
        ({"size": 224, "image_mean": None}, "reshape"),
        ({"size": 224, "resample": 99}, "99"),
    ],
)
def test_what_describes_no_fixed_size_is_refused(
    config: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=message):
        processor(tmp_path / "preprocessor_config.json", **config)
