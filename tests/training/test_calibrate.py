"""Fitting a calibration: the regression and the threshold by hand, what counts as relevant, and how much."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.retrieval_kit import VectorEncoder, image, make_collection, query, text
from univldr.calibration import KINDS
from univldr.errors import ConfigError
from univldr.training import calibrate
from univldr.training.calibrate import Judged, fit, judged, logistic
from univldr.types import Float32Array

Rng = np.random.Generator


def test_logistic_by_hand() -> None:
    """Two scores, each right with a known share: the curve goes through both shares."""
    scores = np.array([0.0, 0.0, 1.0, 1.0])
    relevant = np.array([True, False, True, False])
    weights = np.array([1.0, 3.0, 3.0, 1.0])  # a quarter right at 0, three quarters at 1
    slope, offset = logistic(scores, relevant, weights)
    assert (slope, offset) == pytest.approx((2 * math.log(3), -math.log(3)), rel=1e-4)
    assert logistic(scores, relevant, 7 * weights) == pytest.approx((slope, offset))


def test_logistic_of_what_can_be_told_apart_is_finite() -> None:
    slope, offset = logistic(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]), np.ones(4))
    assert 0 < slope < 1e3
    assert 0.2 < -offset / slope < 0.8


def test_logistic_of_equal_scores_is_the_share() -> None:
    slope, offset = logistic(np.full(4, 0.5), np.array([True, False, False, False]), np.ones(4))
    assert slope == 0
    assert 1 / (1 + math.exp(-offset)) == pytest.approx(0.25)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.1, 1), (0.25, 2), (0.5, 3), (0.9, 4)])
def test_the_threshold_leaves_a_share_below(share: float, value: float) -> None:
    assert calibrate._quantile(np.array([3.0, 1.0, 4.0, 2.0]), np.ones(4), share) == value


def test_the_threshold_heeds_weights() -> None:
    weights = np.array([0.05, 0.05, 0.9])
    assert calibrate._quantile(np.array([1.0, 2.0, 3.0]), weights, 0.05) == 2


def unit(rows: npt.NDArray[np.float64]) -> Float32Array:
    found: Float32Array = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def made(rng: Rng, kind: str, *, noise: float, size: int = 100) -> Judged:
    """Queries about ``size`` documents of a kind, each answered by its own, more or less clearly."""
    documents = rng.normal(size=(size, 16))
    queries = unit(documents + noise * rng.normal(size=documents.shape))
    kinds = np.full(size, KINDS.index(kind), np.int64)
    return Judged(queries, unit(documents), kinds, [(row,) for row in range(size)])


def test_the_same_relevance_for_kinds_that_score_otherwise() -> None:
    rng = np.random.default_rng(0)
    sets = [made(rng, "text", noise=0.4), made(rng, "image", noise=1.2)]
    calibration = fit(sets)
    assert set(calibration.curves) == {"text", "image"}
    text, image = calibration.curves["text"], calibration.curves["image"]
    assert image.slope < text.slope  # what answers is less clear
    assert fit(sets) == calibration
    for some in sets:
        scores = some.queries @ some.documents.T
        best = calibration.relevance(scores.max(axis=1), some.kinds)
        assert (best >= calibration.answer_threshold).mean() > 0.85
    assert 0 < calibration.answer_threshold < fit(sets, recall=0.5).answer_threshold < 1


def test_probabilities_are_those_of_an_index_half_of_whose_queries_have_an_answer() -> None:
    """All scores alike: every list of a pool of a thousand holds ten others, and half an answer."""
    size = 200
    lists = calibrate._Lists.of([made(np.random.default_rng(1), "text", noise=0.1, size=size)], 0)
    assert lists is not None
    assert lists.relevant.sum() == size
    assert (~lists.relevant).sum() == 2 * size  # ten of a thousand are two of two hundred
    assert lists.weights[lists.relevant].sum() == pytest.approx(0.5)
    assert lists.weights[~lists.relevant].sum() == pytest.approx(10)
    assert len(lists.best) == size


def test_answers_that_no_one_would_see_do_not_count() -> None:
    """The own document is the farthest: it is in no list, and the kind cannot be calibrated."""
    some = made(np.random.default_rng(2), "text", noise=0.1)
    far = Judged(-some.queries, some.documents, some.kinds, some.positives)
    with pytest.raises(ConfigError, match="no kind of document has 20 relevant"):
        fit([far])


def test_a_set_weighs_the_same_however_long_and_zero_rows_are_no_documents() -> None:
    rng = np.random.default_rng(3)
    small, large = made(rng, "text", noise=0.4, size=50), made(rng, "text", noise=0.4, size=150)
    large.documents[0] = 0
    lists = calibrate._Lists.of([small, large], 0)
    assert lists is not None
    assert len(lists.best) == 199
    others = lists.weights[~lists.relevant]
    assert others.sum() == pytest.approx(20)
    assert len(others) == 200 * 2  # 199 documents, and two of them in each list


def test_a_kind_without_answers_has_no_curve() -> None:
    rng = np.random.default_rng(4)
    texts = made(rng, "text", noise=0.4)
    strangers = Judged(np.zeros((0, 16), np.float32), unit(rng.normal(size=(30, 16))), np.full(30, 1), [])
    assert set(fit([texts, strangers]).curves) == {"text"}


@pytest.mark.parametrize("recall", [0.0, 1.0, math.nan])
def test_a_recall_out_of_bounds(recall: float) -> None:
    with pytest.raises(ConfigError, match="give a share between 0 and 1"):
        fit([], recall=recall)


def test_a_data_set_is_encoded_once(tmp_path: Path) -> None:
    documents = [text("t", "1 0"), image("p", "0 1"), text("u", "1 1")]
    queries = [query("a", "1 0", "t"), query("b", "0 1", "p", "u")]
    collection = make_collection(tmp_path / "data", documents, queries)
    encoder = VectorEncoder()
    found = judged(encoder, collection, "train", tmp_path / "cache")
    assert [KINDS[kind] for kind in found.kinds] == ["text", "captioned", "text"]
    assert list(found.positives) == [(0,), (1, 2)]
    np.testing.assert_allclose(found.queries, [[1, 0], [0, 1]])
    again = judged(encoder, collection, "train", tmp_path / "cache")
    np.testing.assert_array_equal(again.documents, found.documents)
    assert (encoder.asked, len(encoder.encoded)) == (2, 3)


def test_a_picture_as_query_is_left_out(tmp_path: Path) -> None:
    asked = [query("a", "1 0", "t"), {"id": "b", "query": "0 1", "image": "p.png", "positives": ["t"]}]
    collection = make_collection(tmp_path / "data", [text("t", "1 0"), image("p", "0 1")], asked)
    found = judged(VectorEncoder(), collection, "train", tmp_path / "cache")
    assert (len(found.queries), list(found.positives)) == (1, [(0,)])


def test_what_else_a_caption_fits() -> None:
    """Two pictures of one thing, and one whose own captions have nothing in common."""
    same, near, other, apart = (np.eye(4, dtype=np.float32)[n] for n in range(4))
    near = (same + near) / np.sqrt(2)
    fits = calibrate.also_right(np.stack([[same, near], [near, same], [other, apart]]))
    assert fits.shape == (3, 2, 3)
    assert fits[0].tolist() == [[True, True, False]] * 2
    assert fits[1].tolist() == [[True, True, False]] * 2
    assert fits[2, 0, 2]
    strict = calibrate.also_right(np.stack([[same, near], [same, same], [other, other]]), share=1.0)
    assert strict[0].tolist() == [[True, True, False]] * 2
    assert strict[1].tolist() == [[False, True, False]] * 2
