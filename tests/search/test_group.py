"""One hit for a file, one for copies of a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.search.kit import ids, picture, searcher, text
from univldr.search.copies import are_copies, distance, steps
from univldr.search.group import file_of
from univldr.types import Document, Modality


@pytest.mark.parametrize(
    ("id_", "metadata", "expected"),
    [
        ("notes/a.md#0", {"path": "/home/notes/a.md"}, "/home/notes/a.md"),
        ("notes/a.md#12", {"path": "/home/notes/a.md"}, "/home/notes/a.md"),
        ("r.pdf#page=3", {"path": "/home/r.pdf", "page": 3}, "/home/r.pdf"),
        ("r.pdf#page=3#1", {"path": "/home/r.pdf", "page": 3}, "/home/r.pdf"),
        ("7#0", {"record": "7"}, "7"),
        ("issue#12", {}, "issue#12"),
        ("issue#12", {"path": "/topics/all"}, "issue#12"),
        ("a.md", {"path": ["/a.md"]}, "a.md"),
    ],
)
def test_the_file_of_a_document(id_: str, metadata: dict[str, object], expected: str) -> None:
    assert file_of(Document(id_, Modality.TEXT, "words", metadata=metadata)) == expected


def passages() -> list[Document]:
    long = [text(f"a.md#{n}", f"{9 - n}x y", path="/notes/a.md") for n in range(8)]
    return [*long, text("b.md#0", "x 9y", path="/notes/b.md"), picture("c.png", "x 2y", path="/notes/c.png")]


def test_a_file_is_one_hit_and_says_what_else_was_found() -> None:
    hits = searcher(passages()).search("x", k=3, lexical="off")
    assert ids(hits) == ["a.md#0", "c.png", "b.md#0"]
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert hits[0].more == tuple(f"a.md#{n}" for n in range(1, 8))
    assert searcher(passages()).search("x", k=1, lexical="off")[0].more == ()


def test_every_passage_on_its_own() -> None:
    hits = searcher(passages()).search("x", k=4, per_file=False, lexical="off")
    assert ids(hits) == ["a.md#0", "a.md#1", "a.md#2", "a.md#3"]
    assert hits[0].more == ()


def test_k_files_are_found_however_many_passages_come_before() -> None:
    crowd = [text(f"a.md#{n}", "x", path="/notes/a.md") for n in range(500)]
    others = [text(f"n{n}", f"x {n + 1}y") for n in range(5)]
    hits = searcher([*crowd, *others]).search("x", k=5, lexical="off")
    assert ids(hits) == ["a.md#0", "n0", "n1", "n2", "n3"]
    assert len(searcher([*crowd, *others]).search("x", k=50, lexical="off")) == 6


def test_pages_go_on_where_the_last_ended() -> None:
    found = searcher([text(f"n{n}", f"x {n}y") for n in range(20)])
    first, second = (found.search("x", k=5, offset=at, lexical="off") for at in (0, 5))
    assert ids(first) + ids(second) == [f"n{n}" for n in range(10)]
    assert [hit.rank for hit in second] == [6, 7, 8, 9, 10]
    assert not found.search("x", k=5, offset=20, lexical="off")


def test_copies_of_a_picture_are_folded_but_texts_and_pages_are_not() -> None:
    found = searcher(
        [
            picture("one.png", "9x y"),
            picture("two.png", "18x 2y"),
            picture("three.png", "9x 2y"),  # near, but nobody can look at it
            text("same words", "9x y"),
            picture("r.pdf#page=1", "9x y", path="/r.pdf", page=1),
        ]
    )
    hits = found.search("x", lexical="off")
    assert sorted(ids(hits)) == ["one.png", "r.pdf#page=1", "same words", "three.png"]
    [shown] = [hit for hit in hits if hit.document.id == "one.png"]
    assert shown.copies == ("two.png",)
    assert len(found.search("x", fold=False, lexical="off")) == 5


def drawn(seed: int) -> Image.Image:
    image = Image.new("RGB", (400, 300), "white")
    pencil, random = ImageDraw.Draw(image), np.random.default_rng(seed)
    for _ in range(12):
        x, y, w, h = random.integers(20, 150, 4).tolist()
        pencil.ellipse((x, y, x + w, y + h), fill=tuple(random.integers(0, 255, 3).tolist()))
    return image


def test_a_copy_is_known_by_its_look(tmp_path: Path) -> None:
    original, other = drawn(1), drawn(2)
    original.save(tmp_path / "a.png")
    original.resize((133, 100)).save(tmp_path / "small.jpg", quality=40)
    other.save(tmp_path / "b.png")
    first, small, second = (
        Document(name, Modality.IMAGE, image=tmp_path / name) for name in ("a.png", "small.jpg", "b.png")
    )
    assert are_copies(first, small, 0.85)
    assert not are_copies(first, small, 0.5)
    assert not are_copies(first, second, 0.95)
    assert are_copies(first, second, 0.9999)


def test_plain_colours_tell_nothing() -> None:
    red, blue = (steps(Image.new("RGB", (40, 30), colour)) for colour in ("red", "blue"))
    assert distance(red, blue) == 1


def test_a_group_of_a_real_path_needs_no_such_file(tmp_path: Path) -> None:
    assert file_of(
        Document("a.txt#1", Modality.TEXT, "x", metadata={"path": str(tmp_path / "a.txt")})
    ) == str(tmp_path / "a.txt")
