"""Animals: four-legged ones here, the others from their own modules."""

from __future__ import annotations

from dataclasses import dataclass

from univldr.canvas import Canvas, Colour, darker
from univldr.training.drawn import backdrops as b
from univldr.training.drawn import creatures, faces, sealife
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.brush import Brush, any_style, tone
from univldr.training.drawn.quadruped import Beast, beast
from univldr.training.drawn.words import COUNTS, Place, a, tell

_ACTIONS: dict[str, tuple[str, ...]] = {
    "standing": ("standing/stands/stand", "standing/stands/stand still"),
    "walking": ("walking/walks/walk", "strolling/strolls/stroll along"),
    "running": ("running/runs/run", "racing/races/race along", "running/runs/run fast"),
    "jumping": ("jumping/jumps/jump", "leaping/leaps/leap"),
    "lying": ("lying/lies/lie down", "resting/rests/rest"),
    "sleeping": ("sleeping/sleeps/sleep", "lying/lies/lie asleep"),
    "sitting": ("sitting/sits/sit", "sitting/sits/sit upright"),
    "grazing": ("grazing/grazes/graze", "eating/eats/eat from the ground"),
}
_LAZY = "standing walking running lying sleeping sitting jumping"
_HERD = "standing walking running grazing grazing lying"


@dataclass(frozen=True, slots=True)
class Animal:
    """What is said of an animal, and how it is drawn.

    ``coats`` are colour names, or a colour given as ``name: r g b``,
        or ``first and second`` for a coat with marks.
    """

    name: str
    many: str
    shape: Beast
    coats: tuple[str, ...]
    places: str
    also: tuple[str, ...]
    poses: str = _LAZY
    mark: Colour | None = None
    size: float = 1.0


