"""Filters of every kind over an index that ``benchmarks.scale --keep`` made: the first time, and later."""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

import numpy as np
import qdrant_edge as edge

from univldr.evaluation.tables import markdown_table
from univldr.index.edge import EdgeIndex
from univldr.index.edge_fields import ODD
from univldr.types import Float32Array, Modality
from univldr.where import parse

K = 10
REPEATS = 20
KINDS = {
    "number, a third": ("third = 1", "third = 2"),
    "number, 1 in 100": ("year = 2000", "year = 1999"),
    "number, 1 in 10,000": ("number < {few}", "number >= {few} and number < {twice}"),
    "in": ("owner in ('person 3', 'person 4')", "owner in ('person 7', 'person 8')"),
    "exists, not equal": ("owner != 'person 3'", "owner != 'person 4'"),
    "under, 1 in 10": ("path under '3'", "path under '4'"),
    "under, 1 in 1,000": ("path under '/home/ada/notes/3/013'", "path under '3/023'"),
    "day": (
        "modified >= 2020-01-01 and modified < 2021-01-01",
        "modified >= 2011-01-01 and modified < 2012-01-01",
    ),
    "moment": ("modified < 2000-06-01T12:00", "modified < 2000-05-01T12:00"),
    "true": ("public = true", "public = false"),
    "dotted name": ("camera.model = 'X3'", "camera.model = 'X4'"),
    "and, or, not": (
        "year > 1990 and not path under '3' or owner = 'person 1'",
        "year > 1980 and not path under '4' or owner = 'person 2'",
    ),
}


def main() -> None:
    """``python -m benchmarks.scale_filters DIR/1000000x512-200-0``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of benchmarks.scale; its index is copied")
    folder = parser.parse_args().folder
    queries = np.load(folder / "queries.npy")
    copy = folder / "filters"
    shutil.copytree(folder / "univldr", copy)
    try:
        index = EdgeIndex(copy, queries.shape[1])
        forget_fields(index)
        print(measured(index, queries))
        index.close()
        started = time.perf_counter()
        EdgeIndex(copy, queries.shape[1]).close()
        print(f"\nopened again with all of these fields indexed in {time.perf_counter() - started:.2f} s")
    finally:
        shutil.rmtree(copy)


def forget_fields(index: EdgeIndex) -> None:
    """As if nobody had filtered yet."""
    for key in index._shard.info().payload_schema:
        if key not in ("modality", ODD):
            index._shard.update(edge.UpdateOperation.delete_field_index(key))


def measured(index: EdgeIndex, queries: Float32Array) -> str:
    """One row a kind of filter."""
    few = max(1, index.count() // 10_000)
    rows = []
    for name, texts in {"modality": ("", ""), **KINDS}.items():
        cells = []
        for modality, text in zip(Modality, texts, strict=True):
            where = parse(text.format(few=few, twice=2 * few)) if text else None
            times = []
            for query in queries[: REPEATS + 1]:
                started = time.perf_counter()
                found = index.query(query, K, modality=None if text else modality, where=where)
                times.append(time.perf_counter() - started)
            count = index.count(None if text else modality, where=where)
            assert len(found) == min(K, count), name
            cells += [f"{times[0]:.2f} s", f"{1e3 * np.median(times[1:]):.1f} ms"]
        rows.append((name, f"{count:,}", *cells))
        print(*rows[-1], flush=True)
    head = ("filter", "matching", "first ever", "again", "first with other values", "again")
    return markdown_table(head, rows)


if __name__ == "__main__":
    main()
