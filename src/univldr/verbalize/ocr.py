"""The text inside a picture, by rapidocr: screenshots, slides, signs, scans.

Its detector and its recognizer lie in rapidocr's own wheel, and nothing is downloaded. Around them:

- A picture is first searched at a low resolution: most photos have no text, and the search is what takes the
  time. Where small letters show, it is searched again as it is, straightened and in bands, as the detector
  weighs a whole picture and misses the small print on a large empty one.
- Lines are read in the direction in which they are read with more confidence. That is surer than rapidocr's
  own classifier, which turns upright lines over; and a scan that lies on its side is read too.
- Nothing is made up: what is not read with confidence is left out, and so is a letter by itself or repeated,
  as which a stick, a wheel or a row of windows is read.
- Lines become paragraphs in reading order (:mod:`univldr.verbalize.layout`), the most prominent first.
"""

from __future__ import annotations

import functools
import importlib.metadata
import math
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from univldr._cores import cores
from univldr._optional import require
from univldr.encoders.fingerprint import fingerprint
from univldr.errors import MissingExtra, ModelError
from univldr.images import load_image
from univldr.verbalize import boxes, layout
from univldr.verbalize.base import Words
from univldr.verbalize.boxes import Boxes
from univldr.verbalize.layout import Line
from univldr.verbalize.settings import OcrSettings

MAX_THREADS = 4
"""Pictures read side by side at most."""

_FORMAT = 1
"""Of what is made here of rapidocr's answers: one more makes older words stale."""

_AT_ONCE = 800_000  # pixels that are searched together; small letters are missed among more
_ENOUGH, _ENLARGED = 300_000, 2.0  # a picture of fewer pixels is enlarged towards them, to twice at most
# Heights in pixels. The picture is searched again where a box of the first search is lower than _SMALL, its
# letters about 11; what is higher than _LARGE is not looked for again; a band overlaps its neighbours.
_SMALL, _LARGE, _OVERLAP = 17, 40, 48
# The shorter side in pixels: a picture so long that the first search would see it smaller is searched in
# bands at once, and nothing is read in a picture that is too narrow for letters.
_LEAST_LOOK, _NARROW = 360, 8
_LONGEST = 100  # of a line, in heights: a longer one is squeezed, which bounds the recognizer's memory
_SURE = 0.85  # mean confidence: below it lines are read upside down too
_TILT = math.radians(2)  # a picture that is tilted more is straightened for the second search
_SHORT, _SHORT_DOUBT = 5, 0.25  # a text of fewer letters may be in doubt only so much as another


