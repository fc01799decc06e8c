"""A retrieval data set in one file: documents by row, queries by split, judgements, hard negatives.

``open_collection`` compiles any format that is read into an SQLite file once; a :class:`Collection` reads
that file row by row, so memory stays small whatever the size of the corpus. Picture bytes are not copied:
a row says where its picture lies (see :mod:`univldr.corpus.shards`), and it is read when asked for.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from univldr._lock import try_lock
from univldr.corpus.base import Skipped
from univldr.corpus.beir import BEIR
from univldr.corpus.build import Build, Format, stamp_of
from univldr.corpus.mbeir import MBEIR
from univldr.corpus.open_file import OpenFile
from univldr.corpus.retrieval import Records
from univldr.corpus.schema import VERSION
from univldr.corpus.shards import Coding
from univldr.corpus.tevatron import Tevatron
from univldr.corpus.webqa import OriginalWebQA, ProcessedWebQA
from univldr.errors import ConfigError, CorpusError, ImageError
from univldr.types import Document, Expansion, Modality, Progress, Query

FORMATS: dict[str, type[Format]] = {
    "webqa": ProcessedWebQA,
    "webqa-original": OriginalWebQA,
    "mbeir": MBEIR,
    "records": Records,
    "beir": BEIR,
    "tevatron": Tevatron,
}
"""Name to format, in the order in which they are tried."""

_POLL_SECONDS = 0.05
_WITH_DETAIL = ("webqa", "mbeir")

CACHE = ".univldr-collections"
"""The folder inside a data set's folder that its compiled files are in."""

_ASIDE = "building-"
_CHUNK = 1024
_USUAL_SPLITS = ("train", "dev", "val", "test")
_DOCUMENT = "row, id, modality, text, title, more, coding, file, offset, size"
_TOPIC = "id, text, coding, file, offset, size, judged, negatives"


