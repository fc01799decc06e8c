"""What moves people and goods on land, on water and in the air."""

from __future__ import annotations

from univldr.canvas import HEIGHT, WHITE, WIDTH, Canvas, Colour, around, darker, lighter
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.palette import BRIGHT, a, backdrop, chance, counted, jitter, shade, sky
from univldr.training.drawn.show import Figure

GLASS: Colour = (176, 214, 234)
TYRE: Colour = (36, 36, 40)
STEEL: Colour = (160, 166, 174)
# Every figure is about 120 wide, drives or flies to the right and stands on y = 0.


def _wheel(v: Canvas, x: float, y: float, r: float) -> None:
    v.circle((x, y - r), r, TYRE)
    v.circle((x, y - r), r * 0.5, (200, 204, 210), (130, 134, 142))


def _body(v: Canvas, k: Colour) -> None:
    v.blob(
        [(-62, -12), (-62, -34), (-40, -38), (-22, -60), (18, -60), (36, -38), (60, -32), (63, -12)],
        lighter(k),
        darker(k, 0.15),
    )
    v.polygon([(-34, -38), (-19, -54), (-3, -54), (-3, -38)], GLASS)
    v.polygon([(3, -54), (15, -54), (28, -38), (3, -38)], GLASS)
    v.circle((58, -26), 4, (255, 240, 170))
    for x in (-36, 36):
        _wheel(v, x, 0, 14)


def _car(v: Canvas, k: Colour) -> None:
    _body(v, k)
    v.line([(0, -38), (0, -12)], 1.4, darker(k, 0.4))


def _taxi(v: Canvas, k: Colour) -> None:
    v.rectangle((-16, -70, 12, -58), WHITE, radius=2)
    v.text((-2, -64), "TAXI", 8)
    _body(v, (246, 198, 40))
    for i in range(9):
        v.rectangle((-36 + i * 8, -30 + 4 * (i % 2), -28 + i * 8, -26 + 4 * (i % 2)), TYRE)


def _police(v: Canvas, k: Colour) -> None:
    v.rectangle((-12, -68, -1, -58), (220, 40, 40))
    v.rectangle((-1, -68, 10, -58), (40, 90, 230))
    _body(v, (244, 246, 250))
    v.rectangle((-58, -30, 56, -20), (30, 60, 150))
    v.text((0, -25), "POLICE", 9, WHITE)


def _bus(v: Canvas, k: Colour) -> None:
    v.rectangle((-66, -76, 66, -8), lighter(k, 0.15), darker(k, 0.1), radius=7)
    for i in range(5):
        v.rectangle((-60 + i * 21, -68, -43 + i * 21, -42), GLASS)
    v.rectangle((48, -68, 64, -14), lighter(GLASS), GLASS)
    v.line([(-66, -32), (46, -32)], 4, lighter(k, 0.6))
    for x in (-40, 34):
        _wheel(v, x, 0, 13)


def _double_decker(v: Canvas, k: Colour) -> None:
    v.rectangle((-58, -112, 58, -8), lighter(k, 0.1), darker(k, 0.1), radius=7)
    for y in (-104, -60):
        for i in range(5):
            v.rectangle((-52 + i * 21, y, -35 + i * 21, y + 24), GLASS)
    v.line([(-58, -70), (58, -70)], 5, lighter(k, 0.5))
    for x in (-36, 34):
        _wheel(v, x, 0, 14)


def _lorry(v: Canvas, k: Colour) -> None:
    v.rectangle((-70, -84, 24, -14), (240, 240, 242), (206, 208, 212))
    v.polygon([(28, -66), (54, -66), (68, -40), (68, -10), (28, -10)], lighter(k), k)
    v.polygon([(38, -60), (52, -60), (62, -40), (38, -40)], GLASS)
    v.rectangle((-70, -14, 68, -8), (60, 62, 68))
    for x in (-52, -24, 48):
        _wheel(v, x, 0, 13)


