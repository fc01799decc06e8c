"""``docs/results.md`` out of the runs: means over seeds, who beats whom, and a plot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.ordering.plot import plot_systems
from univldr.corpus.collection import Collection, open_collection
from univldr.evaluation.measures import Evaluation, evaluate
from univldr.evaluation.significance import holm, randomization_test
from univldr.evaluation.tables import markdown_table
from univldr.trec import Run, ranked, read_run
from univldr.types import Modality

SEEDS = (1, 2, 3)
SETTINGS = ("bare", "captioned")
MEASURES = ("nDCG@10", "MRR@10", "Recall@100")
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

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """All runs of one setting.

    Attributes:
        name: ``bare`` or ``captioned``.
        work: Where the runs are.
    """

    name: str
    work: Path

    @cached_property
    def collection(self) -> Collection:
        """What was searched."""
        return open_collection(self.work / self.name / "test")

    @cached_property
    def images(self) -> frozenset[str]:
        """Ids of the pictures."""
        codes = self.collection.modalities()
        image = list(Modality).index(Modality.IMAGE)
        return frozenset(id_ for id_, code in zip(self.collection.ids(), codes, strict=True) if code == image)

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Queries by what answers them."""
        qrels = self.collection.qrels("test")
        found: dict[str, list[str]] = {"all": list(qrels), "text": [], "image": []}
        for query, judged in qrels.items():
            found["image" if next(iter(judged)) in self.images else "text"].append(query)
        return found

    @cached_property
    def systems(self) -> dict[str, list[Run]]:
        """The runs of each system, one for each seed."""
        names = [name for _, some in GROUPS for name in some]
        return {name: [read_run(self._path(name, seed)) for seed in SEEDS] for name in names}

    @cached_property
    def evaluations(self) -> dict[str, list[Evaluation]]:
        """The measures of each run."""
        qrels = self.collection.qrels("test")
        return {name: [evaluate(run, qrels, MEASURES) for run in runs] for name, runs in self.systems.items()}

    def values(self, system: str, measure: str, group: str = "all") -> Values:
        """float64 [seeds]: a measure's mean over the queries of a group."""
        found = [e.restrict(self.groups[group])[measure] for e in self.evaluations[system]]
        return np.array(found)

    def share(self, system: str) -> Values:
        """float64 [seeds]: pictures among the first ten."""
        found = []
        for run in self.systems[system]:
            tops = [ranked(scores, 10) for scores in run.values()]
            found.append(np.mean([id_ in self.images for top in tops for id_, _ in top]))
        return np.array(found)

    def difference(self, a: str, b: str, group: str = "all") -> Values:
        """float64 [queries]: nDCG@10 of ``a`` less that of ``b``, each the mean of its seeds."""
        means = [
            np.mean([e.restrict(self.groups[group]).per_query("nDCG@10") for e in self.evaluations[name]], 0)
            for name in (a, b)
        ]
        return np.asarray(means[0] - means[1])

    def _path(self, name: str, seed: int) -> Path:
        tag = re.sub(r"[^\w.+-]+", "-", name)
        return self.work / f"{self.name}-{seed}" / "runs" / f"{tag}.run"


def write_report(work: Path, docs: Path) -> None:
    """Write ``docs/results.md`` and a plot for each setting beside it."""
    settings = [Setting(name, work) for name in SETTINGS]
    (docs / "results").mkdir(parents=True, exist_ok=True)
    parts = [(HERE / "reading.md").read_text("utf-8").strip()]
    for setting in settings:
        plot_systems(_plotted(setting), docs / "results" / f"{setting.name}.png", _goal(setting))
        parts += [
            f"## {_title(setting)}",
            f"![nDCG@10 of every system, and the share of pictures](results/{setting.name}.png)",
            _table(setting),
            "### Claims",
            _claims(setting),
        ]
    (docs / "results.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def _title(setting: Setting) -> str:
    what = {"bare": "Pictures without captions", "captioned": "Pictures with captions"}[setting.name]
    counts = {name: len(queries) for name, queries in setting.groups.items()}
    return f"{what}: {counts['image']:,} queries for pictures, {counts['text']:,} for passages"


def _goal(setting: Setting) -> float:
    """The share of pictures among the answers."""
    return len(setting.groups["image"]) / len(setting.groups["all"])


def _plotted(setting: Setting) -> dict[str, Mapping[str, Values]]:
    return {
        name: {
            "text": setting.values(name, "nDCG@10", "text"),
            "image": setting.values(name, "nDCG@10", "image"),
            "all": setting.values(name, "nDCG@10"),
            "share": setting.share(name),
        }
        for name in setting.systems
    }


def _table(setting: Setting) -> str:
    head = ("", "system", "nDCG@10", "text", "image", "MRR@10", "R@100", "images@10")
    rows = []
    for group, names in GROUPS:
        for number, name in enumerate(names):
            cells = [setting.values(name, "nDCG@10", some) for some in ("all", "text", "image")]
            cells += [setting.values(name, measure) for measure in MEASURES[1:]]
            rows.append(
                ("" if number else group, name, *map(_spread, cells), _spread(setting.share(name), digits=1))
            )
    goal = (
        f"Percent; mean ± deviation over {len(SEEDS)} seeds. {100 * _goal(setting):.1f}% of the answers are "
    )
    return markdown_table(head, rows) + f"\n\n{goal}pictures."


def _spread(values: Values, digits: int = 2) -> str:
    scaled = 100 * values
    if np.ptp(scaled) == 0:
        return f"{scaled[0]:.{digits}f}"
    return f"{scaled.mean():.{digits}f} ± {scaled.std(ddof=1):.{digits}f}"


def _claims(setting: Setting) -> str:
    head = ("claim", "Δ nDCG@10", "text", "image", "p", "seeds", "holds")
    tests = [randomization_test(setting.difference(a, b), seed=0)[0] for _, a, b in CLAIMS]
    rows = [
        _claim(setting, claim, p) for claim, p in zip(CLAIMS, holm(np.array(tests)).tolist(), strict=True)
    ]
    return markdown_table(head, rows, left=1) + (
        "\n\nΔ in points, the seeds' mean; p of the paired two-sided randomization test over the queries, "
        "Holm-corrected over the table; seeds: in how many of them the difference has this sign."
    )


def _claim(setting: Setting, claim: tuple[str, str, str], p: float) -> Sequence[str]:
    words, a, b = claim
    whole, *apart = (
        100 * float(setting.difference(a, b, group).mean()) for group in ("all", "text", "image")
    )
    signs = np.sign(setting.values(a, "nDCG@10") - setting.values(b, "nDCG@10")) == np.sign(whole)
    verdict = "not shown" if p >= 0.05 else ("yes" if whole > 0 else "**no, the reverse**")
    shown = f"{p:.3f}" if p >= 0.001 else "< 0.001"
    cells = [f"{value:+.2f}" for value in (whole, *apart)]
    return words, *cells, shown, f"{int(signs.sum())} of {len(SEEDS)}", verdict
