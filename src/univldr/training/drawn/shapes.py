"""Plain shapes in colours, numbers, patterns and places: what words for form and place mean."""

from __future__ import annotations

import math
from collections.abc import Callable

from univldr.canvas import HEIGHT, WIDTH, Canvas, Colour, Point, around
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.palette import COLOURS, INK, NUMBERS, a, backdrop, chance, counted, shade

Outline = Callable[[float, float, float], list[Point]]
"""The corners of a shape about (x, y) of half the given size."""


def _regular(corners: int, start: float = -90.0) -> Outline:
    return lambda x, y, r: around((x, y), r, corners, start)


def star(x: float, y: float, r: float, tips: int = 5, depth: float = 0.42) -> list[Point]:
    """A star's outline, one tip upwards."""
    outer, inner = around((x, y), r, tips), around((x, y), r * depth, tips, -90 + 180 / tips)
    return [point for pair in zip(outer, inner, strict=True) for point in pair]


def heart(x: float, y: float, r: float) -> list[Point]:
    """A heart's outline."""
    turns = [2 * math.pi * i / 40 for i in range(40)]
    return [
        (
            x + r * math.sin(t) ** 3,
            y
            - r
            * (0.81 * math.cos(t) - 0.31 * math.cos(2 * t) - 0.12 * math.cos(3 * t) - 0.06 * math.cos(4 * t)),
        )
        for t in turns
    ]


def _scaled(points: list[Point]) -> Outline:
    return lambda x, y, r: [(x + px * r, y + py * r) for px, py in points]


_PLUS: list[Point] = [
    (-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3),
    (0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3),
]  # fmt: skip
ARROW: list[Point] = [(-1, -0.3), (0.1, -0.3), (0.1, -0.8), (1, 0), (0.1, 0.8), (0.1, 0.3), (-1, 0.3)]
_MOON: list[Point] = [
    *((math.cos(t / 10) , math.sin(t / 10)) for t in range(10, 54, 2)),
    *((0.35 + 0.72 * math.cos(t / 10), 0.72 * math.sin(t / 10)) for t in range(51, 11, -2)),
]  # fmt: skip

OUTLINES: dict[str, Outline] = {
    "circle": _regular(48),
    "square": _regular(4, -45),
    "triangle": _regular(3),
    "diamond": _scaled([(0, -1), (0.7, 0), (0, 1), (-0.7, 0)]),
    "pentagon": _regular(5),
    "hexagon": _regular(6),
    "octagon": _regular(8, -67.5),
    "star": star,
    "heart": heart,
    "cross": _scaled(_PLUS),
    "arrow": _scaled(ARROW),
    "crescent moon": _scaled(_MOON),
    "oval": _scaled([(1.1 * math.cos(t / 8), 0.65 * math.sin(t / 8)) for t in range(50)]),
    "rectangle": _scaled([(-1.1, -0.6), (1.1, -0.6), (1.1, 0.6), (-1.1, 0.6)]),
    "half circle": _scaled([(math.cos(t / 8), 0.4 - math.sin(t / 8)) for t in range(26)]),
}
STRONG = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black")


def plural(name: str) -> str:
    """The plural of a shape's name."""
    return f"{name}es" if name.endswith("s") else f"{name}s"


def _put(c: Canvas, name: str, x: float, y: float, r: float, colour: Colour, *, hollow: bool = False) -> None:
    points = OUTLINES[name](x, y, r)
    if hollow:
        c.line([*points, points[0], points[1]], max(4.0, r * 0.12), colour)
    else:
        c.polygon(points, colour)


