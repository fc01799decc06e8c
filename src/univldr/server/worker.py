"""What answers requests: in the only process of a server, or in each of its workers."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uvicorn.config import STARTUP_FAILURE

from univldr.encoders import load_encoder
from univldr.encoders.settings import TextSettings
from univldr.errors import UnivldrError
from univldr.index.base import Held
from univldr.index.holder import Address
from univldr.index.shared import SharedStore
from univldr.search import Searcher
from univldr.server.memory import give_back_large_blocks
from univldr.server.settings import ServerSettings
from univldr.types import Encoder

if TYPE_CHECKING:
    from fastapi import FastAPI  # the process that only holds the index does without

METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""Names, in the environment of workers, the folder where their metrics are added up."""

_GRACE = 5.0  # seconds beyond its own limit after which an orphan ends at once


class Opener:
    """Opens an index as often as it is asked to, but loads the encoder only when it is another one."""

    def __init__(self, held: Callable[[], Held]) -> None:
        """``held`` opens the newest generation of the index."""
        self._held = held
        self._turn = threading.Lock()
        self._known: tuple[str, TextSettings, Encoder] | None = None

    def __call__(self) -> Searcher:
        """The index with its encoder.

        Raises:
            ModelError: its model is missing or has changed since.
            StoreError: it cannot be opened.
        """
        held = self._held()
        try:
            manifest = held.manifest
            texts = TextSettings(manifest.template, manifest.max_tokens)
            encoder = self.load(manifest.encoder, texts)
            if encoder.fingerprint != manifest.fingerprint:
                self._known = None  # it may have changed since it was loaded
                encoder = self.load(manifest.encoder, texts)
            manifest.check(held.path, encoder)
        except BaseException:
            held.close()
            raise
        return Searcher(encoder, held.engine, store=held)

    def load(self, name: str, texts: TextSettings) -> Encoder:
        """The encoder of a name, as ``load_encoder`` gives it; the last one is kept."""
        with self._turn:
            if self._known is None or self._known[:2] != (name, texts):
                self._known = None  # two at once may be too many
                self._known = name, texts, load_encoder(name, texts)
            return self._known[2]


def application(opener: Opener, settings: ServerSettings) -> FastAPI:
    """The application over the index that ``opener`` opens; its model is loaded before this returns.

    Raises:
        ModelError, StoreError: it cannot be opened.
    """
    from univldr.server.app import create_app
    from univldr.server.metrics import Metrics
    from univldr.server.service import Service

    opener().close()
    metrics = Metrics()
    return create_app(Service(opener, settings, metrics), settings, metrics)


@dataclass(frozen=True, slots=True)
class Worker:
    """Makes the application of one of several processes, which ask the index's holder.

    It gets there through the pipe that starts the process, so the keys show in no command line and no
    environment.

    Attributes:
        address: Where the holder answers.
        settings: The server's.
    """

    address: Address
    settings: ServerSettings

    def __call__(self) -> FastAPI:
        """Called in the worker's process; where the index cannot be opened the process ends."""
        log_to_stderr()
        give_back_large_blocks()
        threading.Thread(target=self._follow, name="univldr-follow", daemon=True).start()
        try:
            return application(Opener(lambda: SharedStore(self.address)), self.settings)
        except UnivldrError as error:
            print(f"univldr: {error}", file=sys.stderr)
            sys.exit(STARTUP_FAILURE)

    def _follow(self) -> None:
        """End with the process that holds the index, however that ended, and clear up after it."""
        parent = multiprocessing.parent_process()
        if parent is None:
            return
        parent.join()
        for left in (Path(self.address.path).parent, Path(os.environ[METRICS])):
            shutil.rmtree(left, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(self.settings.shutdown + _GRACE)
        os._exit(1)


def log_to_stderr() -> None:
    """Warnings of ours and of the server, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("univldr: %(message)s"))
    for name in ("univldr", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(logging.WARNING)
        logger.propagate = False
