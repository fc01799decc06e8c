"""The data folder that benchmarks/README.md describes."""

from __future__ import annotations

import argparse
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from PIL import Image

from univldr.types import Document, Modality, Query

NEEDED = ("flickr8k/dev.jsonl", "flickr8k/dev.tar", "xquad/passages.jsonl", "xquad/queries.jsonl")


def arguments(purpose: str) -> argparse.ArgumentParser:
    """The options that all benchmarks share."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--data", required=True, help="the folder that benchmarks/README.md describes")
    parser.add_argument("--model", default="mini", help="any name that load_encoder takes")
    return parser


def checked(folder: str) -> Path:
    """``folder``, or exit with a list of what it lacks."""
    missing = [name for name in NEEDED if not (Path(folder) / name).is_file()]
    if not folder or missing:
        sys.exit(f"no data at {folder!r}: {', '.join(missing)} missing; see benchmarks/README.md")
    return Path(folder)


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def as_bytes(image: Image.Image) -> bytes:
    """A picture as PNG."""
    blob = io.BytesIO()
    image.save(blob, "PNG")
    return blob.getvalue()


def pictures(data: Path) -> tuple[list[Document], list[Query], dict[int, str]]:
    """Flickr8k dev: pictures without captions, the captions as queries, query number to picture id."""
    with tarfile.open(data / "flickr8k/dev.tar") as tar:
        files = {Path(member.name).name: tar.extractfile(member) for member in tar if member.isfile()}
        blobs = {name: file.read() for name, file in files.items() if file}
    items = rows(data / "flickr8k/dev.jsonl")
    documents = [Document(item["id"], Modality.IMAGE, image=blobs[item["image"]]) for item in items]
    asked = [(caption, item["id"]) for item in items for caption in item["captions"]]
    return documents, [Query(caption) for caption, _ in asked], {i: id_ for i, (_, id_) in enumerate(asked)}


def passages(data: Path) -> tuple[list[Document], list[Query], dict[int, str]]:
    """XQuAD: passages, questions, question number to passage id."""
    documents = [
        Document(row["id"], Modality.TEXT, row["text"]) for row in rows(data / "xquad/passages.jsonl")
    ]
    asked = rows(data / "xquad/queries.jsonl")
    return (
        documents,
        [Query(row["query"]) for row in asked],
        {i: row["positives"][0] for i, row in enumerate(asked)},
    )
