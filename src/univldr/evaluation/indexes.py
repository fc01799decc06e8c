"""Indexes as systems: what is deployed is measured as it answers, approximate, filtered and worded."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from univldr._processes import gather_bytes, rank
from univldr.corpus.collection import Collection
from univldr.encoders.embeddings import topic_batches
from univldr.errors import CorpusError
from univldr.evaluation.systems import Indexed
from univldr.index.base import SCAN_SIZE, Index
from univldr.search import Searcher
from univldr.search.group import file_of
from univldr.search.results import Options
from univldr.search.together import open_together
from univldr.types import Document, Hit, Modality, Progress

logger = logging.getLogger("univldr")


class Indexes:
    """The indexes that systems search for the queries of a split, each opened once and closed with this.

    Attributes:
        strangers: By id the modality of what they gave that is no document of the collection.
    """

    def __init__(self, collection: Collection, split: str) -> None:
        self._collection, self._split = collection, split
        self._opened: dict[str, Searcher] = {}
        self._resources = ExitStack()
        self.strangers: dict[str, Modality] = {}

    def answer(
        self, system: Indexed, numbers: range, k: int, progress: Progress | None
    ) -> list[dict[str, float]]:
        """The lists of all queries, best first; of several processes each asks for its own ``numbers``.

        As in any search, a record that was cut counts by its best passage; copies of a picture stay apart, as
        each is judged.

        Raises:
            CorpusError: the index has no document of the collection.
            StoreError, ModelError: it cannot be opened or searched.
        """
        searcher = self._open(system.path, progress)
        options = Options(modality=system.pool, fold=False)
        if system.vectors:
            options |= Options(lexical="off", center="off")
        lines, done = [], 0
        for topics in topic_batches(self._collection, self._split, numbers):
            for topic in topics:
                lines.append(self._line(searcher.search(topic.query, k, **options).hits))
                done += 1
                if progress:
                    progress(done, len(numbers), f"asking {system}")
        found = [json.loads(line) for line in gather_bytes(b"".join(lines)).splitlines()]
        self._warn(system, found)
        return [fields["scores"] for fields in found]

    def _line(self, hits: list[Hit]) -> bytes:
        found = {self._id(hit.document): hit for hit in hits}
        fields = {
            "scores": {id_: hit.score for id_, hit in found.items()},
            "strangers": {id_: hit.document.modality for id_, hit in found.items() if id_ not in self._ids},
        }
        return json.dumps(fields).encode() + b"\n"

    def _id(self, document: Document) -> str:
        """The judged document's: of a passage, its record's."""
        whole = file_of(document)
        return whole if whole in self._ids else document.id

    def _warn(self, system: Indexed, found: list[dict[str, Any]]) -> None:
        strangers = {id_: Modality(kind) for fields in found for id_, kind in fields["strangers"].items()}
        if strangers:
            logger.warning(
                f"{system}: {len(strangers):,} documents in the lists are not in {self._collection.path} and "
                f"count as no answers, such as {next(iter(strangers))}"
            )
        self.strangers |= strangers

    def _open(self, path: str, progress: Progress | None) -> Searcher:
        if path not in self._opened:
            searcher = self._resources.enter_context(open_together(Path(path)))
            if rank() == 0:
                warn_of_missing(
                    searcher.index, self._collection, self._split, f"index {path}", progress, passages=True
                )
            self._opened[path] = searcher
        return self._opened[path]

    @cached_property
    def _ids(self) -> set[str]:
        return set(self._collection.ids())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.__exit__(kind, error, trace)


def warn_of_missing(
    index: Index,
    collection: Collection,
    split: str,
    name: str,
    progress: Progress | None = None,
    *,
    passages: bool = False,
) -> None:
    """Say how many documents of a collection an index lacks, and how many of them are answers of a split.

    With ``passages``, one that is there as passages, ``ID#0`` and so on, is not missing.

    Raises:
        CorpusError: it has none of them.
    """
    ids = collection.ids()
    missing: list[int] = []
    for start in range(0, len(ids), SCAN_SIZE):
        some = range(start, min(start + SCAN_SIZE, len(ids)))
        lacking = _absent(index, {row: ids[row] for row in some})
        missing += _absent(index, {row: f"{ids[row]}#0" for row in lacking}) if passages else lacking
        if progress:
            progress(some.stop, len(ids), "looking for documents")
    if not missing:
        return
    if len(missing) == len(ids):
        first = next(iter(index.scan(1, vectors=False)), None)
        there = f"ids there are such as {first[0][0].id!r}" if first else "it is empty"
        raise CorpusError(
            f"{name} has none of the {len(ids):,} documents of {collection.path}: {there}, here {ids[0]!r}; "
            "index the data set's own records"
        )
    answers = {
        row for topics in topic_batches(collection, split) for topic in topics for row in topic.positives
    }
    logger.warning(
        f"{name} lacks {len(missing):,} of the {len(ids):,} documents of {collection.path}, "
        f"{len(answers.intersection(missing)):,} of them answers, which are not found: {ids[missing[0]]}"
        + (", …" if len(missing) > 1 else "")
    )


def _absent(index: Index, ids: dict[int, str]) -> list[int]:
    """The rows of those that the index does not have."""
    found = index.get(list(ids.values()))
    return [row for row, document in zip(ids, found, strict=True) if document is None]
