"""Texts cut to passages that an encoder takes whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise, repeat

from univldr.errors import ConfigError

Span = tuple[int, int]

_COUNT_BATCH = 4096  # tokenizers keep a whole batch in memory

# Where a sentence can end: after its full stop, at a blank line, or before a list item, heading or table row.
# Possessive repeats (++) and the look-behind keep the search linear on a page of dots or blanks.
_SENTENCE_END = re.compile(
    r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+\s++(?![a-z])  # a lower-case letter carries the sentence on
    |[。！？｡]++[”’」』）]*+\s*+
    |\n[^\S\n]*+\n\s*+
    |\n(?=[ \t]*+(?:[-*+•|]|\#{1,6}|\d{1,4}[.)])\s)""",
    re.VERBOSE,
)
_NO_END = re.compile(r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|cf|al|Fig|Eq)|\b(?:e\.g|i\.e))\.\s+\Z")
_CLAUSE_END = re.compile(r"(?<![,;:—–])[,;:—–]++[\"'”’»)\]]*+\s++|[，、；：]\s*+|\n\s*+")
_GAP = re.compile(r"\s+")


class PassageCutter:
    """Cuts a text at sentence ends into overlapping passages of at most ``max_tokens`` tokens.

    Every word of the text is in some passage, in order: a sentence over the limit is cut at clauses, then
    between words, and a word over the limit inside. Passages are verbatim slices of the text.

    Args:
        count_tokens: Token counts of texts, special tokens included, as ``Encoder.count_tokens``.
        max_tokens: Longest passage, special tokens included.
        overlap: Tokens of whole sentences that are repeated at the start of the next passage, at most; by
            default a quarter of ``max_tokens``.

    Raises:
        ConfigError: no text fits into ``max_tokens``, or the overlap leaves no room for anything new.
    """

    def __init__(
        self, count_tokens: Callable[[list[str]], list[int]], max_tokens: int, overlap: int | None = None
    ) -> None:
        self._count = count_tokens
        self._special = count_tokens([""])[0]
        self._budget = max_tokens - self._special
        self._overlap = self._budget // 4 if overlap is None else overlap
        if self._budget < 1:
            raise ConfigError(
                f"max_tokens is {max_tokens}, but the encoder's special tokens alone take {self._special}"
            )
        if not 0 <= self._overlap < self._budget:
            raise ConfigError(f"overlap is {self._overlap}; it must be 0 to {self._budget - 1} tokens")

    def __call__(self, text: str) -> list[str]:
        """The passages of ``text`` in order, stripped; none for a blank text."""
        units, sizes = self._units(text)
        groups = self._checked(text, units, self._packed(sizes))
        return [text[units[first][0] : units[last - 1][1]] for first, last in groups]

    def _units(self, text: str) -> tuple[list[Span], list[int]]:
        """The largest pieces that fit, sentences where they do, and their token counts."""
        units = _sentences(text, (0, len(text)))
        sizes = self._sizes(text, units)
        for split in (_clauses, _words, *repeat(_halves, len(text).bit_length())):
            if max(sizes, default=0) <= self._budget:
                break
            units, sizes = self._refined(text, units, sizes, split)
        return units, sizes

    def _refined(
        self, text: str, units: list[Span], sizes: list[int], split: Callable[[str, Span], list[Span]]
    ) -> tuple[list[Span], list[int]]:
        """Units over the budget replaced by their parts; only the parts are counted, in one batch."""
        parts = {
            unit: split(text, unit) for unit, size in zip(units, sizes, strict=True) if size > self._budget
        }
        fresh = [part for of_unit in parts.values() for part in of_unit]
        known = dict(zip(units, sizes, strict=True)) | dict(zip(fresh, self._sizes(text, fresh), strict=True))
        refined = [part for unit in units for part in parts.get(unit, [unit])]
        return refined, [known[unit] for unit in refined]

    def _sizes(self, text: str, spans: list[Span]) -> list[int]:
        """Token counts without the special tokens."""
        counts: list[int] = []
        for at in range(0, len(spans), _COUNT_BATCH):
            counts += self._count([text[start:end] for start, end in spans[at : at + _COUNT_BATCH]])
        return [count - self._special for count in counts]

    def _packed(self, sizes: list[int]) -> list[Span]:
        """Greedy groups ``[first, last)`` of units within the budget; each begins with the overlap."""
        groups: list[Span] = []
        first, total = 0, 0
        for last, size in enumerate(sizes):
            if total + size > self._budget and last > first:
                groups.append((first, last))
                first, total = self._overlapping(sizes, first, last, self._budget - size)
            total += size
        return [*groups, (first, len(sizes))] if sizes else []

    def _overlapping(self, sizes: list[int], first: int, last: int, room: int) -> tuple[int, int]:
        """Where the group after ``[first, last)`` begins, and the tokens it repeats."""
        start, total = last, 0
        while start - 1 > first and total + sizes[start - 1] <= min(self._overlap, room):
            start -= 1
            total += sizes[start]
        return start, total

    def _checked(self, text: str, units: list[Span], groups: list[Span]) -> list[Span]:
        """Groups halved until they fit, for tokenizers that count more for a whole than for its parts."""
        spans = [(units[first][0], units[last - 1][1]) for first, last in groups]
        checked: list[Span] = []
        for (first, last), size in zip(groups, self._sizes(text, spans), strict=True):
            if size <= self._budget or last - first == 1:
                checked.append((first, last))
            else:
                middle = (first + last) // 2
                checked += self._checked(text, units, [(first, middle), (middle, last)])
        return checked


def _sentences(text: str, unit: Span) -> list[Span]:
    ends = (match.end() for match in _SENTENCE_END.finditer(text, *unit))
    return _cut(text, unit, [end for end in ends if not _NO_END.search(text, max(unit[0], end - 12), end)])


def _clauses(text: str, unit: Span) -> list[Span]:
    return _cut(text, unit, [match.end() for match in _CLAUSE_END.finditer(text, *unit)])


def _words(text: str, unit: Span) -> list[Span]:
    return _cut(text, unit, [match.end() for match in _GAP.finditer(text, *unit)])


def _halves(text: str, unit: Span) -> list[Span]:
    return _cut(text, unit, [sum(unit) // 2])


def _cut(text: str, unit: Span, ends: list[int]) -> list[Span]:
    """The unit cut at the ends, without the white space around its parts."""
    trimmed = (_trimmed(text, span) for span in pairwise([unit[0], *ends, unit[1]]))
    return [span for span in trimmed if span[0] < span[1]]


def _trimmed(text: str, span: Span) -> Span:
    part = text[slice(*span)]
    start = span[0] + len(part) - len(part.lstrip())
    return start, max(start, span[1] - len(part) + len(part.rstrip()))