class OcrVerbalizer:
    """Reads pictures. Its words are paragraphs, each with its mean confidence, the most prominent first."""

    name = "ocr"

    def __init__(self, settings: OcrSettings) -> None:
        """Find rapidocr and its models; they are loaded when the first picture is read.

        Raises:
            MissingExtra: rapidocr is not installed.
            ModelError: a model is not where it should be.
        """
        if find_spec("rapidocr") is None:  # importing it takes a while
            raise MissingExtra("rapidocr", "ocr", "reading the text in pictures")
        self.batch = settings.batch
        self.weight = settings.weight
        self._settings = settings
        self._models = _model("det"), _model("rec")
        self._lock = threading.Lock()

    @property
    def label(self) -> str:
        """rapidocr's version."""
        return f"rapidocr {importlib.metadata.version('rapidocr')}"

    @functools.cached_property
    def fingerprint(self) -> str:
        """Over rapidocr's version, its models and the settings."""
        made = {
            "format": _FORMAT,
            "rapidocr": importlib.metadata.version("rapidocr"),
            "min_confidence": self._settings.min_confidence,
            "max_pixels": self._settings.max_pixels,
        }
        return fingerprint(self._models, made)

    def verbalize(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
        """The text in each picture, in order; an empty list where there is none.

        Raises:
            ImageError: a picture cannot be decoded.
            ModelError: rapidocr or one of its models cannot be loaded, or fails.
        """
        with ThreadPoolExecutor(min(cores(), MAX_THREADS)) as pool:
            return list(pool.map(self._words, pictures))

    def _words(self, picture: Path | bytes) -> list[Words]:
        image = _loaded(picture, self._settings.max_pixels)
        if image is None:
            return []
        with self._lock:
            engine = self._engine
        try:
            read = [list(filter(self._is_kept, lines)) for lines in engine.read(image)]
        except Exception as error:  # rapidocr, OpenCV and onnxruntime each have their own, without a base
            name = picture if isinstance(picture, Path) else "picture"
            raise ModelError(
                f"{name}: rapidocr failed: {error}; if it does so always, reinstall it"
            ) from error
        found = [paragraph for lines in read for paragraph in layout.paragraphs(lines)]
        return [Words(layout.text(lines), layout.confidence(lines)) for lines in layout.by_prominence(found)]

    def _is_kept(self, line: Line) -> bool:
        letters = [letter for letter in line.text.casefold() if letter.isalnum()]
        doubt = 1 - self._settings.min_confidence
        if len(letters) < _SHORT:
            doubt *= _SHORT_DOUBT
        return len(set(letters)) > 1 and line.confidence >= 1 - doubt

    @functools.cached_property
    def _engine(self) -> _Engine:
        return _Engine(*self._models)


class _Engine:
    """rapidocr's detector and recognizer. Calls may come from several threads; each runs on its own."""

    def __init__(self, detector: Path, recognizer: Path) -> None:
        common = {
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.use_preprocess_img": False,
            "Global.use_vertical_padding": False,
            "Global.text_score": 0.0,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.model_path": str(detector),  # a model whose path is given is not downloaded
            "Det.limit_type": "max",
            "Det.limit_side_len": 2**31,
            "Rec.model_path": str(recognizer),
        }
        try:
            rapid = require("rapidocr", extra="ocr", purpose="reading the text in pictures").RapidOCR
            self._detector = rapid(params=common | {"Global.use_rec": False})
            self._recognizer = rapid(params=common | {"Global.use_det": False})
        except Exception as error:
            raise ModelError(f"rapidocr cannot be loaded: {error}; reinstall it") from error

    def read(self, image: Image.Image) -> Iterator[list[Line]]:
        """The lines along each axis of the picture, each in a frame in which they run to the right."""
        image, found = self._search(image)
        if not len(found):
            return
        for angle, lines in boxes.by_axis(found):
            texts, sure = self._texts(image, lines)
            if sure < _SURE:
                others, surer = self._texts(image, boxes.upside_down(lines))
                if surer > sure:
                    angle, texts = angle + math.pi, others
            yield boxes.lines(lines, angle, texts)

    def _search(self, image: Image.Image) -> tuple[Image.Image, Boxes]:
        """The boxes of the text, and the picture that they lie in: the one given or a straightened one."""
        scale = min(1.0, math.sqrt(_AT_ONCE / (image.width * image.height)))
        if scale == 1:
            return image, self._find(image)
        if min(image.size) * scale < _LEAST_LOOK:
            return image, self._find_in_bands(image)
        seen = self._find(_resized(image, scale)) / scale
        if not len(seen) or boxes.sizes(seen).min() * scale >= _SMALL:
            return image, seen
        image, seen = _straightened(image, seen)
        large = seen[boxes.sizes(seen).min(axis=1) > _LARGE]
        found = self._find_in_bands(image)
        return image, np.concatenate([large, found[boxes.apart(found, large)]])

    def _find_in_bands(self, image: Image.Image) -> Boxes:
        """From the top to the bottom; of what two bands see, the one that has its middle keeps it."""
        found = [np.zeros((0, 4, 2))]
        height = max(2 * _OVERLAP, _AT_ONCE // image.width - 2 * _OVERLAP)
        for top in range(0, image.height, height):
            start = max(0, top - _OVERLAP)
            band = image.crop((0, start, image.width, min(top + height + _OVERLAP, image.height)))
            inside = self._find(band) + np.array([0, start])
            middles = inside[:, :, 1].mean(axis=1)
            found.append(inside[(middles >= top) & (middles < top + height)])
        return np.concatenate(found)

    def _find(self, image: Image.Image) -> Boxes:
        found = self._detector(_pixels(image)).boxes
        return np.zeros((0, 4, 2)) if found is None else np.asarray(found, np.float64)

    def _texts(self, image: Image.Image, lines: Boxes) -> tuple[list[tuple[str, float]], float]:
        """The text of each line with its confidence, and the mean confidence, by the length of the text."""
        answers = [self._recognizer(_pixels(_cut(image, line))) for line in lines]
        texts = [(answer.txts[0], float(answer.scores[0])) for answer in answers]
        letters = sum(len(text) for text, _ in texts)
        return texts, sum(len(text) * score for text, score in texts) / max(letters, 1)


# --- pictures ---


def _loaded(picture: Path | bytes, max_pixels: int) -> Image.Image | None:
    """At a size at which it can be read; ``None`` where it is too narrow for any letter."""
    enough = math.isqrt(max_pixels)
    image = load_image(picture, draft=(enough, enough))
    image = _resized(image, min(1.0, math.sqrt(max_pixels / (image.width * image.height))))
    if min(image.size) < _NARROW:
        return None
    return _resized(image, min(_ENLARGED, max(1.0, math.sqrt(_ENOUGH / (image.width * image.height)))))


def _resized(image: Image.Image, scale: float) -> Image.Image:
    if scale == 1:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _straightened(image: Image.Image, seen: Boxes) -> tuple[Image.Image, Boxes]:
    """Turned so that the text runs from one side to the other."""
    angle, _ = next(boxes.by_axis(seen))
    if abs(angle) < _TILT:
        return image, seen
    if abs(angle - math.pi / 2) < _TILT:
        angle = math.pi / 2
    straight = image.rotate(math.degrees(angle), Image.Resampling.BICUBIC, expand=True)
    return straight, boxes.turned(seen, angle, image.size, straight.size)


def _cut(image: Image.Image, line: Boxes) -> Image.Image:
    """One line, so that it runs to the right."""
    width, height = (max(1, round(side)) for side in boxes.sizes(line[None])[0])
    corners = tuple(line[[0, 3, 2, 1]].ravel())
    size = min(width, _LONGEST * height), height
    return image.transform(size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)


def _pixels(image: Image.Image) -> npt.NDArray[np.uint8]:
    """uint8 [H, W, 3], blue first, as rapidocr takes arrays."""
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


# --- rapidocr ---


def _model(kind: str) -> Path:
    """The one model of a kind, ``det`` or ``rec``, that rapidocr's wheel itself brought."""
    files = importlib.metadata.files("rapidocr") or []
    found = [file for file in files if file.suffix == ".onnx" and f"_{kind}_" in file.name]
    path = Path(str(found[0].locate())) if len(found) == 1 else None
    if path is None or not path.is_file():
        raise ModelError(
            f"rapidocr {importlib.metadata.version('rapidocr')} has no {kind} model of its own, or several: "
            'pip install --force-reinstall "univldr[ocr]"'
        )
    return path
