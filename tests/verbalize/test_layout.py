"""Reading order, by hand: where lines stand decides which paragraph they are in and when it is read."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from univldr.verbalize import boxes
from univldr.verbalize.layout import MOST_WORDS, Line, by_prominence, confidence, paragraphs, text


def line(words: str, left: float, top: float, height: float = 20, sure: float = 0.9) -> Line:
    """Letters are half as wide as high."""
    return Line(words, sure, left, top, left + len(words) * height / 2, top + height)


def read(*lines: Line) -> list[str]:
    return [text(paragraph) for paragraph in paragraphs(lines)]


def test_a_slide_is_read_column_by_column_below_its_headline() -> None:
    found = read(
        line("steel costs more this year", 600, 103),
        line("the pier is finished now", 50, 100),
        line("ask the council for more", 600, 133),
        line("cranes arrive early in May", 50, 130),
        line("Harbour renewal: where we stand and what is next", 50, 20, 30),
        line("and a last word that goes over the whole of the page below", 50, 260),
    )
    assert found == [
        "Harbour renewal: where we stand and what is next",
        "the pier is finished now cranes arrive early in May",
        "steel costs more this year ask the council for more",
        "and a last word that goes over the whole of the page below",
    ]


def test_three_columns() -> None:
    columns = [
        [line(f"column {n} says word {row}", 300 * n, 100 + 28 * row + 9 * n) for row in range(3)]
        for n in range(3)
    ]
    rows = [lines[row] for row in range(3) for lines in columns]
    assert read(*rows) == [text(lines) for lines in columns]


def test_a_receipt_is_read_by_rows() -> None:
    goods = ("Rye bread", "Candles", "Oat milk")
    lines = [line(name, 10, 30 * n) for n, name in enumerate(goods)]
    lines += [line(f"{n}.50", 300, 30 * n + 2) for n in range(3)]
    assert read(*lines) == ["Rye bread 0.50 Candles 1.50 Oat milk 2.50"]


def test_small_lines_beside_a_tall_one_are_not_mixed_with_it() -> None:
    beside = [line("fresh fish", 300, 100), line("every day", 300, 130), line("but Monday", 300, 160)]
    assert read(beside[2], beside[0], line("SALE", 10, 95, 90), beside[1]) == [
        "SALE",
        "fresh fish every day but Monday",
    ]


@pytest.mark.parametrize(
    ("below", "together"),
    [
        (line("next line", 10, 28), True),
        (line("far below", 10, 60), False),
        (line("LARGE", 10, 25, 40), False),
        (line("elsewhere", 400, 28), False),
    ],
)
def test_paragraphs(below: Line, together: bool) -> None:
    assert len(read(line("first line", 10, 0), below)) == (1 if together else 2)


def test_a_long_paragraph_goes_on_in_the_next() -> None:
    found = read(*(line("seven words stand here in every line", 10, 25 * n) for n in range(20)))
    assert [len(words.split()) for words in found] == [42, 42, 42, 14]
    assert max(len(words.split()) for words in found) <= MOST_WORDS
    endless = line(" ".join(["word"] * 100), 10, 0)
    assert read(endless) == [endless.text]


def test_seams() -> None:
    assert read(line("a revo-", 0, 0), line("lution of May-", 0, 25), line("Day", 0, 50)) == [
        "a revolution of May- Day"
    ]
    assert read(Line("東京", 1, 0, 0, 40, 20), Line("大学", 1, 0, 25, 40, 45)) == ["東京大学"]


def test_prominent_first_and_otherwise_in_order() -> None:
    found = [[line("menu", 0, 0, 20)], [line("body", 0, 50, 22)], [line("HEADLINE", 0, 90, 60)]]
    found += [[line("small print", 0, 200, 11)], [line("more body", 0, 300, 19)]]
    assert [text(lines) for lines in by_prominence(found)] == [
        "HEADLINE",
        "menu",
        "body",
        "more body",
        "small print",
    ]
    assert by_prominence([]) == []


def test_confidence_is_by_length() -> None:
    lines = [line("abc", 0, 0, sure=1.0), line("d", 0, 0, sure=0.6)]
    assert confidence(lines) == pytest.approx(0.9)


# --- boxes ---


def box(left: float, top: float, width: float, height: float, degrees: float = 0) -> boxes.Boxes:
    """One box, turned clockwise about the origin, its corners from the one that is top left afterwards."""
    corners = np.array(
        [[left, top], [left + width, top], [left + width, top + height], [left, top + height]], float
    )
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return corners @ [[cos, sin], [-sin, cos]]


@pytest.mark.parametrize("degrees", [0, 15, -40, 50, 90, 130])
def test_the_direction_of_text(degrees: float) -> None:
    tilted = [np.roll(box(100, 40 * n, 200, 20, degrees), n, axis=0) for n in range(3)]
    square = box(0, 0, 20, 20, degrees)
    across = box(500, 0, 20, 100, degrees)
    (angle, along), (other, rest) = boxes.by_axis(np.stack([*tilted, square, across]))
    assert math.degrees(angle) == pytest.approx(degrees)
    assert boxes.sizes(along).round(6).tolist() == [[200, 20]] * 3 + [[20, 20]]
    assert (math.degrees(other) - degrees) % 180 == pytest.approx(90)
    assert boxes.sizes(rest).round(6).tolist() == [[100, 20]]


def test_lines_stand_upright_in_their_frame() -> None:
    angle = math.radians(180 + 25)
    first, second = (box(100, top, 200, 20, 205) for top in (0, 30))
    above, below = boxes.lines(np.stack([first, second]), angle, [("above", 1.0), ("below", 0.5)])
    assert (above.left, above.top, above.right, above.bottom) == pytest.approx((100, 0, 300, 20))
    assert (below.text, below.confidence) == ("below", 0.5)
    assert below.top == pytest.approx(30)


@pytest.mark.parametrize("degrees", [12, 90, -33])
def test_turned_is_where_the_picture_turned(degrees: float) -> None:
    image = Image.new("L", (120, 80))
    image.paste(255, (90, 20, 94, 24))
    straight = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    moved = boxes.turned(box(90, 20, 4, 4)[None], math.radians(degrees), image.size, straight.size)
    rows, columns = np.nonzero(np.asarray(straight) > 100)
    assert moved.mean(axis=(0, 1)) == pytest.approx((columns.mean() + 0.5, rows.mean() + 0.5), abs=1)


def test_apart() -> None:
    large = box(0, 0, 100, 60)[None]
    found = np.stack([box(10, 10, 20, 10), box(90, 50, 80, 80)])
    assert boxes.apart(found, large).tolist() == [False, True]
    assert boxes.apart(found, large[:0]).tolist() == [True, True]
