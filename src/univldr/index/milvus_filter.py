"""Filters in the terms of Milvus, as far as it keeps their meaning, and what a row has for them.

A filter reads a field as its literal is, dots reach into objects, and of a list one value is enough. Milvus
knows none of that. So each document is stored with what there is to know about its fields:

- ``facts``: an array of keys, each the hash of one fact, such as "some value of ``year`` spells the number
  2020": equality, ``in``, ``exists`` and ``under`` ask whether a key is among them;
- ``ranges``: an object with the least and the greatest number, day and moment that a field spells, which is
  all that ``<`` and its like need to know;
- ``odd``: there are more of those than a row may have, so this document is looked at one by one.

Names and texts go into no expression, only their hashes.
"""

from __future__ import annotations

import hashlib
import json
import math
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from univldr.index.base import Payload, fields_of
from univldr.index.edge_fields import MAX_NAMES, folder_key, folders, is_written, kind_of, names_in, readings
from univldr.types import Modality
from univldr.where import And, Compare, Exists, In, Literal, Not, Or, Under, Where, values

KEY_LENGTH = 22
"""Characters of a key: 128 bits."""

MAX_FACTS = 4096
"""Keys that an array of Milvus holds."""

MAX_RANGES = 60_000
"""Bytes of ``ranges`` as JSON; Milvus takes 65,536."""

NOT_ODD = "odd == false"
ODD = "odd == true"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Translated:
    """An expression, "" for all documents, and whether it matches just the same documents or some more.

    Of odd documents it says nothing.
    """

    filter: str
    exact: bool


def filter_fields(payload: Payload) -> dict[str, Any]:
    """``facts``, ``ranges`` and ``odd`` for a document's payload."""
    fields = fields_of(payload)
    names = list(islice(names_in({**fields, "metadata": None}), MAX_NAMES + 1))
    facts = dict.fromkeys(_key("under", folder) for folder in folders(values(fields, "path")))
    ranges: dict[str, Any] = {}
    for name in filter(is_written, dict.fromkeys(names)):
        if Exists(name).matches(fields):
            facts[_key("has", name)] = None
        for kind, read in _read(list(values(fields, name))):
            facts |= dict.fromkeys((_key("some", kind, name), _key(kind, name, read)))
            if kind not in ("text", "truth"):
                least, most = _bounds(kind, name)
                ranges[least] = min(read, ranges.get(least, read))
                ranges[most] = max(read, ranges.get(most, read))
    if len(names) > MAX_NAMES or len(facts) > MAX_FACTS or len(json.dumps(ranges)) > MAX_RANGES:
        return {"facts": [], "ranges": {}, "odd": True}
    return {"facts": list(facts), "ranges": ranges, "odd": False}


def translate(where: Where) -> Translated:
    """``where`` for Milvus."""
    if isinstance(where, And):
        return _joined("and", [part for part in map(translate, where.parts) if part != _ANYTHING], where)
    if isinstance(where, Or):
        return _joined("or", list(map(translate, where.parts)), where)
    if isinstance(where, Not):
        part = translate(where.part)  # the opposite of too many is too few
        return Translated(f"not ({part.filter})", True) if part.exact else _ANYTHING
    if isinstance(where, In):
        return _equal(where.field, where.choices)
    if isinstance(where, Compare):
        return _compare(where.field, where.op, where.value)
    if not isinstance(where, Under | Exists) or not is_written(where.field):
        return _ANYTHING
    if isinstance(where, Exists):
        return Translated(_having(_key("has", where.field)), True)
    if where.field == "path":
        return Translated(_having(_key("under", folder_key(where.folder))), True)
    return Translated(_having(_key("some", "text", where.field)), False)


def only(modality: Modality) -> str:
    """The documents of one modality."""
    return f'modality == "{modality.value}"'


def these(ids: Sequence[str]) -> str:
    """The rows of these ids."""
    return f"id in {json.dumps(list(ids))}"


def both(*filters: str) -> str:
    """What passes all filters; "" lets everything pass."""
    return " and ".join(f"({one})" for one in filters if one)


_ANYTHING = Translated("", False)


def _joined(word: str, parts: list[Translated], where: And | Or) -> Translated:
    if not parts or _ANYTHING in parts:
        return _ANYTHING
    whole = word == "or" or len(parts) == len(where.parts)
    text = f" {word} ".join(f"({part.filter})" for part in parts)
    return Translated(text, whole and all(part.exact for part in parts))


def _compare(field: str, op: str, value: Literal) -> Translated:
    if op == "=":
        return _equal(field, (value,))
    kind = _kind(value)
    if not is_written(field):
        return _ANYTHING
    some = _having(_key("some", kind, field))
    if kind in ("text", "truth") or _is_vague(value):
        return Translated(some, False)
    least, most = _bounds(kind, field)
    bound = least if op in ("<", "<=") else most
    return Translated(f'{some} and ranges["{bound}"] {op} {_plain(value)!r}', True)


def _equal(field: str, choices: Sequence[Literal]) -> Translated:
    if not is_written(field):
        return _ANYTHING
    keys = [
        _key("some", _kind(value), field) if _is_vague(value) else _key(_kind(value), field, _plain(value))
        for value in choices
    ]
    return Translated(_having(*keys), not any(map(_is_vague, choices)))


def _is_vague(value: Literal) -> bool:
    """What no key can be made of: a moment of no zone, and infinity."""
    if isinstance(value, datetime):
        return value.tzinfo is None
    return isinstance(value, float) and not math.isfinite(value)


def _kind(value: Literal) -> str:
    return kind_of(value) or "text"


def _read(found: list[Any]) -> Iterator[tuple[str, Any]]:
    """Every reading of some values, by kind, as rows have them."""
    for value in found:
        if isinstance(value, str):
            yield "text", value
        for kind, read in readings(value, native=False):
            if kind == "moment":
                yield kind, _plain(datetime.fromisoformat(read))
            else:
                yield kind, read if kind != "number" else _plain(read)


def _plain(value: Literal) -> Any:
    """A literal as keys and ranges have it: days counted, moments in microseconds, numbers as floats."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    if isinstance(value, date):
        return value.toordinal()
    return value if isinstance(value, str) else float(value) + 0.0  # 0 and -0 are equal


def _bounds(kind: str, field: str) -> tuple[str, str]:
    key = _key("range", kind, field)
    return f"least {key}", f"most {key}"


def _having(*keys: str) -> str:
    if len(keys) == 1:
        return f'array_contains(facts, "{keys[0]}")'
    return f"array_contains_any(facts, {json.dumps(keys)})"


def _key(*fact: Any) -> str:
    digest = hashlib.blake2b(json.dumps(fact).encode(), digest_size=16).digest()
    return urlsafe_b64encode(digest)[:KEY_LENGTH].decode()
