"""Bring an index up to date with a corpus: read, verbalize, encode and store what changed, forget what went.

At any moment the process may die: the next run finds an index that opens, and redoes at most a batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from univldr.corpus import open_corpus
from univldr.corpus.base import Corpus, Cutter, Skipped, Source
from univldr.corpus.passages import PassageCutter
from univldr.encoders import load_encoder
from univldr.encoders.settings import UNCHANGED, TextSettings
from univldr.errors import ConfigError, CorpusError, ImageError, MissingExtra, StoreError
from univldr.index import Manifest, Store, exists, index_of
from univldr.index.sources import UNFINISHED, Finished
from univldr.types import Document, Encoder, Modality, Progress
from univldr.verbalize.cache import WordCache, default_cache
from univldr.verbalize.load import load_verbalizers
from univldr.verbalize.run import Counts, Verbalization
from univldr.verbalize.settings import Plan

BATCH_SIZE = 64
"""Documents between two records of progress."""

_WORDS = " words="
"""In a stamp, before the key of the verbalization that a source with pictures was indexed with."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run did, in sources (files or records), but for ``documents``.

    Attributes:
        added: New, or left unfinished by an earlier run, and now in the index.
        updated: Changed, and now in the index as they are.
        removed: No longer in the corpus.
        unchanged: Not even read.
        skipped: Left out, in whole or in part, by this run or an earlier one, and why.
        documents: How many documents the index holds now.
        seconds: Wall time.
        words: What each verbalizer did.
        dropped_expansions: Generated words left out of vectors because a caption was full.
    """

    added: int
    updated: int
    removed: int
    unchanged: int
    skipped: list[Skipped]
    documents: int
    seconds: float
    words: Mapping[str, Counts] = field(default_factory=dict)
    dropped_expansions: int = 0


@dataclass(slots=True)
class _Read:
    """A source on its way into the index."""

    source: Source
    documents: list[Document] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    retry: bool = False

    def skip(self, key: str, error: Exception) -> None:
        self.skipped.append((key, str(error)))
        self.retry |= isinstance(error, MissingExtra)  # it may be installed by the next run

    def leave_out(self, document: Document, error: Exception) -> None:
        self.documents = [other for other in self.documents if other.id != document.id]
        self.skip(document.id, error)

    def finished(self, words: str) -> Finished:
        pictures = any(document.modality is Modality.IMAGE for document in self.documents)
        stamp = f"{self.source.stamp}{_WORDS}{words}" if pictures else self.source.stamp
        ids = [document.id for document in self.documents]
        return Finished(self.source.key, UNFINISHED if self.retry else stamp, ids, self.skipped)


_Pair = tuple[_Read, Document]


def update(
    corpus: Path,
    *,
    index: Path | None = None,
    model: str | None = None,
    rebuild: bool = False,
    verbalize: str | None = None,
    settings: Sequence[str] = (),
    words: bool = True,
    texts: TextSettings = UNCHANGED,
    progress: Progress | None = None,
) -> IndexReport:
    """Bring the index of the corpus at ``corpus`` up to date; make it if there is none.

    Args:
        corpus: A folder, or a .jsonl or .parquet file of records.
        index: The index directory, by default ``index_of(corpus)``.
        model: For a new index, ``auto`` by default; an index that exists names its own.
        rebuild: Make the index anew, with another model for instance.
        verbalize: Verbalizers such as ``caption:PATH,ocr`` whose words join the captions from now on, or
            ``none``; by default what the index remembers.
        settings: Of the verbalizers, such as ``caption.beams=3``; the index remembers them, too.
        words: Whether this run makes words; what it indexes without them gets them in the next that does.
        texts: For a new index, what to change of how the model reads texts.
        progress: Told how far it is.

    Raises:
        ConfigError: a verbalizer or a setting makes no sense.
        CorpusError: there is no such corpus.
        MissingExtra: a verbalizer's optional dependency is not installed; the index is unchanged.
        ModelError: a model cannot be loaded, or is not the one the index was made with.
        StoreError: the index cannot be opened, read or written.
    """
    path = corpus.expanduser().absolute()
    directory = index or index_of(path)
    old = None if rebuild or not exists(directory) else Manifest.read(directory)
    plan = remembered_plan(directory).changed(verbalize, settings)
    if old is not None:
        texts = _same_texts(old, texts, directory)
    load = cache(partial(load_encoder, (model or "auto") if old is None else old.encoder, texts))
    verbalization = None
    if words:
        verbalization = Verbalization(load_verbalizers(plan, load), WordCache(default_cache()))
    opened = open_corpus(path, _lazy_cutter(load))
    with _opened(directory, old, load, texts, replace=rebuild) as store:
        if old is not None and model not in (None, "auto"):
            store.manifest.check_name(directory, model)
        if store.manifest.verbalize != plan.to_dict():
            store.use_verbalizers(plan.to_dict())
        return index_corpus(opened, store, load, verbalization, progress=progress)


def remembered_plan(index: Path) -> Plan:
    """The verbalizers that an index remembers, also while it is made anew; none where there is no index.

    Raises:
        ConfigError: this version does not know one of them or of their settings.
    """
    try:
        manifest = Manifest.read(index)
    except StoreError:  # there is none, or it is broken: who opens it will hear
        return Plan()
    return Plan.from_dict(manifest.verbalize, f"index {index}")


def index_corpus(
    corpus: Corpus,
    store: Store,
    encoder: Callable[[], Encoder],
    verbalization: Verbalization | None = None,
    *,
    progress: Progress | None = None,
    batch_size: int = BATCH_SIZE,
) -> IndexReport:
    """Make ``store`` hold exactly what ``corpus`` holds now (documents of other corpora in it stay).

    A document that cannot be read or encoded is left out and reported, never the end of the run.

    Args:
        corpus: Where the documents come from.
        store: Where they go.
        encoder: Gives the encoder; called only when there is something to encode.
        verbalization: Makes the words that join captions; pictures with the words of another one are done
            again. Without, new pictures get none and old ones keep theirs.
        progress: Told how far it is.
        batch_size: Documents to encode and record at a time.

    Raises:
        CorpusError: the corpus as a whole cannot be listed; the index is as it was.
        ModelError: the encoder is not the one the index was made with, or a verbalizer's model fails.
        StoreError: the index cannot be written.
    """
    started = time.perf_counter()
    if not corpus.root.exists():
        raise CorpusError(f"corpus {corpus.root} does not exist; is its disk mounted? The index is unchanged")
    scan = corpus.scan()
    run = _Run(corpus, store, encoder, verbalization, str(corpus.root.absolute()))
    store.enter_root(run.root)
    known = store.sources.stamps(run.root)
    sources = [source for source in scan.sources if _is_text(source.key)]
    changed = [source for source in sources if not run.is_current(known.get(source.key, UNFINISHED), source)]
    vanished = known.keys() - {source.key for source in sources}
    run.forget(vanished)
    stored = run.take_in(changed, batch_size, progress)
    if changed or vanished:
        store.engine.optimize()
    unreadable = [
        Skipped(repr(s.key), "its name is not Unicode") for s in scan.sources if not _is_text(s.key)
    ]
    left_out = [Skipped(key, reason) for key, reason in store.sources.skipped(run.root)]
    return IndexReport(
        added=sum(not known.get(key) for key in stored),
        updated=sum(bool(known.get(key)) for key in stored),
        removed=len(vanished),
        unchanged=len(sources) - len(changed),
        skipped=[*scan.skipped, *unreadable, *left_out],
        documents=store.engine.count(),
        seconds=time.perf_counter() - started,
        words=verbalization.counts if verbalization else {},
        dropped_expansions=run.dropped_expansions,
    )


class _Run:
    """One corpus on its way into one index."""

    def __init__(
        self,
        corpus: Corpus,
        store: Store,
        encoder: Callable[[], Encoder],
        verbalization: Verbalization | None,
        root: str,
    ) -> None:
        self.root = root
        self.dropped_expansions = 0
        self._corpus = corpus
        self._store = store
        self._encoder = cache(partial(_checked, store, encoder))
        self._verbalization = verbalization

    def is_current(self, stamp: str, source: Source) -> bool:
        """Whether a source is in the index as it is, with the words it should have."""
        plain, pictures, words = stamp.partition(_WORDS)
        wanted = words if self._verbalization is None else self._verbalization.key
        return plain == source.stamp and (not pictures or words == wanted)

    def forget(self, vanished: Iterable[str]) -> None:
        """Remove sources and their documents: from the engine first, so that none is orphaned."""
        keys = list(vanished)
        if keys:
            self._store.engine.delete(self._store.sources.ids(self.root, keys))
            self._store.engine.flush()
            self._store.sources.remove(self.root, keys)

    def take_in(self, changed: list[Source], batch_size: int, progress: Progress | None) -> list[str]:
        """Read, encode and store sources, a batch at a time; returns the keys of those with documents."""
        stored: list[str] = []
        done = 0
        if progress and changed:
            progress(0, len(changed), "indexing")
        for batch in self._batches(changed, batch_size):
            self._store_batch(batch, batch_size)
            stored += [read.source.key for read in batch if read.documents]
            done += len(batch)
            if progress:
                progress(done, len(changed), "indexing")
        return stored

    def _batches(self, sources: Iterable[Source], batch_size: int) -> Iterator[list[_Read]]:
        """Whole sources with ``batch_size`` documents or a few more; one with many is a batch of its own."""
        batch: list[_Read] = []
        taken: dict[str, str] = {}
        for source in sources:
            batch.append(self._read(source, taken))
            if len(taken) >= batch_size or len(batch) >= batch_size:
                yield batch
                batch, taken = [], {}
        if batch:
            yield batch

    def _read(self, source: Source, taken: dict[str, str]) -> _Read:
        """The source's documents, but for those whose id another one has in the index or the batch.

        ``taken`` maps the batch's ids to their sources' keys; this source's are added.
        """
        read = _Read(source)
        try:
            documents = self._corpus.read(source)
        except (CorpusError, ImageError, MissingExtra) as error:
            read.skip(source.key, error)
            return read
        own = (self.root, source.key)
        for document in documents:
            in_batch = taken.get(document.id)
            owner = (self.root, in_batch) if in_batch else self._store.sources.owner(document.id)
            if owner and (in_batch or owner != own):
                root, key = owner
                read.skipped.append((document.id, f"its id is taken by a document of {key} in {root}"))
                read.retry = True  # the other one may go
            else:
                taken[document.id] = source.key
                read.documents.append(document)
        return read

    def _store_batch(self, batch: list[_Read], batch_size: int) -> None:
        """The order matters: what the engine may hold is noted first, what it holds is recorded last."""
        engine, sources = self._store.engine, self._store.sources
        stale = set(sources.ids(self.root, [read.source.key for read in batch]))
        sources.begin(self.root, {r.source.key: [document.id for document in r.documents] for r in batch})
        pairs = [(read, document) for read in batch for document in read.documents]
        for start in range(0, len(pairs), batch_size):
            if worded := self._worded(pairs[start : start + batch_size]):
                self._upsert(worded)
        engine.delete(sorted(stale - {document.id for read in batch for document in read.documents}))
        engine.flush()
        words = self._verbalization.key if self._verbalization else ""
        sources.finish(self.root, [read.finished(words) for read in batch])

    def _worded(self, pairs: list[_Pair]) -> list[_Pair]:
        """The pairs, pictures with their words; without those whose picture nobody can look at."""
        if self._verbalization is None:
            return pairs
        worded = []
        results = self._verbalization.attempt([document for _, document in pairs])
        for (read, document), result in zip(pairs, results, strict=True):
            if isinstance(result, Document):
                worded.append((read, result))
            else:
                read.leave_out(document, result)
        return worded

    def _upsert(self, pairs: list[_Pair]) -> None:
        """Encode and store; on a bad document, halve until it stands alone, and leave that one out."""
        documents = [document for _, document in pairs]
        encoder = self._encoder()
        before = getattr(encoder, "dropped_expansions", 0)  # what only some encoders count
        try:
            self._store.engine.upsert(documents, encoder.encode_documents(documents))
            self.dropped_expansions += getattr(encoder, "dropped_expansions", 0) - before
        except (CorpusError, ImageError, MissingExtra) as error:
            if len(pairs) > 1:
                self._upsert(pairs[: len(pairs) // 2])
                self._upsert(pairs[len(pairs) // 2 :])
            else:
                pairs[0][0].leave_out(documents[0], error)


@contextmanager
def _opened(
    directory: Path, old: Manifest | None, load: Callable[[], Encoder], texts: TextSettings, *, replace: bool
) -> Iterator[Store]:
    if old is not None:
        with Store.open(directory) as store:
            yield store
        return
    new = Manifest.of(load(), template=texts.template, max_tokens=texts.max_tokens)
    with Store.create(directory, new, replace=replace) as store:
        yield store


def _same_texts(old: Manifest, wanted: TextSettings, directory: Path) -> TextSettings:
    """How the index reads texts; another way would give other vectors."""
    texts = TextSettings(old.template, old.max_tokens)
    if wanted not in (UNCHANGED, texts):
        raise ConfigError(
            f"index {directory} was made with template {texts.template!r} and max_tokens {texts.max_tokens}, "
            f"not {wanted.template!r} and {wanted.max_tokens}; make it anew with --rebuild"
        )
    return texts


def _lazy_cutter(load: Callable[[], Encoder]) -> Cutter:
    """A cutter that loads the encoder, for its tokenizer, with the first text."""
    cutter = cache(lambda: PassageCutter(load().count_tokens, load().max_tokens))
    return lambda text: cutter()(text)


def _checked(store: Store, load: Callable[[], Encoder]) -> Encoder:
    encoder = load()
    store.manifest.check(store.path, encoder)
    return encoder


def _is_text(key: str) -> bool:
    """Whether a file's name can be stored; names that are not valid in the file system's encoding cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in key)
