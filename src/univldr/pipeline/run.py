"""One corpus into one open index: what changed is read, worded, encoded, stored; what went is forgotten."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from univldr.corpus.base import Corpus, Scan, Skipped, Source
from univldr.errors import CorpusError, ImageError, MissingExtra
from univldr.index import Store, means
from univldr.index.sources import UNFINISHED, Finished, split_stamp, worded_stamp
from univldr.pipeline.content import content_of
from univldr.types import Document, Encoder, Float32Array, Modality, Progress
from univldr.verbalize.run import Counts, Verbalization

BATCH_SIZE = 64
"""Documents between two records of progress."""

FLUSH_SECONDS = 2.0
"""A flush takes as long as encoding some documents, so it waits for more; only then do they count as done."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run did, in sources (files or records), but for ``documents``.

    Attributes:
        added: New, or left unfinished by an earlier run, and now in the index.
        updated: Changed, and now in the index as they are.
        renamed: Moved or renamed within the corpus, with all that their vectors depend on as it was.
        removed: No longer in the corpus.
        unchanged: Not even read.
        skipped: Left out, in whole or in part, by this run or an earlier one, and why.
        documents: How many documents the index holds now.
        encoded: How many documents were given to the encoder; the other new ones had known contents.
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
    renamed: int = 0
    encoded: int = 0


@dataclass(slots=True)
class _Read:
    """A source on its way into the index."""

    source: Source
    documents: list[Document] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    insist: bool = False
    retry: bool = False

    def skip(self, key: str, error: Exception) -> None:
        self.skipped.append((key, str(error)))
        self.retry |= self.insist or isinstance(error, MissingExtra)  # it may be installed by the next run

    def leave_out(self, document: Document, error: Exception) -> None:
        self.documents = [other for other in self.documents if other.id != document.id]
        self.skip(document.id, error)

    def finished(self, words: str) -> Finished:
        pictures = any(document.modality is Modality.IMAGE for document in self.documents)
        stamp = worded_stamp(self.source.stamp, words) if pictures else self.source.stamp
        ids = [document.id for document in self.documents]
        stamp = UNFINISHED if self.retry else stamp
        return Finished(self.source.key, stamp, ids, self.skipped, self.contents)


_Pair = tuple[_Read, Document]
_Known = Mapping[str, Float32Array]  # vectors by document


def index_corpus(
    corpus: Corpus,
    store: Store,
    encoder: Callable[[], Encoder],
    verbalization: Verbalization | None = None,
    *,
    progress: Progress | None = None,
    batch_size: int = BATCH_SIZE,
    insist: bool = False,
) -> IndexReport:
    """Make ``store`` hold exactly what ``corpus`` holds now (documents of other corpora in it stay).

    A document that cannot be read or encoded is left out and reported, never the end of the run. One whose
    contents the index has, under this id or any other, is not encoded again. Other threads may meanwhile put
    documents into the index and drop them.

    Args:
        corpus: Where the documents come from.
        store: Where they go.
        encoder: Gives the encoder; called only when there is something to encode.
        verbalization: Makes the words that join captions; pictures with the words of another one are done
            again. Without, new pictures get none and old ones keep theirs.
        progress: Told how far it is.
        batch_size: Documents to encode and record at a time.
        insist: Whether the next run tries again what this one has to leave out, though it did not change.

    Raises:
        CorpusError: the corpus as a whole cannot be listed; the index is as it was.
        ModelError: the encoder is not the one the index was made with, or a verbalizer's model fails.
        StoreError: the index cannot be written.
    """
    started = time.perf_counter()
    if not corpus.root.exists():
        raise CorpusError(f"corpus {corpus.root} does not exist; is its disk mounted? The index is unchanged")
    scan = corpus.scan()
    sources = [source for source in scan.sources if _is_text(source.key)]
    keys = {source.key for source in sources}
    root = store.enter_root(str(corpus.root.absolute()), keys)
    known = store.sources.stamps(root)
    vanished = known.keys() - keys
    run = _Run(corpus, store, encoder, verbalization, root, vanished, insist)
    changed = [source for source in sources if not run.is_current(known.get(source.key, UNFINISHED), source)]
    stored = run.take_in(changed, batch_size, progress)
    renamed = run.count_renamed([key for key in stored if key not in known])
    run.forget()  # last: until now, what went may have vectors for what came
    if changed or vanished:
        store.engine.optimize()
    means.refresh(store, run.changed_documents, progress)
    return IndexReport(
        added=sum(not known.get(key) for key in stored) - renamed,
        updated=sum(bool(known.get(key)) for key in stored),
        removed=len(vanished) - renamed,
        unchanged=len(sources) - len(changed),
        skipped=_left_out(scan, store.sources.skipped(root)),
        documents=store.engine.count(),
        seconds=time.perf_counter() - started,
        words=verbalization.counts if verbalization else {},
        dropped_expansions=run.dropped_expansions,
        renamed=renamed,
        encoded=run.encoded,
    )


