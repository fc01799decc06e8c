"""Places in town: streets, a _harbour, a kitchen, a stadium."""

from __future__ import annotations

from univldr.canvas import (
    BLACK,
    HEIGHT,
    WHITE,
    WIDTH,
    Canvas,
    Colour,
    darker,
    lighter,
    mix,
)
from univldr.demo.pictures import figures as f
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.figures import Look, person
from univldr.demo.pictures.table import Picture

LAMPLIGHT: Colour = (255, 220, 130)


def building(
    c: Canvas, left: float, top: float, width: float, base: float, wall: Colour, *, lit: float
) -> None:
    """A block with rows of windows, the share ``lit`` of them bright."""
    c.rectangle((left, top, left + width, base), lighter(wall, 0.12), darker(wall, 0.15))
    c.rectangle((left + width * 0.78, top, left + width, base), darker(wall, 0.2), darker(wall, 0.4))
    columns, rows = max(2, int(width // 15)), max(2, int((base - top) // 18))
    for row in range(rows):
        for column in range(columns):
            x, y = left + 6 + column * (width - 8) / columns, top + 8 + row * (base - top - 8) / rows
            glass = LAMPLIGHT if c.random.random() < lit else mix(wall, (40, 60, 90), 0.6)
            c.rectangle((x, y, x + 7, y + 9), glass)


def _city_at_night(c: Canvas) -> None:
    n.sky(c, ((10, 14, 44), (74, 58, 110)), 270)
    n.stars(c, 90, 130)
    n.moon(c, (400, 54), 20)
    for i in range(11):
        building(c, i * 46 - 10, c.random.uniform(110, 180), 42, 270, (40, 44, 76), lit=0.35)
    for left, top, width in (
        (20, 90, 56),
        (100, 130, 66),
        (186, 50, 60),
        (268, 110, 62),
        (346, 76, 54),
        (414, 134, 60),
    ):
        building(c, left, top, width, 270, (28, 32, 58), lit=0.55)
    c.line([(216, 50), (216, 18)], 2.4, (50, 54, 80))
    c.glow((216, 18), 14, (255, 60, 60))
    c.mirror(268, 100, 0.35)
    c.grain((0, 270, WIDTH, HEIGHT), 30, (10, 1))


def _harbour(c: Canvas) -> None:
    n.sky(c, horizon=170)
    n.clouds(c, 3, 80)
    n.hills(c, 168, 50, (112, 146, 118))
    for i, wall in enumerate(
        ((214, 96, 76), (238, 200, 120), (120, 170, 190), (236, 226, 206), (190, 120, 90), (150, 186, 140))
    ):
        _house(c, 16 + i * 78, 190, 66, wall)
    c.rectangle((0, 188, WIDTH, 208), (150, 142, 134), (104, 98, 94))
    n.sea(c, 206, (110, 164, 190), (30, 84, 120))
    for x, y, size, hull in (
        (90, 270, 1.0, (200, 50, 50)),
        (240, 300, 1.3, (34, 80, 150)),
        (390, 268, 1.0, (40, 130, 100)),
    ):
        _fishing_boat(c.view(x, y, size), hull)


def _house(c: Canvas, x: float, base: float, width: float, wall: Colour) -> None:
    top = base - 66
    c.rectangle((x, top, x + width, base), lighter(wall, 0.1), darker(wall, 0.12))
    c.polygon(
        [(x - 5, top + 2), (x + width / 2, top - 34), (x + width + 5, top + 2)], (150, 70, 52), (110, 48, 40)
    )
    for dx in (10, width - 26):
        for dy in (10, 36):
            c.rectangle((x + dx, top + dy, x + dx + 16, top + dy + 17), WHITE)
            c.rectangle((x + dx + 2, top + dy + 2, x + dx + 14, top + dy + 15), (96, 130, 156), (60, 90, 116))


def _fishing_boat(v: Canvas, hull: Colour) -> None:
    v.shadow((-70, 6, 72, 30), 0.5)
    v.stroke([(-4, -10), (-4, -104)], 3, (90, 70, 56))
    v.stroke([(-4, -98), (-44, -40)], 2, (90, 70, 56))
    v.line([(-4, -102), (60, -14)], 0.8, (60, 56, 54))
    v.line([(-4, -102), (-62, -12)], 0.8, (60, 56, 54))
    v.rectangle((8, -46, 42, -12), (246, 244, 236), (214, 210, 204), radius=3)
    v.rectangle((13, -40, 37, -27), (80, 120, 150))
    v.polygon([(-68, -20), (-40, -12), (40, -12), (72, -26), (52, 18), (-50, 18)], hull, darker(hull, 0.35))
    v.line([(-64, -14), (-40, -7), (40, -7), (68, -20)], 3, WHITE)


def _football_pitch(c: Canvas) -> None:
    n.sky(c, horizon=90)
    for x, top in ((0, 40), (240, 34)):
        c.polygon([(x, 110), (x, top + 10), (x + 240, top), (x + 240, 110)], (130, 130, 144), (90, 92, 106))
    for _ in range(1300):
        tone = c.random.choice(
            ((200, 60, 60), (240, 240, 240), (60, 90, 180), (226, 190, 160), (230, 200, 80))
        )
        c.circle((c.random.uniform(0, WIDTH), c.random.uniform(50, 106)), 1.5, tone)
    for i in range(9):
        green: Colour = (86, 160, 62) if i % 2 else (70, 142, 52)
        y, lower = 106 + i * i * 3.2, 106 + (i + 1) ** 2 * 3.2
        c.rectangle((0, y, WIDTH, lower), green)
    c.grain((0, 108, WIDTH, HEIGHT), 22, (1, 1.4))
    for points in (
        [(90, 130), (390, 130), (500, 350), (-20, 350), (90, 130)],
        [(52, 210), (428, 210)],
        [(170, 130), (160, 158), (320, 158), (310, 130)],
    ):
        c.line([(float(x), float(y)) for x, y in points], 3, WHITE)
    c.ring((170, 184, 310, 240), 3, WHITE)
    for x in (204, 216, 228, 240, 252, 264, 276):
        c.line([(x, 92), (x, 130)], 0.6, (220, 224, 230))
    c.line([(200, 132), (200, 90), (280, 90), (280, 132)], 3.4, WHITE)
    for i in range(8):
        look = Look(
            shirt=(214, 40, 44) if i % 2 else (240, 240, 246), trousers=(30, 34, 60), leg=0.45, sleeve=0.4
        )
        at = (50 + i * 54, 200 + (i * 37) % 120)
        c.shadow((at[0] - 14, at[1] - 4, at[0] + 14, at[1] + 4), 0.4)
        person(
            c, at, 40 + (at[1] - 200) * 0.16, (f.RUNNING, f.WALKING, f.STANDING)[i % 3], look, flip=i % 2 == 0
        )


def _kitchen_table(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, 220), (236, 226, 206), (220, 206, 180))
    for x in range(0, WIDTH, 40):
        for y in range(0, 200, 40):
            c.rectangle((x + 1, y + 1, x + 38, y + 38), (244, 238, 224), (230, 220, 202), radius=2)
    c.rectangle((290, 26, 440, 150), (180, 130, 86), (150, 104, 66))
    c.rectangle((300, 36, 430, 140), *n.BLUE_SKY)
    c.line([(365, 36), (365, 140)], 5, (170, 120, 80))
    c.polygon([(0, 226), (WIDTH, 226), (WIDTH, HEIGHT), (0, HEIGHT)], (178, 120, 70), (130, 82, 44))
    c.grain((0, 226, WIDTH, HEIGHT), 26, (24, 1))
    _teapot(c.view(120, 276, 1.1))
    _loaf(c.view(286, 276))
    for x, y in ((226, 322), (400, 318)):
        c.shadow((x - 46, y - 8, x + 54, y + 16), 0.4)
        c.ellipse((x - 44, y - 12, x + 44, y + 10), WHITE, (200, 206, 214))
        c.rectangle((x - 22, y - 34, x + 22, y), (244, 246, 250), (190, 200, 214), radius=8)
        c.ring((x + 14, y - 30, x + 36, y - 8), 4, (226, 230, 238))
        c.ellipse((x - 21, y - 40, x + 21, y - 28), (130, 76, 40))
    for x, y, colour in ((404, 254, (206, 40, 44)), (432, 262, (120, 180, 60)), (420, 240, (240, 150, 40))):
        c.shadow((x - 14, y + 8, x + 22, y + 20), 0.4)
        c.ball((x, y), 16, colour)


def _teapot(v: Canvas) -> None:
    blue: Colour = (52, 96, 160)
    v.shadow((-60, -10, 70, 16), 0.45)
    v.stroke([(36, -24), (62, -40), (72, -66)], 14, darker(blue, 0.1), end=8)
    v.ring((-74, -62, -30, -14), 8, darker(blue, 0.15))
    v.ball((0, -34), 42, blue)
    v.ellipse((-24, -78, 24, -62), lighter(blue, 0.3), blue)
    v.ball((0, -82), 7, blue)
    for x in (-22, 0, 22):
        v.circle((x, -30), 5, WHITE)


def _loaf(v: Canvas) -> None:
    crust: Colour = (196, 130, 66)
    v.shadow((-66, -8, 76, 14), 0.4)
    v.rectangle((-66, -6, 66, 4), (150, 96, 56), (120, 74, 42), radius=3)
    v.blob(
        [(-56, -6), (-58, -34), (-30, -52), (20, -52), (52, -36), (54, -6)],
        lighter(crust, 0.2),
        darker(crust, 0.2),
    )
    for x in (-30, -6, 18):
        v.stroke([(x, -46), (x + 14, -26)], 5, (236, 196, 136))


def _rainy_street(c: Canvas) -> None:
    n.sky(c, n.GREY_SKY, 230)
    for left, top, width in ((-10, 40, 90), (76, 70, 70), (330, 60, 76), (400, 30, 100)):
        building(c, left, top, width, 232, (122, 112, 112), lit=0.4)
    for left, top in ((150, 110), (200, 126), (246, 120), (290, 104)):
        building(c, left, top, 46, 232, (142, 142, 150), lit=0.3)
    c.polygon([(0, 232), (WIDTH, 232), (WIDTH, HEIGHT), (0, HEIGHT)], (96, 100, 108), (58, 62, 70))
    for x in (60, 170, 310, 420):
        c.veil((x - 14, 240, x + 14, 350), LAMPLIGHT, 0.35, 0.0)
        c.stroke([(x, 246), (x, 150)], 3, (40, 42, 48))
        c.glow((x, 148), 36, LAMPLIGHT, 0.9)
        c.ball((x, 148), 6, (255, 240, 190))
    for x, y, paint in ((120, 280, (170, 40, 44)), (350, 312, (240, 190, 40))):
        _car(c.view(x, y, 1.1), paint)
    for x, base, size, coat in ((236, 316, 104, (30, 60, 120)), (40, 340, 120, (40, 40, 46))):
        person(c, (x, base), size, f.WALKING, Look(shirt=coat, trousers=(50, 50, 56)))
        c.sector((x - 38, base - size - 22, x + 48, base - size + 46), 180, 360, (50, 54, 66), (26, 28, 34))
    n.rain(c, 420)


def _car(v: Canvas, paint: Colour) -> None:
    v.shadow((-70, -10, 74, 14), 0.6)
    v.blob([(-38, -30), (-26, -52), (22, -54), (44, -30)], darker(paint, 0.1), paint)
    v.polygon([(-30, -31), (-21, -48), (-2, -48), (-2, -31)], (150, 176, 196), (110, 136, 156))
    v.polygon([(3, -31), (3, -48), (19, -49), (34, -31)], (150, 176, 196), (110, 136, 156))
    v.rectangle((-66, -34, 68, -10), lighter(paint, 0.12), darker(paint), radius=9)
    v.ball((62, -24), 5, (255, 240, 190))
    for x in (-38, 40):
        v.circle((x, -10), 13, BLACK)
        v.circle((x, -10), 6, (170, 174, 182))


PICTURES = (
    Picture("city-at-night.jpg", _city_at_night),
    Picture("harbour.jpg", _harbour, "Fishing boats in the harbour of a small town with colourful houses"),
    Picture("football-pitch.jpg", _football_pitch),
    Picture(
        "kitchen-table.jpg",
        _kitchen_table,
        "Breakfast on a kitchen table: a blue teapot, a loaf of bread and two cups of coffee",
    ),
    Picture("rainy-street.jpg", _rainy_street),
)
