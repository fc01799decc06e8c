"""The paper's results table: setting | model | six measures in percent, as Markdown, LaTeX or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from univldr.errors import ConfigError
from univldr.evaluation.measures import DEFAULT, Evaluation, Measure
from univldr.evaluation.significance import Comparison, format_p, holm, randomization_test

Format = Literal["md", "latex", "json"]

DAGGER = "†"
"""Marks a value that is significantly better than the baseline's."""

_SHORT = {"Recall": "R"}
_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    sign: f"\\{sign}" for sign in "&%$#_{}"
}


@dataclass(frozen=True, slots=True)
class Row:
    """One system of a table.

    Attributes:
        setting: What the paper groups by: text only, divide and conquer, universal; may be empty.
        model: The system's name.
        evaluation: Its values, or ``None`` where it has none, which is shown as a dash.
        lower: Measures whose value is a lower bound only, shown as ``≥``; they are not tested.
    """

    setting: str
    model: str
    evaluation: Evaluation | None
    lower: frozenset[Measure] = frozenset()


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """Systems against measures; build it with :func:`results_table`.

    Attributes:
        rows: In the order shown.
        measures: The columns.
        title: What was measured, e.g. ``all queries``.
        baseline: The model that significance is tested against.
        better: (row, column) of the values that are significantly better than the baseline's.
        alpha: The level of that.
    """

    rows: tuple[Row, ...]
    measures: tuple[Measure, ...]
    title: str = ""
    baseline: str | None = None
    better: frozenset[tuple[int, int]] = frozenset()
    alpha: float = 0.05

    def render(self, format: Format) -> str:
        """The table as text: ``md``, ``latex``, or the ``json`` of :meth:`to_dict`."""
        if format == "json":
            import json

            return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)
        return self.latex() if format == "latex" else self.markdown()

    def __str__(self) -> str:
        return self.markdown()

    def markdown(self) -> str:
        """Aligned, so that it reads in a terminal too; best in bold."""
        head = ["setting", "model", *map(short, self.measures)]
        body = [
            [
                setting,
                row.model,
                *(
                    "≥ " * lower + (f"**{text}**" if best else text) + DAGGER * better
                    for text, lower, best, better in self._cells(number)
                ),
            ]
            for number, (setting, row) in enumerate(zip(self._settings(), self.rows, strict=True))
        ]
        above = [f"### {self.title}", ""] if self.title else []
        below = ["", self._legend()] if self.baseline else []
        return "\n".join((*above, markdown_table(head, body), *below))

    def latex(self) -> str:
        """A ``tabular`` for booktabs; best in bold, settings apart."""
        head = ["Setting", "Model", *map(short, self.measures)]
        lines = [f"% {self.title}"] if self.title else []
        lines += [rf"\begin{{tabular}}{{ll{'r' * len(self.measures)}}}", r"\toprule"]
        lines += [" & ".join(head) + r" \\", r"\midrule"]
        for number, (setting, row) in enumerate(zip(self._settings(), self.rows, strict=True)):
            if setting and number:
                lines.append(r"\midrule")
            cells = [
                r"$\geq$ " * lower
                + (rf"\textbf{{{text}}}" if best else text.replace("–", "--"))
                + r"$^{\dagger}$" * better
                for text, lower, best, better in self._cells(number)
            ]
            lines.append(" & ".join((_escaped(setting), _escaped(row.model), *cells)) + r" \\")
        lines += [r"\bottomrule", r"\end{tabular}"]
        return "\n".join(lines + ([f"% {self._legend()}"] if self.baseline else []))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: means as fractions, not percent, by the measures' full names."""
        return {
            "title": self.title,
            "baseline": self.baseline,
            "alpha": self.alpha,
            "rows": [self.row_fields(number) for number in range(len(self.rows))],
        }

    def row_fields(self, number: int) -> dict[str, Any]:
        """The JSON form of one row."""
        row = self.rows[number]
        fields: dict[str, Any] = {"setting": row.setting, "model": row.model}
        if row.evaluation is None:
            return fields | {str(measure): None for measure in self.measures}
        fields |= {str(measure): row.evaluation[measure] for measure in self.measures}
        fields |= {"queries": len(row.evaluation.queries), "missing": len(row.evaluation.missing)}
        if row.lower:
            fields["lower_bounds"] = [str(measure) for measure in self.measures if measure in row.lower]
        if self.baseline:
            better = [str(m) for column, m in enumerate(self.measures) if (number, column) in self.better]
            fields["significantly_better"] = better
        return fields

    def _settings(self) -> list[str]:
        """A setting is written once, above the rows that share it."""
        before = [None, *(row.setting for row in self.rows)]
        return [
            "" if row.setting == last else row.setting for row, last in zip(self.rows, before, strict=False)
        ]

    def _cells(self, number: int) -> list[tuple[str, bool, bool, bool]]:
        """Per column: the percentage; whether it is a lower bound, the best, better than the baseline's."""
        row = self.rows[number]
        return [
            (
                text := percent(row.evaluation, measure),
                measure in row.lower,
                len(self.rows) > 1 and text == self._best(measure),
                (number, column) in self.better,
            )
            for column, measure in enumerate(self.measures)
        ]

    def _best(self, measure: Measure) -> str:
        """The best percentage of a column; empty where it is not known, as among lower bounds."""
        if any(measure in row.lower for row in self.rows):
            return ""
        values = [row.evaluation[measure] for row in self.rows if row.evaluation is not None]
        return f"{100 * max(values):.2f}" if values and max(values) > 0 else ""

    def _legend(self) -> str:
        return (
            f"{DAGGER} better than {self.baseline}, p < {self.alpha:g} "
            "(two-sided paired randomization test, Holm-corrected per measure)"
        )


