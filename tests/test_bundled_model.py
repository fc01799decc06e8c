"""The model in the package: small, loadable offline, and good enough for the demo's tour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from univldr import load_encoder
from univldr.demo.tour import tour
from univldr.encoders.onnx import OnnxEncoder
from univldr.types import Document, Encoder, Modality, Query

MODEL = Path(__file__).parents[1] / "models" / "mini"


@pytest.fixture(scope="module")
def mini() -> Encoder:
    return load_encoder("mini")


def test_it_stays_small() -> None:
    assert sum(path.stat().st_size for path in MODEL.rglob("*")) <= 40e6


def test_it_holds_weights_and_settings_only() -> None:
    assert {path.suffix for path in MODEL.rglob("*") if path.is_file()} == {"", ".json", ".md", ".onnx"}


def test_its_card_names_the_sources_and_has_no_gaps() -> None:
    card = (MODEL / "README.md").read_text(encoding="utf-8")
    for words in ("all-MiniLM-L6-v2", "MobileNetV2", "Flickr8k", "Apache-2.0", "## Limits"):
        assert words in card


def test_a_question_is_nearest_to_the_passage_that_answers_it(mini: Encoder) -> None:
    assert isinstance(mini, OnnxEncoder)
    passages = ["A violin has four strings.", "Onion soup needs an hour.", "A rocket burns fuel."]
    documents = [Document(text, Modality.TEXT, text) for text in passages]
    [question] = mini.encode_queries([Query("How many strings does a violin have?")])
    scores = mini.encode_documents(documents) @ question
    assert np.argmax(scores) == 0
    assert scores[0] > 0.6 > 0.3 > max(scores[1:])


def test_the_tour_answers_its_questions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tour(tmp_path / "demo")
    shown = capsys.readouterr().out
    assert "6 of 6 questions have their answer first" in shown
    assert "found by its pixels" in shown
