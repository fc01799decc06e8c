"""Faces from the front: animals and people close up."""

from __future__ import annotations

from dataclasses import dataclass

from univldr.canvas import Canvas, Colour, darker, lighter
from univldr.training.drawn import backdrops as b
from univldr.training.drawn.acting import dressed
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.brush import Brush, any_style, tone
from univldr.training.drawn.figure import Look, any_look
from univldr.training.drawn.words import Place, a, choose

_PLACES = "plain plain meadow forest room snow park beach"


@dataclass(frozen=True, slots=True)
class Face:
    """The parts of an animal's face."""

    name: str
    coats: tuple[str, ...]
    ears: str
    muzzle: float = 0.5
    nose: Colour = (44, 36, 38)
    extra: str = ""
    wide: float = 1.0


_FACES: tuple[Face, ...] = (
    Face("dog", ("brown", "white", "black", "grey", "orange"), "flop", 0.55, extra="tongue"),
    Face("cat", ("grey", "orange", "black", "white", "brown"), "point", 0.36, (226, 130, 140), "whiskers"),
    Face("rabbit", ("white", "grey", "brown"), "long", 0.34, (226, 130, 140), "teeth", 0.85),
    Face("bear", ("brown", "black", "white"), "round", 0.52),
    Face("pig", ("pink",), "fold", 0.46, (226, 110, 130), "snout"),
    Face("lion", ("yellow",), "round", 0.5, extra="mane"),
    Face("tiger", ("orange",), "round", 0.5, (200, 110, 110), "stripes"),
    Face("mouse", ("grey", "white", "brown"), "disc", 0.3, (226, 130, 140), "whiskers", 0.85),
    Face("monkey", ("brown", "black", "orange"), "side", 0.6, extra="bare"),
    Face("koala", ("grey",), "disc", 0.2, extra="koala"),
    Face("cow", ("white", "brown", "black"), "side", 0.6, (90, 60, 60), "horns", 0.85),
)


def _ears(brush: Brush, face: Face, coat: Colour) -> None:
    w = 60 * face.wide
    inner = (236, 170, 170)
    for s in (-1, 1):
        if face.ears == "point":
            brush.polygon([(s * w * 0.25, -50), (s * w * 0.85, -108), (s * w * 1.0, -20)], coat)
            brush.polygon([(s * w * 0.45, -54), (s * w * 0.8, -88), (s * w * 0.86, -38)], inner, detail=True)
        elif face.ears == "long":
            brush.oval((s * 26, -100), 16, 62, coat, tilt=s * 8)
            brush.oval((s * 27, -100), 8, 46, inner, tilt=s * 8, detail=True)
        elif face.ears == "round":
            brush.oval((s * w * 0.78, -50), 23, 23, coat)
            brush.oval((s * w * 0.78, -50), 13, 13, darker(coat, 0.35), detail=True)
        elif face.ears == "disc":
            brush.oval((s * w * 0.98, -50), 38, 36, coat)
            brush.oval((s * w * 0.98, -50), 24, 23, inner, detail=True)
        elif face.ears == "fold":
            brush.polygon([(s * w * 0.3, -54), (s * w * 0.95, -84), (s * w * 0.95, -22)], darker(coat, 0.12))
        elif face.ears == "side":
            brush.oval((s * w * 1.2, -16), 24, 17 if face.extra == "horns" else 24, darker(coat, 0.12))


