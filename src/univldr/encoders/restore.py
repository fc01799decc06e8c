"""A torch model out of its ONNX graphs, so that what was published for searching can be trained on.

``univldr export`` keeps most weights under their own names and changes the others in ways that can be
undone: matrices lie transposed under new names, batch norms are folded into the convolutions before them,
equal arrays are stored once, and the small graphs hold int8 or half precision. But the layers of a graph run
in the order in which the model defines them. So a layer is found by a name that is its own, else by its
place among those of its kind, and running both models tells whether that was right.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import MobileNetV2Config, MobileNetV2Model

from univldr.encoders.dual import DualConfig, DualModel
from univldr.encoders.graph_layers import Kind, Layer, LayeredGraph, some
from univldr.encoders.onnx import Graph
from univldr.encoders.preprocess import BatchTokenizer, ImageProcessor
from univldr.encoders.settings import FILE_NAME, ModelSettings, read_json
from univldr.errors import ModelError
from univldr.types import Float32Array, Modality

_PREFIX = "module.model."
"""Of the names in a graph: the exporter wraps a tower around the module around the model."""

_OUTPUT = {Modality.TEXT: "text_embeds", Modality.IMAGE: "image_embeds"}
_MODULES = {Modality.TEXT: ("text_model.", "text_head."), Modality.IMAGE: ("vision_model.", "head.")}
_SIGN = {
    Modality.TEXT: "text_model.embeddings.word_embeddings.weight",
    Modality.IMAGE: "vision_model.conv_stem.first_conv.convolution.weight",
}
"""An array that only the graph of a ``DualModel`` has."""

_KINDS: dict[Kind, type[nn.Module]] = {
    "table": nn.Embedding,
    "norm": nn.LayerNorm,
    "linear": nn.Linear,
    "convolution": nn.Conv2d,
}

_LINEAR_LAYERS = 6
"""Of a BERT block: query, key, value, output, and two of the feed-forward network."""

_LAST_BLOCK = 320
"""Channels of MobileNetV2's last block at a depth multiplier of 1."""

_LEAST_COSINE = 0.999
_LEAST_COSINE_INT8 = 0.99
"""Means over a few inputs. An int8 graph rounds activations as well as weights: mini's texts have 0.994."""

_NEEDS_TORCH = "training needs the directory with the torch weights (config.json, model.safetensors)"


def restore(directory: Path) -> DualModel:
    """Rebuild the torch model that the graphs of a model directory were exported from.

    Its weights are those of the graphs that ``univldr.json`` names, as float32. A batch norm comes back as
    the addition of the bias that it was folded into, and can be trained as such. What no graph tells, such
    as dropout, is as :class:`univldr.encoders.dual.DualConfig` has it by default.

    Args:
        directory: It holds ``univldr.json``, ``onnx/``, ``tokenizer.json`` and ``preprocessor_config.json``.

    Returns:
        The model, in evaluation mode.

    Raises:
        ModelError: a graph is missing, broken or of another kind of model, lacks weights or has more than
            its model, or gives other vectors than what was restored.
    """
    settings = ModelSettings.load(directory)
    text, image = (_Tower(directory, settings, modality) for modality in (Modality.TEXT, Modality.IMAGE))
    model = _blank(text.graph, image.graph, read_json(directory / FILE_NAME, missing={}))
    text.fill(model)
    image.fill(model)
    tokenizer = BatchTokenizer(directory, max_tokens=settings.max_tokens)
    ids, mask = tokenizer.pad(tokenizer.ids(_TEXTS))
    text.check(model.get_text_features, input_ids=ids, attention_mask=mask)
    processor = ImageProcessor.load(directory / "preprocessor_config.json")
    image.check(model.get_image_features, pixel_values=np.stack([processor(p) for p in _pictures()]))
    return model


