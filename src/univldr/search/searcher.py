"""An encoder and the index it made."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Unpack

from univldr.calibration import Calibrated, Calibration, kind_of
from univldr.encoders import load_encoder
from univldr.encoders.settings import Joint, TextSettings
from univldr.errors import ConfigError, StoreError
from univldr.index import Manifest
from univldr.index.base import Held, Index
from univldr.index.engines import create_index, open_index
from univldr.index.means import Means, means_of
from univldr.search.candidates import BIAS, Candidate, ranking
from univldr.search.compose import combined, components
from univldr.search.explain import explained
from univldr.search.group import Group, by_file, folded
from univldr.search.request import Request
from univldr.search.results import Found, Options, Results, requested
from univldr.search.wording import Wording
from univldr.types import Document, Encoder, Float32Array, Hit, Query
from univldr.verbalize.settings import Plan

_MORE = 3  # times as many documents as hits are fetched first, since several may be of one file


class Searcher:
    """An encoder and the index it made; holds the index until closed.

    >>> with univldr.open("~/stuff") as searcher:
    ...     for hit in searcher.search("the whiteboard with the pricing model").limit(5):
    ...         print(hit.score, hit.document.title)
    """

    def __init__(self, encoder: Encoder, index: Index, *, store: Held | None = None) -> None:
        self.encoder = encoder
        self.index = index
        self._store = store
        self._wording = Wording(lambda: self.encoder)
        self._closed = False

    def search(self, query: str | Query, k: int = 10, **options: Unpack[Options]) -> Results:
        """The best ``k`` hits: by score downwards, equal scores by id. It runs when they are first looked at.

        Args:
            query: Words, or a ``Query`` of words, a picture, terms and documents to be like.
            k: How many hits; fewer come only where fewer match.
            options: See :class:`univldr.search.Request`; ``where`` may be a text, such as
                ``year > 2020 and path under 'trips'`` (``docs/filters.md``).

        Raises:
            ConfigError: there is nothing to look for, a value is out of its bounds, or the filter cannot be
                parsed. Later, when it runs: the query's terms cancel out, or ``min_relevance`` is asked of a
                model without calibration.
            ImageError: when it runs, the query's picture cannot be decoded.
        """
        return Results(self, requested(query, k, options))

    def like(self, *documents: Hit | str, k: int = 10, **options: Unpack[Options]) -> Results:
        """More like these: hits of an earlier search, or ids; they themselves are left out."""
        ids = tuple(one.document.id if isinstance(one, Hit) else one for one in documents)
        return self.search(Query(like=ids), k, **options)

    def run(self, request: Request) -> Found:
        """Answer a request now.

        Raises:
            ConfigError, ImageError: see ``search``.
            StoreError: the index cannot be read, the searcher is closed, or a document to be like is gone.
        """
        if self._closed:
            raise StoreError("the searcher is closed; look at the results before, or take list(results)")
        started = time.perf_counter()
        means = self._means(request)
        judge = self._judge(request, means)
        vector = combined(components(request.query, self.encoder, self.index), means)
        groups = self._groups(request, vector, means, judge)
        hits: list[Hit] = []
        shown = groups[request.offset : request.offset + request.k]
        for rank, group in enumerate(shown, start=request.offset + 1):
            hit = _hit(group, rank, judge, shown[-1].best.score)
            if request.explain:
                hit = replace(hit, explanation=explained(group.best, vector, self.encoder, means))
            hits.append(hit)
        answered = judge.answers([hit.relevance for hit in hits]) if judge else None
        return Found(hits, answered, (time.perf_counter() - started) * 1000)

    def upsert(self, documents: Sequence[Document]) -> None:
        """Encode and store documents by id; of one id the last counts. They survive a crash once it returns.

        They belong to no corpus: no update removes them, and an index that is made anew takes them along,
        also with another model. Pictures given as bytes are kept beside the index; those given as paths stay
        where they are. The words that the index's verbalizers make of them join what the documents bring.

        Raises:
            CorpusError: a document cannot be stored, or its id is that of a file or record of an indexed
                corpus; none of the call's was stored.
            ImageError: a picture cannot be decoded; none of the call's was stored.
            MissingExtra, ModelError: a verbalizer cannot be loaded, or fails; none was stored.
            StoreError: the index was made anew meanwhile, or it cannot be written.
        """
        manifest = self.manifest
        made = self._wording.made(documents, manifest.verbalize) if manifest else None
        vectors = self.encoder.encode_documents(made.joined(documents) if made else list(documents))
        if self._store is not None:
            self._store.put(documents, vectors, made)
        else:
            self.index.upsert(documents, vectors)
            self.index.flush()

    def delete(self, ids: Sequence[str]) -> int:
        """Forget documents; unknown ids are fine. Returns how many there were.

        A document whose file is still in the indexed folder comes back when that file changes.
        """
        if self._store is not None:
            return self._store.drop(ids)
        count = self.index.delete(ids)
        self.index.flush()
        return count

    def is_stale(self) -> bool:
        """Whether the index was made anew meanwhile, with another model perhaps: close it and open it again.

        Raises:
            StoreError: there is no index any more.
        """
        return self._store is not None and self._store.is_stale()

    def documents_of(self, name: str | Path) -> list[str]:
        """The ids of a document, given by its id, or of all documents of a file of an indexed corpus.

        Raises:
            StoreError: there is no such document and no such file in the index.
        """
        if isinstance(name, str) and self.index.get([name]) != [None]:
            return [name]
        if self._store is not None:
            path = Path(name).expanduser().absolute()
            for root in map(Path, self._store.manifest.roots):
                if path.is_relative_to(root):
                    key = path.relative_to(root).as_posix()
                    if ids := self._store.ids_of(str(root), [key]):
                        return ids
        raise StoreError(f"{str(name)!r} is neither a document of the index nor a file in it")

    def _groups(
        self, request: Request, vector: Float32Array, means: Means | None, judge: Calibration | None
    ) -> list[Group]:
        """Enough groups for the request, or all there are."""
        source = ranking(self.index, vector, request, means, judge)
        wanted = request.offset + request.k
        depth = _MORE * wanted if request.per_file or request.fold else wanted
        depth += len(request.query.like)
        while True:
            found = source.top(depth)
            groups = self._grouped([one for one in found if _wanted(one, request, judge)], request)
            if len(groups) >= wanted or len(found) < depth or _is_last(found[-1], request, judge):
                return groups
            depth *= 4

    def _grouped(self, found: Sequence[Candidate], request: Request) -> list[Group]:
        groups = by_file(found) if request.per_file else list(map(Group, found))
        return folded(groups, self.index) if request.fold else groups

    def _means(self, request: Request) -> Means | None:
        """The means to take out, if any."""
        if request.center == "off" or self._store is None:
            return None
        if request.center == "auto" and (not isinstance(self.encoder, Joint) or self.encoder.joint):
            return None
        means = means_of(self._store.manifest)
        return means if means and means.have_both else None

    def _judge(self, request: Request, means: Means | None) -> Calibration | None:
        """What tells how relevant a hit is: known for plain words, of a calibrated model, not centered."""
        known = self.encoder.calibration if isinstance(self.encoder, Calibrated) else None
        judge = known if request.query.is_words and means is None else None
        if judge is None and request.min_relevance is not None:
            reason = (
                "the query is not words alone" if known else f"model {self.encoder.name!r} is not calibrated"
            )
            reason = "the search is centered" if known and means else reason
            raise ConfigError(
                f"min_relevance is {request.min_relevance}, but relevance is not known: {reason}"
            )
        return judge

    @property
    def manifest(self) -> Manifest | None:
        """What the index was made with; ``None`` for one in memory."""
        return self._store.manifest if self._store else None

    def close(self) -> None:
        """Let another process open the index."""
        self._closed = True
        (self._store or self.index).close()

    def __enter__(self) -> Searcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open(path: str | Path, *, model: str | None = None) -> Searcher:
    """Open the index of a corpus, or an index itself, with the model it was made with.

    Args:
        path: The corpus, the index directory, or a URI such as ``qdrant://host:6333/name``.
        model: Refuse an index that was made with another one; ``None`` and ``auto`` take any.

    Raises:
        StoreError: there is no index, it is broken, held by another process, or on a cluster out of reach.
        ModelError: its model is missing or has changed since.
        ConfigError: the URI makes no sense.
    """
    return searcher_of(open_index(path), model=model)


def searcher_of(store: Held, *, model: str | None = None) -> Searcher:
    """A searcher of an open index, with the model it was made with; where that cannot be, it is closed.

    Raises:
        ModelError: see ``open``.
    """
    try:
        if model not in (None, "auto"):
            store.manifest.check_name(store.path, model)
        texts = TextSettings(store.manifest.template, store.manifest.max_tokens)
        encoder = load_encoder(store.manifest.encoder, texts)
        store.manifest.check(store.path, encoder)
    except BaseException:
        store.close()
        raise
    return Searcher(encoder, store.engine, store=store)


def create(path: str | Path, *, model: str = "auto", verbalize: str = "") -> Searcher:
    """Make an empty index in a directory, or at a URI, to be filled with :meth:`Searcher.upsert`.

    Args:
        path: Where.
        model: As ``load_encoder`` takes it.
        verbalize: Verbalizers such as ``ocr,tags`` whose words join the captions of its pictures.

    Raises:
        ConfigError: the URI makes no sense, or there is no such verbalizer.
        StoreError: there is an index or something else there, or it cannot be written.
        ModelError: there is no such model.
    """
    words = Plan.of(verbalize).to_dict()
    encoder = load_encoder(model)
    store = create_index(path, replace(Manifest.of(encoder), verbalize=words))
    return Searcher(encoder, store.engine, store=store)


def _wanted(one: Candidate, request: Request, judge: Calibration | None) -> bool:
    if one.document.id in request.query.like:
        return False
    if judge is None or request.min_relevance is None:
        return True
    relevance = _relevance(one, judge)
    return relevance is None or relevance >= request.min_relevance


def _is_last(one: Candidate, request: Request, judge: Calibration | None) -> bool:
    """Whether nothing that scores less than ``one`` is relevant enough."""
    if judge is None or request.min_relevance is None:
        return False
    return one.score - min(request.image_bias, 0.0) < judge.lowest_score(request.min_relevance)


def _hit(group: Group, rank: int, judge: Calibration | None, lowest: float) -> Hit:
    """``lowest`` is the score of the last hit: what a file has below it might not have been looked at."""
    one = group.best
    relevance = None if judge is None else _relevance(one, judge)
    more = tuple(other.document.id for other in group.more if other.score >= lowest)
    return Hit(rank, one.score, one.document, {}, relevance, more, tuple(group.copies))


def _relevance(one: Candidate, judge: Calibration) -> float | None:
    """Of what was found, not of what a user's bias makes of it."""
    value = float(judge.relevance(one.score - one.added.get(BIAS, 0.0), kind_of(one.document)))
    return None if math.isnan(value) else value
