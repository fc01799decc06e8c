"""Records in a Parquet file, read a few rows at a time."""

from __future__ import annotations

import json
import threading
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from univldr._optional import require
from univldr.corpus.records import MAX_RECORD_BYTES, Row
from univldr.errors import CorpusError

_BATCH_ROWS = 256  # rows may carry pictures: as many as fit into memory without a thought
_OBJECTS = 16  # times the bytes of lists and the like, as Python has them


_PICTURES = ("image", "query_image")
"""Columns that may hold encoded pictures."""


class ParquetFile:
    """One record a row; a position is a row's index. Fetching in order reads every batch once.

    Raises:
        MissingExtra: pyarrow is not installed.
        CorpusError: not a Parquet file.
    """

    unit = "row"

    def __init__(self, path: Path, start: int = 0, stop: int | None = None) -> None:
        """The rows of ``path``: all, or those from ``start`` up to ``stop``."""
        parquet = require("pyarrow.parquet", extra="parquet", purpose=f"{path.name}: Parquet")
        arrow = require("pyarrow", extra="parquet", purpose=f"{path.name}: Parquet")
        self._errors = (arrow.ArrowException, ValueError, OSError, MemoryError)
        try:
            self._file = parquet.ParquetFile(path)
        except self._errors as error:
            raise CorpusError(f"{path}: not a Parquet file: {error}") from error
        groups = self._file.metadata
        self._starts = [0, *accumulate(groups.row_group(n).num_rows for n in range(groups.num_row_groups))]
        self._wanted = range(start, self._starts[-1] if stop is None else stop)
        self._lock = threading.Lock()
        self._batches: Iterator[tuple[int, list[Any]]] = self._from_group(0)
        self._start, self._rows = 0, list[Any]()

    def rows(self) -> Iterator[Row]:
        first, last = self._wanted.start, self._wanted.stop
        for start, rows in self._from_group(bisect_right(self._starts, first) - 1, first):
            for index, row in enumerate(rows, start):
                if index >= last:
                    return
                if index >= first:
                    yield Row(index + 1, index, row)

    def count(self) -> int:
        """How many rows the whole file has."""
        rows: int = self._starts[-1]
        return rows

    def fetch(self, position: int) -> Any:
        with self._lock:
            if not self._holds(position):
                self._seek(position)
            row = self._rows[position - self._start]
        if isinstance(row, CorpusError):
            raise row
        return row

    def _holds(self, position: int) -> bool:
        return self._start <= position < self._start + len(self._rows)

    def _seek(self, position: int) -> None:
        """Read on to the row, or begin anew at its row group where it lies behind or in another group."""
        group = bisect_right(self._starts, position) - 1
        if not self._starts[group] <= self._start <= position:
            self._batches = self._from_group(group)
        while not self._holds(position):
            self._start, self._rows = next(self._batches)

    def _from_group(self, group: int, first: int = 0) -> Iterator[tuple[int, list[Any]]]:
        """(index of the first row, rows), batch by batch from a row group on; none that ends by ``first``."""
        if group >= len(self._starts) - 1:
            return
        start = self._starts[group]
        groups = list(range(group, self._file.metadata.num_row_groups))
        try:
            for batch in self._file.iter_batches(batch_size=_BATCH_ROWS, row_groups=groups):
                step = len(batch) if _weight(batch) <= MAX_RECORD_BYTES else 1
                for at in range(0, len(batch), step or 1):
                    if start + step > first:
                        yield start, _rows(batch.slice(at, step))
                    start += step
        except self._errors as error:
            raise CorpusError(f"rows from {start + 1} on cannot be read: {error}") from error


def _weight(batch: Any) -> int:
    """The bytes of a batch but for its pictures; those of lists count more, as they do in Python."""
    columns = zip(batch.schema, batch.columns, strict=True)
    return sum(
        column.nbytes * (_OBJECTS if field.type.num_fields else 1)
        for field, column in columns
        if field.name not in _PICTURES
    )


def _rows(batch: Any) -> list[dict[str, Any] | CorpusError]:
    """The rows of a batch, each with its fields; of one that weighs too much, why it has none."""
    if _weight(batch) > MAX_RECORD_BYTES:
        return [CorpusError(f"the row is over the limit of {MAX_RECORD_BYTES:,} bytes; split the text")]
    return [_plain(row) for row in batch.to_pylist()]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """The row with dates, decimals and the like as text, as metadata must be; its pictures as they are."""
    rest = {name: value for name, value in row.items() if name not in _PICTURES}
    pictures = {name: row[name] for name in _PICTURES if name in row}
    return {**json.loads(json.dumps(rest, default=str)), **pictures}
