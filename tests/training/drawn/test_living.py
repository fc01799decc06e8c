"""Drawn scenery, animals and people: what captions say is in the picture."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable

import pytest
from PIL import Image

from univldr.demo.questions import QUESTIONS
from univldr.training.drawn.animals import KINDS as ANIMALS
from univldr.training.drawn.base import Drawing, Kind, draw
from univldr.training.drawn.people import KINDS as PEOPLE
from univldr.training.drawn.scenery import KINDS as SCENERY

KINDS = (*SCENERY, *ANIMALS, *PEOPLE)
_NUMBERS = (1, 2)

_HUES: dict[str, Callable[[float, float, float], bool]] = {
    # hue in degrees, saturation and value in [0, 1]
    "red": lambda h, s, v: (h < 20 or h > 338) and s > 0.4 and v > 0.25,
    "orange": lambda h, s, v: 8 < h < 46 and s > 0.35 and v > 0.45,
    "yellow": lambda h, s, v: 34 < h < 70 and s > 0.3 and v > 0.5,
    "green": lambda h, s, v: 68 < h < 175 and s > 0.1,
    "blue": lambda h, s, v: 180 < h < 255 and s > 0.12,
    "purple": lambda h, s, v: 250 < h < 330 and s > 0.1,
    "pink": lambda h, s, v: (h > 315 or h < 12) and s > 0.12 and v > 0.45,
    "brown": lambda h, s, v: (h < 46 or h > 350) and s > 0.2 and v < 0.85,
    "grey": lambda h, s, v: s < 0.26 and 0.2 < v < 0.95,
    "black": lambda h, s, v: v < 0.36,
    "white": lambda h, s, v: s < 0.22 and v > 0.7,
}


@pytest.fixture(scope="module")
def drawings() -> dict[str, list[Drawing]]:
    return {kind.name: [draw(kind, number) for number in _NUMBERS] for kind in KINDS}


def test_names_are_distinct_and_many() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert len(SCENERY) >= 20
    assert len(ANIMALS) >= 30
    assert len(PEOPLE) >= 35


@pytest.mark.parametrize("kind", KINDS[::9], ids=lambda kind: kind.name)
def test_a_number_always_gives_the_same_drawing(kind: Kind) -> None:
    first, again = draw(kind, 3), draw(kind, 3)
    assert first.captions == again.captions
    assert first.image.tobytes() == again.image.tobytes()


def test_numbers_give_different_pictures(drawings: dict[str, list[Drawing]]) -> None:
    for name, (one, other) in drawings.items():
        assert one.image.tobytes() != other.image.tobytes(), name


def test_captions_are_some_distinct_sentences(drawings: dict[str, list[Drawing]]) -> None:
    for drawing in (d for group in drawings.values() for d in group):
        assert 4 <= len(drawing.captions) <= 6, drawing
        assert len(set(drawing.captions)) == len(drawing.captions), drawing
        for caption in drawing.captions:
            assert caption == " ".join(caption.split()), caption
            assert caption, drawing
            assert not re.search(r"\ba [aeio]|\ban [^aeiou]|[{}/]|\ban? (two|three|an?)\b", caption), caption
            assert len(caption.split()) <= 26, caption


def test_animals_are_named(drawings: dict[str, list[Drawing]]) -> None:
    odd = {
        "mouse": "mouse|mice", "wolf": "wolf|wolves", "butterfly": "butterfly|butterflies",
        "pet with a toy": "dog|cat", "two animals": "and",
    }  # fmt: skip
    for kind in ANIMALS:
        noun = kind.name.removesuffix(" face")
        for drawing in drawings[kind.name]:
            assert re.search(rf"\b({odd.get(noun, noun)})", drawing.captions[0]), drawing.captions


def test_people_are_named(drawings: dict[str, list[Drawing]]) -> None:
    for kind in PEOPLE:
        for drawing in drawings[kind.name]:
            assert re.search(
                r"\b(man|woman|boy|girl|men|women|boys|girls|children|people)\b", drawing.captions[0]
            )


def test_colours_named_are_there(drawings: dict[str, list[Drawing]]) -> None:
    for drawing in (d for group in drawings.values() for d in group):
        named = set(re.findall(r"\w+", " ".join(drawing.captions))) & _HUES.keys()
        counts = drawing.image.resize((240, 180), Image.Resampling.NEAREST).getcolors(240 * 180) or []
        seen = [
            (n, colorsys.rgb_to_hsv(*(v / 255 for v in rgb))) for n, rgb in counts if isinstance(rgb, tuple)
        ]
        for name in named:
            area = sum(n for n, (h, s, v) in seen if _HUES[name](h * 360, s, v))
            assert area > 10, (drawing.kind, name, drawing.captions)


def test_pictures_are_more_than_a_background(drawings: dict[str, list[Drawing]]) -> None:
    for drawing in (d for group in drawings.values() for d in group):
        levels = drawing.image.resize((48, 36)).convert("L").tobytes()
        assert max(levels) - min(levels) > 20, drawing.kind
        assert drawing.image.size == (480, 360)
        assert drawing.image.mode == "RGB"


def test_the_demo_stays_unseen(drawings: dict[str, list[Drawing]]) -> None:
    asked = {question.text.casefold() for question in QUESTIONS}
    for drawing in (d for group in drawings.values() for d in group):
        assert not asked & {caption.casefold() for caption in drawing.captions}, drawing.captions
