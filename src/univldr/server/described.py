"""What an index is, for who searches it: its sizes, its model, the fields of its documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from univldr.calibration import Calibrated
from univldr.encoders.settings import Joint
from univldr.index.base import SCAN_SIZE, Index
from univldr.index.files import sizes
from univldr.search import Searcher
from univldr.types import Document, Modality
from univldr.where.filters import number_of, read_as

SAMPLE = 2_000
"""Documents whose fields are looked at."""

MAX_FIELDS = 50
"""Fields that are told, those of most documents first."""

MAX_VALUES = 12
"""Values that are told of a field, the most frequent first."""

_MAX_DISTINCT = 1_000  # values that are counted of a field
_LONGEST = 80  # characters of a value that is told
_DEEPEST = 4  # names in a dotted one
_HIDDEN = frozenset({"id", "modality", "title", "path", "metadata", "verbalize"})
"""Names that a document's own fields have, and the switch of verbalizers."""


def counts_of(index: Index) -> dict[Modality, int]:
    """How many documents of each kind there are."""
    return {modality: index.count(modality) for modality in Modality}


def description_of(searcher: Searcher, counts: Mapping[Modality, int]) -> dict[str, Any]:
    """What ``GET /v1/index`` tells, but for the server's own settings."""
    encoder, manifest = searcher.encoder, searcher.manifest
    return {
        "documents": sum(counts.values()),
        "texts": counts[Modality.TEXT],
        "images": counts[Modality.IMAGE],
        "model": encoder.name,
        "dim": encoder.dim,
        "bytes": sum(size for _, size in sizes(Path(manifest.place))) if manifest and manifest.place else 0,
        "roots": list(manifest.corpora) if manifest else [],
        "calibrated": isinstance(encoder, Calibrated) and encoder.calibration is not None,
        "joint": isinstance(encoder, Joint) and encoder.joint,
        "fields": fields_of_sample(searcher.index),
    }


def fields_of_sample(index: Index) -> list[dict[str, Any]]:
    """The fields of the metadata that filters can use: ``name``, ``kind``, ``documents``, ``values``.

    They come from the first ``SAMPLE`` documents, those of most documents first. A field is a ``number``, a
    ``date`` or a ``boolean`` where all of its values can be read so, else a ``text``. Paths are left out:
    ``path under 'folder'`` finds them.
    """
    seen: dict[str, _Field] = {}
    for documents, _ in islice(index.scan(vectors=False), SAMPLE // SCAN_SIZE):
        for document in documents:
            _note(document, seen)
    told = [(name, one) for name, one in seen.items() if not one.is_paths]
    told.sort(key=lambda pair: (-pair[1].documents, pair[0]))
    return [one.told(name) for name, one in told[:MAX_FIELDS]]


@dataclass(slots=True)
class _Field:
    documents: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    values: Counter[tuple[type, Any]] = field(default_factory=Counter)
    paths: int = 0

    def note(self, value: Any) -> None:
        self.kinds[_kind(value)] += 1
        self.paths += isinstance(value, str) and _is_path(value)
        short = not isinstance(value, str) or len(value) <= _LONGEST
        key = (type(value), value)  # 1, 1.0 and true are one key of a dictionary, but not one value
        if short and (key in self.values or len(self.values) < _MAX_DISTINCT):
            self.values[key] += 1

    @property
    def is_paths(self) -> bool:
        return 2 * self.paths > self.kinds.total()

    def told(self, name: str) -> dict[str, Any]:
        kind = next(iter(self.kinds)) if len(self.kinds) == 1 else "text"
        frequent = self.values.most_common(MAX_VALUES)
        if len(self.values) > MAX_VALUES:
            frequent = [(key, count) for key, count in frequent if count > 1]
        values = [value for (_, value), _ in frequent]
        return {"name": name, "kind": kind, "documents": self.documents, "values": values}


def _note(document: Document, seen: dict[str, _Field]) -> None:
    found: dict[str, list[Any]] = {}
    for name, value in _leaves(document.metadata):
        if name not in _HIDDEN:
            found.setdefault(name, []).append(value)
    for name, values in found.items():
        one = seen.setdefault(name, _Field())
        one.documents += 1
        for value in values:
            one.note(value)


def _leaves(node: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Each value under its dotted name; the values of a list one by one."""
    if isinstance(node, Mapping):
        for key, value in node.items() if depth < _DEEPEST else ():
            yield from _leaves(value, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(node, list | tuple):
        for item in node:
            if not isinstance(item, list | tuple):
                yield from _leaves(item, name, depth)
    elif node is not None:
        yield name, node


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if number_of(value) is not None:
        return "number"
    return "text" if read_as(date.min, value) is None else "date"


def _is_path(value: str) -> bool:
    """A path or an address: of several parts, without spaces."""
    return ("/" in value or "\\" in value) and not any(character.isspace() for character in value)