def fill_convolution(block: nn.Module, kernel: Float32Array, bias: Float32Array | None) -> None:
    """Set a convolution to ``kernel`` and the batch norm after it to the addition of ``bias``.

    Args:
        block: A module with a ``convolution`` and a ``normalization``.
        kernel: float32 [out, in / groups, h, w].
        bias: float32 [out]; ``None`` for zeros.
    """
    convolution: Any = block.convolution
    norm: Any = block.normalization
    with torch.no_grad():
        convolution.weight.copy_(torch.from_numpy(kernel))
        norm.running_mean.zero_()
        norm.running_var.fill_(1.0 - norm.eps)
        norm.weight.fill_(1.0)
        norm.bias.copy_(torch.from_numpy(bias) if bias is not None else torch.zeros_like(norm.bias))


class _Tower:
    """One of the two graphs, and what it has to do with the model."""

    def __init__(self, directory: Path, settings: ModelSettings, modality: Modality) -> None:
        self.path = directory / "onnx" / settings.graph(modality)
        if not self.path.is_file():
            raise ModelError(f"{self.path}: no such file; {_NEEDS_TORCH}")
        self._modality = modality
        self._runtime = Graph(self.path, [_OUTPUT[modality]])
        self._runtime.load()  # finds what is broken
        self.graph = LayeredGraph(self.path)
        if _PREFIX + _SIGN[modality] not in self.graph.names:
            raise ModelError(
                f"{self.path}: not exported from a univldr-dual model, as mini is, so it cannot be restored; "
                f"{_NEEDS_TORCH}"
            )

    def fill(self, model: DualModel) -> None:
        """Give the modules of this tower their weights.

        Raises:
            ModelError: there are more or fewer layers than modules, or they differ in shape.
        """
        for kind, class_ in _KINDS.items():
            modules = {
                name: module
                for name, module in model.named_modules()
                if isinstance(module, class_) and name.startswith(_MODULES[self._modality])
            }
            for name, layer in self._match(kind, list(modules)).items():
                weight: Any = modules[name].weight
                if tuple(weight.shape) != layer.weight.shape:
                    raise ModelError(
                        f"{self.path}: {name} is {layer.weight.shape} and should be {tuple(weight.shape)}"
                    )
                if kind == "convolution":
                    block = model.get_submodule(name.rpartition(".")[0])
                    fill_convolution(block, layer.weight, layer.bias)
                else:
                    _fill(modules[name], layer)

    def _match(self, kind: Kind, modules: Sequence[str]) -> dict[str, Layer]:
        """The layer of each module: by a name that no other layer has, the others in order."""
        layers = self.graph.of(kind)
        shared = Counter(name for layer in layers for name in layer.names)
        found: dict[str, Layer] = {}
        for layer in layers:
            owners = [
                name.removeprefix(_PREFIX).rpartition(".")[0] for name in layer.names if shared[name] == 1
            ]
            module = next((owner for owner in owners if owner in modules), None)
            if module is not None and module not in found:
                found[module] = layer
        rest = [layer for layer in layers if layer not in found.values()]
        free = [module for module in modules if module not in found]
        if len(rest) != len(free):
            lacking = f", among them {some(free)}" if free else ""
            raise ModelError(
                f"{self.path}: {len(layers)} weights of the kind {kind}, {len(modules)} are needed{lacking}"
            )
        return found | dict(zip(free, rest, strict=True))

    def check(self, features: Any, **inputs: Any) -> None:
        """Compare the model's ``features`` with the graph's.

        Raises:
            ModelError: they differ by more than what the graph rounds.
        """
        expected = self._runtime.run(**inputs)
        with torch.inference_mode():
            rows: Tensor = features(**{name: torch.from_numpy(array) for name, array in inputs.items()})
        norms = np.linalg.norm(expected, axis=1) * np.linalg.norm(rows.numpy(), axis=1)
        cosine = float(((rows.numpy() * expected).sum(axis=1) / np.maximum(norms, 1e-12)).mean())
        least = _LEAST_COSINE_INT8 if self.graph.int8 else _LEAST_COSINE
        if not cosine >= least:
            raise ModelError(
                f"{self.path}: what was restored gives {self._modality} vectors of cosine {cosine:.4f} with "
                f"the graph's, at least {least} is needed; {_NEEDS_TORCH}"
            )


