"""The model in MTEB itself, on made-up tasks; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from univldr import ConfigError, Document, Modality, Query, load_encoder
from univldr.encoders.hash import HashEncoder
from univldr.types import Float32Array

mteb = pytest.importorskip("mteb")
datasets = pytest.importorskip("datasets")

from univldr.integrations.mteb import UnivldrModel  # noqa: E402

TEXTS = ["a red barn", "the blue lake", "a green field"]
COLOURS = ["red", "blue", "green"]


def picture(colour: str) -> Image.Image:
    return Image.new("RGB", (40, 30), colour)


def png(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


def task(category: str, modalities: list[str], queries: dict[str, Any], corpus: dict[str, Any]) -> Any:
    """A retrieval task where document n answers query n."""
    ids = [str(n) for n in range(len(TEXTS))]

    class Made(mteb.abstasks.AbsTaskRetrieval):  # type: ignore[misc, name-defined]
        metadata = mteb.TaskMetadata(
            name=f"Made{category.upper()}Retrieval",
            description="Made up.",
            reference=None,
            dataset={"path": "made/up", "revision": "1"},
            type="Retrieval" if modalities == ["text"] else "Any2AnyRetrieval",
            category=category,
            modalities=modalities,
            eval_splits=["test"],
            eval_langs=["eng-Latn"],
            main_score="ndcg_at_10",
        )

        def load_data(self, *_: object, **__: object) -> None:
            split = {
                "queries": datasets.Dataset.from_dict({"id": ids, **queries}),
                "corpus": datasets.Dataset.from_dict({"id": ids, **corpus}),
                "relevant_docs": {id: {id: 1} for id in ids},
                "top_ranked": None,
            }
            self.dataset = {"default": {"test": split}}
            self.data_loaded = True

    return Made()


def made_up(category: str) -> Any:
    """The task of texts, pictures, or both in which the texts are the pictures' captions."""
    pictures = [picture(colour) for colour in COLOURS]
    asked, found = category.split("2")
    queries: dict[str, dict[str, Any]] = {
        "t": {"text": TEXTS},
        "i": {"image": pictures},
        "it": {"text": TEXTS, "image": pictures},
    }
    corpus = queries | {"t": {"text": TEXTS, "title": ["", "Lake", ""]}}
    modalities = sorted({"text" if letter == "t" else "image" for letter in asked + found})
    return task(category, modalities, queries[asked], corpus[found])


@pytest.mark.parametrize("category", ["t2t", "t2i", "t2it", "it2i", "i2i"])
def test_a_task_of_texts_pictures_or_both(category: str) -> None:
    model = UnivldrModel(load_encoder("hash"))
    result = mteb.evaluate(model, made_up(category), cache=None, show_progress_bar=False)
    assert (result.model_name, result.model_revision) == ("univldr/hash", HashEncoder().fingerprint)
    score = result.task_results[0].get_score()
    if category == "t2i":  # without captions, the fake knows nothing of colours' names
        assert 0 < score <= 1
    else:
        assert score == pytest.approx(1.0)


def test_rows_are_those_of_the_encoder(tmp_path: Path) -> None:
    class OfTwoKinds(HashEncoder):
        def encode_queries(self, queries: list[Query]) -> Float32Array:
            return -super().encode_queries(queries)

    encoder = OfTwoKinds()
    model = UnivldrModel(encoder)
    red = picture("red")
    batches: list[dict[str, Any]] = [
        {"text": TEXTS[:2], "image": [red, None]},
        {"image": [red]},
        {"text": TEXTS[2:]},
    ]
    path = png(tmp_path / "red.png", red)
    documents = [
        Document("0", Modality.IMAGE, TEXTS[0], path),
        Document("1", Modality.TEXT, TEXTS[1]),
        Document("2", Modality.IMAGE, "", path),
        Document("3", Modality.TEXT, TEXTS[2]),
    ]
    np.testing.assert_allclose(model.encode(batches), encoder.encode_documents(documents), atol=1e-6)
    queries = [Query(TEXTS[0], path), Query(TEXTS[1]), Query("", path), Query(TEXTS[2])]
    rows = model.encode(batches, prompt_type=mteb.types.PromptType.query)
    np.testing.assert_allclose(rows, encoder.encode_queries(queries), atol=1e-6)
    assert model.encode([]).shape == (0, encoder.dim)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_any_mode(mode: str) -> None:
    rows = UnivldrModel(load_encoder("hash")).encode([{"image": [Image.new(mode, (9, 8))]}])
    assert np.isfinite(rows).all()


def test_other_modalities_are_refused() -> None:
    with pytest.raises(ConfigError, match="the task gives audio; the encoder takes text and image"):
        UnivldrModel(load_encoder("hash")).encode([{"audio": [b"..."]}])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mini", "univldr/mini"), ("org/name", "org/name"), ("/home/ada/model", "univldr/model")],
)
def test_its_name_is_one_that_mteb_takes(name: str, expected: str) -> None:
    encoder = HashEncoder()
    encoder.name = name
    assert UnivldrModel(encoder).mteb_model_meta.name == expected
