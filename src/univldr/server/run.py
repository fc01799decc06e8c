"""A server from its start to its end: the socket, the index, the processes, and the signals that stop it."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import SIGNALS

from univldr.errors import ConfigError, StoreError, UnivldrError
from univldr.index.holder import Holder
from univldr.index.store import Store
from univldr.pipeline import IndexReport, Loader, watch
from univldr.server.memory import give_back_large_blocks
from univldr.server.settings import ServerSettings
from univldr.server.worker import METRICS, Opener, Worker, application, log_to_stderr
from univldr.types import Progress

_log = logging.getLogger(__name__)
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_TICK = 0.5  # seconds between two looks at the workers
_SOON = 0.05  # while they start or end
_ANSWERS = 10  # seconds that a worker may take to say that it is alive: loading a model keeps it busy
_GRACE = 5.0  # seconds beyond their own limit that workers get to end
_KINDNESS = 10  # by how much an update gives way to requests, as ``nice`` counts

Ready = Callable[[str, Holder], None]
"""Told, once requests are answered, the server's URL."""

Update = Callable[[Store, Loader, Progress], IndexReport]
"""Brings an open index up to date; ``progress`` may raise, which ends it."""


class Keeper:
    """How to keep an index current while it serves."""

    def __init__(
        self, corpus: Path, update: Update, report: Callable[[IndexReport | UnivldrError], None]
    ) -> None:
        """Told what to look at, what to do, and whom to tell of what was done or went wrong."""
        self._corpus = corpus
        self._update = update
        self._report = report
        self._stop = threading.Event()
        self._complaint = ""

    @contextlib.contextmanager
    def keeping(self, holder: Holder, loader: Loader | None) -> Iterator[None]:
        """In a thread of its own, meanwhile.

        Args:
            holder: Has the index open.
            loader: Gives the encoder; ``None`` has one of its own from the first change on.
        """
        thread = threading.Thread(target=self._run, args=[holder, loader], name="univldr-keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(_GRACE)

    def _run(self, holder: Holder, loader: Loader | None) -> None:
        if sys.platform == "linux":  # where a thread can be nice alone
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _KINDNESS)

        def update(own: Loader) -> IndexReport:
            with holder.lease() as lease:
                return self._update(lease.store, loader or own, self._progress)

        with contextlib.suppress(_StoppedError):
            while True:
                try:
                    watch(self._corpus, update, self._tell, sleep=self._sleep)
                except UnivldrError as error:  # the first look failed
                    self._tell(error)
                self._sleep(_GRACE)

    def _tell(self, done: IndexReport | UnivldrError) -> None:
        """An error once, also where it was the first look's and is a later one's."""
        if self._stop.is_set():
            return  # what goes wrong now does so because the index is being closed
        complaint = str(done) if isinstance(done, UnivldrError) else ""
        changed = not isinstance(done, UnivldrError) and (
            done.added + done.updated + done.renamed + done.removed
        )
        if changed or (complaint and complaint != self._complaint):
            self._report(done)
        self._complaint = complaint

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise _StoppedError

    def _progress(self, *_: object) -> None:
        self._sleep(0)


class _StoppedError(Exception):
    """The server stops."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that has the address, but does not listen yet.

    Raises:
        ConfigError: it cannot have it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"host is {host!r}: {error}; give an address of this machine") from error
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers have one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _unbound(host, port, error) from error
    return listener


def _unbound(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return ConfigError(
            f"port {port} of {host} is in use; choose another with --port, or any with --port 0"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ConfigError(f"port {port} may not be used by this user; choose one from 1024 with --port")
    return ConfigError(
        f"cannot listen on {host} port {port}: {error.strerror}; give an address of this machine"
    )


def url_of(listener: socket.socket) -> str:
    """Where this machine reaches what listens there, with an address, not a name."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(
    listener: socket.socket,
    holder: Holder,
    settings: ServerSettings,
    *,
    keeper: Keeper | None = None,
    ready: Ready = lambda url, holder: None,
) -> None:
    """Answer requests until SIGTERM or SIGINT, then finish what was accepted; a second signal ends at once.

    Args:
        listener: See :func:`bind`; closed afterwards.
        holder: Has the index open; stays open.
        settings: How to serve.
        keeper: Keeps the index current meanwhile.
        ready: Told the server's URL once it answers.

    Raises:
        ConfigError: several workers cannot be had on this system.
        ModelError, StoreError: the index cannot be opened by who answers.
    """
    log_to_stderr()
    give_back_large_blocks()
    url = url_of(listener)

    def started() -> None:
        holder.announce(url)
        ready(url, holder)

    run = _several if settings.workers > 1 else _alone
    with contextlib.closing(listener):
        run(listener, holder, settings, keeper, started)


