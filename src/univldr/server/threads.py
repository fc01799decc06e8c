"""A bounded number of threads for work that blocks.

An executor's own queue is not left by work that nobody waits for any more. So work waits here, first come,
first served, before it is given to a thread; a thread that works for nobody any more still counts as busy.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from univldr.server import stages

T = TypeVar("T")


class Threads:
    """For one event loop; ``run`` is called in it."""

    def __init__(self, count: int, name: str) -> None:
        self._free = asyncio.Semaphore(count)
        self._pool = ThreadPoolExecutor(count, name)

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises, done in a thread with this context.

        Where this is cancelled, work that has not begun never will; work that has goes on, and its result is
        dropped.
        """
        loop = asyncio.get_running_loop()
        called = time.perf_counter()
        await self._free.acquire()
        answer: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()
        try:
            self._pool.submit(context.run, self._work, work, called, loop, answer)
        except BaseException:
            self._free.release()
            raise
        return await answer

    def close(self) -> None:
        """End the threads, those that work once they are done."""
        self._pool.shutdown(wait=False)

    def _work(
        self, work: Callable[[], T], called: float, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T]
    ) -> None:
        stages.add("queue", time.perf_counter() - called)
        finish: Callable[[], Any]
        try:
            finish = partial(answer.set_result, work())
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits
            finish = partial(answer.set_exception, error)
        with suppress(RuntimeError):  # the loop was closed: nobody waits
            loop.call_soon_threadsafe(self._finished, answer, finish)

    def _finished(self, answer: asyncio.Future[Any], finish: Callable[[], Any]) -> None:
        self._free.release()
        if not answer.done():
            finish()
