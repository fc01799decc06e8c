"""Recipes: one TOML file says everything about a run, from the data to the table of results."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from univldr.config import read_config
from univldr.errors import ConfigError
from univldr.training.verbalizer_settings import VerbalizerTraining
from univldr.types import Modality
from univldr.verbalize.settings import Plan, VerbalizerSettings

ANY = "any"
"""The key of ``hard_negatives`` that draws from the joint list, whatever the modality."""


@dataclass(frozen=True, slots=True)
class DataSettings:
    """The data set.

    Attributes:
        path: Its folder.
        format: ``auto``, or a name that ``open_collection`` takes.
    """

    path: Path
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Where training starts.

    Attributes:
        start: A directory or a hub id.
        train: ``heads`` freezes both towers and runs each of them once over the data.
        name: What the trained model calls itself; by default the recipe's name.
    """

    start: str
    train: Literal["all", "heads"] = "all"
    name: str = ""


@dataclass(frozen=True, slots=True)
class OptimizerSettings:
    """AdamW; the defaults are UniVL-DR's.

    Attributes:
        rate: Peak learning rate; a cosine leads to zero.
        warmup: Steps of linear rise before it.
        weight_decay: On matrices only; never on norms, biases and the temperature.
        clip: Largest norm of the gradient; 0 does not clip.
    """

    rate: float = 5e-6
    warmup: int = 0
    weight_decay: float = 0.2
    beta1: float = 0.9
    beta2: float = 0.98
    eps: float = 1e-6
    clip: float = 0.0


@dataclass(frozen=True, slots=True)
class MiningSettings:
    """Which of the documents that a model ranks high count as negatives.

    A candidate that scores like a positive is probably one that nobody annotated. ``max_ratio``, ``margin``
    and ``max_score`` leave such suspects out; each applies on its own.

    Attributes:
        depth: The last rank of the joint list that is looked at; the positives count among the ranks.
        skip: How many ranks at the top of the joint list are passed over.
        max_ratio: Keep ``score < max_ratio * s``, with ``s`` the query's positive score (NV-Retriever's
            "TopK-PercPos", Moreira et al. 2024). Where ``s`` is negative, the limit is as far below it:
            ``s - (1 - max_ratio) * |s|``. ``inf`` keeps all, which is faithful.
        margin: Keep ``score <= s - margin``.
        max_score: Keep ``score <= max_score``.
        positive: ``s`` is the ``highest`` or the ``lowest`` score among the positives.
        compare: Take ``s`` from the positives of the candidate's own ``modality``; where the query has none,
            neither ratio nor margin applies. Or from ``all`` positives: while a model has a modality gap,
            every candidate of the modality it favours is then a suspect, and balance needs just those.
        per_modality: Keep so many of each modality, the best; all by default.
        fill: Where the joint list leaves fewer of a modality, search that modality apart and add the best
            that the joint list does not show, until there are so many. 0 is faithful.
        centered: Search with centered vectors (see :mod:`univldr.centering`), the texts' mean out of queries.
    """

    depth: int = 100
    skip: int = 0
    max_ratio: float = 0.95
    margin: float | None = None
    max_score: float | None = None
    positive: Literal["highest", "lowest"] = "highest"
    compare: Literal["modality", "all"] = "modality"
    per_modality: int | None = None
    fill: int = 0
    centered: bool = False

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ConfigError(f"depth is {self.depth}; it must be at least 1")
        if not 0 <= self.skip < self.depth:
            raise ConfigError(f"skip is {self.skip}; it must be from 0 to below the depth of {self.depth}")
        if not self.max_ratio > 0:
            raise ConfigError(f"max_ratio is {self.max_ratio}; it must be above 0, or inf to keep all")
        if self.per_modality is not None and self.per_modality < 1:
            raise ConfigError(f"per_modality is {self.per_modality}; it must be at least 1")
        if self.fill < 0 or self.fill > (self.per_modality or self.fill):
            raise ConfigError(f"fill is {self.fill}; it must be from 0 to per_modality ({self.per_modality})")

    @classmethod
    def faithful(cls, depth: int = 100) -> MiningSettings:
        """As the paper mines: nothing but the positives is left out of the joint list."""
        return cls(depth=depth, max_ratio=math.inf)

    def limit(self, positive: float) -> float:
        """What a candidate must score less than, by the ratio, if the positive score is ``positive``."""
        if math.isinf(self.max_ratio):
            return math.inf
        return positive * (self.max_ratio if positive >= 0 else 2 - self.max_ratio)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training.

    Attributes:
        name: Of its folder and its row in the table.
        after: The stage whose model it starts from: the one before, or ``start``.
        split: Of the queries.
        only: Train on the queries with an answer of this modality alone: a single-modality model.
        negatives: What the softmax of a query runs over beside its positive: ``batch`` every document of the
            batch, ``own`` only the negatives drawn for the query.
        hard_negatives: How many to draw for each query from each list: ``{text = 1, image = 1}`` balances,
            ``{any = 2}`` takes them as they come.
        depth: Only the first so many of a list are drawn from; 0 takes all.
        fill: Where a list is short, the other lists make up the number.
        given: Draw from the hard negatives that the data set names, not from mined ones.
        mine: Mine hard negatives with the model that the stage starts from.
        verbalize: Whose words join the captions, in this order, in training, mining and validation alike.
        mine_plain: Mine without these words, as the paper's code does; the model is then trained on negatives
            that were hard for other captions.
        mask_positives: Leave out of a softmax whatever else answers its query.
        batch: Queries in a step, over all processes.
        accumulation: Batches whose gradients make one step.
        cached: Keep only the embeddings of a batch and compute each piece again for its gradient (GradCache,
            Gao et al. 2021): memory for ``chunk`` rows serves any batch.
        chunk: Rows that go through the model at a time, alike lengths together; 0 takes all at once.
        steps: Steps at most; 0 leaves it to ``epochs``.
        precision: Of the forward pass; weights stay in float32.
        learn_temperature: Whether the inverse temperature is trained.
        freeze: Regular expressions; parameters whose names they find stay as they are.
        seed: Of this stage; by default the recipe's.
    """

    name: str
    after: str = ""
    split: str = "train"
    only: Modality | None = None
    negatives: Literal["batch", "own"] = "batch"
    hard_negatives: dict[str, int] = field(default_factory=dict)
    depth: int = 0
    fill: bool = True
    given: bool = False
    mine: MiningSettings | None = None
    verbalize: tuple[str, ...] = ()
    mine_plain: bool = False
    mask_positives: bool = True
    batch: int = 64
    accumulation: int = 1
    cached: bool = False
    chunk: int = 0
    epochs: int = 20
    steps: int = 0
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    learn_temperature: bool = True
    freeze: tuple[str, ...] = ()
    optimizer: OptimizerSettings = OptimizerSettings()
    seed: int | None = None

    def __post_init__(self) -> None:
        drawn = sum(self.hard_negatives.values())
        if any(count < 1 for count in self.hard_negatives.values()):
            raise ConfigError(f"hard_negatives {self.hard_negatives}: each number must be at least 1")
        if self.negatives == "own" and not drawn:
            raise ConfigError('negatives = "own" needs hard_negatives, such as { text = 1, image = 1 }')
        if drawn and not self.given and self.mine is None:
            raise ConfigError(f"hard_negatives {self.hard_negatives} need a [mine] table, or given = true")
        for name in ("batch", "accumulation", "epochs"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.cached and self.chunk < 1:
            raise ConfigError(f"cached needs a chunk of at least 1 row, not {self.chunk}")
        Plan(self.verbalize)
        if self.mine_plain and not (self.verbalize and self.mine):
            raise ConfigError("mine_plain leaves words out of mining; it needs verbalize and a [mine] table")

    @property
    def words(self) -> str:
        """The stage's verbalizers, as a system has them in brackets; "" where there are none."""
        return ",".join(self.verbalize)


