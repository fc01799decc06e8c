"""From the name of an index to the index: a directory, or the URI of one on a cluster."""

from __future__ import annotations

from pathlib import Path

from univldr.errors import StoreError
from univldr.index.cluster import Cluster
from univldr.index.manifest import Manifest
from univldr.index.remote import begun_engine, engine_of, make_engine
from univldr.index.store import WAIT_SECONDS, Store, exists, index_of
from univldr.index.uri import uri_of


def open_index(path: str | Path, *, wait: float = WAIT_SECONDS) -> Store | Cluster:
    """Open the index of a corpus, an index directory, or the index at a URI such as ``qdrant://host:6333/name``.

    Args:
        path: Its name.
        wait: Seconds to wait for a directory that another process has; any number may have a cluster's.

    Raises:
        ConfigError: the URI, or one of its settings, makes no sense.
        MissingExtra: the client of such clusters is not installed.
        StoreError: there is none, it is broken, another process has it, or its cluster cannot be reached.
    """
    if (uri := uri_of(path)) is None:
        return Store.open(index_of(Path(path).expanduser()), wait=wait)
    engine = engine_of(uri)
    try:
        return Cluster(engine)
    except BaseException:
        engine.close()
        raise


def create_index(path: str | Path, new: Manifest) -> Store | Cluster:
    """Make an empty index in a directory or at a URI.

    Raises:
        ConfigError, MissingExtra: see ``open_index``.
        StoreError: there is an index or something else there, or it cannot be written.
    """
    if (uri := uri_of(path)) is None:
        return Store.create(Path(path).expanduser(), new)
    return Cluster(make_engine(uri, new))


def begin_index(path: str | Path, new: Manifest) -> Store | Cluster:
    """Make an index that is not there for others before its ``publish``, or go on with one that was begun.

    Args:
        path: A directory or a URI.
        new: Its ``copying`` says what it is filled from.

    Raises:
        ConfigError, MissingExtra: see ``open_index``.
        StoreError: there is an index or something else there, or it cannot be written.
    """
    if (uri := uri_of(path)) is None:
        directory = Path(path).expanduser().absolute()
        if exists(directory):
            raise StoreError(f"there already is an index at {directory}; choose a directory of its own")
        return Store.make_hidden(directory, new)
    try:
        engine = make_engine(uri, new)
    except StoreError:
        if (begun := begun_engine(uri, new)) is None:
            raise
        engine = begun
    return Cluster(engine, hidden=True)
