"""Diagrams: boxes and arrows, circles and networks, with words in them."""

from __future__ import annotations

import math
from itertools import pairwise

from univldr.canvas import Canvas, Colour, Point, around, mix
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.palette import NUMBERS, a, chance, jitter, listed
from univldr.training.drawn.sheets import RECIPES, ROUNDS, SETS, THEMES, Sheet, heading, sheet


def _box(
    c: Canvas, s: Sheet, at: Point, words: str, tone: Colour, half: Point = (48, 17), radius: float = 8
) -> None:
    x, y = at
    c.rectangle((x - half[0], y - half[1], x + half[0], y + half[1]), tone, radius=radius)
    c.text(at, words, s.size, (255, 255, 255) if sum(tone) < 430 else (24, 24, 28))


def _arrow(c: Canvas, start: Point, end: Point, colour: Colour) -> None:
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    c.line([start, end], 2, colour)
    wings = [(end[0] - 10 * math.cos(angle + t), end[1] - 10 * math.sin(angle + t)) for t in (-0.45, 0.45)]
    c.polygon([end, *wings], colour)


def _flow_chart(c: Canvas) -> Captions:
    s, (topic, steps) = sheet(c), c.random.choice(RECIPES)
    question, sideways = c.random.randint(1, 3), chance(c, 0.4)
    spots = [(58.0 + 91 * i, 170.0) if sideways else (200.0, 44.0 + 68 * i) for i in range(5)]
    for here, there in pairwise(spots):
        gap = (40, 0) if sideways else (0, 20)
        _arrow(c, (here[0] + gap[0], here[1] + gap[1]), (there[0] - gap[0], there[1] - gap[1]), s.ink)
    for i, (x, y) in enumerate(spots):
        if i == question:
            wide, high = (42, 36) if sideways else (66, 26)
            c.polygon([(x, y - high), (x + wide, y), (x, y + high), (x - wide, y)], s.tones[1])
            c.text((x, y), f"{steps[i]}?", s.size, (24, 24, 28))
        else:
            _box(c, s, (x, y), steps[i], s.tones[0], (34 if sideways else 56, 18))
    x, y = spots[question]
    other = (x, y + 100) if sideways else (x + 180, y)
    _arrow(c, (x, y + 36) if sideways else (x + 66, y), (x, y + 82) if sideways else (x + 142, y), s.ink)
    _box(c, s, other, "Stop", s.tones[2], (36, 18))
    c.text((x + 14, y + 54) if sideways else (x + 98, y - 10), "no", s.size, s.ink)
    return (
        f"a flow chart of {topic} with boxes, arrows and a decision",
        f"flow diagram: {topic} in five steps from {steps[0].lower()} to {steps[-1].lower()}",
        f"{s.names[0]} boxes joined by arrows {'from left to right' if sideways else 'from top to bottom'}",
        f"the steps {listed([step.lower() for step in steps])}",
        f"a process drawn as boxes with {a(s.names[1])} diamond for a question",
    )


