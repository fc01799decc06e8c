"""What landscapes are made of: skies, clouds, trees, hills, houses."""

from __future__ import annotations

import math

from univldr.canvas import HEIGHT, WIDTH, Canvas, Colour, Point, darker, lighter, mix

Sky = tuple[str, ...]
"""Phrases that are true of a sky."""

_DAYS: tuple[tuple[Colour, Colour], ...] = (
    ((84, 152, 224), (196, 224, 244)),
    ((60, 132, 214), (170, 212, 240)),
    ((116, 176, 232), (222, 236, 246)),
)
_SUNSETS: tuple[tuple[Colour, Colour], ...] = (
    ((92, 70, 130), (250, 150, 80)),
    ((214, 94, 80), (252, 206, 110)),
    ((60, 66, 120), (248, 146, 84)),
    ((240, 130, 60), (255, 214, 120)),
)


def sky(c: Canvas, bottom: float, times: str = "dddcgs") -> tuple[str, Sky]:
    """Paint a sky down to ``bottom`` for one of ``times``.

    These are letters: clear ``d``ay, ``c``louds, ``g``rey, ``s``unset, ``n``ight.
    Returns the letter and phrases that are true of it.
    """
    r = c.random
    time = r.choice(times)
    box = (0, 0, WIDTH, bottom + 16)
    if time in "dc":
        c.rectangle(box, *r.choice(_DAYS))
        if time == "c":
            for _ in range(r.randint(2, 5)):
                cloud(c, (r.uniform(20, 460), r.uniform(20, bottom * 0.6)), r.uniform(24, 50))
            return time, (
                "under a blue sky with clouds",
                "on a bright day with white clouds",
                "in the daytime",
            )
        if r.random() < 0.5:
            sun(c, (r.uniform(40, 440), r.uniform(30, bottom * 0.4)), r.uniform(14, 26))
            return time, ("under a blue sky with the sun", "on a sunny day", "in the sunshine")
        return time, ("under a clear blue sky", "on a fine day", "in daylight")
    if time == "g":
        grey = r.randint(130, 180)
        c.rectangle(box, (grey, grey + 5, grey + 12), (grey + 50, grey + 52, grey + 54))
        return time, ("under a grey sky", "on a dull cloudy day", "on an overcast day")
    if time == "s":
        top, low = r.choice(_SUNSETS)
        c.rectangle(box, top, low)
        at = (r.uniform(80, 400), bottom - r.uniform(6, 60))
        c.glow(at, 120, (255, 230, 160), 0.7)
        c.circle(at, r.uniform(16, 30), (255, 240, 190), (255, 200, 100))
        return time, ("at sunset", "in the evening light", "with the sun low in the sky")
    c.rectangle(box, (10, 14, 40), r.choice(((30, 40, 84), (44, 40, 90), (20, 34, 70))))
    stars(c, bottom, r.randint(25, 70))
    if r.random() < 0.6:
        moon(c, (r.uniform(50, 430), r.uniform(35, bottom * 0.45)), r.uniform(13, 24))
        return time, ("at night under the moon", "on a moonlit night", "at night")
    return time, ("at night under the stars", "on a starry night", "at night")


def sun(c: Canvas, at: Point, radius: float) -> None:
    """A sun with a glow, or with rays."""
    c.glow(at, radius * 3, (255, 250, 210), 0.8)
    if c.random.random() < 0.35:
        for i in range(12):
            x, y = math.cos(i * math.pi / 6), math.sin(i * math.pi / 6)
            c.line(
                [
                    (at[0] + x * radius * 1.3, at[1] + y * radius * 1.3),
                    (at[0] + x * radius * 1.9, at[1] + y * radius * 1.9),
                ],
                3,
                (252, 214, 80),
            )
    c.circle(at, radius, (255, 240, 150), (252, 212, 80))


def moon(c: Canvas, at: Point, radius: float) -> None:
    """A full moon with its spots."""
    c.glow(at, radius * 3, (200, 210, 240), 0.5)
    c.circle(at, radius, (250, 248, 232), (222, 220, 206))
    for dx, dy, part in ((-0.3, -0.2, 0.22), (0.35, 0.25, 0.16), (-0.1, 0.45, 0.12)):
        c.circle((at[0] + dx * radius, at[1] + dy * radius), radius * part, (208, 206, 194))


def stars(c: Canvas, bottom: float, count: int) -> None:
    """Stars strewn down to ``bottom``."""
    for _ in range(count):
        at = (c.random.uniform(0, WIDTH), c.random.uniform(0, bottom))
        c.circle(at, c.random.uniform(0.7, 1.9), (248, 246, 224))


