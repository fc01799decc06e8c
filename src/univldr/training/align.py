"""Teaching the picture tower the space of a frozen text tower."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from univldr.encoders.dual import DualModel
from univldr.training.losses import alignment_loss, passage_loss

Array = npt.NDArray[Any]

MAX_LOG_SCALE = 4.6  # exp(4.6) is about 100, CLIP's own limit


@dataclass(frozen=True, slots=True)
class AlignmentSettings:
    """What the loss weighs.

    Attributes:
        temperature: Of the teacher's softmax over caption similarities.
        teacher_share: Share of the targets that the teacher's softmax gets.
        passages: Passages drawn as negatives in each step.
        question_weight: Weight of the loss that keeps pictures out of the way of text-to-text search.
    """

    temperature: float = 0.05
    teacher_share: float = 0.3
    passages: int = 256
    question_weight: float = 0.2


@dataclass(frozen=True, slots=True)
class AlignmentData:
    """Everything a step draws from, already through the frozen layers.

    Attributes:
        views: One array [pictures, ...] per view, float16 or float32, memory-mapped or not.
        captions: float32 [pictures, captions, dim], unit rows.
        passages: float32 [N, dim], unit rows: texts that describe none of the pictures.
        questions: float32 [M, dim], unit rows.
        answers: float32 [M, dim], unit rows: the passage each question looks for.
    """

    views: Sequence[Array]
    captions: Tensor
    passages: Tensor
    questions: Tensor
    answers: Tensor


class Alignment:
    """The loss of a step, for ``Trainer``; what a step draws depends on the seed and its number alone.

    Args:
        encode: Views [B, ...] to picture features [B, dim], not normalised.
        scale: Natural logarithm of the inverse temperature, a parameter.
        chosen: int64 [n], the pictures to train on.
        batch: Pictures in a step.
    """

    def __init__(
        self,
        data: AlignmentData,
        settings: AlignmentSettings,
        encode: Callable[[Tensor], Tensor],
        scale: nn.Parameter,
        *,
        chosen: Array,
        batch: int,
        seed: int,
    ) -> None:
        self.data, self.settings, self.encode, self.scale = data, settings, encode, scale
        self.chosen, self.batch, self.seed = chosen, batch, seed

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in the chosen pictures."""
        return len(self.chosen) // self.batch

    def loss(self, step: int) -> Tensor:
        """The loss of step number ``step``, a scalar."""
        epoch, turn = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng((self.seed, epoch)).permutation(self.chosen)
        # Ascending rows keep the reads of a memory map in order.
        rows = np.sort(order[turn * self.batch : (turn + 1) * self.batch])
        rng = np.random.default_rng((self.seed, epoch, turn))
        pictures = functional.normalize(self.encode(self._draw_views(rows, rng)), dim=1)
        scale = self.scale.clamp(max=MAX_LOG_SCALE).exp()
        settings, data = self.settings, self.data
        loss = alignment_loss(
            pictures,
            data.captions[torch.from_numpy(rows)],
            data.passages[self._draw(rng, len(data.passages))],
            scale,
            temperature=settings.temperature,
            share=settings.teacher_share,
        )
        if settings.question_weight > 0.0:
            drawn = self._draw(rng, len(data.questions))
            apart = passage_loss(data.questions[drawn], data.answers[drawn], pictures, scale)
            loss = loss + settings.question_weight * apart
        return loss

    def _draw(self, rng: np.random.Generator, available: int) -> Tensor:
        count = min(self.settings.passages, available)
        return torch.from_numpy(rng.choice(available, count, replace=False))

    def _draw_views(self, rows: Array, rng: np.random.Generator) -> Tensor:
        which = rng.integers(len(self.data.views), size=len(rows))
        return torch.from_numpy(
            np.stack([self.data.views[v][row] for v, row in zip(which, rows, strict=True)])
        )


def train_above(model: DualModel, cut: int | None) -> None:
    """Leave trainable the picture tower's blocks from ``cut`` on, its head, and the temperature.

    ``None`` freezes the whole tower below the head.
    """
    model.requires_grad_(False)
    trained: list[nn.Module] = [model.head]
    if cut is not None:
        trained += [*model.vision_model.layer[cut:], model.vision_model.conv_1x1]
    for module in trained:
        module.requires_grad_(True)
    model.logit_scale.requires_grad_(True)


def upper_layers(model: DualModel, cut: int, activations: Tensor) -> Tensor:
    """The last feature map, float32, that the blocks from ``cut`` on make of activations [B, C, h, w].

    They run in bfloat16, twice as fast where the processor has it.
    """
    hidden = activations.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
    with torch.autocast(hidden.device.type, torch.bfloat16):
        for block in model.vision_model.layer[cut:]:
            hidden = block(hidden)
        feature_map: Tensor = model.vision_model.conv_1x1(hidden)
    return feature_map.float()


@torch.no_grad()
def encode_all(encode: Callable[[Tensor], Tensor], views: Array, batch: int = 100) -> Tensor:
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
