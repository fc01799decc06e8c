"""The vectors of a whole collection, made once and kept on disk; an interrupted run goes on where it was.

Below a cache folder, ``vectors-MODEL-COLLECTION/`` holds what one model says of one collection, both by
their fingerprints, so that the vectors of another model or of an older corpus are never taken for these:

- ``vectors.npy``: float32 [documents, dim], in row order. It appears only when complete; until then
  it grows as ``vectors.npy.part``;
- ``chunks.jsonl``: a line for every finished chunk, ``{"rows": end, "failed": [[row, reason], ...]}``, added
  when its vectors are on the disk. What the part holds beyond the last line is cut off and done again.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, NamedTuple

import numpy as np

from univldr._lock import try_lock
from univldr.corpus.collection import Collection, Topic
from univldr.errors import CorpusError, ImageError, ModelError, StoreError
from univldr.types import Encoder, Float32Array, Modality, Progress

CHUNK = 512
"""Documents encoded between two notes of progress."""

# Once as many pictures have failed and they are the larger part, the pictures are not where they should be.
_TOO_MANY = 100

_WHOLE, _PART, _CHUNKS = "vectors.npy", "vectors.npy.part", "chunks.jsonl"

_DTYPE, _BYTES = "<f4", 4

logger = logging.getLogger("univldr")

Failure = tuple[int, str]
"""The row of a document without a vector, and the reason."""


def embed_collection(
    encoder: Encoder, collection: Collection, folder: Path, *, progress: Progress | None = None
) -> Float32Array:
    """The vectors of every document, from ``folder`` where they are, made and kept there where not.

    A picture that cannot be decoded gets a row of zeros; one warning says how many there are.

    Args:
        encoder: Makes the vectors.
        collection: The documents; they are read a chunk at a time.
        folder: A cache that models and collections can share.
        progress: Told how far it is, if there is something to do.

    Returns:
        float32 [len(collection), dim], a read-only memory map, unit rows.

    Raises:
        CorpusError: a document cannot be read, or most pictures cannot.
        ModelError: the encoder gives rows of the wrong shape, or numbers that are not finite.
        StoreError: the folder cannot be written, or another process is at it.
    """
    if not len(collection):
        return np.zeros((0, encoder.dim), np.float32)
    place = folder / f"vectors-{encoder.fingerprint}-{collection.fingerprint}"
    if not (place / _WHOLE).exists():
        _Making(encoder, collection, place).run(progress)
    _warn([failure for chunk in _finished(place) for failure in chunk.failed])
    return _loaded(place / _WHOLE, mmap_mode="r")


def embed_topics(
    encoder: Encoder, topics: Sequence[Topic], *, progress: Progress | None = None
) -> Float32Array:
    """The vectors of queries, in order.

    Returns:
        float32 [len(topics), dim], unit rows.

    Raises:
        ConfigError: a query has neither words nor a picture.
        ImageError: a query's picture cannot be decoded.
    """
    vectors = np.zeros((len(topics), encoder.dim), np.float32)
    for start in range(0, len(topics), CHUNK):
        some = topics[start : start + CHUNK]
        vectors[start : start + len(some)] = encoder.encode_queries([topic.query for topic in some])
        if progress:
            progress(start + len(some), len(topics), "encoding queries")
    return vectors


def embed_split(
    encoder: Encoder, collection: Collection, split: str, folder: Path, *, progress: Progress | None = None
) -> Float32Array:
    """The vectors of a split's queries, in stored order, kept in ``folder`` as ``queries-MODEL-QUERIES.npy``.

    Returns:
        float32 [queries, dim], unit rows.

    Raises:
        ConfigError: a query has neither words nor a picture.
        CorpusError: there is no such split.
        ImageError: a query's picture cannot be decoded.
        StoreError: the folder cannot be written.
    """
    path = folder / f"queries-{encoder.fingerprint}-{split_fingerprint(collection, split)}.npy"
    if path.exists():
        return _loaded(path)
    total = collection.report.queries[split]
    parts = [np.zeros((0, encoder.dim), np.float32)]
    for topics in topic_batches(collection, split):
        parts.append(embed_topics(encoder, topics))
        if progress:
            progress(sum(map(len, parts)), total, "encoding queries")
    vectors = np.concatenate(parts)
    with _storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        with part.open("wb") as stream:
            np.save(stream, vectors)
        part.replace(path)
    return vectors


def split_fingerprint(collection: Collection, split: str) -> str:
    """16 hex digits that change with a split's queries, their order and their positives.

    Raises:
        CorpusError: there is no such split.
    """
    digest = hashlib.blake2b(digest_size=8)
    for topics in topic_batches(collection, split):
        for topic in topics:
            digest.update(repr((topic.id, topic.query, topic.positives)).encode())
    return digest.hexdigest()


def topic_batches(collection: Collection, split: str) -> Iterator[list[Topic]]:
    """A split's queries in stored order, few at a time, so that not all their pictures are in memory."""
    start = 0
    while topics := collection.topics(split, start=start, stop=start + CHUNK):
        yield topics
        start += len(topics)