_ANIMALS: tuple[Animal, ...] = (
    Animal("dog", "dogs", Beast(ears="flop", snout=(12, 5.5)), ("brown", "black", "white", "grey", "orange",
        "white and black", "white and brown"),
           "meadow park beach snow street room plain forest meadow", ("a pet", "a four-legged pet")),
    Animal("cat", "cats", Beast(length=24, depth=11, leg=22, width=6, neck=(13, -13), nape=12, head=(12, 11),
        snout=(2, 4.5), tail="cat"),
           ("grey", "black", "white", "orange", "brown", "white and orange", "white and black"),
               "room room plain street park meadow", ("a pet", "a house pet"), size=1.2),
    Animal("horse", "horses", Beast(length=40, depth=19, leg=56, width=9, neck=(28, -44), nape=19, head=(13,
        10), snout=(19, 6.5), tail="hair", extra="mane"),
           ("brown", "black", "white", "grey", "brown"), "meadow farm blossoms snow beach plain mountains",
               ("an animal with a mane", "a riding animal"),
               "standing walking running running grazing jumping"),
    Animal("cow", "cows", Beast(length=44, depth=23, leg=38, width=9, neck=(22, -16), nape=20, head=(13, 12),
        snout=(13, 8), ears="side", tail="tuft", pattern="patches", extra="horns"),
           ("white and black", "white and brown", "brown", "black and white"),
               "meadow farm farm mountains plain", ("a farm animal", "cattle"),
               "standing walking grazing grazing lying"),
    Animal("sheep", "sheep", Beast(length=26, depth=19, leg=22, width=5.5, neck=(18, -10), nape=12, head=(9,
        9), snout=(8, 5), ears="side", tail="puff", pattern="wool", socks=False),
           ("white", "white", "black", "grey"), "meadow farm mountains meadow", ("a woolly animal",
               "a farm animal"), "standing walking grazing grazing lying"),
    Animal("pig", "pigs", Beast(length=34, depth=21, leg=20, width=7.5, neck=(22, -4), nape=24, head=(14, 14),
        snout=(10, 8), tail="curl", extra="pig"),
           ("pink", "pink", "pink", "black", "brown"), "farm farm meadow plain", ("a farm animal",),
               "standing walking running lying sleeping grazing"),
    Animal("goat", "goats", Beast(length=28, depth=14, leg=34, width=6.5, neck=(16, -24), nape=12, head=(10,
        8), snout=(11, 5), ears="side", tail="puff", extra="beard"),
           ("white", "brown", "grey", "black"), "meadow mountains farm mountains", ("an animal with horns",
               "a horned animal"), "standing walking grazing jumping lying"),
    Animal("donkey", "donkeys", Beast(length=34, depth=17, leg=42, width=7.5, neck=(22, -30), nape=16,
        head=(13, 10), snout=(17, 7), ears="long", tail="tuft", extra="mane"),
           ("grey", "brown"), "farm meadow desert mountains", ("a long-eared animal", "a farm animal"),
               "standing walking grazing"),
    Animal("rabbit", "rabbits", Beast(length=15, depth=14, leg=12, width=6, neck=(12, -12), nape=12, head=(11,
        10), snout=(3, 4.5), ears="long", tail="puff"),
           ("grey", "white", "brown", "black"), "meadow park forest snow plain",
               ("a small animal with long ears", "a bunny"), "sitting sitting jumping standing lying",
               size=1.35),
    Animal("bear", "bears", Beast(length=38, depth=24, leg=28, width=13, neck=(26, -12), nape=26, head=(16,
        15), snout=(12, 7), ears="round", tail="", extra="muzzle"),
           ("brown", "black", "brown"), "forest forest mountains meadow lake plain", ("a large wild animal",
               "a big predator"), "standing walking running sitting lying sleeping"),
    Animal("polar bear", "polar bears", Beast(length=38, depth=23, leg=28, width=13, neck=(30, -12), nape=22,
        head=(15, 13), snout=(13, 7), ears="round", tail=""),
           ("white",), "ice ice snow", ("a white bear", "an arctic animal"),
               "standing walking running sitting lying sleeping"),
    Animal("panda", "pandas", Beast(length=28, depth=22, leg=20, width=13, neck=(20, -16), nape=22, head=(17,
        15), snout=(5, 6), ears="round", tail="", extra="panda", socks=True),
           ("white and black",), "forest meadow plain forest", ("a black and white bear",
               "a bear from China"), "sitting walking standing lying sleeping"),
    Animal("deer", "deer", Beast(length=30, depth=14, leg=50, width=6, neck=(18, -36), nape=12, head=(10, 8),
        snout=(12, 5), ears="side", tail="puff", extra="antlers"),
           ("brown", "brown", "orange"), "forest forest meadow snow mountains", ("a stag with antlers",
               "a wild animal with antlers"), "standing walking running grazing jumping"),
    Animal("elephant", "elephants", Beast(length=44, depth=34, leg=36, width=17, neck=(36, -20), nape=32,
        head=(22, 22), ears="big", tail="tuft", extra="trunk"),
           ("grey",), "savanna savanna forest plain", ("a huge animal with a trunk",
               "a big animal with tusks"), "standing walking walking", size=0.9),
    Animal("giraffe", "giraffes", Beast(length=28, depth=18, leg=62, width=7, neck=(28, -86), nape=15,
        head=(10, 8), snout=(12, 5), ears="side", tail="tuft", pattern="giraffe", extra="horns"),
           ("yellow",), "savanna savanna plain", ("an animal with a very long neck", "the tallest animal"),
               "standing walking running", (140, 84, 40), 0.85),
    Animal("lion", "lions", Beast(length=36, depth=17, leg=32, width=10, neck=(22, -20), nape=20, head=(14,
        13), snout=(8, 6.5), ears="round", tail="tuft", extra="lion"),
           ("yellow: 222 172 92",), "savanna savanna desert plain", ("a big cat with a mane",
               "a large wild cat"), "standing walking running lying sleeping sitting", (132, 76, 36)),
    Animal("tiger", "tigers", Beast(length=38, depth=17, leg=30, width=10, neck=(22, -16), nape=18, head=(14,
        13), snout=(7, 6.5), ears="round", tail="cat", pattern="stripes"),
           ("orange",), "forest forest savanna plain", ("a striped big cat", "a wild cat with stripes"),
               "standing walking running lying sitting jumping", (34, 28, 28)),
    Animal("leopard", "leopards", Beast(length=36, depth=15, leg=30, width=8.5, neck=(20, -16), nape=15,
        head=(12, 11), snout=(7, 5.5), ears="round", tail="cat", pattern="spots"),
           ("yellow",), "savanna forest plain", ("a spotted big cat", "a wild cat with spots"),
               "standing walking running lying sitting jumping", (50, 38, 30)),
    Animal("zebra", "zebras", Beast(length=36, depth=18, leg=44, width=8, neck=(24, -34), nape=17, head=(12,
        9.5), snout=(16, 6), tail="tuft", pattern="stripes", extra="mane"),
           ("white and black",), "savanna savanna meadow plain", ("a striped animal",
               "a black and white striped animal"), "standing walking running grazing"),
    Animal("camel", "camels", Beast(length=36, depth=19, leg=52, width=8, neck=(36, -34), nape=13, head=(11,
        8.5), snout=(12, 6), ears="side", tail="tuft", extra="hump"),
           ("brown: 196 150 92", "brown"), "desert desert desert plain", ("an animal with two humps",
               "a desert animal"), "standing walking walking lying"),
    Animal("fox", "foxes", Beast(length=28, depth=11, leg=26, width=6, neck=(16, -14), nape=12, head=(11, 9),
        snout=(12, 4), tail="bushy", socks=True),
           ("orange",), "forest snow meadow forest plain", ("a wild animal with a bushy tail",
               "a sly wild animal"), "standing walking running sitting jumping lying", (50, 38, 36), 1.1),
    Animal("wolf", "wolves", Beast(length=34, depth=15, leg=38, width=8, neck=(20, -18), nape=17, head=(12,
        10), snout=(14, 5), tail="bushy"),
           ("grey", "grey", "black"), "snow snow forest mountains night", ("a wild animal like a dog",
               "a predator"), "standing walking running sitting"),
    Animal("squirrel", "squirrels", Beast(length=13, depth=11, leg=12, width=5, neck=(12, -12), nape=10,
        head=(9, 8), snout=(4, 4), tail="plume"),
           ("brown", "orange", "grey"), "park forest park plain", ("a small animal with a bushy tail",
               "a rodent"), "sitting sitting running standing", size=1.5),
    Animal("mouse", "mice", Beast(length=14, depth=11, leg=7, width=4, neck=(13, -4), nape=12, head=(9, 8),
        snout=(7, 3.5), ears="round", tail="thin"),
           ("grey", "brown", "white"), "room plain meadow room", ("a small rodent", "a tiny animal"),
               "standing running sitting", size=1.5),
    Animal("hippo", "hippos", Beast(length=42, depth=28, leg=20, width=14, neck=(34, -8), nape=34, head=(17,
        16), snout=(18, 13), ears="round", tail="puff"),
           ("grey", "purple: 136 110 130"), "lake savanna savanna", ("a heavy animal",
               "a big animal of Africa"), "standing walking lying"),
    Animal("rhino", "rhinos", Beast(length=42, depth=26, leg=26, width=13, neck=(32, -6), nape=28, head=(16,
        14), snout=(20, 8), tail="tuft", extra="rhino"),
           ("grey",), "savanna savanna plain", ("a heavy animal with a horn on its nose", "a rhinoceros"),
               "standing walking running"),
)  # fmt: skip


