"""Charts of made-up numbers: what their form is, what they are about, and what is highest."""

from __future__ import annotations

import math
from itertools import pairwise

from univldr.canvas import Canvas, mix
from univldr.training.drawn import panels
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.palette import NUMBERS, a, chance
from univldr.training.drawn.sheets import (
    MEASURES,
    MONTHS,
    course,
    distinct,
    extremes,
    frame,
    heading,
    legend,
    sheet,
    topic_of,
)


def _said(kind: str, topic: str, colour: str, best: str, worst: str, count: int) -> Captions:
    return (
        f"{a(kind)} of {topic} with {best} highest and {worst} lowest",
        f"{colour} {kind}: {topic}",
        f"{kind} showing {topic}, {best} is the largest",
        f"a chart with {NUMBERS[count]} {colour} bars",
        f"statistics on {topic} as bars, least for {worst}",
    )


def _bar_chart(c: Canvas) -> Captions:
    s, count = sheet(c), c.random.randint(4, 6)
    (topic, labels), values = topic_of(c, count), distinct(c, count)
    heading(c, s, topic.capitalize())
    left, upper, right, lower = frame(c, s, 100)
    many, step = chance(c, 0.25), (right - left) / count
    width = step * c.random.uniform(0.5, 0.85)
    for i, value in enumerate(values):
        x, y = left + step * (i + 0.5), lower - (lower - upper) * value / 100
        c.rectangle((x - width / 2, y, x + width / 2, lower), s.tones[i if many else 0])
        c.text((x, lower + 14), labels[i], s.size, s.ink)
        if s.grid is None:
            c.text((x, y - 9), str(value), s.size, s.ink)
    best, worst = extremes(values, labels)
    return _said("bar chart", topic, "coloured" if many else s.names[0], best, worst, count)


def _horizontal_bars(c: Canvas) -> Captions:
    s, count = sheet(c), c.random.randint(4, 6)
    (topic, labels), values = topic_of(c, count), distinct(c, count)
    heading(c, s, topic.capitalize())
    step = 270 / count
    for i, value in enumerate(values):
        y = 60 + step * (i + 0.5)
        c.rectangle((92, y - step * 0.32, 92 + value * 3.4, y + step * 0.32), s.tones[0])
        c.text((84, y), labels[i], s.size, s.ink, "rm")
        c.text((98 + value * 3.4, y), str(value), s.size, s.ink, "lm")
    c.line([(92, 56), (92, 334)], 1.6, s.ink)
    best, worst = extremes(values, labels)
    return _said("horizontal bar chart", topic, s.names[0], best, worst, count)


def _grouped_bars(c: Canvas) -> Captions:
    s, count, series = sheet(c), c.random.randint(3, 5), c.random.randint(2, 3)
    (topic, labels), names = (
        topic_of(c, count),
        list(
            c.random.choice(
                (("2019", "2021", "2023"), ("Boys", "Girls", "Adults"), ("Plan", "Actual", "Goal"))
            )
        )[:series],
    )
    heading(c, s, topic.capitalize())
    left, upper, right, lower = frame(c, s, 100)
    step = (right - left) / count
    for i in range(count):
        for j in range(series):
            x, value = left + step * (i + 0.12 + 0.76 * j / series), c.random.randint(12, 98)
            c.rectangle(
                (x, lower - (lower - upper) * value / 100, x + step * 0.7 / series, lower), s.tones[j]
            )
        c.text((left + step * (i + 0.5), lower + 14), labels[i], s.size, s.ink)
    legend(c, s, names, (70, 344))
    pair = " and ".join(s.names[:2]) if series == 2 else f"{s.names[0]}, {s.names[1]} and {s.names[2]}"
    return (
        f"a grouped bar chart of {topic} comparing {' and '.join(names)}",
        f"bar chart with groups of {pair} bars",
        f"{topic}: {NUMBERS[series]} bars for each group",
        f"bars side by side compare {names[0]} with {names[1]}",
        f"a chart with a legend for {' and '.join(names)}",
    )


def _stacked_bars(c: Canvas) -> Captions:
    s, count = sheet(c), c.random.randint(4, 6)
    (topic, labels), names = topic_of(c, count), ["Online", "Shop", "Post"]
    heading(c, s, topic.capitalize())
    left, upper, right, lower = frame(c, s, 100)
    step = (right - left) / count
    for i in range(count):
        base, x = lower, left + step * (i + 0.5)
        for j in range(3):
            height = c.random.uniform(0.1, 0.32) * (lower - upper)
            c.rectangle((x - step * 0.32, base - height, x + step * 0.32, base), s.tones[j])
            base -= height
        c.text((x, lower + 14), labels[i], s.size, s.ink)
    legend(c, s, names, (70, 344))
    return (
        f"a stacked bar chart of {topic} by online, shop and post",
        f"stacked bars in {s.names[0]}, {s.names[1]} and {s.names[2]}",
        f"{topic}, each bar made of three parts on top of each other",
        f"bar chart with {NUMBERS[count]} stacked columns",
        f"a chart splitting {topic} into three shares",
    )


