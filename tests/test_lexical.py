"""Words count beside cosines: never against a document, in the terms of its kind, and only where telling."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from univldr.calibration import KINDS, Calibration, Curve
from univldr.lexical import AUTO, ON, START, Mode, enough, fuse
from univldr.types import Float32Array

CALIBRATION = Calibration(
    {"text": Curve(20.0, 0.6), "image": Curve(10.0, 0.7), "captioned": Curve(10.0, 0.7)}, 0.02
)
TEXT, IMAGE, CAPTIONED = range(len(KINDS))


def floats(*values: float) -> Float32Array:
    return np.array(values, np.float32)


def added(
    evidence: Float32Array,
    mode: Mode,
    kinds: list[int] | None = None,
    cosines: Float32Array | None = None,
    calibration: Calibration | None = CALIBRATION,
) -> Float32Array:
    return fuse(
        np.zeros_like(evidence) if cosines is None else cosines,
        evidence,
        np.array(kinds or [TEXT] * len(evidence), np.int64),
        mode=mode,
        calibration=calibration,
    )


@pytest.mark.parametrize("mode", get_args(Mode))
@pytest.mark.parametrize("calibration", [CALIBRATION, None])
def test_nothing_is_taken_away_and_nothing_given_without_words(
    mode: Mode, calibration: Calibration | None
) -> None:
    rng = np.random.default_rng(0)
    evidence = np.where(rng.random(200) < 0.5, 0, rng.random(200)).astype(np.float32)
    cosines = rng.random(200).astype(np.float32)
    found = fuse(cosines, evidence, rng.integers(0, 3, 200), mode=mode, calibration=calibration)
    assert found.dtype == np.float32
    assert found.shape == (200,)
    assert (found >= 0).all()
    assert (found[evidence == 0] == 0).all()


@pytest.mark.parametrize("mode", get_args(Mode))
def test_more_evidence_adds_more(mode: Mode) -> None:
    found = added(np.linspace(0, 1, 50, dtype=np.float32), mode)
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("mode", get_args(Mode))
def test_a_step_is_the_kinds_own(mode: Mode) -> None:
    found = added(floats(0.8, 0.8, 0.8), mode, [TEXT, IMAGE, CAPTIONED])
    assert found[1] == pytest.approx(2 * found[0])
    assert found[2] == found[1]


def test_by_hand() -> None:
    assert added(floats(0.5, 0.2), "on") == pytest.approx([ON * 0.5 / 20, ON * 0.2 / 20])
    expected = AUTO * (0.5 - START) * 0.5 / 20  # there is no tenth
    assert added(floats(0.5, 0.2), "auto") == pytest.approx([expected, 0])


def test_what_ten_documents_have_sets_none_apart() -> None:
    shared = floats(*[0.8] * 10, 0.0)
    assert (added(shared, "auto") == 0).all()
    assert (added(shared, "on")[:10] > 0).all()
    nine = floats(*[0.8] * 9, 0.1, 0.0)
    assert (added(nine, "auto")[:9] > 0).all()


def test_without_a_calibration_the_spread_of_the_cosines_is_the_step() -> None:
    cosines = floats(0.1, 0.3)
    found = added(floats(0.5, 0), "on", cosines=cosines, calibration=None)
    assert found == pytest.approx([ON * 0.5 * 0.1, 0])
    partly = Calibration({"text": Curve(20.0, 0.6)}, 0.02)
    found = added(floats(0.5, 0.5), "on", [TEXT, IMAGE], cosines, partly)
    assert found == pytest.approx([ON * 0.5 / 20, ON * 0.5 * 0.1])


@pytest.mark.parametrize("mode", get_args(Mode))
@pytest.mark.parametrize("calibration", [CALIBRATION, None])
def test_of_no_candidates_nothing(mode: Mode, calibration: Calibration | None) -> None:
    assert added(floats(), mode, calibration=calibration).shape == (0,)


def test_a_later_page_changes_no_score() -> None:
    rng = np.random.default_rng(0)
    cosines = -np.sort(-rng.random(300).astype(np.float32))
    evidence = np.zeros(300, np.float32)
    evidence[:50] = rng.random(50)
    first = added(evidence[:100], "auto", cosines=cosines[:100], calibration=None)
    assert added(evidence, "auto", cosines=cosines, calibration=None)[:100] == pytest.approx(first)


def test_ten_documents_decide_where_the_model_is_calibrated() -> None:
    assert enough("auto", CALIBRATION) == 10
    assert (
        enough("auto", Calibration({"text": Curve(20.0, 0.6)}, 0.02)) is None
    )  # the spread is of all of them
    assert enough("auto", None) is None
    assert enough("on", CALIBRATION) is None
    evidence = floats(0.9, 0.8, *([0.4] * 9), 0.39)
    assert added(evidence, "auto")[:2].tolist() == added(evidence[:10], "auto")[:2].tolist()
    assert not added(evidence, "auto")[2:].any()
