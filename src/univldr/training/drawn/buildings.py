"""Buildings and what stands out of doors."""

from __future__ import annotations

from univldr.canvas import WHITE, Canvas, Colour, around, darker, lighter
from univldr.training.drawn.base import Kind
from univldr.training.drawn.palette import BRIGHT
from univldr.training.drawn.show import Thing, show

STONE: Colour = (178, 172, 162)
WOOD: Colour = (146, 96, 54)
GLASS: Colour = (150, 200, 232)
DARK: Colour = (60, 50, 46)


def _house(v: Canvas, k: Colour) -> None:
    v.rectangle((22, -96, 34, -60), darker(STONE))
    v.rectangle((-46, -56, 46, 0), lighter(k, 0.2), k)
    v.polygon([(-56, -54), (56, -54), (30, -92), (-30, -92)], (150, 62, 48), (120, 46, 36))
    for x in (-36, 18):
        v.rectangle((x, -42, x + 18, -22), WHITE)
        v.rectangle((x + 2, -40, x + 16, -24), GLASS)
    v.rectangle((-9, -34, 9, 0), DARK)


def _castle(v: Canvas, k: Colour) -> None:
    stone = lighter(STONE, 0.1)
    v.rectangle((-40, -56, 40, 0), stone, darker(stone, 0.2))
    for x in range(-40, 40, 16):
        v.rectangle((x, -64, x + 9, -54), stone)
    for x in (-52, 36, -10):
        tall = 0 if x != -10 else 20
        v.rectangle(
            (x, -82 - tall, x + 18, -0 if tall == 0 else -50), lighter(stone, 0.1), darker(stone, 0.2)
        )
        v.polygon([(x - 4, -80 - tall), (x + 22, -80 - tall), (x + 9, -112 - tall)], k)
        v.rectangle((x + 6, -70 - tall, x + 12, -58 - tall), DARK)
    v.sector((-14, -40, 14, -8), 180, 360, DARK)
    v.rectangle((-14, -24, 14, 0), DARK)


def _lighthouse(v: Canvas, k: Colour) -> None:
    v.polygon([(-15, -92), (15, -92), (25, 0), (-25, 0)], WHITE, (214, 216, 220))
    for y in (-76, -40, -8):
        w0, w1 = 25 + 10 * y / 92, 25 + 10 * (y - 14) / 92
        v.polygon([(-w1, y - 14), (w1, y - 14), (w0, y), (-w0, y)], k)
    v.rectangle((-19, -97, 19, -91), DARK)
    v.rectangle((-11, -112, 11, -97), (255, 236, 140))
    v.sector((-13, -124, 13, -100), 180, 360, k)
    v.glow((0, -105), 46, (255, 240, 160), 0.5)


def _windmill(v: Canvas, k: Colour) -> None:
    v.polygon([(-16, -74), (16, -74), (28, 0), (-28, 0)], lighter(k, 0.3), darker(k, 0.1))
    v.sector((-19, -94, 19, -56), 180, 360, darker(k, 0.3))
    v.rectangle((-8, -22, 8, 0), DARK)
    turn = v.random.uniform(0, 90)
    for x, y in around((0, -76), 54, 4, turn):
        v.line([(0, -76), (x, y)], 3, DARK)
        dx, dy = -(y + 76) * 0.2, x * 0.2
        v.polygon(
            [
                (x, y),
                (x + dx, y + dy),
                (x * 0.25 + dx, -76 + (y + 76) * 0.25 + dy),
                (x * 0.25, -76 + (y + 76) * 0.25),
            ],
            (244, 240, 228),
        )
    v.circle((0, -76), 5, DARK)


def _bridge(v: Canvas, k: Colour) -> None:
    v.rectangle((-64, -2, 64, 8), (86, 150, 204))
    for x in (-34, 34):
        v.rectangle((x - 5, -92, x + 5, 4), k, darker(k, 0.2))
    for points in (
        [(-66, -30), (-50, -54), (-34, -90)],
        [(-34, -90), (-14, -50), (0, -44), (14, -50), (34, -90)],
        [(34, -90), (50, -54), (66, -30)],
    ):
        v.stroke(points, 2.4, k)
    for x, y in ((-22, -66), (-11, -48), (0, -44), (11, -48), (22, -66), (-52, -52), (52, -52)):
        v.line([(x, y), (x, -26)], 1.4, k)
    v.rectangle((-68, -28, 68, -20), darker(k, 0.25))


