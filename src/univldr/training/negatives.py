"""Mined negatives on disk: one JSON object a line, to be looked at, cut and mixed with any tool.

The first line says where they come from: ``{"univldr": "negatives", "format": 1, "model", "encoder",
"collection", "split", "queries", "topics", "documents", "settings"}``; ``encoder``, ``collection`` and
``topics`` are fingerprints, of the model, the documents and the split's queries. What was mined from an index
has ``index`` too: when that was made, its generation, and how many documents it has.
Every other line is a query, in the order of the split:

    {"query": id, "positive_score": 0.71, "suspected": 2,
     "negatives": [{"id": ..., "modality": "image", "score": 0.64, "rank": 3}, ...]}

The scores are cosines under the model. ``rank`` is the one in the joint list, from 1, by which unbalanced and
single-modality lists can be made of the same file; it is null for what was found apart, below the joint list.
The best come first. ``suspected`` counts the candidates left out because they scored like a positive.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from univldr.corpus.collection import Collection
from univldr.corpus.text import parse_json
from univldr.errors import CorpusError
from univldr.types import Float32Array, Modality

FORMAT = 1

Ranked = tuple[npt.NDArray[np.int64], Float32Array]
"""Documents by row int64 [n] and their scores float32 [n], best first."""

Lists = dict[Modality, Ranked]
"""The negatives of one query; a modality without any is not there."""

_MARK = {"univldr": "negatives", "format": FORMAT}


class Negative(NamedTuple):
    """One negative of a record; the fields are those of the file."""

    id: str
    modality: str
    score: float
    rank: int | None


class Record(NamedTuple):
    """One query of the file; the fields are those of the file."""

    query: str
    positive_score: float | None
    suspected: int
    negatives: list[Negative]


@dataclass(frozen=True, slots=True)
class ListReport:
    """The lists of one modality, over all queries.

    Attributes:
        modality: Which.
        negatives: How many in all.
        empty: Queries that have none.
        short: Queries that have fewer than the settings asked for (``per_modality``, ``fill``, at least one).
        mean_score: Of the negatives; 0 where there are none.
    """

    modality: Modality
    negatives: int
    empty: int
    short: int
    mean_score: float


@dataclass(frozen=True, slots=True)
class MiningReport:
    """What a file of negatives holds; ``str()`` gives it as a small table.

    Attributes:
        path: The file.
        queries: How many it has.
        suspected: Candidates left out because they scored like a positive.
        mean_positive_score: Over the queries with a positive that has a vector.
        lists: By modality, those that the collection has.
    """

    path: Path
    queries: int
    suspected: int
    mean_positive_score: float
    lists: tuple[ListReport, ...]

    def __str__(self) -> str:
        rows = [("", "negatives", "a query", "none for", "short for", "mean score")]
        for found in self.lists:
            each = found.negatives / max(self.queries, 1)
            numbers = f"{found.negatives:,}", f"{each:.1f}", f"{found.empty:,}", f"{found.short:,}"
            rows.append((found.modality.value, *numbers, f"{found.mean_score:.4f}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = [
            "  ".join(
                cell.ljust(width) if not n else cell.rjust(width) for n, (cell, width) in enumerate(cells)
            )
            for cells in (zip(row, widths, strict=True) for row in rows)
        ]
        head = (
            f"{self.queries:,} queries, mean positive score {self.mean_positive_score:.4f}; "
            f"{self.suspected:,} suspected positives left out"
        )
        return "\n".join([head, *(line.rstrip() for line in table)])


def read_negatives(path: Path, collection: Collection) -> list[Lists]:
    """The negatives of every query of the file's split, in the order of ``collection.topics(split)``.

    A query that is not in the file has no lists. Memory: 12 bytes for each negative, and some for each list.

    Raises:
        CorpusError: the file cannot be read, is no file of negatives, or names a query or a document that the
            collection lacks; the message names the line.
    """
    with _lines(path) as lines:
        header = _header(path, lines)
        numbers = {id: n for n, id in enumerate(collection.qrels(str(header.get("split"))))}
        rows = {id: row for row, id in enumerate(collection.ids())}
        every: list[Lists] = [{} for _ in numbers]
        for number, line in lines:
            record = _record(path, number, line)
            try:
                every[numbers[record.query]] = _by_modality(record, rows)
            except KeyError as error:
                raise CorpusError(
                    f"{path.name} line {number}: {error} is not in {collection.path}; mine again"
                ) from error
            except (TypeError, ValueError) as error:
                raise CorpusError(f"{path.name} line {number}: {error}") from error
    return every


def joint_list(lists: Mapping[Modality, Ranked]) -> Ranked:
    """One list of all modalities by score, equal scores by row: the joint list that the model gave."""
    rows = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in lists.values())])
    scores = np.concatenate([np.zeros(0, np.float32), *(scores for _, scores in lists.values())])
    order = np.lexsort((rows, -scores))
    return rows[order], scores[order]


def summarise(path: Path) -> MiningReport:
    """Count what a file of negatives holds.

    Raises:
        CorpusError: it cannot be read, or is no file of negatives.
    """
    with _lines(path) as lines:
        header = _header(path, lines)
        settings = header["settings"]
        wanted = max(settings.get("per_modality") or 1, settings.get("fill") or 1)
        tallies = {name: _Tally(wanted) for name, count in header["documents"].items() if count}
        positives, suspected = _Tally(), 0
        for number, line in lines:
            record = _record(path, number, line)
            suspected += record.suspected
            positives.add([] if record.positive_score is None else [record.positive_score])
            for name, tally in tallies.items():
                tally.add([negative.score for negative in record.negatives if negative.modality == name])
    lists = tuple(
        ListReport(Modality(name), tally.count, tally.empty, tally.short, tally.mean)
        for name, tally in tallies.items()
    )
    return MiningReport(path, positives.queries, suspected, positives.mean, lists)


class _Tally:
    """Counts scores, query by query."""

    def __init__(self, wanted: int = 1) -> None:
        self.queries = self.count = self.empty = self.short = 0
        self._total, self._wanted = 0.0, wanted

    def add(self, scores: Sequence[float]) -> None:
        self.queries += 1
        self.count += len(scores)
        self.empty += not scores
        self.short += len(scores) < self._wanted
        self._total += sum(scores)

    @property
    def mean(self) -> float:
        return self._total / max(self.count, 1)


def encoded(record: Record) -> bytes:
    """A record's line in the file."""
    return _json({**record._asdict(), "negatives": [negative._asdict() for negative in record.negatives]})


