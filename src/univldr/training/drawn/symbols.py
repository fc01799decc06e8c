"""What is on signs: each drawn about (0, 0), within 100 units or so to every side."""

from __future__ import annotations

from univldr.canvas import WHITE, Canvas, Colour, around, mix
from univldr.training.drawn.palette import chance
from univldr.training.drawn.shapes import ARROW

RED: Colour = (204, 28, 36)
BLUE: Colour = (20, 84, 170)
GREEN: Colour = (16, 130, 74)
AMBER: Colour = (250, 204, 30)
INK: Colour = (24, 24, 28)
POLE: Colour = (140, 146, 154)


def disc(v: Canvas, field: Colour, rim: Colour) -> None:
    """A round sign with a rim."""
    v.circle((0, 0), 100, rim)
    v.circle((0, 0), 80, field)


def warning(v: Canvas, field: Colour = WHITE) -> None:
    """A warning triangle."""
    v.polygon([(0, -110), (112, 84), (-112, 84)], RED if field == WHITE else INK)
    v.polygon([(0, -74), (82, 66), (-82, 66)], field)


def panel(v: Canvas, field: Colour, half: tuple[float, float] = (100, 100)) -> None:
    """A rectangular sign with a white edge."""
    v.rectangle((-half[0], -half[1], half[0], half[1]), WHITE, radius=14)
    v.rectangle((-half[0] + 7, -half[1] + 7, half[0] - 7, half[1] - 7), field, radius=9)


def arrow(v: Canvas, size: float, colour: Colour, way: str) -> None:
    """An arrow of half the given length, pointing ``way``."""

    def turned(x: float, y: float) -> tuple[float, float]:
        return {"right": (x, y), "left": (-x, -y), "up": (y, -x), "down": (-y, x)}[way]

    v.polygon([turned(x * size, y * size) for x, y in ARROW], colour)


def person(v: Canvas, colour: Colour, *, skirt: bool = False) -> None:
    """A standing figure 120 units high, its feet on (0, 60)."""
    v.circle((0, -48), 13, colour)
    if skirt:
        v.polygon([(-10, -32), (10, -32), (26, 24), (-26, 24)], colour)
    else:
        v.rectangle((-16, -33, 16, 16), colour, radius=7)
    for side in (-1, 1):
        v.stroke([(side * 14, -28), (side * 25, 6)], 8, colour)
        v.line([(side * 8, 10), (side * 8, 60)], 12, colour)


def walker(v: Canvas, colour: Colour) -> None:
    """Someone walking to the right."""
    v.circle((6, -50), 11, colour)
    v.line([(2, -34), (-4, 6)], 18, colour)
    v.line([(-2, 4), (20, 28), (18, 56)], 10, colour)
    v.line([(-4, 4), (-16, 30), (-34, 50)], 10, colour)
    v.line([(0, -30), (26, -8)], 8, colour)
    v.line([(0, -30), (-22, -4)], 8, colour)


def stop(v: Canvas) -> None:
    """The stop sign."""
    v.polygon(around((0, 0), 108, 8, -67.5), WHITE)
    v.polygon(around((0, 0), 100, 8, -67.5), RED)
    v.text((0, 0), "STOP", 66, WHITE)


def give_way(v: Canvas) -> None:
    """The give way sign."""
    v.polygon([(-110, -90), (110, -90), (0, 104)], RED)
    v.polygon([(-76, -70), (76, -70), (0, 64)], WHITE)


def no_entry(v: Canvas) -> None:
    """The no entry sign."""
    v.circle((0, 0), 100, RED)
    v.rectangle((-72, -18, 72, 18), WHITE)


def no_parking(v: Canvas) -> None:
    """The no parking sign."""
    disc(v, BLUE, RED)
    v.line([(-58, -58), (58, 58)], 18, RED)


def parking(v: Canvas) -> None:
    """The parking sign."""
    panel(v, BLUE)
    v.text((0, 0), "P", 150, WHITE)


def hospital(v: Canvas) -> None:
    """The hospital sign."""
    panel(v, BLUE)
    if chance(v, 0.5):
        v.text((0, 0), "H", 150, WHITE)
    else:
        v.rectangle((-60, -60, 60, 60), WHITE)
        v.rectangle((-14, -46, 14, 46), RED)
        v.rectangle((-46, -14, 46, 14), RED)


def crossing(v: Canvas) -> None:
    """The crossing sign."""
    panel(v, BLUE)
    v.polygon([(0, -82), (84, 74), (-84, 74)], WHITE)
    walker(v.view(0, 12, 0.85), INK)
    for x in range(-60, 61, 24):
        v.rectangle((x - 6, 62, x + 6, 72), INK)


