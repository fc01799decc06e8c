"""Maps: treasure, metro, weather, a hike."""

from __future__ import annotations

import math
from itertools import pairwise

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
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.charts import GREY
from univldr.demo.pictures.table import Picture

INK: Colour = (92, 58, 34)


def coast(c: Canvas, centre: Point, radius: float, roughness: float) -> list[Point]:
    """An island's outline, wider than tall."""
    points = []
    for i in range(26):
        angle, reach = 2 * math.pi * i / 26, radius * (1 + c.random.uniform(-roughness, roughness))
        points.append((centre[0] + 1.4 * reach * math.cos(angle), centre[1] + 0.95 * reach * math.sin(angle)))
    return points


def _treasure_map(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (226, 196, 140), (200, 164, 106))
    c.grain((0, 0, WIDTH, HEIGHT), 40, (14, 10))
    c.grain((0, 0, WIDTH, HEIGHT), 20)
    island = coast(c, (250, 186), 110, 0.16)
    c.blob([((x - 250) * 1.07 + 250, (y - 186) * 1.09 + 186) for x, y in island], (150, 176, 160))
    c.blob(island, (206, 190, 120), (176, 156, 90))
    c.line([*island, island[0]], 1.4, INK)
    for x, y in ((300, 120), (330, 140), (270, 136)):
        c.polygon([(x - 22, y + 20), (x, y - 20), (x + 22, y + 20)], (150, 120, 80), (110, 84, 56))
        c.polygon([(x, y - 20), (x + 22, y + 20), (x + 6, y + 20)], (90, 68, 48))
    for x, y in ((170, 150), (190, 166), (150, 176), (176, 188), (206, 150)):
        c.circle((x, y), 9, (90, 130, 60), (60, 96, 44))
        c.line([(x, y + 8), (x, y + 16)], 2, INK)
    c.blob([(200, 224), (230, 214), (250, 226), (226, 240)], (110, 160, 180))
    trail = ((130, 236), (160, 262), (206, 268), (250, 258), (286, 236), (310, 214), (340, 214))
    for start, end in pairwise(trail):
        middle = ((start[0] + 2 * end[0]) / 3, (start[1] + 2 * end[1]) / 3)
        c.line([start, middle], 3, (130, 40, 30))
    for slope in (-1, 1):
        c.stroke([(348, 214 - 14 * slope), (376, 214 + 14 * slope)], 7, (190, 24, 24))
    c.text((240, 30), "Skull Island", 24, INK)
    _compass(c.view(66, 296))


def _compass(v: Canvas) -> None:
    v.ring((-30, -30, 30, 30), 1.6, INK)
    for i in range(4):
        angle = math.radians(90 * i)
        tip = (math.sin(angle) * 34, -math.cos(angle) * 34)
        side = (math.cos(angle) * 6, math.sin(angle) * 6)
        v.polygon([tip, side, (-side[0], -side[1])], (190, 40, 30) if i == 0 else INK)
    v.text((0, -44), "N", 14, INK)


def _metro_map(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), WHITE, (244, 246, 248))
    c.stroke([(-20, 250), (120, 280), (260, 236), (380, 262), (500, 220)], 30, (196, 224, 244))
    c.text((24, 26), "City Metro", 20, BLACK, "lm")
    lines: tuple[tuple[Colour, tuple[Point, ...]], ...] = (
        ((214, 40, 50), ((40, 120), (150, 120), (240, 190), (330, 190), (440, 190))),
        ((30, 100, 190), ((80, 320), (80, 240), (150, 190), (240, 190), (300, 120), (430, 120))),
        ((40, 150, 80), ((60, 70), (150, 70), (150, 120), (150, 190), (220, 300), (400, 300))),
        ((240, 170, 30), ((440, 330), (440, 190), (430, 120), (360, 60), (240, 60))),
    )
    for colour, stops in lines:
        c.line(stops, 7, colour)
    for colour, stops in lines:
        for stop in stops:
            c.circle(stop, 7.5, darker(colour, 0.2))
            c.circle(stop, 5, WHITE)
    for at in ((150, 120), (240, 190), (150, 190), (440, 190), (430, 120)):
        c.circle(at, 10, BLACK)
        c.circle(at, 7, WHITE)
    names = (
        ((40, 140), "Zoo"),
        ((262, 208), "Central"),
        ((190, 136), "Museum"),
        ((196, 176), "Market"),
        ((440, 210), "Stadium"),
        ((300, 102), "Park"),
        ((80, 340), "Airport"),
        ((400, 320), "Harbour"),
        ((240, 42), "University"),
        ((60, 52), "Castle"),
    )
    for at, name in names:
        c.text(at, name, 12)


