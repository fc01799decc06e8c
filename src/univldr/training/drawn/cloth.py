"""How a flag is described in a few words, laid out as cloth, and hung on a pole."""

from __future__ import annotations

from collections.abc import Sequence

from univldr.canvas import HEIGHT, WIDTH, Canvas, Colour, Point, darker
from univldr.training.drawn.palette import a, backdrop, chance, jitter, sky
from univldr.training.drawn.shapes import star

W, H = 300.0, 200.0
DYES: dict[str, Colour] = {
    "red": (208, 26, 40),
    "blue": (14, 56, 150),
    "light-blue": (96, 174, 226),
    "green": (8, 134, 70),
    "yellow": (252, 208, 24),
    "white": (250, 250, 250),
    "black": (22, 22, 24),
    "orange": (246, 134, 36),
    "maroon": (136, 20, 50),
    "purple": (110, 50, 150),
    "pink": (244, 140, 176),
}


def said(dye: str) -> str:
    """A dye in plain words."""
    return dye.replace("-", " ")


def lay(v: Canvas, layers: Sequence[str]) -> None:
    """Lays a flag of 300 x 200 units, its corner at (0, 0).

    A layer is a word and its colours and numbers: ``h red white*2`` (bands from top to bottom,
        twice as high),
    ``v ...`` (bands from the pole), ``cross white 30 100`` (width, place of the upright), ``x white 30``
    (diagonal cross), ``tri blue 120`` (triangle at the pole, depth), ``box blue 0 0 120 100``,
    ``disc red x y radius``, ``star red x y radius``, ``moon white red x y radius`` (crescent, and what it is
    on), ``poly red x y x y ...``.
    """
    for layer in layers:
        word, *rest = layer.split()
        inks = [DYES[name.partition("*")[0]] for name in rest if name.partition("*")[0] in DYES]
        n = [float(r) for r in rest if r.partition("*")[0] not in DYES]
        ink = inks[0]
        if word in ("h", "v"):
            _bands(v, rest, inks, upright=word == "v")
        elif word == "cross":
            v.rectangle((n[1] - n[0] / 2, 0, n[1] + n[0] / 2, H), ink)
            v.rectangle((0, (H - n[0]) / 2, W, (H + n[0]) / 2), ink)
        elif word == "x":
            dx, dy = n[0] * 0.9, n[0] * 0.6
            v.polygon([(0, 0), (dx, 0), (W, H - dy), (W, H), (W - dx, H), (0, dy)], ink)
            v.polygon([(W, 0), (W - dx, 0), (0, H - dy), (0, H), (dx, H), (W, dy)], ink)
        elif word == "tri":
            v.polygon([(0, 0), (n[0], H / 2), (0, H)], ink)
        elif word == "box":
            v.rectangle((n[0], n[1], n[2], n[3]), ink)
        elif word == "disc":
            v.circle((n[0], n[1]), n[2], ink)
        elif word == "star":
            v.polygon(star(n[0], n[1], n[2]), ink)
        elif word == "moon":
            v.circle((n[0], n[1]), n[2], ink)
            v.circle((n[0] + n[2] * 0.28, n[1]), n[2] * 0.8, inks[1])
        else:
            points: list[Point] = list(zip(n[::2], n[1::2], strict=True))
            v.polygon(points, ink)


def _bands(v: Canvas, names: Sequence[str], inks: Sequence[Colour], *, upright: bool) -> None:
    weights = [float(name.partition("*")[2] or 1) for name in names]
    unit, at = (W if upright else H) / sum(weights), 0.0
    for ink, weight in zip(inks, weights, strict=True):
        end = at + unit * weight
        v.rectangle((at, 0, end, H) if upright else (0, at, W, end), ink)
        at = end


def fly(c: Canvas, layers: Sequence[str]) -> str:
    """Shows a flag: flat, on a plain ground, or waving on a pole below a sky; returns how, in words."""
    if chance(c, 0.5):
        tone = backdrop(c, ("grey", "blue", "pink", "green"))
        zoom = c.random.uniform(1.05, 1.45)
        left, upper = 240 - W * zoom / 2, 180 - H * zoom / 2
        v = c.view(left, upper, zoom)
        v.rectangle((-1.5, -1.5, W + 1.5, H + 1.5), (120, 124, 130))
        lay(v, layers)
        return f"on a {tone} background"
    above = sky(c, HEIGHT)
    if chance(c, 0.3):
        c.ellipse((-100, 310, WIDTH + 100, HEIGHT + 160), jitter(c, (90, 150, 80)))
    pole, upper, zoom = c.random.uniform(50, 100), c.random.uniform(36, 60), c.random.uniform(0.95, 1.15)
    c.rectangle((pole - 9, upper - 22, pole, HEIGHT), (220, 222, 228), darker((220, 222, 228)))
    flat = Canvas("", oversampling=1)
    lay(flat.view(pole, upper, zoom), layers)
    c.hang(
        flat,
        (pole, upper, pole + W * zoom, upper + H * zoom),
        c.random.uniform(3, 8),
        c.random.uniform(110, 200),
    )
    c.ball((pole - 4, upper - 26), 8, (222, 180, 70))
    return f"waving on a pole under {a(above)}"
