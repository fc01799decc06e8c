"""The vectors of a whole collection, made once and kept on disk; an interrupted run goes on where it was.

Several processes (:mod:`univldr._processes`) share the work, in a folder that all of them see.

Below a cache folder, ``vectors-MODEL-COLLECTION/`` holds what one model says of one collection, both by
their fingerprints, so that the vectors of another model or of an older corpus are never taken for these:

- ``vectors.npy``: float32 [documents, dim], in row order. It appears only when complete; until then
  it grows as ``vectors.npy.part``;
- ``chunks.jsonl``: a line for every finished chunk, ``{"rows": end, "failed": [[row, reason], ...]}``, added
  when its vectors are on the disk. What the part holds beyond the last line is cut off and done again;
- ``share-I-of-N/``: the same for one of N processes, until all of them are joined.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Protocol

import numpy as np
import numpy.typing as npt

from univldr._processes import BLOCK, from_first, gather_rows, processes, rank, share, wait_for_all
from univldr.corpus.collection import Collection, Topic
from univldr.encoders.vector_file import (
    BYTES,
    CHUNKS,
    DTYPE,
    NOTHING,
    Failure,
    append,
    finished,
    header,
    held,
    line_of,
    loaded,
    opened,
    storing,
)
from univldr.errors import CorpusError, ImageError, ModelError
from univldr.types import Document, Encoder, Float32Array, Modality, Progress

CHUNK = BLOCK
"""Documents encoded between two notes of progress."""

# Once as many pictures have failed and they are the larger part, the pictures are not where they should be.
_TOO_MANY = 100

_WHOLE, _PART = "vectors.npy", "vectors.npy.part"

logger = logging.getLogger("univldr")


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
    place = _place(encoder, collection, folder)
    if not from_first((place / _WHOLE).exists()):
        if processes() == 1:
            _Making(encoder, collection, place).run(progress)
        else:
            _embed_together(encoder, collection, folder, progress)
    _warn([failure for chunk in finished(place) for failure in chunk.failed])
    return loaded(place / _WHOLE, mmap_mode="r")


def _embed_together(
    encoder: Encoder, collection: Collection, folder: Path, progress: Progress | None
) -> None:
    embed_share(encoder, collection, folder, (rank(), processes()), progress=progress)
    wait_for_all()
    if rank() == 0:
        join_shares(encoder, collection, folder, processes())
    wait_for_all()


def embed_share(
    encoder: Encoder,
    collection: Collection,
    folder: Path,
    part: tuple[int, int],
    *,
    progress: Progress | None = None,
) -> None:
    """One process's part of ``embed_collection``, in a folder that all of them see.

    Once every process is done, one of them calls :func:`join_shares`. A share that was interrupted goes on
    where it was.

    Args:
        part: Which of how many: (0, 4) to (3, 4).

    Raises:
        CorpusError, ModelError, StoreError: see ``embed_collection``.
    """
    place = _place(encoder, collection, folder)
    if not (place / _WHOLE).exists() and not (_share(place, part) / _WHOLE).exists():
        _Making(encoder, _Part(collection, part), _share(place, part)).run(progress)


def join_shares(encoder: Encoder, collection: Collection, folder: Path, processes: int) -> None:
    """Make what ``embed_collection`` reads of the shares of all processes, which are removed.

    Raises:
        StoreError: a share is missing, or the folder cannot be written.
    """
    place = _place(encoder, collection, folder)
    parts = [_Part(collection, (number, processes)) for number in range(processes)]
    shares = [_share(place, (number, processes)) for number in range(processes)]
    if not (place / _WHOLE).exists():
        with held(place / _PART) as vectors, opened(place / CHUNKS, "wb") as notes, storing(place):
            vectors.truncate(0)
            vectors.write(header(len(collection), encoder.dim))
            for made, part in zip(shares, parts, strict=True):
                with opened(made / _WHOLE, "rb") as rows:
                    rows.seek(len(header(len(part), encoder.dim)))
                    shutil.copyfileobj(rows, vectors)
            append(vectors, b"")  # before a note says that they are there
            for made, part in zip(shares, parts, strict=True):
                start = part.rows.start
                for chunk in finished(made):
                    failed = [(start + row, reason) for row, reason in chunk.failed]
                    append(notes, line_of(start + chunk.rows, failed))
            (place / _PART).replace(place / _WHOLE)
    for made in shares:
        shutil.rmtree(made, ignore_errors=True)


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
    if from_first(path.exists()):
        return loaded(path)
    own = share(collection.report.queries[split], block=CHUNK)
    parts = [np.zeros((0, encoder.dim), np.float32)]
    for topics in topic_batches(collection, split, own):
        parts.append(embed_topics(encoder, topics))
        if progress:
            progress(sum(map(len, parts)), len(own), "encoding queries")
    vectors = gather_rows(np.concatenate(parts))
    if rank() == 0:
        _keep(vectors, path)
    wait_for_all()
    return vectors


def _keep(vectors: Float32Array, path: Path) -> None:
    with storing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        with part.open("wb") as stream:
            np.save(stream, vectors)
        part.replace(path)


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


def topic_batches(
    collection: Collection, split: str, numbers: range = range(sys.maxsize)
) -> Iterator[list[Topic]]:
    """A split's queries in stored order, few at a time, so that not all their pictures are in memory.

    ``numbers`` are those wanted, one after the other; by default all.
    """
    start = numbers.start
    while topics := collection.topics(split, start=start, stop=min(start + CHUNK, numbers.stop)):
        yield topics
        start += len(topics)


def _place(encoder: Encoder, collection: Collection, folder: Path) -> Path:
    return folder / f"vectors-{encoder.fingerprint}-{collection.fingerprint}"


def _share(place: Path, part: tuple[int, int]) -> Path:
    return place / f"share-{part[0]}-of-{part[1]}"


class _Documents(Protocol):
    """What of a collection is encoded."""

    def __len__(self) -> int: ...
    def documents(self, rows: range) -> list[Document]: ...
    def modalities(self) -> npt.NDArray[np.uint8]: ...


class _Part:
    """One process's rows of a collection."""

    def __init__(self, collection: Collection, part: tuple[int, int]) -> None:
        self._collection = collection
        self.rows = share(len(collection), block=CHUNK, of=part)

    def __len__(self) -> int:
        return len(self.rows)

    def documents(self, rows: range) -> list[Document]:
        return self._collection.documents(self.rows[rows.start : rows.stop])

    def modalities(self) -> npt.NDArray[np.uint8]:
        return self._collection.modalities()[self.rows.start : self.rows.stop]


