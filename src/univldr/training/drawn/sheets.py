"""Sheets that charts and diagrams are drawn on: their styles, palettes, topics and words."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from univldr.canvas import HEIGHT, WIDTH, Canvas, Colour, Point, mix
from univldr.training.drawn.palette import COLOURS, chance, jitter

PALETTES: tuple[tuple[str, ...], ...] = (
    ("blue", "orange", "green", "red", "purple", "turquoise"),
    ("red", "blue", "yellow", "green", "pink", "grey"),
    ("green", "purple", "orange", "blue", "brown", "red"),
    ("turquoise", "pink", "yellow", "purple", "blue", "orange"),
    ("purple", "yellow", "blue", "red", "green", "brown"),
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("favourite fruit", ("Apple", "Banana", "Cherry", "Grape", "Melon", "Peach")),
    ("visitors per day", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")),
    ("sales by region", ("North", "South", "East", "West", "Coast", "Centre")),
    ("rainfall by month", ("Jan", "Mar", "May", "Jul", "Sep", "Nov")),
    ("goals per team", ("Lions", "Bears", "Hawks", "Sharks", "Wolves", "Foxes")),
    ("books read", ("Anna", "Ben", "Clara", "David", "Emma", "Felix")),
    ("votes by party", ("Green", "Liberal", "Social", "Centre", "Farmers", "Union")),
    ("pets in town", ("Dogs", "Cats", "Birds", "Fish", "Rabbits", "Horses")),
    ("traffic on the bridge", ("Cars", "Buses", "Vans", "Bikes", "Trams", "Taxis")),
    ("hours of sunshine", ("Spring", "Summer", "Autumn", "Winter", "March", "April")),
    ("exports by product", ("Steel", "Wheat", "Cloth", "Paper", "Wine", "Sugar")),
    ("internet users by age", ("Teens", "20s", "30s", "40s", "50s", "60s")),
    ("crops harvested", ("Wheat", "Maize", "Rice", "Barley", "Oats", "Rye")),
    ("profit by year", ("2018", "2019", "2020", "2021", "2022", "2023")),
    ("tourists by country", ("Spain", "Peru", "India", "Kenya", "Japan", "Norway")),
    ("drinks sold", ("Tea", "Juice", "Milk", "Water", "Cola", "Cocoa")),
)
MEASURES = (
    "sales", "rainfall", "profit", "visitors", "temperature", "members", "price", "speed",
    "population", "emissions", "water level", "weight", "interest rate", "downloads", "unemployment",
)  # fmt: skip
RECIPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("how to bake bread", ("Mix", "Knead", "Rest", "Bake", "Cool")),
    ("how to send a letter", ("Write", "Fold", "Stamp", "Post", "Wait")),
    ("how to plant a tree", ("Dig", "Plant", "Fill", "Water", "Prune")),
    ("how an order is handled", ("Order", "Check", "Pack", "Ship", "Bill")),
    ("how a program is made", ("Plan", "Code", "Test", "Fix", "Ship")),
    ("how to borrow a book", ("Search", "Find", "Scan", "Read", "Return")),
    ("how milk becomes cheese", ("Heat", "Curdle", "Cut", "Press", "Age")),
    ("how to repair a bike", ("Clean", "Check", "Repair", "Oil", "Ride")),
)
ROUNDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("the life of a butterfly", ("Egg", "Caterpillar", "Pupa", "Butterfly")),
    ("the life of a frog", ("Eggs", "Tadpole", "Froglet", "Frog")),
    ("the seasons", ("Spring", "Summer", "Autumn", "Winter")),
    ("the rock cycle", ("Magma", "Rock", "Sand", "Sediment")),
    ("the use of glass", ("Make", "Fill", "Use", "Collect", "Melt")),
    ("a working week", ("Plan", "Do", "Check", "Improve")),
    ("the life of a plant", ("Seed", "Sprout", "Plant", "Flower", "Fruit")),
)
SETS = (
    ("Cats", "Dogs", "Pets"), ("Red", "Round", "Sweet"), ("Music", "Sport", "Games"), ("Plants", "Food",
        "Trees"),
    ("Rich", "Young", "Happy"), ("Maths", "Art", "Science"), ("Cheap", "Fast", "Good"), ("Rivers",
        "Lakes", "Towns"),
)  # fmt: skip
THEMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Holiday", ("Hotel", "Flights", "Beach", "Budget", "Food", "Museums")),
    ("Garden", ("Soil", "Seeds", "Tools", "Water", "Flowers", "Fence")),
    ("Health", ("Sleep", "Sport", "Food", "Friends", "Rest", "Doctor")),
    ("School", ("Maths", "History", "Music", "Sport", "Art", "Biology")),
    ("Party", ("Guests", "Music", "Cake", "Games", "Drinks", "Room")),
    ("Energy", ("Sun", "Wind", "Coal", "Gas", "Atoms", "Rivers")),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a sheet looks: the colours of ground, ink and grid, and the names of its series' colours."""

    ground: Colour
    ink: Colour
    grid: Colour | None
    names: tuple[str, ...]
    tones: tuple[Colour, ...]
    size: float
    dark: bool


