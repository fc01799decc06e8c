from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models
from transformers import AutoModel

from univldr.encoders.dual import DualConfig, DualModel
from univldr.errors import ConfigError
from univldr.training.mini import learning_rates, read_recipe, set_training, write_model

RECIPE = Path(__file__).parents[2] / "recipes" / "mini.toml"


def small_model() -> DualModel:
    text = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return DualModel(DualConfig(text_config=text, vision_config={"depth_multiplier": 0.1}, head_hidden=8))


def test_the_recipe_can_be_read() -> None:
    recipe = read_recipe(RECIPE)
    assert recipe.data.views >= 1
    assert 0 <= recipe.data.cut < 16
    assert recipe.tune.epochs > 0


@pytest.mark.parametrize(
    ("old", "new"), [("held_out", "held_in"), ("min_area", "least_area"), ("[tune]", "[tuning]")]
)
def test_a_recipe_with_a_wrong_key_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"recipe\.toml"):
        read_recipe(path)


def test_only_the_head_drops_out() -> None:
    model = small_model()
    set_training(model, True)
    assert model.head.training
    assert not model.vision_model.training
    assert not model.text_model.training
    set_training(model, False)
    assert not model.head.training


def test_write_model_replaces_an_older_directory(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old.txt").write_text("old", encoding="utf-8")
    write_model(small_model(), Tokenizer(models.WordLevel({"a": 0}, unk_token="a")), folder)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
        "tokenizer.json",
        "univldr.json",
    }
    described = json.loads((folder / "univldr.json").read_text(encoding="utf-8"))
    assert described["dim"] == 16
    assert described["fusion"] == "sum"
    assert isinstance(AutoModel.from_pretrained(folder), DualModel)


def test_lower_blocks_learn_slower() -> None:
    recipe = read_recipe(RECIPE)
    rates = [rate for _, rate in learning_rates(small_model(), recipe.tune, recipe.data.cut)]
    blocks, head = rates[:-1], rates[-1]
    assert len(blocks) == 16 - recipe.data.cut + 1
    assert blocks == sorted(blocks)
    assert blocks[-1] == recipe.tune.rate
    assert head == recipe.tune.head_rate
