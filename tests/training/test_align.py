from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from univldr.encoders.dual import DualConfig, DualModel
from univldr.training import align
from univldr.training.loop import Trainer, TrainingPlan, parameter_groups

DIM = 8


def unit(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    rows = torch.from_numpy(rng.normal(size=(*shape, DIM)).astype(np.float32))
    return functional.normalize(rows, dim=-1)


def picture_set(centres: torch.Tensor, rng: np.random.Generator, captions: int) -> align.PictureSet:
    """'Pictures' whose views are noisy copies of what their captions say; four classes by number."""
    count = len(centres)
    said = functional.normalize(centres[:, None, :] + 0.3 * unit(rng, count, captions), dim=-1)
    views = [(centres + 0.1 * unit(rng, count)).numpy() for _ in range(2)]
    return align.PictureSet(views, np.arange(count), said, torch.eye(4)[np.arange(count) % 4].half())


@pytest.fixture
def data() -> align.AlignmentData:
    """24 photos, 6 drawings and 5 pictures without captions."""
    rng = np.random.default_rng(0)
    return align.AlignmentData(
        photos=picture_set(unit(rng, 24), rng, 5),
        drawings=picture_set(unit(rng, 6), rng, 5),
        others=picture_set(unit(rng, 5), rng, 0),
        class_names=unit(rng, 4),
        passages=unit(rng, 10),
        questions=unit(rng, 6),
        answers=unit(rng, 6),
    )


def make_alignment(
    data: align.AlignmentData, encode: Callable[[torch.Tensor], torch.Tensor], **settings: Any
) -> align.Alignment:
    scale = torch.nn.Parameter(torch.tensor(2.0))
    chosen = align.AlignmentSettings(photos=8, drawings=2, others=2, passages=4, naming_weight=0.0)
    return align.Alignment(data, replace(chosen, **settings), encode, torch.nn.Identity(), scale, seed=3)


def test_a_step_draws_the_same_whenever_it_comes(data: align.AlignmentData) -> None:
    alignment = make_alignment(data, torch.nn.Identity())
    assert alignment.steps_per_epoch == 3
    losses = [alignment.loss(step).item() for step in (0, 1, 4, 1)]
    assert losses[1] == losses[3]
    assert len(set(losses)) == 3


def test_a_step_sees_each_source_and_never_what_was_not_chosen(data: align.AlignmentData) -> None:
    seen: list[torch.Tensor] = []

    def encode(views: torch.Tensor) -> torch.Tensor:
        seen.append(views)
        return views

    kept = replace(data, photos=replace(data.photos, chosen=np.arange(8, 24)))
    alignment = make_alignment(kept, encode)
    for step in range(4):
        alignment.loss(step)
    assert {len(views) for views in seen} == {12}
    rows = torch.cat([views[:8] for views in seen])
    left_out = torch.cat([torch.from_numpy(view[:8]) for view in data.photos.views])
    assert not (rows[:, None] == left_out[None]).all(2).any()


def test_a_source_may_be_left_out(data: align.AlignmentData) -> None:
    flat = replace(data.drawings, views=[np.zeros((6, 3, 2, 2), np.float32)])
    loss = make_alignment(replace(data, drawings=flat), torch.nn.Identity(), drawings=0, others=0).loss(0)
    assert torch.isfinite(loss)


def test_each_part_of_the_loss_counts(data: align.AlignmentData) -> None:
    plain = make_alignment(data, torch.nn.Identity(), question_weight=0.0).loss(0)
    asked = make_alignment(data, torch.nn.Identity(), question_weight=1.0).loss(0)
    named = make_alignment(data, torch.nn.Identity(), question_weight=0.0, naming_weight=1.0).loss(0)
    assert asked > plain
    assert named > plain
    # The identity keeps all likenesses, so keeping them costs nothing.
    kept = make_alignment(data, torch.nn.Identity(), question_weight=0.0, keep_weight=0.0).loss(0)
    assert kept.item() == pytest.approx(plain.item(), abs=1e-4)


def test_training_brings_each_picture_to_its_captions(data: align.AlignmentData, tmp_path: Path) -> None:
    torch.manual_seed(0)
    head = torch.nn.Linear(DIM, DIM)
    alignment = make_alignment(data, head)

    def score() -> float:
        pictures = functional.normalize(align.encode_all(head, data.photos.views[0], batch=7), dim=1)
        return align.mean_reciprocal_rank(align.caption_ranks(pictures, data.photos.captions))

    before = score()
    plan = TrainingPlan(steps=60, warmup=5, checkpoint_every=60)
    Trainer(head, parameter_groups([(head, 0.03)], 0.0), alignment.loss, plan, tmp_path / "run.pt").run()
    assert before < 0.6 < 0.9 < score()


def test_caption_ranks_count_the_pictures_ahead() -> None:
    pictures = torch.eye(3)
    captions = torch.tensor(
        [[[1.0, 0, 0], [0.1, 0.2, 0.3]], [[0, 1.0, 0], [0, 1.0, 0]], [[0, 0, 1.0], [1.0, 1.0, 0]]]
    )
    ranks = align.caption_ranks(pictures, captions)
    assert ranks.tolist() == [0, 2, 0, 0, 0, 2]
    assert align.mean_reciprocal_rank(ranks) == pytest.approx((4 + 2 / 3) / 6)


def test_train_above_leaves_the_text_tower_and_the_lower_blocks_alone() -> None:
    text = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {"depth_multiplier": 0.1}
    model = DualModel(DualConfig(text_config=text, vision_config=vision, head_hidden=8, text_head=True))

    def trained() -> set[str]:
        return {name for name, value in model.named_parameters() if value.requires_grad}

    align.train_above(model, None)
    assert all(name.startswith(("head.", "text_head.", "logit_scale")) for name in trained())
    align.train_above(model, 14)
    blocks = {name.split(".")[2] for name in trained() if name.startswith("vision_model.layer.")}
    assert blocks == {"14", "15"}
    assert "logit_scale" in trained()
    assert not any(name.endswith("normalization.weight") for name in trained())
    assert not any(name.startswith(("text_model.", "vision_model.conv_stem.")) for name in trained())
