"""Engines on a cluster, by their URIs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from univldr.errors import StoreError
from univldr.index import milvus_place, qdrant_place
from univldr.index.base import Engine
from univldr.index.manifest import Manifest
from univldr.index.places import is_same
from univldr.where import Where

_MILVUS = "milvus"


_REMEDY = "make another under a new name: univldr index DIR --rebuild --index URI"


class Remote(Engine, Protocol):
    """An engine on a cluster, which keeps its manifest, too; any number of processes may have it open."""

    @property
    def uri(self) -> str:
        """What names it, without how it was made."""

    @property
    def metadata(self) -> str:
        """The text that was last kept with it, read anew.

        Raises:
            StoreError: it cannot be read, or the index is gone.
        """

    def keep(self, metadata: str) -> None:
        """Keep a text with it, in one step.

        Raises:
            StoreError: it cannot be written.
        """

    def ids(self, where: Where) -> list[str]:
        """The ids of all documents that match."""


def engine_of(uri: str) -> Remote:
    """The engine of the index at ``uri``.

    Raises:
        ConfigError: the URI, or one of its settings, makes no sense.
        MissingExtra: the client of such clusters is not installed.
        StoreError: there is none, or the cluster cannot be reached or is too old.
    """
    return _opened(uri)


def make_engine(uri: str, manifest: Manifest) -> Remote:
    """Make an empty index at ``uri``; what a run that died left there without a document counts as none.

    Raises:
        ConfigError, MissingExtra: see ``engine_of``.
        StoreError: there already is one, or the cluster cannot be reached, is too old or refuses.
    """
    return _opened(uri, create=manifest.dim, metadata=written(manifest))


def begun_engine(uri: str, new: Manifest) -> Remote | None:
    """The engine of the index at ``uri`` that was begun with a manifest like ``new``; ``None`` without one.

    Raises:
        ConfigError, MissingExtra: see ``engine_of``.
        StoreError: another one was begun there.
    """
    try:
        engine = engine_of(uri)
    except StoreError:
        return None
    try:
        kept = read_manifest(engine)
        if kept.copying == new.copying and kept.has_model_of(new):
            return engine
        if kept.copying:
            raise StoreError(
                f"index {engine.uri} is only half filled, from {kept.copying}; run that univldr copy, load "
                "or encode again to finish it, or choose another name"
            )
    except BaseException:
        engine.close()
        raise
    engine.close()
    return None


def remote_of(of: Manifest, index: Path, *, create: bool) -> Remote | None:
    """The engine on a cluster of the index in the directory ``index``, of which ``of`` is the manifest.

    ``None`` where it has none. One directory fills an index on a cluster: if it is moved, that at the new
    place; if it is copied, the old one or, where that cannot be seen, the one that was opened last.

    Raises:
        ConfigError, MissingExtra, StoreError: see ``make_engine``; also, another directory fills it.
    """
    if not of.engine:
        return None
    if create:
        return make_engine(of.engine, of)
    _require_no_copy(of, index)
    engine = engine_of(of.engine)
    try:
        kept = read_manifest(engine)
        if kept.created != of.created or kept.place not in (of.place, str(index)):
            raise StoreError(
                f"{engine.uri} is filled from {kept.place or 'elsewhere'} now, not from {index} any more; "
                f"{_REMEDY}"
            )
    except BaseException:
        engine.close()
        raise
    return engine


def _require_no_copy(of: Manifest, index: Path) -> None:
    place = Path(of.place)
    if place == index or is_same(place, index):
        return
    try:
        original = Manifest.read(place)
    except StoreError:  # it was moved
        return
    if original.created == of.created:
        raise StoreError(f"{index} is a copy of {place}, from which {of.engine} is filled; {_REMEDY}")


def is_same_index(one: str, other: str) -> bool:
    """Whether two URIs name one index, perhaps with other settings.

    Raises:
        ConfigError: one of them makes no sense.
    """
    return _place_of(one).uri == _place_of(other).uri


def _place_of(uri: str) -> milvus_place.Place | qdrant_place.Place:
    return milvus_place.Place.parse(uri) if uri.startswith(_MILVUS) else qdrant_place.Place.parse(uri)


def _opened(uri: str, **new: Any) -> Remote:
    from univldr.index import milvus, qdrant  # here, as most indexes lie in a directory

    place = _place_of(uri)
    if isinstance(place, milvus_place.Place):
        return milvus.MilvusIndex(place, **new)
    return qdrant.QdrantIndex(place, **new)


def read_manifest(engine: Remote) -> Manifest:
    """The manifest that is kept on the cluster.

    Raises:
        StoreError: there is none, it is broken, or a newer univldr wrote it.
    """
    try:
        fields = json.loads(engine.metadata)
    except ValueError as error:
        raise StoreError(f"index {engine.uri} is broken: its manifest: {error}; make another") from error
    return Manifest.of_fields(Path(engine.uri), fields)


def written(manifest: Manifest) -> str:
    """A manifest as it is kept on the cluster."""
    return json.dumps(asdict(manifest), ensure_ascii=False)