def cloud(c: Canvas, at: Point, size: float, colour: Colour = (250, 251, 253)) -> None:
    """A cloud of a few heaps on a flat base."""
    x, y = at
    low = darker(colour, 0.06)
    for dx, dy, part in ((-0.9, 0.05, 0.42), (-0.3, -0.22, 0.6), (0.4, -0.1, 0.52), (0.95, 0.1, 0.36)):
        c.circle((x + dx * size, y + dy * size), part * size, colour, low)
    c.rectangle((x - 1.2 * size, y, x + 1.25 * size, y + 0.44 * size), low, radius=0.22 * size)


def land(c: Canvas, top: float, colour: Colour, *, rough: float = 6) -> None:
    """Ground from a slightly uneven edge at ``top`` down to the picture's foot."""
    r = c.random
    edge = [(x, top + r.uniform(-rough, rough)) for x in range(-20, 521, 60)]
    c.blob([*edge, (540, HEIGHT + 60), (-60, HEIGHT + 60)], lighter(colour, 0.12), darker(colour, 0.16))
    c.rectangle((0, top + rough + 8, WIDTH, HEIGHT), lighter(colour, 0.1), darker(colour, 0.16))
    if r.random() < 0.4:
        c.grain((0, top + rough + 8, WIDTH, HEIGHT), r.randint(14, 34), (3, 1.5))


def hills(c: Canvas, base: float, colour: Colour, height: float = 40) -> None:
    """A row of round hills standing on ``base``."""
    r = c.random
    edge = [(x, base - r.uniform(0.1, 1) * height) for x in range(-60, 560, 90)]
    c.blob([*edge, (580, base + 40), (-100, base + 40)], lighter(colour, 0.15), colour)


def peaks(c: Canvas, base: float, height: float, rock: Colour, *, snow: float = 0.4, count: int = 4) -> None:
    """Pointed mountains, the upper ``snow`` share of each white."""
    r = c.random
    spots = sorted(
        ((r.uniform(0.55, 1), (i + r.uniform(0.1, 0.9)) * WIDTH / count) for i in range(count)), reverse=True
    )
    for part, x in spots:
        tall = height * part
        half = tall * r.uniform(0.7, 1.05)
        peak, skew = (x, base - tall), r.uniform(-0.15, 0.15) * half
        c.polygon([(x - half, base), peak, (x + half, base)], lighter(rock, 0.1), darker(rock, 0.1))
        c.polygon([peak, (x + half, base), (x + skew, base)], darker(rock, 0.2), darker(rock, 0.3))
        if snow:
            cut = tall * snow * r.uniform(0.8, 1.1)
            w = half * cut / tall
            jag = [
                (x + w * t, base - tall + cut * (1 + (0.16 if i % 2 else -0.18)))
                for i, t in enumerate((0.6, 0.2, -0.2, -0.6))
            ]
            c.polygon(
                [peak, (x + w, base - tall + cut), *jag, (x - w, base - tall + cut)],
                (252, 252, 255),
                (226, 232, 244),
            )


def tree(c: Canvas, foot: Point, height: float, leaves: Colour = (70, 130, 60)) -> None:
    """A tree with a round crown."""
    r = c.random
    x, y = foot
    c.stroke(
        [(x, y), (x + r.uniform(-2, 2), y - height * 0.55)], height * 0.1, (100, 72, 48), end=height * 0.06
    )
    for _ in range(4):
        at = (x + r.uniform(-0.2, 0.2) * height, y - height * r.uniform(0.52, 0.82))
        c.circle(
            at, height * r.uniform(0.17, 0.25), lighter(leaves, r.uniform(0.05, 0.22)), darker(leaves, 0.16)
        )


def conifer(
    c: Canvas, foot: Point, height: float, needles: Colour = (34, 88, 62), *, snow: bool = False
) -> None:
    """A fir tree of a few tiers."""
    x, y = foot
    c.rectangle((x - height * 0.035, y - height * 0.15, x + height * 0.035, y), (84, 60, 44))
    for low, top, half in ((0.1, 0.55, 0.26), (0.34, 0.78, 0.2), (0.58, 1.0, 0.13)):
        shape = [
            (x - half * height, y - low * height),
            (x, y - top * height),
            (x + half * height, y - low * height),
        ]
        c.polygon(shape, lighter(needles, 0.1), darker(needles, 0.15))
        if snow:
            tip = [mixed(shape[1], corner, 0.5) for corner in (shape[0], shape[2])]
            c.polygon([shape[1], *tip], (246, 249, 252))


def mixed(here: Point, there: Point, share: float) -> Point:
    """The point that lies ``share`` of the way."""
    return here[0] + (there[0] - here[0]) * share, here[1] + (there[1] - here[1]) * share


