"""Fire, water, weather and buildings in the landscape."""

from __future__ import annotations

import math

from univldr.canvas import HEIGHT, WIDTH, Canvas, Colour, Point, darker, lighter
from univldr.training.drawn import backdrops as b
from univldr.training.drawn import elements as e
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.brush import tone
from univldr.training.drawn.words import choose


def fire(c: Canvas, at: Point, size: float) -> None:
    """Flames on crossed logs, with their glow."""
    r, (x, y) = c.random, at
    c.glow((x, y - size * 0.4), size * 2.6, (255, 160, 60), 0.75)
    for side in (-1, 1):
        c.stroke(
            [(x - side * size * 0.7, y + 3), (x + side * size * 0.6, y - size * 0.14)],
            size * 0.17,
            (96, 62, 40),
        )
    for part, colour in ((1.0, (226, 70, 30)), (0.72, (248, 150, 40)), (0.42, (255, 226, 110))):
        w, h = size * 0.46 * part, size * 1.3 * part
        tip = x + r.uniform(-0.15, 0.15) * size
        c.blob(
            [(x - w, y - h * 0.12), (x - w * 0.9, y - h * 0.45), (x - w * 0.3, y - h * 0.5), (tip, y - h),
             (x + w * 0.4, y - h * 0.55), (x + w * 0.95, y - h * 0.4), (x + w, y - h * 0.1), (x, y)],
            colour,
        )  # fmt: skip


def _campfire(c: Canvas) -> Captions:
    r = c.random
    when = b.night_camp(c).when
    tent = r.random() < 0.5
    if tent:
        x, cloth = r.choice((90, 380)), tone(r, r.choice(("red", "blue", "green", "orange", "yellow")))
        c.polygon([(x - 62, 286), (x, 206), (x + 62, 286)], lighter(cloth, 0.1), darker(cloth, 0.3))
        c.polygon([(x - 16, 286), (x, 222), (x + 16, 286)], darker(cloth, 0.6))
    fire(c, (r.uniform(190, 290), r.uniform(275, 320)), r.uniform(46, 80))
    more = (
        ("a tent beside a burning fire", "camping by a fire")
        if tent
        else ("flames lighting up the dark", "logs burning outdoors")
    )
    first = "a tent and a burning campfire" if tent else "a burning campfire in the dark"
    return choose(
        r, first, *more, "a bonfire", "a wood fire in the night", "bright flames in the darkness", when=when
    )


