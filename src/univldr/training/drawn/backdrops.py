"""Places to put a figure in, each with the phrases that are true of it."""

from __future__ import annotations

from collections.abc import Callable

from univldr.canvas import HEIGHT, WIDTH, Canvas, darker, lighter
from univldr.training.drawn import elements as e
from univldr.training.drawn.brush import COLOURS, tone
from univldr.training.drawn.words import Place

GREENS = ((96, 168, 70), (120, 180, 84), (78, 146, 62), (138, 178, 74), (70, 150, 90))


def meadow(c: Canvas, times: str = "dddcgs") -> Place:
    """Grass, sometimes with hills or trees behind."""
    r = c.random
    top = r.uniform(150, 220)
    _, when = e.sky(c, top, times)
    green = r.choice(GREENS)
    if r.random() < 0.5:
        e.hills(c, top + 6, darker(green, 0.15), r.uniform(25, 60))
    e.land(c, top, green)
    if r.random() < 0.4:
        for x in (r.uniform(0, 120), r.uniform(360, 480)):
            e.tree(c, (x, top + r.uniform(4, 20)), r.uniform(60, 110), darker(green, 0.2))
    for _ in range(r.choice((0, 18, 40))):
        x, y = r.uniform(0, WIDTH), r.uniform(top + 14, HEIGHT)
        c.stroke([(x, y), (x + r.uniform(-3, 3), y - 9)], 2, darker(green, 0.22), end=0.6)
    return Place("meadow", ("in a green meadow", "on the grass", "in a grassy field", "on green grass"), when)


def blossoms(c: Canvas) -> Place:
    """A meadow full of flowers of one colour."""
    r = c.random
    top = r.uniform(140, 200)
    _, when = e.sky(c, top, "ddcg")
    e.land(c, top, r.choice(GREENS))
    name = r.choice(("red", "yellow", "pink", "purple", "white", "orange", "blue"))
    e.flowers(c, top + 8, tone(r, name), r.randint(50, 90))
    return Place(
        "flowers",
        (f"among {name} flowers", "in a field of flowers", f"in a meadow full of {name} flowers"),
        when,
    )


def beach(c: Canvas, *, palms: bool | None = None) -> Place:
    """Sand, the sea behind it, sometimes palms."""
    r = c.random
    horizon, shore = r.uniform(110, 150), r.uniform(190, 235)
    _, when = e.sky(c, horizon, "dddcs")
    c.rectangle((0, horizon, WIDTH, shore + 20), r.choice(((40, 110, 180), (30, 130, 170))), (90, 190, 205))
    e.waves(c, horizon, shore - 4, (200, 232, 238))
    edge = [(x, shore + r.uniform(-8, 8)) for x in range(-20, 521, 90)]
    c.stroke(edge, 9, (242, 248, 248))
    sand = r.choice(((232, 208, 150), (240, 222, 176), (220, 190, 130)))
    c.blob([*[(x, y + 4) for x, y in edge], (560, 420), (-60, 420)], lighter(sand, 0.15), darker(sand, 0.08))
    c.rectangle((0, shore + 24, WIDTH, HEIGHT), sand, darker(sand, 0.08))
    where: tuple[str, ...] = ("on a sandy beach", "on the beach by the sea", "at the seaside", "on the sand")
    if palms or (palms is None and r.random() < 0.35):
        for _ in range(r.randint(1, 3)):
            x = r.choice((r.uniform(10, 130), r.uniform(350, 470)))
            e.palm(c, (x, r.uniform(shore + 15, 320)), r.uniform(130, 200), r.uniform(-40, 40))
        where = ("on a beach with palms", "under palm trees by the sea", *where[:2])
    return Place("beach", where, when, (shore + 45, 340))


def sea(c: Canvas, times: str = "dddcgs") -> Place:
    """Open water to the horizon."""
    r = c.random
    horizon = r.uniform(100, 170)
    time, when = e.sky(c, horizon, times)
    low, high = {"s": ((60, 50, 90), (220, 120, 90)), "g": ((60, 84, 100), (130, 150, 160))}.get(
        time, ((20, 84, 150), (70, 150, 200))
    )
    c.rectangle((0, horizon, WIDTH, HEIGHT), high, low)
    e.waves(c, horizon, HEIGHT, lighter(high, 0.4), 34)
    return Place(
        "sea", ("on the sea", "in the water", "on the open sea", "in the waves"), when, (horizon + 70, 280)
    )


