"""The demo corpus as a data set to train and measure on: ``python -m univldr.demo.training FOLDER``.

A passage is asked for by its title and by the words of its id, a picture by the words of its file's name and
by two descriptions; a model reads none of these in the document. The questions of the demo are the test, and
what answers one of them is asked for in no other split, so that the test is about documents that training
never pointed at. Every fifth of the others is held out for validation.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from univldr.demo.corpus import passages, write_corpus
from univldr.demo.descriptions import DESCRIPTIONS
from univldr.demo.pictures import PICTURES
from univldr.demo.questions import QUESTIONS

HELD_OUT = 5
"""Of the documents that no question asks for, one in so many is to validate with."""

Record = Mapping[str, Any]


def write_training_data(folder: Path) -> Path:
    """Write the demo corpus with ``documents.jsonl`` and ``queries.{train,dev,test}.jsonl``: the folder.

    Files that already say the same are left alone, so that nothing made from them grows stale.

    Raises:
        OSError: the folder cannot be written.
    """
    write_corpus(folder)
    _write(folder / "documents.jsonl", documents())
    for split, records in queries().items():
        _write(folder / f"queries.{split}.jsonl", records)
    return folder


def documents() -> Iterator[Record]:
    """Pictures, with captions where they have them, then passages; ids are those that the questions name."""
    for picture in PICTURES:
        key = f"pictures/{picture.name}"
        yield {"id": key, "image": key} | ({"caption": picture.caption} if picture.caption else {})
    for passage in passages():
        yield {"id": passage.key, "title": passage.title, "text": passage.text}


def queries() -> dict[str, list[Record]]:
    """The queries of each split."""
    asked = {answer for question in QUESTIONS for answer in question.answers}
    free = [(key, words) for key, words in _words_for() if key not in asked]
    splits: dict[str, list[Record]] = {"train": [], "dev": [], "test": []}
    for number, (key, words) in enumerate(free):
        split = "train" if number % HELD_OUT else "dev"
        splits[split] += [
            {"id": f"{key}?{n}", "query": text, "positives": [key]} for n, text in enumerate(words, 1)
        ]
    splits["test"] = [
        {"id": f"question-{number}", "query": question.text, "positives": sorted(question.answers)}
        for number, question in enumerate(QUESTIONS, 1)
    ]
    return splits


def _words_for() -> Iterator[tuple[str, list[str]]]:
    """Each document with the words that ask for it."""
    for picture in PICTURES:
        name = _spelled(picture.name.rpartition(".")[0])
        yield f"pictures/{picture.name}", [name, *DESCRIPTIONS.get(picture.name, ())]
    for passage in passages():
        name = _spelled(passage.id.rpartition("/")[2])
        yield passage.key, [passage.title] + [name] * (name.lower() != passage.title.lower())


def _spelled(name: str) -> str:
    return name.replace("-", " ")


def _write(path: Path, records: Iterator[Record] | Sequence[Record]) -> None:
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: Sequence[str]) -> int:
    """Write the data set where the one argument says."""
    if len(arguments) != 1:
        print("usage: python -m univldr.demo.training FOLDER", file=sys.stderr)
        return 2
    folder = write_training_data(Path(arguments[0]))
    counts = ", ".join(f"{split} {len(records)}" for split, records in queries().items())
    print(f"{folder}: {len(list(documents()))} documents; queries: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
