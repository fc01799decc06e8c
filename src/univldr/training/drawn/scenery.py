"""Landscapes and places, with nobody in them."""

from __future__ import annotations

from univldr.canvas import HEIGHT, WIDTH, Canvas, darker, lighter
from univldr.training.drawn import backdrops as b
from univldr.training.drawn import elements as e
from univldr.training.drawn import views
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.words import choose, number


def _meadow(c: Canvas) -> Captions:
    when = b.meadow(c, "dddcg").when
    return choose(
        c.random, "a wide green meadow", "green grass and sky", "an empty grassy field",
        "a lawn without anybody", "open country with green grass", "a green landscape in the daytime",
            when=when,
    )  # fmt: skip


def _flowers(c: Canvas) -> Captions:
    place = b.blossoms(c)
    name = place.where[0].split()[1]
    return choose(
        c.random, f"a field full of {name} flowers", f"many {name} flowers in the grass", "a blooming meadow",
        f"{name} blossoms on a green meadow", f"wild {name} flowers growing outdoors",
            "a flower field in spring",
        when=place.when,
    )  # fmt: skip


def _palms(c: Canvas) -> Captions:
    r = c.random
    when = b.beach(c, palms=False).when
    count = r.randint(1, 4)
    for i in range(count):
        e.palm(c, (r.uniform(70, 120) + i * 90, r.uniform(250, 330)), r.uniform(140, 200), r.uniform(-36, 36))
    palms = number(count, "palm tree", "palm trees")
    return choose(
        r, f"{palms} on a sandy shore by the blue sea", f"{palms} at the seaside",
            "a tropical beach with sand and sea",
        "palms on the coast", "a holiday beach with palm leaves", f"sand, waves and {palms}", when=when,
    )  # fmt: skip


def _seashore(c: Canvas) -> Captions:
    when = b.beach(c, palms=False).when
    return choose(
        c.random, "an empty sandy beach by the sea", "waves running up the sand", "the sea shore",
            "a quiet coast with sand",
        "sea water and sand", "a beach without people", when=when,
    )  # fmt: skip


def _sunset(c: Canvas) -> Captions:
    r = c.random
    horizon = r.uniform(160, 230)
    e.sky(c, horizon, "s")
    c.rectangle((0, horizon, WIDTH, HEIGHT), (214, 140, 100), (120, 70, 90))
    c.mirror(horizon, min(horizon, HEIGHT - horizon), 0.25)
    e.waves(c, horizon, HEIGHT, (255, 214, 150), 30)
    for _ in range(r.randint(0, 3)):
        e.cloud(c, (r.uniform(30, 450), r.uniform(20, 90)), r.uniform(20, 40), (216, 130, 120))
    return choose(
        r, "the sun sets over the sea in an orange sky", "a sunset over water",
            "evening at the ocean with a low sun",
        "the sun going down at the horizon", "an orange evening sky above the water",
            "the last light of the day on the sea",
    )  # fmt: skip


def _sea(c: Canvas) -> Captions:
    when = b.sea(c, "dddcg").when
    return choose(
        c.random, "the open sea with small waves", "nothing but water and sky", "the wide ocean",
            "waves on the sea",
        "water up to the horizon", when=when,
    )  # fmt: skip


def _snowy_peaks(c: Canvas) -> Captions:
    r = c.random
    _, when = e.sky(c, 300, "dddcs")
    e.peaks(
        c,
        310,
        r.uniform(190, 260),
        r.choice(((110, 118, 140), (120, 106, 104))),
        snow=r.uniform(0.4, 0.75),
        count=r.randint(2, 4),
    )
    e.land(c, r.uniform(285, 310), r.choice((*b.GREENS, (236, 240, 248))))
    return choose(
        r, "high mountains with snow on their peaks", "white mountain tops", "a mountain range with snow",
            "steep rocky mountains",
        "an alpine landscape", "snow on the summits of the mountains", when=when,
    )  # fmt: skip


def _mountains(c: Canvas) -> Captions:
    r = c.random
    _, when = e.sky(c, 270, "dcgs")
    e.peaks(c, 280, r.uniform(150, 220), r.choice(((134, 112, 98), (98, 108, 124), (150, 96, 76))), snow=0)
    e.land(c, 265, r.choice((*b.GREENS, (170, 150, 110))))
    for _ in range(r.randint(0, 9)):
        e.conifer(c, (r.uniform(0, WIDTH), r.uniform(275, 310)), r.uniform(30, 60))
    return choose(
        r, "bare rocky mountains behind a plain", "mountains without snow", "a row of pointed mountains",
            "a rocky mountain landscape",
        "high peaks of rock", when=when,
    )  # fmt: skip


