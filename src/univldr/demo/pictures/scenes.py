"""Landscapes and weather."""

from __future__ import annotations

import math

from univldr.canvas import HEIGHT, WHITE, WIDTH, Canvas, Colour, Point, darker, lighter, mix
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.table import Picture


def _tropical_beach(c: Canvas) -> None:
    n.sky(c, horizon=170)
    n.sun(c, (372, 58), 20)
    n.clouds(c, 3, 110)
    n.sea(c, 168, (122, 206, 214), (40, 160, 190), 290)
    n.beach(c, 262)
    _parasol(c, 300, 318)
    n.palm(c, 70, 330, 230, 0.28)
    n.palm(c, 38, 338, 170, -0.1)


def _parasol(c: Canvas, x: float, y: float) -> None:
    c.shadow((x - 70, y - 10, x + 90, y + 14), 0.35)
    c.stroke([(x, y), (x + 8, y - 80)], 3, (240, 240, 236))
    for i in range(6):
        colour = (214, 60, 52) if i % 2 else WHITE
        c.sector(
            (x - 56, y - 118, x + 72, y - 34),
            180 + i * 30,
            210 + i * 30,
            lighter(colour, 0.1),
            darker(colour, 0.12),
        )
    c.polygon(
        [(x + 24, y), (x + 92, y - 2), (x + 100, y + 8), (x + 16, y + 10)], (60, 130, 190), (40, 100, 160)
    )


def _snowy_mountains(c: Canvas) -> None:
    n.sky(c, ((64, 128, 204), (206, 226, 242)), 250)
    n.clouds(c, 2, 90)
    n.mountain(c, (90, 110), 150, 270, (112, 124, 146), 0.7)
    n.mountain(c, (400, 96), 160, 270, (104, 116, 140), 0.7)
    n.mountain(c, (245, 44), 190, 276, (92, 100, 120), 0.55)
    n.snowfield(c, 258)
    for x, y, size in ((40, 290, 60), (84, 300, 84), (404, 292, 70), (446, 306, 96), (352, 284, 46)):
        n.pine(c, x, y, size, snowy=True)


def _forest_path(c: Canvas) -> None:
    n.sky(c, ((150, 190, 150), (226, 236, 190)))
    for depth in range(4):
        tone = mix((156, 186, 140), (44, 84, 44), depth / 3)
        for _ in range(9 - depth):
            x = c.random.uniform(0, WIDTH)
            if abs(x - 240) > 26 + depth * 34:
                n.pine(c, x, 226 + depth * 22, 150 + depth * 62, tone)
    n.meadow(c, 246, (84, 122, 52))
    c.blob(
        [(228, 240), (252, 240), (276, 290), (360, 390), (90, 390), (196, 300)],
        (196, 166, 120),
        (146, 112, 76),
    )
    c.grain((90, 250, 370, HEIGHT), 26, (1.2, 1.2))
    c.glow((240, 190), 130, (255, 250, 210), 0.75)


def _desert_dunes(c: Canvas) -> None:
    n.sky(c, ((88, 156, 216), (250, 222, 176)), 200)
    n.sun(c, (96, 66), 24)
    for base, height, colour in (
        (200, 46, (222, 172, 112)),
        (246, 70, (212, 152, 88)),
        (310, 70, (196, 130, 68)),
    ):
        n.hills(c, base, height, colour)
    c.blob(
        [(-20, 360), (120, 262), (240, 236), (300, 262), (220, 300), (260, 380)],
        (238, 190, 124),
        (226, 168, 100),
    )
    c.blob(
        [(240, 236), (300, 262), (380, 290), (520, 320), (520, 400), (250, 400), (222, 300)],
        (168, 106, 56),
        (132, 80, 42),
    )
    c.grain((0, 200, WIDTH, HEIGHT), 22, (5, 1))
    for x, size in ((410, 62), (444, 40)):
        _cactus(c, x, 312 if size > 50 else 296, size)


def _cactus(c: Canvas, x: float, base: float, size: float) -> None:
    v = c.view(x, base, size / 60)
    v.shadow((-20, -4, 40, 6), 0.4)
    green: Colour = (70, 118, 70)
    v.stroke([(0, 0), (0, -58)], 12, green)
    v.stroke([(0, -20), (-15, -22), (-16, -40)], 8, green)
    v.stroke([(0, -28), (15, -30), (16, -50)], 8, darker(green, 0.15))
    for dx in (-3, 0, 3):
        v.line([(dx, -2), (dx, -58)], 0.6, darker(green, 0.3))


