"""``docs/words.md`` out of the runs: what each choice of words is worth, what is no chance, some captions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measured import Claim, Measured, claims_table, table
from benchmarks.ordering.plot import plot_systems
from benchmarks.ordering.report import SEEDS, plotted
from benchmarks.words import training
from benchmarks.words.ablation import CHOICES, STUDIED, row, run_file
from univldr.corpus.collection import Collection, open_collection
from univldr.evaluation.tables import markdown_table
from univldr.trec import read_run

HERE = Path(__file__).parent

BARE = [row("bare", choice) for choice in CHOICES]
HUMAN = [row("captioned", choice) for choice in CHOICES]
GROUPS = (("no caption", BARE), ("human caption", HUMAN))

CLAIMS: tuple[Claim, ...] = (
    *((f"{name}: better than no words", name, "none") for name in BARE[1:]),
    ("a human caption beats a generated one", "human", "caption"),
    ("a human caption beats all four generated", "human", "all four"),
    *((f"{name}: better than the human caption alone", name, "human") for name in HUMAN[1:]),
)

TRAINED = (
    "start",
    "start[caption]",
    "plain",
    "plain[caption]",
    "worded",
    "worded[caption]",
    "worded-mined-plain[caption]",
    "worded-in-batch[caption]",
)
TRAINING_CLAIMS: tuple[Claim, ...] = (
    ("words help a model that was trained without", "plain[caption]", "plain"),
    ("training with words helps search with words", "worded[caption]", "plain[caption]"),
    ("training with words beats doing without", "worded[caption]", "plain"),
    ("training with words harms search without", "plain", "worded"),
    (
        "mining with what is trained beats mining with plain captions",
        "worded[caption]",
        "worded-mined-plain[caption]",
    ),
    ("hard negatives beat none, with words", "worded[caption]", "worded-in-batch[caption]"),
)

TITLES = {
    "bare-trained": "An encoder trained on pictures without captions",
    "captioned-trained": "An encoder trained on pictures with captions",
    "mini": "The bundled model",
    "bm25": "BM25",
}


def write_report(ordering: Path, words: Path, docs: Path) -> None:
    """Write ``docs/words.md`` and its plots."""
    (docs / "words").mkdir(parents=True, exist_ok=True)
    collection = open_collection(ordering / "bare" / "test")
    parts = [(HERE / "reading.md").read_text("utf-8").strip()]
    for encoder, title in TITLES.items():
        parts += [f"## {title}", *_ablation(collection, words, docs, encoder)]
    parts += ["## Training with words", *_training(collection, words)]
    parts += ["## The captions", _samples(words)]
    (docs / "words.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def _ablation(collection: Collection, words: Path, docs: Path, encoder: str) -> list[str]:
    seeds = SEEDS if encoder in STUDIED.values() else (1,)
    files = {name: [run_file(words, encoder, name, seed) for seed in seeds] for name in BARE + HUMAN}
    runs = {name: [read_run(path) for path in some] for name, some in files.items() if some[0].exists()}
    measured = Measured(collection, runs)
    groups = [(group, [name for name in some if name in runs]) for group, some in GROUPS]
    claims = [claim for claim in CLAIMS if claim[1] in runs and claim[2] in runs]
    plot = docs / "words" / f"{encoder}.png"
    plot_systems(plotted(measured), plot, measured.goal)
    return [
        f"![nDCG@10 with every choice of words](words/{plot.name})",
        table(measured, groups),
        claims_table(measured, claims),
    ]


def _training(collection: Collection, words: Path) -> list[str]:
    def files(name: str) -> list[Path]:
        tag = name.replace("[", "-").removesuffix("]")
        return [training.folder(words, seed) / "runs" / f"{tag}.run" for seed in SEEDS]

    measured = Measured(collection, {name: [read_run(path) for path in files(name)] for name in TRAINED})
    return [table(measured, [("", TRAINED)]), claims_table(measured, TRAINING_CLAIMS)]


def _samples(words: Path) -> str:
    """Captions of Flickr8k's dev pictures, the best, the middling and the worst by what people wrote."""
    path = words / "samples.json"
    record = json.loads(path.read_text("utf-8"))
    head = ("picture", "generated caption", "generated query", "agreement")
    parts = [record["summary"]]
    for title, some in record["samples"].items():
        rows: list[Sequence[str]] = [
            (one["id"], one["caption"], one["query"], f"{one['agreement']:.2f}") for one in some
        ]
        parts.append(f"**{title}**\n\n{markdown_table(head, rows, left=3)}")
    return "\n\n".join(parts)
