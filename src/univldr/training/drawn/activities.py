"""People with things: at home, at work, in the garden."""

from __future__ import annotations

import math

from univldr.canvas import Colour, darker, lighter
from univldr.training.drawn.acting import Activity, kind
from univldr.training.drawn.base import Kind
from univldr.training.drawn.brush import Brush
from univldr.training.drawn.figure import Joints, Pose

_WOOD: Colour = (150, 104, 64)
_DARK: Colour = (50, 48, 54)
_PAPER: Colour = (250, 248, 240)


def _bench(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    y = j.hip[1] + 6 * s
    for dx in (-28, 26):
        brush.box((dx - 2, y, dx + 2, 0), _DARK)
    for dy in (-22, -13):
        brush.box((-36, y + dy, 36, y + dy + 6), lighter(colour, 0.1))
    brush.box((-38, y, 38, y + 5), colour)


def _chair(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    y = j.hip[1] + 6 * s
    brush.box((-14 * s, y, 12 * s, y + 4), colour)
    brush.box((-15 * s, y - 28 * s, -11 * s, y), colour)
    for dx in (-13, 10):
        brush.box((dx * s - 1.6, y, dx * s + 1.6, 0), darker(colour, 0.2))


def _book(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    brush.polygon(
        [(x - 5 * s, y - 12 * s), (x + 4 * s, y - 9 * s), (x + 4 * s, y + 6 * s), (x - 5 * s, y + 3 * s)],
        colour,
    )
    brush.polygon(
        [(x + 4 * s, y - 9 * s), (x + 14 * s, y - 13 * s), (x + 14 * s, y + 2 * s), (x + 4 * s, y + 6 * s)],
        _PAPER,
    )
    brush.limb([(x + 6 * s, y - 6 * s), (x + 12 * s, y - 8 * s)], 0.8, _DARK, detail=True)


def _desk(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    y = j.far_hand[1] + 4 * s
    brush.box((14 * s, y, 74 * s, y + 5 * s), _WOOD)
    for dx in (18, 68):
        brush.box((dx * s, y + 5 * s, (dx + 4) * s, 0), darker(_WOOD, 0.2))
    brush.polygon(
        [
            (32 * s, y),
            (54 * s, y),
            (62 * s, y - 22 * s),
            (60 * s, y - 23 * s),
            (52 * s, y - 2 * s),
            (32 * s, y - 2 * s),
        ],
        (90, 94, 104),
    )
    brush.polygon(
        [(56 * s, y - 3 * s), (52 * s, y - 3 * s), (59 * s, y - 21 * s), (61 * s, y - 21 * s)],
        colour,
        detail=True,
    )


def _guitar(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.hip[0] + 3 * s, j.hip[1] - 9 * s
    brush.limb([(x, y), (x + 38 * s, y - 17 * s)], 4 * s, (90, 60, 42))
    brush.limb([(x + 36 * s, y - 16 * s), (x + 44 * s, y - 20 * s)], 6 * s, (70, 46, 34))
    brush.oval((x - 6 * s, y + 3 * s), 13 * s, 12 * s, colour, tilt=-24)
    brush.oval((x + 9 * s, y - 4 * s), 9 * s, 9 * s, colour, tilt=-24, detail=True)
    brush.oval((x + 3 * s, y - 1 * s), 4 * s, 4 * s, (60, 36, 26), detail=True)
    brush.limb([(x - 12 * s, y + 6 * s), (x + 36 * s, y - 16 * s)], 0.8 * s, (230, 220, 200), detail=True)


def _pram(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x = j.far_hand[0] + 26 * s
    brush.limb([j.far_hand, (x - 12 * s, -24 * s)], 2.4 * s, _DARK)
    brush.polygon(
        [(x - 20 * s, -38 * s), (x + 22 * s, -38 * s), (x + 15 * s, -16 * s), (x - 13 * s, -16 * s)], colour
    )
    hood = [
        (x + (2 + 20 * math.cos(math.radians(a))) * s, (-38 + 22 * math.sin(math.radians(a))) * s)
        for a in range(-110, 1, 11)
    ]
    brush.polygon([(x + 2 * s, -38 * s), *hood], darker(colour, 0.25))
    for dx in (-13, 15):
        brush.oval((x + dx * s, -7 * s), 7 * s, 7 * s, _DARK)
        brush.oval((x + dx * s, -7 * s), 4 * s, 4 * s, (210, 212, 216), detail=True)


def _big_ball(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    brush.oval((x + 6 * s, y - 3 * s), 11 * s, 11 * s, colour)
    brush.limb(
        [(x - 3 * s, y - 7 * s), (x + 6 * s, y - 4 * s), (x + 15 * s, y - 7 * s)],
        2.6 * s,
        lighter(colour, 0.7),
        detail=True,
    )


def _balloons(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    for dx, dy in ((-12, -44), (12, -48), (1, -62)):
        brush.limb([(x, y), (x + dx * 0.5, y + dy * 0.5), (x + dx, y + dy)], 0.7, (100, 100, 104))
        brush.oval((x + dx, y + dy), 10, 12, colour)
        brush.oval((x + dx - 3, y + dy - 4), 2, 3, lighter(colour, 0.6), detail=True)


def _camera(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    brush.box((x - 5 * s, y - 8 * s, x + 5 * s, y + 3 * s), (44, 44, 50))
    brush.box((x + 4 * s, y - 6 * s, x + 11 * s, y + 1 * s), (80, 82, 90))


def _easel(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x = j.far_hand[0] + 20 * s
    for dx in (-9, 9):
        brush.limb([(x + 2 * s, -88 * s), (x + dx * 1.6 * s, 0)], 2.4 * s, _WOOD)
    brush.polygon(
        [(x - 14 * s, -82 * s), (x + 16 * s, -78 * s), (x + 16 * s, -38 * s), (x - 14 * s, -42 * s)], _PAPER
    )
    for i, ink in enumerate((colour, (90, 160, 90), (240, 200, 70))):
        brush.oval((x + (i * 8 - 7) * s, (-66 + i * 7) * s), 7 * s, 5 * s, ink, detail=True)
    brush.limb([j.far_hand, (x - 10 * s, j.far_hand[1] - 3 * s)], 1.6 * s, _DARK)


def _watering(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand[0] + 4 * s, j.far_hand[1] + 6 * s
    brush.box((x - 8 * s, y - 4 * s, x + 8 * s, y + 11 * s), colour)
    brush.limb([(x + 7 * s, y + 6 * s), (x + 22 * s, y - 5 * s)], 3 * s, colour)
    for i in range(6):
        brush.limb(
            [(x + (24 + i) * s, y - 3 * s), (x + (28 + i * 3) * s, y + (14 + i % 2 * 4) * s)],
            0.9,
            (150, 196, 232),
            detail=True,
        )
    for i in range(5):
        fx = x + (22 + i * 9) * s
        brush.limb([(fx, 0), (fx, -16)], 1.6, (60, 130, 60))
        brush.oval((fx, -18), 5, 5, ((230, 70, 80), (246, 200, 60), (210, 100, 190))[i % 3])
        brush.oval((fx, -18), 1.8, 1.8, (120, 80, 40), detail=True)


def _stove(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = 16 * s, j.far_hand[1] + 12 * s
    brush.box((x, y, x + 54, 0), (226, 228, 232))
    brush.box((x + 8, y + 14, x + 46, -10), (70, 74, 82), detail=True)
    brush.box((x - 2, y - 3, x + 56, y + 2), (90, 94, 100))
    brush.box((x + 8, y - 19, x + 36, y - 3), colour)
    brush.limb([(x + 36, y - 14), (x + 50, y - 14)], 3, _DARK)
    brush.limb([j.far_hand, (x + 20, y - 18)], 2, _WOOD)
    for dx in (14, 22, 30):
        brush.limb(
            [(x + dx, y - 24), (x + dx + 3, y - 31), (x + dx - 1, y - 38)], 2, (222, 226, 230), detail=True
        )


def _table(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    y = j.far_hand[1] + 9 * s
    brush.box((10 * s, y, 78 * s, y + 5 * s), _WOOD)
    brush.box((40 * s, y + 5 * s, 46 * s, 0), darker(_WOOD, 0.2))
    brush.oval((34 * s, y - 2 * s), 15 * s, 3 * s, (250, 250, 250))
    for dx, ink in ((28, (200, 70, 50)), (35, (240, 200, 80)), (40, (90, 160, 70))):
        brush.oval((dx * s, y - 5 * s), 5 * s, 4 * s, ink)
    brush.box((58 * s, y - 14 * s, 66 * s, y), colour)
    brush.limb(
        [(j.far_hand[0] - 2, j.far_hand[1] - 2), (j.far_hand[0] + 7 * s, j.far_hand[1] + 5 * s)],
        1.4,
        (160, 164, 170),
    )


def _broom(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    foot = (x + 22 * s, -12 * s)
    brush.limb([(x - 10 * s, y - 20 * s), foot], 2.4 * s, _WOOD)
    brush.polygon(
        [
            (foot[0] - 7 * s, foot[1]),
            (foot[0] + 7 * s, foot[1] - 3 * s),
            (foot[0] + 18 * s, 0),
            (foot[0] - 5 * s, 0),
        ],
        colour,
    )


def _pillow(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    brush.box((-64, -10, 64, 4), _WOOD)
    brush.box((-68, -30, -62, 8), darker(_WOOD, 0.2))
    brush.box((62, -46, 68, 8), darker(_WOOD, 0.2))
    brush.box((-62, -18, 62, -8), (248, 248, 250))
    brush.oval((44, -20), 18, 8, (250, 250, 252))


def _blanket(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    brush.blob([(-64, -28), (-20, -34), (22, -30), (26, -10), (22, 0), (-62, 0)], colour)


_SIT = Pose((36, 80), (20, 76), (84, 4), (80, -2), lean=2)
_TYPE = Pose((34, 84), (24, 82), (84, 6), (78, -2), lean=6)
_READ = Pose((30, 104), (18, 100), (84, 6), (78, -2), lean=4)
_HOLD = Pose((30, 120), (-10, 0))
_CARRY = Pose((34, 84), (20, 78), (24, 10), (-14, -30))
_STROLL = Pose((34, 70), (28, 74), (24, 8), (-16, -36), lean=4)
_STREET = "street park meadow beach forest"

_ACTIVITIES: tuple[Activity, ...] = (
    Activity("sitting on a bench", (_SIT,), ("sitting/sits/sit on a bench",
        "resting/rests/rest on a {c} bench", "taking/takes/take a break on a bench"),
        "park street meadow beach", under=_bench, colours=("brown", "green", "red", "white", "blue")),
    Activity("reading", (_READ,), ("reading/reads/read a book", "sitting/sits/sit and read a {c} book",
        "reading/reads/read on a chair"), "room room park plain", under=_chair, between=_book, hat=("",)),
    Activity("at a desk", (_TYPE,), ("working/works/work at a computer", "sitting/sits/sit at a desk",
        "typing/types/type on a laptop"), "room room plain", under=_chair, between=_desk, hat=("",),
        across=(160, 240)),
    Activity("guitar", (Pose((64, 100), (4, 70)), Pose((64, 100), (4, 70), front=True)),
        ("playing/plays/play the guitar", "making/makes/make music on a {c} guitar",
        "playing/plays/play a guitar"), "room park beach street plain city", between=_guitar,
        colours=("brown", "orange", "red", "black", "yellow", "blue")),
    Activity("pram", (_STROLL,), ("pushing/pushes/push a {c} pram", "walking/walks/walk with a baby carriage",
        "taking/takes/take a baby out in a pram"), "park street meadow", between=_pram, people="man woman",
        across=(170, 250)),
    Activity("carrying a ball", (_CARRY, Pose((34, 84), (-34, -84), front=True)),
        ("carrying/carries/carry a {c} ball", "holding/holds/hold a large {c} ball",
        "playing/plays/play with a ball"), _STREET + " plain room", between=_big_ball),
    Activity("balloons", (_HOLD, Pose((60, 140), (-10, -4), front=True)),
        ("holding/holds/hold three {c} balloons", "standing/stands/stand with balloons",
        "carrying/carries/carry {c} balloons"), "park street meadow room plain", under=_balloons, size=0.85),
    Activity("taking a photo", (Pose((70, 152), (50, 140)),), ("taking/takes/take a photo",
        "photographing/photographs/photograph something", "looking/looks/look through a camera"),
        "street mountains beach park meadow city", between=_camera, hat=("",)),
    Activity("painting", (Pose((60, 84), (-10, 0)),), ("painting/paints/paint a picture",
        "standing/stands/stand at an easel", "painting/paints/paint on a canvas"),
        "room park meadow beach plain", under=_easel, colours=("red", "blue", "purple", "orange"),
        across=(170, 250)),
    Activity("watering flowers", (Pose((40, 64), (-6, 4)),), ("watering/waters/water the flowers",
        "watering/waters/water plants with a {c} can", "gardening/gardens/garden"), "meadow park meadow",
        between=_watering, across=(160, 240)),
    Activity("cooking", (Pose((40, 76), (-4, 4)),), ("cooking/cooks/cook",
        "stirring/stirs/stir a {c} pot on the stove", "preparing/prepares/prepare a meal"), "room",
        between=_stove, hat=("",), people="man woman", across=(160, 240)),
    Activity("eating", (_TYPE,), ("eating/eats/eat at a table", "having/has/have a meal",
        "sitting/sits/sit at a table with food"), "room room park", under=_chair, between=_table, hat=("",),
        across=(160, 240)),
    Activity("sweeping", (Pose((50, 46), (20, 70), (14, 4), (-12, -14), lean=8),),
        ("sweeping/sweeps/sweep the floor", "cleaning/cleans/clean with a broom",
        "holding/holds/hold a {c} broom"), "room street", between=_broom, hat=("",)),
    Activity("sleeping", (Pose((4, 0), (0, 4), (-86, -88), (-88, -90), lean=88, lift=12),),
        ("sleeping/sleeps/sleep in a bed", "lying/lies/lie in bed", "lying/lies/lie under a {c} blanket"),
        "room", under=_pillow, over=_blanket, hat=("",), colours=("red", "blue", "green", "yellow", "purple"),
        dress=False),
)  # fmt: skip

KINDS: tuple[Kind, ...] = tuple(kind(a) for a in _ACTIVITIES)
