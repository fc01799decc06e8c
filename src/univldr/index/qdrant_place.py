"""Where a Qdrant collection is, how it is to be made, and the client that reaches it: a URI's meaning."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from univldr._optional import require
from univldr.errors import ConfigError
from univldr.index.uri import count, is_this_machine, settings, split

KEY = "UNIVLDR_QDRANT_API_KEY"
"""The environment variable with the cluster's API key; a URI ends up in shell histories and logs."""

_PORT = 6333
_NAME = re.compile(r"[\w.-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """A collection of a cluster.

    Attributes:
        host: A name or an address.
        port: Of the HTTP interface.
        name: The collection's.
        tls: Whether the connection is encrypted.
        timeout: Seconds that one call may take.
        shards: For a new collection, into how many parts it is cut; ``None`` leaves it to the cluster.
        replicas: For a new collection, how many nodes have each part; ``None`` leaves it to the cluster.
        quantization: For a new collection, ``int8`` searches by codes of a quarter of the vectors' size.
        on_disk: For a new collection, whether vectors and words stay on disk.
    """

    host: str
    port: int
    name: str
    tls: bool = False
    timeout: int = 30
    shards: int | None = None
    replicas: int | None = None
    quantization: str | None = None
    on_disk: bool = False

    @classmethod
    def parse(cls, uri: str) -> Place:
        """``qdrant://host:6333/name?shards=4``; ``qdrants://`` is the same with TLS.

        Raises:
            ConfigError: it is none, or a parameter is unknown or out of its bounds.
        """
        parts = split(uri, scheme="qdrant", key=KEY)
        name = parts.name
        if not _NAME.fullmatch(name) or set(name) == {"."}:
            raise ConfigError(
                f"{uri}: a collection cannot be called {name!r}; take up to 200 letters, digits, _, - and ."
            )
        given = {"tls": parts.scheme == "qdrants", **settings(uri, parts.query, _PARAMETERS)}
        return cls(parts.host, parts.port or _PORT, name, **given)

    @property
    def url(self) -> str:
        """The cluster's address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' * self.tls}://{host}:{self.port}"

    @property
    def uri(self) -> str:
        """What names the collection: the URI without how it is to be made."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"qdrant{'s' * self.tls}://{host}:{self.port}/{self.name}"

    def connect(self) -> Any:
        """A ``qdrant_client.QdrantClient``; nothing is sent yet.

        Raises:
            ConfigError: the API key would go over a network unencrypted.
            MissingExtra: qdrant-client is not installed.
        """
        client = require("qdrant_client", extra="scale", purpose=f"the index {self.uri}")
        key = os.environ.get(KEY) or None
        if key and not self.tls and not is_this_machine(self.host):
            raise ConfigError(
                f"the key in {KEY} would go to {self.host} unencrypted; use qdrants://, or unset it"
            )
        with warnings.catch_warnings():  # that the key is not encrypted, to this machine itself
            warnings.simplefilter("ignore", UserWarning)
            return client.QdrantClient(
                url=self.url, api_key=key, timeout=self.timeout, check_compatibility=False
            )


def _truth(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("it takes 0 or 1")
    return text == "1"


def _quantization(text: str) -> str | None:
    if text not in ("int8", "none"):
        raise ValueError("it takes int8 or none")
    return None if text == "none" else text


_PARAMETERS: dict[str, Callable[[str], Any]] = {
    "shards": count,
    "replicas": count,
    "quantization": _quantization,
    "on_disk": _truth,
    "tls": _truth,
    "timeout": count,
}
