"""A file of records as a corpus: one JSON object a line, or one Parquet row, is one source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from univldr.corpus.base import Cutter, Scan, Skipped, Source
from univldr.corpus.fields import Fields, expansions, identifier, string
from univldr.corpus.text import parse_json
from univldr.errors import CorpusError, ImageError
from univldr.images import check_picture
from univldr.types import Document, Modality

MAX_RECORD_BYTES = 50_000_000
"""Longest line of a JSONL file that is read."""

_OWN_FIELDS = frozenset({"id", "text", "image", "caption", "title", "expansions", "vector"})


@dataclass(frozen=True, slots=True)
class Row:
    """A record in its file.

    Attributes:
        number: From 1, as error messages count.
        position: What ``RecordFile.fetch`` finds it by.
        value: Its fields, or why it has none.
    """

    number: int
    position: int
    value: Any | CorpusError


class RecordFile(Protocol):
    """A format of records: read through once, then fetched one by one, best in order."""

    unit: str  # what messages call a record's place: "line" or "row"

    def rows(self) -> Iterator[Row]:
        """Every record in order; memory does not grow with the file."""

    def fetch(self, position: int) -> Any:
        """The value of one record; raises CorpusError when it cannot be read."""


class RecordsCorpus:
    """Documents from the records of a file; see :class:`univldr.corpus.base.Corpus`.

    A record has an ``id`` and a ``text``, or an ``image`` (a path relative to the file) with a ``caption``;
    ``title`` is shown, ``expansions`` are words that were generated from the picture, a ``vector`` is left
    alone, further fields become metadata. A text longer than a passage becomes documents
    ``id#0``, ``id#1``, ..., with the record's id as ``record`` in their metadata. Between scan and read, only
    ids, positions and stamps are kept.
    """

    def __init__(self, path: Path, file: RecordFile, cutter: Cutter) -> None:
        self.root = path
        self._file = file
        self._cutter = cutter
        self._places: dict[str, tuple[int, int]] | None = None  # id to (number, position)

    def scan(self) -> Scan:
        sources: list[Source] = []
        skipped: list[Skipped] = []
        places: dict[str, tuple[int, int]] = {}
        try:
            for row in self._file.rows():
                try:
                    fields = _fields(row.value)
                    key = identifier(fields.get("id"), "id")
                    if key in places:
                        raise CorpusError(f'id "{key}" is already that of {self._file.unit} {places[key][0]}')
                except CorpusError as error:
                    skipped.append(Skipped(self._where(row.number), str(error)))
                    continue
                places[key] = (row.number, row.position)
                sources.append(Source(key, self._stamp(fields), self.root))
        except OSError as error:
            raise CorpusError(f"{self.root}: cannot be read: {error.strerror or error}") from error
        self._places = places
        return Scan(sources, skipped)

    def read(self, source: Source) -> list[Document]:
        if self._places is None:
            self.scan()
        places = self._places or {}
        if source.key not in places:
            raise CorpusError(f'{self.root.name}: no record with the id "{source.key}"; scan again')
        number, position = places[source.key]
        where = self._where(number)
        try:
            fields = _fields(self._file.fetch(position))
            if self._stamp(fields) != source.stamp:
                raise CorpusError("changed while the file was being read; index again")
            documents = self._documents(fields, where)
            taken = next((document.id for document in documents[1:] if document.id in places), None)
            if taken is not None:
                raise CorpusError(f'its passage id "{taken}" is the id of another record')
        except CorpusError as error:
            raise CorpusError(f"{where}: {error}") from error
        except OSError as error:
            raise CorpusError(f"{where}: cannot be read: {error.strerror or error}") from error
        return documents

    def each(self) -> Iterator[list[Document] | Skipped]:
        """Every record's documents, or why it has none, in one pass that keeps nothing.

        Ids that come twice are not found out.

        Raises:
            CorpusError: the file as a whole cannot be read.
        """
        try:
            for row in self._file.rows():
                where = self._where(row.number)
                try:
                    yield self._documents(_fields(row.value), where)
                except (CorpusError, ImageError) as error:
                    yield Skipped(where, str(error))
        except OSError as error:
            raise CorpusError(f"{self.root}: cannot be read: {error.strerror or error}") from error

    def _where(self, number: int) -> str:
        return f"{self.root.name} {self._file.unit} {number}"

    def _stamp(self, fields: Fields) -> str:
        """Changes with the record and, if it is a path, with its picture."""
        stamp = hashlib.blake2b(repr(fields).encode(), digest_size=12).hexdigest()
        image = fields.get("image")
        if not isinstance(image, str):
            return stamp
        try:
            status = (self.root.parent / image).stat()
        except (OSError, ValueError):
            return f"{stamp}+missing"
        return f"{stamp}+{status.st_size:x}-{status.st_mtime_ns:x}"

    def _documents(self, fields: Fields, where: str) -> list[Document]:
        key, title = identifier(fields.get("id"), "id"), string(fields, "title")
        metadata = {name: value for name, value in fields.items() if name not in _OWN_FIELDS}
        if "image" in fields:
            image = _image(fields["image"], self.root.parent)
            check_picture(image, name=where)
            caption = " ".join((string(fields, "caption") or string(fields, "text")).split())
            return [Document(key, Modality.IMAGE, caption, image, title, expansions(fields), metadata)]
        text = string(fields, "text") or string(fields, "caption")
        passages = self._cutter(text)
        if not passages:
            raise CorpusError('no "text" and no "image"')
        ids = [key] if len(passages) == 1 else [f"{key}#{n}" for n in range(len(passages))]
        if len(passages) > 1:
            metadata = {"record": key, **metadata}
        return [
            Document(id, Modality.TEXT, passage, title=title, metadata=metadata)
            for id, passage in zip(ids, passages, strict=True)
        ]


class JsonlFile:
    """One JSON object a line; a position is an offset in bytes."""

    unit = "line"

    def __init__(self, path: Path, start: int = 0, stop: int | None = None, *, before: int = 0) -> None:
        """The lines of ``path``: all, or those that begin at an offset from ``start`` up to ``stop``.

        Args:
            path: The file.
            start: Where a line begins.
            stop: Where a later one begins; ``None`` for the end of the file.
            before: How many lines there are before ``start``, so that numbers are the file's.
        """
        self._path = path
        self._start, self._stop, self._before = start, stop, before

    def rows(self) -> Iterator[Row]:
        with self._path.open("rb") as stream:
            number, position = self._before, stream.seek(self._start)
            while position != self._stop and (line := stream.readline(MAX_RECORD_BYTES + 1)):
                number += 1
                rest = line
                while len(rest) > MAX_RECORD_BYTES and not rest.endswith(b"\n"):
                    rest = stream.readline(MAX_RECORD_BYTES + 1)
                if line.strip():
                    yield Row(number, position, _parsed(line))
                position = stream.tell()

    def fetch(self, position: int) -> Any:
        with self._path.open("rb") as stream:
            stream.seek(position)
            value = _parsed(stream.readline(MAX_RECORD_BYTES + 1))
        if isinstance(value, CorpusError):
            raise value
        return value


def _parsed(line: bytes) -> Any | CorpusError:
    if len(line) > MAX_RECORD_BYTES:
        return CorpusError(f"the line is over the limit of {MAX_RECORD_BYTES:,} bytes; split the text")
    try:
        return parse_json(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return CorpusError("not UTF-8; save the file as UTF-8")
    except CorpusError as error:
        return error


def _fields(value: Any | CorpusError) -> Fields:
    """The fields that have a value; a null counts as absent."""
    if isinstance(value, CorpusError):
        raise value
    if not isinstance(value, dict):
        raise CorpusError('not a JSON object like {"id": "1", "text": "..."}')
    return {name: field for name, field in value.items() if field is not None}


def _image(value: object, folder: Path) -> Path | bytes:
    """A path, encoded bytes, or (as Hugging Face datasets store pictures) a mapping with either."""
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str) or not value:
        raise CorpusError('"image" is neither a path nor an encoded picture')
    if value.startswith(("http://", "https://", "data:")):
        raise CorpusError(f'"image" is {value[:60]}, not a file; save the picture and give its path')
    path = folder / value
    if "\0" in value or not path.is_file():
        raise CorpusError(f'no picture "{value}"; paths are relative to the folder of the records')
    return path
