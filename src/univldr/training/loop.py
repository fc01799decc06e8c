"""A training loop that can be killed at any moment and goes on as if nothing had happened."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from univldr.errors import ModelError


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Length, pace and habits of a run.

    Attributes:
        steps: Optimiser steps in all.
        warmup: Steps until the learning rate reaches its peak.
        weight_decay: Of AdamW, on matrices and kernels only.
        ema_decay: Of the running average of the weights.
        checkpoint_every: Steps between checkpoints.
        seed: Of everything random in the run.
    """

    steps: int
    warmup: int = 50
    weight_decay: float = 0.05
    ema_decay: float = 0.998
    checkpoint_every: int = 100
    seed: int = 1234


def pace(step: int, plan: TrainingPlan) -> float:
    """Share of the peak learning rate at ``step``: a linear rise, then half a cosine down to zero."""
    if step < plan.warmup:
        return (step + 1) / plan.warmup
    done = (step - plan.warmup) / max(1, plan.steps - plan.warmup)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))


def parameter_groups(modules: Iterable[tuple[nn.Module, float]], weight_decay: float) -> list[dict[str, Any]]:
    """AdamW groups of the trainable parameters of (module, peak learning rate); none decays but matrices."""
    groups = []
    for module, rate in modules:
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        matrices = [parameter for parameter in parameters if parameter.ndim > 1]
        vectors = [parameter for parameter in parameters if parameter.ndim <= 1]
        groups.append({"params": matrices, "lr": rate, "weight_decay": weight_decay})
        groups.append({"params": vectors, "lr": rate, "weight_decay": 0.0})
    return [group for group in groups if group["params"]]


class Trainer:
    """Runs ``loss_of(step)`` down, averages the weights, and keeps a checkpoint.

    Args:
        model: Parameters with ``requires_grad`` are trained, averaged and checkpointed; the others stay.
        groups: AdamW parameter groups with their peak ``lr``.
        loss_of: The loss of one step. Randomness must come from torch's global generator, or from ``step``.
        plan: See ``TrainingPlan``.
        checkpoint: Where the checkpoint lives; a run with one goes on from it.
    """

    def __init__(
        self,
        model: nn.Module,
        groups: list[dict[str, Any]],
        loss_of: Callable[[int], Tensor],
        plan: TrainingPlan,
        checkpoint: Path,
    ) -> None:
        self.model, self.loss_of, self.plan, self.checkpoint = model, loss_of, plan, checkpoint
        self.optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6)
        self.peaks = [float(group["lr"]) for group in self.optimiser.param_groups]
        self.step = 0
        torch.manual_seed(plan.seed)
        self.average = {name: parameter.detach().clone() for name, parameter in self._trained()}
        if checkpoint.exists():
            self._load()

    def run(self, on_checkpoint: Callable[[int, float], None] | None = None) -> None:
        """Train to the end; ``on_checkpoint`` gets the step and the mean loss since the last checkpoint."""
        losses: list[float] = []
        while self.step < self.plan.steps:
            losses.append(self._advance())
            if self.step % self.plan.checkpoint_every == 0 or self.step == self.plan.steps:
                self._save()
                if on_checkpoint is not None:
                    on_checkpoint(self.step, sum(losses) / len(losses))
                losses.clear()

    def swap_average(self) -> None:
        """Exchange the model's weights and their running average; call it again to go back."""
        with torch.no_grad():
            for name, parameter in self._trained():
                kept = parameter.detach().clone()
                parameter.copy_(self.average[name])
                self.average[name] = kept

    def _advance(self) -> float:
        share = pace(self.step, self.plan)
        for group, peak in zip(self.optimiser.param_groups, self.peaks, strict=True):
            group["lr"] = peak * share
        loss = self.loss_of(self.step)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.step += 1
        # The average forgets its start faster than its end, or the first weights would linger in short runs.
        decay = min(self.plan.ema_decay, self.step / (self.step + 9))
        with torch.no_grad():
            for name, parameter in self._trained():
                self.average[name].lerp_(parameter, 1.0 - decay)
        return loss.item()

    def _trained(self) -> list[tuple[str, nn.Parameter]]:
        return [(name, value) for name, value in self.model.named_parameters() if value.requires_grad]

    def _save(self) -> None:
        state = {
            "step": self.step,
            "plan": repr(self.plan),
            "weights": dict(self._trained()),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "rng": torch.get_rng_state(),
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def _load(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True)
        if state["plan"] != repr(self.plan):
            raise ModelError(
                f"{self.checkpoint} belongs to {state['plan']}, not to {self.plan!r}; "
                "remove it or restore the plan"
            )
        with torch.no_grad():
            for name, parameter in self._trained():
                parameter.copy_(state["weights"][name])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])
        torch.set_rng_state(state["rng"])
