"""Things about the house, to play, to wear and to make music with."""

from __future__ import annotations

import math

from univldr.canvas import WHITE, Canvas, Colour, around, darker, lighter
from univldr.training.drawn.base import Kind
from univldr.training.drawn.food import FOOD
from univldr.training.drawn.show import Thing, show

WOOD: Colour = (164, 108, 60)
STEEL: Colour = (170, 176, 184)
DARK: Colour = (44, 46, 52)


def _chair(v: Canvas, k: Colour) -> None:
    for x in (-30, 24):
        v.line([(x, -44), (x, -2)], 7, darker(k, 0.4))
    v.rectangle((-32, -112, -22, 0), darker(k, 0.15))
    v.rectangle((16, -112, 26, -6), darker(k, 0.15))
    for y in (-108, -88, -68):
        v.rectangle((-30, y, 24, y + 9), k)
    v.polygon([(-32, -50), (26, -50), (40, -38), (-40, -38)], lighter(k, 0.2), k)
    for x in (-40, 34):
        v.rectangle((x, -40, x + 7, 4), k)


def _table(v: Canvas, k: Colour) -> None:
    for x, y in ((-40, -8), (34, -8), (-56, 4), (50, 4)):
        v.rectangle((x, -58, x + 7, y), darker(k, 0.2))
    v.polygon([(-46, -76), (46, -76), (64, -58), (-64, -58)], lighter(k, 0.3), k)
    v.rectangle((-64, -58, 64, -50), darker(k, 0.1))


def _lamp(v: Canvas, k: Colour) -> None:
    v.glow((0, -76), 80, (255, 236, 160), 0.6)
    v.ellipse((-24, -9, 24, 5), (90, 70, 50))
    v.line([(0, -2), (0, -60)], 5, (110, 84, 56))
    v.polygon([(-20, -106), (20, -106), (40, -56), (-40, -56)], lighter(k, 0.15), lighter(k, 0.55))


def _bed(v: Canvas, k: Colour) -> None:
    v.rectangle((-62, -74, -54, 2), WOOD)
    v.rectangle((54, -46, 62, 2), WOOD)
    v.rectangle((-56, -34, 56, -10), WHITE, (220, 220, 224))
    v.rectangle((-20, -44, 56, -10), lighter(k, 0.2), darker(k, 0.15), radius=6)
    v.rectangle((-54, -50, -22, -32), (250, 250, 252), (222, 226, 232), radius=8)


def _sofa(v: Canvas, k: Colour) -> None:
    v.rectangle((-54, -66, 54, -10), k, darker(k, 0.2), radius=10)
    v.rectangle((-48, -36, -1, -14), lighter(k, 0.2), k, radius=5)
    v.rectangle((1, -36, 48, -14), lighter(k, 0.2), k, radius=5)
    for x in (-64, 46):
        v.rectangle((x, -48, x + 18, -4), darker(k, 0.12), darker(k, 0.3), radius=8)
    for x in (-52, 46):
        v.rectangle((x, -6, x + 6, 2), WOOD)


def _clock(v: Canvas, k: Colour) -> None:
    v.circle((0, -52), 52, k, darker(k, 0.3))
    v.circle((0, -52), 44, WHITE, (232, 232, 228))
    for x, y in around((0, -52), 38, 12):
        v.circle((x, y), 2, DARK)
    for length, width in ((22, 5), (34, 3)):
        angle = v.random.uniform(0, 6.28)
        v.line([(0, -52), (length * math.cos(angle), -52 + length * math.sin(angle))], width, DARK)
    v.circle((0, -52), 4, (200, 40, 40))


def _book(v: Canvas, k: Colour) -> None:
    v.polygon([(-36, -92), (28, -100), (38, -92), (38, 0), (-26, 4), (-36, -4)], WHITE, (214, 210, 200))
    v.polygon([(-36, -92), (26, -100), (26, -6), (-36, 2)], lighter(k, 0.1), darker(k, 0.15))
    v.line([(-30, -92), (-30, 0)], 2, darker(k, 0.4))
    v.polygon([(-20, -78), (16, -83), (16, -62), (-20, -57)], (248, 240, 214))


