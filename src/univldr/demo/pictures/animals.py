"""Animals that live with people."""

from __future__ import annotations

from univldr.canvas import (
    BLACK,
    HEIGHT,
    WHITE,
    WIDTH,
    Canvas,
    Colour,
    Point,
    darker,
    lighter,
    mix,
)
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.table import Picture


def legs(v: Canvas, places: list[float], top: float, width: float, colour: Colour) -> None:
    """Straight legs down to y = 0; every second one is on the far side and darker."""
    for i, x in enumerate(places):
        shade = darker(colour, 0.35 if i % 2 else 0.1)
        v.stroke([(x, top), (x + 1, top / 2), (x, -2)], width, shade, end=width * 0.7)


def dog(v: Canvas, coat: Colour, *, running: bool) -> None:
    """A dog about 150 units long that faces right, paws at y = 0."""
    v.shadow((-80, -10, 90, 14), 0.5)
    far, near = darker(coat, 0.35), darker(coat, 0.06)
    v.stroke([(-58, -66), (-84, -84), (-96, -108)], 9, coat, end=4)
    strides: tuple[tuple[Colour, list[Point]], ...] = (
        (far, [(-44, -50), (-66, -30), (-86, -10)]), (far, [(42, -52), (66, -34), (88, -26)]),
        (near, [(-40, -48), (-46, -24), (-26, -4)]), (near, [(38, -48), (50, -24), (40, -4)]),
    )  # fmt: skip
    if running:
        for shade, joints in strides:
            v.stroke(joints, 17, shade, end=8)
    else:
        legs(v, [-36, -50, 42, 30], -46, 14, coat)
    v.blob(
        [(-64, -70), (-30, -84), (20, -82), (54, -78), (58, -52), (30, -38), (-20, -46), (-56, -42)],
        lighter(coat, 0.18),
        darker(coat, 0.25),
    )
    v.blob([(36, -80), (56, -108), (78, -108), (70, -76), (54, -56)], lighter(coat, 0.1), darker(coat, 0.15))
    v.blob(
        [(52, -112), (72, -124), (92, -114), (116, -100), (112, -90), (84, -88), (58, -92)],
        lighter(coat, 0.16),
        darker(coat, 0.1),
    )
    v.blob([(58, -118), (70, -116), (70, -92), (58, -80), (50, -96)], darker(coat, 0.3), darker(coat, 0.45))
    v.ellipse((108, -106, 119, -97), BLACK)
    v.circle((86, -108), 3.2, BLACK)
    v.circle((87, -109), 1, WHITE)
    if running:
        v.blob([(100, -90), (108, -90), (104, -74), (97, -76)], (226, 96, 110))
    v.stroke([(62, -84), (54, -68)], 5, (200, 40, 40))


def _dog_running_on_grass(c: Canvas) -> None:
    n.sky(c, horizon=120)
    n.hills(c, 120, 50, (106, 150, 90))
    for x in (30, 150, 330, 450):
        n.bush(c, x, 138, 60)
    n.meadow(c, 128, (96, 166, 54))
    dog(c.view(214, 294, 1.25), (188, 126, 66), running=True)
    c.ball((410, 200), 10, (214, 240, 60))


def _black_dog_in_snow(c: Canvas) -> None:
    n.sky(c, ((150, 176, 204), (220, 230, 240)), 150)
    for i in range(12):
        n.pine(c, i * 44, 164, 70 + c.random.uniform(0, 50), (60, 92, 92), snowy=True)
    n.snowfield(c, 150)
    dog(c.view(230, 296, 1.3), (44, 42, 46), running=False)
    c.blob([(130, 300), (180, 290), (240, 296), (310, 290), (340, 302), (240, 316)], n.SNOW, (226, 234, 246))
    n.snowfall(c, 190)