def _tent(v: Canvas, k: Colour) -> None:
    v.polygon([(-8, -72), (34, -80), (64, -4), (38, 0)], darker(k, 0.25))
    v.polygon([(-8, -74), (38, 0), (-56, 0)], lighter(k, 0.1), k)
    v.polygon([(-8, -60), (8, 0), (-22, 0)], DARK)
    v.line([(-56, 0), (-66, 4)], 2, DARK)


def _church(v: Canvas, k: Colour) -> None:
    v.rectangle((-14, -52, 54, 0), (240, 234, 220), (214, 206, 190))
    v.polygon([(-18, -50), (58, -50), (46, -76), (-10, -76)], k, darker(k))
    v.rectangle((-44, -78, -12, 0), (246, 240, 228), (220, 212, 196))
    v.polygon([(-48, -76), (-8, -76), (-28, -122)], k, darker(k, 0.2))
    v.line([(-28, -120), (-28, -136)], 2.5, DARK)
    v.line([(-34, -131), (-22, -131)], 2.5, DARK)
    v.circle((-28, -62), 7, WHITE)
    v.line([(-28, -62), (-28, -67)], 1.5, DARK)
    for x in (2, 20, 38):
        v.rectangle((x - 4, -38, x + 4, -14), (110, 150, 190), radius=4)
    v.rectangle((-36, -26, -20, 0), DARK, radius=5)


def _tower(v: Canvas, k: Colour) -> None:
    v.rectangle((-20, -92, 20, 0), STONE, darker(STONE, 0.2))
    v.rectangle((-26, -98, 26, -88), lighter(STONE, 0.1))
    for x in (-26, -8, 10):
        v.rectangle((x, -108, x + 14, -96), STONE)
    for y in (-76, -46):
        v.rectangle((-4, y, 4, y + 16), DARK, radius=3)
    v.rectangle((-8, -20, 8, 0), DARK, radius=5)
    v.line([(0, -108), (0, -132)], 2, DARK)
    v.polygon([(1, -132), (24, -126), (1, -120)], k)


def _skyscraper(v: Canvas, k: Colour) -> None:
    v.line([(0, -118), (0, -136)], 2, DARK)
    v.rectangle((-20, -118, 20, -96), darker(k, 0.1))
    v.rectangle((-30, -98, 30, 0), lighter(k, 0.2), darker(k, 0.2))
    for row in range(9):
        for col in range(4):
            lit = v.random.random() < 0.4
            v.rectangle(
                (-26 + col * 14, -94 + row * 10, -17 + col * 14, -88 + row * 10),
                (255, 236, 160) if lit else (190, 216, 236),
            )


def _barn(v: Canvas, k: Colour) -> None:
    v.polygon([(-52, 0), (-52, -50), (-32, -82), (0, -98), (32, -82), (52, -50), (52, 0)], k, darker(k, 0.2))
    v.line([(-58, -46), (-34, -84), (0, -100), (34, -84), (58, -46)], 6, (90, 84, 82))
    v.rectangle((-24, -46, 24, 0), darker(k, 0.35))
    for points in ([(-24, -46), (24, 0)], [(24, -46), (-24, 0)], [(-24, 0), (-24, -46), (24, -46), (24, 0)]):
        v.line(points, 3, WHITE)
    v.rectangle((-9, -76, 9, -60), WHITE)


def _igloo(v: Canvas, k: Colour) -> None:
    snow, line = (240, 246, 252), (170, 190, 212)
    v.sector((-52, -60, 52, 60), 180, 360, snow, (206, 222, 238))
    for y in (-16, -34, -48):
        w = (3600 - (y * 1.12) ** 2) ** 0.5 * 0.84
        v.line([(-w, y), (w, y)], 1.5, line)
    for x, y in ((-30, -16), (-8, -34), (22, -34), (30, -16), (0, -48)):
        v.line([(x, y), (x, y + 15)], 1.5, line)
    v.sector((-22, -30, 22, 30), 180, 360, (222, 234, 246))
    v.sector((-14, -20, 14, 20), 180, 360, (40, 56, 84))


def _bench(v: Canvas, k: Colour) -> None:
    for x in (-46, 40):
        v.rectangle((x, -60, x + 6, 0), DARK)
    for y in (-64, -50, -32, -24):
        v.rectangle((-56, y, 56, y + 9 if y < -30 else y + 6), lighter(k, 0.1), k)


