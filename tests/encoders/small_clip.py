"""A small CLIP with random weights: in transformers, and exported in the layout CLIP has on the hub."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import CLIPConfig, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

MAX_TOKENS = 16
START, END = 0, 1
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,[]"
WORDS = ["a", "dog", "on", "the", "beach", "red", "blue", "pricing", "model", "whiteboard"]


@dataclass(frozen=True)
class SmallClip:
    """The model, and the directory it was exported to."""

    directory: Path
    model: CLIPModel
    tokenizer: Tokenizer
    processor: CLIPImageProcessorPil

    def texts(self, texts: Sequence[str]) -> torch.Tensor:
        """[len(texts), dim], unnormalised, by transformers: every text padded to the model's full length."""
        rows = []
        for text in texts:
            ids = self.tokenizer.encode(text).ids
            ids = ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], END]
            rows.append(ids + [END] * (MAX_TOKENS - len(ids)))
        with torch.no_grad():
            features: torch.Tensor = self.model.get_text_features(input_ids=torch.tensor(rows)).pooler_output
            return features

    def images(self, images: Sequence[Image.Image]) -> torch.Tensor:
        """[len(images), dim], unnormalised, by transformers."""
        pixels = self.processor(list(images), return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            features: torch.Tensor = self.model.get_image_features(pixel_values=pixels).pooler_output
            return features


def build(directory: Path) -> SmallClip:
    """Make the model and export it to ``directory``."""
    torch.manual_seed(0)
    tokenizer = _tokenizer()
    model = _model(tokenizer.get_vocab_size())
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    onnx = directory / "onnx"
    onnx.mkdir(parents=True)
    ids, pixels = torch.tensor([[START, 5, END]] * 2), torch.zeros(2, 3, 32, 32)
    lengths = {0: "batch", 1: "length"}
    _export(_TextTower(model), ids, onnx / "text_model.onnx", "input_ids", "text_embeds", lengths)
    _export(
        _VisionTower(model), pixels, onnx / "vision_model.onnx", "pixel_values", "image_embeds", {0: "batch"}
    )
    tokenizer.save(str(directory / "tokenizer.json"))
    settings = {"pad_token": "<end>", "model_max_length": MAX_TOKENS}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    (directory / "config.json").write_text(json.dumps({"model_type": "clip"}))
    processor.save_pretrained(directory)
    return SmallClip(directory, model, tokenizer, processor)


class _TextTower(torch.nn.Module):
    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.model.get_text_features(input_ids=input_ids).pooler_output
        return features


class _VisionTower(torch.nn.Module):
    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.model.get_image_features(pixel_values=pixel_values).pooler_output
        return features


def _tokenizer() -> Tokenizer:
    """Known words whole, others in letters, between a start and an end token."""
    tokens = ["<start>", "<end>", "<unk>", *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", START), ("<end>", END)]
    )
    return tokenizer


def _model(vocabulary: int) -> CLIPModel:
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {"vocab_size": vocabulary, "max_position_embeddings": MAX_TOKENS}
    config = CLIPConfig(
        text_config=tower | text | {"bos_token_id": START, "eos_token_id": END, "pad_token_id": END},
        vision_config=tower | {"image_size": 32, "patch_size": 8},
        projection_dim=24,
        initializer_factor=20.0,  # larger than for training, so that small differences in the input show
    )
    model = CLIPModel(config)
    model.train(False)
    return model


def _export(
    tower: torch.nn.Module, example: torch.Tensor, path: Path, inputs: str, outputs: str, axes: dict[int, str]
) -> None:
    options: dict[str, Any] = {"dynamic_axes": {inputs: axes, outputs: {0: "batch"}}, "opset_version": 17}
    names: dict[str, Any] = {"input_names": [inputs], "output_names": [outputs]}
    with warnings.catch_warnings():  # this exporter is called deprecated, and takes a tenth of the time
        warnings.simplefilter("ignore")
        torch.onnx.export(tower.eval(), (example,), path, dynamo=False, **names, **options)
