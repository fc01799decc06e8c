"""From a path to an index that is up to date: made, opened, or made anew beside the old one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from univldr.corpus import open_corpus
from univldr.corpus.base import Corpus, Cutter
from univldr.corpus.passages import PassageCutter
from univldr.encoders import load_encoder
from univldr.encoders.settings import UNCHANGED, TextSettings
from univldr.errors import ConfigError, StoreError
from univldr.index import Manifest, Store, directory_of, exists
from univldr.index.remote import is_same_index
from univldr.index.uri import uri_of
from univldr.pipeline.run import IndexReport, index_corpus
from univldr.pipeline.uploads import catch_up
from univldr.types import Encoder, Progress
from univldr.verbalize.load import verbalization_of
from univldr.verbalize.run import Verbalization
from univldr.verbalize.settings import Plan

Loader = Callable[[str, TextSettings], Encoder]
"""From a model's name to its encoder, as ``load_encoder`` does it."""


def update(
    corpus: str | Path,
    *,
    index: Path | None = None,
    model: str | None = None,
    rebuild: bool = False,
    verbalize: str | None = None,
    settings: Sequence[str] = (),
    words: bool = True,
    texts: TextSettings = UNCHANGED,
    loader: Loader = load_encoder,
    progress: Progress | None = None,
    store: Store | None = None,
) -> IndexReport:
    """Bring the index of the corpus at ``corpus`` up to date; make it if there is none.

    Args:
        corpus: A folder, or a .jsonl or .parquet file of records.
        index: The index directory, by default ``index_of(corpus)``. Or the URI of an index on a cluster: then
            that directory keeps only what the documents were made from.
        model: For a new index, ``auto`` by default; an index that exists names its own.
        rebuild: Make the index anew, with another model for instance; until it is done, the old one answers.
        verbalize: Verbalizers such as ``caption:PATH,ocr`` whose words join the captions from now on, or
            ``none``; by default what the index remembers.
        settings: Of the verbalizers, such as ``caption.beams=3``; the index remembers them, too.
        words: Whether this run makes words; what it indexes without them gets them in the next that does.
        texts: For a new index, what to change of how the model reads texts.
        loader: Gives the encoder of a name.
        progress: Told how far it is.
        store: The index where it is open already; it stays open, and other threads may go on to use it.

    Raises:
        ConfigError: a verbalizer or a setting makes no sense, ``corpus`` is an index, or an open one should
            be made anew.
        CorpusError: there is no such corpus.
        MissingExtra: a verbalizer's optional dependency is not installed; the index is unchanged.
        ModelError: a model cannot be loaded, or is not the one the index was made with.
        StoreError: the index cannot be opened, read or written.
    """
    path = Path(corpus).expanduser().absolute()
    if uri_of(corpus) or exists(path):
        raise ConfigError(
            f"{uri_of(corpus) or path} is an index, not a corpus; give its folder, or search it"
        )
    if store is not None and rebuild:
        raise ConfigError("an index that is open cannot be made anew; do so with another Store, or close it")
    uri = uri_of(index) if index else None
    directory = store.path if store is not None else directory_of(path, index)
    with ExitStack() as resources:
        if store is None and exists(directory) and not rebuild:
            store = resources.enter_context(Store.open(directory))
        if store is not None:
            if uri is not None:
                _require_engine(store, uri)
            texts = _same_texts(store.manifest, texts, directory)
            if model not in (None, "auto"):
                store.manifest.check_name(directory, model)
        name = (model or "auto") if store is None else store.manifest.encoder
        load = cache(partial(loader, name, texts))
        plan = remembered_plan(directory).changed(verbalize, settings)
        verbalization = None
        if words:
            verbalization = verbalization_of(plan, load)
        opened = open_corpus(path, _lazy_cutter(load))
        if store is None:
            engine = _new_engine(directory, index)
            new = Manifest.of(load(), template=texts.template, max_tokens=texts.max_tokens)
            new = replace(new, roots=(str(opened.root),), engine=engine)
            store = resources.enter_context(_made(directory, new, rebuild=rebuild))
        store.engine.add_words()  # to what was stored before there were any
        if store.manifest.verbalize != plan.to_dict():
            store.use_verbalizers(plan.to_dict())
        return _brought_up_to_date(opened, store, load, verbalization, progress)


def _made(directory: Path, new: Manifest, *, rebuild: bool) -> Store:
    """A new index, or the one that another process made since this one looked."""
    if exists(directory) and rebuild:
        return Store.rebuild(directory, new)
    try:
        return Store.create(directory, new)
    except StoreError:
        if not exists(directory):
            raise
        return Store.open(directory)


def _brought_up_to_date(
    corpus: Corpus,
    store: Store,
    load: Callable[[], Encoder],
    verbalization: Verbalization | None,
    progress: Progress | None,
) -> IndexReport:
    """Uploads first, so that none loses its id to a file; once more when nobody can add any."""
    uploads = catch_up(store, load, verbalization, progress=progress)
    report = index_corpus(corpus, store, load, verbalization, progress=progress)
    if not store.is_published:

        def last() -> None:
            nonlocal uploads
            uploads = catch_up(store, load, verbalization)

        store.publish(last)
    if uploads is not None:
        skipped = [*report.skipped, *uploads.skipped]
        report = replace(report, skipped=skipped, documents=store.engine.count())
    return report


def _new_engine(directory: Path, index: Path | None) -> str:
    """Where the engine of an index that is made, perhaps anew, shall be: a URI, or "" for the directory."""
    before = _remembered(directory).engine
    if index is not None and uri_of(index) is None:
        return ""
    uri = (index and uri_of(index)) or before
    if before and is_same_index(before, uri):
        raise StoreError(
            f"index {before} cannot be made anew in its own place; give it another name: "
            "--rebuild --index URI"
        )
    return uri


def _require_engine(store: Store, uri: str) -> None:
    """Refuse to bring an index up to date where it is not."""
    engine = store.manifest.engine
    if not engine or not is_same_index(engine, uri):
        there = f"at {engine}" if engine else "there"
        raise StoreError(
            f"the index in {store.path} has its vectors {there}, not at {uri}; leave --index out, or take "
            "them to the other place: univldr copy --move, or --rebuild to encode anew"
        )


def remembered_plan(index: Path) -> Plan:
    """The verbalizers that an index remembers, also while it is made anew; none where there is no index.

    Raises:
        ConfigError: this version does not know one of them or of their settings.
    """
    return Plan.from_dict(_remembered(index).verbalize, f"index {index}")


def _remembered(index: Path) -> Manifest:
    try:
        return Manifest.read(index)
    except StoreError:  # there is none, or it is broken: who opens it will hear
        return Manifest("", "", 0)


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
