"""OpenAI's CLIP by the names and shapes of its weights, and the same model in transformers.

OpenAI's CLIP and transformers' ``CLIPModel`` compute the same (Radford et al. 2021): GELU as
``x * sigmoid(1.702 x)``, heads 64 wide, the text read off its closing token, which is the last of the
vocabulary. They differ in names, in query, key and value being one matrix, and in two transposed projections.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from univldr.errors import ModelError

MARK = "visual.conv1.weight"
"""What tells the state dict of a CLIP, and where its names begin."""

_HEAD = 64  # dimensions of an attention head, in every CLIP of OpenAI's
_SIZES = {(768, 12): "B", (1024, 24): "L", (1280, 32): "H"}  # ViT's, by width and layers

_OUTER = {
    "logit_scale": "logit_scale",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "text_projection": "text_projection.weight",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",  # so misspelt in transformers
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
    "visual.proj": "visual_projection.weight",
}
_TRANSPOSED = {"text_projection", "visual.proj"}
_IN_BLOCK = {
    "attn.in_proj_": "self_attn.{}_proj.",  # three in one
    "attn.out_proj.": "self_attn.out_proj.",
    "ln_1.": "layer_norm1.",
    "ln_2.": "layer_norm2.",
    "mlp.c_fc.": "mlp.fc1.",
    "mlp.c_proj.": "mlp.fc2.",
}
_TOWERS = {"transformer.": "text_model.", "visual.transformer.": "vision_model."}


@dataclass(frozen=True, slots=True)
class Tower:
    """One transformer of a CLIP: its width, its layers, the width between each two of its linear maps."""

    width: int
    layers: int
    hidden: int

    def config(self) -> dict[str, Any]:
        """As transformers has it."""
        return {
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.width // _HEAD,
            "intermediate_size": self.hidden,
            "hidden_act": "quick_gelu",
        }


@dataclass(frozen=True, slots=True)
class ClipShape:
    """Which CLIP a checkpoint is; prints as ``ViT-B/32``.

    Attributes:
        dim: Length of a vector.
        resolution, patch: Sides in pixels of the square picture and of its patches.
        max_tokens: Longest text, special tokens included.
        vocabulary: Tokens there are.
        image, text: The towers.
    """

    dim: int
    resolution: int
    patch: int
    max_tokens: int
    vocabulary: int
    image: Tower
    text: Tower

    def __str__(self) -> str:
        size = _SIZES.get((self.image.width, self.image.layers))
        name = f"ViT-{size}" if size else f"ViT {self.image.layers} x {self.image.width}"
        return f"{name}/{self.patch}" + ("" if self.resolution == 224 else f"@{self.resolution}")

    def config(self) -> CLIPConfig:
        """The configuration of the same model in transformers."""
        closing = self.vocabulary - 1
        text = self.text.config() | {
            "vocab_size": self.vocabulary,
            "max_position_embeddings": self.max_tokens,
            "bos_token_id": closing - 1,
            "eos_token_id": closing,
            "pad_token_id": closing,
        }
        image = self.image.config() | {"image_size": self.resolution, "patch_size": self.patch}
        return CLIPConfig(text_config=text, vision_config=image, projection_dim=self.dim)


def recognise(shapes: Mapping[str, Sequence[int]]) -> ClipShape:
    """Which CLIP has weights of these shapes, by OpenAI's names.

    Raises:
        ModelError: a ResNet, or shapes that are none of a ViT CLIP.
    """
    if any(key.startswith(("visual.layer1.", "visual.attnpool.")) for key in shapes):
        raise ModelError(
            "a CLIP with a ResNet; only those with a ViT (B/32, B/16, L/14, ...) can be converted"
        )
    try:
        width, _, patch, _ = shapes[MARK]
        cells, _ = shapes["visual.positional_embedding"]
        max_tokens, _ = shapes["positional_embedding"]
        vocabulary, text_width = shapes["token_embedding.weight"]
        _, dim = shapes["text_projection"]
        image = Tower(width, *_blocks(shapes, "visual.transformer."))
        text = Tower(text_width, *_blocks(shapes, "transformer."))
    except KeyError as error:
        raise ModelError(f"no {error.args[0]!r} among its weights") from error
    except ValueError as error:
        raise ModelError("weights with other numbers of axes than those of a CLIP") from error
    side = isqrt(max(cells - 1, 0))
    if not side or side * side != cells - 1:
        raise ModelError(f"{cells} positions of a picture; a square of patches and 1 are needed")
    if width % _HEAD or text_width % _HEAD:
        raise ModelError(f"towers {width} and {text_width} wide; multiples of {_HEAD} are needed")
    return ClipShape(dim, side * patch, patch, max_tokens, vocabulary, image, text)


def _blocks(shapes: Mapping[str, Sequence[int]], tower: str) -> tuple[int, int]:
    """(layers, hidden width)"""
    pattern = re.compile(rf"{re.escape(tower)}resblocks\.(\d+)\.")
    layers = {found[1] for found in map(pattern.match, shapes) if found}
    (hidden,) = shapes[f"{tower}resblocks.0.mlp.c_fc.bias"]
    return len(layers), hidden


def _names(shape: ClipShape) -> dict[str, str]:
    """OpenAI's name of each weight to transformers'; ``{}`` stands for ``q``, ``k`` and ``v``."""
    names = dict(_OUTER)
    for (old_tower, new_tower), tower in zip(_TOWERS.items(), (shape.text, shape.image), strict=True):
        for layer in range(tower.layers):
            for old, new in _IN_BLOCK.items():
                for kind in ("weight", "bias"):
                    key = f"{old_tower}resblocks.{layer}.{old}{kind}"
                    names[key] = f"{new_tower}encoder.layers.{layer}.{new}{kind}"
    return names


def build(shape: ClipShape, state: Mapping[str, Tensor]) -> Any:
    """transformers' ``CLIPModel``, float32, with the weights of ``state``, by OpenAI's names.

    Raises:
        ModelError: a weight is missing, left over, or of another shape.
    """
    names = _names(shape)
    missing, unknown = names.keys() - state.keys(), state.keys() - names.keys()
    if missing or unknown:
        problems = [("missing", missing), ("unknown", unknown)]
        said = [f"{len(keys)} {what} ({listed(sorted(keys))})" for what, keys in problems if keys]
        raise ModelError(f"not the weights of a {shape}: {', '.join(said)}")
    model = CLIPModel(shape.config())
    own = model.state_dict()
    for old, new in names.items():
        wanted = _openai_shape(old, new, own)
        if state[old].shape != wanted:
            raise ModelError(f"{old} is {list(state[old].shape)}; a {shape} has {list(wanted)}")
    model.load_state_dict(_renamed(state, names))
    return model


def _openai_shape(old: str, new: str, own: Mapping[str, Tensor]) -> tuple[int, ...]:
    shape = tuple(own[new.format("q")].shape)
    if "{}" in new:
        return 3 * shape[0], *shape[1:]
    return shape[::-1] if old in _TRANSPOSED else shape


def _renamed(state: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for old, new in names.items():
        tensor = state[old].float()
        if "{}" in new:
            weights |= {new.format(part): rows for part, rows in zip("qkv", tensor.chunk(3), strict=True)}
        else:
            weights[new] = tensor.T if old in _TRANSPOSED else tensor
    return weights


def listed(names: Iterable[Any], most: int = 3) -> str:
    """The first few of ``names``, and how many more there are."""
    known = [str(name) for name in names]
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more
