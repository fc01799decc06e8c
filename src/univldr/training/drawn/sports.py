"""People at sports and on wheels, snow and water."""

from __future__ import annotations

import math

from univldr.canvas import Colour, Point, darker, lighter
from univldr.training.drawn import grounds
from univldr.training.drawn.acting import Activity, kind
from univldr.training.drawn.base import Kind
from univldr.training.drawn.brush import Brush
from univldr.training.drawn.figure import Joints, Pose

_DARK: Colour = (52, 52, 58)
_OUT = "street park meadow forest beach mountains"
_COLOURS = ("red", "blue", "yellow", "green", "orange", "black", "white", "pink")


def _wheel(brush: Brush, at: Point, radius: float) -> None:
    brush.ring(at, radius, radius * 0.16, (34, 34, 38))
    for i in range(4):
        x, y = radius * 0.9 * math.cos(i * math.pi / 4), radius * 0.9 * math.sin(i * math.pi / 4)
        brush.limb([(at[0] - x, at[1] - y), (at[0] + x, at[1] + y)], 0.5, (170, 170, 176), detail=True)


def _bicycle(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    low = -16 * s
    back, front, crank = (-21 * s, low), (35 * s, low), (5 * s, low)
    seat, bar = (-6 * s, j.hip[1] + 7 * s), (27 * s, j.hip[1] - 3 * s)
    _wheel(brush, back, 16 * s)
    _wheel(brush, front, 16 * s)
    for ends in (
        (back, crank),
        (back, seat),
        (seat, crank),
        (crank, (26 * s, low - 19 * s)),
        (seat, (26 * s, low - 19 * s)),
        (bar, front),
    ):
        brush.limb(list(ends), 3 * s, colour)
    brush.limb([(seat[0] - 6 * s, seat[1] - 2 * s), (seat[0] + 5 * s, seat[1] - 2 * s)], 4 * s, _DARK)
    brush.limb([bar, (bar[0] + 6 * s, bar[1] - 4 * s)], 3 * s, _DARK)
    brush.oval(crank, 3.6 * s, 3.6 * s, (120, 120, 126))


def _skis(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    for (x, y), ink in ((j.far_foot, darker(colour, 0.25)), (j.foot, colour)):
        brush.limb([(x - 26 * s, y + 3 * s), (x + 28 * s, y + 3 * s), (x + 35 * s, y - 3 * s)], 3 * s, ink)
    for x, y in (j.hand, j.far_hand):
        brush.limb([(x + 4 * s, y - 3 * s), (x - 12 * s, y + 30 * s)], 1.4 * s, _DARK)


def _board(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    left, right = sorted((j.foot, j.far_foot))
    y = max(left[1], right[1]) + 3.5 * s
    brush.limb(
        [
            (left[0] - 17 * s, y - 4 * s),
            (left[0] - 10 * s, y),
            (right[0] + 12 * s, y),
            (right[0] + 19 * s, y - 4 * s),
        ],
        4.6 * s,
        colour,
    )


def _skateboard(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    _board(brush, j, colour, s)
    left, right = sorted((j.foot, j.far_foot))
    y = max(left[1], right[1]) + 8 * s
    for x in (left[0] - 3 * s, right[0] + 5 * s):
        brush.oval((x, y), 3 * s, 3 * s, _DARK)


def _surfboard(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    left, right = sorted((j.foot, j.far_foot))
    y = max(left[1], right[1]) + 3 * s
    middle = (left[0] + right[0]) / 2
    brush.oval((middle + 5 * s, y), 46 * s, 4.4 * s, colour, tilt=-7)
    brush.oval((middle + 5 * s, y), 34 * s, 1 * s, lighter(colour, 0.6), tilt=-7, detail=True)


def _ball_in_hand(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    basketball(brush, (x + 3 * s, y - 6 * s), 8.5 * s)


def basketball(brush: Brush, at: Point, r: float) -> None:
    """An orange ball with dark seams."""
    brush.oval(at, r, r, (226, 116, 40))
    brush.limb([(at[0] - r, at[1]), (at[0] + r, at[1])], r * 0.12, _DARK, detail=True)
    brush.limb([(at[0], at[1] - r), (at[0], at[1] + r)], r * 0.12, _DARK, detail=True)
    for side in (-1, 1):
        brush.limb(
            [
                (at[0] + side * r * 0.7, at[1] - r * 0.7),
                (at[0] + side * r * 0.35, at[1]),
                (at[0] + side * r * 0.7, at[1] + r * 0.7),
            ],
            r * 0.12,
            _DARK,
            detail=True,
        )


def _dribble(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    basketball(brush, (j.far_hand[0] + 5 * s, j.far_hand[1] + 20 * s), 9 * s)


def _hoop(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x = 72.0
    brush.box((x + 12, -150, x + 17, 0), (110, 112, 120))
    brush.box((x + 5, -164, x + 12, -122), (246, 246, 246))
    brush.limb([(x - 20, -130), (x + 6, -130)], 3, (226, 80, 40))
    for i in range(4):
        brush.limb([(x - 19 + i * 7, -129), (x - 15 + i * 4, -112)], 1, (240, 240, 240), detail=True)


def _football(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    at, r = (
        (max(j.foot[0], j.far_foot[0]) + 18 * s, min(-7.5 * s, max(j.foot, j.far_foot)[1] + 2 * s)),
        7.5 * s,
    )
    brush.oval(at, r, r, (248, 248, 246))
    brush.oval(at, r * 0.34, r * 0.34, (30, 30, 34), detail=True)
    for i in range(5):
        a = i * math.tau / 5
        brush.oval(
            (at[0] + r * 0.78 * math.cos(a), at[1] + r * 0.78 * math.sin(a)),
            r * 0.2,
            r * 0.2,
            (30, 30, 34),
            detail=True,
        )


def _racket(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    (ex, ey), (x, y) = j.far_elbow, j.far_hand
    size = math.hypot(x - ex, y - ey)
    dx, dy = (x - ex) / size, (y - ey) / size
    brush.limb([(x, y), (x + dx * 12 * s, y + dy * 12 * s)], 2.4 * s, _DARK)
    head = (x + dx * 22 * s, y + dy * 22 * s)
    tilt = math.degrees(math.atan2(dy, dx))
    brush.oval(head, 12 * s, 9 * s, colour, tilt=tilt)
    brush.oval(head, 10 * s, 7 * s, (236, 240, 236), tilt=tilt, detail=True)
    for i in (-1, 0, 1):
        brush.limb(
            [
                (head[0] - dy * i * 4 * s - dx * 8 * s, head[1] + dx * i * 4 * s - dy * 8 * s),
                (head[0] - dy * i * 4 * s + dx * 8 * s, head[1] + dx * i * 4 * s + dy * 8 * s),
            ],
            0.6,
            (120, 124, 120),
            detail=True,
        )
    brush.oval((head[0] + 26 * s, head[1] - 4 * s), 3.6 * s, 3.6 * s, (214, 232, 60))


def _skates(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    for x, y in (j.far_foot, j.foot):
        brush.limb([(x - 2 * s, y), (x + 6 * s, y)], 6 * s, colour)
        brush.limb([(x - 6 * s, y + 5.5 * s), (x + 11 * s, y + 5.5 * s)], 1.4 * s, (150, 156, 166))


def _scooter(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    y = -6 * s
    front = 30 * s
    for x in (-12 * s, front):
        brush.oval((x, -4 * s), 5 * s, 5 * s, _DARK)
    brush.limb([(-12 * s, y + 2 * s), (front - 6 * s, y + 2 * s), (front, y)], 3.4 * s, colour)
    top = (j.far_hand[0] + 1 * s, j.far_hand[1])
    brush.limb([(front, y), top], 3 * s, colour)
    brush.limb([(top[0] - 3 * s, top[1]), (top[0] + 6 * s, top[1])], 3 * s, _DARK)


def _weights(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    y = min(j.hand[1], j.far_hand[1]) - 1
    brush.limb([(-46 * s, y), (46 * s, y)], 2.6 * s, (140, 142, 150))
    for x in (-46, -40, 40, 46):
        brush.box((x * s - 2.5 * s, y - 12 * s, x * s + 2.5 * s, y + 12 * s), colour)


def _rope(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    a, z = j.hand, j.far_hand
    brush.limb(
        [a, (a[0] - 14 * s, j.head[1]), (0, j.head[1] - 34 * s), (z[0] + 14 * s, j.head[1]), z],
        1.8 * s,
        colour,
    )


def _hockey(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    _skates(brush, j, _DARK, s)
    x, y = j.far_hand
    brush.limb([(x - 6 * s, y - 12 * s), (x + 16 * s, -3 * s), (x + 27 * s, -2 * s)], 2.8 * s, colour)
    brush.oval((x + 36 * s, -2 * s), 4 * s, 1.8 * s, (24, 24, 28))


def _golf(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    x, y = j.far_hand
    brush.limb([(x, y), (x - 6 * s, y - 34 * s), (x - 12 * s, y - 36 * s)], 1.8 * s, (120, 124, 130))
    brush.oval((18 * s, -2 * s), 2.4 * s, 2.4 * s, (252, 252, 252))
    brush.limb([(78, 0), (78, -64)], 1.6, (240, 240, 240))
    brush.polygon([(78, -64), (100, -56), (78, -48)], colour)


def _splash(brush: Brush, j: Joints, colour: Colour, s: float) -> None:
    for i in range(13):
        x, r = -44 * s + i * 7.4 * s, (3 + (i * 7 % 4)) * s
        brush.oval((x, 3 * s), r * 1.3, r, (240, 250, 253), detail=True)


_BALANCE = Pose((100, 80), (-100, -80), (42, -6), (-34, 6), lean=8)
_SWIM = Pose((100, 110), (150, 100), (-80, -78), (-88, -92), lean=82, lift=10)
_CLIMB = Pose((155, 170), (120, 150), (86, 10), (14, -10), lean=8, lift=0)
_KICK = Pose((70, 80), (-60, -30), (72, 40), (-8, -10), lean=-8)
_BIKE = Pose((62, 70), (58, 68), (76, -4), (40, -14), lean=24, lift=4)
_SKI = Pose((56, 70), (30, 80), (48, -24), (40, -32), lean=26)
_GLIDE = Pose((70, 60), (-60, -40), (22, -6), (-50, -62), lean=16)
_SHOOT = Pose((140, 172), (128, 168), (10, -6), (-10, -16), lift=12)
_SWING = Pose((84, 110), (-60, -50), (36, 0), (-30, -22), lean=8)
_YOGA = Pose((140, 176), (-140, -176), (6, 2), (-62, 50), front=True)
_HAND = Pose((175, 178), (-175, -178), (150, 172), (-162, -176), lean=178, lift=106)

_ACTIVITIES: tuple[Activity, ...] = (
    Activity("riding a bicycle", (_BIKE,), ("riding/rides/ride a {c} bicycle", "cycling/cycles/cycle",
        "riding/rides/ride a {c} bike", "riding/rides/ride a bicycle"), _OUT, between=None, under=_bicycle,
        many=2, hat=("helmet", "helmet", "", "cap"), dress=False, colours=_COLOURS),
    Activity("skiing", (_SKI,), ("skiing/skis/ski", "going/goes/go on {c} skis", "skiing/skis/ski fast"),
        "snow", under=_skis, many=2, hat=("helmet", "beanie"), dress=False, scene=grounds.slope,
            colours=_COLOURS),
    Activity("snowboarding", (_BALANCE, Pose((110, 60), (-80, -110), (50, -20), (-20, -40), lean=14,
        lift=22)), ("snowboarding/snowboards/snowboard", "riding/rides/ride a {c} snowboard",
        "sliding/slides/slide on a snowboard"), "snow", under=_board, many=2, hat=("helmet", "beanie"),
        dress=False, scene=grounds.slope, colours=_COLOURS),
    Activity("surfing", (_BALANCE,), ("surfing/surfs/surf", "standing/stands/stand on a {c} surfboard",
        "riding/rides/ride a {c} surfboard"), "sea", under=_surfboard, hat=("",), bare=True,
            scene=grounds.surf,
        colours=("red", "yellow", "orange", "white", "pink", "green")),
    Activity("skateboarding", (_BALANCE, Pose((110, 80), (-90, -110), (46, -30), (-26, -50), lean=8,
        lift=20)), ("skateboarding/skateboards/skateboard", "riding/rides/ride a {c} skateboard",
        "doing/does/do tricks on a skateboard"), "street park street city", under=_skateboard, sink=-14,
        dress=False, hat=("helmet", "cap", ""), colours=_COLOURS),
    Activity("swimming", (_SWIM,), ("swimming/swims/swim", "swimming/swims/swim a lane",
        "doing/does/do the crawl"), "sea", over=_splash, many=3, hat=("",), bare=True, scene=grounds.pool),
    Activity("climbing", (_CLIMB,), ("climbing/climbs/climb", "climbing/climbs/climb with hands and feet"),
        "mountains", hat=("helmet", "", ""), dress=False, scene=grounds.cliff, turn=False, across=(252, 266)),
    Activity("basketball", (_SHOOT,), ("playing/plays/play basketball",
        "throwing/throws/throw a basketball at a hoop", "shooting/shoots/shoot at the basket"), "park",
        over=_ball_in_hand, under=_hoop, dress=False, hat=("",), scene=grounds.court, size=0.85),
    Activity("dribbling", (Pose((60, 46), (-40, -8), (44, -10), (-26, -46), lean=12),),
        ("dribbling/dribbles/dribble a basketball", "playing/plays/play basketball",
        "running/runs/run with an orange ball"), "street park", over=_dribble, dress=False, hat=("",),
        scene=grounds.court),
    Activity("football", (_KICK,), ("playing/plays/play football", "kicking/kicks/kick a ball",
        "kicking/kicks/kick a football", "playing/plays/play soccer"), "park", over=_football, dress=False,
        hat=("",), many=2, scene=grounds.pitch),
    Activity("tennis", (_SWING, Pose((130, 150), (-70, -40), (20, 0), (-20, -14), lean=-4)),
        ("playing/plays/play tennis", "hitting/hits/hit a tennis ball with a {c} racket",
        "swinging/swings/swing a tennis racket"), "park", under=_racket, hat=("", "cap"), scene=grounds.court,
        colours=("red", "blue", "black", "green")),
    Activity("ice skating", (_GLIDE,), ("ice-skating/ice-skates/ice-skate", "skating/skates/skate",
        "gliding/glides/glide on skates"), "ice", over=_skates, many=2, hat=("beanie", "", "beanie"),
        scene=grounds.rink, colours=("white", "black", "red")),
    Activity("ice hockey", (Pose((40, 50), (30, 70), (40, -10), (-34, -50), lean=26),),
        ("playing/plays/play ice hockey", "skating/skates/skate with a hockey stick",
        "chasing/chases/chase a puck with a stick"), "ice", over=_hockey, hat=("helmet",), dress=False,
        scene=grounds.rink, colours=("red", "yellow", "black")),
    Activity("scooter", (Pose((62, 70), (50, 66), (8, 0), (-40, -50), lean=10),),
        ("riding/rides/ride a {c} scooter", "going/goes/go by scooter",
        "pushing/pushes/push a {c} scooter along"), "street park street", under=_scooter,
        people="boy girl boy girl woman man", hat=("helmet", "helmet", ""), colours=_COLOURS),
    Activity("lifting weights", (Pose((150, 178), (-150, -178), (18, 2), (-18, -2), front=True),),
        ("lifting/lifts/lift a heavy weight", "lifting/lifts/lift weights",
        "holding/holds/hold a barbell above the head"), "room plain room", over=_weights, people="man woman",
        hat=("",), dress=False, colours=("black", "red", "blue", "grey")),
    Activity("skipping rope", (Pose((50, 90), (-50, -90), (10, -20), (-10, -20), lift=9, front=True),),
        ("skipping/skips/skip with a rope", "jumping/jumps/jump over a rope",
        "skipping/skips/skip with a {c} rope"), "park street meadow room", under=_rope,
        people="girl boy woman girl", hat=("",), colours=("red", "yellow", "white", "blue")),
    Activity("golf", (Pose((-150, -160), (-140, -155), (14, 2), (-12, -6), lean=-6),),
        ("playing/plays/play golf", "swinging/swings/swing a golf club"), "meadow park meadow", over=_golf,
        people="man woman", hat=("cap", ""), dress=False, colours=("red", "yellow")),
    Activity("yoga", (_YOGA,), ("doing/does/do yoga", "standing/stands/stand on one leg",
        "balancing/balances/balance on one leg"), "park beach room meadow plain", hat=("",), dress=False,
        many=3),
    Activity("handstand", (_HAND,), ("doing/does/do a handstand", "standing/stands/stand on the hands",
        "standing/stands/stand upside down"), "park beach room meadow plain", hat=("",), dress=False),
)  # fmt: skip

KINDS: tuple[Kind, ...] = tuple(kind(a) for a in _ACTIVITIES)
