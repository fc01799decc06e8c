"""Skies, waters, grounds and plants that many pictures share."""

from __future__ import annotations

from univldr.canvas import HEIGHT, WHITE, WIDTH, Canvas, Colour, Point, darker, lighter, mix

BLUE_SKY: tuple[Colour, Colour] = ((74, 144, 217), (198, 224, 242))
GREY_SKY: tuple[Colour, Colour] = ((112, 122, 134), (190, 196, 202))
DUSK_SKY: tuple[Colour, Colour] = ((72, 62, 128), (250, 164, 92))
NIGHT_SKY: tuple[Colour, Colour] = ((8, 12, 38), (38, 48, 92))

LEAF: Colour = (58, 122, 48)
BARK: Colour = (96, 68, 46)
GRASS: Colour = (104, 158, 62)
SAND: Colour = (226, 200, 150)
SNOW: Colour = (240, 245, 252)
SEA: Colour = (34, 110, 160)


def sky(c: Canvas, colours: tuple[Colour, Colour] = BLUE_SKY, horizon: float = HEIGHT) -> None:
    """A sky from the top edge to the horizon."""
    c.rectangle((0, 0, WIDTH, horizon), *colours)


def sun(c: Canvas, at: Point, radius: float = 22, colour: Colour = (255, 240, 190)) -> None:
    """A disc with its glow."""
    c.glow(at, radius * 5, colour, 0.7)
    c.circle(at, radius, lighter(colour, 0.5), colour)


def moon(c: Canvas, at: Point, radius: float = 20) -> None:
    """A full moon with faint seas."""
    c.glow(at, radius * 4, (190, 205, 240), 0.5)
    c.circle(at, radius, (248, 246, 230), (222, 220, 205))
    for dx, dy, size in ((-0.3, -0.2, 0.25), (0.3, 0.25, 0.2), (0.1, -0.45, 0.14)):
        c.circle((at[0] + dx * radius, at[1] + dy * radius), size * radius, (208, 206, 194))


def stars(c: Canvas, count: int, below: float) -> None:
    """Points of light from the top edge down to ``below``."""
    for _ in range(count):
        at = (c.random.uniform(0, WIDTH), c.random.uniform(0, below))
        c.circle(at, c.random.choice((0.5, 0.7, 1.1)), mix((130, 140, 180), WHITE, c.random.random()))


def cloud(c: Canvas, x: float, y: float, size: float, colour: Colour = WHITE) -> None:
    """A heap of soft puffs about ``size`` units wide."""
    shade = mix(colour, (120, 135, 160), 0.35)
    puffs = (
        (-0.32, 0.02, 0.17),
        (0.3, 0.03, 0.16),
        (-0.12, -0.07, 0.23),
        (0.13, -0.05, 0.2),
        (0, 0.05, 0.22),
    )
    for dx, dy, radius in puffs:
        c.circle((x + dx * size, y + dy * size), radius * size, colour, shade)
    for dx, dy, radius in puffs:
        c.glow((x + dx * size, y + (dy - 0.05) * size), radius * size * 1.3, colour, 0.9)


def clouds(c: Canvas, count: int, below: float, colour: Colour = WHITE) -> None:
    """Several clouds spread over the upper sky."""
    for i in range(count):
        x = (i + c.random.uniform(0.2, 0.8)) * WIDTH / count
        cloud(c, x, c.random.uniform(0.15, 0.7) * below, c.random.uniform(60, 110), colour)


def sea(
    c: Canvas, top: float, far: Colour = (120, 178, 210), near: Colour = SEA, bottom: float = HEIGHT
) -> None:
    """Water from the horizon ``top`` to ``bottom``, its waves growing as they come near."""
    c.rectangle((0, top, WIDTH, bottom), far, near)
    y, step = top + 2.0, 2.0
    while y < bottom:
        share = (y - top) / (bottom - top)
        colour = lighter(mix(far, near, share), 0.22)
        for _ in range(max(3, round(16 * (1 - share)))):
            x, half = c.random.uniform(0, WIDTH), c.random.uniform(6, 14) + 26 * share
            c.ellipse((x - half, y, x + half, y + 0.8 + 2.2 * share), colour)
        y, step = y + step, step * 1.13
    c.grain((0, top, WIDTH, bottom), 26, (6, 1))


def hills(c: Canvas, base: float, height: float, colour: Colour, *, bottom: float = HEIGHT) -> None:
    """A rolling skyline, shaded down to ``bottom``."""
    points: list[Point] = [(-60, base)]
    for i in range(9):
        points.append((i * WIDTH / 8, base - c.random.uniform(0.25, 1) * height))
    points += [(WIDTH + 60, base), (WIDTH + 60, bottom + 40), (-60, bottom + 40)]
    c.blob(points, colour, darker(colour, 0.2))


