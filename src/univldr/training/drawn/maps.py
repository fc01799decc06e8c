"""Maps of made-up places: islands, lines, paths, weather, streets and rooms."""

from __future__ import annotations

import math
from itertools import pairwise

from univldr.canvas import HEIGHT, WHITE, WIDTH, Canvas, Colour, Point, around, darker, lighter, mix
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.palette import BRIGHT, COLOURS, INK, NUMBERS, chance, jitter, listed, shade
from univldr.training.drawn.shapes import star

NAMES = (
    "Orla",
    "Tamby",
    "Vesk",
    "Morrow",
    "Kellin",
    "Pardo",
    "Ulm Bay",
    "Sandy",
    "Greve",
    "Lisko",
    "Ardan",
    "Nemi",
    "Torr",
    "Wick",
)
SIDES: dict[str, Point] = {"north": (240, 100), "south": (240, 262), "west": (135, 180), "east": (345, 180)}


def _shore(c: Canvas, centre: Point, wide: float, high: float) -> list[Point]:
    bumps = [c.random.uniform(0.72, 1.12) for _ in range(16)]
    turns = [2 * math.pi * i / 16 for i in range(16)]
    return [
        (centre[0] + wide * b * math.cos(t), centre[1] + high * b * math.sin(t))
        for b, t in zip(bumps, turns, strict=True)
    ]


def _island(c: Canvas) -> Colour:
    sea, land = (
        jitter(c, (126, 186, 224)),
        jitter(c, c.random.choice([(190, 214, 140), (226, 214, 170), (150, 196, 130)])),
    )
    c.rectangle((0, 0, WIDTH, HEIGHT), sea)
    shore = _shore(c, (240, 180), 190, 136)
    c.blob([(x + (x - 240) * 0.05, y + (y - 180) * 0.06) for x, y in shore], lighter(sea, 0.45))
    c.blob(shore, land)
    return land


def _compass(c: Canvas) -> None:
    v = c.view(c.random.choice((40, 440)), 46, 0.8)
    v.polygon([(0, -34), (9, 0), (-9, 0)], (200, 40, 40))
    v.polygon([(0, 34), (9, 0), (-9, 0)], WHITE)
    v.text((0, -43), "N", 15)


def _towns(c: Canvas, count: int) -> list[tuple[str, Point]]:
    names, spots = c.random.sample(NAMES, count), c.random.sample(list(SIDES.values()), count)
    placed = [
        (name, (x + c.random.uniform(-24, 24), y + c.random.uniform(-16, 16)))
        for name, (x, y) in zip(names, spots, strict=True)
    ]
    for name, (x, y) in placed:
        c.circle((x, y), 5, (190, 40, 40))
        c.text((x + 9, y), name, 14, INK, "lm")
    return placed


def _island_map(c: Canvas) -> Captions:
    land, count, peak = _island(c), c.random.randint(2, 4), chance(c, 0.6)
    if peak:
        for x, y in around((240, 185), 30, 3, c.random.uniform(0, 120)):
            c.polygon([(x, y - 24), (x + 22, y + 14), (x - 22, y + 14)], darker(land, 0.35))
            c.polygon([(x, y - 24), (x + 8, y - 10), (x - 8, y - 10)], WHITE)
    _towns(c, count)
    _compass(c)
    more = "mountains in the middle" if peak else "no mountains"
    return (
        f"a map of an island with {NUMBERS[count]} towns and {more}",
        f"an island in a blue sea with {NUMBERS[count]} named places",
        "a map with a coast, towns and a compass needle",
        "land surrounded by water on a map",
        f"{NUMBERS[count]} red dots for towns on an island",
    )


