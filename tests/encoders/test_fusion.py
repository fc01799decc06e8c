"""The torch encoders give the documented sum, in any batch, and survive saving, training and odd inputs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer
from torch.nn.functional import normalize

from univldr.calibration import Calibration, Curve
from univldr.encoders.fusion import FusionModule, fusion_transformer
from univldr.encoders.settings import load_calibration
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ConfigError, ImageError, ModelError
from univldr.types import Document, Expansion, Modality, Query

FAMILIES = ["clip", "siglip", "vision-text-dual-encoder", "univldr-dual"]
Checkpoint = Callable[[str], Path]


def picture(seed: int, width: int = 48, height: int = 40) -> Image.Image:
    levels = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), np.uint8)
    return Image.fromarray(levels).resize((width, height))


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def module(checkpoint: Checkpoint) -> Callable[[str], FusionModule]:
    loaded: dict[str, FusionModule] = {}

    def get(family: str) -> FusionModule:
        if family not in loaded:
            loaded[family] = FusionModule.load(str(checkpoint(family))).eval()
        return loaded[family]

    return get


def by_hand(module: FusionModule, text: str | None, image: Image.Image | None) -> torch.Tensor:
    """One unit row straight from transformers, its text padded as that family was trained."""
    total = torch.zeros(module.dim)
    with torch.inference_mode():
        if text is not None:
            ids = module.tokenizer.ids([text])
            if module.model.config.model_type == "siglip":
                ids = [ids[0] + [0] * (12 - len(ids[0]))]
            rows = torch.tensor(ids)
            out = module.model.get_text_features(input_ids=rows, attention_mask=torch.ones_like(rows))
            total = total + getattr(out, "pooler_output", out)[0]
        if image is not None:
            pixels = torch.from_numpy(
                np.asarray(image.resize((32, 32), Image.Resampling.BICUBIC), np.float32)
            )
            pixels = (pixels / 127.5 - 1).permute(2, 0, 1)[None]
            out = module.model.get_image_features(pixel_values=pixels)
            total = total + getattr(out, "pooler_output", out)[0]
    return normalize(total, dim=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_mixed_batch_is_the_sum_of_raw_projections(
    family: str, module: Callable[[str], FusionModule]
) -> None:
    fusion = module(family)
    inputs = [
        "the dog runs on the beach",
        picture(1),
        {"text": "a red cat", "image": picture(2)},
        {"text": "", "image": picture(3)},
        {"text": "blue", "image": None},
        "a",
    ]
    expected = [
        by_hand(fusion, "the dog runs on the beach", None),
        by_hand(fusion, None, picture(1)),
        by_hand(fusion, "a red cat", picture(2)),
        by_hand(fusion, None, picture(3)),
        by_hand(fusion, "blue", None),
        by_hand(fusion, "a", None),
    ]
    rows = fusion_transformer(fusion).encode(inputs, batch_size=4)
    np.testing.assert_allclose(rows, torch.stack(expected).numpy(), atol=1e-5)


def test_pictures_come_as_images_paths_and_bytes(
    module: Callable[[str], FusionModule], tmp_path: Path
) -> None:
    model = fusion_transformer(module("clip"))
    path = tmp_path / "red.png"
    path.write_bytes(png(picture(4)))
    rows = model.encode([picture(4), path, path.read_bytes(), {"image": str(path)}])
    np.testing.assert_allclose(rows, np.tile(rows[:1], (4, 1)), atol=1e-6)
    as_text = model.encode(str(path))
    np.testing.assert_allclose(as_text, by_hand(module("clip"), str(path), None), atol=1e-5)
    with pytest.raises(TypeError, match=r"cannot encode a float; give a str"):
        module("clip").preprocess([1.5])


@pytest.mark.parametrize("family", FAMILIES)
def test_long_texts_are_cut_at_the_limit(family: str, module: Callable[[str], FusionModule]) -> None:
    fusion = module(family)
    features = fusion.preprocess(["dog " * 50, "cat"])
    assert features["input_ids"].shape == (2, 12)
    assert features["input_ids"][0, -1] == 2  # the closing token stays
    assert fusion_transformer(fusion).encode("dog " * 50) == pytest.approx(
        fusion_transformer(fusion).encode("dog " * 10), abs=1e-5
    )


def test_cached_loss_slices_mixed_batches(checkpoint: Checkpoint) -> None:
    """Gradients of the cached loss in pieces of two are those of the plain loss over the whole batch."""
    queries = ["dog", "red cat", "the mountain sleeps", "beach"]
    documents = [picture(1), "the cat", {"text": "a mountain", "image": picture(2)}, picture(3)]
    gradients = []
    for cached in (True, False):
        model = fusion_transformer(FusionModule.load(str(checkpoint("clip"))).eval())
        loss: Any = (
            CachedMultipleNegativesRankingLoss(model, mini_batch_size=2)
            if cached
            else MultipleNegativesRankingLoss(model)
        )
        value = loss([model.preprocess(queries), model.preprocess(documents)], None)
        value.backward()
        gradients.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    assert any("vision_model" in name for name in gradients[0])
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], atol=1e-5, rtol=1e-3)


def test_one_modality_trains_alone(checkpoint: Checkpoint) -> None:
    fusion = FusionModule.load(str(checkpoint("univldr-dual")))
    fusion(fusion.preprocess([picture(1), picture(2)]))["sentence_embedding"].sum().backward()
    assert fusion.model.head.out.weight.grad is not None
    assert all(p.grad is None for p in fusion.model.text_model.parameters())


def test_saved_model_loads_again(checkpoint: Checkpoint, tmp_path: Path) -> None:
    fusion = FusionModule.load(str(checkpoint("univldr-dual")))
    fusion.modality_means = {"text": [0.5] * 32, "image": [0.25] * 32}
    fusion.calibration = Calibration({"text": Curve(20.0, 0.4)}, 0.5)
    with torch.no_grad():
        fusion.logit_scale.fill_(2.5)
    model = fusion_transformer(fusion)
    model.save_pretrained(str(tmp_path), create_model_card=False)
    settings = json.loads((tmp_path / "univldr.json").read_text())
    assert settings["logit_scale"] == 2.5
    assert settings["modality_means"] == fusion.modality_means
    assert (settings["format"], settings["dim"], settings["max_tokens"]) == (1, 32, 12)
    assert sorted(path.name for path in tmp_path.glob("*token*.json")) == [
        "tokenizer.json",
        "tokenizer_config.json",
    ]

    inputs = ["a dog", {"text": "a red cat", "image": picture(2)}]
    expected = model.encode(inputs)
    again = SentenceTransformer(str(tmp_path), trust_remote_code=True)
    np.testing.assert_allclose(again.encode(inputs), expected, atol=1e-6)
    assert again[0].modality_means == fusion.modality_means
    assert again[0].calibration == Calibration({"text": Curve(20.0, 0.4)}, 0.5)
    encoder = TorchEncoder.load(tmp_path)  # names no code but ours, so it needs no trust
    np.testing.assert_allclose(encoder.encode_queries([Query("a dog")]), expected[:1], atol=1e-6)


def test_a_model_in_training_is_no_longer_calibrated(checkpoint: Checkpoint, tmp_path: Path) -> None:
    fusion = FusionModule.load(str(checkpoint("univldr-dual"))).eval()
    fusion.calibration = Calibration({"text": Curve(20.0, 0.4)}, 0.5)
    model = fusion_transformer(fusion)
    model.encode(["a dog"])
    assert fusion.calibration is not None
    model.train()
    model.eval().save_pretrained(str(tmp_path), create_model_card=False)
    assert load_calibration(tmp_path) is None


def test_settings_come_from_univldr_json(checkpoint: Checkpoint, tmp_path: Path) -> None:
    fusion = FusionModule.load(str(checkpoint("siglip")))
    fusion.save(str(tmp_path))
    settings = json.loads((tmp_path / "univldr.json").read_text())
    (tmp_path / "univldr.json").write_text(json.dumps(settings | {"max_tokens": 8, "name": "small"}))
    again = FusionModule.load(str(tmp_path))
    assert (again.max_seq_length, again.name) == (8, "small")
    assert again.preprocess(["dog " * 20, "cat"])["input_ids"].shape == (2, 8)


@pytest.mark.parametrize("family", FAMILIES)
def test_torch_encoder_encodes_documents_and_queries(
    family: str, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    encoder = TorchEncoder.load(checkpoint(family))
    path = tmp_path / "p.png"
    picture(5).save(path)
    documents = [
        Document("t", Modality.TEXT, text="the dog runs"),
        Document(
            "c",
            Modality.IMAGE,
            text="a cat",
            image=path,
            expansions=(Expansion("red"), Expansion("blue")),
            title="bird",
        ),
        Document("i", Modality.IMAGE, image=png(picture(6)), title="never encoded"),
    ]
    rows = encoder.encode_documents(documents)
    fusion = encoder.model[0]
    assert isinstance(fusion, FusionModule)
    expected = [
        by_hand(fusion, "the dog runs", None),
        by_hand(fusion, "a cat [SEP] red blue", picture(5)),
        by_hand(fusion, None, picture(6)),
    ]
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, torch.stack(expected).numpy(), atol=1e-5)
    both = encoder.encode_queries([Query("a cat", path), Query(image=path), Query(" a cat ")])
    assert both.shape == (3, encoder.dim)
    np.testing.assert_allclose(both[0], by_hand(fusion, "a cat", picture(5)), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)
    assert encoder.encode_documents([]).shape == (0, encoder.dim)
    assert encoder.count_tokens(["a dog", "dog " * 30]) == [4, 32]
    assert encoder.max_tokens == 12


def test_torch_encoder_says_what_is_wrong(checkpoint: Checkpoint, tmp_path: Path) -> None:
    encoder = TorchEncoder.load(checkpoint("clip"))
    with pytest.raises(ConfigError, match="an empty query"):
        encoder.encode_queries([Query("  ")])
    with pytest.raises(ImageError, match="broken"):
        encoder.encode_documents([Document("broken", Modality.IMAGE, image=b"no picture")])
    with pytest.raises(ImageError, match="bare: an image document without an image"):
        encoder.encode_documents([Document("bare", Modality.IMAGE)])
    with pytest.raises(ModelError, match="mini"):
        TorchEncoder.load("nobody/no-such-model")
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(ModelError, match=r"tokenizer|cannot be loaded"):
        TorchEncoder.load(tmp_path)


def test_torch_encoder_opens_any_sentence_transformer(checkpoint: Checkpoint, tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(checkpoint("clip") / "tokenizer.json"))
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=16)])
    model.save_pretrained(str(tmp_path), create_model_card=False)
    encoder = TorchEncoder.load(tmp_path)
    rows = encoder.encode_documents([Document("t", Modality.TEXT, text="a dog")])
    assert rows.shape == (1, encoder.dim) == (1, 16)
    np.testing.assert_allclose(np.linalg.norm(rows), 1, atol=1e-6)
    with pytest.raises(ModelError, match=r"encodes \['text'\]"):
        encoder.encode_documents([Document("i", Modality.IMAGE, image=png(picture(1)))])


def test_code_of_strangers_needs_trust(tmp_path: Path) -> None:
    modules = [{"idx": 0, "name": "0", "path": "", "type": "stranger.Module"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    (tmp_path / "config_sentence_transformers.json").write_text("{}")
    with pytest.raises(ModelError, match="trust_remote_code"):
        TorchEncoder.load(tmp_path)


def test_fingerprint_follows_the_weights(checkpoint: Checkpoint, tmp_path: Path) -> None:
    fusion = FusionModule.load(str(checkpoint("univldr-dual")))
    fusion.save(str(tmp_path))
    before = TorchEncoder.load(tmp_path).fingerprint
    assert TorchEncoder.load(tmp_path).fingerprint == before
    with torch.no_grad():
        fusion.model.head.out.weight[0, 0] += 0.1
    fusion.save(str(tmp_path))
    assert TorchEncoder.load(tmp_path).fingerprint != before
