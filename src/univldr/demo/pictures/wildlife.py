"""Animals in the wild."""

from __future__ import annotations

from univldr.canvas import (
    BLACK,
    HEIGHT,
    WHITE,
    WIDTH,
    Canvas,
    Colour,
    around,
    darker,
    lighter,
    mix,
)
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.animals import legs
from univldr.demo.pictures.table import Picture


def _coral_fish(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (50, 160, 206), (8, 50, 104))
    for x in (60, 180, 300, 420):
        c.veil((x, 0, x + 34, 250), (190, 236, 246), 0.3, 0.0)
    n.ground(c, 316, (222, 200, 150), (180, 150, 104))
    for stem, colour in (
        (40, (240, 110, 120)),
        (110, (250, 160, 60)),
        (380, (170, 90, 190)),
        (446, (240, 90, 90)),
    ):
        for i in range(7):
            dx = (i - 3) * 12
            c.stroke(
                [(stem, 330), (stem + dx * 0.6, 290), (stem + dx, 256 - c.random.uniform(0, 30))],
                9,
                mix(colour, WHITE, i * 0.04),
                end=5,
            )
    fishes: tuple[tuple[float, float, float, Colour, bool], ...] = (
        (220, 150, 1.4, (250, 130, 30), False), (110, 90, 0.8, (250, 210, 50), False),
        (370, 84, 0.9, (60, 90, 220), True),
        (350, 220, 0.8, (250, 130, 30), True), (120, 230, 0.7, (60, 200, 190), False),
    )  # fmt: skip
    for left, top, size, colour, flip in fishes:
        _fish(c.view(left, top, size, flip=flip), colour)
    for _ in range(26):
        at, radius = (c.random.uniform(0, WIDTH), c.random.uniform(0, 260)), c.random.uniform(2, 6)
        c.ring((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), 1, (214, 240, 250))


def _fish(v: Canvas, colour: Colour) -> None:
    v.blob([(-44, 0), (-80, -28), (-72, 0), (-80, 28)], darker(colour, 0.1), darker(colour, 0.3))
    v.blob([(-20, -28), (6, -50), (34, -26)], darker(colour, 0.1))
    v.blob(
        [(-50, 0), (-14, -32), (34, -28), (64, -2), (34, 28), (-14, 32)],
        lighter(colour, 0.25),
        darker(colour, 0.2),
    )
    for x, half in ((26, 26), (-14, 30)):
        v.blob(
            [(x - 6, -half), (x + 7, -half), (x + 10, 0), (x + 7, half), (x - 6, half), (x - 2, 0)],
            WHITE,
            (220, 226, 236),
        )
    v.blob([(6, 6), (-16, 0), (-18, 18)], darker(colour, 0.2))
    v.circle((47, -8), 6, WHITE)
    v.circle((49, -8), 3.4, BLACK)


def _flock_of_birds(c: Canvas) -> None:
    n.sky(c, ((120, 150, 206), (252, 212, 160)), 320)
    n.sun(c, (360, 230), 26, (255, 220, 140))
    n.hills(c, 320, 40, (92, 104, 116))
    n.sea(c, 318, (206, 176, 150), (110, 120, 140))
    for i in range(11):
        side = i - 5
        _bird(
            c.view(226 + side * 42, 80 + abs(side) * 20, 0.72 + c.random.uniform(-0.06, 0.06)),
            1 if i % 2 else 0.4,
        )


def _bird(v: Canvas, lift: float) -> None:
    grey: Colour = (70, 74, 84)
    v.blob([(-4, 0), (-14, -16 * lift), (-40, -26 * lift - 4), (-22, -4), (-6, 6)], lighter(grey, 0.2), grey)
    v.blob([(6, 0), (0, -18 * lift), (26, -32 * lift - 4), (22, -6), (10, 5)], grey, darker(grey))
    v.blob([(-26, 6), (-6, -3), (14, -4), (34, -3), (14, 6), (-8, 8)], (150, 140, 130), (92, 86, 84))
    v.polygon([(32, -4), (42, -2), (32, 0)], (230, 150, 50))


