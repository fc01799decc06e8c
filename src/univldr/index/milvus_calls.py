"""Calls to Milvus: tried again where that may help, and their errors ours."""

from __future__ import annotations

import time
from typing import Any

from univldr._optional import require
from univldr.errors import StoreError
from univldr.index.milvus_place import KEY, Place

_PAUSE = 0.2  # seconds after the first try; each pause is twice as long, up to
_LONGEST_PAUSE = 3.0
_MISSING = 100
_FULL = frozenset({3, 4, 7, 8, 9})  # memory, requests, disk, rate, quota
_UNAUTHORIZED = frozenset({16, 1400, 1401})
_WRONG = frozenset({1100, 1101, 1102, 1700, 1701})  # of what was asked
_UNREADABLE = 65535  # the code of all that has no other
_AT_FAULT = ("DescribeCollectionException", "ConnectError", "MilvusUnavailableException", "MilvusException")


class Calls:
    """One collection's calls of a ``MilvusClient``; threads may share it.

    Every call does the same twice as once, so each is tried again, while a server restarts for example, until
    the place's ``timeout`` is over.
    """

    def __init__(self, place: Place) -> None:
        """Connect, without patience: a wrong address is told at once.

        Raises:
            ConfigError, MissingExtra: see ``Place.connect``.
            StoreError: nobody answers, or not Milvus.
        """
        self.place = place
        self.library: Any = require("pymilvus", extra="scale", purpose=f"the index {place.uri}")
        self._grpc: Any = require("grpc", extra="scale", purpose=f"the index {place.uri}")
        try:
            self._client = place.connect()
        except (self.library.MilvusException, self._grpc.RpcError) as error:
            raise StoreError(self._told("open", error)) from error

    def __call__(self, action: str, method: str, **options: Any) -> Any:
        """What ``method`` of the client returns for this collection.

        Args:
            action: What is done, for an error: "cannot ACTION index ...".
            method: The client's, which takes ``collection_name`` and ``timeout``.
            options: The method's.

        Raises:
            StoreError: it failed until the time was over; the message says why and what helps.
        """
        return self._tried(action, method, {"collection_name": self.place.name, **options})

    def version(self) -> str:
        """The server's, such as 2.3.5.

        Raises:
            StoreError: see ``__call__``.
        """
        return str(self._tried("open", "get_server_version", {})).removeprefix("v")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _tried(self, action: str, method: str, options: dict[str, Any]) -> Any:
        end, pause = time.monotonic() + self.place.timeout, _PAUSE
        while True:
            left = max(end - time.monotonic(), 1.0)
            try:
                return getattr(self._client, method)(timeout=left, **options)
            except (self.library.MilvusException, self._grpc.RpcError) as error:
                if not self._is_passing(error) or time.monotonic() + pause >= end:
                    raise StoreError(self._told(action, error)) from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _is_passing(self, error: Any) -> bool:
        if not isinstance(error, self.library.MilvusException):
            return True
        if type(error).__name__ not in _AT_FAULT or "parse expression" in str(error):
            return False
        return error.code not in {_MISSING, *_UNAUTHORIZED, *_WRONG}

    def _told(self, action: str, error: Any) -> str:
        place, cannot = self.place, f"cannot {action} index {self.place.uri}"
        code, reason = _code(error), _short(getattr(error, "message", error))
        if code == _MISSING:
            return f"no index at {place.uri}; make one: univldr index DIR --index '{place.uri}'"
        if code in _UNAUTHORIZED or "auth check failure" in reason or "UNAUTHENTICATED" in reason:
            return f"{cannot}: {place.url} wants another token; put user:password into {KEY} ({reason})"
        if code in _FULL:
            return f"{cannot}: {place.url} is full or has too much to do ({reason}); look at it, try later"
        if "UNIMPLEMENTED" in reason:
            return f"{cannot}: what answers at {place.url} is no Milvus, or its version too old or new"
        if _is_silence(code, reason):
            hint = "?" if place.tls else ", and does it want milvuss://?"
            return f"{cannot}: nobody answers at {place.url} ({reason}); does it run{hint}"
        if not isinstance(code, int) or self._is_passing(error):
            return (
                f"{cannot}: {place.url} could not do it within {place.timeout} s ({reason}); "
                "look at its health and try again, or allow more: ?timeout=120"
            )
        return f"{cannot}: {place.url} refused it ({reason})"


def _code(error: Any) -> Any:
    code = getattr(error, "code", None)
    return code() if callable(code) else code


def _is_silence(code: Any, reason: str) -> bool:
    """Whether there was no answer at all."""
    return getattr(code, "name", "") == "UNAVAILABLE" or any(
        words in reason for words in ("Fail connecting", "UNAVAILABLE", "Connection refused")
    )


def _short(error: object) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
