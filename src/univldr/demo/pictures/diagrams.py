"""Diagrams that explain something."""

from __future__ import annotations

import math

from univldr.canvas import (
    BLACK,
    HEIGHT,
    WHITE,
    WIDTH,
    Canvas,
    Colour,
    Point,
    around,
    darker,
    lighter,
    mix,
)
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.charts import GREY, PALETTE, sheet
from univldr.demo.pictures.table import Picture


def arrow(c: Canvas, start: Point, end: Point, colour: Colour = GREY, width: float = 2.2) -> None:
    """A straight arrow."""
    length = math.dist(start, end) or 1.0
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    neck = (end[0] - dx * 9, end[1] - dy * 9)
    c.line([start, neck], width, colour)
    c.polygon([end, (neck[0] - dy * 5, neck[1] + dx * 5), (neck[0] + dy * 5, neck[1] - dx * 5)], colour)


def box(c: Canvas, at: Point, words: str, colour: Colour, half: Point = (56, 18)) -> None:
    """A labelled box with round corners."""
    x, y = at
    c.rectangle((x - half[0] + 2, y - half[1] + 3, x + half[0] + 2, y + half[1] + 3), GREY, radius=8)
    c.rectangle((x - half[0], y - half[1], x + half[0], y + half[1]), lighter(colour, 0.25), colour, radius=8)
    c.text(at, words, 12, WHITE)


def _tea_flow_chart(c: Canvas) -> None:
    sheet(c, "How to make a cup of tea")
    box(c, (100, 84), "Start", PALETTE[2], (44, 17))
    box(c, (100, 150), "Boil water", PALETTE[0])
    box(c, (100, 216), "Add tea leaves", PALETTE[0])
    box(c, (100, 282), "Wait 3 minutes", PALETTE[0])
    c.polygon([(290, 230), (360, 282), (290, 334), (220, 282)], (246, 190, 90), (226, 140, 40))
    c.text((290, 282), "Strong\nenough?", 12, BLACK)
    box(c, (414, 150), "Add milk", PALETTE[4], (48, 18))
    box(c, (414, 84), "Drink", PALETTE[3], (44, 17))
    for start, end in (
        ((100, 101), (100, 130)),
        ((100, 168), (100, 196)),
        ((100, 234), (100, 262)),
        ((156, 282), (220, 282)),
        ((414, 132), (414, 102)),
    ):
        arrow(c, start, end)
    c.line([(360, 282), (414, 282), (414, 240)], 2.2, GREY)
    arrow(c, (414, 250), (414, 170))
    c.text((384, 272), "yes", 11, GREY)
    c.line([(290, 230), (290, 216), (240, 216)], 2.2, GREY)
    arrow(c, (250, 216), (158, 216))
    c.text((302, 222), "no", 11, GREY)


def _venn_diagram(c: Canvas) -> None:
    sheet(c, "Birds, swimmers and flyers")
    places: tuple[tuple[Point, Colour], ...] = (
        ((190, 150), PALETTE[0]),
        ((290, 150), PALETTE[3]),
        ((240, 236), PALETTE[2]),
    )
    for (x, y), colour in places:
        c.circle((x, y), 96, lighter(colour, 0.62), lighter(colour, 0.45))
    for (x, y), colour in places:
        c.glow((x, y), 96, colour, 0.35)
        c.ring((x - 96, y - 96, x + 96, y + 96), 2.4, darker(colour, 0.1))
    labels = (
        ((136, 126), "Birds"),
        ((346, 126), "Flyers"),
        ((240, 300), "Swimmers"),
        ((240, 116), "robin"),
        ((176, 216), "penguin"),
        ((304, 216), "flying fish"),
        ((240, 178), "duck"),
    )
    for at, words in labels:
        c.text(at, words, 15 if words[0].isupper() else 12.5)