def ridge(c: Canvas, left: Point, peak: Point, right: Point, roughness: float) -> list[Point]:
    """A jagged line from ``left`` over ``peak`` to ``right``, by midpoint displacement."""

    def broken(a: Point, b: Point, rough: float) -> list[Point]:
        if rough < 1:
            return [a]
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + c.random.uniform(-rough, rough))
        return broken(a, middle, rough / 2) + broken(middle, b, rough / 2)

    return [*broken(left, peak, roughness), *broken(peak, right, roughness), right]


def mountain(c: Canvas, peak: Point, half: float, base: float, rock: Colour, snow: float = 0.4) -> None:
    """A peak with a lit and a dark side; ``snow`` is the part of its height that is white."""
    x, y = peak
    height = base - y
    outline = ridge(c, (x - half, base), peak, (x + half, base), height * 0.1)
    c.polygon(outline, lighter(rock, 0.15), rock)
    top = outline.index(peak)
    spine = [(x + c.random.uniform(-0.08, 0.12) * half * i / 5, y + height * i / 5) for i in range(1, 6)]
    c.polygon([*outline[top:], *reversed(spine)], darker(rock, 0.25), darker(rock, 0.45))
    if snow <= 0:
        return
    line = y + height * snow
    cap = [point for point in outline if point[1] <= line]
    teeth = [
        (
            cap[-1][0] - (cap[-1][0] - cap[0][0]) * i / 9,
            line + (-1) ** i * height * c.random.uniform(0.02, 0.1),
        )
        for i in range(10)
    ]
    c.polygon([*cap, *teeth], WHITE, (222, 232, 245))
    dark = [point for point in outline[top:] if point[1] <= line]
    c.polygon([*dark, *teeth[1:5], spine[0]], (176, 196, 222), (158, 180, 212))


def ground(
    c: Canvas, top: float, far: Colour, near: Colour, *, grain: int = 34, cell: Point = (1.5, 1.5)
) -> None:
    """Flat land from ``top`` to the lower edge, with a rough surface."""
    c.rectangle((0, top, WIDTH, HEIGHT), far, near)
    c.grain((0, top, WIDTH, HEIGHT), grain, cell)


def meadow(c: Canvas, top: float, colour: Colour = GRASS) -> None:
    """Grass from ``top`` to the lower edge, with blades in front."""
    ground(c, top, lighter(colour, 0.25), darker(colour, 0.25), cell=(0.8, 2.5))
    for _ in range(420):
        share = c.random.random() ** 0.6
        x, y = c.random.uniform(0, WIDTH), top + share * (HEIGHT - top)
        blade = mix(lighter(colour, 0.25), darker(colour, 0.45), c.random.random())
        c.line([(x, y), (x + c.random.uniform(-2, 2), y - 2 - 7 * share)], 0.5 + share * 0.6, blade)


def flowers(c: Canvas, count: int, top: float, colours: list[Colour]) -> None:
    """Small blossoms strewn over the ground below ``top``."""
    for _ in range(count):
        share = c.random.random() ** 0.7
        at = (c.random.uniform(0, WIDTH), top + share * (HEIGHT - top))
        c.circle(at, 0.8 + 2 * share, c.random.choice(colours))


def beach(c: Canvas, top: float) -> None:
    """Sand from ``top`` to the lower edge, with foam where the sea ends."""
    edge = [(x, top + 5 * c.random.uniform(-1, 1)) for x in range(-20, WIDTH + 41, 40)]
    lower: list[Point] = [(WIDTH + 40, HEIGHT + 20), (-40, HEIGHT + 20)]
    c.blob([(x, y - 7) for x, y in edge] + lower, (228, 240, 244))
    c.blob([*edge, *lower], darker(SAND, 0.18), darker(SAND, 0.18))
    c.blob([(x, y + 8) for x, y in edge] + lower, SAND, lighter(SAND, 0.25))
    c.grain((0, top + 8, WIDTH, HEIGHT), 26, (1, 1))


def snowfield(c: Canvas, top: float) -> None:
    """Snow from ``top`` to the lower edge, with blue hollows."""
    ground(c, top, (222, 232, 244), SNOW, grain=10)
    for _ in range(14):
        x, y = c.random.uniform(0, WIDTH), c.random.uniform(top + 12, HEIGHT)
        c.shadow((x - 70, y - 7, x + 70, y + 7), 0.22, (120, 150, 200))


def snowfall(c: Canvas, count: int) -> None:
    """Flakes all over the picture."""
    for _ in range(count):
        c.circle((c.random.uniform(0, WIDTH), c.random.uniform(0, HEIGHT)), c.random.uniform(0.6, 2), WHITE)


