from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import MobileNetV2Config
from transformers.models.mobilenet_v2.modeling_mobilenet_v2 import MobileNetV2ConvLayer

from univldr.errors import ModelError
from univldr.training.sources import check_sha256, fill_layer


def test_check_sha256_takes_the_published_file_only(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"weights")
    check_sha256(path, hashlib.sha256(b"weights").hexdigest())
    with pytest.raises(ModelError, match="expected 00"):
        check_sha256(path, "00")
    with pytest.raises(ModelError, match="missing"):
        check_sha256(tmp_path / "none.bin", "00")


def test_a_filled_layer_is_a_convolution_with_its_folded_bias() -> None:
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)
    bias = rng.normal(size=4).astype(np.float32)
    layer = MobileNetV2ConvLayer(MobileNetV2Config(), 3, 4, 3, use_activation=False).eval()
    with torch.no_grad():
        fill_layer(layer, kernel, bias)
        pixels = torch.randn(1, 3, 8, 8)
        expected = torch.nn.functional.conv2d(
            torch.nn.functional.pad(pixels, (1, 1, 1, 1)), torch.from_numpy(kernel), torch.from_numpy(bias)
        )
        assert torch.allclose(layer(pixels), expected, atol=1e-4)


def test_a_kernel_that_does_not_fit_is_refused() -> None:
    layer = MobileNetV2ConvLayer(MobileNetV2Config(), 3, 4, 3)
    with pytest.raises(ModelError, match="does not fit"):
        fill_layer(layer, np.zeros((4, 3, 1, 1), np.float32), np.zeros(4, np.float32))
