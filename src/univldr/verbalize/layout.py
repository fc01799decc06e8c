"""Reading order: lines of text scattered over a picture become paragraphs, one after the other.

The page is cut along its empty gutters, as in the XY-cut of Nagy and Seth (1984), with two changes. A gutter
counts only between two columns of prose, so that a table or a receipt is read by rows; and it is looked for
in every run of rows, so that a headline across both columns does not hide it.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_WORDS = 48
"""In one paragraph; a longer one goes on in the next, so that little is lost when one is left out whole."""

# In heights of a line. Narrower columns are a table's; a narrower gutter is the blank between two words.
_COLUMN, _GUTTER = 5.0, 1.0
# Between neighbouring lines of a paragraph: the gap over the height, and the larger letters over the smaller.
_GAP, _ALIKE = 1.0, 1.5
# A paragraph is more prominent than another where its letters are so much taller.
_TALLER = 1.25

# What stands between two lines: nothing after a hyphen or between Chinese or Japanese letters, else a blank.
_SEAM = re.compile(r"(?<=[a-zà-ÿ])-\n(?=[a-zà-ÿ])|(?<=[\u3040-\u9fff])\n(?=[\u3040-\u9fff])")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text or a part of one, in pixels of a frame in which text runs to the right."""

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """From the top to the bottom."""
        return self.bottom - self.top

    @property
    def size(self) -> float:
        """Of its letters, from the box and from their number: either alone says little, as boxes are loose.

        Letters are half as wide as high on average; Chinese, Japanese and Korean ones are as wide.
        """
        letters = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in self.text)
        width = max(self.right - self.left - self.height / 2, self.height / 4)
        return math.sqrt(self.height * 2 * width / max(letters, 1))


Lines = list[Line]
"""In reading order."""


def paragraphs(lines: Iterable[Line]) -> list[Lines]:
    """Neighbouring lines together: the columns from left to right, each from top to bottom."""
    return [paragraph for column in _columns(list(lines)) for paragraph in _split(column)]


def by_prominence(found: Sequence[Lines]) -> list[Lines]:
    """The tallest letters first; where they are about as tall, the order is kept.

    First comes what the picture says loudest, a headline or a sign; the small print comes last and is the
    first to go where there is not room for all.
    """
    sizes = sorted({_size(paragraph) for paragraph in found}, reverse=True)
    rank, ranks = 0, {}
    for taller, size in itertools.pairwise(sizes[:1] + sizes):
        rank += taller > _TALLER * size
        ranks[size] = rank
    return sorted(found, key=lambda paragraph: ranks[_size(paragraph)])


def text(paragraph: Lines) -> str:
    """Its words on one line; a word that a hyphen parts at the end of a line is whole again."""
    return " ".join(_SEAM.sub("", "\n".join(line.text.strip() for line in paragraph)).split())


def confidence(paragraph: Lines) -> float:
    """The mean over its lines, each by the length of its text."""
    return statistics.fmean([line.confidence for line in paragraph], [len(line.text) for line in paragraph])


def _height(lines: Lines) -> float:
    return statistics.median(line.height for line in lines)


def _size(lines: Lines) -> float:
    return statistics.median(line.size for line in lines)


# --- columns ---


def _columns(lines: Lines) -> list[list[Lines]]:
    """Runs of rows that are to be read from the top to the bottom."""
    rows = _rows(lines)
    found = _run(rows)
    if found is None:
        return _stacks(rows)
    start, stop, gutter = found
    parts = (
        _flat(rows[:start]),
        [line for line in _flat(rows[start:stop]) if line.right <= gutter],
        [line for line in _flat(rows[start:stop]) if line.left >= gutter],
        _flat(rows[stop:]),
    )
    return [column for part in parts for column in _columns(part)]


def _rows(lines: Lines) -> list[Lines]:
    """Lines that stand beside each other, directly or through others; each row from the left to the right."""
    rows: list[Lines] = []
    end = float("-inf")
    usual = _height(lines) if lines else 0.0
    for line in sorted(lines, key=lambda line: line.top):
        margin = min(line.height, usual) / 4  # a little of one row reaches into the next
        if line.top + margin < end:
            rows[-1].append(line)
        else:
            rows.append([line])
        end = max(end, line.bottom - margin)
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _run(rows: list[Lines]) -> tuple[int, int, float] | None:
    """The longest run of rows in two columns of prose: where it begins and ends, and the gutter's x."""
    best: tuple[int, int, float] | None = None
    for start in range(len(rows)):
        if best and len(rows) - start <= best[1] - best[0]:
            break
        stop, gutter = _reach(rows, start)
        if best and stop - start <= best[1] - best[0]:
            continue
        if _is_prose(_flat(rows[start:stop]), gutter):
            best = start, stop, gutter
    return best


def _reach(rows: list[Lines], start: int) -> tuple[int, float]:
    """How far down from ``start`` a gutter stays empty, and the x of the widest there; 0 where none does."""
    taken: list[tuple[float, float]] = []
    reach = start, 0.0
    for stop, row in enumerate(rows[start:], start + 1):
        taken = _merged([*taken, *((line.left, line.right) for line in row)])
        gaps = [(after[0] - before[1], before[1]) for before, after in itertools.pairwise(taken)]
        width, left = max(gaps, default=(0.0, 0.0))
        if width > _GUTTER * _height(row):
            reach = stop, left + width / 2
    return reach


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if merged and left <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(right, merged[-1][1])
        else:
            merged.append((left, right))
    return merged


def _is_prose(lines: Lines, gutter: float) -> bool:
    """Whether at either side of the gutter lines as long as prose stand below each other."""
    return all(
        len(_rows(side)) > 1
        and statistics.median(line.right - line.left for line in side) > _COLUMN * _height(side)
        for side in (
            [line for line in lines if line.right <= gutter],
            [line for line in lines if line.left >= gutter],
        )
    )


def _stacks(rows: list[Lines]) -> list[list[Lines]]:
    """The rows, but where several lines stand beside a taller one, that row's parts one by one."""
    columns: list[list[Lines]] = [[]]
    for row in rows:
        if max(line.top for line in row) < min((line.top + line.bottom) / 2 for line in row):
            columns[-1].append(row)
            continue
        spans = _merged([(line.left, line.right) for line in row])
        if len(spans) > 1:
            parts = ([line for line in row if left <= line.left <= right] for left, right in spans)
            columns += (column for part in parts for column in _columns(part))
        else:
            columns.append([[line] for line in sorted(row, key=lambda line: line.top)])
        columns.append([])
    return [column for column in columns if column]


def _flat(rows: list[Lines]) -> Lines:
    return [line for row in rows for line in row]


# --- paragraphs ---


def _split(rows: list[Lines]) -> list[Lines]:
    """A column's paragraphs, cut where letters change their size and where the gap or the length is large."""
    found: list[Lines] = []
    above: Lines = []
    for row in rows:
        if above and _belong(above, row) and _words(found[-1]) + _words(row) <= MOST_WORDS:
            found[-1] += row
        else:
            found.append(list(row))
        above = row
    return found


def _belong(above: Lines, below: Lines) -> bool:
    low, high = sorted((_size(above), _size(below)))
    gap = min(line.top for line in below) - max(line.bottom for line in above)
    return (
        high < _ALIKE * low
        and gap < _GAP * min(_height(above), _height(below))
        and min(line.left for line in below) < max(line.right for line in above)
        and min(line.left for line in above) < max(line.right for line in below)
    )


def _words(lines: Lines) -> int:
    return sum(len(line.text.split()) for line in lines)
