"""Two data sets out of the data folder: one to train on, one joint pool to test on.

To train: Flickr8k's training pictures, half of them for the start and half for the stages; Wikipedia's
figure captions as queries for the paragraph beside them; WebQA's image questions as queries for captions,
which are texts here.
To test: Flickr8k's dev pictures and XQuAD's passages in one pool. One caption of a picture is its caption, or
none is; another is the query.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import rows

HELD_OUT_PICTURES = 300
HELD_OUT_TEXTS = 150
PARAGRAPH_WORDS = 110

Record = dict[str, Any]


def write_sets(data: Path, out: Path, *, captioned: bool, seed: int = 0) -> None:
    """Write ``out/train`` and ``out/test`` as records; the pictures stay where they are."""
    for name in ("train", "test"):
        (out / name).mkdir(parents=True, exist_ok=True)
    for name, archive in (("train", "train.tar"), ("test", "dev.tar")):
        link = out / name / archive
        if not link.is_symlink():
            link.symlink_to((data / "flickr8k" / archive).resolve())
    _write_train(data, out / "train", captioned, np.random.default_rng(seed))
    _write_test(data, out / "test", captioned)


def _write_train(data: Path, out: Path, captioned: bool, rng: np.random.Generator) -> None:
    pictures = rows(data / "flickr8k/train.jsonl")
    order = rng.permutation(len(pictures))
    half = len(pictures) // 2
    align, held = order[:half], order[half : half + HELD_OUT_PICTURES]
    train = order[half + HELD_OUT_PICTURES :]
    texts, asked = _texts(data)
    some = rng.permutation(len(asked))
    documents = [_picture(item, "train.tar", captioned) for item in pictures] + texts
    _write(out / "documents.jsonl", documents)
    _write(
        out / "queries.align.jsonl",
        [_query(pictures[i], number) for i in align for number in range(1, len(pictures[i]["captions"]))],
    )
    _write(out / "queries.dev.jsonl", [_query(pictures[i], 1) for i in held])
    _append(out / "queries.dev.jsonl", [asked[i] for i in some[:HELD_OUT_TEXTS]])
    _write(out / "queries.train.jsonl", [_query(pictures[i], 1) for i in train])
    _append(out / "queries.train.jsonl", [asked[i] for i in some[HELD_OUT_TEXTS:]])


def _write_test(data: Path, out: Path, captioned: bool) -> None:
    pictures = rows(data / "flickr8k/dev.jsonl")
    passages = rows(data / "xquad/passages.jsonl")
    documents = [_picture(item, "dev.tar", captioned) for item in pictures]
    _write(out / "documents.jsonl", [*documents, *({"id": p["id"], "text": p["text"]} for p in passages)])
    _write(out / "queries.test.jsonl", [_query(item, 1) for item in pictures])
    _append(out / "queries.test.jsonl", rows(data / "xquad/queries.jsonl"))


def _texts(data: Path) -> tuple[list[Record], list[Record]]:
    """Texts to find, and queries for them."""
    pairs = rows(data / "wikipedia-captions/pairs.jsonl")
    captions = rows(data / "webqa-captions/captions.jsonl")
    documents = [
        {"id": f"wikipedia-{pair['id']}", "text": " ".join(pair["context"].split()[:PARAGRAPH_WORDS])}
        for pair in pairs
    ]
    documents += [{"id": f"webqa-{row['id']}", "text": row["caption"]} for row in captions]
    asked = [
        {
            "id": f"wikipedia-{pair['id']}",
            "query": f"{pair['title']}: {pair['caption']}",
            "positives": [f"wikipedia-{pair['id']}"],
        }
        for pair in pairs
    ]
    asked += [
        {
            "id": f"webqa-{row['id']}",
            "query": row["query"],
            "positives": [f"webqa-{id_}" for id_ in row["positives"]],
        }
        for row in rows(data / "webqa-captions/queries.jsonl")
    ]
    return documents, asked


def _picture(item: Record, archive: str, captioned: bool) -> Record:
    record = {"id": item["id"], "image": f"{archive}/{item['image']}"}
    return record | ({"caption": item["captions"][0]} if captioned else {})


def _query(item: Record, number: int) -> Record:
    return {"id": f"{item['id']}-{number}", "query": item["captions"][number], "positives": [item["id"]]}


def _write(path: Path, records: Iterable[Record]) -> None:
    path.write_text("", encoding="utf-8")
    _append(path, records)


def _append(path: Path, records: Iterable[Record]) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
