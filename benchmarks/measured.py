"""Systems in one joint pool over several seeds: their measures, and which differences are no chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from univldr.corpus.collection import Collection
from univldr.evaluation.measures import Evaluation, evaluate
from univldr.evaluation.significance import holm, randomization_test
from univldr.evaluation.tables import markdown_table
from univldr.trec import Run, ranked
from univldr.types import Modality

MEASURES = ("nDCG@10", "MRR@10", "Recall@100")

Values = npt.NDArray[np.float64]
Claim = tuple[str, str, str]
"""What is claimed, and the two systems of which the first would be better."""


@dataclass(frozen=True)
class Measured:
    """Systems that answered the same queries.

    Attributes:
        collection: What was searched; its split ``test`` was asked.
        systems: The runs of each system, one for each seed.
    """

    collection: Collection
    systems: Mapping[str, Sequence[Run]]

    @cached_property
    def images(self) -> frozenset[str]:
        """Ids of the pictures."""
        codes = self.collection.modalities()
        image = list(Modality).index(Modality.IMAGE)
        return frozenset(id_ for id_, code in zip(self.collection.ids(), codes, strict=True) if code == image)

    @property
    def goal(self) -> float:
        """The share of pictures among the answers."""
        return len(self.groups["image"]) / len(self.groups["all"])

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Queries by what answers them."""
        qrels = self.collection.qrels("test")
        found: dict[str, list[str]] = {"all": list(qrels), "text": [], "image": []}
        for query, judged in qrels.items():
            found["image" if next(iter(judged)) in self.images else "text"].append(query)
        return found

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


def table(measured: Measured, groups: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Rows of systems, in named groups."""
    head = ("", "system", "nDCG@10", "text", "image", "MRR@10", "R@100", "images@10")
    rows = []
    for group, names in groups:
        for number, name in enumerate(names):
            cells = [measured.values(name, "nDCG@10", some) for some in ("all", "text", "image")]
            cells += [measured.values(name, measure) for measure in MEASURES[1:]]
            rows.append(
                ("" if number else group, name, *map(_spread, cells), _spread(measured.share(name), digits=1))
            )
    seeds = max(map(len, measured.systems.values()))
    goal = f"Percent; mean ± deviation over {seeds} seeds. {100 * measured.goal:.1f}% of the answers are "
    return markdown_table(head, rows) + f"\n\n{goal}pictures."


def _spread(values: Values, digits: int = 2) -> str:
    scaled = 100 * values
    if np.ptp(scaled) == 0:
        return f"{scaled[0]:.{digits}f}"
    return f"{scaled.mean():.{digits}f} ± {scaled.std(ddof=1):.{digits}f}"


def claims_table(measured: Measured, claims: Sequence[Claim]) -> str:
    """Each claim's difference, and whether it holds."""
    head = ("claim", "Δ nDCG@10", "text", "image", "p", "seeds", "holds")
    tests = [randomization_test(measured.difference(a, b), seed=0)[0] for _, a, b in claims]
    rows = [
        _claim(measured, claim, p) for claim, p in zip(claims, holm(np.array(tests)).tolist(), strict=True)
    ]
    return markdown_table(head, rows, left=1) + (
        "\n\nΔ in points, the seeds' mean; p of the paired two-sided randomization test over the queries, "
        "Holm-corrected over the table; seeds: in how many of them the difference has this sign."
    )


def _claim(measured: Measured, claim: Claim, p: float) -> Sequence[str]:
    words, a, b = claim
    whole, *apart = (
        100 * float(measured.difference(a, b, group).mean()) for group in ("all", "text", "image")
    )
    signs = np.sign(measured.values(a, "nDCG@10") - measured.values(b, "nDCG@10")) == np.sign(whole)
    verdict = "not shown" if p >= 0.05 else ("yes" if whole > 0 else "**no, the reverse**")
    shown = f"{p:.3f}" if p >= 0.001 else "< 0.001"
    cells = [f"{value:+.2f}" for value in (whole, *apart)]
    return words, *cells, shown, f"{int(signs.sum())} of {len(signs)}", verdict
