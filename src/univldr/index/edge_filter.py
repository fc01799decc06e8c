"""Filters in the terms of Qdrant Edge, as far as it keeps their meaning.

A translation is exact, or it lets through some documents too many, which are then looked at one by one. What
was found by trial of qdrant-edge 0.9 and decides how it is done (tests/index/test_filters.py holds it to the
exact engine): ranges compare all numbers as 64-bit floats and no booleans; ``MatchValue(True)`` is taken for
the number 1, so booleans are sent as texts; ``MatchPrefix("")`` matches exactly the texts, in lists too; a
prefix that many texts share is slow, so folders are stored one by one; ranges of moments are exact to the
microsecond.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import qdrant_edge as edge

from univldr.index.edge_fields import (
    HAS,
    OWN,
    UNDER,
    folder_key,
    is_plain,
    is_written,
    kind_of,
    plain,
    slot,
    spelled,
)
from univldr.types import Modality
from univldr.where import And, Compare, Exists, In, Literal, Not, Or, Under, Where

_NAMESPACE = uuid.UUID("6a3c2f0e-52d1-5c0b-9d53-3f1c3f7a9be4")  # fixed: point ids on disk depend on it
_RANGES = {"<": ("lt",), "<=": ("lte",), ">": ("gt",), ">=": ("gte",), "=": ("gte", "lte")}
_INDEXES = {
    "number": edge.PayloadSchemaType.Float,
    "day": edge.PayloadSchemaType.Integer,
    "moment": edge.PayloadSchemaType.Datetime,
    "truth": edge.PayloadSchemaType.Keyword,
}
PRESENCE = edge.PayloadSchemaType.Bool
"""The index of a key of which only ``exists`` was asked; another kind of index may take its place."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A filter of the engine, and whether it matches just the same documents or some more."""

    filter: edge.Filter | None
    exact: bool


def point_id(document_id: str) -> uuid.UUID:
    """The engine's id of a document: its UUIDv5, which ``uuid.uuid5`` takes half as long again to make."""
    digest = hashlib.sha1(_NAMESPACE.bytes + document_id.encode(), usedforsecurity=False).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def translate(where: Where, *, derived: bool) -> Translated:
    """``where`` for the engine; ``derived`` says whether documents have what ``edge_fields`` describes."""
    if isinstance(where, And):
        return _and([translate(part, derived=derived) for part in where.parts])
    if isinstance(where, Or):
        return _or([translate(part, derived=derived) for part in where.parts])
    if isinstance(where, Not):
        part = translate(where.part, derived=derived)
        if part.filter is None or not part.exact:  # the opposite of too many is too few
            return _ANYTHING
        return Translated(edge.Filter(must_not=[part.filter]), True)
    if isinstance(where, In):
        return _or([_compare(where.field, "=", value, derived) for value in where.choices])
    if isinstance(where, Compare):
        return _compare(where.field, where.op, where.value, derived)
    if isinstance(where, Under):
        if where.field == "path" and derived:
            return _match(UNDER, folder_key(where.folder))
        return _some_text(where.field, derived)
    return _exists(where.field, derived) if isinstance(where, Exists) else _ANYTHING


def helpful_indexes(where: Where) -> dict[str, edge.PayloadSchemaType]:
    """Payload keys whose index lets the engine answer ``where`` without a look at every document."""
    if isinstance(where, And | Or):
        found: dict[str, edge.PayloadSchemaType] = {}
        for key, kind in (pair for part in where.parts for pair in helpful_indexes(part).items()):
            if found.get(key, PRESENCE) == PRESENCE:
                found[key] = kind
        return found
    if isinstance(where, Not):
        return helpful_indexes(where.part)
    if isinstance(where, Under) and where.field == "path":
        return {UNDER: edge.PayloadSchemaType.Keyword}
    if isinstance(where, Exists) and is_plain(where.field):
        return {f"metadata.{where.field}": PRESENCE}
    if not isinstance(where, Compare | In):
        return {}
    literals = where.choices if isinstance(where, In) else (where.value,)
    return {key: kind for value in literals for key, kind in _indexes(where.field, value).items()}


def _indexes(field: str, value: Literal) -> dict[str, edge.PayloadSchemaType]:
    if kind := kind_of(value):
        native = {f"metadata.{field}": _INDEXES[kind]} if kind == "number" and is_plain(field) else {}
        return {spelled(kind, field): _INDEXES[kind], **native}
    key = UNDER if field == "path" else _text_key(field, derived=True)
    return {key: edge.PayloadSchemaType.Keyword} if key and key not in ("id", "modality") else {}


def only(modality: Modality) -> edge.Filter:
    """The documents of one modality."""
    return _must(edge.FieldCondition("modality", match=edge.MatchValue(modality.value)))


