"""Animals of the sea, and small ones: frogs, snakes, insects."""

from __future__ import annotations

import itertools
import math

from univldr.canvas import Colour, darker, lighter
from univldr.training.drawn.base import Kind
from univldr.training.drawn.brush import Brush
from univldr.training.drawn.creatures import Creature, kind

_SWIM = ("swimming/swims/swim", "swimming/swims/swim along", "gliding/glides/glide through the water")
_UNDER = {"swimming": ("underwater underwater underwater plain", _SWIM)}


def _fish(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    brush.polygon([(-26, 0), (-52, -20), (-46, 0), (-52, 20)], mark)
    brush.blob([(-18, -14), (0, -34), (20, -14)], mark)
    brush.blob([(-6, 14), (-4, 28), (10, 15)], mark)
    brush.blob([(-34, 0), (-16, -16), (12, -20), (36, -6), (40, 2), (30, 12), (8, 19), (-16, 14)], coat)
    for x in (-12, 4, 18):
        brush.limb([(x, -14), (x + 4, 0), (x, 13)], 4, mark, detail=True)
    brush.eye((27, -4), 2.8, white=True)
    brush.limb([(35, 5), (39, 4)], 1.4, darker(coat, 0.5), detail=True)


def _shark(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    brush.polygon([(-60, -2), (-92, -34), (-80, -2), (-88, 20)], coat)
    brush.polygon([(-12, -16), (-14, -46), (14, -16)], coat)
    brush.blob([(-70, -2), (-30, -18), (20, -22), (64, -8), (74, 2), (50, 12), (10, 18), (-36, 10)], coat)
    brush.blob([(-50, 4), (0, 8), (60, 6), (44, 13), (6, 17), (-34, 10)], (238, 242, 244), detail=True)
    brush.polygon([(8, 8), (-14, 40), (28, 12)], darker(coat, 0.15))
    brush.polygon([(46, 5), (66, 4), (62, 11), (50, 11)], (120, 30, 36), detail=True)
    for x in (48, 53, 58):
        brush.polygon([(x, 5), (x + 5, 5), (x + 2.5, 9)], (255, 255, 255), detail=True)
    for x in (22, 27, 32):
        brush.limb([(x, -6), (x - 2, 4)], 1.2, darker(coat, 0.4), detail=True)
    brush.eye((52, -6), 2)


def _whale(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    if pose == "spouting":
        brush.limb([(38, -34), (34, -58), (20, -64)], 5, (226, 242, 250), end=2)
        brush.limb([(38, -34), (42, -60), (56, -66)], 5, (226, 242, 250), end=2)
    brush.limb([(-60, -4), (-88, -14), (-94, -30)], 18, coat, end=8)
    brush.blob([(-94, -26), (-116, -40), (-98, -46), (-90, -36), (-78, -46), (-74, -34)], coat)
    brush.blob([(-76, -8), (-40, -28), (20, -38), (66, -24), (78, 2), (52, 26), (0, 30), (-44, 18)], coat)
    brush.blob([(-20, 14), (30, 8), (76, 6), (50, 26), (4, 29)], lighter(coat, 0.6), detail=True)
    for y in (14, 19, 24):
        brush.limb([(10, y + 1), (58, y - 4)], 1, darker(coat, 0.2), detail=True)
    brush.blob([(14, 16), (-8, 44), (2, 46), (28, 20)], darker(coat, 0.15))
    brush.eye((56, -4), 2.8)


def _dolphin(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    up = pose == "leaping"
    bend = [(-62, 26 if up else 4), (-30, -8), (4, -20), (38, -14), (58, 4 if up else -2)]
    brush.polygon(
        [(-60, 24 if up else 4), (-84, 20 if up else -10), (-74, 34 if up else 6), (-76, 50 if up else 22)],
        coat,
    )
    brush.blob([(-8, -28), (-20, -50), (14, -30)], coat)
    brush.blob([*bend, (50, 12), (20, 12), (-14, 10), (-46, 26 if up else 8)], coat)
    brush.limb([(50, 6), (74, 14 if up else 6)], 8, coat, end=5)
    brush.blob([(-10, 6), (30, 2), (54, 8), (24, 13)], (240, 244, 248), detail=True)
    brush.blob([(10, 6), (-4, 32), (22, 10)], darker(coat, 0.15))
    brush.eye((42, -2), 2.2)


def _turtle(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    skin: Colour = (150, 176, 100)
    swim = pose == "swimming"
    if swim:
        brush.limb([(24, -8), (14, 14), (-8, 32)], 13, skin, end=6)
        brush.limb([(-30, -8), (-48, 10)], 10, skin, end=5)
    else:
        for x in (-26, 24):
            brush.limb([(x, -14), (x + 4, -5)], 13, skin)
    brush.limb([(28, -16), (52, -24)], 12, skin)
    brush.oval((56, -26), 12, 10, skin)
    brush.polygon([(-38, -14), (-56, -6), (-34, -6)], skin)
    brush.blob([(-44, -10), (-36, -32), (-12, -46), (14, -45), (36, -30), (44, -10), (0, -6)], coat)
    for x, y in ((-22, -25), (0, -31), (22, -25), (-10, -15), (12, -15)):
        brush.oval((x, y), 8.5, 7, mark, detail=True)
    brush.eye((60, -29), 1.9)


def _crab(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    for side in (-1, 1):
        for i in range(3):
            x = side * (22 + i * 4)
            brush.limb(
                [(x, -16 + i * 4), (side * (46 + i * 2), -24 + i * 9), (side * (54 - i * 3), -2 + i)],
                4.6,
                mark,
                end=2.5,
            )
        brush.limb([(side * 24, -26), (side * 46, -44)], 7, coat)
        brush.oval((side * 52, -56), 13, 10, coat, tilt=side * 40)
        brush.polygon([(side * 54, -56), (side * 52, -74), (side * 64, -64)], (240, 230, 214), detail=True)
        brush.limb([(side * 8, -34), (side * 9, -46)], 3, mark)
        brush.eye((side * 9, -48), 3, white=True)
    brush.oval((0, -22), 32, 20, coat)
    brush.limb([(-8, -16), (0, -13), (8, -16)], 1.6, darker(coat, 0.5), detail=True)


def _octopus(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    for i in range(8):
        x = -28 + i * 8
        out = x * 1.9
        brush.limb(
            [(x, 0), (out, 30), (out * 1.1 + (8 if i % 2 else -8), 50), (out * 1.25, 44)],
            10,
            coat if i % 2 else darker(coat, 0.12),
            end=3,
        )
    brush.blob([(-30, 6), (-34, -32), (-16, -64), (16, -64), (34, -32), (30, 6), (0, 14)], coat)
    for side in (-1, 1):
        brush.eye((side * 12, -14), 3.6, white=True)
    for x, y in ((-14, -42), (6, -50), (18, -36)):
        brush.oval((x, y), 4, 4, mark, detail=True)


def _jellyfish(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    for i in range(7):
        x = -27 + i * 9
        brush.limb([(x, -4), (x + 6, 22), (x - 6, 46), (x + 4, 74)], 3.4, lighter(coat, 0.25), end=1.2)
    brush.blob([(-38, 0), (-34, -28), (0, -48), (34, -28), (38, 0), (20, -5), (0, 2), (-20, -5)], coat)
    brush.blob([(-22, -18), (0, -38), (18, -26), (0, -20)], lighter(coat, 0.5), detail=True)


def _starfish(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    points = []
    for i in range(10):
        angle, out = math.radians(-90 + 36 * i + 8), 48 if i % 2 == 0 else 19
        points.append((out * math.cos(angle), -40 + out * math.sin(angle)))
    brush.blob(points, coat)
    for i in range(0, 10, 2):
        x, y = points[i]
        for part in (0.3, 0.55, 0.78):
            brush.oval((x * part, -40 + (y + 40) * part), 3, 3, lighter(coat, 0.4), detail=True)


def _frog(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    if pose == "jumping":
        brush.limb([(-20, -34), (-46, -22), (-70, -36), (-88, -22)], 12, coat, end=6)
        brush.limb([(18, -40), (38, -24), (56, -28)], 8, coat, end=5)
        brush.oval((0, -42), 32, 18, coat, tilt=-16)
    else:
        brush.limb([(-34, -3), (-8, -4)], 7, mark)
        brush.limb([(18, -24), (22, -3), (36, -3)], 8, coat, end=5)
        brush.oval((-2, -26), 30, 21, coat, tilt=-22)
        brush.oval((-18, -14), 18, 14, coat, tilt=10)
    brush.oval((24, -48), 19, 14, coat)
    for x in (16, 30):
        brush.oval((x, -60), 7, 7, coat)
        brush.eye((x + 1, -61), 3, white=True)
    brush.limb([(16, -44), (28, -41), (40, -46)], 1.8, darker(coat, 0.5), detail=True)
    for x, y in ((-14, -36), (-4, -28), (-22, -24)):
        brush.oval((x, y), 4, 3, mark, detail=True)


def _snake(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    path = [(-84, -6), (-62, -24), (-40, -6), (-16, -22), (8, -6), (30, -16), (44, -40), (58, -56)]
    brush.limb([(66, -57), (82, -56), (88, -60)], 1.6, (214, 40, 50))
    brush.limb(list(reversed(path)), 14, coat, end=5)
    for here, there in itertools.pairwise(path):
        for part in (0.2, 0.7):
            brush.oval(
                (here[0] + (there[0] - here[0]) * part, here[1] + (there[1] - here[1]) * part),
                4,
                3,
                mark,
                detail=True,
            )
    brush.oval((60, -58), 13, 9, coat)
    brush.eye((64, -61), 2.2, white=True)


def _butterfly(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    for side in (-1, 1):
        brush.blob(
            [(side * 3, -30), (side * 22, -64), (side * 52, -62), (side * 54, -38), (side * 28, -24)], coat
        )
        brush.blob([(side * 3, -26), (side * 32, -22), (side * 42, 2), (side * 24, 16), (side * 8, -4)], coat)
        brush.oval((side * 38, -48), 8, 9, mark, detail=True)
        brush.oval((side * 26, -4), 7, 7, mark, detail=True)
        brush.limb([(side * 1, -46), (side * 10, -66), (side * 14, -66)], 1.5, (40, 36, 38))
    brush.oval((0, -26), 4.5, 24, (48, 42, 44))


def _bee(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    for x, tilt in ((-8, -30), (8, 24)):
        brush.oval((x, -32), 11, 22, (214, 232, 244), tilt=tilt)
    brush.polygon([(-30, -3), (-42, 1), (-30, 5)], (40, 36, 40))
    brush.oval((0, 0), 32, 20, (246, 200, 50))
    for x in (-17, -2, 13):
        tall = 20 * math.sqrt(1 - (x / 32) ** 2) - 1.5
        brush.limb([(x, -tall + 3), (x + 1.5, 0), (x, tall - 3)], 7, (40, 36, 40), detail=True)
    brush.oval((30, -2), 13, 13, (56, 48, 50))
    brush.eye((34, -5), 2.6, white=True)
    for dx in (4, 12):
        brush.limb([(28 + dx * 0.5, -13), (32 + dx, -26)], 1.6, (40, 36, 40))


def _ladybird(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    for x in (-20, 0, 20):
        brush.limb([(x, -10), (x + 2, 0)], 3.4, (36, 32, 36))
    brush.oval((34, -16), 13, 12, (36, 32, 36))
    brush.blob([(-38, -6), (-30, -32), (0, -46), (28, -32), (34, -6), (0, -3)], coat)
    for x, y in ((-20, -20), (-4, -32), (-2, -14), (14, -26), (20, -12)):
        brush.oval((x, y), 5, 5, (30, 28, 32), detail=True)
    brush.eye((38, -20), 2.4, white=True)
    brush.limb([(38, -26), (46, -36)], 1.6, (36, 32, 36))


def _snail(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    body: Colour = (206, 176, 130)
    brush.blob([(-50, -1), (-20, -12), (24, -12), (36, -38), (50, -42), (54, -28), (44, -4), (30, 0)], body)
    for dx in (42, 50):
        brush.limb([(dx, -38), (dx + 4, -54)], 2.6, body)
        brush.oval((dx + 4, -55), 2.8, 2.8, (34, 30, 32), detail=True)
    brush.oval((-4, -32), 27, 25, coat)
    for radius in (19, 12, 5):
        brush.ring((-3, -31), radius, 3, mark)


def _spider(brush: Brush, coat: Colour, mark: Colour, pose: str) -> None:
    brush.limb([(0, -60), (0, -200)], 0.8, (220, 222, 226))
    for side in (-1, 1):
        for i in range(4):
            y = -42 + i * 8
            brush.limb(
                [
                    (side * 8, y),
                    (side * (36 + i % 2 * 6), y - 22 + i * 9),
                    (side * (50 - i * 3), y - 2 + i * 14),
                ],
                3,
                coat,
                end=1.6,
            )
    brush.oval((0, -44), 22, 22, coat)
    brush.oval((0, -18), 12, 11, coat)
    for side in (-1, 1):
        brush.eye((side * 5, -16), 2.4, white=True)


_GROUND = "meadow forest park plain"
_CRAWL = ("crawling/crawls/crawl", "crawling/crawls/crawl slowly")

KINDS: tuple[Kind, ...] = tuple(kind(c) for c in (
    Creature("fish", "fish", _fish, ("orange and white", "yellow and blue", "red", "blue and yellow", "green",
        "purple", "pink", "yellow and black"), _UNDER, ("a sea animal with fins", "a colourful swimmer"), 2.4,
        6),
    Creature("shark", "sharks", _shark, ("grey", "grey", "blue"), _UNDER, ("a big predator of the sea",
        "a large fish with sharp teeth"), 1.9),
    Creature("whale", "whales", _whale, ("blue", "grey", "black"),
        {"swimming": ("underwater underwater plain", _SWIM), "spouting": ("sea sea",
        ("blowing/blows/blow water into the air", "coming/comes/come up for air"))}, ("a giant sea animal",
        "the largest animal of the sea"), 1.7, 2),
    Creature("dolphin", "dolphins", _dolphin, ("grey", "blue", "grey"), {"swimming": ("underwater", _SWIM),
        "leaping": ("sea sea sea", ("leaping/leaps/leap out of the water",
        "jumping/jumps/jump over the waves"))}, ("a clever sea animal", "a sea animal with a long snout"),
        1.7),
    Creature("turtle", "turtles", _turtle, ("green", "brown", "green and brown"),
        {"swimming": ("underwater underwater", _SWIM), "walking": ("beach meadow plain",
        ("walking/walks/walk slowly", *_CRAWL))}, ("an animal with a shell", "a slow animal with a shell"),
        1.9),
    Creature("crab", "crabs", _crab, ("red", "orange", "red", "blue"), {"walking": ("beach beach plain",
        ("walking/walks/walk sideways", "raising/raises/raise two claws", *_CRAWL))},
        ("an animal with two claws", "a shellfish with claws"), 1.8),
    Creature("octopus", "octopuses", _octopus, ("orange", "purple", "red", "pink"),
        {"swimming": ("underwater underwater plain", ("swimming/swims/swim",
        "stretching/stretches/stretch eight arms"))}, ("an animal with eight arms",
        "a soft sea animal with many arms"), 1.8, 2),
    Creature("jellyfish", "jellyfish", _jellyfish, ("pink", "purple", "orange", "white"),
        {"swimming": ("underwater", ("floating/floats/float", "drifting/drifts/drift through the water"))},
        ("a soft sea animal with long tentacles", "a transparent sea animal"), 1.8, 4),
    Creature("starfish", "starfish", _starfish, ("orange", "red", "pink", "purple"),
        {"lying": ("beach beach plain", ("lying/lies/lie on the ground", "resting/rests/rest"))},
        ("a sea animal with five arms", "a star-shaped animal"), 1.8),
    Creature("frog", "frogs", _frog, ("green", "green", "brown", "green and yellow"),
        {"sitting": ("meadow park forest plain", ("sitting/sits/sit", "sitting/sits/sit still")),
        "jumping": ("meadow forest plain", ("jumping/jumps/jump", "leaping/leaps/leap"))},
        ("a small jumping animal", "an amphibian"), 2.0),
    Creature("snake", "snakes", _snake, ("green", "brown", "red and black", "yellow and brown",
        "green and yellow"), {"crawling": ("desert forest meadow plain", ("winding/winds/wind along",
        "crawling/crawls/crawl", "showing/shows/show a forked tongue"))}, ("a reptile without legs",
        "a long thin reptile"), 1.9, 2),
    Creature("butterfly", "butterflies", _butterfly, ("orange and black", "blue and black",
        "yellow and black", "red and yellow", "purple and white", "white and black"),
        {"flying": ("blossoms blossoms meadow air plain park", ("flying/flies/fly",
        "fluttering/flutters/flutter", "spreading/spreads/spread wings"))}, ("an insect with large wings",
        "a colourful insect"), 2.1, 5),
    Creature("bee", "bees", _bee, ("yellow and black",), {"flying": ("blossoms blossoms meadow air plain",
        ("flying/flies/fly", "buzzing/buzzes/buzz around"))}, ("a striped insect",
        "an insect that makes honey"), 2.2, 5),
    Creature("ladybird", "ladybirds", _ladybird, ("red", "red", "orange", "yellow"), {"walking": (_GROUND,
        _CRAWL)}, ("a beetle with black spots", "a small spotted insect"), 2.2),
    Creature("snail", "snails", _snail, ("brown", "yellow", "orange", "pink"), {"walking": (_GROUND, _CRAWL)},
        ("a slow animal with a shell", "a small animal that carries its house"), 2.2),
    Creature("spider", "spiders", _spider, ("black", "brown", "grey"), {"flying": ("forest plain room night",
        ("hanging/hangs/hang on a thread", "hanging/hangs/hang in the air"))}, ("an animal with eight legs",
        "a creature that spins webs"), 1.7, 2),
))  # fmt: skip
