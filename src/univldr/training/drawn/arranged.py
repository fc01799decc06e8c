"""Several things together: on a table, in a bowl, on a board."""

from __future__ import annotations

import math

from univldr.canvas import HEIGHT, WHITE, WIDTH, Canvas, Colour, darker, lighter, mix
from univldr.training.drawn.base import Captions, Kind
from univldr.training.drawn.food import FOOD
from univldr.training.drawn.palette import (
    BRIGHT,
    COLOURS,
    NUMBERS,
    a,
    backdrop,
    chance,
    indoors,
    listed,
    shade,
)
from univldr.training.drawn.show import Thing, ground, set_down
from univldr.training.drawn.things import PARTNERS, THINGS

_BALLS: dict[str, tuple[str, str]] = {
    "apples": ("red", "apple"), "oranges": ("orange", "orange"), "plums": ("purple", "plum"),
    "lemons": ("yellow", "lemon"), "limes": ("green", "lime"),
}  # fmt: skip


def _thing(name: str) -> Thing:
    return next(thing for thing in (*FOOD, *THINGS) if thing.name == name)


def _birthday_cake(c: Canvas) -> Captions:
    where = indoors(c, floor=False) if chance(c, 0.7) else f"on a {backdrop(c)} background"
    count, layers = c.random.randint(1, 9), c.random.randint(1, 3)
    icing, dough = (
        c.random.choice(("pink", "white", "yellow", "blue", "green")),
        c.random.choice(("brown", "orange", "white")),
    )
    x, base = c.random.uniform(200, 280), 318.0
    for i in range(layers):
        half, tall = 120 - 30 * i, 88 / math.sqrt(layers)
        tone = lighter(shade(c, dough), 0.25)
        c.ellipse((x - half, base - 16, x + half, base + 16), darker(tone, 0.2))
        c.rectangle((x - half, base - tall, x + half, base), tone, darker(tone, 0.2))
        top = mix(COLOURS[icing], WHITE, 0.35)
        c.ellipse((x - half, base - tall - 16, x + half, base - tall + 16), top)
        for j in range(8):
            at = x - half + half * 2 * (j + 0.5) / 8
            c.rectangle(
                (at - half / 8, base - tall, at + half / 8, base - tall + 14 + 10 * (j % 2)), top, radius=6
            )
        base -= tall
    spread = (120 - 30 * (layers - 1)) * 0.8
    for i in range(count):
        at = x + (0 if count == 1 else spread * (2 * i / (count - 1) - 1))
        c.rectangle((at - 3, base - 40, at + 3, base), shade(c, c.random.choice(BRIGHT)))
        c.glow((at, base - 48), 20, (255, 226, 130), 0.8)
        c.ellipse((at - 4, base - 56, at + 4, base - 40), (255, 150, 40))
    candles = "one lit candle" if count == 1 else f"{NUMBERS[count]} lit candles"
    tiers = "one layer" if layers == 1 else f"{NUMBERS[layers]} layers"
    return (
        f"a cake with {candles} and {icing} icing {where}",
        f"{candles} on a birthday cake",
        f"a birthday cake of {tiers} with {icing} icing",
        f"somebody turns {NUMBERS[count]}: a cake with lights on top",
        f"dessert for a birthday party, {candles}",
    )


def _fruit_bowl(c: Canvas) -> Captions:
    where = indoors(c, floor=False) if chance(c, 0.7) else f"on a {backdrop(c)} background"
    fruits, bowl = (
        c.random.sample(list(_BALLS), c.random.randint(1, 3)),
        c.random.choice(("blue", "white", "brown", "green")),
    )
    x, tone = c.random.uniform(200, 280), shade(c, bowl)
    c.shadow((x - 120, 300, x + 120, 335))
    for i, (dx, dy) in enumerate(((-66, 222), (66, 222), (-34, 196), (36, 196), (0, 182), (0, 224))):
        c.ball((x + dx, dy), 36, shade(c, _BALLS[fruits[i % len(fruits)]][0]))
    c.sector((x - 125, 130, x + 125, 325), 0, 180, lighter(tone, 0.15), darker(tone, 0.2))
    c.rectangle((x - 46, 314, x + 46, 328), darker(tone, 0.25), radius=5)
    told = listed(fruits)
    return (
        f"a {bowl} bowl of {told} {where}",
        f"{told} in a bowl",
        f"a bowl filled with fresh {told}",
        f"fruit in a {bowl} dish",
        f"healthy food: {told}",
    )