def _face(brush: Brush, face: Face, coat: Colour) -> None:
    w = 60 * face.wide
    if face.extra == "mane":
        brush.oval((0, 0), 98, 98, (140, 80, 40))
    if face.extra == "horns":
        for s in (-1, 1):
            brush.limb([(s * 28, -50), (s * 50, -70), (s * 48, -94)], 13, (232, 222, 200), end=4)
    _ears(brush, face, coat)
    brush.oval((0, 0), w, 62, coat)
    if face.ears == "flop":
        for s in (-1, 1):
            brush.blob(
                [(s * 40, -54), (s * 66, -44), (s * 82, 10), (s * 68, 36), (s * 52, 4)], darker(coat, 0.3)
            )
    if face.extra == "stripes":
        for s in (-1, 1):
            for y in (-34, -14, 8):
                brush.limb([(s * w * 0.95, y), (s * w * 0.62, y + 5)], 7, (40, 32, 32), end=2, detail=True)
        for x in (-14, 0, 14):
            brush.limb([(x, -60), (x * 0.8, -38)], 6, (40, 32, 32), end=2, detail=True)
    light = lighter(coat, 0.45) if face.extra != "bare" else (226, 180, 140)
    if face.extra == "bare":
        for s in (-1, 1):
            brush.oval((s * 20, -14), 25, 25, light, detail=True)
    if face.muzzle > 0.25:
        brush.oval((0, 28), w * face.muzzle * 1.1, 60 * face.muzzle * 0.9, light, detail=True)
    for s in (-1, 1):
        brush.eye((s * w * 0.4, -12), 7.5, white=face.extra in ("bare", "tongue"))
    _mouth(brush, face)


def _mouth(brush: Brush, face: Face) -> None:
    ink = (70, 46, 46)
    if face.extra == "snout":
        brush.oval((0, 22), 27, 20, face.nose)
        for s in (-1, 1):
            brush.oval((s * 10, 22), 5, 7, (130, 50, 70), detail=True)
        brush.limb([(-16, 48), (0, 53), (16, 48)], 3, ink, detail=True)
        return
    if face.extra == "koala":
        brush.oval((0, 16), 16, 26, (50, 46, 50))
        brush.limb([(-12, 46), (0, 50), (12, 46)], 3, ink, detail=True)
        return
    if face.extra == "tongue":
        brush.oval((0, 52), 10, 15, (230, 100, 116))
    brush.blob([(-11, 12), (0, 8), (11, 12), (5, 21), (-5, 21)], face.nose, detail=True)
    for s in (-1, 1):
        brush.limb([(0, 22), (s * 4, 34), (s * 17, 34)], 2.6, ink, detail=True)
        if face.extra == "whiskers":
            for dy in (-5, 2, 9):
                brush.limb(
                    [(s * 22, 24 + dy * 0.5), (s * 84, 18 + dy * 2)], 1.6, (236, 236, 236), detail=True
                )
                brush.limb([(s * 22, 25.5 + dy * 0.5), (s * 84, 19.5 + dy * 2)], 1, (80, 76, 76), detail=True)
    if face.extra == "teeth":
        brush.box((-8, 36, 8, 50), (252, 252, 250), detail=True)


def _animal(c: Canvas, face: Face) -> Captions:
    r = c.random
    name = r.choice(face.coats)
    place = _backdrop(c, name)
    coat = tone(r, name)
    brush = Brush(c, any_style(r), (r.uniform(190, 290), r.uniform(180, 205)), r.uniform(1.1, 1.6))
    _face(brush, face, coat)
    brush.done()
    full = f"{name} {face.name}"
    return choose(
        r, f"the face of {a(full)} {place.where[0]}", f"the head of {a(face.name)}",
            f"{a(full)} looks at you", f"{a(face.name)} seen from the front",
        f"a close view of {a(full)}", f"{a(face.name)}'s face",
            f"{a(face.name)} with {'long' if face.ears == 'long' else 'two'} ears",
            f"{a(full)} {r.choice(place.where)}",
    )  # fmt: skip


def _backdrop(c: Canvas, avoid: str) -> Place:
    key = c.random.choice([n for n in _PLACES.split() if n != "snow" or avoid != "white"])
    return b.plain(c, (avoid,)) if key == "plain" else b.PLACES[key](c)


def _head(brush: Brush, look: Look, mood: str) -> None:
    _behind(brush, look)
    brush.oval((0, 0), 51, 62, look.skin)
    if look.beard:
        brush.blob(
            [(-49, 10), (-30, 26), (0, 22), (30, 26), (49, 10), (40, 54), (0, 76), (-40, 54)], look.hair
        )
    _features(brush, look, mood)
    if look.style != "bald":
        hair = [
            (-53, 6), (-56, -34), (-32, -70), (14, -76), (50, -46), (53, 6), (44, -22), (16, -42), (-26, -34),
            (-46, -16),
        ]  # fmt: skip
        brush.blob(hair, look.hair)
    if look.hat == "glasses":
        ink = (90, 50, 46)
        for s in (-1, 1):
            brush.ring((s * 20, -6), 16, 3.4, ink)
        brush.limb([(-5, -7), (5, -7)], 3, ink, detail=True)