def _line_chart(c: Canvas) -> Captions:
    s, count, lines = sheet(c), 12, c.random.choice((1, 1, 2))
    measure, other = c.random.sample(MEASURES, 2)
    heading(c, s, measure.capitalize() if lines == 1 else f"{measure.capitalize()} and {other}")
    left, upper, right, lower = frame(c, s, 100)
    trends, dots = [], chance(c, 0.5)
    for j in range(lines):
        values, trend = course(c, count)
        trends.append(trend)
        points = [
            (left + (right - left) * (i + 0.5) / count, lower - (lower - upper) * v / 100)
            for i, v in enumerate(values)
        ]
        c.line(points, 3.2, s.tones[j])
        for x, y in points if dots else []:
            c.circle((x, y), 4, s.tones[j])
    for i in range(0, count, 2):
        c.text((left + (right - left) * (i + 0.5) / count, lower + 14), MONTHS[i], s.size, s.ink)
    if lines == 1:
        return (
            f"a line chart of {measure} by month that {trends[0]}",
            f"{measure} over the year: the {s.names[0]} line {trends[0]}",
            f"line graph of monthly {measure}",
            f"{a(s.names[0])} curve that {trends[0]}",
            f"how {measure} changed from January to December",
        )
    return (
        f"a line chart with two lines: {measure} {trends[0]}, {other} {trends[1]}",
        f"line graph comparing {measure} and {other} over a year",
        f"{a(s.names[0])} line and {a(s.names[1])} line on a graph",
        f"{measure} and {other} by month",
        f"two curves from January to December, the {s.names[0]} one {trends[0]}",
    )


def _area_chart(c: Canvas) -> Captions:
    s, measure = sheet(c), c.random.choice(MEASURES)
    heading(c, s, measure.capitalize())
    left, upper, right, lower = frame(c, s, 100)
    values, trend = course(c, 14)
    points = [
        (left + (right - left) * i / 13, lower - (lower - upper) * v / 100) for i, v in enumerate(values)
    ]
    c.polygon([(left, lower), *points, (right, lower)], s.tones[0], mix(s.tones[0], s.ground, 0.6))
    c.line(points, 2.5, s.tones[0])
    first = c.random.randint(1950, 2005)
    for i in range(0, 14, 3):
        c.text((left + (right - left) * i / 13, lower + 14), str(first + i), s.size, s.ink)
    return (
        f"an area chart of {measure} that {trend} from {first} to {first + 13}",
        f"{s.names[0]} area chart: {measure} {trend}",
        f"the area below a curve of {measure} is filled with {s.names[0]}",
        f"{measure} over fourteen years as a filled curve",
        f"a filled graph that {trend}",
    )


def _scatter(c: Canvas) -> Captions:
    s = sheet(c)
    across, up = c.random.sample(
        ("height", "age", "price", "distance", "weight", "income", "speed", "time"), 2
    )
    heading(c, s, f"{up.capitalize()} by {across}")
    left, upper, right, lower = frame(c, s, 40)
    way = c.random.choice(("rises with", "falls with", "does not depend on"))
    for _ in range(c.random.randint(40, 80)):
        t, noise = c.random.random(), c.random.gauss(0, 0.07)
        t_up = {"rises with": 0.1 + 0.8 * t + noise, "falls with": 0.9 - 0.8 * t + noise}.get(
            way, c.random.random()
        )
        t_up = min(0.98, max(0.02, t_up))
        c.circle((left + 8 + (right - left - 16) * t, lower - (lower - upper) * t_up), 4, s.tones[0])
    c.text((right, lower + 16), across, s.size, s.ink, "rm")
    c.text((left + 8, upper - 6), up, s.size, s.ink, "lm")
    return (
        f"a scatter plot in which {up} {way} {across}",
        f"scatter chart of {up} against {across} with {s.names[0]} dots",
        f"{s.names[0]} points on a graph of {across} and {up}",
        f"{up} {way} {across}, each dot is a measurement",
        f"a cloud of {s.names[0]} dots between two axes",
    )


