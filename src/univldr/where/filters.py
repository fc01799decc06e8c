"""The kinds of filters, and how they read a document's fields."""

from __future__ import annotations

import math
import operator
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

Literal = float | str | bool | date
"""What a field is compared with; ``datetime`` is a ``date``. Numbers are 64-bit floats."""

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
KEYWORDS = frozenset({"and", "or", "not", "in", "under", "exists", "true", "false"})
NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
DATE = r"\d{4}-\d\d-\d\d"
TIME = r"[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[-+]\d\d:\d\d)?"
NAME = r"[^\W\d][\w-]*(?:\.[\w-]+)*"
_NUMBER_TEXT = re.compile(NUMBER, re.ASCII)
_DATE_TEXT = re.compile(f"({DATE})(?:{TIME})?", re.ASCII)


class Where:
    """A filter: see its kinds below. ``str`` gives a text that parses to an equal filter."""

    __slots__ = ()

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """Whether a document with these fields, plain JSON values, passes."""
        raise NotImplementedError

    def names(self) -> frozenset[str]:
        """The fields that it looks at."""
        return frozenset({self.field}) if isinstance(self, Compare | In | Under | Exists) else frozenset()


@dataclass(frozen=True, slots=True)
class Compare(Where):
    """``field OP literal``, where OP is one of ``= < <= > >=``: some value of the field compares so."""

    field: str
    op: str
    value: Literal

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """See ``Where.matches``."""
        compare = _COMPARE[self.op]
        found = (read_as(self.value, value) for value in values(fields, self.field))
        return any(value is not None and compare(value, self.value) for value in found)

    def __str__(self) -> str:
        return f"{_spelled(self.field)} {self.op} {_written(self.value)}"


@dataclass(frozen=True, slots=True)
class In(Where):
    """``field in (literal, ...)``: some value of the field equals some literal."""

    field: str
    choices: tuple[Literal, ...]

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """See ``Where.matches``."""
        return any(Compare(self.field, "=", value).matches(fields) for value in self.choices)

    def __str__(self) -> str:
        return f"{_spelled(self.field)} in ({', '.join(map(_written, self.choices))})"


@dataclass(frozen=True, slots=True)
class Under(Where):
    """``field under 'folder'``: some value of the field is the path of something in this folder."""

    field: str
    folder: str

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """See ``Where.matches``."""
        folder = normal_path(self.folder)
        paths = (value for value in values(fields, self.field) if isinstance(value, str))
        return any(_inside(normal_path(path), folder) for path in paths)

    def __str__(self) -> str:
        return f"{_spelled(self.field)} under {_written(self.folder)}"


@dataclass(frozen=True, slots=True)
class Exists(Where):
    """``exists field``: the field is there, and neither null nor an empty list."""

    field: str

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """See ``Where.matches``."""
        return any(value is not None and value != [] for value in _lookup(fields, self.field))

    def __str__(self) -> str:
        return f"exists {_spelled(self.field)}"


@dataclass(frozen=True, slots=True)
class Not(Where):
    """``not part``."""

    part: Where

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """See ``Where.matches``."""
        return not self.part.matches(fields)

    def names(self) -> frozenset[str]:
        """See ``Where.names``."""
        return self.part.names()

    def __str__(self) -> str:
        return f"not {_enclosed(self.part)}"


@dataclass(frozen=True, slots=True)
class And(Where):
    """All of the parts, two or more."""

    parts: tuple[Where, ...]

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """See ``Where.matches``."""
        return all(part.matches(fields) for part in self.parts)

    def names(self) -> frozenset[str]:
        """See ``Where.names``."""
        return frozenset().union(*(part.names() for part in self.parts))

    def __str__(self) -> str:
        return " and ".join(map(_enclosed, self.parts))


@dataclass(frozen=True, slots=True)
class Or(Where):
    """Any of the parts, two or more."""

    parts: tuple[Where, ...]

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """See ``Where.matches``."""
        return any(part.matches(fields) for part in self.parts)

    def names(self) -> frozenset[str]:
        """See ``Where.names``."""
        return frozenset().union(*(part.names() for part in self.parts))

    def __str__(self) -> str:
        return " or ".join(map(_enclosed, self.parts))


def values(fields: Mapping[str, Any], name: str) -> Iterator[Any]:
    """The values of a field; those of a list one by one. Dots reach into objects and lists of objects."""
    for value in _lookup(fields, name):
        yield from value if isinstance(value, list | tuple) else (value,)


def _lookup(node: Any, name: str) -> Iterator[Any]:
    if isinstance(node, list | tuple):
        for item in node:
            if isinstance(item, Mapping):
                yield from _lookup(item, name)
    elif isinstance(node, Mapping):
        if name in node:
            yield node[name]
            return
        parts = name.split(".")
        for cut in range(1, len(parts)):
            if (key := ".".join(parts[:cut])) in node:
                yield from _lookup(node[key], ".".join(parts[cut:]))


def read_as(literal: Literal, value: Any) -> Any:
    """A value of a field as what ``literal`` is, or ``None`` where it cannot be read so."""
    if isinstance(literal, bool):
        return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else _bool(value)
    if isinstance(literal, str):
        return value if isinstance(value, str) else None
    return _moment(literal, value) if isinstance(literal, date) else number_of(value)


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def number_of(value: Any) -> float | None:
    """A number, or a text that spells one, as a 64-bit float; ``None`` for all else."""
    spelled = isinstance(value, str) and len(value) <= 64 and _NUMBER_TEXT.fullmatch(value)
    if not spelled and (isinstance(value, bool) or not isinstance(value, int | float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _moment(literal: date, value: Any) -> date | None:
    """A day for a day, as it is written; a moment for a moment, in UTC where no zone is given."""
    if not isinstance(value, str) or not (match := _DATE_TEXT.fullmatch(value)):
        return None
    try:
        if not isinstance(literal, datetime):
            return date.fromisoformat(match[1])
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def normal_path(path: str) -> str:
    """A path without ``.``, ``..`` and doubled slashes, as ``under`` compares it; "" is ``.``."""
    if "//" in path or "/." in path or path.startswith(".") or path.endswith("/") or not path:
        path = posixpath.normpath(path)
    return "/" + path.lstrip("/") if path.startswith("/") else path


def _inside(path: str, folder: str) -> bool:
    if folder == ".":
        return not path.startswith("/")
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _spelled(name: str) -> str:
    plain = re.fullmatch(NAME, name) and name.lower() not in KEYWORDS
    return name if plain else "`" + name.replace("`", "``") + "`"


def _written(value: Literal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return value.isoformat() if isinstance(value, date) else repr(float(value))


def _enclosed(part: Where) -> str:
    return f"({part})" if isinstance(part, And | Or) else str(part)