def _binary_tree(c: Canvas) -> None:
    sheet(c, "A binary search tree")
    values = (50, 30, 70, 20, 40, 60, 80, 10, 25, 35, 45, 55, 65, 75, 90)
    places = [(240.0, 90.0)]
    for level in range(1, 4):
        places += [((i + 0.5) * WIDTH / 2**level, 90.0 + level * 74) for i in range(2**level)]
    for i in range(1, len(places)):
        c.line([places[(i - 1) // 2], places[i]], 2, GREY)
    for value, at in zip(values, places, strict=True):
        c.shadow((at[0] - 24, at[1] - 16, at[0] + 28, at[1] + 30), 0.4)
        c.ball(at, 20, mix(PALETTE[2], PALETTE[0], (at[1] - 90) / 222))
        c.text(at, str(value), 14, WHITE)


def _solar_system(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (10, 12, 34), (4, 5, 16))
    n.stars(c, 260, HEIGHT)
    c.text((24, 26), "The planets, in order from the sun", 16, WHITE, "lm")
    c.glow((-30, 190), 260, (255, 180, 60), 0.9)
    c.circle((-40, 190), 96, (255, 226, 120), (250, 150, 40))
    planets: tuple[tuple[str, float, float, Colour], ...] = (
        ("Mercury", 84, 7, (170, 160, 150)), ("Venus", 116, 11, (230, 190, 120)),
        ("Earth", 152, 12, (60, 130, 210)),
        ("Mars", 188, 9, (206, 90, 60)), ("Jupiter", 246, 32, (214, 176, 138)),
        ("Saturn", 326, 26, (226, 200, 146)),
        ("Uranus", 394, 17, (150, 214, 220)), ("Neptune", 446, 16, (70, 100, 220)),
    )  # fmt: skip
    for i, (name, x, radius, colour) in enumerate(planets):
        reach = x + 40
        c.ring((-40 - reach, 190 - reach, -40 + reach, 190 + reach), 0.6, (70, 76, 110))
        c.ball((x, 190), radius, colour)
        if name == "Saturn":
            c.ring((x - 48, 180, x + 48, 200), 4, (206, 186, 150), -20, 200)
        c.text((x, 190 + radius + (14 if i % 2 else 28)), name, 10.5, (214, 220, 236))
    for dy in (-12, 0, 11):
        c.ellipse((218, 188 + dy, 274, 192 + dy), (170, 126, 92))


def _water_cycle(c: Canvas) -> None:
    n.sky(c, horizon=242)
    n.sun(c, (64, 60), 22)
    n.mountain(c, (380, 110), 170, 250, (120, 130, 128), 0.3)
    n.sea(c, 236, (90, 170, 210), (30, 100, 160))
    c.blob(
        [(230, 250), (330, 220), (520, 214), (520, 400), (200, 400), (200, 320)],
        (120, 172, 84),
        (76, 128, 56),
    )
    c.stroke([(400, 232), (340, 262), (290, 276), (220, 300)], 5, (70, 150, 210), end=12)
    for x, y, size in ((300, 66, 110), (404, 58, 100)):
        n.cloud(c, x, y, size, (214, 220, 230))
    for i in range(14):
        c.line([(270 + i * 11, 92), (264 + i * 11, 108)], 1.4, (60, 120, 200))
    for x in (90, 124, 158):
        c.stroke([(x, 226), (x + 8, 196), (x - 4, 168)], 3, (240, 250, 255))
        arrow(c, (x - 4, 172), (x + 2, 140), WHITE, 3)
    arrow(c, (150, 66), (226, 62), WHITE, 3)
    for at, words in (
        ((110, 120), "Evaporation"),
        ((186, 44), "Condensation"),
        ((344, 126), "Rain"),
        ((296, 306), "River"),
        ((90, 310), "Sea"),
    ):
        c.text((at[0] + 1, at[1] + 1), words, 14, (20, 40, 60))
        c.text(at, words, 14, WHITE)


def _computer_network(c: Canvas) -> None:
    sheet(c, "A small office network")
    hub = (240.0, 196.0)
    names = ("Server", "Printer", "Laptop", "Phone", "Desktop", "Camera")
    for i, (at, name) in enumerate(zip(around(hub, 122, 6), names, strict=True)):
        c.line([hub, at], 2.4, (150, 160, 176))
        c.circle((at[0] + 2, at[1] + 3), 32, (206, 210, 218))
        c.circle(at, 32, lighter(PALETTE[i], 0.75), lighter(PALETTE[i], 0.5))
        _device(c.view(at[0], at[1] - 5), name, PALETTE[i])
        c.text((at[0], at[1] + 19), name, 10)
    c.rectangle((204, 180, 276, 214), (70, 80, 100), (40, 46, 62), radius=6)
    for i in range(5):
        c.circle((216 + i * 12, 202), 3, (90, 230, 130) if i % 2 else (250, 200, 60))
    c.text((240, 190), "Router", 11, WHITE)


def _device(v: Canvas, name: str, colour: Colour) -> None:
    dark = darker(colour, 0.3)
    if name in {"Laptop", "Desktop"}:
        v.rectangle((-15, -13, 15, 8), dark, radius=2)
        v.rectangle((-12, -10, 12, 5), (206, 230, 244))
        v.rectangle((-19, 9, 19, 12) if name == "Laptop" else (-4, 8, 4, 14), dark)
    elif name in {"Server", "Phone"}:
        half = 11 if name == "Server" else 7
        v.rectangle((-half, -16, half, 14), dark, radius=2)
        for dy in (-10, -3, 4):
            v.rectangle((-half + 3, dy, half - 3, dy + 3), (206, 230, 244))
    else:
        v.rectangle((-17, -6, 17, 10), dark, radius=3)
        v.rectangle((-10, -14, 10, -4), lighter(colour, 0.2))
        v.circle((0, 3), 6, (206, 230, 244), colour)


def _plant_cell(c: Canvas) -> None:
    sheet(c, "A plant cell")
    c.blob(
        [(60, 90), (220, 70), (330, 100), (340, 210), (310, 310), (150, 330), (50, 290), (40, 180)],
        (90, 150, 70),
        (60, 116, 52),
    )
    c.blob(
        [(72, 100), (220, 82), (318, 110), (328, 210), (300, 298), (152, 318), (62, 280), (52, 180)],
        (206, 232, 170),
        (170, 206, 130),
    )
    c.blob(
        [(180, 130), (290, 140), (300, 220), (250, 290), (180, 280), (150, 200)],
        (180, 220, 244),
        (130, 186, 226),
    )
    c.ball((110, 190), 38, (170, 110, 180))
    c.ball((116, 196), 14, (110, 50, 120))
    for x, y in ((110, 118), (160, 108), (110, 270), (160, 300), (314, 250), (240, 110)):
        c.ellipse((x - 18, y - 9, x + 18, y + 9), (110, 190, 80), (50, 130, 50))
        for dx in (-8, 0, 8):
            c.line([(x + dx, y - 5), (x + dx, y + 5)], 1.2, (40, 100, 40))
    for name, tip, y in (
        ("Cell wall", (336, 150), 120),
        ("Vacuole", (280, 190), 180),
        ("Nucleus", (140, 200), 240),
        ("Chloroplast", (322, 252), 300),
    ):
        c.line([tip, (368, y)], 1, GREY)
        c.text((374, y), name, 13, BLACK, "lm")


PICTURES = (
    Picture("tea-flow-chart.png", _tea_flow_chart, "Flow chart: how to make a cup of tea, step by step"),
    Picture(
        "venn-diagram.png", _venn_diagram, "Venn diagram of birds, swimmers and flyers: the duck is all three"
    ),
    Picture("binary-search-tree.png", _binary_tree, "Diagram of a binary search tree with fifteen numbers"),
    Picture(
        "solar-system.png",
        _solar_system,
        "Diagram of the solar system: the eight planets in order from the sun",
    ),
    Picture("water-cycle.png", _water_cycle),
    Picture(
        "office-network.png",
        _computer_network,
        "Network diagram: a router joins a server, a printer, a laptop and a phone",
    ),
    Picture(
        "plant-cell.png",
        _plant_cell,
        "Labelled drawing of a plant cell with nucleus, vacuole and chloroplasts",
    ),
)
