"""What each choice in ``recipes/mini.toml`` is worth: the heads alone, one setting changed at a time.

A run takes minutes, where the whole recipe takes more than an hour, and reads the caches of the recipe's own
run. The tower stays as published, so the figures are below those of the model that ships.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.mini import Encoded, Task, tasks
from univldr.encoders.dual import DualModel
from univldr.evaluation.tables import markdown_table
from univldr.training import align, cache, mini
from univldr.training.mini_data import MAX_TOKENS, MOBILENET, SIZE, Gathering
from univldr.training.pictures import open_rgb

BASE = ("head.epochs=12",)
CHOICES: Mapping[str, tuple[str, ...]] = {
    "the recipe, 12 epochs": (),
    "30 epochs": ("head.epochs=30",),
    "head half as wide (1024)": ("head_hidden=1024",),
    "one view of each photo": ("head.views=1",),
    "less dropout (0.2)": ("head_dropout=0.2",),
    "no drawings": ("loss.drawings=0",),
    "no naming of classes": ("loss.naming_weight=0.0",),
    "more naming (0.5)": ("loss.naming_weight=0.5",),
    "no soft targets": ("loss.teacher_share=0.0",),
    "texts turned, kept a little (3)": ("text_head=true", "loss.keep_weight=3.0"),
    "texts turned, kept (30)": ("text_head=true", "loss.keep_weight=30.0"),
    "texts turned, kept firmly (100)": ("text_head=true", "loss.keep_weight=100.0"),
    "pictures kept from questions more (1)": ("loss.question_weight=1.0",),
}


class Pooled(nn.Module):
    """The published tower: pixels to what the head takes."""

    def __init__(self, model: DualModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Pixels [B, 3, H, W] to [B, 2 * channels]."""
        return self.model.image_trunk(pixel_values)


class Judge:
    """The dev tasks through the frozen towers, so that a choice costs only its heads.

    Args:
        found: The tasks of :mod:`benchmarks.mini`.
        gathering: Its texts and vectors are kept in the folder of the run.
    """

    def __init__(self, found: Mapping[str, Task], gathering: Gathering) -> None:
        self.found = found
        self.queries = {
            name: gathering.texts(f"dev-{name}-queries", [query.text or "" for query in task.queries])
            for name, task in found.items()
        }
        self.documents = {name: self._documents(name, task, gathering) for name, task in found.items()}

    def _documents(self, name: str, task: Task, gathering: Gathering) -> Tensor:
        files = [document.image for document in task.documents]
        if files[0] is None:
            return gathering.texts(f"dev-{name}-documents", [document.text for document in task.documents])
        path = gathering.folder / f"dev-{name}-pooled.npy"
        if not path.exists():
            run = cache.compile_layers(Pooled(gathering.model), SIZE)
            cache.cache_views(
                lambda index: open_rgb(_bytes(files[index]), SIZE),
                len(files), path, run, size=SIZE, how=None, seed=0,
            )  # fmt: skip
        return torch.from_numpy(np.load(path)).float()

    @torch.no_grad()
    def measures(self, model: DualModel) -> dict[str, float]:
        """By task: recall@10 of pictures, nDCG@10 of texts."""
        values = {}
        for name, task in self.found.items():
            rows, is_image = self.documents[name], task.documents[0].image is not None
            project = model.project_image if is_image else model.project_text
            encoded = Encoded(
                model.project_text(self.queries[name]).numpy(),
                project(rows).numpy(),
                [document.id for document in task.documents],
                task.right,
            )
            values[name] = encoded.measures()["Recall@10" if is_image else "nDCG@10"]
        return values


def _bytes(image: object) -> bytes:
    assert isinstance(image, bytes)
    return image


def main() -> None:
    """``python -m benchmarks.mini_choices --data DATA --minilm DIR --run DIR``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="the --out of univldr.training.mini")
    parser.add_argument("--recipe", type=Path, default=Path("recipes/mini.toml"))
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    base = mini.read_recipe(args.recipe, BASE)
    model = mini.build_model(base, args.minilm, args.data / MOBILENET)
    tokenizer = mini.read_tokenizer(args.minilm)
    tokenizer.enable_truncation(MAX_TOKENS)
    gathering = Gathering(args.data, args.run / "cache", model, tokenizer, base.data, base.seed, args.threads)
    still = mini.pooled(model, base, gathering.gather(), gathering.folder)
    judge = Judge(tasks(args.data), gathering)
    rows: list[list[str]] = []
    for name, changes in CHOICES.items():
        recipe = mini.read_recipe(args.recipe, (*BASE, *changes))
        model = mini.build_model(recipe, args.minilm, args.data / MOBILENET)
        align.train_above(model, None)
        views = still.photos.views[: recipe.head.views]
        data = replace(still, photos=replace(still.photos, views=views))
        checkpoint = args.run / "choices" / f"{len(rows)}.pt"
        checkpoint.parent.mkdir(exist_ok=True)
        mini.run_stage(model, gathering, data, model.head.project, recipe, recipe.head, checkpoint)
        held = checkpoint.with_suffix(".csv").read_text("utf-8").splitlines()[-1].split(",")[-1]
        measured = judge.measures(model)
        rows.append([name, held, *(f"{value:.3f}" for value in measured.values())])
        print(rows[-1], flush=True)
    header = ["choice", "held-out photos R@10", *(f"{name}" for name in judge.found)]
    print(markdown_table(header, rows))


if __name__ == "__main__":
    main()
