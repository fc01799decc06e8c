from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture
def data() -> align.AlignmentData:
    """24 'pictures' whose views are noisy copies of what their captions say."""
    rng = np.random.default_rng(0)
    centres = unit(rng, 24)
    captions = functional.normalize(centres[:, None, :] + 0.3 * unit(rng, 24, 5), dim=-1)
    views = [(centres + 0.1 * unit(rng, 24)).numpy() for _ in range(2)]
    return align.AlignmentData(views, captions, unit(rng, 10), unit(rng, 6), unit(rng, 6))


def make_alignment(
    data: align.AlignmentData, encode: Callable[[torch.Tensor], torch.Tensor]
) -> align.Alignment:
    scale = torch.nn.Parameter(torch.tensor(2.0))
    settings = align.AlignmentSettings(passages=4)
    return align.Alignment(data, settings, encode, scale, chosen=np.arange(24), batch=8, seed=3)


def test_a_step_draws_the_same_whenever_it_comes(data: align.AlignmentData) -> None:
    alignment = make_alignment(data, torch.nn.Identity())
    assert alignment.steps_per_epoch == 3
    losses = [alignment.loss(step).item() for step in (0, 1, 4, 1)]
    assert losses[1] == losses[3]
    assert len(set(losses)) == 3


def test_training_brings_each_picture_to_its_captions(data: align.AlignmentData, tmp_path: Path) -> None:
    torch.manual_seed(0)
    head = torch.nn.Linear(DIM, DIM)
    alignment = make_alignment(data, head)

    def score() -> float:
        pictures = functional.normalize(align.encode_all(head, data.views[0], batch=7), dim=1)
        return align.mean_reciprocal_rank(align.caption_ranks(pictures, data.captions))

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
    model = DualModel(DualConfig(text_config=text, vision_config={"depth_multiplier": 0.1}, head_hidden=8))

    def trained() -> set[str]:
        return {name for name, value in model.named_parameters() if value.requires_grad}

    align.train_above(model, None)
    assert all(name.startswith(("head.", "logit_scale")) for name in trained())
    align.train_above(model, 14)
    blocks = {name.split(".")[2] for name in trained() if name.startswith("vision_model.layer.")}
    assert blocks == {"14", "15"}
    assert "logit_scale" in trained()
    assert not any(name.startswith(("text_model.", "vision_model.conv_stem.")) for name in trained())
