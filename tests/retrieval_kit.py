"""Small data sets whose texts are their own vectors, so that every ranking can be worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from univldr.corpus.collection import Collection, open_collection
from univldr.types import Document, Encoder, Float32Array, Query
from univldr.verbalize import cache, load
from univldr.verbalize.base import Verbalizer
from univldr.verbalize.settings import VerbalizerSettings

Fields = Mapping[str, Any]


class VectorEncoder:
    """Reads ``"3 4"`` as the vector (3, 4), made a unit; of a picture, its caption. Counts its work."""

    name = "vectors"
    max_tokens = 100

    def __init__(self, dim: int = 2, fingerprint: str = "vectors-1") -> None:
        self.dim = dim
        self.fingerprint = fingerprint
        self.encoded: list[str] = []
        self.asked = 0

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        self.asked += len(queries)
        return self._rows(query.text for query in queries)

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        self.encoded += [document.id for document in documents]
        return self._rows(document.text for document in documents)

    def _rows(self, texts: Iterable[str]) -> Float32Array:
        rows = np.array([[float(word) for word in text.split()] for text in texts], np.float32)
        rows = rows.reshape(-1, self.dim)
        unit: Float32Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def text(id: str, vector: str) -> dict[str, Any]:
    """The record of a passage."""
    return {"id": id, "text": vector}


def image(id: str, vector: str) -> dict[str, Any]:
    """The record of a captioned picture, whose file ``make_collection`` draws."""
    return {"id": id, "image": f"{id}.png", "caption": vector}


def query(id: str, vector: str, *positives: str) -> dict[str, Any]:
    """The record of a query."""
    return {"id": id, "query": vector, "positives": list(positives)}


def make_collection(
    folder: Path, documents: Iterable[Fields], queries: Iterable[Fields] = (), *, split: str = "train"
) -> Collection:
    """Write a data set of our own records with all its pictures, and open it."""
    folder.mkdir(parents=True, exist_ok=True)
    documents = list(documents)
    for record in documents:
        if "image" in record and not (folder / record["image"]).exists():
            Image.new("RGB", (4, 3), "red").save(folder / record["image"])
    _write(folder / "documents.jsonl", documents)
    _write(folder / f"queries.{split}.jsonl", queries)
    return open_collection(folder, format="records")


def _write(path: Path, records: Iterable[Fields]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def use_verbalizer(
    monkeypatch: pytest.MonkeyPatch, folder: Path, verbalizer: Verbalizer
) -> list[tuple[VerbalizerSettings, Callable[[], Encoder]]]:
    """Have ``verbalizer`` take the place of the one of its name, and words kept in ``folder``.

    Returns:
        What it is made from, each time.
    """
    made: list[tuple[VerbalizerSettings, Callable[[], Encoder]]] = []

    def make(settings: VerbalizerSettings, encoder: Callable[[], Encoder]) -> Verbalizer:
        made.append((settings, encoder))
        return verbalizer

    monkeypatch.setenv(cache.ENVIRONMENT, str(folder / "words.sqlite"))
    monkeypatch.setitem(load._MAKERS, verbalizer.name, make)
    return made
