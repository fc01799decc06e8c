"""Rank fusion by hand; what comes out has no ties for trec_eval to break."""

from __future__ import annotations

import math

import numpy as np
import pytest

from univldr.errors import ConfigError
from univldr.fusion import METHODS, fuse, min_max, rrf, z_score

TEXTS = {"t1": 12.0, "t2": 9.0, "t3": 3.0}
PICTURES = {"p2": 0.31, "p1": 0.35, "p3": 0.30}


def order(row: dict[str, float]) -> str:
    return " ".join(row)


def test_rrf_adds_reciprocal_ranks() -> None:
    fused = rrf([{"a": 5, "b": 4, "c": 3}, {"c": 0.9, "a": 0.2}], constant=60)
    assert order(fused) == "a c b"
    assert fused["a"] == pytest.approx(1 / 61 + 1 / 62)
    assert fused["c"] == pytest.approx(1 / 63 + 1 / 61)
    assert fused["b"] == pytest.approx(1 / 62)


@pytest.mark.parametrize("method", ["rrf", "roundrobin"])
def test_lists_without_a_common_document_take_turns(method: str) -> None:
    assert order(fuse([TEXTS, PICTURES], method)) == "t1 p1 t2 p2 t3 p3"
    assert order(fuse([PICTURES, TEXTS], method)) == "p1 t1 p2 t2 p3 t3"


def test_a_round_robin_passes_over_what_has_come_and_lists_that_are_out() -> None:
    fused = fuse([{"a": 3, "b": 2, "c": 1}, {"a": 9}, {"d": 2, "b": 1}], "roundrobin")
    assert fused == pytest.approx({"a": 1, "d": 1 / 2, "b": 1 / 3, "c": 1 / 4})


def test_min_max_and_z_scores_by_hand() -> None:
    assert min_max({"a": 1, "b": 5, "c": 2}) == {"a": 0.0, "b": 1.0, "c": 0.25}
    assert min_max({"a": 7, "b": 7}) == {"a": 1.0, "b": 1.0}
    assert z_score({"a": 1, "b": 3}) == {"a": -1.0, "b": 1.0}
    assert z_score({"a": 0.1, "b": 0.1, "c": 0.1}) == {"a": 0.0, "b": 0.0, "c": 0.0}
    assert (min_max({}), z_score({})) == ({}, {})


def test_normalised_scores_are_compared_across_lists() -> None:
    # Within 0 to 1: t1 1, t2 2/3, t3 0; p1 1, p2 1/5, p3 0.
    assert order(fuse([TEXTS, PICTURES], "minmax")) == "t1 p1 t2 p2 t3 p3"
    # In deviations, of √(42/3) and √(0.0014/3): t1 1.07, t2 0.27, t3 -1.34; p1 1.39, p2 -0.46, p3 -0.93.
    fused = fuse([TEXTS, PICTURES], "zscore")
    assert order(fused) == "p1 t1 t2 p2 p3 t3"
    assert fused["t1"] == pytest.approx(4 / math.sqrt(14))


def test_raw_scores_are_merged_as_they_are() -> None:
    fused = fuse([TEXTS, PICTURES | {"t3": 10.0}], "raw")
    assert list(fused.items())[:4] == [("t1", 12), ("t3", 10), ("t2", 9), ("p1", pytest.approx(0.35))]


@pytest.mark.parametrize("method", METHODS)
def test_scores_fall_strictly_as_float32(method: str) -> None:
    equal = [{f"{kind}{n}": 0.5 for n in range(100)} for kind in "tp"]
    for lists in (equal, [TEXTS, PICTURES], [TEXTS, TEXTS], [{}, TEXTS], [TEXTS]):
        scores = np.array(list(fuse(lists, method).values()), np.float32)
        assert (np.diff(scores) < 0).all()
        assert len(scores) == len({id for row in lists for id in row})
    assert fuse([{}, {}], method) == fuse([], method) == {}


@pytest.mark.parametrize("method", METHODS)
def test_equal_scores_in_a_list_come_as_trec_eval_has_them(method: str) -> None:
    assert order(fuse([{"a": 1.0, "c": 1.0, "b": 1.0}], method)) == "c b a"


def test_an_unknown_method_is_refused_with_the_nearest_known() -> None:
    with pytest.raises(ConfigError, match=r'no fusion "rff": did you mean rrf\? Known: rrf, roundrobin'):
        fuse([TEXTS], "rff")
