"""People at play and at sport."""

from __future__ import annotations

from univldr.canvas import BLACK, HEIGHT, WHITE, WIDTH, Canvas, Colour, darker, lighter, mix
from univldr.demo.pictures import figures as f
from univldr.demo.pictures import nature as n
from univldr.demo.pictures.figures import Look, person
from univldr.demo.pictures.table import Picture

BROWN_SKIN: Colour = (150, 102, 72)
TAN_SKIN: Colour = (206, 156, 118)


def _child_on_swing(c: Canvas) -> None:
    n.sky(c)
    n.clouds(c, 3, 100)
    n.hills(c, 236, 40, (112, 160, 92))
    n.meadow(c, 240)
    n.tree(c, 420, 262, 120)
    for x in (96, 330):
        c.stroke([(x, 300), (x + (36 if x < 200 else -36), 56)], 9, (160, 84, 52))
        c.stroke(
            [(x + 70 - (0 if x < 200 else 140), 300), (x + (36 if x < 200 else -36), 56)], 9, (184, 100, 62)
        )
    c.stroke([(122, 56), (304, 56)], 9, (150, 78, 48))
    c.shadow((180, 292, 310, 312), 0.4)
    c.line([(196, 58), (236, 196)], 2, (70, 60, 56))
    look = Look(hair=(210, 160, 80), shirt=(236, 190, 60), trousers=(220, 84, 110), leg=0.55)
    person(c, (250, 284), 140, f.SITTING, look)
    c.polygon([(222, 228), (276, 218), (278, 225), (224, 235)], (120, 70, 44))
    c.line([(224, 58), (270, 218)], 2, (90, 80, 74))


def _two_people_riding_bikes(c: Canvas) -> None:
    n.sky(c)
    n.clouds(c, 3, 90)
    n.hills(c, 216, 50, (126, 168, 104))
    n.meadow(c, 214)
    for x, size in ((40, 110), (240, 86), (450, 120)):
        n.tree(c, x, 236, size)
    c.polygon([(0, 262), (WIDTH, 254), (WIDTH, 336), (0, 344)], (124, 124, 128), (92, 92, 98))
    c.grain((0, 258, WIDTH, 340), 18)
    _cyclist(
        c, 320, 296, Look(shirt=(40, 120, 190), trousers=(40, 44, 60), hat=(240, 240, 240)), (30, 110, 100)
    )
    _cyclist(
        c,
        150,
        312,
        Look(skin=BROWN_SKIN, shirt=(214, 52, 48), trousers=BLACK, hat=(240, 196, 40), leg=0.6),
        (190, 50, 50),
    )


def _cyclist(c: Canvas, x: float, ground: float, look: Look, frame: Colour) -> None:
    c.shadow((x - 84, ground - 8, x + 84, ground + 12), 0.5)
    back, front, crank = (x - 44, ground - 30), (x + 46, ground - 30), (x - 4, ground - 32)
    saddle, bar = (x - 16, ground - 72), (x + 34, ground - 78)
    for wheel in (back, front):
        box = (wheel[0] - 30, wheel[1] - 30, wheel[0] + 30, wheel[1] + 30)
        c.ring(box, 4, BLACK)
        for angle in range(0, 360, 30):
            c.ring(
                (box[0] + 15, box[1] + 15, box[2] - 15, box[3] - 15), 15, (186, 190, 196), angle, angle + 3
            )
        c.ring((box[0] + 4, box[1] + 4, box[2] - 4, box[3] - 4), 1, (190, 194, 200))
        c.circle(wheel, 3, (90, 90, 96))
    for ends in ((back, crank), (crank, bar), (bar, saddle), (saddle, crank), (back, saddle), (front, bar)):
        c.stroke(list(ends), 4, frame)
    c.stroke([(x - 26, ground - 76), (x - 6, ground - 76)], 6, BLACK)
    c.stroke([(bar[0] - 4, bar[1] - 6), (bar[0] + 8, bar[1] - 6)], 4, BLACK)
    person(c, (x - 8, ground - 4), 138, f.CYCLING, look)


