"""Retrieval quality of a model on pictures alone, passages alone, and one joint pool of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks import data
from univldr import load_encoder
from univldr.evaluation.measures import evaluate
from univldr.index.topk import top_k
from univldr.types import Document, Encoder, Float32Array, Query

MEASURES = ("Recall@1", "Recall@5", "Recall@10", "nDCG@10")
DEPTH = 100


@dataclass(frozen=True)
class Task:
    """Queries with one right document each, and their ranks in a pool."""

    name: str
    queries: Float32Array
    right: list[str]


def measures(task: Task, ids: list[str], vectors: Float32Array) -> tuple[dict[str, float], np.ndarray]:
    """What a pool gives for a task, and the rows of the first ten of each query, int64 [queries, 10]."""
    rows, scores = top_k(task.queries, vectors, len(ids))
    queries = [str(number) for number in range(len(rows))]
    run = {
        query: {ids[row]: float(score) for row, score in zip(*best, strict=True)}
        for query, *best in zip(queries, rows[:, :DEPTH], scores[:, :DEPTH], strict=True)
    }
    qrels = {query: {right: 1} for query, right in zip(queries, task.right, strict=True)}
    values = {
        name.replace("Recall", "R"): value for name, value in evaluate(run, qrels, MEASURES).means().items()
    }
    own = np.array([ids.index(right) for right in task.right])
    ranks = 1 + (rows == own[:, None]).argmax(axis=1)
    return values | {"median rank": float(np.median(ranks))}, rows[:, :10]


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
        alone, _ = measures(task, [document.id for document in documents], own)
        together, top = measures(task, ids, joint)
        print(line(task, name, alone))
        print(line(task, "joint", together))
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
