"""One four-legged body for many animals: proportions, ears, tails and coats make the difference."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from univldr.canvas import Colour, Point, darker, lighter
from univldr.training.drawn.brush import Brush

_LEGS: dict[str, tuple[tuple[float, float], ...]] = {
    # far hind, far front, hind, front: angles of the upper and the lower leg from straight down.
    "standing": ((14, -6), (6, 0), (6, -10), (-4, 0)),
    "walking": ((-24, -16), (24, 6), (22, -4), (-14, -34)),
    "running": ((-58, -38), (62, 30), (-30, -62), (34, 66)),
    "jumping": ((-60, -52), (70, 10), (-44, -60), (48, 2)),
    "grazing": ((14, -6), (10, 4), (4, -10), (-8, -2)),
}


@dataclass(frozen=True, slots=True)
class Beast:
    """Proportions in units of a dog's, facing right.

    Attributes:
        length: Half the distance from hip to shoulder.
        depth: Half the trunk's height.
        leg: Length of a leg.
        neck: From the shoulder to the head, x and y.
        head: Radii of the head.
        snout: How far the snout reaches out, and its radius.
        ears, tail, pattern, extra: Names of shapes below.
    """

    length: float = 30
    depth: float = 14
    leg: float = 34
    width: float = 8
    neck: Point = (16, -20)
    nape: float = 14
    head: Point = (12, 11)
    snout: Point = (11, 6)
    ears: str = "point"
    tail: str = "thin"
    pattern: str = ""
    extra: str = ""
    socks: bool = False


def beast(brush: Brush, b: Beast, pose: str, coat: Colour, mark: Colour, chance: random.Random) -> None:
    """Draw the animal standing on y = 0."""
    hip, shoulder = _trunk(b, pose)
    far = darker(coat, 0.22)
    leg = mark if b.socks else coat
    _tail(brush, b, hip, coat, mark)
    if pose in _LEGS:
        for i, root in enumerate((hip, shoulder)):
            _leg(brush, b, (root[0] + 4, root[1]), _LEGS[pose][i], darker(leg, 0.22))
    if b.extra == "hump":
        middle = ((hip[0] + shoulder[0]) / 2, hip[1] - b.depth)
        for dx in (-0.42, 0.36):
            brush.oval((middle[0] + dx * b.length, middle[1]), b.length * 0.3, b.depth * 0.75, coat)
    head = _head_at(b, pose, shoulder)
    _body(brush, b, hip, shoulder, coat)
    if b.extra == "lion":
        brush.oval((head[0] - 5, head[1] + 3), b.head[0] * 1.95, b.head[1] * 2.0, mark)
    _neck(brush, b, shoulder, head, coat, mark)
    _pattern(brush, b, hip, shoulder, head, mark, chance)
    if pose in _LEGS:
        for i, root in enumerate((hip, shoulder)):
            _leg(brush, b, (root[0] - 3, root[1]), _LEGS[pose][i + 2], leg)
    else:
        _folded(brush, b, pose, hip, shoulder, leg, far)
    _head(brush, b, head, coat, mark, asleep=pose == "sleeping")


def _trunk(b: Beast, pose: str) -> tuple[Point, Point]:
    if pose == "sitting":
        return (-b.length * 0.5, -b.depth * 0.95), (b.length * 0.45, -b.leg * 0.8 - b.depth * 0.5)
    if pose in ("lying", "sleeping"):
        return (-b.length, -b.depth), (b.length, -b.depth * 1.05)
    height = b.leg + b.depth * 0.45
    if pose == "jumping":
        return (-b.length, -height - 8), (b.length, -height - 26)
    return (-b.length, -height), (b.length, -height)


def _at(hip: Point, shoulder: Point, u: float, v: float) -> Point:
    """A place on the trunk: ``u`` from hip (-1) to shoulder (1), ``v`` units towards the belly."""
    mx, my = (hip[0] + shoulder[0]) / 2, (hip[1] + shoulder[1]) / 2
    dx, dy = (shoulder[0] - hip[0]) / 2, (shoulder[1] - hip[1]) / 2
    size = math.hypot(dx, dy)
    return mx + u * dx - v * dy / size, my + u * dy + v * dx / size


def _body(brush: Brush, b: Beast, hip: Point, shoulder: Point, coat: Colour) -> None:
    d, over = b.depth, b.depth * 0.85 / b.length
    rim = (
        (-1 - over, 0.1), (-1 - over * 0.6, -0.75), (-0.5, -0.98), (0.2, -0.9), (0.85, -1.02),
            (1 + over * 0.7, -0.6),
        (1 + over, 0.15), (0.85, 0.95), (0.1, 0.98), (-0.6, 0.85), (-1 - over * 0.5, 0.7),
    )  # fmt: skip
    brush.blob([_at(hip, shoulder, u, v * d) for u, v in rim], coat)
    if b.extra == "udder":
        at = _at(hip, shoulder, -0.55, d * 0.95)
        brush.oval(at, 7, 6, (238, 170, 170))
    if b.pattern == "wool":
        for u in (-1.2, -0.8, -0.4, 0, 0.4, 0.8, 1.15):
            for v in (-0.85, 0.75):
                brush.oval(_at(hip, shoulder, u, v * d), d * 0.46, d * 0.42, coat)
        brush.oval(_at(hip, shoulder, 0, 0), b.length * 1.1, d * 0.9, coat, detail=True)


def _head_at(b: Beast, pose: str, shoulder: Point) -> Point:
    x, y = shoulder
    reach = math.hypot(*b.neck)
    if pose == "grazing":
        return x + max(b.depth, reach * 0.62) + 6, min(-b.head[1] * 1.1, y + reach * 0.9)
    if pose == "sleeping":
        return x + b.depth * 0.9 + b.head[0] * 0.5, -b.head[1] * 1.0
    if pose == "running":
        return x + b.neck[0] * 1.2, y + b.neck[1] * 0.75
    return x + b.neck[0], y + b.neck[1]


def _neck(brush: Brush, b: Beast, shoulder: Point, head: Point, coat: Colour, mark: Colour) -> None:
    root = (shoulder[0] - b.nape * 0.1, shoulder[1] - b.depth * 0.15)
    brush.limb([root, (head[0] - b.head[0] * 0.2, head[1])], b.nape * 1.35, coat, end=b.nape * 0.9)
    if b.extra == "mane":
        back = (root[0] - b.nape * 0.5, root[1] - b.depth * 0.6)
        top = (head[0] - b.head[0] * 0.5, head[1] - b.head[1] * 0.9)
        middle = ((back[0] + top[0]) / 2 - 4, (back[1] + top[1]) / 2)
        brush.limb([back, middle, top], 9, mark, end=7)


def _leg(brush: Brush, b: Beast, root: Point, angles: tuple[float, float], colour: Colour) -> None:
    upper, lower = (math.radians(a) for a in angles)
    half = (b.leg + b.depth * 0.45) / 2
    knee = (root[0] + half * math.sin(upper), root[1] + half * math.cos(upper))
    foot = (knee[0] + half * math.sin(lower), knee[1] + half * math.cos(lower) - b.width * 0.3)
    brush.limb([root, knee, foot], b.width * 1.5, colour, end=b.width * 0.9)
    brush.oval((foot[0] + b.width * 0.2, foot[1] - 0.5), b.width * 0.72, b.width * 0.5, darker(colour, 0.25))


def _folded(brush: Brush, b: Beast, pose: str, hip: Point, shoulder: Point, leg: Colour, far: Colour) -> None:
    w = b.width
    if pose == "sitting":
        brush.limb([(shoulder[0] + 2, shoulder[1] + 4), (shoulder[0] + 8, -w * 0.5)], w * 1.3, far, end=w)
        brush.limb([(shoulder[0] - 2, shoulder[1] + 4), (shoulder[0] + 1, -w * 0.5)], w * 1.4, leg, end=w)
        brush.oval((hip[0] + 4, hip[1] + 1), b.depth * 0.95, b.depth * 0.85, leg)
        brush.limb([(hip[0] + 6, -w * 0.5), (hip[0] + 6 + b.depth, -w * 0.5)], w, leg)
        return
    brush.limb([(shoulder[0], -w), (shoulder[0] + b.leg * 0.6, -w * 0.55)], w * 1.3, far, end=w)
    brush.oval((hip[0] + 3, hip[1] + 3), b.depth * 0.8, b.depth * 0.7, leg)
    brush.limb([(hip[0] + 2, -w * 0.6), (hip[0] + b.leg * 0.7, -w * 0.5)], w * 1.1, leg, end=w)
    brush.limb([(shoulder[0] - 4, -w), (shoulder[0] + b.leg * 0.5, -w * 0.5)], w * 1.3, leg, end=w)


def _tail(brush: Brush, b: Beast, hip: Point, coat: Colour, mark: Colour) -> None:
    x, y = hip[0] - b.depth * 0.7, hip[1] - b.depth * 0.45
    if b.tail == "thin":
        brush.limb([(x, y), (x - 14, y - 8), (x - 22, y - 24)], 6, coat, end=3.5)
    elif b.tail == "cat":
        brush.limb([(x, y), (x - 14, y + 2), (x - 20, y - 16), (x - 12, y - 32)], 5.5, coat, end=4.5)
    elif b.tail == "bushy":
        brush.limb([(x + 3, y), (x - 16, y + 6), (x - 34, y - 2)], 9, coat, end=14)
        brush.oval((x - 37, y - 3), 8, 6, (246, 240, 230), detail=True)
    elif b.tail == "plume":
        brush.blob(
            [
                (x + 5, y + 8),
                (x - 12, y - 6),
                (x - 16, y - 34),
                (x - 2, y - 50),
                (x + 12, y - 40),
                (x + 4, y - 24),
                (x + 8, y - 8),
            ],
            coat,
        )
    elif b.tail == "hair":
        brush.limb([(x, y), (x - 9, y + 4), (x - 13, y + b.leg * 0.7)], 6, mark, end=9)
    elif b.tail == "tuft":
        brush.limb([(x, y), (x - 9, y + 6), (x - 11, y + b.leg * 0.55)], 4, coat, end=3)
        brush.oval((x - 11, y + b.leg * 0.62), 4.5, 7, mark)
    elif b.tail == "curl":
        brush.limb([(x, y), (x - 7, y - 4), (x - 4, y - 10), (x - 1, y - 5), (x - 8, y - 1)], 3, coat)
    elif b.tail == "puff":
        brush.oval((x - 1, y + 4), 7, 7, lighter(coat, 0.6))


def _pattern(
    brush: Brush, b: Beast, hip: Point, shoulder: Point, head: Point, mark: Colour, chance: random.Random
) -> None:
    d = b.depth
    if b.pattern == "stripes":
        for i in range(9):
            u = -1.05 + i * 0.26
            ends = [_at(hip, shoulder, u + w, v * d) for w, v in ((0, -0.86), (0.05, -0.1), (-0.04, 0.6))]
            brush.limb(ends, d * 0.2, mark, end=d * 0.08, detail=True)
        for share in (0.3, 0.5, 0.7):
            x, y = (
                shoulder[0] + (head[0] - shoulder[0]) * share,
                shoulder[1] + (head[1] - shoulder[1]) * share,
            )
            brush.limb([(x - b.nape * 0.42, y - 3), (x + b.nape * 0.4, y + 3)], d * 0.14, mark, detail=True)
    elif b.pattern in ("spots", "patches", "giraffe"):
        many, size = {"spots": (26, 0.12), "patches": (4, 0.46), "giraffe": (22, 0.2)}[b.pattern]
        for i in range(many):
            u = -0.95 + 1.9 * (i + chance.uniform(0.1, 0.9)) / many
            v = chance.uniform(-0.7, 0.55) if b.pattern != "patches" else chance.uniform(-0.45, 0.2)
            r = d * size * chance.uniform(0.75, 1.15)
            brush.oval(
                _at(hip, shoulder, u, v * d), r * 1.2, r, mark, tilt=chance.uniform(-40, 40), detail=True
            )
        if b.pattern == "giraffe":
            for i in range(1, 9):
                share = i / 9.5
                x, y = (
                    shoulder[0] + (head[0] - shoulder[0]) * share,
                    shoulder[1] + (head[1] - shoulder[1]) * share,
                )
                brush.oval((x + (3 if i % 2 else -3), y), 3.6, 3.4, mark, detail=True)


def _head(brush: Brush, b: Beast, at: Point, coat: Colour, mark: Colour, *, asleep: bool) -> None:
    (x, y), (rx, ry) = at, b.head
    ear = mark if b.socks else darker(coat, 0.15)
    _ears(brush, b, at, ear, back=True)
    if b.extra in ("horns", "antlers"):
        _horns(brush, b, at)
    brush.oval(at, rx, ry, coat, tilt=12)
    if b.extra == "trunk":
        _proboscis(brush, b, at, coat)
    else:
        _snout(brush, b, at, coat)
    _eye(brush, b, at, mark, asleep=asleep)
    if b.extra == "beard":
        brush.limb([(x + rx * 0.6, y + ry * 0.9), (x + rx * 0.5, y + ry * 2)], 5, mark, end=1.5)
        _horns(brush, b, at)
    if b.tail == "cat":
        for dy in (-1, 2, 5):
            brush.limb(
                [(x + rx * 0.9, y + 3 + dy * 0.4), (x + rx * 2, y + 1 + dy * 1.4)],
                0.8,
                (70, 64, 64),
                detail=True,
            )
    _ears(brush, b, at, ear, back=False)


def _proboscis(brush: Brush, b: Beast, at: Point, coat: Colour) -> None:
    (x, y), (rx, ry) = at, b.head
    brush.limb(
        [
            (x + rx * 0.7, y + 2),
            (x + rx * 1.35, y + ry * 0.9),
            (x + rx * 1.3, y + ry * 2),
            (x + rx * 1.65, y + ry * 2.7),
        ],
        11,
        coat,
        end=6,
    )
    brush.limb(
        [(x + rx * 0.8, y + ry * 0.7), (x + rx * 1.7, y + ry * 1.15), (x + rx * 2.0, y + ry * 0.9)],
        4,
        (250, 246, 232),
        end=2,
    )


def _snout(brush: Brush, b: Beast, at: Point, coat: Colour) -> None:
    (x, y), (rx, ry), (out, sr) = at, b.head, b.snout
    light = b.extra in ("muzzle", "lion", "horns") or b.tail == "bushy"
    nose = lighter(coat, 0.5) if light else coat
    brush.limb(
        [(x + rx * 0.4, y + ry * 0.25), (x + rx * 0.5 + out, y + ry * 0.25 + out * 0.3)],
        sr * 2.3,
        nose,
        end=sr * 1.7,
    )
    tip = (x + rx * 0.5 + out + sr * 0.5, y + out * 0.3)
    pink = b.extra == "pig"
    brush.oval(
        tip,
        sr * 0.5,
        sr * (0.9 if pink else 0.45),
        (226, 120, 130) if pink else (36, 30, 32),
        detail=True,
    )
    if b.extra == "rhino":
        brush.polygon(
            [(tip[0] - 9, tip[1] - 4), (tip[0] + 2, tip[1] - 24), (tip[0] + 2, tip[1] - 1)],
            (236, 228, 208),
        )


def _eye(brush: Brush, b: Beast, at: Point, mark: Colour, *, asleep: bool) -> None:
    (x, y), (rx, ry) = at, b.head
    if b.extra == "panda":
        brush.oval((x + rx * 0.35, y - ry * 0.2), 4.4, 5.2, mark, tilt=20, detail=True)
    if asleep:
        brush.limb(
            [(x + rx * 0.1, y - 1), (x + rx * 0.35, y + 1.4), (x + rx * 0.6, y - 1)],
            1.6,
            (40, 32, 32),
            detail=True,
        )
    else:
        brush.eye((x + rx * 0.35, y - ry * 0.2), 2.1, white=b.extra == "panda")


def _ears(brush: Brush, b: Beast, at: Point, ear: Colour, *, back: bool) -> None:
    (x, y), (rx, ry) = at, b.head
    dx = x + (rx * 0.3 if back else -rx * 0.35)
    ear = darker(ear, 0.15) if back else ear
    if b.ears == "point":
        brush.polygon(
            [(dx - rx * 0.35, y - ry * 0.5), (dx - rx * 0.05, y - ry * 1.75), (dx + rx * 0.4, y - ry * 0.6)],
            ear,
        )
    elif b.ears == "flop" and not back:
        brush.blob(
            [
                (dx - 4, y - ry * 0.7),
                (dx + 5, y - ry * 0.6),
                (dx + 4, y + ry * 0.7),
                (dx - 3, y + ry * 1.1),
                (dx - 8, y + ry * 0.3),
            ],
            ear,
        )
    elif b.ears == "round":
        brush.oval((dx, y - ry * 0.85), rx * 0.36, ry * 0.38, ear)
    elif b.ears == "long":
        brush.oval((dx - 2, y - ry * 1.9), rx * 0.26, ry * 1.15, ear, tilt=-12 if back else -24)
    elif b.ears == "side":
        brush.oval((dx - 5, y - ry * 0.55), rx * 0.55, ry * 0.26, ear, tilt=24)
    elif b.ears == "big" and not back:
        brush.blob(
            [
                (dx - 2, y - ry * 0.9),
                (dx + 8, y),
                (dx + 2, y + ry * 1.2),
                (dx - 14, y + ry * 1.3),
                (dx - 24, y + ry * 0.2),
                (dx - 16, y - ry * 0.9),
            ],
            ear,
        )


def _horns(brush: Brush, b: Beast, at: Point) -> None:
    (x, y), (rx, ry) = at, b.head
    bone = (226, 214, 186)
    for dx in (0.25, -0.2):
        root = (x + dx * rx, y - ry * 0.7)
        if b.extra == "antlers":
            bone = (150, 112, 76)
            tip = (root[0] - 8 + dx * 30, root[1] - 30)
            middle = (root[0] - 7 + dx * 10, root[1] - 15)
            brush.limb([root, middle, tip], 3, bone, end=2)
            brush.limb([middle, (middle[0] + 11, middle[1] - 11)], 2.4, bone, end=1.6)
            brush.limb([(middle[0] - 1, middle[1] - 7), (middle[0] - 11, middle[1] - 14)], 2.4, bone, end=1.6)
        else:
            brush.limb(
                [
                    root,
                    (root[0] - 1, root[1] - 9),
                    (root[0] + (5 if b.extra == "horns" else -9), root[1] - 15),
                ],
                4,
                bone,
                end=1.5,
            )