def _fire_engine(v: Canvas, k: Colour) -> None:
    red = (208, 32, 30)
    v.rectangle((-68, -58, 24, -10), red, darker(red))
    v.polygon([(24, -72), (56, -72), (66, -42), (66, -10), (24, -10)], lighter(red, 0.1), red)
    v.polygon([(36, -66), (53, -66), (60, -44), (36, -44)], GLASS)
    v.rectangle((34, -82, 48, -72), (40, 110, 240))
    v.line([(-70, -66), (20, -80)], 3, (230, 232, 236))
    v.line([(-68, -74), (22, -88)], 3, (230, 232, 236))
    for i in range(9):
        v.line([(-64 + i * 10, -67 - i * 1.5), (-64 + i * 10, -75 - i * 1.5)], 2, (230, 232, 236))
    v.rectangle((-66, -32, 22, -24), WHITE)
    for x in (-42, 42):
        _wheel(v, x, 0, 14)


def _ambulance(v: Canvas, k: Colour) -> None:
    v.rectangle((-64, -76, 26, -10), WHITE, (222, 226, 230), radius=4)
    v.polygon([(26, -58), (46, -58), (62, -36), (64, -10), (26, -10)], WHITE, (226, 228, 232))
    v.polygon([(32, -54), (44, -54), (55, -36), (32, -36)], GLASS)
    v.rectangle((2, -84, 22, -76), (50, 110, 240))
    v.rectangle((-64, -28, 62, -20), (232, 84, 40))
    v.rectangle((-28, -66, -16, -34), (214, 30, 40))
    v.rectangle((-38, -56, -6, -44), (214, 30, 40))
    for x in (-40, 40):
        _wheel(v, x, 0, 13)


def _tractor(v: Canvas, k: Colour) -> None:
    v.rectangle((-44, -88, 2, -82), darker(k, 0.2))
    for x in (-42, -4):
        v.rectangle((x, -84, x + 4, -46), TYRE)
    v.rectangle((-38, -82, -4, -50), GLASS)
    v.rectangle((-46, -50, 54, -22), lighter(k), darker(k, 0.15), radius=5)
    v.rectangle((30, -72, 36, -48), TYRE)
    _wheel(v, -32, 0, 31)
    _wheel(v, 40, 0, 17)


def _spokes(v: Canvas, x: float, r: float) -> None:
    v.ring((x - r, -2 * r, x + r, 0), 4, TYRE)
    for px, py in around((x, -r), r, 5, 10):
        v.line([(px, py), (2 * x - px, -2 * r - py)], 0.8, (120, 124, 130))


def _bicycle(v: Canvas, k: Colour) -> None:
    for x in (-38, 38):
        _spokes(v, x, 25)
    for points in (
        [(-38, -25), (-20, -62), (22, -62), (-4, -25), (-38, -25)],
        [(-4, -25), (-22, -70)],
        [(38, -25), (20, -74)],
    ):
        v.line(points, 5, k)
    v.line([(20, -74), (34, -80)], 4, TYRE)
    v.ellipse((-36, -78, -10, -70), TYRE)
    v.ring((-11, -32, 3, -18), 3, STEEL)


def _motorcycle(v: Canvas, k: Colour) -> None:
    for x in (-40, 42):
        v.ring((x - 24, -48, x + 24, 0), 10, TYRE)
        v.circle((x, -24), 7, STEEL)
    v.line([(42, -24), (24, -72)], 6, STEEL)
    v.line([(24, -72), (10, -80)], 4, TYRE)
    v.polygon([(-18, -44), (24, -44), (16, -16), (-14, -16)], (90, 94, 102), (50, 52, 58))
    v.blob([(-12, -48), (0, -66), (24, -66), (28, -48)], lighter(k), k)
    v.blob([(-58, -52), (-34, -58), (-6, -50), (-30, -42)], TYRE)
    v.line([(-10, -16), (-58, -16)], 6, (200, 204, 210))
    v.circle((32, -62), 7, (255, 240, 180), STEEL)


def _scooter(v: Canvas, k: Colour) -> None:
    for x in (-38, 42):
        _wheel(v, x, 0, 14)
    v.blob(
        [
            (-58, -22),
            (-48, -44),
            (-18, -44),
            (-8, -14),
            (30, -14),
            (30, -76),
            (38, -76),
            (44, -20),
            (20, -6),
            (-30, -8),
        ],
        lighter(k),
        k,
    )
    v.rectangle((-52, -54, -14, -44), TYRE, radius=5)
    v.line([(34, -76), (20, -84)], 4, TYRE)


