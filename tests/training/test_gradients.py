"""Whatever way a batch goes through the model, its gradients are the same."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from univldr.encoders.fusion import FusionModule, fusion_transformer
from univldr.training.gradients import Embedding, take_rows

Checkpoint = Callable[[str], Path]


def picture(seed: int) -> Image.Image:
    levels = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), np.uint8)
    return Image.fromarray(levels).resize((40, 40))


INPUTS: list[Any] = [
    "a red dog",
    {"text": "the cat", "image": picture(1)},
    picture(2),
    "the blue dog runs on the beach a dog",
    {"text": "a bird sleeps on the mountain", "image": picture(3)},
    "a",
    "the cat",
]


@pytest.fixture
def model(checkpoint: Checkpoint) -> Any:
    return fusion_transformer(FusionModule.load(str(checkpoint("clip"))))


def embedding(model: Any, **options: Any) -> Embedding:
    def embed(features: dict[str, torch.Tensor]) -> torch.Tensor:
        rows: torch.Tensor = model(features)["sentence_embedding"]
        return rows

    return Embedding(embed, model.preprocess(INPUTS), trim=True, **options)


def gradients(model: Any, **options: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model = copy.deepcopy(model)
    made = embedding(model, **options)
    torch.manual_seed(5)
    made.backward(torch.randn(made.rows.shape))
    return made.rows, {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("options", [{"chunk": 2, "cached": False}, {"chunk": 2, "cached": True}])
def test_pieces_give_the_gradients_of_the_whole(model: Any, options: dict[str, Any]) -> None:
    model.eval()
    rows, plain = gradients(model, chunk=0, cached=False)
    torch.testing.assert_close(rows, torch.from_numpy(model.encode(INPUTS)), atol=1e-5, rtol=0)
    again, found = gradients(model, **options)
    torch.testing.assert_close(again, rows, atol=1e-5, rtol=0)
    assert found.keys() == plain.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-5, rtol=1e-4, msg=name)


def test_cached_pieces_drop_the_same_units_again(model: Any) -> None:
    """With dropout the second pass must be the first one over again, or the gradients would be another's."""
    for module in model.modules():
        if type(module).__name__ == "CLIPAttention":
            module.dropout = 0.5
    model.train()
    results = []
    for cached in (False, True):
        torch.manual_seed(0)
        results.append(gradients(model, chunk=3, cached=cached))
    torch.testing.assert_close(results[0][0], results[1][0])
    for name, gradient in results[0][1].items():
        torch.testing.assert_close(results[1][1][name], gradient, atol=1e-6, rtol=1e-4)
    torch.manual_seed(1)
    other = gradients(model, chunk=3, cached=True)
    assert not torch.allclose(other[0], results[0][0])


def test_frozen_pieces_are_passed_over(model: Any) -> None:
    """Some pieces hold texts alone, and with a frozen text tower nothing of them learns."""
    model[0].model.text_model.requires_grad_(False)
    model[0].model.text_projection.requires_grad_(False)
    for cached in (False, True):
        _, found = gradients(model, chunk=1, cached=cached)
        assert found
        assert all("vision" in name or "visual" in name for name in found)


def test_rows_take_their_pictures_along(model: Any) -> None:
    features = model.preprocess(INPUTS)
    some = take_rows(features, torch.tensor([4, 0, 2]))
    expected = model.preprocess([INPUTS[4], INPUTS[0], INPUTS[2]])
    for name in ("input_ids", "attention_mask", "pixel_values", "num_images_per_sample"):
        torch.testing.assert_close(some[name], expected[name])
    texts = take_rows(features, torch.tensor([5, 6]))
    assert texts.keys() == {"input_ids", "attention_mask"}
    assert texts["input_ids"].shape == (2, 4)
