"""One large JSON object, member by member: a release that is a single object needs no memory of its size."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from univldr.errors import CorpusError

MAX_MEMBER = 50_000_000
"""Longest member that is read, in characters."""

_CHUNK = 4_000_000  # characters
_OPEN = re.compile(r"\s*\{\s*(\})?")
_SPACE = re.compile(r"\s*")
_COLON = re.compile(r"\s*:\s*")
_AFTER = re.compile(r"\s*([,}])")
_decode = json.JSONDecoder().raw_decode


def read_members(path: Path) -> Iterator[tuple[str, Any]]:
    """(key, value) of each member of the object in a JSON file, in order.

    Raises:
        CorpusError: it is not one JSON object; the message says at which character it stops being one.
    """
    try:
        with path.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
            yield from _members(path, stream)
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path.name}: not UTF-8: {error.reason}; copy it again") from error
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror or error}") from error


def _members(path: Path, stream: io.TextIOWrapper) -> Iterator[tuple[str, Any]]:
    buffer, at, passed = stream.read(max(_CHUNK, 64)), 0, 0  # passed: characters before the buffer
    opened = _OPEN.match(buffer)
    if opened is None:
        raise CorpusError(f"{path.name}: not a JSON object: it begins with {buffer[:20]!r}")
    at = opened.end()
    more = opened.group(1) is None
    while more:
        try:
            key, value, end = _member(buffer, at)
        except (ValueError, RecursionError) as error:
            read = stream.read(max(_CHUNK, len(buffer) - at)) if len(buffer) - at < MAX_MEMBER else ""
            if not read:
                place = passed + getattr(error, "pos", at)
                raise CorpusError(f"{path.name}: not JSON at character {place:,}: {error}") from error
            passed += at
            buffer, at = buffer[at:] + read, 0
            continue
        yield key, value
        more = buffer[end - 1] == ","
        at = end


def _member(buffer: str, start: int) -> tuple[str, Any, int]:
    """The member at ``start``, and the position behind the comma or bracket after it.

    Raises:
        ValueError: there is none, or the buffer ends inside it.
    """
    key, end = _decode(buffer, _end(_SPACE, buffer, start))
    if not isinstance(key, str):
        raise json.JSONDecodeError("Expecting a key", buffer, start)
    begin = _end(_COLON, buffer, end)
    value, end = _decode(buffer, begin)
    if "\\ud" in buffer[begin:end].lower():  # half surrogate pairs, which no file can store
        value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return key, value, _end(_AFTER, buffer, end)


def _end(pattern: re.Pattern[str], buffer: str, start: int) -> int:
    found = pattern.match(buffer, start)
    if found is None:
        raise json.JSONDecodeError("Expecting a colon, a comma or a bracket", buffer, start)
    return found.end()