def children(v: Canvas) -> None:
    """The children sign."""
    warning(v)
    walker(v.view(-20, 20, 0.72), INK)
    walker(v.view(26, 30, 0.52), INK)


def works(v: Canvas) -> None:
    """The works sign."""
    warning(v, WHITE if chance(v, 0.5) else AMBER)
    v.circle((-12, -22), 9, INK)
    v.line([(-8, -10), (-20, 24)], 14, INK)
    v.line([(-20, 20), (-30, 58)], 8, INK)
    v.line([(-18, 20), (-2, 58)], 8, INK)
    v.line([(-10, -4), (20, 16), (44, 40)], 6, INK)
    v.polygon([(26, 60), (44, 34), (64, 60)], INK)


def lights(v: Canvas) -> None:
    """The lights sign."""
    warning(v)
    v.rectangle((-16, -34, 16, 56), INK, radius=6)
    for y, tone in ((-20, RED), (10, AMBER), (40, GREEN)):
        v.circle((0, y), 11, tone)


def bend(v: Canvas) -> None:
    """The bend sign."""
    warning(v)
    v.line([(-16, 58), (-16, 16), (18, -8)], 13, INK)
    v.polygon([(10, -26), (42, -26), (26, 8)], INK)


def slippery(v: Canvas) -> None:
    """The slippery sign."""
    warning(v)
    v.rectangle((-24, -14, 24, 12), INK, radius=6)
    v.rectangle((-16, -30, 16, -8), INK, radius=6)
    for x in (-16, 16):
        v.stroke([(x, 18), (x - 10, 30), (x + 10, 44), (x - 4, 58)], 5, INK)


def voltage(v: Canvas) -> None:
    """The voltage sign."""
    warning(v, AMBER)
    v.polygon([(14, -46), (-24, 22), (-2, 22), (-12, 60), (28, -2), (6, -2)], INK)


def attention(v: Canvas) -> None:
    """The attention sign."""
    warning(v, WHITE if chance(v, 0.4) else AMBER)
    v.polygon([(-11, -42), (11, -42), (6, 24), (-6, 24)], INK)
    v.circle((0, 46), 10, INK)


def poison(v: Canvas) -> None:
    """The poison sign."""
    warning(v, AMBER)
    for side in (-1, 1):
        v.line([(-36 * side, 24), (36 * side, 56)], 8, INK)
    v.circle((0, 0), 28, INK)
    v.rectangle((-14, 16, 14, 36), INK)
    for x in (-11, 11):
        v.circle((x, 0), 7, AMBER)


def wet_floor(v: Canvas) -> None:
    """The wet floor sign."""
    v.polygon([(-52, -108), (52, -108), (84, 110), (-84, 110)], (252, 214, 40))
    v.circle((18, -52), 13, INK)
    v.line([(10, -38), (-10, 2)], 18, INK)
    v.line([(-10, 0), (-44, -14)], 10, INK)
    v.line([(-10, 0), (-34, 30)], 10, INK)
    v.line([(8, -32), (36, -12)], 8, INK)
    v.text((0, 56), "CAUTION", 25, INK)
    v.text((0, 84), "WET FLOOR", 22, INK)


def exit(v: Canvas) -> None:
    """The exit sign."""
    panel(v, GREEN, (130, 66))
    v.rectangle((48, -46, 104, 48), WHITE)
    walker(v.view(56, 0, 0.72), mix(GREEN, (0, 0, 0), 0.4))
    v.text((-44, 0), "EXIT", 46, WHITE)


def toilets(v: Canvas) -> None:
    """The toilets sign."""
    panel(v, v.random.choice((BLUE, INK, GREEN)), (120, 92))
    person(v.view(-54, 4, 1.1), WHITE)
    person(v.view(54, 4, 1.1), WHITE, skirt=True)
    v.line([(0, -70), (0, 70)], 4, WHITE)


def wheelchair(v: Canvas) -> None:
    """The wheelchair sign."""
    panel(v, BLUE)
    v.circle((-14, -64), 12, WHITE)
    v.line([(-12, -46), (-8, 2), (32, 2), (50, 50), (62, 46)], 11, WHITE)
    v.ring((-50, -24, 34, 60), 9, WHITE, 20, 260)
    v.line([(-10, -22), (24, -22)], 9, WHITE)


def recycling(v: Canvas) -> None:
    """The recycling sign."""
    panel(v, WHITE if chance(v, 0.5) else mix(GREEN, WHITE, 0.75))
    for start in (-80, 40, 160):
        v.ring((-62, -58, 62, 66), 22, GREEN, start, start + 84)
    for (x, y), way in zip(around((0, 4), 52, 3, 20), ("down", "left", "up"), strict=True):
        arrow(v.view(x, y), 25, GREEN, way)


