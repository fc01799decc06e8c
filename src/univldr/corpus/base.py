"""What every corpus offers: a cheap look at what is there, then one source read at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from univldr.types import Document

Cutter = Callable[[str], list[str]]
"""Cuts a text into passages that an encoder takes whole, e.g. a ``PassageCutter``."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file or record that documents are read from.

    Attributes:
        key: Unique within the corpus: a file's path below the root with ``/``, or a record's id.
        stamp: Changes whenever the documents made from the source could.
        path: The file it is in, absolute.
    """

    key: str
    stamp: str
    path: Path


UNSUPPORTED = "unsupported type"
"""How the reason begins for a file that nobody would expect in the index."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is not indexed, and why; ``str()`` gives the line to show."""

    key: str
    reason: str

    def __str__(self) -> str:
        return self.reason if self.reason.startswith(f"{self.key}: ") else f"{self.key}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a corpus holds now; keys are unique in ``sources``, and the order is stable."""

    sources: list[Source]
    skipped: list[Skipped]


class Corpus(Protocol):
    """Where documents come from."""

    @property
    def root(self) -> Path:
        """The folder or file, absolute."""

    def scan(self) -> Scan:
        """List the sources without reading their contents.

        Raises:
            CorpusError: the corpus as a whole cannot be listed.
        """

    def read(self, source: Source) -> list[Document]:
        """The documents of one source of the last scan, in reading order.

        Raises:
            CorpusError: this source is broken, or is no longer what the scan saw.
            ImageError: its picture is broken or too large.
            MissingExtra: its format needs an optional dependency.
        """
