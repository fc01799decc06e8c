"""How an activity becomes a picture: who, in which pose, with which thing, where, and the words for it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from univldr.canvas import Canvas, Colour
from univldr.training.drawn import backdrops as b
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.brush import Brush, Style, any_style, tone
from univldr.training.drawn.figure import Joints, Look, Pose, any_look, far_person, joints, near_arm
from univldr.training.drawn.words import COUNTS, Place, tell

Prop = Callable[[Brush, Joints, Colour, float], None]
"""Draws a thing in its colour with a body's joints, in the body's units; the last is the body's scale."""

MANY = {"man": "men", "woman": "women", "boy": "boys", "girl": "girls"}


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that people do.

    Attributes:
        name: Of the kind.
        poses: Some of them are chosen from.
        actions: As for `words.tell`; ``{c}`` stands for the thing's colour.
        places: Names of backdrops.
        under, between, over: Things drawn below the person, between body and near arm, and above all.
        colours: The thing's.
        many: The most people in it.
        people: Who may do it.
        hat: Hats to wear, "" for none.
        bare: In swimming clothes.
        dress: Whether women and girls may wear dresses or skirts.
        size: Next to the others.
        sink: How far below the place's ground the figure's own ground lies, in units of the picture.
        scene: A place of the activity's own, instead of ``places``.
        turn: Whether it may be mirrored.
        across: Where a person who is alone may be, x.
    """

    name: str
    poses: tuple[Pose, ...]
    actions: tuple[str, ...]
    places: str
    under: Prop | None = None
    between: Prop | None = None
    over: Prop | None = None
    colours: tuple[str, ...] = (
        "red",
        "blue",
        "yellow",
        "green",
        "orange",
        "black",
        "white",
        "pink",
        "purple",
    )
    many: int = 1
    people: str = "man woman boy girl"
    hat: tuple[str, ...] = ("", "", "", "cap", "sunhat")
    bare: bool = False
    dress: bool = True
    size: float = 1.0
    sink: float = 0.0
    scene: Callable[[Canvas], Place] | None = None
    turn: bool = True
    across: tuple[float, float] = (190, 290)


def kind(activity: Activity) -> Kind:
    """The kind of pictures that show an activity."""
    return Kind(activity.name, lambda c: _draw(c, activity))


def _draw(c: Canvas, act: Activity) -> Captions:
    r = c.random
    colour_name = r.choice(act.colours)
    key = r.choice(act.places.split())
    winter = key in ("snow", "ice")
    place = act.scene(c) if act.scene else b.plain(c, (colour_name,)) if key == "plain" else b.PLACES[key](c)
    count = r.choice((1, 1, 1, *range(1, act.many + 1)))
    who = (
        [r.choice(act.people.split())] * count if r.random() < 0.6 else r.choices(act.people.split(), k=count)
    )
    pose, style, flip = r.choice(act.poses), any_style(r), act.turn and r.random() < 0.5
    colour = tone(r, colour_name)
    zoom = act.size * r.uniform(1.75, 2.45) * (1, 0.9, 0.82)[count - 1]
    looks = []
    for i in range(count):
        hat = "beanie" if winter and r.random() < 0.6 else r.choice(act.hat)
        look = any_look(r, who[i], hat=hat, bare=act.bare, dress=act.dress and not winter)
        looks.append(replace(look, sleeves=True) if winter else look)
        x = r.uniform(*act.across) if count == 1 else 480 * (i + 0.5) / count + r.uniform(-14, 14)
        y = (
            r.uniform(max(place.ground[0], 300), max(place.ground[1], 301))
            if not act.scene
            else r.uniform(*place.ground)
        )
        figure(
            c,
            act,
            looks[-1],
            r.choice(act.poses) if r.random() < 0.3 else pose,
            colour,
            (x, y + act.sink),
            zoom,
            style,
            flip,
        )
    return _captions(r, act, looks, colour_name, place)


def figure(
    c: Canvas,
    act: Activity,
    look: Look,
    pose: Pose,
    colour: Colour,
    at: tuple[float, float],
    zoom: float,
    style: Style,
    flip: bool,
) -> None:
    """Draw one person of an activity."""
    if look.child:
        zoom *= 1.28
    if not act.sink and at[1] < 352:
        c.shadow((at[0] - 24 * zoom, at[1] - 5, at[0] + 24 * zoom, at[1] + 9), 0.4)
    brush, j = Brush(c, style, at, zoom, flip=flip), joints(look, pose)
    if act.under:
        act.under(brush, j, colour, look.scale)
    far_person(brush, look, pose, j)
    if act.between:
        act.between(brush, j, colour, look.scale)
    near_arm(brush, look, j)
    if act.over:
        act.over(brush, j, colour, look.scale)
    brush.done()


def _captions(r: random.Random, act: Activity, looks: list[Look], colour: str, place: Place) -> Captions:
    actions = tuple(action.replace("{c}", colour) for action in act.actions)
    if len(looks) == 1:
        return tell(r, _alone(r, looks[0]), actions, place)
    return tell(r, _together(looks), actions, place, plural=True)


def dressed(look: Look) -> tuple[str, ...]:
    """Phrases for what someone wears."""
    if look.bottom == "bare":
        return ("in swimming clothes",) if look.who in ("woman", "girl") else ("in swimming trunks",)
    if look.bottom == "dress":
        return (f"in a {look.top} dress", f"wearing a {look.top} dress")
    hat = {
        "cap": ("with a cap",),
        "helmet": ("with a helmet",),
        "sunhat": ("with a hat",),
        "beanie": ("in a woolly hat",),
    }.get(look.hat, ())
    shirt = "jumper" if look.sleeves and look.hat == "beanie" else "shirt"
    return (f"in a {look.top} {shirt}", f"wearing {look.top}", f"with a {look.top} top", *hat)


def _alone(r: random.Random, look: Look) -> tuple[str, ...]:
    who = f"a {look.who}"
    clothes = dressed(look)
    hair = {
        "long": " with long hair",
        "tail": " with a ponytail",
        "bald": " without hair",
        "bun": " with a bun",
    }.get(look.style, "")
    beard = f"{who} with a beard" if look.beard else f"{who}{hair}"
    other = "a child" if look.child else "a person"
    return (
        f"{who} {clothes[0]}",
        f"{who} {r.choice(clothes)}",
        who,
        who,
        other,
        beard if r.random() < 0.5 and not look.hat else who,
    )


def _together(looks: list[Look]) -> tuple[str, ...]:
    count, kinds = COUNTS[len(looks)], {look.who for look in looks}
    group = "a group of people" if len(looks) > 2 else "people"
    if len(kinds) == 1:
        noun = MANY[looks[0].who]
        return (
            f"{count} {noun}",
            f"{count} {noun}",
            f"{count} {'children' if looks[0].child else 'people'}",
            noun,
            group,
        )
    if kinds <= {"boy", "girl"}:
        return (f"{count} children", f"{count} children", "children", "kids")
    if len(looks) == 2:
        pair = f"a {looks[0].who} and a {looks[1].who}"
        return (pair, pair, "two people", group)
    return (f"{count} people", f"{count} people", group, "several people")
