"""Published weights as starting points: MobileNetV2 from a TFLite file, MiniLM from its package.

Every file is checked against a SHA-256 before a byte of it is used.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import BertConfig, BertModel, MobileNetV2Config, MobileNetV2Model

from univldr._optional import require
from univldr.encoders.restore import fill_convolution
from univldr.errors import ModelError

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MOBILENET_SHA256 = "51e8256b05665529f8836fe6e8eeed41b2fc75a900d8eebda338d70a6726f8da"

CONVOLUTIONS = (3, 4)  # TFLite's builtin operators CONV_2D and DEPTHWISE_CONV_2D


def check_sha256(path: Path, expected: str) -> None:
    """Refuse a file that is not the published one.

    Raises:
        ModelError: the file is missing or its SHA-256 differs.
    """
    if not path.is_file():
        raise ModelError(f"{path} is missing; give the path of the published weights")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise ModelError(f"{path} has SHA-256 {found}, expected {expected}; fetch the published file again")


def load_minilm(folder: Path) -> BertModel:
    """sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) without its unused pooler.

    Raises:
        ModelError: the weights are missing or not the published ones.
    """
    check_sha256(folder / "model.safetensors", MINILM_SHA256)
    model = BertModel(BertConfig.from_json_file(folder / "config.json"), add_pooling_layer=False)
    weights = load_file(folder / "model.safetensors")
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if missing or any(not key.startswith(("pooler.", "embeddings.position_ids")) for key in unexpected):
        raise ModelError(f"{folder} lacks {missing} and has {unexpected}; expected all-MiniLM-L6-v2")
    model.train(False)
    return model


def load_mobilenet(path: Path) -> MobileNetV2Model:
    """MobileNetV2 1.0 at 224 pixels from Google's quantised TFLite file (Apache-2.0), as float32.

    Pixels go in scaled to [-1, 1]. The file's batch norms are folded into its convolutions, so each batch
    norm of the model becomes the addition of the folded bias; it stays trainable as such.

    Raises:
        ModelError: the file is missing or not the published one.
        MissingExtra: ``tflite`` is not installed.
    """
    check_sha256(path, MOBILENET_SHA256)
    model = MobileNetV2Model(MobileNetV2Config(), add_pooling_layer=False)
    layers = [module for module in model.modules() if hasattr(module, "normalization")]
    weights = read_tflite_convolutions(path)
    with torch.no_grad():
        # The file's last convolution is the ImageNet classifier, which the model does not have.
        for layer, (kernel, bias) in zip(layers, weights[:-1], strict=True):
            fill_layer(layer, kernel, bias)
    model.train(False)
    return model


def load_classifier(path: Path) -> nn.Linear:
    """The ImageNet classifier of the same file: mean features [B, 1280] to scores of 1,000 classes.

    Its first output, "background", is left out; :func:`class_names` names the others, in order.
    """
    check_sha256(path, MOBILENET_SHA256)
    kernel, bias = read_tflite_convolutions(path)[-1]
    classifier = nn.Linear(kernel.shape[1], len(bias) - 1)
    with torch.no_grad():
        classifier.weight.copy_(torch.from_numpy(kernel[1:, :, 0, 0]))
        classifier.bias.copy_(torch.from_numpy(bias[1:]))
    return classifier


def class_names() -> list[str]:
    """ImageNet's 1,000 classes in everyday words, in the order of the classifier's outputs."""
    return files("univldr.training").joinpath("classes.txt").read_text("utf-8").splitlines()


def fill_layer(layer: nn.Module, kernel: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> None:
    """Set a convolution to ``kernel`` and the batch norm after it to the addition of ``bias``."""
    convolution, norm = layer.convolution, layer.normalization
    if not isinstance(convolution, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
        raise ModelError(f"{type(layer).__name__} is no convolution with a batch norm")
    if tuple(kernel.shape) != tuple(convolution.weight.shape):
        raise ModelError(
            f"kernel {kernel.shape} does not fit a convolution {tuple(convolution.weight.shape)}"
        )
    fill_convolution(layer, kernel, bias)


def read_tflite_convolutions(path: Path) -> list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Dequantised (kernel, bias) of each convolution in graph order, kernels as [out, in / groups, h, w]."""
    tflite = require("tflite", extra="train", purpose="reading TFLite weights")
    model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    found = []
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if kind not in CONVOLUTIONS:
            continue
        kernel = dequantise(model, graph.Tensors(operator.Inputs(1)), np.uint8)
        bias = dequantise(model, graph.Tensors(operator.Inputs(2)), np.int32)
        # TFLite keeps [out, h, w, in], and [1, h, w, channels] for depthwise ones.
        order = (0, 3, 1, 2) if kind == CONVOLUTIONS[0] else (3, 0, 1, 2)
        found.append((np.ascontiguousarray(kernel.transpose(order)), bias))
    return found


def dequantise(model: Any, tensor: Any, dtype: type[np.uint8] | type[np.int32]) -> npt.NDArray[np.float32]:
    """``scale * (q - zero_point)`` of a TFLite tensor with one scale."""
    quantisation = tensor.Quantization()
    scale, zero = float(quantisation.Scale(0)), int(quantisation.ZeroPoint(0))
    raw = model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes()
    values = np.frombuffer(raw, dtype=dtype).reshape(tensor.ShapeAsNumpy())
    return (scale * (values.astype(np.float64) - zero)).astype(np.float32)
