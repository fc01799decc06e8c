"""Pictures that are sent are bounded and judged by their bytes; those that go out are what they say."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFile

from tests.corpus.pdf_kit import make_pdf
from tests.server.picture_kit import document, encoded, gif_bomb, gradient, png_bomb, webp_bomb, written
from univldr._pdf import page_path
from univldr.errors import ForbiddenError, ImageError, NotFoundError, TooLargeError, UnivldrError
from univldr.server import pictures
from univldr.server.pictures import LONGEST_SIDE, original, read_picture
from univldr.server.settings import ServerSettings

SETTINGS = ServerSettings()
PNG = encoded(gradient())
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"


def uri(body: bytes, head: str = "data:image/png;base64,") -> str:
    return head + base64.b64encode(body).decode()


def read(text: str, settings: ServerSettings = SETTINGS, **options: Any) -> bytes:
    return asyncio.run(read_picture(text, settings, **options))


def refused(error: type[UnivldrError], text: str, settings: ServerSettings = SETTINGS) -> str:
    with pytest.raises(error) as raised:
        read(text, settings)
    message = str(raised.value)
    assert len(message) < 300
    return message


# --- data URIs ---


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP"])
def test_a_picture_in_a_data_uri(format: str) -> None:
    body = encoded(gradient(), format)
    assert read(uri(body)) == body  # what it says it is does not matter; what it is does


@pytest.mark.parametrize(
    "head",
    [
        "data:image/jpeg;base64,",
        "DATA:IMAGE/PNG;BASE64,",
        "data:image/png;charset=utf-8;name=cat.png;base64,",
    ],
)
def test_ways_to_begin(head: str) -> None:
    assert read(uri(PNG, head)) == PNG


def test_line_breaks_and_percent_encoding() -> None:
    lines = base64.encodebytes(PNG).decode()
    assert "\n" in lines.strip()
    assert read("data:image/png;base64," + lines) == PNG
    plain = base64.b64encode(PNG).decode()
    assert {"+", "/"} <= set(plain)
    escaped = plain.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert read("data:image/png;base64," + escaped) == PNG
    assert read("data:image/png;base64," + escaped.replace("%2B", "%2b").replace("%2F", "%2f")) == PNG


@pytest.mark.parametrize(
    "text",
    [
        "/etc/hostname", "file:///etc/hostname", "cat.png", "ftp://a/b.png", "", "a" * 10_000, "data:",
        "data:,hello", "data:;base64,aaaa", "data:text/html;base64,aaaa", "data:application/pdf;base64,aaaa",
        "data:image/png,%89PNG", "data:image/png;base64", "data:image/pngbase64,",
        f"data:image/png{';a=b' * 50};base64,aaaa",
    ],
)  # fmt: skip
def test_neither_a_data_uri_nor_an_address(text: str) -> None:
    assert "neither a data URI of one nor an address" in refused(ImageError, text)


@pytest.mark.parametrize(
    "payload",
    [
        base64.b64encode(PNG).decode().rstrip("=")[:-1],  # cut off
        base64.urlsafe_b64encode(b"\xfb\xff" * 30).decode(),
        base64.b64encode(b"x").decode().rstrip("="),
        base64.b64encode(b"x").decode() + "=",
        "QUJD=QUJD",
        "====",
        "QUJ€",
        "%zz%zz",
        "%51UJD",
        "<script>",
    ],
)
def test_damaged_base64(payload: str) -> None:
    assert "base64 is damaged" in refused(ImageError, "data:image/png;base64," + payload)


@pytest.mark.parametrize("body", [SVG, HTML, b"", b"%PDF-1.7", b"GIF89a", PNG[:20], b"\xff\xd8\xff" + HTML])
def test_what_is_no_picture(body: bytes) -> None:
    for head in ("data:image/png;base64,", "data:image/svg+xml;base64,"):
        refused(ImageError, uri(body, head))


def test_what_is_too_long_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ServerSettings(max_body=1024)
    text = uri(b"x" * 1024)
    fits = uri(PNG)
    monkeypatch.setattr(binascii, "a2b_base64", lambda *_, **__: pytest.fail("it was decoded"))
    assert "over the limit of 1,024" in refused(TooLargeError, text, settings)
    with pytest.raises(pytest.fail.Exception):
        read(fits)


def test_escapes_cost_no_more_than_their_text() -> None:
    text = "data:image/png;base64," + "%41" * 1_000_000
    tracemalloc.start()
    try:
        refused(ImageError, text)
        assert tracemalloc.get_traced_memory()[1] < 5 * len(text)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("bomb", [png_bomb(), gif_bomb(), webp_bomb()], ids=["png", "gif", "webp"])
def test_decompression_bombs(bomb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("it was decoded"))
    assert "3,600,000,000 pixels" in refused(ImageError, uri(bomb))


def test_pixels_are_bounded_by_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("it was decoded"))
    settings = ServerSettings(max_pixels=64 * 48 - 1)
    assert "3,072 pixels, over the limit of 3,071" in refused(ImageError, uri(PNG), settings)
    assert read(uri(PNG), ServerSettings(max_pixels=64 * 48)) == PNG


# --- addresses ---


class Fetched:
    """A fetch that gives what it is told to.

    Attributes:
        asked: What it was asked for.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.asked: list[tuple[str, int, float]] = []

    async def __call__(self, url: str, *, max_bytes: int, timeout: float) -> bytes:
        self.asked.append((url, max_bytes, timeout))
        return self._body


