"""Feed readers with damaged inputs and count what goes wrong.

python -m benchmarks.hostile [--inputs 100000] [--kinds PNG bodies] [--seed 0] [--keep DIR]    needs no data

Each kind has a process of its own. An input does harm if that process dies, if reading it takes over 5
seconds of CPU (a PDF: for reading a page, and for drawing one) or 120 by the clock, if more than 1 GB is
resident meanwhile, if an exception comes out that is not of ``univldr.errors``, or if an answer is wrong.
``--keep`` saves such inputs.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.hostile.kinds import KINDS, Read
from benchmarks.hostile.mutate import misfit, mutated
from univldr.errors import UnivldrError
from univldr.evaluation.tables import markdown_table

MOST_MEGABYTES, MOST_SECONDS, CLOCK_SECONDS = 1024.0, 5.0, 120.0
_LONGEST = 40_000_000  # bytes of an input: more would be the benchmark's own memory
_ADDRESSES = 6 << 30  # bytes; so that a hostile input does not take the machine along
_PROGRESS = struct.Struct("<qdqqdd")


class Progress(NamedTuple):
    """What a worker tells through a file, so that it is there when it dies.

    Attributes:
        number: The input that is being read.
        since: When it was begun, by the system's steady clock.
        taken: Inputs that were read without complaint.
        refused: Inputs that were refused with an error of the tree.
        slowest: Seconds of CPU of the slowest one.
        most: Megabytes that were resident at most.
    """

    number: int = -1
    since: float = 0.0
    taken: int = 0
    refused: int = 0
    slowest: float = 0.0
    most: float = 0.0


def inputs(name: str, seed: int, first: int, count: int) -> Iterator[tuple[int, bytes]]:
    """The inputs of a kind from number ``first`` to ``count``, each with its number."""
    kind = KINDS[name]
    seeds, specials = kind.seeds(), kind.specials()
    for number in range(first, count):
        chance = random.Random(f"{seed} {name} {number}")
        if number < len(specials):
            yield number, specials[number]()
        else:
            data = chance.choice(seeds)
            wrong = misfit(data, chance) if chance.random() < 0.5 else data
            if wrong == data:
                wrong = mutated(data, chance.choice(seeds), chance)
            yield number, wrong[:_LONGEST]


# --- the worker ---


def work(name: str, seed: int, first: int, count: int, file: Path) -> None:
    """Read inputs; print a line for each that does harm."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    with (
        file.open("r+b") as stream,
        mmap.mmap(stream.fileno(), _PROGRESS.size) as shared,
        tempfile.TemporaryDirectory() as folder,
        KINDS[name].reader(Path(folder)) as read,
    ):
        progress = Progress(*_PROGRESS.unpack(shared[:]))
        for number, data in inputs(name, seed, first, count):
            progress = progress._replace(number=number, since=time.monotonic())
            shared[:] = _PROGRESS.pack(*progress)
            progress, harm = read_one(read, data, progress, KINDS[name].steps)
            shared[:] = _PROGRESS.pack(*progress)
            if harm:
                print(f"{number}\t{harm}", flush=True)


def read_one(read: Read, data: bytes, progress: Progress, steps: int = 1) -> tuple[Progress, str]:
    """How it goes on, and the harm that the input did, if any; ``steps`` as in ``Kind``."""
    for process in _family(steps):
        (process / "clear_refs").write_text("5")  # the peak begins anew
    started = _seconds(steps)
    harm = ""
    try:
        read(data)
        progress = progress._replace(taken=progress.taken + 1)
    except UnivldrError:
        progress = progress._replace(refused=progress.refused + 1)
    except BaseException as error:  # noqa: BLE001 - a panic of Rust code is no Exception
        harm = f"{type(error).__name__}: {error}".replace("\n", " ")[:400]
    seconds, most = _seconds(steps) - started, _peak_megabytes(steps)
    if seconds > MOST_SECONDS * steps:
        harm += f" {seconds:.1f} s"
    if most > MOST_MEGABYTES:
        harm += f" {most:.0f} MB"
    return progress._replace(slowest=max(progress.slowest, seconds), most=max(progress.most, most)), harm