def _elephant(c: Canvas) -> None:
    n.sky(c, ((120, 176, 222), (250, 226, 180)), 230)
    n.hills(c, 226, 30, (178, 160, 104))
    n.ground(c, 222, (212, 184, 110), (168, 136, 76))
    for x in (60, 430):
        n.tree(c, x, 238, 96, (112, 128, 54))
    v = c.view(226, 316, 1.35)
    hide: Colour = (136, 132, 134)
    v.shadow((-100, -12, 110, 14), 0.5)
    legs(v, [-46, -66, 40, 22], -60, 28, hide)
    v.stroke([(-82, -106), (-98, -80), (-96, -54)], 5, hide, end=3)
    v.blob(
        [(-88, -100), (-60, -140), (0, -150), (50, -138), (66, -96), (50, -52), (-10, -46), (-70, -52)],
        lighter(hide, 0.2),
        darker(hide, 0.3),
    )
    v.blob(
        [(40, -142), (70, -156), (100, -140), (110, -104), (92, -80), (56, -84)],
        lighter(hide, 0.2),
        darker(hide, 0.1),
    )
    v.stroke([(98, -112), (114, -80), (112, -40), (124, -18), (136, -22)], 22, darker(hide, 0.05), end=9)
    v.stroke([(94, -86), (112, -72), (130, -74)], 7, (248, 240, 216), end=3)
    v.blob(
        [(64, -136), (42, -152), (14, -134), (10, -96), (34, -72), (58, -92)],
        darker(hide, 0.12),
        darker(hide, 0.4),
    )
    v.circle((88, -122), 3.4, BLACK)
    c.grain((90, 110, 380, 250), 12, (1, 1))


def _penguins_on_ice(c: Canvas) -> None:
    n.sky(c, ((120, 176, 220), (222, 236, 246)), 180)
    n.mountain(c, (360, 70), 150, 190, (130, 160, 196), 0.9)
    n.sea(c, 176, (110, 166, 200), (40, 96, 140))
    c.blob(
        [(-40, 250), (100, 226), (260, 232), (420, 222), (540, 246), (540, 420), (-40, 420)],
        n.SNOW,
        (206, 222, 242),
    )
    for x, y, size, flip in (
        (120, 300, 0.95, False),
        (236, 330, 1.35, False),
        (352, 306, 1.05, True),
        (420, 290, 0.7, True),
    ):
        _penguin(c.view(x, y, size, flip=flip))


def _penguin(v: Canvas) -> None:
    coat: Colour = (40, 44, 54)
    v.shadow((-40, -8, 44, 10), 0.35, (80, 110, 160))
    for x in (-12, 12):
        v.ellipse((x - 11, -6, x + 13, 4), (250, 170, 50), (210, 120, 30))
    v.blob(
        [(-34, -40), (-28, -92), (-14, -124), (14, -124), (28, -92), (34, -40), (18, -2), (-18, -2)],
        lighter(coat, 0.2),
        coat,
    )
    v.blob(
        [(-20, -42), (-12, -92), (6, -104), (22, -84), (26, -42), (12, -6), (-10, -6)], WHITE, (214, 222, 232)
    )
    v.stroke([(-28, -90), (-42, -60), (-38, -36)], 10, coat, end=6)
    v.stroke([(28, -90), (40, -60), (34, -38)], 10, darker(coat), end=6)
    v.circle((2, -122), 19, lighter(coat, 0.12), coat)
    v.blob([(-8, -112), (4, -102), (18, -110), (8, -100)], (250, 206, 70))
    v.polygon([(18, -126), (38, -119), (18, -115)], (250, 160, 40))
    v.circle((10, -127), 3, WHITE)
    v.circle((11, -127), 1.6, BLACK)


def _butterfly_on_flower(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (150, 196, 110), (70, 126, 66))
    for _ in range(46):
        tone = c.random.choice(((190, 222, 140), (96, 160, 84), (236, 226, 150)))
        c.glow((c.random.uniform(0, WIDTH), c.random.uniform(0, HEIGHT)), c.random.uniform(24, 60), tone, 0.6)
    c.stroke([(240, 220), (250, 290), (240, 380)], 8, (74, 130, 56))
    c.blob([(248, 300), (310, 270), (350, 290), (300, 320)], (92, 156, 66), (52, 104, 46))
    for left, tip, right in zip(
        *(around((240, 226), reach, 14, turn) for reach, turn in ((66, -12), (96, 0), (66, 12))),
        strict=True,
    ):
        c.blob([(240, 226), left, tip, right], (240, 140, 196), (206, 80, 150))
    c.ball((240, 222), 24, (240, 190, 50))
    c.grain((222, 206, 258, 240), 60)
    v = c.view(240, 186)
    for flip in (False, True):
        w = c.view(240, 186, 1.15, flip=flip)
        w.blob([(2, -6), (30, -70), (84, -92), (100, -60), (60, -14)], (250, 150, 30), (226, 96, 20))
        w.blob([(2, 0), (56, -8), (76, 24), (44, 50), (12, 26)], (250, 170, 50), (220, 100, 24))
        for end in ((84, -88), (98, -64), (60, -16), (70, 20), (44, 46)):
            w.stroke([(3, -4), (end[0] * 0.6, end[1] * 0.66), end], 3, BLACK, end=1.6)
        w.stroke([(30, -70), (84, -92), (100, -60), (62, -14), (76, 24), (44, 50), (12, 26)], 5, BLACK)
        for x, y in ((80, -84), (92, -70), (66, 34), (72, 16)):
            w.circle((x, y), 2.4, WHITE)
        w.stroke([(2, -34), (12, -58), (20, -62)], 1.6, BLACK)
    v.stroke([(0, -34), (0, 0), (0, 36)], 11, BLACK, end=6)


