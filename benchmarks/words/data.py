"""Flickr8k's training pictures and what people said of them, as a data set to train verbalizers on.

``python -m benchmarks.words.data --data DIR --out DIR``. The documents are the pictures, without captions.
The queries: ``captions``, all five captions of the pictures to learn from; ``dev``, those of the 300 pictures
that the benchmark of the stages holds out as well; ``train``, one caption each of the pictures of its stages,
as a user's query. Flickr8k's own dev pictures have no part in it. With ``--half``, ``captions`` has only
pictures that the stages do not train on: a captioner of these knows neither theirs nor those searched.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.data import rows
from benchmarks.ordering.data import HELD_OUT_PICTURES, Record, _picture, _query, _write


def write_captions(data: Path, out: Path, *, half: bool = False, seed: int = 0) -> None:
    """Write the records into ``out``; the pictures stay where they are, in an archive it links to."""
    out.mkdir(parents=True, exist_ok=True)
    link = out / "train.tar"
    if not link.is_symlink():
        link.symlink_to((data / "flickr8k/train.tar").resolve())
    pictures = rows(data / "flickr8k/train.jsonl")
    order = np.random.default_rng(seed).permutation(len(pictures))  # as benchmarks.ordering.data draws it
    middle = len(pictures) // 2
    end = middle + HELD_OUT_PICTURES
    align, held, train = order[:middle], order[middle:end], order[end:]
    learned = align if half else np.concatenate([align, train])
    _write(out / "documents.jsonl", [_picture(item, "train.tar", captioned=False) for item in pictures])
    _write(out / "queries.captions.jsonl", _all_captions(pictures, learned))
    _write(out / "queries.dev.jsonl", _all_captions(pictures, held))
    _write(out / "queries.dev-queries.jsonl", [_query(pictures[i], 1) for i in held])
    _write(out / "queries.train.jsonl", [_query(pictures[i], 1) for i in train])


def _all_captions(pictures: list[Record], chosen: Iterable[int]) -> list[Record]:
    return [_query(pictures[i], n) for i in chosen for n in range(len(pictures[i]["captions"]))]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that benchmarks/README.md describes"
    )
    parser.add_argument("--out", type=Path, required=True, help="where the records go")
    parser.add_argument("--half", action="store_true", help="without the pictures that stages train on")
    arguments = parser.parse_args()
    write_captions(arguments.data, arguments.out, half=arguments.half)


if __name__ == "__main__":
    main()
