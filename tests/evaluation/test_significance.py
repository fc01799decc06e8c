"""Tests of significance against closed forms, SciPy's and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from univldr.errors import ConfigError
from univldr.evaluation.measures import Evaluation, Measure, evaluate
from univldr.evaluation.significance import (
    EXACT_UP_TO,
    bootstrap_interval,
    compare,
    compare_all,
    format_p,
    holm,
    randomization_test,
    t_test,
)

NDCG = Measure.parse("nDCG@10")


def evaluation(values: list[float]) -> Evaluation:
    queries = tuple(f"q{number}" for number in range(len(values)))
    return Evaluation((NDCG,), queries, np.array(values)[:, None])


def test_three_gains_can_be_chance_one_time_in_four() -> None:
    """Of the 8 assignments of signs only +++ and --- reach the observed sum."""
    assert randomization_test([0.1, 0.2, 0.3]) == (2 / 8, True)


def test_queries_that_do_not_differ_change_nothing() -> None:
    assert randomization_test([0.1, 0.2, 0.3, 0, 0, 0]) == (2 / 8, True)
    assert randomization_test([0, 0]) == (1, True)
    assert randomization_test([]) == (1, True)


def test_equal_sums_count_however_they_round() -> None:
    """0.1 + 0.2 is not 0.3 in binary; in tenths, as whole numbers, the sums are exact."""
    differences = [0.1, 0.2, -0.3, 0.6]
    sums = [
        abs(a * 1 + b * 2 + c * 3 + d * 6) for a in (1, -1) for b in (1, -1) for c in (1, -1) for d in (1, -1)
    ]
    assert randomization_test(differences)[0] == sum(total >= 6 for total in sums) / 16


def test_the_sign_does_not_matter() -> None:
    differences = np.random.default_rng(1).normal(0.1, 0.3, 12)
    assert randomization_test(differences) == randomization_test(-differences)


def test_drawn_assignments_agree_with_all_of_them() -> None:
    """A query is added that differs by next to nothing, so that one more than the limit differ."""
    differences = np.random.default_rng(2).normal(0.12, 0.3, EXACT_UP_TO)
    exact, enumerated = randomization_test(differences)
    drawn, drawn_exact = randomization_test([*differences, 1e-9], permutations=50_000)
    assert (enumerated, drawn_exact) == (True, False)
    assert 0.01 < exact < 0.5
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 50_000))


def test_a_seed_repeats_and_p_is_never_zero() -> None:
    weak = np.random.default_rng(3).normal(0.02, 0.3, 300)
    assert randomization_test(weak, seed=5) == randomization_test(weak, seed=5)
    assert randomization_test(weak, seed=5) != randomization_test(weak, seed=6)
    assert randomization_test(np.ones(100), permutations=999) == (1 / 1000, False)


def test_under_the_null_hypothesis_p_is_uniform() -> None:
    rng = np.random.default_rng(4)
    p = [randomization_test(rng.normal(0, 1, 12))[0] for _ in range(300)]
    assert np.mean(p) == pytest.approx(0.5, abs=0.06)
    assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=0.06)


def test_the_t_test_of_two_queries_is_the_arctangent() -> None:
    """With one degree of freedom Student's distribution is Cauchy's: p = 1 - 2/pi * atan(t), here t = 3."""
    assert t_test([1, 2]) == pytest.approx(1 - 2 / math.pi * math.atan(3))


def test_the_t_test_is_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    differences = np.random.default_rng(5).normal(0.02, 0.3, 500)
    assert t_test(differences) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, rel=1e-9)


def test_the_t_test_without_spread_or_queries() -> None:
    assert math.isnan(t_test([0.5]))
    assert t_test([0, 0, 0]) == 1
    assert t_test([0.1] * 10) == 0


def test_the_bootstrap_interval_is_the_normal_one_for_many_queries() -> None:
    differences = np.random.default_rng(6).normal(0.1, 0.5, 4000)
    error = differences.std() / math.sqrt(4000)
    low, high = bootstrap_interval(differences, samples=4000, confidence=0.9)
    assert low == pytest.approx(differences.mean() - 1.645 * error, abs=0.1 * error)
    assert high == pytest.approx(differences.mean() + 1.645 * error, abs=0.1 * error)
    assert bootstrap_interval([0.25] * 5) == (0.25, 0.25)


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_a_bootstrap_of_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        bootstrap_interval([0.1], **wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="at least 1"):
        bootstrap_interval([])
    with pytest.raises(ConfigError, match="at least 1"):
        randomization_test([0.1], permutations=0)


def test_holm_by_hand() -> None:
    """0.01 * 4, then 0.02 * 3; 0.03 * 2 is no less than what is before it, nor 0.04 * 1."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.6]) == pytest.approx([1, 1])
    assert holm([]).tolist() == []