def _sleeping_cat(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, 230), (196, 176, 200), (170, 150, 182))
    c.rectangle((300, 20, 450, 170), (240, 236, 230), radius=3)
    c.rectangle((308, 28, 371, 162), *n.BLUE_SKY)
    c.rectangle((379, 28, 442, 162), *n.BLUE_SKY)
    c.rectangle((0, 230, WIDTH, HEIGHT), (150, 104, 66), (110, 74, 46))
    c.ellipse((50, 210, 430, 350), (206, 80, 70), (140, 44, 46))
    c.ellipse((76, 220, 404, 330), (236, 214, 190), (206, 178, 150))
    c.grain((60, 214, 420, 346), 24, (2, 1))
    v = c.view(236, 284)
    coat: Colour = (226, 148, 72)
    v.shadow((-120, -6, 120, 34), 0.45)
    v.blob(
        [(-110, 0), (-96, -56), (-40, -86), (40, -80), (96, -44), (104, 6), (40, 24), (-60, 24)],
        lighter(coat, 0.15),
        darker(coat, 0.25),
    )
    for x in (-70, -40, -10, 20):
        v.stroke([(x, -74 + abs(x + 20) * 0.2), (x - 8, -50), (x - 6, -34)], 7, darker(coat, 0.25), end=2)
    v.stroke([(100, 4), (70, 28), (0, 32), (-40, 22)], 20, darker(coat, 0.12), end=12)
    v.blob(
        [
            (-108, -40),
            (-104, -78),
            (-86, -60),
            (-62, -62),
            (-46, -80),
            (-38, -42),
            (-40, -8),
            (-72, 6),
            (-104, -8),
        ],
        lighter(coat, 0.22),
        coat,
    )
    v.polygon([(-101, -68), (-98, -52), (-90, -58)], (240, 176, 160))
    v.polygon([(-49, -70), (-50, -54), (-58, -58)], (240, 176, 160))
    for x in (-86, -58):
        v.ring((x - 9, -36, x + 9, -22), 2, BLACK, 20, 160)
    v.polygon([(-76, -20), (-68, -20), (-72, -14)], (214, 110, 110))
    for dy in (-4, 0, 4):
        v.line([(-64, -13 + dy), (-30, -16 + dy * 2.4)], 0.8, WHITE)
        v.line([(-80, -13 + dy), (-114, -16 + dy * 2.4)], 0.8, WHITE)


def _horse_in_meadow(c: Canvas) -> None:
    n.sky(c)
    n.clouds(c, 3, 100)
    n.hills(c, 190, 50, (120, 158, 110))
    n.meadow(c, 190)
    for x in range(-10, WIDTH, 66):
        c.rectangle((x, 170, x + 8, 226), (214, 206, 190), (170, 160, 146))
    for y in (180, 202):
        c.rectangle((0, y, WIDTH, y + 7), (226, 218, 204), (186, 176, 162))
    v = c.view(220, 316, 1.3)
    coat: Colour = (134, 76, 44)
    mane: Colour = (46, 32, 28)
    v.shadow((-84, -10, 84, 12), 0.5)
    v.stroke([(-62, -104), (-86, -82), (-84, -36)], 12, mane, end=4)
    legs(v, [-44, -56, 46, 34], -66, 15, coat)
    v.blob(
        [
            (-68, -100),
            (-40, -116),
            (0, -106),
            (44, -114),
            (62, -92),
            (50, -64),
            (0, -60),
            (-48, -62),
            (-68, -76),
        ],
        lighter(coat, 0.2),
        darker(coat, 0.25),
    )
    v.blob(
        [(30, -110), (60, -150), (84, -164), (96, -146), (74, -120), (62, -84)],
        lighter(coat, 0.15),
        darker(coat, 0.1),
    )
    v.blob(
        [(76, -166), (96, -164), (124, -128), (116, -116), (102, -122), (84, -140)],
        lighter(coat, 0.12),
        darker(coat, 0.1),
    )
    v.polygon([(80, -164), (84, -180), (92, -163)], coat)
    v.stroke([(82, -168), (64, -150), (44, -122), (34, -108)], 10, mane, end=5)
    v.circle((98, -150), 2.6, BLACK)
    v.circle((118, -122), 1.8, BLACK)


def _sheep_on_hill(c: Canvas) -> None:
    n.sky(c)
    n.clouds(c, 4, 110)
    n.hills(c, 200, 60, (128, 172, 96))
    n.meadow(c, 204, (112, 170, 70))
    for x, y, size, flip in (
        (110, 256, 0.6, False),
        (300, 246, 0.5, True),
        (400, 290, 0.8, True),
        (200, 332, 1.1, False),
    ):
        _sheep(c.view(x, y, size, flip=flip))


def _sheep(v: Canvas) -> None:
    v.shadow((-60, -8, 64, 12), 0.45)
    legs(v, [-26, -36, 32, 22], -26, 8, (64, 58, 56))
    for _ in range(60):
        x, y = v.random.uniform(-44, 42), v.random.uniform(-26, 26)
        if (x / 50) ** 2 + (y / 28) ** 2 < 1:
            tone = mix((250, 248, 240), (200, 196, 190), max(0.0, (y + 10) / 40))
            v.ball((x, y - 48), 12, tone)
    v.blob([(40, -74), (58, -80), (78, -62), (74, -48), (58, -46)], (84, 76, 74), (50, 46, 46))
    v.blob([(42, -74), (30, -66), (46, -62)], (60, 54, 54))
    v.circle((62, -66), 2.4, WHITE)
    v.circle((62.6, -66), 1.4, BLACK)


PICTURES = (
    Picture("dog-running-on-grass.jpg", _dog_running_on_grass),
    Picture("black-dog-in-snow.jpg", _black_dog_in_snow),
    Picture("sleeping-cat.jpg", _sleeping_cat, "A ginger cat sleeps on a rug by the window"),
    Picture("horse-in-meadow.jpg", _horse_in_meadow),
    Picture("sheep-on-hill.jpg", _sheep_on_hill),
)
