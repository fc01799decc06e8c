"""Where a model's towers end and its heads begin, so that frozen towers need to run only once.

A head maps what its tower found to the shared space: CLIP's two projections, or the heads of
:class:`univldr.encoders.dual.DualModel`. A trunk row holds all that the heads need of one input:
``[text trunk | image trunk | has text | has image]``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from univldr.encoders.dual import DualModel
from univldr.errors import ModelError


def head_modules(model: Any) -> list[nn.Module]:
    """The heads of both towers.

    Raises:
        ModelError: the model has none that could be trained apart from its towers.
    """
    if isinstance(model, DualModel):
        return [model.head] + ([model.text_head] if model.text_head is not None else [])
    if hasattr(model, "text_projection") and hasattr(model, "visual_projection"):
        return [model.text_projection, model.visual_projection]
    raise ModelError(
        f'{type(model).__name__} has no heads apart from its towers; train = "all" trains the whole model'
    )


def widths(model: Any) -> tuple[int, int]:
    """Columns of the text trunk and of the image trunk."""
    head_modules(model)
    if isinstance(model, DualModel):
        return model.config.dim, model.head.hidden.in_features
    return model.text_projection.in_features, model.visual_projection.in_features


def text_trunk(model: Any, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """int64 [B, T] and its mask to float32 [B, columns of the text trunk]."""
    if isinstance(model, DualModel):
        return model.text_trunk(input_ids, attention_mask)
    states: Tensor = model.text_model(input_ids=input_ids, attention_mask=attention_mask).pooler_output
    return states


def image_trunk(model: Any, pixel_values: Tensor) -> Tensor:
    """float32 [B, 3, H, W] to float32 [B, columns of the image trunk]."""
    if isinstance(model, DualModel):
        return model.image_trunk(pixel_values)
    states: Tensor = model.vision_model(pixel_values=pixel_values).pooler_output
    return states


def trunk_rows(model: Any, features: dict[str, Tensor]) -> Tensor:
    """float32 [B, text + image + 2] of the features that ``FusionModule.preprocess`` makes."""
    text_width, image_width = widths(model)
    count = len(features["input_ids"] if "input_ids" in features else features["num_images_per_sample"])
    rows = torch.zeros(count, text_width + image_width + 2)
    if "input_ids" in features:
        present = features["attention_mask"].any(dim=1)
        if present.any():
            mask = features["attention_mask"][present]
            rows[present, :text_width] = text_trunk(model, features["input_ids"][present], mask).float()
            rows[present, -2] = 1.0
    if "pixel_values" in features:
        present = features["num_images_per_sample"] > 0
        rows[present, text_width:-2] = image_trunk(model, features["pixel_values"]).float()
        rows[present, -1] = 1.0
    return rows


def project(model: Any, rows: Tensor) -> list[tuple[Tensor, Tensor]]:
    """What the heads make of trunk rows [B, text + image + 2]: pairs of (bool [B], one raw row for each)."""
    text_width, _ = widths(model)
    has_text, has_image = rows[:, -2] > 0, rows[:, -1] > 0
    text, image = rows[has_text, :text_width], rows[has_image, text_width:-2]
    if isinstance(model, DualModel):
        return [(has_text, model.project_text(text)), (has_image, model.project_image(image))]
    return [(has_text, model.text_projection(text)), (has_image, model.visual_projection(image))]