class RecordWriter:
    """A file of negatives being written; what was written for the same header before is kept.

    Attributes:
        complete: The file is there, with this header: nothing to write.
        records: How many are written already.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        """For the file ``path``; two headers are the same if they differ only in the model's name.

        Raises:
            CorpusError: it cannot be written. So does every method.
        """
        self._path, self._part = path, path.with_name(f"{path.name}.part")
        self._header = {**_MARK, **header}
        self.complete = self._belongs(path)
        self.records = 0
        if not self.complete:
            with _written(path):
                self._resume()

    def write(self, lines: bytes) -> None:
        """Add lines of :func:`encoded`; they are on the disk when this returns."""
        with _written(self._path), self._part.open("ab") as stream:
            stream.write(lines)
            self.records += lines.count(b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def finish(self) -> None:
        """Put the file in its place."""
        with _written(self._path):
            self._part.replace(self._path)

    def _resume(self) -> None:
        """Cut the part off behind its last whole line, or begin it anew."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._belongs(self._part):
            self._part.write_bytes(_json(self._header))
        size, lines = 0, 0
        with self._part.open("r+b") as stream:
            for line in stream:
                if line.endswith(b"\n"):
                    size, lines = size + len(line), lines + 1
            stream.truncate(size)
        self.records = lines - 1

    def _belongs(self, path: Path) -> bool:
        if not path.exists():
            return False
        try:
            with _lines(path) as lines:
                found = _header(path, lines)
        except CorpusError:
            return False
        return {**found, "model": ""} == {**self._header, "model": ""}


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[tuple[int, bytes]]]:
    """The lines of a file with their numbers, from 1."""
    try:
        with path.open("rb") as stream:
            yield enumerate(stream, 1)
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror or error}") from error


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CorpusError(f"{path}: cannot be written: {error.strerror or error}") from error


def _header(path: Path, lines: Iterator[tuple[int, bytes]]) -> dict[str, Any]:
    """The first line."""
    for _, line in lines:
        try:
            header = parse_json(line.decode())
        except (CorpusError, UnicodeDecodeError):
            break
        if not line.endswith(b"\n"):
            break  # cut off
        if not isinstance(header, dict) or header.get("univldr") != _MARK["univldr"]:
            break
        if header.get("format") != FORMAT:
            raise CorpusError(
                f"{path.name}: format {header.get('format')!r}, this version reads {FORMAT}; mine again"
            )
        if {"split", "documents", "settings"} <= header.keys():
            return header
        break
    raise CorpusError(f"{path.name} line 1: not what univldr mine writes; mine again, or name another file")


def _record(path: Path, number: int, line: bytes) -> Record:
    try:
        fields = parse_json(line.decode())
        negatives = [Negative(n["id"], n["modality"], n["score"], n["rank"]) for n in fields["negatives"]]
        return Record(fields["query"], fields["positive_score"], fields["suspected"], negatives)
    except CorpusError as error:
        raise CorpusError(f"{path.name} line {number}: {error}") from error
    except (UnicodeDecodeError, KeyError, TypeError) as error:
        raise CorpusError(f"{path.name} line {number}: not a record of negatives: {error!r}") from error


def _by_modality(record: Record, rows: Mapping[str, int]) -> Lists:
    found: dict[str, list[tuple[int, float]]] = {}
    for negative in record.negatives:
        found.setdefault(negative.modality, []).append((rows[negative.id], negative.score))
    return {
        Modality(name): (np.array([row for row, _ in pairs]), np.array([s for _, s in pairs], np.float32))
        for name, pairs in found.items()
    }


def _json(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"