def _man_in_red_shirt(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, 250), (206, 186, 156), (188, 164, 130))
    for row in range(13):
        for column in range(-1, 11):
            x, y = column * 50 + (row % 2) * 25, row * 19
            tone = mix((178, 92, 66), (150, 76, 56), c.random.random())
            c.rectangle((x, y, x + 47, y + 16), lighter(tone, 0.1), tone)
    c.grain((0, 0, WIDTH, 246), 26)
    n.ground(c, 246, (172, 168, 162), (140, 136, 132), grain=20)
    c.rectangle((316, 90, 430, 246), (90, 60, 42), (70, 46, 34))
    c.rectangle((326, 100, 420, 246), (40, 92, 96), (30, 70, 76))
    c.circle((410, 178), 4, (230, 200, 90))
    c.shadow((130, 318, 260, 348), 0.5)
    person(
        c,
        (190, 336),
        300,
        f.STANDING,
        Look(skin=TAN_SKIN, shirt=(206, 32, 36), trousers=(46, 66, 110), sleeve=0.42),
    )


def _swimmers_in_pool(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, 60), (214, 206, 194), (190, 182, 172))
    n.sea(c, 52, (110, 206, 226), (36, 148, 200))
    for lane in range(4):
        y = 76 + lane * 90
        for i in range(32):
            colour = (220, 60, 56) if i // 2 % 2 else WHITE
            c.ball((i * 16, y), 5, colour)
    caps: tuple[Colour, ...] = ((240, 200, 40), (214, 50, 60), (30, 60, 140))
    for i, (x, y) in enumerate(((300, 122), (180, 212), (360, 304))):
        _swimmer(c.view(x, y, 1.25), caps[i], (TAN_SKIN, (232, 190, 160), BROWN_SKIN)[i])


def _swimmer(v: Canvas, cap: Colour, skin: Colour) -> None:
    v.blob([(-96, 2), (-30, -9), (14, -9), (26, 2), (-30, 10)], skin, darker(skin, 0.3))
    v.blob([(-58, -4), (-32, -9), (-28, 8), (-58, 6)], darker(cap, 0.2), darker(cap, 0.5))
    v.stroke([(6, -2), (26, -30), (52, -12)], 9, darker(skin, 0.06), end=6)
    v.stroke([(8, 6), (-14, 18)], 8, darker(skin, 0.2), end=5)
    v.ball((30, -2), 12, skin)
    v.sector((18, -14, 42, 10), 150, 340, lighter(cap, 0.15), cap)
    v.stroke([(33, 0), (41, 1)], 3, BLACK)
    for _ in range(60):
        x = v.random.choice((-100, -86, 20, 44, 54))
        v.circle((x + v.random.gauss(0, 10), v.random.gauss(4, 6)), v.random.uniform(0.8, 2.6), WHITE)
    v.blob([(-120, 8), (-40, 8), (40, 6), (70, 10), (-20, 16)], (120, 206, 230), (70, 176, 216))


def _skier(c: Canvas) -> None:
    n.sky(c, ((58, 126, 208), (204, 226, 244)), 220)
    n.mountain(c, (100, 70), 180, 230, (104, 118, 146), 0.8)
    n.mountain(c, (380, 96), 170, 230, (112, 124, 150), 0.8)
    n.snowfield(c, 216)
    c.polygon([(-10, 196), (490, 330), (490, 370), (-10, 370)], (248, 250, 255), (214, 226, 242))
    for x, y, size in ((420, 296, 120), (462, 312, 140), (40, 206, 50), (330, 268, 70)):
        n.pine(c, x, y, size, snowy=True)
    for dy in (0, 8):
        c.line([(0, 206 + dy), (206, 266 + dy)], 2, (190, 206, 230))
    v = c.view(222, 272, 1.0)
    v.shadow((-60, -4, 70, 34), 0.35)
    for dy in (0, 10):
        v.stroke([(-74, -20 + dy), (60, 18 + dy), (72, 15 + dy)], 4, (226, 70, 40))
    look = Look(shirt=(250, 140, 20), trousers=(34, 60, 130), shoes=(60, 60, 66), hat=(40, 170, 120))
    person(c, (222, 280), 158, f.CROUCHING, look)
    c.stroke([(276, 184), (250, 268)], 2.4, BLACK)
    c.stroke([(188, 176), (140, 246)], 2.4, BLACK)
    for _ in range(120):
        c.circle(
            (150 + c.random.gauss(0, 30), 262 + c.random.gauss(0, 12)), c.random.uniform(0.8, 2.6), WHITE
        )


