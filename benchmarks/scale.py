"""A million vectors: this project's index beside faiss; every engine in processes of its own."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import scale_data
from univldr.evaluation.tables import markdown_table

K = 100
ENGINES = ("univldr", "faiss-flat", "faiss-hnsw", "faiss-ivf")
SHOWN = ("build_s", "build_cpu_s", "build_mb", "disk_mb", "open_s", "search_mb")


def main() -> None:
    """``python -m benchmarks.scale [--vectors 1000000] [--only univldr faiss-flat ...]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument(
        "--keep", metavar="DIR", help="where all files stay; what lies there is not built again"
    )
    args = parser.parse_args()
    folder = Path(args.keep or tempfile.mkdtemp())
    try:
        place = prepared(folder, args.vectors, args.dim, args.queries, args.seed)
        print(f"{args.vectors} x {args.dim}, seed {args.seed}, {os.cpu_count()} cores")
        results = {engine: measured(place, engine) for engine in args.only}
        print("\n" + table(results))
    finally:
        if not args.keep:
            shutil.rmtree(folder)


def prepared(folder: Path, count: int, dim: int, queries: int, seed: int) -> Path:
    """A folder of vectors, queries, and what is right, made once."""
    place = folder / f"{count}x{dim}-{queries}-{seed}"
    if (place / "best.npz").exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    rows = scale_data.clustered(count + queries, dim, seed)
    vectors, asked = rows[:count], rows[count:]
    numbers = np.arange(count)
    chosen = {
        "all": None,
        "a third": numbers[numbers % 3 == 1],
        "1 in 100": numbers[numbers % scale_data.YEARS == 75],
        "1 in 10,000": numbers[: max(1, count // 10_000)],
    }
    found: dict[str, Any] = {name: scale_data.best(vectors, asked, K, rows) for name, rows in chosen.items()}
    np.save(place / "vectors.npy", vectors)
    np.save(place / "queries.npy", asked)
    np.savez(place / "best.npz", **found)
    return place


def measured(place: Path, engine: str) -> dict[str, Any]:
    """Build in one process, once, and search in another, so that peak memory is of each."""
    found: dict[str, Any] = {}
    for step in ("build", "search"):
        file = place / f"{engine}-{step}.json"
        if step == "search" or not file.exists():
            command = [sys.executable, "-m", "benchmarks.scale_engines", step, engine, str(place)]
            run = subprocess.run(command, stdout=subprocess.PIPE, check=False)
            if run.returncode:
                sys.exit(f"{engine}: {step} failed")
            file.write_bytes(run.stdout.splitlines()[-1])
        found |= json.loads(file.read_bytes())
        print(engine, step, json.dumps(found), flush=True)
    return found


def table(results: Mapping[str, Mapping[str, Any]], first: str = "engine") -> str:
    """One row a way of searching; what an engine cost stands in its first one."""
    head = (
        first,
        "build s",
        "CPU s",
        "peak MB",
        "disk MB",
        "open s",
        "peak MB",
        "search",
        "ms",
        "p95",
        "recall",
    )
    rows = []
    for name, found in results.items():
        once = [name, *(f"{found[key]:.2f}" if key == "open_s" else f"{found[key]:.0f}" for key in SHOWN)]
        for what, (ms, p95, recall) in found["searches"].items():
            rows.append((*once, what, f"{ms:.2f}", f"{p95:.2f}", f"{recall:.4f}"))
            once = [""] * len(once)
        if "limit_ms" in found:
            rows.append((*once, "reading all vectors once", f"{found['limit_ms']:.2f}", "", ""))
    return markdown_table(head, rows)


if __name__ == "__main__":
    main()
