"""Places in the country: a _farm, a castle, a railway."""

from __future__ import annotations

from univldr.canvas import (
    BLACK,
    WHITE,
    WIDTH,
    Canvas,
    Colour,
    Point,
    darker,
    lighter,
)
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.table import Picture


def _farm(c: Canvas) -> None:
    n.sky(c)
    n.clouds(c, 3, 90)
    n.hills(c, 210, 50, (130, 170, 100))
    n.meadow(c, 216, (128, 168, 74))
    c.polygon([(90, 150), (150, 106), (210, 150), (210, 250), (90, 250)], (196, 50, 44), (146, 34, 34))
    c.polygon(
        [(210, 150), (150, 106), (250, 106), (310, 150), (310, 250), (210, 250)], (170, 42, 40), (120, 30, 30)
    )
    c.polygon([(142, 98), (258, 98), (318, 152), (206, 152)], (110, 104, 106), (76, 72, 76))
    c.line([(84, 152), (150, 102), (210, 150)], 5, WHITE)
    c.rectangle((126, 186, 174, 250), (110, 28, 28))
    for points in (
        [(126, 186), (174, 250)],
        [(174, 186), (126, 250)],
        [(126, 186), (174, 186), (174, 250), (126, 250), (126, 186)],
    ):
        c.line([(float(x), float(y)) for x, y in points], 3, WHITE)
    c.rectangle((330, 96, 372, 250), (206, 210, 216), (150, 156, 166))
    c.sector((330, 74, 372, 118), 180, 360, (226, 230, 236), (170, 176, 186))
    for row in range(8):
        y = 276 + row * 12
        for i in range(14):
            x = 230 + i * 19 + (row % 2) * 8
            n.bush(c, x, y, 15 + row, (150, 160, 40) if row % 2 else (96, 146, 50))
    _tractor(c.view(110, 326, 1.0))


def _tractor(v: Canvas) -> None:
    green: Colour = (40, 130, 60)
    v.shadow((-66, -10, 74, 14), 0.5)
    v.rectangle((-30, -88, 18, -44), (150, 196, 214), (110, 150, 170), radius=3)
    v.rectangle((-36, -94, 24, -86), green, radius=3)
    v.rectangle((-44, -50, 24, -26), green, darker(green), radius=5)
    v.rectangle((14, -56, 68, -26), lighter(green, 0.1), darker(green), radius=6)
    v.stroke([(46, -56), (46, -80)], 4, BLACK)
    for x, radius in ((-30, 34), (50, 20)):
        v.circle((x, -radius), radius, (52, 50, 52), BLACK)
        v.circle((x, -radius), radius * 0.5, (244, 206, 60), (206, 160, 40))