def _alone(
    listener: socket.socket,
    holder: Holder,
    settings: ServerSettings,
    keeper: Keeper | None,
    started: Callable[[], None],
) -> None:
    """All in this process."""
    opener = Opener(holder.lease)
    config = _config(settings, application(opener, settings))
    with keeper.keeping(holder, opener.load) if keeper else contextlib.nullcontext():
        _Server(config, started).run([listener])


def _several(
    listener: socket.socket,
    holder: Holder,
    settings: ServerSettings,
    keeper: Keeper | None,
    started: Callable[[], None],
) -> None:
    """The index in this process, the answers from others."""
    config = _config(settings, Worker(holder.listen(), settings))
    with contextlib.ExitStack() as resources:
        counts = resources.enter_context(tempfile.TemporaryDirectory(prefix="univldr-metrics-"))
        os.environ[METRICS] = counts  # the workers inherit it
        resources.callback(os.environ.pop, METRICS)
        if keeper:
            resources.enter_context(keeper.keeping(holder, None))
        supervisor = _Supervisor(config, listener, settings.shutdown + _GRACE, started)
        supervisor.run()
    if supervisor.hurried:
        sys.exit(128 + supervisor.hurried)
    if supervisor.failed:
        raise StoreError("a worker could not start; see above")


def _config(settings: ServerSettings, app: object) -> uvicorn.Config:
    """uvicorn's settings; the factory of a worker goes to the other process as it is."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        factory=isinstance(app, Worker),
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        workers=settings.workers,
        timeout_graceful_shutdown=int(settings.shutdown),
        timeout_worker_healthcheck=_ANSWERS,
    )


class _Server(uvicorn.Server):
    """uvicorn in this process; a signal is the regular way to end it, and the exit code says so."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        former = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True


class _Supervisor(Multiprocess):
    """uvicorn's, which replaces a worker that died; it also says when all are ready, and gives up in time.

    Attributes:
        failed: Whether a worker could not start; then all were stopped.
        hurried: The second signal, for which the workers were killed, if there was one.
    """

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, limit: float, ready: Callable[[], None]
    ) -> None:
        self.failed = False
        self.hurried = 0
        self._limit = limit
        self._ready: Callable[[], None] | None = ready
        self._former = {number: signal.getsignal(number) for number in _SIGNALS}
        super().__init__(config, [listener])
        for number in {*SIGNALS} - {*_SIGNALS}:
            signal.signal(number, signal.SIG_DFL)  # its ways to change the number of workers

    def run(self) -> None:
        """Until a signal, or until a worker cannot start."""
        self.init_processes()
        try:
            self._hear_their_ends()
            while not self.should_exit.wait(_SOON if self._ready else _TICK):
                self.handle_signals()
                self.keep_subprocess_alive()
                if self._ready and all(process.is_ready(_TICK) for process in self.processes):
                    self._ready()
                    self._ready = None
            for listener in self.sockets:
                listener.close()
        finally:
            self.terminate_all()
            self.join_all()
            for number, handler in self._former.items():
                signal.signal(number, handler)

    def keep_subprocess_alive(self) -> None:
        """Start those again that died."""
        before = list(self.processes)
        super().keep_subprocess_alive()
        self._hear_their_ends()
        self.failed |= any(process.exitcode == STARTUP_FAILURE for process in before)
        for old, new in zip(before, self.processes, strict=True):
            if old is not new:
                _forget(old.pid)
                _log.warning("worker %s ended with %s; another one takes its place", old.pid, old.exitcode)

    def _hear_their_ends(self) -> None:
        """Close this process's copy of their end of a pipe, or questions wait for an answer of the dead."""
        for process in self.processes:
            process.child_conn.close()

    def join_all(self) -> None:
        """Wait for the workers to finish, up to the limit or to another signal."""
        deadline = time.monotonic() + self._limit
        self.signal_queue.clear()
        while any(process.process.is_alive() for process in self.processes):
            self.hurried = next(iter(self.signal_queue), 0)
            if self.hurried or time.monotonic() > deadline:
                for process in self.processes:
                    process.process.kill()
            time.sleep(_SOON)


def _forget(pid: int | None) -> None:
    """What a process that died was doing does not count any more."""
    from prometheus_client.multiprocess import mark_process_dead

    if pid is not None:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
