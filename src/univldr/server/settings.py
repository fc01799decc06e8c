"""Everything a server can be told, checked before it starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from univldr.errors import ConfigError

KEY_LENGTH = 16
"""Characters that an API key has at least: shorter ones can be guessed over a network."""

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a server listens, what it allows, and where its bounds are.

    Attributes:
        host: The address to listen on. Any but a loopback one needs a key.
        port: 0 lets the system choose.
        api_key: What programs send as ``Authorization: Bearer KEY``; ``None`` asks for none.
        allow_hosts: Further names by which the server may be called, beside its address and ``localhost``.
        allow_url: Whether pictures may be given as addresses, which the server then fetches.
        read_only: Refuse to store and delete documents.
        workers: Processes that answer requests.
        queue: Requests that are worked on or wait; one more is told to come back later (429).
        timeout: Seconds that a request may take from the moment it was admitted.
        shutdown: Seconds that accepted requests may take once the server is told to stop.
        max_body: Bytes of a request's body.
        max_pixels: Width times height of a picture that is sent.
        max_batch: Queries that are encoded together; ``None`` leaves it to the encoder, see
            ``univldr.server.batching``.

    Raises:
        ConfigError: a value is out of its bounds, or others could reach the server without a key.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    api_key: str | None = field(default=None, repr=False)
    allow_hosts: tuple[str, ...] = ()
    allow_url: bool = False
    read_only: bool = False
    workers: int = 1
    queue: int = 64
    timeout: float = 30.0
    shutdown: float = 30.0
    max_body: int = 32 * _MIB
    max_pixels: int = 50_000_000
    max_batch: int | None = None

    def __post_init__(self) -> None:
        _check("port", self.port, 0, 65_535)
        _check("workers", self.workers, 1, 64)
        _check("queue", self.queue, 1, 10_000)
        _check("timeout", self.timeout, 0.1, 3600)
        _check("shutdown", self.shutdown, 0, 3600)
        _check("max_body", self.max_body, 1024, 1024 * _MIB)
        _check("max_pixels", self.max_pixels, 1, 100_000_000)
        if self.max_batch is not None:
            _check("max_batch", self.max_batch, 1, 256)
        _check_key(self.api_key)
        if self.api_key is None and not is_loopback(self.host):
            raise ConfigError(
                f"host is {self.host}, which others can reach, and there is no API key; give one with "
                "--api-key-file or UNIVLDR_API_KEY, or listen on 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} is {value}; give {low:,} to {high:,}")


def _check_key(key: str | None) -> None:
    """The message does not repeat the key: it may end in a log."""
    if key is None:
        return
    if len(key) < KEY_LENGTH:
        raise ConfigError(f"the API key has {len(key)} characters; give it at least {KEY_LENGTH}")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError("the API key has spaces or characters that are not ASCII; a header cannot carry it")
