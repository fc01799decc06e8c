"""The demo corpus: what is written, that it is the same each time, and that its questions can be answered."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from univldr.demo.corpus import passages, write_corpus
from univldr.demo.pictures import PICTURES, Picture
from univldr.demo.questions import QUESTIONS, TOUR
from univldr.types import Modality

PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(png|jpg)")
PLAIN_ID = re.compile(r"[a-z]+/[a-z0-9]+(-[a-z0-9]+)*")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_corpus(folder)
    return folder


def keys(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_writes_every_picture_and_passage(corpus: Path) -> None:
    expected = {f"pictures/{picture.name}" for picture in PICTURES}
    expected |= {passage.key for passage in passages()} | {"pictures/captions.jsonl"}
    assert keys(corpus) == expected
    assert len(PICTURES) >= 60


def test_a_second_call_touches_nothing(corpus: Path) -> None:
    before = {key: (corpus / key).stat().st_mtime_ns for key in keys(corpus)}
    write_corpus(corpus)
    assert {key: (corpus / key).stat().st_mtime_ns for key in keys(corpus)} == before


def test_a_lost_file_comes_back_the_same(corpus: Path) -> None:
    for key in ("pictures/elephant.jpg", "pictures/captions.jsonl", "notes/food/miso.md"):
        before = (corpus / key).read_bytes()
        (corpus / key).unlink()
        write_corpus(corpus)
        assert (corpus / key).read_bytes() == before


def test_captions_belong_to_some_of_the_pictures(corpus: Path) -> None:
    lines = (corpus / "pictures/captions.jsonl").read_text("utf-8").splitlines()
    captions = {row["image"]: row["caption"] for row in map(json.loads, lines)}
    assert captions == {p.name: p.caption for p in PICTURES if p.caption is not None}
    assert len(set(captions.values())) == len(captions)
    assert 0.3 < len(captions) / len(PICTURES) < 0.7


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_picture_is_the_same_each_time_and_not_flat(picture: Picture, corpus: Path) -> None:
    assert PLAIN_NAME.fullmatch(picture.name)
    drawn = picture.render()
    assert (drawn.mode, drawn.size) == ("RGB", (480, 360))
    assert max(ImageStat.Stat(drawn).stddev) > 15
    with Image.open(corpus / "pictures" / picture.name) as written:
        differences = ImageStat.Stat(ImageChops.difference(drawn, written.convert("RGB"))).mean
    assert max(differences) <= (0 if picture.name.endswith(".png") else 8)


def test_no_two_pictures_look_alike(corpus: Path) -> None:
    assert len({picture.name for picture in PICTURES}) == len(PICTURES)
    small = [Image.open(corpus / "pictures" / p.name).convert("RGB").resize((24, 18)) for p in PICTURES]
    for i, first in enumerate(small):
        for second in small[:i]:
            assert sum(ImageStat.Stat(ImageChops.difference(first, second)).mean) > 6


def test_passages_are_short_distinct_and_spread_over_topics() -> None:
    found = list(passages())
    assert len(found) >= 150
    for field in ("id", "title", "text"):
        assert len({getattr(passage, field) for passage in found}) == len(found)
    for passage in found:
        assert PLAIN_ID.fullmatch(passage.id)
        assert 25 <= len(passage.text.split()) <= 120
        assert passage.text.endswith(".")
    topics = Counter(passage.id.split("/")[0] for passage in found)
    assert len(topics) >= 12
    assert min(topics.values()) >= 5


def test_every_question_has_its_answer_in_the_corpus(corpus: Path) -> None:
    assert len(QUESTIONS) >= 24
    assert len({question.text for question in QUESTIONS}) == len(QUESTIONS)
    written = keys(corpus)
    for question in QUESTIONS:
        assert question.answers
        assert question.answers <= written
        home = "pictures/" if question.modality is Modality.IMAGE else "notes/"
        assert all(answer.startswith(home) for answer in question.answers)


def test_some_questions_are_answered_by_pixels_alone() -> None:
    bare = {f"pictures/{picture.name}" for picture in PICTURES if picture.caption is None}
    assert sum(question.answers <= bare for question in QUESTIONS) >= 8


def test_the_tour_asks_three_of_each_kind() -> None:
    assert Counter(question.modality for question in TOUR) == {Modality.IMAGE: 3, Modality.TEXT: 3}
