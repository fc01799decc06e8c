"""What a verbalizer said, fit to be kept and encoded: one line of plain text, not too long, nothing twice."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from univldr.verbalize.base import Words

MAX_WORDS = 64
"""Words of one text; an encoder takes about as many tokens."""

MAX_LETTERS = 1000
"""Characters of one text: scripts without blanks, and models that never stop, have endless words."""

_SURROGATES = re.compile(r"[\ud800-\udfff]")
# Control characters, and the marks that make a terminal or a page show text in another order than it has.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


class Cleaned(NamedTuple):
    """What is left.

    Attributes:
        words: In the order in which they were said.
        cut: Texts that were too long and lost their end.
        dropped: Texts with nothing in them, or said before.
    """

    words: list[Words]
    cut: int
    dropped: int


def clean(said: Sequence[Words]) -> Cleaned:
    """The texts of one picture: control characters and line breaks are blanks, blanks are single, half
    characters are gone, and of equal texts the first one stays.
    """
    kept: dict[str, Words] = {}
    cut = 0
    for words in said:
        whole = " ".join(_CONTROLS.sub(" ", _SURROGATES.sub("", words.text)).split())
        text = _shortened(whole)
        if text and text not in kept:
            kept[text] = Words(text, _share(words.confidence))
            cut += text != whole
    return Cleaned(list(kept.values()), cut, len(said) - len(kept))


def _shortened(text: str) -> str:
    return " ".join(text.split(" ", MAX_WORDS)[:MAX_WORDS])[:MAX_LETTERS].rstrip()


def _share(confidence: float | None) -> float | None:
    """A plain float that JSON can hold, or none."""
    if confidence is None or not math.isfinite(confidence):
        return None
    return round(min(max(float(confidence), 0.0), 1.0), 4)
