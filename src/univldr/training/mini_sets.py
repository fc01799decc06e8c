"""Data sets of training data alone: a joint pool for UniVL-DR's stages, and two sets to calibrate with.

Photos stay in their archive; a link to it stands beside the records.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from univldr.training.calibrate import also_right
from univldr.training.mini_data import MAX_PASSAGE_WORDS, Gathering, read_records

Record: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """What queries of the joint pool there are.

    Attributes:
        captions: Captions of each photo that look for it.
        drawings: Drawings in the pool, each looked for by two of its captions.
        held_out_figures: Figures whose captions validate and do not train.
    """

    captions: int = 2
    drawings: int = 3000
    held_out_figures: int = 150


def write_pool(gathering: Gathering, settings: PoolSettings, folder: Path) -> None:
    """One pool of photos, drawings and passages, with the splits ``train`` and ``dev``.

    Every second photo has its first caption, the others have none; their other captions are queries. A
    figure's caption looks for the paragraph beside it. ``dev`` has the held-out photos and some figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    photos = _linked(gathering.data / "flickr8k/train.tar", folder, "photos.tar")
    drawn = _linked(gathering.drawings_archive, folder, "drawings.tar")
    items = read_records(gathering.data / "flickr8k/train.jsonl")
    drawings = read_records(gathering.drawings_archive.with_suffix(".jsonl"))[: settings.drawings]
    figures, paragraphs = _figures(gathering.data)
    documents = [_photo(item, photos, captioned=number % 2 > 0) for number, item in enumerate(items)]
    documents += [{"id": item["id"], "image": f"{drawn}/{item['image']}"} for item in drawings]
    documents += paragraphs
    documents += [
        {"id": f"webqa-{row['id']}", "text": row["caption"]}
        for row in read_records(gathering.data / "webqa-captions/captions.jsonl")
    ]
    held = set(gathering.held_out().tolist())
    training = [item for number, item in enumerate(items) if number not in held]
    asked = [query for item in training for query in _captions(item, range(1, settings.captions + 1))]
    asked += [query for item in drawings for query in _captions(item, range(2))]
    _write(folder / "documents.jsonl", documents)
    _write(folder / "queries.train.jsonl", [*asked, *figures[settings.held_out_figures :]])
    looked = [query for number in sorted(held) for query in _captions(items[number], range(1, 2))]
    _write(folder / "queries.dev.jsonl", [*looked, *figures[: settings.held_out_figures]])


def write_calibration_sets(gathering: Gathering, folder: Path) -> list[Path]:
    """The held-out photos, each with and without its first caption; and all of Wikipedia's figures.

    A caption's answers are all photos that it fits (:func:`univldr.training.calibrate.also_right`).
    """
    photos, texts = folder / "photos", folder / "figures"
    for one in (photos, texts):
        one.mkdir(parents=True, exist_ok=True)
    archive = _linked(gathering.data / "flickr8k/train.tar", photos, "photos.tar")
    items = read_records(gathering.data / "flickr8k/train.jsonl")
    chosen = [items[number] for number in gathering.held_out().tolist()]
    bare = [_photo(item, archive, captioned=False) for item in chosen]
    captioned = [_photo(item, archive, captioned=True) for item in chosen]
    for document in captioned:
        document["id"] += "#captioned"
    each = min(len(item["captions"]) for item in chosen)
    words = [caption for item in chosen for caption in item["captions"][:each]]
    rows = gathering.texts("held-out-captions", words).numpy().reshape(len(chosen), each, -1)
    fits = also_right(rows)
    queries = []
    for own, item in enumerate(chosen):
        for number, query in enumerate(_captions(item, range(1, each)), start=1):
            right = [chosen[other]["id"] for other in np.flatnonzero(fits[own, number])]
            query["positives"] = [*right, *(f"{id_}#captioned" for id_ in right)]
            queries.append(query)
    _write(photos / "documents.jsonl", [*bare, *captioned])
    _write(photos / "queries.train.jsonl", queries)
    figures, paragraphs = _figures(gathering.data)
    _write(texts / "documents.jsonl", paragraphs)
    _write(texts / "queries.train.jsonl", figures)
    return [photos, texts]


def _figures(data: Path) -> tuple[list[Record], list[Record]]:
    """Figures' captions as queries, and the paragraphs that they look for, which figures may share."""
    pairs = read_records(data / "wikipedia-captions/pairs.jsonl")
    paragraphs: dict[str, str] = {}
    for pair in pairs:
        paragraphs.setdefault(pair["context"], f"wikipedia-{pair['id']}")
    queries = [
        {
            "id": f"wikipedia-{pair['id']}?",
            "query": pair["caption"],
            "positives": [paragraphs[pair["context"]]],
        }
        for pair in pairs
    ]
    documents = [
        {"id": id_, "text": " ".join(text.split()[:MAX_PASSAGE_WORDS])} for text, id_ in paragraphs.items()
    ]
    return queries, documents


def _photo(item: Record, archive: str, *, captioned: bool) -> Record:
    record = {"id": item["id"], "image": f"{archive}/{item['image']}"}
    return record | ({"caption": item["captions"][0]} if captioned else {})


def _captions(item: Record, numbers: Sequence[int]) -> Iterator[Record]:
    for number in numbers:
        yield {
            "id": f"{item['id']}?{number}",
            "query": item["captions"][number],
            "positives": [item["id"]],
        }


def _linked(archive: Path, folder: Path, name: str) -> str:
    link = folder / name
    if not link.is_symlink():
        link.symlink_to(archive.resolve())
    return name


def _write(path: Path, records: Iterable[Record]) -> None:
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    if not path.exists() or path.read_text("utf-8") != text:  # a new time of change would make it new data
        path.write_text(text, encoding="utf-8")
