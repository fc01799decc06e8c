"""The last step of building a collection: queries and judgements meet the rows of their documents."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

Problem = Callable[[str, str], None]
"""Told (where, reason) of everything that is left out."""

_QUERIES = """
SELECT number, split, id, text, place, coding, file, offset, size FROM staging.queries
ORDER BY coalesce(position, number), number
"""
_JUDGED = """
SELECT coalesce(judged.split, ?), document, grade, row
FROM staging.judged LEFT JOIN documents ON documents.id = document
WHERE query = ? ORDER BY judged.split, judged.rowid
"""
_INSERT = """
INSERT INTO topics (split, id, text, coding, file, offset, size, judged, negatives)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class _Named(NamedTuple):
    """A document that a query names; grade ``None`` for a hard negative, row ``None`` if it is unknown."""

    split: str
    document: str
    grade: int | None
    row: int | None


def join_topics(connection: sqlite3.Connection, problem: Problem) -> None:
    """Fill the table of topics: one for each query and split in which a positive of it is known."""
    connection.execute("CREATE INDEX staging.judged_of ON judged (query, split)")
    queries = connection.execute(_QUERIES)
    connection.executemany(
        _INSERT, (row for query in queries for row in _topics(connection, problem, *query))
    )


def _topics(
    connection: sqlite3.Connection,
    problem: Problem,
    number: int,
    split: str,
    id: str,
    text: str,
    where: str,
    *place: Any,
) -> Iterator[tuple[Any, ...]]:
    named = map(_Named._make, connection.execute(_JUDGED, [split, number]))
    parts = {part: list(rows) for part, rows in groupby(named, lambda row: row.split)}
    if split and split not in parts:
        problem(where, f'query "{id}" names no documents')
    for part, rows in parts.items():
        for row in rows:
            if row.row is None:
                problem(where, f'query "{id}" names "{row.document}", which is no document')
        grades = _grades(rows)
        if any(grade > 0 for grade in grades.values()):
            yield (
                part,
                id,
                text,
                *place,
                json.dumps(list(grades.items())),
                json.dumps(_negatives(rows, grades)),
            )
        else:
            problem(where, f'query "{id}" has no positive that is a document')


def _grades(rows: list[_Named]) -> dict[int, int]:
    """Row to grade, in order; of several grades the best."""
    grades: dict[int, int] = {}
    for _, _, grade, row in rows:
        if grade is not None and row is not None:
            grades[row] = max(grade, grades.get(row, grade))
    return grades


def _negatives(rows: list[_Named], grades: dict[int, int]) -> list[int]:
    """The hard negatives that are not positives after all, each once, in order."""
    found = dict.fromkeys(row for *_, grade, row in rows if grade is None and row is not None)
    return [row for row in found if grades.get(row, 0) <= 0]
