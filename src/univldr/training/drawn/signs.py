"""Signs on roads and in buildings: what they look like and what they mean."""

from __future__ import annotations

from collections.abc import Callable

from univldr.canvas import HEIGHT, WHITE, WIDTH, Canvas, mix
from univldr.training.drawn import symbols
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.palette import BRIGHT, COLOURS, a, backdrop, chance, jitter, shade, sky
from univldr.training.drawn.symbols import BLUE, INK, POLE, RED

Symbol = Callable[[Canvas], None]
"""Draws what is on a sign, about (0, 0), within 100 units to every side."""


TABLE: tuple[tuple[str, Symbol, str, str, str], ...] = (
    (
        "stop sign",
        symbols.stop,
        "an eight-sided red sign",
        "drivers must stop here",
        "STOP in white letters on red",
    ),
    (
        "give way sign",
        symbols.give_way,
        "a red and white triangle standing on its tip",
        "yield: let other cars go first",
        "an upside-down triangle with a red edge",
    ),
    (
        "no entry sign",
        symbols.no_entry,
        "a red disc with a white bar",
        "do not drive in here",
        "a traffic sign that forbids entering",
    ),
    (
        "no parking sign",
        symbols.no_parking,
        "a blue disc with a red edge and a red diagonal line",
        "cars must not park here",
        "a round blue and red traffic sign",
    ),
    (
        "parking sign",
        symbols.parking,
        "a white letter P on a blue square",
        "cars may park here",
        "this way to the car park",
    ),
    (
        "hospital sign",
        symbols.hospital,
        "a blue square sign for a hospital",
        "doctors and help for the sick are near",
        "the way to the hospital",
    ),
    (
        "pedestrian crossing sign",
        symbols.crossing,
        "a walking figure in a white triangle on blue",
        "people cross the road on foot here",
        "zebra crossing ahead",
    ),
    (
        "school children sign",
        symbols.children,
        "two walking figures in a red triangle",
        "watch out for children on the road",
        "a school is near",
    ),
    (
        "road works sign",
        symbols.works,
        "a triangle with a man digging",
        "roadworks ahead, men at work",
        "a digging worker on a warning triangle",
    ),
    (
        "traffic lights sign",
        symbols.lights,
        "red, yellow and green dots in a red triangle",
        "traffic lights ahead",
        "a signal pictured on a warning triangle",
    ),
    (
        "bend sign",
        symbols.bend,
        "a bent black arrow in a red triangle",
        "a curve in the road ahead",
        "slow down before the bend",
    ),
    (
        "slippery road sign",
        symbols.slippery,
        "a skidding car in a red triangle",
        "the road may be slippery",
        "careful, cars slide here",
    ),
    (
        "high voltage sign",
        symbols.voltage,
        "a black lightning bolt in a yellow triangle",
        "danger of electric shock",
        "electricity, do not touch",
    ),
    (
        "warning sign",
        symbols.attention,
        "an exclamation mark in a triangle",
        "attention, danger",
        "be careful here",
    ),
    (
        "poison sign",
        symbols.poison,
        "a skull and crossbones in a yellow triangle",
        "toxic, danger of death",
        "a black skull warns of poison",
    ),
    (
        "wet floor sign",
        symbols.wet_floor,
        "a yellow board with a falling man",
        "caution, the floor is slippery and wet",
        "somebody has just mopped",
    ),
    (
        "emergency exit sign",
        symbols.exit,
        "a green panel with a running figure and a door",
        "the way out in a fire",
        "EXIT in white on green",
    ),
    (
        "toilet sign",
        symbols.toilets,
        "a man and a woman side by side on a panel",
        "restrooms for men and women",
        "the way to the bathroom",
    ),
    (
        "wheelchair sign",
        symbols.wheelchair,
        "a white figure in a wheelchair on blue",
        "access for disabled people",
        "a blue square for wheelchair users",
    ),
    (
        "recycling sign",
        symbols.recycling,
        "three green arrows chasing each other in a ring",
        "waste that can be used again",
        "recycle your rubbish here",
    ),
    (
        "first aid sign",
        symbols.first_aid,
        "a white cross on a green square",
        "bandages and medical help are kept here",
        "a green first aid symbol",
    ),
    (
        "cycle path sign",
        symbols.cycle_way,
        "a white bicycle on a blue disc",
        "a lane for bikes only",
        "cyclists ride here",
    ),
    (
        "roundabout sign",
        symbols.roundabout,
        "three white arrows in a circle on blue",
        "traffic goes round in a circle",
        "a round blue traffic sign with arrows",
    ),
    (
        "no dogs sign",
        symbols.no_dogs,
        "a crossed-out dog in a red ring",
        "dogs are not allowed",
        "pets must stay outside",
    ),
    (
        "no phones sign",
        symbols.no_phones,
        "a crossed-out mobile phone in a red ring",
        "phones must be switched off",
        "calling is forbidden here",
    ),
    (
        "wireless internet sign",
        symbols.wifi,
        "white arcs above a dot",
        "there is Wi-Fi here",
        "a symbol of radio waves",
    ),
    (
        "no smoking sign",
        symbols.no_smoking,
        "a crossed-out cigarette in a red ring",
        "smoking is forbidden",
        "put out your cigarette",
    ),
    (
        "animal crossing sign",
        symbols.animals,
        "a black cow in a warning triangle",
        "cattle may walk onto the road",
        "drivers should look out for animals",
    ),
    (
        "airport sign",
        symbols.airport,
        "a white plane on a blue square",
        "the way to the planes",
        "an airfield is near",
    ),
    (
        "lift sign",
        symbols.lift,
        "three people in a box below two arrows",
        "an elevator up and down",
        "people standing in a lift",
    ),
)


