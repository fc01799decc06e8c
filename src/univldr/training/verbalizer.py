"""Train a verbalizer: teacher forcing on pairs of a picture and a text, the best look kept."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from univldr.config import to_dict
from univldr.corpus.collection import Collection
from univldr.errors import ConfigError
from univldr.index.lock import IndexLock
from univldr.training.captioner import Captioner, is_encoder
from univldr.training.curves import plot_history
from univldr.training.files import write_json
from univldr.training.loop import Trainer, TrainingPlan, parameter_groups
from univldr.training.recipe import Recipe
from univldr.training.stages import silent
from univldr.training.verbalizer_data import (
    Batches,
    LivePictures,
    Pair,
    Pairs,
    Pictures,
    keep_grids,
    read_pairs,
)
from univldr.training.verbalizer_settings import VerbalizerTraining
from univldr.types import Progress
from univldr.verbalize.caption import FORMAT
from univldr.verbalize.grid import GridEncoder

logger = logging.getLogger("univldr")

HISTORY = "history.json"
_IGNORED = -100


class _EnoughError(Exception):
    """The held-out loss has not fallen for too long."""


@dataclass(frozen=True)
class VerbalizerRun:
    """A verbalizer to train and where its files go.

    Attributes:
        recipe: Of the whole run.
        settings: Of this verbalizer.
        start: The encoder or the captioner that it starts from.
        collection: The data.
        folder: ``model/``, ``history.json`` and its plot, and while it trains a checkpoint.
        cache: What trainings share.
        progress: Told how far it is.
    """

    recipe: Recipe
    settings: VerbalizerTraining
    start: str
    collection: Collection
    folder: Path
    cache: Path
    progress: Progress = silent

    @property
    def model_folder(self) -> Path:
        """Where the trained model is; there only when training is finished."""
        return self.folder / "model"

    @property
    def seed(self) -> int:
        """Of everything random in the training."""
        return self.recipe.seed if self.settings.seed is None else self.settings.seed

    @cached_property
    def pairs(self) -> Pairs:
        """What there is to learn."""
        return read_pairs(self.collection, self.settings)

    def run(self) -> Path:
        """Train, or go on from the last checkpoint, or do nothing where it is done: the model's folder.

        Raises:
            ConfigError: the folder holds this verbalizer with other settings, or the data gives no pairs.
            CorpusError: the data lacks the split.
            ModelError: the model to start from cannot be loaded.
            StoreError: another process is at this verbalizer.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = IndexLock(self.folder, wait=0, what="verbalizer")
        try:
            self._claim()
            if not self.model_folder.exists():
                self._train()
        finally:
            lock.release()
        return self.model_folder

    def _claim(self) -> None:
        """Note what the folder is for; another recipe's results must not pass for this one's."""
        wanted = {
            "verbalizer": to_dict(self.settings),
            "start": Path(self.start).name,
            "seed": self.seed,
            "collection": self.collection.fingerprint,
        }
        path = self.folder / "settings.json"
        if not path.exists():
            write_json(path, wanted)
        elif json.loads(path.read_text("utf-8")) != wanted:
            raise ConfigError(
                f"{self.folder} holds verbalizer {self.settings.name!r} with other settings or data; "
                "remove it, or choose another --out"
            )

    def _train(self) -> None:
        torch.manual_seed(self.seed)
        captioner = self._captioner()
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        captioner.model.to(device)
        learning = Learning(self.settings, captioner, self._pictures(captioner), self.pairs, self.seed)
        trainer = LookingTrainer(learning, self.folder, self.progress)
        trainer.go()
        self._write(captioner, trainer)

    def _captioner(self) -> Captioner:
        if not is_encoder(self.start):
            return Captioner.load(self.start)
        texts = [pair.text for pair in self.pairs.train]
        size = {name: getattr(self.settings, name) for name in ("width", "layers", "heads", "dropout")}
        size["max_tokens"] = self.settings.max_tokens
        return Captioner.new(self.start, texts, vocabulary=self.settings.vocabulary, size=size)

    def _pictures(self, captioner: Captioner) -> Pictures:
        rows = sorted({pair.row for part in self.pairs[:2] for pair in part})
        encoder = getattr(captioner.model, "encoder", None)
        if not (self.settings.freeze and isinstance(encoder, GridEncoder)):
            return LivePictures(self.collection, captioner.processor, rows)
        return keep_grids(
            captioner, self.collection, rows, self.cache, flips=self.settings.flips, progress=self.progress
        )

    def _write(self, captioner: Captioner, trainer: LookingTrainer) -> None:
        """The plot, then the model, whose folder says that the training is done."""
        history = trainer.history
        title = f"{self.recipe.name}, {self.settings.name}"
        plot_history(history, self.folder / "history.png", title=title)
        best = min(history, key=lambda entry: entry["eval_loss"])
        record = {
            "format": FORMAT,
            "kind": self.settings.kind,
            "name": self.settings.name,
            "trained_on": {
                "collection": self.collection.name,
                "split": self.settings.split,
                "texts": len(self.pairs.train),
                "pictures": len({pair.row for pair in self.pairs.train}),
            },
            "dev_loss": best["eval_loss"],
        }
        captioner.save(self.model_folder, record)
        for name in ("checkpoint.pt", "best.safetensors"):
            (self.folder / name).unlink(missing_ok=True)