def rain(c: Canvas, count: int) -> None:
    """Slanted streaks all over the picture."""
    for _ in range(count):
        x, y = c.random.uniform(0, WIDTH + 20), c.random.uniform(-10, HEIGHT)
        length = c.random.uniform(6, 15)
        c.line([(x, y), (x - length * 0.25, y + length)], 0.5, (196, 206, 218))


def tree(c: Canvas, x: float, base: float, height: float, leaf: Colour = LEAF) -> None:
    """A broad tree with a round crown."""
    v = c.view(x, base, height / 100)
    v.shadow((-38, -6, 38, 6), 0.4)
    v.polygon([(-5, 0), (-3, -45), (3, -45), (6, 0)], BARK, darker(BARK))
    v.stroke([(0, -36), (-12, -54)], 3, BARK)
    v.stroke([(1, -36), (13, -56)], 3, BARK)
    for shade, drift in ((darker(leaf, 0.35), 4), (leaf, 0), (lighter(leaf, 0.18), -6)):
        for _ in range(34):
            angle, reach = c.random.uniform(-1, 1), c.random.uniform(-1, 1)
            at = (angle * 26 + drift, -66 + reach * 22 * (1 - abs(angle) * 0.4) + drift)
            v.circle(at, c.random.uniform(4, 9), mix(shade, darker(shade), c.random.random() * 0.4))


def pine(
    c: Canvas, x: float, base: float, height: float, leaf: Colour = (36, 84, 58), *, snowy: bool = False
) -> None:
    """A conifer in five tiers, with snow on them if ``snowy``."""
    v = c.view(x, base, height / 100)
    v.rectangle((-3, -14, 3, 0), BARK, darker(BARK))
    for i in range(5):
        top, bottom, half = -40 - i * 15, -10 - i * 16, 27 - i * 4.6
        fringe = [(half - 2 * half * k / 8, bottom + (4 if k % 2 else -1)) for k in range(9)]
        v.polygon([(0, top), *fringe], lighter(leaf, 0.12), darker(leaf, 0.3))
        v.polygon([(0, top), *fringe[:4]], leaf, darker(leaf, 0.5))
        if snowy:
            v.blob(
                [(0, top), (half * 0.5, bottom - 9), (0, bottom - 13), (-half * 0.6, bottom - 7)], WHITE, SNOW
            )


def palm(c: Canvas, x: float, base: float, height: float, lean: float = 0.15) -> None:
    """A palm whose top leans ``lean`` heights to the right."""
    v = c.view(x, base, height / 100)
    top: Point = (lean * 100, -88)
    v.stroke([(0, 0), (lean * 30, -32), (lean * 70, -64), top], 7, (138, 106, 72), end=4)
    for i in range(12):
        y = -4 - i * 7
        v.line([(lean * -y * 1.05 - 3, y), (lean * -y * 1.05 + 3, y - 1)], 0.7, (104, 78, 52))
    for dx, droop in ((-34, 8), (-30, -10), (-14, -20), (12, -20), (30, -10), (36, 10), (-20, 22), (22, 24)):
        tip = (top[0] + dx, top[1] + droop)
        middle = (top[0] + dx * 0.55, top[1] + droop - 13)
        under = (top[0] + dx * 0.55, top[1] + droop - 5)
        v.blob([top, middle, tip, under], (92, 156, 62), (38, 96, 44))
    for dx in (-3, 2):
        v.ball((top[0] + dx, top[1] + 3), 3, (112, 80, 50))


def bush(c: Canvas, x: float, base: float, size: float, leaf: Colour = LEAF) -> None:
    """A low round shrub."""
    for dx, dy, radius in ((-0.3, -0.2, 0.25), (0.3, -0.2, 0.26), (0, -0.34, 0.32), (0.05, -0.16, 0.28)):
        c.circle((x + dx * size, base + dy * size), radius * size, lighter(leaf, 0.1), darker(leaf, 0.3))
    for _ in range(16):
        at = (x + c.random.uniform(-0.42, 0.42) * size, base - c.random.uniform(0.08, 0.5) * size)
        c.circle(at, size * 0.04, lighter(leaf, 0.25))


def rock(c: Canvas, x: float, base: float, size: float, colour: Colour = (132, 128, 122)) -> None:
    """A boulder."""
    v = c.view(x, base, size / 100)
    v.shadow((-60, -8, 60, 10), 0.4)
    v.blob(
        [(-48, 0), (-44, -30), (-14, -52), (22, -46), (48, -18), (46, 0)],
        lighter(colour),
        darker(colour, 0.4),
    )
    v.blob([(6, -44), (22, -42), (44, -16), (42, -2), (20, -6)], darker(colour, 0.15), darker(colour, 0.5))
