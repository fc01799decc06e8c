"""Where pictures lie, and how they are read: files, members of tar shards, lines of a TSV of base64.

A shard is never unpacked: a picture is one read at a byte offset, from any thread of any process.
"""

from __future__ import annotations

import binascii
import enum
import os
import sys
import tarfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from univldr.errors import CorpusError, ImageError
from univldr.images import MAX_BYTES

OPEN_SHARDS = 64
"""How many shards a process keeps open."""

_TSV_BYTES = 256 * 1024  # most base64 photographs of a web page fit, so that one read suffices
_MAX_LINE = MAX_BYTES // 3 * 4 + 1024


class Coding(enum.IntEnum):
    """How a picture is stored at its place; the numbers are stored."""

    FILE = 0
    """A file of its own."""
    RAW = 1
    """``size`` bytes at ``offset`` of a shard."""
    TSV = 2
    """Base64 after the tab of the line that begins at ``offset``; its length is ``size``, 0 if unknown."""
    ROW = 3
    """The bytes are a row of the collection's own file, with the number ``offset``."""


class Place(NamedTuple):
    """Where a picture lies; offset and size in bytes."""

    coding: Coding
    file: str
    offset: int = 0
    size: int = 0


class Member(NamedTuple):
    """A named piece of a shard; offset and size in bytes, size 0 where it is not known."""

    name: str
    offset: int
    size: int


class InShard(NamedTuple):
    """A picture inside a shard: the shard's path relative to the data set's folder, and the name in it."""

    shard: str
    name: str


Picture = Path | InShard | bytes
"""A file (relative to the data set's folder, or absolute), a piece of a shard, or the encoded bytes."""


def picture_of(value: object) -> Picture:
    """A picture as records name it: a path, ``a.tar/member``, bytes, or a mapping with ``bytes`` or ``path``.

    Raises:
        CorpusError: it is none of these.
    """
    if isinstance(value, dict):  # as Hugging Face data sets store pictures
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise CorpusError("the picture is neither a path nor encoded bytes")
    if value.startswith(("http://", "https://", "data:")):
        raise CorpusError(f'the picture is "{value[:60]}", not a file; save it and give its path')
    inside = split_tar_path(value)
    return InShard(*inside) if inside else Path(value)


def tar_members(path: Path) -> Iterator[Member]:
    """The regular files in a tar shard, in order; only headers are read, and none is remembered.

    Raises:
        CorpusError: not a tar file, a compressed one, or one that is cut off.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # or it would keep every header
                if info.isreg() and not info.issparse():
                    yield Member(info.name.removeprefix("./"), info.offset_data, info.size)
    except FileNotFoundError as error:
        raise CorpusError(f"{path}: no such tar file") from error
    except (OSError, tarfile.TarError) as error:
        raise CorpusError(
            f"{path}: not a plain tar file, or cut off: {error}; unpack .tar.gz to .tar, or copy it again"
        ) from error


def split_tar_path(path: str) -> tuple[str, str] | None:
    """``shards/a.tar/b/c.webp`` as (``shards/a.tar``, ``b/c.webp``); ``None`` for other paths."""
    shard, found, member = path.partition(".tar/")
    return (f"{shard}.tar", member) if found and member else None


class PictureFiles:
    """Reads pieces of shards; safe to share between threads, and a forked process may go on using it."""

    def __init__(self, limit: int = OPEN_SHARDS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._handles: OrderedDict[Path, _Handle] = OrderedDict()

    def raw(self, path: Path, offset: int, size: int) -> bytes:
        """``size`` bytes at ``offset``.

        Raises:
            ImageError: the file is missing or shorter, or the picture is over ``MAX_BYTES``.
        """
        if size > MAX_BYTES:
            raise ImageError(f"{path}: a picture of {size:,} bytes, over the limit of {MAX_BYTES:,}")
        data = self._at(path, size, offset)
        if len(data) < size:
            raise ImageError(f"{path}: ends before byte {offset + size:,}; it was cut off or replaced")
        return data

    def tsv(self, path: Path, offset: int, size: int, key: str) -> bytes:
        """The decoded picture of the line ``key<TAB>base64`` that begins at ``offset``.

        Args:
            path: The TSV file.
            offset: Of the line's first byte.
            size: Of the line in bytes, or 0: then it is read up to its end, wherever that is.
            key: What the line must begin with.

        Raises:
            ImageError: the file is missing, another line begins there, or it is not base64.
        """
        line = self._line(path, offset, size or _TSV_BYTES)
        found, tab, encoded = line.partition(b"\t")
        if not tab or not _same_id(found, key.encode()):
            raise ImageError(
                f'{path}: at byte {offset:,} begins "{found[:40].decode(errors="replace")}", not "{key}"; '
                "the index of offsets belongs to another file"
            )
        try:
            return binascii.a2b_base64(encoded)
        except binascii.Error as error:
            raise ImageError(f"{path}: the line at byte {offset:,} is not base64: {error}") from error

    def _line(self, path: Path, offset: int, size: int) -> bytes:
        """The line from ``offset`` on, without its end; ``size`` bytes are read at first."""
        data = b""
        while len(data) < _MAX_LINE:
            more = self._at(path, size, offset + len(data))
            head, end, _ = more.partition(b"\n")
            data += head
            if end or len(more) < size:
                break
            size = max(len(data), _TSV_BYTES)
        return data.rstrip(b"\r")

    def _at(self, path: Path, size: int, offset: int) -> bytes:
        try:
            return self._handle(path).read(size, offset)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise ImageError(f"{path}: cannot be read at byte {offset:,}: {reason}") from error

    def _handle(self, path: Path) -> _Handle:
        with self._lock:
            handle = self._handles.get(path)
            if handle is None:
                handle = self._handles[path] = _Handle(path)
            self._handles.move_to_end(path)
            if len(self._handles) > self._limit:
                self._handles.popitem(last=False)  # closes once the last thread that reads from it is done
            return handle


def _same_id(found: bytes, key: bytes) -> bool:
    if found.isdigit() and key.isdigit():
        found, key = found.lstrip(b"0"), key.lstrip(b"0")  # 00042 is 42
    return found == key


class _Handle:
    """An open file, closed with its last reference."""

    def __init__(self, path: Path) -> None:
        self._descriptor = -1
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._lock = threading.Lock()

    if sys.platform == "win32":

        def read(self, size: int, offset: int) -> bytes:
            with self._lock:
                os.lseek(self._descriptor, offset, os.SEEK_SET)
                return os.read(self._descriptor, size)
    else:

        def read(self, size: int, offset: int) -> bytes:
            """Up to ``size`` bytes; fewer only at the end of the file."""
            parts = []
            while size and (part := os.pread(self._descriptor, size, offset)):
                parts.append(part)
                size, offset = size - len(part), offset + len(part)
            return b"".join(parts)

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
