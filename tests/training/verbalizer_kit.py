"""Squares of one colour and what people said of them: enough for a tiny captioner to learn its colours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from univldr.corpus.collection import Collection, open_collection
from univldr.training.recipe import DataSettings, ModelSettings, Recipe, ValidationSettings
from univldr.training.verbalizer_settings import VerbalizerTraining

COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "white": (1, 1, 1)}
SHADES = range(130, 250, 12)
HELD_OUT = (178, 226)

Record = dict[str, Any]


def make_squares(folder: Path) -> Collection:
    """Ten shades of four colours; two shades of each are held out. A square's id says its colour."""
    folder.mkdir(parents=True)
    for name, levels in COLOURS.items():
        for shade in SHADES:
            red, green, blue = (shade * level for level in levels)
            Image.new("RGB", (40, 32), (red, green, blue)).save(folder / f"{name}-{shade}.png")
    names = [f"{name}-{shade}" for name in COLOURS for shade in SHADES]
    held_out = [f"{name}-{shade}" for name in COLOURS for shade in HELD_OUT]
    others = [name for name in names if name not in held_out]
    pictures = [{"id": n, "image": f"{n}.png", "caption": caption(n)} for n in names]
    write(folder / "documents.jsonl", [*pictures, {"id": "t", "text": "a passage"}])
    write(folder / "queries.captions.jsonl", [asked(name, caption(name)) for name in [*others, held_out[0]]])
    write(
        folder / "queries.dev.jsonl",
        [asked(name, f"A {name.split('-')[0].upper()}  square") for name in held_out],
    )
    write(folder / "queries.asks.jsonl", [asked(name, f"{name.split('-')[0]} square") for name in others])
    write(
        folder / "queries.dev-asks.jsonl", [asked(name, f"{name.split('-')[0]} Square!") for name in held_out]
    )
    write(folder / "queries.words.jsonl", [asked("t", "a passage")])
    return open_collection(folder)


def colour(name: str) -> str:
    """What a square's id says."""
    return name.split("-")[0]


def caption(name: str) -> str:
    """What a square's document says of it."""
    return f"a {colour(name)} square"


def asked(name: str, text: str) -> Record:
    """A query's record."""
    return {"id": f"{name}-{len(text)}", "query": text, "positives": [name]}


def write(path: Path, records: list[Record]) -> None:
    """A JSONL file."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def tiny(**changes: Any) -> VerbalizerTraining:
    """Settings of a training that takes a second."""
    usual: Record = {
        "name": "caption",
        "split": "captions",
        "epochs": 15,
        "batch": 8,
        "rate": 1e-2,
        "warmup": 4,
        "label_smoothing": 0.0,
        "patience": 0,
        "checkpoint_every": 8,
        "max_tokens": 8,
        "width": 32,
        "layers": 1,
        "heads": 2,
        "vocabulary": 60,
    }
    return VerbalizerTraining(**usual | changes)


def recipe(collection: Collection, start: str, *verbalizers: VerbalizerTraining) -> Recipe:
    """A recipe of verbalizers alone."""
    return Recipe(
        "squares",
        DataSettings(collection.path),
        ModelSettings(start),
        stages=(),
        verbalizers=verbalizers,
        validation=ValidationSettings(queries=0, pool=0),
    )
