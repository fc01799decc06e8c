"""Centering by hand: means, what is left of vectors and queries, and the gap that it closes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from univldr import centering
from univldr.centering import Centered, center, center_queries, modality_means
from univldr.types import Float32Array

R = math.sqrt(0.5)
VECTORS = np.array([[1, 0], [0, 1], [-1, 0], [0.0, 0.0], [-1, 0], [0, -1]], np.float32)
KINDS = np.array([0, 0, 1, 1, 1, 2], np.uint8)


def close(found: Float32Array, expected: npt.ArrayLike) -> bool:
    return bool(np.allclose(found, expected, atol=1e-6)) and found.dtype == np.float32


@pytest.mark.parametrize("block", [1, 2, 100])
def test_means_by_kind_without_rows_of_zeros(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(centering, "_BLOCK", block)
    means = modality_means(VECTORS, KINDS)
    assert list(means) == [0, 1, 2]
    assert close(means[0], [0.5, 0.5])
    assert close(means[1], [-1.0, 0.0])
    assert close(means[2], [0.0, -1.0])


def test_centered_rows_are_unit_and_zeros_stay_zero() -> None:
    centered = center(VECTORS, KINDS, modality_means(VECTORS, KINDS))
    # Both texts are half a unit off their mean; nothing is left of a picture that is the mean.
    assert close(centered, [[R, -R], [-R, R], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert VECTORS[0].tolist() == [1, 0]


def test_a_kind_without_a_mean_is_left_alone() -> None:
    mean = np.array([0, 1], np.float32)
    assert close(center(VECTORS[:3], KINDS[:3], {0: mean}), [[R, -R], [0.0, 0.0], [-1.0, 0.0]])


def test_queries_lose_the_mean_they_are_given_or_their_own() -> None:
    queries = np.array([[1, 0], [0, 1]], np.float32)
    assert close(center_queries(queries, np.array([0, 1], np.float32)), [[R, -R], [0.0, 0.0]])
    assert close(center_queries(queries), [[R, -R], [-R, R]])
    assert center_queries(queries[:0]).shape == (0, 2)


def test_rows_on_demand_are_the_same_rows() -> None:
    means = modality_means(VECTORS, KINDS)
    lazy = Centered(VECTORS, KINDS, means)
    expected = center(VECTORS, KINDS, means)
    assert lazy.shape == (6, 2)
    assert lazy[1:4].tolist() == expected[1:4].tolist()
    assert lazy[np.array([5, 0])].tolist() == expected[[5, 0]].tolist()


def test_it_closes_the_gap_between_two_cones() -> None:
    """Texts and pictures of the same four things, each kind with a large offset of its own."""
    things = np.eye(6, dtype=np.float32)[:4]
    texts, pictures = things + 3 * np.eye(6)[4], things + 3 * np.eye(6)[5]
    vectors = np.concatenate([texts, pictures]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kinds = np.repeat(np.arange(2), 4).astype(np.uint8)
    queries = vectors[:4]
    assert (queries @ vectors.T)[:, 4:].max() < (queries @ vectors.T)[
        :, :4
    ].min()  # any text before any picture

    means = modality_means(vectors, kinds)
    scores = center_queries(queries, means[0]) @ center(vectors, kinds, means).T
    assert np.allclose(np.diag(scores[:, 4:]), 1.0, atol=1e-5)  # its own picture is as good as itself