def _pencil(v: Canvas, k: Colour) -> None:
    v.polygon([(-48, -12), (34, -92), (46, -80), (-36, 0)], lighter(k), darker(k, 0.1))
    v.polygon([(-48, -12), (-36, 0), (-62, 12)], (238, 204, 150))
    v.polygon([(-58, 3), (-53, 8), (-63, 13)], DARK)
    v.line([(32, -78), (40, -86)], 17, STEEL)
    v.line([(40, -86), (46, -92)], 17, (240, 140, 150))


def _scissors(v: Canvas, k: Colour) -> None:
    v.polygon([(-22, -106), (-14, -108), (12, -44), (2, -40)], STEEL, darker(STEEL))
    v.polygon([(22, -106), (14, -108), (-12, -44), (-2, -40)], lighter(STEEL), STEEL)
    v.ring((-44, -44, -2, 2), 9, k)
    v.ring((2, -44, 44, 2), 9, k)
    v.circle((0, -50), 4, DARK)


def _key(v: Canvas, k: Colour) -> None:
    gold = (212, 170, 60)
    v.ring((-58, -72, -14, -28), 10, gold)
    v.rectangle((-16, -55, 58, -45), gold, darker(gold, 0.2))
    v.rectangle((36, -48, 44, -26), gold)
    v.rectangle((50, -48, 58, -30), gold)


def _phone(v: Canvas, k: Colour) -> None:
    v.rectangle((-28, -104, 28, 0), k, darker(k, 0.25), radius=9)
    v.rectangle((-23, -92, 23, -12), (110, 170, 226), (230, 240, 250))
    for row in range(3):
        for col in range(3):
            tone = v.random.choice([(240, 90, 80), (90, 200, 110), (250, 200, 60), WHITE])
            v.rectangle((-19 + col * 14, -84 + row * 18, -9 + col * 14, -72 + row * 18), tone, radius=3)
    v.circle((0, -6), 3, lighter(k, 0.5))


def _laptop(v: Canvas, k: Colour) -> None:
    v.rectangle((-46, -82, 46, -18), k, darker(k, 0.2), radius=5)
    v.rectangle((-41, -77, 41, -24), (70, 130, 200), (190, 222, 244))
    v.polygon([(-46, -18), (46, -18), (62, 0), (-62, 0)], lighter(k, 0.5), lighter(k, 0.2))
    for y in (-14, -10, -6):
        v.line([(-44 + y / 2, y), (44 - y / 2, y)], 2, DARK)


def _television(v: Canvas, k: Colour) -> None:
    v.rectangle((-60, -82, 60, -14), DARK, radius=4)
    v.rectangle((-55, -77, 55, -19), lighter(k, 0.5), k)
    v.sector((-20, -54, 60, 20), 180, 360, darker(k, 0.3))
    v.polygon([(-10, -14), (10, -14), (24, 0), (-24, 0)], (90, 92, 98))


def _camera(v: Canvas, k: Colour) -> None:
    v.rectangle((-18, -80, 18, -60), darker(k, 0.3), radius=4)
    v.rectangle((-54, -68, 54, 0), k, darker(k, 0.35), radius=8)
    v.rectangle((-54, -52, 54, -16), DARK)
    v.circle((0, -34), 29, STEEL, darker(STEEL))
    v.circle((0, -34), 22, (30, 34, 60), (70, 90, 150))
    v.circle((-7, -41), 6, (210, 224, 250))
    v.circle((40, -60), 5, (220, 50, 50))


def _guitar(v: Canvas, k: Colour) -> None:
    v.blob(
        [(0, -62), (18, -58), (20, -40), (36, -20), (24, 0), (-24, 0), (-36, -20), (-20, -40), (-18, -58)],
        lighter(k),
        darker(k, 0.2),
    )
    v.circle((0, -38), 9, DARK)
    v.rectangle((-5, -112, 5, -42), (90, 58, 34))
    v.rectangle((-8, -126, 8, -110), (60, 40, 26), radius=2)
    for x in (-3, 0, 3):
        v.line([(x, -118), (x, -14)], 1, (240, 236, 220))
    v.rectangle((-12, -17, 12, -12), (60, 40, 26))


def _piano(v: Canvas, k: Colour) -> None:
    v.rectangle((-58, -96, 58, 0), lighter(k, 0.2), k, radius=3)
    v.rectangle((-58, -52, 58, -30), WHITE)
    for i in range(13):
        x = -58 + i * 9
        v.line([(x, -52), (x, -30)], 1, DARK)
        if i % 7 not in (0, 3):
            v.rectangle((x - 2.6, -52, x + 2.6, -39), BLACK_KEY)
    v.rectangle((-62, -32, 62, -24), darker(k, 0.3))
    v.rectangle((-20, -86, 20, -64), (246, 242, 228))