def _metro(c: Canvas) -> Captions:
    lines = c.random.randint(2, 5)
    names = c.random.sample((*BRIGHT, "black", "brown"), lines)
    c.rectangle((0, 0, WIDTH, HEIGHT), c.random.choice([WHITE, (248, 246, 238), (238, 242, 246)]))
    if chance(c, 0.4):
        c.stroke(
            [(-10, c.random.uniform(80, 280)), (160, 200), (320, 170), (490, c.random.uniform(80, 280))],
            24,
            (196, 224, 242),
        )
    stops = 0
    for i, name in enumerate(names):
        tone, at, bend = shade(c, name), 60 + 240 * i / max(1, lines - 1), c.random.uniform(-90, 90)
        if i % 2:
            x = 90 + 300 * i / lines
            route: list[Point] = [(x, 24), (x, 120), (x + bend, 120 + abs(bend)), (x + bend, 336)]
        else:
            end = min(330, max(30, at + bend))
            route = [(24, at), (170, at), (170 + abs(end - at), end), (456, end)]
        c.line(route, 8, tone)
        for (x0, y0), (x1, y1) in pairwise(route):
            for share in (0.2, 0.8):
                c.circle((x0 + (x1 - x0) * share, y0 + (y1 - y0) * share), 7, INK)
                c.circle((x0 + (x1 - x0) * share, y0 + (y1 - y0) * share), 5, WHITE)
                stops += 1
        c.text((route[0][0] + 12, route[0][1] - 14), c.random.choice(NAMES), 12, INK, "lm")
    return (
        f"an underground plan with {NUMBERS[lines]} lines in {listed(names)}",
        f"a subway network of {NUMBERS[lines]} coloured lines with stations",
        f"{listed(names)} railway lines with white dots for stops",
        "a transit plan with straight coloured lines",
        f"{stops} stations on {NUMBERS[lines]} lines of a town's underground",
    )


def _hiking(c: Canvas) -> Captions:
    green = jitter(c, (206, 224, 176))
    c.rectangle((0, 0, WIDTH, HEIGHT), green)
    top = (c.random.uniform(150, 330), c.random.uniform(110, 220))
    for i in range(5, 0, -1):
        ring = _shore(c, top, 38 * i, 26 * i)
        c.blob(ring, mix(green, (150, 110, 70), (6 - i) * 0.11))
        c.stroke([*ring, ring[0]], 1, (170, 130, 90))
    lake = chance(c, 0.6)
    if lake:
        c.blob(_shore(c, (90 if top[0] > 240 else 390, 280), 54, 30), (110, 180, 226))
    name = c.random.choice(("red", "blue", "purple"))
    path = [
        (20, c.random.uniform(40, 320)),
        (120, c.random.uniform(60, 300)),
        top,
        (370, c.random.uniform(80, 280)),
        (464, c.random.uniform(60, 300)),
    ]
    curve = [
        p
        for i in range(4)
        for p in [
            ((path[i][0] * (8 - k) + path[i + 1][0] * k) / 8, (path[i][1] * (8 - k) + path[i + 1][1] * k) / 8)
            for k in range(8)
        ]
    ]
    for x, y in curve:
        c.circle((x, y), 4, COLOURS[name])
    height = c.random.randint(400, 2900)
    c.polygon([(top[0], top[1] - 12), (top[0] + 10, top[1] + 7), (top[0] - 10, top[1] + 7)], INK)
    c.text((top[0], top[1] + 18), f"{c.random.choice(NAMES)} {height} m", 13)
    return (
        f"a hiking map with a dotted {name} path over a {height} metre peak",
        f"contour lines around a hill and a {name} trail" + (", with a lake" if lake else ""),
        "a walkers' map with brown height lines",
        f"a dotted {name} route across a hill on a map",
        "a topographic map of a mountain and a path",
    )


def _cloud(v: Canvas, tone: Colour) -> None:
    for x, r in ((-17, 13), (0, 18), (18, 12)):
        v.circle((x, -r * 0.4), r, tone)
    v.rectangle((-28, -6, 29, 8), tone, radius=7)


def _weather_symbol(v: Canvas, kind: str) -> None:
    if kind == "sun":
        for x, y in around((0, 0), 30, 8):
            v.line([(x * 0.7, y * 0.7), (x, y)], 4, (246, 170, 30))
        v.circle((0, 0), 17, (252, 196, 40))
        return
    _cloud(v, (120, 128, 140) if kind in ("rain", "storm") else (240, 242, 246))
    if kind == "rain":
        for x in (-16, 0, 16):
            v.line([(x + 3, 12), (x - 4, 30)], 4, (40, 100, 220))
    elif kind == "storm":
        v.polygon([(4, 6), (-10, 26), (0, 26), (-6, 42), (14, 20), (4, 20)], (250, 200, 20))
    elif kind == "snow":
        for x in (-16, 0, 16):
            v.circle((x, 20), 5, WHITE)


