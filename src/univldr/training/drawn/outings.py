"""People out of doors: on the playground, with animals, by the water."""

from __future__ import annotations

import math
from random import Random

from univldr.canvas import HEIGHT, WIDTH, Canvas, Colour, darker, lighter
from univldr.training.drawn import backdrops as b
from univldr.training.drawn import elements as e
from univldr.training.drawn import views
from univldr.training.drawn.acting import Activity, kind
from univldr.training.drawn.base import Kind
from univldr.training.drawn.brush import Brush
from univldr.training.drawn.figure import Joints, Pose
from univldr.training.drawn.quadruped import Beast, beast
from univldr.training.drawn.words import Place

_WOOD: Colour = (150, 104, 64)
_DARK: Colour = (50, 48, 54)
_HORSE = Beast(
    length=36, depth=18, leg=46, width=8, neck=(27, -40), nape=17, head=(12, 9), snout=(17, 6), tail="hair",
    extra="mane",
)  # fmt: skip
_DOG = Beast(
    length=22, depth=10, leg=22, width=6, neck=(12, -14), nape=10, head=(9, 8), snout=(9, 4.5), ears="flop"
)
_COATS: dict[str, Colour] = {
    "brown": (122, 78, 46),
    "black": (44, 42, 46),
    "white": (240, 238, 230),
    "grey": (140, 142, 146),
}


