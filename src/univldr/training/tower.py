"""The layers of a MobileNetV2 with folded batch norms, as a training step runs them.

The published weights have their batch norms folded into the convolutions; what is left of a norm is the
addition of a bias. Adding it within the convolution, in bfloat16, is a third faster than a layer of its own.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import MobileNetV2Model

from univldr.errors import ModelError


def check_folded(vision: MobileNetV2Model) -> None:
    """Refuse a tower whose batch norms do more than add a bias.

    Raises:
        ModelError: a norm scales, or shifts by a mean.
    """
    for name, norm in vision.named_modules():
        if isinstance(norm, nn.BatchNorm2d):
            mean, variance = torch.as_tensor(norm.running_mean), torch.as_tensor(norm.running_var)
            scale = norm.weight / (variance + norm.eps).sqrt()
            if mean.any() or not torch.allclose(scale, torch.ones_like(scale), atol=1e-5):
                raise ModelError(f"{name} scales its input; fold the norms into the convolutions first")


def upper_layers(vision: MobileNetV2Model, cut: int, activations: Tensor) -> Tensor:
    """The last feature map, float32, that the blocks from ``cut`` on make of activations [B, C, h, w]."""
    hidden = activations.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
    with torch.autocast(hidden.device.type, torch.bfloat16):
        for block in vision.layer[cut:]:
            hidden = _block(block, hidden)
        feature_map = _convolve(vision.conv_1x1, hidden)
    return feature_map.float()


def _block(block: Any, hidden: Tensor) -> Tensor:
    out = _convolve(block.reduce_1x1, _convolve(block.conv_3x3, _convolve(block.expand_1x1, hidden)))
    return hidden + out if block.use_residual else out


def _convolve(layer: Any, hidden: Tensor) -> Tensor:
    convolution = layer.convolution
    stride, kernel = convolution.stride[0], convolution.kernel_size[0]
    padding = kernel // 2
    if stride == 2 and hidden.shape[-1] % 2 == 0:  # TensorFlow pads such sides at their end alone
        hidden, padding = functional.pad(hidden, (0, 1, 0, 1)), 0
    out = functional.conv2d(
        hidden,
        convolution.weight,
        layer.normalization.bias,
        stride=stride,
        padding=padding,
        groups=convolution.groups,
    )
    return out if layer.activation is None else functional.relu6(out)