def _weather(c: Canvas) -> Captions:
    _island(c)
    sides = c.random.sample(list(SIDES), c.random.choice((2, 3)))
    kinds = c.random.sample(("sun", "rain", "clouds", "storm", "snow"), len(sides))
    warm = [c.random.randint(-4, 1) if kind == "snow" else c.random.randint(6, 29) for kind in kinds]
    for side, kind, degrees in zip(sides, kinds, warm, strict=True):
        x, y = SIDES[side]
        _weather_symbol(c.view(x, y, 1.3), kind)
        c.text((x + 54, y), f"{degrees}°", 22, INK)
    told = listed([f"{kind} in the {side}" for kind, side in zip(kinds, sides, strict=True)])
    return (
        f"a weather forecast on a map: {told}",
        f"the weather on an island with {told}",
        f"weather symbols for {listed(list(kinds))} on a map",
        f"temperatures of {listed([str(d) for d in warm])} degrees on a map",
        f"forecast: {kinds[0]} in the {sides[0]}",
    )


def _streets(c: Canvas) -> Captions:
    c.rectangle((0, 0, WIDTH, HEIGHT), jitter(c, (236, 232, 222), 6))
    park, river = chance(c, 0.7), chance(c, 0.5)
    xs, ys = (
        [0.0, *sorted(c.random.sample(range(50, 440, 55), 4)), 480.0],
        [0.0, *sorted(c.random.sample(range(50, 330, 50), 3)), 360.0],
    )
    green = (c.random.randrange(5), c.random.randrange(4))
    for i in range(5):
        for j in range(4):
            tone = (164, 210, 140) if park and (i, j) == green else jitter(c, (216, 206, 192), 6)
            c.rectangle((xs[i] + 7, ys[j] + 7, xs[i + 1] - 7, ys[j + 1] - 7), tone)
    if river:
        c.stroke([(-10, 300), (150, 260), (300, 110), (490, 60)], 22, (130, 190, 232))
    else:
        c.line([(0, c.random.uniform(100, 260)), (480, c.random.uniform(100, 260))], 12, (250, 206, 96))
    x, y = c.random.uniform(90, 390), c.random.uniform(90, 270)
    c.polygon([(x - 13, y - 26), (x + 13, y - 26), (x, y)], (214, 40, 44))
    c.circle((x, y - 30), 15, (214, 40, 44))
    c.circle((x, y - 30), 6, WHITE)
    parts = [
        *(["a green park"] if park else []),
        "a blue river" if river else "a yellow main road",
        "a red pin",
    ]
    return (
        f"a street map of a town with {listed(parts)}",
        "a city map with blocks and streets seen from above",
        "a red marker shows a place on a town plan",
        f"town plan with {listed(parts)}",
        "a road map with a location pin",
    )


def _treasure(c: Canvas) -> Captions:
    paper = jitter(c, (230, 204, 154))
    c.rectangle((0, 0, WIDTH, HEIGHT), paper, darker(paper, 0.15))
    brown: Colour = (110, 70, 36)
    side = c.random.choice(("left", "right"))
    x, y = (370 if side == "right" else 110), c.random.uniform(110, 260)
    start: Point = (60 if side == "right" else 420, c.random.uniform(80, 290))
    palms, hills, ship = c.random.randint(1, 4), chance(c, 0.6), chance(c, 0.6)
    for i in range(palms):
        v = c.view(150 + 60 * i, c.random.choice((90, 300)), 0.9)
        v.stroke([(0, 0), (4, -26), (0, -44)], 5, brown)
        for tip in ((-24, -38), (24, -38), (-16, -58), (18, -58)):
            v.stroke([(0, -44), (tip[0] * 0.6, tip[1] - 6), tip], 6, (80, 120, 50), end=2)
    if hills:
        for dx in (0, 30):
            c.line([(220 + dx, 200), (240 + dx, 160), (260 + dx, 200)], 4, brown)
    for i in range(12):
        t = i / 12
        at = (start[0] + (x - start[0]) * t, start[1] + (y - start[1]) * t + 34 * math.sin(t * 7))
        c.ellipse((at[0] - 6, at[1] - 3, at[0] + 6, at[1] + 3), brown)
    for dx in (-1, 1):
        c.line([(x - 20 * dx, y - 20), (x + 20 * dx, y + 20)], 9, (196, 30, 30))
    if ship:
        v = c.view(70 if side == "left" else 400, 50, 0.5)
        v.polygon([(-40, 0), (40, 0), (26, 22), (-26, 22)], brown)
        v.polygon([(0, -50), (0, -6), (34, -6)], (250, 244, 230))
    c.polygon(star(440 if side == "left" else 40, 320, 22, 4, 0.3), brown)
    return (
        f"an old pirates' map, a trail leads to a red cross on the {side}",
        "yellowed paper showing the way to buried gold",
        f"a dotted trail and a red X, {'a palm tree' if palms == 1 else f'{NUMBERS[palms]} palm trees'}"
        + (" and hills" if hills else ""),
        f"a red cross on the {side} of an old brown chart",
        "where the treasure is hidden, drawn on parchment",
    )