@dataclass(frozen=True, slots=True)
class Topic:
    """A query of a data set.

    Attributes:
        id: Unique within its split.
        query: Its words, its picture, or both.
        positives: Rows of its relevant documents (grade over 0), in the data set's order; never empty.
        negatives: Rows of the hard negatives that the data set itself names; may be empty.
    """

    id: str
    query: Query
    positives: tuple[int, ...]
    negatives: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What building a collection found.

    Attributes:
        documents: Their number by modality.
        queries: Their number by split.
        skipped: How many records, references and duplicates were left out.
        problems: The first of these, with file and line.
    """

    documents: dict[str, int]
    queries: dict[str, int]
    skipped: int
    problems: tuple[Skipped, ...]


class Collection:
    """A compiled data set; make one with ``open_collection``.

    Reads are safe from several threads. It can be handed to worker processes, forked or spawned: each
    opens the file for itself when it first reads.

    Attributes:
        path: The data set's folder, absolute.
        file: The SQLite file it was compiled into.
        name: The folder's name.
        fingerprint: Changes whenever a document could: with its text, picture (by place, size and time of
            its file) or row.
        report: What was found while it was built.
    """

    def __init__(self, file: Path, path: Path) -> None:
        """Open the compiled ``file`` of the data set in the folder ``path``.

        Raises:
            CorpusError: it cannot be read. So does every method.
        """
        self.path = path
        self.file = file
        self.name = path.name
        self._opened = OpenFile(file)
        meta = dict(self._all("SELECT key, value FROM meta"))
        self.fingerprint: str = meta["fingerprint"]
        self.report = _report(meta["report"], self._all("SELECT place, reason FROM problems"))

    def __reduce__(self) -> tuple[type[Collection], tuple[Path, Path]]:
        return type(self), (self.file, self.path)

    def __len__(self) -> int:
        """The number of documents; rows run from 0."""
        return sum(self.report.documents.values())

    def __repr__(self) -> str:
        return f"Collection({str(self.path)!r}, {len(self):,} documents)"

    def documents(self, rows: Iterable[int], *, pictures: bool = True) -> list[Document]:
        """The documents of some rows, in the order asked for; a row may come twice.

        Args:
            rows: Numbers from 0.
            pictures: Whether ``image`` is filled in: the bytes of a picture in a shard, the path of one
                that is a file of its own. Without, ``image`` is ``None`` and no shard is touched.

        Raises:
            CorpusError: there is no such row.
            ImageError: a picture cannot be read; the message names the document.
        """
        wanted = [int(row) for row in rows]
        found: dict[int, tuple[Any, ...]] = {}
        for chunk in _chunks(list(dict.fromkeys(wanted))):
            query = f"SELECT {_DOCUMENT} FROM documents WHERE row IN (SELECT value FROM json_each(?))"
            found |= {row[0]: row for row in self._all(query, json.dumps(chunk))}
        if len(found) < len(set(wanted)):
            unknown = next(row for row in wanted if row not in found)
            raise CorpusError(f"{self.path}: no row {unknown}; rows run from 0 to {len(self) - 1}")
        made = {row: self._document(fields, pictures) for row, fields in found.items()}
        return [made[row] for row in wanted]

    def ids(self) -> list[str]:
        """The ids of all documents, in row order."""
        return [id for (id,) in self._all("SELECT id FROM documents ORDER BY row")]

    def row(self, id: str) -> int:
        """The row of a document.

        Raises:
            CorpusError: there is no document with this id.
        """
        for (row,) in self._all("SELECT row FROM documents WHERE id = ?", id):
            return int(row)
        raise CorpusError(f'{self.path}: no document "{id}"')

    def modalities(self) -> npt.NDArray[np.uint8]:
        """uint8 [len(self)]: each row's index into ``tuple(Modality)``."""
        rows = self._all("SELECT modality FROM documents ORDER BY row")
        return np.fromiter((modality for (modality,) in rows), np.uint8, len(rows))

    def count(self, modality: Modality | None = None) -> int:
        """The number of documents, or of those of one modality."""
        return len(self) if modality is None else self.report.documents[modality]

    def splits(self) -> list[str]:
        """The splits that have queries: the usual ones first (train, dev, val, test), others by name."""
        order = {split: n for n, split in enumerate(_USUAL_SPLITS)}
        return sorted(self.report.queries, key=lambda split: (order.get(split, len(order)), split))

    def topics(self, split: str, *, start: int = 0, stop: int | None = None) -> list[Topic]:
        """The queries of a split, in the data set's order; ``start`` and ``stop`` as in a slice.

        A query's picture that lies in a shard comes as bytes: ask for a part of a split at a time where
        there are many of these. One that is a file of its own comes as its path.

        Raises:
            CorpusError: there is no such split.
            ImageError: a picture cannot be read; the message names the query.
        """
        start, stop, _ = slice(start, stop).indices(self._queries(split))
        query = f"SELECT {_TOPIC} FROM topics WHERE split = ? ORDER BY number LIMIT ? OFFSET ?"
        return [self._topic(row) for row in self._all(query, split, max(stop - start, 0), start)]

    def qrels(self, split: str) -> dict[str, dict[str, int]]:
        """Query id to document id to grade, judged non-relevant documents (grade 0) included.

        Raises:
            CorpusError: there is no such split.
        """
        self._queries(split)
        judged = {
            id: json.loads(pairs)
            for id, pairs in self._all("SELECT id, judged FROM topics WHERE split = ? ORDER BY number", split)
        }
        ids = self._ids({row for pairs in judged.values() for row, _ in pairs})
        return {query: {ids[row]: grade for row, grade in pairs} for query, pairs in judged.items()}

    def _ids(self, rows: Iterable[int]) -> dict[int, str]:
        query = "SELECT row, id FROM documents WHERE row IN (SELECT value FROM json_each(?))"
        return {row: id for part in _chunks(list(rows)) for row, id in self._all(query, json.dumps(part))}

    def _queries(self, split: str) -> int:
        count = self.report.queries.get(split)
        if count is None:
            known = ", ".join(self.splits()) or "none: it has no queries with known positives"
            raise CorpusError(f'{self.path}: no split "{split}"; there is {known}')
        return count

    def _document(self, fields: tuple[Any, ...], pictures: bool) -> Document:
        _, id, modality, text, title, more, *place = fields
        image = self._picture(id, *place) if pictures and place[0] is not None else None
        rest = json.loads(more) if more else {}
        expansions = tuple(map(Expansion.parse, rest.get("expansions", ())))
        return Document(
            id, _MODALITIES[modality], text, image, title, expansions, metadata=rest.get("metadata", {})
        )

    def _topic(self, fields: tuple[Any, ...]) -> Topic:
        id, text, *place, judged, negatives = fields
        image = None if place[0] is None else self._picture(id, *place)
        positives = tuple(row for row, grade in json.loads(judged) if grade > 0)
        return Topic(id, Query(text, image), positives, tuple(json.loads(negatives)))

    def _picture(self, id: str, coding: int, file: str, offset: int, size: int) -> Path | bytes:
        try:
            match coding:
                case Coding.FILE:
                    return self.path / file
                case Coding.RAW:
                    return self._here().pictures.raw(self.path / file, offset, size)
                case Coding.TSV:
                    return self._here().pictures.tsv(self.path / file, offset, size, id)
            ((data,),) = self._all("SELECT data FROM pictures WHERE number = ?", offset)
            return bytes(data)
        except ImageError as error:
            raise ImageError(f"{id}: {error}") from error

    def _all(self, query: str, *parameters: Any) -> list[Any]:
        return self._here().all(query, parameters)

    def _here(self) -> OpenFile:
        if self._opened.process != os.getpid():
            self._opened = OpenFile(self.file, inherited=self._opened)
        return self._opened