def _family(steps: int) -> list[Path]:
    """What the system says of this process and, where steps are made by others, of those that it started."""
    me = str(os.getpid())
    family = [Path("/proc/self")]
    for one in Path("/proc").glob("[1-9]*") if steps > 1 else ():
        with suppress(OSError):
            if (one / "stat").read_text().rpartition(")")[2].split()[1] == me:
                family.append(one)
    return family


def _peak_megabytes(steps: int) -> float:
    peaks = [(one / "status").read_text().split("VmHWM:")[1].split()[0] for one in _family(steps)]
    return sum(map(int, peaks)) / 1024


def _seconds(steps: int) -> float:
    """Of CPU, of all of them, and of those that ended."""
    ticks = 0
    for one in _family(steps)[1:]:
        ticks += sum(map(int, (one / "stat").read_text().rpartition(")")[2].split()[11:13]))
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK") + ended.ru_utime + ended.ru_stime


# --- the parent ---


def run_kind(name: str, seed: int, count: int) -> tuple[Progress, dict[int, str]]:
    """All inputs of a kind: how it went, and the harm by the number of the input."""
    harm: dict[int, str] = {}
    with tempfile.NamedTemporaryFile() as shared:
        shared.write(_PROGRESS.pack(*Progress()))
        shared.flush()
        first = 0
        while first < count:
            command = [sys.executable, "-m", "benchmarks.hostile", "--worker", name, str(seed), str(first)]
            with subprocess.Popen(
                [*command, str(count), shared.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as worker:
                ended = _watched(worker, Path(shared.name), first)
                out, err = worker.communicate()
            harm |= {int(number): what for number, what in (row.split("\t", 1) for row in out.splitlines())}
            progress = _progress(Path(shared.name))
            if not ended and worker.returncode == 0:
                return progress, harm
            if progress.number < first:
                sys.exit(f"{name}: the worker did not start: {err}")
            harm[progress.number] = ended or f"died with {worker.returncode}: {err[-300:]}"
            first = progress.number + 1
    return progress, harm


def _progress(shared: Path) -> Progress:
    return Progress(*_PROGRESS.unpack(shared.read_bytes()))


def _watched(worker: subprocess.Popen[str], shared: Path, first: int) -> str:
    """Wait for its end, which is made where it hangs; before it begins with ``first``, it loads."""
    while True:
        try:
            worker.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            progress = _progress(shared)
            if progress.number >= first and time.monotonic() - progress.since > CLOCK_SECONDS:
                worker.kill()
                return f"hangs for {CLOCK_SECONDS:.0f} s"
        else:
            return ""


def run(total: int, seed: int, names: list[str], keep: Path | None = None) -> int:
    """All kinds, a row each; how many inputs did harm."""
    rows, failures = [], list[str]()
    whole = sum(KINDS[name].share for name in names)
    for name in names:
        count = max(round(total * KINDS[name].share / whole), len(KINDS[name].specials()) + 1)
        progress, harm = run_kind(name, seed, count)
        figures = (
            f"{progress.taken:,}",
            f"{progress.refused:,}",
            f"{progress.slowest:.2f}",
            f"{progress.most:.0f}",
        )
        rows.append((name, f"{count:,}", *figures, str(len(harm))))
        print(*rows[-1], file=sys.stderr, flush=True)
        failures += [f"{name} {number}, seed {seed}: {what}" for number, what in harm.items()]
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            for number in harm:
                [(_, data)] = inputs(name, seed, number, number + 1)
                (keep / f"{name}-{number}").write_bytes(data)
    head = ("inputs", "number", "read", "refused", "slowest, s of CPU", "most MB resident", "harm")
    print(markdown_table(head, rows))
    print("\n".join(failures))
    return len(failures)


def main() -> None:
    """``python -m benchmarks.hostile``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--worker", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        name, seed, first, count, shared = options.worker
        work(name, int(seed), int(first), int(count), Path(shared))
    elif run(options.inputs, options.seed, options.kinds, options.keep):
        sys.exit(1)


if __name__ == "__main__":
    main()