def _train(v: Canvas, k: Colour) -> None:
    v.rectangle((-72, 0, 72, 4), (110, 90, 70))
    v.rectangle((-68, -84, -26, -14), k, darker(k, 0.2))
    v.rectangle((-74, -92, -20, -82), TYRE)
    v.rectangle((-58, -74, -36, -50), GLASS)
    v.rectangle((-26, -60, 52, -16), lighter(k, 0.25), darker(k, 0.2), radius=8)
    v.polygon([(24, -88), (46, -88), (40, -60), (30, -60)], TYRE)
    for i, x in enumerate((38, 20, -6)):
        v.circle((x, -100 - i * 10), 9 + i * 5, (232, 232, 234))
    for x in (-50, -12, 14, 40):
        _wheel(v, x, 0, 12)
    v.polygon([(50, -20), (70, 0), (48, 0)], (70, 70, 76))


def _fast_train(v: Canvas, k: Colour) -> None:
    v.rectangle((-80, 0, 80, 4), (110, 100, 90))
    v.blob(
        [(-76, -6), (-78, -52), (0, -54), (36, -50), (66, -26), (76, -6)], (246, 248, 250), (206, 210, 216)
    )
    v.rectangle((-74, -44, 24, -32), (52, 70, 96))
    v.polygon([(34, -44), (46, -40), (58, -28), (34, -30)], (52, 70, 96))
    v.rectangle((-74, -20, 66, -13), k)


def _tram(v: Canvas, k: Colour) -> None:
    v.rectangle((-84, 0, 84, 3), (90, 90, 96))
    v.line([(-84, -116), (84, -116)], 2, TYRE)
    v.line([(-10, -84), (10, -100), (-4, -115)], 3, TYRE)
    v.rectangle((-66, -84, 66, -6), (246, 240, 226), radius=8)
    v.rectangle((-66, -42, 66, -6), lighter(k, 0.1), darker(k, 0.1), radius=5)
    for i in range(6):
        v.rectangle((-60 + i * 20.5, -76, -43 + i * 20.5, -46), GLASS)
    for x in (-34, 30):
        v.rectangle((x - 16, -8, x + 16, 0), TYRE)


def _sailing_boat(v: Canvas, k: Colour) -> None:
    v.line([(0, -20), (0, -120)], 3.4, (120, 84, 50))
    v.polygon([(4, -116), (4, -28), (50, -28)], lighter(k, 0.25), k)
    v.polygon([(-4, -108), (-4, -28), (-38, -28)], lighter(k, 0.55), lighter(k, 0.3))
    v.polygon([(-54, -22), (58, -22), (40, 4), (-40, 4)], (150, 96, 54), (110, 66, 34))


def _ship(v: Canvas, k: Colour) -> None:
    v.polygon([(-74, -32), (80, -32), (62, 4), (-62, 4)], k, darker(k))
    v.rectangle((-54, -50, 44, -32), WHITE)
    v.rectangle((-42, -68, 28, -50), (238, 240, 244))
    for x in range(-48, 42, 12):
        v.circle((x, -41), 3, (60, 110, 160))
    for x in (-26, 2):
        v.rectangle((x, -98, x + 16, -68), (216, 60, 40), (180, 40, 30))
        v.rectangle((x, -98, x + 16, -90), TYRE)


def _rowing_boat(v: Canvas, k: Colour) -> None:
    v.blob([(-60, -30), (-20, -24), (20, -24), (62, -32), (36, 2), (-36, 2)], lighter(k), darker(k, 0.15))
    v.line([(-8, -34), (40, 12)], 4, (170, 120, 70))
    v.ellipse((34, 6, 50, 18), (170, 120, 70))
    v.rectangle((-22, -26, -8, -20), (110, 70, 40))


def _plane(v: Canvas, k: Colour) -> None:
    v.polygon([(-66, -88), (-50, -88), (-30, -52), (-62, -52)], k, darker(k, 0.1))
    v.blob(
        [(-70, -54), (-40, -62), (30, -62), (66, -48), (66, -40), (30, -32), (-50, -38)],
        WHITE,
        (196, 202, 210),
    )
    v.polygon([(14, -46), (-8, -46), (-40, -8), (-26, -8)], lighter(k, 0.2), darker(k, 0.1))
    v.polygon([(18, -60), (2, -60), (-18, -84), (-8, -84)], lighter(k, 0.4))
    for x in range(-40, 40, 10):
        v.circle((x, -51), 2.4, (60, 100, 150))
    v.polygon([(46, -58), (60, -50), (46, -50)], (60, 100, 150))


