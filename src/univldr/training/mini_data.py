"""What ``mini`` learns from, through the layers that stay frozen, kept in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import MobileNetV2Model

from univldr.encoders.dual import DualModel
from univldr.training import cache, sources
from univldr.training.align import AlignmentData, Array, PictureSet
from univldr.training.drawn.archive import write_drawings
from univldr.training.pictures import Augmentation, CaptionedPicture, open_rgb, read_archive, read_pictures
from univldr.types import Float32Array

Run: TypeAlias = Callable[[Float32Array], Float32Array]

MOBILENET = "weights/mobilenet_v2_1.0_224_quant.tflite"
SIZE = 224
MAX_TOKENS = 256
MAX_PASSAGE_WORDS = 110


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Pictures and the views that training makes of them.

    Attributes:
        held_out: Photos only reported on, and calibrated with.
        drawings: Pictures to draw, over the kinds that are not held out.
        views: Views of each photo, the first without augmentation.
        other_views: The same of pictures without captions; drawings are seen as they are.
        cut: First block of the picture tower that learns; those below are computed once per view.
        augmentation: Of the views.
    """

    held_out: int
    drawings: int
    views: int
    other_views: int
    cut: int
    augmentation: Augmentation = field(default_factory=Augmentation)


class SeenClasses(nn.Module):
    """The published tower and its classifier: pixels to probabilities of classes."""

    def __init__(self, vision: MobileNetV2Model, classifier: nn.Linear) -> None:
        super().__init__()
        self.vision, self.classifier = vision, classifier

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Pixels [B, 3, H, W] to [B, classes], rows sum to one."""
        features = self.vision(pixel_values).last_hidden_state.mean((2, 3))
        probabilities: Tensor = self.classifier(features).softmax(dim=1)
        return probabilities


@dataclass(frozen=True)
class Gathering:
    """The data of a run; everything slow is done once and kept in ``folder``.

    Attributes:
        data: Folder with ``flickr8k/``, ``coco-pictures/``, ``weights/`` and the texts.
        folder: Where drawings, activations and embeddings are kept.
        model: With the published towers.
        tokenizer: Of the text tower.
        settings: What to gather.
        seed: Of what is drawn at random.
        threads: Processor threads.
    """

    data: Path
    folder: Path
    model: DualModel
    tokenizer: Tokenizer
    settings: DataSettings
    seed: int
    threads: int

    @property
    def weights(self) -> Path:
        """The published picture weights."""
        return self.data / MOBILENET

    @cached_property
    def photos(self) -> list[CaptionedPicture]:
        """Flickr8k's training photos."""
        return read_pictures(self.data / "flickr8k/train.jsonl", self.data / "flickr8k/train.tar")

    @property
    def drawings_archive(self) -> Path:
        """Where the drawings are; their records lie beside it."""
        return self.folder / f"train-{self.settings.drawings}.tar"

    @cached_property
    def drawings(self) -> list[CaptionedPicture]:
        """Drawn pictures of the kinds to train with."""
        archive, count = self.drawings_archive, self.settings.drawings
        write_drawings(self.folder, archive.stem, count, seed=self.seed, size=SIZE, processes=self.threads)
        return read_pictures(archive.with_suffix(".jsonl"), archive)

    def held_out(self) -> Array:
        """int64 [held_out], ascending: the photos that are not trained on."""
        shuffled = np.random.default_rng(self.seed).permutation(len(self.photos))
        return np.sort(shuffled[: self.settings.held_out])

    def gather(self) -> AlignmentData:
        """Everything the loss draws from."""
        self.folder.mkdir(parents=True, exist_ok=True)
        others = read_archive(self.data / "coco-pictures/pictures.tar")
        pairs = read_records(self.data / "wikipedia-captions/pairs.jsonl")
        webqa = read_records(self.data / "webqa-captions/captions.jsonl")
        questions = self.texts("wikipedia-captions", [pair["caption"] for pair in pairs])
        contexts = [" ".join(pair["context"].split()[:MAX_PASSAGE_WORDS]) for pair in pairs]
        answers = self.texts("wikipedia-contexts", contexts)
        asked = self.texts("wikipedia-questions", list(_questions(pairs)))
        return AlignmentData(
            photos=self._captioned("photos", self.photos, self.settings.views, self.held_out()),
            drawings=self._captioned("drawings", self.drawings, 1, np.zeros(0, np.int64)),
            others=self._pictures("others", others, self.settings.other_views),
            class_names=self.texts("classes", [f"a photo of a {name}" for name in sources.class_names()]),
            passages=torch.cat(
                [
                    self.texts("webqa-captions", [record["caption"] for record in webqa]),
                    answers,
                    questions,
                    asked,
                ]
            ),
            questions=questions,
            answers=answers,
        )

    def texts(self, name: str, texts: Sequence[str]) -> Tensor:
        """Unit rows of ``texts``, float32 [len(texts), dim], from ``folder`` where they are there already."""
        path = self.folder / f"{name}.npy"
        if not path.exists():
            with torch.autocast("cpu", torch.bfloat16):
                rows = cache.embed_texts(self.model, self.tokenizer, texts)
            part = path.with_suffix(".part.npy")
            np.save(part, rows)
            part.replace(path)
        return torch.from_numpy(np.load(path))

    def _captioned(
        self, name: str, pictures: Sequence[CaptionedPicture], views: int, held: Array
    ) -> PictureSet:
        count = min(max(len(picture.captions) for picture in pictures), 5)
        captions = [
            picture.captions[number % len(picture.captions)]
            for picture in pictures
            for number in range(count)
        ]
        plain = self._pictures(name, [picture.data for picture in pictures], views)
        rows = self.texts(f"{name}-captions", captions)
        return PictureSet(
            plain.views,
            np.setdiff1d(plain.chosen, held),
            rows.reshape(len(pictures), count, rows.shape[1]),
            plain.classes,
        )

    def _pictures(self, name: str, files: Sequence[bytes], views: int) -> PictureSet:
        how, seed, cut = self.settings.augmentation, self.seed, self.settings.cut

        def opened(index: int) -> Image.Image:
            return open_rgb(files[index], SIZE)

        def keep(what: str, run: Callable[[], Run], augmentation: Augmentation | None, number: int) -> Array:
            path = self.folder / f"{name}-{what}.npy"
            if not path.exists():
                cache.cache_views(
                    opened, len(files), path, run(),
                    size=SIZE, how=augmentation, seed=seed + number, threads=self.threads,
                )  # fmt: skip
            kept: Array = np.load(path, mmap_mode="r")
            return kept

        activations = [
            keep(f"{cut}-{view}", lambda: self._lower, how if view else None, view) for view in range(views)
        ]
        classes = torch.from_numpy(np.array(keep("classes", lambda: self._classifier, None, 0)))
        nothing = torch.zeros(len(files), 0, self.model.config.dim)
        return PictureSet(activations, np.arange(len(files)), nothing, classes)

    @cached_property
    def _lower(self) -> Run:
        return cache.compile_layers(cache.LowerLayers(self.model.vision_model, self.settings.cut), SIZE)

    @cached_property
    def _classifier(self) -> Run:
        seen = SeenClasses(sources.load_mobilenet(self.weights), sources.load_classifier(self.weights))
        return cache.compile_layers(seen, SIZE)


_ASKED = (
    "When was {0} founded?",
    "What color is {0}?",
    "Who was the first to describe {0}?",
    "Does {0} have more windows than {1}?",
    "How many people took part in {0}?",
    "Is {0} taller than {1}?",
    "Why did {0} matter to {1}?",
    "Where can one see {0}?",
    "What shape is the top of {0}?",
    "Which year did {0} begin?",
    "What do {0} and {1} have in common?",
    "How does {0} differ from {1}?",
    "What stands in front of {0}?",
)
"""Ways to ask, so that training sees texts that sound like questions; none has an answer in the data."""


def _questions(pairs: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Two questions about the subject of each figure."""
    titles = [pair["title"].strip('"') for pair in pairs]
    for number, title in enumerate(titles):
        other = titles[(7 * number + 1) % len(titles)]
        for way in (2 * number, 2 * number + 1):
            yield _ASKED[way % len(_ASKED)].format(title, other)


def read_records(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file, one a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