def _behind(brush: Brush, look: Look) -> None:
    """Hair, shoulders, neck and ears, which the face covers in part."""
    if look.style == "long":
        brush.blob([(0, -84), (62, -50), (66, 40), (60, 84), (-60, 84), (-66, 40), (-62, -50)], look.hair)
    if look.style == "tail":
        brush.limb([(40, -50), (76, -40), (82, 30)], 22, look.hair, end=8)
    if look.style == "bun":
        brush.oval((0, -88), 26, 22, look.hair)
    brush.blob(
        [(-100, 150), (-84, 96), (-28, 82), (28, 82), (84, 96), (100, 150), (100, 220), (-100, 220)],
        look.top_colour,
    )
    brush.limb([(0, 40), (0, 84)], 36, darker(look.skin, 0.12))
    for s in (-1, 1):
        brush.oval((s * 51, 4), 9, 14, look.skin)


def _features(brush: Brush, look: Look, mood: str) -> None:
    """Eyes, brows, nose and mouth."""
    for s in (-1, 1):
        brush.oval((s * 20, -6), 9, 6.5, (252, 252, 252), detail=True)
        brush.oval((s * 20, -6), 4.6, 5, (50, 40, 36), detail=True)
        brush.limb([(s * 11, -22), (s * 20, -25), (s * 30, -21)], 4, darker(look.hair, 0.1), detail=True)
    brush.limb([(0, -2), (-5, 16), (3, 18)], 3, darker(look.skin, 0.3), detail=True)
    if mood == "laughing":
        brush.blob([(-22, 31), (0, 34), (22, 31), (12, 48), (-12, 48)], (140, 40, 46), detail=True)
        brush.polygon([(-17, 33), (17, 33), (14, 38), (-14, 38)], (252, 252, 252), detail=True)
    else:
        bend = {"smiling": 9, "sad": -8}[mood]
        brush.limb([(-18, 36), (0, 36 + bend), (18, 36)], 4.4, (176, 70, 70), detail=True)
    if mood == "sad":
        brush.oval((26, 14), 3.4, 6, (130, 190, 236), detail=True)


def _portrait(c: Canvas, who: str) -> Captions:
    r = c.random
    glasses = r.random() < 0.3
    look = any_look(r, who, hat="glasses" if glasses else "")
    place = _backdrop(c, look.top)
    mood = r.choice(("smiling", "smiling", "laughing", "sad"))
    zoom = r.uniform(1.05, 1.35)
    brush = Brush(c, any_style(r), (r.uniform(190, 290), 190), zoom)
    _head(brush, look, mood)
    brush.done()
    hair = {
        "long": " with long hair",
        "bald": " with a bald head",
        "tail": " with a ponytail",
        "bun": " with hair in a bun",
    }.get(look.style, "")
    detail = " with glasses" if glasses else " with a beard" if look.beard else hair
    top = dressed(look)[0]
    return choose(
        r, f"a {mood} {who}{detail} {top} {place.where[0]}", f"the face of a {who}",
            f"a portrait of a {who}{detail}", f"a picture of a {who} {top}",
        f"a {mood} {who}", f"a close view of a {mood} {who}", f"a {who} looking at the camera",
            "the head and shoulders of a person",
        f"a {who}{hair}",
    )  # fmt: skip


def _animal_kind(face: Face) -> Kind:
    return Kind(f"{face.name} face", lambda c: _animal(c, face))


def _portrait_kind(who: str) -> Kind:
    return Kind(f"portrait of a {who}", lambda c: _portrait(c, who))


ANIMALS: tuple[Kind, ...] = tuple(_animal_kind(face) for face in _FACES)
PEOPLE: tuple[Kind, ...] = tuple(_portrait_kind(who) for who in ("man", "woman", "boy", "girl"))
KINDS: tuple[Kind, ...] = (*ANIMALS, *PEOPLE)