def _helicopter(v: Canvas, k: Colour) -> None:
    v.polygon([(-70, -60), (0, -66), (0, -44), (-70, -54)], k)
    v.ring((-80, -74, -56, -42), 3, TYRE)
    v.blob([(-24, -44), (-12, -76), (24, -76), (48, -50), (40, -26), (-8, -24)], lighter(k), darker(k, 0.15))
    v.blob([(16, -70), (30, -68), (44, -50), (18, -46)], GLASS)
    v.line([(8, -76), (8, -92)], 4, TYRE)
    v.line([(-62, -93), (78, -93)], 4, (70, 72, 78))
    v.line([(-22, -6), (46, -6), (54, -12)], 4, TYRE)
    for x in (-4, 28):
        v.line([(x, -26), (x, -6)], 3, TYRE)


def _balloon(v: Canvas, k: Colour) -> None:
    v.circle((0, -76), 50, lighter(k, 0.1), darker(k, 0.1))
    v.polygon([(-42, -50), (42, -50), (12, -14), (-12, -14)], darker(k, 0.1))
    v.ellipse((-32, -126, 32, -26), lighter(k, 0.65), lighter(k, 0.45))
    v.ellipse((-13, -126, 13, -26), k)
    for x in (-11, 11):
        v.line([(x, -18), (x * 0.9, 0)], 1.4, TYRE)
    v.rectangle((-12, 0, 12, 16), (160, 106, 56), (120, 76, 40))


def _rocket(v: Canvas, k: Colour) -> None:
    v.blob([(-12, -22), (12, -22), (7, 4), (0, 22), (-7, 4)], (255, 220, 90), (240, 90, 30))
    for side in (-1, 1):
        v.polygon([(side * 16, -52), (side * 40, -12), (side * 14, -22)], darker(k, 0.1))
    v.blob([(0, -122), (20, -86), (18, -22), (-18, -22), (-20, -86)], WHITE, (206, 210, 218))
    v.blob([(0, -122), (13, -102), (0, -94), (-13, -102)], k)
    v.circle((0, -70), 10, darker(k, 0.1))
    v.circle((0, -70), 7, GLASS)


ROAD, RAIL, SEA, AIR = "road", "railway", "sea", "sky"
LAND = (*BRIGHT, "white", "black", "grey")
TABLE: tuple[tuple[str, str, Figure, tuple[str, ...], str, str], ...] = (
    ("car", "cars", _car, LAND, ROAD, "a motor vehicle with four wheels"),
    ("taxi", "taxis", _taxi, (), ROAD, "a yellow cab that carries passengers"),
    ("police car", "police cars", _police, (), ROAD, "a white patrol car with blue and red lights"),
    ("bus", "buses", _bus, BRIGHT, ROAD, "public transport with many windows"),
    ("double-decker bus", "double-decker buses", _double_decker, BRIGHT, ROAD, "a tall bus with two floors"),
    ("lorry", "lorries", _lorry, BRIGHT, ROAD, "a big truck that carries goods"),
    ("fire engine", "fire engines", _fire_engine, (), ROAD, "a red truck of the fire brigade with a ladder"),
    ("ambulance", "ambulances", _ambulance, (), ROAD, "a white rescue van with a red cross"),
    ("tractor", "tractors", _tractor, BRIGHT, ROAD, "a farm vehicle with large rear wheels"),
    ("bicycle", "bicycles", _bicycle, LAND, ROAD, "a bike with two wheels and pedals"),
    ("motorcycle", "motorcycles", _motorcycle, LAND, ROAD, "a motorbike with two thick wheels"),
    ("scooter", "scooters", _scooter, BRIGHT, ROAD, "a small motor scooter with a seat"),
    ("steam train", "steam trains", _train, BRIGHT, RAIL, "a locomotive with smoke from its chimney"),
    ("fast train", "fast trains", _fast_train, BRIGHT, RAIL, "a modern express train with a pointed nose"),
    ("tram", "trams", _tram, BRIGHT, RAIL, "a streetcar below an overhead wire"),
    ("sailing boat", "sailing boats", _sailing_boat, (*BRIGHT, "white"), SEA,
        "a boat with two sails and a mast"),
    ("ship", "ships", _ship, ("blue", "black", "red", "green"), SEA, "a large steamer with two funnels"),
    ("rowing boat", "rowing boats", _rowing_boat, BRIGHT, SEA, "a small open boat with oars"),
    ("plane", "planes", _plane, BRIGHT, AIR, "an aircraft with wings that carries passengers"),
    ("helicopter", "helicopters", _helicopter, BRIGHT, AIR, "an aircraft with a rotor on top"),
    ("hot-air balloon", "hot-air balloons", _balloon, BRIGHT, AIR, "a striped balloon with a basket below"),
    ("rocket", "rockets", _rocket, BRIGHT, AIR, "a spaceship with fins and a flame"),
)  # fmt: skip