def _owl_at_night(c: Canvas) -> None:
    n.sky(c, n.NIGHT_SKY)
    n.stars(c, 130, HEIGHT)
    n.moon(c, (350, 90), 52)
    c.stroke([(-10, 300), (160, 284), (330, 292), (490, 270)], 26, (70, 50, 42), end=16)
    c.stroke([(330, 290), (400, 240), (450, 230)], 10, (60, 44, 38), end=4)
    v = c.view(200, 280, 1.3)
    coat: Colour = (138, 104, 74)
    v.blob(
        [
            (-48, -50),
            (-44, -110),
            (-40, -152),
            (-14, -138),
            (14, -138),
            (40, -152),
            (44, -110),
            (48, -50),
            (22, -4),
            (-22, -4),
        ],
        lighter(coat, 0.15),
        darker(coat, 0.3),
    )
    v.blob([(-26, -56), (0, -88), (26, -56), (14, -10), (-14, -10)], (214, 190, 150), (176, 146, 108))
    for row in range(5):
        for column in range(-2, 3):
            v.ring(
                (column * 9 - 5, -66 + row * 11, column * 9 + 5, -56 + row * 11),
                1.6,
                darker(coat, 0.2),
                0,
                180,
            )
    for x in (-19, 19):
        v.blob(
            [(x * 2.4, -84), (x * 2.7, -50), (x * 1.6, -14), (x * 1.5, -60)],
            darker(coat, 0.2),
            darker(coat, 0.5),
        )
        v.circle((x, -112), 19, (226, 206, 170), (190, 164, 124))
        v.circle((x, -112), 13, (252, 206, 50), (240, 160, 20))
        v.circle((x, -112), 7, BLACK)
        v.circle((x + 3, -115), 2, WHITE)
    v.polygon([(-6, -104), (6, -104), (0, -88)], (70, 60, 50))
    for x in (-16, -9, 9, 16):
        v.stroke([(x, -6), (x, 6)], 5, (220, 170, 70))


def _giraffe(c: Canvas) -> None:
    n.sky(c, ((110, 170, 220), (246, 232, 200)), 260)
    n.hills(c, 262, 20, (170, 168, 104))
    n.ground(c, 258, (206, 186, 108), (166, 140, 74))
    n.tree(c, 400, 282, 190, (96, 130, 52))
    n.tree(c, 60, 268, 80, (112, 136, 60))
    v = c.view(190, 338, 1.2)
    coat: Colour = (236, 190, 108)
    v.shadow((-70, -8, 80, 12), 0.45)
    v.stroke([(-50, -124), (-64, -96), (-62, -74)], 4, coat, end=2)
    legs(v, [-34, -44, 38, 28], -88, 12, coat)
    v.blob(
        [(-54, -124), (-20, -136), (26, -146), (50, -126), (46, -96), (0, -88), (-46, -92)],
        lighter(coat, 0.15),
        darker(coat, 0.15),
    )
    v.blob([(22, -140), (58, -210), (70, -250), (84, -244), (74, -200), (54, -116)], lighter(coat, 0.1), coat)
    v.blob(
        [(66, -256), (84, -260), (116, -240), (112, -230), (84, -234), (70, -240)],
        lighter(coat, 0.15),
        darker(coat, 0.1),
    )
    for x in (72, 80):
        v.stroke([(x, -256), (x - 2, -272)], 3, (120, 80, 46))
    v.circle((87, -250), 2.4, BLACK)
    for i in range(13):
        x, y = -42 + (i % 5) * 20 + i // 5 * 5, -124 + i // 5 * 13
        _patch(v, x, y, 7)
    for i in range(9):
        _patch(v, 46 + i * 3.5, -134 - i * 13, 5.5 - i * 0.25)


def _patch(v: Canvas, x: float, y: float, size: float) -> None:
    points = [
        (x + dx * size, y + dy * size * v.random.uniform(0.6, 0.9))
        for dx, dy in ((-1, -0.4), (0, -1), (1, -0.3), (0.7, 0.8), (-0.6, 0.9))
    ]
    v.polygon(points, (170, 102, 50), (140, 80, 40))


PICTURES = (
    Picture("coral-fish.jpg", _coral_fish, "Colourful striped fish swim over a coral reef"),
    Picture("flock-of-birds.jpg", _flock_of_birds),
    Picture("elephant.jpg", _elephant, "An elephant with white tusks walks across the dry savanna"),
    Picture("penguins-on-ice.jpg", _penguins_on_ice, "Four penguins stand on the ice beside the sea"),
    Picture("butterfly-on-flower.jpg", _butterfly_on_flower, "An orange butterfly on a pink flower"),
    Picture("owl-at-night.jpg", _owl_at_night, "An owl sits on a branch in front of the full moon"),
    Picture("giraffe.jpg", _giraffe),
)
