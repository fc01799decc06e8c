"""A person of joints and angles, clothed: one skeleton for every activity."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from univldr.canvas import Colour, Point, darker, lighter
from univldr.training.drawn.brush import Brush, tone

Limb = tuple[float, float]
"""Angles of the upper and the lower part from straight down, in degrees, forwards (right) positive."""

_SKINS: tuple[Colour, ...] = ((244, 208, 180), (226, 176, 140), (196, 140, 100), (140, 92, 62), (98, 64, 46))
_HAIRS: tuple[Colour, ...] = (
    (50, 36, 30),
    (92, 60, 38),
    (140, 92, 50),
    (222, 184, 104),
    (180, 88, 46),
    (30, 28, 30),
)
CLOTHES = ("red", "blue", "green", "yellow", "orange", "purple", "pink", "white", "black", "grey")


@dataclass(frozen=True, slots=True)
class Pose:
    """Angles of a body; ``lift`` is how far the lower foot is above the ground."""

    far_arm: Limb = (12, 16)
    arm: Limb = (-12, -6)
    far_leg: Limb = (5, 3)
    leg: Limb = (-5, -3)
    lean: float = 0
    lift: float = 0
    front: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """Who it is, and the clothes."""

    who: str
    skin: Colour
    hair: Colour
    style: str
    top: str
    top_colour: Colour
    bottom: str
    bottom_colour: Colour
    sleeves: bool
    hat: str = ""
    hat_colour: Colour = (200, 60, 50)
    beard: bool = False

    @property
    def child(self) -> bool:
        return self.who in ("boy", "girl")

    @property
    def scale(self) -> float:
        """The size of a limb next to a grown-up's."""
        return 0.68 if self.child else 1.0


