"""Small made-up data sets, drawn and written on the spot."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from univldr.corpus.collection import Collection
from univldr.images import load_image
from univldr.types import Document

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange", "black", "white")


def picture(colour: str, format: str = "PNG") -> bytes:
    """An encoded picture of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(stream, format)
    return stream.getvalue()


def colour(document: Document) -> tuple[int, ...]:
    """The colour of a document's picture."""
    assert document.image is not None
    found = load_image(document.image).getpixel((0, 0))
    assert isinstance(found, tuple)
    return found


def jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write records, not escaping what is not ASCII."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def tar(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a tar shard."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as shard:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            shard.addfile(info, io.BytesIO(data))
    return path


def tsv(folder: Path, pictures: Mapping[str, bytes]) -> list[tuple[str, int]]:
    """Write imgs.tsv; (id, byte offset) of its lines, found by counting."""
    offsets, content = [], b""
    for id, data in pictures.items():
        offsets.append((id, len(content)))
        content += id.encode() + b"\t" + base64.b64encode(data) + b"\n"
    (folder / "imgs.tsv").write_bytes(content)
    return offsets


def problems(collection: Collection) -> list[str]:
    """What was left out, a line each."""
    return [str(problem) for problem in collection.report.problems]


def positives(collection: Collection, split: str) -> dict[str, list[str]]:
    """Query id to the ids of its positives."""
    ids = collection.ids()
    return {topic.id: [ids[row] for row in topic.positives] for topic in collection.topics(split)}
