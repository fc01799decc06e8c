"""National flags in the wind."""

from __future__ import annotations

from collections.abc import Callable

from univldr.canvas import HEIGHT, WHITE, Canvas, Colour, Point, around
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.table import Picture

LEFT, TOP, RIGHT, BOTTOM = 90.0, 60.0, 420.0, 270.0
Cloth = Callable[[Canvas], None]


def flown(cloth: Cloth) -> Cloth:
    """A drawing of the cloth, flat, as a drawing of the flag on its pole."""

    def draw(c: Canvas) -> None:
        n.sky(c, ((70, 136, 206), (216, 232, 244)))
        n.clouds(c, 3, 330)
        flat = Canvas("cloth")
        cloth(flat)
        c.hang(flat, (LEFT, TOP, RIGHT, BOTTOM), 6, 180)
        c.rectangle((78, 26, 90, HEIGHT), (226, 228, 232), (150, 154, 162))
        c.rectangle((86, 26, 90, HEIGHT), (130, 134, 142))
        c.ball((84, 22), 10, (226, 180, 70))

    return draw


def bands(*colours: Colour, upright: bool = False) -> Cloth:
    """Equal stripes, from top to bottom or, ``upright``, from the pole outwards."""

    def cloth(c: Canvas) -> None:
        width, height = (RIGHT - LEFT) / len(colours), (BOTTOM - TOP) / len(colours)
        for i, colour in enumerate(colours):
            if upright:
                c.rectangle((LEFT + i * width, TOP, LEFT + (i + 1) * width, BOTTOM), colour)
            else:
                c.rectangle((LEFT, TOP + i * height, RIGHT, TOP + (i + 1) * height), colour)

    return cloth


def nordic_cross(field: Colour, cross: Colour) -> Cloth:
    """A cross whose upright stands nearer to the pole."""

    def cloth(c: Canvas) -> None:
        c.rectangle((LEFT, TOP, RIGHT, BOTTOM), field)
        c.rectangle((LEFT + 104, TOP, LEFT + 146, BOTTOM), cross)
        c.rectangle((LEFT, 144, RIGHT, 186), cross)

    return cloth


def _japan(c: Canvas) -> None:
    c.rectangle((LEFT, TOP, RIGHT, BOTTOM), WHITE)
    c.circle(((LEFT + RIGHT) / 2, 165), 63, (188, 0, 45))


def _switzerland(c: Canvas) -> None:
    c.rectangle((LEFT, TOP, RIGHT, BOTTOM), (218, 41, 28))
    c.rectangle((235, 99, 275, 231), WHITE)
    c.rectangle((189, 145, 321, 185), WHITE)


def _jamaica(c: Canvas) -> None:
    c.rectangle((LEFT, TOP, RIGHT, BOTTOM), (0, 155, 58))
    middle: Point = ((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2)
    for x in (LEFT, RIGHT):
        c.polygon([(x, TOP), middle, (x, BOTTOM)], (20, 20, 20))
    c.line([(LEFT - 22, TOP - 14), (RIGHT + 22, BOTTOM + 14)], 34, (254, 209, 0))
    c.line([(LEFT - 22, BOTTOM + 14), (RIGHT + 22, TOP - 14)], 34, (254, 209, 0))


def _canada(c: Canvas) -> None:
    bands((216, 6, 33), WHITE, WHITE, (216, 6, 33), upright=True)(c)
    half: list[Point] = [
        (0, -72), (13, -46), (29, -54), (22, -14), (40, -34), (45, -24),
        (66, -28), (58, -4), (68, 2), (34, 30), (38, 42), (4, 38), (5, 70),
    ]  # fmt: skip
    leaf = [*half, *((-x, y) for x, y in reversed(half))]
    c.view(255, 166).polygon(leaf, (216, 6, 33))


def _vietnam(c: Canvas) -> None:
    c.rectangle((LEFT, TOP, RIGHT, BOTTOM), (218, 37, 29))
    tips, dents = around((255, 170), 66, 5), around((255, 170), 25, 5, -54)
    c.polygon([point for pair in zip(tips, dents, strict=True) for point in pair], (255, 222, 0))


PICTURES = (
    Picture("flag-of-japan.png", flown(_japan), "The flag of Japan: a red disc on white"),
    Picture(
        "flag-of-sweden.png",
        flown(nordic_cross((0, 106, 167), (254, 204, 0))),
        "The flag of Sweden: a yellow cross on blue",
    ),
    Picture(
        "flag-of-italy.png",
        flown(bands((0, 140, 69), WHITE, (205, 33, 42), upright=True)),
        "The flag of Italy: green, white and red",
    ),
    Picture("flag-of-switzerland.png", flown(_switzerland), "The flag of Switzerland: a white cross on red"),
    Picture(
        "flag-of-jamaica.png",
        flown(_jamaica),
        "The flag of Jamaica: a gold diagonal cross on green and black",
    ),
    Picture("flag-of-canada.png", flown(_canada), "The flag of Canada: a red maple leaf"),
    Picture("flag-of-vietnam.png", flown(_vietnam)),
    Picture("flag-of-estonia.png", flown(bands((0, 114, 206), (20, 20, 20), WHITE))),
)
