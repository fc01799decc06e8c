"""A trained model on a hub that is none, and back: ``push_to_hub``, its card, both ways to load it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import ModelCard
from PIL import Image

from tests.integrations.conftest import Hub
from univldr import Document, Modality, load_encoder

sentence_transformers = pytest.importorskip("sentence_transformers")

from univldr.encoders.fusion import FusionModule, fusion_transformer  # noqa: E402

REPO = "someone/small"
TRUSTED: dict[str, Any] = {"device": "cpu", "trust_remote_code": True}  # or it imports no class of ours


def test_what_is_pushed_is_what_was_trained(trained: Path, hub: Hub, tmp_path: Path) -> None:
    model = sentence_transformers.SentenceTransformer(str(trained), **TRUSTED)
    assert model.push_to_hub(REPO, private=True) == f"hub/{REPO}/commit/1"
    assert hub.made == [(REPO, True)]
    Image.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    documents = [
        Document("a", Modality.TEXT, "a dog on the beach"),
        Document("b", Modality.IMAGE, "a red bird", tmp_path / "red.png"),
        Document("c", Modality.IMAGE, "", tmp_path / "red.png"),
    ]
    expected = load_encoder(str(trained)).encode_documents(documents)
    pushed = load_encoder(REPO)
    assert pushed.name.startswith(f"{REPO}@")
    np.testing.assert_allclose(pushed.encode_documents(documents), expected, atol=1e-6)
    plain = sentence_transformers.SentenceTransformer(REPO, **TRUSTED)
    inputs = [{"text": "a dog on the beach"}, {"text": "a red bird", "image": tmp_path / "red.png"}]
    np.testing.assert_allclose(plain.encode_document(inputs), expected[:2], atol=1e-6)
    names = {path.name for path in hub.snapshot(REPO).rglob("*") if path.is_file()}
    assert {"univldr.json", "tokenizer.json", "preprocessor_config.json", "model.safetensors"} <= names


def test_the_card_goes_with_it(trained: Path, hub: Hub) -> None:
    sentence_transformers.SentenceTransformer(str(trained), **TRUSTED).push_to_hub(REPO)
    card = ModelCard.load(hub.snapshot(REPO) / "README.md")
    assert card.data.library_name == "univldr"
    assert "Trained on nothing." in card.text


def test_a_model_without_a_card_gets_one(checkpoint: Callable[[str], Path], hub: Hub) -> None:
    model = fusion_transformer(FusionModule.load(str(checkpoint("clip"))), "cpu")
    model.push_to_hub(REPO)
    card = ModelCard.load(hub.snapshot(REPO) / "README.md")
    assert card.data.library_name == "sentence-transformers"
    assert "FusionModule" in card.text


@pytest.mark.slow
def test_a_folder_with_graphs_is_pushed_as_it_is(trained: Path, hub: Hub) -> None:
    from univldr.calibration import Calibration, Curve
    from univldr.encoders.onnx import OnnxEncoder
    from univldr.encoders.settings import save_calibration
    from univldr.export import export_onnx

    documents = [Document("a", Modality.TEXT, "a dog on the beach")]
    expected = load_encoder(str(trained)).encode_documents(documents)
    export_onnx(str(trained), trained, quantize=False)
    calibration = Calibration({"text": Curve(10.0, 0.5), "image": Curve(12.0, 0.25)}, 0.5)
    save_calibration(calibration, trained)
    model = sentence_transformers.SentenceTransformer(str(trained), **TRUSTED)
    model.push_to_hub(REPO, local_model_path=str(trained), exist_ok=True)
    pushed = load_encoder(REPO)
    assert isinstance(pushed, OnnxEncoder)
    assert pushed.calibration == calibration
    np.testing.assert_allclose(pushed.encode_documents(documents), expected, atol=1e-4)
    assert (hub.snapshot(REPO) / "README.md").read_text("utf-8") == (trained / "README.md").read_text("utf-8")
