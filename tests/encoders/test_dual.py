from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from univldr.encoders.dual import DualConfig, DualModel

TEXT = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
VISION = {"depth_multiplier": 0.1, "image_size": 32}


@pytest.fixture(scope="module")
def model() -> DualModel:
    torch.manual_seed(0)
    model = DualModel(DualConfig(text_config=TEXT, vision_config=VISION, head_hidden=8))
    model.train(False)
    for module in model.vision_model.modules():
        if isinstance(module, torch.nn.Conv2d):  # as drawn by transformers, 53 layers would fade to nothing
            torch.nn.init.kaiming_normal_(module.weight)
    return model


def test_both_towers_give_unit_rows_of_one_length(model: DualModel) -> None:
    ids = torch.randint(0, 40, (3, 7))
    with torch.no_grad():
        text = model.get_text_features(ids, torch.ones_like(ids))
        image = model.get_image_features(torch.randn(2, 3, 32, 32))
    assert text.shape == (3, 16)
    assert image.shape == (2, 16)
    assert torch.allclose(torch.cat([text, image]).norm(dim=1), torch.ones(5), atol=1e-5)


def test_a_second_look_is_the_mean_with_the_middle_enlarged(model: DualModel) -> None:
    pictures = torch.randn(2, 3, 32, 32)
    middle = torch.nn.functional.interpolate(pictures[:, :, 4:28, 4:28], size=(32, 32), mode="bilinear")
    with torch.no_grad():
        apart = (model.image_trunk(pictures) + model.image_trunk(middle)) / 2
        model.config.middle = 4
        try:
            together = model.image_trunk(pictures)
        finally:
            model.config.middle = 0
    assert torch.allclose(together, apart, atol=1e-5)
    assert not torch.allclose(together, model.image_trunk(pictures), atol=1e-3)


def test_padding_does_not_change_a_text(model: DualModel) -> None:
    ids = torch.tensor([[5, 6, 7]])
    padded, mask = torch.tensor([[5, 6, 7, 9, 9]]), torch.tensor([[1, 1, 1, 0, 0]])
    with torch.no_grad():
        alone = model.get_text_features(ids, torch.ones_like(ids))
        assert torch.allclose(model.get_text_features(padded, mask), alone, atol=1e-5)
        assert not torch.allclose(model.get_text_features(padded, torch.ones_like(mask)), alone, atol=1e-3)


def test_text_is_the_mean_over_its_tokens(model: DualModel) -> None:
    ids, mask = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[1, 1, 1, 0]])
    with torch.no_grad():
        states = model.text_model(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = states[:, :3].mean(1)
        assert torch.allclose(model.get_text_features(ids, mask), mean / mean.norm(), atol=1e-5)


def test_a_saved_model_comes_back_the_same(model: DualModel, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path)
    pixels, ids = torch.randn(1, 3, 32, 32), torch.tensor([[3, 4]])
    assert isinstance(again, DualModel)
    assert again.config.dim == 16
    with torch.no_grad():
        first = model(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels)
        second = again(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels)
    assert torch.allclose(first["image_embeds"], second["image_embeds"], atol=1e-5)
    assert torch.allclose(first["text_embeds"], second["text_embeds"], atol=1e-5)


def test_forward_refuses_what_it_cannot_encode(model: DualModel) -> None:
    with pytest.raises(ValueError, match="nothing to encode"):
        model()
    with pytest.raises(ValueError, match="go together"):
        model(input_ids=torch.tensor([[1]]))
