"""One process at a time holds a folder, such as an index; whoever comes second learns who that is."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime
from pathlib import Path

from univldr._lock import try_lock
from univldr.errors import StoreError
from univldr.index.base import unusable

FILE = "lock"
_POLL_SECONDS = 0.05


class IndexLock:
    """Held from construction to ``release``, or to the death of the process."""

    def __init__(self, index: Path, *, wait: float, what: str = "index", file: str = FILE) -> None:
        """Take the lock of the directory ``index``, for which it waits up to ``wait`` seconds.

        Args:
            index: Where the lock's file goes.
            wait: Seconds.
            what: The directory holds, for the message.
            file: The name of the lock's file.

        Raises:
            StoreError: another process still holds it, or the directory cannot be written.
        """
        self._path = index / file
        self._what = what
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise unusable(index, "lock", error) from error
        try:
            self._acquire(index, wait)
        except BaseException:
            os.close(self._descriptor)
            raise

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._descriptor)

    def _acquire(self, index: Path, wait: float) -> None:
        deadline = time.monotonic() + wait
        while not try_lock(self._descriptor):
            if time.monotonic() >= deadline:
                raise StoreError(
                    f"{self._what} {index} is in use by {self._holder()}; wait for it or stop it"
                )
            time.sleep(_POLL_SECONDS)
        holder = {
            "pid": os.getpid(),
            "command": _command(),
            "since": datetime.now().isoformat("T", "seconds"),
        }
        try:
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, json.dumps(holder).encode())
        except OSError as error:
            raise unusable(index, "lock", error) from error

    def _holder(self) -> str:
        try:
            holder = json.loads(self._path.read_text(encoding="utf-8"))
            since = datetime.fromisoformat(holder["since"])
            return f"{holder['command']} (pid {holder['pid']}) since {since:%H:%M}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"  # it has the lock but has not written its name yet


def _command() -> str:
    """``univldr index`` of ``/usr/bin/univldr index DIR``."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    arguments = [argument for argument in sys.argv[1:2] if not argument.startswith("-")]
    return " ".join([name or "python", *arguments])
