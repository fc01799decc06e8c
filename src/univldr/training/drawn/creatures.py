"""Animals that do not walk on four legs: how one becomes a picture, and birds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from univldr.canvas import Canvas, Colour, Point, darker, lighter
from univldr.training.drawn import backdrops as b
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.brush import Brush, any_style, tone
from univldr.training.drawn.words import COUNTS, a, tell

Shape = Callable[[Brush, Colour, Colour, str], None]
"""Draws a creature in two colours and a pose, about the origin or standing on y = 0."""


@dataclass(frozen=True, slots=True)
class Creature:
    """What is said of a creature, and how it is drawn.

    Attributes:
        coats: Names of its colour, perhaps ``first and second``.
        poses: Pose to (places, actions).
        size: Of one alone.
        most: How many at most.
    """

    name: str
    many: str
    shape: Shape
    coats: tuple[str, ...]
    poses: Mapping[str, tuple[str, tuple[str, ...]]]
    also: tuple[str, ...]
    size: float = 2.0
    most: int = 3


def kind(creature: Creature) -> Kind:
    """The kind of pictures that show a creature."""
    return Kind(creature.name, lambda c: _draw(c, creature))


def _draw(c: Canvas, creature: Creature) -> Captions:
    r = c.random
    coat = r.choice(creature.coats)
    first, _, second = coat.partition(" and ")
    pose = r.choice(list(creature.poses))
    places, actions = creature.poses[pose]
    key = r.choice([n for n in places.split() if not (n in ("snow", "ice") and coat == "white")] or ["plain"])
    place = b.plain(c, (first, second)) if key == "plain" else b.PLACES[key](c)
    if key in ("lake", "sea") and pose == "flying":
        place = replace(place, where=("over the water", "above the water", f"over the {place.name}"))
    elif key == "lake" and pose == "standing":
        place = replace(place, where=("in the shallow water of a lake", "in the water", "in a lake"))
    count = r.choice((1, 1, 1, *range(1, creature.most + 1)))
    coats = tone(r, first), tone(r, second) if second else darker(tone(r, first), 0.35)
    style, flip = any_style(r), r.random() < 0.5
    zoom = creature.size * r.uniform(0.85, 1.25) * (1, 0.72, 0.58, 0.5, 0.44, 0.4)[count - 1]
    afloat = key in ("air", "underwater") or pose in ("flying", "leaping")
    for i in range(count):
        x = r.uniform(200, 280) if count == 1 else 480 * (i + 0.5) / count + r.uniform(-10, 10)
        y = r.uniform(150, 220) if afloat else r.uniform(max(place.ground[0], 275), max(place.ground[1], 310))
        if key == "plain" and not afloat:
            y = 190 if pose == "swimming" else r.uniform(300, 322)
        elif not afloat and key not in ("lake", "sea"):
            c.shadow((x - 24 * zoom, y - 6, x + 24 * zoom, y + 8), 0.35)
        brush = Brush(c, style, (x, y), zoom, flip=flip)
        creature.shape(brush, *coats, pose)
        brush.done()
    if count == 1:
        full = a(f"{coat} {creature.name}")
        return tell(
            r, (full, full, a(creature.name), a(creature.name), r.choice(creature.also)), actions, place
        )
    full = f"{COUNTS[count]} {coat} {creature.many}"
    subjects = (full, f"{COUNTS[count]} {creature.many}", f"{coat} {creature.many}", creature.many)
    return tell(r, subjects, actions, place, plural=True)


@dataclass(frozen=True, slots=True)
class Bird:
    """Proportions of a bird, facing right."""

    body: Point = (22, 14)
    neck: Point = (18, -16)
    nape: float = 10
    head: float = 9
    beak: float = 9
    hook: bool = False
    beak_colour: Colour = (240, 160, 50)
    leg: float = 14
    tail: float = 16
    tilt: float = -14
    crest: str = ""
    white_head: bool = False


def bird(shape: Bird) -> Shape:
    """A drawing function for birds so built."""

    def draw(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
        if pose == "flying":
            _flying(brush, shape, coat, mark)
        else:
            _standing(brush, shape, coat, mark, swimming=pose == "swimming")

    return draw


def _standing(brush: Brush, s: Bird, coat: Colour, mark: Colour, *, swimming: bool) -> None:
    bx, by = s.body
    y = -by * 0.55 if swimming else -s.leg - by
    if not swimming:
        for x in (-3, 5):
            brush.limb([(x, y + by * 0.6), (x + 1, -2)], 2.6, s.beak_colour)
            brush.limb([(x - 2, -1), (x + 8, -1)], 2.4, s.beak_colour)
    brush.polygon(
        [
            (-bx * 0.6, y - 4),
            (-bx - s.tail, y - s.tail * 0.35),
            (-bx - s.tail * 0.9, y + 4),
            (-bx * 0.6, y + by * 0.6),
        ],
        mark,
    )
    head = (bx * 0.55 + s.neck[0] * 0.5, y + s.neck[1])
    brush.limb(
        [(bx * 0.5, y - 2), ((bx * 0.6 + head[0]) / 2 + 3, (y + head[1]) / 2), head],
        s.nape * 1.5,
        coat,
        end=s.nape,
    )
    brush.oval((0, y), bx, by, coat, tilt=s.tilt)
    brush.blob(
        [
            (-bx * 0.75, y + 1),
            (-bx * 0.1, y - by * 0.55),
            (bx * 0.45, y - by * 0.1),
            (bx * 0.05, y + by * 0.55),
            (-bx * 0.9, y + by * 0.35),
        ],
        mark,
        detail=True,
    )
    _bird_head(brush, s, head, coat, mark)
    if swimming:
        for dx in (-1.3, 0.9):
            brush.limb([(bx * dx, 6), (bx * (dx + 0.4), 8)], 1.4, (220, 238, 244), detail=True)
        brush.oval((0, by * 0.62), bx * 1.15, by * 0.2, (150, 196, 214), detail=True)


def _bird_head(brush: Brush, s: Bird, at: Point, coat: Colour, mark: Colour) -> None:
    x, y = at
    if s.crest == "comb":
        for dx in (-4, 1, 6):
            brush.oval((x + dx, y - s.head), 4, 4.4, (214, 44, 40))
        brush.oval((x + s.head * 0.9, y + s.head * 0.8), 3, 5, (214, 44, 40))
    tip = (x + s.head * 0.75 + s.beak, y + (5 if s.hook else 1.5))
    brush.polygon(
        [(x + s.head * 0.6, y - s.head * 0.42), tip, (x + s.head * 0.6, y + s.head * 0.5)], s.beak_colour
    )
    head = (246, 246, 242) if s.white_head else coat
    brush.oval(at, s.head, s.head, head)
    if s.crest == "tuft":
        brush.limb([(x - 2, y - s.head * 0.8), (x - 9, y - s.head * 1.7)], 3, mark, end=1)
    brush.eye((x + s.head * 0.35, y - s.head * 0.2), s.head * 0.17 + 0.3, white=s.hook)


def _flying(brush: Brush, s: Bird, coat: Colour, mark: Colour) -> None:
    bx, by = s.body
    far = darker(mark, 0.25)
    brush.blob([(2, -2), (18, -bx * 1.5), (34, -bx * 2.3), (6, -bx * 1.9), (-14, -4)], far)
    brush.polygon([(-bx * 0.7, -3), (-bx - s.tail * 1.2, -7), (-bx - s.tail * 1.2, 7), (-bx * 0.7, 5)], mark)
    if s.leg > 30:
        brush.limb([(-bx * 0.6, 4), (-bx - s.leg * 0.7, 9)], 2.4, s.beak_colour)
    head = (bx + abs(s.neck[1]) * 0.5, -5)
    brush.limb([(bx * 0.4, 0), head], s.nape * 1.3, coat, end=s.nape)
    brush.oval((0, 0), bx * 1.1, by * 0.72, coat, tilt=-6)
    _bird_head(brush, s, head, coat, mark)
    brush.blob(
        [(8, -2), (-2, -bx * 1.4), (-22, -bx * 2.5), (-30, -bx * 1.8), (-24, -bx * 0.7), (-12, 2)], mark
    )


def penguin(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    """An upright black and white bird."""
    if pose == "sliding":
        brush.oval((0, -15), 38, 15, coat)
        brush.oval((4, -9), 34, 9, mark, detail=True)
        brush.oval((38, -24), 12, 11, coat)
        brush.polygon([(48, -26), (62, -22), (48, -19)], (240, 160, 50))
        brush.eye((42, -26), 2, white=True)
        brush.limb([(-2, -18), (-24, -6)], 8, darker(coat, 0.1), end=4)
        return
    for x in (-8, 9):
        brush.oval((x + 2, -2), 9, 4, (240, 160, 50))
    swing = 26 if pose == "flapping" else 8
    brush.limb([(-17, -58), (-24 - swing * 0.5, -32)], 9, coat, end=5)
    brush.oval((0, -38), 23, 37, coat)
    brush.oval((5, -33), 17, 29, mark, detail=True)
    brush.oval((3, -79), 15, 15, coat)
    brush.oval((9, -76), 8, 8, mark, detail=True)
    brush.polygon([(14, -82), (30, -77), (14, -74)], (240, 160, 50))
    brush.eye((9, -82), 2.2)
    brush.limb([(18, -58), (26 + swing, -34)], 9, darker(coat, 0.05), end=5)


def owl(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    """A big-eyed bird on a branch, seen from the front."""
    brush.limb([(-70, 4), (-10, 1), (70, 5)], 9, (104, 74, 50))
    brush.oval((0, -36), 27, 36, coat)
    brush.oval((0, -28), 16, 24, lighter(coat, 0.4), detail=True)
    for row in range(3):
        for dx in (-7, 0, 7):
            brush.limb(
                [(dx - 3, -36 + row * 9), (dx, -33 + row * 9), (dx + 3, -36 + row * 9)],
                1.5,
                mark,
                detail=True,
            )
    for side in (-1, 1):
        brush.blob([(side * 18, -56), (side * 30, -38), (side * 26, -8), (side * 17, -20)], mark)
        brush.polygon([(side * 8, -84), (side * 25, -98), (side * 25, -74)], coat)
    brush.oval((0, -72), 26, 20, coat)
    for side in (-1, 1):
        brush.oval((side * 11, -73), 11, 11, (250, 246, 230), detail=True)
        brush.oval((side * 11, -73), 8, 8, (244, 180, 40), detail=True)
        brush.oval((side * 11, -73), 4.4, 4.4, (24, 22, 26), detail=True)
        brush.oval((side * 9, 0), 7, 4, (240, 170, 60))
    brush.polygon([(-4, -67), (4, -67), (0, -57)], (238, 170, 60))


def parrot(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    """A bright bird with a hooked beak on a branch."""
    brush.limb([(-66, 6), (0, 2), (70, 4)], 8, (110, 80, 52))
    brush.polygon([(-16, -20), (-6, -14), (-26, 52), (-36, 48)], mark)
    brush.blob([(-14, -58), (8, -62), (18, -34), (8, -2), (-14, -6), (-22, -30)], coat)
    brush.blob([(-14, -50), (2, -44), (2, -18), (-20, 2), (-22, -26)], mark)
    brush.oval((4, -68), 17, 16, coat)
    brush.oval((10, -68), 8, 8, (250, 248, 240), detail=True)
    brush.blob([(16, -77), (30, -72), (30, -56), (24, -60), (17, -60)], (52, 48, 52))
    brush.eye((9, -70), 2.4)
    brush.limb([(-4, -4), (-2, 3)], 5, (90, 86, 90))


def _poses(
    stand: str, fly: str = "air air sea mountains", swim: str = "", verb: str = "standing/stands/stand"
) -> dict[str, tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, tuple[str, ...]]] = (
        {"standing": (stand, (verb, "looking/looks/look around"))} if stand else {}
    )
    if fly:
        found["flying"] = (
            fly,
            ("flying/flies/fly", "spreading/spreads/spread wings", "gliding/glides/glide"),
        )
    if swim:
        found["swimming"] = (swim, ("swimming/swims/swim", "floating/floats/float"))
    return found


_BIRD = ("a bird", "a feathered animal")
_GREY: Colour = (86, 84, 86)

KINDS: tuple[Kind, ...] = tuple(kind(c) for c in (
    Creature("duck", "ducks", bird(Bird(leg=9, beak=11, tail=9)), ("yellow", "white", "brown",
        "grey and green", "brown and white"), _poses("meadow park plain farm", "air lake", "lake lake sea"),
        ("a water bird", "a bird with a broad beak")),
    Creature("swan", "swans", bird(Bird(body=(32, 16), neck=(26, -48), nape=7, head=8, leg=12, tail=12,
        beak_colour=(236, 110, 40))), ("white", "white", "black"), _poses("meadow park", "air lake",
        "lake lake"), ("a large bird with a long neck", "an elegant water bird"), 1.8),
    Creature("chicken", "chickens", bird(Bird(crest="comb", beak=7, tail=20, body=(24, 17))), ("white",
        "brown", "brown and black", "black", "white and grey"), _poses("farm farm meadow plain", ""),
        ("a hen", "a farm bird")),
    Creature("eagle", "eagles", bird(Bird(body=(26, 14), hook=True, white_head=True, beak=8, tail=20,
        nape=12)), ("brown", "black", "brown"), _poses("mountains snow plain desert",
        "mountains air air sea"), ("a bird of prey", "a large bird with a hooked beak"), 1.9),
    Creature("crow", "crows", bird(Bird(beak_colour=_GREY, tail=18, neck=(16, -12))), ("black",),
        _poses("meadow snow street plain farm", "air meadow street"), ("a black bird", "a dark bird")),
    Creature("seagull", "seagulls", bird(Bird(neck=(16, -13), tail=15)), ("white and grey",),
        _poses("beach beach", "sea beach air", "sea"), ("a sea bird", "a white bird with grey wings")),
    Creature("flamingo", "flamingos", bird(Bird(body=(24, 13), neck=(22, -40), nape=5.5, head=7, beak=10,
        hook=True, beak_colour=(236, 120, 130), leg=52, tail=8)), ("pink", "pink"),
        _poses("lake beach plain savanna", "air lake"), ("a pink bird with long legs", "a tall pink bird"),
        1.7),
    Creature("stork", "storks", bird(Bird(body=(24, 14), neck=(22, -30), nape=6, head=7.5, beak=24,
        beak_colour=(220, 70, 44), leg=44, tail=12)), ("white and black",), _poses("meadow farm plain",
        "air meadow"), ("a bird with a long red beak", "a tall white bird"), 1.7),
    Creature("ostrich", "ostriches", bird(Bird(body=(32, 24), neck=(30, -66), nape=6, head=8,
        beak_colour=(226, 170, 130), leg=48, tail=20)), ("black and white", "brown and white"),
        _poses("savanna desert plain", ""), ("a very large bird that cannot fly",
        "a tall bird with long legs"), 1.4),
    Creature("songbird", "songbirds", bird(Bird(body=(19, 14), neck=(14, -13), beak=5, head=10, tail=18,
        leg=10)), ("red and brown", "blue and white", "yellow and black", "brown and grey",
        "green and yellow", "orange and grey"), _poses("meadow park snow plain blossoms forest", "air park",
        verb="singing/sings/sing"), ("a small bird", "a little bird"), 2.6),
    Creature("penguin", "penguins", penguin, ("black and white",), {"standing": ("ice ice snow plain",
        ("standing/stands/stand", "standing/stands/stand upright")), "flapping": ("ice snow",
        ("flapping/flaps/flap both flippers", "waddling/waddles/waddle")), "sliding": ("ice snow",
        ("sliding/slides/slide on the belly", "lying/lies/lie on the belly"))}, ("a bird that cannot fly",
        "a black and white bird"), 1.6, 6),
    Creature("owl", "owls", owl, ("brown", "grey", "brown", "white"),
        {"sitting": ("night forest forest plain", ("sitting/sits/sit on a branch",
        "looking/looks/look with big yellow eyes"))}, ("a bird with big eyes", "a night bird"), 1.7, 2),
    Creature("parrot", "parrots", parrot, ("red and blue", "green and yellow", "blue and yellow",
        "green and red"), {"sitting": ("forest forest plain room", ("sitting/sits/sit on a branch",
        "perching/perches/perch on a branch"))}, ("a colourful bird", "a tropical bird with a hooked beak"),
        1.9, 2),
))  # fmt: skip