def _forest(c: Canvas) -> Captions:
    b.forest(c)
    return choose(
        c.random, "a green forest with many trees", "inside the woods", "tall trees standing close together",
            "a forest in summer",
        "trees and more trees", "a dense green wood",
    )  # fmt: skip


def _autumn(c: Canvas) -> Captions:
    r = c.random
    _, when = e.sky(c, 200, "ddcg")
    e.land(c, 210, (150, 140, 74))
    for x in range(10, 480, r.randint(46, 80)):
        leaf = r.choice(((214, 110, 40), (226, 160, 50), (190, 70, 44)))
        e.tree(c, (x + r.uniform(-10, 10), r.uniform(222, 260)), r.uniform(110, 180), leaf)
    for _ in range(60):
        left, y = r.uniform(0, WIDTH), r.uniform(235, HEIGHT)
        c.ellipse((left, y, left + 7, y + 4), r.choice(((214, 110, 40), (226, 160, 50), (180, 66, 44))))
    return choose(
        r, "autumn trees with orange and yellow leaves", "a wood in the fall",
            "fallen leaves under colourful trees",
        "trees with orange leaves", "an autumn landscape", when=when,
    )  # fmt: skip


def _winter_wood(c: Canvas) -> Captions:
    r = c.random
    _, when = e.sky(c, 210, "dgg")
    e.land(c, 200, (238, 242, 248))
    for y in sorted(r.uniform(204, 300) for _ in range(r.randint(8, 16))):
        e.conifer(c, (r.uniform(0, WIDTH), y), r.uniform(80, 150), snow=True)
    if r.random() < 0.5:
        e.flakes(c, 110)
        when = ("while it is snowing",)
    return choose(
        r, "fir trees covered with snow", "a white winter forest", "snow on the ground and on the trees",
            "a snowy wood",
        "conifers in winter", "a cold winter landscape with trees", when=when,
    )  # fmt: skip


def _desert(c: Canvas) -> Captions:
    place = b.desert(c)
    more = ("cactuses growing in sand",) if "cactuses" in place.where[0] else ("dunes of sand",)
    first = "a dry desert with cactuses" if "cactuses" in place.where[0] else "an empty sandy desert"
    return choose(
        c.random,
        first,
        *more,
        "a hot desert landscape",
        "nothing but sand",
        "sand as far as one can see",
        "a desert",
        when=place.when,
    )


def _lake(c: Canvas) -> Captions:
    place = b.lake(c)
    mountains = "mountains" in place.where[1]
    first = (
        "a calm lake with trees and mountains behind it"
        if mountains
        else "a calm lake with trees on its shore"
    )
    return choose(
        c.random, first, "trees reflected in the still water", "a quiet lake",
            "fir trees at the edge of a lake",
        "water with a wooded shore", "a peaceful lake landscape", when=place.when,
    )  # fmt: skip


def _street(c: Canvas) -> Captions:
    place = b.street(c)
    behind = place.where[-1].split()[-2:]
    houses = "tall buildings" if "tall" in behind else "houses"
    return choose(
        c.random, f"an empty street with {houses}", f"a row of colourful {houses}", "a road in a town",
            "a city road without cars",
        f"{houses} along a street", when=place.when,
    )  # fmt: skip


def _city_night(c: Canvas) -> Captions:
    b.city_night(c)
    return choose(
        c.random, "a city at night with lit windows and street lamps", "tall buildings after dark",
            "lights in the windows of a city",
        "the skyline of a town by night", "a dark street with glowing lamps",
    )  # fmt: skip


def _park(c: Canvas) -> Captions:
    when = b.park(c).when
    return choose(
        c.random, "a park with trees and a path", "a path through a park",
            "a row of green trees behind a lawn", "a quiet public garden",
        "grass, trees and a sandy path", when=when,
    )  # fmt: skip


def _savanna(c: Canvas) -> Captions:
    when = b.savanna(c).when
    return choose(
        c.random, "a dry grassland in Africa", "the savanna with dry grass", "a plain of dry grass",
            "a hot dry plain",
        "dry country", when=when,
    )  # fmt: skip


def _seabed(c: Canvas) -> Captions:
    b.underwater(c)
    return choose(
        c.random, "a view under water in the blue sea", "deep blue water lit from above",
            "below the surface of the ocean",
        "an underwater view without fish", "light falling into the sea",
    )  # fmt: skip


def _icebergs(c: Canvas) -> Captions:
    when = b.ice(c).when
    return choose(
        c.random, "icebergs in a cold sea behind white ice", "ice and snow at the pole",
            "an arctic landscape",
        "icebergs in the water", "frozen land by the sea", when=when,
    )  # fmt: skip