def _spots(c: Canvas, count: int) -> tuple[list[Point], float]:
    """Places for so many shapes, apart from one another, and their size."""
    columns = count if count <= 3 else (count + 1) // 2
    rows = math.ceil(count / columns)
    wide, high = WIDTH / columns, HEIGHT / rows
    r = min(wide, high) * c.random.uniform(0.28, 0.38)
    spots = [((i % columns + 0.5) * wide, (i // columns + 0.5) * high) for i in range(count)]
    shift = min(wide, high) / 2 - r * 1.1
    return [(x + c.random.uniform(-shift, shift), y + c.random.uniform(-shift, shift)) for x, y in spots], r


def _ground(c: Canvas, used: str) -> str:
    grounds = tuple(name for name in ("white", "grey", "pink", "yellow", "blue", "green") if name != used)
    return backdrop(c, ("white",) if chance(c, 0.5) else grounds)


def _shape(name: str) -> Kind:
    def paint(c: Canvas) -> Captions:
        colour = c.random.choice(STRONG)
        tone, where = shade(c, colour), _ground(c, colour)
        count, hollow = c.random.choice((1, 1, 1, 2, 3, 4, 5, 6)), chance(c, 0.2)
        spots, r = _spots(c, count)
        for x, y in spots:
            _put(c, name, x, y, r, tone, hollow=hollow)
        many = plural(name)
        named = counted(count, name, many, colour)
        style = "drawn as an outline" if hollow else "filled with one colour"
        simple = "a simple shape" if count == 1 else f"{NUMBERS[count]} simple shapes"
        return (
            f"{named} on a {where} background",
            counted(count, name, many),
            f"{named}, {style}",
            f"{simple}: {colour} {name if count == 1 else many}",
            f"{colour} {name if count == 1 else many} on {where}",
        )

    return Kind(name, paint)


def _beside(c: Canvas) -> Captions:
    (first, second), (tint, tone) = c.random.sample(list(OUTLINES), 2), c.random.sample(STRONG, 2)
    where = backdrop(c, ("white", "grey"))
    r, upright = c.random.uniform(55, 75), chance(c, 0.5)
    ends = [(240.0, 95.0), (240.0, 265.0)] if upright else [(125.0, 180.0), (355.0, 180.0)]
    for name, colour, (x, y) in ((first, tint, ends[0]), (second, tone, ends[1])):
        _put(c, name, x, y, r, shade(c, colour))
    one, two = a(f"{tint} {first}"), a(f"{tone} {second}")
    if upright:
        return (
            f"{one} above {two} on {where}",
            f"{two} below {one}",
            f"{one} at the top and {two} at the bottom",
            f"{a(first)} above {a(second)}",
            f"two shapes, {one} over {two}",
        )
    return (
        f"{one} to the left of {two} on {where}",
        f"{two} to the right of {one}",
        f"{one} on the left and {two} on the right",
        f"{a(first)} left of {a(second)}",
        f"two shapes side by side, {one} and {two}",
    )


def _inside(c: Canvas) -> Captions:
    outer = c.random.choice(("circle", "square", "hexagon", "octagon"))
    inner = c.random.choice([name for name in OUTLINES if name != outer])
    tint, tone = c.random.sample(STRONG, 2)
    where = backdrop(c, ("white", "grey"))
    x, y, r = 240 + c.random.uniform(-50, 50), 180.0, c.random.uniform(120, 150)
    _put(c, outer, x, y, r, shade(c, tint))
    _put(c, inner, x, y, r * 0.42, shade(c, tone))
    small, large = a(f"{tone} {inner}"), a(f"{tint} {outer}")
    return (
        f"{small} inside {large} on {where}",
        f"{large} with {small} in its middle",
        f"a small {tone} {inner} in front of a large {tint} {outer}",
        f"{a(inner)} within {a(outer)}",
        f"{large} around {small}",
    )


def _sizes(c: Canvas) -> Captions:
    name, colour = c.random.choice(list(OUTLINES)), c.random.choice(STRONG)
    where, left = backdrop(c, ("white", "grey")), chance(c, 0.5)
    tone = shade(c, colour)
    _put(c, name, 150 if left else 330, 180, 105, tone)
    _put(c, name, 375 if left else 105, 180, 38, tone)
    side = ("left", "right") if left else ("right", "left")
    return (
        f"a large {colour} {name} on the {side[0]} and a small one on the {side[1]}",
        f"a big and a small {colour} {name} on {where}",
        f"two {colour} {plural(name)} of different sizes",
        f"a small {name} beside a large {name}",
        f"two {plural(name)}, one bigger than the other",
    )


def _colours(c: Canvas) -> Captions:
    name = c.random.choice(list(OUTLINES))
    tones = c.random.sample(STRONG, 3)
    where = backdrop(c, ("white", "grey"))
    for i, tone in enumerate(tones):
        _put(c, name, 85 + i * 155, 180, 62, shade(c, tone))
    return (
        f"three {plural(name)} in a row: {tones[0]}, {tones[1]} and {tones[2]}",
        f"{a(tones[1])} {name} between {a(tones[0])} and {a(tones[2])} one",
        f"three {plural(name)} in different colours on {where}",
        f"{tones[0]}, {tones[1]} and {tones[2]} {plural(name)}",
        f"a row of coloured {plural(name)}",
    )


def _odd_one(c: Canvas) -> Captions:
    name, odd = c.random.sample(list(OUTLINES), 2)
    colour, where = c.random.choice(STRONG), backdrop(c, ("white", "grey"))
    place, tone = c.random.randrange(6), shade(c, colour)
    for i in range(6):
        _put(c, odd if i == place else name, 85 + i % 3 * 155, 95 + i // 3 * 170, 56, tone)
    return (
        f"five {colour} {plural(name)} and one {colour} {odd} on {where}",
        f"{a(odd)} among {plural(name)}",
        f"one {odd} is different from five {plural(name)}",
        f"six {colour} shapes, one of them {a(odd)}",
        f"find the {odd} among the {plural(name)}",
    )


def _two_tones(c: Canvas) -> tuple[str, str]:
    tint, tone = c.random.sample([*COLOURS], 2)
    c.rectangle((0, 0, WIDTH, HEIGHT), shade(c, tint))
    return tint, tone


def _stripes(c: Canvas) -> Captions:
    tint, tone = _two_tones(c)
    ink, width = shade(c, tone), c.random.choice((20, 30, 40, 60))
    way = c.random.choice(("vertical", "horizontal", "diagonal"))
    for i in range(-20, 48, 2):
        at = i * width
        if way == "vertical":
            c.rectangle((at, 0, at + width - 1, HEIGHT), ink)
        elif way == "horizontal":
            c.rectangle((0, at, WIDTH, at + width - 1), ink)
        else:
            c.polygon([(at, 0), (at + width, 0), (at + width - HEIGHT, HEIGHT), (at - HEIGHT, HEIGHT)], ink)
    size = "narrow" if width < 30 else "wide" if width > 40 else "regular"
    return (
        f"{size} {way} stripes in {tint} and {tone}",
        f"{way} {tint} and {tone} stripes",
        f"a striped pattern in {tone} and {tint}",
        f"{tone} stripes on {a(tint)} ground",
        "a pattern of parallel stripes in two colours",
    )


def _checks(c: Canvas) -> Captions:
    tint, tone = _two_tones(c)
    ink, size = shade(c, tone), c.random.choice((24, 30, 40, 60))
    for i in range(WIDTH // size):
        for j in range(HEIGHT // size):
            if (i + j) % 2:
                c.rectangle((i * size, j * size, i * size + size - 1, j * size + size - 1), ink)
    return (
        f"a checked pattern of {tint} and {tone} squares",
        f"{tint} and {tone} checks like a chessboard",
        f"a checkerboard in {tone} and {tint}",
        "squares in two colours, taking turns",
        f"{tone} squares on {a(tint)} ground",
    )


def _dots(c: Canvas) -> Captions:
    tint, tone = _two_tones(c)
    ink, step = shade(c, tone), c.random.choice((36, 48, 60))
    for i in range(-1, WIDTH // step + 1):
        for j in range(HEIGHT // step + 1):
            c.circle((i * step + step / 2 * (1 + j % 2), j * step + step / 2), step * 0.26, ink)
    return (
        f"{tone} dots on {a(tint)} background",
        f"a dotted pattern in {tint} and {tone}",
        f"{a(tint)} cloth with {tone} polka dots",
        "polka dots in even rows",
        f"many small {tone} circles on {tint}",
    )


def _rings(c: Canvas) -> Captions:
    tint, tone = _two_tones(c)
    first, second, rings = shade(c, tint), shade(c, tone), c.random.randint(4, 7)
    for i in range(rings):
        c.circle((240, 180), 165 * (1 - i / rings), second if i % 2 == 0 else first)
    return (
        f"a target of {tone} and {tint} rings",
        f"{tone} and {tint} circles inside one another",
        "rings around the same centre, like a target",
        f"concentric circles in {tint} and {tone}",
        f"a round {tone} target on {tint}",
    )


def _solid(c: Canvas) -> Captions:
    name, colour = c.random.choice(("sphere", "cube", "cylinder", "cone", "pyramid")), c.random.choice(STRONG)
    where, k = backdrop(c, ("white", "grey", "yellow")), shade(c, colour)
    v = c.view(c.random.uniform(170, 310), 190, c.random.uniform(0.9, 1.2))
    v.shadow((-130, 70, 130, 130), 0.4)
    dark: Colour = (k[0] * 2 // 3, k[1] * 2 // 3, k[2] * 2 // 3)
    pale: Colour = ((k[0] + 255) // 2, (k[1] + 255) // 2, (k[2] + 255) // 2)
    if name == "sphere":
        v.ball((0, 0), 100, k)
    elif name == "cube":
        v.polygon([(0, -110), (95, -60), (0, -10), (-95, -60)], pale)
        v.polygon([(-95, -60), (0, -10), (0, 105), (-95, 50)], k)
        v.polygon([(95, -60), (0, -10), (0, 105), (95, 50)], dark)
    elif name == "cylinder":
        v.ellipse((-75, 60, 75, 110), dark)
        v.rectangle((-75, -85, 75, 85), k, dark)
        v.ellipse((-75, -110, 75, -60), pale)
    elif name == "cone":
        v.ellipse((-85, 60, 85, 112), dark)
        v.polygon([(0, -115), (85, 84), (-85, 84)], k, dark)
    else:
        v.polygon([(0, -110), (25, 105), (-105, 70)], k)
        v.polygon([(0, -110), (25, 105), (105, 60)], dark)
    return (
        f"{a(colour)} {name} on a {where} background",
        f"a solid {name} with light and shade",
        f"{a(colour)} {name} in three dimensions",
        f"a geometric body: {a(name)}",
        f"{a(name)} with its shadow",
    )


def _letter(c: Canvas) -> Captions:
    digit = chance(c, 0.5)
    sign = c.random.choice("0123456789" if digit else "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    colour = c.random.choice(STRONG)
    where = _ground(c, colour)
    c.text((240, 180), sign, c.random.uniform(180, 280), shade(c, colour) if colour != "black" else INK)
    name = f"number {sign}" if digit else f"letter {sign}"
    return (
        f"the {colour} {name} on a {where} background",
        f"the {name}",
        f"a big {colour} {sign} on {where}",
        f"a single large {'digit' if digit else 'capital letter'} {sign}",
        f"the {name} written in {colour}",
    )


KINDS: tuple[Kind, ...] = (
    *(_shape(name) for name in OUTLINES),
    Kind("shapes beside each other", _beside),
    Kind("shape inside a shape", _inside),
    Kind("shapes of two sizes", _sizes),
    Kind("shapes in three colours", _colours),
    Kind("odd shape out", _odd_one),
    Kind("stripes", _stripes),
    Kind("checks", _checks),
    Kind("dots", _dots),
    Kind("rings", _rings),
    Kind("solid body", _solid),
    Kind("letter or digit", _letter),
)
