"""Where the time of a request goes: seconds in ``queue``, ``decode``, ``encode`` and ``search``.

The record travels in a context variable whose value is one shared object, so that the threads which work
for a request write into the same one: ``asyncio.to_thread`` and :class:`univldr.server.threads.Threads` give
their threads a copy of the context. One thread at a time works for a request.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

NAMES = ("queue", "decode", "encode", "search")
"""The stages: waiting for a thread or for the encoder, decoding pictures, encoding, and the rest."""


class Times(dict[str, float]):
    """Seconds by stage, of one request; a stage that it did not have is 0.

    Attributes:
        started: When it was taken in, by ``time.monotonic``.
        deadline: When nobody waits for it any more, by ``time.monotonic``.
    """

    def __init__(self, started: float, deadline: float) -> None:
        super().__init__(dict.fromkeys(NAMES, 0.0))
        self.started = started
        self.deadline = deadline


_current: ContextVar[Times | None] = ContextVar("univldr_stages", default=None)


@contextmanager
def measured(limit: float = float("inf")) -> Iterator[Times]:
    """A new record for what runs within; one inside another begins when that did, and adds to it at its end.

    Args:
        limit: Seconds from its beginning after which nobody waits for it any more.
    """
    outer = _current.get()
    started = time.monotonic() if outer is None else outer.started
    times = Times(started, started + limit)
    token = _current.set(times)
    try:
        yield times
    finally:
        _current.reset(token)
        if outer is not None:
            for name, seconds in times.items():
                outer[name] += seconds


@contextmanager
def stage(name: str) -> Iterator[None]:
    """What runs within counts as ``name``, less what it adds to other stages itself."""
    times = _current.get()
    if times is None:
        yield
        return
    before = sum(times.values())
    started = time.perf_counter()
    try:
        yield
    finally:
        passed = time.perf_counter() - started
        times[name] += max(0.0, passed - (sum(times.values()) - before))


def add(name: str, seconds: float) -> None:
    """Count seconds that were measured elsewhere."""
    if (times := _current.get()) is not None:
        times[name] += seconds


def deadline() -> float:
    """When nobody waits for this request any more, by ``time.monotonic``; ``inf`` where there is no end."""
    times = _current.get()
    return float("inf") if times is None else times.deadline