def _night(c: Canvas) -> Captions:
    when = b.night_camp(c).when
    moon = any("moon" in phrase for phrase in when)
    first = "the full moon over dark hills" if moon else "a sky full of stars over dark hills"
    return choose(
        c.random, f"{first} at night", "a dark landscape by night", "stars in the night sky",
            "night over the countryside", first,
        "moonlight over the hills" if moon else "a clear starry sky",
    )  # fmt: skip


def _clouds(c: Canvas) -> Captions:
    r = c.random
    c.rectangle((0, 0, WIDTH, HEIGHT), (70, 140, 220), (180, 218, 244))
    for y in sorted(r.uniform(30, 330) for _ in range(r.randint(4, 9))):
        e.cloud(c, (r.uniform(0, WIDTH), y), r.uniform(30, 64))
    return choose(
        r,
        "white clouds in a blue sky",
        "a cloudy sky",
        "fluffy white clouds",
        "clouds drifting by",
        "looking up at the sky with clouds",
    )


def _farm(c: Canvas) -> Captions:
    when = b.farm(c).when
    return choose(
        c.random, "a red barn behind a white fence", "a farm with a barn", "a red building on green grass",
            "a barn in the countryside",
        "a fence and a farm building", when=when,
    )  # fmt: skip


def _room(c: Canvas) -> Captions:
    place = b.room(c)
    wall = next((w for w in place.where if "walls" in w), "in a room with white walls").removeprefix("in ")
    window = " and a window" if "window" in place.where[0] else ""
    return choose(
        c.random, f"an empty {wall[2:]}{window}", "a room without furniture", wall, "a bare floor and a wall",
            "inside an empty house",
        "an empty room",
    )  # fmt: skip


def _rolling(c: Canvas) -> Captions:
    r = c.random
    _, when = e.sky(c, 190, "dddcs")
    for i in range(4):
        green = r.choice(b.GREENS)
        e.hills(c, 210 + 44 * i, lighter(green, 0.25 - 0.1 * i) if i < 3 else green, 70)
    road = r.random() < 0.6
    if road:
        x = r.uniform(150, 330)
        c.blob(
            [(x - 4, 236), (x + 6, 236), (x + 40, 280), (x + 10, 372), (x - 110, 372), (x - 14, 290)],
            (226, 208, 164),
            (190, 168, 124),
        )
    first = "a road winding through green hills" if road else "green rolling hills"
    return choose(
        r, first, "hilly countryside", "a green hilly landscape",
            "a path over the hills" if road else "soft round hills",
        "hills covered with grass", when=when,
    )  # fmt: skip


def _village(c: Canvas) -> Captions:
    r = c.random
    _, when = e.sky(c, 200, "ddcs")
    green = r.choice(b.GREENS)
    e.hills(c, 214, darker(green, 0.15), 70)
    e.land(c, 208, green)
    count = r.randint(1, 5)
    for i in range(count):
        x = 40 + (i + 0.5) * 400 / count - 40
        e.house(
            c,
            x,
            r.uniform(236, 290),
            r.uniform(56, 84),
            r.choice(((244, 236, 214), (236, 210, 180), (214, 224, 232))),
            (176, 66, 50),
        )
    houses = number(count, "house", "houses")
    first = (
        f"{houses} with red roofs in green country"
        if count > 1
        else "a house with a red roof in green country"
    )
    return choose(
        r, first, "a small village" if count > 2 else "a home in the country", "a red roof among green hills",
            f"{houses} on the grass",
        "living in the countryside", when=when,
    )  # fmt: skip


KINDS: tuple[Kind, ...] = (
    Kind("meadow", _meadow),
    Kind("flower field", _flowers),
    Kind("palm beach", _palms),
    Kind("seashore", _seashore),
    Kind("sunset over the sea", _sunset),
    Kind("open sea", _sea),
    Kind("snowy peaks", _snowy_peaks),
    Kind("rocky mountains", _mountains),
    Kind("forest", _forest),
    Kind("autumn trees", _autumn),
    Kind("winter wood", _winter_wood),
    Kind("desert", _desert),
    Kind("lake", _lake),
    Kind("street", _street),
    Kind("city at night", _city_night),
    Kind("park", _park),
    Kind("savanna", _savanna),
    Kind("under water", _seabed),
    Kind("icebergs", _icebergs),
    Kind("night sky", _night),
    Kind("clouds", _clouds),
    Kind("barn", _farm),
    Kind("empty room", _room),
    Kind("hills", _rolling),
    Kind("village", _village),
    *views.KINDS,
)