def results_table(
    rows: Sequence[Row],
    measures: Sequence[str | Measure] = DEFAULT,
    *,
    title: str = "",
    baseline: str | None = None,
    alpha: float = 0.05,
    permutations: int = 10_000,
    seed: int = 0,
) -> ResultsTable:
    """A table of systems, tested against a baseline where one is named.

    Args:
        rows: Evaluations of the same queries.
        measures: The columns.
        title: Its heading.
        baseline: A row's model: values that are significantly better than its own get a dagger.
        alpha: The level, after Holm's correction over the rows of one measure.
        permutations: Of the paired randomization test.
        seed: Of the same.

    Raises:
        ConfigError: the baseline is not a row, or rows were evaluated on different queries.
    """
    columns = tuple(Measure.parse(m) if isinstance(m, str) else m for m in measures)
    better: set[tuple[int, int]] = set()
    if baseline is not None:
        for column, measure in enumerate(columns):
            better |= {(row, column) for row in _better(rows, measure, baseline, alpha, permutations, seed)}
    return ResultsTable(tuple(rows), columns, title, baseline, frozenset(better), alpha)


def _better(
    rows: Sequence[Row], measure: Measure, baseline: str, alpha: float, permutations: int, seed: int
) -> list[int]:
    """The rows that are significantly better than the baseline."""
    named = {row.model: row for row in rows}
    if baseline not in named:
        raise ConfigError(f"the baseline {baseline!r} is not among the models: {', '.join(named)}")
    base = named[baseline].evaluation
    if base is None or measure in named[baseline].lower:
        return []
    others = [
        (number, row.evaluation)
        for number, row in enumerate(rows)
        if row.evaluation is not None and row.model != baseline and measure not in row.lower
    ]
    if any(evaluation.queries != base.queries for _, evaluation in others):
        raise ConfigError("the rows were evaluated on different queries; use one qrels for all")
    gains = [evaluation.per_query(measure) - base.per_query(measure) for _, evaluation in others]
    tests = [randomization_test(gain, permutations=permutations, seed=seed)[0] for gain in gains]
    corrected = holm(np.array(tests))
    return [
        number
        for (number, _), gain, p in zip(others, gains, corrected, strict=True)
        if p < alpha and gain.mean() > 0
    ]


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """Paired comparisons as Markdown: percentages, differences as ``b`` minus ``a``."""
    head = ["queries", "measure", "A", "B", "n", "A, %", "B, %", "B − A", "interval", "p"]
    head += ["p, Holm", "p, t-test", "wins", "ties", "losses"]
    body = [
        [
            c.group,
            str(c.measure),
            c.a,
            c.b,
            f"{c.queries:,}",
            f"{100 * c.mean_a:.2f}",
            f"{100 * c.mean_b:.2f}",
            f"{100 * c.difference:+.2f}",
            "{:+.2f} to {:+.2f}".format(*(100 * bound for bound in c.interval)),
            *map(format_p, (c.p_randomization, c.p_holm, c.p_t)),
            *(f"{count:,}" for count in (c.wins, c.ties, c.losses)),
        ]
        for c in comparisons
    ]
    return markdown_table(head, body, left=4)


def markdown_table(head: Sequence[str], body: Sequence[Sequence[str]], *, left: int = 2) -> str:
    """An aligned Markdown table: the first ``left`` columns to the left, the others to the right."""
    cells = [[cell.replace("|", "\\|") for cell in line] for line in (head, *body)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    rule = ["-" * w if n < left else "-" * (w - 1) + ":" for n, w in enumerate(widths)]
    padded = [
        [c.ljust(w) if n < left else c.rjust(w) for n, (c, w) in enumerate(zip(line, widths, strict=True))]
        for line in (cells[0], rule, *cells[1:])
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in padded)


def short(measure: Measure) -> str:
    """The heading of a column: ``R@20`` for ``Recall@20``, as in the paper."""
    return f"{_SHORT.get(measure.name, measure.name)}@{measure.k}"


def percent(evaluation: Evaluation | None, measure: str | Measure) -> str:
    """Two decimals, as the paper prints; a dash for no value."""
    return "–" if evaluation is None else f"{100 * evaluation[measure]:.2f}"


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)
