"""Food and what holds it."""

from __future__ import annotations

from univldr.canvas import WHITE, Canvas, Colour, around, darker, lighter, mix
from univldr.training.drawn.show import Thing

GREEN: Colour = (72, 140, 58)
CRUST: Colour = (206, 148, 78)


def _apple(v: Canvas, k: Colour) -> None:
    v.stroke([(0, -74), (2, -92), (10, -104)], 6, (96, 62, 34))
    v.blob([(12, -92), (32, -108), (52, -100), (34, -86)], GREEN)
    v.ball((-12, -40), 40, k)
    v.ball((12, -40), 40, k)
    v.glow((-20, -56), 20, WHITE, 0.5)


def _pear(v: Canvas, k: Colour) -> None:
    v.stroke([(0, -92), (6, -112)], 5, (96, 62, 34))
    v.blob(
        [(0, -100), (18, -82), (38, -36), (24, -4), (-24, -4), (-38, -36), (-18, -82)],
        lighter(k),
        darker(k, 0.2),
    )
    v.glow((-14, -50), 22, WHITE, 0.45)


def _banana(v: Canvas, k: Colour) -> None:
    yellow = (246, 206, 54)
    v.blob(
        [(-52, -78), (-34, -36), (6, -16), (50, -44), (54, -34), (26, -2), (-26, -6), (-58, -44), (-62, -76)],
        lighter(yellow, 0.2),
        darker(yellow, 0.15),
    )
    v.stroke([(-58, -76), (-60, -92)], 8, (120, 96, 40))
    v.stroke([(-44, -44), (-14, -16), (24, -14)], 2, darker(yellow, 0.25))
    v.circle((53, -40), 4, (80, 60, 30))


def _orange(v: Canvas, k: Colour) -> None:
    v.ball((0, -46), 46, (244, 140, 24))
    v.circle((4, -82), 4, (90, 110, 40))
    for x, y in ((-20, -30), (10, -20), (22, -50), (-4, -52)):
        v.circle((x, y), 1.4, (206, 106, 10))


def _grapes(v: Canvas, k: Colour) -> None:
    v.stroke([(0, -92), (6, -112)], 5, (110, 80, 40))
    for row in range(5):
        for i in range(5 - row):
            v.ball(((i - (4 - row) / 2) * 21, -84 + row * 18), 12, k)
    v.blob([(6, -98), (34, -116), (50, -96), (28, -84)], GREEN)


def _carrot(v: Canvas, k: Colour) -> None:
    for x, y in ((20, -104), (36, -112), (48, -100)):
        v.stroke([(26, -78), (x, y)], 7, GREEN, end=2)
    v.blob([(36, -84), (40, -66), (4, -22), (-44, -2), (-20, -36), (16, -80)], (250, 150, 50), (226, 106, 20))
    for x, y in ((22, -64), (4, -44), (-14, -24)):
        v.line([(x - 8, y - 4), (x + 4, y + 4)], 2, (200, 92, 20))


def _bread(v: Canvas, k: Colour) -> None:
    v.blob(
        [(-58, -6), (-62, -40), (-36, -60), (36, -60), (62, -40), (58, -6), (0, 0)],
        lighter(CRUST, 0.25),
        darker(CRUST, 0.25),
    )
    for x in (-32, -4, 24):
        v.stroke([(x, -54), (x + 14, -34)], 6, (240, 212, 160), end=3)


def _pizza(v: Canvas, k: Colour) -> None:
    v.circle((0, -52), 52, darker(CRUST, 0.1))
    v.circle((0, -52), 45, (214, 70, 40))
    v.circle((0, -52), 42, (250, 214, 110))
    for x, y in around((0, -52), 27, 6, v.random.uniform(0, 60)):
        v.circle((x, y), 8, (188, 44, 36))
        v.circle((x * 0.5 + 8, y * 0.5 - 30), 3, (60, 120, 50))
    for x, y in around((0, -52), 50, 3, 20):
        v.line([(x, y), (-x, -104 - y)], 1.6, darker(CRUST, 0.3))


