"""``docs/results.md`` out of the runs: means over seeds, who beats whom, and a plot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measured import Measured, Values, claims_table, table
from benchmarks.ordering.plot import plot_systems
from univldr.corpus.collection import open_collection
from univldr.trec import read_run

SEEDS = (1, 2, 3)
SETTINGS = ("bare", "captioned")
HERE = Path(__file__).parent

STAGES = (
    "in-batch",
    "in-batch-again",
    "balanced-own",
    "unbalanced-own",
    "text-own",
    "image-own",
    "balanced-batch",
    "unbalanced-batch",
    "text-batch",
    "image-batch",
    "apart-own",
    "apart-batch",
    "faithful-own",
)
GROUPS = (
    ("words alone", ("bm25",)),
    ("apart, then merged", ("divide:in-batch", "divide-dense:in-batch", "oracle:in-batch")),
    ("one space", ("start", *STAGES)),
    ("one space, centered", tuple(f"{name}+center" for name in ("start", *STAGES))),
)

CLAIMS = (
    ("stage 1 beats the start", "in-batch", "start"),
    ("one space beats words alone", "in-batch", "bm25"),
    ("one space beats BM25 and a dense picture search, merged", "in-batch", "divide:in-batch"),
    ("balanced hard negatives beat stage 1 (own)", "balanced-own", "in-batch"),
    ("balanced hard negatives beat stage 1 (batch)", "balanced-batch", "in-batch"),
    ("balanced hard negatives beat a longer stage 1 (batch)", "balanced-batch", "in-batch-again"),
    ("balanced beats unbalanced (own)", "balanced-own", "unbalanced-own"),
    ("balanced beats unbalanced (batch)", "balanced-batch", "unbalanced-batch"),
    ("balanced beats text negatives alone (own)", "balanced-own", "text-own"),
    ("balanced beats image negatives alone (own)", "balanced-own", "image-own"),
    ("balanced beats text negatives alone (batch)", "balanced-batch", "text-batch"),
    ("balanced beats image negatives alone (batch)", "balanced-batch", "image-batch"),
    ("searching each modality apart helps balance (own)", "apart-own", "balanced-own"),
    ("searching each modality apart helps balance (batch)", "apart-batch", "balanced-batch"),
    ("balanced, searched apart, beats stage 1 (batch)", "apart-batch", "in-batch"),
    ("filtering and masking beat the paper's way (own)", "balanced-own", "faithful-own"),
    ("everyone's negatives beat one's own", "balanced-batch", "balanced-own"),
    ("centering helps the start", "start+center", "start"),
    ("training beats centering", "in-batch", "start+center"),
    ("centering still helps after training", "balanced-batch+center", "balanced-batch"),
)


def measured(name: str, work: Path) -> Measured:
    """All runs of a setting, ``bare`` or ``captioned``."""
    names = [system for _, some in GROUPS for system in some]

    def path(system: str, seed: int) -> Path:
        return work / f"{name}-{seed}" / "runs" / (re.sub(r"[^\w.+-]+", "-", system) + ".run")

    systems = {system: [read_run(path(system, seed)) for seed in SEEDS] for system in names}
    return Measured(open_collection(work / name / "test"), systems)


def write_report(work: Path, docs: Path) -> None:
    """Write ``docs/results.md`` and a plot for each setting beside it."""
    (docs / "results").mkdir(parents=True, exist_ok=True)
    parts = [(HERE / "reading.md").read_text("utf-8").strip()]
    for name in SETTINGS:
        setting = measured(name, work)
        plot_systems(plotted(setting), docs / "results" / f"{name}.png", setting.goal)
        parts += [
            f"## {_title(name, setting)}",
            f"![nDCG@10 of every system, and the share of pictures](results/{name}.png)",
            table(setting, GROUPS),
            "### Claims",
            claims_table(setting, CLAIMS),
        ]
    (docs / "results.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def _title(name: str, setting: Measured) -> str:
    what = {"bare": "Pictures without captions", "captioned": "Pictures with captions"}[name]
    counts = {group: len(queries) for group, queries in setting.groups.items()}
    return f"{what}: {counts['image']:,} queries for pictures, {counts['text']:,} for passages"


def plotted(setting: Measured) -> dict[str, Mapping[str, Values]]:
    """What :func:`benchmarks.ordering.plot.plot_systems` draws."""
    return {
        name: {
            "text": setting.values(name, "nDCG@10", "text"),
            "image": setting.values(name, "nDCG@10", "image"),
            "all": setting.values(name, "nDCG@10"),
            "share": setting.share(name),
        }
        for name in setting.systems
    }
