"""A file of vectors that grows a chunk at a time, and the notes beside it of what is done."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, Literal, NamedTuple

import numpy as np

from univldr._lock import try_lock
from univldr.errors import StoreError
from univldr.types import Float32Array

CHUNKS = "chunks.jsonl"
"""The notes, in the same folder."""

DTYPE, BYTES = "<f4", 4

_DAMAGE = (
    OSError,
    ValueError,
    OverflowError,
    SyntaxError,
    TokenError,
    RecursionError,
    MemoryError,
)  # numpy's

Failure = tuple[int, str]
"""The row of a document without a vector, and the reason."""


class Chunk(NamedTuple):
    """A line of the notes.

    Attributes:
        rows: Where the chunk ends.
        failed: The documents in it that have no vector.
        end: Where the line ends, in bytes.
    """

    rows: int
    failed: list[Failure]
    end: int


NOTHING = Chunk(0, [], 0)
"""What is done before the first chunk."""


def line_of(rows: int, failed: Sequence[Failure]) -> bytes:
    """A chunk's line in the notes."""
    return json.dumps({"rows": rows, "failed": failed}).encode() + b"\n"


def finished(place: Path) -> list[Chunk]:
    """The notes, up to a line that was cut off in the middle."""
    chunks: list[Chunk] = []
    end = 0
    if not (place / CHUNKS).exists():
        return []
    with opened(place / CHUNKS, "rb") as notes:
        for line in notes:
            end += len(line)
            if not line.endswith(b"\n"):
                break
            try:
                note = json.loads(line)
                chunks.append(Chunk(note["rows"], [(row, reason) for row, reason in note["failed"]], end))
            except (ValueError, KeyError, TypeError):
                break
    return chunks


def loaded(path: Path, *, mmap_mode: Literal["r"] | None = None) -> Float32Array:
    """A whole file, float32 [rows, dim].

    Raises:
        StoreError: it is broken.
    """
    try:
        with np.errstate(over="ignore"):  # of sizes that no file has
            # Mapped first: what the file says of its size is held against what it has.
            vectors: Float32Array = np.lib.format.open_memmap(path, mode="r")
        if vectors.dtype != DTYPE or vectors.ndim != 2:
            raise ValueError(f"{vectors.dtype} {list(vectors.shape)}, not rows of float32")
    except _DAMAGE as error:
        raise StoreError(f"{path}: broken: {error}; remove it, and it will be made again") from error
    return vectors if mmap_mode else np.array(vectors)


def header(rows: int, dim: int) -> bytes:
    """How a ``.npy`` file of float32 [rows, dim] begins."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": DTYPE, "fortran_order": False, "shape": (rows, dim)}
    )
    return stream.getvalue()


def append(stream: IO[bytes], data: bytes) -> None:
    """Write, and come back when it is on the disk."""
    stream.write(data)
    stream.flush()
    os.fsync(stream.fileno())


@contextmanager
def held(path: Path) -> Iterator[IO[bytes]]:
    """The file, made if there is none; no other process gets it meanwhile."""
    with storing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with opened(path, "r+b") as stream:
        if not try_lock(stream.fileno()):
            raise StoreError(f"{path.parent} is being written by another process; wait for it or stop it")
        yield stream


def opened(path: Path, mode: Literal["rb", "ab", "wb", "r+b"]) -> IO[bytes]:
    """The file.

    Raises:
        StoreError: it cannot be opened.
    """
    with storing(path.parent):
        return path.open(mode)


@contextmanager
def storing(place: Path) -> Iterator[None]:
    """What the disk refuses becomes a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{place}: {error.strerror or error}; free some space, or name another folder for the cache"
        ) from error