def _stand(c: Canvas) -> tuple[Canvas, str]:
    """Where a sign hangs or stands, drawn; returns the view on its middle, and the place in words."""
    place = c.random.choice(("plain", "plain", "road", "wall"))
    x, zoom = c.random.uniform(190, 290), c.random.uniform(0.85, 1.15)
    if place == "plain":
        where = f"on a {backdrop(c)} background"
        return c.view(240, 180, zoom * 1.2), where
    if place == "wall":
        tone = jitter(c, c.random.choice([(214, 206, 194), (176, 186, 192), (178, 96, 74), (226, 222, 214)]))
        c.rectangle((0, 0, WIDTH, HEIGHT), tone, mix(tone, (0, 0, 0), 0.15))
        if tone[0] - tone[2] > 60:
            for y in range(0, HEIGHT, 24):
                c.line([(0, y), (WIDTH, y)], 1.5, mix(tone, WHITE, 0.35))
                for i in range(0, WIDTH, 60):
                    c.line([(i + y % 48, y), (i + y % 48, y + 24)], 1.5, mix(tone, WHITE, 0.35))
            return c.view(x, 170, zoom), "on a brick wall"
        return c.view(x, 170, zoom), "on a wall"
    horizon = c.random.uniform(230, 270)
    above = sky(c, horizon)
    c.rectangle((0, horizon, WIDTH, HEIGHT), jitter(c, (100, 156, 78)), (70, 120, 60))
    side = 110 if x > 240 else 370
    c.polygon(
        [(side - 6, horizon), (side + 6, horizon), (side + 130, HEIGHT), (side - 130, HEIGHT)],
        (104, 106, 112),
    )
    c.rectangle((x - 5, 150, x + 5, HEIGHT), (190, 194, 200), POLE)
    return c.view(x, 135, zoom * 0.95), f"on a pole beside a road under {a(above)}"


def _sign(name: str, symbol: Symbol, look: str, meaning: str, more: str) -> Kind:
    def paint(c: Canvas) -> Captions:
        v, where = _stand(c)
        symbol(v)
        return f"{a(name)} {where}", f"{a(name)}: {meaning}", look, more, f"{look} {where}"

    return Kind(name, paint)


def _speed_limit(c: Canvas) -> Captions:
    v, where = _stand(c)
    limit = c.random.choice((20, 30, 40, 50, 60, 70, 80, 100, 120))
    symbols.disc(v, WHITE, RED)
    v.text((0, 0), str(limit), 84 if limit < 100 else 66, INK)
    return (
        f"a speed limit sign of {limit} {where}",
        f"maximum speed {limit}",
        f"the number {limit} in a red ring",
        f"do not drive faster than {limit}",
        f"a round traffic sign with a red edge says {limit}",
    )


def _one_way(c: Canvas) -> Captions:
    v, where = _stand(c)
    way = c.random.choice(("left", "right"))
    field, name = c.random.choice(((BLUE, "blue"), (INK, "black")))
    symbols.panel(v, field, (130, 58))
    if chance(c, 0.5):
        symbols.arrow(v, 62, WHITE, way)
        return (
            f"a white arrow to the {way} on a {name} sign {where}",
            f"a one-way street towards the {way}",
            f"an arrow sign pointing {way}",
            f"traffic may only go {way}",
            f"a {name} panel with an arrow",
        )
    v.polygon(
        [
            (s * (-1 if way == "left" else 1), y)
            for s, y in ((-112, -22), (70, -22), (70, -40), (118, 0), (70, 40), (70, 22), (-112, 22))
        ],
        WHITE,
    )
    v.text((0, 0), "ONE WAY", 34, field)
    return (
        f"a one way sign with an arrow to the {way} {where}",
        f"ONE WAY, all traffic goes {way}",
        f"a {name} and white street sign pointing {way}",
        f"an arrow to the {way} with the words one way",
        "a traffic sign for a one-way road",
    )


def _direction(c: Canvas) -> Captions:
    v, where = _stand(c)
    goal = c.random.choice(
        ("Beach", "Station", "Museum", "City Centre", "Zoo", "Harbour", "Market", "Castle", "Campsite")
    )
    colour, way, far = (
        c.random.choice((*BRIGHT, "brown")),
        c.random.choice(("left", "right")),
        c.random.randint(2, 90),
    )
    field, side = shade(c, colour), -1 if way == "left" else 1
    v.polygon([(side * x, y) for x, y in ((-140, -52), (104, -52), (146, 0), (104, 52), (-140, 52))], field)
    light = sum(COLOURS[colour]) > 400
    v.text((0, -14), goal, 36, INK if light else WHITE)
    v.text((0, 24), f"{far} km", 28, INK if light else WHITE)
    return (
        f"{a(colour)} signpost to the {goal.lower()}, {far} kilometres to the {way}",
        f"this way to the {goal.lower()}",
        f"a direction sign pointing {way} {where}",
        f"{colour} road sign: {goal}, {far} km",
        f"an arrow-shaped sign shows the way to the {goal.lower()}",
    )


KINDS: tuple[Kind, ...] = (
    *(_sign(*row) for row in TABLE),
    Kind("speed limit sign", _speed_limit),
    Kind("arrow sign", _one_way),
    Kind("direction sign", _direction),
)
