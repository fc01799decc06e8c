"""From scores to relevance, by hand; what of it a model directory keeps, and what a search says with it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from univldr.calibration import KINDS, Calibrated, Calibration, Curve, kind_of
from univldr.encoders.fingerprint import fingerprint
from univldr.encoders.hash import HashEncoder
from univldr.encoders.settings import load_calibration, save_calibration, what_vectors_depend_on
from univldr.errors import ConfigError, ModelError
from univldr.index.exact import ExactIndex
from univldr.search import Searcher
from univldr.types import Document, Expansion, Modality, Query

TEXT, IMAGE, CAPTIONED = range(3)
CALIBRATION = Calibration({"text": Curve(10, 0.5), "image": Curve(20, 0.3)}, 0.25)


def test_relevance_by_hand() -> None:
    scores = [[0.5, 0.5 + math.log(3) / 10, 0.3], [0.3 - math.log(3) / 20, 0.3 + math.log(9) / 20, 0.0]]
    kinds = [[TEXT, TEXT, IMAGE], [IMAGE, IMAGE, CAPTIONED]]
    found = CALIBRATION.relevance(scores, kinds)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.5, 0.75, 0.5], [0.25, 0.9, math.nan]], rtol=1e-6)


def test_relevance_is_monotone_and_never_overflows() -> None:
    steep = Calibration({"text": Curve(1e6, 0.5)}, 0.5)
    assert steep.relevance([-1, 0.5, 1], [TEXT] * 3).tolist() == [0, 0.5, 1]
    scores = np.linspace(-1, 1, 101)
    assert (np.diff(CALIBRATION.relevance(scores, np.full(101, TEXT))) >= 0).all()


@pytest.mark.parametrize(
    ("relevances", "verdict"),
    [
        ([0.1, 0.25], True),
        ([0.1, 0.24], False),
        ([0.1, None], None),  # the unknown one may be the answer
        ([None, 0.3], True),
        ([None], None),
        ([], None),
    ],
)
def test_an_answer_reaches_the_threshold(relevances: list[float | None], verdict: bool | None) -> None:
    assert CALIBRATION.answers(relevances) is verdict


def test_kinds_of_documents() -> None:
    picture = Document("p", Modality.IMAGE, image=Path("p.png"), title="never encoded")
    documents = [
        Document("t", Modality.TEXT),
        picture,
        replace(picture, text=" "),
        replace(picture, text="a barn"),
        replace(picture, expansions=(Expansion("a barn"),)),
    ]
    assert [KINDS[kind_of(d)] for d in documents] == ["text", "image", "image", "captioned", "captioned"]


def test_the_plain_form_comes_back() -> None:
    assert Calibration.parse(json.loads(json.dumps(CALIBRATION.plain()))) == CALIBRATION


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"curves": {}}, "answer_threshold"),
        ({"curves": {"text": {"slope": 1}}, "answer_threshold": 0.5}, "middle"),
        ({"curves": [], "answer_threshold": 0.5}, "malformed"),
        ({"curves": {"video": {"slope": 1, "middle": 0}}, "answer_threshold": 0.5}, "no kind 'video'"),
        ({"curves": {"text": {"slope": -1, "middle": 0}}, "answer_threshold": 0.5}, "slope -1"),
        ({"curves": {"text": {"slope": 1, "middle": "nan"}}, "answer_threshold": 0.5}, "middle nan"),
        ({"curves": {}, "answer_threshold": 1.5}, "answer_threshold is 1.5"),
    ],
)
def test_a_broken_calibration_is_refused(tmp_path: Path, fields: dict[str, object], words: str) -> None:
    (tmp_path / "univldr.json").write_text(json.dumps({"format": 1, "calibration": fields}))
    with pytest.raises(ModelError, match=words):
        load_calibration(tmp_path)


@pytest.mark.parametrize(("indent", "end"), [(2, "\n"), (4, ""), (None, "\n")])
def test_a_model_directory_keeps_it_and_stays_what_it_was(
    tmp_path: Path, indent: int | None, end: str
) -> None:
    path = tmp_path / "univldr.json"
    path.write_text(json.dumps({"format": 1, "dim": 8}, indent=indent) + end)
    before = fingerprint([path], {})
    assert load_calibration(tmp_path) is None
    assert what_vectors_depend_on(path) == path
    save_calibration(CALIBRATION, tmp_path)
    assert load_calibration(tmp_path) == CALIBRATION
    assert json.loads(path.read_text())["dim"] == 8
    assert fingerprint([path], {}) != before
    assert fingerprint([what_vectors_depend_on(path)], {}) == before
    save_calibration(replace(CALIBRATION, answer_threshold=0.5), tmp_path)
    assert load_calibration(tmp_path) == replace(CALIBRATION, answer_threshold=0.5)
    assert [file.name for file in tmp_path.iterdir()] == ["univldr.json"]


def test_a_directory_that_is_no_model(tmp_path: Path) -> None:
    assert load_calibration(tmp_path) is None
    with pytest.raises(ModelError, match=r"univldr\.json: no such file"):
        save_calibration(CALIBRATION, tmp_path)


class CalibratedHash(HashEncoder):
    """The fake encoder with a calibration."""

    def __init__(self, calibration: Calibration | None) -> None:
        super().__init__()
        self.calibration = calibration


DOCUMENTS = [
    Document("soup", Modality.TEXT, "onion soup"),
    Document("roof", Modality.TEXT, "slate roof"),
]


def searcher(encoder: HashEncoder) -> Searcher:
    index = ExactIndex(encoder.dim)
    index.upsert(DOCUMENTS, encoder.encode_documents(DOCUMENTS))
    return Searcher(encoder, index)


def test_a_search_says_how_relevant_each_hit_is() -> None:
    assert isinstance(CalibratedHash(CALIBRATION), Calibrated)
    found = searcher(CalibratedHash(CALIBRATION))
    hits = found.search("onion soup", explain=True, lexical="off")
    assert [hit.document.id for hit in hits] == ["soup", "roof"]
    assert hits[0].relevance == pytest.approx(1 / (1 + math.exp(-5)))  # the score is 1
    assert hits[0].explanation == pytest.approx({"text": 1.0})
    assert hits.answered is True
    nothing = found.search("violin", lexical="off")
    assert nothing[0].relevance == pytest.approx(1 / (1 + math.exp(5)), rel=1e-5)  # the score is 0
    assert nothing.answered is False


def test_without_a_calibration_of_the_kind_nothing_is_said() -> None:
    pictures_only = Calibration({"image": Curve(20, 0.3)}, 0.25)
    for encoder in (HashEncoder(), CalibratedHash(None), CalibratedHash(pictures_only)):
        found = searcher(encoder)
        hits = found.search("violin", lexical="off")
        assert [hit.relevance for hit in hits] == [None, None]
        assert hits.answered is None


def test_a_picture_in_the_query_scores_otherwise(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    found = searcher(CalibratedHash(CALIBRATION))
    hits = found.search(Query("onion soup", tmp_path / "red.png"))
    assert [hit.relevance for hit in hits] == [None, None]
    assert hits.answered is None


def test_min_relevance_leaves_out_the_rest() -> None:
    found = searcher(CalibratedHash(CALIBRATION))
    assert len(found.search("onion soup")) == 2
    assert [hit.document.id for hit in found.search("onion soup", min_relevance=0.5)] == ["soup"]
    assert found.search("violin", min_relevance=0.5) == []
    with pytest.raises(ConfigError, match="not words alone"):
        list(found.search("onion", min_relevance=0.5).plus("soup"))


def test_the_lowest_score_of_a_relevance() -> None:
    whole = Calibration({"text": Curve(10, 0.5), "image": Curve(20, 0.3), "captioned": Curve(5, 0.4)}, 0.25)
    lowest = whole.lowest_score(0.1)
    scores = np.linspace(-1, lowest - 1e-4, 50)
    assert all((whole.relevance(scores, np.full(50, kind)) < 0.1).all() for kind in range(3))
    assert max(whole.relevance(lowest + 1e-4, kind) for kind in range(3)) > 0.1
    assert CALIBRATION.lowest_score(0.1) == -math.inf
    assert whole.lowest_score(0) == -math.inf
