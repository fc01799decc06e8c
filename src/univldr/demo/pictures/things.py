"""Things on a table or in a hand."""

from __future__ import annotations

from univldr.canvas import (
    BLACK,
    HEIGHT,
    WHITE,
    WIDTH,
    Canvas,
    Colour,
    around,
    darker,
    lighter,
    mix,
)
from univldr.demo.pictures.table import Picture


def tabletop(c: Canvas, wall: Colour, wood: Colour = (170, 118, 72)) -> None:
    """A table before a wall."""
    c.rectangle((0, 0, WIDTH, 230), lighter(wall, 0.2), wall)
    c.rectangle((0, 224, WIDTH, HEIGHT), lighter(wood, 0.1), darker(wood, 0.25))
    c.grain((0, 224, WIDTH, HEIGHT), 24, (22, 1))


def _birthday_cake(c: Canvas) -> None:
    tabletop(c, (120, 84, 130))
    c.shadow((90, 290, 390, 340), 0.5)
    c.ellipse((96, 278, 384, 332), WHITE, (206, 210, 220))
    for top, half, cream in ((224, 116, (246, 206, 216)), (160, 78, (252, 240, 226))):
        c.rectangle((240 - half, top, 240 + half, top + 64), lighter(cream, 0.2), darker(cream, 0.14))
        c.ellipse((240 - half, top + 48, 240 + half, top + 80), darker(cream, 0.14))
        c.ellipse((240 - half, top - 18, 240 + half, top + 18), lighter(cream, 0.4), cream)
        for i in range(12):
            x = 240 - half + half * 2 * (i + 0.5) / 12
            c.ball((x, top + 8 + 12 * (1 - ((x - 240) / half) ** 2)), 8, (226, 70, 110))
    for i in range(6):
        x = 190 + i * 20
        c.rectangle((x - 3, 110, x + 3, 158), (90, 160, 230) if i % 2 else (250, 210, 70))
        c.glow((x, 98), 34, (255, 200, 90), 0.8)
        c.blob([(x, 84), (x + 5, 98), (x, 108), (x - 5, 98)], (255, 240, 170), (250, 150, 40))


