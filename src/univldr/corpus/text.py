"""Bytes of a text file to text, and a text file's parts."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from univldr.errors import CorpusError

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MAX_HIGH_SHARE = (
    0.3  # Western European prose has a few accents in a hundred letters; other bytes are mostly high
)


class Line(NamedTuple):
    """A line without its markup."""

    text: str
    is_heading: bool = False


class Section(NamedTuple):
    """A heading ("" before the first) and the text below it, which starts with the heading's own words."""

    heading: str
    text: str


class Page(NamedTuple):
    """A text file: its title ("" without one), its sections in order, fields for ``Document.metadata``."""

    title: str
    sections: list[Section]
    metadata: Mapping[str, str] = MappingProxyType({})


def sections(lines: Iterable[Line]) -> list[Section]:
    """Lines gathered below their headings; headings with nothing below them join the next section."""
    gathered: list[Section] = []
    heading, block, has_body = "", list[str](), False
    for line in lines:
        if line.is_heading and has_body:
            gathered.append(Section(heading, "\n".join(block).strip()))
            block, has_body = [], False
        if line.is_heading:
            heading = line.text
            block += [line.text, ""]
        else:
            block.append(line.text)
            has_body = has_body or bool(line.text.strip())
    gathered.append(Section(heading, "\n".join(block).strip()))
    return [section for section in gathered if section.text]


def first_heading(lines: Iterable[Line]) -> str:
    """The first heading's words, or ""."""
    return next((line.text for line in lines if line.is_heading and line.text), "")


def decode(raw: bytes, declared: str | None = None) -> str:
    """The text of ``raw``: UTF-8, UTF-16 with a byte order mark, ``declared``, or plausible Windows-1252.

    Raises:
        CorpusError: it is none of these; the message does not name the file.
    """
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return _decoded(raw, encoding)
    if b"\0" in raw:
        raise CorpusError("binary, not text: it holds NUL bytes")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if declared is not None:
            return _decoded(raw, declared)
        return _western(raw)


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        text = raw.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise CorpusError(f"declared as {encoding}, but it is not: save it as UTF-8") from error
    if "\0" in text:
        raise CorpusError("binary, not text: it holds NUL characters")
    return text


def _western(raw: bytes) -> str:
    high = sum(raw.count(byte) for byte in range(0x80, 0x100))
    if _CONTROLS.search(raw) is None and high <= _MAX_HIGH_SHARE * len(raw):
        try:
            return raw.decode("cp1252")
        except UnicodeDecodeError:
            pass
    raise CorpusError("neither UTF-8 nor plausible Western text: save it as UTF-8 if it is text")


def parse_json(line: str) -> Any:
    """The value of a line of JSON; half surrogate pairs in it, which no file can store, become ``?``.

    Raises:
        CorpusError: it is not JSON; the message does not name the file.
    """
    try:
        value = json.loads(line.rstrip("\r\n"))
        if "\\u" in line:
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except json.JSONDecodeError as error:
        raise CorpusError(f"not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets without end
        raise CorpusError(f"JSON that is not read: {error}") from error
    return value


def prettified(stem: str) -> str:
    """A file name's stem as a title: ``trip_to-rome`` becomes ``trip to rome``."""
    return " ".join(re.sub(r"[_-]+", " ", stem).split()) or stem