def _weather_map(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (120, 184, 220), (80, 144, 196))
    land = coast(c, (240, 186), 128, 0.2)
    c.blob([(x + 4, y + 6) for x, y in land], (60, 110, 150))
    c.blob(land, (170, 206, 120), (120, 170, 84))
    c.rectangle((0, 0, WIDTH, 38), (24, 54, 104))
    c.text((16, 20), "Weather tomorrow", 18, WHITE, "lm")
    for x, y in ((150, 250), (236, 272)):
        n.sun(c, (x, y), 15, (255, 206, 50))
    for x, y in ((160, 120), (330, 220)):
        n.sun(c, (x - 14, y - 12), 12, (255, 206, 50))
        n.cloud(c, x, y, 56)
    for x, y in ((270, 110), (346, 140)):
        n.cloud(c, x, y, 60, (150, 160, 176))
        for i in range(5):
            c.line([(x - 20 + i * 10, y + 14), (x - 24 + i * 10, y + 26)], 2, (30, 80, 180))
    for x, y, degrees in (
        (128, 160, 17),
        (300, 160, 12),
        (382, 176, 11),
        (112, 262, 22),
        (272, 290, 24),
        (372, 246, 19),
    ):
        c.rectangle(
            (x - 18, y - 12, x + 18, y + 12),
            mix((60, 130, 200), (230, 90, 40), (degrees - 10) / 15),
            radius=6,
        )
        c.text((x, y), f"{degrees}°", 14, WHITE)


def _hiking_map(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (222, 232, 196))
    for centre, radius in (((310, 150), 130), ((110, 250), 84)):
        for i in range(7):
            ring = coast(c, centre, radius * (1 - i / 7.5), 0.04)
            c.blob(ring, mix((204, 220, 170), (232, 214, 170), i / 6))
            c.line([*ring, ring[0]], 1, (186, 140, 90))
    c.blob([(170, 280), (220, 264), (270, 290), (246, 326), (186, 320)], (130, 190, 224), (90, 156, 206))
    c.stroke([(180, 280), (150, 200), (190, 120), (150, -10)], 5, (110, 176, 220), end=2)
    trail = ((40, 330), (90, 300), (150, 262), (206, 236), (250, 210), (270, 170), (310, 146))
    for start, end in pairwise(trail):
        for k in range(4):
            at = (start[0] + (end[0] - start[0]) * k / 4, start[1] + (end[1] - start[1]) * k / 4)
            c.circle(at, 3.4, (206, 40, 40))
    c.polygon([(302, 146), (312, 128), (322, 146)], BLACK)
    c.text((344, 128), "1482 m", 13)
    for x, y in ((200, 60), (230, 50), (60, 120), (84, 140), (50, 150), (420, 300), (396, 316), (440, 318)):
        n.pine(c, x, y + 16, 30, (70, 130, 70))
    c.polygon([(232, 240), (246, 226), (260, 240)], (150, 50, 40))
    c.rectangle((236, 240, 256, 252), (240, 226, 200), GREY)
    c.text((290, 254), "Hut", 13)
    c.rectangle((16, 14, 164, 44), lighter((222, 232, 196), 0.6), radius=4)
    c.text((90, 29), "Trail to the peak", 14)


PICTURES = (
    Picture("treasure-map.png", _treasure_map, "Treasure map of an island: a red X marks the spot"),
    Picture(
        "metro-map.png",
        _metro_map,
        "Metro map with four coloured lines and the stations between zoo and airport",
    ),
    Picture(
        "weather-map.png", _weather_map, "Weather map of an island: sun in the south, rain in the north-east"
    ),
    Picture("hiking-map.png", _hiking_map),
)
