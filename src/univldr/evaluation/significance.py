"""Paired significance between runs on the same queries.

The two-sided paired randomization test (Fisher's; Smucker, Allan and Carterette, CIKM 2007, recommend it for
retrieval measures), beside the paired t-test and a bootstrap interval of the difference; Holm's correction
where several pairs are compared.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from univldr._optional import require
from univldr.errors import ConfigError
from univldr.evaluation.measures import Evaluation, Float64Array, Measure

EXACT_UP_TO = 20
"""Queries that differ, up to which every one of the 2^n sign assignments is enumerated."""

_BLOCK = 4_000_000  # elements of a block of drawn signs or queries: tens of megabytes


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems on one measure; differences are ``b`` minus ``a``.

    Attributes:
        measure: What was compared.
        a: Name of the first system, e.g. the baseline.
        b: Name of the second.
        mean_a: Mean of ``a`` over the queries, in [0, 1].
        mean_b: Mean of ``b``.
        interval: Bootstrap confidence interval of ``mean_b - mean_a``.
        confidence: Of the interval, e.g. 0.95.
        p_randomization: Two-sided, of the paired randomization test.
        p_t: Two-sided, of the paired t-test; NaN for a single query.
        p_holm: ``p_randomization`` corrected for the number of comparisons made together.
        wins: Queries on which ``b`` is better.
        ties: Queries on which they are equal.
        losses: Queries on which ``a`` is better.
        exact: Whether the randomization test enumerated every assignment.
        group: Which queries: ``all``, or the modality of their positives.
    """

    measure: Measure
    a: str
    b: str
    mean_a: float
    mean_b: float
    interval: tuple[float, float]
    confidence: float
    p_randomization: float
    p_t: float
    p_holm: float
    wins: int
    ties: int
    losses: int
    exact: bool
    group: str = "all"

    @property
    def difference(self) -> float:
        """``mean_b - mean_a``."""
        return self.mean_b - self.mean_a

    @property
    def queries(self) -> int:
        """How many were compared."""
        return self.wins + self.ties + self.losses

    def __str__(self) -> str:
        low, high = (100 * bound for bound in self.interval)
        return (
            f"{self.measure} {self.a} {100 * self.mean_a:.2f} → {self.b} {100 * self.mean_b:.2f}: "
            f"{100 * self.difference:+.2f} [{low:+.2f}, {high:+.2f}], p = {format_p(self.p_randomization)}, "
            f"wins/ties/losses {self.wins}/{self.ties}/{self.losses}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; a NaN is null."""
        return {
            "group": self.group,
            "measure": str(self.measure),
            "a": self.a,
            "b": self.b,
            "queries": self.queries,
            "mean_a": self.mean_a,
            "mean_b": self.mean_b,
            "difference": self.difference,
            "interval": list(self.interval),
            "confidence": self.confidence,
            "p_randomization": self.p_randomization,
            "p_holm": self.p_holm,
            "p_t": None if math.isnan(self.p_t) else self.p_t,
            "exact": self.exact,
            "wins": self.wins,
            "ties": self.ties,
            "losses": self.losses,
        }


def compare(
    a: Evaluation,
    b: Evaluation,
    measure: str | Measure = "nDCG@10",
    *,
    names: tuple[str, str] = ("A", "B"),
    group: str = "all",
    permutations: int = 100_000,
    samples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two evaluations of the same queries; differences are ``b`` minus ``a``.

    Args:
        a: One system.
        b: The other.
        measure: One that both were evaluated with.
        names: What the two are called in the result.
        group: What its queries are called in the result.
        permutations: Random sign assignments of the randomization test.
        samples: Bootstrap samples of the interval.
        confidence: Of the interval.
        seed: The same seed gives the same result.

    Raises:
        ConfigError: the queries differ, or the measure was not evaluated.
    """
    wanted = Measure.parse(measure) if isinstance(measure, str) else measure
    if a.queries != b.queries:
        raise ConfigError(
            f"{names[0]} and {names[1]} were evaluated on different queries; use one qrels for both"
        )
    first, second = a.per_query(wanted), b.per_query(wanted)
    differences = second - first
    p, exact = randomization_test(differences, permutations=permutations, seed=seed)
    return Comparison(
        measure=wanted,
        a=names[0],
        b=names[1],
        mean_a=float(first.mean()),
        mean_b=float(second.mean()),
        interval=bootstrap_interval(differences, samples=samples, confidence=confidence, seed=seed),
        confidence=confidence,
        p_randomization=p,
        p_t=t_test(differences),
        p_holm=p,
        wins=int((differences > 0).sum()),
        ties=int((differences == 0).sum()),
        losses=int((differences < 0).sum()),
        exact=exact,
        group=group,
    )


def compare_all(
    systems: Mapping[str, Evaluation],
    measure: str | Measure = "nDCG@10",
    *,
    baseline: str | None = None,
    groups: Mapping[str, Collection[str]] | None = None,
    permutations: int = 100_000,
    seed: int = 0,
) -> list[Comparison]:
    """Compare every pair of systems, or each with the baseline, over all queries and within each group.

    Holm's correction is over the pairs of one group: how many systems one tried, not how one looked at them.

    Args:
        systems: Evaluations of the same queries by the systems' names.
        measure: What to compare.
        baseline: Compare the others with this one only.
        groups: Further groups of queries, such as :func:`positives_by_modality` gives.
        permutations: As for :func:`compare`.
        seed: As for :func:`compare`.

    Raises:
        ConfigError: fewer than two systems, an unknown baseline, or different queries.
    """
    if len(systems) < 2:
        raise ConfigError(f"{len(systems)} system to compare; give two or more")
    if baseline is not None and baseline not in systems:
        raise ConfigError(f"the baseline {baseline!r} is not among the systems: {', '.join(systems)}")
    pairs = list(itertools.combinations(systems, 2))
    if baseline is not None:
        pairs = [(baseline, name) for name in systems if name != baseline]
    compared: list[Comparison] = []
    for group, queries in (("all", None), *(groups or {}).items()):
        here = {n: e if queries is None else e.restrict(queries) for n, e in systems.items()}
        options: dict[str, Any] = {"group": str(group), "permutations": permutations, "seed": seed}
        within = [compare(here[a], here[b], measure, names=(a, b), **options) for a, b in pairs]
        corrected = holm(np.array([comparison.p_randomization for comparison in within]))
        compared += [replace(c, p_holm=float(p)) for c, p in zip(within, corrected, strict=True)]
    return compared


def randomization_test(
    differences: npt.ArrayLike, *, permutations: int = 100_000, seed: int = 0
) -> tuple[float, bool]:
    """Two-sided paired randomization test of the mean difference being zero.

    Under the null hypothesis each query's difference could as well have the other sign. Up to
    ``EXACT_UP_TO`` differing queries all assignments are enumerated; beyond, they are drawn, and the observed
    one counts among them, so that p is never zero.

    Args:
        differences: [queries], paired differences.
        permutations: How many assignments are drawn.
        seed: The same seed gives the same p.

    Returns:
        p, and whether it is exact.
    """
    if permutations < 1:
        raise ConfigError(f"permutations is {permutations}; draw at least 1")
    values = np.asarray(differences, np.float64)
    values = values[values != 0]  # a zero keeps its value under either sign
    observed = abs(values.sum()) - 1e-12 * np.abs(values).sum()  # equal sums, added in another order, count
    if len(values) <= EXACT_UP_TO:
        return float((np.abs(_all_sums(values)) >= observed).mean()), True
    extreme = sum(int((np.abs(sums) >= observed).sum()) for sums in _random_sums(values, permutations, seed))
    return (extreme + 1) / (permutations + 1), False


def _all_sums(values: Float64Array) -> Float64Array:
    """float64 [2^len(values)]: the sum under each assignment of signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def _random_sums(values: Float64Array, permutations: int, seed: int) -> Iterator[Float64Array]:
    """The sums under random signs, in blocks; one random bit is one sign."""
    rng = np.random.default_rng(seed)
    width = -(-len(values) // 8)
    rows = max(1, _BLOCK // len(values))
    for start in range(0, permutations, rows):
        count = min(rows, permutations - start)
        drawn = np.frombuffer(rng.bytes(count * width), np.uint8).reshape(count, width)
        flipped = np.unpackbits(drawn, axis=1, count=len(values))
        yield values.sum() - 2 * (flipped @ values)


def t_test(differences: npt.ArrayLike) -> float:
    """Two-sided p of the paired t-test; NaN for a single query, 1 where nothing differs.

    Raises:
        MissingExtra: SciPy, for Student's distribution, is not installed.
    """
    values = np.asarray(differences, np.float64)
    if len(values) < 2:
        return math.nan
    mean, error = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))
    if error <= 1e-15 * abs(mean):
        return 1.0 if mean == 0 else 0.0
    special = require("scipy.special", extra="evaluate", purpose="the t-test")
    return float(2 * special.stdtr(len(values) - 1, -abs(mean / error)))


def bootstrap_interval(
    differences: npt.ArrayLike, *, samples: int = 10_000, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean: queries drawn with replacement.

    Raises:
        ConfigError: ``samples`` is below 1, ``confidence`` not between 0 and 1, or there is no query.
    """
    if samples < 1 or not 0 < confidence < 1:
        raise ConfigError(
            f"samples is {samples} and confidence {confidence}; at least 1, and between 0 and 1"
        )
    values = np.asarray(differences, np.float64)
    if not len(values):
        raise ConfigError("no differences to draw from; compare at least 1 query")
    rng = np.random.default_rng(seed)
    rows = max(1, _BLOCK // len(values))
    means = np.concatenate(
        [
            values[rng.integers(len(values), size=(min(rows, samples - start), len(values)))].mean(axis=1)
            for start in range(0, samples, rows)
        ]
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def holm(p_values: npt.ArrayLike) -> Float64Array:
    """Holm's step-down correction: float64, adjusted p values in the order given."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def format_p(p: float) -> str:
    """Three decimals, or ``<0.001``."""
    return "–" if math.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"
