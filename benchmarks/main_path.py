"""One folder of real pictures and passages through the command line: time and peak memory of each step."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from pathlib import Path

from benchmarks import data
from benchmarks.processes import Cost, measured, medians

QUERIES = ("a dog running on the beach", "Where was the Summer Theatre located?", "two children on a swing")
RUNS = 5


def fill(folder: Path, source: Path) -> None:
    """Flickr8k's dev pictures and XQuAD's passages as files."""
    with tarfile.open(source / "flickr8k/dev.tar") as tar:
        tar.extractall(folder / "pictures", filter="data")
    (folder / "passages").mkdir()
    for row in data.rows(source / "xquad/passages.jsonl"):
        (folder / "passages" / f"{row['id'].replace('#', '-')}.txt").write_text(row["text"], encoding="utf-8")


def univldr(*arguments: str) -> Cost:
    """A ``univldr`` command, run once."""
    return measured("-m", "univldr", *arguments)


def repeated(*arguments: str) -> Cost:
    """Medians of several runs after a warm-up."""
    return medians([("-m", "univldr", *arguments)], RUNS)[0]


def padded(folder: Path, count: int) -> None:
    """Short notes, until the folder holds ``count`` files."""
    notes = folder / "notes"
    notes.mkdir()
    for number in range(count - sum(1 for path in folder.rglob("*") if path.is_file())):
        (notes / f"{number:05}.txt").write_text(f"Note {number} about invoice {number * 7919 % 10007}.")


def show(step: str, cost: Cost, extra: str = "") -> None:
    """A row of the Markdown table."""
    print(f"| {step} | {cost.seconds:.2f} | {cost.megabytes:.0f} | {extra} |", flush=True)


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
            show(f"index, grown to {args.documents} files", univldr("index", str(folder), "--json"))
            again(folder)
    finally:
        shutil.rmtree(folder)


def steps(folder: Path, model: str) -> None:
    """Index, re-index and search the real folder."""
    cost = univldr("index", str(folder), "--model", model, "--json")
    documents = json.loads(cost.output)["documents"]
    show("index", cost, f"{documents} documents, {documents / cost.seconds:.0f}/s")
    again(folder)


def again(folder: Path) -> None:
    """An index run with nothing to do, then searches."""
    show("index again, nothing changed", repeated("index", str(folder), "--json"))
    for query in QUERIES:
        show(f"search {query!r}", repeated("search", str(folder), query, "--json"))
    show("the same, --no-index", repeated("search", str(folder), QUERIES[0], "--no-index", "--json"))


if __name__ == "__main__":
    main()
