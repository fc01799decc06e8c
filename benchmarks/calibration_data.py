"""Write the data sets that ``mini`` is calibrated on, from training data alone.

Photos of Flickr8k's training split that ``recipes/mini.toml`` holds out, each once without words and once
with its first caption; the other captions are the queries. Figures of Wikipedia: a caption looks for its
paragraph.
"""

from __future__ import annotations

import argparse
import json
import tarfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import rows

RECIPE = Path(__file__).parents[1] / "recipes" / "mini.toml"


def held_out(count: int, seed: int | None) -> list[int]:
    """Numbers of the pictures that the recipe keeps aside, drawn as ``univldr.training.mini`` does."""
    recipe = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    shuffled = np.random.default_rng(recipe["seed"] if seed is None else seed).permutation(count)
    return sorted(shuffled[: recipe["held_out"]].tolist())


def write(folder: Path, documents: Iterable[Mapping[str, Any]], queries: Iterable[Mapping[str, Any]]) -> None:
    """A data set of univldr's own records."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in (("documents.jsonl", documents), ("queries.train.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def write_photos(data: Path, folder: Path, seed: int | None) -> None:
    """Each photo twice, and four captions that look for both."""
    items = rows(data / "flickr8k/train.jsonl")
    chosen = [items[number] for number in held_out(len(items), seed)]
    wanted = {item["image"] for item in chosen}
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(data / "flickr8k/train.tar") as tar:
        for member in tar:
            name, file = Path(member.name).name, tar.extractfile(member)
            if file is not None and name in wanted:
                (folder / name).write_bytes(file.read())
    bare = [{"id": item["id"], "image": item["image"]} for item in chosen]
    captioned = [
        {"id": f"{item['id']}#captioned", "image": item["image"], "caption": item["captions"][0]}
        for item in chosen
    ]
    queries = [
        {
            "id": f"{item['id']}#{number}",
            "query": caption,
            "positives": [item["id"], f"{item['id']}#captioned"],
        }
        for item in chosen
        for number, caption in enumerate(item["captions"][1:], start=1)
    ]
    write(folder, [*bare, *captioned], queries)


def write_figures(data: Path, folder: Path) -> None:
    """Each figure's caption looks for the paragraph beside it, which figures may share."""
    pairs = rows(data / "wikipedia-captions/pairs.jsonl")
    paragraphs: dict[str, str] = {}
    for pair in pairs:
        paragraphs.setdefault(pair["context"], pair["id"])
    documents = [{"id": id, "text": text} for text, id in paragraphs.items()]
    queries = [
        {"id": pair["id"], "query": pair["caption"], "positives": [paragraphs[pair["context"]]]}
        for pair in pairs
    ]
    write(folder, documents, queries)


def main() -> None:
    """``python -m benchmarks.calibration_data --data DATA --out DIR [--seed SEED]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of benchmarks/README.md")
    parser.add_argument("--out", type=Path, required=True, help="where the two data sets go")
    parser.add_argument("--seed", type=int, help="that drew the held-out photos, where not the recipe's")
    arguments = parser.parse_args()
    write_photos(arguments.data, arguments.out / "photos", arguments.seed)
    write_figures(arguments.data, arguments.out / "figures")


if __name__ == "__main__":
    main()