def _surfer(c: Canvas) -> None:
    n.sky(c, horizon=120)
    n.sea(c, 110, (110, 180, 206), (24, 104, 150))
    c.blob(
        [(-40, 300), (60, 190), (170, 96), (300, 66), (420, 92), (540, 60), (540, 330)],
        (62, 160, 184),
        (16, 84, 122),
    )
    for i in range(26):
        left = 120 + i * 16
        streak = [(left, 96 + c.random.uniform(0, 20)), (left - 34, 180), (left - 96, 280)]
        c.stroke(streak, 1.4, (140, 204, 214), end=0.6)
    for _ in range(150):
        x = c.random.uniform(130, 470)
        y = 120 - 46 * (1 - abs(x - 300) / 190) + c.random.gauss(0, 9)
        c.glow((x, y), c.random.uniform(8, 22), WHITE, 0.9)
    for _ in range(150):
        at = (c.random.uniform(-10, 490), 312 + c.random.gauss(0, 14))
        c.glow(at, c.random.uniform(8, 26), WHITE, 0.7)
    v = c.view(230, 258)
    v.shadow((-80, -6, 90, 26), 0.5)
    v.blob([(-84, 16), (-30, -2), (50, -12), (96, -24), (60, 6), (-20, 18)], (250, 220, 80), (226, 120, 50))
    look = Look(
        skin=TAN_SKIN,
        hair=(226, 190, 110),
        shirt=(30, 40, 60),
        trousers=(30, 40, 60),
        shoes=TAN_SKIN,
        leg=0.6,
    )
    person(c, (230, 258), 150, f.CROUCHING, look)


def _football_players(c: Canvas) -> None:
    n.sky(c, horizon=110)
    c.rectangle((0, 70, WIDTH, 130), (120, 120, 134), (84, 86, 100))
    for _ in range(900):
        tone = c.random.choice(((220, 60, 60), (240, 220, 90), (70, 110, 200), (230, 200, 180), WHITE))
        c.circle((c.random.uniform(0, WIDTH), c.random.uniform(72, 126)), 1.8, tone)
    n.meadow(c, 126, (76, 150, 56))
    c.line([(0, 176), (WIDTH, 176)], 3, (236, 244, 236))
    for x in (130, 330):
        c.shadow((x - 50, 312, x + 50, 332), 0.5)
    red = Look(skin=BROWN_SKIN, hair=BLACK, shirt=(206, 36, 44), trousers=WHITE, sleeve=0.4, leg=0.4)
    blue = Look(shirt=(40, 80, 190), trousers=(24, 40, 100), sleeve=0.4, leg=0.4)
    person(c, (130, 322), 200, f.KICKING, red)
    person(c, (340, 322), 200, f.RUNNING, blue, flip=True)
    c.shadow((196, 316, 232, 328), 0.5)
    c.ball((214, 302), 16, (244, 244, 244))
    for dx, dy in ((0, 0), (-9, -8), (9, -7), (-7, 9), (8, 9)):
        c.circle((214 + dx, 302 + dy), 3.2, BLACK)


def _girl_with_umbrella(c: Canvas) -> None:
    n.sky(c, n.GREY_SKY, 240)
    n.hills(c, 230, 30, (120, 134, 120))
    n.ground(c, 236, (128, 132, 130), (92, 98, 102), grain=16)
    for x, y, half in ((110, 320, 70), (360, 300, 90), (240, 344, 80)):
        c.ellipse((x - half, y - 9, x + half, y + 9), (166, 178, 190), (128, 142, 158))
    person(
        c,
        (236, 330),
        190,
        f.WALKING,
        Look(hair=(120, 60, 30), shirt=(250, 206, 40), trousers=(250, 206, 40), shoes=(200, 50, 60), leg=0.7),
    )
    c.stroke([(268, 228), (262, 90)], 3, (80, 70, 66))
    for i in range(5):
        colour: Colour = (216, 44, 60) if i % 2 else (240, 96, 96)
        c.sector((160, 62, 364, 240), 180 + i * 36, 216 + i * 36, lighter(colour, 0.2), darker(colour, 0.1))
    for i in range(5):
        c.sector((160 + i * 40.8, 140, 201 + i * 40.8, 164), 180, 360, (150, 158, 166), (142, 150, 156))
    n.rain(c, 320)


def _rock_climber(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, HEIGHT), (196, 158, 120), (134, 100, 76))
    c.grain((0, 0, WIDTH, HEIGHT), 44, (3, 5))
    for _ in range(34):
        x, y = c.random.uniform(200, 470), c.random.uniform(0, HEIGHT)
        points = [(x, y), (x + c.random.uniform(-20, 20), y + 26), (x + c.random.uniform(-30, 30), y + 56)]
        c.stroke(points, 2.2, (120, 88, 66), end=0.6)
    air = [(-20, -20), (150, -20), (190, 60), (170, 130), (214, 200), (190, 280), (230, 380), (-20, 380)]
    c.polygon([(float(x), float(y)) for x, y in air], *n.BLUE_SKY)
    c.blob(
        [(-40, 300), (60, 286), (130, 312), (176, 330), (180, 420), (-40, 420)],
        (110, 148, 104),
        (70, 108, 72),
    )
    c.stroke([(262, 0), (250, 90), (252, 190)], 2.2, (40, 160, 90))
    look = Look(
        skin=TAN_SKIN, hair=BLACK, shirt=(40, 140, 190), trousers=(90, 84, 70), hat=(240, 90, 30), sleeve=0.3
    )
    person(c, (250, 300), 200, f.CLIMBING, look)