def _coat(c: Canvas, animal: Animal) -> tuple[str, Colour, Colour, bool]:
    """A coat's name, its colour and that of its marks, and whether it has marks."""
    name = c.random.choice(animal.coats)
    if ":" in name:
        label, _, digits = name.partition(":")
        r, g, b = (int(part) for part in digits.split())
        coat: Colour = (r, g, b)
        return label, coat, animal.mark or darker(coat, 0.4), True
    first, _, second = name.partition(" and ")
    coat = tone(c.random, first)
    if second:
        return name, coat, tone(c.random, second), True
    return name, coat, animal.mark or darker(coat, 0.45), animal.mark is not None


def _draw(c: Canvas, animal: Animal) -> Captions:
    r = c.random
    coat_name, coat, mark, marked = _coat(c, animal)
    names = [
        n
        for n in animal.places.split()
        if not (n in ("snow", "ice") and coat_name == "white" and animal.name != "polar bear")
    ]
    key = r.choice(names)
    place = b.plain(c, (coat_name.split()[0],)) if key == "plain" else b.PLACES[key](c)
    pose = r.choice(animal.poses.split())
    count = r.choice((1, 1, 1, 1, 2, 3))
    shape = _shape(animal.shape, marked, animal.name)
    style, flip = any_style(r), r.random() < 0.5
    scale = animal.size * r.uniform(1.4, 2.1) * (1, 0.66, 0.52)[count - 1] * (1 if count < 3 else 0.95)
    for i in range(count):
        x = r.uniform(190, 290) if count == 1 else 480 * (i + 0.5) / count
        y = r.uniform(max(place.ground[0], 285), place.ground[1]) if key != "lake" else r.uniform(320, 335)
        reach = (animal.shape.length + 20) * scale
        if y < 350 and key != "plain" and pose != "jumping":
            c.shadow((x - reach, y - 9, x + reach, y + 11), 0.4)
        brush = Brush(c, style, (x, y), scale, flip=flip)
        beast(brush, shape, pose, coat, mark, r)
        brush.done()
    return _captions(c, animal, coat_name, pose, place, count)


def _shape(shape: Beast, marked: bool, name: str) -> Beast:
    if name == "dog" and marked:
        return Beast(ears=shape.ears, snout=shape.snout, pattern="patches")
    if name in ("cat",) and marked:
        return Beast(
            length=24, depth=11, leg=22, width=6, neck=(13, -13), nape=12, head=(12, 11), snout=(2, 4.5),
                tail="cat", pattern="patches"
        )  # fmt: skip
    return shape


