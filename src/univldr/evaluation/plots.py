"""The modality report as a picture: one row of three panels per system."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from univldr._optional import require
from univldr.errors import ConfigError
from univldr.evaluation.report import Gap, ModalityReport, PoolCost, Scores
from univldr.evaluation.tables import short
from univldr.types import Modality

# Okabe and Ito's colours, told apart with any kind of colour vision; text and image also differ in lightness.
_COLOURS = {"text": "#0072B2", "image": "#D55E00", "all": "#4D4D4D"}
_INK, _GREY, _FAINT = "#333333", "#767676", "#D9D9D9"
_ROW_INCHES, _WIDTH_INCHES, _DPI = 3.9, 13.5, 160
_LABEL_GAP = 7.5  # percentage points that keep two labels of one line height apart


def plot_reports(reports: Mapping[str, ModalityReport], path: Path) -> None:
    """Draw modality reports under one another.

    Args:
        reports: By the names of the systems, shown in this order.
        path: A ``.png`` (or another format that matplotlib writes); replaced where it exists.

    Raises:
        ConfigError: there is no report, or the file cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    if not reports:
        raise ConfigError("no modality report to draw")
    figures = require("matplotlib.figure", extra="evaluate", purpose="the plot")
    figure = figures.Figure(figsize=(_WIDTH_INCHES, _ROW_INCHES * len(reports)), dpi=_DPI)
    rows = figure.subfigures(len(reports), 1, squeeze=False)[:, 0]
    limits = _limits([100 * v for r in reports.values() for p in r.pools for v in (p.joint, p.own)])
    for row, (name, report) in zip(rows, reports.items(), strict=True):
        _draw(row, name, report, limits)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: the plot cannot be written: {error}") from error


def _draw(row: Any, name: str, report: ModalityReport, limits: tuple[float, float]) -> None:
    row.suptitle(name, x=0.012, y=0.985, ha="left", va="top", fontsize=13, fontweight="bold", color=_INK)
    widths = {"width_ratios": [1.15, 1, 1.25]}
    panels = row.subplots(1, 3, gridspec_kw=widths)
    row.subplots_adjust(left=0.05, right=0.985, top=0.77, bottom=0.2, wspace=0.5)
    for panel in panels:
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.spines["bottom"].set_color(_FAINT)
        panel.tick_params(length=0, labelsize=9, labelcolor=_INK)
    _shares(panels[0], report)
    _pools(panels[1], report, limits)
    _ridges(panels[2], report)


def _title(panel: Any, text: str, below: str) -> None:
    panel.text(0, 1.13, text, transform=panel.transAxes, fontsize=10.5, color=_INK, va="bottom")
    panel.text(0, 1.04, below, transform=panel.transAxes, fontsize=8.5, color=_GREY, va="bottom")


def _shares(panel: Any, report: ModalityReport) -> None:
    """Lines over the depths, a diamond where the qrels say the line should be."""
    _title(
        panel, "Images among the top documents, %", "by the modality of the query's positives; ◇ in the qrels"
    )
    depths = list(report.shares[0].top)
    goal = len(depths) - 1 + 0.7
    for share in report.shares:
        colour = _COLOURS[share.group]
        line = [100 * share.top[k] for k in depths]
        panel.plot(range(len(depths)), line, "-o", color=colour, lw=2, ms=5, clip_on=False)
        panel.plot(goal, 100 * share.qrels, "D", mfc="white", mec=colour, mew=1.6, ms=6, clip_on=False)
    panel.axhline(100 * report.corpus, color="#999999", lw=1, ls=(0, (2, 3)), zorder=0)
    labels = [
        (f"{'all' if s.group == 'all' else s.group} queries", s.qrels, _COLOURS[s.group])
        for s in report.shares
    ]
    labels.append(("share in the corpus", report.corpus, _GREY))
    heights = _apart([100 * share for _, share, _ in labels])
    for (label, _, colour), height in zip(labels, heights, strict=True):
        panel.text(goal + 0.18, height, label, color=colour, fontsize=9, va="center")
    panel.set_xticks([*range(len(depths)), goal], [*(f"top {k}" for k in depths), "qrels"])
    panel.set_xlim(-0.2, goal + 0.15)
    panel.set_ylim(-3, 103)
    panel.set_yticks([0, 50, 100])
    panel.grid(axis="y", color=_FAINT, lw=0.7, zorder=0)