def lake(c: Canvas) -> Place:
    """Calm water below a wooded or mountainous shore."""
    r = c.random
    horizon = r.uniform(130, 180)
    _, when = e.sky(c, horizon, "dddcs")
    mountains = r.random() < 0.5
    if mountains:
        e.peaks(c, horizon, r.uniform(70, 110), (110, 116, 134), snow=r.choice((0.0, 0.35)))
    for x in range(-10, 500, r.randint(16, 26)):
        e.conifer(c, (x + r.uniform(-6, 6), horizon + 2), r.uniform(22, 52), (44, 94, 66))
    c.mirror(horizon, min(horizon, 120), 0.35)
    c.rectangle((0, horizon + min(horizon, 120), WIDTH, HEIGHT), (46, 100, 138))
    c.veil((0, horizon, WIDTH, horizon + min(horizon, 120)), (46, 100, 138), 0.1, 1)
    e.waves(c, horizon, HEIGHT, (170, 206, 222), 18)
    around = "mountains and trees" if mountains else "trees"
    return Place(
        "lake",
        ("on a calm lake", f"on a lake with {around} behind", "on the water"),
        when,
        (horizon + 70, 290),
    )


def snow(c: Canvas) -> Place:
    """A field of snow, sometimes with firs, mountains or falling flakes."""
    r = c.random
    top = r.uniform(150, 210)
    _, when = e.sky(c, top, "ddgg")
    if r.random() < 0.45:
        e.peaks(c, top + 8, r.uniform(60, 120), (120, 130, 152), snow=0.6)
    e.land(c, top, (236, 241, 248))
    if r.random() < 0.6:
        for _ in range(r.randint(3, 8)):
            e.conifer(
                c,
                (r.choice((r.uniform(0, 150), r.uniform(330, 480))), top + r.uniform(2, 26)),
                r.uniform(50, 110),
                snow=True,
            )
    if r.random() < 0.4:
        e.flakes(c, 90)
        when = ("while snow is falling", "in falling snow", "in winter")
    return Place(
        "snow", ("in a snowy field", "on white snow", "in the cold white snow", "in deep winter snow"), when
    )


def mountains(c: Canvas) -> Place:
    """Peaks above grass or rock."""
    r = c.random
    top = r.uniform(200, 250)
    _, when = e.sky(c, top, "dddcs")
    snowy = r.random() < 0.5
    rock = r.choice(((120, 124, 140), (134, 112, 98), (98, 108, 124)))
    e.peaks(c, top + 6, r.uniform(130, 190), rock, snow=0.4 if snowy else 0)
    e.land(c, top, r.choice((*GREENS, (150, 140, 124))))
    kind = "snowy mountains" if snowy else "mountains"
    return Place("mountains", (f"in front of {kind}", "in the mountains", f"below high {kind}"), when)


def forest(c: Canvas) -> Place:
    """Trunks and crowns on dark ground."""
    r = c.random
    c.rectangle(
        (0, 0, WIDTH, 240), r.choice(((150, 190, 140), (120, 168, 130), (190, 206, 160))), (74, 118, 74)
    )
    firs = r.random() < 0.4
    for depth in range(3):
        dim = 0.35 - depth * 0.15
        for _ in range(7):
            x, y = r.uniform(-10, 490), 196 + depth * 16
            leaf = lighter((44, 104, 58), dim)
            if firs:
                e.conifer(c, (x, y), r.uniform(130, 200), leaf)
            else:
                c.stroke([(x, y), (x + r.uniform(-5, 5), -10)], 9 + depth * 4, lighter((92, 68, 50), dim))
    if not firs:
        for _ in range(26):
            at, green = (r.uniform(-10, 490), r.uniform(-20, 76)), (60, 128 + r.randint(-20, 30), 58)
            c.circle(at, r.uniform(24, 44), lighter(green, 0.08), darker(green, 0.18))
    e.land(c, 222, r.choice(((84, 116, 56), (104, 96, 60), (70, 104, 60))))
    return Place("forest", ("in a green forest", "in the woods", "among the trees of a forest"), ())


def desert(c: Canvas) -> Place:
    """Dunes, sometimes with cactuses or dry hills."""
    r = c.random
    top = r.uniform(150, 210)
    _, when = e.sky(c, top, "ddds")
    sand = r.choice(((222, 178, 108), (206, 150, 90), (232, 196, 130)))
    e.hills(c, top + 8, darker(sand, 0.12), r.uniform(20, 60))
    e.land(c, top, sand)
    where: tuple[str, ...] = ("in the desert", "on desert sand", "in a hot dry desert")
    if r.random() < 0.4:
        for _ in range(r.randint(1, 3)):
            e.cactus(
                c,
                r.choice((r.uniform(20, 120), r.uniform(360, 460))),
                r.uniform(top + 20, 300),
                r.uniform(50, 90),
            )
        where = ("in a desert with cactuses", *where)
    return Place("desert", where, when)