def test_a_comparison_counts_and_prints() -> None:
    found = compare(evaluation([0.5, 0.5, 1, 0]), evaluation([1, 0.5, 0.75, 1]), names=("bm25", "clip"))
    assert (found.wins, found.ties, found.losses, found.queries) == (2, 1, 1, 4)
    assert (found.mean_a, found.mean_b, found.difference) == (0.5, 0.8125, 0.3125)
    assert (found.p_randomization, found.exact) == (0.5, True)
    assert found.interval[0] <= found.difference <= found.interval[1]
    assert str(found).startswith("nDCG@10 bm25 50.00 → clip 81.25: +31.25 [")
    assert str(found).endswith("p = 0.500, wins/ties/losses 2/1/1")


def test_a_single_query_has_no_t_test_and_json_has_no_nan() -> None:
    fields = compare(evaluation([0.5]), evaluation([1.0])).to_dict()
    assert fields["p_t"] is None
    assert fields["p_randomization"] == 1
    assert fields["interval"] == [0.5, 0.5]


def test_every_pair_is_compared_within_every_group_and_corrected() -> None:
    rng = np.random.default_rng(7)
    base = rng.uniform(0, 1, 40)
    systems = {
        name: evaluation((base + shift).tolist()) for name, shift in (("a", 0), ("b", 0.0), ("c", 0.1))
    }
    found = compare_all(systems, groups={"text": ["q1", "q2"]}, permutations=2000)
    assert [(c.group, c.a, c.b) for c in found[:3]] == [
        ("all", "a", "b"),
        ("all", "a", "c"),
        ("all", "b", "c"),
    ]
    assert [c.queries for c in found] == [40] * 3 + [2] * 3
    assert [c.p_holm for c in found[:3]] == pytest.approx([1, 3 / 2001, 3 / 2001])
    against = compare_all(systems, baseline="c", permutations=2000)
    assert [(c.a, c.b, c.losses) for c in against] == [("c", "a", 40), ("c", "b", 40)]


def test_wrong_use_is_refused() -> None:
    one, other = evaluation([0.1, 0.2]), evaluation([0.1])
    with pytest.raises(ConfigError, match="different queries"):
        compare(one, other)
    with pytest.raises(ConfigError, match="two or more"):
        compare_all({"a": one})
    with pytest.raises(ConfigError, match="baseline 'x' is not among the systems: a, b"):
        compare_all({"a": one, "b": one}, baseline="x")
    with pytest.raises(ConfigError, match="MRR@10 was not evaluated"):
        compare(one, one, "MRR@10")


def test_runs_are_compared_by_their_evaluations() -> None:
    qrels = {f"q{n}": {"good": 1} for n in range(3)}
    right = evaluate({query: {"good": 1.0} for query in qrels}, qrels)
    wrong = evaluate({query: {"bad": 1.0} for query in qrels}, qrels)
    assert compare(wrong, right).p_randomization == 2 / 8


def test_p_is_printed_short() -> None:
    assert [format_p(p) for p in (0.0001, 0.0456, 1.0, math.nan)] == ["<0.001", "0.046", "1.000", "–"]