@dataclass
class Learning:
    """The loss of a step, and the loss over the held-out texts."""

    settings: VerbalizerTraining
    captioner: Captioner
    pictures: Pictures
    pairs: Pairs
    seed: int
    train: list[Pair] = field(init=False)
    dev: list[Pair] = field(init=False)

    def __post_init__(self) -> None:
        broken = self.pictures.broken() & {pair.row for part in self.pairs[:2] for pair in part}
        if broken:
            logger.warning("pictures that cannot be decoded and are not learned from: %d", len(broken))
        self.train = [pair for pair in self.pairs.train if pair.row not in broken]
        self.dev = [pair for pair in self.pairs.dev if pair.row not in broken]
        self._train_ids, self._dev_ids = (self._ids(part) for part in (self.train, self.dev))
        self.batches = Batches([len(ids) for ids in self._train_ids], self.settings.batch, self.seed)
        self.captioner.tower.requires_grad_(not self.settings.freeze)

    @property
    def steps(self) -> int:
        """In all."""
        return self.settings.epochs * self.batches.per_epoch

    def _ids(self, pairs: Sequence[Pair]) -> list[list[int]]:
        tokenizer, (_, last) = self.captioner.tokenizer, self.captioner.ends
        ids = tokenizer([pair.text for pair in pairs], add_special_tokens=False)["input_ids"]
        return [[*row[: self.settings.max_tokens - 1], last] for row in ids]

    def loss(self, step: int) -> Tensor:
        """Of one step, a mean over its tokens."""
        rng = np.random.default_rng((self.seed, step))
        torch.manual_seed(int(rng.integers(2**63)))  # the same dropout again after a kill, on any device
        chosen = self.batches.at(step).tolist()
        views = rng.integers(0, 1 + self.settings.flips, len(chosen)).tolist()
        self._set_training()
        logits, labels = self._logits(
            [self.train[i] for i in chosen], [self._train_ids[i] for i in chosen], views
        )
        return functional.cross_entropy(
            logits, labels, ignore_index=_IGNORED, label_smoothing=self.settings.label_smoothing
        )

    @torch.no_grad()
    def look(self) -> float:
        """The mean negative log-likelihood of a token of the held-out texts, in nats."""
        self.captioner.model.eval()
        order = sorted(range(len(self.dev)), key=lambda i: len(self._dev_ids[i]))
        total, tokens = 0.0, 0
        for start in range(0, len(order), self.settings.batch):
            chosen = order[start : start + self.settings.batch]
            pairs, ids = [self.dev[i] for i in chosen], [self._dev_ids[i] for i in chosen]
            logits, labels = self._logits(pairs, ids, [0] * len(chosen))
            total += float(functional.cross_entropy(logits, labels, ignore_index=_IGNORED, reduction="sum"))
            tokens += sum(map(len, ids))
        return total / tokens

    def _logits(
        self, pairs: Sequence[Pair], ids: Sequence[Sequence[int]], views: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """float32 [B * T, vocabulary] and int64 [B * T], padding marked to be ignored."""
        device, (first, last) = self.captioner.model.device, self.captioner.ends
        width = max(map(len, ids))
        labels = torch.tensor([[*row, *[_IGNORED] * (width - len(row))] for row in ids])
        # Nothing looks ahead, so what stands where the padding is matters to no label.
        given = torch.tensor([[first, *row[:-1], *[last] * (width - len(row))] for row in ids])
        shown = self.pictures.batch([pair.row for pair in pairs], views)
        shown = {name: tensor.to(device) for name, tensor in shown.items()}
        with torch.autocast(device.type, torch.bfloat16, enabled=self.settings.precision == "bf16"):
            logits = self.captioner.logits(shown, given.to(device))
        return logits.float().flatten(0, 1), labels.to(device).flatten()

    def _set_training(self) -> None:
        """Training mode, but a frozen tower and batch norms stay as they came."""
        self.captioner.model.train()
        for module in self.captioner.tower.modules():
            if self.settings.freeze or isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()


class LookingTrainer(Trainer):
    """The loop, which looks at the held-out texts before each checkpoint and keeps the best weights.

    A look is deterministic and comes first, so whatever a kill cuts off happens again just as it was.
    """

    def __init__(self, learning: Learning, folder: Path, progress: Progress) -> None:
        self.learning, self.folder, self.progress = learning, folder, progress
        settings = learning.settings
        plan = TrainingPlan(
            learning.steps,
            settings.warmup,
            settings.weight_decay,
            checkpoint_every=settings.checkpoint_every,
            seed=learning.seed,
        )
        model = learning.captioner.model
        groups = parameter_groups([(model, settings.rate)], settings.weight_decay)
        super().__init__(model, groups, learning.loss, plan, folder / "checkpoint.pt")
        path = folder / HISTORY
        known = json.loads(path.read_text("utf-8"))["history"] if path.exists() else []
        self.history: list[dict[str, float]] = [entry for entry in known if entry["step"] <= self.step]
        self._losses: list[float] = []
        self._since = time.monotonic()

    def go(self) -> None:
        """To the end, or until it no longer gains; the model then has its best weights."""
        if not self.history:
            self._look()  # what it starts from may be the best
        if not self._enough():
            with contextlib.suppress(_EnoughError):
                self.run()
        best = load_file(self.folder / "best.safetensors")
        with torch.no_grad():
            for name, parameter in self._trained():
                parameter.copy_(best[name])
        self.model.eval()

    def _advance(self) -> float:
        loss = super()._advance()
        self._losses.append(loss)
        self.progress(self.step, self.plan.steps, f"training {self.learning.settings.name}")
        return loss

    def _save(self) -> None:
        self._look()
        super()._save()
        if self._enough():
            raise _EnoughError

    def _look(self) -> None:
        self.swap_average()
        loss = self.learning.look()
        if loss < min((entry["eval_loss"] for entry in self.history), default=math.inf):
            part = self.folder / "best.part"
            save_file({name: value.detach().contiguous() for name, value in self._trained()}, part)
            part.replace(self.folder / "best.safetensors")
        self.swap_average()
        now = time.monotonic()
        entry: dict[str, float] = {
            "step": self.step,
            "epoch": round(self.step / self.learning.batches.per_epoch, 3),
            "eval_loss": loss,
            "eval_perplexity": math.exp(loss),
            "seconds": round(now - self._since, 1),
        }
        if self._losses:
            entry["loss"] = sum(self._losses) / len(self._losses)
        self._losses, self._since = [], now
        self.history.append(entry)
        write_json(self.folder / HISTORY, {"history": self.history})
        logger.info("%s: %s", self.learning.settings.name, entry)

    def _enough(self) -> bool:
        patience = self.learning.settings.patience
        losses = [entry["eval_loss"] for entry in self.history]
        return bool(patience and losses) and len(losses) - 1 - losses.index(min(losses)) >= patience