_MODALITIES = tuple(Modality)


def _chunks(rows: list[int]) -> Iterator[list[int]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))


def _report(counts: str, problems: list[tuple[str, str]]) -> Report:
    fields = json.loads(counts)
    return Report(
        fields["documents"], fields["queries"], fields["skipped"], tuple(Skipped(*row) for row in problems)
    )


def open_collection(
    path: Path, *, format: str = "auto", cache: Path | None = None, progress: Progress | None = None
) -> Collection:
    """The data set in the folder ``path``, compiled on the first call and whenever its files changed.

    Args:
        path: The folder; ``~`` is the home folder.
        format: ``webqa`` (the authors' processed files), ``webqa-original`` (WebQA's own release), ``mbeir``,
            ``tevatron``, ``beir``, ``records`` (our own), or ``auto``: recognised by the names of the files.
            ``webqa:FILE`` reads the captions from another file than all_imgs.json, ``mbeir:NAME`` reads one
            data set of M-BEIR with its own pool, e.g. ``mbeir:mscoco_task0``.
        cache: Folder for the compiled file; by default .univldr-collections/ in ``path``, or in the user's
            cache folder where that cannot be written.
        progress: Told now and then how many documents there are so far.

    Raises:
        CorpusError: nothing that is read is there, a file is missing (the message says what it holds and
            where to get it), or the compiled file cannot be written. A broken record is no error: it is left
            out and listed in the report.
        MissingExtra: Parquet without pyarrow.
    """
    root = path.expanduser().absolute()
    name, source = _format(root, format)
    folder = _folder(root) if cache is None else cache.expanduser().absolute()
    file = folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '-', name)}.sqlite"
    stamp = stamp_of(root, source.sources())
    if not _is_current(file, root, name, stamp):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _alone(folder):
                if not _is_current(file, root, name, stamp):  # else another process has just built it
                    _build(root, name, source, stamp, file, progress)
        except (OSError, sqlite3.Error) as error:
            raise CorpusError(
                f"{file}: cannot be written: {error}; free space there, or give another cache"
            ) from error
    return Collection(file, root)


def _format(root: Path, name: str) -> tuple[str, Format]:
    """The name with its detail, and the format itself."""
    if not root.is_dir():
        raise CorpusError(f"{root}: no such folder; give the folder of a data set")
    kind, _, detail = name.partition(":")
    if kind == "auto":
        kind = next((kind for kind, format in FORMATS.items() if format.recognises(root)), "")
    if not kind:
        raise CorpusError(
            f"{root}: no data set that is read: no documents.jsonl (records), corpus.jsonl (beir), "
            "cand_pool/ (mbeir), all_docs.json (webqa), WebQA_train_val.json (webqa-original) or "
            "records with query_id (tevatron); give the folder that holds these"
        )
    if kind not in FORMATS:
        raise ConfigError(f'no format "{kind}"; there are auto, {", ".join(FORMATS)}')
    if detail and kind not in _WITH_DETAIL:
        raise ConfigError(f'{kind} has no variants, "{detail}" is unknown; give {kind}')
    return f"{kind}:{detail}" if detail else kind, FORMATS[kind](root, detail)


def _folder(root: Path) -> Path:
    if os.access(root, os.W_OK) or (root / CACHE).is_dir():  # or shipped with a data set that is read-only
        return root / CACHE
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "univldr" / "collections" / hashlib.blake2b(os.fsencode(root), digest_size=8).hexdigest()


def _is_current(file: Path, root: Path, name: str, stamp: str) -> bool:
    """Whether the file was built from these sources as they are, by this version."""
    if not file.is_file():
        return False
    try:
        meta = dict(OpenFile(file).all("SELECT key, value FROM meta"))
        shards = [root / shard for shard, *_ in json.loads(meta["shards"])]
        built = (meta["version"], meta["format"], meta["stamp"], meta["shards"])
    except (CorpusError, KeyError, ValueError):
        return False
    return built == (str(VERSION), name, stamp, stamp_of(root, shards))


def _build(root: Path, name: str, source: Format, stamp: str, file: Path, progress: Progress | None) -> None:
    """Built aside and put into place as a whole: a crash leaves the old file or none."""
    for left in file.parent.glob(f"{_ASIDE}*"):  # by a build that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_ASIDE, dir=file.parent) as aside:
        build = Build(Path(aside), root, progress)
        try:
            source.read(build)
            build.finish(name, stamp)
        finally:
            build.close()
        build.file.replace(file)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process of a machine builds, e.g. of a training on several devices; the others wait for it."""
    with (folder / "lock").open("w") as lock:
        while not try_lock(lock.fileno()):
            time.sleep(_POLL_SECONDS)
        yield