def _tree(v: Canvas, k: Colour) -> None:
    v.polygon([(-8, -44), (8, -44), (12, 0), (-12, 0)], (120, 84, 54), (90, 60, 38))
    for x, y, r in ((-24, -58, 26), (24, -58, 26), (0, -84, 32), (0, -58, 26)):
        v.circle((x, y), r, lighter(k, 0.1), darker(k, 0.2))


def _fir(v: Canvas, k: Colour) -> None:
    green = (36, 104, 66)
    v.rectangle((-6, -16, 6, 0), (110, 76, 48))
    for y, w in ((-14, 42), (-44, 34), (-74, 25)):
        v.polygon([(-w, y), (w, y), (0, y - 44)], lighter(green, 0.1), darker(green, 0.15))


def _snowman(v: Canvas, k: Colour) -> None:
    for y, r in ((-28, 30), (-70, 22), (-102, 16)):
        v.circle((0, y), r, (252, 253, 255), (206, 216, 230))
    v.line([(-18, -74), (-46, -92)], 4, WOOD)
    v.line([(18, -74), (46, -92)], 4, WOOD)
    v.polygon([(0, -104), (0, -98), (20, -100)], (244, 130, 30))
    for x in (-6, 6):
        v.circle((x, -108), 2.2, DARK)
    v.rectangle((-16, -120, 16, -116), DARK)
    v.rectangle((-11, -136, 11, -118), DARK)
    v.stroke([(-16, -88), (0, -84), (16, -88)], 7, k)


OUT = "out"
PAINTS = ("red", "yellow", "blue", "white", "green", "pink", "orange")
BUILDINGS = (
    Thing("house", "houses", _house, "buildings", "a home with a door, two windows and a roof", PAINTS, OUT),
    Thing(
        "castle",
        "castles",
        _castle,
        "old buildings",
        "stone towers with pointed roofs and a gate",
        (),
        OUT,
        0.9,
    ),
    Thing(
        "lighthouse",
        "lighthouses",
        _lighthouse,
        "on the coast",
        "a striped tower with a light for ships",
        ("red", "blue", "black"),
        OUT,
        0.95,
    ),
    Thing(
        "windmill",
        "windmills",
        _windmill,
        "old buildings",
        "a mill with four turning sails",
        ("red", "brown", "green", "blue", "white"),
        OUT,
        0.95,
    ),
    Thing(
        "bridge",
        "bridges",
        _bridge,
        "architecture",
        "a suspension bridge with cables between two pillars",
        ("red", "grey", "green", "blue"),
        OUT,
    ),
    Thing("tent", "tents", _tent, "camping", "a tent with an open entrance for camping", BRIGHT, OUT),
    Thing(
        "church", "churches", _church, "buildings", "a house of worship with a steeple and a cross", (), OUT
    ),
    Thing(
        "stone tower",
        "stone towers",
        _tower,
        "old buildings",
        "a tall grey tower with battlements and a flag",
        (),
        OUT,
        0.9,
    ),
    Thing(
        "skyscraper",
        "skyscrapers",
        _skyscraper,
        "modern buildings",
        "a tall office block with many windows",
        ("blue", "grey", "brown", "green"),
        OUT,
        0.9,
    ),
    Thing(
        "barn",
        "barns",
        _barn,
        "on a farm",
        "a farm building with a crossed door",
        ("red", "brown", "green", "blue"),
        OUT,
    ),
    Thing("igloo", "igloos", _igloo, "in the Arctic", "a round hut made of blocks of snow", (), OUT),
    Thing(
        "bench",
        "benches",
        _bench,
        "in the park",
        "a seat for several people in a park",
        ("brown", "green", "red", "blue"),
        OUT,
    ),
    Thing(
        "tree",
        "trees",
        _tree,
        "plants",
        "a trunk with a round crown of leaves",
        ("green", "orange", "yellow", "red"),
        OUT,
        1.1,
    ),
    Thing("fir tree", "fir trees", _fir, "plants", "an evergreen conifer shaped like a cone", (), OUT, 1.0),
    Thing(
        "snowman",
        "snowmen",
        _snowman,
        "winter",
        "a figure of three snowballs with a hat and a carrot nose",
        (),
        OUT,
        0.85,
    ),
)
KINDS: tuple[Kind, ...] = tuple(show(thing) for thing in BUILDINGS)
