"""The held-out pool: what is drawn into it, and its measures worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.retrieval_kit import VectorEncoder, image, make_collection, query, text
from univldr.training.recipe import ValidationSettings
from univldr.training.validation import HeldOut


def test_measures_by_hand(tmp_path: Path) -> None:
    """Query a finds its text first; query b finds its image third, behind an image and a text."""
    collection = make_collection(
        tmp_path,
        [text("t1", "1 0"), text("t2", "1 4"), image("i1", "0 1"), image("i2", "1 2")],
        [query("a", "3 1", "t1"), query("b", "0 1", "i2")],
        split="dev",
    )
    held_out = HeldOut.draw(collection, ValidationSettings(pool=0, queries=0), seed=0)
    found = held_out.look(VectorEncoder())
    assert found["nDCG@10/text"] == pytest.approx(1)
    assert found["nDCG@10/image"] == pytest.approx(1 / math.log2(4))
    assert found["nDCG@10"] == pytest.approx((1 + 1 / math.log2(4)) / 2)
    assert found["MRR@10"] == pytest.approx((1 + 1 / 3) / 2)
    assert found["images@10"] == 0.5
    assert found["Recall@100"] == 1


def test_a_smaller_pool_keeps_every_answer(tmp_path: Path) -> None:
    documents = [text(f"t{n}", f"1 {n}") for n in range(50)]
    queries = [query(f"q{n}", "1 1", f"t{n}") for n in range(20)]
    collection = make_collection(tmp_path, documents, queries, split="dev")
    settings = ValidationSettings(pool=12, queries=5)
    some = HeldOut.draw(collection, settings, seed=3)
    assert len(some.topics) == 5
    assert len(some.rows) == 12
    assert {row for topic in some.topics for row in topic.positives} <= set(some.rows.tolist())
    again = HeldOut.draw(collection, settings, seed=3)
    assert again.rows.tolist() == some.rows.tolist()
    assert HeldOut.draw(collection, settings, seed=4).rows.tolist() != some.rows.tolist()
