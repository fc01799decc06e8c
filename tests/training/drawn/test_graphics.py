"""Things, vehicles, shapes, charts, diagrams, flags, signs and maps: drawn as their captions say."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from univldr.canvas import Canvas
from univldr.demo.pictures import PICTURES
from univldr.demo.questions import QUESTIONS
from univldr.training.drawn import (
    HELD_OUT,
    KINDS,
    Drawing,
    Kind,
    arranged,
    buildings,
    charts,
    diagrams,
    draw,
    drawings,
    flags,
    held_out_kinds,
    maps,
    shapes,
    signs,
    things,
    training_kinds,
    vehicles,
)
from univldr.training.drawn.cloth import lay
from univldr.training.drawn.food import FOOD
from univldr.training.drawn.nations import NATIONS
from univldr.training.drawn.palette import COLOURS, NUMBERS, a, counted, listed
from univldr.training.drawn.shapes import OUTLINES, STRONG, plural
from univldr.training.drawn.sheets import TOPICS

FAMILIES = (things, arranged, buildings, vehicles, shapes, charts, diagrams, flags, signs, maps)
OURS = tuple(kind for family in FAMILIES for kind in family.KINDS)


def named(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


def spots(image: Image.Image) -> int:
    """How many separate areas differ from the colour of the upper left corner, row by row."""
    pixels = np.asarray(image.resize((240, 180), Image.Resampling.NEAREST), dtype=np.int16)
    inked = np.abs(pixels - pixels[:, :1]).sum(axis=2) > 60
    count = 0
    while inked.any():
        count += 1
        todo = [tuple(np.argwhere(inked)[0])]
        while todo:
            y, x = todo.pop()
            if 0 <= y < 180 and 0 <= x < 240 and inked[y, x]:
                inked[y, x] = False
                todo += [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return count


def near(image: Image.Image, at: tuple[int, int], colour: str) -> bool:
    pixel = image.getpixel(at)
    assert isinstance(pixel, tuple)
    return sum(abs(p - q) for p, q in zip(pixel, COLOURS[colour], strict=True)) < 60


def test_names_are_unique_and_families_are_large_enough() -> None:
    assert max(Counter(kind.name for kind in KINDS).values()) == 1
    least = {things: 45, vehicles: 15, shapes: 20, charts: 14, diagrams: 10, flags: 12, signs: 16, maps: 7}
    for family, count in least.items():
        assert len(family.KINDS) >= count, family


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.name)
def test_each_kind_draws_something_and_says_it_in_several_ways(kind: Kind) -> None:
    drawing = draw(kind, 1)
    assert drawing.image.size == (480, 360)
    assert drawing.image.mode == "RGB"
    assert np.ptp(np.asarray(drawing.image), axis=(0, 1)).sum() > 60
    assert 4 <= len(drawing.captions) <= 6
    assert len(set(drawing.captions)) == len(drawing.captions)
    for caption in drawing.captions:
        assert 2 <= len(caption.split()) <= 26
        assert "  " not in caption
        assert not re.search(r"\ba (?!one\b)[aeio]\w|\ban [bcdfgjklmnpqrstvwxyz]\w", caption), caption


def test_the_same_number_draws_the_same_picture_and_another_number_another() -> None:
    for kind in OURS[::11]:
        first, again, other = draw(kind, 5), draw(kind, 5), draw(kind, 6)
        assert first.captions == again.captions
        assert first.image.tobytes() == again.image.tobytes()
        assert first.image.tobytes() != other.image.tobytes()


def test_as_many_shapes_are_drawn_as_are_counted() -> None:
    seen = set()
    for number in range(12):
        drawing = draw(named("diamond"), number)
        if "outline" in drawing.captions[2]:
            continue
        word = drawing.captions[1].split()[0]
        count = 1 if word == "a" else NUMBERS.index(word)
        assert spots(drawing.image) == count, drawing.captions
        seen.add(count)
    assert len(seen) >= 3


def test_a_shape_is_left_right_above_or_below_as_said() -> None:
    ways = set()
    for number in range(16):
        drawing = draw(named("shapes beside each other"), number)
        match = re.match(
            r"an? (\w+) .* (above|left of) an? (\w+)", drawing.captions[0].replace("to the left", "left")
        )
        assert match
        first, way, second = match.groups()
        ends = ((240, 100), (240, 270)) if way == "above" else ((110, 180), (340, 180))
        if {"crescent moon", "half circle"} & set(
            re.findall("crescent moon|half circle", drawing.captions[0])
        ):
            continue  # hollow where the others are filled
        assert near(drawing.image, ends[0], first), drawing.captions
        assert near(drawing.image, ends[1], second), drawing.captions
        ways.add(way)
    assert ways == {"above", "left of"}


def test_the_bar_said_to_be_highest_reaches_highest() -> None:
    for number in range(12):
        drawing = draw(named("horizontal bar chart"), number)
        match = re.search(r"with (.+) highest and (.+) lowest", drawing.captions[0])
        assert match
        labels = next(labels for topic, labels in TOPICS if f" {topic} " in drawing.captions[0])
        count = NUMBERS.index(drawing.captions[3].split()[3])
        pixels = np.asarray(drawing.image, dtype=np.int16)
        rows = [round(60 + 270 / count * (i + 0.2)) + 4 for i in range(count)]
        ink = pixels[rows[0], 100]
        lengths = [int((np.abs(pixels[row, 95:] - ink).sum(axis=1) < 12).sum()) for row in rows]
        assert labels[int(np.argmax(lengths))] == match.group(1), (lengths, drawing.captions)
        assert labels[int(np.argmin(lengths))] == match.group(2), (lengths, drawing.captions)


@pytest.mark.parametrize("kind", ["pie chart", "ring chart"])
def test_the_largest_share_of_a_circle_has_the_colour_said(kind: str) -> None:
    for number in range(10):
        drawing = draw(named(kind), number)
        match = re.search(r"the (\w+) (?:one|part) is largest", drawing.captions[3])
        assert match
        middle = 240 if drawing.image.getpixel((300, 250)) != drawing.image.getpixel((468, 350)) else 165
        around = [
            drawing.image.getpixel((round(middle + 112 * np.cos(t)), round(198 + 112 * np.sin(t))))
            for t in np.linspace(0, 2 * np.pi, 200)
        ]
        tone, _ = Counter(around).most_common(1)[0]
        assert isinstance(tone, tuple)
        soft = {name: [shade + (255 - shade) * 0.25 for shade in colour] for name, colour in COLOURS.items()}
        distance = {
            name: min(
                sum(abs(p - q) for p, q in zip(tone, option, strict=True))
                for option in (COLOURS[name], soft[name])
            )
            for name in COLOURS
        }
        assert distance[match.group(1)] <= 45, (tone, distance, drawing.captions)


def test_a_flag_is_laid_as_described() -> None:
    canvas = Canvas("flag", oversampling=1)
    lay(canvas, ("h red white*2 red", "disc blue 150 100 30"))
    image = canvas.finish()
    assert image.getpixel((20, 25)) == image.getpixel((20, 190))
    assert image.getpixel((20, 60)) == (250, 250, 250)
    assert image.getpixel((150, 100)) == (14, 56, 150)


def test_the_demo_s_flags_are_left_to_the_demo() -> None:
    told = {country for nations in NATIONS.values() for country, _, _ in nations}
    assert len(told) >= 60
    demo = ("Japan", "Sweden", "Italy", "Switzerland", "Jamaica", "Canada", "Vietnam", "Estonia")
    assert told.isdisjoint(demo)
    for number in range(60):
        assert "red circle on white on" not in draw(named("flag with a circle"), number).captions[0]


def test_one_kind_in_eight_is_held_out_in_every_family() -> None:
    names = {kind.name for kind in KINDS}
    assert names >= HELD_OUT
    assert 1 / 12 < len(HELD_OUT) / len(KINDS) < 1 / 6
    assert {kind.name for kind in held_out_kinds()} == HELD_OUT
    assert {kind.name for kind in training_kinds()} == names - HELD_OUT
    for family in FAMILIES:
        assert any(kind.name in HELD_OUT for kind in family.KINDS), family
    assert {partner.many for partner in things.PARTNERS}.isdisjoint(HELD_OUT)


def test_held_out_things_never_stand_beside_others_in_training() -> None:
    out = {thing.name for thing in (*FOOD, *things.THINGS) if thing.many in HELD_OUT}
    for number in range(8):
        for kind in things.KINDS:
            if kind.name not in HELD_OUT:
                told = " ".join(draw(kind, number).captions)
                assert not any(re.search(rf"\b{name}\b", told) for name in out), told


def test_no_caption_is_the_demo_s() -> None:
    def plain(words: str) -> str:
        return " ".join(re.findall(r"\w+", words.lower()))

    sentences = [picture.caption or picture.name for picture in PICTURES] + [q.text for q in QUESTIONS]
    tested = {plain(sentence) for sentence in sentences}
    told = {plain(caption) for drawing in drawings(OURS, 2 * len(OURS), 7) for caption in drawing.captions}
    assert tested.isdisjoint(told)


def summary(drawing: Drawing) -> tuple[str, tuple[str, ...]]:
    return drawing.kind, drawing.captions


def test_drawings_go_round_the_kinds_evenly_and_are_reproducible() -> None:
    kinds = signs.KINDS[:4]
    made = list(drawings(kinds, 10, seed=3))
    assert Counter(d.kind for d in made) == {
        kinds[0].name: 3,
        kinds[1].name: 3,
        kinds[2].name: 2,
        kinds[3].name: 2,
    }
    assert [summary(d) for d in made] == [summary(d) for d in drawings(kinds, 10, seed=3)]
    assert [summary(d) for d in made] != [summary(d) for d in drawings(kinds, 10, seed=4)]
    assert [summary(d) for d in islice(drawings(kinds, 1000, seed=3), 10)] == [summary(d) for d in made]


def test_words() -> None:
    assert a("orange") == "an orange"
    assert a("umbrella") == "an umbrella"
    assert a("red egg") == "a red egg"
    assert counted(1, "egg", "eggs") == "an egg"
    assert counted(3, "egg", "eggs", "red") == "three red eggs"
    assert listed(["one", "two", "three"]) == "one, two and three"
    assert plural("cross") == "crosses"
    assert set(STRONG) <= set(COLOURS)
    assert all(len(outline(0, 0, 1)) >= 3 for outline in OUTLINES.values())