def _windmill_and_tulips(c: Canvas) -> None:
    n.sky(c)
    n.clouds(c, 3, 120)
    n.meadow(c, 226, (120, 170, 80))
    c.polygon([(290, 236), (306, 112), (366, 112), (384, 236)], (236, 226, 206), (190, 170, 144))
    c.sector((300, 76, 372, 150), 180, 360, (110, 64, 46), (84, 48, 38))
    c.rectangle((324, 196, 348, 236), (90, 60, 46))
    c.rectangle((326, 140, 346, 160), (100, 130, 150))
    for dx, dy in ((0.7, 0.72), (-0.72, 0.7), (-0.7, -0.72), (0.72, -0.7)):
        tip = (336 + dx * 104, 106 + dy * 104)
        side = (-dy * 20, dx * 20)
        c.polygon(
            [
                (336 + dx * 22, 106 + dy * 22),
                tip,
                (tip[0] + side[0], tip[1] + side[1]),
                (336 + dx * 22 + side[0], 106 + dy * 22 + side[1]),
            ],
            (246, 240, 226),
            (216, 204, 186),
        )
        c.stroke([(336, 106), tip], 4, (96, 66, 50))
    tones: tuple[Colour, ...] = (
        (220, 40, 60),
        (250, 200, 40),
        (240, 110, 160),
        (250, 130, 40),
        (150, 70, 170),
    )
    for row in range(10):
        y, size = 250 + row * row * 1.15, 2.2 + row * 0.62
        for i in range(36 - row * 2):
            x = i * WIDTH / (35 - row * 2) + c.random.uniform(-3, 3)
            c.line([(x, y + size * 2.6), (x, y)], size * 0.3, (60, 120, 50))
            c.ellipse(
                (x - size, y - size * 1.3, x + size, y + size),
                lighter(tones[row // 2], 0.15),
                darker(tones[row // 2], 0.15),
            )


def _lighthouse(c: Canvas) -> None:
    n.sky(c, ((60, 74, 130), (240, 176, 130)), 240)
    n.sea(c, 226, (190, 150, 140), (36, 62, 100))
    c.glow((322, 84), 120, (255, 240, 180), 0.8)
    c.blob(
        [(200, 300), (250, 244), (320, 230), (400, 240), (520, 260), (520, 400), (180, 400)],
        (104, 110, 92),
        (56, 54, 52),
    )
    for i in range(5):
        colour: Colour = (200, 44, 44) if i % 2 else (246, 244, 238)
        y, half = 106 + i * 27, 19 + i * 3.0
        c.polygon(
            [(322 - half, y), (322 + half, y), (322 + half + 3, y + 27), (322 - half - 3, y + 27)],
            lighter(colour, 0.1),
            darker(colour, 0.1),
        )
        c.polygon(
            [
                (322 + half * 0.4, y),
                (322 + half, y),
                (322 + half + 3, y + 27),
                (322 + half * 0.4 + 2, y + 27),
            ],
            darker(colour, 0.25),
        )
    c.rectangle((296, 98, 348, 106), (60, 60, 66))
    c.rectangle((306, 70, 338, 98), (255, 240, 170), (250, 206, 110))
    c.sector((302, 46, 342, 96), 180, 360, (170, 40, 40), (120, 30, 34))
    for x, y, size in ((210, 330, 80), (270, 350, 110), (440, 340, 100)):
        n.rock(c, x, y, size, (92, 90, 92))
    for _ in range(60):
        c.glow(
            (190 + c.random.gauss(0, 24), 330 + c.random.gauss(0, 12)), c.random.uniform(6, 16), WHITE, 0.6
        )


def _castle_on_hill(c: Canvas) -> None:
    n.sky(c)
    n.clouds(c, 4, 100)
    n.hills(c, 280, 60, (120, 156, 110))
    c.blob(
        [(40, 300), (120, 226), (240, 200), (360, 226), (450, 300), (460, 400), (20, 400)],
        (110, 158, 80),
        (70, 116, 54),
    )
    stone: Colour = (168, 160, 150)
    c.rectangle((140, 140, 340, 230), lighter(stone, 0.1), darker(stone, 0.2))
    for i in range(10):
        c.rectangle((140 + i * 20.5, 128, 152 + i * 20.5, 142), stone)
    for x, top in ((116, 90), (216, 60), (316, 90)):
        c.rectangle((x, top, x + 48, 232), lighter(stone, 0.2), darker(stone, 0.15))
        c.rectangle((x + 34, top, x + 48, 232), darker(stone, 0.2), darker(stone, 0.35))
        c.polygon([(x - 6, top), (x + 24, top - 52), (x + 54, top)], (70, 96, 150), (46, 64, 110))
        c.line([(x + 24, top - 52), (x + 24, top - 74)], 1.6, BLACK)
        c.polygon([(x + 24, top - 74), (x + 46, top - 68), (x + 24, top - 60)], (210, 40, 46))
        for y in (top + 20, top + 60):
            c.rectangle((x + 15, y, x + 23, y + 18), (60, 56, 60), radius=4)
    c.rectangle((222, 184, 258, 232), (84, 56, 40), radius=12)
    c.blob(
        [(228, 232), (252, 232), (270, 280), (320, 380), (180, 380), (236, 280)],
        (206, 190, 156),
        (176, 156, 120),
    )
    for x in (60, 100, 390, 430):
        n.tree(c, x, 318, 66)


def _steam_train(c: Canvas) -> None:
    n.sky(c, horizon=230)
    n.hills(c, 200, 70, (116, 150, 112))
    n.meadow(c, 226)
    c.polygon([(0, 286), (WIDTH, 286), (WIDTH, 314), (0, 314)], (140, 130, 122), (110, 102, 96))
    for x in range(-10, WIDTH, 22):
        c.rectangle((x, 290, x + 12, 306), (92, 66, 50))
    c.rectangle((0, 288, WIDTH, 292), (190, 194, 200), (120, 124, 130))
    for i in range(12):
        radius = 14 + i * 3.4
        c.ball((356 - i * 30, 108 - i * 5 + c.random.uniform(-6, 6)), radius, (236, 238, 242))
    for left, paint in ((-30, (150, 40, 44)), (110, (150, 40, 44))):
        c.rectangle((left, 196, left + 130, 274), lighter(paint, 0.1), darker(paint), radius=4)
        c.rectangle((left - 3, 188, left + 133, 200), (70, 66, 70), radius=4)
        for i in range(4):
            c.rectangle(
                (left + 10 + i * 30, 210, left + 30 + i * 30, 236), (236, 226, 190), (180, 200, 210), radius=2
            )
        for dx in (22, 48, 84, 110):
            c.circle((left + dx, 278), 11, (60, 60, 66), BLACK)
    _engine(c.view(340, 290))


def _engine(v: Canvas) -> None:
    green: Colour = (34, 92, 66)
    v.rectangle((-88, -120, -30, -26), lighter(green, 0.1), darker(green), radius=3)
    v.rectangle((-94, -128, -24, -116), (50, 50, 54), radius=3)
    v.rectangle((-78, -108, -44, -78), (196, 214, 220), (130, 156, 170))
    v.rectangle((-40, -88, 70, -34), lighter(green, 0.35), darker(green, 0.4), radius=12)
    for x in (-16, 14, 44):
        v.rectangle((x, -88, x + 4, -34), (210, 170, 70))
    v.polygon([(28, -88), (24, -130), (48, -130), (44, -88)], (60, 60, 64), (30, 30, 34))
    v.ball((-8, -90), 12, (210, 170, 70))
    v.ball((72, -62), 20, (70, 72, 78))
    v.rectangle((-88, -36, 84, -24), (170, 44, 40), (120, 30, 30))
    v.polygon([(80, -30), (108, -4), (74, -4)], (170, 44, 40), (110, 28, 28))
    for x, radius in ((-66, 20), (-22, 20), (22, 20), (62, 13)):
        v.circle((x, -radius), radius, (170, 44, 40), (110, 28, 28))
        v.ring((x - radius, -2 * radius, x + radius, 0), 4, BLACK)
        v.circle((x, -radius), 4, (210, 200, 190))
    v.stroke([(-66, -16), (22, -16)], 4, (200, 204, 210))


def _hot_air_balloons(c: Canvas) -> None:
    n.sky(c, ((84, 150, 220), (252, 226, 196)), 280)
    n.clouds(c, 3, 200)
    n.hills(c, 290, 50, (130, 160, 120))
    n.hills(c, 330, 50, (96, 138, 84))
    palettes: tuple[tuple[Colour, Colour], ...] = (
        ((220, 50, 50), (250, 210, 60)),
        ((50, 100, 190), (240, 240, 240)),
        ((120, 60, 150), (250, 150, 60)),
        ((40, 150, 110), (240, 230, 120)),
    )
    for (x, y, size), (first, second) in zip(
        ((160, 150, 1.3), (360, 110, 0.9), (300, 236, 0.55), (60, 250, 0.6)), palettes, strict=True
    ):
        _balloon(c.view(x, y, size), first, second)


def _balloon(v: Canvas, first: Colour, second: Colour) -> None:
    for i, half in enumerate((62, 46, 27, 9)):
        colour = second if i % 2 else first
        outline: list[Point] = [
            (0, -80),
            (half * 0.8, -62),
            (half, -22),
            (half * 0.75, 24),
            (half * 0.25 + 3, 62),
        ]
        mirrored = [(-x, y) for x, y in reversed(outline)]
        v.blob([*outline, *mirrored], lighter(colour, 0.2), darker(colour, 0.2))
    v.glow((-22, -36), 40, WHITE, 0.4)
    for x in (-10, 10):
        v.line([(x * 1.4, 60), (x, 88)], 1, (80, 60, 50))
    v.rectangle((-13, 86, 13, 106), (170, 116, 66), (120, 76, 40), radius=3)


PICTURES = (
    Picture("farm.jpg", _farm, "A red barn, a silo and a green tractor on a farm"),
    Picture("windmill-and-tulips.jpg", _windmill_and_tulips, "A windmill behind rows of tulips"),
    Picture("lighthouse.jpg", _lighthouse, "A red and white lighthouse on a rocky coast at dusk"),
    Picture("castle-on-hill.jpg", _castle_on_hill, "A stone castle with three towers on a green hill"),
    Picture("steam-train.jpg", _steam_train),
    Picture("hot-air-balloons.jpg", _hot_air_balloons),
)
