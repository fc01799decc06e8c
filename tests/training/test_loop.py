from __future__ import annotations

from pathlib import Path

import pytest
import torch

from univldr.errors import ModelError
from univldr.training.loop import Trainer, TrainingPlan, pace, parameter_groups

PLAN = TrainingPlan(steps=12, warmup=3, checkpoint_every=4, seed=5)


class KilledError(RuntimeError):
    pass


def make_trainer(path: Path, plan: TrainingPlan = PLAN, *, dies_at: int | None = None) -> Trainer:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))

    def loss_of(step: int) -> torch.Tensor:
        if step == dies_at:
            raise KilledError
        batch = torch.randn(6, 4, generator=torch.Generator().manual_seed(step))
        loss: torch.Tensor = (model(batch) - batch.sum(1, keepdim=True)).square().mean()
        return loss

    return Trainer(model, parameter_groups([(model, 0.05)], plan.weight_decay), loss_of, plan, path)


def weights(trainer: Trainer) -> list[torch.Tensor]:
    return [*(value.detach() for value in trainer.model.parameters()), *trainer.average.values()]


def test_a_killed_and_resumed_run_equals_one_that_was_not(tmp_path: Path) -> None:
    whole = make_trainer(tmp_path / "whole.pt")
    whole.run()
    with pytest.raises(KilledError):
        make_trainer(tmp_path / "killed.pt", dies_at=10).run()
    torch.rand(17)  # whatever happened to the generator in between
    resumed = make_trainer(tmp_path / "killed.pt")
    assert resumed.step == 8
    resumed.run()
    for expected, found in zip(weights(whole), weights(resumed), strict=True):
        assert torch.equal(expected, found)


def test_a_finished_run_does_nothing_more(tmp_path: Path) -> None:
    make_trainer(tmp_path / "run.pt").run()
    again = make_trainer(tmp_path / "run.pt", dies_at=0)
    again.run()
    assert again.step == PLAN.steps


def test_another_plan_does_not_take_over_a_checkpoint(tmp_path: Path) -> None:
    make_trainer(tmp_path / "run.pt").run()
    with pytest.raises(ModelError, match="restore the plan"):
        make_trainer(tmp_path / "run.pt", TrainingPlan(steps=99))


def test_training_lowers_the_loss_and_reports_it(tmp_path: Path) -> None:
    reports: list[tuple[int, float]] = []
    plan = TrainingPlan(steps=200, warmup=5, checkpoint_every=100)
    make_trainer(tmp_path / "run.pt", plan).run(lambda step, loss: reports.append((step, loss)))
    assert [step for step, _ in reports] == [100, 200]
    assert reports[1][1] < reports[0][1]


def test_swap_average_twice_changes_nothing(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path / "run.pt")
    trainer.run()
    before = [value.clone() for value in weights(trainer)]
    trainer.swap_average()
    assert not torch.equal(weights(trainer)[0], before[0])
    trainer.swap_average()
    assert all(torch.equal(a, b) for a, b in zip(before, weights(trainer), strict=True))


def test_pace_rises_then_falls_to_zero() -> None:
    shares = [pace(step, PLAN) for step in range(PLAN.steps + 1)]
    assert shares[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert shares[3:] == sorted(shares[3:], reverse=True)
    assert shares[-1] == pytest.approx(0.0)


def test_only_trainable_matrices_decay() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3), torch.nn.Linear(3, 1))
    model[2].requires_grad_(False)
    groups = parameter_groups([(model, 0.1)], 0.2)
    assert [(len(group["params"]), group["weight_decay"]) for group in groups] == [(1, 0.2), (3, 0.0)]
