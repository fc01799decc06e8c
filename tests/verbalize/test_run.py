"""Words for documents: each picture is looked at once, nothing is lost, and everything is counted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.verbalize.kit import ColourVerbalizer, broken_png, picture_document, png
from univldr.errors import CorpusError, ImageError, ModelError, StoreError
from univldr.types import Document, Expansion, Modality
from univldr.verbalize.base import Words
from univldr.verbalize.cache import WordCache, digest
from univldr.verbalize.clean import MAX_LETTERS, MAX_WORDS, clean
from univldr.verbalize.run import Counts, Verbalization


@pytest.fixture
def cache(tmp_path: Path) -> WordCache:
    return WordCache(tmp_path / "words.sqlite")


def shades(count: int) -> list[Document]:
    """Pictures of as many colours; their ids are their colours."""
    colours = [f"#0000{n + 1:02x}" for n in range(count)]
    return [picture_document(colour, colour) for colour in colours]


def texts(document: Document) -> list[str]:
    return [f"{words.origin}: {words.text}" for words in document.expansions]


def counts(run: Verbalization, name: str = "caption") -> dict[str, Any]:
    """Those that are not zero, without the time."""
    return {k: v for k, v in dataclasses.asdict(run.counts[name]).items() if v and k != "seconds"}


def test_words_follow_what_is_there_in_the_order_of_the_verbalizers(cache: WordCache) -> None:
    old = Expansion("an old one", "caption")
    documents = [
        dataclasses.replace(picture_document("p", "red", "A barn"), expansions=(old,)),
        Document("t", Modality.TEXT, "red"),
        picture_document("q", "blue"),
    ]
    run = Verbalization([ColourVerbalizer("ocr"), ColourVerbalizer("tags", say=_loudly)], cache)
    first, passage, second = run.expand(documents)
    assert first.expansions == (old, Expansion("red", "ocr"), Expansion("RED!", "tags"))
    assert (first.id, first.text, first.image) == ("p", "A barn", documents[0].image)
    assert passage is documents[1]
    assert texts(second) == ["ocr: blue", "tags: BLUE!"]
    assert run.names == ("ocr", "tags")
    assert counts(run, "tags") == {"made": 2}
    assert run.counts["tags"].seconds > 0


def _loudly(colour: str) -> list[Words]:
    return [Words(colour.upper() + "!")]


def test_pictures_are_given_in_batches_and_never_again(cache: WordCache, tmp_path: Path) -> None:
    colours = ColourVerbalizer(batch=4)
    run = Verbalization([colours], cache)
    expanded = run.expand(shades(10))
    assert colours.calls == [4, 4, 2]
    assert [texts(document) for document in expanded] == [[f"caption: {d.id}"] for d in shades(10)]
    (tmp_path / "copy.png").write_bytes(png("#000003"))
    again = run.expand([*shades(11), picture_document("copy", tmp_path / "copy.png")])
    assert colours.calls == [4, 4, 2, 1]
    assert texts(again[-1]) == ["caption: #000003"]
    assert counts(run) == {"made": 11, "reused": 11}

    other = ColourVerbalizer(batch=4)
    assert Verbalization([other], cache).expand(shades(10)) == expanded
    assert other.calls == []


def test_the_same_picture_twice_in_a_batch_is_given_once(cache: WordCache) -> None:
    colours = ColourVerbalizer()
    run = Verbalization([colours], cache)
    expanded = run.expand([picture_document("a", "red"), picture_document("b", "red")])
    assert [texts(document) for document in expanded] == [["caption: red"]] * 2
    assert colours.calls == [1]
    assert counts(run) == {"made": 1, "reused": 1}


def test_another_fingerprint_is_asked_anew(cache: WordCache) -> None:
    Verbalization([ColourVerbalizer()], cache).expand(shades(3))
    new = ColourVerbalizer(fingerprint="colours-2", say=_loudly)
    assert texts(Verbalization([new], cache).expand(shades(3))[0]) == ["caption: #000001!"]
    assert new.seen == 3
    back = ColourVerbalizer()
    assert texts(Verbalization([back], cache).expand(shades(3))[0]) == ["caption: #000001"]
    assert back.seen == 0


def test_the_key_is_of_names_and_fingerprints_in_order(cache: WordCache) -> None:
    def key(*verbalizers: ColourVerbalizer) -> str:
        return Verbalization(verbalizers, cache).key

    a, b = ColourVerbalizer("caption"), ColourVerbalizer("ocr")
    keys = [key(a), key(b), key(a, b), key(b, a), key(ColourVerbalizer("caption", fingerprint="2"))]
    assert len({*keys}) == 5
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in keys)
    assert key(ColourVerbalizer("caption", batch=1)) == keys[0]
    assert key() == ""


def test_without_verbalizers_nothing_is_touched(cache: WordCache, tmp_path: Path) -> None:
    documents = [picture_document("gone", tmp_path / "gone.png"), *shades(1)]
    assert Verbalization([], cache).expand(documents) == documents
    assert not cache.path.exists()


# --- wrong pictures ---


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (broken_png(), "bad: picture: cannot be decoded"),  # its header is sound: found by the verbalizer
        (b"no picture", "bad: not a picture"),
        (b"", "bad: the file is empty"),
        (Path("/nowhere/at-all.png"), "bad: no such file"),
    ],
)
def test_one_bad_picture_among_good_ones(cache: WordCache, bad: bytes | Path, reason: str) -> None:
    documents = shades(7)
    documents.insert(2, picture_document("bad", bad))
    colours, loud = ColourVerbalizer(batch=8), ColourVerbalizer("ocr", say=_loudly)
    run = Verbalization([colours, loud], cache)
    with pytest.raises(ImageError, match=f"^{reason}"):
        run.expand(documents)

    seen = (colours.seen, loud.seen)
    good = run.expand([document for document in documents if document.id != "bad"])
    assert (colours.seen, loud.seen) == seen  # all were said and kept before the refusal
    assert texts(good[0]) == ["caption: #000001", "ocr: #000001!"]
    results = run.attempt(documents)
    assert [isinstance(result, ImageError) for result in results] == [n == 2 for n in range(8)]
    assert [result for result in results if isinstance(result, Document)] == good


def test_a_bad_picture_stands_alone_and_is_not_counted(cache: WordCache) -> None:
    documents = shades(7)
    documents.insert(5, picture_document("bad", broken_png()))
    documents.append(picture_document("bad too", broken_png()))
    colours = ColourVerbalizer(batch=8)
    run = Verbalization([colours], cache)
    results = run.attempt(documents)
    assert colours.calls == [8, 4, 4, 2, 1, 1, 2]
    assert [str(r)[:9] for r in results if isinstance(r, Exception)] == ["bad: pict", "bad too: "]
    assert counts(run) == {"made": 7}


# --- the switch of a document ---


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        (None, ["caption: red", "ocr: RED!"]),
        (False, []),
        ([], []),
        (["ocr"], ["ocr: RED!"]),
        (("ocr", "caption"), ["caption: red", "ocr: RED!"]),
        (["query", "caption"], ["caption: red"]),
    ],
)
def test_a_document_can_say_whose_words_it_wants(
    cache: WordCache, switch: object, expected: list[str]
) -> None:
    colours, loud = ColourVerbalizer(), ColourVerbalizer("ocr", say=_loudly)
    run = Verbalization([colours, loud], cache)
    [document] = run.expand([picture_document("p", "red", verbalize=switch)])
    assert texts(document) == expected
    assert colours.seen + loud.seen == len(expected)
    assert counts(run) == ({"made": 1} if "caption: red" in expected else {})


@pytest.mark.parametrize("switch", [True, "ocr", 1, ["ocr", "orc"], [1], {"ocr": False}])
def test_a_switch_that_makes_no_sense_is_refused(cache: WordCache, switch: object) -> None:
    run = Verbalization([ColourVerbalizer()], cache)
    documents = [picture_document("p", "red"), picture_document("odd", "red", verbalize=switch)]
    with pytest.raises(CorpusError, match=r'^odd: "verbalize" is .*must be false, or a list'):
        run.expand(documents)
    assert isinstance(run.attempt(documents)[1], CorpusError)
    passage = Document("t", Modality.TEXT, "words", metadata={"verbalize": switch})
    assert run.expand([passage]) == [passage]  # it speaks of pictures


# --- wrong words ---


@pytest.mark.parametrize(
    ("said", "kept", "cut", "dropped"),
    [
        ([], [], 0, 0),
        (["a  dog\r\n\ton\u2028the\xa0beach "], ["a dog on the beach"], 0, 0),
        (["\x1b[31mred\x00\x7f\x9b"], ["[31mred"], 0, 0),
        (["a\u202edog\ufeff"], ["a dog"], 0, 0),
        (["", " \n", "\ud800\udc00\udfff", "\x07"], [], 0, 4),
        (["half \ud83d a face"], ["half a face"], 0, 0),
        (["👩‍👧 fam\u00edlia می‌خواهم"], ["👩‍👧 fam\u00edlia می‌خواهم"], 0, 0),
        (["dog", "a dog", "dog ", "dog"], ["dog", "a dog"], 0, 2),
        ([" ".join(["word"] * 64)], [" ".join(["word"] * 64)], 0, 0),
        ([" ".join(map(str, range(1000)))], [" ".join(map(str, range(64)))], 1, 0),
        (["字" * 5000], ["字" * MAX_LETTERS], 1, 0),
        ([" ".join(["word"] * 70), " ".join(["word"] * 80)], [" ".join(["word"] * 64)], 1, 1),
    ],
)
def test_what_is_said_is_cleaned(said: list[str], kept: list[str], cut: int, dropped: int) -> None:
    cleaned = clean([Words(text) for text in said])
    assert cleaned == ([Words(text) for text in kept], cut, dropped)
    assert all(len(words.text.split()) <= MAX_WORDS for words in cleaned.words)


@pytest.mark.parametrize(
    ("given", "kept"), [(None, None), (0.123456, 0.1235), (1.5, 1.0), (-1.0, 0.0), (float("nan"), None)]
)
def test_confidence_is_a_share(given: float | None, kept: float | None) -> None:
    assert clean([Words("dog", given)]).words == [Words("dog", kept)]


def test_wrong_words_are_counted_and_kept_clean(cache: WordCache) -> None:
    says: dict[str, list[Words]] = {
        "red": [Words("\x00"), Words("a\nred"), Words("a red")],
        "green": [Words("no " * 1000)],
        "blue": [Words("")],
    }
    run = Verbalization([ColourVerbalizer(say=says.__getitem__)], cache)
    documents = [picture_document(colour, colour) for colour in (*says, "black")]
    expanded = run.expand(documents)
    assert [texts(document) for document in expanded] == [
        ["caption: a red"],
        [f"caption: {'no ' * 63}no"],
        [],
        [],
    ]
    assert counts(run) == {"made": 4, "empty": 2, "cut": 1, "dropped": 3}
    assert [entry.words for entry in cache.of(digest(png("red")))] == [(Words("a red"),)]
    assert [entry.words for entry in cache.of(digest(png("black")))] == [()]

    run = Verbalization([ColourVerbalizer(say=says.__getitem__)], cache)
    assert run.expand(documents) == expanded
    assert counts(run) == {"reused": 4, "empty": 2}


def test_what_a_document_says_already_is_not_said_again(cache: WordCache) -> None:
    run = Verbalization([ColourVerbalizer("caption"), ColourVerbalizer("ocr")], cache)
    [once] = run.expand([picture_document("p", "red")])
    assert texts(once) == ["caption: red"]
    assert run.expand([once]) == [once]
    assert (counts(run), counts(run, "ocr")) == (
        {"made": 1, "reused": 1, "dropped": 1},
        {"made": 1, "reused": 1, "dropped": 2},
    )


class Failing(ColourVerbalizer):
    """Fails in its third call."""

    def __init__(self, fail: Callable[[], list[list[Words]]]) -> None:
        super().__init__(batch=2)
        self._fail = fail

    def verbalize(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
        return self._fail() if len(self.calls) == 2 else super().verbalize(pictures)


def _interrupted() -> list[list[Words]]:
    raise KeyboardInterrupt


def _short() -> list[list[Words]]:
    return [[Words("only one")]]


@pytest.mark.parametrize(("fail", "error"), [(_interrupted, KeyboardInterrupt), (_short, ModelError)])
def test_what_was_said_before_a_failure_is_kept(
    cache: WordCache, fail: Callable[[], list[list[Words]]], error: type[BaseException]
) -> None:
    failing = Failing(fail)
    with pytest.raises(error, match="words of 1 pictures where 2" if error is ModelError else None):
        Verbalization([failing], cache).expand(shades(8))
    assert failing.calls == [2, 2]
    rest = ColourVerbalizer(batch=2)
    run = Verbalization([rest], cache)
    run.expand(shades(8))
    assert rest.calls == [2, 2]
    assert counts(run) == {"made": 4, "reused": 4}


def test_a_cache_that_cannot_be_used_stops_the_run_before_its_work(tmp_path: Path) -> None:
    (tmp_path / "words.sqlite").write_bytes(b"broken" * 1000)
    colours = ColourVerbalizer()
    with pytest.raises(StoreError, match="UNIVLDR_WORDS"):
        Verbalization([colours], WordCache(tmp_path / "words.sqlite")).expand(shades(2))
    assert colours.seen == 0


def test_counts_begin_at_nothing(cache: WordCache) -> None:
    assert Verbalization([ColourVerbalizer()], cache).counts == {"caption": Counts()}
