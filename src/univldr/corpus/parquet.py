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
from univldr.corpus.records import Row
from univldr.errors import CorpusError

_BATCH_ROWS = 256  # rows may carry pictures: as many as fit into memory without a thought


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
        try:
            self._file = parquet.ParquetFile(path)
        except (ValueError, OSError) as error:  # what pyarrow's errors derive from
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
            return self._rows[position - self._start]

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
                if start + len(batch) > first:
                    yield start, [_plain(row) for row in batch.to_pylist()]
                start += len(batch)
        except (ValueError, OSError) as error:
            raise CorpusError(f"rows from {start + 1} on cannot be read: {error}") from error


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """The row with dates, decimals and the like as text, as metadata must be; its pictures as they are."""
    rest = {name: value for name, value in row.items() if name not in _PICTURES}
    pictures = {name: row[name] for name in _PICTURES if name in row}
    return {**json.loads(json.dumps(rest, default=str)), **pictures}
