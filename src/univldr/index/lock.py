"""One process at a time holds a folder, such as an index; whoever comes second learns who that is."""

from __future__ import annotations

import ipaddress
import json
import os
import stat
import sys
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from univldr._lock import try_lock
from univldr.errors import StoreError
from univldr.index.base import unusable
from univldr.index.files import Files
from univldr.index.manifest import Manifest

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
            place = f" at {holder['url']}" if "url" in holder else ""
            return f"{holder['command']} (pid {holder['pid']}){place} since {since:%H:%M}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"  # it has the lock but has not written its name yet


def announce(lock: Path, url: str) -> None:
    """Tell other processes, for as long as this one holds ``lock``, to ask at ``url`` instead of waiting.

    Args:
        lock: The lock's file.
        url: ``http://ADDRESS:PORT``, with the address as a number, reachable from this machine.

    Raises:
        StoreError: the lock's file cannot be written, or another process wrote it.
    """
    try:
        with lock.open("r+", encoding="utf-8") as file:  # the same file: a new one would not be locked
            holder = json.load(file)
            if holder["pid"] != os.getpid():
                raise StoreError(f"index {lock.parent} is held by process {holder['pid']}, not by this one")
            file.seek(0)
            json.dump(holder | {"url": url}, file)
            file.truncate()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unusable(lock.parent, "announce the server of", error) from error


def address_of(index: Path) -> str | None:
    """Where the server that holds the index in the directory ``index`` answers; ``None`` where none does.

    Whoever may write there could name any address, and a search sends its query and a key to it. So only one
    of this machine counts, only while the lock is held, and only if nobody but this user or root wrote it.
    """
    try:
        lock = Files(index, Manifest.read(index).generation).lock
        with lock.open(encoding="utf-8") as file:
            url = json.load(file)["url"]
            is_held = not try_lock(file.fileno())
            return url if is_held and _is_own(file.fileno()) and _is_here(url) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StoreError):
        return None


def _is_own(descriptor: int) -> bool:
    """Whether an open file belongs to this user or root, and nobody else may write it."""
    if os.name != "posix":
        return True
    status = os.fstat(descriptor)
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _is_here(url: str) -> bool:
    """Whether it is plain HTTP to a number that is an address of this machine.

    Raises:
        ValueError: it is no URL, or has a name for its host.
    """
    parts = urlsplit(url)
    host = ipaddress.ip_address(parts.hostname or "")
    shown = str(host) if host.version == 4 else f"[{host}]"
    if url != f"http://{shown}:{parts.port}":
        return False
    if host.is_loopback:
        return True
    import socket  # here, as hardly any search from the command line needs it

    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(host), 0))
    except OSError:
        return False
    return True


def _command() -> str:
    """``univldr index`` of ``/usr/bin/univldr index DIR``."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    arguments = [argument for argument in sys.argv[1:2] if not argument.startswith("-")]
    return " ".join([name or "python", *arguments])