def _shares(c: Canvas, ring: bool) -> Captions:
    s, count = sheet(c), c.random.randint(3, 6)
    (topic, labels), values = topic_of(c, count), distinct(c, count, 8, 60)
    heading(c, s, topic.capitalize())
    kind, x, y, r = "ring chart" if ring else "pie chart", c.random.choice((165.0, 240.0)), 198.0, 118.0
    total, angle = sum(values), -90.0
    percent = [round(100 * v / total) for v in values]
    beside = x < 200
    for i, value in enumerate(values):
        turn = 360 * value / total
        c.sector((x - r, y - r, x + r, y + r), angle, angle + turn, s.tones[i])
        middle, reach = math.radians(angle + turn / 2), r * (0.78 if ring else 0.65)
        if beside:
            c.rectangle((325, 90 + i * 34, 341, 106 + i * 34), s.tones[i])
            c.text((350, 98 + i * 34), f"{labels[i]} {percent[i]}%", s.size, s.ink, "lm")
        else:
            at = (x + r * 1.28 * math.cos(middle), y + r * 1.15 * math.sin(middle))
            c.text(at, f"{labels[i]}", s.size, s.ink)
            c.text(
                (x + reach * math.cos(middle), y + reach * math.sin(middle)),
                f"{percent[i]}%",
                s.size,
                (20, 20, 24),
            )
        angle += turn
    if ring:
        c.circle((x, y), r * 0.56, s.ground)
    best, worst = extremes(values, labels)
    top, largest = max(percent), s.names[values.index(max(values))]
    return (
        f"a {kind} of {topic}, {best} has the largest share with {top} percent",
        f"{kind}: {topic}",
        f"{topic} in {NUMBERS[count]} shares, {best} leads and {worst} is smallest",
        f"a round chart with a hole, the {largest} part is largest"
        if ring
        else f"a circle cut into {NUMBERS[count]} slices, the {largest} one is largest",
        f"percentages of {topic}, {best} {top} percent",
    )


def _histogram(c: Canvas) -> Captions:
    s, measure = (
        sheet(c),
        c.random.choice(("age", "height", "weight", "income", "waiting time", "exam marks")),
    )
    heading(c, s, f"Distribution of {measure}")
    left, upper, right, lower = frame(c, s, 60)
    peak, where = c.random.choice(((0.5, "in the middle"), (0.25, "on the left"), (0.75, "on the right")))
    bins = c.random.randint(10, 16)
    for i in range(bins):
        height = math.exp(-(((i + 0.5) / bins - peak) ** 2) / 0.045) * 0.9 + c.random.uniform(0, 0.06)
        x = left + (right - left) * i / bins
        c.rectangle(
            (x + 1, lower - (lower - upper) * height, x + (right - left) / bins - 1, lower), s.tones[0]
        )
    c.text(((left + right) / 2, lower + 18), measure, s.size, s.ink)
    return (
        f"a histogram of {measure} with its peak {where}",
        f"the distribution of {measure} in {s.names[0]} bars",
        f"{s.names[0]} histogram, most values lie {where}",
        f"how often each {measure} occurs",
        f"narrow bars without gaps form a hill {where}",
    )


def _candles(c: Canvas) -> Captions:
    s, name = (
        sheet(c),
        c.random.choice(("gold", "oil", "silver", "wheat", "copper", "shares of a bank", "coffee")),
    )
    heading(c, s, f"Price of {name}")
    left, upper, right, lower = frame(c, s, 80)
    values, trend = course(c, 26)
    for i, (was, now) in enumerate(pairwise(values)):
        x = left + (right - left) * (i + 0.5) / 25
        start, end = (lower - (lower - upper) * (v / 100) for v in (was, now))
        if abs(start - end) < 3:
            end = start - 3
        tone = (40, 160, 90) if end < start else (212, 50, 50)
        c.line([(x, min(start, end) - 9), (x, max(start, end) + 9)], 1.4, tone)
        c.rectangle((x - 5, min(start, end), x + 5, max(start, end)), tone)
    return (
        f"a candlestick chart of the price of {name}, which {trend}",
        f"price of {name} as red and green candles",
        f"a stock market chart with green and red bars, the price {trend}",
        f"trading chart of {name}",
        f"the price of {name} {trend} on the market",
    )


KINDS: tuple[Kind, ...] = (
    Kind("bar chart", _bar_chart),
    Kind("horizontal bar chart", _horizontal_bars),
    Kind("grouped bar chart", _grouped_bars),
    Kind("stacked bar chart", _stacked_bars),
    Kind("line chart", _line_chart),
    Kind("area chart", _area_chart),
    Kind("scatter plot", _scatter),
    Kind("pie chart", lambda c: _shares(c, ring=False)),
    Kind("ring chart", lambda c: _shares(c, ring=True)),
    Kind("histogram", _histogram),
    Kind("candlestick chart", _candles),
    Kind("table of numbers", panels.table),
    Kind("gauge", panels.gauge),
    Kind("heat map", panels.heat_map),
    Kind("population pyramid", panels.pyramid),
    Kind("pictogram", panels.pictogram),
)