def _tree(c: Canvas) -> Captions:
    s, levels, numbers = sheet(c), c.random.choice((3, 4)), chance(c, 0.6)
    spots: list[list[Point]] = [
        [(480 * (i + 0.5) / 2**level, 55 + level * 250 / (levels - 1)) for i in range(2**level)]
        for level in range(levels)
    ]
    for upper, under in pairwise(spots):
        for i, spot in enumerate(under):
            c.line([upper[i // 2], spot], 2, s.ink)
    for row in spots:
        for x, y in row:
            c.circle((x, y), 19, s.tones[0])
            c.text(
                (x, y),
                str(c.random.randint(1, 99)) if numbers else chr(c.random.randint(65, 90)),
                s.size,
                (20, 20, 24),
            )
    what = "numbers" if numbers else "letters"
    return (
        f"a binary tree with {NUMBERS[levels]} levels of {s.names[0]} circles holding {what}",
        f"a tree diagram whose circles carry {what}",
        f"{s.names[0]} nodes branching downwards from one root",
        "a data structure that splits in two at every level",
        f"circles with {what} joined by lines like a branching tree",
    )


def _network(c: Canvas) -> Captions:
    s, count = sheet(c), c.random.randint(6, 10)
    spots = [
        (x + c.random.uniform(-26, 26), y + c.random.uniform(-22, 22))
        for x, y in around((240, 182), 126, count, c.random.uniform(0, 90))
    ]
    edges = {(i, (i + 1) % count) for i in range(count)} | {
        (i, c.random.randrange(count)) for i in range(count) if chance(c, 0.8)
    }
    for i, j in sorted(edges):
        c.line([spots[i], spots[j]], 2, mix(s.ground, s.ink, 0.55))
    names = chance(c, 0.5)
    for i, spot in enumerate(spots):
        c.circle(spot, 18, s.tones[0])
        c.text(spot, chr(65 + i) if names else str(i + 1), s.size, (20, 20, 24))
    return (
        f"a network of {NUMBERS[count]} {s.names[0]} nodes joined by lines",
        f"a graph with {NUMBERS[count]} circles and the edges between them",
        f"{s.names[0]} dots named by {'letters' if names else 'numbers'} and linked to each other",
        "a web of connected points",
        f"network diagram with {NUMBERS[count]} points",
    )


def _star_network(c: Canvas) -> Captions:
    s, count = sheet(c), c.random.randint(4, 7)
    middle = c.random.choice(("Server", "Switch", "Hub", "Cloud", "Router"))
    parts = c.random.sample(
        ("Phone", "Tablet", "Camera", "Screen", "Printer", "Desk PC", "Robot", "Sensor", "Speaker"), count
    )
    spots = around((240, 188), 128, count)
    for spot in spots:
        c.line([(240, 188), spot], 3, mix(s.ground, s.ink, 0.5))
    for part, (x, y) in zip(parts, spots, strict=True):
        _box(c, s, (240 + (x - 240) * 1.25, y), part, s.tones[1], (38, 18))
    _box(c, s, (240, 188), middle, s.tones[0], (50, 24))
    return (
        f"a computer network: a {middle.lower()} in the middle joins {NUMBERS[count]} devices",
        f"a star-shaped network around a {middle.lower()}",
        f"devices such as {parts[0].lower()} and {parts[1].lower()} linked to a {middle.lower()}",
        "boxes around a central box, each joined to it by a line",
        f"network plan with {listed([part.lower() for part in parts])}",
    )


def _venn(c: Canvas) -> Captions:
    s, names, count = sheet(c), c.random.choice(SETS), c.random.choice((2, 3))
    spots = (
        [(185.0, 185.0), (295.0, 185.0)] if count == 2 else [(195.0, 145.0), (285.0, 145.0), (240.0, 228.0)]
    )
    for i, spot in enumerate(spots):
        c.circle(spot, 92, mix(s.ground, s.tones[i], 0.45))
    for i, (x, y) in enumerate(spots):
        c.ring((x - 92, y - 92, x + 92, y + 92), 3, s.tones[i])
        out = (x - 240) * 0.75, (y - 175) * 0.75 if count == 3 else 0
        c.text((x + out[0], y + out[1]), names[i], s.size * 1.15, s.ink)
    c.text(
        (240, 185 if count == 2 else 172),
        c.random.choice(("both", "A", "x", "*")) if count == 2 else "all",
        s.size,
        s.ink,
    )
    shown = [name.lower() for name in names[:count]]
    return (
        f"a Venn diagram of {listed(shown)}",
        f"{NUMBERS[count]} overlapping circles for {listed(shown)}",
        f"{listed(list(s.names[:count]))} circles that overlap in the middle",
        f"sets and what they share: {listed(shown)}",
        f"an overlap of {NUMBERS[count]} circles with words",
    )


def _cycle(c: Canvas) -> Captions:
    s, (topic, steps) = sheet(c), c.random.choice(ROUNDS)
    heading(c, s, topic.capitalize())
    count = len(steps)
    spots = [(240 + (x - 240) * 1.3, y) for x, y in around((240, 196), 108, count)]
    for i in range(count):
        (x0, y0), (x1, y1) = spots[i], spots[(i + 1) % count]
        _arrow(
            c,
            (x0 + (x1 - x0) * 0.34, y0 + (y1 - y0) * 0.34),
            (x0 + (x1 - x0) * 0.66, y0 + (y1 - y0) * 0.66),
            s.ink,
        )
    many = chance(c, 0.5)
    for i, step in enumerate(steps):
        _box(c, s, spots[i], step, s.tones[i if many else 0], (48, 22), 22)
    return (
        f"a cycle diagram of {topic}: {listed([step.lower() for step in steps])}",
        f"{NUMBERS[count]} steps in a circle joined by arrows",
        f"{topic} as a cycle",
        "arrows lead from one box to the next and back to the start",
        f"a circular process from {steps[0].lower()} to {steps[-1].lower()} and round again",
    )


def _timeline(c: Canvas) -> Captions:
    s, count = sheet(c), c.random.randint(4, 6)
    topic = c.random.choice(("a company", "a town", "a railway", "an invention", "a club", "a castle"))
    events = c.random.sample(
        ("Founded", "Opened", "Fire", "Rebuilt", "Sold", "Prize", "Moved", "Closed", "Jubilee", "Growth"),
        count,
    )
    years = sorted(c.random.sample(range(1850, 2024), count))
    heading(c, s, f"History of {topic}")
    c.line([(30, 190), (450, 190)], 5, s.ink)
    for i, (year, event) in enumerate(zip(years, events, strict=True)):
        x, up = 30 + 420 * (i + 0.5) / count, -1 if i % 2 else 1
        c.line([(x, 190), (x, 190 + up * 62)], 2, s.ink)
        c.circle((x, 190), 10, s.tones[0])
        _box(c, s, (x, 190 + up * 78), event, s.tones[1], (40, 16))
        c.text((x, 190 - up * 24), str(year), s.size, s.ink)
    return (
        f"a timeline of {topic} from {years[0]} to {years[-1]}",
        f"the history of {topic} in {NUMBERS[count]} events",
        f"years along a horizontal line, starting with {events[0].lower()} in {years[0]}",
        f"time line with {s.names[0]} dots and dates",
        f"a line with dates and events of {topic}",
    )


def _mind_map(c: Canvas) -> Captions:
    s, (theme, ideas) = sheet(c), c.random.choice(THEMES)
    count = c.random.randint(4, 6)
    for i, (x, y) in enumerate(around((240, 180), 118, count, c.random.uniform(-90, 0))):
        at = (240 + (x - 240) * 1.4, y)
        c.stroke([(240, 180), ((240 + at[0]) / 2, (180 + at[1]) / 2 - 14), at], 6, s.tones[i], end=3)
        c.ellipse((at[0] - 50, at[1] - 21, at[0] + 50, at[1] + 21), s.tones[i])
        c.text(at, ideas[i], s.size, (255, 255, 255) if sum(s.tones[i]) < 430 else (24, 24, 28))
    c.ellipse((172, 148, 308, 212), s.ink)
    c.text((240, 180), theme, s.size * 1.4, s.ground)
    shown = listed([idea.lower() for idea in ideas[:count]])
    return (
        f"a mind map about {theme.lower()} with {shown}",
        f"ideas on {theme.lower()} branching from the middle",
        f"{NUMBERS[count]} coloured bubbles around the word {theme.lower()}",
        "brainstorming: branches in many colours",
        f"a map of thoughts: {shown}",
    )


def _organisation(c: Canvas) -> Captions:
    s, count = sheet(c), c.random.randint(2, 4)
    boss, place = c.random.choice(
        (
            ("Director", "a company"),
            ("Head", "a school"),
            ("Mayor", "a town hall"),
            ("Chef", "a restaurant"),
            ("Captain", "a ship"),
        )
    )
    heads = c.random.sample(("Sales", "Finance", "Staff", "Design", "Service", "Press", "Planning"), count)
    for i, name in enumerate(heads):
        x = 480 * (i + 0.5) / count
        c.line([(240, 70), (240, 120), (x, 120), (x, 170)], 2, s.ink)
        for j in range(2):
            y = 250 + 52 * j
            c.line([(x - 40, 184), (x - 40, y), (x - 24, y)], 2, s.ink)
            _box(
                c,
                s,
                (x + 10, y),
                c.random.choice(("Team A", "Team B", "Office", "Helper", "Trainee")),
                s.tones[2],
                (38, 17),
                0,
            )
        _box(c, s, (x, 184), name, s.tones[1], (50, 20), 0)
    _box(c, s, (240, 58), boss, s.tones[0], (62, 24), 0)
    return (
        f"an organisation chart of {place} with the {boss.lower()} at the top",
        f"the structure of {place}: {boss.lower()} above {listed([name.lower() for name in heads])}",
        "boxes in levels joined by lines, one at the top",
        f"hierarchy with {NUMBERS[count]} departments",
        f"who reports to whom in {place}",
    )


def _circuit(c: Canvas) -> Captions:
    s, lamps, shut = sheet(c), c.random.randint(1, 3), chance(c, 0.5)
    left, upper, right, lower = 80, 90, 400, 290
    c.line(
        [(left, lower), (left, upper), (right, upper), (right, lower), (left, lower), (left, upper)], 3, s.ink
    )
    for i in range(lamps):
        x = left + (right - left) * (i + 1) / (lamps + 1)
        c.circle((x, upper), 23, (255, 226, 90) if shut else s.ground)
        c.ring((x - 23, upper - 23, x + 23, upper + 23), 3, s.ink)
        c.line([(x - 16, upper - 16), (x + 16, upper + 16)], 2.4, s.ink)
        c.line([(x - 16, upper + 16), (x + 16, upper - 16)], 2.4, s.ink)
    c.rectangle((222, lower - 10, 240, lower + 10), s.ground)
    c.line([(222, lower - 30), (222, lower + 30)], 3, s.ink)
    c.line([(240, lower - 16), (240, lower + 16)], 8, s.ink)
    c.rectangle((right - 8, 160, right + 8, 216), s.ground)
    c.line([(right, 216), (right if shut else right - 32, 162)], 4, s.tones[0])
    for y in (160, 216):
        c.circle((right, y), 5, s.ink)
    c.rectangle((left - 14, 160, left + 14, 220), s.ground)
    for i in range(6):
        c.line(
            [
                (left + (12 if i % 2 else -12) * (i > 0), 160 + i * 10),
                (left + (-12 if i % 2 else 12) * (i < 5), 170 + i * 10),
            ],
            3,
            s.ink,
        )
    many = "one lamp" if lamps == 1 else f"{NUMBERS[lamps]} lamps"
    return (
        f"a circuit diagram with a battery, a switch, a resistor and {many}",
        f"an electric circuit with {'a closed' if shut else 'an open'} switch",
        f"{many}, {'lit' if shut else 'dark'}, in a circuit with a battery",
        "electrical symbols joined by wires in a rectangle",
        f"wiring: battery, {'closed' if shut else 'open'} switch and {many}",
    )


def _planets(c: Canvas) -> Captions:
    count = c.random.randint(3, 6)
    c.rectangle((0, 0, 480, 360), jitter(c, (12, 16, 38), 8))
    for _ in range(60):
        c.circle((c.random.uniform(0, 480), c.random.uniform(0, 360)), 1, (220, 220, 230))
    c.glow((240, 180), 90, (255, 220, 110))
    c.ball((240, 180), 28, (250, 190, 50))
    ringed = c.random.choice((None, count - 1))
    for i in range(count):
        r = 52 + i * (168 - 52) / (count - 1)
        c.ring((240 - r * 1.35, 180 - r, 240 + r * 1.35, 180 + r), 1, (120, 126, 150))
        turn = c.random.uniform(0, 6.28)
        at = (240 + r * 1.35 * math.cos(turn), 180 + r * math.sin(turn))
        c.ball(
            at,
            c.random.uniform(8, 15),
            c.random.choice([(90, 140, 210), (200, 90, 60), (214, 180, 130), (130, 190, 180)]),
        )
        if i == ringed:
            c.ring((at[0] - 26, at[1] - 8, at[0] + 26, at[1] + 8), 3, (226, 206, 160))
    return (
        f"a diagram of {NUMBERS[count]} planets on their orbits around a sun",
        "planets circle a yellow star in dark space",
        f"{NUMBERS[count]} planets and a sun among stars"
        if ringed is None
        else f"{NUMBERS[count]} planets and a sun, one planet with a ring",
        "orbits drawn as ellipses around a sun",
        "an astronomy drawing of a planetary system",
    )


def _pyramid(c: Canvas) -> Captions:
    s, count = sheet(c), c.random.randint(3, 5)
    topic, words = c.random.choice((
        ("food", ("Sweets", "Meat", "Fruit", "Bread", "Water")), ("needs", ("Dreams", "Respect",
            "Friends", "Safety", "Food")),
        ("a food chain", ("Eagle", "Snake", "Mouse", "Insect", "Grass")), ("data", ("Wisdom", "Insight",
            "Facts", "Records", "Signals")),
    ))  # fmt: skip
    for i in range(count):
        y0, y1 = 36 + 290 * i / count, 36 + 290 * (i + 1) / count - 4
        w0, w1 = 200 * i / count, 200 * (i + 1) / count - 3
        c.polygon([(240 - w0, y0), (240 + w0, y0), (240 + w1, y1), (240 - w1, y1)], s.tones[i])
        c.text((240, (y0 + y1) / 2 + (14 if i == 0 else 0)), words[i], s.size, (20, 20, 24))
    return (
        f"a pyramid diagram of {topic} with {NUMBERS[count]} levels, {words[0].lower()} at the top",
        f"{topic} as a triangle cut into {NUMBERS[count]} layers",
        f"a pyramid from {words[count - 1].lower()} at the bottom to {words[0].lower()} at the tip",
        f"coloured layers: {listed([word.lower() for word in words[:count]])}",
        f"a triangle whose top is {s.names[0]}",
    )


KINDS: tuple[Kind, ...] = (
    Kind("flow chart", _flow_chart),
    Kind("binary tree", _tree),
    Kind("network of nodes", _network),
    Kind("computer network", _star_network),
    Kind("Venn diagram", _venn),
    Kind("cycle diagram", _cycle),
    Kind("timeline", _timeline),
    Kind("mind map", _mind_map),
    Kind("organisation chart", _organisation),
    Kind("circuit diagram", _circuit),
    Kind("orbits of planets", _planets),
    Kind("pyramid diagram", _pyramid),
)
