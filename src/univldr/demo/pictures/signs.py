"""Road signs and notices."""

from __future__ import annotations

from univldr.canvas import BLACK, HEIGHT, WHITE, WIDTH, Canvas, Colour, around, darker, lighter
from univldr.demo.pictures import figures as f
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.figures import Look, person
from univldr.demo.pictures.table import Picture

RED: Colour = (200, 28, 36)
BLUE: Colour = (24, 84, 170)
STEEL: Colour = (150, 156, 164)


def post(c: Canvas, x: float = 240, top: float = 180) -> None:
    """A steel pole down to the lower edge."""
    c.rectangle((x - 6, top, x + 6, HEIGHT), (190, 196, 204), STEEL)
    c.rectangle((x + 2, top, x + 6, HEIGHT), darker(STEEL))


def countryside(c: Canvas) -> None:
    """A road through green country."""
    n.sky(c)
    n.clouds(c, 3, 120)
    n.hills(c, 286, 40, (116, 156, 100))
    n.meadow(c, 286)
    c.polygon([(310, 290), (330, 290), (520, 370), (380, 370)], (120, 120, 126), (90, 90, 96))


def _stop_sign(c: Canvas) -> None:
    countryside(c)
    post(c, 200)
    for radius, colour in ((106, STEEL), (104, WHITE), (94, RED)):
        c.polygon(around((200, 150), radius, 8, -67.5), lighter(colour, 0.1), darker(colour, 0.08))
    c.text((200, 150), "STOP", 58, WHITE)


def _no_entry_sign(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (196, 190, 182), (160, 154, 148))
    c.grain((0, 0, WIDTH, HEIGHT), 26, (3, 3))
    post(c)
    c.circle((240, 160), 108, WHITE, (220, 224, 230))
    c.circle((240, 160), 101, lighter(RED, 0.12), darker(RED, 0.1))
    c.rectangle((166, 140, 314, 180), WHITE, (232, 234, 238), radius=3)


def _one_way_sign(c: Canvas) -> None:
    n.sky(c)
    n.clouds(c, 2, 90)
    for x, top in ((-10, 120), (60, 170), (360, 150), (420, 90)):
        c.rectangle((x, top, x + 80, HEIGHT), (176, 146, 126), (140, 112, 96))
        for y in range(int(top) + 16, HEIGHT, 34):
            for dx in (12, 46):
                c.rectangle((x + dx, y, x + dx + 18, y + 20), (110, 140, 164), (80, 106, 130))
    post(c, 240, 190)
    c.rectangle((70, 120, 410, 220), WHITE, (226, 230, 236), radius=8)
    c.rectangle((76, 126, 404, 214), (40, 40, 46), BLACK, radius=6)
    c.polygon([(96, 142), (330, 142), (330, 132), (390, 170), (330, 208), (330, 198), (96, 198)], WHITE)
    c.text((212, 170), "ONE WAY", 38, BLACK)


def _airport_sign(c: Canvas) -> None:
    n.sky(c, ((110, 150, 200), (230, 224, 214)))
    n.ground(c, 300, (120, 132, 110), (92, 104, 84))
    for x in (120, 360):
        post(c, x, 150)
    c.rectangle((50, 70, 430, 250), WHITE, radius=12)
    c.rectangle((56, 76, 424, 244), lighter(BLUE, 0.1), darker(BLUE, 0.1), radius=9)
    c.text((84, 122), "Airport", 44, WHITE, "lm")
    c.text((86, 172), "Terminals 1-3", 24, WHITE, "lm")
    c.text((86, 212), "5 km", 24, WHITE, "lm")
    v = c.view(344, 158, 0.95)
    v.blob([(-6, -66), (0, -76), (6, -66), (8, 40), (0, 58), (-8, 40)], WHITE)
    v.polygon([(0, -24), (68, 22), (68, 34), (0, 12), (-68, 34), (-68, 22)], WHITE)
    v.polygon([(0, 34), (26, 54), (26, 62), (0, 54), (-26, 62), (-26, 54)], WHITE)


