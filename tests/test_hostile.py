"""What nobody vouches for is read or refused, and does no harm: some of ``python -m benchmarks.hostile``."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from benchmarks.hostile import __main__ as hostile
from benchmarks.hostile.__main__ import Progress, inputs
from benchmarks.hostile.kinds import KINDS
from PIL import Image

from univldr import images
from univldr.corpus import open_corpus
from univldr.errors import ConfigError, CorpusError, ImageError, UnivldrError
from univldr.images import load_image
from univldr.training.recipe import read_recipe
from univldr.where import parse


@pytest.mark.parametrize("name", KINDS)
def test_hostile_inputs(name: str, tmp_path: Path) -> None:
    """Some of those that ``python -m benchmarks.hostile`` feeds; here without limits and the largest ones."""
    first = len(KINDS[name].specials())
    with KINDS[name].reader(tmp_path) as read:
        for _, data in inputs(name, seed=1, first=first, count=first + 40):
            with contextlib.suppress(UnivldrError):
                read(data)


@pytest.mark.slow
def test_hostile_inputs_in_processes_of_their_own() -> None:
    assert hostile.run(60, 0, ["recipes", "trec"]) == 0


def test_harm_is_told_from_refusal() -> None:
    def refuse(_: bytes) -> None:
        raise CorpusError("no")

    def fail(_: bytes) -> None:
        raise KeyError("oops")

    assert hostile.read_one(refuse, b"", Progress())[0].refused == 1
    harm = hostile.read_one(fail, b"", Progress())[1]  # the memory of a large test process may come behind
    assert harm.startswith("KeyError: 'oops'")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", "<!--" * 100_000),
        ("a.html", "<!--" * 100_000),
        ("a.html", "<a " * 200_000),
        ("a.html", "words <![[ and more"),
        ("a.html", "words <![[ and > more"),
        ("a.html", "words <!x <![ [1[ ]]> more"),
        ("a.toml", "a." * 50_000 + "a = 1"),
        ("a.toml", "a = " + "[" * 4_000),
        ("a.toml", "a = " + "9" * 5_000),
    ],
)
def test_what_would_take_a_parser_minutes_or_its_stack(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    if name.endswith(".toml"):
        with pytest.raises(ConfigError, match="not TOML"):
            read_recipe(tmp_path / name)
    else:
        corpus = open_corpus(tmp_path, lambda text: [text] if text else [])
        for source in corpus.scan().sources:
            corpus.read(source)


def test_a_page_that_is_never_closed_keeps_its_words(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>first <a href=x" + "<b>words </b>" * 10_000)
    corpus = open_corpus(tmp_path, lambda text: [text])
    [source] = corpus.scan().sources
    text = corpus.read(source)[0].text
    assert text.startswith("first")
    assert "words words" in text


def test_a_filter_that_is_not_unicode() -> None:
    with pytest.raises(ConfigError, match="character 6 is not Unicode"):
        parse("a = '\udcff'")


@pytest.mark.parametrize(
    ("mode", "format"), [("RGBA", "PNG"), ("LA", "PNG"), ("F", "TIFF"), ("P", "PNG"), ("I", "TIFF")]
)
def test_a_picture_in_bands_is_the_same(mode: str, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    gradient = Image.radial_gradient("L").resize((37, 53))
    options = {"transparency": 40} if mode == "P" else {}
    if mode in ("RGBA", "LA"):
        picture = gradient.convert(mode)
        picture.putalpha(gradient.rotate(90))
    else:
        picture = gradient.convert(mode)
    picture.save(stream, format, **options)
    whole = load_image(stream.getvalue())
    monkeypatch.setattr(images, "_BAND_PIXELS", 37 * 5)
    assert load_image(stream.getvalue()).tobytes() == whole.tobytes()
    assert len(set(whole.tobytes())) > 50


def test_formats_whose_decoders_need_more_have_a_lower_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (40, 30)).save(stream, "WEBP")
    monkeypatch.setitem(images.MAX_PIXELS_OF, "WEBP", 1199)
    with pytest.raises(ImageError, match="1,200 pixels, over the limit of 1,199"):
        load_image(stream.getvalue())