@dataclass(frozen=True, slots=True)
class ValidationSettings:
    """What tells when to stop.

    Attributes:
        split: Of the held-out queries.
        queries: So many of them, drawn at random; 0 takes all.
        pool: Documents to search: the answers of these queries, and others at random up to this number; 0
            takes all.
        every: Steps between two looks.
        patience: Looks without gain before training stops; 0 never stops early.
        metric: ``nDCG@10``, ``nDCG@10/text``, ``accuracy`` (the paper's), or another that a look logs.
    """

    split: str = "dev"
    queries: int = 1000
    pool: int = 20_000
    every: int = 500
    patience: int = 5
    metric: str = "nDCG@10"


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """The table at the end.

    Attributes:
        data: Another data set than the one to train on.
        split: Of the queries.
        systems: Rows, as ``univldr evaluate --system`` takes them; ``start`` and the names of stages stand
            for their models.
        k: Documents retrieved for each query.
    """

    data: DataSettings | None = None
    split: str = "test"
    systems: tuple[str, ...] = ()
    k: int = 100


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run works, which changes no result.

    Attributes:
        checkpoint_every: Steps between checkpoints.
        log_every: Steps between lines of the log.
        workers: Processes that read and decode beside training; 0 reads in the training process.
        report_to: ``tensorboard``, ``wandb``, both or none.
    """

    checkpoint_every: int = 500
    log_every: int = 50
    workers: int = 2
    report_to: tuple[Literal["tensorboard", "wandb"], ...] = ("tensorboard",)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole run; :func:`univldr.training.reproduce` carries it out.

    Attributes:
        verbalize: How verbalizers work, in every stage and in the table; tags are those of ``model.start``.
        verbalizers: To train, each from its own start; stages do not need them.
    """

    name: str
    data: DataSettings
    model: ModelSettings
    stages: tuple[Stage, ...]
    verbalize: VerbalizerSettings = field(default_factory=VerbalizerSettings)
    verbalizers: tuple[VerbalizerTraining, ...] = ()
    validation: ValidationSettings = ValidationSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    run: RunSettings = RunSettings()
    seed: int = 1234

    def __post_init__(self) -> None:
        known = ["start"]
        for stage in self.stages:
            if stage.name in known:
                raise ConfigError(f'two stages are called "{stage.name}"; "start" is taken, too')
            if stage.after not in ("", *known):
                raise ConfigError(f'stage "{stage.name}" comes after "{stage.after}"; known: {known}')
            known.append(stage.name)
        names = [training.name for training in self.verbalizers]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise ConfigError(f'two verbalizers are called "{name}"; name each otherwise')

    def before(self, stage: Stage) -> str:
        """The name of the stage whose model ``stage`` starts from, or ``start``."""
        if stage.after:
            return stage.after
        position = self.stages.index(stage)
        return self.stages[position - 1].name if position else "start"


def read_recipe(path: Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """A recipe from its TOML file, some values replaced: ``("stages.0.epochs=2",)``.

    Raises:
        ConfigError: a key is unknown, missing, or has a value that makes no sense.
    """
    return read_config(Recipe, path, overrides)
