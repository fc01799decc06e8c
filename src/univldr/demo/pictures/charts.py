"""Charts with titles, axes and numbers, about invented figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from univldr.canvas import (
    BLACK,
    HEIGHT,
    WHITE,
    WIDTH,
    Canvas,
    Colour,
    Point,
    darker,
    lighter,
    mix,
)
from univldr.demo.pictures.table import Picture

GREY: Colour = (120, 124, 132)
GRID: Colour = (222, 226, 232)
LEFT, TOP, RIGHT, BOTTOM = 62.0, 62.0, 452.0, 302.0
PALETTE: tuple[Colour, ...] = (
    (58, 110, 180), (232, 140, 50), (78, 160, 90), (200, 66, 70), (130, 100, 180), (150, 110, 84),
)  # fmt: skip


def sheet(c: Canvas, title: str, subtitle: str = "") -> None:
    """White paper with a title."""
    c.rectangle((0, 0, WIDTH, HEIGHT), WHITE, (246, 248, 251))
    c.text((24, 26), title, 17, BLACK, "lm")
    c.text((24, 46), subtitle, 10.5, GREY, "lm")


def axes(c: Canvas, names: Sequence[str], top: float, step: float, unit: str = "") -> None:
    """Gridlines from 0 to ``top`` and a name under each column."""
    for i in range(round(top / step) + 1):
        y = height_of(i * step, top)
        c.line([(LEFT, y), (RIGHT, y)], 0.8, GRID)
        c.text((LEFT - 8, y), f"{i * step:g}{unit}", 10, GREY, "rm")
    c.line([(LEFT, BOTTOM), (RIGHT, BOTTOM)], 1.4, GREY)
    for i, name in enumerate(names):
        c.text((column_of(i, len(names)), BOTTOM + 14), name, 10.5, GREY)


def column_of(index: int, count: int) -> float:
    """The middle of a column."""
    return LEFT + (index + 0.5) * (RIGHT - LEFT) / count


def height_of(value: float, top: float) -> float:
    """Where a value lies on the vertical axis."""
    return BOTTOM - value / top * (BOTTOM - TOP - 10)


def legend(c: Canvas, names: Sequence[str], at: Point, colours: Sequence[Colour] = PALETTE) -> None:
    """Coloured squares with names, one under the other."""
    for i, (name, colour) in enumerate(zip(names, colours, strict=False)):
        y = at[1] + i * 19
        c.rectangle((at[0], y - 6, at[0] + 12, y + 6), lighter(colour, 0.15), colour, radius=2)
        c.text((at[0] + 18, y), name, 11, BLACK, "lm")


def _red_bar_chart(c: Canvas) -> None:
    sheet(c, "Ice cream sold per month", "Thousands of cones, kiosk on the pier")
    names, values = ("Apr", "May", "Jun", "Jul", "Aug", "Sep"), (12, 21, 38, 55, 49, 24)
    axes(c, names, 60, 20)
    for i, value in enumerate(values):
        x, y = column_of(i, len(names)), height_of(value, 60)
        c.rectangle((x - 22, y, x + 22, BOTTOM), (232, 84, 76), (176, 30, 34))
        c.text((x, y - 9), str(value), 11)


def _energy_pie_chart(c: Canvas) -> None:
    sheet(c, "Where the island's electricity comes from", "Share of one year's production")
    names, shares = ("Wind", "Solar", "Hydro", "Biogas", "Diesel"), (44, 23, 17, 10, 6)
    c.shadow((40, 290, 300, 330), 0.3)
    angle = -90.0
    for share, colour in zip(shares, PALETTE, strict=False):
        middle, end = math.radians(angle + share * 1.8), angle + share * 3.6
        c.sector((50, 72, 290, 312), angle, end, lighter(colour, 0.2), darker(colour, 0.1))
        c.text((170 + 82 * math.cos(middle), 192 + 82 * math.sin(middle)), f"{share}%", 13, WHITE)
        angle = end
    legend(c, [f"{name} {share}%" for name, share in zip(names, shares, strict=True)], (328, 140))


def _temperature_line_chart(c: Canvas) -> None:
    sheet(c, "Average temperature through the year", "Degrees Celsius, a coastal town and an inland town")
    axes(c, tuple("JFMAMJJASOND"), 30, 10, "°")
    coast = (7, 7, 9, 11, 14, 17, 19, 19, 17, 14, 10, 8)
    inland = (1, 3, 8, 13, 18, 23, 27, 26, 21, 14, 7, 2)
    for values, colour in ((coast, PALETTE[0]), (inland, PALETTE[3])):
        points = [(column_of(i, 12), height_of(v, 30)) for i, v in enumerate(values)]
        c.line(points, 3, colour)
        for point in points:
            c.circle(point, 4, WHITE)
            c.circle(point, 2.8, colour)
    legend(c, ("Coast", "Inland"), (76, 84), (PALETTE[0], PALETTE[3]))


def _grouped_bar_chart(c: Canvas) -> None:
    sheet(c, "How pupils come to school", "Number of pupils, last year and this year")
    names = ("On foot", "Bicycle", "Bus", "Car")
    axes(c, names, 160, 40)
    for i, pair in enumerate(((92, 98), (64, 118), (140, 131), (86, 45))):
        for k, value in enumerate(pair):
            x, colour = column_of(i, 4) - 28 + k * 29, PALETTE[0] if k else (168, 190, 220)
            c.rectangle((x, height_of(value, 160), x + 27, BOTTOM), lighter(colour, 0.1), colour)
            c.text((x + 13, height_of(value, 160) - 8), str(value), 10)
    legend(c, ("Last year", "This year"), (356, 82), ((168, 190, 220), PALETTE[0]))


def _scatter_plot(c: Canvas) -> None:
    sheet(c, "Taller trees have thicker trunks", "Each point is one oak of the park")
    axes(c, ("5 m", "10 m", "15 m", "20 m", "25 m"), 100, 20, " cm")
    c.line([(90, 284), (430, 96)], 1.6, (206, 120, 60))
    for _ in range(64):
        share = c.random.random()
        at = (94 + share * 330, 280 - share * 178 + c.random.gauss(0, 11))
        c.circle(at, 4.2, lighter(PALETTE[2], 0.2), darker(PALETTE[2], 0.2))


def _stacked_area_chart(c: Canvas) -> None:
    sheet(c, "Visitors to the city's museums", "Thousands a year")
    axes(c, ("2016", "2018", "2020", "2022", "2024"), 400, 100)
    layers = ((90, 100, 40, 96, 130), (180, 200, 84, 186, 240), (260, 296, 118, 270, 362))
    for values, colour in zip(reversed(layers), PALETTE, strict=False):
        line = [(column_of(i, 5), height_of(v, 400)) for i, v in enumerate(values)]
        c.polygon([*line, (line[-1][0], BOTTOM), (line[0][0], BOTTOM)], lighter(colour, 0.3), colour)
        c.line(line, 2, darker(colour, 0.2))
    legend(c, ("Art", "Science", "History"), (76, 86))


def _budget_ring_chart(c: Canvas) -> None:
    sheet(c, "A family's monthly budget", "2,400 in all")
    names, shares = ("Rent", "Food", "Transport", "Savings", "Leisure", "Clothes"), (36, 22, 13, 12, 10, 7)
    angle = -90.0
    for share, colour in zip(shares, PALETTE, strict=True):
        c.sector((50, 74, 286, 310), angle, angle + share * 3.6 - 1, lighter(colour, 0.25), colour)
        angle += share * 3.6
    c.circle((168, 192), 66, (248, 250, 252))
    c.text((168, 186), "2,400", 24)
    c.text((168, 208), "a month", 12, GREY)
    legend(c, [f"{name} {share}%" for name, share in zip(names, shares, strict=True)], (326, 136))


def _population_pyramid(c: Canvas) -> None:
    sheet(c, "Who lives in the valley", "Inhabitants by age; women left, men right")
    for i, (women, men) in enumerate(
        ((96, 84), (118, 104), (140, 136), (152, 150), (128, 132), (108, 112), (90, 96), (80, 86))
    ):
        y = 74 + i * 29
        c.rectangle((214 - women, y, 214, y + 24), (226, 120, 140), (190, 70, 100))
        c.rectangle((266, y, 266 + men, y + 24), (110, 160, 220), (58, 110, 180))
        c.text((240, y + 12), f"{70 - i * 10}-{79 - i * 10}", 10.5, GREY)
    c.text((130, 324), "Women", 12, (190, 70, 100))
    c.text((350, 324), "Men", 12, (58, 110, 180))


def _stock_candle_chart(c: Canvas) -> None:
    sheet(c, "Price of cocoa", "Per tonne, thirty trading days")
    axes(c, ("week 1", "week 2", "week 3", "week 4", "week 5", "week 6"), 8, 2, "k")
    price = 3.2
    for i in range(30):
        opening, price = price, min(7.4, max(2.4, price + c.random.gauss(0.09, 0.34)))
        x = LEFT + 8 + i * 13
        colour: Colour = (40, 150, 90) if price > opening else (204, 54, 54)
        high, low = (
            max(opening, price) + c.random.uniform(0.1, 0.4),
            min(opening, price) - c.random.uniform(0.1, 0.4),
        )
        c.line([(x, height_of(high, 8)), (x, height_of(low, 8))], 1.2, mix(colour, BLACK, 0.3))
        top, bottom = height_of(max(opening, price), 8), height_of(min(opening, price), 8)
        c.rectangle((x - 4, top, x + 4, bottom + 1), lighter(colour, 0.1), colour)


PICTURES = (
    Picture("red-bar-chart.png", _red_bar_chart, "Red bar chart: ice cream sold per month, highest in July"),
    Picture(
        "energy-pie-chart.png",
        _energy_pie_chart,
        "Pie chart: the island's electricity by source, wind 44 percent",
    ),
    Picture(
        "temperature-line-chart.png",
        _temperature_line_chart,
        "Line chart: average temperature through the year on the coast and inland",
    ),
    Picture(
        "grouped-bar-chart.png",
        _grouped_bar_chart,
        "Bar chart: how pupils come to school, on foot, by bicycle, bus or car",
    ),
    Picture("scatter-plot.png", _scatter_plot, "Scatter plot: height and trunk thickness of oak trees"),
    Picture("stacked-area-chart.png", _stacked_area_chart),
    Picture(
        "budget-ring-chart.png", _budget_ring_chart, "Ring chart: a family's monthly budget, rent 36 percent"
    ),
    Picture("population-pyramid.png", _population_pyramid),
    Picture("cocoa-price-chart.png", _stock_candle_chart),
)