def palm(c: Canvas, foot: Point, height: float, lean: float) -> None:
    """A palm: a bent trunk and hanging fronds."""
    r = c.random
    x, y = foot
    top = (x + lean, y - height)
    c.stroke(
        [foot, (x + lean * 0.25, y - height * 0.5), top], height * 0.075, (134, 98, 62), end=height * 0.045
    )
    for i in range(8):
        angle = math.radians(-172 + i * 164 / 7 + r.uniform(-7, 7))
        out = height * r.uniform(0.36, 0.46)
        middle = (top[0] + out * 0.6 * math.cos(angle), top[1] + out * 0.55 * math.sin(angle) - height * 0.02)
        end = (top[0] + out * 1.05 * math.cos(angle), top[1] + out * 0.5 * math.sin(angle) + height * 0.15)
        c.stroke([top, middle, end], height * 0.06, mix((44, 120, 50), (90, 160, 60), r.random()), end=1)
    for dx in (-3, 3):
        c.circle((top[0] + dx, top[1] + 4), height * 0.03, (96, 62, 36))


def flowers(c: Canvas, top: float, colour: Colour, count: int) -> None:
    """Flowers all over the ground below ``top``, larger in front."""
    r = c.random
    for y in sorted(r.uniform(top, HEIGHT) for _ in range(count)):
        x, size = r.uniform(0, WIDTH), 1.6 + 5 * (y - top) / (HEIGHT - top)
        c.line([(x, y), (x, y + size * 2.5)], 1, (56, 120, 50))
        for i in range(5):
            angle = math.tau * i / 5
            c.circle((x + size * math.cos(angle), y + size * math.sin(angle)), size * 0.62, colour)
        c.circle((x, y), size * 0.5, (250, 214, 70))


def waves(c: Canvas, top: float, bottom: float, colour: Colour, count: int = 26) -> None:
    """Short bright lines on water."""
    r = c.random
    for _ in range(count):
        y = r.uniform(top + 4, bottom)
        x, w = r.uniform(-20, WIDTH), 8 + 34 * (y - top) / (bottom - top + 1)
        c.stroke([(x, y), (x + w / 2, y - 2), (x + w, y)], 1.4, colour)


def house(c: Canvas, left: float, foot: float, width: float, wall: Colour, roof: Colour) -> None:
    """A house with a pointed roof, a door and two windows."""
    h = width * 0.7
    c.rectangle((left, foot - h, left + width, foot), lighter(wall, 0.1), darker(wall, 0.08))
    c.polygon(
        [(left - width * 0.1, foot - h), (left + width / 2, foot - h * 1.65), (left + width * 1.1, foot - h)],
        roof,
    )
    c.rectangle((left + width * 0.42, foot - h * 0.52, left + width * 0.6, foot), darker(roof, 0.35))
    for part in (0.12, 0.7):
        c.rectangle(
            (left + width * part, foot - h * 0.72, left + width * (part + 0.19), foot - h * 0.4),
            (190, 216, 232),
        )


def block(
    c: Canvas, left: float, foot: float, width: float, height: float, wall: Colour, *, lit: bool
) -> None:
    """A tall building with rows of windows, some of them ``lit``."""
    r = c.random
    c.rectangle((left, foot - height, left + width, foot), lighter(wall, 0.08), darker(wall, 0.08))
    pane = darker(wall, 0.4) if not lit else darker(wall, 0.25)
    for y in range(int(foot - height) + 8, int(foot) - 12, 16):
        for x in range(int(left) + 6, int(left + width) - 9, 13):
            shine = lit and r.random() < 0.5
            c.rectangle((x, y, x + 7, y + 9), (255, 222, 120) if shine else pane)


def flakes(c: Canvas, count: int) -> None:
    """Falling snow."""
    for _ in range(count):
        at = (c.random.uniform(0, WIDTH), c.random.uniform(0, HEIGHT))
        c.circle(at, c.random.uniform(1, 3), (255, 255, 255))


def cactus(c: Canvas, x: float, y: float, height: float) -> None:
    """A cactus with two arms."""
    w, green = height * 0.17, (70, 130, 76)
    c.stroke([(x, y), (x, y - height)], w, green)
    for side, low in ((-1, 0.35), (1, 0.5)):
        base, out = y - height * low, x + side * height * 0.28
        c.stroke([(x, base), (out, base - height * 0.04), (out, base - height * 0.3)], w * 0.75, green)


def barn(c: Canvas, x: float) -> None:
    """A red barn with a white gate."""
    c.rectangle((x, 120, x + 120, 206), (176, 50, 44), (140, 38, 36))
    c.polygon([(x - 10, 122), (x + 24, 80), (x + 96, 80), (x + 130, 122)], (110, 96, 92), (84, 74, 72))
    c.rectangle((x + 42, 152, x + 78, 206), (240, 234, 224))
    c.line([(x + 42, 152), (x + 78, 206)], 3, (150, 44, 40))


def fence(c: Canvas) -> None:
    """A white fence across the picture."""
    for y in (214, 230):
        c.line([(0, y), (WIDTH, y)], 4, (236, 230, 216))
    for post in range(10, 480, 46):
        c.rectangle((post, 204, post + 6, 244), (236, 230, 216))