def having(key: str) -> edge.Filter:
    """The documents that have something under a payload key."""
    return edge.Filter(must_not=[edge.IsEmptyCondition(key)])


def these(ids: set[Any]) -> edge.Filter:
    """The documents of these point ids."""
    return _must(edge.HasIdCondition(ids))


def both(first: edge.Filter | None, second: edge.Filter | None) -> edge.Filter | None:
    """What passes two filters; ``None`` lets everything pass."""
    filters: list[Any] = [one for one in (first, second) if one is not None]
    return edge.Filter(must=filters) if filters else None


def either(first: edge.Filter, second: edge.Filter) -> edge.Filter:
    """What passes one of two filters."""
    return edge.Filter(should=[first, second])


def without(wanted: edge.Filter | None, unwanted: edge.Filter) -> edge.Filter:
    """What passes the first filter and not the second."""
    filters: list[Any] = [] if wanted is None else [wanted]
    return edge.Filter(must=filters, must_not=[unwanted])


_ANYTHING = Translated(None, False)


def _compare(field: str, op: str, value: Literal, derived: bool) -> Translated:
    if kind := kind_of(value):
        if derived and is_written(field) and (op == "=" or kind != "truth"):
            return _as_read(kind, field, op, value)
        if not is_plain(field) or kind == "truth":
            return _ANYTHING
        texts = _some_text(field, derived)
        return _or([_number(f"metadata.{field}", op, value), texts]) if kind == "number" else texts
    if not isinstance(value, str) or op != "=":
        return _some_text(field, derived)
    if field == "id":
        return Translated(these({point_id(value)}), True)
    if field == "path" and derived:
        return Translated(_match(UNDER, folder_key(value)).filter, False)
    if field == "title" and not value:  # counts as missing
        return Translated(these(set()), True)
    key = _text_key(field, derived)
    return _match(key, value) if key else _ANYTHING


def _as_read(kind: str, field: str, op: str, value: Literal) -> Translated:
    """A comparison with what the field's values can be read as."""
    key = spelled(kind, field)
    if kind == "truth":
        return _match(key, plain(value))
    if kind == "moment":
        moments = edge.RangeDateTime(**_bounds(op, plain(value)))
        return Translated(_must(edge.FieldCondition(key, range=moments)), True)
    numbers = _number(key, op, plain(value))
    native = kind == "number" and is_plain(field)
    return _or([_number(f"metadata.{field}", op, value), numbers]) if native else numbers


def _exists(field: str, derived: bool) -> Translated:
    if is_plain(field):
        return Translated(having(f"metadata.{field}"), True)
    if field == "id":
        return Translated(edge.Filter(must_not=[these({point_id("")})]), True)
    if field in ("modality", "title"):
        return Translated(edge.Filter(must_not=[_condition(field, "")]), True)
    known = derived and field not in OWN and is_written(field)
    return _match(HAS, slot(field)) if known else _ANYTHING


def _text_key(field: str, derived: bool) -> str | None:
    """The payload key of a field's texts; ``None`` where there is none."""
    if field in ("id", "modality", "title"):
        return field
    if is_plain(field):
        return f"metadata.{field}"
    known = derived and field not in OWN and is_written(field)
    return spelled("text", field) if known else None


def _some_text(field: str, derived: bool) -> Translated:
    """The documents with any text in a field."""
    key = None if field in OWN else _text_key(field, derived)
    condition = edge.FieldCondition(key, match=edge.MatchPrefix("")) if key else None
    return Translated(_must(condition), False) if condition else _ANYTHING


def _number(key: str, op: str, value: Any) -> Translated:
    return Translated(_must(edge.FieldCondition(key, range=edge.RangeFloat(**_bounds(op, value)))), True)


def _bounds(op: str, value: Any) -> Mapping[str, Any]:
    return dict.fromkeys(_RANGES[op], value)


def _match(key: str, value: str) -> Translated:
    return Translated(_must(_condition(key, value)), True)


def _condition(key: str, value: str) -> edge.FieldCondition:
    return edge.FieldCondition(key, match=edge.MatchValue(value))


def _and(parts: list[Translated]) -> Translated:
    filters: list[Any] = [part.filter for part in parts if part.filter is not None]
    return Translated(edge.Filter(must=filters) if filters else None, all(part.exact for part in parts))


def _or(parts: list[Translated]) -> Translated:
    filters: list[Any] = [part.filter for part in parts if part.filter is not None]
    if len(filters) < len(parts):
        return _ANYTHING
    return Translated(edge.Filter(should=filters), all(part.exact for part in parts))


def _must(condition: Any) -> edge.Filter:
    return edge.Filter(must=[condition])
