"""Teaching the picture tower and the heads one space, from what frozen layers said once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from univldr.encoders.dual import DualModel
from univldr.training.losses import alignment_loss, likeness_loss, naming_loss, passage_loss

Array: TypeAlias = npt.NDArray[Any]
Encode: TypeAlias = Callable[[Tensor], Tensor]

MAX_LOG_SCALE = 4.6  # exp(4.6) is about 100, CLIP's own limit


@dataclass(frozen=True, slots=True)
class AlignmentSettings:
    """What a step draws and what its loss weighs.

    Attributes:
        photos, drawings, others: Pictures of each source in a step.
        passages: Passages drawn as negatives in each step.
        temperature: Of the teacher's softmax over caption similarities.
        teacher_share: Share of the targets that the teacher's softmax gets.
        question_weight: Of the loss that keeps pictures out of the way of text-to-text search.
        keep_weight: Of the loss that keeps texts as alike as the published text tower has them.
        naming_weight: Of the loss that has pictures near the names of what the published tower sees in them.
    """

    photos: int = 160
    drawings: int = 64
    others: int = 32
    passages: int = 256
    temperature: float = 0.05
    teacher_share: float = 0.5
    question_weight: float = 0.2
    keep_weight: float = 0.0
    naming_weight: float = 0.1


@dataclass(frozen=True, slots=True)
class PictureSet:
    """Pictures of one source, already through the frozen layers.

    Attributes:
        views: One array [pictures, ...] per view, float16 or float32, memory-mapped or not.
        chosen: int64 [n], the pictures to draw from.
        captions: float32 [pictures, K, dim], unit rows of the text trunk; K may be 0.
        classes: float16 [pictures, C], what the published classifier takes each for; rows sum to one.
    """

    views: Sequence[Array]
    chosen: Array
    captions: Tensor
    classes: Tensor


@dataclass(frozen=True, slots=True)
class AlignmentData:
    """Everything a step draws from; texts are unit rows of the frozen text trunk, float32.

    Attributes:
        photos: Captioned photos.
        drawings: Drawn pictures with exact captions.
        others: Pictures without captions.
        class_names: [C, dim], the classes in words.
        passages: [N, dim], texts that describe none of the pictures.
        questions: [M, dim].
        answers: [M, dim]: the passage each question looks for.
    """

    photos: PictureSet
    drawings: PictureSet
    others: PictureSet
    class_names: Tensor
    passages: Tensor
    questions: Tensor
    answers: Tensor


class Alignment:
    """The loss of a step, for ``Trainer``; what a step draws depends on the seed and its number alone.

    Args:
        encode: Views [B, ...] to picture features [B, dim], not normalised.
        project_text: Rows of the text trunk [B, dim] to texts of the shared space, unit rows.
        scale: Natural logarithm of the inverse temperature, a parameter.
    """

    def __init__(
        self,
        data: AlignmentData,
        settings: AlignmentSettings,
        encode: Encode,
        project_text: Encode,
        scale: nn.Parameter,
        *,
        seed: int,
    ) -> None:
        self.data, self.settings, self.seed = data, settings, seed
        self.encode, self.project_text, self.scale = encode, project_text, scale

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in the photos."""
        return len(self.data.photos.chosen) // self.settings.photos

    def loss(self, step: int) -> Tensor:
        """The loss of step number ``step``, a scalar."""
        data, settings = self.data, self.settings
        rng = np.random.default_rng((self.seed, step))
        counts = (settings.photos, settings.drawings, settings.others)
        sets = (data.photos, data.drawings, data.others)
        rows = [self._rows(pictures, count, step) for pictures, count in zip(sets, counts, strict=True)]
        views = [_views(pictures, own, rng) for pictures, own in zip(sets, rows, strict=True)]
        some = torch.cat([part for part in views if len(part)])
        pictures = functional.normalize(self.encode(some), dim=1)
        captioned = counts[0] + counts[1]
        captions = torch.cat([data.photos.captions[rows[0]], data.drawings.captions[rows[1]]])
        classes = torch.cat([data.photos.classes[rows[0]], data.others.classes[rows[2]]]).float()
        seen = torch.cat([pictures[: counts[0]], pictures[captioned:]])
        return self._losses(captions, pictures[:captioned], seen, classes, rng)

    def _losses(
        self, captions: Tensor, captioned: Tensor, seen: Tensor, classes: Tensor, rng: np.random.Generator
    ) -> Tensor:
        data, settings = self.data, self.settings
        asked = _draw(rng, settings.passages, len(data.questions))
        trunk = [
            captions.flatten(0, 1),
            data.passages[_draw(rng, settings.passages, len(data.passages))],
            data.questions[asked],
            data.answers[asked],
        ]
        sizes = [len(rows) for rows in trunk]
        texts = self.project_text(torch.cat(trunk))
        flat, passages, questions, answers = torch.split(texts, sizes)
        scale = self.scale.clamp(max=MAX_LOG_SCALE).exp()
        loss = alignment_loss(
            captioned,
            flat.reshape(captions.shape),
            passages,
            scale,
            teacher=captions,
            temperature=settings.temperature,
            share=settings.teacher_share,
        )
        if settings.question_weight:
            loss = loss + settings.question_weight * passage_loss(questions, answers, captioned, scale)
        if settings.keep_weight:
            # One caption of each picture: five that say the same would be all that a softmax looks at.
            one = slice(None, sizes[0], captions.shape[1])
            before = torch.cat([trunk[0][one], *trunk[1:]])
            loss = loss + settings.keep_weight * likeness_loss(
                torch.cat([flat[one], passages, questions, answers]), before
            )
        if settings.naming_weight:
            with torch.no_grad():  # pictures come to the words, not words to the pictures
                names = self.project_text(data.class_names)
            loss = loss + settings.naming_weight * naming_loss(seen, names, classes, scale)
        return loss

    def _rows(self, pictures: PictureSet, count: int, step: int) -> Array:
        """Which pictures the step takes: each source is gone through in an order of its own."""
        if not count:
            return np.zeros(0, np.int64)
        epoch, turn = divmod(step, len(pictures.chosen) // count)
        order = np.random.default_rng((self.seed, epoch)).permutation(pictures.chosen)
        # Ascending rows keep the reads of a memory map in order.
        rows: Array = np.sort(order[turn * count : (turn + 1) * count])
        return rows


def _draw(rng: np.random.Generator, count: int, available: int) -> Tensor:
    return torch.from_numpy(rng.choice(available, min(count, available), replace=False))


def _views(pictures: PictureSet, rows: Array, rng: np.random.Generator) -> Tensor:
    which = rng.integers(len(pictures.views), size=len(rows))
    drawn = [pictures.views[view][row] for view, row in zip(which, rows, strict=True)]
    shape = pictures.views[0].shape[1:]
    return torch.from_numpy(np.stack(drawn) if drawn else np.zeros((0, *shape), pictures.views[0].dtype))


def train_above(model: DualModel, cut: int | None) -> None:
    """Leave trainable the picture tower's blocks from ``cut`` on, the heads, and the temperature.

    ``None`` freezes the whole tower below its head. Norms keep their scales: in a tower whose batch norms
    are folded into its convolutions the kernels have them.
    """
    model.requires_grad_(False)
    trained: list[nn.Module] = [model.head]
    if model.text_head is not None:
        trained.append(model.text_head)
    if cut is not None:
        trained += [*model.vision_model.layer[cut:], model.vision_model.conv_1x1]
    for module in trained:
        module.requires_grad_(True)
    for module in model.vision_model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.requires_grad_(False)
    model.logit_scale.requires_grad_(True)


@torch.no_grad()
def encode_all(encode: Encode, views: Array, batch: int = 100) -> Tensor:
    """``encode`` over all rows of ``views``, a batch at a time: float32 [rows, ...]."""
    starts = range(0, len(views), batch)
    return torch.cat([encode(torch.from_numpy(np.array(views[start : start + batch]))) for start in starts])


def caption_ranks(pictures: Tensor, captions: Tensor) -> Tensor:
    """How many pictures outrank its own, for each caption: int64 [pictures * K].

    Args:
        pictures: float32 [N, dim], unit rows.
        captions: float32 [N, K, dim], unit rows.
    """
    scores = captions.flatten(0, 1) @ pictures.T
    own = torch.arange(len(pictures)).repeat_interleave(captions.shape[1])
    return (scores > scores.gather(1, own[:, None])).sum(1)


def mean_reciprocal_rank(ranks: Tensor) -> float:
    """Mean of 1 / (1 + rank) over ranks counted from zero."""
    return float((1.0 / (1.0 + ranks.float())).mean())
