"""UniVL-DR's losses in closed form, by hand, and with what does not count left out."""

from __future__ import annotations

import math

import pytest
import torch

from univldr.training.losses import candidate_mask, universal_loss


def everything(queries: int, documents: int) -> torch.Tensor:
    return torch.ones(queries, documents, dtype=torch.bool)


@pytest.mark.parametrize("documents", [3, 7, 12])
def test_embeddings_of_zeros_give_the_log_of_the_candidates(documents: int) -> None:
    queries, rows = torch.zeros(3, 4), torch.zeros(documents, 4)
    loss, accuracy = universal_loss(queries, rows, torch.tensor(20.0), everything(3, documents))
    assert loss.item() == pytest.approx(math.log(documents))
    assert accuracy.item() == 0.0  # a tie is not a find


def test_own_negatives_of_zeros_give_the_log_of_their_number() -> None:
    """Two queries, one with two negatives and one with none: log 3 and log 1."""
    owners, rows = torch.tensor([0, 1, 0, 0]), torch.tensor([10, 11, 12, 13])
    candidates = candidate_mask(owners, rows, torch.tensor([[10], [11]]), own=True, mask_relevant=True)
    assert candidates.tolist() == [[True, False, True, True], [False, True, False, False]]
    loss, _ = universal_loss(torch.zeros(2, 4), torch.zeros(4, 4), torch.tensor(1.0), candidates)
    assert loss.item() == pytest.approx(math.log(3) / 2)


def test_two_queries_by_hand() -> None:
    """Scores [[2, 0, 1], [1, 2, 2]] at scale 2: a negative ties with the second positive."""
    queries = torch.eye(2, 3)
    documents = torch.tensor([[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.5, 1.0, 0.0]])
    loss, accuracy = universal_loss(queries, documents, torch.tensor(2.0), everything(2, 3))
    first = math.log(math.e**2 + 1 + math.e) - 2
    second = math.log(math.e + 2 * math.e**2) - 2
    assert loss.item() == pytest.approx((first + second) / 2, abs=1e-6)
    assert accuracy.item() == 0.5
    own = candidate_mask(
        torch.tensor([0, 1, 1]),
        torch.tensor([0, 1, 2]),
        torch.tensor([[0], [1]]),
        own=True,
        mask_relevant=False,
    )
    loss, _ = universal_loss(queries, documents, torch.tensor(2.0), own)
    assert loss.item() == pytest.approx((0 + math.log(2)) / 2, abs=1e-6)


def test_answers_of_a_query_are_not_its_negatives() -> None:
    """Document 5 answers both queries; document 7 is a further answer of the second, drawn for the first."""
    owners, rows = torch.tensor([0, 1, 0, 1]), torch.tensor([5, 5, 7, 8])
    relevant = torch.tensor([[5, -1], [5, 7]])
    masked = candidate_mask(owners, rows, relevant, own=False, mask_relevant=True)
    assert masked.tolist() == [[True, False, True, True], [False, True, False, True]]
    faithful = candidate_mask(owners, rows, relevant, own=False, mask_relevant=False)
    assert faithful.all()


def test_masked_documents_have_no_say_in_the_gradient() -> None:
    torch.manual_seed(0)
    queries = torch.randn(2, 4)
    documents = torch.randn(5, 4, requires_grad=True)
    candidates = everything(2, 5)
    candidates[:, 3] = False
    loss, _ = universal_loss(queries, documents, torch.tensor(3.0), candidates)
    loss.backward()  # type: ignore[no-untyped-call]
    assert documents.grad is not None
    assert documents.grad[3].abs().sum() == 0
    assert torch.isfinite(documents.grad).all()
    assert (documents.grad[[0, 1, 2, 4]].abs().sum(1) > 0).all()
