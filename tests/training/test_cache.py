from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers

from univldr.encoders.dual import DualConfig, DualModel
from univldr.errors import ModelError
from univldr.training import cache, tower
from univldr.training.pictures import Augmentation
from univldr.types import Float32Array

VISION = {"depth_multiplier": 0.1, "image_size": 32}
TEXT = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def shade(index: int) -> Image.Image:
    return Image.new("RGB", (8, 8), (index, 2 * index, 255 - index))


def mean_colour(pixels: Float32Array) -> Float32Array:
    means: Float32Array = pixels.mean((2, 3), keepdims=True)
    return means


def test_cached_views_keep_the_order_across_batches(tmp_path: Path) -> None:
    path = tmp_path / "view.npy"
    cache.cache_views(shade, cache.BATCH + 5, path, mean_colour, size=8, how=None, seed=0, threads=2)
    rows = np.load(path)
    assert rows.shape == (cache.BATCH + 5, 3, 1, 1)
    assert rows.dtype == np.float16
    shades = (rows[:, 0, 0, 0].astype(np.float32) + 1) * 127.5
    assert np.allclose(shades, np.arange(cache.BATCH + 5), atol=0.2)


def test_a_cached_view_is_not_made_again_and_a_broken_one_is_not_left(tmp_path: Path) -> None:
    path = tmp_path / "view.npy"

    def fails(pixels: np.ndarray) -> np.ndarray:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.cache_views(shade, 2, path, fails, size=8, how=Augmentation(), seed=1)
    assert not path.exists()
    cache.cache_views(shade, 2, path, mean_colour, size=8, how=Augmentation(), seed=1)
    cache.cache_views(shade, 2, path, fails, size=8, how=Augmentation(), seed=1)


def test_texts_keep_their_order_and_do_not_depend_on_their_batch() -> None:
    words = {"[UNK]": 0, "a": 1, "red": 2, "bird": 3, "sings": 4}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    torch.manual_seed(0)
    model = DualModel(DualConfig(text_config=TEXT, vision_config=VISION, head_hidden=8)).train(False)
    texts = ["a red bird sings", "bird", "a bird", "red"]
    together = cache.embed_texts(model, tokenizer, texts, batch=3)
    alone = np.concatenate([cache.embed_texts(model, tokenizer, [text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # inside torch.onnx
def test_the_compiled_lower_layers_and_the_upper_ones_are_the_whole_tower() -> None:
    torch.manual_seed(0)
    model = DualModel(DualConfig(text_config=TEXT, vision_config=VISION, head_hidden=8)).train(False)
    for module in model.vision_model.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var = torch.full_like(torch.as_tensor(module.running_var), 1 - module.eps)
            torch.nn.init.normal_(module.bias, std=0.1)
    tower.check_folded(model.vision_model)
    pixels = np.random.default_rng(0).uniform(-1, 1, (cache.BATCH, 3, 32, 32)).astype(np.float32)
    lower = cache.LowerLayers(model.vision_model, 5).eval()
    with torch.no_grad():
        whole = model.vision_model(torch.from_numpy(pixels)).last_hidden_state
        activations = lower(torch.from_numpy(pixels))
        upper = tower.upper_layers(model.vision_model, 5, activations)
    compiled = cache.compile_layers(lower, 32)(pixels)
    assert np.allclose(compiled, activations.numpy(), atol=1e-3)
    assert torch.allclose(upper, whole, atol=0.1 * float(whole.abs().max()))


def test_a_tower_whose_norms_scale_is_refused() -> None:
    model = DualModel(DualConfig(text_config=TEXT, vision_config=VISION, head_hidden=8)).train(False)
    with pytest.raises(ModelError, match="fold the norms"):
        tower.check_folded(model.vision_model)
