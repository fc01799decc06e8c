"""A brush that draws one figure in one of several styles: flat or shaded, with a dark outline or none."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from univldr.canvas import Box, Canvas, Colour, Point, darker, lighter, smooth

COLOURS: dict[str, Colour] = {
    "red": (205, 45, 42),
    "orange": (236, 134, 40),
    "yellow": (244, 206, 58),
    "green": (66, 150, 70),
    "blue": (50, 104, 196),
    "purple": (130, 74, 164),
    "pink": (240, 136, 170),
    "brown": (122, 78, 46),
    "grey": (136, 138, 142),
    "black": (38, 36, 40),
    "white": (244, 243, 238),
}
"""The colours that captions name."""


def tone(chance: random.Random, name: str) -> Colour:
    """A shade of a named colour, close enough to be called by it."""
    r, g, b = COLOURS[name]
    if name in ("white", "black"):
        off = chance.randint(-8, 8)
        return min(255, r + off), min(255, g + off), min(255, b + off)
    r, g, b = (min(255, max(0, v + chance.randint(-13, 13))) for v in (r, g, b))
    return r, g, b


@dataclass(frozen=True, slots=True)
class Style:
    """How figures of a picture are drawn; the outline's width is in units, 0 for none."""

    shade: float
    outline: float
    ink: Colour


def any_style(chance: random.Random) -> Style:
    """A style by chance."""
    return Style(
        chance.choice((0.0, 0.12, 0.2, 0.26)),
        chance.choice((0.0, 0.0, 0.0, 1.2, 2.0)),
        chance.choice(((24, 22, 26), (60, 44, 36), (30, 34, 60))),
    )


class Brush:
    """Collects the shapes of a figure, then draws their common outline below all of them."""

    def __init__(
        self, canvas: Canvas, style: Style, at: Point, zoom: float = 1.0, *, flip: bool = False
    ) -> None:
        self.canvas = canvas.view(at[0], at[1], zoom, flip=flip)
        self.style = style
        self._edge = style.outline / zoom
        self._edges: list[Callable[[], None]] = []
        self._fills: list[Callable[[], None]] = []

    def polygon(self, points: Sequence[Point], colour: Colour, *, detail: bool = False) -> None:
        """A shape with straight edges; a ``detail`` lies within others and has no outline."""
        v, ink, shape = self.canvas, self.style.ink, list(points)
        self._fills.append(lambda: v.polygon(shape, *self._shades(colour, detail)))
        if self._edge and not detail:
            self._edges.append(lambda: v.line([*shape, shape[0], shape[1]], 2 * self._edge, ink))

    def blob(self, points: Sequence[Point], colour: Colour, *, detail: bool = False) -> None:
        """A shape whose edge runs smoothly through the points."""
        self.polygon(smooth(points, closed=True), colour, detail=detail)

    def oval(
        self, centre: Point, rx: float, ry: float, colour: Colour, *, tilt: float = 0, detail: bool = False
    ) -> None:
        """An ellipse, turned clockwise by ``tilt`` degrees."""
        cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
        corners = [(rx * math.cos(a), ry * math.sin(a)) for a in (math.tau * i / 28 for i in range(28))]
        turned = [(centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos) for x, y in corners]
        self.polygon(turned, colour, detail=detail)

    def box(self, box: Box, colour: Colour, *, detail: bool = False) -> None:
        """A rectangle."""
        left, upper, right, lower = box
        corners = [(left, upper), (right, upper), (right, lower), (left, lower)]
        self.polygon(corners, colour, detail=detail)

    def limb(
        self,
        points: Sequence[Point],
        width: float,
        colour: Colour,
        *,
        end: float | None = None,
        detail: bool = False,
    ) -> None:
        """A round-ended line, tapering to the width ``end``."""
        v, ink, shape = self.canvas, self.style.ink, list(points)
        final = width if end is None else end
        self._fills.append(lambda: v.stroke(shape, width, colour, end=final))
        if self._edge and not detail:
            more = 2 * self._edge
            self._edges.append(lambda: v.stroke(shape, width + more, ink, end=final + more))

    def ring(self, centre: Point, radius: float, width: float, colour: Colour) -> None:
        """A circle's outline."""
        v, box = self.canvas, (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        self._fills.append(lambda: v.ring(box, width, colour))

    def eye(self, at: Point, radius: float, *, white: bool = False) -> None:
        """A dark eye with a glint, or one with its white."""
        if white:
            self.oval(at, radius * 1.9, radius * 1.9, (250, 250, 250), detail=True)
        self.oval(at, radius, radius, (22, 20, 24), detail=True)
        self.oval(
            (at[0] + radius * 0.3, at[1] - radius * 0.3),
            radius * 0.3,
            radius * 0.3,
            (255, 255, 255),
            detail=True,
        )

    def done(self) -> None:
        """Draw what was collected."""
        for action in (*self._edges, *self._fills):
            action()
        self._edges.clear()
        self._fills.clear()

    def _shades(self, colour: Colour, detail: bool) -> tuple[Colour, Colour | None]:
        shade = self.style.shade
        if detail or not shade:
            return colour, None
        return lighter(colour, shade), darker(colour, shade)
