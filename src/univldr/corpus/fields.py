"""Values from the fields of a record, checked; messages do not name the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from univldr.errors import CorpusError
from univldr.types import Expansion

Fields = Mapping[str, Any]
"""A record without its nulls."""


def identifier(value: object, name: str) -> str:
    """An id: a string that is not empty, or a whole number, which becomes a string.

    Raises:
        CorpusError: it is neither; ``name`` is what the message calls it.
    """
    if value is None or value == "":
        raise CorpusError(f'no "{name}"')
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise CorpusError(f'"{name}" is {value!r}; it must be a string or a whole number')
    return str(value)


def string(fields: Fields, name: str) -> str:
    """A string, "" where the field is absent.

    Raises:
        CorpusError: it is something else.
    """
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise CorpusError(f'"{name}" is {type(value).__name__}, not a string')
    return value


def entries(fields: Fields, name: str) -> list[Any]:
    """A list, empty where the field is absent.

    Raises:
        CorpusError: it is something else.
    """
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise CorpusError(f'"{name}" is {type(value).__name__}, not a list')
    return value


def expansions(fields: Fields) -> tuple[Expansion, ...]:
    """Generated words that the record brings along, as strings or as objects with ``text`` and ``origin``.

    Raises:
        CorpusError: it is something else.
    """
    try:
        return tuple(map(Expansion.parse, entries(fields, "expansions")))
    except ValueError as error:
        raise CorpusError(f'an entry of "expansions" is {error}') from error


def references(fields: Fields, name: str, key: str) -> list[str]:
    """The ids in a list of ids or of objects that carry one under ``key``.

    Raises:
        CorpusError: it is something else.
    """
    return [
        identifier(entry.get(key), f"{name}: {key}" if isinstance(entry, dict) else name)
        if isinstance(entry, dict)
        else identifier(entry, name)
        for entry in entries(fields, name)
    ]


def joined(*parts: str) -> str:
    """The parts that are not empty, with a space between them."""
    return " ".join(part for part in (part.strip() for part in parts) if part)