def _way(c: Canvas, way: str) -> tuple[str, str, float]:
    """Draws what a vehicle moves on or through; returns where that is, the sky, and the ground's y."""
    if way == AIR:
        above = sky(c, HEIGHT)
        if chance(c, 0.5):
            c.ellipse((-120, 300, WIDTH + 120, HEIGHT + 200), jitter(c, (90, 150, 80)))
        return f"in {a(above)}", f"high up in {a(above)}", 250
    if chance(c, 0.2):
        plain = backdrop(c)
        return f"on a {plain} background", f"with nothing but {plain} around", 280
    horizon = c.random.uniform(170, 215)
    above = sky(c, horizon)
    if way == SEA:
        tone = jitter(c, (40, 110, 170) if "grey" not in above else (90, 120, 136))
        c.rectangle((0, horizon, WIDTH, HEIGHT), lighter(tone, 0.25), darker(tone, 0.15))
        for _ in range(16):
            x, y = c.random.uniform(0, WIDTH), c.random.uniform(horizon + 10, HEIGHT)
            c.line([(x, y), (x + 26, y)], 1.6, lighter(tone, 0.4))
        return "on the sea", f"on the water under {a(above)}", 275
    town = chance(c, 0.4)
    grass = jitter(c, (104, 160, 80))
    c.rectangle((0, horizon, WIDTH, HEIGHT), lighter(grass, 0.15), grass)
    if town:
        for x in range(0, WIDTH, 60):
            wall = jitter(c, (190, 160, 136), 30)
            c.rectangle((x, horizon - c.random.uniform(50, 130), x + 56, horizon + 20), wall)
    if way == ROAD:
        c.rectangle((0, 236, WIDTH, 326), (112, 114, 120), (90, 92, 98))
        for x in range(10, WIDTH, 70):
            c.rectangle((x, 306, x + 36, 310), (236, 236, 230))
    else:
        c.rectangle((0, 268, WIDTH, 300), (136, 124, 112))
    return f"on a {way} {'in a town' if town else 'in the country'}", f"under {a(above)}", 282


def _vehicle(name: str, many: str, figure: Figure, colours: tuple[str, ...], way: str, about: str) -> Kind:
    def paint(c: Canvas) -> Captions:
        where, more, base = _way(c, way)
        colour = c.random.choice(colours) if colours else ""
        count = c.random.choice((1, 1, 1, 1, 2, 3))
        flip = chance(c, 0.5)
        step = 460 / count
        for i in range(count):
            zoom = min(c.random.uniform(1.6, 2.0) if way == AIR else c.random.uniform(1.7, 2.4), step / 150)
            y = base + (c.random.uniform(-60, 50) if way == AIR else 0)
            v = c.view(10 + step * (i + 0.5), y, zoom, flip=flip)
            figure(v, shade(c, colour) if colour else (128, 128, 128))
        named, side = counted(count, name, many, colour), "left" if flip else "right"
        plain = counted(count, name, many)
        turned = f"facing {side}" if way != AIR or name in ("plane", "helicopter") else "flying"
        last = about if count == 1 else f"{many}: {about}"
        return (
            f"{named} {where}",
            f"{plain} {more}",
            last,
            f"{named} {turned}",
            f"{many if count > 1 else name} {where}",
        )

    return Kind(many, paint)


KINDS: tuple[Kind, ...] = tuple(_vehicle(*row) for row in TABLE)