def _sailing_boat_at_sunset(c: Canvas) -> None:
    n.sky(c, n.DUSK_SKY, 210)
    n.sun(c, (330, 186), 30, (255, 214, 130))
    for i in range(4):
        c.ellipse((40 + i * 110, 60 + i * 22, 200 + i * 110, 70 + i * 22), (244, 150, 120))
    n.sea(c, 210, (236, 150, 104), (52, 48, 98))
    for i in range(14):
        half = c.random.uniform(12, 34)
        c.ellipse((330 - half, 216 + i * 9, 330 + half, 219 + i * 9), (255, 214, 150))
    v = c.view(190, 262, 1.25)
    v.shadow((-70, 6, 70, 26), 0.6)
    v.stroke([(0, 0), (0, -128)], 3, (70, 48, 40))
    v.blob([(4, -124), (34, -70), (58, -12), (4, -10)], (252, 240, 226), (226, 196, 180))
    v.blob([(-4, -112), (-20, -60), (-44, -14), (-4, -12)], (240, 222, 210), (206, 172, 164))
    v.polygon([(-62, -4), (68, -4), (50, 18), (-44, 18)], (122, 44, 40), (64, 24, 30))
    v.line([(-62, -4), (68, -4)], 2, (236, 220, 200))


def _waterfall(c: Canvas) -> None:
    n.sky(c, horizon=120)
    n.hills(c, 110, 40, (92, 138, 82))
    cliff: list[Point] = [
        (-20, 60),
        (120, 84),
        (190, 100),
        (300, 100),
        (380, 76),
        (500, 54),
        (500, 400),
        (-20, 400),
    ]
    c.polygon(cliff, (128, 122, 110), (70, 66, 62))
    c.grain((0, 102, WIDTH, 300), 60, (4, 14))
    c.polygon([(192, 99), (298, 99), (316, 292), (172, 292)], (236, 246, 250), (190, 218, 232))
    for _ in range(70):
        x = c.random.uniform(196, 294)
        spread = (x - 245) * 0.2
        c.line(
            [(x, 100 + c.random.uniform(0, 60)), (x + spread, 292)],
            c.random.uniform(0.6, 2),
            c.random.choice([WHITE, (168, 204, 224)]),
        )
    n.sea(c, 286, (160, 206, 216), (46, 110, 126))
    for _ in range(26):
        c.glow((c.random.uniform(150, 340), c.random.uniform(276, 302)), c.random.uniform(14, 34), WHITE, 0.8)
    for x, y, size in ((110, 318, 90), (390, 312, 110), (60, 344, 120), (440, 350, 110)):
        n.rock(c, x, y, size, (98, 100, 98))
    for x, y, size in ((40, 110, 90), (96, 120, 70), (410, 104, 80), (456, 108, 100), (360, 112, 60)):
        n.bush(c, x, y, size)


def _campfire_at_night(c: Canvas) -> None:
    n.sky(c, n.NIGHT_SKY, 250)
    n.stars(c, 170, 200)
    n.moon(c, (80, 60), 18)
    for i in range(11):
        n.pine(c, i * 48, 262, 90 + c.random.uniform(0, 70), (14, 30, 34))
    n.ground(c, 250, (34, 44, 36), (20, 26, 22))
    _tent(c, 380, 292)
    c.glow((210, 290), 210, (255, 150, 50), 0.75)
    for ends in (((160, 312), (250, 300)), ((168, 298), (262, 314)), ((190, 318), (232, 292))):
        c.stroke(list(ends), 11, (84, 54, 36))
    for size, colour in ((1.0, (232, 84, 28)), (0.72, (250, 150, 40)), (0.44, (255, 232, 140))):
        v = c.view(210, 302, size)
        v.blob(
            [
                (-34, -6),
                (-36, -40),
                (-16, -62),
                (-14, -96),
                (8, -70),
                (14, -110),
                (30, -60),
                (38, -34),
                (30, -4),
                (0, 4),
            ],
            colour,
            lighter(colour),
        )
    for _ in range(40):
        c.circle(
            (210 + c.random.gauss(0, 34), c.random.uniform(120, 240)),
            c.random.uniform(0.6, 1.5),
            (255, 190, 90),
        )


