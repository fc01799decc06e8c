"""What every verbalizer does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Words:
    """One text that a verbalizer made from a picture.

    Attributes:
        text: As the verbalizer gave it; it is cleaned before it is kept.
        confidence: From 0 to 1, where the verbalizer has one.
    """

    text: str
    confidence: float | None = None


class Verbalizer(Protocol):
    """Makes words from pictures. The same picture always gives the same words."""

    @property
    def name(self) -> str:
        """The origin that its words carry: ``caption``, ``query``, ``ocr`` or ``tags``."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same picture could give other words; cheap, loads no model."""

    @property
    def label(self) -> str:
        """What people know it by: its model, its vocabulary; kept with its words."""

    @property
    def weight(self) -> float:
        """How much its words weigh in a picture's vector, as ``Expansion.weight``; no matter of theirs."""

    @property
    def batch(self) -> int:
        """How many pictures it likes to be given at once."""

    def verbalize(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
        """The words of each picture, in order; an empty list where there is nothing to say.

        Args:
            pictures: Paths or encoded bytes; each is decoded under the limits of :mod:`univldr.images`.

        Raises:
            ImageError: a picture cannot be decoded; nothing is said of the others either.
            MissingExtra: the verbalizer needs an optional dependency.
            ModelError: its model cannot be loaded or fails.
        """
