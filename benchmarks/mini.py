"""Everything that the bundled model promises, measured in one run beside what was promised.

Dev data only: Flickr8k's dev photos without captions, XQuAD, WebQA's questions and captions, drawings of
kinds that training never saw, and the demo's questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.demo import ranks_by_kind
from benchmarks.encoding import as_jpeg, rate
from univldr import load_encoder
from univldr.encoders import mini_directory
from univldr.evaluation.measures import evaluate
from univldr.index.topk import top_k
from univldr.training.drawn import drawings, held_out_kinds
from univldr.types import Document, Encoder, Float32Array, Modality, Query

DEPTH = 100
DRAWN = 900
MEASURES = ("Recall@1", "Recall@5", "Recall@10", "nDCG@10")


@dataclass
class Report:
    """Lines of a table: what, how much, and how much was promised."""

    lines: list[tuple[str, str, str, bool | None]] = field(default_factory=list)

    def least(self, what: str, value: float, floor: float, form: str = ".3f") -> None:
        """A figure that must not be below a floor."""
        self.lines.append((what, format(value, form), f"≥ {floor:g}", value >= floor))

    def most(self, what: str, value: float, limit: float, form: str = ".3f") -> None:
        """A figure that must not be above a limit."""
        self.lines.append((what, format(value, form), f"≤ {limit:g}", value <= limit))

    def note(self, what: str, value: str) -> None:
        """A figure that nothing was promised about."""
        self.lines.append((what, value, "", None))

    def __str__(self) -> str:
        rows = [
            f"| {what} | {value} | {floor} | {'' if met is None else 'yes' if met else '**no**'} |"
            for what, value, floor, met in self.lines
        ]
        return "\n".join(["| what | measured | promised | kept |", "|---|--:|--:|---|", *rows])


@dataclass(frozen=True)
class Task:
    """Queries, the documents they search, and which of these are right for each."""

    queries: list[Query]
    documents: list[Document]
    right: Sequence[Sequence[str]]

    def encoded(self, encoder: Encoder) -> Encoded:
        """With vectors."""
        ids = [document.id for document in self.documents]
        return Encoded(
            encoder.encode_queries(self.queries), encoder.encode_documents(self.documents), ids, self.right
        )


@dataclass(frozen=True)
class Encoded:
    """A task as vectors, float32, unit rows."""

    queries: Float32Array
    documents: Float32Array
    ids: Sequence[str]
    right: Sequence[Sequence[str]]

    def measures(self) -> dict[str, float]:
        """Means over the queries."""
        rows, scores = top_k(self.queries, self.documents, min(DEPTH, len(self.ids)))
        run = {
            str(number): {self.ids[row]: float(score) for row, score in zip(*best, strict=True)}
            for number, best in enumerate(zip(rows, scores, strict=True))
        }
        qrels = {str(number): dict.fromkeys(right, 1) for number, right in enumerate(self.right)}
        return dict(evaluate(run, qrels, MEASURES).means())

    def mean_cosines(self) -> tuple[float, float]:
        """Of queries with their first right document, and with all documents."""
        own = [self.ids.index(right[0]) for right in self.right]
        scores = self.queries @ self.documents.T
        return float(scores[np.arange(len(own)), own].mean()), float(scores.mean())

    def median_rank(self) -> float:
        """Of the one right document."""
        own = [self.ids.index(right[0]) for right in self.right]
        scores = self.queries @ self.documents.T
        return float(np.median(1 + (scores > scores[np.arange(len(own)), own][:, None]).sum(axis=1)))

    def within(self, pool: Encoded) -> Encoded:
        """The same queries in a larger pool."""
        return Encoded(self.queries, pool.documents, pool.ids, self.right)

    def image_share(self, first_images: int) -> float:
        """Share of the first so many documents, which are pictures, in the top ten."""
        rows, _ = top_k(self.queries, self.documents, 10)
        return float((rows < first_images).mean())


def tasks(folder: Path) -> dict[str, Task]:
    """Captions to photos, questions to passages, WebQA's questions to captions, captions to drawings."""
    found = {}
    for name, load in (("photos", data.pictures), ("passages", data.passages)):
        documents, queries, right = load(folder)
        found[name] = Task(queries, documents, [[right[number]] for number in range(len(queries))])
    asked = data.rows(folder / "webqa-captions/queries.jsonl")
    captions = data.rows(folder / "webqa-captions/captions.jsonl")
    found["webqa"] = Task(
        [Query(row["query"]) for row in asked],
        [Document(row["id"], Modality.TEXT, row["caption"]) for row in captions],
        [row["positives"] for row in asked],
    )
    found["drawn"] = _drawn()
    return found


def _drawn() -> Task:
    """Each drawing is looked for by its fullest caption."""
    documents, queries = [], []
    for number, drawing in enumerate(drawings(held_out_kinds(), DRAWN, seed=2)):
        documents.append(Document(str(number), Modality.IMAGE, image=data.as_bytes(drawing.image)))
        queries.append(Query(drawing.captions[0]))
    return Task(queries, documents, [[document.id] for document in documents])


