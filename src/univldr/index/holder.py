"""The process that has an index open, and lends it: to its own threads, and over a socket to other processes.

When another process made the index anew, the next lease is of the new one; the old one stays open for those
that still have it.
"""

from __future__ import annotations

import dataclasses
import logging
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from univldr.errors import ConfigError, StoreError, UnivldrError
from univldr.index import wire
from univldr.index.base import Engine, Made, plain
from univldr.index.cluster import Cluster
from univldr.index.directory import clear_older
from univldr.index.engines import open_index
from univldr.index.manifest import Manifest
from univldr.index.store import WAIT_SECONDS, Store
from univldr.index.uri import uri_of
from univldr.index.wire import Head, Message
from univldr.types import Document, Float32Array, Modality
from univldr.where import parse

_log = logging.getLogger(__name__)
_PAUSE = 0.05  # seconds


class Address(NamedTuple):
    """Where a holder answers other processes, and the key that they show it."""

    path: str
    key: bytes


@dataclass(slots=True)
class _Opened:
    store: Store | Cluster
    lent: int = 0


class Lease:
    """An open index on loan: a ``Held`` whose ``close`` gives it back."""

    def __init__(self, held: Store | Cluster, give_back: Callable[[], None]) -> None:
        self._held = held
        self._give_back: Callable[[], None] | None = give_back

    @property
    def store(self) -> Store:
        """The index itself, for :func:`univldr.pipeline.update`; there is none of one opened by its URI."""
        assert isinstance(self._held, Store)
        return self._held

    @property
    def path(self) -> Path:
        """See ``Held.path``."""
        return self._held.path

    @property
    def manifest(self) -> Manifest:
        """See ``Held.manifest``."""
        return self._held.manifest

    @property
    def engine(self) -> Engine:
        """See ``Held.engine``."""
        return self._held.engine

    def put(self, documents: Sequence[Document], vectors: Float32Array, made: Made | None = None) -> None:
        """See ``Held.put``."""
        self._held.put(documents, vectors, made)

    def drop(self, ids: Sequence[str]) -> int:
        """See ``Held.drop``."""
        return self._held.drop(ids)

    def ids_of(self, root: str, keys: Sequence[str]) -> list[str]:
        """See ``Held.ids_of``."""
        return self._held.ids_of(root, keys)

    def is_stale(self) -> bool:
        """See ``Held.is_stale``."""
        return self._held.is_stale()

    def close(self) -> None:
        """Give it back; again does nothing."""
        give_back, self._give_back = self._give_back, None
        if give_back:
            give_back()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Holder:
    """Has the newest generation of an index open, and older ones as long as they are lent."""

    def __init__(self, path: Path, *, wait: float = WAIT_SECONDS) -> None:
        """Open the index in a directory, for which it waits up to ``wait`` seconds, or at a URI.

        Raises:
            ConfigError, MissingExtra, StoreError: see ``open_index``.
        """
        self.path = path
        self._wait = wait
        self._turn = threading.RLock()
        self._url = ""
        self._older: list[_Opened] = []
        self._gate: _Gate | None = None
        self._newest: _Opened | None = _Opened(_open(path, wait))

    def lease(self, generation: int | None = None) -> Lease:
        """The newest generation, opened now if need be; or the given one, which somebody has on loan.

        Raises:
            StoreError: it cannot be opened, nobody has it any more, or the holder is closed.
        """
        with self._turn:
            if generation is None:
                self._renew()
            every = [*self._older, *filter(None, [self._newest])]
            wanted = [one for one in every if generation in (None, one.store.manifest.generation)]
            if not wanted:
                raise StoreError(f"index {self.path} was made anew or closed meanwhile; open it again")
            opened = wanted[-1]
            opened.lent += 1
        return Lease(opened.store, lambda: self._take_back(opened))

    def announce(self, url: str) -> None:
        """Leave the address of the server that answers for this index beside it; see ``Store.announce``."""
        with self._turn:
            self._url = url
            if self._newest:
                self._newest.store.announce(url)

    def listen(self) -> Address:
        """Answer other processes from now on.

        Raises:
            ConfigError: this system has no Unix sockets, or the temporary directory's path is too long.
        """
        self._gate = _Gate(self)
        return self._gate.address

    def close(self) -> None:
        """Close the index, whoever still has it on loan."""
        if self._gate:
            self._gate.close()
        with self._turn:
            every = [*self._older, *filter(None, [self._newest])]
            self._older, self._newest = [], None
            for opened in every:
                opened.store.close()

    def _renew(self) -> None:
        if self._newest is None or not self._newest.store.is_stale():
            return
        old, self._newest = self._newest, _Opened(_open(self.path, self._wait))
        if self._url:
            self._newest.store.announce(self._url)
        self._older.append(old)
        self._close_unused()

    def _take_back(self, opened: _Opened) -> None:
        with self._turn:
            opened.lent -= 1
            self._close_unused()

    def _close_unused(self) -> None:
        for opened in [one for one in self._older if not one.lent]:
            self._older.remove(opened)
            opened.store.close()
            if isinstance(opened.store, Store):
                clear_older(self.path, opened.store.manifest.generation + 1)

    def __enter__(self) -> Holder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open(path: Path, wait: float) -> Store | Cluster:
    return open_index(path) if uri_of(path) else Store.open(path, wait=wait)


