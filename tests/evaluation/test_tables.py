"""The results table: its shape, what is bold, what has a dagger, in all three forms."""

from __future__ import annotations

import json

import numpy as np
import pytest

from univldr.errors import ConfigError
from univldr.evaluation.measures import DEFAULT, Evaluation, Measure
from univldr.evaluation.significance import compare_all
from univldr.evaluation.tables import Row, comparison_table, markdown_table, results_table

NDCG, RECALL = Measure.parse("nDCG@10"), Measure.parse("Recall@20")


def evaluation(ndcg: list[float], recall: float = 0.5, shift: str = "") -> Evaluation:
    queries = tuple(f"{shift}q{number}" for number in range(len(ndcg)))
    return Evaluation((NDCG, RECALL), queries, np.array([ndcg, [recall] * len(ndcg)]).T)


BASE = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
ROWS = [
    Row("text only", "BM25", evaluation(BASE, 0.75)),
    Row("universal", "CLIP zero-shot", evaluation([value / 4 for value in BASE])),
    Row("universal", "UniVL-DR", evaluation([value + 0.1 for value in BASE])),
    Row("universal", "not run", None),
]


def test_markdown_has_the_papers_shape() -> None:
    table = results_table(ROWS, [NDCG, RECALL], title="all queries", baseline="BM25")
    assert str(table).splitlines() == [
        "### all queries",
        "",
        "| setting   | model          |    nDCG@10 |      R@20 |",
        "| --------- | -------------- | ---------: | --------: |",
        "| text only | BM25           |      45.00 | **75.00** |",
        "| universal | CLIP zero-shot |      11.25 |     50.00 |",
        "|           | UniVL-DR       | **55.00**† |     50.00 |",
        "|           | not run        |          – |         – |",
        "",
        "† better than BM25, p < 0.05 (two-sided paired randomization test, Holm-corrected per measure)",
    ]


def test_the_default_columns_are_the_papers() -> None:
    assert list(map(str, DEFAULT)) == ["MRR@10", "nDCG@10", "MRR@20", "nDCG@20", "Recall@20", "Recall@100"]


def test_latex_is_escaped_and_rules_the_settings() -> None:
    rows = [Row("a & b", "50%_{x}~", ROWS[0].evaluation), *ROWS[2:]]
    lines = results_table(rows, [NDCG, RECALL], title="all", baseline="50%_{x}~").latex().splitlines()
    assert lines[:4] == [
        "% all",
        r"\begin{tabular}{llrr}",
        r"\toprule",
        r"Setting & Model & nDCG@10 & R@20 \\",
    ]
    assert lines[5:9] == [
        r"a \& b & 50\%\_\{x\}\textasciitilde{} & 45.00 & \textbf{75.00} \\",
        r"\midrule",
        r"universal & UniVL-DR & \textbf{55.00}$^{\dagger}$ & 50.00 \\",
        r" & not run & -- & -- \\",
    ]
    assert lines[9:11] == [r"\bottomrule", r"\end{tabular}"]


def test_json_has_fractions_by_full_names() -> None:
    fields = json.loads(results_table(ROWS, [NDCG, RECALL], baseline="BM25").render("json"))
    assert fields["rows"][2] == {
        "setting": "universal",
        "model": "UniVL-DR",
        "nDCG@10": pytest.approx(0.55),
        "Recall@20": 0.5,
        "queries": 8,
        "missing": 0,
        "significantly_better": ["nDCG@10"],
    }
    assert fields["rows"][3]["nDCG@10"] is None


def test_a_lower_bound_is_shown_and_neither_best_nor_tested() -> None:
    rows = [ROWS[0], Row("universal", "UniVL-DR", ROWS[2].evaluation, frozenset({NDCG}))]
    table = results_table(rows, [NDCG, RECALL], baseline="BM25")
    assert "|   45.00 |" in table.markdown()
    assert "| ≥ 55.00 |" in table.markdown()
    assert r"$\geq$ 55.00" in table.latex()
    assert table.to_dict()["rows"][1]["lower_bounds"] == ["nDCG@10"]
    assert table.better == frozenset()


def test_a_single_row_is_not_bold_and_zeros_are_not_best() -> None:
    assert "**" not in results_table(ROWS[:1], [NDCG]).markdown()
    zero = Row("", "nothing", evaluation([0.0]))
    assert "**" not in results_table([zero, zero], [NDCG]).markdown()


def test_rows_that_print_alike_are_both_best() -> None:
    rows = [Row("", name, evaluation([value])) for name, value in (("a", 0.50001), ("b", 0.5), ("c", 0.4))]
    assert results_table(rows, [NDCG]).markdown().count("**50.00**") == 2


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ConfigError, match="baseline 'bm25' is not among the models: BM25, CLIP"):
        results_table(ROWS, [NDCG], baseline="bm25")
    other = Row("", "other", evaluation(BASE, shift="x"))
    with pytest.raises(ConfigError, match="different queries"):
        results_table([ROWS[0], other], [NDCG], baseline="BM25")
    assert results_table(ROWS, [NDCG], baseline="not run").better == frozenset()


def test_a_pipe_in_a_name_does_not_break_a_table() -> None:
    assert markdown_table(["a", "b"], [["x|y", "1"]], left=1).splitlines() == [
        "| a    |   b |",
        "| ---- | --: |",
        "| x\\|y |   1 |",
    ]


def test_comparisons_are_a_table() -> None:
    systems = {row.model: row.evaluation for row in ROWS[:3] if row.evaluation is not None}
    lines = comparison_table(compare_all(systems, NDCG, baseline="BM25")).splitlines()
    assert len(lines) == 4
    cells = [cell.strip() for cell in lines[3].strip("|").split("|")]
    assert cells[:8] == ["all", "nDCG@10", "BM25", "UniVL-DR", "8", "45.00", "55.00", "+10.00"]
    assert cells[8:] == ["+10.00 to +10.00", "0.008", "0.016", "<0.001", "8", "0", "0"]
