"""Contrastive losses over similarity matrices: pure functions of tensors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def same_group(rows: Tensor, columns: Tensor) -> Tensor:
    """Targets that share each row's weight among the columns of its group.

    Args:
        rows: int64 [R], the group of each query.
        columns: int64 [C], the group of each document; -1 belongs to no query.

    Returns:
        float32 [R, C]; a row sums to one, or to zero when its group has no column.
    """
    match = (rows[:, None] == columns[None, :]).float()
    return match / match.sum(1, keepdim=True).clamp(min=1.0)


def soften(targets: Tensor, teacher: Tensor, temperature: float, share: float) -> Tensor:
    """Move ``share`` of each row's weight to where a teacher sees likeness (Hinton et al. 2015).

    A batch of photos holds many dogs on grass: calling every other dog wrong teaches the model to tell apart
    what the captions do not. The teacher's similarity between captions says how wrong each one is.

    Args:
        targets: float32 [R, C], rows sum to one.
        teacher: float32 [R, C] similarities; ``-inf`` where the teacher has no opinion.
        temperature: Of the softmax over the teacher's similarities.
        share: In [0, 1].
    """
    return (1.0 - share) * targets + share * functional.softmax(teacher / temperature, dim=1)


def cross_entropy(queries: Tensor, documents: Tensor, targets: Tensor, scale: Tensor | float) -> Tensor:
    """Mean over queries of the cross-entropy between ``targets`` and softmax(scale * queries @ documents.T).

    With one positive per query and documents of both kinds in the columns this is UniVL-DR's universal loss
    (Liu et al. 2023, equation 7). Embeddings of zeros give log(number of documents).

    Args:
        queries: float32 [R, dim].
        documents: float32 [C, dim].
        targets: float32 [R, C], rows sum to one.
        scale: Inverse temperature.
    """
    scores = functional.log_softmax(scale * (queries @ documents.T), dim=1)
    return -(targets * scores).sum(1).mean()


def alignment_loss(
    pictures: Tensor,
    captions: Tensor,
    passages: Tensor,
    scale: Tensor,
    *,
    teacher: Tensor,
    temperature: float,
    share: float,
) -> Tensor:
    """Pictures and their captions find each other among one another and among passages.

    Args:
        pictures: float32 [B, dim], unit rows.
        captions: float32 [B, K, dim], unit rows, K captions of each picture.
        passages: float32 [N, dim], unit rows that belong to no picture; they compete in every softmax,
            which puts pictures and passages on one scale.
        scale: Inverse temperature.
        teacher: float32 [B, K, dim], unit rows: the captions as a frozen text tower has them.
        temperature: See ``soften``.
        share: See ``soften``.
    """
    batch, per_picture, _ = captions.shape
    groups = torch.arange(batch, device=captions.device)
    flat, caption_groups = captions.flatten(0, 1), groups.repeat_interleave(per_picture)
    nobody = torch.full((len(passages),), -1, device=captions.device)
    taught, centres = teacher.flatten(0, 1), functional.normalize(teacher.mean(1), dim=1)
    silent = captions.new_full((1, len(passages)), -torch.inf)
    to_pictures = soften(
        same_group(caption_groups, torch.cat([groups, nobody])),
        torch.cat([taught @ centres.T, silent.expand(len(flat), -1)], dim=1),
        temperature,
        share,
    )
    to_captions = soften(
        same_group(groups, torch.cat([caption_groups, nobody])),
        torch.cat([centres @ taught.T, silent.expand(batch, -1)], dim=1),
        temperature,
        share,
    )
    find_picture = cross_entropy(flat, torch.cat([pictures, passages]), to_pictures, scale)
    find_caption = cross_entropy(pictures, torch.cat([flat, passages]), to_captions, scale)
    return (find_picture + find_caption) / 2


def passage_loss(queries: Tensor, passages: Tensor, pictures: Tensor, scale: Tensor) -> Tensor:
    """Each query finds its own passage among the others and the pictures.

    Args:
        queries: float32 [M, dim], unit rows.
        passages: float32 [M, dim], unit rows, the passage of each query.
        pictures: float32 [B, dim], unit rows, none of which is looked for.
        scale: Inverse temperature.
    """
    targets = torch.eye(len(queries), len(passages) + len(pictures), device=queries.device)
    return cross_entropy(queries, torch.cat([passages, pictures]), targets, scale)


def likeness_loss(rows: Tensor, before: Tensor, scale: float = 20.0) -> Tensor:
    """How far the likenesses among texts have moved: mean KL divergence between softmaxes over them.

    A text tower may turn its space as it likes, as long as each text has the same neighbours as before
    (relational distillation, Park et al. 2019).

    Args:
        rows: float32 [N, dim], unit rows.
        before: float32 [N, dim], unit rows of the same texts from the frozen teacher.
        scale: Inverse temperature of both softmaxes.
    """
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    found = (scale * rows @ rows.T).masked_fill(itself, -1e4)
    wanted = (scale * before @ before.T).masked_fill(itself, -1e4)
    return functional.kl_div(
        functional.log_softmax(found, dim=1),
        functional.log_softmax(wanted, dim=1),
        reduction="batchmean",
        log_target=True,
    )


def naming_loss(pictures: Tensor, names: Tensor, classes: Tensor, scale: Tensor) -> Tensor:
    """Mean cross-entropy of finding what a classifier sees in each picture by the names of its classes.

    So what a tower learned from labels is said in words (distillation, Hinton et al. 2015).

    Args:
        pictures: float32 [B, dim], unit rows.
        names: float32 [C, dim], unit rows.
        classes: float32 [B, C], rows sum to one.
        scale: Inverse temperature.
    """
    return cross_entropy(pictures, names, classes, scale)


def candidate_mask(
    owners: Tensor, documents: Tensor, relevant: Tensor, *, own: bool, mask_relevant: bool
) -> Tensor:
    """Which documents each query's softmax runs over; its positive is the column of its own number.

    Args:
        owners: int64 [D], the query that each document was drawn for; first the Q positives, in order.
        documents: int64 [D], which document each column is.
        relevant: int64 [Q, P], all that answer each query, padded with -1.
        own: Only what was drawn for the query itself (UniVL-DR's stage 2); else all (stage 1, and MARVEL's
            stage 2).
        mask_relevant: Leave out further columns that answer the query: they are no negatives.

    Returns:
        bool [Q, D].
    """
    queries = torch.arange(len(relevant), device=owners.device)
    if own:
        candidates = owners[None, :] == queries[:, None]
    else:
        candidates = torch.ones(len(relevant), len(owners), dtype=torch.bool, device=owners.device)
    if mask_relevant:
        for answers in relevant.unbind(1):  # one at a time: [Q, D, P] would not fit for large batches
            candidates &= answers[:, None] != documents[None, :]
    candidates[queries, queries] = True
    return candidates


def universal_loss(
    queries: Tensor, documents: Tensor, scale: Tensor, candidates: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of finding each query's positive among its candidates (Liu et al. 2023, equation 7).

    Texts and images stand in one softmax, so a score means the same for both. Embeddings of zeros give the
    mean of log(number of candidates).

    Args:
        queries: float32 [Q, dim], unit rows.
        documents: float32 [D, dim], unit rows; the positive of query i is row i.
        scale: Inverse temperature.
        candidates: bool [Q, D], see ``candidate_mask``.

    Returns:
        The loss, and the share of queries whose positive scores above every other candidate; both scalars.
    """
    scores = (scale * (queries.float() @ documents.float().T)).masked_fill(~candidates, -torch.inf)
    positive = scores.diagonal()
    with torch.no_grad():
        others = scores.clone()
        others.fill_diagonal_(-torch.inf)
        accuracy = (positive > others.amax(dim=1)).float().mean()
    return (scores.logsumexp(dim=1) - positive).mean(), accuracy