@pytest.mark.parametrize("url", ["http://a.example/cat.png", "HTTPS://a.example/cat.png"])
def test_no_address_is_fetched_until_told_to(url: str) -> None:
    fetch = Fetched(PNG)
    with pytest.raises(ForbiddenError, match="--allow-url"):
        read(url, fetch=fetch)
    assert fetch.asked == []
    assert read(url, ServerSettings(allow_url=True, max_body=4000, timeout=7), fetch=fetch) == PNG
    assert fetch.asked == [(url, 3000, 7)]


@pytest.mark.parametrize("body", [HTML, SVG, png_bomb(), b""])
def test_what_was_fetched_is_looked_at_too(body: bytes) -> None:
    with pytest.raises(ImageError):
        read("https://a.example/cat.png", ServerSettings(allow_url=True), fetch=Fetched(body))


# --- originals ---


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_what_browsers_show_goes_out_as_it_is(format: str, tmp_path: Path) -> None:
    """Its type is that of its bytes, whatever it is called."""
    picture = written(tmp_path / "a.html", gradient(), format)
    served = original(picture, [str(tmp_path)])
    assert served.body == encoded(gradient(), format)
    assert served.media_type == f"image/{format.lower()}"


@pytest.mark.parametrize("format", ["TIFF", "BMP", "PPM"])
def test_other_formats_go_out_as_jpeg(format: str, tmp_path: Path) -> None:
    served = original(written(tmp_path / "a.png", gradient(), format), [str(tmp_path)])
    assert served.media_type == "image/jpeg"
    with Image.open(io.BytesIO(served.body)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 48))


def test_heic_goes_out_as_jpeg(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(gradient()).save(tmp_path / "a.heic")
    served = original(document(tmp_path / "a.heic"), [str(tmp_path)])
    assert served.media_type == "image/jpeg"
    assert served.body[:3] == b"\xff\xd8\xff"


def test_a_page_goes_out_as_jpeg(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    (tmp_path / "report.pdf").write_bytes(make_pdf(["one", "two"]))
    served = original(document(page_path(tmp_path / "report.pdf", 2)), [str(tmp_path)])
    assert served.media_type == "image/jpeg"
    with Image.open(io.BytesIO(served.body)) as picture:
        assert min(picture.size) >= 1000
    with pytest.raises(ImageError, match="only 2 pages"):
        original(document(page_path(tmp_path / "report.pdf", 3)), [str(tmp_path)])
    with pytest.raises(ImageError):
        original(document(tmp_path / "report.pdf"), [str(tmp_path)])


def test_what_is_large_is_scaled_down_before_it_goes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = [str(tmp_path)]
    wide = original(written(tmp_path / "wide.tiff", Image.new("L", (LONGEST_SIDE + 100, 8)), "TIFF"), roots)
    with Image.open(io.BytesIO(wide.body)) as picture:
        assert picture.width == LONGEST_SIDE
    photo = written(tmp_path / "a.png", gradient())
    monkeypatch.setattr(pictures, "AS_IT_IS", len(PNG) - 1)
    assert original(photo, roots).media_type == "image/jpeg"
    monkeypatch.setattr(pictures, "AS_IT_IS", len(PNG))
    assert original(photo, roots).media_type == "image/png"


@pytest.mark.parametrize("body", [SVG, HTML, b"", PNG[:20], png_bomb(), b"\xff\xd8\xff" + HTML])
@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.html"])
def test_nothing_but_pictures_goes_out(body: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(ImageError, match=r"^a: "):
        original(document(tmp_path / name), [str(tmp_path)])


def test_the_etag_is_that_of_the_content(tmp_path: Path) -> None:
    roots = [str(tmp_path)]
    one = original(written(tmp_path / "a.png", gradient()), roots)
    assert one.etag == original(written(tmp_path / "b.png", gradient()), roots).etag
    assert one.etag[0] == one.etag[-1] == '"'
    assert one.etag != original(written(tmp_path / "a.png", gradient().rotate(90)), roots).etag


def test_gone(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="is gone; bring the index up to date"):
        original(document(tmp_path / "a.png"), [str(tmp_path)])
