"""Pictures with words in them, drawn for ``benchmarks.ocr``: letters, layouts, and what befalls a picture.

The typefaces are those that come with Pillow (Aileron) and matplotlib (DejaVu, STIX, Computer Modern), so
that the pictures are the same on every machine. The words were written for this.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]
FACES = (
    "Aileron",
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Italic",
    "DejaVuSansMono",
    "STIXGeneral",
    "cmss10",
)
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
_PAPERS = (WHITE, (250, 245, 230), (228, 236, 245), (240, 226, 226))
_PLATES = ((20, 70, 140), (190, 30, 35), (15, 105, 60), (245, 205, 40), (235, 235, 235), (40, 40, 45))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture and what is written in it, in reading order."""

    image: Image.Image
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """Something to write on a picture, and the same asked for in other words."""

    text: str
    paraphrase: str


def font(face: str, size: float) -> ImageFont.FreeTypeFont:
    """One of ``FACES`` in ``size`` pixels."""
    if face == "Aileron":
        found = ImageFont.load_default(size)
        assert isinstance(found, ImageFont.FreeTypeFont)
        return found
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf", size)


def sentences(rng: random.Random, count: int) -> list[str]:
    """Different messages, in any order."""
    return [message.text for message in rng.sample(MESSAGES, count)]


def wrapped(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines no wider than ``width`` pixels, unless a word is."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and face.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


# --- layouts ---


def page(
    rng: random.Random, size: float, ink: Colour = BLACK, paper: Colour = WHITE, face: str = ""
) -> Drawn:
    """Four sentences, one a line, and a margin."""
    letters = font(face or rng.choice(FACES), size)
    lines = sentences(rng, 4)
    margin, step = 1.5 * size, 1.45 * size
    width = max(map(letters.getlength, lines)) + 2 * margin
    image = Image.new("RGB", (round(width), round(4 * step + 2 * margin)), paper)
    _write(image, lines, (margin, margin), letters, ink, step)
    return Drawn(image, " ".join(lines))


def sign(rng: random.Random) -> Drawn:
    """A coloured plate with large letters before a blurred street."""
    width, height = rng.choice(((640, 480), (800, 600), (1024, 768)))
    image = _scene(rng, width, height)
    plate = rng.choice(_PLATES)
    ink = WHITE if sum(plate) < 450 else BLACK
    letters = font(rng.choice(FACES), height / rng.uniform(16, 26))
    lines = wrapped(rng.choice(MESSAGES).text, letters, width * 0.5)
    step = letters.size * 1.35
    wide, high = max(map(letters.getlength, lines)) + 2 * letters.size, step * len(lines) + letters.size
    left, top = rng.uniform(10, width - wide - 10), rng.uniform(10, height - high - 10)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(
        (left, top, left + wide, top + high), letters.size / 2, fill=plate, outline=ink, width=3
    )
    _write(image, lines, (left + letters.size, top + letters.size / 2), letters, ink, step)
    return Drawn(tilted(image, rng.uniform(-4, 4)), " ".join(lines))


def slide(rng: random.Random) -> Drawn:
    """1280 x 720: a headline, two columns of prose, and a small line at the foot."""
    image = Image.new("RGB", (1280, 720), rng.choice(_PAPERS))
    headline, foot, *rest = sentences(rng, 12)
    face = rng.choice(FACES)
    ImageDraw.Draw(image).text((80, 50), headline, font=font("DejaVuSans-Bold", 38), fill=(20, 40, 90))
    body = font(face, 26)
    columns = [[line for text in part for line in wrapped(text, body, 500)] for part in (rest[:5], rest[5:])]
    for lines, left in zip(columns, (80, 680), strict=True):
        _write(image, lines, (left, 170), body, BLACK, 40)
    ImageDraw.Draw(image).text((80, 675), foot, font=font(face, 15), fill=(100, 100, 100))
    return Drawn(image, " ".join([headline, *columns[0], *columns[1], foot]))


def screenshot(rng: random.Random) -> Drawn:
    """1280 x 800: a window with a title and lines of 14 pixels, dark or light."""
    ink, paper = rng.choice((((30, 30, 30), (252, 252, 252)), ((220, 220, 225), (30, 32, 40))))
    image = Image.new("RGB", (1280, 800), paper)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1280, 44), fill=(70, 80, 100))
    title, *lines = sentences(rng, 11)
    draw.text((24, 10), title, font=font("DejaVuSans-Bold", 20), fill=WHITE)
    _write(image, lines, (60, 90), font(rng.choice(("DejaVuSans", "DejaVuSansMono", "Aileron")), 14), ink, 30)
    return Drawn(image, " ".join([title, *lines]))


