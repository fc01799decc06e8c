"""Vectors and documents in any number: clusters of power-law sizes in a space whose spectrum decays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from univldr.types import Document, Float32Array, Modality

Numbers = npt.NDArray[np.int64]

BATCH = 10_000
WORDS = (
    *("harbour", "dusk", "bicycle", "market", "tram", "river", "heron", "granite", "lantern", "orchard"),
    *("violin", "chalk", "ferry", "meadow", "copper", "harvest", "winter", "bridge", "alley", "pigeon"),
    *("tunnel", "kettle", "compass", "marble", "saddle", "anchor", "willow", "quarry", "beacon", "thistle"),
)
FOLDERS = 1000  # a thousandth of the documents each
YEARS = 100


def clustered(count: int, dim: int, seed: int) -> Float32Array:
    """float32 [count, dim], unit rows: a centre and noise of its size, both with variances like 1 / rank.

    Cluster ``r`` of 2,000 has a share like ``r ** -0.8``; the axes are turned at random.
    """
    rng = np.random.default_rng(seed)
    scale = (np.arange(1, dim + 1) ** -0.5).astype(np.float32)
    scale /= np.linalg.norm(scale)
    centres = rng.standard_normal((2000, dim), dtype=np.float32) * scale
    shares = np.arange(1, 2001) ** -0.8
    chosen = rng.choice(2000, count, p=shares / shares.sum())
    turned = np.linalg.qr(rng.standard_normal((dim, dim)))[0].astype(np.float32)
    rows = np.empty((count, dim), np.float32)
    for start in range(0, count, BATCH):
        part = chosen[start : start + BATCH]
        noise = rng.standard_normal((len(part), dim), dtype=np.float32) * scale
        block = (centres[part] + 0.8 * noise) @ turned
        rows[start : start + BATCH] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return rows


def key(number: int) -> str:
    """The id of a document: its path below the indexed folder."""
    return f"{number % 10}/{number % FOLDERS:03d}/{number:07d}.txt"


def document(number: int) -> Document:
    """A picture or a passage with 200 characters of text, a path, a year and the time of its last change."""
    words = " ".join(WORDS[(number * step + step) % len(WORDS)] for step in range(1, 40))[:200]
    fields: dict[str, Any] = {
        "path": f"/home/ada/notes/{key(number)}",
        "modified": f"{2000 + number % 25}-{1 + number % 12:02d}-{1 + number // 25 % 28:02d}T10:00:00",
        "year": 1925 + number % YEARS,
        "third": number % 3,
        "number": number,
        "owner": f"person {number % 50}",
        "public": number % 4 == 0,
        "camera": {"model": f"X{number % 20}"},
    }
    if number % 2:
        return Document(key(number), Modality.TEXT, words, metadata=fields)
    return Document(key(number), Modality.IMAGE, words, Path(fields["path"]), metadata=fields)


def documents(count: int) -> Iterator[tuple[int, list[Document]]]:
    """The first ``count`` documents in batches, each with the number of its first."""
    for start in range(0, count, 1000):
        yield start, [document(number) for number in range(start, min(start + 1000, count))]


def number_of(document: Document) -> int:
    """Which one a document is."""
    return int(document.metadata["number"])


def best(vectors: Float32Array, queries: Float32Array, k: int, rows: Numbers | None = None) -> Numbers:
    """int64 [queries, k]: the nearest of ``rows``, or of all, in no order."""
    rows = np.arange(len(vectors)) if rows is None else rows
    scores = np.empty((len(queries), len(rows)), np.float32)
    for start in range(0, len(rows), 50_000):
        part = rows[start : start + 50_000]
        scores[:, start : start + len(part)] = queries @ vectors[part].T
    found = np.argpartition(-scores, min(k, len(rows)) - 1, axis=1)[:, :k]
    return rows[found]


def memory_limit(vectors: Float32Array, runs: int = 9) -> float:
    """Seconds, median: one product of the whole matrix with a vector, which reads each byte once (BLAS)."""
    query = np.ones(vectors.shape[1], np.float32)
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        vectors @ query
        times.append(time.perf_counter() - started)
    return float(np.median(times[1:]))