def _left_out(scan: Scan, known: Iterable[tuple[str, str]]) -> list[Skipped]:
    """What the scan, the names and the reading of sources left out, in this order."""
    names = [Skipped(repr(s.key), "its name is not Unicode") for s in scan.sources if not _is_text(s.key)]
    return [*scan.skipped, *names, *(Skipped(key, reason) for key, reason in known)]


class _Run:
    """One corpus on its way into one index."""

    def __init__(
        self,
        corpus: Corpus,
        store: Store,
        encoder: Callable[[], Encoder],
        verbalization: Verbalization | None,
        root: str,
        vanished: Collection[str],
        insist: bool,
    ) -> None:
        self.root = root
        self.encoded = 0
        self.changed_documents = 0
        self.dropped_expansions = 0
        self._corpus = corpus
        self._store = store
        self._encoder = cache(partial(_checked, store, encoder))
        self._verbalization = verbalization
        self._vanished = vanished
        self._insist = insist
        self._unrecorded: list[Finished] = []
        self._recorded_at = time.monotonic()

    def is_current(self, stamp: str, source: Source) -> bool:
        """Whether a source is in the index as it is, with the words it should have."""
        plain, words = split_stamp(stamp)
        wanted = words if self._verbalization is None else self._verbalization.key
        return plain == source.stamp and (words is None or words == wanted)

    def forget(self) -> None:
        """Remove what vanished, with its documents: from the engine first, so that none is orphaned."""
        if self._vanished:
            ids = self._store.sources.ids(self.root, self._vanished)
            self.changed_documents += self._store.engine.delete(ids)
            self._store.engine.flush()
            self._store.sources.remove(self.root, self._vanished)

    def count_renamed(self, new: Sequence[str]) -> int:
        """How many of the sources that vanished have the contents of one that is new."""
        if not new or not self._vanished:
            return 0
        gone = Counter(self._store.sources.contents(self.root, self._vanished).values())
        return (gone & Counter(self._store.sources.contents(self.root, new).values())).total()

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
            if time.monotonic() - self._recorded_at > FLUSH_SECONDS:
                self._record()
            if progress:
                progress(done, len(changed), "indexing")
        self._record()
        return stored

    def _record(self) -> None:
        """The engine is flushed before anything counts as done."""
        if self._unrecorded:
            self._store.engine.flush()
            self._store.sources.finish(self.root, self._unrecorded)
        self._unrecorded = []
        self._recorded_at = time.monotonic()

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
        read = _Read(source, insist=self._insist)
        try:
            documents = self._corpus.read(source)
        except (CorpusError, ImageError, MissingExtra) as error:
            read.skip(source.key, error)
            return read
        for document in documents:
            in_batch = taken.get(document.id)
            owner = (self.root, in_batch) if in_batch else self._store.sources.owner(document.id)
            if owner and (in_batch or not self._may_replace(owner, source)):
                read.skipped.append((document.id, _taken(owner)))
                read.retry = True  # the other one may go
            else:
                taken[document.id] = source.key
                read.documents.append(document)
        return read

    def _may_replace(self, owner: tuple[str, str], source: Source) -> bool:
        root, key = owner
        return root == self.root and (key == source.key or key in self._vanished)

    def _store_batch(self, batch: list[_Read], batch_size: int) -> None:
        """The order matters: what the engine may hold is noted first, what it holds is recorded last.

        That is ``_record``'s, some batches later.
        """
        engine, sources = self._store.engine, self._store.sources
        pairs = [(read, document) for read in batch for document in read.documents]
        chunks = [pairs[start : start + batch_size] for start in range(0, len(pairs), batch_size)]
        chunks = [worded for chunk in chunks if (worded := self._worded(chunk))]
        known = self._known(chunks)  # all of them: what is stored first may overwrite what comes later
        lost = self._begin(batch)
        noted = set(sources.ids(self.root, [read.source.key for read in batch]))
        for chunk in chunks:
            self._upsert([pair for pair in chunk if pair[1].id not in lost], known)
        gone = noted - {document.id for read in batch for document in read.documents}
        self.changed_documents += engine.delete(sorted(gone))
        words = self._verbalization.key if self._verbalization else ""
        self._unrecorded += [read.finished(words) for read in batch]

    def _begin(self, batch: list[_Read]) -> set[str]:
        """Note what is about to be stored, but for ids that an upload got meanwhile; returns those."""
        sources, uploads = self._store.sources, self._store.manifest.uploads
        ids = [document.id for read in batch for document in read.documents]
        with self._store.writing:
            lost = sources.taken([uploads] if self.root != uploads else [], ids)
            for read, document in [(r, d) for r in batch for d in r.documents if d.id in lost]:
                read.leave_out(document, CorpusError(_taken(lost[document.id])))
                read.retry = True
            sources.begin(self.root, {r.source.key: [document.id for document in r.documents] for r in batch})
        return set(lost)

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

    def _known(self, chunks: list[list[_Pair]]) -> _Known:
        """The vectors of those documents whose contents are in the index; all contents are noted."""
        contents: dict[str, bytes] = {}
        for read, document in (pair for chunk in chunks for pair in chunk):
            if content := content_of(document):
                contents[document.id] = read.contents[document.id] = content
        with self._store.writing:  # or a holder may get other contents in between
            holders = self._store.sources.holders(set(contents.values()))
            vectors = self._store.engine.vectors(list(holders.values())) if holders else {}
        held = {id_: holders.get(content, "") for id_, content in contents.items()}
        return {id_: vectors[holder] for id_, holder in held.items() if holder in vectors}

    def _upsert(self, pairs: list[_Pair], known: _Known) -> None:
        """Encode and store; on a bad document, halve until it stands alone, and leave that one out."""
        if not pairs:
            return
        documents = [document for _, document in pairs]
        encoder = None if all(document.id in known for document in documents) else self._encoder()
        try:
            vectors = self._vectors(documents, known, encoder)
            with self._store.writing:
                means.admit(self._store, documents, vectors)
                self._store.engine.upsert(documents, vectors)
            self.changed_documents += len(documents)
        except (CorpusError, ImageError, MissingExtra) as error:
            if len(pairs) > 1:
                self._upsert(pairs[: len(pairs) // 2], known)
                self._upsert(pairs[len(pairs) // 2 :], known)
            else:
                pairs[0][0].leave_out(documents[0], error)

    def _vectors(self, documents: list[Document], known: _Known, encoder: Encoder | None) -> Float32Array:
        """float32 [len(documents), dim]: the known ones, and those of the rest from ``encoder``."""
        rows = {document.id: known[document.id] for document in documents if document.id in known}
        new = [document for document in documents if document.id not in known]
        if new and encoder is not None:
            before = getattr(encoder, "dropped_expansions", 0)  # what only some encoders count
            encoded = encoder.encode_documents(new)
            rows |= {document.id: row for document, row in zip(new, encoded, strict=True)}
            self.dropped_expansions += getattr(encoder, "dropped_expansions", 0) - before
            self.encoded += len(new)
        return np.stack([rows[document.id] for document in documents])


def _checked(store: Store, load: Callable[[], Encoder]) -> Encoder:
    encoder = load()
    store.manifest.check(store.path, encoder)
    return encoder


def _taken(owner: tuple[str, str]) -> str:
    root, key = owner
    return f"its id is taken by a document of {key} in {root}"


def _is_text(key: str) -> bool:
    """Whether a file's name can be stored; names that are not valid in the file system's encoding cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in key)
