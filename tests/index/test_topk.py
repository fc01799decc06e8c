"""Exact top-k against brute force: ties, masks, too few documents, memory maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from univldr.errors import StoreError
from univldr.index.topk import QUERIES, best_positions, nonzero_rows, top_k
from univldr.types import Float32Array


def whole_numbers(rows: int, dim: int, seed: int) -> Float32Array:
    """Vectors of small whole numbers: their products are exact and full of ties."""
    return np.random.default_rng(seed).integers(-2, 3, (rows, dim)).astype(np.float32)


def brute_force(
    queries: Float32Array, documents: Float32Array, k: int, allowed: npt.NDArray[np.bool_] | None = None
) -> tuple[list[list[int]], list[list[float]]]:
    scores = (queries @ documents.T).tolist()
    searched = range(len(documents)) if allowed is None else np.flatnonzero(allowed).tolist()
    best = [sorted(searched, key=lambda row: (-line[row], row))[:k] for line in scores]
    rows = [row + [-1] * (k - len(row)) for row in best]
    values = [
        [line[row] if row >= 0 else -np.inf for row in found]
        for line, found in zip(scores, rows, strict=True)
    ]
    return rows, values


@pytest.mark.parametrize("k", [1, 3, 40, 100])
@pytest.mark.parametrize("block", [1, 7, 40, 64])
def test_like_brute_force_with_ties_and_too_few_documents(k: int, block: int) -> None:
    queries, documents = whole_numbers(9, 3, seed=1), whole_numbers(40, 3, seed=2)
    rows, scores = top_k(queries, documents, k, block=block)
    expected_rows, expected_scores = brute_force(queries, documents, k)
    assert rows.tolist() == expected_rows
    assert scores.tolist() == expected_scores
    assert rows.dtype == np.int64
    assert scores.dtype == np.float32


def test_more_queries_than_fit_at_a_time() -> None:
    queries, documents = whole_numbers(QUERIES + 3, 3, seed=3), whole_numbers(30, 3, seed=4)
    rows, _ = top_k(queries, documents, 4, block=8)
    assert rows.tolist() == brute_force(queries, documents, 4)[0]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_only_allowed_documents_are_found(share: float) -> None:
    queries, documents = whole_numbers(5, 4, seed=5), whole_numbers(50, 4, seed=6)
    allowed = np.random.default_rng(7).random(50) < share
    rows, scores = top_k(queries, documents, 20, allowed=allowed, block=8)
    expected_rows, expected_scores = brute_force(queries, documents, 20, allowed)
    assert rows.tolist() == expected_rows
    assert scores.tolist() == expected_scores


def test_nothing_to_search_and_nobody_who_asks() -> None:
    rows, scores = top_k(np.ones((2, 3), np.float32), np.zeros((0, 3), np.float32), 2)
    assert rows.tolist() == [[-1, -1], [-1, -1]]
    assert scores.tolist() == [[-np.inf, -np.inf], [-np.inf, -np.inf]]
    assert top_k(np.zeros((0, 3), np.float32), np.ones((4, 3), np.float32), 2)[0].shape == (0, 2)


def test_negative_scores_are_scores_and_broken_ones_are_not() -> None:
    documents = np.array([[-2.0], [np.nan], [-1.0]], np.float32)
    rows, scores = top_k(np.ones((1, 1), np.float32), documents, 3)
    assert rows.tolist() == [[2, 0, -1]]
    assert scores.tolist() == [[-1.0, -2.0, -np.inf]]


class Watched:
    """A memory map that notes which rows are read."""

    def __init__(self, rows: Float32Array) -> None:
        self._rows = rows
        self.shape: tuple[int, ...] = rows.shape
        self.read: list[int] = []

    def __getitem__(self, rows: Any, /) -> Any:
        self.read += np.arange(len(self._rows))[rows].tolist()
        return self._rows[rows]


def test_a_memory_map_is_read_once_in_order_and_only_where_allowed(tmp_path: Path) -> None:
    queries, documents = whole_numbers(2 * QUERIES, 3, seed=8), whole_numbers(30, 3, seed=9)
    np.save(tmp_path / "rows.npy", documents)
    watched = Watched(np.load(tmp_path / "rows.npy", mmap_mode="r"))
    assert top_k(queries, watched, 5, block=7)[0].tolist() == brute_force(queries, documents, 5)[0]
    assert watched.read == list(range(30))
    watched.read.clear()
    top_k(queries, watched, 5, allowed=np.arange(30) % 3 == 0, block=7)
    assert watched.read == list(range(0, 30, 3))


def test_progress_counts_the_documents_searched() -> None:
    seen: list[tuple[int, int, str]] = []
    top_k(
        whole_numbers(2, 3, seed=1),
        whole_numbers(10, 3, seed=2),
        1,
        block=4,
        progress=lambda done, total, label: seen.append((done, total, label)),
    )
    assert seen == [(4, 10, "searching"), (8, 10, "searching"), (10, 10, "searching")]


def test_what_does_not_fit_is_refused() -> None:
    queries, documents = np.ones((2, 3), np.float32), np.ones((4, 5), np.float32)
    with pytest.raises(StoreError, match=r"\[2, 3\] for documents of shape \[4, 5\]"):
        top_k(queries, documents, 1)
    with pytest.raises(StoreError, match="k is 0"):
        top_k(queries, queries, 0)
    with pytest.raises(StoreError, match=r"a mask of shape \[3\] for 2 documents"):
        top_k(queries, queries, 1, allowed=np.ones(3, bool))


def test_best_positions_keep_the_first_of_equals() -> None:
    scores = np.array([1, 3, 2, 3, 2, 2], np.float32)
    assert best_positions(scores, 4).tolist() == [1, 3, 2, 4]
    assert best_positions(scores, 9).tolist() == [1, 3, 2, 4, 5, 0]
    assert best_positions(scores[:0], 2).tolist() == []


def test_nonzero_rows() -> None:
    documents = np.array([[0, 1], [0, 0], [-1, 1], [0, 0]], np.float32)
    assert nonzero_rows(documents, block=3).tolist() == [True, False, True, False]
    assert nonzero_rows(documents[:0]).tolist() == []
