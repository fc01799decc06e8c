"""Things set before a ground, in colours and numbers, alone or beside one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from univldr.canvas import HEIGHT, WIDTH, Canvas, Colour
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.palette import (
    BRIGHT,
    a,
    backdrop,
    chance,
    counted,
    indoors,
    meadow,
    shade,
)

Figure = Callable[[Canvas, Colour], None]
"""Draws a thing in a colour: about 100 units wide and high, standing on (0, 0), the top at y = -100."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing that can be shown anywhere.

    Attributes:
        name: What it is called, as in ``cup of coffee``.
        many: Its plural.
        figure: How it is drawn.
        sort: A wider name, as in ``a piece of fruit``.
        about: What it looks like or is for, starting with the wider name: true of every colour.
        colours: Names of the colours it comes in; none where it has a fixed look.
        place: ``table``, ``floor`` or ``out`` (of doors): what it stands on, where not on a plain ground.
        size: How large it is drawn, 1 for most.
    """

    name: str
    many: str
    figure: Figure
    sort: str
    about: str
    colours: tuple[str, ...] = BRIGHT
    place: str = "table"
    size: float = 1.0


def ground(c: Canvas, place: str) -> tuple[str, str]:
    """Draws where a thing stands; returns ``on a wooden table`` and a phrase that says it otherwise."""
    where = _ground(c, place)
    if chance(c, 0.15):
        c.grain((0, 0, WIDTH, HEIGHT), c.random.randint(16, 40), (2, 2))
    return where


def _ground(c: Canvas, place: str) -> tuple[str, str]:
    if chance(c, 0.35):
        tone = backdrop(c)
        return f"on a {tone} background", f"with nothing but {tone} behind"
    if place == "out":
        where, above = meadow(c)
        return where, f"under {a(above)}"
    where = indoors(c, floor=place == "floor")
    return where, f"standing {where}" if chance(c, 0.5) else f"in a room, {where}"


def set_down(c: Canvas, thing: Thing, colour: str, x: float, base: float, zoom: float) -> None:
    """Draws one thing with a shadow below it."""
    v = c.view(x, base, zoom * thing.size, flip=chance(c, 0.5))
    if chance(c, 0.7):
        v.shadow((-52, -9, 52, 9), 0.4)
    thing.figure(v, shade(c, colour) if colour else (128, 128, 128))


def show(thing: Thing, others: tuple[Thing, ...] = ()) -> Kind:
    """A thing as a kind of picture, named by its plural; ``others`` may stand beside it."""

    def paint(c: Canvas) -> Captions:
        where, more = ground(c, thing.place)
        colour = c.random.choice(thing.colours) if thing.colours else ""
        partners = [other for other in others if other.name != thing.name]
        if partners and chance(c, 0.25):
            return _pair(c, thing, colour, c.random.choice(partners), where)
        count = c.random.choice((1, 1, 1, 1, 2, 3, 4, 5))
        base = c.random.uniform(300, 335)
        if count == 1:
            set_down(c, thing, colour, c.random.uniform(170, 310), base, c.random.uniform(1.9, 2.6))
        else:
            step = 440 / count
            for i in range(count):
                x = 20 + step * (i + 0.5)
                set_down(c, thing, colour, x, base - c.random.uniform(0, 24), min(1.9, step / 112))
        named = counted(count, thing.name, thing.many, colour)
        plain = counted(count, thing.name, thing.many)
        about = thing.about if count == 1 else f"{plain}, each {thing.about}"
        verb = "stands" if count == 1 else "stand in a row"
        return (
            f"{named} {where}",
            f"{plain} {more}",
            about,
            f"{named} {verb} {where}",
            f"{thing.sort}: {named}",
        )

    return Kind(thing.many, paint)


def _pair(c: Canvas, thing: Thing, colour: str, other: Thing, where: str) -> Captions:
    tint = c.random.choice(other.colours) if other.colours else ""
    base, zoom, left = c.random.uniform(300, 330), c.random.uniform(1.4, 1.8), chance(c, 0.5)
    set_down(c, thing, colour, 135 if left else 345, base, zoom)
    set_down(c, other, tint, 345 if left else 135, base, zoom)
    first, second = counted(1, thing.name, "", colour), counted(1, other.name, "", tint)
    side, opposite = ("left", "right") if left else ("right", "left")
    return (
        f"{first} to the {side} of {second} {where}",
        f"{first} beside {second}",
        f"{second} to the {opposite} of {first}",
        f"{a(thing.name)} and {a(other.name)} {where}",
        f"on the {side} {first}, on the {opposite} {second}",
    )
