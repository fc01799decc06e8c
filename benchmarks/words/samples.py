"""Captions and queries that the captioners write for Flickr8k's dev pictures, and how good they are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from univldr.corpus.collection import Collection, open_collection
from univldr.encoders import load_encoder
from univldr.evaluation.words import Wording
from univldr.training.files import write_json
from univldr.types import Query

SHOWN = 8


def write_samples(data: Path, ordering: Path, words: Path, wording: Wording) -> None:
    """Write ``samples.json``: the best, middling and worst texts, how many differ, how many copy a query.

    A caption's agreement is the mean cosine, by the bundled model's text tower, with what five people wrote.
    """
    collection = open_collection(ordering / "bare" / "test")
    texts = {kind: _texts(collection, wording, kind, ordering / "cache") for kind in ("caption", "query")}
    people = {
        row["id"]: row["captions"]
        for row in map(json.loads, (data / "flickr8k/dev.jsonl").read_text("utf-8").splitlines())
    }
    ids = sorted(people)
    human = [people[id_] for id_ in ids]
    agreement = {kind: _agreement([said.get(id_, "") for id_ in ids], human) for kind, said in texts.items()}
    order = np.argsort(-agreement["caption"], kind="stable")
    middle = len(order) // 2 - SHOWN // 2
    picked = {"Best": order[:SHOWN], "Middling": order[middle : middle + SHOWN], "Worst": order[-SHOWN:]}
    asked = {_plain(topic.query.text) for topic in collection.topics("test")}
    learned = {_plain(topic.query.text) for topic in open_collection(words / "captions").topics("captions")}
    lines = []
    for kind, said in texts.items():
        values = [_plain(said.get(id_, "")) for id_ in ids]
        lines.append(
            f"{kind}: {len(set(values))} different texts for {len(ids)} pictures; agreement with people "
            f"{agreement[kind].mean():.3f} (people with one another {_people(people):.3f}); "
            f"{sum(value in asked for value in values)} are word for word a query of the pool, "
            f"{sum(value in learned for value in values)} a caption that was trained on."
        )
    samples = {
        title: [_sample(ids[i], texts, float(agreement["caption"][i])) for i in chosen]
        for title, chosen in picked.items()
    }
    summary = "\n".join(f"- {line}" for line in lines)
    write_json(words / "samples.json", {"summary": summary, "samples": samples})


def _texts(collection: Collection, wording: Wording, kind: str, cache: Path) -> dict[str, str]:
    worded = wording.collection(collection, kind, cache)
    rows = range(len(worded))
    return {
        d.id: " ".join(words.text for words in d.expansions)
        for d in worded.documents(rows, pictures=False)
        if d.expansions
    }


def _agreement(said: list[str], people: list[list[str]]) -> Any:
    """float64 [pictures]."""
    encoder = load_encoder("mini")
    generated = encoder.encode_queries([Query(text or "nothing") for text in said])
    human = encoder.encode_queries([Query(text) for texts in people for text in texts])
    human = human.reshape(len(people), -1, human.shape[1])
    return np.einsum("nd,nkd->nk", generated, human).mean(1).astype(np.float64)


def _people(people: dict[str, list[str]]) -> float:
    """How far the first person agrees with the others."""
    ids = sorted(people)
    return float(_agreement([people[id_][0] for id_ in ids], [people[id_][1:] for id_ in ids]).mean())


def _sample(id_: str, texts: dict[str, dict[str, str]], agreement: float) -> dict[str, Any]:
    return {"id": id_, "agreement": agreement} | {kind: said.get(id_, "") for kind, said in texts.items()}


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