def _fruit_bowl(c: Canvas) -> None:
    tabletop(c, (150, 176, 170))
    c.shadow((90, 300, 400, 346), 0.5)
    for x, y, radius, colour in (
        (170, 200, 42, (206, 40, 44)),
        (310, 204, 42, (240, 150, 40)),
        (240, 180, 44, (124, 180, 60)),
        (210, 226, 40, (240, 150, 40)),
        (280, 232, 40, (206, 40, 44)),
    ):
        c.ball((x, y), radius, colour)
        c.stroke([(x, y - radius + 4), (x + 4, y - radius - 10)], 3, (90, 60, 40))
    for shift in (0, 16):
        c.stroke(
            [(326 + shift, 246), (366 + shift, 214), (378 + shift, 150)], 24, (244, 212 - shift, 70), end=9
        )
        c.circle((378 + shift, 148), 5, (110, 84, 50))
    for i in range(18):
        c.ball((128 + (i % 5) * 13, 214 + i // 5 * 14), 10, (110, 50, 130))
    c.blob(
        [
            (90, 238),
            (150, 252),
            (240, 258),
            (330, 252),
            (390, 238),
            (350, 310),
            (280, 332),
            (200, 332),
            (130, 310),
        ],
        (90, 130, 190),
        (40, 66, 120),
    )
    c.stroke([(96, 246), (240, 264), (384, 246)], 4, (210, 224, 240))


def _pizza(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (126, 86, 56), (92, 60, 38))
    c.grain((0, 0, WIDTH, HEIGHT), 30, (30, 1))
    c.shadow((80, 20, 420, 360), 0.6)
    c.circle((240, 180), 154, (222, 166, 96), (184, 120, 60))
    c.circle((240, 180), 136, (206, 70, 40), (186, 56, 34))
    for _ in range(160):
        x, y = c.random.gauss(240, 60), c.random.gauss(180, 60)
        if (x - 240) ** 2 + (y - 180) ** 2 < 126**2:
            c.glow((x, y), c.random.uniform(14, 28), (250, 226, 150), 0.8)
    for radius, count in ((96, 8), (46, 4)):
        for x, y in around((240, 180), radius, count, c.random.uniform(0, 60)):
            c.circle((x, y), 19, (150, 40, 34))
            c.circle((x, y), 17, (206, 70, 56), (170, 46, 40))
    for x, y in around((240, 180), 72, 7, 20):
        c.blob([(x - 16, y), (x, y - 9), (x + 16, y), (x, y + 9)], (80, 150, 60), (40, 100, 40))
        c.ring((x + 14, y + 12, x + 28, y + 26), 5, BLACK)


def _acoustic_guitar(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (90, 110, 120), (56, 70, 80))
    c.grain((0, 0, WIDTH, HEIGHT), 16, (3, 3))
    wood: Colour = (206, 140, 70)
    c.shadow((60, 40, 320, 350), 0.5)
    outline = [
        (84, 180),
        (110, 96),
        (170, 96),
        (210, 126),
        (250, 116),
        (290, 150),
        (290, 210),
        (250, 244),
        (210, 234),
        (170, 264),
        (110, 264),
    ]
    points = [(float(x), float(y)) for x, y in outline]
    c.blob([(x - 4, y + 5) for x, y in points], (110, 64, 30))
    c.blob(points, lighter(wood, 0.2), darker(wood, 0.15))
    c.circle((222, 180), 34, (120, 76, 40))
    c.circle((222, 180), 28, (30, 20, 16))
    c.rectangle((240, 166, 426, 194), (80, 50, 34), (50, 30, 22))
    for i in range(12):
        c.rectangle((262 + i * 14, 166, 263.5 + i * 14, 194), (200, 190, 160))
    c.polygon([(424, 160), (472, 154), (472, 206), (424, 200)], (110, 66, 36), (80, 46, 26))
    for x in (436, 458):
        for y in (150, 210):
            c.ball((x, y), 5, (220, 220, 226))
    c.rectangle((118, 156, 132, 204), (70, 42, 28), radius=3)
    for i in range(6):
        c.line([(126, 168 + i * 4.8), (468, 168 + i * 4.8)], 0.7, (236, 232, 220))


def _chess_board(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (70, 84, 76), (40, 50, 46))
    for row in range(8):
        for column in range(8):
            corners = [_square(row + dy, column + dx) for dy, dx in ((0, 0), (0, 1), (1, 1), (1, 0))]
            c.polygon(corners, (238, 216, 180) if (row + column) % 2 else (150, 94, 60))
    for row, column, pale, king in (
        (1, 1, False, False),
        (1, 4, False, True),
        (2, 6, False, False),
        (1, 3, False, False),
        (4, 4, True, False),
        (6, 5, True, True),
        (6, 1, True, False),
        (5, 2, True, False),
        (6, 6, True, False),
    ):
        x, y = _square(row + 0.6, column + 0.5)
        _piece(c, x, y, 0.62 + row * 0.07, (240, 228, 206) if pale else (54, 46, 46), king=king)


def _square(row: float, column: float) -> tuple[float, float]:
    share = row / 8
    half = 140 + 76 * share
    return 240 + (column / 4 - 1) * half, 70 + 262 * (share * 0.75 + share * share * 0.25)


def _piece(c: Canvas, x: float, y: float, size: float, colour: Colour, *, king: bool) -> None:
    v = c.view(x, y, size)
    height = 78.0 if king else 50.0
    v.shadow((-22, -8, 34, 12), 0.5)
    v.ellipse((-17, -8, 17, 7), lighter(colour, 0.1), darker(colour, 0.3))
    v.blob(
        [(-13, -4), (-6, -height * 0.5), (-8, -height + 10), (8, -height + 10), (6, -height * 0.5), (13, -4)],
        lighter(colour, 0.15),
        darker(colour, 0.25),
    )
    v.ball((0, -height), 11, mix(colour, WHITE, 0.1))
    if king:
        v.rectangle((-2, -height - 26, 2, -height - 8), colour)
        v.rectangle((-8, -height - 21, 8, -height - 17), colour)


PICTURES = (
    Picture("birthday-cake.jpg", _birthday_cake, "A birthday cake with six burning candles"),
    Picture("fruit-bowl.jpg", _fruit_bowl),
    Picture("pizza.jpg", _pizza),
    Picture("acoustic-guitar.jpg", _acoustic_guitar, "An acoustic guitar with six strings"),
    Picture("chess-board.jpg", _chess_board, "A chess game near its end, seen from the white side"),
)
