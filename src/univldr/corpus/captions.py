"""Captions that people keep beside their pictures: ``captions.jsonl`` and ``captions.csv``.

In ``captions.jsonl`` a picture may also have ``verbalize``, which says who may add words to it; see
:class:`univldr.types.Document`.
"""

from __future__ import annotations

import csv
import io
import posixpath
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from univldr.corpus.base import Skipped
from univldr.corpus.fields import joined
from univldr.corpus.text import decode, parse_json
from univldr.errors import CorpusError

CAPTION_FILES = ("captions.csv", "captions.jsonl")
"""Looked for in every folder; the later wins where both caption a picture."""

_PICTURE_FIELDS = ("image", "file", "file_name", "path")
_CAPTION_FIELDS = ("caption", "text", "captions")


@dataclass(frozen=True, slots=True)
class Beside:
    """What a captions file says of a picture.

    Attributes:
        caption: Several are joined.
        verbalize: Its switch; ``None`` where there is none.
    """

    caption: str = ""
    verbalize: Any = None

    def joined(self, later: Beside) -> Beside:
        """Both, as another line adds to the picture."""
        verbalize = self.verbalize if later.verbalize is None else later.verbalize
        return Beside(joined(self.caption, later.caption), verbalize)


def sidecar(path: Path) -> Path:
    """The file that may hold a picture's caption: ``photo.jpg.txt``."""
    return path.with_name(f"{path.name}.txt")


def picture_key(key: str) -> str:
    """A key to look a picture's caption up by; the same however the system spells accents."""
    return key if key.isascii() else unicodedata.normalize("NFC", key)


def read_captions(path: Path, key: str) -> tuple[dict[str, Beside], list[Skipped]]:
    """Picture key to what is said of it, and the lines that say nothing.

    Args:
        path: A captions file.
        key: Its key in the corpus; the pictures it names are relative to its folder.
    """
    captions: dict[str, Beside] = {}
    skipped: list[Skipped] = []
    try:
        text = decode(path.read_bytes())
        for number, row in _json_rows(text) if path.suffix == ".jsonl" else _csv_rows(text):
            try:
                picture, found = _entry(parse_json(row) if isinstance(row, str) else row)
            except CorpusError as error:
                skipped.append(Skipped(f"{key} line {number}", str(error)))
                continue
            name = posixpath.normpath(posixpath.join(posixpath.dirname(key), picture.replace("\\", "/")))
            name = picture_key(name)
            captions[name] = captions.get(name, Beside()).joined(found)
    except (CorpusError, OSError, csv.Error) as error:
        skipped.append(Skipped(key, str(error)))
    return {name: found for name, found in captions.items() if found != Beside()}, skipped


def _json_rows(text: str) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    header = text.partition("\n")[0]
    delimiter = ";" if ";" in header and "," not in header else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    for row in reader:
        yield reader.line_num, row


def _entry(row: object) -> tuple[str, Beside]:
    if not isinstance(row, Mapping):
        raise CorpusError('not a JSON object like {"image": "photo.jpg", "caption": "..."}')
    picture = next((row[field] for field in _PICTURE_FIELDS if row.get(field)), None)
    if not isinstance(picture, str):
        raise CorpusError(f"no picture: one of the fields {', '.join(_PICTURE_FIELDS)} must name it")
    return picture, Beside(_caption(row), row.get("verbalize"))


def _caption(row: Mapping[str, Any]) -> str:
    value = next((row[field] for field in _CAPTION_FIELDS if row.get(field) is not None), None)
    if value is None and "verbalize" in row:
        return ""
    values = value if isinstance(value, list) else [value]
    captions = [" ".join(caption.split()) for caption in values if isinstance(caption, str)]
    if len(captions) < len(values):
        raise CorpusError(f"no caption: one of the fields {', '.join(_CAPTION_FIELDS)} must hold text")
    return joined(*captions)
