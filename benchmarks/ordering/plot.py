"""One line a system: nDCG@10 of passages and pictures in the joint pool, and how many pictures come up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

CENTERED = "+center"
_COLOURS = {"text": "#0072B2", "image": "#D55E00", "all": "#333333", "share": "#767676"}
_WORDS = {"text": "queries for passages", "image": "queries for pictures", "all": "all queries"}
_INK, _FAINT = "#333333", "#DDDDDD"

Values = npt.NDArray[np.float64]
Systems = Mapping[str, Mapping[str, Values]]


def plot_systems(systems: Systems, path: Path, goal: float) -> None:
    """Draw every system's values, [seeds] each: dots for the means, ticks for the seeds, rings for centered.

    Args:
        systems: By name: ``text``, ``image`` and ``all`` nDCG@10, and the ``share`` of pictures in the top
            ten.
        path: A PNG, replaced where it exists.
        goal: The share of pictures among the answers.
    """
    names = [name for name in systems if not name.endswith(CENTERED)]
    figure = Figure(figsize=(11, 0.33 * len(names) + 1.5), dpi=150, layout="constrained")
    quality, shares = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [2.4, 1]})
    for panel in (quality, shares):
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.spines["bottom"].set_color(_FAINT)
        panel.tick_params(length=0, labelsize=9)
        panel.grid(axis="y", color=_FAINT, lw=0.6)
        panel.set_axisbelow(True)
        panel.set_xlim(-2, 102)
    quality.set_yticks(range(len(names)), names, fontsize=9, color=_INK)
    quality.set_ylim(len(names) - 0.4, -0.6)
    for kind in ("text", "image", "all"):
        _dots(quality, systems, names, kind)
    _dots(shares, systems, names, "share")
    shares.axvline(100 * goal, color=_COLOURS["image"], lw=1, ls="--")
    shares.set_title(f"among the answers: {100 * goal:.0f}%", fontsize=9, color=_COLOURS["image"])
    quality.set_xlabel("nDCG@10 in the joint pool, %", fontsize=9, color=_INK)
    shares.set_xlabel("pictures in the top ten, %", fontsize=9, color=_INK)
    handles = [Line2D([], [], marker="o", ls="", color=_COLOURS[kind], label=_WORDS[kind]) for kind in _WORDS]
    handles.append(Line2D([], [], marker="o", ls="", color=_INK, mfc="none", label="the same, centered"))
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path)


def _dots(panel: Any, systems: Systems, names: list[str], kind: str) -> None:
    colour = _COLOURS[kind]
    for height, name in enumerate(names):
        seeds = 100 * systems[name][kind]
        panel.scatter(seeds.mean(), height, s=38, color=colour, zorder=3)
        panel.scatter(seeds, np.full(len(seeds), height), marker="|", s=70, color=colour, alpha=0.6)
        if (centered := systems.get(name + CENTERED)) is not None:
            mean = 100 * centered[kind].mean()
            panel.scatter(mean, height, s=38, facecolors="none", edgecolors=colour, zorder=2)