def _tent(c: Canvas, x: float, y: float) -> None:
    c.polygon([(x - 76, y), (x - 10, y - 82), (x + 66, y)], (196, 110, 52), (120, 62, 34))
    c.polygon([(x - 10, y - 82), (x + 90, y - 12), (x + 66, y)], (120, 66, 36), (76, 42, 28))
    c.polygon([(x - 26, y), (x - 10, y - 56), (x + 12, y)], (252, 206, 120), (220, 140, 70))


def _rainbow_over_field(c: Canvas) -> None:
    n.sky(c, ((96, 116, 144), (196, 208, 216)), 250)
    n.clouds(c, 4, 80, (206, 212, 222))
    bands: tuple[Colour, ...] = (
        (226, 66, 60),
        (244, 146, 50),
        (250, 226, 80),
        (96, 190, 90),
        (70, 140, 220),
        (110, 84, 180),
    )
    for i, colour in enumerate(bands):
        size = 230 - i * 8
        c.ring(
            (240 - size, 270 - size, 240 + size, 270 + size), 9, mix(colour, (196, 208, 216), 0.25), 180, 360
        )
    n.hills(c, 240, 26, (112, 156, 82))
    n.meadow(c, 244, (120, 170, 66))
    n.flowers(c, 160, 262, [(250, 214, 60), (230, 70, 70), WHITE])
    n.tree(c, 96, 262, 76)


def _erupting_volcano(c: Canvas) -> None:
    n.sky(c, ((40, 22, 40), (198, 84, 52)), 320)
    for _ in range(46):
        x, y = 240 + c.random.gauss(0, 46), c.random.uniform(-10, 90)
        c.ball(
            (x + (90 - y) * 0.3, y),
            c.random.uniform(14, 34),
            mix((74, 62, 64), (120, 100, 96), c.random.random()),
        )
    c.glow((240, 118), 150, (255, 130, 40), 0.9)
    for _ in range(26):
        dx, height = c.random.uniform(-70, 70), c.random.uniform(40, 96)
        c.stroke(
            [(240, 124), (240 + dx * 0.5, 124 - height), (240 + dx, 124 - height * 0.6)],
            2.4,
            (255, 178, 70),
            end=1,
        )
    c.polygon(
        [(206, 122), (274, 122), (330, 210), (440, 330), (40, 330), (150, 210)], (84, 62, 58), (36, 30, 34)
    )
    for path in (
        [(240, 120), (232, 170), (250, 220), (228, 330)],
        [(256, 122), (280, 180), (300, 240), (346, 330)],
        [(222, 122), (196, 180), (176, 250), (140, 330)],
    ):
        c.stroke(path, 7, (214, 66, 24), end=14)
        c.stroke(path, 3, (255, 204, 90), end=6)
    n.ground(c, 316, (30, 26, 28), (14, 12, 16))


def _northern_lights(c: Canvas) -> None:
    n.sky(c, ((6, 10, 34), (20, 46, 70)), 280)
    n.stars(c, 220, 220)
    for band, colour in enumerate(((70, 230, 150), (110, 240, 190), (150, 110, 220))):
        for i in range(60):
            x = i * 8.2
            y = 96 + band * 26 + 34 * math.sin(x / 70 + band * 1.3)
            c.glow((x, y), 34 + 10 * math.sin(x / 23), colour, 0.26)
            c.veil((x, y - 60, x + 8.2, y + 10), colour, 0.0, 0.28)
    n.mountain(c, (120, 190), 150, 284, (40, 52, 78), 0.6)
    n.mountain(c, (360, 200), 170, 284, (36, 48, 72), 0.6)
    c.rectangle((0, 276, WIDTH, HEIGHT), (120, 150, 176), (64, 88, 116))
    v = c.view(236, 318)
    v.polygon([(-34, 0), (34, 0), (34, -26), (-34, -26)], (92, 40, 36), (60, 26, 26))
    v.polygon([(-44, -24), (0, -56), (44, -24)], (214, 226, 238), (170, 186, 206))
    v.glow((-12, -13), 40, (255, 206, 120), 0.7)
    v.rectangle((-18, -19, -6, -7), (255, 222, 140))


