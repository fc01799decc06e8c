"""The text in pictures drawn on the spot: what is written is read, and nothing else is."""

from __future__ import annotations

import importlib.metadata
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from univldr.errors import ConfigError, ImageError, MissingExtra, ModelError
from univldr.verbalize import ocr
from univldr.verbalize.layout import Line
from univldr.verbalize.ocr import OcrVerbalizer
from univldr.verbalize.settings import OcrSettings

pytest.importorskip("rapidocr")

Placed = tuple[str, float, float, float]
"""Words, where they begin, and the size of their letters in pixels."""


def drawn(size: tuple[int, int], *words: Placed, turn: float = 0) -> bytes:
    image = Image.new("RGB", size, "white")
    for text, left, top, letters in words:
        ImageDraw.Draw(image).text((left, top), text, font=ImageFont.load_default(letters), fill="black")
    return encoded(image.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor="white"))


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


SIGN = drawn((300, 120), ("Mind the gap", 40, 40, 30))
BLANK = encoded(Image.new("RGB", (64, 64), "tan"))


@pytest.fixture(scope="module")
def reader() -> Iterator[OcrVerbalizer]:
    """One for all tests, its models loaded while nothing can be downloaded."""
    from rapidocr.utils.download_file import DownloadFile

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("rapidocr would download something")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DownloadFile, "run", refuse)
        verbalizer = OcrVerbalizer(OcrSettings())
        verbalizer.verbalize([SIGN])
        yield verbalizer


def read(reader: OcrVerbalizer, picture: bytes | Path) -> list[str]:
    (words,) = reader.verbalize([picture])
    return [text.text for text in words]


