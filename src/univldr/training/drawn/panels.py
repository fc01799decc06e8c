"""Charts without axes: tables, dials, cells and rows of figures."""

from __future__ import annotations

import math

from univldr.canvas import Canvas, lighter, mix
from univldr.training.drawn.base import Captions
from univldr.training.drawn.palette import NUMBERS, a
from univldr.training.drawn.sheets import MEASURES, extremes, heading, sheet, topic_of


def table(c: Canvas) -> Captions:
    """A table of numbers."""
    s, rows, columns = sheet(c), c.random.randint(4, 6), c.random.randint(2, 4)
    topic, labels = topic_of(c, rows)
    heads = list(
        c.random.choice(
            (("2020", "2021", "2022", "2023"), ("Jan", "Feb", "Mar", "Apr"), ("Low", "High", "Mean", "Sum"))
        )
    )[:columns]
    heading(c, s, topic.capitalize())
    high, wide = 280 / (rows + 1), 340 / columns
    c.rectangle((24, 52, 456, 52 + high), s.tones[0])
    for i in range(rows + 1):
        y = 52 + high * i
        if i and i % 2 == 0:
            c.rectangle((24, y, 456, y + high), mix(s.ground, s.tones[0], 0.15))
        c.text((34, y + high / 2), labels[i - 1] if i else "", s.size, s.ink, "lm")
        for j in range(columns):
            words = str(c.random.randint(10, 999)) if i else heads[j]
            c.text(
                (110 + wide * (j + 0.8), y + high / 2), words, s.size, s.ink if i else (255, 255, 255), "rm"
            )
        c.line([(24, y + high), (456, y + high)], 1, mix(s.ground, s.ink, 0.4))
    return (
        f"a table of {topic} with {NUMBERS[rows]} rows and {NUMBERS[columns]} columns of numbers",
        f"table: {topic} from {labels[0]} to {labels[-1]}",
        f"a table with {a(s.names[0])} heading row",
        f"rows and columns of figures on {topic}",
        f"numbers for {' and '.join(heads)} in a table",
    )


def gauge(c: Canvas) -> Captions:
    """A dial with a needle."""
    s, measure = (
        sheet(c),
        c.random.choice(("speed", "pressure", "temperature", "fuel", "battery", "progress", "noise")),
    )
    heading(c, s, measure.capitalize())
    value = c.random.randint(4, 96)
    for i, tone in enumerate(((70, 170, 90), (240, 200, 60), (214, 60, 50))):
        c.ring((100, 90, 380, 370), 34, tone, 180 + 60 * i, 240 + 60 * i)
    angle = math.radians(180 + 1.8 * value)
    c.line([(240, 230), (240 + 112 * math.cos(angle), 230 + 112 * math.sin(angle))], 6, s.ink)
    c.circle((240, 230), 11, s.ink)
    c.text((240, 286), str(value), 38, s.ink)
    zone = "green" if value < 33 else "yellow" if value < 66 else "red"
    return (
        f"a gauge for {measure} reading {value}",
        f"a half round dial in green, yellow and red with a needle at {value}",
        f"{measure} meter with a needle",
        f"a speedometer-like dial shows {value}"
        if abs(value - 33) < 3 or abs(value - 66) < 3
        else f"the needle of the dial points to the {zone} part",
        f"dial showing a {measure} of {value}",
    )


def heat_map(c: Canvas) -> Captions:
    """Cells, darker where more is."""
    s = sheet(c)
    rows, columns = c.random.randint(5, 7), c.random.randint(7, 12)
    topic = c.random.choice(MEASURES)
    heading(c, s, f"{topic.capitalize()} by day and hour")
    wide, high = 380 / columns, 270 / rows
    px, py = c.random.uniform(0, columns), c.random.uniform(0, rows)
    for i in range(rows):
        c.text(
            (58, 58 + high * (i + 0.5)),
            ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[i],
            s.size,
            s.ink,
            "rm",
        )
        for j in range(columns):
            heat = max(0.0, 1 - math.hypot((j - px) / columns, (i - py) / rows) * 1.5) + c.random.uniform(
                -0.1, 0.1
            )
            tone = mix(lighter(s.tones[0], 0.85), s.tones[0], min(1.0, max(0.0, heat)))
            c.rectangle(
                (66 + j * wide, 58 + i * high, 66 + (j + 1) * wide - 2, 58 + (i + 1) * high - 2), tone
            )
    return (
        f"a heat map of {topic} by day and hour in shades of {s.names[0]}",
        f"{s.names[0]} heat map with a grid of squares",
        f"a grid of cells, darker where {topic} is higher",
        f"{topic} through the week as coloured cells",
        f"squares from pale to strong {s.names[0]} in rows for the days",
    )


def pyramid(c: Canvas) -> Captions:
    """Men and women by age."""
    s, form = sheet(c), c.random.choice(("wide at the bottom", "wide in the middle", "wide at the top"))
    place = c.random.choice(("a city", "a country", "an island", "a village", "a region"))
    heading(c, s, f"Age groups of {place}")
    for i in range(9):
        age = i / 8
        spread = {"wide at the bottom": 1 - age, "wide at the top": age}.get(form, 1 - abs(age - 0.5) * 2)
        y = 318 - i * 29
        for side, tone in ((-1, s.tones[0]), (1, s.tones[1])):
            width = 24 + 120 * spread + c.random.uniform(0, 14)
            ends = sorted((240 + side * 22, 240 + side * (22 + width)))
            c.rectangle((ends[0], y - 24, ends[1], y), tone)
        c.text((240, y - 12), f"{i * 10}", s.size, s.ink)
    c.text((110, 340), "men", s.size, s.ink)
    c.text((370, 340), "women", s.size, s.ink)
    return (
        f"a population pyramid of {place}, {form}",
        f"age groups of men in {s.names[0]} and women in {s.names[1]}",
        f"bars to the left and right show how many people there are of each age in {place}",
        f"population of {place} by age and sex",
        f"an age pyramid that is {form}",
    )


def pictogram(c: Canvas) -> Captions:
    """Rows of figures to count."""
    s, count = sheet(c), 4
    (topic, labels), values = topic_of(c, count), c.random.sample(range(2, 10), count)
    heading(c, s, topic.capitalize())
    for i, value in enumerate(values):
        c.text((92, 92 + i * 66), labels[i], s.size, s.ink, "rm")
        for j in range(value):
            x, y = 122 + j * 36, 92 + i * 66
            c.circle((x, y - 15), 8, s.tones[i])
            c.rectangle((x - 11, y - 5, x + 11, y + 22), s.tones[i], radius=8)
    best, worst = extremes(values, labels)
    return (
        f"a pictogram of {topic}, {best} has {NUMBERS[max(values)]} figures",
        f"rows of small people stand for {topic}",
        f"{topic}: most for {best}, fewest for {worst}",
        "a chart made of rows of little person symbols",
        f"figures count {topic}, {worst} has only {NUMBERS[min(values)]}",
    )
