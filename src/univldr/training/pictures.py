"""Captioned pictures from a tar and its records, and the views that training makes of them."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from univldr.errors import CorpusError


@dataclass(frozen=True, slots=True)
class CaptionedPicture:
    """One picture, encoded, and what people said it shows."""

    id: str
    data: bytes
    captions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a view may stray from its picture.

    Attributes:
        min_area: Least share of the picture's area that a crop keeps, in (0, 1].
        max_stretch: Largest factor between the two sides of a crop; the picture itself counts as square.
        jitter: Largest relative change of brightness, contrast and saturation, in [0, 1).
        erase: Chance that a rectangle of a sixth of the view or less is painted over (Zhong et al. 2020).
    """

    min_area: float = 0.6
    max_stretch: float = 1.25
    jitter: float = 0.3
    erase: float = 0.0


def read_pictures(records: Path, archive: Path) -> list[CaptionedPicture]:
    """Pictures of a ``.jsonl`` with ``{id, image, captions}`` whose ``image`` names a member of a ``.tar``.

    Raises:
        CorpusError: a record names a picture that the archive lacks, or has no captions.
    """
    with tarfile.open(archive) as tar:
        members = {item.name: tar.extractfile(item) for item in tar.getmembers() if item.isfile()}
        data = {name: file.read() for name, file in members.items() if file is not None}
    pictures = []
    for number, line in enumerate(records.read_text(encoding="utf-8").splitlines(), start=1):
        record = json.loads(line)
        if record["image"] not in data:
            raise CorpusError(f"{records}:{number}: {archive} has no {record['image']}; repack the archive")
        if not record["captions"]:
            raise CorpusError(f"{records}:{number}: {record['id']} has no captions; leave the record out")
        pictures.append(CaptionedPicture(record["id"], data[record["image"]], tuple(record["captions"])))
    return pictures


def read_archive(archive: Path) -> list[bytes]:
    """The files of a ``.tar``, in the order of their names."""
    with tarfile.open(archive) as tar:
        members = sorted((item for item in tar if item.isfile()), key=lambda item: item.name)
        files = [tar.extractfile(item) for item in members]
        return [file.read() for file in files if file is not None]


def open_rgb(data: bytes, size: int) -> Image.Image:
    """The picture squashed to ``size`` x ``size``, as the model sees it in use."""
    with Image.open(io.BytesIO(data)) as image:
        rgb = image.convert("RGB")
    return rgb if rgb.size == (size, size) else rgb.resize((size, size), Image.Resampling.BILINEAR)


def augment(image: Image.Image, how: Augmentation, rng: np.random.Generator) -> Image.Image:
    """A random crop stretched back to the picture's size, mirrored half of the time, with colours shifted."""
    area = rng.uniform(how.min_area, 1.0)
    stretch = np.exp(rng.uniform(-1.0, 1.0) * np.log(how.max_stretch) / 2)
    width = min(1.0, float(np.sqrt(area) * stretch)) * image.width
    height = min(1.0, float(np.sqrt(area) / stretch)) * image.height
    left, top = rng.uniform(0, image.width - width), rng.uniform(0, image.height - height)
    view = image.resize(image.size, Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))
    if rng.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        view = enhancer(view).enhance(rng.uniform(1.0 - how.jitter, 1.0 + how.jitter))
    if how.erase and rng.random() < how.erase:
        view = _erased(view, rng)
    return view


def _erased(view: Image.Image, rng: np.random.Generator) -> Image.Image:
    area, stretch = rng.uniform(0.02, 1 / 6), np.exp(rng.uniform(-0.7, 0.7))
    width = round(view.width * float(np.sqrt(area) * stretch))
    height = round(view.height * float(np.sqrt(area) / stretch))
    left, top = int(rng.integers(view.width - width)), int(rng.integers(view.height - height))
    red, green, blue = (int(level) for level in rng.integers(256, size=3))
    view.paste((red, green, blue), (left, top, left + width, top + height))
    return view


def to_pixels(image: Image.Image) -> npt.NDArray[np.float32]:
    """float32 [3, H, W] in [-1, 1]: rescaled by 1 / 255, then mean 0.5 and deviation 0.5."""
    pixels = np.asarray(image, dtype=np.float32) / 127.5 - 1.0
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))