def _deer_crossing_sign(c: Canvas) -> None:
    n.sky(c, ((150, 176, 196), (226, 232, 226)))
    for i in range(14):
        n.pine(c, i * 38, 310, 170 + c.random.uniform(0, 90), (52, 90, 66))
    n.ground(c, 300, (104, 120, 70), (72, 88, 50))
    post(c, 240, 230)
    for radius, colour in ((132, BLACK), (128, (250, 206, 40))):
        c.polygon(around((240, 150), radius, 4), lighter(colour, 0.1), darker(colour, 0.06))
    v = c.view(232, 210, 0.95)
    for joints in (
        [(-30, -50), (-48, -28), (-56, -4)],
        [(-24, -48), (-20, -26), (-34, -2)],
        [(22, -54), (38, -36), (56, -34)],
        [(18, -52), (36, -26), (46, -12)],
    ):
        v.stroke([(float(x), float(y)) for x, y in joints], 9, BLACK, end=5)
    v.blob([(-44, -66), (-10, -72), (24, -82), (32, -60), (10, -46), (-36, -44)], BLACK)
    v.blob([(14, -78), (34, -106), (46, -112), (62, -100), (46, -94), (34, -62)], BLACK)
    for end in ((26, -136), (46, -140), (14, -124)):
        v.stroke([(40, -108), ((40 + end[0]) / 2, -122), end], 3.4, BLACK, end=2)


def _exit_sign(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (60, 62, 70), (34, 36, 42))
    c.grain((0, 0, WIDTH, HEIGHT), 14, (2, 2))
    c.glow((240, 160), 300, (60, 220, 130), 0.5)
    c.rectangle((60, 80, 420, 240), (20, 140, 84), (10, 112, 66), radius=10)
    c.rectangle((250, 100, 316, 222), WHITE)
    white = Look(skin=WHITE, hair=WHITE, shirt=WHITE, trousers=WHITE, shoes=WHITE)
    person(c, (214, 224), 118, f.RUNNING, white)
    c.polygon([(340, 150), (374, 150), (374, 132), (406, 162), (374, 192), (374, 174), (340, 174)], WHITE)
    c.text((122, 162), "EXIT", 42, WHITE)


def _no_smoking_sign(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (226, 228, 224), (196, 200, 198))
    c.rectangle((110, 30, 370, 334), WHITE, (240, 242, 244), radius=12)
    c.rectangle((150, 158, 290, 178), (250, 250, 250), (206, 206, 206))
    c.rectangle((150, 158, 186, 178), (226, 160, 80), (190, 120, 50))
    c.rectangle((290, 158, 300, 178), (240, 120, 60), (160, 60, 40))
    c.line([(150, 158), (290, 158), (290, 178), (150, 178), (150, 158)], 2, BLACK)
    c.stroke([(300, 150), (312, 132), (298, 118), (312, 100)], 4, (150, 150, 156), end=2)
    c.ring((140, 66, 340, 266), 18, RED)
    c.line([(172, 98), (308, 234)], 17, RED)
    c.text((240, 300), "NO SMOKING", 30, BLACK)


PICTURES = (
    Picture("stop-sign.png", _stop_sign, "A red stop sign beside a country road"),
    Picture("no-entry-sign.png", _no_entry_sign, "A round no entry sign: red with a white bar"),
    Picture("one-way-sign.png", _one_way_sign, "A one way street sign with an arrow to the right"),
    Picture("airport-sign.png", _airport_sign, "A blue road sign to the airport, five kilometres"),
    Picture("deer-crossing-sign.png", _deer_crossing_sign, "A yellow sign warns of deer crossing the road"),
    Picture("exit-sign.png", _exit_sign),
    Picture("no-smoking-sign.png", _no_smoking_sign),
)