BLACK_KEY: Colour = (16, 16, 18)


def _drum(v: Canvas, k: Colour) -> None:
    v.rectangle((-44, -60, 44, -8), k, darker(k, 0.3))
    v.ellipse((-44, -22, 44, 6), darker(k, 0.3))
    for i in range(-44, 44, 22):
        v.line([(i, -56), (i + 11, -2), (i + 22, -56)], 2, (250, 220, 120))
    v.ellipse((-46, -74, 46, -46), (248, 244, 230), (226, 220, 200))
    v.line([(-14, -58), (-46, -100)], 5, WOOD)
    v.line([(14, -58), (50, -96)], 5, WOOD)


def _trumpet(v: Canvas, k: Colour) -> None:
    gold = (220, 176, 62)
    v.polygon([(24, -56), (62, -82), (62, -26), (24, -48)], lighter(gold), darker(gold, 0.1))
    v.line([(-60, -52), (28, -52)], 7, gold)
    v.ring((-34, -52, 22, -18), 6, gold)
    for x in (-18, -6, 6):
        v.rectangle((x - 4, -74, x + 4, -24), darker(gold, 0.15))
        v.circle((x, -76), 4, WHITE)


def _hat(v: Canvas, k: Colour) -> None:
    v.ellipse((-60, -26, 60, 2), darker(k, 0.1), darker(k, 0.3))
    v.blob([(-32, -16), (-30, -60), (0, -70), (30, -60), (32, -16), (0, -8)], lighter(k, 0.15), k)
    v.stroke([(-32, -24), (0, -16), (32, -24)], 9, lighter(k, 0.7))


def _shoe(v: Canvas, k: Colour) -> None:
    v.blob(
        [(-52, -8), (-54, -54), (-24, -56), (-4, -34), (40, -26), (58, -8)], lighter(k, 0.15), darker(k, 0.1)
    )
    v.rectangle((-56, -10, 60, 2), WHITE, (210, 210, 210), radius=5)
    for i in range(3):
        v.line([(-20 + i * 12, -46 + i * 8), (-8 + i * 12, -50 + i * 8)], 3.5, WHITE)


def _shirt(v: Canvas, k: Colour) -> None:
    v.polygon(
        [
            (-18, -98),
            (18, -98),
            (60, -74),
            (46, -50),
            (30, -60),
            (30, 0),
            (-30, 0),
            (-30, -60),
            (-46, -50),
            (-60, -74),
        ],
        lighter(k, 0.12),
        darker(k, 0.08),
    )
    v.sector((-14, -108, 14, -86), 0, 180, darker(k, 0.4))


def _umbrella(v: Canvas, k: Colour) -> None:
    v.line([(0, -112), (0, -8)], 4, DARK)
    v.ring((0, -18, 18, 2), 4, DARK, 0, 180)
    v.sector((-60, -106, 60, 6), 180, 360, lighter(k, 0.15), darker(k, 0.1))
    v.sector((-24, -106, 24, 6), 180, 360, lighter(k, 0.35), k)


def _backpack(v: Canvas, k: Colour) -> None:
    v.ring((-14, -112, 14, -86), 6, darker(k, 0.4))
    v.rectangle((-40, -98, 40, 0), k, darker(k, 0.2), radius=24)
    v.rectangle((-30, -44, 30, -8), lighter(k, 0.15), k, radius=8)
    v.line([(-24, -36), (24, -36)], 2.4, darker(k, 0.5))
    v.line([(-34, -66), (34, -66)], 3, darker(k, 0.4))
    for side in (-46, 40):
        v.rectangle((side, -60, side + 6, -10), darker(k, 0.35), radius=3)


def _ball(v: Canvas, k: Colour) -> None:
    v.ball((0, -44), 44, k)
    v.ring((-18, -88, 18, 0), 5, lighter(k, 0.7), 90, 270)
    v.ring((-18, -88, 18, 0), 5, lighter(k, 0.7), -90, 90)