class _Making:
    """One model's vectors of one collection on their way into one folder."""

    def __init__(self, encoder: Encoder, collection: _Documents, place: Path) -> None:
        self._encoder, self._collection, self._place = encoder, collection, place
        self._is_picture = collection.modalities() != tuple(Modality).index(Modality.TEXT)

    def run(self, progress: Progress | None) -> None:
        """Encode what is missing, then put the file in its place."""
        part, whole = self._place / _PART, self._place / _WHOLE
        with held(part) as vectors, opened(self._place / CHUNKS, "ab") as notes:
            if not whole.exists():  # or the process that held it has just finished
                self._make(vectors, notes, progress)
        with storing(self._place):
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
        first = header(len(self._collection), self._encoder.dim)
        chunks = finished(self._place)
        done, _, noted = chunks[-1] if chunks else NOTHING
        size = len(first) + done * self._encoder.dim * BYTES
        with storing(self._place):
            if vectors.seek(0, os.SEEK_END) < size:  # the vectors have gone
                chunks, done, noted, size = [], 0, 0, len(first)
            vectors.truncate(size)
            notes.truncate(noted)
            vectors.seek(0)
            vectors.write(first)
            vectors.seek(size)
        return done, [failure for chunk in chunks for failure in chunk.failed]

    def _chunk(self, rows: range, vectors: IO[bytes], notes: IO[bytes]) -> list[Failure]:
        encoded, failures = self._encode(rows)
        if encoded.shape != (len(rows), self._encoder.dim) or not np.isfinite(encoded).all():
            raise ModelError(
                f"{self._encoder.name}: vectors of shape {list(encoded.shape)} for {len(rows)} documents, or "
                f"not finite; they should be [{len(rows)}, {self._encoder.dim}]: is the model broken?"
            )
        with storing(self._place):
            append(vectors, encoded.astype(DTYPE).tobytes())
            append(notes, line_of(rows.stop, failures))
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
        with storing(self._place):
            good = itertools.takewhile(lambda chunk: not chunk.failed, finished(self._place))
            notes.truncate(max((chunk.end for chunk in good), default=0))
        raise CorpusError(
            f"{len(failures)} of {pictures} pictures cannot be decoded: are they all there? "
            f"The first: {failures[0][1]}"
        )


def _warn(failures: Sequence[Failure]) -> None:
    if failures:
        logger.warning(
            "pictures that cannot be decoded and will not be found: %d; the first: %s",
            len(failures),
            failures[0][1],
        )