def savanna(c: Canvas) -> Place:
    """Dry yellow grass with flat-topped trees."""
    r = c.random
    top = r.uniform(170, 215)
    _, when = e.sky(c, top, "ddcs")
    e.land(c, top, r.choice(((206, 176, 90), (190, 164, 80), (214, 186, 110))))
    for _ in range(r.randint(0, 3)):
        x, y, h = (
            r.choice((r.uniform(20, 140), r.uniform(340, 460))),
            top + r.uniform(4, 20),
            r.uniform(60, 100),
        )
        c.stroke([(x, y), (x + 3, y - h * 0.7)], 5, (90, 66, 46))
        c.ellipse((x - h * 0.65, y - h, x + h * 0.65, y - h * 0.62), (108, 138, 66), (74, 104, 50))
    return Place("savanna", ("on the dry savanna", "on dry grass", "in the African grassland"), when)


def street(c: Canvas, times: str = "ddcgs") -> Place:
    """A road with a pavement and houses or blocks behind."""
    r = c.random
    _, when = e.sky(c, 190, times)
    x = -20.0
    tall = r.random() < 0.5
    while x < WIDTH:
        wall, w = (
            tone(r, r.choice(("red", "yellow", "brown", "grey", "white", "orange", "blue", "pink"))),
            r.uniform(60, 96),
        )
        wall = lighter(wall, 0.3)
        if tall:
            e.block(c, x, 232, w, r.uniform(110, 210), wall, lit=False)
        else:
            e.house(c, x + 4, 232, w - 10, wall, r.choice(((150, 66, 50), (90, 84, 92), (110, 72, 56))))
        x += w
    c.rectangle((0, 230, WIDTH, 266), (186, 184, 180), (168, 166, 164))
    c.rectangle((0, 264, WIDTH, HEIGHT), (104, 106, 112), (82, 84, 90))
    for x in range(-10, 480, 80):
        c.rectangle((x, 306, x + 44, 311), (236, 234, 222))
    behind = "tall buildings" if tall else "houses"
    return Place(
        "street",
        ("on a city street", f"on a street with {behind}", "in town", f"in front of {behind}"),
        when,
        (285, 338),
    )


def city_night(c: Canvas) -> Place:
    """Lit windows under a dark sky."""
    r = c.random
    _, when = e.sky(c, 240, "n")
    x = -10.0
    while x < WIDTH:
        w = r.uniform(44, 84)
        e.block(
            c, x, 262, w, r.uniform(80, 210), r.choice(((50, 54, 80), (64, 56, 74), (38, 50, 66))), lit=True
        )
        x += w
    c.rectangle((0, 260, WIDTH, HEIGHT), (58, 60, 74), (36, 38, 50))
    for x in (r.uniform(20, 140), r.uniform(340, 460)):
        c.line([(x, 290), (x, 170)], 4, (24, 24, 30))
        c.glow((x, 168), 46, (255, 224, 140), 0.8)
        c.circle((x, 168), 7, (255, 244, 200))
    return Place(
        "city at night",
        ("in a city at night", "on a street with lit windows", "in front of lit buildings"),
        when[:1],
        (292, 335),
    )


def park(c: Canvas) -> Place:
    """Lawn, trees and a path."""
    r = c.random
    _, when = e.sky(c, 180, "ddcg")
    green = r.choice(GREENS)
    for x in range(-20, 500, 44):
        e.tree(c, (x + r.uniform(-12, 12), 194), r.uniform(80, 140), darker(r.choice(GREENS), 0.15))
    e.land(c, 190, green, rough=2)
    y = r.uniform(262, 290)
    c.rectangle((0, y, WIDTH, y + 44), (220, 206, 176), (206, 190, 158))
    return Place(
        "park", ("in a park", "in a park with trees", "on a path in the park"), when, (y + 8, y + 46)
    )


def room(c: Canvas) -> Place:
    """A wall of some colour, a floor, perhaps a window, a picture or a rug."""
    r = c.random
    name = r.choice(("yellow", "blue", "green", "pink", "grey", "white", "orange"))
    wall = lighter(tone(r, name), 0.25)
    c.rectangle((0, 0, WIDTH, 250), wall, darker(wall, 0.06))
    floor = r.choice(((166, 116, 72), (190, 150, 104), (120, 88, 64), (170, 166, 162)))
    c.rectangle((0, 248, WIDTH, HEIGHT), lighter(floor, 0.1), darker(floor, 0.12))
    c.rectangle((0, 244, WIDTH, 251), lighter(wall, 0.6))
    where: tuple[str, ...] = (
        "in a room",
        f"in a room with {name} walls" if name != "white" else "in a bright room",
        "indoors",
        "at home",
    )
    if r.random() < 0.5:
        x = r.choice((40, 330))
        c.rectangle((x, 50, x + 110, 160), (250, 250, 250))
        c.rectangle((x + 7, 57, x + 103, 153), (130, 190, 235), (210, 232, 245))
        c.line([(x + 55, 52), (x + 55, 158)], 5, (250, 250, 250))
        where = ("in a room with a window", *where)
    if r.random() < 0.4:
        c.ellipse((110, 284, 370, 344), lighter(tone(r, r.choice(("red", "blue", "green"))), 0.1))
    return Place("room", where, (), (290, 335))


