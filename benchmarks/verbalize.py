"""What each verbalizer costs when 1,000 photos are indexed, and what a kill in the middle costs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import data

KILLED_AFTER = 400
"""Pictures in the cache when the process is killed."""


def main() -> None:
    """``python -m benchmarks.verbalize --data DATA caption:PATH query:PATH ocr tags``."""
    parser = data.arguments(__doc__ or "")
    parser.add_argument("verbalizers", nargs="+", help="as univldr index --verbalize takes them")
    args = parser.parse_args()
    source = data.checked(args.data)
    folder = Path(tempfile.mkdtemp())
    try:
        with tarfile.open(source / "flickr8k/dev.tar") as tar:
            tar.extractall(folder / "pictures", filter="data")
        alone = indexed(folder, args.model, "none")
        count = alone["documents"]
        print(f"{count} photos with {args.model}, {os.cpu_count()} cores\n")
        print("| verbalizer | photos/s | index, s | share of indexing | with nothing to say | again, s |")
        print("|---|---|---|---|---|---|")
        print(f"| none | | {alone['seconds']:.1f} | | | |", flush=True)
        for verbalizer in args.verbalizers:
            print(cost(folder, args.model, verbalizer), flush=True)
        print("\n" + interrupted(folder, args.model, args.verbalizers[0]))
    finally:
        shutil.rmtree(folder)


def cost(folder: Path, model: str, verbalizer: str) -> str:
    """A row of the table: an index made anew with nothing in the cache, then with everything in it."""
    name = verbalizer.partition(":")[0]
    forget(folder)
    first, second = indexed(folder, model, verbalizer), indexed(folder, model, verbalizer)
    counts = first["words"][name]
    assert second["words"][name]["made"] == 0, "the cache did not hold"
    seconds, share = counts["seconds"], counts["seconds"] / first["seconds"]
    cells = [
        f"{counts['made'] / seconds:.1f}",
        f"{first['seconds']:.1f}",
        f"{share:.0%}",
        f"{counts['empty']}",
    ]
    return f"| {name} | {' | '.join(cells)} | {second['seconds']:.1f} |"


def interrupted(folder: Path, model: str, verbalizer: str) -> str:
    """Kill the process in the middle, run it again, and count what was done twice."""
    name = verbalizer.partition(":")[0]
    forget(folder)
    process = subprocess.Popen(
        command(folder, model, verbalizer), env=environment(folder), stdout=subprocess.PIPE
    )
    while kept(folder) < KILLED_AFTER and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = kept(folder)
    again = run(folder, command(folder, model, verbalizer, rebuild=False))
    made, total = again["words"][name]["made"], kept(folder)
    return (
        f"{name}, killed with {before} of {total} photos in the cache: the next run made words of {made}, "
        f"so {before + made - total} known ones were made again; the index holds {again['documents']}."
    )


def indexed(folder: Path, model: str, verbalizer: str) -> dict[str, Any]:
    """The report of an index made anew."""
    return run(folder, command(folder, model, verbalizer))


def run(folder: Path, arguments: list[str]) -> dict[str, Any]:
    """What a command printed as JSON."""
    done = subprocess.run(arguments, env=environment(folder), stdout=subprocess.PIPE, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def command(folder: Path, model: str, verbalizer: str, *, rebuild: bool = True) -> list[str]:
    """``univldr index``."""
    arguments = ["index", str(folder / "pictures"), "--model", model, "--verbalize", verbalizer, "--json"]
    return [sys.executable, "-m", "univldr", *arguments, *(["--rebuild"] if rebuild else [])]


def environment(folder: Path) -> dict[str, str]:
    """With a cache of words of our own."""
    return os.environ | {"UNIVLDR_WORDS": str(words_file(folder))}


def words_file(folder: Path) -> Path:
    """The cache of words."""
    return folder / "words.sqlite"


def forget(folder: Path) -> None:
    """Begin with an empty cache."""
    for file in folder.glob(f"{words_file(folder).name}*"):
        file.unlink()


def kept(folder: Path) -> int:
    """How many answers the cache holds."""
    if not words_file(folder).exists():
        return 0
    with contextlib.closing(sqlite3.connect(words_file(folder))) as connection:
        try:
            (count,) = connection.execute("SELECT count(*) FROM words").fetchone()
        except sqlite3.OperationalError:  # made, and still empty
            return 0
    return int(count)


if __name__ == "__main__":
    main()