def receipt(rng: random.Random) -> Drawn:
    """Goods at the left and prices at the right, to be read by rows."""
    letters = font("DejaVuSansMono", 18)
    goods = rng.sample(_GOODS, 6)
    prices = [f"{rng.uniform(1, 30):.2f}" for _ in goods]
    image = Image.new("RGB", (420, 360), (250, 249, 244))
    _write(image, goods, (30, 40), letters, (40, 40, 40), 48)
    _write(image, prices, (320, 40), letters, (40, 40, 40), 48)
    return Drawn(image, " ".join(f"{good} {price}" for good, price in zip(goods, prices, strict=True)))


def scan(rng: random.Random) -> Drawn:
    """1240 x 1754, a page at 150 dots an inch: some 450 words in letters of 21 pixels, a little askew."""
    letters = font(rng.choice(("DejaVuSerif", "STIXGeneral", "cmss10")), 21)
    text = " ".join(f"{sentence}." for sentence in sentences(rng, 60) + sentences(rng, 30))
    lines = wrapped(text, letters, 1000)[:42]
    image = Image.new("RGB", (1240, 1754), (248, 246, 240))
    _write(image, lines, (120, 120), letters, (35, 35, 40), 36)
    return Drawn(tilted(image, rng.uniform(-2, 2)), " ".join(lines))


def small_print(rng: random.Random) -> Drawn:
    """1600 x 1200 and nearly empty: four lines of 14 pixels somewhere."""
    image = Image.new("RGB", (1600, 1200), rng.choice(_PAPERS))
    lines = sentences(rng, 4)
    _write(
        image,
        lines,
        (rng.randrange(40, 900), rng.randrange(40, 1050)),
        font(rng.choice(FACES), 14),
        BLACK,
        24,
    )
    return Drawn(image, " ".join(lines))


def photo(rng: random.Random) -> Drawn:
    """4000 x 3000 with a label in letters of 60 pixels."""
    image = _scene(rng, 4000, 3000)
    letters = font(rng.choice(FACES), 60)
    lines = wrapped(rng.choice(MESSAGES).text, letters, 1200)
    left, top = rng.randrange(100, 2400), rng.randrange(100, 2500)
    ImageDraw.Draw(image).rectangle(
        (left, top, left + 1400, top + 90 * len(lines) + 60), fill=(240, 235, 220)
    )
    _write(image, lines, (left + 60, top + 30), letters, BLACK, 90)
    return Drawn(image, " ".join(lines))


def message_picture(rng: random.Random, message: Message) -> Image.Image:
    """The message as a note, a label or a slide, in any typeface and colours, a little askew."""
    width, height = rng.choice(((480, 360), (640, 480), (960, 720)))
    letters = font(rng.choice(FACES), width / rng.uniform(18, 30))
    paper = rng.choice((*_PAPERS, *_PLATES))
    image = _scene(rng, width, height) if rng.random() < 0.5 else Image.new("RGB", (width, height), paper)
    lines = wrapped(message.text, letters, width * 0.7)
    step = letters.size * 1.4
    left, top = width * 0.1, rng.uniform(0.1 * height, 0.9 * height - step * len(lines))
    ImageDraw.Draw(image).rectangle(
        (left - 8, top - 8, left + width * 0.75, top + step * len(lines) + 8), fill=paper
    )
    _write(image, lines, (left, top), letters, WHITE if sum(paper) < 450 else BLACK, step)
    return tilted(image, rng.uniform(-5, 5))


def _write(
    image: Image.Image,
    lines: Sequence[str],
    at: tuple[float, float],
    letters: ImageFont.FreeTypeFont,
    ink: Colour,
    step: float,
) -> None:
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((at[0], at[1] + number * step), line, font=letters, fill=ink)