def _apart(heights: Sequence[float]) -> list[float]:
    """The heights, each moved up as far as its label would overlap the one below."""
    placed = list(heights)
    order = np.argsort(heights)
    for below, above in itertools.pairwise(order):
        placed[above] = max(placed[above], placed[below] + _LABEL_GAP)
    return placed


def _pools(panel: Any, report: ModalityReport, limits: tuple[float, float]) -> None:
    """A line from the joint pool's value to the own pool's: its length is what the joint pool costs."""
    _title(panel, f"{short(report.measure)}, %", "● in the joint pool   ○ the same queries in their own pool")
    for height, pool in enumerate(reversed(report.pools)):
        _dumbbell(panel, height, pool)
    panel.set_yticks([])
    panel.set_ylim(-0.6, len(report.pools) - 0.4)
    panel.set_xlim(*limits)
    panel.grid(axis="x", color=_FAINT, lw=0.7, zorder=0)
    panel.set_axisbelow(True)


def _dumbbell(panel: Any, height: int, pool: PoolCost) -> None:
    colour, joint, own = _COLOURS[pool.modality.value], 100 * pool.joint, 100 * pool.own
    panel.plot([joint, own], [height, height], color=colour, lw=2.5, alpha=0.45, zorder=1)
    panel.plot(own, height, "o", mfc="white", mec=colour, mew=1.8, ms=9, zorder=2)
    panel.plot(joint, height, "o", color=colour, ms=9, zorder=3)
    label = {"color": colour, "fontsize": 9}
    across = panel.get_yaxis_transform()
    panel.text(0, height + 0.22, f"{pool.modality} queries", transform=across, va="bottom", **label)
    low, high = sorted((joint, own))
    for value, place, offset in ((low, "right", -8), (high, "left", 8))[: 1 + (low != high)]:
        panel.annotate(
            f"{'≥ ' if pool.short and value == own else ''}{value:.1f}",
            (value, height),
            (offset, 0),
            textcoords="offset points",
            ha=place,
            va="center",
            **label,
        )


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """One range for every system, so that they compare at a glance."""
    low, high = min(values), max(values)
    margin = max(6.0, 0.25 * (high - low))  # room for the values beside the dots
    return low - margin, high + margin


def _ridges(panel: Any, report: ModalityReport) -> None:
    """A silhouette per kind of document, its mean marked."""
    if not report.scores:
        panel.set_axis_off()
        return
    _title(panel, f"Scores, {report.scores_from}", "│ mean; gap = images' mean − texts' mean")
    kinds = sorted(report.scores, key=lambda s: (s.modality is Modality.IMAGE, s.relevant))
    for height, scores in enumerate(kinds):
        _ridge(panel, height, scores, report)
    panel.set_yticks(
        [height + 0.3 for height in range(len(kinds))],
        [f"{s.modality}, {'relevant' if s.relevant else 'others'}\n{s.count:,}" for s in kinds],
    )
    for label, scores in zip(panel.get_yticklabels(), kinds, strict=True):
        label.set_color(_COLOURS[scores.modality.value])
    panel.set_ylim(-0.1, len(kinds))
    for line, gap in enumerate(report.gaps):
        panel.text(
            0,
            -0.19 - 0.085 * line,
            _gap_words(gap),
            transform=panel.transAxes,
            fontsize=8.5,
            color=_GREY,
            va="center",
        )


def _ridge(panel: Any, height: int, scores: Scores, report: ModalityReport) -> None:
    colour = _COLOURS[scores.modality.value]
    density = np.convolve(np.array(scores.histogram, float), [0.25, 0.5, 0.25])  # two bins longer
    shown = np.flatnonzero(density)
    span = slice(max(0, shown[0] - 1), shown[-1] + 2)
    step = report.edges[1] - report.edges[0]
    centres = (report.edges[0] + step * (np.arange(len(density)) - 0.5))[span]
    top = height + 0.7 * density[span] / density.max()
    panel.fill_between(centres, height, top, color=colour, alpha=0.55 if scores.relevant else 0.12, lw=0)
    panel.plot(centres, top, color=colour, lw=1.3)
    panel.plot([scores.mean] * 2, [height, height + 0.9], color=colour, lw=2, solid_capstyle="butt")
    panel.text(scores.mean, height + 0.93, f" {scores.mean:.3g}", color=colour, fontsize=8.5, va="top")


def _gap_words(gap: Gap) -> str:
    sd = "" if math.isnan(gap.in_sd) else f" ({gap.in_sd:+.1f} sd)"
    kind = "relevant" if gap.relevant else "others"
    return f"gap of the means, {kind}: {gap.difference:+.3g}{sd}".replace("-", "−")
