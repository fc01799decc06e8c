"""A small painter over PIL: shaded shapes, smooth curves and grain, drawn large and shrunk."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[float, float, float, float]
Stencil = Callable[[ImageDraw.ImageDraw, Point, int | Colour], None]

WIDTH, HEIGHT = 480, 360
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (20, 20, 24)

_STEPS_PER_SPAN = 8


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Blend two colours; ``share`` in [0, 1] is how much of the second."""
    r, g, b = (round(a + (z - a) * share) for a, z in zip(first, second, strict=True))
    return r, g, b


def lighter(colour: Colour, share: float = 0.3) -> Colour:
    """The colour moved towards white."""
    return mix(colour, WHITE, share)


def darker(colour: Colour, share: float = 0.3) -> Colour:
    """The colour moved towards black."""
    return mix(colour, (0, 0, 0), share)


def smooth(points: Sequence[Point], *, closed: bool) -> list[Point]:
    """A Catmull-Rom curve through the points, sampled finely enough to draw as a polygon."""
    count = len(points)

    def at(index: int) -> Point:
        return points[index % count] if closed else points[min(max(index, 0), count - 1)]

    spans = count if closed else count - 1
    curve = [
        _between(at(i - 1), at(i), at(i + 1), at(i + 2), step / _STEPS_PER_SPAN)
        for i in range(spans)
        for step in range(_STEPS_PER_SPAN)
    ]
    return curve if closed else [*curve, points[-1]]


def _between(before: Point, start: Point, end: Point, after: Point, t: float) -> Point:
    def blend(p: float, a: float, b: float, q: float) -> float:
        return a + 0.5 * t * (b - p + t * (2 * p - 5 * a + 4 * b - q + t * (3 * (a - b) + q - p)))

    return blend(before[0], start[0], end[0], after[0]), blend(before[1], start[1], end[1], after[1])


def around(centre: Point, radius: float, count: int, start: float = -90.0) -> list[Point]:
    """Points evenly spaced on a circle, clockwise from ``start`` degrees (0 is east, -90 is north)."""
    angles = (math.radians(start + 360 * i / count) for i in range(count))
    return [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles]


