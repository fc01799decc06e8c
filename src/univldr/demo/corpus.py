"""Writes the demo corpus: pictures, captions for some of them, and notes on many topics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from univldr.demo.pictures import PICTURES

_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Passage:
    """A short text of the demo corpus.

    Attributes:
        id: Topic and slug, such as ``astronomy/saturn-rings``.
        title: Its heading.
        text: Two to five sentences.
    """

    id: str
    title: str
    text: str

    @property
    def key(self) -> str:
        """Where it is written, relative to the corpus."""
        return f"notes/{self.id}.md"


def passages() -> Iterator[Passage]:
    """The passages that come with the package."""
    for line in files("univldr.demo").joinpath("passages.jsonl").read_text("utf-8").splitlines():
        yield Passage(**json.loads(line))


def write_corpus(folder: Path) -> None:
    """Write the pictures, their ``captions.jsonl`` and the notes into ``folder``.

    Files that are there already are kept, so a second call costs next to nothing and makes nothing look new.

    Raises:
        OSError: the folder cannot be written.
    """
    _write_pictures(folder / "pictures")
    for passage in passages():
        _write_once(folder / passage.key, f"# {passage.title}\n\n{passage.text}\n")


def _write_pictures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        path = folder / picture.name
        if not path.exists():
            picture.render().save(path, quality=_JPEG_QUALITY)
    captions = (
        {"image": picture.name, "caption": picture.caption}
        for picture in PICTURES
        if picture.caption is not None
    )
    _write_once(folder / "captions.jsonl", "".join(json.dumps(caption) + "\n" for caption in captions))


def _write_once(path: Path, text: str) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