def _fill(module: Any, layer: Layer) -> None:
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(layer.weight))
        if layer.bias is not None:
            module.bias.copy_(torch.from_numpy(layer.bias))
        elif getattr(module, "bias", None) is not None:
            module.bias.zero_()


def _blank(text: LayeredGraph, image: LayeredGraph, record: dict[str, Any]) -> DualModel:
    """A model of the sizes that its weights tell, in evaluation mode."""
    scale = record.get("logit_scale")
    try:
        config = DualConfig(
            text_config=_text_config(text),
            vision_config=_vision_config(image),
            head_hidden=image.of("linear")[0].weight.shape[0],
            text_head=_has_text_head(text),
            middle=int(record.get("middle", 0)),
            **({} if scale is None else {"logit_scale_init_value": float(scale)}),
        )
        with torch.random.fork_rng(devices=[]):  # what training draws must not depend on where it starts
            model = DualModel(config)
    except (LookupError, ValueError, TypeError) as error:
        raise ModelError(
            f"{text.path.parent}: these weights make no model: {error}; {_NEEDS_TORCH}"
        ) from error
    model.train(False)
    return model


def _has_text_head(text: LayeredGraph) -> bool:
    return any(name.startswith(f"{_PREFIX}text_head.") for name in text.names)


def _text_config(text: LayeredGraph) -> dict[str, Any]:
    """Fields of the ``BertConfig``."""
    tables = {name: layer.weight.shape for layer in text.of("table") for name in layer.names}
    embeddings = f"{_PREFIX}text_model.embeddings"
    vocabulary, hidden = tables[f"{embeddings}.word_embeddings.weight"]
    linear = text.of("linear")
    blocks, rest = divmod(len(linear) - 2 * _has_text_head(text), _LINEAR_LAYERS)
    if rest:
        raise ValueError(f"{len(linear)} matrices of texts, not {_LINEAR_LAYERS} for each block")
    width = text.head_width()
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": blocks,
        "intermediate_size": linear[_LINEAR_LAYERS - 2].weight.shape[0],
        "max_position_embeddings": tables[f"{embeddings}.position_embeddings.weight"][0],
        "type_vocab_size": tables[f"{embeddings}.token_type_embeddings.weight"][0],
        "layer_norm_eps": float(f"{text.attributes('LayerNormalization')[0]['epsilon']:.6g}"),
    } | ({"num_attention_heads": hidden // width} if width else {})


def _vision_config(image: LayeredGraph) -> dict[str, Any]:
    """Fields of the ``MobileNetV2Config`` whose convolutions have the shapes of the graph's."""
    shapes = [layer.weight.shape for layer in image.of("convolution")]
    expand, _, reduce, _ = shapes[-4:]
    nodes = image.attributes("Conv")
    fields = {
        "image_size": image.picture_size,
        "depth_multiplier": reduce[0] / _LAST_BLOCK,
        "expand_ratio": expand[0] / expand[1],
        "output_stride": math.prod(node["strides"][0] for node in nodes),
        "tf_padding": nodes[0]["pads"][0] == 0,
    }
    narrowest = min(shape[0] for shape in shapes)
    for least, large_output in itertools.product((8, narrowest), (True, False)):
        config = fields | {"min_depth": least, "finegrained_output": large_output}
        with torch.device("meta"):
            model = MobileNetV2Model(MobileNetV2Config(**config), add_pooling_layer=False)
        if [tuple(m.weight.shape) for m in model.modules() if isinstance(m, nn.Conv2d)] == shapes:
            return config
    raise ValueError(f"the convolutions of pictures, {shapes}, are of no MobileNetV2")


_TEXTS = (
    "dusk",
    "Where is the old lighthouse?",
    "The ferry crosses twice a day; in winter, when the ice is thick, people walk to the island instead.",
)


def _pictures() -> list[Image.Image]:
    """Soft colours, stripes and noise."""
    random = np.random.default_rng(0)
    sizes = [(2, 3), (1, 40), (160, 120)]
    drawn = [Image.fromarray(random.integers(0, 256, (*size, 3), np.uint8)) for size in sizes]
    return [picture.resize((240, 200)) for picture in drawn]
