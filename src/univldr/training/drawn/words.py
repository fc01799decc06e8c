"""Captions put together from who, what, where and when."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from univldr.training.drawn.base import Captions

COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture plays, as drawn.

    Attributes:
        name: Such as ``meadow``.
        where: Phrases like ``in a green meadow``, the fullest first.
        when: Phrases about sky, light or weather, like ``under a blue sky``; may be empty.
        ground: The highest and the lowest y at which something may stand.
    """

    name: str
    where: tuple[str, ...]
    when: tuple[str, ...] = ()
    ground: tuple[float, float] = (270, 335)


def a(noun: str) -> str:
    """The noun with its article."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def number(count: int, one: str, many: str) -> str:
    """A count in words, with its noun."""
    return a(one) if count == 1 else f"{COUNTS[count]} {many}"


def forms(action: str) -> tuple[str, str, str]:
    """``running/runs/run fast`` as ``running fast``, ``runs fast`` and ``run fast``."""
    head, _, rest = action.partition(" ")
    parts = head.split("/")
    tail = f" {rest}" if rest else ""
    return parts[0] + tail, parts[1] + tail, parts[2] + tail


def tell(
    chance: random.Random,
    subjects: Sequence[str],
    actions: Sequence[str],
    place: Place,
    *,
    more: Sequence[str] = (),
    plural: bool = False,
) -> Captions:
    """Five captions: the first from the first of everything, the others by chance.

    ``actions`` look like ``running/runs/run fast``; ``more`` are whole captions of the kind's own.
    """
    verb = 2 if plural else 1
    be = "are" if plural else "is"

    def some() -> tuple[str, str, str, str, str]:
        action = forms(chance.choice(actions))
        when = chance.choice(place.when) if place.when else ""
        return chance.choice(subjects), action[0], action[verb], chance.choice(place.where), when

    when = place.when[0] if place.when else ""
    found = [_tidy(f"{subjects[0]} {forms(actions[0])[0]} {place.where[0]} {when}")]
    pool = list(more)
    for _ in range(3):
        s, doing, does, where, when = some()
        pool += [
            f"{s} {does} {where}",
            f"{s} {be} {doing} {where}",
            f"{s} {doing}",
            f"{s} {where}",
            f"{s} {doing} {where} {when}",
            f"{s} {does} {when}",
            f"there {be} {s} {doing} {where}",
            f"{where}, {s} {does}",
        ]
    chance.shuffle(pool)
    for caption in map(_tidy, pool):
        if caption not in found and len(found) < 5:
            found.append(caption)
    return tuple(found)


def _tidy(caption: str) -> str:
    return (
        " ".join(caption.split())
        .replace("a orange ", "an orange ")
        .replace("white and black", "black and white")
    )


def choose(chance: random.Random, first: str, *others: str, when: Sequence[str] = ()) -> Captions:
    """Five captions: the first, with ``when`` if there is one, and four of the others."""
    lines = [line for line in dict.fromkeys(map(_tidy, others)) if line != first]
    rest = chance.sample(lines, min(4, len(lines)))
    if when and chance.random() < 0.6:
        rest[-1] = f"{rest[-1]} {chance.choice(when)}"
    return (_tidy(f"{first} {when[0] if when else ''}"), *rest)
