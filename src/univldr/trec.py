"""Runs and qrels, in memory and in TREC's formats on disk, ranked in trec_eval's order.

A qrels line is ``query iteration document relevance`` or, as the WebQA and BEIR files have it,
``query document relevance``; a run line is ``query Q0 document rank score tag``. Fields are separated by
blanks or tabs. Files that end in ``.gz`` are written compressed; compressed ones are read by their content.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TypeVar, cast

import numpy as np

from univldr.errors import CorpusError
from univldr.types import Modality

Qrels = dict[str, dict[str, int]]
"""Query id to document id to relevance; above 0 is relevant."""
Run = dict[str, dict[str, float]]
"""Query id to document id to score; higher is better."""

_T = TypeVar("_T", int, float)
_RUN_COLUMNS = "query Q0 document rank score tag"
_QRELS_COLUMNS = "query iteration document relevance, or query document relevance"
_BEIR_HEADER = ("query-id", "corpus-id", "score")
_MAX_RELEVANCE = 2**31 - 1
_MAX_SCORE = float(np.finfo(np.float32).max)
_GZIP = b"\x1f\x8b"


def read_qrels(path: Path) -> Qrels:
    """Read judgments, in the file's order; BEIR's header line is passed over.

    Raises:
        CorpusError: the file cannot be read, a line is malformed or judges a document a second time; the
            message names file and line.
    """
    qrels: Qrels = {}
    width = 0
    for where, fields in _lines(path):
        if not width and tuple(fields) == _BEIR_HEADER:
            width = 3
            continue
        width = width or len(fields)
        if len(fields) != width or width not in (3, 4):
            raise CorpusError(f"{where}: {len(fields)} columns, not {_QRELS_COLUMNS} as in the first line")
        query, document = fields[0], fields[-2]
        _add(qrels, query, document, _relevance(where, fields[-1]), where)
    return qrels


def write_qrels(qrels: Mapping[str, Mapping[str, int]], path: Path) -> None:
    """Write judgments as four columns, in the mapping's order.

    Raises:
        CorpusError: an id is empty or has white space in it, which the format cannot hold.
    """
    _write(
        path,
        (
            f"{_column(query)} 0 {_column(document)} {relevance}\n"
            for query, judged in qrels.items()
            for document, relevance in judged.items()
        ),
    )


def read_run(path: Path) -> Run:
    """Read a run, queries and documents in the file's order; ranks are ignored, as trec_eval does.

    Raises:
        CorpusError: the file cannot be read, a line is malformed, repeats a document, or has a score that is
            not finite; the message names file and line.
    """
    run: Run = {}
    for where, fields in _lines(path):
        if len(fields) != 6:
            raise CorpusError(f"{where}: {len(fields)} columns, not the 6 of {_RUN_COLUMNS}")
        query, _, document, _, score, _ = fields
        _add(run, query, document, _score(where, score), where)
    return run


def write_run(run: Mapping[str, Mapping[str, float]], path: Path, tag: str = "univldr") -> None:
    """Write a run: queries in the mapping's order, each one's documents as :func:`ranked`, ranks from 1.

    Args:
        run: Scores are written so that they read back as the same numbers.
        path: Replaced where it exists.
        tag: The system's name, the last column.

    Raises:
        CorpusError: an id or the tag is empty or has white space in it, or a score is not finite.
    """
    tag = _column(tag)
    _write(
        path,
        (
            f"{_column(query)} Q0 {_column(document)} {rank} {float(score)!r} {tag}\n"
            for query, scores in run.items()
            for rank, (document, score) in enumerate(ranked(scores), start=1)
        ),
    )


def read_modalities(path: Path) -> dict[str, Modality]:
    """Read what each document is made of: two columns, its id and its modality.

    Raises:
        CorpusError: the file cannot be read, or a line is malformed, names no modality or repeats a
            document; the message names file and line.
    """
    known = {modality.value: modality for modality in Modality}
    modalities: dict[str, Modality] = {}
    for where, fields in _lines(path):
        if len(fields) != 2:
            raise CorpusError(f"{where}: {len(fields)} columns, not the 2 of document modality")
        document, modality = fields
        if modality not in known:
            raise CorpusError(f'{where}: modality "{modality}" is not one of {", ".join(known)}')
        if document in modalities:
            raise CorpusError(f'{where}: document "{document}" a second time; keep one line')
        modalities[document] = known[modality]
    return modalities


def ranked(scores: Mapping[str, float], k: int | None = None) -> list[tuple[str, float]]:
    """The documents of one query in trec_eval's order, the best ``k`` of them where ``k`` is given.

    By score downwards, compared as the float32 that trec_eval keeps; equal scores by document id downwards
    (by code points, which is the order of their UTF-8 bytes).

    Raises:
        CorpusError: a score is not finite.
    """
    with np.errstate(over="ignore"):
        compared = np.fromiter(scores.values(), np.float32, len(scores))
    if not np.isfinite(compared).all():
        document = next(d for d, keep in zip(scores, np.isfinite(compared), strict=True) if not keep)
        raise CorpusError(f'the score of document "{document}" is {scores[document]}, not a finite float32')
    order = sorted(zip(compared.tolist(), scores, strict=True), reverse=True)
    return [(document, scores[document]) for _, document in order[:k]]


def _lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The place and the fields of every line that is not blank.

    Split as trec_eval does, at ASCII white space only: an id may hold any other blank of Unicode.
    """
    number = 0
    try:
        with _open(path) as stream:
            for number, line in enumerate(stream, start=1):
                text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if fields := text.split():
                    yield f"{path.name} line {number}", [field.decode("utf-8") for field in fields]
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path.name} line {number}: not UTF-8; save the file as UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        compressed = stream.read(2) == _GZIP
    return cast(IO[bytes], gzip.open(path)) if compressed else path.open("rb")


def _add(table: dict[str, dict[str, _T]], query: str, document: str, value: _T, where: str) -> None:
    row = table.setdefault(query, {})
    if document in row:
        raise CorpusError(f'{where}: document "{document}" of query "{query}" a second time; keep one line')
    row[document] = value


def _relevance(where: str, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise CorpusError(f'{where}: relevance "{text}" is not a whole number') from None
    if abs(value) > _MAX_RELEVANCE:
        raise CorpusError(f"{where}: relevance {text} is beyond the limit of {_MAX_RELEVANCE:,}")
    return value


def _score(where: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise CorpusError(f'{where}: score "{text}" is not a number') from None
    if not math.isfinite(value) or abs(value) > _MAX_SCORE:
        raise CorpusError(f"{where}: score {text} is not a finite float32")
    return value


def _column(value: str) -> str:
    if (encoded := value.encode()).split() != [encoded]:
        raise CorpusError(
            f'"{value}" cannot be a column of a TREC file; it is empty or has white space in it'
        )
    return value


def _write(path: Path, lines: Iterator[str]) -> None:
    """All lines or none: beside the file first, then in its place."""
    part = path.with_name(f".{path.name}.part")
    try:
        with (gzip.open if path.suffix == ".gz" else open)(part, "wt", encoding="utf-8", newline="\n") as out:
            out.writelines(lines)
        part.replace(path)
    except OSError as error:
        raise CorpusError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
