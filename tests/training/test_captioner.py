"""Our own captioner: cells of a feature map, a vocabulary of its own, an ordinary model of transformers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoTokenizer

from tests.verbalize.tiny_models import build
from univldr.encoders.fusion import FusionModule
from univldr.errors import ModelError
from univldr.training.captioner import (
    Captioner,
    grid_encoder,
    is_encoder,
    train_tokenizer,
)
from univldr.verbalize.grid import GridConfig, GridEncoder

TEXTS = ["A red dog runs.", "A blue dog sleeps on the beach.", "The cat's red!", "two cats"]
SIZE = {"width": 16, "layers": 2, "heads": 2, "dropout": 0.1, "max_tokens": 12}

Checkpoint = Callable[[str], Path]


@pytest.fixture(scope="module")
def made(checkpoint: Checkpoint) -> Captioner:
    torch.manual_seed(1)
    captioner = Captioner.new(str(checkpoint("clip")), TEXTS, vocabulary=60, size=SIZE)
    for name, parameter in captioner.model.named_parameters():
        if parameter.ndim > 1 and "tower" not in name:  # as drawn, it says the same of every picture
            torch.nn.init.normal_(parameter, std=0.3)
    return captioner


@pytest.fixture(scope="module")
def saved(made: Captioner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "model"
    made.save(folder, {"format": 1, "kind": "caption", "name": "tiny"})
    return folder


def pixels(number: int = 3, side: int = 32) -> torch.Tensor:
    return torch.rand(number, 3, side, side, generator=torch.Generator().manual_seed(2)) * 2 - 1


def test_a_feature_map_becomes_its_cells_row_by_row() -> None:
    tower = {"model_type": "mobilenet_v2", "depth_multiplier": 0.1, "min_depth": 4}
    encoder = GridEncoder(GridConfig(tower, hidden_size=1280, cells=6))
    encoder.train(False)
    shown = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        whole = encoder.tower(pixel_values=shown).last_hidden_state
        grid = encoder.grid(shown)
    assert (whole.shape, grid.shape) == ((2, 1280, 2, 3), (2, 6, 1280))
    assert torch.equal(grid[1, 0], whole[1, :, 0, 0])
    assert torch.equal(grid[1, 5], whole[1, :, 1, 2])
    assert torch.equal(grid[0, 3], whole[0, :, 1, 0])


def test_cells_are_normed_and_then_told_where_they_are() -> None:
    encoder = GridEncoder(GridConfig({"model_type": "clip_vision_model"} | _small(), hidden_size=16, cells=2))
    with torch.no_grad():
        encoder.positions[1] = 5.0
        states: Any = encoder.finish(torch.tensor([[[1.0, 3.0] * 8, [2.0, 2.0] * 8]])).last_hidden_state
    assert torch.allclose(states[0, 0, :2], torch.tensor([-1.0, 1.0]), atol=1e-4)
    assert torch.allclose(states[0, 1], torch.tensor(5.0))


def _small() -> dict[str, Any]:
    return {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.mark.parametrize("family", ["clip", "siglip", "vision-text-dual-encoder", "univldr-dual"])
def test_every_kind_of_encoder_lends_its_tower(family: str, checkpoint: Checkpoint) -> None:
    module = FusionModule.load(str(checkpoint(family)))
    module.eval()
    encoder = grid_encoder(module)
    encoder.train(False)
    with torch.no_grad():
        states = module.model.vision_model(pixel_values=pixels()).last_hidden_state
        grid = encoder.grid(pixels())
    states = states.flatten(2).transpose(1, 2) if states.ndim == 4 else states
    assert torch.equal(grid, states)
    assert grid.shape[1:] == (encoder.config.cells, encoder.config.hidden_size)


def test_an_encoder_without_a_picture_tower_is_refused(checkpoint: Checkpoint) -> None:
    module = FusionModule.load(str(checkpoint("clip")))
    del module.model.vision_model
    with pytest.raises(ModelError, match="no picture tower to build on; start from mini"):
        grid_encoder(module)


def test_the_vocabulary_is_made_of_the_texts() -> None:
    tokenizer = train_tokenizer(TEXTS, 60)
    ids = tokenizer("A RED dog!")["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(ids, skip_special_tokens=True) == "a red dog!"
    assert tokenizer.decode(tokenizer("red Ω")["input_ids"]) == "red [UNK] [EOS]"
    assert len(tokenizer) <= 60
    assert len(train_tokenizer(TEXTS, 1000)) < 1000


def test_the_same_texts_give_the_same_ids() -> None:
    """A training that goes on after a kill makes its vocabulary again."""
    made = [train_tokenizer(TEXTS, 80).get_vocab() for _ in range(4)]
    assert made[0] == made[1] == made[2] == made[3]
    assert {word for word, id_ in made[0].items() if id_ < 4} == {"[PAD]", "[UNK]", "[BOS]", "[EOS]"}


def test_it_comes_back_through_transformers_own_door(made: Captioner, saved: Path) -> None:
    model: Any = AutoModelForImageTextToText.from_pretrained(saved)
    model.eval()
    given = torch.tensor([[2, 9, 10, 11]] * 3)
    with torch.no_grad():
        before = made.logits({"pixel_values": pixels()}, given)
        after = model(pixel_values=pixels(), decoder_input_ids=given).logits
    assert torch.equal(before, after)
    assert not torch.allclose(before[0], before[1], atol=1e-3)  # it sees the picture
    tokenizer: Any = AutoTokenizer.from_pretrained(saved)
    assert tokenizer("the red cat")["input_ids"] == made.tokenizer("the red cat")["input_ids"]
    assert json.loads((saved / "verbalizer.json").read_text()) == {
        "format": 1,
        "kind": "caption",
        "name": "tiny",
    }


@pytest.mark.parametrize("beams", [1, 3])
def test_its_cache_changes_no_word(made: Captioner, saved: Path, beams: int) -> None:
    model: Any = AutoModelForImageTextToText.from_pretrained(saved)
    model.eval()
    options = {"max_new_tokens": 10, "num_beams": beams, "do_sample": False}
    cached, plain = (model.generate(pixel_values=pixels(), use_cache=use, **options) for use in (True, False))
    assert cached.tolist() == plain.tolist()
    assert made.model.generate(pixel_values=pixels(), **options).tolist() == cached.tolist()
    written = set(cached[:, 1:].flatten().tolist())
    assert len(written) > 1
    assert not written & {made.tokenizer.unk_token_id, made.tokenizer.bos_token_id}


def test_a_kept_feature_map_stands_for_the_picture(made: Captioner) -> None:
    given = torch.tensor([[2, 9, 10]] * 3)
    with torch.no_grad():
        grid = made.model.encoder.grid(pixels())
        from_grid = made.logits({"grid": grid}, given)
        from_pixels = made.logits({"pixel_values": pixels()}, given)
    assert torch.equal(from_grid, from_pixels)


def test_saving_again_replaces_the_whole_directory(made: Captioner, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").touch()
    (tmp_path / "model.part").mkdir()
    (tmp_path / "model.part/left").touch()
    made.save(folder, {"format": 1})
    assert not (folder / "old").exists()
    assert not (folder / "left").exists()
    loaded = Captioner.load(str(folder))
    assert loaded.processor.size == made.processor.size == (32, 32)
    assert loaded.ends == made.ends == (made.tokenizer.bos_token_id, made.tokenizer.eos_token_id)


def test_a_captioner_is_no_encoder(saved: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert not is_encoder(str(saved))
    assert not is_encoder(str(build("blip", tmp_path)))
    assert is_encoder(str(checkpoint("clip")))
    assert is_encoder(str(checkpoint("univldr-dual")))
    assert is_encoder("mini")


def test_blip_says_what_it_thinks_as_its_own_loss_does(tmp_path: Path) -> None:
    captioner = Captioner.load(str(build("blip", tmp_path)))
    first, last = captioner.ends
    words = [8, 9, 10]
    given, labels = torch.tensor([[first, *words]]), torch.tensor([*words, last])
    with torch.no_grad():
        logits = captioner.logits({"pixel_values": pixels(1)}, given)
        whole = torch.tensor([[first, *words, last]])
        usual = captioner.model(
            pixel_values=pixels(1), input_ids=whole, labels=whole, attention_mask=torch.ones_like(whole)
        )
    loss = torch.nn.functional.cross_entropy(logits[0], labels)
    assert float(loss) == pytest.approx(float(usual.loss), rel=1e-5)
    assert captioner.tower is captioner.model.vision_model


def test_what_cannot_be_trained_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a GitForCausalLM cannot be trained here; start from an encoder"):
        Captioner.load(str(build("git", tmp_path / "git")))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/config.json").write_text("{}")
    with pytest.raises(ModelError, match="cannot be loaded as a captioner"):
        Captioner.load(str(tmp_path / "broken"))
