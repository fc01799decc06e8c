"""Training speed and memory, against a loop in the released code's style and sentence-transformers' losses.

All train the same random CLIP on the same batches, on one thread: Flickr8k's training pictures with captions,
Wikipedia's paragraphs and WebQA's captions as documents. Each measurement has a process of its own, and the
systems take turns. Seconds are the processor's, which other work on the machine leaves alone; a ratio is the
median, over steps and rounds, of two systems' ratio on the same batch. All must report the same losses.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from benchmarks.train_systems import RELEASED, STOCK, UNIVLDR, Job, Measurement, measure, prepare

T = TypeVar("T")
Found = dict[Job, list[Measurement]]

TOLERANCE = 1e-4
SIZES = (64, 256, 1024, 4096)
PARTS = ("read", "forward", "backward", "optimiser")
NEEDED = (
    "flickr8k/train.jsonl",
    "flickr8k/train.tar",
    "flickr8k/dev.jsonl",
    "xquad/passages.jsonl",
    "xquad/queries.jsonl",
    "wikipedia-captions/pairs.jsonl",
    "webqa-captions/captions.jsonl",
    "webqa-captions/queries.jsonl",
)


def first_stage(model: str, batch: int, chunk: int, steps: int) -> list[Job]:
    """In-batch negatives, where sentence-transformers' losses do the same."""
    plain = [Job(system, model, batch, steps=steps) for system in (RELEASED, UNIVLDR, STOCK)]
    ours = replace(plain[1], chunk=chunk)
    return [
        *plain[:2],
        ours,
        replace(ours, cached=True),
        plain[2],
        replace(plain[2], chunk=chunk, cached=True),
    ]


def second_stage(model: str, batch: int, chunk: int, steps: int) -> list[Job]:
    """One positive and two negatives of the query's own."""
    ours = Job(UNIVLDR, model, batch, hard=True, steps=steps)
    return [replace(ours, system=RELEASED), ours, replace(ours, chunk=chunk)]


def in_new_process(function: Callable[..., T], *arguments: object) -> T:
    """What ``function`` gives in a fresh interpreter."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def take_turns(jobs: Sequence[Job], folder: Path, rounds: int) -> Found:
    """Every job once a round."""
    found: Found = {job: [] for job in jobs}
    for _ in range(rounds):
        for job in jobs:
            found[job].append(in_new_process(measure, job, folder))
    return found


def check_losses(found: Found) -> str:
    """Every system has the first loss of the first, and the trainer all further ones as well; else exit.

    sentence-transformers does not learn the temperature, so its later losses are others.
    """
    (base, (expected, *_)), *others = found.items()
    worst = 0.0
    for job, runs in others:
        steps = 1 if job.system == STOCK else job.steps
        worst = max(
            [
                worst,
                *(
                    abs(a - b)
                    for run in runs
                    for a, b in zip(run.losses[:steps], expected.losses, strict=False)
                ),
            ]
        )
        if worst > TOLERANCE:
            sys.exit(f"{job}: losses {runs[0].losses} where {base} has {expected.losses}")
    level = math.log(3 if base.hard else base.batch)
    found_loss = f"First loss {expected.losses[0]:.4f} (scores all equal: {level:.4f})"
    return f"{found_loss}; largest difference between systems {worst:.0e}."


def show_speed(title: str, found: Found) -> None:
    """A table of one stage: speed, memory, and where the time goes."""
    print(f"\n**{title}.** {check_losses(found)}\n")
    columns = ("", "CPU s a step", "queries/s", "× released", "peak MB", "above the model", *PARTS)
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    base = next(iter(found.values()))
    for job, runs in found.items():
        seconds = statistics.median(second for run in runs for second in run.seconds)
        pairs = [
            pair for a, b in zip(base, runs, strict=True) for pair in zip(a.seconds, b.seconds, strict=True)
        ]
        ratio = statistics.median(theirs / own for theirs, own in pairs)
        peak = statistics.median(run.peak for run in runs)
        above = statistics.median(run.peak - run.loaded for run in runs)
        shares = [f"{runs[0].shares[part]:.0%}" if part in runs[0].shares else "" for part in PARTS]
        cells = [
            f"{seconds:.3f}",
            f"{job.batch / seconds:.1f}",
            f"{ratio:.2f}",
            f"{peak:.0f}",
            f"{above:.0f}",
            *shares,
        ]
        print(f"| {job} | {' | '.join(cells)} |", flush=True)


def show_memory(folder: Path, plain_to: int) -> None:
    """A table of peak memory by batch size."""
    cached = Job(UNIVLDR, "small", 0, chunk=32, cached=True)
    plain = Job(UNIVLDR, "small", 0)
    rows = {
        cached: SIZES,
        plain: [size for size in SIZES if size <= plain_to],
        replace(cached, workers=2): SIZES[::2],
        replace(cached, system=STOCK): SIZES[::2],
        replace(plain, system=RELEASED): SIZES[::2],
    }
    print("\n**Peak MB by batch, small, stage 1**, two steps: in all (above the loaded model).\n")
    print(f"| | {' | '.join(map(str, SIZES))} | last to first |\n|---|---|---|---|---|---|")
    for row, sizes in rows.items():
        runs = {size: in_new_process(measure, replace(row, batch=size), folder) for size in sizes}
        cells = [memory(runs[size]) if size in runs else "" for size in SIZES]
        first, last = runs[sizes[0]], runs[sizes[-1]]
        growth = (last.peak - last.loaded) / (first.peak - first.loaded)
        print(f"| {row} | {' | '.join(cells)} | {last.peak / first.peak:.2f} ({growth:.1f}) |", flush=True)


def memory(run: Measurement) -> str:
    """A cell of the table."""
    ahead = f" + {run.shared:.0f} shared" if run.shared > 1 else ""
    return f"{run.peak:.0f} ({run.peak - run.loaded:.0f}){ahead}"


def main() -> None:
    """``python -m benchmarks.train --data DATA``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that benchmarks/README.md describes"
    )
    parser.add_argument(
        "--rows", nargs="+", default=["small", "vit", "memory"], choices=["small", "vit", "memory"]
    )
    parser.add_argument("--rounds", type=int, default=2, help="of the small model; the large one has one")
    parser.add_argument(
        "--plain-to", type=int, default=1024, help="largest batch without a cache; 4096 takes 10 GB"
    )
    args = parser.parse_args()
    missing = [name for name in NEEDED if not (args.data / name).is_file()]
    if missing:
        sys.exit(f"no data at '{args.data}': {', '.join(missing)} missing; see benchmarks/README.md")
    os.environ |= {"TQDM_DISABLE": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        in_new_process(prepare, folder, args.data)
        settings = (("small", 64, 32, 4, args.rounds), ("vit-b-32", 8, 4, 3, 1))
        for model, batch, chunk, steps, rounds in settings:
            if model.split("-")[0] in args.rows:
                for number, jobs in enumerate((first_stage, second_stage), 1):
                    found = take_turns(jobs(model, batch, chunk, steps), folder, rounds)
                    show_speed(f"{model}, stage {number}, batch {batch}", found)
        if "memory" in args.rows:
            show_memory(folder, args.plain_to)


if __name__ == "__main__":
    main()
