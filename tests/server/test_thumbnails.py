"""Thumbnails are small, upright, no larger than the picture, made once, and kept within bounds."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.corpus.pdf_kit import make_pdf
from tests.server.picture_kit import document, encoded, gif_bomb, gradient, png_bomb, webp_bomb, written
from univldr._pdf import page_path
from univldr.errors import ImageError, NotFoundError
from univldr.server import thumbnails
from univldr.server.files import PictureFile
from univldr.server.kept import ENTRY_BYTES, Kept
from univldr.server.pictures import Served
from univldr.server.thumbnails import thumbnail
from univldr.types import Document


def shown(picture: Document, size: int = 160) -> Image.Image:
    """The thumbnail, decoded; the folder of the picture is the index's."""
    assert isinstance(picture.image, Path)
    served = thumbnail(picture, [str(picture.image.parent)], size)
    assert served.media_type == "image/webp"
    with Image.open(io.BytesIO(served.body), formats=["WEBP"]) as image:
        image.load()
        return image


# --- what they look like ---


@pytest.mark.parametrize(
    ("asked", "side"), [(-1, 160), (1, 160), (160, 160), (161, 320), (320, 320), (321, 640), (9999, 640)]
)
def test_sizes_are_few(asked: int, side: int, tmp_path: Path) -> None:
    wide = written(tmp_path / "a.jpg", gradient(1300, 650), "JPEG")
    assert shown(wide, asked).size == (side, side // 2)


def test_the_longest_side_counts_and_nothing_vanishes(tmp_path: Path) -> None:
    assert shown(written(tmp_path / "tall.png", gradient(300, 900)), 320).size == (107, 320)
    assert shown(written(tmp_path / "line.png", gradient(2000, 1)), 160).size == (160, 1)


def test_a_small_picture_is_not_scaled_up(tmp_path: Path) -> None:
    assert shown(written(tmp_path / "a.png", gradient(20, 10)), 640).size == (20, 10)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright(orientation: int, tmp_path: Path) -> None:
    """Stored turned and mirrored in all the ways there are, the picture comes out as it was."""
    ways = Image.Transpose
    undone = {2: ways.FLIP_LEFT_RIGHT, 3: ways.ROTATE_180, 4: ways.FLIP_TOP_BOTTOM, 5: ways.TRANSPOSE}
    undone |= {6: ways.ROTATE_90, 7: ways.TRANSVERSE, 8: ways.ROTATE_270}
    picture = gradient(160, 120)
    stored = picture.transpose(undone[orientation]) if orientation in undone else picture
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = shown(written(tmp_path / "a.jpg", stored, "JPEG", exif=exif, quality=95))
    assert image.size == (160, 120)
    difference = np.abs(np.asarray(image, np.float32) - np.asarray(picture, np.float32)).mean()
    assert difference < 4


def test_nothing_else_of_the_file_goes_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    body = thumbnail(written(tmp_path / "a.jpg", gradient(), "JPEG", exif=exif), [str(tmp_path)], 160).body
    assert b"secret" not in body
    assert b"EXIF" not in body


def test_transparency_is_over_white(tmp_path: Path) -> None:
    """A black line on nothing would vanish on a dark page."""
    line = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    line.paste((0, 0, 0, 255), (0, 15, 40, 25))
    image = shown(written(tmp_path / "a.png", line))
    assert image.mode == "RGB"
    pixels = np.asarray(image)
    assert pixels[2, 2].min() > 245
    assert pixels[20, 20].max() < 10


def test_a_profile_of_colours_stays_if_it_still_fits(tmp_path: Path) -> None:
    usual = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = usual.replace("sRGB".encode("utf-16-be"), "wide".encode("utf-16-be"))
    assert wide != usual
    photo = written(tmp_path / "a.jpg", gradient(), "JPEG", icc_profile=wide)
    assert shown(photo).info["icc_profile"] == wide
    for other in (usual, wide + bytes(5000), wide[:16] + b"CMYK" + wide[20:], b"RGB "):
        assert "icc_profile" not in shown(written(tmp_path / "b.png", gradient(), icc_profile=other)).info


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_modes(mode: str, tmp_path: Path) -> None:
    picture = (
        gradient().convert("L").convert(mode) if mode in ("I;16", "I", "F") else gradient().convert(mode)
    )
    format = "TIFF" if mode not in ("RGBA", "P", "LA") else "PNG"
    assert shown(written(tmp_path / "a", picture, format)).size == (64, 48)


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (30, 30), color) for color in ("red", "blue")]
    for format in ("GIF", "WEBP"):
        moving = written(tmp_path / "a", frames[0], format, save_all=True, append_images=frames[1:])
        red, _, blue = np.asarray(shown(moving), np.int32)[15, 15]
        assert red > 200 > 60 > blue