def _board(c: Canvas) -> Captions:
    dark, game = (
        c.random.choice(("brown", "green", "black", "blue", "red")),
        c.random.choice(("chess", "draughts")),
    )
    c.rectangle((0, 0, WIDTH, HEIGHT), c.random.choice([(226, 214, 190), (150, 104, 66), (190, 200, 210)]))
    size, left, upper = 40.0, 80.0, 20.0
    c.rectangle((left - 8, upper - 8, left + 328, upper + 328), (70, 44, 28))
    deep = mix(COLOURS[dark], (0, 0, 0), 0.2)
    squares = [(i, j) for i in range(8) for j in range(8)]
    for i, j in squares:
        x, y = left + i * size, upper + j * size
        c.rectangle((x, y, x + size, y + size), deep if (i + j) % 2 else (240, 226, 198))
    count = c.random.randint(4, 9)
    for place in c.random.sample([(i, j) for i, j in squares if (i + j) % 2], count):
        _piece(c.view(left + (place[0] + 0.5) * size, upper + (place[1] + 0.5) * size), game, chance(c, 0.5))
    return (
        f"a {game} board with {dark} and pale squares and {NUMBERS[count]} pieces",
        f"a game of {game} seen from above",
        f"{NUMBERS[count]} pieces on a checked game board",
        "a board game with eight by eight squares",
        f"two players' {game} pieces on a {dark} board",
    )


def _piece(v: Canvas, game: str, white: bool) -> None:
    tone: Colour = (250, 246, 236) if white else (30, 28, 30)
    edge: Colour = (90, 80, 70) if white else (200, 196, 190)
    if game == "draughts":
        v.circle((0, 0), 15, edge)
        v.circle((0, 0), 13, tone)
        v.ring((-8, -8, 8, 8), 1.5, edge)
        return
    for grow, ink in ((1.5, edge), (0, tone)):
        v.polygon([(-5 - grow, -4), (5 + grow, -4), (9 + grow, 14 + grow), (-9 - grow, 14 + grow)], ink)
        v.circle((0, -8), 6 + grow, ink)
        v.rectangle((-10 - grow, 11 - grow, 10 + grow, 16 + grow), ink)


def _two_colours(c: Canvas) -> Captions:
    thing = c.random.choice([_thing(name) for name in ("ball", "book", "clock", "gift", "candle")])
    first, second = c.random.sample([name for name in thing.colours if name != "brown"], 2)
    where, _ = ground(c, "table")
    base, zoom = c.random.uniform(300, 330), c.random.uniform(1.4, 1.8)
    set_down(c, thing, first, 135, base, zoom)
    set_down(c, thing, second, 345, base, zoom)
    return (
        f"{a(first)} {thing.name} on the left and {a(second)} {thing.name} on the right {where}",
        f"two {thing.many}, one {first} and one {second}",
        f"{a(first)} {thing.name} beside {a(second)} one",
        f"{a(second)} {thing.name} to the right of {a(first)} {thing.name}",
        f"two {thing.many} in {first} and {second} {where}",
    )


def _three_things(c: Canvas) -> Captions:
    chosen = c.random.sample(PARTNERS, 3)
    where, _ = ground(c, "table")
    named = []
    for i, thing in enumerate(chosen):
        colour = c.random.choice(thing.colours)
        set_down(c, thing, colour, 85 + 155 * i, c.random.uniform(300, 325), c.random.uniform(1.1, 1.3))
        named.append(a(f"{colour} {thing.name}"))
    return (
        f"{listed(named)} {where}",
        f"{a(chosen[1].name)} between {a(chosen[0].name)} and {a(chosen[2].name)}",
        f"three things in a row: {listed([a(thing.name) for thing in chosen])}",
        f"{named[0]} on the left and {named[2]} on the right",
        f"{named[1]} in the middle",
    )


def _odd_count(c: Canvas) -> Captions:
    first, second = c.random.sample([thing for thing in PARTNERS if thing.name != "chair"], 2)
    tint, tone, count = (
        c.random.choice(first.colours),
        c.random.choice(second.colours),
        c.random.randint(2, 4),
    )
    where, _ = ground(c, "table")
    step = 440 / (count + 1)
    for i in range(count + 1):
        thing, colour = (first, tint) if i < count else (second, tone)
        set_down(c, thing, colour, 20 + step * (i + 0.5), c.random.uniform(300, 322), min(1.4, step / 112))
    many, one = f"{NUMBERS[count]} {tint} {first.many}", a(f"{tone} {second.name}")
    return (
        f"{many} and {one} {where}",
        f"{one} to the right of {many}",
        f"{NUMBERS[count]} {first.many} and {a(second.name)}",
        f"{NUMBERS[count + 1]} things in a row, {NUMBERS[count]} of them {first.many}",
        f"{tint} {first.many} beside {one}",
    )


KINDS: tuple[Kind, ...] = (
    Kind("birthday cake", _birthday_cake),
    Kind("bowl of fruit", _fruit_bowl),
    Kind("board game", _board),
    Kind("two of a kind in two colours", _two_colours),
    Kind("three different things", _three_things),
    Kind("several things and another", _odd_count),
)
