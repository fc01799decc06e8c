"""Encoding pictures, to Parquet and into an index, beside indexing them; on a Ray cluster where Ray is."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import data

ARCHIVE = "coco-pictures/pictures.tar"
SHARDS = 8
"""Shards that a cluster's nodes share."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Of a command: wall seconds, and CPU seconds of its own process; on a cluster the work is elsewhere."""

    seconds: float
    cpu: float


def fill(folder: Path, source: Path, count: int) -> None:
    """``count`` pictures of the archive, as they are."""
    with tarfile.open(source / ARCHIVE) as tar:
        for member in itertools.islice((one for one in tar if one.isfile()), count):
            if file := tar.extractfile(member):
                (folder / Path(member.name).name).write_bytes(file.read())


def run(*words: object) -> Spent:
    """``univldr`` with these words, in a process of its own."""
    started = time.perf_counter()
    before = os.times()
    subprocess.run([sys.executable, "-m", "univldr", *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Spent(time.perf_counter() - started, cpu)


@contextmanager
def cluster(nodes: int) -> Iterator[str]:
    """A Ray cluster on this machine, a core to each node; its address."""
    made = importlib.import_module("ray.cluster_utils").Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    try:
        for _ in range(nodes):
            made.add_node(num_cpus=1)
        yield str(made.address)
    finally:
        made.shutdown()


def rounds(folder: Path, model: str, runs: int, address: str | None, size: int) -> dict[str, list[Spent]]:
    """Each way in turns."""
    ways: dict[str, Sequence[object]] = {
        "univldr index": ("index", folder, "--index"),
        "univldr encode": ("encode", folder, "--shard-documents", size, "--to"),
        "univldr encode --index": ("encode", folder, "--shard-documents", size, "--index"),
    }
    if address is not None:
        ways["univldr encode --ray, two nodes"] = (*ways["univldr encode"][:-1], "--ray", address, "--to")
    spent: dict[str, list[Spent]] = {name: [] for name in ways}
    for number in range(runs):
        for name in sorted(ways, reverse=number % 2 == 1):  # the last is first in the next
            with tempfile.TemporaryDirectory() as to:
                spent[name].append(run(*ways[name], Path(to) / "out", "--model", model))
    return spent


def main() -> None:
    """``python -m benchmarks.encode --data DATA``."""
    parser = data.arguments(__doc__ or "")
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3, help="rounds the medians are of, all taking turns")
    args = parser.parse_args()
    source = data.checked(args.data)
    folder = Path(tempfile.mkdtemp())
    try:
        fill(folder, source, args.pictures)
        size = max(1, args.pictures // SHARDS)
        if importlib.util.find_spec("ray") is None:
            spent = rounds(folder, args.model, args.runs, None, size)
        else:
            with cluster(2) as address:
                spent = rounds(folder, args.model, args.runs, address, size)
    finally:
        shutil.rmtree(folder)
    print(f"{args.pictures} pictures, model {args.model}, from process start to end, shards of {size}\n")
    print("| | seconds | pictures a second | CPU seconds |\n|---|---|---|---|")
    for name, runs in spent.items():
        wall, cpu = (
            statistics.median(values) for values in zip(*((s.seconds, s.cpu) for s in runs), strict=True)
        )
        shown = "elsewhere" if "--ray" in name else f"{cpu:.1f}"
        print(f"| {name} | {wall:.1f} | {args.pictures / wall:.0f} | {shown} |")


if __name__ == "__main__":
    main()