def plain(c: Canvas, avoid: tuple[str, ...] = ()) -> Place:
    """One colour all over."""
    r = c.random
    name = r.choice([n for n in COLOURS if n not in ("black", "brown", *avoid)])
    colour = tone(r, name)
    light = colour if name == "white" or r.random() < 0.5 else lighter(colour, 0.18)
    c.rectangle((0, 0, WIDTH, HEIGHT), light, darker(light, 0.04))
    c.shadow((110, 300, 370, 352), 0.25)
    return Place(
        "plain",
        (f"on a plain {name} background", f"against a {name} background", f"on {name}"),
        (),
        (318, 330),
    )


def underwater(c: Canvas) -> Place:
    """Blue water with light from above, weed and bubbles."""
    r = c.random
    c.rectangle(
        (0, 0, WIDTH, HEIGHT),
        r.choice(((70, 170, 210), (60, 180, 200), (40, 120, 190))),
        r.choice(((10, 50, 110), (8, 70, 100))),
    )
    for _ in range(4):
        x = r.uniform(0, WIDTH)
        c.glow((x, 0), r.uniform(60, 130), (210, 244, 250), 0.4)
    where: tuple[str, ...] = ("under water", "in the blue sea", "in deep blue water", "in the ocean")
    if r.random() < 0.6:
        c.ellipse((-60, 325, 300, 420), (206, 190, 140), (180, 160, 110))
        c.ellipse((200, 320, 560, 420), (206, 190, 140), (180, 160, 110))
        for _ in range(r.randint(4, 10)):
            x, h = r.uniform(10, 470), r.uniform(40, 120)
            bend = r.uniform(-14, 14)
            c.stroke(
                [(x, 352), (x + bend, 352 - h * 0.5), (x - bend, 352 - h)],
                7,
                r.choice(((40, 130, 80), (70, 150, 70), (170, 70, 90))),
                end=2,
            )
        where = ("under water among sea plants", *where)
    for _ in range(r.randint(0, 14)):
        at, size = (r.uniform(0, WIDTH), r.uniform(20, 320)), r.uniform(3, 8)
        c.ring((at[0] - size, at[1] - size, at[0] + size, at[1] + size), 1.5, (214, 240, 248))
    return Place("underwater", where, (), (150, 240))


def ice(c: Canvas) -> Place:
    """Ice floes and cold sea."""
    r = c.random
    _, when = e.sky(c, 150, "ddcg")
    c.rectangle((0, 148, WIDTH, 240), (90, 150, 180), (60, 120, 160))
    for _ in range(r.randint(2, 4)):
        x, w, h = r.uniform(0, 420), r.uniform(60, 130), r.uniform(30, 80)
        c.polygon(
            [(x, 166), (x + w * 0.3, 166 - h), (x + w * 0.6, 166 - h * 0.6), (x + w, 166)],
            (248, 252, 255),
            (190, 216, 232),
        )
    e.land(c, r.uniform(205, 235), (230, 240, 248), rough=9)
    return Place("ice", ("on the ice", "on white ice by the sea", "on ice in the cold"), when)


def air(c: Canvas) -> Place:
    """Nothing but sky."""
    _, when = e.sky(c, HEIGHT, "dccgs")
    return Place("sky", ("in the sky", "in the air", "high in the air"), when, (170, 230))


def night_camp(c: Canvas) -> Place:
    """Dark land under stars."""
    top = c.random.uniform(190, 230)
    _, when = e.sky(c, top, "n")
    e.hills(c, top + 6, (24, 36, 44), 50)
    e.land(c, top, (44, 62, 48))
    return Place("night", ("in a dark field", "outdoors in the dark", "in the countryside"), when)


def farm(c: Canvas) -> Place:
    """A red barn and a fence on grass."""
    r = c.random
    _, when = e.sky(c, 190, "ddcgs")
    e.land(c, 190, r.choice(GREENS))
    x = r.uniform(20, 330)
    e.barn(c, x)
    e.fence(c)
    return Place(
        "farm", ("on a farm with a red barn", "on a farm", "in front of a red barn", "by a white fence"), when
    )


PLACES: dict[str, Callable[[Canvas], Place]] = {
    "meadow": meadow, "blossoms": blossoms, "beach": beach, "sea": sea, "lake": lake, "snow": snow,
    "mountains": mountains, "forest": forest, "desert": desert, "savanna": savanna, "street": street,
    "city": city_night, "park": park, "room": room, "plain": plain, "underwater": underwater, "ice": ice,
    "air": air, "night": night_camp, "farm": farm,
}  # fmt: skip
