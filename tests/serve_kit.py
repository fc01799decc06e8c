"""The real application on loopback, in a thread of this process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from univldr.search import Searcher
from univldr.search import open as open_index
from univldr.server.app import create_app
from univldr.server.metrics import Metrics
from univldr.server.service import Service
from univldr.server.settings import ServerSettings

KEY = "a-key-of-these-tests"


@contextmanager
def running_app(index: Path | Searcher | Callable[[], Searcher], **settings: Any) -> Iterator[str]:
    """The base URL of a server of ``index``: a corpus or index by its path, an open one, or what opens it.

    The server closes it. ``settings`` are those of ``ServerSettings``; the port is any that is free.
    """
    chosen = ServerSettings(port=0, **settings)
    metrics = Metrics()
    app = create_app(Service(_opener(index), chosen, metrics), chosen, metrics)
    listening = socket.create_server((chosen.host, 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < until, "the server takes too long to start"
            time.sleep(0.005)
        yield f"http://{chosen.host}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def _opener(index: Path | Searcher | Callable[[], Searcher]) -> Callable[[], Searcher]:
    if isinstance(index, Path):
        return lambda: open_index(index)
    return (lambda: index) if isinstance(index, Searcher) else index