def first_aid(v: Canvas) -> None:
    """The first aid sign."""
    panel(v, GREEN)
    v.rectangle((-22, -66, 22, 66), WHITE)
    v.rectangle((-66, -22, 66, 22), WHITE)


def cycle_way(v: Canvas) -> None:
    """The cycle way sign."""
    disc(v, BLUE, BLUE)
    for x in (-40, 40):
        v.ring((x - 28, 0, x + 28, 56), 7, WHITE)
    v.line([(-40, 28), (-14, -20), (26, -20), (0, 28), (-40, 28)], 6, WHITE)
    v.line([(40, 28), (20, -38), (36, -40)], 6, WHITE)
    v.line([(-14, -20), (-20, -34)], 6, WHITE)


def roundabout(v: Canvas) -> None:
    """The roundabout sign."""
    disc(v, BLUE, BLUE)
    for start in (-80, 40, 160):
        v.ring((-58, -58, 58, 58), 16, WHITE, start, start + 80)
    for (x, y), way in zip(around((0, 0), 50, 3, 12), ("down", "left", "up"), strict=True):
        arrow(v.view(x, y), 24, WHITE, way)


def no_dogs(v: Canvas) -> None:
    """The no dogs sign."""
    disc(v, WHITE, RED)
    v.rectangle((-42, -12, 26, 16), INK, radius=9)
    v.polygon([(18, -32), (38, -38), (62, -20), (40, -8), (24, 4)], INK)
    for x in (-38, -26, 10, 20):
        v.line([(x, 10), (x, 48)], 7, INK)
    v.stroke([(-40, -8), (-58, -34)], 7, INK)
    v.line([(-58, -58), (58, 58)], 16, RED)


def no_phones(v: Canvas) -> None:
    """The no phones sign."""
    disc(v, WHITE, RED)
    v.rectangle((-26, -54, 26, 54), INK, radius=8)
    v.rectangle((-19, -42, 19, 34), (190, 206, 222))
    v.line([(-58, -58), (58, 58)], 16, RED)


def wifi(v: Canvas) -> None:
    """The wifi sign."""
    panel(v, v.random.choice((BLUE, INK)))
    for r in (28, 54, 80):
        v.ring((-r, 46 - r, r, 46 + r), 13, WHITE, 225, 315)
    v.circle((0, 44), 11, WHITE)


def lift(v: Canvas) -> None:
    """The lift sign."""
    panel(v, v.random.choice((BLUE, INK)))
    v.rectangle((-50, -30, 50, 74), WHITE)
    for x in (-28, 0, 28):
        person(v.view(x, 24, 0.66), INK)
    arrow(v.view(-22, -56), 20, WHITE, "up")
    arrow(v.view(22, -56), 20, WHITE, "down")


def no_smoking(v: Canvas) -> None:
    """A crossed-out cigarette."""
    disc(v, WHITE, RED)
    v.rectangle((-54, 2, 32, 18), (236, 236, 232))
    v.line([(-54, 2), (32, 2), (32, 18), (-54, 18), (-54, 2)], 2.5, INK)
    v.rectangle((32, 2, 54, 18), (224, 140, 50))
    for x in (-52, -40):
        v.stroke([(x, -6), (x + 9, -18), (x - 2, -30), (x + 7, -42)], 4, (120, 124, 130))
    v.line([(-58, -58), (58, 58)], 15, RED)


def animals(v: Canvas) -> None:
    """A cow in a triangle."""
    warning(v, WHITE if chance(v, 0.5) else AMBER)
    v.rectangle((-36, 2, 26, 32), INK, radius=7)
    v.polygon([(20, -2), (34, -16), (52, -4), (46, 14), (22, 16)], INK)
    for x in (-33, -20, 10, 21):
        v.rectangle((x, 26, x + 6, 58), INK)
    v.line([(34, -16), (28, -28)], 4, INK)
    v.stroke([(-36, 6), (-44, 30)], 4, INK)


def airport(v: Canvas) -> None:
    """A plane seen from above."""
    panel(v, BLUE)
    v.blob([(0, -74), (10, -46), (9, 60), (-9, 60), (-10, -46)], WHITE)
    v.polygon([(0, -26), (76, 22), (76, 36), (0, 12), (-76, 36), (-76, 22)], WHITE)
    v.polygon([(0, 38), (32, 60), (32, 70), (-32, 70), (-32, 60)], WHITE)