class _Gate:
    """Lets other processes of this user in: a socket in a private directory, a thread for each connection."""

    def __init__(self, holder: Holder) -> None:
        if not hasattr(socket, "AF_UNIX"):
            raise ConfigError("several workers need Unix sockets, which this system has not; use --workers 1")
        self._holder = holder
        self._directory = tempfile.mkdtemp(prefix="univldr-")  # mode 0700
        self.address = Address(str(Path(self._directory, "index")), secrets.token_bytes(32))
        try:
            self._listener = Listener(self.address.path, "AF_UNIX", backlog=128, authkey=self.address.key)
        except OSError as error:
            shutil.rmtree(self._directory)
            raise ConfigError(f"cannot make a socket in {self._directory}: {error}; set TMPDIR") from error
        self._closing = False
        self._thread = threading.Thread(target=self._accept, name="univldr-gate", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError, AuthenticationError):  # it is gone already, or does not know the key
                time.sleep(_PAUSE)  # or there are too many open files
            else:
                threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        """The first message opens the index, those after it ask it."""
        with suppress(OSError, EOFError), connection:
            head, _ = wire.receive(connection)
            try:
                lease = self._holder.lease(head["generation"])
            except UnivldrError as error:
                wire.send(connection, wire.refusal(error))
                return
            with lease:
                manifest = lease.manifest
                wire.send(connection, {"path": str(lease.path), "generation": manifest.generation})
                while True:
                    head, parts = wire.receive(connection)
                    if self._closing:
                        return
                    for answer in _answers(lease, head, parts):
                        wire.send(connection, *answer)

    def close(self) -> None:
        """Let nobody in any more."""
        self._closing = True
        with suppress(OSError), socket.socket(socket.AF_UNIX) as knock:
            knock.connect(self.address.path)  # wakes the thread that waits for the next
        self._thread.join(timeout=1)
        with suppress(OSError):
            self._listener.close()
        shutil.rmtree(self._directory, ignore_errors=True)


def _answers(held: Lease, head: Head, parts: list[bytes]) -> Iterator[Message]:
    """One answer, of a scan many; an error is one, too."""
    try:
        if head["op"] == "scan":
            yield from _scan(held, head)
        else:
            yield _OPERATIONS[head["op"]](held, head, parts)
    except UnivldrError as error:
        yield wire.refusal(error), []
    except Exception as error:  # noqa: BLE001 - a mistake of ours: the asker must hear, and the thread go on
        _log.exception("index %s: %s failed", held.path, head.get("op"))
        failed = StoreError(f"index {held.path}: {head.get('op')} failed: {type(error).__name__}: {error}")
        yield wire.refusal(failed), []


def _scan(held: Lease, head: Head) -> Iterator[Message]:
    for documents, rows in held.engine.scan(head["size"], vectors=head["vectors"]):
        fields, part = wire.pack_rows(rows)
        yield {"documents": list(map(plain, documents)), **fields}, [part]
    yield {"documents": []}, []


def _narrowed(head: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "modality": None if head["modality"] is None else Modality(head["modality"]),
        "where": None if head["where"] is None else parse(head["where"]),
    }


def _query(held: Lease, head: Head, parts: list[bytes]) -> Message:
    hits = held.engine.query(wire.unpack_rows(head, parts[0]), head["k"], **_narrowed(head))
    return {"hits": wire.pack_hits(hits)}, []


def _query_words(held: Lease, head: Head, parts: list[bytes]) -> Message:
    hits = held.engine.query_words(head["text"], head["k"], ids=head["ids"], **_narrowed(head))
    return {"hits": wire.pack_hits(hits)}, []


def _get(held: Lease, head: Head, parts: list[bytes]) -> Message:
    return {"documents": [one and plain(one) for one in held.engine.get(head["ids"])]}, []


def _vectors(held: Lease, head: Head, parts: list[bytes]) -> Message:
    rows = held.engine.vectors(head["ids"])
    fields, part = wire.pack_rows(np.array(list(rows.values()), np.float32))
    return {"ids": list(rows), **fields}, [part]


def _store(
    store: Callable[[Sequence[Document], Float32Array], None], head: Head, parts: list[bytes]
) -> Message:
    store(wire.unpack_documents(head["documents"], parts[1:]), wire.unpack_rows(head, parts[0]))
    return {}, []


def _put(held: Lease, head: Head, parts: list[bytes]) -> Message:
    made = None if head["made"] is None else wire.unpack_made(head["made"])
    _store(partial(held.put, made=made), head, parts)
    return {}, []


def _flush(held: Lease, head: Head, parts: list[bytes]) -> Message:
    held.engine.flush()
    return {}, []


def _optimize(held: Lease, head: Head, parts: list[bytes]) -> Message:
    held.engine.optimize()
    return {}, []


_OPERATIONS: dict[str, Callable[[Lease, Head, list[bytes]], Message]] = {
    "query": _query,
    "query_words": _query_words,
    "get": _get,
    "vectors": _vectors,
    "upsert": lambda held, head, parts: _store(held.engine.upsert, head, parts),
    "put": _put,
    "delete": lambda held, head, _: ({"count": held.engine.delete(head["ids"])}, []),
    "drop": lambda held, head, _: ({"count": held.drop(head["ids"])}, []),
    "count": lambda held, head, _: ({"count": held.engine.count(**_narrowed(head))}, []),
    "ids_of": lambda held, head, _: ({"ids": held.ids_of(head["root"], head["keys"])}, []),
    "flush": _flush,
    "optimize": _optimize,
    "info": lambda held, _head, _parts: (dataclasses.asdict(held.engine.info()), []),
    "manifest": lambda held, _head, _parts: ({"manifest": dataclasses.asdict(held.manifest)}, []),
    "is_stale": lambda held, _head, _parts: ({"stale": held.is_stale()}, []),
}