def _kayaker(c: Canvas) -> None:
    n.sky(c, horizon=110)
    n.hills(c, 120, 70, (84, 122, 88))
    for i in range(16):
        n.pine(c, i * 32, 134, 60 + c.random.uniform(0, 36))
    n.sea(c, 130, (150, 196, 204), (34, 96, 112))
    v = c.view(236, 262, 1.3)
    look = Look(shirt=(250, 200, 30), hat=(220, 50, 50), trousers=BLACK)
    person(v, (0, 38), 118, f.SITTING, look)
    v.blob(
        [(-126, -12), (-60, -14), (0, -8), (60, -14), (128, -14), (70, 16), (-70, 16)],
        (240, 110, 40),
        (170, 56, 30),
    )
    v.stroke([(-60, -64), (86, -18)], 3, BLACK)
    for x, y in ((-66, -66), (92, -16)):
        v.blob([(x - 16, y - 6), (x, y - 8), (x + 16, y + 4), (x, y + 8)], (60, 120, 200), (40, 80, 150))
    for _ in range(90):
        v.circle((v.random.uniform(-130, 120), 15 + v.random.gauss(0, 4)), v.random.uniform(0.7, 2.2), WHITE)


def _basketball_player(c: Canvas) -> None:
    c.rectangle((0, 0, WIDTH, 230), (60, 66, 92), (104, 108, 128))
    for _ in range(500):
        tone = c.random.choice(((150, 130, 120), (170, 90, 90), (90, 110, 160), (190, 170, 120)))
        c.ball((c.random.uniform(0, WIDTH), c.random.uniform(90, 216)), 4, tone)
    c.blur((0, 80, WIDTH, 230), 2)
    c.rectangle((0, 224, WIDTH, HEIGHT), (214, 160, 100), (176, 118, 66))
    for x in range(0, WIDTH, 24):
        c.line([(x, 226), (x * 1.6 - 140, HEIGHT)], 0.7, (160, 108, 62))
    c.rectangle((340, 20, 460, 104), (240, 244, 248), (214, 222, 230), radius=4)
    c.line([(374, 90), (374, 56), (426, 56), (426, 90), (374, 90)], 3, (220, 60, 50))
    for i in range(8):
        c.line([(364 + i * 10, 108), (378 + i * 6, 150)], 1, WHITE)
        c.line([(434 - i * 10, 108), (420 - i * 6, 150)], 1, WHITE)
    c.ring((360, 100, 440, 116), 4, (236, 96, 40))
    c.shadow((160, 318, 290, 346), 0.5)
    jumping = {**f.RUNNING, "far elbow": (20, -96), "far hand": (30, -114)}
    look = Look(
        skin=BROWN_SKIN,
        hair=BLACK,
        shirt=(120, 40, 150),
        trousers=(120, 40, 150),
        shoes=WHITE,
        sleeve=0.0,
        leg=0.45,
    )
    person(c, (220, 304), 200, jumping, look)
    c.ball((292, 62), 17, (226, 122, 50))
    c.ring((275, 45, 309, 79), 1.2, BLACK)
    c.line([(276, 66), (308, 58)], 1.2, BLACK)


PICTURES = (
    Picture("child-on-swing.jpg", _child_on_swing),
    Picture("two-people-riding-bikes.jpg", _two_people_riding_bikes),
    Picture("man-in-red-shirt.jpg", _man_in_red_shirt),
    Picture("swimmers-in-pool.jpg", _swimmers_in_pool),
    Picture("skier.jpg", _skier),
    Picture("surfer.jpg", _surfer),
    Picture(
        "football-players.jpg",
        _football_players,
        "Two football players run for the ball in front of a full stand",
    ),
    Picture(
        "girl-with-umbrella.jpg",
        _girl_with_umbrella,
        "A girl in a yellow coat walks through the rain under a red umbrella",
    ),
    Picture("rock-climber.jpg", _rock_climber),
    Picture("kayaker.jpg", _kayaker, "A man in a yellow life jacket paddles an orange kayak on a lake"),
    Picture("basketball-player.jpg", _basketball_player),
)