def _scene(rng: random.Random, width: int, height: int) -> Image.Image:
    """Blurred shapes over a gradient: what stands behind a sign in a photo."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(25):
        x, y, side = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.05, 0.4) * width
        colour = rng.randrange(256), rng.randrange(256), rng.randrange(256)
        shape = rng.choice((draw.ellipse, draw.rectangle))
        shape((x - side / 2, y - side / 2, x + side / 2, y + side / 2), fill=colour)
    return image.filter(ImageFilter.GaussianBlur(width / 150))


# --- damage ---


def tilted(image: Image.Image, degrees: float) -> Image.Image:
    """Turned counterclockwise on a larger sheet of the same paper."""
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=image.getpixel((2, 2)))


def noisy(image: Image.Image, sigma: float, rng: random.Random) -> Image.Image:
    """Gaussian noise of ``sigma`` levels in each channel."""
    levels = np.random.default_rng(rng.randrange(2**32)).normal(0, sigma, (*image.size[::-1], 3))
    return Image.fromarray((np.asarray(image) + levels).clip(0, 255).astype(np.uint8))


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """Gaussian blur with a deviation of ``radius`` pixels."""
    return image.filter(ImageFilter.GaussianBlur(radius))


def encoded(image: Image.Image, quality: int | None = None) -> bytes:
    """As a PNG, or as a JPEG of some quality."""
    stream = io.BytesIO()
    if quality is None:
        image.save(stream, "PNG", compress_level=1)
    else:
        image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


Layout = Callable[[random.Random], Drawn]
Damage = Callable[[Image.Image, random.Random], Image.Image]
Draw = Callable[[random.Random], tuple[bytes, str]]
"""A picture, encoded, and what is written in it."""


def _case(layout: Layout, damage: Damage | None = None, quality: int | None = None) -> Draw:
    def draw(rng: random.Random) -> tuple[bytes, str]:
        drawn = layout(rng)
        image = damage(drawn.image, rng) if damage else drawn.image
        return encoded(image, quality), drawn.text

    return draw


def _letters(size: float, ink: Colour = BLACK, paper: Colour = WHITE) -> Layout:
    return lambda rng: page(rng, size, ink, paper)


def _grey(contrast: int) -> Layout:
    level = 200 - contrast
    return _letters(24, (level, level, level), (200, 200, 200))


def _tilt(degrees: float) -> Damage:
    return lambda image, rng: tilted(image, degrees)


def _noise(sigma: float) -> Damage:
    return lambda image, rng: noisy(image, sigma, rng)


def _blur(radius: float) -> Damage:
    return lambda image, rng: blurred(image, radius)


_PLAIN = _letters(24)

CASES: dict[str, dict[str, Draw]] = {
    "letters, pixels": {str(size): _case(_letters(size)) for size in (6, 8, 10, 12, 16, 24, 32, 48, 64)},
    "turned, degrees": {
        str(angle): _case(_PLAIN, _tilt(angle)) for angle in (0, 5, -5, 15, -15, 40, 90, 180, 270)
    },
    "noise, levels": {str(sigma): _case(_PLAIN, _noise(sigma)) for sigma in (20, 40, 80, 120)},
    "blur, pixels": {str(radius): _case(_PLAIN, _blur(radius)) for radius in (1, 2, 2.5, 3)},
    "JPEG quality": {str(quality): _case(_PLAIN, quality=quality) for quality in (50, 20, 8)},
    "contrast, levels": {str(levels): _case(_grey(levels)) for levels in (100, 40, 20, 10, 5)},
    "colours": {
        "white on red": _case(_letters(24, WHITE, (200, 30, 40))),
        "yellow on blue": _case(_letters(24, (250, 225, 60), (25, 60, 140))),
        "red on green": _case(_letters(24, (200, 40, 40), (60, 130, 70))),
    },
    "layout": {
        "sign in a street": _case(sign, quality=85),
        "slide, two columns": _case(slide),
        "screenshot": _case(screenshot),
        "receipt": _case(receipt),
        "scanned page": _case(scan, _noise(8), quality=75),
        "small print": _case(small_print),
        "label in a large photo": _case(photo, quality=85),
    },
}
"""Every condition that is measured, by what it varies."""

_GOODS = (
    "Rye bread",
    "Apple juice",
    "Candles",
    "Oat milk",
    "Garden hose",
    "Blue paint",
    "Notebook",
    "Lemon soap",
    "Tea towel",
    "Batteries",
)

MESSAGES: tuple[Message, ...] = tuple(
    Message(*pair)
    for pair in (
        ("Fresh bread every morning except Sunday", "a bakery's opening days"),
        ("The ferry to the island leaves at nine", "when does the boat depart?"),
        ("Please ring the bell twice", "how to announce yourself at the door"),
        ("Lost: grey cat with white paws", "somebody is looking for a missing pet"),
        ("Quarterly revenue grew by twelve percent", "a company's sales went up"),
        ("Open the valve before you start the pump", "order of steps for running a machine"),
        ("Meeting moved to room B4 on Thursday", "the conference takes place somewhere else"),
        ("No bicycles on the upper platform", "where cycles are forbidden"),
        ("Harvest festival in the old barn", "a farm celebration in autumn"),
        ("Wet paint, do not lean on the railing", "careful, the fence was just coloured"),
        ("Swimming lessons for beginners start in June", "learn how to swim in summer"),
        ("The library closes early on holidays", "shorter hours for borrowing books"),
        ("Store this medicine below eight degrees", "keep the drug in the fridge"),
        ("Danger: thin ice on the lake", "the frozen water will not carry you"),
        ("Half price on all winter coats", "discount for warm jackets"),
        ("Guitar strings and violin repair", "a shop that mends instruments"),
        ("Choir rehearsal every Tuesday evening", "when do the singers practise?"),
        ("Homemade soup with mushrooms and barley", "a hot dish of the day"),
        ("Keep this gate shut, sheep are grazing", "close the door because of animals"),
        ("Water the tomatoes twice a day", "how often do the plants need a drink?"),
        ("Password must contain a number", "rules for choosing a secret login"),
        ("Update failed, restart the computer", "what to do after an installation error"),
        ("Train to the airport from track seven", "platform for travellers who fly"),
        ("Volunteers wanted for the beach cleanup", "help to remove rubbish from the shore"),
        ("Ask the pharmacist about side effects", "who explains unwanted reactions to pills?"),
        ("Museum of clocks and musical boxes", "an exhibition of old timepieces"),
        ("Fire assembly point behind the school", "where pupils gather in an emergency"),
        ("Tickets for the puppet theatre sold here", "a box office for a show with dolls"),
        ("Beware of falling coconuts", "danger from above under palm trees"),
        ("Photography is not allowed in the chapel", "taking pictures is forbidden in the church"),
        ("Recycle glass and paper separately", "how to sort waste"),
        ("Mountain hut open until October", "shelter for hikers before the snow"),
        ("Neural networks learn from examples", "how machine learning works"),
        ("Interest rates will rise next spring", "borrowing money becomes more expensive"),
        ("Honey from our own beehives", "sweet product of local insects"),
        ("Dogs must be kept on a leash", "rule for walking a pet"),
        ("The elevator is out of order, take the stairs", "the lift is broken"),
        ("Vote for a new playground", "a ballot about swings and slides for children"),
        ("Emergency exit, alarm will sound", "opening this door makes a loud noise"),
        ("Chess club meets in the cellar", "where board game players come together"),
        ("Caution: hot steam from this pipe", "you could burn yourself on the vapour"),
        ("Free coffee for early birds", "a drink on the house in the morning"),
        ("Whale watching tours twice daily", "see large sea mammals from a boat"),
        ("The bridge is closed to lorries", "heavy trucks cannot cross the river here"),
        ("Repairs of umbrellas and suitcases", "get your travel bag mended"),
        ("Astronomy night with three telescopes", "look at stars and planets together"),
        ("Return the key to the porter", "give back what unlocks the room"),
        ("Organic eggs from happy hens", "produce of free chickens"),
        ("Speed limit thirty near the kindergarten", "drive slowly where small children are"),
        ("Budget approved by the council", "the town agreed on its spending"),
        ("Please mute your microphone", "be silent in the video call"),
        ("Marathon runners turn left here", "the way for athletes in the long race"),
        ("Handmade carpets from wool and silk", "woven rugs for sale"),
        ("Flood warning for the lower valley", "the river may overflow"),
        ("Parcel could not be delivered", "the postman did not find anyone at home"),
        ("Sourdough workshop, bring an apron", "a course in baking"),
        ("Solar panels on every roof by 2030", "a plan for electricity from sunlight"),
        ("Quiet please, exam in progress", "students are being tested"),
        ("Boats for hire by the hour", "rent a vessel for a short time"),
        ("Grandmother's plum cake recipe", "how to make a fruit dessert"),
    )
)
"""What is written: no two say the same, and a paraphrase shares few of its message's words."""
