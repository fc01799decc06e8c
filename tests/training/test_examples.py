"""What a step draws: balanced, filled where a list is short, and the same whoever draws it."""

from __future__ import annotations

import numpy as np
import pytest

from univldr.corpus.collection import Topic
from univldr.errors import ConfigError
from univldr.training.examples import EpochBatches, TrainingExamples, draw_negatives, lists_by_modality
from univldr.training.recipe import Stage
from univldr.types import Query

TEXTS, IMAGES, SOUNDS = np.arange(10), np.arange(20, 30), np.arange(40, 50)
LISTS = {"text": TEXTS, "image": IMAGES, "any": np.array([20, 0, 21, 22, 1])}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_each_modality_gives_its_number() -> None:
    for seed in range(20):
        drawn = draw_negatives(LISTS, {"text": 2, "image": 3}, rng(seed))
        assert len(set(drawn)) == 5
        assert [row < 10 for row in drawn] == [True, True, False, False, False]


def test_nothing_assumes_two_modalities() -> None:
    drawn = draw_negatives(LISTS | {"sound": SOUNDS}, {"sound": 2, "text": 1, "image": 1}, rng())
    assert [row // 10 for row in drawn[:2]] == [4, 4]
    assert len(drawn) == 4


def test_another_list_fills_in_where_one_is_short() -> None:
    lists = {"text": TEXTS[:1], "image": IMAGES}
    drawn = draw_negatives(lists, {"text": 3, "image": 1}, rng())
    assert len(set(drawn)) == 4
    assert sum(row < 10 for row in drawn) == 1
    assert len(draw_negatives(lists, {"text": 3, "image": 1}, rng(), fill=False)) == 2
    assert draw_negatives({"image": IMAGES[:2]}, {"text": 2, "image": 2}, rng()) != ()
    assert len(draw_negatives({"image": IMAGES[:2]}, {"text": 2, "image": 2}, rng())) == 2
    assert draw_negatives({}, {"text": 1}, rng()) == ()


def test_the_depth_bounds_every_list() -> None:
    seen = {
        row for seed in range(40) for row in draw_negatives(LISTS, {"text": 1, "any": 1}, rng(seed), depth=2)
    }
    assert seen == {0, 1, 20}


def test_lists_by_modality_keep_the_order() -> None:
    lists = lists_by_modality([5, 3, 4, 1], np.array([0, 1, 0, 1, 0, 1], np.uint8), ("text", "image"))
    assert {name: rows.tolist() for name, rows in lists.items()} == {
        "any": [5, 3, 4, 1],
        "text": [4],
        "image": [5, 3, 1],
    }


def examples(seed: int = 1) -> TrainingExamples:
    topics = [Topic(f"q{n}", Query(f"{n}"), (n, n + 100), ()) for n in range(10)]
    stage = Stage("s", hard_negatives={"text": 1, "image": 1}, given=True)
    return TrainingExamples(topics, stage, [LISTS] * 10, seed)


def test_an_example_depends_on_seed_epoch_and_number_alone() -> None:
    some = examples()
    assert some[3, 4] == examples()[3, 4]
    drawn = {(some[epoch, 4].positive, some[epoch, 4].negatives) for epoch in range(30)}
    assert len(drawn) > 10
    assert {positive for positive, _ in drawn} == {4, 104}  # each of its positives gets its turn
    assert examples(2)[3, 4] != some[3, 4] or examples(2)[5, 4] != some[5, 4]


def test_processes_share_every_batch_and_epochs_differ() -> None:
    whole = EpochBatches(10, 4, seed=5)
    shares = [EpochBatches(10, 4, seed=5, rank=rank, processes=2) for rank in range(2)]
    seen = []
    for epoch in range(2):
        for batches in (whole, *shares):
            batches.set_epoch(epoch)
        together = [a + b for a, b in zip(*shares, strict=True)]
        assert together == list(whole)
        assert len(together) == len(whole) == 2
        keys = [key for batch in together for key in batch]
        assert len(set(keys)) == 8
        assert {key[0] for key in keys} == {epoch}
        seen.append([number for _, number in keys])
    assert seen[0] != seen[1]


def test_batches_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="batch 5 cannot be shared by 2 processes"):
        EpochBatches(10, 5, seed=0, processes=2)
    with pytest.raises(ConfigError, match="3 queries to train on do not fill a batch of 4"):
        EpochBatches(3, 4, seed=0)