def test_a_page(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    (tmp_path / "report.pdf").write_bytes(make_pdf(["one", ""]))
    image = shown(document(page_path(tmp_path / "report.pdf", 1)), 320)
    assert max(image.size) == 320
    assert np.asarray(image).min() < 128  # words
    assert np.asarray(shown(document(page_path(tmp_path / "report.pdf", 2)), 320)).min() > 245


# --- what cannot be shown ---


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<svg/>", b"<html>", encoded(gradient())[:-100], encoded(gradient(), "JPEG")[:300]),
        *(png_bomb(), gif_bomb(), webp_bomb()),
    ],
)
def test_broken(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(body)
    for _ in range(2):  # a failure is not kept either
        with pytest.raises(ImageError, match=r"^a: "):
            thumbnail(document(tmp_path / "a.png"), [str(tmp_path)], 160)
    written(tmp_path / "a.png", gradient())
    assert shown(document(tmp_path / "a.png")).size == (64, 48)


def test_gone(tmp_path: Path) -> None:
    """Also where its thumbnail is still kept."""
    picture = written(tmp_path / "a.png", gradient())
    shown(picture)
    (tmp_path / "a.png").unlink()
    with pytest.raises(NotFoundError, match="is gone; bring the index up to date"):
        shown(picture)


def test_what_is_kept_is_checked_again(tmp_path: Path) -> None:
    picture = written(tmp_path / "a.png", gradient())
    shown(picture)
    with pytest.raises(NotFoundError, match="outside"):
        thumbnail(picture, [str(tmp_path / "elsewhere")], 160)


# --- made once ---


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes that were made, from now on."""
    sizes: list[int] = []
    make = thumbnails._made

    def counted(file: PictureFile, side: int) -> Served:
        sizes.append(side)
        return make(file, side)

    monkeypatch.setattr(thumbnails, "_made", counted)
    return sizes


def test_made_once_for_each_size_until_the_file_changes(tmp_path: Path, made: list[int]) -> None:
    path, roots = tmp_path / "a.png", [str(tmp_path)]
    first = thumbnail(written(path, gradient(300, 300)), roots, 160)
    assert thumbnail(document(path), roots, 100) is first
    assert thumbnail(document(path), roots, 320).etag != first.etag
    assert made == [160, 320]
    written(path, gradient(300, 300).rotate(90))
    assert thumbnail(document(path), roots, 160).etag != first.etag
    assert made == [160, 320, 160]


def test_another_file_of_the_same_name_size_and_time_is_another(tmp_path: Path, made: list[int]) -> None:
    path, other = tmp_path / "a.bmp", tmp_path / "b.bmp"
    first = thumbnail(written(path, Image.new("RGB", (9, 9), "red"), "BMP"), [str(tmp_path)], 160)
    written(other, Image.new("RGB", (9, 9), "blue"), "BMP")
    status = path.stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert other.stat().st_size == status.st_size
    other.replace(path)
    assert thumbnail(document(path), [str(tmp_path)], 160).etag != first.etag


def test_pages_of_one_file_are_different(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    (tmp_path / "report.pdf").write_bytes(make_pdf(["one", "another one, much longer"]))
    etags = {
        thumbnail(document(page_path(tmp_path / "report.pdf", n)), [str(tmp_path)], 160).etag for n in (1, 2)
    }
    assert len(etags) == 2


def test_several_who_ask_at_once_wait_for_one(
    tmp_path: Path, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = written(tmp_path / "a.png", gradient())
    make, everyone = thumbnails._made, threading.Barrier(5)

    def slow(file: PictureFile, side: int) -> Served:
        time.sleep(0.1)  # the others come meanwhile
        return make(file, side)

    def ask(_: int) -> Served:
        everyone.wait(10)
        return thumbnail(picture, [str(tmp_path)], 160)

    monkeypatch.setattr(thumbnails, "_made", slow)
    with ThreadPoolExecutor(5) as pool:
        served = list(pool.map(ask, range(5)))
    assert made == [160]
    assert all(one is served[0] for one in served)


# --- what is kept ---


@dataclass
class Blob:
    """So many bytes."""

    body: bytes


def blob(size: int) -> Callable[[], Blob]:
    return lambda: Blob(bytes(size))


def never() -> Blob:
    pytest.fail("it was not kept")


def test_the_least_used_go_first_and_bytes_are_bounded() -> None:
    cache = Kept[Blob](3 * ENTRY_BYTES + 100, parallel=1)
    for name in "abc":
        cache.get(name, blob(30))
    cache.get("a", never)
    cache.get("d", blob(30))  # b goes
    for name in "cda":
        cache.get(name, never)
    assert len(cache.get("huge", blob(2 * ENTRY_BYTES + 101)).body) == 2 * ENTRY_BYTES + 101
    cache.get("a", never)
    assert len(cache.get("huge", blob(2 * ENTRY_BYTES + 100)).body) > 0  # what was too large was not kept
    assert len(cache.get("a", blob(1)).body) == 1


def test_what_fails_fails_for_all_who_wait_and_is_tried_again() -> None:
    cache = Kept[Blob](10_000, parallel=2)
    begun, go, tries = threading.Event(), threading.Event(), []

    def fails() -> Blob:
        tries.append(1)
        begun.set()
        go.wait(10)
        raise ImageError("broken")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, "a", fails)
        assert begun.wait(10)
        second = pool.submit(cache.get, "a", fails)
        while not second.running():
            time.sleep(0.001)
        time.sleep(0.05)
        go.set()
        for one in (first, second):
            with pytest.raises(ImageError, match="broken"):
                one.result(10)
    assert len(tries) == 1
    assert cache.get("a", blob(5)).body == bytes(5)


def test_few_are_made_at_a_time() -> None:
    cache = Kept[Blob](100, parallel=2)
    lock, running, most = threading.Lock(), 0, 0

    def make() -> Blob:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return Blob(b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: cache.get(key, make), range(8)))
    assert most == 2