def _storm(c: Canvas) -> Captions:
    r = c.random
    c.rectangle((0, 0, WIDTH, 260), (40, 42, 60), (96, 100, 118))
    e.land(c, 240, r.choice(((58, 78, 56), (70, 74, 60), (40, 60, 70))))
    for _ in range(8):
        e.cloud(c, (r.uniform(0, WIDTH), r.uniform(10, 80)), r.uniform(36, 66), (86, 88, 102))
    for _ in range(r.randint(1, 2)):
        x, y = r.uniform(120, 360), 90.0
        bolt = [(x, y)]
        while y < 236:
            x, y = x + r.uniform(-26, 26), y + r.uniform(18, 36)
            bolt.append((x, y))
        c.glow(bolt[len(bolt) // 2], 120, (220, 220, 255), 0.4)
        c.line(bolt, 5, (255, 250, 200))
    rain = r.random() < 0.6
    if rain:
        drops(c, 90)
    return choose(
        r, "lightning in a dark stormy sky" + (" with rain" if rain else ""), "a thunderstorm",
            "a flash of lightning over the land",
        "bad weather with dark clouds", "lightning strikes", "a bolt of lightning from black clouds",
    )  # fmt: skip


def drops(c: Canvas, count: int, colour: Colour = (176, 196, 220)) -> None:
    """Falling rain."""
    for _ in range(count):
        x, y = c.random.uniform(0, WIDTH), c.random.uniform(0, HEIGHT)
        c.line([(x, y), (x - 4, y + 15)], 1.5, colour)


def _rain(c: Canvas) -> Captions:
    r = c.random
    c.rectangle((0, 0, WIDTH, 240), (120, 128, 142), (170, 176, 184))
    e.land(c, 220, r.choice(((90, 120, 80), (100, 108, 100))))
    for x in range(30, 470, 90):
        e.tree(c, (x, 238), r.uniform(70, 110), (62, 98, 66))
    for _ in range(5):
        e.cloud(c, (r.uniform(0, WIDTH), r.uniform(20, 70)), r.uniform(36, 60), (150, 156, 168))
    drops(c, 170)
    return choose(
        r,
        "heavy rain falling on trees",
        "a rainy day in the country",
        "it is raining",
        "rain falling from grey clouds",
        "wet grey weather",
    )


def _rainbow(c: Canvas) -> Captions:
    r = c.random
    c.rectangle((0, 0, WIDTH, 260), (110, 160, 210), (200, 220, 232))
    x, y, radius = r.uniform(160, 320), 262, r.uniform(170, 230)
    for i, ink in enumerate(
        ((226, 60, 60), (240, 146, 50), (250, 220, 80), (90, 180, 90), (70, 120, 210), (130, 80, 170))
    ):
        out = radius - i * 8
        c.ring((x - out, y - out, x + out, y + out), 9, ink, 180, 360)
    for _ in range(r.randint(1, 4)):
        e.cloud(c, (r.uniform(20, 460), r.uniform(30, 110)), r.uniform(24, 40))
    water = r.random() < 0.3
    if water:
        c.rectangle((0, 240, WIDTH, HEIGHT), (60, 130, 180), (30, 80, 130))
        e.waves(c, 240, HEIGHT, (170, 206, 226))
    else:
        e.land(c, 240, r.choice(b.GREENS))
    over = "the sea" if water else "green land"
    return choose(
        r, f"a rainbow over {over}", "a colourful rainbow in the sky", "a bow of all colours after the rain",
            "a big rainbow",
        f"a rainbow above {over} with clouds",
    )  # fmt: skip


def _waterfall(c: Canvas) -> Captions:
    r = c.random
    _, when = e.sky(c, 120, "ddcg")
    rock = r.choice(((112, 108, 104), (128, 104, 84), (90, 98, 104)))
    x, w, top = r.uniform(180, 280), r.uniform(26, 60), r.uniform(70, 120)
    for left in range(-20, 480, 40):
        c.rectangle(
            (left, top + r.uniform(-8, 14), left + 46, 300),
            lighter(rock, r.uniform(0, 0.16)),
            darker(rock, r.uniform(0.2, 0.4)),
        )
    c.rectangle((-5, top - 10, x - w, top + 12), (70, 130, 66), radius=8)
    c.rectangle((x + w, top - 10, 485, top + 12), (70, 130, 66), radius=8)
    c.rectangle((0, 286, WIDTH, HEIGHT), (80, 150, 176), (40, 100, 136))
    c.rectangle((x - w, top, x + w, 296), (226, 242, 250), (196, 226, 240))
    for _ in range(16):
        sx = r.uniform(x - w + 3, x + w - 3)
        c.line(
            [(sx, top + r.uniform(4, 60)), (sx, r.uniform(200, 290))],
            2.5,
            r.choice(((255, 255, 255), (160, 204, 226))),
        )
    for _ in range(14):
        c.circle((r.uniform(x - w - 16, x + w + 16), r.uniform(286, 304)), r.uniform(7, 15), (242, 249, 252))
    return choose(
        r, "a waterfall between rocks", "water falling down a cliff", "white water pouring over rocks",
            "a high waterfall",
        "a cascade into a pool", when=when,
    )  # fmt: skip


def _volcano(c: Canvas) -> Captions:
    r = c.random
    time, when = e.sky(c, 300, "dsn")
    x, rock = r.uniform(180, 300), r.choice(((84, 70, 68), (70, 64, 74)))
    for i in range(6):
        smoke = r.randint(70, 130)
        c.circle((x + r.uniform(-20, 20) + i * 8, 96 - i * 19), 18 + i * 6, (smoke, smoke, smoke + 4))
    c.glow((x, 100), 70, (255, 120, 40), 0.8)
    for _ in range(14):
        angle, out = math.radians(r.uniform(-150, -30)), r.uniform(20, 64)
        c.circle(
            (x + out * math.cos(angle), 106 + out * math.sin(angle)),
            r.uniform(2, 5),
            r.choice(((255, 170, 50), (236, 70, 30))),
        )
    c.polygon(
        [(x - 190, 310), (x - 34, 106), (x + 34, 106), (x + 190, 310)], lighter(rock, 0.1), darker(rock, 0.25)
    )
    c.ellipse((x - 34, 98, x + 34, 116), (240, 100, 30))
    for side in (-1, 0, 1):
        c.stroke(
            [
                (x + side * 16, 108),
                (x + side * 34 + r.uniform(-8, 8), 170),
                (x + side * 66, r.uniform(210, 270)),
            ],
            9,
            (236, 84, 26),
            end=3,
        )
    e.land(c, 296, r.choice(((70, 90, 60), (90, 80, 70))))
    return choose(
        r, "a volcano erupting with lava and smoke", "red lava flowing down a volcano", "an eruption",
            "smoke and fire from a mountain top",
        "glowing lava on a dark cone", when=when if time != "d" else (),
    )  # fmt: skip


def _pool(c: Canvas) -> Captions:
    r = c.random
    pool_water(c)
    umbrella = r.random() < 0.5
    if umbrella:
        x, name = r.choice((90, 390)), r.choice(("red", "yellow", "green", "orange"))
        c.line([(x, 120), (x, 54)], 4, (240, 240, 240))
        c.sector((x - 52, 30, x + 52, 110), 180, 360, tone(r, name))
        return choose(
            r, f"a swimming pool and a {name} sunshade", "a pool with blue water", "an empty swimming pool",
                f"a {name} parasol by the water",
            "lanes in a pool", "a place for a swim on a summer day",
        )  # fmt: skip
    return choose(
        r,
        "an empty swimming pool with lanes",
        "blue water in a pool",
        "a pool without swimmers",
        "a public pool",
        "clear water with lane ropes",
    )


def pool_water(c: Canvas) -> None:
    """A swimming pool with lanes, seen from its end."""
    r = c.random
    c.rectangle((0, 0, WIDTH, 130), (150, 200, 236), (214, 232, 244))
    c.rectangle((0, 92, WIDTH, 150), (226, 216, 198), (206, 194, 174))
    c.rectangle((0, 140, WIDTH, HEIGHT), (90, 200, 222), (30, 140, 190))
    c.rectangle((0, 136, WIDTH, 146), (244, 246, 246))
    ropes = r.sample(((220, 60, 50), (250, 220, 90), (246, 246, 250)), 2)
    for y in (190, 262, 338):
        for i, x in enumerate(range(0, 480, 16)):
            c.circle((x, y), 3.5, ropes[i % 2])
    e.waves(c, 150, HEIGHT, (190, 238, 244), 24)


def _river(c: Canvas) -> Captions:
    r = c.random
    _, when = e.sky(c, 170, "dddcg")
    green = r.choice(b.GREENS)
    e.hills(c, 178, darker(green, 0.2), 50)
    e.land(c, 170, green)
    x = r.uniform(200, 280)
    blue = r.choice(((70, 140, 196), (50, 120, 180), (90, 160, 190)))
    c.blob(
        [(x - 6, 174), (x + 8, 174), (x + 70, 214), (x + 10, 260), (x + 120, 380), (x - 130, 380), (x - 70,
            264), (x + 24, 214)],
        lighter(blue, 0.2), blue,
    )  # fmt: skip
    for _ in range(r.randint(2, 6)):
        e.tree(
            c,
            (r.choice((r.uniform(10, 110), r.uniform(380, 470))), r.uniform(200, 280)),
            r.uniform(60, 100),
            darker(green, 0.25),
        )
    bridge = r.random() < 0.4
    if bridge:
        c.ring((x - 120, 222, x + 110, 330), 12, (120, 84, 56), 195, 345)
        for i in range(-4, 5):
            c.line(
                [(x - 5 + i * 22, 218 + abs(i) * 3.2), (x - 5 + i * 22, 196 + abs(i) * 3.2)], 3, (120, 84, 56)
            )
        c.stroke([(x - 100, 212), (x - 5, 195), (x + 90, 212)], 4, (120, 84, 56))
    first = (
        "a wooden bridge over a river in green country" if bridge else "a river winding through green country"
    )
    return choose(
        r, first, "a blue river", "a stream in a green valley", "water flowing between meadows",
            "a footbridge" if bridge else "a river with trees",
        when=when,
    )  # fmt: skip


def _island(c: Canvas) -> Captions:
    r = c.random
    when = b.sea(c, "dddcs").when
    x, y, w = r.uniform(170, 310), r.uniform(215, 250), r.uniform(90, 150)
    c.ellipse((x - w * 1.15, y - 8, x + w * 1.15, y + 38), (170, 220, 226))
    c.ellipse((x - w, y - 18, x + w, y + 26), (240, 220, 166), (214, 186, 124))
    palms = r.randint(1, 3)
    for i in range(palms):
        e.palm(c, (x + (i - (palms - 1) / 2) * 44, y - 4), r.uniform(110, 150), r.uniform(-34, 34))
    trees = "a palm tree" if palms == 1 else "palm trees"
    return choose(
        r, f"a small island with {trees} in the sea", "an island", "a lonely island in the ocean",
            f"sand and {trees} surrounded by water",
        "a desert island", when=when,
    )  # fmt: skip


def _lighthouse(c: Canvas) -> Captions:
    r = c.random
    time, when = e.sky(c, 220, "dcsn")
    c.rectangle(
        (0, 210, WIDTH, HEIGHT),
        *(((40, 100, 150), (24, 66, 110)) if time != "n" else ((26, 44, 80), (14, 26, 54))),
    )
    e.waves(c, 210, HEIGHT, (130, 170, 196))
    x, h = r.choice((r.uniform(90, 170), r.uniform(310, 390))), r.uniform(150, 190)
    c.blob(
        [(x - 110, 330), (x - 70, 262), (x, 246), (x + 66, 256), (x + 120, 330), (x, 372)],
        (120, 112, 104),
        (78, 74, 72),
    )
    name = r.choice(("red", "blue", "black"))
    for i in range(5):
        w = 25 - i * 2
        colour = tone(r, name) if i % 2 else (246, 244, 238)
        c.rectangle((x - w, 254 - h * (i + 1) / 5, x + w, 256 - h * i / 5), colour, darker(colour, 0.1))
    c.rectangle((x - 12, 232 - h, x + 12, 254 - h), (255, 236, 150))
    c.polygon([(x - 18, 233 - h), (x, 214 - h), (x + 18, 233 - h)], (90, 50, 48))
    lamp = (x, 243 - h)
    if time == "n":
        far = -1 if x > 240 else 1
        c.polygon([lamp, (x + far * 400, lamp[1] - 50), (x + far * 400, lamp[1] + 60)], (120, 120, 110))
    c.glow(lamp, 50, (255, 240, 170), 0.8)
    return choose(
        r, f"a {name} and white lighthouse on a rock by the sea", "a lighthouse",
            "a striped tower on the coast", "a lighthouse showing ships the way",
        f"a tower with {name} stripes above the water", when=when,
    )  # fmt: skip


def _windmill(c: Canvas) -> Captions:
    r = c.random
    when = b.blossoms(c).when if r.random() < 0.3 else b.meadow(c, "dddcs").when
    x, y, body = (
        r.uniform(150, 330),
        r.uniform(270, 300),
        r.choice(((240, 236, 224), (150, 96, 70), (180, 170, 160))),
    )
    c.polygon(
        [(x - 44, y), (x - 26, y - 130), (x + 26, y - 130), (x + 44, y)],
        lighter(body, 0.1),
        darker(body, 0.15),
    )
    c.sector((x - 28, y - 160, x + 28, y - 100), 180, 360, (96, 66, 54))
    c.rectangle((x - 11, y - 34, x + 11, y), (84, 58, 46))
    turn = r.uniform(0, 90)
    for i in range(4):
        ax, ay = math.cos(math.radians(turn + 90 * i)), math.sin(math.radians(turn + 90 * i))
        hub = (x, y - 130)
        end = (x + ax * 92, hub[1] + ay * 92)
        side = (-ay * 18, ax * 18)
        c.polygon(
            [
                (x + ax * 18, hub[1] + ay * 18),
                end,
                (end[0] + side[0], end[1] + side[1]),
                (x + ax * 18 + side[0], hub[1] + ay * 18 + side[1]),
            ],
            (250, 246, 236),
        )
        c.line([hub, end], 4, (84, 60, 48))
    c.circle((x, y - 130), 6, (60, 44, 38))
    return choose(
        r, "a windmill with four sails in a field", "an old windmill", "a mill turning in the wind",
            "a windmill on green land",
        "a tower with four sails", when=when,
    )  # fmt: skip


def _aurora(c: Canvas) -> Captions:
    r = c.random
    c.rectangle((0, 0, WIDTH, 300), (8, 12, 40), (24, 44, 80))
    e.stars(c, 240, 60)
    for ink in ((80, 230, 150), r.choice(((80, 230, 150), (110, 220, 200), (170, 110, 220))), (80, 230, 150)):
        y = r.uniform(70, 150)
        for x in range(-20, 500, 26):
            c.glow((x, y + 34 * math.sin(x / r.uniform(68, 76))), r.uniform(46, 66), ink, 0.35)
    e.peaks(c, 280, 90, (60, 66, 90), snow=0.5)
    e.land(c, 268, (190, 204, 226))
    return choose(
        r, "northern lights over snowy mountains at night", "green light in the night sky", "an aurora",
            "polar lights above snow",
        "a glowing sky in the arctic night",
    )  # fmt: skip


KINDS: tuple[Kind, ...] = (
    Kind("campfire", _campfire),
    Kind("thunderstorm", _storm),
    Kind("rain", _rain),
    Kind("rainbow", _rainbow),
    Kind("waterfall", _waterfall),
    Kind("volcano", _volcano),
    Kind("swimming pool", _pool),
    Kind("river", _river),
    Kind("island", _island),
    Kind("lighthouse", _lighthouse),
    Kind("windmill", _windmill),
    Kind("northern lights", _aurora),
)