def any_look(
    chance: random.Random, who: str, *, hat: str = "", bare: bool = False, dress: bool = True
) -> Look:
    """A person by chance; ``who`` is man, woman, boy or girl."""
    female = who in ("woman", "girl")
    styles = (
        ("long", "long", "bun", "tail", "bob")
        if female
        else ("short", "short", "short", "bald" if who == "man" else "short")
    )
    top = chance.choice(CLOTHES)
    bottoms = ["trousers", "trousers", "shorts"]
    if female and dress:
        bottoms += ["dress", "dress", "skirt"]
    bottom = chance.choice(bottoms)
    bottom_name = (
        top
        if bottom == "dress"
        else chance.choice([n for n in ("blue", "black", "grey", "brown", "white", "red") if n != top])
    )
    top_colour = tone(chance, top)
    return Look(
        who, chance.choice(_SKINS), chance.choice(_HAIRS), chance.choice(styles), top, top_colour,
            "bare" if bare else bottom,
        top_colour if bottom == "dress" or bare else tone(chance, bottom_name),
            chance.random() < 0.5 and not bare, hat,
        tone(chance, chance.choice(("red", "blue", "yellow", "green", "white", "black"))),
            who == "man" and chance.random() < 0.3,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Joints:
    """Where a posed body's joints are: the ground below it is y = 0."""

    hip: Point
    neck: Point
    head: Point
    shoulder: Point
    far_shoulder: Point
    elbow: Point
    far_elbow: Point
    hand: Point
    far_hand: Point
    knee: Point
    far_knee: Point
    foot: Point
    far_foot: Point


def _reach(start: Point, length: float, angle: float) -> Point:
    turn = math.radians(angle)
    return start[0] + length * math.sin(turn), start[1] + length * math.cos(turn)


def joints(look: Look, pose: Pose) -> Joints:
    """Joints in units of a hundredth of a grown-up's height."""
    s = look.scale
    thigh, shin = 23 * s, 23 * s
    drop = max(
        thigh * math.cos(math.radians(a)) + shin * math.cos(math.radians(b))
        for a, b in (pose.far_leg, pose.leg)
    )
    hip = (0.0, -drop - (pose.lift + 2) * s)
    neck = _reach(hip, (30 if not look.child else 32) * s, 180 - pose.lean)
    head = _reach(neck, (13 if not look.child else 16) * s, 180 - pose.lean * 0.6)
    wide = 8.5 * s if pose.front else 1.5 * s
    shoulder, far_shoulder = (neck[0] - wide, neck[1] + 4 * s), (neck[0] + wide, neck[1] + 4 * s)
    elbow, far_elbow = _reach(shoulder, 16 * s, pose.arm[0]), _reach(far_shoulder, 16 * s, pose.far_arm[0])
    side = 4 * s if pose.front else 1.5 * s
    knee, far_knee = (
        _reach((hip[0] - side, hip[1]), thigh, pose.leg[0]),
        _reach((hip[0] + side, hip[1]), thigh, pose.far_leg[0]),
    )
    return Joints(
        hip, neck, head, shoulder, far_shoulder, elbow, far_elbow,
        _reach(elbow, 15 * s, pose.arm[1]), _reach(far_elbow, 15 * s, pose.far_arm[1]),
        knee, far_knee, _reach(knee, shin, pose.leg[1]), _reach(far_knee, shin, pose.far_leg[1]),
    )  # fmt: skip


def person(brush: Brush, look: Look, pose: Pose) -> Joints:
    """Draw a person whose lowest foot stands on y = 0, facing right or, in front view, the viewer."""
    j = joints(look, pose)
    far_person(brush, look, pose, j)
    near_arm(brush, look, j)
    return j


def far_person(brush: Brush, look: Look, pose: Pose, j: Joints) -> None:
    """All but the near arm, so that something may be drawn between."""
    s = look.scale
    side = 4 * s if pose.front else 1.5 * s
    if look.style in ("long", "tail"):
        _back_hair(brush, look, j, pose)
    _arm(brush, look, j.far_shoulder, j.far_elbow, j.far_hand, 0.0 if pose.front else 0.16)
    _leg(
        brush,
        look,
        (j.hip[0] + side, j.hip[1]),
        j.far_knee,
        j.far_foot,
        0.0 if pose.front else 0.16,
        pose.front,
    )
    _leg(brush, look, (j.hip[0] - side, j.hip[1]), j.knee, j.foot, 0.0, pose.front, turn=-1)
    brush.limb([j.neck, j.head], 6 * s, darker(look.skin, 0.1))
    _torso(brush, look, j, pose)
    _head(brush, look, j, pose)


def near_arm(brush: Brush, look: Look, j: Joints) -> None:
    """The near arm alone."""
    _arm(brush, look, j.shoulder, j.elbow, j.hand, 0.06)


def _torso(brush: Brush, look: Look, j: Joints, pose: Pose) -> None:
    s = look.scale
    (nx, ny), (hx, hy) = j.neck, j.hip
    up, low = (10.5 * s, 8 * s) if pose.front else (7.5 * s, 7 * s)
    if look.who in ("woman", "girl"):
        up *= 0.92
    rim = [
        (nx - up * 0.4, ny), (nx + up * 0.4, ny), (nx + up, ny + 4 * s), (hx * 0.5 + nx * 0.5 + low * 0.95,
            (ny + hy) / 2),
        (hx + low, hy + 2 * s), (hx - low, hy + 2 * s), (hx * 0.5 + nx * 0.5 - low * 0.95, (ny + hy) / 2),
            (nx - up, ny + 4 * s),
    ]  # fmt: skip
    colour = look.skin if look.bottom == "bare" and look.who in ("man", "boy") else look.top_colour
    brush.blob(rim, colour)
    if look.bottom in ("dress", "skirt"):
        knee_x, far_x = sorted((j.knee[0], j.far_knee[0]))
        low_y = max(j.knee[1], j.far_knee[1])
        if low_y - hy > 8 * s:
            brush.polygon(
                [
                    (hx - low * 0.9, hy - 6 * s),
                    (hx + low * 0.9, hy - 6 * s),
                    (far_x + 8 * s, low_y),
                    (knee_x - 8 * s, low_y),
                ],
                look.bottom_colour,
            )
        else:
            brush.limb([(hx, hy), j.knee], 15 * s, look.bottom_colour, end=12 * s)
    elif look.bottom != "bare" or look.who in ("man", "boy"):
        brush.oval((hx, hy + 1 * s), low, 5.5 * s, look.bottom_colour)


def _arm(brush: Brush, look: Look, shoulder: Point, elbow: Point, hand: Point, shade: float) -> None:
    s = look.scale
    skin, cloth = darker(look.skin, shade), darker(look.top_colour, shade + 0.1)
    brush.limb([shoulder, elbow], 6 * s, skin, end=5 * s)
    brush.limb([elbow, hand], 5 * s, skin, end=4 * s)
    brush.oval(hand, 3 * s, 3 * s, skin)
    if look.bottom == "bare":
        return
    if look.sleeves:
        brush.limb([shoulder, elbow], 7.4 * s, cloth, end=6.4 * s)
        brush.limb(
            [elbow, (elbow[0] * 0.25 + hand[0] * 0.75, elbow[1] * 0.25 + hand[1] * 0.75)],
            6.4 * s,
            cloth,
            end=5.6 * s,
        )
    else:
        brush.limb(
            [shoulder, ((shoulder[0] + elbow[0]) / 2, (shoulder[1] + elbow[1]) / 2)],
            7.6 * s,
            cloth,
            end=7 * s,
        )


def _leg(
    brush: Brush, look: Look, hip: Point, knee: Point, foot: Point, shade: float, front: bool, turn: int = 1
) -> None:
    s = look.scale
    skin, cloth = darker(look.skin, shade), darker(look.bottom_colour, shade + 0.04)
    brush.limb([hip, knee], 9 * s, skin, end=7 * s)
    brush.limb([knee, foot], 7 * s, skin, end=5 * s)
    if look.bottom == "bare":
        brush.limb(
            [hip, (hip[0] * 0.6 + knee[0] * 0.4, hip[1] * 0.6 + knee[1] * 0.4)], 9.6 * s, cloth, end=9 * s
        )
        brush.limb([foot, (foot[0] + 4 * s, foot[1])], 4.5 * s, skin)
        return
    if look.bottom in ("trousers", "shorts"):
        part = 1.0 if look.bottom == "trousers" else 0.8
        end = (hip[0] + (knee[0] - hip[0]) * part, hip[1] + (knee[1] - hip[1]) * part)
        brush.limb([hip, end], 10 * s, cloth, end=8 * s)
        if look.bottom == "trousers":
            brush.limb(
                [knee, (knee[0] * 0.1 + foot[0] * 0.9, knee[1] * 0.1 + foot[1] * 0.9)],
                8 * s,
                cloth,
                end=6.4 * s,
            )
    toe = 2.5 * s * turn if front else 6 * s
    angle = math.atan2(foot[0] - knee[0], foot[1] - knee[1])
    brush.limb(
        [foot, (foot[0] + toe * math.cos(angle), foot[1] - toe * math.sin(angle))],
        5.4 * s,
        darker((70, 58, 56), shade),
    )


def _back_hair(brush: Brush, look: Look, j: Joints, pose: Pose) -> None:
    s, (x, y) = look.scale, j.head
    if look.style == "long":
        back = 0 if pose.front else -4 * s
        brush.blob(
            [(x + back, y - 9 * s), (x + back + 8.5 * s, y - 2 * s), (x + back + 8 * s, y + 14 * s),
                (x + back - 8 * s, y + 15 * s), (x + back - 9 * s, y - 2 * s)],
            look.hair,
        )  # fmt: skip
    else:
        brush.limb(
            [(x - 6 * s, y - 3 * s), (x - 14 * s, y + 1 * s), (x - 13 * s, y + 12 * s)],
            5 * s,
            look.hair,
            end=2.5 * s,
        )


def _head(brush: Brush, look: Look, j: Joints, pose: Pose) -> None:
    s = look.scale * (1.2 if look.child else 1.0)
    x, y = j.head
    brush.oval((x, y), 7.6 * s, 8.8 * s, look.skin)
    if look.beard:
        brush.blob(
            [
                (x - 5 * s, y + 3 * s),
                (x, y + 3.4 * s),
                (x + 7 * s, y + 2.6 * s),
                (x + 5 * s, y + 9.6 * s),
                (x - 2 * s, y + 9 * s),
            ],
            look.hair,
            detail=True,
        )
    eyes = (-2.8, 2.8) if pose.front else (1.6, 5.2)
    for dx in eyes:
        brush.oval((x + dx * s, y - 0.4 * s), 0.95 * s, 1.2 * s, (26, 22, 26), detail=True)
    middle = sum(eyes) / 2
    brush.limb(
        [(x + (middle - 2) * s, y + 4 * s), (x + middle * s, y + 5 * s), (x + (middle + 2) * s, y + 4 * s)],
        0.9 * s,
        (150, 60, 60),
        detail=True,
    )
    if not pose.front:
        brush.oval((x + 7.6 * s, y + 1.4 * s), 1.6 * s, 1.4 * s, look.skin)
    _hair(brush, look, (x, y), s, pose.front)
    if look.hat:
        _hat(brush, look, (x, y), s, pose.front)


def _hair(brush: Brush, look: Look, at: Point, s: float, front: bool) -> None:
    x, y = at
    if look.style == "bald":
        return
    rim = [(-8, 0.5), (-8.4, -5), (-4, -9.8), (2, -10), (7, -7.4), (8, -3.4)]
    rim += (
        [(4, -5.6), (-3, -5.2), (-6.4, 0)] if front else [(3.4, -4.6), (-1.6, -4.4), (-3.4, 1), (-5.6, 3.6)]
    )
    if front:
        rim[5] = (8, 0.5)
        rim.insert(6, (6.4, -1))
    if look.style in ("long", "bob"):
        low = 5.5 if look.style == "bob" else 9
        for side in (-1, 1) if front else (-1,):
            brush.limb(
                [(x + side * 6.6 * s, y - 4 * s), (x + side * 7.4 * s, y + low * s)],
                4 * s,
                look.hair,
                end=3.4 * s,
            )
    if look.style == "bun":
        brush.oval((x - (0 if front else 5) * s, y - 10.4 * s), 4 * s, 3.8 * s, look.hair)
    brush.blob([(x + dx * s, y + dy * s) for dx, dy in rim], look.hair)


def _hat(brush: Brush, look: Look, at: Point, s: float, front: bool) -> None:
    (x, y), colour = at, look.hat_colour
    dome = [(-8.6, -3.2), (-8, -8), (-3, -11.6), (3, -11.6), (8, -8), (8.6, -3.2)]
    if look.hat == "helmet":
        dome = [(dx * 1.08, dy * 1.12) for dx, dy in dome]
    brush.polygon([(x + dx * s, y + dy * s) for dx, dy in dome], colour)
    if look.hat == "cap":
        reach = 10 if front else 15
        brush.limb(
            [(x - (8 if front else 0) * s, y - 3.4 * s), (x + reach * s, y - 3 * s)],
            2.4 * s,
            darker(colour, 0.2),
        )
    elif look.hat == "sunhat":
        brush.oval((x, y - 4 * s), 15 * s, 2.6 * s, colour)
    elif look.hat == "beanie":
        brush.oval((x, y - 12.6 * s), 2.8 * s, 2.8 * s, lighter(colour, 0.5))
        brush.limb([(x - 8 * s, y - 4 * s), (x + 8 * s, y - 4 * s)], 3.4 * s, lighter(colour, 0.4))
