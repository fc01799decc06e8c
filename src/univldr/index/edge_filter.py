"""Filters in the terms of Qdrant Edge, as far as it keeps their meaning.

A translation is exact, or it lets through some documents too many, which are then looked at one by one. What
was found by trial of qdrant-edge 0.9 and decides what is translated (tests/index/test_filters.py holds it to
the exact engine): ranges compare all numbers as 64-bit floats and no booleans; ``MatchValue(True)`` is taken
for the number 1, so booleans are never sent; ``MatchPrefix("")`` matches exactly the texts, in lists too.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import qdrant_edge as edge

from univldr.types import Modality
from univldr.where import And, Compare, Exists, In, Literal, Not, Or, Where

_NAMESPACE = uuid.UUID("6a3c2f0e-52d1-5c0b-9d53-3f1c3f7a9be4")  # fixed: point ids on disk depend on it
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DERIVED = frozenset({"title", "path", "metadata"})
_RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


@dataclass(frozen=True, slots=True)
class Translated:
    """A filter of the engine, and whether it matches just the same documents or some more."""

    filter: edge.Filter | None
    exact: bool


def point_id(document_id: str) -> uuid.UUID:
    """The engine's id of a document."""
    return uuid.uuid5(_NAMESPACE, document_id)


def translate(where: Where, has_texts: Callable[[str], bool]) -> Translated:
    """``where`` for the engine; ``has_texts`` says whether some document has a text under a payload key."""
    if isinstance(where, And):
        return _and([translate(part, has_texts) for part in where.parts])
    if isinstance(where, Or):
        return _or([translate(part, has_texts) for part in where.parts])
    if isinstance(where, Not):
        part = translate(where.part, has_texts)
        if part.filter is None or not part.exact:  # the opposite of too many is too few
            return _ANYTHING
        return Translated(edge.Filter(must_not=[part.filter]), True)
    if isinstance(where, Compare):
        return _compare(where.field, where.op, where.value, has_texts)
    if isinstance(where, In):
        return _or([_compare(where.field, "=", value, has_texts) for value in where.choices])
    if isinstance(where, Exists) and (key := _key(where.field)) and key.startswith("metadata."):
        return Translated(edge.Filter(must_not=[edge.IsEmptyCondition(key)]), True)
    return _ANYTHING


def helpful_indexes(where: Where) -> dict[str, edge.PayloadSchemaType]:
    """Payload keys whose index lets the engine answer ``where`` without a look at every document."""
    if isinstance(where, And | Or):
        return {key: kind for part in where.parts for key, kind in helpful_indexes(part).items()}
    if isinstance(where, Not):
        return helpful_indexes(where.part)
    if not isinstance(where, Compare | In) or not (key := _key(where.field) or "").startswith("metadata."):
        return {}
    literals = where.choices if isinstance(where, In) else (where.value,)
    if all(isinstance(value, str) for value in literals):
        return {key: edge.PayloadSchemaType.Keyword}
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in literals)
    return {key: edge.PayloadSchemaType.Float} if numbers else {}


def texts_under(key: str) -> edge.Filter:
    """The documents with a text under a payload key."""
    return _must(edge.FieldCondition(key, match=edge.MatchPrefix("")))


def only(modality: Modality) -> edge.Filter:
    """The documents of one modality."""
    return _must(edge.FieldCondition("modality", match=edge.MatchValue(modality.value)))


def these(ids: set[Any]) -> edge.Filter:
    """The documents of these point ids."""
    return _must(edge.HasIdCondition(ids))


def both(first: edge.Filter | None, second: edge.Filter | None) -> edge.Filter | None:
    """What passes two filters; ``None`` lets everything pass."""
    filters: list[Any] = [one for one in (first, second) if one is not None]
    return edge.Filter(must=filters) if filters else None


_ANYTHING = Translated(None, False)


def _compare(field: str, op: str, value: Literal, has_texts: Callable[[str], bool]) -> Translated:
    key = _key(field)
    if key is None or isinstance(value, bool):
        return _ANYTHING
    if isinstance(value, str) and op == "=":
        if field == "id":
            return Translated(these({point_id(value)}), True)
        return Translated(_must(edge.FieldCondition(key, match=edge.MatchValue(value))), True)
    if field in ("id", "modality"):
        return _ANYTHING
    if not isinstance(value, int | float):  # texts and dates, which are texts
        return Translated(texts_under(key), False)
    bounds = {"gte": value, "lte": value} if op == "=" else {_RANGES[op]: value}
    numbers = _must(edge.FieldCondition(key, range=edge.RangeFloat(**bounds)))
    if has_texts(key):  # some of which may spell numbers
        return Translated(edge.Filter(should=[numbers, texts_under(key)]), False)
    return Translated(numbers, True)


def _key(field: str) -> str | None:
    """The payload key of a field; ``None`` where the engine would read the name in another way."""
    if field in ("id", "modality"):
        return field
    return f"metadata.{field}" if field not in _DERIVED and _PLAIN.fullmatch(field) else None


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