class Canvas:
    """A picture of 480x360 units. Every shape takes one colour, or two for a shade from top to bottom.

    Chance comes from ``random``, seeded by the picture's name, so that a picture is the same on every run.
    It is drawn ``oversampling`` times as large as it is finished: 1 is four times as fast, its edges rough.
    """

    def __init__(self, name: str, background: Colour = WHITE, *, oversampling: int = 2) -> None:
        self.random = random.Random(name)
        self._oversampling = oversampling
        self._image = Image.new("RGB", (WIDTH * oversampling, HEIGHT * oversampling), background)
        self._origin: Point = (0.0, 0.0)
        self._zoom = float(oversampling)
        self._turn = 1

    def view(self, x: float, y: float, zoom: float = 1.0, *, flip: bool = False) -> Canvas:
        """The same picture with its origin moved to (x, y), zoomed, and mirrored if ``flip``."""
        other = object.__new__(Canvas)
        other.random, other._image, other._oversampling = self.random, self._image, self._oversampling
        ((origin_x, origin_y),) = self._map([(x, y)])
        other._origin = (origin_x, origin_y)
        other._zoom = self._zoom * zoom
        other._turn = -self._turn if flip else self._turn
        return other

    def finish(self) -> Image.Image:
        """The picture at its final size, RGB."""
        return self._image.reduce(self._oversampling)

    def polygon(self, points: Sequence[Point], top: Colour, bottom: Colour | None = None) -> None:
        """Fill a shape with straight edges."""
        mapped = self._map(points)
        self._fill(
            _bounds(mapped), lambda draw, o, ink: draw.polygon(_moved(mapped, o), fill=ink), top, bottom
        )

    def blob(self, points: Sequence[Point], top: Colour, bottom: Colour | None = None) -> None:
        """Fill a shape whose edge runs smoothly through the points."""
        self.polygon(smooth(points, closed=True), top, bottom)

    def rectangle(self, box: Box, top: Colour, bottom: Colour | None = None, *, radius: float = 0) -> None:
        """Fill a rectangle, with round corners if ``radius``."""
        area = self._map_box(box)
        rounding = radius * self._zoom

        def stencil(draw: ImageDraw.ImageDraw, o: Point, ink: int | Colour) -> None:
            left, upper, right, lower = area[0] - o[0], area[1] - o[1], area[2] - o[0], area[3] - o[1]
            draw.rounded_rectangle((left, upper, right, lower), rounding, fill=ink)

        self._fill(area, stencil, top, bottom)

    def ellipse(self, box: Box, top: Colour, bottom: Colour | None = None) -> None:
        """Fill an ellipse."""
        self.sector(box, 0, 360, top, bottom)

    def circle(self, centre: Point, radius: float, top: Colour, bottom: Colour | None = None) -> None:
        """Fill a circle."""
        self.ellipse(_square(centre, radius), top, bottom)

    def sector(self, box: Box, start: float, end: float, top: Colour, bottom: Colour | None = None) -> None:
        """Fill a slice of an ellipse between two angles in degrees, clockwise from east."""
        area = self._map_box(box)
        angles = (start, end) if self._turn > 0 else (180 - end, 180 - start)

        def stencil(draw: ImageDraw.ImageDraw, o: Point, ink: int | Colour) -> None:
            corners = _moved([(area[0], area[1]), (area[2], area[3])], o)
            draw.pieslice(corners, *angles, fill=ink)

        self._fill(area, stencil, top, bottom)

    def ball(self, centre: Point, radius: float, colour: Colour) -> None:
        """A sphere lit from the upper left."""
        area = self._map_box(_square(centre, radius))
        left, upper, size = round(area[0]), round(area[1]), max(2, round(area[2] - area[0]))
        light = _spotlight().resize((size, size), Image.Resampling.BILINEAR)
        mask = Image.new("L", (size, size))
        ImageDraw.Draw(mask).ellipse((0, 0, size - 1, size - 1), fill=255)
        shaded = Image.composite(_plain(darker(colour, 0.55), size), _plain(lighter(colour), size), light)
        self._image.paste(shaded, (left, upper), mask)

    def stroke(
        self, points: Sequence[Point], width: float, colour: Colour, *, end: float | None = None
    ) -> None:
        """A smooth round-ended line through the points, tapering to the width ``end``."""
        curve = self._map(smooth(points, closed=False))
        last = max(1, len(curve) - 1)
        final = width if end is None else end
        widths = [(width + (final - width) * i / last) * self._zoom for i in range(len(curve))]
        draw = ImageDraw.Draw(self._image)
        for (here, there), thick in zip(pairwise(curve), widths, strict=False):
            draw.line((here, there), fill=colour, width=max(1, round(thick)))
        for (x, y), thick in zip(curve, widths, strict=True):
            draw.circle((x, y), thick / 2, fill=colour)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A line with straight parts."""
        thick = max(1, round(width * self._zoom))
        ImageDraw.Draw(self._image).line(self._map(points), fill=colour, width=thick, joint="curve")

    def ring(self, box: Box, width: float, colour: Colour, start: float = 0, end: float = 360) -> None:
        """The outline of an ellipse, or the part of it between two angles."""
        angles = (start, end) if self._turn > 0 else (180 - end, 180 - start)
        thick = max(1, round(width * self._zoom))
        ImageDraw.Draw(self._image).arc(self._map_box(box), *angles, fill=colour, width=thick)

    def text(self, at: Point, words: str, size: float, colour: Colour = BLACK, anchor: str = "mm") -> None:
        """Write words; ``anchor`` as in Pillow, the middle by default."""
        (where,) = self._map([at])
        font = ImageFont.load_default(size=size * self._zoom)
        ImageDraw.Draw(self._image).text(where, words, font=font, fill=colour, anchor=anchor)

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Light that fades with distance; ``strength`` in [0, 1] at the centre."""
        area = self._map_box(_square(centre, radius))
        size = max(2, round(area[2] - area[0]))
        mask = _halo(strength).resize((size, size), Image.Resampling.BILINEAR)
        self._image.paste(_plain(colour, size), (round(area[0]), round(area[1])), mask)

    def shadow(self, box: Box, strength: float = 0.45, colour: Colour = (20, 25, 30)) -> None:
        """A soft dark ellipse, as under something that stands on the ground."""
        left, upper, right, lower = (round(v) for v in self._map_box(box))
        size = (max(2, right - left), max(2, lower - upper))
        mask = _halo(strength).resize(size, Image.Resampling.BILINEAR)
        self._image.paste(Image.new("RGB", size, colour), (left, upper), mask)

    def veil(self, box: Box, colour: Colour, top: float, bottom: float) -> None:
        """Lay a colour over an area, from the opacity ``top`` to the opacity ``bottom``, both in [0, 1]."""
        left, upper, right, lower = (round(v) for v in self._map_box(box))
        size = (max(1, right - left), max(1, lower - upper))
        levels = [round(255 * (top + (bottom - top) * v / 255)) for v in range(256)]
        mask = Image.linear_gradient("L").point(levels).resize(size)
        self._image.paste(Image.new("RGB", size, colour), (left, upper), mask)

    def grain(self, box: Box, strength: int, cell: Point = (1, 1)) -> None:
        """Roughen an area by up to ``strength`` grey levels, in flecks of ``cell`` units."""
        left, upper, right, lower = (round(v) for v in self._map_box(box))
        size = (max(1, right - left), max(1, lower - upper))
        rough = [max(1, round(s / (c * self._zoom))) for s, c in zip(size, cell, strict=True)]
        flecks = Image.frombytes("L", (rough[0], rough[1]), self.random.randbytes(rough[0] * rough[1]))
        flecks = flecks.point([v * strength // 255 for v in range(256)]).resize(
            size, Image.Resampling.BICUBIC
        )
        area = (left, upper, left + size[0], upper + size[1])
        rough_area = ImageChops.add(
            self._image.crop(area), Image.merge("RGB", [flecks] * 3), 1, -(strength // 2)
        )
        self._image.paste(rough_area, area)

    def blur(self, box: Box, radius: float) -> None:
        """Put an area out of focus."""
        area = tuple(round(v) for v in self._map_box(box))
        crop = self._image.crop((area[0], area[1], area[2], area[3]))
        self._image.paste(crop.filter(ImageFilter.BoxBlur(radius * self._zoom)), (area[0], area[1]))

    def mirror(self, horizon: float, depth: float, dim: float = 0.25) -> None:
        """Reflect what lies above ``horizon`` in the ``depth`` units below it, darkened by ``dim``."""
        left, upper, right, lower = (round(v) for v in self._map_box((0, horizon - depth, WIDTH, horizon)))
        flipped = self._image.crop((left, upper, right, lower)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        flipped = flipped.filter(ImageFilter.BoxBlur((0.5, 3)))
        cover = Image.new("RGB", flipped.size, (20, 50, 80))
        self._image.paste(Image.blend(flipped, cover, dim), (left, lower))

    def hang(self, cloth: Canvas, box: Box, height: float, length: float) -> None:
        """Copy an area of another canvas, its columns shifted in a wave, as cloth in the wind."""
        left, upper, right, lower = (round(v) for v in self._map_box(box))
        for x in range(left, right):
            phase = 2 * math.pi * (x - left) / (length * self._zoom)
            column = cloth._image.crop((x, upper, x + 1, lower))
            shade = Image.new("RGB", column.size, WHITE if math.sin(phase) > 0 else (0, 0, 0))
            column = Image.blend(column, shade, abs(math.sin(phase)) * 0.16)
            self._image.paste(column, (x, upper + round(height * self._zoom * math.cos(phase))))

    def _map(self, points: Sequence[Point]) -> list[Point]:
        x, y = self._origin
        return [(x + self._turn * self._zoom * px, y + self._zoom * py) for px, py in points]

    def _map_box(self, box: Box) -> Box:
        return _bounds(self._map([(box[0], box[1]), (box[2], box[3])]))

    def _fill(self, area: Box, stencil: Stencil, top: Colour, bottom: Colour | None) -> None:
        if bottom is None:
            stencil(ImageDraw.Draw(self._image), (0, 0), top)
            return
        left, upper = math.floor(area[0]), math.floor(area[1])
        width, height = math.ceil(area[2]) - left + 1, math.ceil(area[3]) - upper + 1
        mask = Image.new("L", (width, height))
        stencil(ImageDraw.Draw(mask), (left, upper), 255)
        shade = Image.new("RGB", (1, height), top)
        shade.paste(bottom, (0, 0), Image.linear_gradient("L").resize((1, height)))
        self._image.paste(shade.resize((width, height), Image.Resampling.NEAREST), (left, upper), mask)


def _bounds(points: Sequence[Point]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _moved(points: Sequence[Point], origin: Point) -> list[Point]:
    return [(x - origin[0], y - origin[1]) for x, y in points]


def _square(centre: Point, radius: float) -> Box:
    return centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius


def _plain(colour: Colour, size: int) -> Image.Image:
    return Image.new("RGB", (size, size), colour)


@cache
def _halo(strength: float) -> Image.Image:
    """Opacity that falls from ``strength`` in the middle to nothing at the edge.

    Pillow's radial gradient is 0 in its middle and 181 where it first meets an edge.
    """
    levels = [round(255 * strength * math.pow(max(0.0, 1 - v / 180), 1.5)) for v in range(256)]
    return Image.radial_gradient("L").point(levels)


@cache
def _spotlight() -> Image.Image:
    """How dark a ball is at each place: least in its upper left."""
    return Image.radial_gradient("L").crop((83, 90, 211, 218))
