"""Tags: which words of a vocabulary stand out for a picture, worked out by hand where that can be done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.verbalize.kit import broken_png, png
from univldr import load_encoder
from univldr.demo.pictures import PICTURES
from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, ImageError, ModelError
from univldr.images import load_image
from univldr.types import Document, Float32Array, Query
from univldr.verbalize.base import Words
from univldr.verbalize.settings import TagSettings
from univldr.verbalize.tags import (
    MAX_LETTERS,
    MAX_WORDS,
    Directions,
    TagVerbalizer,
    builtin_vocabulary,
    read_vocabulary,
    repeats,
)

COLOURS = ("red", "green", "blue")


class ColourEncoder:
    """A picture is its mean colour, "a photo of red" is red, and any other word lies where no colour does."""

    name, dim, max_tokens, fingerprint = "colours", 20, 9, "colours-1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        self.asked += [query.text for query in queries]
        return self._unit([self._word(query.text.removeprefix("a photo of ")) for query in queries])

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        return self._unit([self._picture(document) for document in documents])

    def _word(self, word: str) -> Float32Array:
        row = np.zeros(self.dim, np.float32)
        if word in COLOURS:
            row[COLOURS.index(word)] = 1
        else:
            seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest())
            row[4:] = np.random.default_rng(seed).normal(size=self.dim - 4)
        return row

    def _picture(self, document: Document) -> Float32Array:
        assert document.image is not None
        assert not document.text
        pixels = np.asarray(load_image(document.image, name=document.id), np.float32)
        row = np.zeros(self.dim, np.float32)
        row[:3] = pixels.mean(axis=(0, 1)) / 255
        row[3] = not row.any()  # black lies where there is no word at all
        return row

    @staticmethod
    def _unit(rows: list[Float32Array]) -> Float32Array:
        stacked = np.stack(rows)
        unit: Float32Array = stacked / np.linalg.norm(stacked, axis=1, keepdims=True)
        return unit


@pytest.fixture
def tagger(tmp_path: Path) -> Callable[..., TagVerbalizer]:
    """Makes a verbalizer whose vocabulary is the three colours and what is given besides."""

    def make(*more: str, encoder: ColourEncoder | None = None, **settings: float) -> TagVerbalizer:
        path = tmp_path / "words.txt"
        path.write_text("\n".join([*COLOURS, *more]), "utf-8")
        return TagVerbalizer(TagSettings(path, **settings), lambda: encoder or ColourEncoder())  # type: ignore[arg-type]

    return make


def texts(said: list[list[Words]]) -> list[list[str]]:
    return [[words.text for words in of_one] for of_one in said]


def assert_tags(chosen: list[tuple[int, float]], expected: dict[int, float]) -> None:
    """The same words in the same order, at the same scores."""
    assert [word for word, _ in chosen] == list(expected)
    np.testing.assert_allclose([score for _, score in chosen], list(expected.values()), rtol=1e-5)


# --- the arithmetic ---


def test_a_space_in_which_every_axis_counts_as_its_variance_allows() -> None:
    """Variances 2/4 and 8/4, their mean 5/4: the axes are divided by the roots of 7/4 and 13/4."""
    words = np.array([[1, 0], [-1, 0], [0, 2], [0, -2]], np.float32)
    directions = Directions.of(words + np.float32(7))  # what all have in common does not count
    gram = [[1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [0, 0, -1, 1]]
    np.testing.assert_allclose(directions.words @ directions.words.T, gram, atol=1e-6)
    np.testing.assert_allclose(directions.axes @ directions.axes.T, np.diag([4 / 7, 4 / 13]), atol=1e-6)
    # (1, 0) scores a, -a, 0, 0: a standard deviation of a / sqrt(2)
    chosen = directions.pursue(np.array([1, 0], np.float32), among=4, count=4, threshold=1.4)
    assert_tags(chosen, {0: 2**0.5})
    assert directions.pursue(np.array([1, 0], np.float32), among=4, count=4, threshold=1.42) == []


def test_what_a_tag_explains_is_not_explained_again() -> None:
    words = np.array([[1, 0], [0.8, 0.6], [-1, 0], [-0.8, -0.6]], np.float32)
    directions = Directions(np.eye(2, dtype=np.float32), words)
    deviation = ((1 + 0.8**2) / 2) ** 0.5
    chosen = directions.pursue(np.array([1, 0], np.float32), among=4, count=4, threshold=0.5)
    assert_tags(chosen, {0: 1 / deviation})
    # (2, 1) scores 2 and 2.2; less the second's share (1.76, 1.32) it is (0.24, -0.32), of which 0.24 is left
    scores = np.array([2, 2.2, -2, -2.2])
    chosen = directions.pursue(np.array([2, 1], np.float32), among=4, count=4, threshold=0.1)
    assert_tags(chosen, {1: 2.2 / scores.std(), 0: 0.24 / scores.std()})


def test_what_is_left_makes_no_tag_of_what_the_picture_is_not() -> None:
    """(0.3, 1) less its share of (0.8, 0.6) points away from (1, 0), but its opposite was never near."""
    words = np.array([[1, 0], [0.8, 0.6], [-1, 0], [-0.8, -0.6]], np.float32)
    directions = Directions(np.eye(2, dtype=np.float32), words)
    scores = np.array([0.3, 0.84, -0.3, -0.84])
    chosen = directions.pursue(np.array([0.3, 1], np.float32), among=4, count=4, threshold=0)
    assert_tags(chosen, {1: 0.84 / scores.std()})
    chosen = directions.pursue(np.array([0.3, 1], np.float32), among=1, count=4, threshold=0)
    assert_tags(chosen, {0: 0.3 / scores.std()})  # the others are mere background


def test_repeats_are_passed_over_and_do_not_count() -> None:
    words = np.array([[1, 0], [0, 1], [0, -1], [-1, 0]], np.float32)
    directions = Directions(np.eye(2, dtype=np.float32), words)
    picture = np.array([1, 0.5], np.float32)
    assert [word for word, _ in directions.pursue(picture, among=4, count=2, threshold=0)] == [0, 1]
    chosen = directions.pursue(picture, among=4, count=2, threshold=0, repeats=lambda one, other: one == 1)
    assert [word for word, _ in chosen] == [0]


def test_a_picture_that_has_nothing_to_do_with_words() -> None:
    words = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], np.float32)
    directions = Directions.of(words)
    for picture in ([0, 0, 1], [0, 0, 0]):
        assert directions.pursue(np.array(picture, np.float32), among=4, count=4, threshold=0) == []


def test_equal_vectors_for_all_words_are_refused() -> None:
    with pytest.raises(ModelError, match="every word of the vocabulary the same vector"):
        Directions.of(np.ones((5, 3), np.float32))


# --- the verbalizer ---


def test_the_words_that_stand_out_best_first(tagger: Callable[..., TagVerbalizer]) -> None:
    said = tagger().verbalize([png("red"), png("#ff9900"), png("black"), png("blue")])
    assert texts(said) == [["red"], ["red", "green"], [], ["blue"]]
    (red,), (more, less) = said[0], said[1]
    assert red.confidence is not None
    assert more.confidence is not None
    assert less.confidence is not None
    assert 1 > red.confidence > more.confidence > less.confidence > 0.5


def test_threshold_and_count(tagger: Callable[..., TagVerbalizer]) -> None:
    orange = [png("#ff9900")]
    assert texts(tagger(count=1).verbalize(orange)) == [["red"]]
    assert texts(tagger(threshold=1000).verbalize(orange)) == [[]]


def test_neither_plurals_nor_parts_of_a_tag(tagger: Callable[..., TagVerbalizer]) -> None:
    class Synonyms(ColourEncoder):
        def _word(self, word: str) -> Float32Array:
            if word in ("reds", "dark red"):
                return super()._word("red") + super()._word(word) * np.float32(0.1)
            return super()._word(word)

    tags = tagger("reds", "dark red", encoder=Synonyms(), threshold=0).verbalize([png("red")])
    assert [text for text in texts(tags)[0] if "red" in text] == ["red"]


def test_the_same_words_whatever_the_neighbours() -> None:
    verbalizer = TagVerbalizer(TagSettings(threshold=1), HashEncoder)
    pictures = [png(colour) for colour in ("red", "white", "#123456", "black")]
    together = verbalizer.verbalize(pictures)
    assert any(together)
    assert [verbalizer.verbalize([picture])[0] for picture in pictures] == together
    assert TagVerbalizer(TagSettings(threshold=1), HashEncoder).verbalize(pictures[::-1]) == together[::-1]


def test_words_are_encoded_once_in_their_sentence(tagger: Callable[..., TagVerbalizer]) -> None:
    encoder = ColourEncoder()
    verbalizer = tagger("Dog", encoder=encoder)
    assert verbalizer.fingerprint
    assert encoder.asked == []
    verbalizer.verbalize([png("red")])
    verbalizer.verbalize([png("blue")])
    assert encoder.asked[:4] == ["a photo of red", "a photo of green", "a photo of blue", "a photo of Dog"]
    assert len(encoder.asked) == len(set(map(str.casefold, encoder.asked)))
    assert {f"a photo of {word}" for word in builtin_vocabulary()} - set(encoder.asked) == {"a photo of dog"}


def test_a_small_vocabulary_is_judged_as_a_large_one_is(tagger: Callable[..., TagVerbalizer]) -> None:
    """Among three words alone none could be four deviations from their mean."""
    assert texts(tagger().verbalize([png("green")])) == [["green"]]


def test_fingerprint(tagger: Callable[..., TagVerbalizer]) -> None:
    class Other(ColourEncoder):
        fingerprint = "colours-2"

    made = tagger()
    assert tagger(batch=3).fingerprint == made.fingerprint == tagger().fingerprint
    others = [
        tagger("dog"),
        tagger(count=3),
        tagger(threshold=3.0),
        tagger(template="{}"),
        tagger(encoder=Other()),
    ]
    assert len({made.fingerprint, *(other.fingerprint for other in others)}) == 6


def test_name_batch_and_label(tagger: Callable[..., TagVerbalizer]) -> None:
    verbalizer = tagger(batch=5)
    assert (verbalizer.name, verbalizer.batch) == ("tags", 5)
    assert "colours" in verbalizer.label
    assert "3 words above 4" in verbalizer.label


def test_broken_pictures_and_broken_models(tagger: Callable[..., TagVerbalizer], tmp_path: Path) -> None:
    class NotANumber(ColourEncoder):
        def encode_documents(self, documents: list[Document]) -> Float32Array:
            return super().encode_documents(documents) * np.float32("nan")

    with pytest.raises(ImageError, match="cannot be decoded"):
        tagger().verbalize([png("red"), broken_png()])
    with pytest.raises(ImageError, match="nowhere"):
        tagger().verbalize([tmp_path / "nowhere.png"])
    with pytest.raises(ModelError, match=r"colours: .* \[1, 20\] for 1 inputs, or not finite"):
        tagger(encoder=NotANumber()).verbalize([png("red")])


def test_mini_knows_a_black_dog_in_snow(tmp_path: Path) -> None:
    (picture,) = (picture for picture in PICTURES if "black-dog" in picture.name)
    path = tmp_path / "picture.png"
    picture.render().save(path)
    said = texts(TagVerbalizer(TagSettings(), lambda: load_encoder("mini")).verbalize([path, png("white")]))
    assert {"animal", "black", "winter"} <= set(said[0])


# --- settings and vocabularies ---


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "count is 0"),
        ({"batch": 0}, "batch is 0"),
        ({"threshold": -1.0}, r"threshold is -1\.0; .* at least 0"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"threshold": float("inf")}, "threshold is inf"),
        ({"template": "a photo"}, r'template is "a photo"; .* \{\}'),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TagSettings(**settings)  # type: ignore[arg-type]


def test_the_builtin_vocabulary() -> None:
    words = builtin_vocabulary()
    assert 600 <= len(words) <= 1000
    assert len({word.casefold() for word in words}) == len(words)
    assert {"dog", "beach", "running", "bar chart", "map", "screenshot", "Christmas tree"} <= set(words)


def test_comments_blanks_and_repeats_in_a_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff# animals\r\nDog\r\n\r\n  big \t cat \r\ndog\r\nMöwe\r\n  # birds\r\n犬".encode())
    assert read_vocabulary(path) == ["Dog", "big cat", "Möwe", "犬"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no words; write one"),
        (b"# nothing\n\n  \n", "no words; write one"),
        (b"dog\nc\xe4t\n", "line 2: not UTF-8; save"),
        ("dog\ncat\n".encode("utf-16"), "line 1: not UTF-8"),
        (b"dog\n\n" + b"x" * 10_000, f"line 3: 10,000 characters, over the limit of {MAX_LETTERS}"),
        (b"dog\ncat\0\n", "line 2: .* control characters"),
        (b"\n".join(b"w%d" % n for n in range(1_000_000)), f"line {MAX_WORDS + 1}: more than 20,000 words"),
        (b"x" * 10_000_001, "10,000,001 bytes; a vocabulary has at most 10,000,000"),
    ],
)
def test_vocabularies_that_cannot_be_used(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        TagVerbalizer(TagSettings(path), HashEncoder)
    assert str(path) in str(caught.value)


def test_a_vocabulary_that_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.txt"):
        with pytest.raises(ConfigError, match="no such vocabulary; name a text file"):
            read_vocabulary(path)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("dog", "dogs", True),
        ("Dog", "brown dogs", True),
        ("two brown dogs", "dog", True),
        ("bus", "bu", False),
        ("glass", "glas", False),
        ("red car", "red house", False),
        ("☂", "☀", False),
        ("犬", "犬", True),
    ],
)
def test_what_repeats_what(one: str, other: str, expected: bool) -> None:
    assert repeats(one, other) is expected
    assert repeats(other, one) is expected