def _captions(c: Canvas, animal: Animal, coat: str, pose: str, place: Place, count: int) -> Captions:
    r = c.random
    if count == 1:
        full = a(f"{coat} {animal.name}")
        subjects = (
            full,
            full,
            a(animal.name),
            a(animal.name),
            r.choice(animal.also) if animal.also[0] != "cattle" else full,
        )
    else:
        full = f"{COUNTS[count]} {coat} {animal.many}"
        subjects = (
            full,
            f"{COUNTS[count]} {animal.many}",
            f"{coat} {animal.many}",
            animal.many,
            f"a group of {animal.many}" if count > 2 else f"a pair of {animal.many}",
        )
    return tell(r, subjects, _ACTIONS[pose], place, plural=count > 1 and True)


def _with_ball(c: Canvas) -> Captions:
    """A dog or a cat that plays with a ball, a stick or a disc."""
    r = c.random
    animal = r.choice(_ANIMALS[:2])
    coat_name, coat, mark, marked = _coat(c, animal)
    place = b.PLACES[r.choice(("meadow", "park", "beach", "street", "meadow", "room"))](c)
    pose, toy = (
        r.choice(("running", "jumping", "sitting", "lying")),
        r.choice(("ball", "ball", "frisbee", "stick")),
    )
    ink = "brown" if toy == "stick" else r.choice(("red", "blue", "yellow", "orange", "pink"))
    brush = Brush(
        c,
        any_style(r),
        (r.uniform(190, 250), r.uniform(300, 328)),
        r.uniform(1.5, 2.0),
        flip=r.random() < 0.5,
    )
    beast(brush, _shape(animal.shape, marked, animal.name), pose, coat, mark, r)
    x, y = (82.0, -84.0) if pose == "jumping" else (74.0, -9.0)
    if toy == "ball":
        brush.oval((x, y), 9, 9, tone(r, ink))
    elif toy == "frisbee":
        brush.oval((x, y), 15, 4.5, tone(r, ink), tilt=-14)
    else:
        brush.limb([(x - 14, y + 4), (x + 16, y + 1)], 4.5, tone(r, ink))
    brush.done()
    what = a(f"{ink} {toy}") if toy != "stick" else "a stick"
    chase = {
        "running": f"chasing/chases/chase {what}", "jumping": f"jumping/jumps/jump for {what}",
        "sitting": f"sitting/sits/sit behind {what}", "lying": f"lying/lies/lie behind {what}",
    }[pose]  # fmt: skip
    full = a(f"{coat_name} {animal.name}")
    actions = (chase, chase, f"playing/plays/play with {what}", f"playing/plays/play with a {toy}")
    return tell(r, (full, full, a(animal.name), "a pet"), actions, place)


def _pair(c: Canvas) -> Captions:
    """Two different animals side by side."""
    r = c.random
    farm = r.random() < 0.5
    names = (
        ("horse", "cow", "sheep", "pig", "goat", "donkey")
        if farm
        else ("dog", "cat", "rabbit", "squirrel", "fox")
    )
    some = r.sample([animal for animal in _ANIMALS if animal.name in names], 2)
    place = b.PLACES[r.choice(("farm", "meadow", "meadow") if farm else ("meadow", "park", "forest"))](c)
    style, pose, told = any_style(r), r.choice(("standing", "walking", "lying")), []
    for i, animal in enumerate(some):
        coat_name, coat, mark, marked = _coat(c, animal)
        told.append((coat_name, animal.name))
        at = (130 + 220 * i + r.uniform(-8, 8), r.uniform(max(place.ground[0], 290), place.ground[1]))
        brush = Brush(c, style, at, animal.size * r.uniform(1.15, 1.4), flip=r.random() < 0.5)
        beast(brush, _shape(animal.shape, marked, animal.name), pose, coat, mark, r)
        brush.done()
    (one_coat, one), (other_coat, other) = told
    full = f"{a(f'{one_coat} {one}')} and {a(f'{other_coat} {other}')}"
    subjects = (full, f"{a(one)} and {a(other)}", f"{a(other)} and {a(one)}", "two different animals")
    return tell(r, subjects, _ACTIONS[pose], place, plural=True)


def _kind(animal: Animal) -> Kind:
    return Kind(animal.name, lambda c: _draw(c, animal))


KINDS: tuple[Kind, ...] = (
    *(_kind(animal) for animal in _ANIMALS),
    *creatures.KINDS,
    *sealife.KINDS,
    *faces.ANIMALS,
    Kind("pet with a toy", _with_ball),
    Kind("two animals", _pair),
)