def _umbrella(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    top = j.head[1] - 30 * s
    brush.limb([(x, y + 6 * s), (x, top)], 1.8 * s, _DARK)
    rim = [
        (x + 34 * s * math.cos(math.radians(a)), top + 20 * s + 26 * s * math.sin(math.radians(a)))
        for a in range(180, 361, 12)
    ]
    scallops = [
        (x + dx * s, top + (20 + (0 if i % 2 else -5)) * s)
        for i, dx in enumerate((25, 17, 8, 0, -8, -17, -25))
    ]
    brush.polygon([*rim, *scallops], colour)
    for dx in (-17, 0, 17):
        brush.limb(
            [(x, top - 6 * s), (x + dx * 0.8 * s, top + 4 * s), (x + dx * s, top + 18 * s)],
            0.9 * s,
            darker(colour, 0.3),
            detail=True,
        )


def _snowman(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x = 44.0
    for dy, r in ((-17, 20), (-44, 14), (-65, 10)):
        brush.oval((x, dy), r, r, (250, 252, 255))
    brush.limb([(x - 9, -56), (x, -54), (x + 9, -56)], 5, colour, detail=True)
    brush.polygon([(x - 8, -66), (x - 20, -63), (x - 8, -61)], (236, 130, 40))
    for dx, dy in ((-5, -69), (2, -69), (-1, -46), (-1, -38)):
        brush.oval((x + dx, dy), 1.5, 1.5, (30, 28, 30), detail=True)
    brush.box((x - 11, -76, x + 11, -73), _DARK)
    brush.box((x - 7, -90, x + 7, -74), _DARK)


def _backpack(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.neck[0] - 10 * s, j.neck[1] + 2 * s
    brush.blob(
        [
            (x - 9 * s, y),
            (x + 4 * s, y),
            (x + 4 * s, y + 26 * s),
            (x - 9 * s, y + 27 * s),
            (x - 13 * s, y + 14 * s),
        ],
        colour,
    )
    brush.oval((x - 7 * s, y + 18 * s), 5 * s, 6 * s, darker(colour, 0.25), detail=True)
    brush.limb([(x - 10 * s, y - 3 * s), (x + 5 * s, y - 3 * s)], 6 * s, lighter(colour, 0.4))
    brush.limb([(j.far_hand[0], j.far_hand[1] - 4), (j.far_hand[0] + 8 * s, 0)], 1.8 * s, _WOOD)


def _kite(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    at = (x + 44, y - 56)
    brush.limb([(x, y), (x + 20, y - 18), at], 0.7, (90, 90, 96))
    brush.polygon(
        [
            (at[0] - 14, at[1] + 2),
            (at[0] + 8, at[1] - 22),
            (at[0] + 24, at[1] - 16),
            (at[0] + 12, at[1] + 14),
        ],
        colour,
    )
    brush.limb(
        [(at[0] + 6, at[1] + 10), (at[0] - 6, at[1] + 22), (at[0] + 4, at[1] + 32), (at[0] - 8, at[1] + 44)],
        2,
        darker(colour, 0.25),
    )


def _castle(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    sand, x = (206, 166, 96), 34 * s
    brush.box((x, -16, x + 46, 0), sand)
    for dx in (0, 18, 36):
        brush.box((x + dx - 2, -28, x + dx + 12, 0), lighter(sand, 0.1))
        brush.polygon([(x + dx - 4, -28), (x + dx + 5, -38), (x + dx + 14, -28)], darker(sand, 0.15))
    brush.polygon([(-36 * s, -16), (-20 * s, -16), (-23 * s, 0), (-33 * s, 0)], colour)


def _swing(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    y = j.hip[1] + 6 * s
    for x in (-9, 10):
        brush.limb([(x * s, y), (x * 0.6 * s - 12, -150)], 1.3, (90, 84, 80))
    brush.box((-13 * s, y, 14 * s, y + 3.5 * s), colour)
    for x in (-74, 50):
        brush.limb([(x + 12 - 12, -150), (x - 20, 8)], 4, _WOOD)
        brush.limb([(x, -150), (x + 22, 8)], 4, _WOOD)
    brush.limb([(-82, -150), (58, -150)], 5, darker(_WOOD, 0.15))


def _slide(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    brush.limb([(-56, -92), (-52, 16)], 4, (120, 124, 132))
    brush.limb([(-72, -92), (-76, 16)], 4, (120, 124, 132))
    for y in range(-80, 14, 15):
        brush.limb([(-73, y), (-54, y)], 2.5, (120, 124, 132))
    brush.limb([(-76, -70), (-50, -68), (30, -3), (62, 8), (80, 8)], 9, colour)
    brush.limb([(-76, -112), (-52, -112), (-50, -78)], 3, colour)


def _rod(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    tip = (x + 62, y - 42)
    brush.limb([(x - 8 * s, y + 6 * s), tip], 2, _DARK, end=0.9)
    brush.limb([tip, (tip[0] + 4, 6)], 0.6, (220, 224, 226))
    brush.oval((tip[0] + 4, 8), 3, 3, colour)


def _boat(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    y = j.hip[1]
    brush.polygon([(-56, y - 4), (66, y - 8), (52, y + 18), (-44, y + 18)], colour)
    brush.polygon([(-56, y - 4), (66, y - 8), (65, y - 4), (-55, y + 1)], lighter(colour, 0.4), detail=True)
    x, hand_y = j.hand
    brush.limb([(x - 10, hand_y - 3), (x + 34, y + 30)], 2.4, _WOOD)
    brush.oval((x + 36, y + 31), 9, 3.4, _WOOD, tilt=40)


def _kayak(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    y = j.hip[1] + 3
    brush.blob([(-74, y - 2), (-30, y - 9), (30, y - 9), (78, y - 3), (36, y + 9), (-34, y + 9)], colour)
    x, hy = (j.far_hand[0] + j.hand[0]) / 2, (j.far_hand[1] + j.hand[1]) / 2
    brush.limb([(x - 30, hy - 24), (x + 32, hy + 24)], 2.2, _DARK)
    for side in (-1, 1):
        brush.oval((x + side * 36, hy + side * 27), 10, 4.6, (240, 200, 60), tilt=38)


def _horse(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    beast(brush, _HORSE, "running" if j.neck[0] > 6 else "walking", colour, darker(colour, 0.5), Random(1))
    brush.oval((0, -72), 15, 5, (96, 50, 36), detail=True)


def _dog(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    at = (52.0, 0.0)
    parts = Brush(brush.canvas, brush.style, at)
    brush.limb([j.far_hand, (44, -30), (60, -36)], 1.2, (180, 50, 50))
    beast(parts, _DOG, "walking", colour, darker(colour, 0.4), Random(1))
    parts.done()


def _river_bank(c: Canvas) -> Place:
    r = c.random
    _, when = e.sky(c, 170, "ddcgs")
    e.hills(c, 176, (84, 140, 80), 50)
    c.rectangle((0, 172, WIDTH, HEIGHT), (110, 170, 204), (50, 116, 160))
    e.waves(c, 176, HEIGHT, (190, 220, 234))
    x = r.uniform(220, 270)
    c.blob([(-60, 290), (x - 40, 286), (x, 306), (x + 14, 420), (-60, 420)], (130, 170, 84), (92, 130, 62))
    return Place(
        "bank",
        ("at the edge of the water", "on a river bank", "by a lake", "at the waterside"),
        when,
        (300, 316),
    )


def _rainy(c: Canvas) -> Place:
    place = b.park(c) if c.random.random() < 0.5 else b.street(c, "g")
    c.veil((0, 0, WIDTH, HEIGHT), (110, 120, 136), 0.55, 0.25)
    views.drops(c, 120)
    return Place(
        place.name,
        ("in the rain", place.where[0], "on a rainy day"),
        ("in wet weather", "while it rains"),
        place.ground,
    )


_HOLD = Pose((30, 120), (-10, 0))
_ROW = Pose((76, 84), (64, 80), (88, 70), (84, 66), lean=-10)

_ACTIVITIES: tuple[Activity, ...] = (
    Activity("umbrella", (_HOLD, Pose((30, 120), (-20, -4), (24, 8), (-14, -34))),
        ("holding/holds/hold a {c} umbrella", "standing/stands/stand under a {c} umbrella",
        "sheltering/shelters/shelter under an umbrella"), "street park meadow plain", under=None,
        between=_umbrella, hat=("",), scene=_rainy),
    Activity("snowman", (Pose((78, 84), (60, 70), (8, 0), (-10, -8), lean=8),),
        ("building/builds/build a snowman", "standing/stands/stand next to a snowman",
        "making/makes/make a snowman with a {c} scarf"), "snow", under=_snowman, colours=("red", "blue",
        "green", "orange"), across=(170, 240)),
    Activity("hiking", (Pose((46, 56), (-20, 6), (26, 10), (-14, -34), lean=5),),
        ("hiking/hikes/hike with a {c} backpack", "walking/walks/walk with a big backpack",
        "hiking/hikes/hike"), "mountains mountains forest meadow desert", under=_backpack, many=2,
        dress=False),
    Activity("kite", (Pose((120, 140), (-10, 0), (14, 4), (-10, -12)), Pose((120, 140), (-40, -20), (50, 0),
        (-20, -60), lean=8)), ("flying/flies/fly a {c} kite", "holding/holds/hold the string of a kite",
        "letting/lets/let a {c} kite rise"), "meadow beach park meadow", under=_kite, size=0.85, across=(150,
        250)),
    Activity("sandcastle", (Pose((70, 50), (60, 40), (60, -80), (50, -84), lean=20),),
        ("building/builds/build a sandcastle", "playing/plays/play in the sand with a {c} bucket",
        "kneeling/kneels/kneel beside a castle of sand"), "beach", over=_castle,
        people="boy girl boy girl man woman", bare=False, across=(170, 240)),
    Activity("swing", (Pose((110, 172), (100, 170), (84, 40), (80, 34), lean=-14, lift=14),),
        ("swinging/swings/swing", "sitting/sits/sit on a {c} swing", "playing/plays/play on a swing"),
        "park meadow park", under=_swing, people="boy girl boy girl woman", size=0.95),
    Activity("slide", (Pose((130, 150), (120, 150), (74, 60), (68, 56), lean=-14, lift=6),),
        ("going/goes/go down a {c} slide", "sliding/slides/slide down", "playing/plays/play on a slide"),
        "park meadow park", under=_slide, people="boy girl", size=1.1),
    Activity("fishing", (Pose((50, 84), (30, 80)), Pose((56, 100), (40, 96), (8, 2), (-8, -6))),
        ("fishing/fishes/fish", "holding/holds/hold a fishing rod", "trying/tries/try to catch a fish"),
        "lake", between=_rod, scene=_river_bank, colours=("red", "orange"), turn=False, across=(130, 190)),
    Activity("rowing boat", (_ROW,), ("rowing/rows/row a {c} boat", "sitting/sits/sit in a {c} boat",
        "rowing/rows/row a boat"), "lake sea lake", over=_boat, dress=False, colours=("red", "brown", "white",
        "green", "yellow")),
    Activity("kayaking", (_ROW,), ("kayaking/kayaks/kayak", "paddling/paddles/paddle a {c} kayak",
        "sitting/sits/sit in a {c} kayak"), "lake lake sea", over=_kayak, dress=False, hat=("helmet", "",
        "cap"), colours=("red", "orange", "green", "white", "pink")),
    Activity("horse riding", (Pose((50, 80), (44, 76), (50, -10), (46, -14), lean=4, lift=44), Pose((60, 80),
        (54, 76), (60, -20), (54, -24), lean=20, lift=46)), ("riding/rides/ride a {c} horse",
        "riding/rides/ride a horse", "sitting/sits/sit on a {c} horse"),
        "meadow beach forest park mountains farm", under=_horse, dress=False, hat=("helmet", "helmet", "cap"),
        colours=tuple(_COATS), people="man woman", size=0.9),
    Activity("walking the dog", (Pose((44, 56), (-20, -4), (24, 8), (-14, -34), lean=2),),
        ("walking/walks/walk a {c} dog", "taking/takes/take a dog for a walk",
        "going/goes/go out with a {c} dog on a lead"), "park street meadow beach snow", under=_dog,
        colours=tuple(_COATS), across=(160, 230)),
)  # fmt: skip

KINDS: tuple[Kind, ...] = tuple(kind(a) for a in _ACTIVITIES)