def _autumn_lake(c: Canvas) -> None:
    n.sky(c, ((110, 164, 214), (228, 232, 226)), 210)
    n.mountain(c, (300, 70), 210, 205, (122, 132, 150), 0.3)
    leaves: tuple[Colour, ...] = ((214, 116, 36), (226, 168, 48), (182, 60, 40), (150, 120, 44))
    for i in range(17):
        n.tree(c, i * 31 + c.random.uniform(-8, 8), 208, c.random.uniform(60, 92), c.random.choice(leaves))
    c.mirror(206, 154, 0.3)
    c.grain((0, 208, WIDTH, HEIGHT), 22, (8, 1))
    v = c.view(150, 300)
    v.shadow((-70, -2, 70, 18), 0.5)
    v.blob([(-62, -16), (-30, -8), (30, -8), (62, -16), (44, 8), (-44, 8)], (150, 92, 52), (92, 54, 34))


def _lightning_storm(c: Canvas) -> None:
    n.sky(c, ((26, 28, 50), (96, 92, 122)), 270)
    for _ in range(24):
        n.cloud(
            c, c.random.uniform(0, WIDTH), c.random.uniform(0, 80), c.random.uniform(90, 150), (72, 74, 94)
        )
    c.glow((292, 150), 190, (206, 196, 255), 0.7)
    _bolt(c, (280, 86), 262, 5)
    _bolt(c, (120, 96), 250, 3)
    n.hills(c, 276, 26, (36, 44, 48))
    n.ground(c, 272, (42, 52, 46), (22, 28, 28))
    n.tree(c, 400, 292, 66, (28, 44, 36))
    n.rain(c, 240)


def _bolt(c: Canvas, at: Point, bottom: float, width: float) -> None:
    points = [at]
    while points[-1][1] < bottom:
        x, y = points[-1]
        points.append((x + c.random.uniform(-22, 26), y + c.random.uniform(12, 26)))
    fork = points[len(points) // 2]
    branch = [fork, (fork[0] + 30, fork[1] + 26), (fork[0] + 42, fork[1] + 56)]
    c.line(branch, width * 0.5, (226, 220, 255))
    c.line(points, width, (206, 196, 255))
    c.line(points, width * 0.5, WHITE)


def _cherry_blossom(c: Canvas) -> None:
    n.sky(c, ((150, 200, 236), (236, 240, 240)), 250)
    n.hills(c, 250, 40, (142, 178, 122))
    n.meadow(c, 250, (122, 178, 86))
    for x, base, size in ((90, 290, 170), (390, 284, 150), (245, 300, 215)):
        n.tree(c, x, base, size, (244, 170, 194))
    n.flowers(c, 240, 262, [(250, 196, 214), (255, 226, 234)])
    v = c.view(245, 334)
    v.rectangle((-46, -30, 46, -24), (140, 92, 56), (110, 70, 44))
    v.rectangle((-48, -16, 48, -9), (150, 100, 62), (116, 74, 46))
    for x in (-38, 36):
        v.rectangle((x - 3, -30, x + 3, 8), (84, 56, 40))


PICTURES = (
    Picture("tropical-beach.jpg", _tropical_beach),
    Picture("snowy-mountains.jpg", _snowy_mountains),
    Picture("forest-path.jpg", _forest_path),
    Picture("desert-dunes.jpg", _desert_dunes, "Sand dunes in the desert with two cactuses under a hot sun"),
    Picture("sailing-boat-at-sunset.jpg", _sailing_boat_at_sunset),
    Picture("waterfall.jpg", _waterfall),
    Picture("campfire-at-night.jpg", _campfire_at_night),
    Picture(
        "rainbow-over-field.jpg", _rainbow_over_field, "A rainbow over a meadow with flowers after the rain"
    ),
    Picture("erupting-volcano.jpg", _erupting_volcano, "A volcano erupts, with lava running down its slopes"),
    Picture("northern-lights.jpg", _northern_lights, "Green northern lights over a wooden cabin in the snow"),
    Picture("autumn-lake.jpg", _autumn_lake),
    Picture("lightning-storm.jpg", _lightning_storm),
    Picture("cherry-blossom.jpg", _cherry_blossom, "A bench under cherry trees in pink blossom"),
)
