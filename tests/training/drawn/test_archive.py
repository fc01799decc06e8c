from __future__ import annotations

import json
from pathlib import Path

import pytest

from univldr.training.drawn import HELD_OUT, drawings, training_kinds
from univldr.training.drawn.archive import write_drawings
from univldr.training.pictures import open_rgb, read_pictures


def test_an_archive_is_a_set_of_captioned_pictures(tmp_path: Path) -> None:
    write_drawings(tmp_path, "some", 6, seed=5, size=32)
    pictures = read_pictures(tmp_path / "some.jsonl", tmp_path / "some.tar")
    assert [picture.id for picture in pictures] == [f"some-{number:06d}" for number in range(6)]
    assert all(open_rgb(picture.data, 32).size == (32, 32) for picture in pictures)
    assert all(4 <= len(picture.captions) <= 6 for picture in pictures)
    lines = (tmp_path / "some.jsonl").read_text("utf-8").splitlines()
    kinds = {json.loads(line)["kind"] for line in lines}
    assert len(kinds) == 6
    assert not kinds & HELD_OUT


def test_held_out_kinds_are_drawn_when_asked_for(tmp_path: Path) -> None:
    write_drawings(tmp_path, "held", 3, seed=5, size=32, held_out=True)
    lines = (tmp_path / "held.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["kind"] for line in lines} <= HELD_OUT


def test_what_is_complete_is_left_alone_and_the_same_seed_draws_the_same(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_drawings(tmp_path / name, "some", 3, seed=5, size=32)
    assert (tmp_path / "one/some.tar").read_bytes() == (tmp_path / "two/some.tar").read_bytes()
    (tmp_path / "one/some.tar").write_bytes(b"")
    write_drawings(tmp_path / "one", "some", 3, seed=5, size=32)
    assert not (tmp_path / "one/some.tar").read_bytes()


@pytest.mark.parametrize("seed", [1, 2])
def test_kinds_take_turns(seed: int) -> None:
    kinds = training_kinds()[:3]
    assert [drawing.kind for drawing in drawings(kinds, 6, seed)] == 2 * [kind.name for kind in kinds]
