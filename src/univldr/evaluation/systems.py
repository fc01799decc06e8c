"""Retrieval systems by name, each a row of the table: BM25, dense, divide and conquer, its oracle form.

A system is a value that parses, prints and hashes as its name:

| name | what it does |
|---|---|
| ``MODEL`` | dense search over all documents together, by any name that ``load_encoder`` takes |
| ``bm25`` | BM25 over passages and captions together |
| ``MODEL:text``, ``MODEL+center:text``, ``bm25:image`` | the same, over the documents of one modality only |
| ``MODEL[caption,ocr]``, ``bm25[tags]`` | the words of these verbalizers join the captions of pictures |
| ``MODEL[caption:PATH]`` | the same, with that model for a captioner |
| ``MODEL+words`` | of a picture its caption and generated words alone, without the pixels |
| ``MODEL+center`` | each modality's mean taken out of its vectors, the texts' mean out of queries (GR-CLIP) |
| ``MODEL+center-queries`` | the same, with the queries' own mean taken out of queries |
| ``divide:MODEL`` | BM25 over the texts and MODEL over the pictures, apart; their lists fused |
| ``divide-dense:MODEL`` | MODEL over both, apart; their lists fused |
| ``divide(minmax):MODEL`` | fused otherwise: one of ``univldr.fusion.METHODS``; ``rrf`` is the default |
| ``oracle:MODEL``, ``oracle-dense:MODEL`` | the same lists, each query sent only to its positives' modality |

The brackets stand behind the model: ``divide:clip[ocr]+words+center``, ``clip[ocr]+center:image``.

The texts' and the pictures' lists have no document in common, so ``rrf`` and ``roundrobin`` let them take
turns. Which one begins is drawn from the query's id: neither modality gains by it over many queries.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from univldr.centering import Centered, center_queries, modality_means
from univldr.corpus.collection import Collection
from univldr.encoders import load_encoder
from univldr.encoders.embeddings import embed_collection, embed_split, topic_batches
from univldr.errors import ConfigError
from univldr.evaluation.lexical import BM25, BM25Settings, document_words
from univldr.evaluation.words import AS_SET, Wording, WordsEncoder
from univldr.fusion import check_method, fuse
from univldr.index.topk import Vectors, nonzero_rows, top_k
from univldr.trec import Run
from univldr.types import Encoder, Float32Array, Modality, Progress
from univldr.verbalize.settings import NONE, Plan

logger = logging.getLogger("univldr")

DEFAULT_FUSION = "rrf"

Centering: TypeAlias = Literal["", "text", "queries"]
"""Whose mean is taken out of queries; "" centers nothing."""

_CHUNK = 1024
_MODALITIES = tuple(Modality)
_PREFIX = re.compile(r"(divide|divide-dense|oracle|oracle-dense)(?:\((.*?)\))?:(.*)")
_BRACKETS = re.compile(r"(.*)\[([^\[\]]*)\]")
_WORDS = "+words"
_CENTERINGS: dict[Centering, str] = {"": "", "text": "+center", "queries": "+center-queries"}
_ENDS = (_WORDS, "+center", "+center-queries", *(f":{modality}" for modality in _MODALITIES))


@dataclass(frozen=True, slots=True)
class Lexical:
    """BM25.

    Attributes:
        pool: The modality that is searched; all of them by default.
        settings: How it weighs.
        verbalize: Whose words join the captions, as :meth:`univldr.verbalize.settings.Plan.of` reads it.
    """

    pool: Modality | None = None
    settings: BM25Settings = field(default_factory=BM25Settings)
    verbalize: str = ""

    def __str__(self) -> str:
        return f"bm25{_brackets(self.verbalize)}{_suffix(self.pool)}"


@dataclass(frozen=True, slots=True)
class Dense:
    """An encoder's vectors, searched exactly.

    Attributes:
        model: A name that ``load_encoder`` takes.
        pool: The modality that is searched; all of them by default.
        center: Whose mean is taken out of queries, after each modality's mean is taken out of its
            documents; by default nothing is taken out of anything.
        words: Whether a picture is its caption and generated words alone.
        verbalize: Whose words join the captions, as :meth:`univldr.verbalize.settings.Plan.of` reads it.
    """

    model: str
    pool: Modality | None = None
    center: Centering = ""
    words: bool = False
    verbalize: str = ""

    def __str__(self) -> str:
        name = f"{self.model}{_brackets(self.verbalize)}{_WORDS if self.words else ''}"
        return f"{name}{_CENTERINGS[self.center]}{_suffix(self.pool)}"


@dataclass(frozen=True, slots=True)
class Divided:
    """Divide and conquer: each modality is searched apart, then the lists are fused.

    Attributes:
        texts: Searches the texts.
        others: Searches each other modality.
        fusion: One of ``univldr.fusion.METHODS``.
        oracle: Send each query only to the modalities that its positives have.
    """

    texts: Lexical | Dense
    others: Dense
    fusion: str = DEFAULT_FUSION
    oracle: bool = False

    def __str__(self) -> str:
        kind = "oracle" if self.oracle else "divide"
        dense = "-dense" if isinstance(self.texts, Dense) else ""
        fusion = "" if self.fusion == DEFAULT_FUSION else f"({self.fusion})"
        return f"{kind}{dense}{fusion}:{self.others}"


System: TypeAlias = Lexical | Dense | Divided


def words_of(system: System) -> str:
    """What stands in a system's brackets; "" where there are none."""
    return system.others.verbalize if isinstance(system, Divided) else system.verbalize


