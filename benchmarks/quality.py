"""Retrieval quality of a model on pictures alone, passages alone, and one joint pool of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks import data
from univldr import load_encoder
from univldr.types import Document, Encoder, Float32Array, Query


@dataclass(frozen=True)
class Task:
    """Queries with one right document each, and their ranks in a pool."""

    name: str
    queries: Float32Array
    right: list[str]


def ranks(task: Task, ids: list[str], vectors: Float32Array) -> np.ndarray:
    """The rank, from 1, of each query's right document; a tie counts against it."""
    row = {id_: i for i, id_ in enumerate(ids)}
    scores = task.queries @ vectors.T
    own = scores[np.arange(len(task.right)), [row[id_] for id_ in task.right]]
    found: np.ndarray = (scores >= own[:, None]).sum(axis=1)
    return found


def measures(found: np.ndarray) -> dict[str, float]:
    """With one right document a query: nDCG@10 is 1/log2(1 + rank) within the first ten."""
    return {
        "R@1": float((found <= 1).mean()),
        "R@5": float((found <= 5).mean()),
        "R@10": float((found <= 10).mean()),
        "nDCG@10": float(np.where(found <= 10, 1 / np.log2(1 + found), 0).mean()),
        "median rank": float(np.median(found)),
    }


def encoded(encoder: Encoder, name: str, queries: list[Query], right: Mapping[int, str]) -> Task:
    """A task with its queries encoded."""
    return Task(name, encoder.encode_queries(queries), [right[i] for i in range(len(queries))])


def line(task: Task, pool: str, values: Mapping[str, float]) -> str:
    """A row of the Markdown table."""
    figures = " | ".join(f"{value:.3f}" for value in values.values())
    return f"| {task.name} | {pool} | {figures} |"


def report(encoder: Encoder, pools: list[tuple[str, list[Document], Task]]) -> None:
    """Print each task in its own pool and in the joint one, and the share of pictures in the joint top 10."""
    vectors = [encoder.encode_documents(documents) for _, documents, _ in pools]
    joint = np.concatenate(vectors)
    ids = [document.id for _, documents, _ in pools for document in documents]
    is_image = np.array([document.image is not None for _, documents, _ in pools for document in documents])
    print("| queries | pool | R@1 | R@5 | R@10 | nDCG@10 | median rank |\n|---|---|---|---|---|---|---|")
    for (name, documents, task), own in zip(pools, vectors, strict=True):
        alone = measures(ranks(task, [document.id for document in documents], own))
        together = measures(ranks(task, ids, joint))
        print(line(task, name, alone))
        print(line(task, "joint", together))
        top = np.argsort(-(task.queries @ joint.T), axis=1)[:, :10]
        loss = 1 - together["nDCG@10"] / alone["nDCG@10"]
        share = is_image[top].mean()
        print(f"\n{task.name}: joint nDCG@10 is {loss:.1%} below; {share:.1%} pictures in the top 10\n")


def main() -> None:
    """``python -m benchmarks.quality --data DATA``."""
    args = data.arguments(__doc__ or "").parse_args()
    folder = data.checked(args.data)
    encoder = load_encoder(args.model)
    print(f"model {encoder.name}, {encoder.dim} dimensions, {encoder.fingerprint}\n")
    pools = []
    for name, load in (("pictures", data.pictures), ("passages", data.passages)):
        documents, queries, right = load(folder)
        task = encoded(encoder, {"pictures": "captions", "passages": "questions"}[name], queries, right)
        pools.append((f"{len(documents)} {name}", documents, task))
    report(encoder, pools)


if __name__ == "__main__":
    main()
