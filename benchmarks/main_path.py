"""One folder of real pictures and passages through the command line: time and peak memory of each step."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import data

QUERIES = ("a dog running on the beach", "Where was the Summer Theatre located?", "two children on a swing")
RUNS = 5


def fill(folder: Path, source: Path) -> None:
    """Flickr8k's dev pictures and XQuAD's passages as files."""
    with tarfile.open(source / "flickr8k/dev.tar") as tar:
        tar.extractall(folder / "pictures", filter="data")
    (folder / "passages").mkdir()
    for row in data.rows(source / "xquad/passages.jsonl"):
        (folder / "passages" / f"{row['id'].replace('#', '-')}.txt").write_text(row["text"], encoding="utf-8")


def measured(*arguments: str) -> tuple[float, float, str]:
    """Seconds from process start to exit, peak memory in MB, and standard output of a ``univldr`` command."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "univldr", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"univldr {' '.join(arguments)} exited with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024, output


def repeated(*arguments: str) -> tuple[float, float]:
    """Medians of several runs after a warm-up: seconds, peak memory in MB."""
    measured(*arguments)
    runs = [measured(*arguments)[:2] for _ in range(RUNS)]
    return statistics.median(seconds for seconds, _ in runs), statistics.median(memory for _, memory in runs)


def padded(folder: Path, count: int) -> None:
    """Short notes, until the folder holds ``count`` files."""
    notes = folder / "notes"
    notes.mkdir()
    for number in range(count - sum(1 for path in folder.rglob("*") if path.is_file())):
        (notes / f"{number:05}.txt").write_text(f"Note {number} about invoice {number * 7919 % 10007}.")


def show(step: str, seconds: float, memory: float, extra: str = "") -> None:
    """A row of the Markdown table."""
    print(f"| {step} | {seconds:.2f} | {memory:.0f} | {extra} |", flush=True)


def main() -> None:
    """``python -m benchmarks.main_path --data DATA``."""
    parser = data.arguments(__doc__ or "")
    parser.add_argument(
        "--documents", type=int, default=10_000, help="files for the second half (0: skip it)"
    )
    args = parser.parse_args()
    source = data.checked(args.data)
    folder = Path(tempfile.mkdtemp())
    try:
        fill(folder, source)
        print("| step | seconds | peak MB | |\n|---|---|---|---|")
        steps(folder, args.model)
        if args.documents:
            padded(folder, args.documents)
            seconds, memory, _ = measured("index", str(folder), "--json")
            show(f"index, grown to {args.documents} files", seconds, memory)
            again(folder)
    finally:
        shutil.rmtree(folder)


def steps(folder: Path, model: str) -> None:
    """Index, re-index and search the real folder."""
    seconds, memory, output = measured("index", str(folder), "--model", model, "--json")
    report: dict[str, Any] = json.loads(output)
    show("index", seconds, memory, f"{report['documents']} documents, {report['documents'] / seconds:.0f}/s")
    again(folder)


def again(folder: Path) -> None:
    """An index run with nothing to do, then searches."""
    show("index again, nothing changed", *repeated("index", str(folder), "--json"))
    for query in QUERIES:
        show(f"search {query!r}", *repeated("search", str(folder), query, "--json"))
    show("the same, --no-index", *repeated("search", str(folder), QUERIES[0], "--no-index", "--json"))


if __name__ == "__main__":
    main()
