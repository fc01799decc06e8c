"""What was made lately is kept in memory, and what several ask for at once is made once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar


class Body(Protocol):
    """Something with bytes."""

    @property
    def body(self) -> bytes:
        """What counts against the capacity."""


T = TypeVar("T", bound=Body)

ENTRY_BYTES = 500
"""What a body counts for beside its own bytes: its key and its headers, or many small ones take most."""


class Kept(Generic[T]):
    """Keeps the most recently used, up to a number of bytes; for several threads.

    Args:
        capacity: Bytes of all bodies together, each with its ``ENTRY_BYTES``.
        parallel: How many are made at a time.
    """

    def __init__(self, capacity: int, *, parallel: int) -> None:
        self._capacity = capacity
        self._slots = threading.BoundedSemaphore(parallel)
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, Future[T]] = {}
        self._bytes = 0

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under ``key``, else what ``make`` gives; what it raises, all who wait for it get."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            others = self._making.get(key)
            if others is None:
                mine = self._making[key] = Future()
        return self._made(key, make, mine) if others is None else others.result()

    def _made(self, key: Hashable, make: Callable[[], T], result: Future[T]) -> T:
        try:
            with self._slots:
                made = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            result.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            self._keep(key, made)
        result.set_result(made)
        return made

    def _keep(self, key: Hashable, made: T) -> None:
        if _size(made) > self._capacity:
            return
        self._kept[key] = made
        self._bytes += _size(made)
        while self._bytes > self._capacity:
            self._bytes -= _size(self._kept.popitem(last=False)[1])


def _size(made: Body) -> int:
    return len(made.body) + ENTRY_BYTES
