"""What each choice in ``recipes/mini.toml`` is worth: the heads alone, one setting changed at a time.

A run takes minutes, where the whole recipe takes more than an hour, and reads the caches of the recipe's own
run. The tower stays as published, so the figures are below those of the model that ships.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from benchmarks.mini import Encoded, Task, tasks
from univldr.encoders.dual import DualModel
from univldr.evaluation.tables import markdown_table
from univldr.training import align, cache, mini
from univldr.training.mini_data import MAX_TOKENS, MOBILENET, SIZE, Gathering, Run
from univldr.training.pictures import open_rgb, to_pixels
from univldr.training.tower import upper_layers

SHORT = ("head.epochs=12", "tune.epochs=2")
HEADS: Mapping[str, tuple[str, ...]] = {
    "the recipe, 12 epochs": (),
    "no drawings": ("loss.drawings=0",),
    "no naming of classes": ("loss.naming_weight=0.0",),
    "more naming (0.5)": ("loss.naming_weight=0.5",),
    "no soft targets": ("loss.teacher_share=0.0",),
    "no passages between (0)": ("loss.question_weight=0.0",),
    "30 epochs": ("head.epochs=30",),
    "head half as wide (1024)": ("head_hidden=1024",),
    "one view of each photo": ("head.views=1",),
    "less dropout (0.2)": ("head_dropout=0.2",),
    "texts turned, kept a little (3)": ("text_head=true", "loss.keep_weight=3.0"),
    "texts turned, kept (30)": ("text_head=true", "loss.keep_weight=30.0"),
}
TOWER: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "the recipe, 2 epochs": (5, ()),
    "blocks 9 and up": (9, ()),
    "blocks 12 and up": (12, ()),
    "one rate for all blocks": (5, ("tune.block_decay=1.0",)),
    "weights of the last step, not averaged": (5, ("tune.ema_decay=0.0",)),
}
SIZES = (224, 288)
LOOKS: Mapping[str, tuple[int, int]] = {
    "224 px": (224, 0),
    "256 px": (256, 0),
    "288 px": (288, 0),
    "224 px, and the middle, 14 off each side": (224, 14),
    "224 px, and the middle, 24 off each side": (224, 24),
    "224 px, and the middle, 40 off each side": (224, 40),
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
                partial(_resized, [_bytes(file) for file in files], SIZE),
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


@dataclass(frozen=True)
class Bench:
    """The data of a recipe's run, and what judges a choice."""

    args: argparse.Namespace
    gathering: Gathering
    gathered: align.AlignmentData

    def model(self, recipe: mini.Recipe) -> DualModel:
        """Published towers, fresh heads."""
        return mini.build_model(recipe, self.args.minilm, self.args.data / MOBILENET)

    def heads(self) -> str:
        """A table of ``HEADS``."""
        base = mini.read_recipe(self.args.recipe, SHORT)
        still = mini.pooled(self.gathering.model, base, self.gathered, self.gathering.folder)
        judge = Judge(tasks(self.args.data), self.gathering)
        rows: list[list[str]] = []
        for name, changes in HEADS.items():
            recipe = mini.read_recipe(self.args.recipe, (*SHORT, *changes))
            model = self.model(recipe)
            align.train_above(model, None)
            held = self._run(f"heads-{len(rows)}", model, still, model.head.project, recipe, recipe.head)
            rows.append([name, *held, *(f"{value:.3f}" for value in judge.measures(model).values())])
            print(rows[-1], flush=True)
        return markdown_table(["heads alone", "held-out MRR", "R@10", *judge.found], rows, left=1)

    def tower(self) -> str:
        """A table of ``TOWER``: each goes on from the run's trained heads."""
        rows: list[list[str]] = []
        for name, (cut, changes) in TOWER.items():
            recipe = mini.read_recipe(self.args.recipe, (*SHORT, *changes))
            model = self.model(recipe)
            _fill(model, self.args.run / "head.pt")
            align.train_above(model, cut)
            encode = partial(_encode, model, recipe.data.cut)
            held = self._run(f"tower-{len(rows)}", model, self.gathered, encode, recipe, recipe.tune)
            rows.append([name, *held])
            print(rows[-1], flush=True)
        return markdown_table(["tower and heads", "held-out MRR", "R@10"], rows, left=1)

    def sizes(self) -> str:
        """A table of ``SIZES``: photos alone, one view, the heads."""
        recipe = mini.read_recipe(
            self.args.recipe,
            (*SHORT, "head.views=1", "loss.drawings=0", "loss.others=0", "loss.naming_weight=0.0"),
        )
        photos = self.gathering.photos
        rows: list[list[str]] = []
        for size in SIZES:
            model = self.model(recipe)
            path = self.gathering.folder / f"photos-pooled-{size}px.npy"
            if not path.exists():
                run = cache.compile_layers(Pooled(model), size)
                opened = partial(_resized, [photo.data for photo in photos], size)
                cache.cache_views(opened, len(photos), path, run, size=size, how=None, seed=0)
            views = [np.load(path).astype(np.float32)]
            data = replace(self.gathered, photos=replace(self.gathered.photos, views=views))
            align.train_above(model, None)
            held = self._run(f"size-{size}", model, data, model.head.project, recipe, recipe.head)
            rows.append([f"{size} px", *held])
            print(rows[-1], flush=True)
        return markdown_table(["pictures of", "held-out MRR", "R@10"], rows, left=1)

    def looks(self) -> str:
        """A table of ``LOOKS``: how the tuned model should see pictures, by recall on photos."""
        model = self.model(mini.read_recipe(self.args.recipe))
        _fill(model, self.args.run / "tune.pt")
        held = self.gathering.held_out()
        photos = [self.gathering.photos[number].data for number in held]
        task = tasks(self.args.data)["photos"]
        pools = {
            "held-out": (photos, self.gathered.photos.captions[held]),
            "dev": ([_bytes(document.image) for document in task.documents], self._dev_captions(task)),
        }
        rows = []
        for name, (size, middle) in LOOKS.items():
            model.config.middle = middle
            run = cache.compile_layers(Pooled(model), size)
            found = [_recall(model, run, size, *pool) for pool in pools.values()]
            rows.append([name, *(f"{value:.3f}" for values in found for value in values)])
            print(rows[-1], flush=True)
        head = ["looked at", *(f"{pool} R@{k}" for pool in pools for k in (1, 5, 10))]
        return markdown_table(head, rows, left=1)

    def _dev_captions(self, task: Task) -> Tensor:
        rows = self.gathering.texts("dev-photos-queries", [query.text or "" for query in task.queries])
        return rows.reshape(len(task.documents), -1, rows.shape[1])

    def _run(
        self,
        name: str,
        model: DualModel,
        data: align.AlignmentData,
        encode: align.Encode,
        recipe: mini.Recipe,
        stage: mini.Stage,
    ) -> list[str]:
        """Train; the last held-out MRR and R@10."""
        views = data.photos.views[: stage.views or None]
        data = replace(data, photos=replace(data.photos, views=views))
        checkpoint = self.args.run / "choices" / f"{name}.pt"
        checkpoint.parent.mkdir(exist_ok=True)
        mini.run_stage(model, self.gathering, data, encode, recipe, stage, checkpoint)
        measured: list[str] = checkpoint.with_suffix(".csv").read_text("utf-8").splitlines()[-1].split(",")
        return measured[2:]


