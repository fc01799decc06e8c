"""What an index costs as it grows: time, memory and disk against its documents, as a table and a plot."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.scale import measured, prepared, table

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SEARCHES = {
    "exact": "exact, best 100",
    "approximate": "as searched, best 100",
    "approximate, k = 10": "as searched, best 10",
    "a third match": "a third match, best 100",
    "1 in 10,000 match": "1 in 10,000 match",
}
COSTS = {"build_s": "build, s", "disk_mb": "disk, MB", "search_mb": "peak memory of a search, MB"}


def main() -> None:
    """``python -m benchmarks.growth [--sizes 1000 10000 ...] [--plot docs/scale/growth.png]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", metavar="DIR", help="as in benchmarks.scale, whose folder may be given")
    parser.add_argument("--plot", metavar="FILE", help="where to draw it")
    args = parser.parse_args()
    folder = Path(args.keep or tempfile.mkdtemp())
    try:
        results = {
            size: measured(prepared(folder, size, args.dim, args.queries, args.seed), "univldr")
            for size in args.sizes
        }
    finally:
        if not args.keep:
            shutil.rmtree(folder)
    print("\n" + table({f"{size:,}": found for size, found in results.items()}, "documents"))
    if args.plot:
        plot(Path(args.plot), results)


def plot(path: Path, results: Mapping[int, Mapping[str, Any]]) -> None:
    """Left: milliseconds of a search and of opening; right: build time, disk, memory; logarithmic axes."""
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    sizes = list(results)
    for key, label in SEARCHES.items():
        left.plot(sizes, [found["searches"][key][0] for found in results.values()], "o-", label=label)
    opened = [1e3 * found["open_s"] for found in results.values()]
    left.plot(sizes, opened, "k--", label="opening, files not in memory")
    left.set_ylabel("milliseconds")
    for key, label in COSTS.items():
        right.plot(sizes, [found[key] for found in results.values()], "o-", label=label)
    for axes in (left, right):
        axes.set(xscale="log", yscale="log", xlabel="documents")
        axes.grid(which="major", alpha=0.3)
        axes.set_ylim(top=30 * axes.get_ylim()[1])  # room for the legend
        axes.legend(loc="upper left", frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
