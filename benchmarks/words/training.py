"""Stage 2 with generated captions and without, from one start, each seed; pictures have no caption."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.ordering.report import SEEDS
from univldr.training.recipe import read_recipe
from univldr.training.reproduce import RESULTS, Reproduction

RECIPE = Path(__file__).with_name("training.toml")


def folder(words: Path, seed: int) -> Path:
    """Where the stages and runs of a training are."""
    return words / f"bare-{seed}"


def train(ordering: Path, words: Path) -> None:
    """Every training that is not done yet."""
    for seed in SEEDS:
        out = folder(words, seed)
        if (out / RESULTS).exists():
            continue
        print(f"training {out.name}", file=sys.stderr, flush=True)
        recipe = read_recipe(
            RECIPE,
            (
                f'data.path="{ordering / "bare" / "train"}"',
                f'model.start="{ordering / f"bare-{seed}" / "in-batch" / "model"}"',
                f'evaluation.data.path="{ordering / "bare" / "test"}"',
                f'verbalize.caption.model="{words / "half" / "caption" / "model"}"',
                f"seed={seed}",
            ),
        )
        Reproduction(recipe, out, cache=ordering / "cache").run()
