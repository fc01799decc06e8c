"""The deterministic plan of an encoding: which stretch of the corpus goes into which file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from univldr.errors import ConfigError, StoreError
from univldr.transfer import PLAN

FORMAT = 1
"""Of a plan and of what a shard's digest is over."""

DEFAULT_SIZE = 4096
"""Documents, or records and files that they are made of, in a shard."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A stretch of a corpus, in the reader's own units.

    Attributes:
        place: The file it is in, relative to the corpus; "" where the corpus is one thing.
        start: Where it begins: a byte of a .jsonl or .tar file, a Parquet row, a row of a data set, or the
            number of a file in a folder.
        stop: Where it ends; ``None`` for the end of the file.
        before: How many records of the file come before it, so that messages can count.
        stamp: Changes whenever what is read could.
    """

    place: str
    start: int
    stop: int | None
    before: int
    stamp: str

    @property
    def digest(self) -> str:
        """24 hexadecimal digits over all of it."""
        record = json.dumps([FORMAT, *asdict(self).values()])
        return hashlib.blake2b(record.encode(), digest_size=12).hexdigest()

    def __str__(self) -> str:
        stop = "the end" if self.stop is None else f"{self.stop:,}"
        return f"{self.place or 'the corpus'} from {self.start:,} to {stop}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a folder of shards is to hold, or an index that is filled from there.

    Attributes:
        corpus: Absolute path.
        kind: How it is read; a name of ``readers.KINDS`` or the format of a data set.
        size: Documents in a shard, or records and files that they are made of.
        model: What the files say of the model; see :func:`univldr.transfer.model_of`.
        shards: In the order of the corpus.
    """

    corpus: str
    kind: str
    size: int
    model: Mapping[str, Any]
    shards: Sequence[Shard] = ()

    def file(self, number: int) -> str:
        """The name of a shard's file: its place in the order, and its digest."""
        return f"{number:06}-{self.shards[number].digest}.parquet"

    def write(self, folder: Path) -> None:
        """Replace the plan in ``folder`` in one step.

        Raises:
            StoreError: it cannot be written.
        """
        fields = asdict(self) | {"format": FORMAT}
        fields["shards"] = [
            {"file": self.file(number), **asdict(shard)} for number, shard in enumerate(self.shards)
        ]
        write_json(folder / PLAN, fields)

    @classmethod
    def read(cls, folder: Path) -> Plan | None:
        """The plan in ``folder`` without its shards; ``None`` where there is none.

        Raises:
            StoreError: it is broken.
        """
        try:
            fields = json.loads((folder / PLAN).read_text("utf-8"))
            return cls(fields["corpus"], fields["kind"], fields["size"], fields["model"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{folder / PLAN}: not a plan: {error}; encode into another folder") from error

    def check(self, folder: Path, before: Plan | None) -> None:
        """Refuse a folder in which there is something else.

        Raises:
            ConfigError: it holds another corpus, another model's vectors, or other files.
        """
        if before is None:
            if any(not entry.name.startswith(".") for entry in folder.iterdir()):
                raise ConfigError(f"{folder} is not empty and holds no {PLAN}; encode into a new folder")
            return
        for name in ("corpus", "kind", "size", "model"):
            old, new = getattr(before, name), getattr(self, name)
            if name == "model" and old.get("encoder") != new.get("encoder"):
                old, new = old.get("encoder"), new["encoder"]
            if old != new:
                raise ConfigError(
                    f"{folder} was begun with {name} {old!r}, not {new!r}; encode into another folder"
                )


def digest_of(file: str) -> str:
    """The digest in the name of a shard's file, or of what lies beside it."""
    return Path(file).stem.partition("-")[2]


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file in one step: a crash leaves the old one or the new one.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        part = path.with_name(f".{path.name}.part")
        with part.open("w", encoding="utf-8", newline="\n") as stream:
            json.dump(value, stream, ensure_ascii=False, indent=1)
        settle(part, path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error


def settle(part: Path, path: Path) -> None:
    """Put a finished file in its place so that it survives a power cut, or is not there at all."""
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    part.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
