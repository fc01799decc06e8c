"""The dual encoder that everything starts from: MiniLM and MobileNetV2 as published, and fresh heads."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from univldr.encoders.dual import DualConfig, DualModel
from univldr.training.files import write_json
from univldr.training.mini import PREPROCESSOR, describe, read_tokenizer
from univldr.training.sources import load_minilm, load_mobilenet


def write_untrained(
    minilm: Path, mobilenet: Path, folder: Path, *, dropout: float = 0.5, seed: int = 0
) -> None:
    """Write the model directory of both towers with fresh heads; what is there already is kept."""
    if (folder / "univldr.json").exists():
        return
    torch.manual_seed(seed)
    text = load_minilm(minilm)
    model = DualModel(DualConfig(text_config=text.config, head_dropout=dropout, text_head=True))
    model.text_model = text
    model.vision_model = load_mobilenet(mobilenet)
    model.save_pretrained(folder)
    read_tokenizer(minilm).save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": "[PAD]"}) + "\n")
    write_json(folder / "preprocessor_config.json", PREPROCESSOR)
    write_json(folder / "univldr.json", describe(model) | {"name": "untrained"})
