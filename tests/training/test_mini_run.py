"""The whole recipe of ``mini`` on a handful of pictures, with towers of a few thousand weights."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from tests.corpus import dataset_kit
from univldr import load_encoder
from univldr.encoders.dual import DualConfig, DualModel
from univldr.encoders.settings import load_calibration
from univldr.errors import ConfigError
from univldr.training import calibrate, mini, mini_data, mini_sets, sources
from univldr.types import Document, Modality, Query

RECIPE = Path(__file__).parents[2] / "recipes" / "mini.toml"
WORDS = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "green", "blue", "grey", "big", "small", "square", "photo",
    "of", "a", "what", "color", "is",
)  # fmt: skip
CLASSES = ["red", "green", "blue", "grey"]
SMALL = (
    "threads=1", "head_hidden=16", "data.held_out=8", "data.drawings=12", "data.views=2",
    "data.other_views=1", "loss.photos=8", "loss.drawings=2", "loss.others=2", "loss.passages=4",
    "head.epochs=2", "tune.epochs=2", "pool.drawings=4", "pool.held_out_figures=4",
    "stages.0.epochs=1", "stages.0.batch=8", "stages.1.epochs=1", "stages.1.batch=8", "validation.every=4",
)  # fmt: skip


def picture(number: int) -> bytes:
    colour = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (120, 120, 120)][number % 4]
    blob = io.BytesIO()
    Image.new("RGB", (40, 30 + number), colour).save(blob, "PNG")
    return blob.getvalue()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    names = [f"p{number}.png" for number in range(32)]
    dataset_kit.tar(folder / "flickr8k/train.tar", {name: picture(n) for n, name in enumerate(names)})
    photos = [
        {"id": name, "image": name, "captions": [f"a {size} {CLASSES[n % 4]} square" for size in
                                                 ("big", "small", "red", "photo of", "what")]}
        for n, name in enumerate(names)
    ]  # fmt: skip
    dataset_kit.jsonl(folder / "flickr8k/train.jsonl", photos)
    dataset_kit.tar(folder / "coco-pictures/pictures.tar", {f"o{n}.png": picture(n) for n in range(6)})
    pairs = [
        {"id": f"f{n}", "title": f"{CLASSES[n % 4]} square",
         "caption": f"{CLASSES[n % 4]} {CLASSES[n // 4 % 4]}",
         "context": f"{CLASSES[n % 4]} {CLASSES[n // 4 % 4]} square{' of' * (n // 16)}"}
        for n in range(24)
    ]  # fmt: skip
    dataset_kit.jsonl(folder / "wikipedia-captions/pairs.jsonl", pairs)
    captions = [{"id": str(n), "caption": f"a {CLASSES[n % 4]} photo"} for n in range(6)]
    dataset_kit.jsonl(folder / "webqa-captions/captions.jsonl", captions)
    return folder


@pytest.fixture
def minilm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a tokenizer; the towers are made from configurations."""
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    folder = tmp_path / "minilm"
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    text = {"vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 32}  # fmt: skip
    vision = {"depth_multiplier": 0.1, "image_size": 224}

    def towers(recipe: mini.Recipe, *_: object) -> DualModel:
        torch.manual_seed(recipe.seed)
        config = DualConfig(text, vision, recipe.head_hidden, recipe.head_dropout, recipe.text_head)
        model: DualModel = DualModel(config).train(False)
        for module in model.vision_model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_var = torch.full_like(torch.as_tensor(module.running_var), 1 - module.eps)
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
        return model

    def published(_: Path) -> object:
        return towers(mini.read_recipe(RECIPE, SMALL)).vision_model

    monkeypatch.setattr(mini, "build_model", towers)
    monkeypatch.setattr(sources, "load_mobilenet", published)
    monkeypatch.setattr(sources, "load_classifier", lambda _: torch.nn.Linear(1280, len(CLASSES)))
    monkeypatch.setattr(sources, "class_names", lambda: CLASSES)
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # inside torch's exporter and its trainer
def test_one_command_makes_a_calibrated_model_and_goes_on_where_it_was_stopped(
    data: Path, minilm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrate, "FEWEST", 1)  # random towers find little,
    monkeypatch.setattr(calibrate, "DEPTH", 500)  # so look at half of the pool
    recipe, out = mini.read_recipe(RECIPE, SMALL), tmp_path / "out"

    def killed(*_: object) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mini, "train_jointly", killed)
        with pytest.raises(KeyboardInterrupt):
            mini.train(recipe, data, minilm, out)
    with pytest.raises(ConfigError, match="a run of another recipe"):
        mini.train(mini.read_recipe(RECIPE, (*SMALL, "seed=2")), data, minilm, out)
    tuned = (out / "tune.pt").read_bytes()
    drawn = (out / "cache/train-12.tar").stat().st_mtime_ns
    mini.train(recipe, data, minilm, out)
    assert (out / "tune.pt").read_bytes() == tuned
    assert (out / "cache/train-12.tar").stat().st_mtime_ns == drawn
    shipped = {path.name for path in (out / "mini").rglob("*.onnx")}
    assert shipped == {"text_model_quantized.onnx", "vision_model_small.onnx"}
    assert load_calibration(out / "mini") is not None
    assert (out / "curves.png").stat().st_size > 1000
    encoder = load_encoder(str(out / "mini"))
    rows = encoder.encode_documents([Document("a", Modality.IMAGE, image=picture(0))])
    assert rows.shape == encoder.encode_queries([Query("a red square")]).shape == (1, 16)
    assert np.isfinite(rows).all()


def test_held_out_photos_are_trained_on_nowhere(data: Path, tmp_path: Path) -> None:
    recipe = mini.read_recipe(RECIPE, SMALL)
    model = DualModel(
        DualConfig({"vocab_size": 9, "hidden_size": 4, "num_attention_heads": 1}, head_hidden=2)
    )
    gathering = mini_data.Gathering(
        data, tmp_path / "cache", model, Tokenizer(models.WordLevel({"a": 0}, "a")), recipe.data, 7, 1
    )
    assert gathering.drawings
    mini_sets.write_pool(gathering, recipe.pool, tmp_path / "pool")
    held = {f"p{number}.png" for number in gathering.held_out()}
    assert len(held) == 8

    def answers(path: Path) -> set[str]:
        lines = path.read_text("utf-8").splitlines()
        return {positive for line in lines for positive in json.loads(line)["positives"]}

    assert not held & answers(tmp_path / "pool/queries.train.jsonl")
    assert held <= answers(tmp_path / "pool/queries.dev.jsonl")
    photos, _ = mini_sets.write_calibration_sets(gathering, tmp_path / "calibration")
    assert answers(photos / "queries.train.jsonl") == held | {f"{name}#captioned" for name in held}
    for line in (photos / "queries.train.jsonl").read_text("utf-8").splitlines():
        query = json.loads(line)
        assert query["id"].partition("?")[0] in query["positives"]
