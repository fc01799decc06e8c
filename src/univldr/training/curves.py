"""The picture of a training: its loss, and what was measured along the way."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from univldr._optional import require

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#4D4D4D")
_INK, _GREY, _FAINT = "#333333", "#767676", "#D9D9D9"
_SHOWN = ("eval_nDCG@10", "eval_nDCG@10/text", "eval_nDCG@10/image", "eval_accuracy")

Entry = Mapping[str, Any]


def curve(history: Sequence[Entry], name: str) -> tuple[list[int], list[float]]:
    """Steps and values of one quantity of a training's log."""
    found = [(entry["step"], entry[name]) for entry in history if name in entry]
    return [step for step, _ in found], [value for _, value in found]


def plot_history(history: Sequence[Entry], path: Path, title: str) -> None:
    """Draw the loss, and the measures beside it where there are any, over the steps, as a PNG.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figures = require("matplotlib.figure", extra="train", purpose="the plot of a training")
    shown = [(name.removeprefix("eval_"), *curve(history, name)) for name in _SHOWN]
    panels = 2 if any(steps for _, steps, _ in shown) else 1
    figure = figures.Figure(figsize=(5.5 * panels, 3.8), dpi=150, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=_INK)
    loss, *measures = figure.subplots(1, panels, squeeze=False)[0]
    _draw(loss, [("training", *curve(history, "loss")), ("held out", *curve(history, "eval_loss"))], "loss")
    for panel in measures:
        _draw(panel, shown, "held-out queries", floor=0.0)
    figure.savefig(path)


def plot_epochs(tables: Mapping[str, Path], path: Path, title: str) -> None:
    """Draw the loss and the held-out measures of stages one after the other, over epochs, as a PNG.

    Args:
        tables: By stage, a CSV whose columns are ``epoch``, ``loss`` and measures.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figures = require("matplotlib.figure", extra="train", purpose="the plot of a training")
    figure = figures.Figure(figsize=(11, 3.8), dpi=150, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=_INK)
    losses, measures = figure.subplots(1, 2)
    drawn: list[tuple[str, list[int], list[float]]] = []
    shown: list[tuple[str, list[int], list[float]]] = []
    first = 0
    for stage, file in tables.items():
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        steps = [first + int(row["epoch"]) for row in rows]
        first = steps[-1] if steps else first
        names = [name for name in (rows[0] if rows else ()) if name not in ("epoch", "loss")]
        drawn.append((stage, steps, [float(row["loss"]) for row in rows]))
        shown += [(f"{name}, {stage}", steps, [float(row[name]) for row in rows]) for name in names]
    _draw(losses, drawn, "loss", over="epochs")
    _draw(measures, shown, "held-out photos", floor=0.0, over="epochs")
    figure.savefig(path)


def _draw(
    panel: Any,
    lines: Sequence[tuple[str, list[int], list[float]]],
    title: str,
    floor: float | None = None,
    over: str = "steps",
) -> None:
    panel.set_title(title, loc="left", fontsize=10, color=_GREY)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(_FAINT)
    panel.tick_params(length=0, labelsize=9, labelcolor=_INK)
    panel.grid(axis="y", color=_FAINT, lw=0.6)
    panel.set_xlabel(over, fontsize=9, color=_GREY)
    ends: list[float] = []
    drawn = [line for line in lines if line[1]]
    values = [value for *_, some in drawn for value in some] or [0.0, 1.0]
    low, high = min(values) if floor is None else floor, max(values)
    for (name, steps, values), colour in zip(drawn, _COLOURS, strict=False):
        panel.plot(steps, values, "-o" if len(steps) < 40 else "-", color=colour, lw=1.8, ms=3.5)
        end = _free(values[-1], ends, (high - low) * 0.06)
        ends.append(end)
        panel.annotate(
            f" {name} {values[-1]:.3f}",
            (steps[-1], end),
            color=colour,
            fontsize=9,
            va="center",
            annotation_clip=False,
        )
    panel.margins(x=0.02)
    if floor is not None:
        panel.set_ylim(bottom=floor)


def _free(wanted: float, taken: Sequence[float], gap: float) -> float:
    """The nearest height at which a label covers no other."""
    heights = [wanted + n * gap / 4 for n in sorted(range(-24, 25), key=abs)]
    free = [height for height in heights if all(abs(height - other) >= gap * 0.99 for other in taken)]
    return free[0] if free else wanted
