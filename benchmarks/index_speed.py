"""Indexing many pictures beside encoding them alone: throughput, and memory as the index grows."""

from __future__ import annotations

import itertools
import shutil
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import data
from univldr import load_encoder
from univldr.pipeline import update
from univldr.types import Document, Modality

ARCHIVES = ("flickr8k/train.tar", "flickr8k/dev.tar", "coco-pictures/pictures.tar")
SIZE = (320, 240)

Memory = tuple[int, float, float]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run took.

    Attributes:
        seconds: Wall time; the model is loaded already.
        cpu: CPU seconds.
        memory: Again and again, how many pictures were done, and resident MB then, all and anonymous.
    """

    seconds: float
    cpu: float
    memory: list[Memory]


def fill(folder: Path, source: Path, count: int) -> None:
    """``count`` pictures as JPEGs, all different."""
    for number, picture in enumerate(itertools.islice(_pictures(source), count)):
        picture.resize(SIZE).save(folder / f"{number:05}.jpg", quality=85)


def _pictures(source: Path) -> Iterator[Image.Image]:
    for archive in ARCHIVES:
        with tarfile.open(source / archive) as tar:
            for member in tar:
                if member.isfile() and (file := tar.extractfile(member)):
                    yield Image.open(file).convert("RGB")


def encoded(folder: Path, model: str) -> Spent:
    """All pictures through the encoder, and nothing else."""
    encoder = load_encoder(model)
    files = sorted(folder.glob("*.jpg"))
    documents = [Document(file.name, Modality.IMAGE, image=file) for file in files]
    encoder.encode_documents(documents[:8])
    return _timed(lambda memory: encoder.encode_documents(documents))


def indexed(folder: Path, model: str) -> Spent:
    """All pictures into a new index, which is removed."""
    index = Path(tempfile.mkdtemp()) / "index"
    encoder = load_encoder(model)
    encoder.encode_documents([Document("", Modality.IMAGE, image=next(folder.glob("*.jpg")))])

    def run(memory: list[Memory]) -> None:
        def progress(done: int, total: int, label: str) -> None:
            if label == "indexing":
                memory.append((done, *_resident()))

        update(folder, index=index, model=model, loader=lambda name, texts: encoder, progress=progress)

    try:
        return _timed(run)
    finally:
        shutil.rmtree(index.parent)


def _timed(run: Callable[[list[Memory]], object]) -> Spent:
    memory: list[Memory] = []
    wall, cpu = time.perf_counter(), time.process_time()
    run(memory)
    return Spent(time.perf_counter() - wall, time.process_time() - cpu, memory)


def _resident() -> tuple[float, float]:
    """MB in all, and without the files that are mapped: the system takes those back when it needs memory."""
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    whole, anonymous = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
    return whole, anonymous


def show_memory(memory: list[Memory], after: int) -> None:
    """A table of the way, its peak, and its slope by least squares once ``after`` pictures are done."""
    print("\n| pictures done | resident MB | anonymous MB |\n|---|---|---|")
    for done, whole, anonymous in memory[:: max(1, len(memory) // 10)]:
        print(f"| {done} | {whole:.0f} | {anonymous:.0f} |")
    done, whole, anonymous = np.array([sample for sample in memory if sample[0] >= after]).T
    print(f"| peak | {whole.max():.0f} | {anonymous.max():.0f} |")
    slopes = [np.polyfit(done, values, 1)[0] * 1000 for values in (whole, anonymous)]
    print(f"| each 1,000 after the first {after} | {slopes[0]:+.2f} | {slopes[1]:+.2f} |")


WAYS: dict[str, Callable[[Path, str], Spent]] = {"encoding alone": encoded, "indexing": indexed}


def main() -> None:
    """``python -m benchmarks.index_speed --data DATA``."""
    parser = data.arguments(__doc__ or "")
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3, help="rounds the medians are of, both taking turns")
    args = parser.parse_args()
    source = data.checked(args.data)
    folder = Path(tempfile.mkdtemp())
    runs: dict[str, list[Spent]] = {name: [] for name in WAYS}
    try:
        fill(folder, source, args.pictures)
        for number in range(args.runs):
            for name in sorted(WAYS, reverse=number % 2 == 1):  # the last is first in the next
                with get_context("spawn").Pool(1) as pool:  # a fresh process: memory is what this run needs
                    runs[name].append(pool.apply(WAYS[name], (folder, args.model)))
    finally:
        shutil.rmtree(folder)
    print(f"{args.pictures} pictures of {SIZE[0]} x {SIZE[1]}, model {args.model}\n")
    print("| | a second | a CPU second |\n|---|---|---|")
    for name, spent in runs.items():
        wall = args.pictures / statistics.median(one.seconds for one in spent)
        cpu = args.pictures / statistics.median(one.cpu for one in spent)
        print(f"| {name} | {wall:.0f} | {cpu:.0f} |")
    pairs = list(zip(runs["encoding alone"], runs["indexing"], strict=True))
    shares = [statistics.median(alone.seconds / index.seconds for alone, index in pairs)]
    shares.append(statistics.median(alone.cpu / index.cpu for alone, index in pairs))
    print(f"| indexing / alone, median of the rounds | {shares[0]:.3f} | {shares[1]:.3f} |")
    show_memory(runs["indexing"][-1].memory, min(1000, args.pictures // 4))


if __name__ == "__main__":
    main()
