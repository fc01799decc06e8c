"""Where people do sports."""

from __future__ import annotations

from univldr.canvas import HEIGHT, WIDTH, Canvas, darker, lighter
from univldr.training.drawn import elements as e
from univldr.training.drawn import views
from univldr.training.drawn.words import Place


def slope(c: Canvas) -> Place:
    """A piste between firs."""
    r = c.random
    _, when = e.sky(c, 200, "dddcg")
    if r.random() < 0.7:
        e.peaks(c, 220, r.uniform(90, 150), (120, 130, 152), snow=0.65)
    down = r.uniform(40, 90) * r.choice((-1, 1))
    c.polygon(
        [(0, 255 - down), (WIDTH, 255 + down), (WIDTH, HEIGHT), (0, HEIGHT)], (250, 252, 255), (214, 226, 242)
    )
    for _ in range(r.randint(0, 6)):
        x = r.choice((r.uniform(0, 110), r.uniform(370, 480)))
        e.conifer(c, (x, 262 + down * (x - 240) / 240), r.uniform(50, 90), snow=True)
    if r.random() < 0.3:
        e.flakes(c, 50)
    return Place(
        "slope",
        ("down a snowy slope", "through the snow", "on a white mountain slope", "on a piste in winter"),
        when,
        (290, 312),
    )


def surf(c: Canvas) -> Place:
    """A breaking wave."""
    r = c.random
    horizon = r.uniform(90, 130)
    _, when = e.sky(c, horizon, "dddcs")
    c.rectangle((0, horizon, WIDTH, HEIGHT), (50, 130, 190), (20, 80, 140))
    x, h = r.choice((90.0, 390.0)), r.uniform(90, 130)
    side = 1 if x > 240 else -1
    c.blob(
        [
            (240 - side * 300, 330),
            (240, 262),
            (x, 262 - h),
            (x + side * 110, 240 - h * 0.6),
            (x + side * 160, 420),
            (100, 420),
        ],
        (70, 170, 200),
        (24, 100, 160),
    )
    c.stroke(
        [(240 - side * 120, 282), (240, 258), (x - side * 20, 266 - h), (x + side * 60, 244 - h)],
        12,
        (244, 250, 252),
        end=20,
    )
    for _ in range(34):
        c.circle((r.uniform(0, WIDTH), r.uniform(300, 352)), r.uniform(4, 13), (238, 247, 250))
    return Place("surf", ("on a wave", "on a big blue wave", "in the sea", "on the ocean"), when, (288, 302))


def pool(c: Canvas) -> Place:
    """A swimming pool with lanes."""
    views.pool_water(c)
    return Place("pool", ("in a swimming pool", "in a pool", "in the blue water of a pool"), (), (225, 270))


def rink(c: Canvas) -> Place:
    """Ice with firs around it."""
    r = c.random
    _, when = e.sky(c, 160, "dcgn")
    for x in range(-10, 490, 40):
        e.conifer(c, (x + r.uniform(-10, 10), 192), r.uniform(50, 100), snow=True)
    c.rectangle((0, 180, WIDTH, 214), (250, 250, 252), (196, 206, 222))
    c.rectangle((0, 206, WIDTH, HEIGHT), (206, 228, 242), (232, 244, 250))
    for _ in range(10):
        left, y = r.uniform(-40, 440), r.uniform(220, 350)
        c.stroke([(left, y), (left + 40, y - 5), (left + 90, y + 3)], 1.2, (176, 204, 224))
    return Place("rink", ("on the ice", "on an ice rink", "on a frozen lake in winter"), when, (300, 332))


def cliff(c: Canvas) -> Place:
    """A rock wall on the right."""
    r = c.random
    _, when = e.sky(c, HEIGHT, "dddcs")
    rock = r.choice(((150, 124, 104), (128, 126, 130), (176, 120, 84)))
    edge = [(288 + r.uniform(-10, 16), y) for y in range(-20, 400, 45)]
    c.polygon([*edge, (520, 400), (520, -20)], lighter(rock, 0.15), darker(rock, 0.1))
    for _ in range(14):
        x, y = r.uniform(306, 470), r.uniform(0, 350)
        c.polygon(
            [
                (x, y),
                (x + r.uniform(14, 60), y + r.uniform(-12, 12)),
                (x + r.uniform(10, 40), y + r.uniform(14, 40)),
            ],
            darker(rock, r.uniform(0.08, 0.26)),
        )
    if r.random() < 0.6:
        c.stroke([(r.uniform(300, 312), -10), (296, 120), (286, 200)], 2.5, (230, 70, 60))
    return Place("cliff", ("up a steep rock", "on a rocky cliff", "high up on a rock wall"), when, (262, 300))


def court(c: Canvas) -> Place:
    """A painted court before trees."""
    r = c.random
    _, when = e.sky(c, 190, "ddcg")
    for x in range(0, 490, 60):
        e.tree(c, (x, 200), r.uniform(50, 90))
    floor, name = r.choice((((196, 96, 62), "red"), ((60, 120, 180), "blue"), ((80, 150, 90), "green")))
    c.rectangle((0, 196, WIDTH, HEIGHT), lighter(floor, 0.12), floor)
    for y in (214, 340):
        c.rectangle((0, y, WIDTH, y + 3), (248, 248, 248))
    c.line([(300, 214), (360, 341)], 3, (248, 248, 248))
    return Place(
        "court", (f"on a {name} court", "on a sports court", "outdoors on a court"), when, (305, 330)
    )


def pitch(c: Canvas) -> Place:
    """A striped playing field, often with a goal."""
    r = c.random
    _, when = e.sky(c, 170, "ddcg")
    for i in range(7):
        green = (76, 156, 70) if i % 2 else (92, 172, 80)
        c.rectangle((i * 70 - 5, 168, i * 70 + 66, HEIGHT), green)
    c.rectangle((0, 196, WIDTH, 199), (246, 248, 246))
    if r.random() < 0.7:
        x = r.choice((24, 330))
        for k in range(10):
            c.line([(x + k * 13, 110), (x + k * 13, 200)], 1, (228, 232, 232))
            c.line([(x, 110 + k * 9), (x + 124, 110 + k * 9)], 1, (228, 232, 232))
        c.line([(x, 200), (x, 108), (x + 124, 108), (x + 124, 200)], 5, (250, 250, 250))
    return Place(
        "pitch",
        ("on a green pitch", "on a football field", "on the grass of a playing field"),
        when,
        (300, 335),
    )