def test_words_come_with_confidence_in_the_order_of_the_pictures(
    reader: OcrVerbalizer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sign.jpg"
    path.write_bytes(encoded(Image.open(io.BytesIO(SIGN)), "JPEG", quality=90))
    first, second, third = reader.verbalize([SIGN, BLANK, path])
    assert [words.text for words in first] == [words.text for words in third] == ["Mind the gap"]
    assert second == []
    assert first[0].confidence is not None
    assert 0.9 < first[0].confidence <= 1
    assert reader.verbalize([]) == []
    assert capfd.readouterr() == ("", "")


def test_columns_are_read_one_by_one_the_headline_first(reader: OcrVerbalizer) -> None:
    left = [
        (text, 20, 100 + 30 * n, 20) for n, text in enumerate(("Cranes arrive in May", "The pier is ready"))
    ]
    right = [
        (text, 380, 100 + 30 * n, 20)
        for n, text in enumerate(("Steel costs rose again", "Ask for more time"))
    ]
    picture = drawn((640, 260), *left, *right, ("Harbour renewal", 20, 20, 44))
    assert read(reader, picture) == [
        "Harbour renewal",
        "Cranes arrive in May The pier is ready",
        "Steel costs rose again Ask for more time",
    ]


@pytest.mark.parametrize("turn", [90, 180, 20])
def test_turned_pictures_are_read_from_the_beginning(reader: OcrVerbalizer, turn: float) -> None:
    picture = drawn(
        (400, 160), ("The ferry leaves at", 30, 30, 30), ("half past nine", 30, 75, 30), turn=turn
    )
    assert read(reader, picture) == ["The ferry leaves at half past nine"]


def test_an_upright_line_stays_upright(reader: OcrVerbalizer) -> None:
    """Words that rapidocr's own classifier has been seen to turn over."""
    picture = drawn((160, 80), ("Closed", 20, 10, 12), ("EXIT", 20, 40, 12))
    assert read(reader, picture) == ["Closed EXIT"]


def test_small_print_is_searched_again(reader: OcrVerbalizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture as large as the first search is not searched twice, so that search is made smaller here."""
    for name, value in {"_AT_ONCE": 50_000, "_LEAST_LOOK": 100, "_ENOUGH": 0}.items():
        monkeypatch.setattr(ocr, name, value)
    lines = [
        (text, 120, 90 + 24 * n, 16) for n, text in enumerate(("The north pier", "is ready", "in summer"))
    ]
    find_in_bands = Mock(side_effect=reader._engine._find_in_bands)
    monkeypatch.setattr(reader._engine, "_find_in_bands", find_in_bands)
    small = drawn((440, 300), *lines, ("HARBOUR", 60, 10, 60), turn=5)
    assert read(reader, small) == ["HARBOUR", "The north pier is ready in summer"]
    find_in_bands.assert_called_once()


def test_bands_meet_without_a_gap_or_a_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that finds black marks: each is found once, wherever the bands meet."""
    marks = [0, 90, 180, 185, 287, 296, 390]
    image = Image.new("RGB", (1000, 400), "white")
    for top in marks:
        image.paste("black", (100, top, 140, top + 4))
    monkeypatch.setattr(ocr, "_AT_ONCE", 196_000)

    def find(band: Image.Image) -> Any:
        dark = np.asarray(band.convert("L"))[:, 120] < 128
        tops = np.flatnonzero(dark & ~np.roll(dark, 1))
        return np.array([[[100, y], [140, y], [140, y + 4], [100, y + 4]] for y in tops], float).reshape(
            -1, 4, 2
        )

    engine = SimpleNamespace(_find=find)
    found = ocr._Engine._find_in_bands(engine, image)  # type: ignore[arg-type]
    assert found[:, 0, 1].tolist() == marks


def test_nothing_is_made_up(reader: OcrVerbalizer) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    stripes = np.repeat((np.arange(320) // 12 % 2 * 255).astype(np.uint8)[None], 240, axis=0)
    wheels = Image.new("RGB", (320, 240), "skyblue")
    for left in (30, 180):
        ImageDraw.Draw(wheels).ellipse((left, 80, left + 100, 180), outline="black", width=9)
    pictures = [Image.fromarray(noise), Image.fromarray(stripes), Image.radial_gradient("L"), wheels]
    assert reader.verbalize([encoded(picture) for picture in pictures]) == [[]] * 4


@pytest.mark.parametrize(
    ("text", "confidence", "kept"),
    [
        ("Mind the gap", 0.8, True),
        ("Mind the gap", 0.79, False),
        ("42", 0.96, True),
        ("42", 0.9, False),
        ("A", 1.0, False),
        ("lllll", 1.0, False),
        ("- . -", 1.0, False),
        ("", 1.0, False),
        ("山", 1.0, False),
        ("出口", 0.99, True),
    ],
)
def test_what_is_kept(text: str, confidence: float, kept: bool) -> None:
    assert OcrVerbalizer(OcrSettings())._is_kept(Line(text, confidence, 0, 0, 9, 9)) == kept


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (7, 40), (3000, 9)])
def test_pictures_too_narrow_for_words(reader: OcrVerbalizer, size: tuple[int, int]) -> None:
    assert read(reader, encoded(Image.new("RGB", size))) == []


def test_a_huge_picture_is_scaled_down(reader: OcrVerbalizer) -> None:
    small = OcrVerbalizer(OcrSettings(max_pixels=100_000))
    small.__dict__["_engine"] = reader._engine
    assert read(small, drawn((3000, 1200), ("Mind the gap", 400, 400, 300))) == ["Mind the gap"]


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (b"no picture", "not a picture"),
        (SIGN[: len(SIGN) // 2], "cannot be decoded"),
        (b"", "the file is empty"),
        (Path("nowhere.png"), r"nowhere\.png: no such file"),
    ],
)
def test_what_is_no_picture(reader: OcrVerbalizer, picture: bytes | Path, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        reader.verbalize([BLANK, picture])


def test_a_failure_names_the_picture(
    reader: OcrVerbalizer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(pixels: object) -> object:
        raise RuntimeError("bad allocation")

    monkeypatch.setattr(reader._engine, "_detector", fail)
    path = tmp_path / "sign.png"
    path.write_bytes(SIGN)
    with pytest.raises(ModelError, match=re.escape(f"{path}: rapidocr failed: bad allocation")):
        reader.verbalize([path])


def test_a_broken_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = OcrVerbalizer(OcrSettings())
    (tmp_path / "det.onnx").write_bytes(b"not a model")
    broken._models = tmp_path / "det.onnx", tmp_path / "rec.onnx"
    with pytest.raises(ModelError, match=r"rapidocr failed: .*det\.onnx"):
        broken.verbalize([SIGN])


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(
        MissingExtra, match=r'reading the text in pictures needs rapidocr: pip install "univldr\[ocr\]"'
    ):
        OcrVerbalizer(OcrSettings())


def test_without_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "files", lambda name: [])
    with pytest.raises(ModelError, match=r"has no det model of its own"):
        OcrVerbalizer(OcrSettings())


def test_the_fingerprint_is_cheap_and_tells_what_matters() -> None:
    code = (
        "import sys\n"
        "from univldr.verbalize.ocr import OcrVerbalizer\n"
        "from univldr.verbalize.settings import OcrSettings\n"
        "print(OcrVerbalizer(OcrSettings(batch=3)).fingerprint)\n"
        "assert not {'cv2', 'torch', 'transformers', 'omegaconf'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    same, sure, large = (
        OcrVerbalizer(settings).fingerprint
        for settings in (OcrSettings(), OcrSettings(min_confidence=0.9), OcrSettings(max_pixels=10_000))
    )
    assert done.stdout.strip() == same
    assert len({same, sure, large}) == 3


@pytest.mark.parametrize("wrong", [{"min_confidence": 1.5}, {"max_pixels": 10}, {"batch": 0}])
def test_settings_that_make_no_sense(wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ConfigError, match=f"{name} is {value}"):
        OcrSettings(**wrong)
