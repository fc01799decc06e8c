"""The weights of an ONNX graph that ``univldr export`` wrote, layer by layer, as torch lays them out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import onnx
from onnx import numpy_helper

from univldr.errors import ModelError
from univldr.types import Float32Array

Kind: TypeAlias = Literal["table", "norm", "linear", "convolution"]

_SCALES = {".int8": ".scale", "_quantized": "_scale"}
"""How the int8 form of an array is called, and how the scales of its rows or columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A node with weights.

    Attributes:
        kind: What it does: look rows up, normalise, multiply, convolve.
        names: Of its arrays in the graph. The exporter stores equal arrays once, under the first one's name.
        weight: float32, laid out as in torch: a matrix as [out, in], a kernel as [out, in / groups, h, w].
        bias: float32 [out]; ``None`` where the graph has none, since the exporter drops some that are zero.
    """

    kind: Kind
    names: tuple[str, ...]
    weight: Float32Array
    bias: Float32Array | None


class LayeredGraph:
    """An ONNX graph as layers: float32, half precision, or int8 as ``export.store_int8`` writes it."""

    def __init__(self, path: Path) -> None:
        """Read a graph that onnxruntime has loaded, which checks more than the parser does."""
        self.path = path
        self._graph: Any = onnx.load(path).graph
        self._stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in self._graph.initializer}
        self._readers: dict[str, list[Any]] = defaultdict(list)
        for node in self._graph.node:
            for name in node.input:
                self._readers[name].append(node)

    @property
    def names(self) -> set[str]:
        """What the stored arrays were called before they were made small."""
        return {_plain(name) for name in self._stored}

    @property
    def int8(self) -> bool:
        """Whether products are computed in int8, so that activations are rounded, too."""
        return any(node.op_type == "MatMulInteger" for node in self._graph.node)

    @property
    def picture_size(self) -> tuple[int, int]:
        """(height, width) of the first input, [B, 3, height, width]."""
        *_, height, width = (size.dim_value for size in self._graph.input[0].type.tensor_type.shape.dim)
        return height, width

    @cached_property
    def layers(self) -> list[Layer]:
        """Every layer, in the order they run.

        Raises:
            ModelError: an array is missing that a layer needs, or is of no layer.
        """
        layers = [layer for node in self._graph.node for layer in self._read(node)]
        unused = self._arrays.keys() - {name for layer in layers for name in layer.names}
        if unused:
            raise ModelError(f"{self.path}: weights that no layer uses: {some(sorted(unused))}")
        return layers

    def of(self, kind: Kind) -> list[Layer]:
        """The layers of one kind, in the order they run."""
        return [layer for layer in self.layers if layer.kind == kind]

    def attributes(self, operator: str) -> list[Mapping[str, Any]]:
        """The attributes of every node of an ONNX operator, in the order they run."""
        return [_attributes(node) for node in self._graph.node if node.op_type == operator]

    def head_width(self) -> int | None:
        """Columns of an attention head: the last of the four sizes that the first queries are reshaped to."""
        parts = {node.output[0]: list(node.input) for node in self._graph.node if node.op_type == "Concat"}
        for node in self._graph.node:
            sizes = parts.get(node.input[1], []) if node.op_type == "Reshape" else []
            if len(sizes) == 4 and sizes[-1] in self._stored:
                return int(self._stored[sizes[-1]].item())
        return None

    @cached_property
    def _arrays(self) -> dict[str, Float32Array]:
        """All float arrays but single numbers, as float32 by the names they had before."""
        scales = {
            f"{name.removesuffix(small)}{scale}"
            for name in self._stored
            for small, scale in _SCALES.items()
            if name.endswith(small)
        }
        try:
            return {
                _plain(name): self._float32(name)
                for name, values in self._stored.items()
                if name not in scales
                and values.size > 1
                and (values.dtype.kind == "f" or name != _plain(name))
            }
        except KeyError as error:
            raise ModelError(f"{self.path}: int8 weights without their scales: {error}") from error

    def _float32(self, name: str) -> Float32Array:
        values: Float32Array = self._stored[name].astype(np.float32)
        plain = _plain(name)
        if name.endswith("_quantized"):
            values = values - self._stored[f"{plain}_zero_point"]
        for small, scale in _SCALES.items():
            if name.endswith(small):
                values = values * self._stored[f"{plain}{scale}"]
        return values

    def _read(self, node: Any) -> Iterator[Layer]:
        """The layer of a node, if it is one."""
        names = [_plain(name) for name in node.input]
        if node.op_type == "Gather" and names[0] in self._arrays:
            yield self._layer("table", names[:1])
        elif node.op_type == "LayerNormalization":
            yield self._layer("norm", names[1:])
        elif node.op_type == "Gemm":
            yield self._layer("linear", names[1:], transpose=not _attributes(node).get("transB", 0))
        elif node.op_type in ("MatMul", "MatMulInteger") and names[1] in self._arrays:
            yield self._layer("linear", [names[1], *self._added(node)], transpose=True)
        elif node.op_type == "Conv":
            yield self._convolution(node, names[1:])

    def _layer(self, kind: Kind, names: Sequence[str], *, transpose: bool = False) -> Layer:
        missing = [name for name in names if name not in self._arrays]
        if missing:
            raise ModelError(f"{self.path}: weights that are not stored in the graph: {some(missing)}")
        weight, *bias = (self._arrays[name] for name in names)
        weight = np.ascontiguousarray(weight.T) if transpose else weight
        return Layer(kind, tuple(names), weight, bias[0] if bias else None)

    def _added(self, product: Any) -> list[str]:
        """The bias that is added to a product, past the cast and the scales of one in int8."""
        node = product
        while len(self._readers[node.output[0]]) == 1:
            (node,) = self._readers[node.output[0]]
            if node.op_type == "Add":
                return [name for name in node.input if name in self._arrays]
            if node.op_type not in ("Cast", "Mul"):
                break
        return []

    def _convolution(self, node: Any, names: Sequence[str]) -> Layer:
        """A convolution with the batch norm after it, which some exporters leave for onnxruntime to fold."""
        layer = self._layer("convolution", names)
        readers = self._readers[node.output[0]]
        if [reader.op_type for reader in readers] != ["BatchNormalization"]:
            return layer
        (norm,) = readers
        scale, shift, mean, variance = (self._arrays[name] for name in norm.input[1:])
        factor = scale / np.sqrt(variance + np.float32(_attributes(norm)["epsilon"]))
        bias = shift - factor * (mean if layer.bias is None else mean - layer.bias)
        kernel = layer.weight * factor[:, None, None, None]
        return Layer("convolution", (*layer.names, *norm.input[1:]), kernel, bias)


def some(names: Sequence[str]) -> str:
    """A few names, and how many more there are."""
    rest = len(names) - 3
    return ", ".join(names[:3]) + (f" and {rest} more" if rest > 0 else "")


def _plain(name: str) -> str:
    for ending in (".int8", ".float16", "_quantized"):
        name = name.removesuffix(ending)
    return name


def _attributes(node: Any) -> dict[str, Any]:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
