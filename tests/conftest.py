"""Dual encoders with random weights, as small as they come, saved the way a hub keeps them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FAMILIES = ("clip", "siglip", "vision-text-dual-encoder", "univldr-dual")
_TOWER: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}
_VISION = _TOWER | {"image_size": 32, "patch_size": 8}
_WORDS = ("a", "the", "dog", "cat", "bird", "beach", "mountain", "red", "blue", "runs", "sleeps", "on")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The directory of a tiny checkpoint by model type, one of ``FAMILIES``; tests must not change it."""
    made: dict[str, Path] = {}

    def get(family: str) -> Path:
        if family not in made:
            made[family] = _save(family, tmp_path_factory.mktemp(family))
        return made[family]

    return get


@pytest.fixture(autouse=True)
def _own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's cache of words is read or written."""
    monkeypatch.setenv("UNIVLDR_WORDS", str(tmp_path / "words-of-this-test.sqlite"))


def _save(family: str, directory: Path) -> Path:
    import torch

    torch.manual_seed(0)
    tokenizer = _tokenizer()
    model = _MODELS[family](len(tokenizer.get_vocab()))
    for parameter in model.parameters():  # random weights as drawn give nearly one vector for everything
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(directory)
    tokenizer.save(str(directory / "tokenizer.json"))
    (directory / "tokenizer_config.json").write_text(json.dumps({"pad_token": "[PAD]"}))
    picture = {"do_resize": True, "size": {"height": 32, "width": 32}, "resample": 3, "do_center_crop": False}
    levels = {"do_rescale": True, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (directory / "preprocessor_config.json").write_text(json.dumps(picture | levels))
    return directory


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    vocabulary = {word: n for n, word in enumerate(["[PAD]", "[CLS]", "[SEP]", "[UNK]", *_WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return tokenizer


def _clip(vocabulary: int) -> Any:
    from transformers import CLIPConfig, CLIPModel

    text = {"vocab_size": vocabulary, "max_position_embeddings": 12, "bos_token_id": 1, "eos_token_id": 2}
    return CLIPModel(
        CLIPConfig(text_config=_TOWER | text | {"pad_token_id": 0}, vision_config=_VISION, projection_dim=24)
    )


def _siglip(vocabulary: int) -> Any:
    from transformers import SiglipConfig, SiglipModel

    text = {"vocab_size": vocabulary, "max_position_embeddings": 12, "projection_size": 32}
    return SiglipModel(SiglipConfig(text_config=_TOWER | text, vision_config=_VISION))


def _vision_text(vocabulary: int) -> Any:
    from transformers import BertConfig, VisionTextDualEncoderConfig, VisionTextDualEncoderModel, ViTConfig

    config = VisionTextDualEncoderConfig.from_vision_text_configs(
        ViTConfig(**_VISION),
        BertConfig(**_TOWER, vocab_size=vocabulary, max_position_embeddings=12),
        projection_dim=24,
    )
    return VisionTextDualEncoderModel(config)


def _dual(vocabulary: int) -> Any:
    from univldr.encoders.dual import DualConfig, DualModel

    text = _TOWER | {"vocab_size": vocabulary, "max_position_embeddings": 12}
    vision = {"depth_multiplier": 0.1, "image_size": 32, "min_depth": 4}
    return DualModel(DualConfig(text_config=text, vision_config=vision, head_hidden=16))


_MODELS = {"clip": _clip, "siglip": _siglip, "vision-text-dual-encoder": _vision_text, "univldr-dual": _dual}