def _encode(model: DualModel, cut: int, views: Tensor) -> Tensor:
    rows: Tensor = model.head(upper_layers(model.vision_model, cut, views))
    return rows


@torch.no_grad()
def _recall(model: DualModel, run: Run, size: int, files: Sequence[bytes], captions: Tensor) -> list[float]:
    """Recall at 1, 5 and 10 of photos by their captions."""
    pooled = []
    for start in range(0, len(files), cache.BATCH):
        pixels = np.zeros((cache.BATCH, 3, size, size), np.float32)
        some = files[start : start + cache.BATCH]
        for row, file in enumerate(some):
            pixels[row] = to_pixels(open_rgb(file, size))
        pooled.append(torch.from_numpy(run(pixels)[: len(some)]))
    ranks = align.caption_ranks(model.project_image(torch.cat(pooled)), captions)
    return [float((ranks < k).float().mean()) for k in (1, 5, 10)]


def _fill(model: DualModel, checkpoint: Path) -> None:
    """The averaged weights of a checkpoint."""
    average = torch.load(checkpoint, weights_only=True)["average"]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in average:
                parameter.copy_(average[name])


def _resized(files: Sequence[bytes], size: int, index: int) -> Image.Image:
    return open_rgb(files[index], size)


def main() -> None:
    """``python -m benchmarks.mini_choices --data DATA --minilm DIR --run DIR``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="the --out of univldr.training.mini")
    parser.add_argument("--recipe", type=Path, default=Path("recipes/mini.toml"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("tables", nargs="*", default=["heads", "sizes", "tower", "looks"])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    base = mini.read_recipe(args.recipe, SHORT)
    model = mini.build_model(base, args.minilm, args.data / MOBILENET)
    tokenizer = mini.read_tokenizer(args.minilm)
    tokenizer.enable_truncation(MAX_TOKENS)
    gathering = Gathering(args.data, args.run / "cache", model, tokenizer, base.data, base.seed, args.threads)
    bench = Bench(args, gathering, gathering.gather())
    for table in args.tables:
        print(getattr(bench, table)(), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
