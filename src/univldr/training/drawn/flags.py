"""Flags: made-up ones by pattern, and simple national ones by name."""

from __future__ import annotations

from collections.abc import Callable

from univldr.canvas import Canvas
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.cloth import DYES, fly, said
from univldr.training.drawn.nations import NATIONS, Nation
from univldr.training.drawn.palette import NUMBERS, a, listed

Pattern = Callable[[Canvas, list[str]], tuple[tuple[str, ...], str, str]]
"""From colours that differ: the layers of a flag, what it looks like, and that without colours."""


def _bands(c: Canvas, d: list[str], word: str) -> tuple[tuple[str, ...], str, str]:
    count, way = c.random.choice((2, 3, 3, 3, 4, 5)), "vertical" if word == "v" else "horizontal"
    look = f"{NUMBERS[count]} {way} stripes in {listed([said(x) for x in d[:count]])}"
    return (f"{word} {' '.join(d[:count])}",), look, f"{NUMBERS[count]} {way} stripes"


def _wide_middle(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    word = c.random.choice("hv")
    way = "vertical" if word == "v" else "horizontal"
    return (
        (f"{word} {d[0]} {d[1]}*2 {d[0]}",),
        f"a wide {said(d[1])} {way} band between two {said(d[0])} ones",
        f"a wide band between two narrow {way} ones",
    )


def _many_stripes(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    count = c.random.choice((7, 9, 11))
    stripes = " ".join(d[i % 2] for i in range(count))
    return (
        (f"h {stripes}",),
        f"many narrow {said(d[0])} and {said(d[1])} stripes",
        "many narrow horizontal stripes",
    )


def _nordic(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    if c.random.random() < 0.5:
        return (
            (f"h {d[0]}", f"cross {d[1]} 36 105"),
            f"{a(said(d[1]))} cross off centre on {said(d[0])}",
            "a cross nearer to the pole",
        )
    return (
        (f"h {d[0]}", f"cross {d[1]} 50 105", f"cross {d[2]} 24 105"),
        f"{a(said(d[2]))} cross edged in {said(d[1])} on {said(d[0])}",
        "a cross with an edge, nearer to the pole",
    )


def _cross(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    return (
        (f"h {d[0]}", f"cross {d[1]} 40 150"),
        f"{a(said(d[1]))} upright cross on {said(d[0])}",
        "an upright cross in the middle",
    )


def _saltire(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    return (
        (f"h {d[0]}", f"x {d[1]} 40"),
        f"{a(said(d[1]))} diagonal cross on {said(d[0])}",
        "a diagonal cross from corner to corner",
    )


def _disc(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    if c.random.random() < 0.5:
        return (
            (f"h {d[0]}", f"disc {d[1]} 150 100 58"),
            f"{a(said(d[1]))} circle on {said(d[0])}",
            "a circle in the middle of one colour",
        )
    return (
        (f"h {d[0]} {d[1]}", f"disc {d[2]} 150 100 48"),
        f"{a(said(d[2]))} circle on {said(d[0])} above {said(d[1])}",
        "a circle on two bands",
    )


def _star(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    return (
        (f"h {d[0]}", f"star {d[1]} 150 104 66"),
        f"one large {said(d[1])} star on {said(d[0])}",
        "a single big star",
    )


def _stars(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    count = c.random.randint(2, 5)
    stars = tuple(
        f"star {d[1]} {300 / count * (i + 0.5):.0f} 102 {min(40, 130 / count):.0f}" for i in range(count)
    )
    return (
        (f"h {d[0]}", *stars),
        f"{NUMBERS[count]} {said(d[1])} stars in a row on {said(d[0])}",
        f"{NUMBERS[count]} stars side by side",
    )


def _star_on_bands(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    word = c.random.choice("hv")
    way = "vertical" if word == "v" else "horizontal"
    return (
        (f"{word} {d[0]} {d[1]} {d[2]}", f"star {d[3]} 150 102 32"),
        f"{way} {said(d[0])}, {said(d[1])} and {said(d[2])} with {a(said(d[3]))} star",
        f"three {way} bands and a star in the middle",
    )


def _triangle(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    return (
        (f"h {d[0]} {d[1]}", f"tri {d[2]} 130"),
        f"{said(d[0])} above {said(d[1])} with {a(said(d[2]))} triangle at the left",
        "two bands and a triangle at the pole",
    )


def _canton(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    stripes = " ".join(d[i % 2] for i in range(7))
    return (
        (f"h {stripes}", f"box {d[2]} 0 0 120 114", f"star {d[3]} 60 60 40"),
        f"{said(d[0])} and {said(d[1])} stripes with {a(said(d[3]))} star in {a(said(d[2]))} corner",
        "stripes and a star in the upper corner",
    )


def _diagonal(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    return (
        (f"h {d[0]}", f"poly {d[1]} 0 0 300 200 0 200"),
        f"{said(d[0])} and {said(d[1])} parted by a diagonal",
        "two triangles parted from corner to corner",
    )


def _quarters(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    return (
        (
            f"h {d[0]}",
            f"box {d[1]} 150 0 300 100",
            f"box {d[2]} 0 100 150 200",
            f"box {d[3]} 150 100 300 200",
        ),
        f"four quarters in {listed([said(x) for x in d[:4]])}",
        "four rectangles, one in each corner",
    )


def _crescent(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    return (
        (f"h {d[0]}", f"moon {d[1]} {d[0]} 130 100 56", f"star {d[1]} 178 100 24"),
        f"{a(said(d[1]))} crescent moon and star on {said(d[0])}",
        "a moon and a star",
    )


def _border(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    return (
        (f"h {d[0]}", f"box {d[1]} 26 26 274 174", f"disc {d[2]} 150 100 40"),
        f"{a(said(d[2]))} disc on {said(d[1])} with {a(said(d[0]))} border",
        "a disc in a field with an edge",
    )


def _rhombus(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    return (
        (f"h {d[0]}", f"poly {d[1]} 150 14 284 100 150 186 16 100"),
        f"{a(said(d[1]))} diamond on {said(d[0])}",
        "a large diamond from edge to edge",
    )


def _rays(c: Canvas, d: list[str]) -> tuple[tuple[str, ...], str, str]:
    rays = tuple(
        f"poly {d[1]} 150 100 {x0} {y0} {x1} {y1}"
        for x0, y0, x1, y1 in ((0, 0, 60, 0), (130, 0, 170, 0), (240, 0, 300, 0), (300, 80, 300, 120),
                               (300, 200, 240, 200), (170, 200, 130, 200), (60, 200, 0, 200), (0, 120, 0, 80))
    )  # fmt: skip
    return (
        (f"h {d[0]}", *rays, f"disc {d[1]} 150 100 38"),
        f"{a(said(d[1]))} sun with rays on {said(d[0])}",
        "a sun whose rays reach the edges",
    )


# The demo's flags are to be understood, not remembered: nothing that looks like them is drawn.
_DEMO = (
    "h white|disc red", "h blue|cross yellow", "h light-blue|cross yellow", "v green white red",
        "h red|x white",
    "h red|cross white", "h red|star yellow", "h green|x yellow", "h blue black white",
        "h light-blue black white",
)  # fmt: skip


def _unlike_the_demo(c: Canvas, pattern: Pattern) -> tuple[tuple[str, ...], str, str]:
    while True:
        dyes = c.random.sample([name for name in DYES if name not in ("maroon", "pink")], 5)
        layers, look, plain = pattern(c, dyes)
        if not "|".join(layers).startswith(_DEMO):
            return layers, look, plain


def _made_up(name: str, pattern: Pattern) -> Kind:
    def paint(c: Canvas) -> Captions:
        layers, look, plain = _unlike_the_demo(c, pattern)
        where = fly(c, layers)
        return (
            f"a flag with {look} {where}",
            f"a flag: {look}",
            f"a flag with {plain}",
            f"{look}, the flag of a club or country",
            f"a banner {where}, {plain}",
        )

    return Kind(f"flag with {name}", paint)


def _look(nation: Nation) -> str:
    _, layers, look = nation
    if look:
        return look
    word, *names = layers[0].split()
    way = "vertical" if word == "v" else "horizontal"
    return f"{way} {listed([said(name.partition('*')[0]) for name in names])}"


def _national(continent: str, nations: tuple[Nation, ...]) -> Kind:
    def paint(c: Canvas) -> Captions:
        nation = c.random.choice(nations)
        where, look = fly(c, nation[1]), _look(nation)
        return (
            f"the flag of {nation[0]}: {look}",
            f"the flag of {nation[0]} {where}",
            f"the national flag of {nation[0]}",
            f"a flag from {continent} with {look}",
            f"{nation[0].removeprefix('the ')}'s flag, {look}",
        )

    return Kind(f"flag from {continent}", paint)


KINDS: tuple[Kind, ...] = (
    _made_up("horizontal stripes", lambda c, d: _bands(c, d, "h")),
    _made_up("vertical stripes", lambda c, d: _bands(c, d, "v")),
    _made_up("a wide band", _wide_middle),
    _made_up("many stripes", _many_stripes),
    _made_up("a Nordic cross", _nordic),
    _made_up("an upright cross", _cross),
    _made_up("a diagonal cross", _saltire),
    _made_up("a circle", _disc),
    _made_up("a star", _star),
    _made_up("several stars", _stars),
    _made_up("bands and a star", _star_on_bands),
    _made_up("a triangle", _triangle),
    _made_up("a corner field", _canton),
    _made_up("a diagonal", _diagonal),
    _made_up("quarters", _quarters),
    _made_up("a crescent", _crescent),
    _made_up("a border", _border),
    _made_up("a diamond", _rhombus),
    _made_up("a sun", _rays),
    *(_national(continent, nations) for continent, nations in NATIONS.items()),
)