class _Chunk(NamedTuple):
    """A line of the notes.

    Attributes:
        rows: Where the chunk ends.
        failed: The documents in it that have no vector.
        end: Where the line ends, in bytes.
    """

    rows: int
    failed: list[Failure]
    end: int


class _Making:
    """One model's vectors of one collection on their way into one folder."""

    def __init__(self, encoder: Encoder, collection: Collection, place: Path) -> None:
        self._encoder, self._collection, self._place = encoder, collection, place
        self._is_picture = collection.modalities() != tuple(Modality).index(Modality.TEXT)

    def run(self, progress: Progress | None) -> None:
        """Encode what is missing, then put the file in its place."""
        part, whole = self._place / _PART, self._place / _WHOLE
        with _held(part) as vectors, _open(self._place / _CHUNKS, "ab") as notes:
            if not whole.exists():  # or the process that held it has just finished
                self._make(vectors, notes, progress)
        with _storing(self._place):
            if not whole.exists():
                part.replace(whole)
            part.unlink(missing_ok=True)

    def _make(self, vectors: IO[bytes], notes: IO[bytes], progress: Progress | None) -> None:
        total = len(self._collection)
        done, failures = self._resume(vectors, notes)
        if progress:
            progress(done, total, "encoding documents")
        for start in range(done, total, CHUNK):
            rows = range(start, min(start + CHUNK, total))
            failures += self._chunk(rows, vectors, notes)
            self._check_pictures(rows.stop, failures, notes)
            if progress:
                progress(rows.stop, total, "encoding documents")

    def _resume(self, vectors: IO[bytes], notes: IO[bytes]) -> tuple[int, list[Failure]]:
        """Bring both files back to the last finished chunk: the rows done, and what failed among them."""
        header = _header(len(self._collection), self._encoder.dim)
        chunks = _finished(self._place)
        done, _, noted = chunks[-1] if chunks else _NOTHING
        size = len(header) + done * self._encoder.dim * _BYTES
        with _storing(self._place):
            if vectors.seek(0, os.SEEK_END) < size:  # the vectors have gone
                chunks, done, noted, size = [], 0, 0, len(header)
            vectors.truncate(size)
            notes.truncate(noted)
            vectors.seek(0)
            vectors.write(header)
            vectors.seek(size)
        return done, [failure for chunk in chunks for failure in chunk.failed]

    def _chunk(self, rows: range, vectors: IO[bytes], notes: IO[bytes]) -> list[Failure]:
        encoded, failures = self._encode(rows)
        if encoded.shape != (len(rows), self._encoder.dim) or not np.isfinite(encoded).all():
            raise ModelError(
                f"{self._encoder.name}: vectors of shape {list(encoded.shape)} for {len(rows)} documents, or "
                f"not finite; they should be [{len(rows)}, {self._encoder.dim}]: is the model broken?"
            )
        with _storing(self._place):
            _append(vectors, encoded.astype(_DTYPE).tobytes())
            _append(notes, json.dumps({"rows": rows.stop, "failed": failures}).encode() + b"\n")
        return failures

    def _encode(self, rows: range) -> tuple[Float32Array, list[Failure]]:
        """On a bad picture, halve until it stands alone, and leave that one at zero."""
        try:
            return self._encoder.encode_documents(self._collection.documents(rows)), []
        except ImageError as error:
            if len(rows) == 1:
                return np.zeros((1, self._encoder.dim), np.float32), [(rows.start, str(error))]
            first, failed_first = self._encode(rows[: len(rows) // 2])
            second, failed_second = self._encode(rows[len(rows) // 2 :])
            return np.concatenate([first, second]), failed_first + failed_second

    def _check_pictures(self, done: int, failures: Sequence[Failure], notes: IO[bytes]) -> None:
        """Stop where most pictures fail, and take back what was noted since the first that did."""
        pictures = int(self._is_picture[:done].sum())
        if len(failures) < _TOO_MANY or 2 * len(failures) <= pictures:
            return
        with _storing(self._place):
            good = itertools.takewhile(lambda chunk: not chunk.failed, _finished(self._place))
            notes.truncate(max((chunk.end for chunk in good), default=0))
        raise CorpusError(
            f"{len(failures)} of {pictures} pictures cannot be decoded: are they all there? "
            f"The first: {failures[0][1]}"
        )


_NOTHING = _Chunk(0, [], 0)


def _finished(place: Path) -> list[_Chunk]:
    """The notes, up to a line that was cut off in the middle."""
    chunks: list[_Chunk] = []
    end = 0
    if not (place / _CHUNKS).exists():
        return []
    with _open(place / _CHUNKS, "rb") as notes:
        for line in notes:
            end += len(line)
            if not line.endswith(b"\n"):
                break
            try:
                note = json.loads(line)
                chunks.append(_Chunk(note["rows"], [(row, reason) for row, reason in note["failed"]], end))
            except (ValueError, KeyError, TypeError):
                break
    return chunks


def _warn(failures: Sequence[Failure]) -> None:
    if failures:
        logger.warning(
            "pictures that cannot be decoded and will not be found: %d; the first: %s",
            len(failures),
            failures[0][1],
        )


def _loaded(path: Path, *, mmap_mode: Literal["r"] | None = None) -> Float32Array:
    try:
        vectors: Float32Array = np.load(path, mmap_mode=mmap_mode)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: broken: {error}; remove it, and it will be made again") from error
    return vectors


def _header(rows: int, dim: int) -> bytes:
    """How a ``.npy`` file of float32 [rows, dim] begins."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": _DTYPE, "fortran_order": False, "shape": (rows, dim)}
    )
    return stream.getvalue()


def _append(stream: IO[bytes], data: bytes) -> None:
    """Write, and come back when it is on the disk."""
    stream.write(data)
    stream.flush()
    os.fsync(stream.fileno())


@contextmanager
def _held(path: Path) -> Iterator[IO[bytes]]:
    """The file, made if there is none; no other process gets it meanwhile."""
    with _storing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with _open(path, "r+b") as stream:
        if not try_lock(stream.fileno()):
            raise StoreError(f"{path.parent} is being written by another process; wait for it or stop it")
        yield stream


def _open(path: Path, mode: Literal["rb", "ab", "r+b"]) -> IO[bytes]:
    with _storing(path.parent):
        return path.open(mode)


@contextmanager
def _storing(place: Path) -> Iterator[None]:
    """What the disk refuses becomes a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{place}: {error.strerror or error}; free some space, or name another folder for the cache"
        ) from error
