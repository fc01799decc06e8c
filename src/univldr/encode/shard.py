"""One shard, read, encoded and written: all of it, or nothing that anyone would take for it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from univldr.corpus.base import Skipped
from univldr.encode.plan import Shard, settle
from univldr.encode.readers import Reader
from univldr.errors import CorpusError, ImageError, MissingExtra, StoreError
from univldr.index.base import to_payload
from univldr.pipeline import BATCH_SIZE
from univldr.transfer import Batch, Parquet
from univldr.types import Document, Encoder, Float32Array

SKIPPED = "skipped"
"""The folder in which each shard's ``.jsonl`` tells what was left out of it."""

TRIES = ".tries"
"""The folder in which a shard has a file while it is made, a byte longer each time its process was killed."""

MAX_TRIES = 3
"""Processes that a shard may take with it, by wanting too much memory for instance."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a shard.

    Attributes:
        file: The name of its file.
        documents: How many the file holds.
        broken: Why there is no file; "" where there is one.
        seconds: Wall time.
    """

    file: str
    documents: int
    broken: str = ""
    seconds: float = 0.0


class Writer:
    """Encodes shards of one corpus into a folder. Any number of processes may do so side by side.

    A shard's file appears under its name when all of it is on the disk. It depends on nothing but the plan,
    so two processes that do the same shard put the same file in the same place.
    """

    def __init__(self, folder: Path, reader: Reader, encoder: Encoder, model: dict[str, object]) -> None:
        """Write below ``folder``, what ``reader`` reads; ``model`` is what the files say of the encoder.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        self._folder, self._reader, self._encoder, self._model = folder, reader, encoder, model
        self._parquet = Parquet.needed_for("univldr encode")

    def write(self, file: str, shard: Shard) -> Outcome:
        """Do one shard, unless another process has just done so.

        Raises:
            ModelError: the model fails.
            StoreError: the folder cannot be written.
        """
        started = time.perf_counter()
        work = _Work(self._reader.read(shard), self._encoder)
        part = self._folder / f".{file}.{os.getpid()}-{time.time_ns():x}.part"
        tries = self._folder / TRIES / file
        try:
            if (self._folder / file).exists():
                return Outcome(file, self._parquet.model(self._folder / file)[2])
            if _tried(tries) > MAX_TRIES:
                raise CorpusError(f"{MAX_TRIES} processes were killed over it; is there memory enough?")
            self._parquet.write(part, work.batches(), self._model)
            if work.skipped and not work.documents:
                raise CorpusError(f"nothing in it could be read; the first: {work.skipped[0]}")
            write_skipped(self._folder, file, work.skipped)
            settle(part, self._folder / file)
        except (CorpusError, ImageError, MissingExtra) as error:
            return Outcome(file, 0, str(error), time.perf_counter() - started)
        except OSError as error:
            raise StoreError(f"{self._folder}: cannot be written: {error.strerror or error}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
                tries.unlink(missing_ok=True)
        return Outcome(file, work.documents, seconds=time.perf_counter() - started)


def _tried(path: Path) -> int:
    """Note one more try, and return how many there are."""
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as file:
        file.write(b".")
        return file.tell()


class _Work:
    """One shard's documents on their way into its file."""

    def __init__(self, items: Iterator[Document | Skipped], encoder: Encoder) -> None:
        self.skipped: list[Skipped] = []
        self.documents = 0
        self._items, self._encoder = items, encoder

    def batches(self) -> Iterator[Batch]:
        """Documents with their vectors; what cannot be read or encoded is left out and noted."""
        batch: list[Document] = []
        for document in self._good():
            batch.append(document)
            if len(batch) == BATCH_SIZE:
                yield from self._encoded(batch)
                batch = []
        yield from self._encoded(batch)

    def _good(self) -> Iterator[Document]:
        seen: set[str] = set()
        for item in self._items:
            if isinstance(item, Skipped):
                self.skipped.append(item)
            elif item.id in seen:
                self.skipped.append(Skipped(item.id, "its id is that of an earlier one, which is kept"))
            else:
                try:
                    to_payload(item)
                except CorpusError as error:
                    self.skipped.append(Skipped(repr(item.id)[1:-1], str(error)))
                    continue
                seen.add(item.id)
                yield item

    def _encoded(self, batch: list[Document]) -> Iterator[Batch]:
        """On a bad document, halve until it stands alone, and leave that one out."""
        if not batch:
            return
        try:
            rows = self._encoder.encode_documents(batch)
        except (CorpusError, ImageError, MissingExtra) as error:
            if len(batch) == 1:
                self.skipped.append(Skipped(batch[0].id, str(error)))
            else:
                yield from self._encoded(batch[: len(batch) // 2])
                yield from self._encoded(batch[len(batch) // 2 :])
            return
        yield from self._finite(batch, rows)

    def _finite(self, batch: list[Document], rows: Float32Array) -> Iterator[Batch]:
        good: list[int] = []
        for number, document in enumerate(batch):
            if np.isfinite(rows[number]).all():
                good.append(number)
            else:
                self.skipped.append(Skipped(document.id, "its vector is not finite; is the model broken?"))
        self.documents += len(good)
        if good:
            yield [batch[number] for number in good], rows[good]


def write_skipped(folder: Path, file: str, skipped: list[Skipped]) -> None:
    """Keep what was left out of a shard, a JSON object a line, before its file appears.

    Raises:
        OSError: it cannot be written.
    """
    path = skipped_of(folder, file)
    if not skipped:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{time.time_ns():x}.part")
    lines = (json.dumps(asdict(one), ensure_ascii=True) + "\n" for one in dict.fromkeys(skipped))
    with part.open("w", encoding="ascii") as stream:
        stream.writelines(lines)
    settle(part, path)


def read_skipped(folder: Path, file: str) -> list[Skipped]:
    """What was left out of a shard that is done."""
    path = skipped_of(folder, file)
    if not path.is_file():
        return []
    return [Skipped(**json.loads(line)) for line in path.read_text("ascii").splitlines()]


def skipped_of(folder: Path, file: str) -> Path:
    """Where a shard's list lies."""
    return folder / SKIPPED / f"{Path(file).stem}.jsonl"