Load: TypeAlias = Callable[[str, Collection], Encoder]
"""Gives the encoder of a model's name, for the documents of a collection."""


def load_by_name(name: str, collection: Collection) -> Encoder:
    """``load_encoder``, whatever the collection."""
    return load_encoder(name)


def parse_system(spec: str) -> System:
    """The system of a name; see the module's table.

    Raises:
        ConfigError: it is no such name; the message says what would be.
    """
    spec = spec.strip()
    if not (found := _PREFIX.fullmatch(spec)):
        return _single(spec, spec)
    kind, fusion, inner = found.groups()
    part = _single(inner, spec)
    if not isinstance(part, Dense):
        raise ConfigError(f'system "{spec}": BM25 sees no pixels; name a model, as in {kind}:clip')
    if part.pool is not None:
        raise ConfigError(f'system "{spec}" searches every modality; leave out :{part.pool}')
    fusion = DEFAULT_FUSION if fusion is None else fusion
    check_method(fusion)
    texts = part if kind.endswith("-dense") else Lexical()
    return Divided(texts, part, fusion, oracle=kind.startswith("oracle"))


def run_system(
    system: System,
    collection: Collection,
    split: str,
    *,
    k: int = 100,
    cache: Path,
    load: Load = load_by_name,
    wording: Wording = AS_SET,
    known: dict[System, Run] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Answer every query of a split.

    Args:
        system: See ``parse_system``.
        collection: The documents and the queries.
        split: Of the queries.
        k: Documents for each query; a pool is searched as deep before lists are fused.
        cache: Folder for vectors: systems of one model encode documents and queries once.
        load: Gives the encoder of a model's name.
        wording: How the words in a system's brackets are made.
        known: What systems have answered to these queries, as deep; looked up and added to, so that systems
            with a part in common, such as ``bm25:text``, search it once.
        progress: Told how far each step is.

    Returns:
        A list for each query, in stored order, best first; it is shorter than ``k`` where a pool holds fewer,
        or fewer share a word with the query. A document that could not be encoded is never in it.

    Raises:
        ConfigError: centering with the texts' mean where there are no texts; tags of no model.
        CorpusError: there is no such split, or a document cannot be read.
        MissingExtra: the system needs an optional dependency.
        ModelError: a model cannot be loaded or gives broken vectors.
        StoreError: the cache cannot be written, or ``k`` is below 1.
    """
    known = {} if known is None else known
    return _Running(collection, split, k, cache, load, wording, known, progress).run(system)


class _Running:
    """Searches over one collection for the queries of one split."""

    def __init__(
        self,
        collection: Collection,
        split: str,
        k: int,
        cache: Path,
        load: Load,
        wording: Wording,
        known: dict[System, Run],
        progress: Progress | None,
    ) -> None:
        self._wording, self._known = wording, known
        self._collection, self._split, self._k = collection, split, k
        self._cache, self._load, self._progress = cache, load, progress
        self._modalities = collection.modalities()
        self._queries: list[str] = []
        self._texts: list[str] = []
        self._positives: list[tuple[int, ...]] = []
        for topics in topic_batches(collection, split):
            self._queries += [topic.id for topic in topics]
            self._texts += [topic.query.text for topic in topics]
            self._positives += [topic.positives for topic in topics]

    def run(self, system: System) -> Run:
        if system not in self._known:
            self._known[system] = dict(zip(self._queries, self._answer(system), strict=True))
        return self._known[system]

    def _answer(self, system: System) -> list[dict[str, float]]:
        match system:
            case Lexical():
                return self._lexical(system)
            case Dense():
                return self._dense(system)
            case Divided():
                return self._divided(system)

    def _divided(self, system: Divided) -> list[dict[str, float]]:
        lists: dict[Modality, list[dict[str, float]]] = {}
        for modality in _MODALITIES:
            if self._collection.count(modality):
                part = system.texts if modality is Modality.TEXT else system.others
                lists[modality] = list(self.run(replace(part, pool=modality)).values())
        return [self._fused(system, number, lists) for number in range(len(self._queries))]

    def _fused(
        self, system: Divided, number: int, lists: Mapping[Modality, Sequence[dict[str, float]]]
    ) -> dict[str, float]:
        asked = list(lists)
        if system.oracle:
            right = set(self._modalities[list(self._positives[number])].tolist())
            asked = [modality for modality in asked if _MODALITIES.index(modality) in right]
        found = [lists[modality][number] for modality in asked]
        if len(found) == 1:
            return found[0]
        first = zlib.crc32(self._queries[number].encode()) % max(len(found), 1)
        fused = fuse([*found[first:], *found[:first]], system.fusion)
        return dict(list(fused.items())[: self._k])

    def _lexical(self, system: Lexical) -> list[dict[str, float]]:
        documents = np.arange(len(self._collection))
        if system.pool is not None:
            documents = np.flatnonzero(self._of(system.pool))
        collection = self._worded(system.verbalize, None)
        texts = (
            document_words(document)
            for start in range(0, len(documents), _CHUNK)
            for document in collection.documents(documents[start : start + _CHUNK].tolist(), pictures=False)
        )
        rows, scores = BM25(texts, system.settings).search(self._texts, self._k, progress=self._progress)
        return self._named(np.where(rows < 0, -1, documents[rows] if len(documents) else rows), scores)

    def _dense(self, system: Dense) -> list[dict[str, float]]:
        if system.center == "text" and not self._collection.count(Modality.TEXT):
            raise ConfigError(
                f'system "{system}" takes the mean of the texts out of queries, but there are no texts; '
                "use +center-queries"
            )
        collection = self._worded(system.verbalize, lambda: self._load(system.model, self._collection))
        encoder = self._load(system.model, collection)
        if system.words:
            encoder = WordsEncoder(encoder)
        before = getattr(encoder, "dropped_expansions", 0)  # what only some encoders count
        documents: Vectors = embed_collection(encoder, collection, self._cache, progress=self._progress)
        if dropped := getattr(encoder, "dropped_expansions", 0) - before:
            logger.warning(
                f"{system}: {dropped:,} expansions dropped: captions end at {encoder.max_tokens} tokens"
            )
        queries = embed_split(encoder, collection, self._split, self._cache, progress=self._progress)
        allowed = nonzero_rows(documents)
        if system.center:
            queries, documents = self._centered(system, queries, documents)
        if system.pool is not None:
            allowed &= self._of(system.pool)
        rows, scores = top_k(
            queries,
            documents,
            self._k,
            allowed=None if allowed.all() else allowed,
            progress=self._progress,
        )
        return self._named(rows, scores)

    def _worded(self, spec: str, own: Callable[[], Encoder] | None) -> Collection:
        """The collection with the words of a system's brackets."""
        if not spec:
            return self._collection
        return self._wording.collection(self._collection, spec, self._cache, own=own, progress=self._progress)

    def _centered(
        self, system: Dense, queries: Float32Array, documents: Vectors
    ) -> tuple[Float32Array, Centered]:
        means = modality_means(documents, self._modalities)
        mean = means[_MODALITIES.index(Modality.TEXT)] if system.center == "text" else None
        return center_queries(queries, mean), Centered(documents, self._modalities, means)

    def _of(self, modality: Modality) -> npt.NDArray[np.bool_]:
        chosen: npt.NDArray[np.bool_] = self._modalities == _MODALITIES.index(modality)
        return chosen

    @cached_property
    def _ids(self) -> list[str]:
        return self._collection.ids()

    def _named(self, rows: npt.NDArray[np.int64], scores: Float32Array) -> list[dict[str, float]]:
        return [
            {self._ids[row]: score for row, score in zip(*pair, strict=True) if row >= 0}
            for pair in zip(rows.tolist(), scores.tolist(), strict=True)
        ]


def _single(text: str, spec: str) -> Lexical | Dense:
    """A system without fusion: ``text`` is all or a part of ``spec``."""
    name, pool = text, None
    head, _, last = text.rpartition(":")
    if last in _MODALITIES:
        name, pool = head, Modality(last)
    center = next(whose for whose in reversed(_CENTERINGS) if name.endswith(_CENTERINGS[whose]))
    whole = name.removesuffix(_CENTERINGS[center])
    called = whole.removesuffix(_WORDS)
    model, verbalize = _verbalized(called, spec)
    if not model:
        raise ConfigError(f'system "{spec}" names no model; write bm25, a model such as clip, or divide:clip')
    if model == "bm25":
        if name != called:
            raise ConfigError(f'system "{spec}": BM25 has no vectors to center and no pixels; write bm25')
        return Lexical(pool, verbalize=verbalize)
    prefix, colon, _ = model.partition(":")
    if colon and prefix != "openmatch" and len(prefix) > 1 and not Path(model).exists():
        raise ConfigError(
            f'system "{spec}": "{model}" is no model; before a colon can stand divide, divide-dense, oracle '
            f"or oracle-dense, and {' or '.join(_MODALITIES)} at the very end, as in clip+center:image"
        )
    return Dense(model, pool, center, words=whole != called, verbalize=verbalize)


def _verbalized(name: str, spec: str) -> tuple[str, str]:
    """A model's name and what stands in brackets behind it."""
    found = None if Path(name).exists() else _BRACKETS.fullmatch(name)
    model, words = found.groups() if found else (name, "")
    misplaced = found is not None and model.endswith(_ENDS)
    if misplaced or (re.search(r"[\[\]]", model) and not Path(model).exists()):
        raise ConfigError(
            f'system "{spec}": the names of verbalizers stand in brackets right behind the model, '
            "as in clip[caption,ocr]+words+center:image"
        )
    try:
        Plan.of(words)
    except ConfigError as error:
        raise ConfigError(f'system "{spec}": {error}') from error
    parts = [part.strip() for part in words.split(",")]
    return model, ",".join(part for part in parts if part not in ("", NONE))


def _brackets(words: str) -> str:
    return f"[{words}]" if words else ""


def _suffix(pool: Modality | None) -> str:
    return "" if pool is None else f":{pool}"