def sheet(c: Canvas) -> Sheet:
    """Lays a sheet of a random style."""
    dark = chance(c, 0.15)
    ground: Colour = c.random.choice(
        [(26, 30, 42), (34, 34, 38), (16, 38, 52)]
        if dark
        else [(255, 255, 255), (255, 255, 255), (250, 247, 238), (240, 244, 248), (246, 240, 246)]
    )
    ink: Colour = (228, 230, 234) if dark else c.random.choice([(40, 42, 48), (70, 74, 84), (20, 40, 70)])
    grid = mix(ground, ink, 0.18) if chance(c, 0.6) else None
    names = list(c.random.choice(PALETTES))
    c.random.shuffle(names)
    soft = c.random.choice((0.0, 0.0, 0.25))
    tones = tuple(mix(jitter(c, COLOURS[name]), (255, 255, 255), soft) for name in names)
    c.rectangle((0, 0, WIDTH, HEIGHT), ground)
    if chance(c, 0.15):
        c.line([(4, 4), (WIDTH - 5, 4), (WIDTH - 5, HEIGHT - 5), (4, HEIGHT - 5), (4, 4)], 2, ink)
    return Sheet(ground, ink, grid, tuple(names), tones, c.random.uniform(11, 14), dark)


def heading(c: Canvas, s: Sheet, words: str) -> None:
    """A title, in the middle or at the left, large or small."""
    size = s.size * c.random.uniform(1.2, 1.7)
    if chance(c, 0.5):
        c.text((WIDTH / 2, 24), words, size, s.ink)
    else:
        c.text((24, 24), words, size, s.ink, "lm")


def frame(c: Canvas, s: Sheet, top: float) -> tuple[float, float, float, float]:
    """Axes with a scale from 0 to ``top``; returns the area between them."""
    left, upper, right, lower = 58.0, 56.0, 452.0, 310.0
    for i in range(5):
        y = lower - (lower - upper) * i / 4
        if s.grid:
            c.line([(left, y), (right, y)], 1, s.grid)
        c.text((left - 8, y), f"{top * i / 4:g}", s.size * 0.85, s.ink, "rm")
    c.line([(left, upper), (left, lower), (right, lower)], 1.6, s.ink)
    return left, upper, right, lower


def legend(c: Canvas, s: Sheet, names: list[str], at: Point) -> None:
    """Coloured squares and what they stand for, side by side."""
    x, y = at
    for i, name in enumerate(names):
        c.rectangle((x, y - 5, x + 10, y + 5), s.tones[i])
        c.text((x + 15, y), name, s.size * 0.9, s.ink, "lm")
        x += 30 + 6.2 * len(name) * s.size / 12


def distinct(c: Canvas, count: int, low: int = 15, high: int = 100) -> list[int]:
    """Values apart enough for the highest and the lowest to be seen."""
    while True:
        values = [c.random.randint(low, high) for _ in range(count)]
        ordered = sorted(values)
        if ordered[-1] - ordered[-2] >= 6 and ordered[1] - ordered[0] >= 4:
            return values


def course(c: Canvas, count: int) -> tuple[list[float], str]:
    """Values between 0 and 100 along a course, and what it does: ``rises``, ``falls`` and so on."""
    trend = c.random.choice(
        ("rises", "falls", "goes up and down", "rises to a peak and falls", "falls and recovers")
    )
    low, high = c.random.uniform(10, 25), c.random.uniform(75, 95)
    shapes: dict[str, Callable[[float], float]] = {
        "rises": lambda t: t,
        "falls": lambda t: 1 - t,
        "goes up and down": lambda t: 0.5 - 0.5 * math.cos(t * 6 * math.pi),
        "rises to a peak and falls": lambda t: math.sin(t * math.pi) ** 1.5,
        "falls and recovers": lambda t: 1 - math.sin(t * math.pi) ** 1.5,
    }
    shape = shapes[trend]
    return [
        low + (high - low) * abs(shape(i / (count - 1))) + c.random.uniform(-4, 4) for i in range(count)
    ], trend


def topic_of(c: Canvas, count: int) -> tuple[str, list[str]]:
    """A topic, and the names of so many things that it compares."""
    topic, labels = c.random.choice(TOPICS)
    return topic, list(labels[:count])


def extremes(values: list[int], labels: list[str]) -> tuple[str, str]:
    """The names of the highest and of the lowest value."""
    return labels[values.index(max(values))], labels[values.index(min(values))]
