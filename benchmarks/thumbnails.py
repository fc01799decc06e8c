"""What a thumbnail costs: the first time, again, and by how WebP is told to work.

python -m benchmarks.thumbnails [--pictures 12]    needs no data

Photos are made up, with the noise of a camera, as JPEGs of 12 megapixels and of 640 × 480; a page is of text.
One thread, as each is made by one. Page lines need pypdfium2.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image, ImageDraw

from univldr.images import load_image
from univldr.server.pictures import Served, original
from univldr.server.thumbnails import SIZES, thumbnail
from univldr.types import Document, Modality

_PHOTOS = (("4000 × 3000", (4000, 3000)), ("640 × 480", (640, 480)))
_LINES = "some forty words of what a page says, " * 3


def photos(root: Path, size: tuple[int, int], count: int) -> list[Document]:
    """JPEGs of colours that change slowly, under noise."""
    drawing = np.random.default_rng(0)
    documents = []
    for number in range(count):
        coarse = Image.fromarray(drawing.integers(0, 255, (12, 16, 3), np.uint8)).resize(size)
        noise = drawing.integers(-12, 12, (size[1], size[0], 3))
        picture = Image.fromarray((np.asarray(coarse) + noise).clip(0, 255).astype(np.uint8))
        path = root / f"{size[0]}-{number}.jpg"
        picture.save(path, quality=85)
        documents.append(Document(path.name, Modality.IMAGE, image=path))
    return documents


def pages(root: Path, count: int) -> list[Document]:
    """The pages of a PDF of pictures of text."""
    sheets = []
    for number in range(count):
        sheet = Image.new("RGB", (1240, 1754), "white")
        pen = ImageDraw.Draw(sheet)
        for line in range(60):
            pen.text((100, 100 + 25 * line), f"{number} {_LINES}", "black")
        sheets.append(sheet)
    sheets[0].save(root / "pages.pdf", save_all=True, append_images=sheets[1:])
    names = (f"pages.pdf#page={number}" for number in range(1, count + 1))
    return [Document(name, Modality.IMAGE, image=root / name) for name in names]


def speed(name: str, documents: Sequence[Document], roots: Sequence[str]) -> None:
    """A row for each size, and one for the picture itself."""
    for size in SIZES:
        _row(name, f"{size} pixels", documents, partial(thumbnail, roots=roots, size=size))
    _row(name, "whole", documents, partial(original, roots=roots))


def _row(name: str, what: str, documents: Sequence[Document], show: Callable[[Document], Served]) -> None:
    first, again, sizes = [], [], []
    for document in documents:
        served, seconds = _timed(partial(show, document))
        first.append(seconds)
        again.append(_timed(partial(show, document))[1])
        sizes.append(len(served.body))
    milliseconds = f"{1e3 * median(first):.1f} | {1e3 * median(again):.2f}"
    print(f"| {name} | {what} | {milliseconds} | {median(sizes) / 1e3:.1f} |", flush=True)


def methods(documents: Sequence[Document]) -> None:
    """Bytes and milliseconds of WebP's methods for thumbnails of 320 pixels."""
    print("\n| WebP method | encoding, ms | kB | mean error |\n|---|---|---|---|")
    for method in (0, 2, 4, 6):
        seconds, sizes, errors = [], [], []
        for document in documents:
            assert isinstance(document.image, Path)
            picture = load_image(document.image, draft=(320, 320))
            picture.thumbnail((320, 320), Image.Resampling.LANCZOS)
            stream = io.BytesIO()
            started = time.perf_counter()
            picture.save(stream, "WEBP", quality=80, method=method)
            seconds.append(time.perf_counter() - started)
            sizes.append(stream.tell())
            with Image.open(stream) as seen:
                errors.append(np.abs(np.asarray(seen, np.float32) - np.asarray(picture, np.float32)).mean())
        print(
            f"| {method} | {1e3 * median(seconds):.1f} | {median(sizes) / 1e3:.1f} | {np.mean(errors):.2f} |"
        )


def _timed(work: Callable[[], Served]) -> tuple[Served, float]:
    started = time.perf_counter()
    served = work()
    return served, time.perf_counter() - started


def main() -> None:
    """Make the pictures, then print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pictures", type=int, default=12, help="of each kind")
    count = parser.parse_args().pictures
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        made = [(name, photos(root, size, count)) for name, size in _PHOTOS]
        print("| picture | shown at | the first time, ms | again, ms | kB |\n|---|---|---|---|---|")
        for name, documents in (*made, ("a page", pages(root, count))):
            speed(name, documents, [folder])
        methods(made[0][1] + made[1][1])


if __name__ == "__main__":
    main()
