"""Where a Milvus collection is, how it is to be made, and the client that reaches it: a URI's meaning."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from univldr._optional import require
from univldr.errors import ConfigError
from univldr.index.uri import count, is_this_machine, one_of, settings, split

KEY = "UNIVLDR_MILVUS_TOKEN"
"""The environment variable with ``user:password`` or an API key; URIs end up in shell histories and logs."""

_PORT = 19530
_NAME = re.compile(r"[A-Za-z_]\w{0,254}", re.ASCII)
_CONNECT_SECONDS = 10
_PARAMETERS: dict[str, Callable[[str], Any]] = {
    "timeout": count,
    "consistency": one_of("strong", "session"),
    "index": one_of("hnsw", "flat"),
    "shards": count,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A collection of a Milvus server or cluster.

    Attributes:
        host: A name or an address.
        port: Of the gRPC interface.
        name: The collection's.
        tls: Whether the connection is encrypted.
        timeout: Seconds for which one call is tried.
        consistency: ``strong`` waits until whatever anybody stored is seen; ``session`` only for what was
            stored through this very connection.
        index: For a new collection, ``hnsw`` or ``flat``, which looks at every vector.
        shards: For a new collection, into how many parts writes are spread; ``None`` leaves it to Milvus.
    """

    host: str
    port: int
    name: str
    tls: bool = False
    timeout: int = 30
    consistency: str = "strong"
    index: str = "hnsw"
    shards: int | None = None

    @classmethod
    def parse(cls, uri: str) -> Place:
        """``milvus://host:19530/name?index=flat``; ``milvuss://`` is the same with TLS.

        Raises:
            ConfigError: it is none, or a parameter is unknown or out of its bounds.
        """
        parts = split(uri, scheme="milvus", key=KEY)
        if not _NAME.fullmatch(parts.name):
            raise ConfigError(
                f"{uri}: a collection cannot be called {parts.name!r}; take up to 255 letters, digits and _, "
                "not a digit first"
            )
        given = settings(uri, parts.query, _PARAMETERS)
        return cls(parts.host, parts.port or _PORT, parts.name, tls=parts.scheme == "milvuss", **given)

    @property
    def url(self) -> str:
        """The server's address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' * self.tls}://{host}:{self.port}"

    @property
    def uri(self) -> str:
        """What names the collection: the URI without how it is to be made."""
        return f"milvus{'s' * self.tls}://{self.url.partition('://')[2]}/{self.name}"

    def connect(self) -> Any:
        """A connected ``pymilvus.MilvusClient`` of its own.

        Raises:
            ConfigError: the token would go over a network unencrypted.
            MissingExtra: pymilvus is not installed.
            pymilvus.MilvusException: nobody answers, or the token is wrong.
        """
        pymilvus = require("pymilvus", extra="scale", purpose=f"the index {self.uri}")
        token = os.environ.get(KEY, "")
        if token and not self.tls and not is_this_machine(self.host):
            raise ConfigError(
                f"the token in {KEY} would go to {self.host} unencrypted; use milvuss://, or unset it"
            )
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs each error that it also raises
        patience = min(self.timeout, _CONNECT_SECONDS)
        return pymilvus.MilvusClient(uri=self.url, token=token, timeout=patience, dedicated=True)
