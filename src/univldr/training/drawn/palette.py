"""Colours with names, plain words for them, and the grounds that things stand on."""

from __future__ import annotations

from collections.abc import Sequence

from univldr.canvas import HEIGHT, WIDTH, Canvas, Colour, lighter, mix

COLOURS: dict[str, Colour] = {
    "red": (208, 42, 38),
    "orange": (240, 136, 30),
    "yellow": (246, 208, 46),
    "green": (52, 150, 66),
    "blue": (44, 96, 200),
    "purple": (126, 62, 168),
    "pink": (240, 128, 170),
    "brown": (128, 80, 44),
    "black": (34, 34, 38),
    "white": (246, 246, 244),
    "grey": (140, 144, 150),
    "turquoise": (40, 178, 176),
}
BRIGHT = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
INK: Colour = (38, 40, 46)


def shade(c: Canvas, name: str) -> Colour:
    """A tone of the named colour, never far enough from it to be called otherwise."""
    return jitter(c, COLOURS[name])


def jitter(c: Canvas, colour: Colour, span: int = 12) -> Colour:
    """A colour near the given one."""
    r, g, b = (max(0, min(255, v + c.random.randint(-span, span))) for v in colour)
    return r, g, b


def chance(c: Canvas, share: float) -> bool:
    """True in that share of the cases."""
    return c.random.random() < share


def a(words: str) -> str:
    """The words with their indefinite article."""
    return f"{'an' if words[0] in 'aeiouAEIO' else 'a'} {words}"


def listed(words: Sequence[str]) -> str:
    """``one, two and three``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def counted(count: int, one: str, many: str, adjective: str = "") -> str:
    """``a red apple`` or ``three red apples``."""
    before = f"{adjective} " if adjective else ""
    return a(f"{before}{one}") if count == 1 else f"{NUMBERS[count]} {before}{many}"


def backdrop(c: Canvas, names: Sequence[str] = ("white", "grey", "pink", "yellow", "blue", "green")) -> str:
    """A plain ground, light enough for anything to be seen on it; returns its colour in words."""
    name = c.random.choice(names)
    if name == "white":
        c.rectangle((0, 0, WIDTH, HEIGHT), jitter(c, (250, 250, 250), 4))
        return "white"
    tone = mix(COLOURS[name], (255, 255, 255), c.random.uniform(0.62, 0.8))
    c.rectangle((0, 0, WIDTH, HEIGHT), tone, lighter(tone, 0.35) if chance(c, 0.5) else None)
    return f"light {name}"


def sky(c: Canvas, horizon: float) -> str:
    """A sky down to the horizon; returns what it is, without an article."""
    names: dict[str, tuple[Colour, Colour]] = {
        "clear blue sky": ((74, 146, 222), (208, 232, 248)),
        "blue sky with clouds": ((96, 160, 226), (220, 238, 250)),
        "grey cloudy sky": ((150, 158, 168), (214, 218, 222)),
        "orange evening sky": ((226, 120, 70), (252, 214, 140)),
        "dark night sky": ((14, 20, 52), (44, 58, 104)),
    }
    name = c.random.choice(["clear blue sky", *names])
    c.rectangle((0, 0, WIDTH, horizon), *(jitter(c, tone, 8) for tone in names[name]))
    if "cloud" in name:
        for _ in range(c.random.randint(2, 5)):
            x, y, s = c.random.uniform(20, 460), c.random.uniform(25, horizon * 0.5), c.random.uniform(14, 30)
            for dx, size in ((-1.2, 0.7), (0, 1.0), (1.1, 0.75)):
                c.ellipse(
                    (x + (dx - 1.4 * size) * s, y - size * s, x + (dx + 1.4 * size) * s, y + size * s * 0.6),
                    mix((255, 255, 255), (170, 174, 182), 0.5 if "grey" in name else 0.05),
                )
    if "night" in name:
        for _ in range(40):
            c.circle((c.random.uniform(0, WIDTH), c.random.uniform(0, horizon)), 1.1, (240, 240, 220))
    return name


def meadow(c: Canvas) -> tuple[str, str]:
    """Grass, sand, snow or asphalt below a sky; returns ``on green grass`` and the sky's name."""
    grounds: dict[str, Colour] = {
        "on green grass": (92, 158, 70),
        "on sand": (226, 202, 150),
        "on snow": (236, 240, 246),
        "on a grey street": (120, 122, 128),
        "on a green hill": (104, 170, 80),
    }
    horizon = c.random.uniform(190, 250)
    above = sky(c, horizon)
    place = c.random.choice(list(grounds))
    tone = jitter(c, grounds[place], 10)
    if "night" in above:
        tone = mix(tone, (10, 14, 40), 0.45)
    if "hill" in place:
        c.rectangle((0, horizon, WIDTH, HEIGHT), mix(tone, (0, 0, 0), 0.2))
        c.ellipse((-80, 235, WIDTH + 80, HEIGHT + 260), lighter(tone, 0.15), tone)
    else:
        c.rectangle((0, horizon, WIDTH, HEIGHT), lighter(tone, 0.2), tone)
    return place, above


def indoors(c: Canvas, *, floor: bool) -> str:
    """A wall above a table top, or above a floor; returns where a thing then stands."""
    wall = jitter(
        c,
        c.random.choice(
            [(226, 214, 196), (190, 208, 214), (214, 196, 206), (200, 212, 184), (236, 232, 226)]
        ),
    )
    edge = c.random.uniform(215, 255)
    c.rectangle((0, 0, WIDTH, edge), wall, lighter(wall, 0.2))
    tops: dict[str, Colour] = {"wooden": (172, 118, 70), "white": (240, 240, 238), "grey": (150, 152, 158)}
    top = c.random.choice(["wooden", *tops])
    tone = jitter(c, tops[top])
    c.rectangle((0, edge, WIDTH, HEIGHT), tone, mix(tone, (0, 0, 0), 0.18))
    if top == "wooden":
        for i in range(1, 5):
            y = edge + (HEIGHT - edge) * (i / 5) ** 1.3
            c.line([(0, y), (WIDTH, y)], 1.4, mix(tone, (0, 0, 0), 0.25))
    return f"on a {top} {'floor' if floor else 'table'}"