def _world(c: Canvas) -> Captions:
    sea, count = jitter(c, (150, 200, 232)), c.random.randint(3, 6)
    names = c.random.sample(BRIGHT, count if chance(c, 0.6) else 1)
    c.rectangle((0, 0, WIDTH, HEIGHT), sea)
    for i in range(1, 8):
        c.line([(60 * i, 0), (60 * i, HEIGHT)], 1, lighter(sea, 0.4))
        c.line([(0, 50 * i), (WIDTH, 50 * i)], 1, lighter(sea, 0.4))
    for i in range(count):
        x, y = 80 + 160 * (i % 3), 105 + 160 * (i // 3)
        c.blob(
            _shore(c, (x + c.random.uniform(-12, 12), y), 66, 58),
            mix(shade(c, names[i % len(names)]), WHITE, 0.25),
        )
    colours = listed(names)
    return (
        f"a world map with {NUMBERS[count]} continents in {colours}",
        f"{NUMBERS[count]} lands in a blue ocean with a grid of lines",
        f"continents in {colours} on a map of an unknown world",
        "oceans and continents with latitude and longitude",
        f"an atlas page showing {NUMBERS[count]} large islands",
    )


def _countries(c: Canvas) -> Captions:
    names, lands = c.random.sample(BRIGHT, 4), c.random.sample(NAMES, 4)
    c.rectangle((0, 0, WIDTH, HEIGHT), (196, 222, 240))
    x, y = 240 + c.random.uniform(-40, 40), 180 + c.random.uniform(-30, 30)
    shore = _shore(c, (240, 180), 200, 150)
    for i in range(4):
        part = [(x, y), *(shore[(i * 4 + k) % 16] for k in range(5))]
        c.polygon(part, mix(shade(c, names[i]), WHITE, 0.35))
        c.line([*part, part[0]], 2, WHITE)
        cx, cy = (sum(p[k] for p in part) / 6 for k in (0, 1))
        c.text((cx, cy), lands[i], 15)
    return (
        f"a political map of four countries in {listed(names)}",
        "four neighbouring states with borders on a map",
        f"countries coloured {listed(names)}",
        "a map of regions, each in its own colour",
        "a land divided into four named parts",
    )


def _floor_plan(c: Canvas) -> Captions:
    c.rectangle((0, 0, WIDTH, HEIGHT), c.random.choice([WHITE, (246, 244, 236), (228, 238, 248)]))
    ink = c.random.choice([INK, (30, 70, 140)])
    split, across = c.random.uniform(200, 280), c.random.uniform(150, 210)
    rooms = c.random.sample(("Kitchen", "Bedroom", "Bath", "Living", "Office", "Hall", "Storage"), 4)
    boxes = (
        (40, 40, split, across),
        (split, 40, 440, across),
        (40, across, split, 320),
        (split, across, 440, 320),
    )
    filled = chance(c, 0.5)
    for room, (x0, y0, x1, y1) in zip(rooms, boxes, strict=True):
        if filled:
            c.rectangle((x0, y0, x1, y1), jitter(c, (226, 222, 206), 18))
        c.line([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0), (x1, y0)], 6, ink)
        c.text(((x0 + x1) / 2, (y0 + y1) / 2), room, 16, ink)
    for y in (across - 60, across + 50):
        c.line([(split, y - 18), (split, y + 18)], 8, WHITE)
        c.ring((split - 36, y - 54, split + 36, y + 18), 1.6, ink, 0, 90)
    for x0, y0, x1, y1 in ((90, 40, 140, 40), (330, 320, 390, 320), (40, 240, 40, 280)):
        c.line([(x0, y0), (x1, y1)], 7, (130, 180, 226))
    shown = listed([room.lower() for room in rooms])
    return (
        f"a floor plan of a flat with {shown}",
        "the plan of a building with four rooms, doors and windows",
        f"an architect's drawing of rooms: {shown}",
        f"rooms from above with walls in {'blue' if ink != INK else 'black'}",
        "the layout of a home with four rooms",
    )


KINDS: tuple[Kind, ...] = (
    Kind("island map", _island_map),
    Kind("underground plan", _metro),
    Kind("hiking map", _hiking),
    Kind("weather map", _weather),
    Kind("street map", _streets),
    Kind("treasure map", _treasure),
    Kind("world map", _world),
    Kind("map of countries", _countries),
    Kind("floor plan", _floor_plan),
)
