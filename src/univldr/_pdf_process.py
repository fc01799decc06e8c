"""The process that PDFium is in, from outside: started when it is needed, anew where a file was its end."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from univldr._optional import require
from univldr._pdf_worker import HEAD, MEMORY, SECONDS, Answer, answers

_MOST_WAIT = 120.0  # seconds for an answer, where the process waits rather than works

_lock = threading.Lock()  # PDFium does one thing at a time


class _Process:
    """Runs :func:`univldr._pdf_worker.main`."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(_MOST_WAIT)
        descriptor = theirs.fileno()
        with theirs:
            self._process = subprocess.Popen(
                # -P, or modules of the folder that somebody is in would come first.
                [sys.executable, "-P", "-m", "univldr._pdf_worker", str(descriptor), str(MEMORY)],
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def answers(self, request: Mapping[str, Any], file: BinaryIO) -> Iterator[Answer]:
        socket.send_fds(self._socket, [json.dumps(request).encode()], [file.fileno()])
        while (answer := self._answer()) is not None:
            yield answer

    def _answer(self) -> Answer | None:
        told, more = HEAD.unpack(self._bytes(HEAD.size))
        return (json.loads(self._bytes(told)), self._bytes(more)) if told else None

    def _bytes(self, count: int) -> bytes:
        data = bytearray(count)
        rest = memoryview(data)
        while rest:
            got = self._socket.recv_into(rest)
            if not got:
                raise ConnectionResetError("it ended")
            rest = rest[got:]
        return bytes(data)

    def reason(self, error: OSError) -> str:
        """Why it does not answer any more; it is ended, if it is not."""
        if isinstance(error, TimeoutError):
            return f"nothing happened for {_MOST_WAIT:.0f} s"
        if self.close() == -signal.SIGPROF:
            return f"a page takes over {SECONDS:g} s of CPU"
        return f"it crashes PDFium, or takes over {MEMORY >> 20:,} MiB"

    def close(self) -> int:
        """End it; gives the status that it ended with."""
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(1)  # it finds nobody to ask
        self._process.kill()
        return self._process.wait()

    def forget(self) -> None:
        """It is the parent's."""
        self._socket.close()
        self._process.returncode = 0  # or its object, going away, would complain that it runs


_process: _Process | None = None


def ask(request: Mapping[str, Any], file: BinaryIO) -> tuple[list[Answer], str]:
    """What :func:`univldr._pdf_worker.answers` gives, by a process of its own.

    On Windows, which hands no open files over, it is this process.

    Returns:
        All answers, and ""; or those that came, and what the file did that there are no more.

    Raises:
        MissingExtra: pypdfium2 is not installed.
        OSError: no process can be started.
    """
    global _process
    require("pypdfium2", extra="pdf", purpose="reading PDF")
    with _lock:
        if not hasattr(socket, "send_fds"):
            return list(answers(request, file)), ""
        if _process is None or not _process.is_running:
            close()
            _process = _Process()
        got: list[Answer] = []
        finished = False
        try:
            for answer in _process.answers(request, file):
                got.append(answer)
            finished = True
        except OSError as error:
            return got, _process.reason(error)
        finally:
            if not finished:
                close()
        return got, ""


def close() -> None:
    """End the process, if there is one."""
    global _process
    if _process is not None:
        _process.close()
        _process = None


def _after_fork() -> None:
    """What a parent has is its own: a child starts another."""
    global _process, _lock
    _lock = threading.Lock()
    if _process is not None:
        _process.forget()
        _process = None


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
