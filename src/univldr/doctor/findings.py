"""What an examination finds, as values."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 5
"""Documents that a finding names at most."""


class Level(enum.IntEnum):
    """How bad it is."""

    BROKEN = 0
    """Answers are wrong, or not to be had."""
    POOR = 1
    """Answers are worse than they need be."""
    NOTE = 2
    """Nothing needs to be done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        level: How bad it is.
        name: Of the kind of finding, as in docs/doctor.md.
        says: What was seen and what follows from it, in sentences.
        remedy: What to do about it; "" where there is nothing to do.
        examples: A few of what it is about.
        figures: What was counted and measured, JSON values.
    """

    level: Level
    name: str
    says: str
    remedy: str = ""
    examples: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "level": self.level.name.lower(),
            "name": self.name,
            "says": self.says,
            "remedy": self.remedy,
            "examples": list(self.examples),
            **self.figures,
        }


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was found in an index, worst first.

    Attributes:
        index: The directory, or the URI.
        model: The name of its model.
        documents: How many the index holds.
        images: How many of them are pictures.
        bytes: Disk space; ``None`` of one that was opened by its URI.
        findings: Worst first.
        drift: Cosines of documents that were encoded again with their vectors; empty where none were.
        gap: How far texts and pictures lie apart, as measured; empty where there are too few of one kind.
        seconds: What the examination took.
    """

    index: str
    model: str
    documents: int
    images: int
    bytes: int | None
    findings: tuple[Finding, ...]
    drift: Mapping[str, Any]
    gap: Mapping[str, Any]
    seconds: float

    @property
    def healthy(self) -> bool:
        """Whether there is nothing to do."""
        return all(finding.level is Level.NOTE for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "index": self.index,
            "healthy": self.healthy,
            "model": self.model,
            "documents": self.documents,
            "texts": self.documents - self.images,
            "images": self.images,
            "bytes": self.bytes,
            "findings": [finding.to_dict() for finding in self.findings],
            "drift": dict(self.drift),
            "gap": dict(self.gap),
            "seconds": round(self.seconds, 3),
        }


@dataclass(slots=True)
class Tally:
    """Counts, and remembers the first few."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, names: Sequence[str]) -> None:
        """Count these."""
        self.count += len(names)
        self.first += names[: EXAMPLES - len(self.first)]


def many(count: int, one: str, several: str = "") -> str:
    """``1 picture``, ``2,000 pictures``."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def share(part: float) -> str:
    """A fraction in percent, with as many digits as it needs."""
    percent = 100 * part
    return f"{percent:.0f}%" if percent >= 10 or not percent else f"{percent:.2g}%"
