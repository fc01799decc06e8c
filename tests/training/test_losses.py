from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from univldr.training.losses import (
    alignment_loss,
    cross_entropy,
    likeness_loss,
    naming_loss,
    passage_loss,
    same_group,
    soften,
)


def test_same_group_shares_a_row_among_its_columns() -> None:
    targets = same_group(torch.tensor([0, 1, 2]), torch.tensor([0, 0, 1, -1]))
    assert targets.tolist() == [[0.5, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_zero_embeddings_cost_log_of_the_documents() -> None:
    targets = torch.eye(4, 6)
    loss = cross_entropy(torch.zeros(4, 8), torch.zeros(6, 8), targets, 20.0)
    assert loss.item() == pytest.approx(math.log(6))


def test_cross_entropy_of_one_positive_and_one_negative() -> None:
    queries = torch.tensor([[1.0, 0.0]])
    documents = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    loss = cross_entropy(queries, documents, torch.tensor([[1.0, 0.0]]), 5.0)
    assert loss.item() == pytest.approx(math.log1p(math.exp(-3.0)), rel=1e-5)


def test_soften_moves_a_share_and_never_to_silent_columns() -> None:
    targets = torch.tensor([[1.0, 0.0, 0.0]])
    teacher = torch.tensor([[0.5, 0.5, -torch.inf]])
    assert torch.equal(soften(targets, teacher, 0.1, 0.0), targets)
    assert soften(targets, teacher, 0.1, 0.4).tolist() == [pytest.approx([0.8, 0.2, 0.0])]


def test_alignment_loss_of_zero_pictures_and_passages() -> None:
    """Zero pictures score zero everywhere, so both directions cost the log of their candidates."""
    captions = torch.zeros(3, 5, 8)
    loss = alignment_loss(
        torch.zeros(3, 8),
        captions,
        torch.zeros(2, 8),
        torch.tensor(10.0),
        teacher=captions,
        temperature=0.1,
        share=0.5,
    )
    assert loss.item() == pytest.approx((math.log(3 + 2) + math.log(15 + 2)) / 2, rel=1e-5)


def test_alignment_loss_falls_as_pictures_reach_their_captions() -> None:
    centres = torch.eye(4)
    captions = centres[:, None, :].expand(4, 5, 4)
    scale, passages = torch.tensor(10.0), torch.zeros(2, 4)

    def loss(pictures: torch.Tensor) -> float:
        return float(
            alignment_loss(pictures, captions, passages, scale, teacher=captions, temperature=0.1, share=0.0)
        )

    assert loss(centres) < loss(torch.zeros(4, 4)) < loss(centres.roll(1, 0))


def test_pictures_near_a_question_cost_more_than_pictures_far_from_it() -> None:
    texts, scale = torch.eye(3, 6), torch.tensor(10.0)
    near, far = torch.eye(3, 6), torch.eye(6)[3:]
    assert passage_loss(texts, texts, near, scale) > passage_loss(texts, texts, far, scale)
    zero = passage_loss(torch.zeros(3, 6), texts, far, scale)
    assert zero.item() == pytest.approx(math.log(6), rel=1e-5)


def test_likeness_loss_sees_neighbours_and_not_rotations() -> None:
    before = functional.normalize(torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    turned = before @ torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1)))[0]
    assert likeness_loss(turned, before).item() == pytest.approx(0.0, abs=1e-5)
    assert likeness_loss(before.roll(1, 0), before) > 0.1


def test_likeness_loss_of_three_texts() -> None:
    """Before, the first is alike to both others; then it is one with the second."""
    before = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    after = torch.tensor([[0.0, 1.0], [0.0, 1.0], [0.0, -1.0]])
    first = 0.5 * math.log(0.5 / torch.sigmoid(torch.tensor(2.0)).item()) + 0.5 * math.log(
        0.5 / torch.sigmoid(torch.tensor(-2.0)).item()
    )
    p = torch.sigmoid(torch.tensor(1.0)).item()
    second = p * math.log(p / torch.sigmoid(torch.tensor(2.0)).item()) + (1 - p) * math.log(
        (1 - p) / torch.sigmoid(torch.tensor(-2.0)).item()
    )
    third = p * math.log(p / 0.5) + (1 - p) * math.log((1 - p) / 0.5)
    expected = (first + second + third) / 3
    assert likeness_loss(after, before, scale=1.0).item() == pytest.approx(expected, rel=1e-4)


def test_naming_loss_is_least_at_the_class_that_was_seen() -> None:
    names, seen = torch.eye(3), torch.tensor([[0.0, 1.0, 0.0]])
    scale = torch.tensor(2.0)
    right, wrong = (naming_loss(names[[i]], names, seen, scale).item() for i in (1, 0))
    assert right == pytest.approx(math.log(1 + 2 * math.exp(-2.0)), rel=1e-5)
    assert wrong == pytest.approx(right + 2.0, rel=1e-5)
