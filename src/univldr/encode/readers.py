"""Corpora in stretches: each kind is cut into shards, and any process reads one of them by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from univldr.corpus import open_corpus
from univldr.corpus.base import Cutter, Scan, Skipped
from univldr.corpus.captions import CAPTION_FILES
from univldr.corpus.collection import FORMATS, Collection, open_collection
from univldr.corpus.folder import RECORD_SUFFIXES
from univldr.corpus.parquet import ParquetFile
from univldr.corpus.records import JsonlFile, RecordFile, RecordsCorpus
from univldr.encode.plan import Shard
from univldr.encode.tar import TarFile
from univldr.errors import ConfigError, CorpusError, ImageError, MissingExtra
from univldr.types import Document, Progress

KINDS = ("folder", "parts")
"""The kinds of corpora beside the formats of data sets."""

_PARTS = RECORD_SUFFIXES | {".tar"}

_READ = 1 << 20
_ROWS = 64
_ASIDE = frozenset({"readme", "license", "licence", "_success"})  # what lies beside parts and is none

Item = Document | Skipped


class Reader(Protocol):
    """One corpus. ``shards`` is for the process that plans, ``read`` for the one that encodes."""

    @property
    def skipped(self) -> Sequence[Skipped]:
        """What planning left out."""

    def shards(self, size: int) -> list[Shard]:
        """The corpus in stretches of ``size`` documents, or of records and files that they are made of.

        Raises:
            CorpusError: the corpus as a whole cannot be listed.
        """

    def read(self, shard: Shard) -> Iterator[Item]:
        """The documents of a shard in order, and what is left out.

        Raises:
            CorpusError: the shard as a whole cannot be read, or is not what it was when it was planned.
            MissingExtra: its format needs an optional dependency.
        """


def kind_of(root: Path, asked: str = "auto") -> str:
    """How the corpus at ``root`` is read: ``asked``, or for ``auto`` what it looks like.

    Raises:
        ConfigError: no such kind.
        CorpusError: there is nothing at ``root``, or nothing of these.
    """
    if asked.partition(":")[0] not in ("auto", *KINDS, *FORMATS):
        raise ConfigError(f'no format "{asked}"; there are auto, {", ".join((*KINDS, *FORMATS))}')
    if root.is_file():
        if root.suffix.lower() != ".tar":
            open_corpus(root, lambda text: [text])  # says what is wrong with it
        return "parts"
    if not root.is_dir():
        raise CorpusError(
            f"{root}: no such file or folder; give a folder, or a .jsonl, .parquet or .tar file"
        )
    if asked != "auto":
        return asked
    suffixes = {path.suffix.lower() for path in _files(root)}
    usual = "parts" if suffixes and suffixes <= _PARTS else "folder"
    return next((name for name, form in FORMATS.items() if form.recognises(root)), usual)


def open_reader(root: Path, kind: str, cutter: Cutter, progress: Progress | None = None) -> Reader:
    """The corpus at ``root``, read as ``kind``, which ``kind_of`` gave.

    Raises:
        CorpusError: it cannot be read as a whole.
        MissingExtra: Parquet without pyarrow.
    """
    if kind == "folder":
        return FolderReader(root, cutter)
    if kind == "parts":
        return PartsReader(root, cutter)
    return CollectionReader(open_collection(root, format=kind, progress=progress))


class FolderReader:
    """Texts, pictures and PDFs below a folder; a shard is a number of files that follow one another."""

    def __init__(self, root: Path, cutter: Cutter) -> None:
        self._corpus = open_corpus(root, cutter)
        self._scanned: Scan | None = None

    @property
    def skipped(self) -> Sequence[Skipped]:
        return self._scan().skipped

    def shards(self, size: int) -> list[Shard]:
        starts = range(0, len(self._scan().sources), size)
        return [self._shard(start, start + size) for start in starts]

    def read(self, shard: Shard) -> Iterator[Item]:
        stop = shard.start if shard.stop is None else shard.stop
        if self._shard(shard.start, stop) != shard:
            raise CorpusError("files came, went or changed since the corpus was planned; encode again")
        for source in self._scan().sources[shard.start : shard.stop]:
            try:
                yield from self._corpus.read(source)
            except (CorpusError, ImageError, MissingExtra) as error:
                yield Skipped(source.key, str(error))

    def _scan(self) -> Scan:
        if self._scanned is None:
            self._scanned = self._corpus.scan()
        return self._scanned

    def _shard(self, start: int, stop: int) -> Shard:
        digest = hashlib.blake2b(digest_size=16)
        sources = self._scan().sources[start:stop]
        for source in sources:
            digest.update(repr((source.key, source.stamp)).encode("utf-8", "surrogatepass"))
        return Shard("", start, start + len(sources), start, digest.hexdigest())


class PartsReader:
    """Files of records or tar shards: one of them, or all that lie in a folder, each cut by itself."""

    def __init__(self, root: Path, cutter: Cutter) -> None:
        self._root = root
        self._cutter = cutter
        self.skipped: list[Skipped] = []

    def shards(self, size: int) -> list[Shard]:
        files = [self._root] if self._root.is_file() else _files(self._root)
        return [shard for file in files for shard in self._cut(file, size)]

    def read(self, shard: Shard) -> Iterator[Item]:
        file = self._file(shard.place)
        if _stamp(file) != shard.stamp:
            raise CorpusError(f"{file}: changed since the corpus was planned; encode again")
        records: RecordFile
        if file.suffix.lower() == ".parquet":
            records = ParquetFile(file, shard.start, shard.stop)
        elif file.suffix.lower() == ".tar":
            records = TarFile(file, shard.start, shard.stop, before=shard.before)
        else:
            records = JsonlFile(file, shard.start, shard.stop, before=shard.before)
        for found in RecordsCorpus(file, records, self._cutter).each():
            if isinstance(found, Skipped):
                yield found
            else:
                yield from found

    def _file(self, place: str) -> Path:
        return self._root / place if place else self._root

    def _cut(self, file: Path, size: int) -> Iterator[Shard]:
        """The shards of one file; what cannot be listed is one shard, which fails when it is read."""
        place = "" if file == self._root else file.name
        starts, stamp = [0], _stamp(file)
        try:
            for start in _starts(file, size):
                starts.append(start)  # one by one: those before what is broken are good
        except (CorpusError, OSError):
            pass
        for number, start in enumerate(starts):
            stop = starts[number + 1] if number + 1 < len(starts) else None
            yield Shard(place, start, stop, number * size, stamp)


def _starts(file: Path, size: int) -> Iterator[int]:
    """Where the second shard of a file of records begins, the third, and so on."""
    if file.suffix.lower() == ".parquet":
        yield from range(size, ParquetFile(file).count(), size)
    elif file.suffix.lower() == ".tar":
        yield from (
            start for number, start in enumerate(TarFile(file).starts()) if number and not number % size
        )
    else:
        yield from _lines(file, size)


def _lines(file: Path, size: int) -> Iterator[int]:
    """The offset of every ``size``-th line but the first."""
    end = file.stat().st_size
    with file.open("rb") as stream:
        position, lines = 0, 0
        while chunk := stream.read(_READ):
            at = 0
            while (found := chunk.count(b"\n", at)) and lines + found >= size:
                for _ in range(size - lines):
                    at = chunk.index(b"\n", at) + 1
                lines = 0
                if position + at < end:
                    yield position + at
            lines += found
            position += len(chunk)


class CollectionReader:
    """A data set, compiled once into a file that every process opens; a shard is some of its rows."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self.skipped: Sequence[Skipped] = collection.report.problems

    def shards(self, size: int) -> list[Shard]:
        total, stamp = len(self._collection), self._collection.fingerprint
        return [Shard("", start, min(start + size, total), start, stamp) for start in range(0, total, size)]

    def read(self, shard: Shard) -> Iterator[Item]:
        if self._collection.fingerprint != shard.stamp:
            raise CorpusError("the data set changed since it was planned; encode again")
        stop = shard.start if shard.stop is None else shard.stop
        for start in range(shard.start, stop, _ROWS):
            yield from self._rows(range(start, min(start + _ROWS, stop)))

    def _rows(self, rows: range) -> list[Item]:
        """One by one where a picture is not where it should be."""
        try:
            return [*self._collection.documents(rows)]
        except ImageError as error:
            if len(rows) > 1:
                return [item for row in rows for item in self._rows(range(row, row + 1))]
            [document] = self._collection.documents(rows, pictures=False)
            return [Skipped(document.id, str(error))]


def _files(root: Path) -> list[Path]:
    """What a folder of parts holds, in order."""
    try:
        files = sorted(path for path in root.iterdir() if path.is_file())
    except OSError as error:
        raise CorpusError(f"{root}: cannot be listed: {error.strerror or error}") from error
    return [
        path
        for path in files
        if not path.name.startswith(".")
        and path.name not in CAPTION_FILES
        and path.stem.lower() not in _ASIDE
    ]


def _stamp(file: Path) -> str:
    try:
        status = file.stat()
    except OSError:  # who reads it will hear
        return "missing"
    return f"{status.st_size:x}-{status.st_mtime_ns:x}"
