"""Drawn pictures with exact captions: endless variations of many kinds of thing, for training."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from univldr.training.drawn import (
    animals,
    arranged,
    buildings,
    charts,
    diagrams,
    flags,
    maps,
    people,
    scenery,
    shapes,
    signs,
    things,
    vehicles,
)
from univldr.training.drawn.base import Drawing, Kind, draw

KINDS: tuple[Kind, ...] = tuple(
    kind
    for module in (
        scenery, animals, people, things, arranged, buildings, vehicles,
        shapes, charts, diagrams, flags, signs, maps,
    )
    for kind in module.KINDS
)  # fmt: skip

HELD_OUT: frozenset[str] = frozenset(
    (
        "village", "river", "hills", "savanna", "icebergs",
        "donkey", "leopard", "wolf", "stork", "parrot", "octopus", "ladybird", "koala face",
        "golf", "snowboarding", "ice hockey", "handstand", "fishing", "reading",
        "pears", "glasses of wine", "trumpets", "backpacks", "teddy bears", "mushrooms",
        "igloos", "stone towers", "three different things",
        "fire engines", "helicopters", "trams",
        "rings", "odd shape out", "shapes of two sizes",
        "stacked bar chart", "horizontal bar chart", "organisation chart",
        "flag with a diagonal", "flag with a border", "flag with bands and a star",
        "road works sign", "poison sign", "roundabout sign", "no phones sign",
        "map of countries",
    )
)  # fmt: skip
"""Names of the kinds that training never sees: what is understood of them was learned from others."""


def training_kinds() -> tuple[Kind, ...]:
    """The kinds to train with."""
    return tuple(kind for kind in KINDS if kind.name not in HELD_OUT)


def held_out_kinds() -> tuple[Kind, ...]:
    """The kinds to measure with."""
    return tuple(kind for kind in KINDS if kind.name in HELD_OUT)


def drawings(kinds: Sequence[Kind], count: int, seed: int) -> Iterator[Drawing]:
    """Draws ``count`` pictures, going round the kinds evenly; another ``seed`` gives other variations."""
    numbers = random.Random(seed)
    start = numbers.randrange(1 << 40)
    for i in range(count):
        turn, place = divmod(i, len(kinds))
        yield draw(kinds[place], start + turn)


__all__ = ["HELD_OUT", "KINDS", "Drawing", "Kind", "draw", "drawings", "held_out_kinds", "training_kinds"]