def _cake(v: Canvas, k: Colour) -> None:
    v.ellipse((-58, -12, 58, 8), (230, 232, 236), (180, 184, 190))
    v.rectangle((-46, -58, 46, -4), lighter(k, 0.45), lighter(k, 0.2), radius=6)
    v.ellipse((-46, -68, 46, -48), lighter(k, 0.8))
    for x in range(-40, 41, 16):
        v.circle((x, -53), 9, lighter(k, 0.8))
    v.line([(-46, -26), (46, -26)], 5, lighter(k, 0.8))
    v.ball((0, -74), 10, (206, 30, 46))


def _ice_cream(v: Canvas, k: Colour) -> None:
    v.polygon([(-26, -58), (26, -58), (0, 0)], (224, 168, 96), (196, 132, 64))
    for i in (-14, 0, 14):
        v.line([(i - 8, -56), (i / 3 + 3, -18)], 1.5, (160, 100, 44))
    v.ball((-14, -68), 20, lighter(k, 0.4))
    v.ball((14, -68), 20, lighter(k, 0.4))
    v.ball((0, -88), 20, lighter(k, 0.4))


def _cup(v: Canvas, k: Colour) -> None:
    v.ellipse((-52, -12, 52, 8), lighter(k, 0.3), darker(k, 0.1))
    v.ring((24, -58, 58, -20), 7, k)
    v.blob([(-36, -66), (36, -66), (34, -30), (18, -4), (-18, -4), (-34, -30)], k, darker(k, 0.3))
    v.ellipse((-37, -76, 37, -58), lighter(k, 0.5))
    v.ellipse((-31, -73, 31, -61), (74, 44, 24))
    for x in (-12, 8):
        v.stroke([(x, -80), (x + 7, -92), (x - 2, -102), (x + 5, -114)], 3, (225, 225, 228))


def _bottle(v: Canvas, k: Colour) -> None:
    v.rectangle((-7, -108, 7, -98), darker(k, 0.4))
    v.polygon([(-7, -100), (7, -100), (8, -76), (20, -58), (-20, -58), (-8, -76)], lighter(k), k)
    v.rectangle((-20, -60, 20, 0), k, darker(k, 0.25), radius=4)
    v.rectangle((-20, -44, 20, -18), (244, 240, 228))
    v.rectangle((-15, -56, -11, -4), lighter(k, 0.5))


def _glass(v: Canvas, k: Colour) -> None:
    v.polygon([(-28, -96), (28, -96), (21, 0), (-21, 0)], (226, 236, 242), (200, 214, 224))
    v.polygon([(-25, -68), (25, -68), (20, -4), (-20, -4)], lighter(k), k)
    v.ellipse((-25, -74, 25, -62), lighter(k, 0.5))
    v.stroke([(6, -50), (20, -116)], 5, (236, 80, 80))


def _wine(v: Canvas, k: Colour) -> None:
    v.ellipse((-22, -8, 22, 4), (206, 214, 220))
    v.line([(0, -4), (0, -50)], 5, (206, 214, 220))
    v.blob([(-26, -104), (26, -104), (30, -74), (0, -46), (-30, -74)], (222, 230, 236))
    v.blob([(-27, -80), (27, -80), (22, -62), (0, -50), (-22, -62)], (136, 16, 44))


def _plate(v: Canvas, k: Colour) -> None:
    v.ellipse((-58, -56, 58, 2), lighter(k, 0.3), k)
    v.ellipse((-38, -46, 38, -8), WHITE, (226, 228, 232))


def _pot(v: Canvas, k: Colour) -> None:
    for side in (-1, 1):
        v.ring((side * 50 - 12, -50, side * 50 + 12, -32), 6, (50, 50, 54))
    v.rectangle((-46, -60, 46, 0), lighter(k, 0.15), darker(k, 0.25), radius=8)
    v.ellipse((-50, -76, 50, -50), lighter(k, 0.35), k)
    v.ball((0, -80), 8, (50, 50, 54))


def _egg(v: Canvas, k: Colour) -> None:
    v.blob(
        [(0, -84), (24, -62), (32, -30), (18, -4), (-18, -4), (-32, -30), (-24, -62)],
        lighter(k, 0.55),
        lighter(k, 0.1),
    )
    v.glow((-8, -52), 20, WHITE, 0.6)


