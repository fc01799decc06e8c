"""Tags: the words of a vocabulary that the encoder itself places near a picture.

Cosines alone do not say which words belong to a picture: some words are near every picture, whole families
of words share most of their direction, and in many models everything written lies apart from everything
seen. So a word is read against all the others, a background that needs nobody's pictures:

1. Every word, in a sentence (``template``), becomes a vector. From the vectors' mean and covariance comes a
   space where what the words have in common counts for little: the mean is taken off, each principal axis
   is divided by ``sqrt(its variance + the mean variance)``, and rows are made unit length. There a word's
   direction is that of a linear discriminant against all the others (Hariharan, Malik & Ramanan,
   *Discriminative decorrelation for clustering and classification*, ECCV 2012), here from text alone.
2. A picture's score for a word is its product with that direction, less the mean of its products with all
   words, over their standard deviation. So the unit of ``threshold`` is one *standard deviation of a
   picture's scores over the whole vocabulary*, whatever the model. Were the scores normally distributed, 4
   would give one picture in thirty a tag by chance.
3. The best word is taken, its share is taken out of the picture, and what is left is scored again in the
   same unit (matching pursuit: Mallat & Zhang, 1993); a word keeps the lowest score it ever had. After "white
   dog" there is little left for "puppy" or "white shirt" to explain. A word that repeats a tag, in the
   plural or as a part of it, is passed over.

The background is the vocabulary and the list that comes with univldr together, so that a vocabulary of three
words is judged as strictly as one of a thousand. A picture's tags do not depend on its neighbours, unless
its vector does already (quantized picture graphs, see :class:`univldr.encoders.onnx.OnnxEncoder`).

Tags tell their encoder nothing that its vectors of the pictures do not hold, and joined to these they blur
them: on Flickr8k dev they cost ``mini`` a fifth of its nDCG@10 on bare pictures and a fortieth on captioned
ones. They are for those who read words: BM25, people, or another encoder (benchmarks/LOG.md).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import numpy as np

from univldr.encoders.fingerprint import fingerprint
from univldr.errors import ConfigError, ModelError
from univldr.types import Document, Encoder, Float32Array, Modality, Query
from univldr.verbalize.base import Words
from univldr.verbalize.settings import TagSettings

MAX_WORDS = 20_000
"""Most words of a vocabulary; one picture is compared with all of them, and their vectors stay in memory."""

MAX_LETTERS = 100
"""Longest word or phrase, in characters."""

MAX_BYTES = 10_000_000
"""Largest vocabulary file."""

METHOD = 1
"""Part of the fingerprint; another number whenever the same settings would give other tags."""

# The share of right tags by score, a logistic curve: where it is a half, and how steep it is there. Fitted to
# mini's tags for half of Flickr8k's dev pictures; right is what a human caption says too (benchmarks/LOG.md).
_EVEN, _STEEPNESS = 4.7, 0.7

# Smaller differences than this share of a vector are rounding.
_ROUNDING = 1e-6


class TagVerbalizer:
    """The verbalizer ``tags``."""

    name = "tags"

    def __init__(self, settings: TagSettings, encoder: Callable[[], Encoder]) -> None:
        """Read the vocabulary; the encoder is asked for, and the words are encoded, when first needed.

        Raises:
            ConfigError: the vocabulary is missing, empty, too large, or not a list of words.
        """
        self._settings = settings
        self._load = encoder
        own = builtin_vocabulary()
        self.vocabulary = read_vocabulary(settings.vocabulary) if settings.vocabulary else own
        given = set(map(_key, self.vocabulary))
        self._background = [word for word in own if _key(word) not in given]

    @property
    def weight(self) -> float:
        """See ``Verbalizer.weight``."""
        return self._settings.weight

    @property
    def batch(self) -> int:
        """How many pictures it likes to be given at once."""
        return self._settings.batch

    @cached_property
    def fingerprint(self) -> str:
        """Over the words, the settings, the encoder and the method."""
        settings = self._settings
        return fingerprint(
            [],
            {
                "method": METHOD,
                "words": [self.vocabulary, self._background],
                "settings": [settings.count, settings.threshold, settings.template],
                "encoder": self._encoder.fingerprint,
            },
        )

    @property
    def label(self) -> str:
        """Encoder and settings in words."""
        where = self._settings.vocabulary or "univldr's vocabulary"
        return (
            f"{self._encoder.name}, {where}, {len(self.vocabulary)} words above {self._settings.threshold:g}"
        )

    def verbalize(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
        """One text for each tag, the best first; none where no word stands out.

        A confidence is the share of tags with that score that were right where it was measured; for another
        model or other pictures it is a guide.

        Raises:
            ImageError: a picture cannot be decoded.
            ModelError: the encoder gives vectors of the wrong shape, or all the same.
        """
        rows = self._encoded(
            self._encoder.encode_documents(
                [Document(_label(picture), Modality.IMAGE, image=picture) for picture in pictures]
            ),
            len(pictures),
        )
        return [
            [Words(self.vocabulary[word], _confidence(score)) for word, score in self._tags(row)]
            for row in rows
        ]

    @cached_property
    def _encoder(self) -> Encoder:
        return self._load()

    @cached_property
    def _directions(self) -> Directions:
        words = self.vocabulary + self._background
        queries = [Query(self._settings.template.replace("{}", word)) for word in words]
        return Directions.of(self._encoded(self._encoder.encode_queries(queries), len(words)))

    def _encoded(self, rows: Float32Array, count: int) -> Float32Array:
        if rows.shape != (count, self._encoder.dim) or not np.isfinite(rows).all():
            raise ModelError(
                f"{self._encoder.name}: vectors of shape {list(rows.shape)} for {count} inputs, or not "
                f"finite; they should be [{count}, {self._encoder.dim}]: is the model broken?"
            )
        return rows

    def _tags(self, picture: Float32Array) -> list[tuple[int, float]]:
        return self._directions.pursue(
            picture,
            among=len(self.vocabulary),
            count=self._settings.count,
            threshold=self._settings.threshold,
            repeats=lambda one, other: repeats(self.vocabulary[one], self.vocabulary[other]),
        )


@dataclass(frozen=True, slots=True)
class Directions:
    """Where the words lie once what they have in common counts for little.

    Attributes:
        axes: float32 [dim, dim], from the encoder's space to this one.
        words: float32 [n, dim], unit rows; zeros for a word that is the mean of all.
    """

    axes: Float32Array
    words: Float32Array

    @classmethod
    def of(cls, vectors: Float32Array) -> Directions:
        """From the words' vectors, float32 [n, dim].

        Raises:
            ModelError: all vectors are the same.
        """
        centred = vectors - vectors.mean(axis=0, dtype=np.float64)
        variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
        shrunk = variances + variances.mean()
        if shrunk.max() <= _ROUNDING**2:
            raise ModelError("the model gives every word of the vocabulary the same vector: is it broken?")
        axes /= np.sqrt(shrunk)
        words = centred @ axes
        lengths = np.linalg.norm(words, axis=1, keepdims=True)
        words = np.divide(words, lengths, out=np.zeros_like(words), where=lengths > _ROUNDING * lengths.max())
        return cls(axes.astype(np.float32), words.astype(np.float32))

    def pursue(
        self,
        picture: Float32Array,
        *,
        among: int,
        count: int,
        threshold: float,
        repeats: Callable[[int, int], bool] = lambda one, other: False,
    ) -> list[tuple[int, float]]:
        """The words that explain a picture, and their scores, the best first.

        Args:
            picture: float32 [dim], as the encoder gave it.
            among: Only the first of the words can be chosen; the others are background.
            count: Most words.
            threshold: A score must exceed it.
            repeats: Whether one word says what another, chosen already, does.
        """
        left = picture @ self.axes
        products = self.words @ left
        mean, deviation = products.mean(), products.std()
        if deviation <= _ROUNDING * np.linalg.norm(left):  # it has nothing in common with any word
            return []
        scores = (products - mean) / deviation
        scores[among:] = -np.inf
        chosen: list[tuple[int, float]] = []
        while len(chosen) < count:
            best = int(scores.argmax())
            score = float(scores[best])
            if score <= threshold:
                break
            scores[best] = -np.inf
            if any(repeats(best, word) for word, _ in chosen):
                continue
            chosen.append((best, score))
            left = left - (self.words[best] @ left) * self.words[best]
            scores = np.minimum(scores, (self.words @ left - mean) / deviation)
        return chosen


def builtin_vocabulary() -> list[str]:
    """The list that comes with univldr: things, people, places, what they do, and kinds of documents."""
    return _words(files("univldr.verbalize").joinpath("vocabulary.txt").read_bytes(), "vocabulary.txt")


def read_vocabulary(path: Path) -> list[str]:
    """The words of a file, in order, each once: one a line, UTF-8; lines that begin with # are comments.

    Raises:
        ConfigError: no such file, or it is empty, too large, or not a list of words; names the line.
    """
    path = path.expanduser()
    try:
        if not path.is_file():
            raise ConfigError(f"{path}: no such vocabulary; name a text file with a word or phrase a line")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise ConfigError(f"{path}: {size:,} bytes; a vocabulary has at most {MAX_BYTES:,}: shorten it")
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    return _words(data, str(path))


def repeats(one: str, other: str) -> bool:
    """Whether all words of one are in the other, plural or not: ``dog`` in ``dogs`` and in ``brown dogs``."""
    first, second = _stems(one), _stems(other)
    return first <= second or second <= first


def _words(data: bytes, where: str) -> list[str]:
    words: dict[str, str] = {}
    for number, line in enumerate(_text(data, where).splitlines(), start=1):
        word = " ".join(line.split())
        if not word or word.startswith("#"):
            continue
        place = f"{where} line {number}"
        if len(word) > MAX_LETTERS:
            raise ConfigError(
                f"{place}: {len(word):,} characters, over the limit of {MAX_LETTERS}; one word a line"
            )
        if not word.isprintable():
            raise ConfigError(f"{place}: {word!r} has control characters; is this a text file?")
        words.setdefault(_key(word), word)
        if len(words) > MAX_WORDS:
            raise ConfigError(f"{place}: more than {MAX_WORDS:,} words; keep those that pictures may show")
    if not words:
        raise ConfigError(f"{where}: no words; write one word or phrase a line")
    return list(words.values())


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{where} line {line}: not UTF-8; save the file as UTF-8") from error


def _key(word: str) -> str:
    return word.casefold()


def _stems(text: str) -> set[str]:
    words = re.findall(r"\w+", _key(text)) or [text]
    return {re.sub(r"(?<=\w\w[^\Ws])s$", "", word) for word in words}


def _label(picture: Path | bytes) -> str:
    return str(picture) if isinstance(picture, Path) else "picture"


def _confidence(score: float) -> float:
    return 1 / (1 + math.exp(-_STEEPNESS * (score - _EVEN)))
