"""The ``[[verbalizers]]`` tables of a recipe: what to train, on what, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from univldr.errors import ConfigError


@dataclass(frozen=True, slots=True)
class VerbalizerTraining:
    """One verbalizer to train.

    Attributes:
        name: Of its folder; a later verbalizer may start from it.
        kind: ``caption`` describes a picture. ``query`` asks what a user would ask to find it, as UniVL-DR's
            image verbalization does.
        start: An encoder (``mini``, a directory, a hub id): a new, small decoder is trained on its picture
            tower. A captioner, or the name of an earlier verbalizer: that is trained on. By default the
            model that the recipe starts from.
        split: Queries whose answers are pictures; each is a text for its picture. "" takes the captions of
            the documents, which only kind ``caption`` can learn from.
        dev: The split held out: no picture that answers one of its queries is trained on.
        epochs: Over all pairs of a picture and a text.
        batch: Pairs in a step.
        rate: Peak learning rate; a cosine leads to zero.
        warmup: Steps of linear rise before it.
        weight_decay: Of matrices; norms and biases do not decay.
        label_smoothing: Share of each target that all pieces get alike (Szegedy et al. 2016).
        patience: Looks at the held-out texts without gain before it stops; 0 never stops early.
        checkpoint_every: Steps between two looks; each leaves a checkpoint to go on from.
        freeze: The picture tower stays as it is and runs once over each picture.
        flips: Show a picture mirrored half of the time.
        precision: Of the forward pass; weights stay in float32.
        max_tokens: Longest text in tokens, the closing one included; longer ones are cut.
        width: Of a new decoder. So are the next four.
        layers: Its blocks.
        heads: Its attention heads; they divide the width.
        dropout: Of embeddings and blocks.
        vocabulary: Word pieces, made from the texts.
        seed: Of everything random; by default the recipe's.
    """

    name: str
    kind: Literal["caption", "query"] = "caption"
    start: str = ""
    split: str = ""
    dev: str = "dev"
    epochs: int = 10
    batch: int = 64
    rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    patience: int = 5
    checkpoint_every: int = 200
    freeze: bool = True
    flips: bool = True
    precision: Literal["fp32", "bf16"] = "fp32"
    max_tokens: int = 40
    width: int = 256
    layers: int = 3
    heads: int = 4
    dropout: float = 0.1
    vocabulary: int = 4000
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.kind == "query" and not self.split:
            raise ConfigError('kind = "query" learns from queries; give their split, such as split = "train"')
        if self.split == self.dev:
            raise ConfigError(f'split and dev are both "{self.dev}"; hold other queries out')
        for name in ("epochs", "batch", "checkpoint_every", "width", "layers", "heads"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.width % self.heads:
            raise ConfigError(f"width is {self.width}; it must be a multiple of heads ({self.heads})")
        if self.max_tokens < 2:
            raise ConfigError(f"max_tokens is {self.max_tokens}; it must be at least 2")
        for name in ("dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be from 0 to below 1")
