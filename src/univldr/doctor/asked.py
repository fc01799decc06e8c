"""The modality report of an index, for queries that somebody asks of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from univldr.corpus.fields import identifier, string
from univldr.corpus.records import JsonlFile
from univldr.corpus.retrieval import positives
from univldr.errors import ConfigError, CorpusError
from univldr.evaluation.modality import modality_report
from univldr.evaluation.report import ModalityReport
from univldr.index.means import Means, means_of
from univldr.search import Request, Searcher
from univldr.search import open as open_index
from univldr.search.candidates import ranking
from univldr.search.compose import combined, components
from univldr.trec import Qrels, Run, read_qrels
from univldr.types import Modality, Progress, Query

logger = logging.getLogger("univldr")

DEPTH = 100
"""Documents that are ranked for each query."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Queries and what answers them.

    Attributes:
        queries: By id.
        qrels: Of every query, empty where nobody judged it.
    """

    queries: Mapping[str, Query]
    qrels: Qrels


def wanted(file: Path | None, qrels: Path | None = None, plot: Path | None = None) -> Asked | None:
    """What the options of a command ask for; ``None`` where they name no queries.

    Raises:
        ConfigError: there are judgments without queries, or a plot without both.
        CorpusError: see ``read_queries``.
    """
    if file is None and (qrels or plot):
        raise ConfigError("--qrels and --plot are about the modality report; give --queries FILE")
    asked = None if file is None else read_queries(file, qrels)
    if plot and asked and not any(asked.qrels.values()):
        raise ConfigError(f"{file}: no query has positives, which --plot is about; add --qrels FILE")
    return asked


def read_queries(file: Path, qrels: Path | None = None) -> Asked:
    """Queries from a file.

    Args:
        file: JSONL of ``id``, ``query`` and perhaps ``positives`` or a picture in ``image``, as our data sets
            have them; or lines of an id, a tab and words.
        qrels: Judgments in TREC's format, in place of the positives.

    Raises:
        CorpusError: a file cannot be read, or a line is malformed; the message names it.
    """
    read = _jsonl if file.suffix in (".jsonl", ".ndjson") else _tabbed
    queries: dict[str, Query] = {}
    judged: Qrels = {}
    try:
        for where, id_, query, relevant in read(file):
            if id_ in queries:
                raise CorpusError(f"{where}: a second query {id_!r}")
            queries[id_], judged[id_] = query, relevant
    except OSError as error:
        raise CorpusError(f"{file}: cannot be read: {error.strerror or error}") from error
    if not queries:
        raise CorpusError(f'{file}: no queries; write one a line: {{"id": "1", "query": "words"}}')
    known = judged if qrels is None else read_qrels(qrels)
    return Asked(queries, {id_: known.get(id_, {}) for id_ in queries})


_Line = tuple[str, str, Query, dict[str, int]]


def _jsonl(file: Path) -> Iterator[_Line]:
    for row in JsonlFile(file).rows():
        where = f"{file} line {row.number}"
        if isinstance(row.value, CorpusError):
            raise CorpusError(f"{where}: {row.value}")
        if not isinstance(row.value, dict):
            raise CorpusError(f"{where}: not a JSON object")
        fields: dict[str, Any] = {name: value for name, value in row.value.items() if value is not None}
        try:
            words = string(fields, "query") or string(fields, "text")
            image = string(fields, "image")
            picture = file.parent / image if image else None
            yield where, identifier(fields.get("id"), "id"), _query(words, picture), positives(fields)
        except CorpusError as error:
            raise CorpusError(f"{where}: {error}") from error


def _tabbed(file: Path) -> Iterator[_Line]:
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            id_, tab, words = line.strip().partition("\t")
            if id_ and not tab:
                raise CorpusError(f"{file} line {number}: no tab; write an id, a tab and the words")
            if id_:
                yield f"{file} line {number}", id_, _query(words, None), {}


def _query(words: str, picture: Path | None) -> Query:
    if not words.strip() and picture is None:
        raise CorpusError('neither a "query" nor an "image"')
    return Query(words, picture)


def reports(index: Path, asked: Asked, progress: Progress | None = None) -> dict[str, ModalityReport]:
    """The modality report of each way to rank: by cosine and, where the index keeps means, centered.

    Raises:
        CorpusError: none of the judged documents is in the index, or the index is empty.
        StoreError, ModelError: it cannot be searched.
    """
    with open_index(index) as searcher:
        modalities = {one.id: one.modality for some, _ in searcher.index.scan(vectors=False) for one in some}
        qrels = _known(asked, modalities)
        ways: dict[str, Means | None] = {searcher.encoder.name: None}
        means = None if searcher.manifest is None else means_of(searcher.manifest)
        if means is not None and means.have_both:
            ways[f"{searcher.encoder.name}+center"] = means
        found = {}
        for name, taken in ways.items():
            run, own = _runs(searcher, asked, taken, set(modalities.values()), progress)
            found[name] = modality_report(run, qrels, modalities, own=own, judged=any(qrels.values()))
        return found


def _known(asked: Asked, modalities: Mapping[str, Modality]) -> Qrels:
    """The judgments of documents that there are; without the others' queries, where there are any."""
    if not any(asked.qrels.values()):
        return asked.qrels
    qrels = {
        query: {id_: relevance for id_, relevance in judged.items() if id_ in modalities}
        for query, judged in asked.qrels.items()
    }
    strangers = sum(map(len, asked.qrels.values())) - sum(map(len, qrels.values()))
    qrels = {query: judged for query, judged in qrels.items() if judged}
    if not qrels:
        wanted, have = next(iter(next(filter(None, asked.qrels.values())))), next(iter(modalities), "none")
        raise CorpusError(
            f"no judged document is in the index: {wanted!r} is judged; ids here are such as {have!r}"
        )
    if strangers:
        logger.warning(f"{strangers:,} judged documents are not in the index and do not count")
    return qrels


def _runs(
    searcher: Searcher, asked: Asked, means: Means | None, kinds: set[Modality], progress: Progress | None
) -> tuple[Run, dict[Modality, Run]]:
    """Over everything, and over each kind alone."""
    run: Run = {}
    own: dict[Modality, Run] = {modality: {} for modality in Modality if modality in kinds}
    for done, (id_, query) in enumerate(asked.queries.items(), start=1):
        request = Request(query, lexical="off")
        vector = combined(components(query, searcher.encoder, searcher.index), means)
        for modality, target in [(None, run), *own.items()]:
            ranked = ranking(searcher.index, vector, replace(request, modality=modality), means)
            target[id_] = {one.document.id: one.score for one in ranked.top(DEPTH)}
        if progress:
            progress(done, len(asked.queries), "asking")
    return run, own