def _burger(v: Canvas, k: Colour) -> None:
    v.rectangle((-48, -20, 48, 0), CRUST, darker(CRUST, 0.2), radius=9)
    v.rectangle((-50, -34, 50, -18), (104, 58, 34), radius=7)
    v.blob([(-54, -34), (-30, -44), (0, -36), (30, -44), (54, -34), (24, -28), (-24, -28)], (120, 190, 70))
    v.rectangle((-48, -44, 48, -38), (216, 60, 44))
    v.sector((-50, -92, 50, 4), 180, 360, lighter(CRUST, 0.1), CRUST)
    for x, y in ((-24, -66), (-6, -78), (14, -70), (28, -58)):
        v.ellipse((x - 4, y - 2, x + 4, y + 2), (250, 236, 200))


def _cheese(v: Canvas, k: Colour) -> None:
    v.polygon([(-54, -26), (40, -66), (54, -40), (-54, -26)], (252, 224, 110))
    v.polygon([(-54, -30), (54, -40), (54, 0), (-54, 0)], (248, 204, 70), (226, 172, 44))
    for x, y, r in ((-30, -14, 7), (4, -20, 9), (34, -12, 6), (16, -50, 5)):
        v.circle((x, y), r, mix((226, 172, 44), (150, 100, 20), 0.3))


FRUIT = "fruit"
DISHES = ("blue", "red", "green", "grey", "yellow")
FOOD = (
    Thing(
        "apple",
        "apples",
        _apple,
        FRUIT,
        "a round fruit with a stalk and a green leaf",
        ("red", "green", "yellow"),
    ),
    Thing("pear", "pears", _pear, FRUIT, "a sweet fruit, narrow at its top", ("green", "yellow")),
    Thing("banana", "bananas", _banana, FRUIT, "a long curved yellow fruit", ()),
    Thing("orange", "oranges", _orange, FRUIT, "a round citrus fruit", ()),
    Thing(
        "bunch of grapes",
        "bunches of grapes",
        _grapes,
        FRUIT,
        "a cluster of small round berries",
        ("green", "purple"),
    ),
    Thing("carrot", "carrots", _carrot, "vegetables", "an orange root vegetable with green leaves", ()),
    Thing("loaf of bread", "loaves of bread", _bread, "food", "a baked brown loaf from the bakery", ()),
    Thing("pizza", "pizzas", _pizza, "Italian food", "a round pizza with salami and cheese", ()),
    Thing(
        "cake",
        "cakes",
        _cake,
        "dessert",
        "a sweet cake with cream and a cherry on top",
        ("pink", "brown", "yellow", "green"),
    ),
    Thing(
        "ice cream",
        "ice creams",
        _ice_cream,
        "dessert",
        "scoops of ice cream in a cone",
        ("pink", "brown", "yellow", "green"),
    ),
    Thing(
        "cup of coffee", "cups of coffee", _cup, "a hot drink", "a steaming hot drink in a cup on a saucer"
    ),
    Thing(
        "bottle", "bottles", _bottle, "drink", "a tall bottle with a label", ("green", "brown", "blue", "red")
    ),
    Thing(
        "glass of juice",
        "glasses of juice",
        _glass,
        "a cold drink",
        "a glass filled with juice, with a straw",
        ("orange", "red", "yellow", "green"),
    ),
    Thing("glass of wine", "glasses of wine", _wine, "a drink", "a stemmed glass with red wine", ()),
    Thing("plate", "plates", _plate, "dishes", "an empty round plate", DISHES),
    Thing(
        "cooking pot",
        "cooking pots",
        _pot,
        "kitchen things",
        "a pot with a lid and two handles",
        (*DISHES, "black"),
    ),
    Thing("egg", "eggs", _egg, "food", "an oval egg in its shell", ("white", "brown")),
    Thing("hamburger", "hamburgers", _burger, "fast food", "a bun with meat, salad and tomato", ()),
    Thing("piece of cheese", "pieces of cheese", _cheese, "food", "a yellow wedge with holes", ()),
)
