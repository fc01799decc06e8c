"""Settings from TOML into frozen dataclasses; what does not fit is named with its file, its key and a remedy.

A class is its own schema: the fields are the known keys, their annotations say what each may be, and a field
without a default must be given. A field is a ``bool``, an ``int``, a ``float`` (whole numbers are fine too),
a ``str``, a ``Path``, a ``Literal``, a ``StrEnum``, another dataclass, a ``tuple`` or a ``dict[str, ...]`` of
these, or one of them ``| None``. TOML has no null, so a setting that may be ``None`` is ``None`` exactly when
it is left out. A table that is given stands for itself: what it leaves out gets its own class's defaults.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import enum
import json
import tomllib
import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from univldr.errors import ConfigError

T = TypeVar("T")

_SCALARS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    Path: "a path",
}

# Characters of a value repeated in a message.
_SHOWN = 60

# Dots and brackets in a file; a key of 50,000 parts would take minutes.
_NESTED = 5_000


def read_config(cls: type[T], path: Path, overrides: Sequence[str] = ()) -> T:
    """Read a TOML file as ``cls``; ``overrides`` as in :func:`override`. Relative paths stay relative.

    Raises:
        ConfigError: no such file, not TOML, or a setting that is unknown, missing or of the wrong kind.
    """
    try:
        mapping = _toml(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8; save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse(cls, override(mapping, overrides), str(path))


def parse(cls: type[T], mapping: Mapping[str, Any], where: str = "settings") -> T:
    """Make a ``cls`` from plain values; ``where`` they come from begins every message.

    What ``__post_init__`` raises as ConfigError or ValueError is passed on with its place before it.

    Raises:
        ConfigError: a setting is unknown, missing, of the wrong kind, or refused by its class.
        TypeError: a field of ``cls`` is of no kind that this module knows; a mistake in the program.
    """
    value: T = _table(cls, mapping, _Place(where, cls))
    return value


def override(mapping: Mapping[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """A copy of ``mapping`` with ``"train.epochs=2"`` or ``"stages.0.epochs=2"`` done to it, in order.

    A value is read as TOML where it can be (``2``, ``true``, ``[1, 2]``, ``"2"``) and is a string otherwise.
    Tables that are not there yet are made; entries of an array are not.

    Raises:
        ConfigError: no ``=``, or a key that leads through something that is no table.
    """
    result = {key: _copy(value) for key, value in mapping.items()}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(parts):
            raise ConfigError(f'--set "{assignment}": write it as key=value, such as train.epochs=2')
        _assign(result, parts, _toml_value(text.strip()), assignment)
    return result


def to_dict(value: Any) -> Any:
    """The plain values that :func:`parse` makes ``value`` from, for TOML and JSON; ``None`` is left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value) if f.init)
        return {name: to_dict(item) for name, item in pairs if item is not None}
    if isinstance(value, Mapping):
        return {str(key): to_dict(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_dict(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


class _Setting(NamedTuple):
    """A field of a settings class: what it holds, whether ``None`` instead, and whether it must be given."""

    kind: Any
    optional: bool
    required: bool


class _Place(NamedTuple):
    """Where in which file a value stands, for messages."""

    where: str
    root: type
    key: str = ""

    def at(self, name: str) -> _Place:
        return self._replace(key=f"{self.key}.{name}" if self.key else name)

    def error(self, message: str) -> ConfigError:
        return ConfigError(f"{self.where}: {message}")

    def refuse(self, value: Any, expected: str) -> ConfigError:
        subject = f'"{self.key}"' if self.key else "the whole"
        return self.error(f"{subject} is {_shown(value)}; it must be {expected}")


@cache
def _settings(cls: type) -> dict[str, _Setting]:
    """The fields of ``cls``; checks that each can be read and written back."""
    hints = get_type_hints(cls)
    settings = {}
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        kind, optional = _without_none(hints[field.name])
        given = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if optional and given and field.default is not None:
            raise TypeError(f"{cls.__name__}.{field.name} may be None, so None must be its default")
        _expected(kind)
        settings[field.name] = _Setting(kind, optional, required=not (given or optional))
    return settings


def _without_none(kind: Any) -> tuple[Any, bool]:
    members = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    others = [member for member in members if member is not types.NoneType]
    return (others[0] if len(others) == 1 else kind), len(others) < len(members)


def _expected(kind: Any) -> str:
    """What a value of ``kind`` must be, in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if origin is Literal:
        return _one_of(arguments)
    if isinstance(kind, type) and issubclass(kind, enum.StrEnum):
        return _one_of([member.value for member in kind])
    if dataclasses.is_dataclass(kind):
        return "a table"
    if origin is dict and arguments[0] is str:
        return f"a table, each value {_expected(arguments[1])}"
    if origin is tuple and arguments and arguments[-1] is Ellipsis:
        return f"an array, each entry {_expected(arguments[0])}"
    if origin is tuple and arguments:
        return f"an array of {len(arguments)}: {', '.join(map(_expected, arguments))}"
    raise TypeError(f"{kind} is of no kind that a setting can have")


def _one_of(options: Sequence[Any]) -> str:
    return " or ".join(_shown(option) for option in options)


def _table(cls: Any, value: Any, place: _Place) -> Any:
    if not isinstance(value, Mapping):
        raise place.refuse(value, _expected(cls))
    settings = _settings(cls)
    unknown = next((name for name in value if name not in settings), None)
    if unknown is not None:
        raise place.error(_unknown(unknown, settings, place))
    values: dict[str, Any] = {}
    for name, setting in settings.items():
        if setting.optional and value.get(name) is None:
            values[name] = None
        elif name in value:
            values[name] = _read(setting.kind, value[name], place.at(name))
        elif setting.required:
            raise place.error(f'no "{place.at(name).key}"; give {_expected(setting.kind)}')
    try:
        return cls(**values)
    except (ConfigError, ValueError) as error:
        raise place.error(f'"{place.key}": {error}' if place.key else str(error)) from error


def _read(kind: Any, value: Any, place: _Place) -> Any:
    """``value`` as ``kind``, which :func:`_settings` has checked to be a known one."""
    origin, arguments = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _table(kind, value, place)
    if origin is dict and isinstance(value, Mapping):
        return {str(name): _read(arguments[1], item, place.at(str(name))) for name, item in value.items()}
    if origin is tuple and isinstance(value, list | tuple):
        kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        if len(kinds) == len(value):
            pairs = zip(kinds, value, strict=True)
            return tuple(_read(entry, item, place.at(str(n))) for n, (entry, item) in enumerate(pairs))
    if origin is Literal and any(type(value) is type(option) and value == option for option in arguments):
        return value
    if isinstance(kind, type):
        return _scalar(kind, value, place)
    raise place.refuse(value, _expected(kind))


def _scalar(kind: type, value: Any, place: _Place) -> Any:
    try:
        if issubclass(kind, enum.StrEnum) and isinstance(value, str):
            return kind(value)
        if kind is Path and isinstance(value, str | Path) and str(value):
            return Path(value).expanduser()
        if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except (ValueError, OverflowError, RuntimeError):  # no such member; past a float; a stranger's ~
        pass
    if type(value) is kind:
        return value
    quoted = f': "{value}"' if kind is str and isinstance(value, int | float) else ""
    raise place.refuse(value, _expected(kind) + quoted)


def _unknown(name: str, settings: Mapping[str, _Setting], place: _Place) -> str:
    message = f'no setting "{place.at(name).key}"'
    elsewhere = [key for key in _keys(place.root) if key.rpartition(".")[2] == name]
    if elsewhere:
        return f'{message}; it is known as "{elsewhere[0]}"'
    near = difflib.get_close_matches(name, settings, 1)
    if near:
        return f'{message}; did you mean "{place.at(near[0]).key}"?'
    return f"{message}; known there: {', '.join(settings)}"


def _keys(cls: type, key: str = "", above: tuple[type, ...] = ()) -> Iterator[str]:
    """Every setting of ``cls`` and the classes inside it, ``*`` for a name or a number that users give."""
    for name, setting in _settings(cls).items():
        yield f"{key}{name}"
        kind, below = setting.kind, f"{key}{name}."
        while get_origin(kind) in (tuple, dict):
            kind, below = get_args(kind)[1 if get_origin(kind) is dict else 0], f"{below}*."
        if dataclasses.is_dataclass(kind) and kind not in above and isinstance(kind, type):
            yield from _keys(kind, below, (*above, cls))


def _assign(target: Any, parts: Sequence[str], value: Any, assignment: str) -> None:
    """Set ``target[parts[0]][parts[1]]...``, a part being a number where it leads into an array."""
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        if isinstance(target, list):
            if not part.isdecimal() or int(part) >= len(target):
                above = ".".join(parts[:depth])
                raise ConfigError(f'--set "{assignment}": "{above}" has {len(target)} entries, from 0')
            key: Any = int(part)
        elif isinstance(target, dict):
            key = part
            if not last:
                target.setdefault(part, {})
        else:
            above = ".".join(parts[:depth])
            raise ConfigError(f'--set "{assignment}": "{above}" is {_shown(target)}, not a table')
        if last:
            target[key] = value
        target = target[key]


def _toml(text: str) -> dict[str, Any]:
    """What the text says; what would take the parser minutes or all of its stack counts as an error."""
    if max(map(text.count, ".[{")) > _NESTED:
        raise tomllib.TOMLDecodeError(f"over {_NESTED:,} dots or brackets of a kind")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets without end
        raise tomllib.TOMLDecodeError(str(error)) from error


def _toml_value(text: str) -> Any:
    try:
        table = _toml(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    value = table.get("value")
    if len(table) > 1 or isinstance(value, datetime.date | datetime.time):  # no setting is a date
        return text
    return value


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    """A value as TOML has it, cut short."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return f"an array of {len(value)}"
    text = repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
