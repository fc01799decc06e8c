"""People: a figure of joints, clothed, in a few poses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from univldr.canvas import BLACK, Canvas, Colour, Point, darker, lighter

Pose = Mapping[str, Point]
"""Joint to place, in percent of the body's height: x to the right, y down from the soles."""

STANDING: Pose = {
    "head": (0, -91), "neck": (0, -81), "hip": (0, -47),
    "far elbow": (14, -64), "far hand": (15, -48), "elbow": (-14, -64), "hand": (-15, -48),
    "far knee": (6, -25), "far foot": (7, -2), "knee": (-6, -25), "foot": (-7, -2),
}  # fmt: skip
WAVING: Pose = {**STANDING, "far elbow": (19, -74), "far hand": (23, -94)}
CHEERING: Pose = {**WAVING, "elbow": (-19, -76), "hand": (-23, -97)}
WALKING: Pose = {
    **STANDING,
    "far elbow": (8, -65), "far hand": (17, -54), "elbow": (-8, -64), "hand": (-12, -48),
    "far knee": (9, -26), "far foot": (15, -3), "knee": (-3, -24), "foot": (-14, -3),
}  # fmt: skip
RUNNING: Pose = {
    "head": (9, -90), "neck": (6, -80), "hip": (0, -48),
    "far elbow": (19, -70), "far hand": (28, -80), "elbow": (-9, -66), "hand": (-18, -56),
    "far knee": (17, -38), "far foot": (16, -15), "knee": (-7, -27), "foot": (-29, -22),
}  # fmt: skip
KICKING: Pose = {
    "head": (-6, -90), "neck": (-5, -80), "hip": (0, -47),
    "far elbow": (12, -68), "far hand": (24, -72), "elbow": (-18, -66), "hand": (-28, -60),
    "far knee": (-5, -24), "far foot": (-9, -2), "knee": (15, -34), "foot": (34, -24),
}  # fmt: skip
SITTING: Pose = {
    "head": (2, -91), "neck": (0, -81), "hip": (-3, -47),
    "far elbow": (9, -66), "far hand": (17, -76), "elbow": (7, -64), "hand": (16, -74),
    "far knee": (21, -45), "far foot": (33, -26), "knee": (20, -43), "foot": (31, -22),
}  # fmt: skip
CYCLING: Pose = {
    "head": (19, -92), "neck": (13, -83), "hip": (-8, -57),
    "far elbow": (23, -71), "far hand": (34, -62), "elbow": (20, -69), "hand": (32, -60),
    "far knee": (14, -50), "far foot": (9, -27), "knee": (13, -38), "foot": (4, -14),
}  # fmt: skip
CROUCHING: Pose = {
    "head": (14, -70), "neck": (8, -62), "hip": (-6, -36),
    "far elbow": (24, -58), "far hand": (36, -62), "elbow": (-8, -58), "hand": (-22, -66),
    "far knee": (18, -24), "far foot": (14, -2), "knee": (6, -18), "foot": (-10, -2),
}  # fmt: skip
CLIMBING: Pose = {
    "head": (4, -91), "neck": (1, -81), "hip": (-4, -49),
    "far elbow": (17, -86), "far hand": (22, -103), "elbow": (-13, -80), "hand": (-8, -96),
    "far knee": (16, -43), "far foot": (18, -22), "knee": (-6, -25), "foot": (2, -3),
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """Skin, hair and clothes. ``sleeve`` and ``leg`` are the shares of a limb that cloth covers."""

    skin: Colour = (232, 190, 160)
    hair: Colour = (72, 48, 34)
    shirt: Colour = (60, 110, 180)
    trousers: Colour = (52, 60, 86)
    shoes: Colour = (48, 44, 44)
    hat: Colour | None = None
    sleeve: float = 1.0
    leg: float = 1.0


def person(c: Canvas, at: Point, height: float, pose: Pose, look: Look, *, flip: bool = False) -> None:
    """Draw a figure that stands at ``at`` and is ``height`` units tall; its right side faces as it moves."""
    v = c.view(at[0], at[1], height / 100, flip=flip)
    neck, hip = pose["neck"], pose["hip"]
    _arm(v, pose, look, "far ", 0.22)
    _leg(v, pose, look, "far ", 0.22)
    _leg(v, pose, look, "", 0.0)
    v.stroke([neck, pose["head"]], 5.5, darker(look.skin, 0.12))
    _torso(v, neck, hip, look)
    _head(v, pose["head"], look)
    _arm(v, pose, look, "", 0.08)


def _torso(v: Canvas, neck: Point, hip: Point, look: Look) -> None:
    (nx, ny), (hx, hy) = neck, hip
    sides = [(nx - 9, ny + 1), (nx, ny - 2), (nx + 9, ny + 1), ((nx + hx) / 2 + 8, (ny + hy) / 2)]
    v.blob(
        [*sides, (hx + 8, hy + 2), (hx, hy + 4), (hx - 8, hy + 2), ((nx + hx) / 2 - 8, (ny + hy) / 2)],
        lighter(look.shirt, 0.15),
        darker(look.shirt, 0.2),
    )


def _head(v: Canvas, at: Point, look: Look) -> None:
    x, y = at
    v.ellipse((x - 7.2, y - 8.6, x + 7.2, y + 7.6), look.hair, darker(look.hair))
    v.ellipse((x - 5.6, y - 5.4, x + 6.4, y + 8), lighter(look.skin, 0.1), darker(look.skin, 0.1))
    for dx in (-1.2, 3.6):
        v.circle((x + dx, y + 0.6), 0.8, BLACK)
    v.ring((x - 1.2, y + 2, x + 3.8, y + 5.6), 0.7, darker(look.skin, 0.45), 20, 160)
    if look.hat:
        v.sector((x - 8, y - 10.5, x + 8, y + 5), 180, 360, lighter(look.hat, 0.2), darker(look.hat, 0.2))
        v.rectangle((x - 8, y - 3.6, x + 10.5, y - 2), darker(look.hat, 0.3), radius=0.8)


def _arm(v: Canvas, pose: Pose, look: Look, side: str, shade: float) -> None:
    x, y = pose["neck"]
    shoulder = (x + (7 if side else -7), y + 4)
    elbow, hand = pose[side + "elbow"], pose[side + "hand"]
    v.stroke([shoulder, elbow, hand], 6, darker(look.skin, shade), end=4)
    v.circle(hand, 2.8, darker(look.skin, shade))
    _sleeve(v, (shoulder, elbow, hand), look.sleeve, 7, darker(look.shirt, 0.08 + shade))


def _leg(v: Canvas, pose: Pose, look: Look, side: str, shade: float) -> None:
    x, y = pose["hip"]
    hip = (x + (3.4 if side else -3.4), y)
    knee, foot = pose[side + "knee"], pose[side + "foot"]
    v.stroke([hip, knee, foot], 9, darker(look.skin, shade), end=5)
    v.stroke([foot, (foot[0] + 5, foot[1] + 0.6)], 4.6, darker(look.shoes, shade))
    _sleeve(v, (hip, knee, foot), look.leg, 10, darker(look.trousers, shade))


def _sleeve(
    v: Canvas, joints: tuple[Point, Point, Point], share: float, width: float, colour: Colour
) -> None:
    """Cloth over the first ``share`` of a limb; half a limb ends at the elbow or the knee."""
    root, middle, tip = joints

    def along(a: Point, b: Point, part: float) -> Point:
        return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part

    if share > 0.5:
        v.stroke([root, middle, along(middle, tip, share * 2 - 1.12)], width, colour, end=width * 0.72)
    elif share > 0:
        v.stroke([root, along(root, middle, share * 2)], width, colour)