def quality(report: Report, own: Mapping[str, Encoded]) -> None:
    """Each task by itself, then photos and passages in one pool."""
    photos = own["photos"].measures()
    report.note("captions → photos R@1", f"{photos['Recall@1']:.3f}")
    report.note("captions → photos R@5", f"{photos['Recall@5']:.3f}")
    report.least("captions → photos R@10", photos["Recall@10"], 0.65)
    report.note("captions → photos, median rank", f"{own['photos'].median_rank():.0f}")
    passages = own["passages"].measures()["nDCG@10"]
    report.least("questions → passages nDCG@10", passages, 0.945)
    report.least("WebQA questions → captions nDCG@10", own["webqa"].measures()["nDCG@10"], 0.82)
    for name in ("photos", "passages"):
        right, others = own[name].mean_cosines()
        report.note(
            f"mean cosine of queries for {name} with the right one; with any", f"{right:.2f}; {others:.2f}"
        )
    drawn = own["drawn"].measures()
    report.note(f"captions → {DRAWN} drawings of unseen kinds R@1", f"{drawn['Recall@1']:.3f}")
    report.note(f"captions → {DRAWN} drawings of unseen kinds R@10", f"{drawn['Recall@10']:.3f}")
    joint = Encoded(
        own["photos"].queries,
        np.concatenate([own["photos"].documents, own["passages"].documents]),
        [*own["photos"].ids, *own["passages"].ids],
        [],
    )
    shares = []
    for name, alone in (("photos", photos["nDCG@10"]), ("passages", passages)):
        together = own[name].within(joint)
        report.most(f"joint pool: nDCG@10 lost by {name}", 1 - together.measures()["nDCG@10"] / alone, 0.03)
        shares.append(together.image_share(len(own["photos"].ids)))
        report.note(f"joint pool: pictures in the top 10 of queries for {name}", f"{shares[-1]:.1%}")
    counts = [len(own[name].queries) for name in ("photos", "passages")]
    found = float(np.average(shares, weights=counts))
    gap = abs(found - counts[0] / sum(counts))
    report.most("joint pool: share of pictures beside that of the answers", gap, 0.05)
    report.note("the same, both kinds of query weighing the same", f"{np.mean(shares) - 0.5:+.3f}")


def drift(report: Report, small: Mapping[str, Encoded], full: Mapping[str, Encoded]) -> None:
    """What ships against the same model in float32."""
    asked = ("photos", "passages", "webqa")
    texts = np.concatenate([cosines(small[name].queries, full[name].queries) for name in asked])
    report.least("cosine with float32, texts: mean", float(texts.mean()), 0.99, ".4f")
    report.note("cosine with float32, texts: lowest", f"{texts.min():.4f}")
    pictures = cosines(small["photos"].documents, full["photos"].documents)
    report.least("cosine with float32, pictures: lowest", float(pictures.min()), 0.99, ".4f")
    for name in asked:
        lost = full[name].measures()["nDCG@10"] - small[name].measures()["nDCG@10"]
        report.most(f"nDCG@10 lost to float32, {name}", lost, 0.005, ".4f")


def cosines(left: Float32Array, right: Float32Array) -> Any:
    """Of unit rows, pairwise."""
    return (left * right).sum(axis=1)


def speed(report: Report, encoder: Encoder, folder: Path) -> None:
    """End to end: from words and from JPEG files of 640 x 480."""
    photos, captions, _ = data.pictures(folder)
    jpegs, short = as_jpeg(photos[:256]), captions[:1024]
    report.least("short texts a second", rate(lambda: encoder.encode_queries(short), len(short)), 400, ".0f")
    report.least("JPEGs a second", rate(lambda: encoder.encode_documents(jpegs), len(jpegs)), 60, ".0f")


def main() -> None:
    """``python -m benchmarks.mini --data DATA [--model mini] [--float32 DIR]``."""
    parser = data.arguments(__doc__ or "")
    parser.add_argument("--float32", help="the same model in full, from the training run's folder")
    parser.add_argument("--no-speed", action="store_true", help="leave the timings out")
    args = parser.parse_args()
    folder = data.checked(args.data)
    encoder, report = load_encoder(args.model), Report()
    print(f"model {encoder.name}, {encoder.dim} dimensions, {encoder.fingerprint}\n")
    asked = tasks(folder)
    own = {name: task.encoded(encoder) for name, task in asked.items()}
    quality(report, own)
    ranks = [rank for found in ranks_by_kind(args.model).values() for rank, _ in found]
    first = sum(rank == 1 for rank in ranks) / len(ranks)
    report.least("demo questions with the right document first", first, 0.9)
    if args.float32:
        full = load_encoder(args.float32)
        drift(report, own, {name: task.encoded(full) for name, task in asked.items()})
    directory = mini_directory() if args.model == "mini" else Path(args.model)
    if directory.is_dir():
        size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) / 1e6
        report.most("bundle, MB", size, 40, ".1f")
    if not args.no_speed:
        speed(report, encoder, folder)
    print(report)


if __name__ == "__main__":
    main()
