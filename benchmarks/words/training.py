"""Stage 2 with generated captions and without, from one start, each seed and setting."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.ordering.report import SEEDS, SETTINGS
from univldr.training.recipe import read_recipe
from univldr.training.reproduce import RESULTS, Reproduction

RECIPE = Path(__file__).with_name("training.toml")


def folder(words: Path, setting: str, seed: int) -> Path:
    """Where the stages and runs of a training are."""
    return words / f"{setting}-{seed}"


def train(ordering: Path, words: Path) -> None:
    """Every training that is not done yet."""
    for setting in SETTINGS:
        for seed in SEEDS:
            out = folder(words, setting, seed)
            if (out / RESULTS).exists():
                continue
            print(f"training {out.name}", file=sys.stderr, flush=True)
            recipe = read_recipe(
                RECIPE,
                (
                    f'data.path="{ordering / setting / "train"}"',
                    f'model.start="{ordering / f"{setting}-{seed}" / "in-batch" / "model"}"',
                    f'evaluation.data.path="{ordering / setting / "test"}"',
                    f'verbalize.caption.model="{words / "half" / "caption" / "model"}"',
                    f"seed={seed}",
                ),
            )
            Reproduction(recipe, out, cache=ordering / "cache").run()
