"""What a point has beside its document, so that the engine applies every kind of filter by itself.

A filter reads a field as its literal is: a text may spell a number, a day, a moment or a truth value, and
dots reach into objects. The engine knows none of that. So each document is stored with what its fields can
be read as, in ``where`` of its payload:

- ``under``: every folder that its paths are in, and these themselves; relative ones begin with ``./``;
- ``number day moment truth``: for each field, what its values spell. Days are counted, moments are ISO 8601;
- ``text has``: the texts of the fields that the engine cannot reach by name, and which of them are there;
- ``odd``: there are more of those than are worth it, so this document is looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import qdrant_edge as edge

from univldr.index.base import Payload, fields_of
from univldr.where import Exists, Literal, values
from univldr.where.filters import normal_path, read_as

KEY = "where"
"""Where in a payload it is."""

ODD = f"{KEY}.odd"
"""The payload key of the documents that the engine must leave to us. A shard where it is indexed has what is
described here for all of its documents."""

UNDER = f"{KEY}.under"
HAS = f"{KEY}.has"

OWN = frozenset({"id", "modality", "title", "path", "metadata"})
"""Fields of the document itself, which hide those of its metadata."""

MAX_NAMES = 1000
"""Documents with more names of fields are odd."""

_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_BEGIN = frozenset("+-.0123456789")  # what numbers and dates begin with
_PAGE = 1000  # documents that get their fields together
_KINDS: dict[str, Literal] = {
    "number": 0.0,
    "truth": True,
    "day": date.min,
    "moment": datetime.min.replace(tzinfo=UTC),
}


def is_plain(field: str) -> bool:
    """Whether the engine reaches a field of the metadata under its own name."""
    return field not in OWN and _PLAIN.fullmatch(field) is not None


def is_written(field: str) -> bool:
    """Whether what a field's values spell is in the payload; under ``metadata.field`` it is not again."""
    return field != "metadata" and not field.startswith("metadata.")


def spelled(kind: str, field: str) -> str:
    """The payload key of what a field's values spell: ``kind`` is one of those above."""
    return f"{KEY}.{kind}.{slot(field)}"


def slot(field: str) -> str:
    """A field's name as the engine's paths can have it."""
    return field if is_plain(field) else f"0x{field.encode().hex()}"


def kind_of(literal: Literal) -> str | None:
    """How ``literal`` has a field read; ``None`` for a text, and for a moment of no zone."""
    if isinstance(literal, bool):
        return "truth"
    if isinstance(literal, int | float):
        return "number"
    if isinstance(literal, datetime):
        return "moment" if literal.tzinfo else None
    return "day" if isinstance(literal, date) else None


def plain(value: Any) -> Any:
    """What was read, or a literal, as the payload has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return value.toordinal() if isinstance(value, date) else value


def derived(payload: Payload) -> dict[str, Any]:
    """``where`` for a document's payload."""
    fields = fields_of(payload)
    found: dict[str, Any] = {"under": folders(values(fields, "path"))}
    names = list(islice(names_in({**fields, "metadata": None}), MAX_NAMES + 1))
    if len(names) > MAX_NAMES:
        return {"odd": True, **found}
    for name in filter(is_written, dict.fromkeys(names)):
        key, native = slot(name), is_plain(name)
        every = list(values(fields, name))
        for value in every:
            for kind, read in readings(value, native=native):
                known = found.setdefault(kind, {}).setdefault(key, [])
                known += [] if read in known else [read]
        if not native and name not in OWN:
            if texts := [value for value in every if isinstance(value, str)]:
                found.setdefault("text", {})[key] = texts
            if Exists(name).matches(fields):
                found.setdefault("has", []).append(key)
    return found


def with_fields(payload: Payload) -> Payload:
    """A document's payload as a point has it."""
    return {**payload, KEY: derived(payload)}


def mark(shard: edge.EdgeShard) -> None:
    """Note that all documents of a shard have what is described here."""
    shard.update(edge.UpdateOperation.create_field_index(ODD, edge.PayloadSchemaType.Bool))


def is_marked(shard: edge.EdgeShard) -> bool:
    """Whether all documents of a shard have it."""
    return ODD in shard.info().payload_schema


def add(shard: edge.EdgeShard) -> bool:
    """Give it to documents that were stored before it existed. Returns whether that was needed."""
    if is_marked(shard):
        return False
    offset = None
    while True:
        page = edge.ScrollRequest(offset=offset, limit=_PAGE, with_payload=True)
        records, offset = shard.scroll(page)
        for record in records:
            fields = {KEY: derived(record.payload or {})}
            shard.update(edge.UpdateOperation.set_payload([record.id], fields))
        if offset is None:
            mark(shard)
            return True


def readings(value: Any, *, native: bool) -> Iterator[tuple[str, Any]]:
    """What a value can be read as, by kind; ``native`` numbers the engine finds where they are."""
    kinds: tuple[str, ...] = ()
    if isinstance(value, str):
        spells = value[:1] in _BEGIN
        kinds = ("number", "day", "moment") if spells else ("truth",) if len(value) in (4, 5) else ()
    elif isinstance(value, bool):
        kinds = ("truth",)
    elif isinstance(value, int | float) and not native:
        kinds = ("number",)
    for kind in kinds:
        if (read := read_as(_KINDS[kind], value)) is not None:
            yield kind, plain(read)


def names_in(node: Mapping[Any, Any]) -> Iterator[str]:
    """The names under which something is found in ``node``, dotted ones too; some more than once."""
    for key, value in node.items():
        if not isinstance(key, str):
            continue  # which the engine refuses
        yield key
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, Mapping):
                yield from (f"{key}.{name}" for name in names_in(one))


def folders(paths: Iterable[Any]) -> list[str]:
    """Every ``folder_key`` that a document with these paths is under."""
    found: dict[str, None] = {}
    for whole in (folder_key(path) for path in paths if isinstance(path, str)):
        parts = whole.split("/")
        found |= dict.fromkeys("/".join(parts[:stop]) or "/" for stop in range(len(parts), 0, -1))
    return list(found)


def folder_key(path: str) -> str:
    """A path as ``under`` knows it, ``/a/b`` or ``./a/b``; ``.`` is the folder of all relative ones."""
    normal = normal_path(path)
    return normal if normal.startswith("/") or normal == "." else f"./{normal}"
