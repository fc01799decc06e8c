"""What a step of training sees, drawn anew from the seed, the epoch and the query's number alone.

So a run that goes on from a checkpoint draws what it would have drawn, and so does one with more workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset, Sampler

from univldr.corpus.collection import Topic
from univldr.errors import ConfigError
from univldr.training.recipe import ANY, Stage

Rows = npt.NDArray[np.int64]
Lists = Mapping[str, Rows]
"""Hard negatives of one query: the rows of each modality, and ``any`` for all of them, the best first."""


@dataclass(frozen=True, slots=True)
class Example:
    """One query with what it is to be told apart from.

    Attributes:
        topic: Its position among the topics.
        positive: The row of the document to find.
        negatives: Rows of the hard negatives.
    """

    topic: int
    positive: int
    negatives: tuple[int, ...]


def draw_negatives(
    lists: Lists, counts: Mapping[str, int], rng: np.random.Generator, *, depth: int = 0, fill: bool = True
) -> tuple[int, ...]:
    """Rows drawn at random without repeats: ``counts[name]`` of the first ``depth`` of each list.

    Args:
        lists: See ``Lists``; a name without a list has none.
        counts: By modality, or for ``any``.
        rng: Where chance comes from.
        depth: 0 for the whole lists.
        fill: Make up for a list that is short from the others (UniVL-DR's rule).
    """
    heads = {name: rows[:depth] if depth else rows for name, rows in lists.items()}
    drawn: list[int] = []
    for name, count in counts.items():
        drawn += _draw(heads.get(name, ()), count, rng, drawn)
    short = sum(counts.values()) - len(drawn)
    if fill and short:
        rest = np.concatenate([np.empty(0, np.int64), *heads.values()])
        drawn += _draw(list(dict.fromkeys(rest.tolist())), short, rng, drawn)
    return tuple(drawn)


def _draw(rows: Any, count: int, rng: np.random.Generator, taken: Sequence[int]) -> list[int]:
    free = [int(row) for row in rows if row not in taken]
    return [free[i] for i in rng.permutation(len(free))[:count]]


class TrainingExamples(Dataset[Example]):
    """The queries of a split; ``examples[epoch, number]`` draws a positive and hard negatives for one."""

    def __init__(
        self, topics: Sequence[Topic], stage: Stage, negatives: Sequence[Lists] | None, seed: int
    ) -> None:
        """``negatives`` has the lists of each topic; without it nothing but positives is drawn."""
        self.topics, self.stage, self.negatives, self.seed = topics, stage, negatives, seed

    def __len__(self) -> int:
        return len(self.topics)

    def __getitem__(self, key: tuple[int, int]) -> Example:
        epoch, number = key
        rng = np.random.default_rng((self.seed, epoch, number))
        positives = self.topics[number].positives
        positive = positives[int(rng.integers(len(positives)))]
        if self.negatives is None:
            return Example(number, positive, ())
        stage = self.stage
        drawn = draw_negatives(
            self.negatives[number], stage.hard_negatives, rng, depth=stage.depth, fill=stage.fill
        )
        return Example(number, positive, drawn)


class EpochBatches(Sampler[list[tuple[int, int]]]):
    """Batches of ``(epoch, number)`` keys: a new order each epoch, each process its share of each batch.

    A last batch that is not full is left out, so that all processes do the same number of steps.
    """

    def __init__(self, examples: int, batch: int, seed: int, *, rank: int = 0, processes: int = 1) -> None:
        """
        Raises:
            ConfigError: fewer examples than a batch holds, or a batch that the processes cannot share.
        """
        if batch % processes:
            raise ConfigError(f"batch {batch} cannot be shared by {processes} processes; take a multiple")
        if examples < batch:
            raise ConfigError(
                f"{examples} queries to train on do not fill a batch of {batch}; take a smaller"
            )
        self.examples, self.batch, self.seed = examples, batch, seed
        self.share = batch // processes
        self.rank = rank
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch that the next pass draws."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.examples // self.batch

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch = self.epoch
        order = np.random.default_rng((self.seed, epoch)).permutation(self.examples)
        for step in range(len(self)):
            start = step * self.batch + self.rank * self.share
            yield [(epoch, int(number)) for number in order[start : start + self.share]]


def lists_by_modality(rows: Sequence[int], modalities: npt.NDArray[np.uint8], names: Sequence[str]) -> Lists:
    """Lists of one query from its rows, the best first, and the modality of every document."""
    every = np.asarray(rows, np.int64)
    of_row = modalities[every]
    return {
        ANY: every,
        **{name: every[of_row == code] for code, name in enumerate(names) if (of_row == code).any()},
    }
