"""One stage from its recipe: mine, train, keep the best, and write down what happened."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback, set_seed

from univldr._processes import one_process_first, rank, wait_for_all
from univldr.config import to_dict
from univldr.corpus.collection import Collection, Topic
from univldr.encoders.fusion import FusionModule, fusion_transformer
from univldr.errors import ConfigError
from univldr.evaluation.words import Wording
from univldr.index.lock import IndexLock
from univldr.training.card import write_card
from univldr.training.curves import plot_history
from univldr.training.examples import Lists, TrainingExamples, lists_by_modality
from univldr.training.files import write_json
from univldr.training.inputs import (
    Collator,
    Inputs,
    LiveInputs,
    TrunkInputs,
    log_dropped,
    search_encoder,
)
from univldr.training.mining import mine
from univldr.training.negatives import joint_list, read_negatives
from univldr.training.recipe import ANY, Recipe, Stage
from univldr.training.trainer import (
    LimitTemperature,
    LookAtTheEnd,
    UniversalTrainer,
    freeze,
    last_checkpoint,
    training_arguments,
)
from univldr.training.validation import HeldOut
from univldr.types import Encoder, Modality, Progress

logger = logging.getLogger("univldr")

HISTORY = "history.json"
"""What happened in a stage; the file is written last."""


def silent(done: int, total: int, label: str) -> None:
    """No progress."""


class ShowSteps(TrainerCallback):
    """Hands the step to a progress callback."""

    def __init__(self, progress: Progress, label: str) -> None:
        self.progress, self.label = progress, label

    def on_step_end(self, args: Any, state: Any, control: Any, **options: Any) -> None:
        self.progress(state.global_step, state.max_steps, self.label)


@dataclass(frozen=True)
class StageRun:
    """A stage, where its files go, and what all stages share.

    Attributes:
        recipe: Of the whole run.
        stage: The one to run.
        start: The model that it starts from.
        collection: The data, without generated words.
        folder: ``model/``, ``checkpoints/``, ``history.json`` and its plot; negatives lie beside it.
        cache: Vectors that stages share.
        wording: How the stage's words are made.
        progress: Told how far it is.
    """

    recipe: Recipe
    stage: Stage
    start: str
    collection: Collection
    folder: Path
    cache: Path
    wording: Wording
    progress: Progress = silent

    @property
    def model_folder(self) -> Path:
        """Where the trained model is; there only when the stage is finished."""
        return self.folder / "model"

    @cached_property
    def data(self) -> Collection:
        """What is trained and validated on: the collection with the stage's words."""
        with one_process_first():
            return self.wording.collection(
                self.collection, self.stage.words, self.cache, progress=self.progress
            )

    @cached_property
    def _words(self) -> str:
        """Changes with the stage's words and with whatever makes them; "" where there are none."""
        return self.wording.verbalization(self.stage.words).key

    @cached_property
    def _modalities(self) -> npt.NDArray[np.uint8]:
        return self.collection.modalities()

    @property
    def seed(self) -> int:
        """Of everything random in the stage."""
        return self.recipe.seed if self.stage.seed is None else self.stage.seed

    def run(self) -> Path:
        """Train, or go on from the last checkpoint, or do nothing where it is done: the model's folder.

        Raises:
            ConfigError: the folder holds this stage with other settings.
            CorpusError: the data lacks the split.
            ModelError: the model to start from cannot be loaded.
            StoreError: another process is at this stage.
        """
        with one_process_first():
            self._claim()
        if (self.folder / HISTORY).exists():
            return self.model_folder
        lock = IndexLock(self.folder, wait=0, what="stage") if rank() == 0 else None
        try:
            self._train()
        finally:
            if lock is not None:
                lock.release()
        return self.model_folder

    def _train(self) -> None:
        set_seed(self.seed)
        module = FusionModule.load(self.start)
        module.name = self.recipe.model.name or f"{self.recipe.name}-{self.stage.name}"
        model = fusion_transformer(module)
        inputs = self._inputs(model, self.data)
        if rank() == 0:
            log_dropped(self.data, module)
        negatives = self._negatives(model, inputs)
        freeze(model, self.stage, self.recipe.model.train)
        trainer = self._trainer(model, inputs, negatives)
        checkpoint = last_checkpoint(self.folder / "checkpoints")
        set_seed(self.seed)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        trainer.restore_best()
        wait_for_all()  # who still reads the best checkpoint, which is removed next
        self._write(trainer)
        wait_for_all()  # for what process 0 has written

    def _claim(self) -> None:
        """Note what the folder is for; another recipe's results must not pass for this one's."""
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = {
            "stage": to_dict(self.stage),
            "model": to_dict(self.recipe.model) | {"start": Path(self.start).name},
            "validation": to_dict(self.recipe.validation),
            "seed": self.seed,
            "collection": self.collection.fingerprint,
        }
        if self._words:  # those of another model must not pass for these
            wanted["words"] = self._words
        path = self.folder / "settings.json"
        if not path.exists():
            write_json(path, wanted)
        elif _with_defaults(json.loads(path.read_text("utf-8"))) != wanted:
            raise ConfigError(
                f"{self.folder} holds stage {self.stage.name!r} with other settings or data; "
                "remove it, or choose another --out"
            )

    def _inputs(self, model: SentenceTransformer, collection: Collection) -> Inputs:
        return make_inputs(self.recipe, model, collection, self.collection, self.cache, self.progress)

    def _negatives(self, model: SentenceTransformer, inputs: Inputs) -> dict[str, Sequence[Lists]]:
        """The lists of each query of the training split and of the one to validate on."""
        splits = [self.stage.split, *self._held_out_splits()]
        if not self.stage.hard_negatives:
            return {}
        if self.stage.given:
            names, codes = [str(modality) for modality in Modality], self.collection.modalities()
            return {
                split: [lists_by_modality(t.negatives, codes, names) for t in self.collection.topics(split)]
                for split in splits
            }
        data = self.data
        if self.stage.mine_plain:
            data, inputs = self.collection, self._inputs(model, self.collection)
        encoder = search_encoder(model, self.start, inputs, data)
        return {split: self._mined(encoder, data, split) for split in dict.fromkeys(splits)}

    def _mined(self, encoder: Encoder, data: Collection, split: str) -> Sequence[Lists]:
        assert self.stage.mine is not None
        path = self._mined_file(split)
        report = mine(encoder, data, split, self.stage.mine, path, self.cache, self.progress)
        logger.info("%s", report)
        return [
            {ANY: joint_list(lists)[0], **{str(modality): rows for modality, (rows, _) in lists.items()}}
            for lists in read_negatives(path, self.collection)
        ]

    def _mined_file(self, split: str) -> Path:
        """Shared by the stages that mine alike, with the same words and the same model."""
        words = "" if self.stage.mine_plain else self._words
        digest = hashlib.sha256(f"{json.dumps(to_dict(self.stage.mine))}{words}".encode()).hexdigest()[:8]
        name = f"{self.recipe.before(self.stage)}-{digest}.{split}.jsonl"
        return self.folder.parent / "negatives" / name

    def _held_out_splits(self) -> list[str]:
        split = self.recipe.validation.split
        return [split] if split in self.collection.splits() else []

    def _wanted(self, topic: Topic) -> bool:
        """Whether the stage trains on a query."""
        only = self.stage.only
        return only is None or any(
            self._modalities[row] == list(Modality).index(only) for row in topic.positives
        )

    def _trainer(
        self, model: SentenceTransformer, inputs: Inputs, negatives: Mapping[str, Sequence[Lists]]
    ) -> UniversalTrainer:
        stage, validation = self.stage, self.recipe.validation

        def examples(split: str) -> tuple[TrainingExamples, Collator]:
            every: Sequence[Topic] = self.collection.topics(split)
            chosen = [number for number, topic in enumerate(every) if self._wanted(topic)]
            topics, lists = [every[number] for number in chosen], negatives.get(split)
            lists = None if lists is None else [lists[number] for number in chosen]
            return TrainingExamples(topics, stage, lists, self.seed), Collator(inputs, topics)

        held_out: dict[str, Any] = {}
        if self._held_out_splits():
            pool = HeldOut.draw(self.data, validation, self.recipe.seed)

            def look(model: SentenceTransformer) -> dict[str, float]:
                return pool.look(search_encoder(model, stage.name, inputs, self.data))

            some, collator = examples(validation.split)
            held_out = {"held_out": some, "held_out_collator": collator, "look": look}
        train, collator = examples(stage.split)
        arguments = training_arguments(
            stage,
            self.recipe.run,
            validation if held_out else None,
            self.folder / "checkpoints",
            self.seed,
        )
        steps = ShowSteps(self.progress, f"training {stage.name}")
        return UniversalTrainer(
            model,
            stage,
            arguments,
            train,
            collator,
            patience=validation.patience,
            callbacks=[LimitTemperature(), LookAtTheEnd(), steps],
            **held_out,
        )

    def _write(self, trainer: UniversalTrainer) -> None:
        """The model and its card, then the history, whose file says that the stage is done."""
        if not trainer.is_world_process_zero():
            return
        trainer.model.save_pretrained(str(self.model_folder), create_model_card=False)
        history = [entry for entry in trainer.state.log_history if "train_runtime" not in entry]
        write_card(self.model_folder, self.recipe, self.stage, self.collection, history)
        plot_history(history, self.folder / "history.png", title=f"{self.recipe.name}, {self.stage.name}")
        record = {"best": trainer.state.best_metric, "best_step": trainer.state.best_global_step}
        path = self.folder / HISTORY
        write_json(path, record | {"history": history})
        for checkpoint in (self.folder / "checkpoints").glob("checkpoint-*"):
            shutil.rmtree(checkpoint)  # of no more use, and larger than the model


def _with_defaults(claim: dict[str, Any]) -> dict[str, Any]:
    """A claim as this version writes it: an older one did not know all settings of a stage."""
    return claim | {"stage": to_dict(Stage("")) | claim["stage"]}


def make_inputs(
    recipe: Recipe,
    model: SentenceTransformer,
    collection: Collection,
    plain: Collection,
    cache: Path,
    progress: Progress,
) -> Inputs:
    """Read documents as they are needed, or run frozen towers over all of them once.

    ``plain`` is ``collection`` without generated words; its pictures are those that towers look at.
    """
    module = model[0]
    assert isinstance(module, FusionModule)
    if recipe.model.train == "all":
        return LiveInputs(collection, module)
    return TrunkInputs.compute(module, collection, plain, cache, progress)