def _kite(v: Canvas, k: Colour) -> None:
    v.stroke([(-8, -28), (-24, -14), (-10, -4), (-28, 6)], 2, DARK)
    for x, y in ((-21, -15), (-14, -5)):
        v.polygon([(x - 8, y - 5), (x + 8, y + 5), (x + 8, y - 5), (x - 8, y + 5)], (250, 200, 60))
    v.polygon([(14, -108), (44, -70), (-8, -28), (-30, -78)], lighter(k), k)
    v.polygon([(14, -108), (44, -70), (4, -74)], darker(k, 0.25))
    v.polygon([(-8, -28), (-30, -78), (4, -74)], darker(k, 0.25))


def _candle(v: Canvas, k: Colour) -> None:
    v.glow((0, -96), 60, (255, 220, 120), 0.8)
    v.ellipse((-28, -8, 28, 6), (206, 170, 80))
    v.rectangle((-12, -72, 12, 0), lighter(k, 0.3), k)
    v.line([(0, -72), (0, -80)], 2, DARK)
    v.blob([(0, -108), (8, -88), (0, -76), (-8, -88)], (255, 150, 30), (255, 230, 110))


def _gift(v: Canvas, k: Colour) -> None:
    ribbon = (250, 214, 70) if k[0] > k[2] and k[1] < 180 else (222, 40, 60)
    v.rectangle((-44, -66, 44, 0), k, darker(k, 0.2))
    v.rectangle((-50, -78, 50, -60), lighter(k, 0.1))
    v.rectangle((-8, -78, 8, 0), ribbon)
    v.blob([(0, -80), (-32, -104), (-36, -84)], ribbon)
    v.blob([(0, -80), (32, -104), (36, -84)], ribbon)


def _petals(v: Canvas, x: float, y: float, size: float, k: Colour) -> None:
    for px, py in around((x, y), size, 6):
        v.circle((px, py), size * 0.66, k, darker(k, 0.1))
    v.circle((x, y), size * 0.6, (250, 210, 70) if k[2] > 90 or k[1] < 120 else (120, 70, 30))


def _flower(v: Canvas, k: Colour) -> None:
    for x, y in ((-22, -92), (22, -92), (0, -108)):
        v.stroke([(0, -30), (x * 0.6, -60), (x, y)], 3, (60, 130, 60))
        _petals(v, x, y, 10, k)
    v.blob(
        [(-12, -52), (12, -52), (22, -16), (12, 0), (-12, 0), (-22, -16)], (190, 214, 230), (110, 150, 190)
    )


def _plant(v: Canvas, k: Colour) -> None:
    for x, y in ((-44, -74), (-24, -104), (0, -114), (24, -104), (44, -74)):
        v.stroke([(0, -34), (x * 0.6, y * 0.75), (x, y)], 13, (56, 140 + abs(x), 66), end=2)
    v.rectangle((-28, -44, 28, -34), lighter(k, 0.2))
    v.polygon([(-25, -36), (25, -36), (18, 0), (-18, 0)], k, darker(k, 0.25))


def _mushroom(v: Canvas, k: Colour) -> None:
    v.blob([(-12, -52), (12, -52), (18, -4), (-18, -4)], (246, 238, 220), (222, 206, 180))
    v.sector((-52, -96, 52, -8), 180, 360, lighter(k, 0.1), darker(k, 0.1))
    v.ellipse((-52, -58, 52, -44), (240, 226, 204))
    for x, y, r in ((-28, -68, 6), (0, -82, 7), (26, -70, 6), (-6, -64, 4)):
        v.circle((x, y), r, WHITE)


def _balloon(v: Canvas, k: Colour) -> None:
    v.stroke([(0, -34), (5, -22), (-4, -10), (2, 4)], 1.6, DARK)
    v.blob(
        [(0, -112), (32, -92), (28, -56), (0, -36), (-28, -56), (-32, -92)], lighter(k, 0.2), darker(k, 0.1)
    )
    v.polygon([(-5, -31), (5, -31), (0, -38)], darker(k, 0.2))
    v.glow((-12, -92), 18, WHITE, 0.7)


def _teddy(v: Canvas, k: Colour) -> None:
    fur = (176, 122, 70)
    for side in (-1, 1):
        v.circle((side * 24, -98), 11, darker(fur, 0.1))
        v.ellipse((side * 30 - 15, -58, side * 30 + 15, -26), darker(fur, 0.1))
        v.circle((side * 24, -10), 15, darker(fur, 0.1))
    v.circle((0, -34), 32, fur, darker(fur, 0.15))
    v.circle((0, -80), 29, lighter(fur, 0.1), fur)
    v.ellipse((-13, -78, 13, -58), (226, 190, 140))
    for x in (-10, 10):
        v.circle((x, -86), 3.4, DARK)
    v.ellipse((-5, -75, 5, -68), DARK)


