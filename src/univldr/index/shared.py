"""An index that another process has open: a ``Held`` that asks the ``Holder`` over there."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from univldr.errors import StoreError
from univldr.index import wire
from univldr.index.base import SCAN_SIZE, IndexInfo, Made, from_payload
from univldr.index.holder import Address
from univldr.index.manifest import Manifest
from univldr.index.wire import Message
from univldr.types import Document, Float32Array, Hit, Modality
from univldr.where import Where


class SharedStore:
    """An index that another process has open; threads may share it, each has a connection while it asks.

    Every method raises ``StoreError`` once that process is gone.

    Attributes:
        path: The directory of the index.
        engine: The vectors and documents.
    """

    def __init__(self, address: Address) -> None:
        """Open the newest generation of the index of the holder at ``address``.

        Raises:
            StoreError: nobody is there, or the index cannot be opened.
        """
        self._lines = _Lines(address)
        self._manifest: tuple[Any, Manifest] | None = None
        self.path = Path(self._lines.index)
        self.engine = SharedIndex(self._lines)

    @property
    def manifest(self) -> Manifest:
        """What the index was made with, as it is now."""
        fields = self._lines.ask("manifest")[0]["manifest"]
        known = self._manifest  # an equal one stays the same object, for what is cached by it
        if known is None or known[0] != fields:
            known = fields, Manifest(**{**fields, "roots": tuple(fields["roots"])})
            self._manifest = known
        return known[1]

    def put(self, documents: Sequence[Document], vectors: Float32Array, made: Made | None = None) -> None:
        """See ``Held.put``."""
        self._lines.store("put", documents, vectors, made=made and wire.pack_made(made))

    def drop(self, ids: Sequence[str]) -> int:
        """See ``Held.drop``."""
        return int(self._lines.ask("drop", ids=list(ids))[0]["count"])

    def ids_of(self, root: str, keys: Sequence[str]) -> list[str]:
        """See ``Held.ids_of``."""
        return list(self._lines.ask("ids_of", root=root, keys=list(keys))[0]["ids"])

    def is_stale(self) -> bool:
        """See ``Held.is_stale``."""
        return bool(self._lines.ask("is_stale")[0]["stale"])

    def close(self) -> None:
        """Let the holder close what nobody else has on loan."""
        self._lines.close()


class SharedIndex:
    """The engine of an index that another process has open."""

    def __init__(self, lines: _Lines) -> None:
        """For ``SharedStore``."""
        self._lines = lines

    def upsert(self, documents: Sequence[Document], vectors: Float32Array) -> None:
        """See ``Index.upsert``."""
        self._lines.store("upsert", documents, vectors)

    def delete(self, ids: Sequence[str]) -> int:
        """See ``Index.delete``."""
        return int(self._lines.ask("delete", ids=list(ids))[0]["count"])

    def get(self, ids: Sequence[str]) -> list[Document | None]:
        """See ``Index.get``."""
        if not ids:
            return []  # nothing to wait for; so it is in most searches
        payloads = self._lines.ask("get", ids=list(ids))[0]["documents"]
        return [None if payload is None else from_payload(payload) for payload in payloads]

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        """See ``Index.vectors``."""
        if not ids:
            return {}
        head, parts = self._lines.ask("vectors", ids=list(ids))
        return dict(zip(head["ids"], wire.unpack_rows(head, parts[0]), strict=True))

    def scan(
        self, size: int = SCAN_SIZE, *, vectors: bool = True
    ) -> Iterator[tuple[list[Document], Float32Array]]:
        """See ``Index.scan``."""
        with self._lines.line() as line:
            wire.send(line, {"op": "scan", "size": size, "vectors": vectors})
            while True:
                head, parts = wire.receive(line)
                if not wire.checked(head)["documents"]:
                    return
                yield list(map(from_payload, head["documents"])), wire.unpack_rows(head, parts[0])

    def query(
        self, vector: Float32Array, k: int, *, modality: Modality | None = None, where: Where | None = None
    ) -> list[Hit]:
        """See ``Index.query``."""
        fields, part = wire.pack_rows(vector)
        head, _ = self._lines.ask("query", [part], k=k, **fields, **_narrowed(modality, where))
        return wire.unpack_hits(head["hits"])

    def query_words(
        self,
        text: str,
        k: int,
        *,
        modality: Modality | None = None,
        where: Where | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[Hit]:
        """See ``Index.query_words``."""
        only = None if ids is None else list(ids)
        head, _ = self._lines.ask("query_words", text=text, k=k, ids=only, **_narrowed(modality, where))
        return wire.unpack_hits(head["hits"])

    def count(self, modality: Modality | None = None, *, where: Where | None = None) -> int:
        """See ``Index.count``."""
        return int(self._lines.ask("count", **_narrowed(modality, where))[0]["count"])

    def flush(self) -> None:
        """See ``Index.flush``."""
        self._lines.ask("flush")

    def optimize(self) -> None:
        """See ``Index.optimize``."""
        self._lines.ask("optimize")

    def info(self) -> IndexInfo:
        """See ``Index.info``."""
        head, _ = self._lines.ask("info")
        return IndexInfo(head["engine"], head["dim"], head["documents"])

    def close(self) -> None:
        """See ``Index.close``."""
        self._lines.close()


class _Lines:
    """Connections to one holder, to one generation of its index; more are made as threads need them."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._turn = threading.Lock()
        self._closed = False
        self._generation: int | None = None
        self.index = ""
        # One that is never asked anything: it alone keeps the generation open over there.
        self._anchor, head = self._connect()
        self.index, self._generation = head["path"], head["generation"]
        self._free: list[Connection] = []

    def ask(self, op: str, parts: Sequence[bytes] = (), **fields: Any) -> Message:
        """The answer to one question."""
        with self.line() as line:
            wire.send(line, {"op": op, **fields}, parts)
            head, got = wire.receive(line)
        return wire.checked(head), got

    def store(self, op: str, documents: Sequence[Document], vectors: Float32Array, **more: Any) -> None:
        """Send documents and their vectors, and what else the head has."""
        payloads, pictures = wire.pack_documents(documents)
        fields, part = wire.pack_rows(vectors)
        self.ask(op, [part, *pictures], documents=payloads, **fields, **more)

    @contextmanager
    def line(self) -> Iterator[Connection]:
        """A connection for one question; one on which something went wrong is not used again."""
        line = self._take()
        try:
            yield line
        except (OSError, EOFError) as error:
            line.close()
            raise self._lost() from error
        except BaseException:
            line.close()
            raise
        with self._turn:
            if not self._closed:
                self._free.append(line)
                return
        line.close()

    def _take(self) -> Connection:
        with self._turn:
            if self._closed:
                raise StoreError(f"index {self.index} is closed; open it again")
            if self._free:
                return self._free.pop()
        return self._connect()[0]

    def _connect(self) -> tuple[Connection, wire.Head]:
        try:
            line = Client(self._address.path, "AF_UNIX", authkey=self._address.key)
        except (OSError, EOFError, AuthenticationError) as error:
            raise self._lost() from error
        try:
            wire.send(line, {"generation": self._generation})
            head, _ = wire.receive(line)
            return line, wire.checked(head)
        except BaseException as error:
            line.close()
            if isinstance(error, OSError | EOFError):
                raise self._lost() from error
            raise

    def _lost(self) -> StoreError:
        return StoreError(f"the process that has index {self.index} open is gone; start the server again")

    def close(self) -> None:
        """Give the generation back."""
        with self._turn:
            self._closed = True
            lines, self._free = self._free, []
        for line in (self._anchor, *lines):
            with suppress(OSError):
                line.close()


def _narrowed(modality: Modality | None, where: Where | None) -> dict[str, Any]:
    return {
        "modality": None if modality is None else modality.value,
        "where": None if where is None else str(where),
    }