ALL = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
MAKE = ("black", "white", "grey", "red", "blue")
THINGS = (
    Thing("chair", "chairs", _chair, "furniture", "a seat with a back and four legs", ("brown", "red",
        "blue", "green", "black", "white"), "floor"),
    Thing("table", "tables", _table, "furniture", "a flat top on four legs", ("brown", "grey", "black"),
        "floor"),
    Thing("lamp", "lamps", _lamp, "lighting", "a shining light with a shade", ALL),
    Thing("bed", "beds", _bed, "furniture", "a bed with a pillow and a blanket for sleeping", ALL,
        "floor", 1.1),
    Thing("sofa", "sofas", _sofa, "furniture", "a soft couch in a living room", ALL, "floor"),
    Thing("clock", "clocks", _clock, "time", "a round clock face with two hands", ALL),
    Thing("book", "books", _book, "reading", "a closed book with a label on its cover", ALL),
    Thing("pencil", "pencils", _pencil, "stationery", "a sharp pencil for writing and drawing", ALL),
    Thing("pair of scissors", "pairs of scissors", _scissors, "tools",
        "open scissors with coloured handles", ("red", "orange", "blue", "green")),
    Thing("key", "keys", _key, "metal", "a golden key that opens a door", ()),
    Thing("phone", "phones", _phone, "electronics", "a smartphone with icons on its screen", MAKE),
    Thing("laptop", "laptops", _laptop, "electronics", "an open computer with screen and keyboard", MAKE),
    Thing("television", "televisions", _television, "electronics", "a flat screen on a stand", ()),
    Thing("camera", "cameras", _camera, "electronics", "a camera with a big round lens for photographs",
        MAKE),
    Thing("guitar", "guitars", _guitar, "music", "a string instrument with a long neck", ("brown",
        "orange", "red", "blue", "black")),
    Thing("piano", "pianos", _piano, "music", "an instrument with black and white keys", ("black",
        "brown", "red"), "floor", 1.1),
    Thing("drum", "drums", _drum, "music", "a round drum with two sticks", ALL),
    Thing("trumpet", "trumpets", _trumpet, "music", "a golden brass instrument", ()),
    Thing("hat", "hats", _hat, "clothes", "a hat with a wide brim and a band", ALL),
    Thing("shoe", "shoes", _shoe, "clothes", "a sports shoe with laces and a white sole", ALL),
    Thing("shirt", "shirts", _shirt, "clothes", "a short-sleeved T-shirt", (*ALL, "grey")),
    Thing("umbrella", "umbrellas", _umbrella, "rainy days", "an open umbrella with a curved handle", ALL),
    Thing("backpack", "backpacks", _backpack, "bags", "a school bag with a pocket in front", ALL),
    Thing("ball", "balls", _ball, "toys", "a round ball to play with", ALL, "out"),
    Thing("kite", "kites", _kite, "toys", "a diamond on a string with a tail, made to fly", ALL, "out"),
    Thing("candle", "candles", _candle, "light", "a burning candle with a flame", ALL),
    Thing("gift", "gifts", _gift, "presents", "a wrapped box with a ribbon and a bow", ALL),
    Thing("vase of flowers", "vases of flowers", _flower, "decoration", "flowers in a vase", ("red",
        "yellow", "pink", "purple", "white", "orange")),
    Thing("potted plant", "potted plants", _plant, "plants", "green leaves growing in a pot", ()),
    Thing("mushroom", "mushrooms", _mushroom, "nature", "a toadstool with white dots on its cap", ("red",
        "brown", "orange"), "out"),
    Thing("toy balloon", "toy balloons", _balloon, "party", "a shiny balloon on a string", ALL, "out"),
    Thing("teddy bear", "teddy bears", _teddy, "toys", "a soft brown toy bear", ()),
)  # fmt: skip
PARTNERS = tuple(
    thing
    for thing in (*FOOD, *THINGS)
    if thing.name in ("apple", "bottle", "cup of coffee", "book", "candle", "ball", "clock", "chair", "gift")
)
KINDS: tuple[Kind, ...] = tuple(show(thing, PARTNERS) for thing in (*FOOD, *THINGS))
