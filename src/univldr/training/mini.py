"""Train ``mini``, the model that comes with univldr: MiniLM's text space, a MobileNetV2 taught to reach it.

``python -m univldr.training.mini --data DIR --minilm DIR --out DIR`` reads ``recipes/mini.toml``. A run that
was stopped goes on where it was when started again with the same recipe.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from univldr.config import read_config, to_dict
from univldr.corpus.collection import open_collection
from univldr.encoders import load_encoder
from univldr.encoders.dual import DualConfig, DualModel
from univldr.encoders.fusion import FusionModule
from univldr.encoders.settings import save_calibration
from univldr.errors import ConfigError
from univldr.export import export_onnx
from univldr.training import align, sources
from univldr.training.calibrate import fit, judged
from univldr.training.curves import plot_epochs
from univldr.training.files import write_json
from univldr.training.loop import Trainer, TrainingPlan, parameter_groups
from univldr.training.memory import keep_freed_memory
from univldr.training.mini_data import MAX_TOKENS, MOBILENET, SIZE, DataSettings, Gathering
from univldr.training.mini_sets import PoolSettings, write_calibration_sets, write_pool
from univldr.training.recipe import DataSettings as RecordsSettings
from univldr.training.recipe import ModelSettings, RunSettings, ValidationSettings
from univldr.training.recipe import Recipe as UniversalRecipe
from univldr.training.recipe import Stage as UniversalStage
from univldr.training.reproduce import Reproduction
from univldr.training.tower import check_folded, upper_layers


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the two stages: the heads alone, then with the picture tower's upper blocks.

    Attributes:
        epochs: Times through the photos.
        views: The first so many views of each photo; 0 for all.
        rate: Peak learning rate of the last block and of what follows it.
        block_decay: Each block below learns by so much slower than the one above it.
        head_rate: Of the picture head.
        text_rate: Of the text head.
        weight_decay: Of matrices and kernels.
        ema_decay: Of the running average of the weights.
    """

    epochs: int
    views: int
    rate: float
    block_decay: float
    head_rate: float
    text_rate: float
    weight_decay: float
    ema_decay: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """All of ``recipes/mini.toml``.

    Attributes:
        seed: Of everything random.
        head_hidden: See ``DualConfig``.
        head_dropout: See ``DualConfig``.
        text_head: See ``DualConfig``.
        text_dropout: See ``DualConfig``.
        middle: See ``DualConfig``; of the model that ships, as training has crops of its own.
        threads: Processor threads.
        head, tune: Align pictures with texts, each from its own data alone.
        pool: The joint pool of the stages that follow.
        stages: UniVL-DR's, on the heads of both towers.
        validation: What tells when these stop.
    """

    seed: int
    head_hidden: int
    head_dropout: float
    text_head: bool
    text_dropout: float
    middle: int
    threads: int
    data: DataSettings
    loss: align.AlignmentSettings
    head: Stage
    tune: Stage
    pool: PoolSettings
    stages: tuple[UniversalStage, ...]
    validation: ValidationSettings


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a TOML file, some values replaced: ``("tune.epochs=2",)``.

    Raises:
        ConfigError: a key is unknown, missing, or has a value that makes no sense.
    """
    return read_config(Recipe, path, overrides)


def build_model(recipe: Recipe, minilm: Path, mobilenet: Path) -> DualModel:
    """The published towers and fresh heads."""
    torch.manual_seed(recipe.seed)
    text = sources.load_minilm(minilm)
    config = DualConfig(
        text_config=text.config,
        head_hidden=recipe.head_hidden,
        head_dropout=recipe.head_dropout,
        text_head=recipe.text_head,
        text_dropout=recipe.text_dropout,
    )
    model = DualModel(config)
    model.text_model = text
    vision = sources.load_mobilenet(mobilenet)
    check_folded(vision)
    model.vision_model = vision.to(memory_format=torch.channels_last)  # type: ignore[call-arg]
    return model


def set_training(model: DualModel, training: bool) -> None:
    """Dropout in the heads alone: both towers keep the statistics they were published with."""
    model.train(False)
    model.head.train(training)
    if model.text_head is not None:
        model.text_head.train(training)


def learning_rates(model: DualModel, stage: Stage, cut: int) -> list[tuple[torch.nn.Module, float]]:
    """Each trained module with its peak learning rate; blocks slower the lower they lie."""
    vision = model.vision_model
    blocks = [*vision.layer[cut:], vision.conv_1x1]
    rates = [stage.rate * stage.block_decay ** (len(blocks) - 1 - place) for place in range(len(blocks))]
    heads: list[tuple[torch.nn.Module, float]] = [(model.head, stage.head_rate)]
    if model.text_head is not None:
        heads.append((model.text_head, stage.text_rate))
    return [*zip(blocks, rates, strict=True), *heads]


def run_stage(
    model: DualModel,
    gathering: Gathering,
    data: align.AlignmentData,
    encode: Callable[[Tensor], Tensor],
    recipe: Recipe,
    stage: Stage,
    checkpoint: Path,
) -> None:
    """Train what ``align.train_above`` left trainable; the model ends with the averaged weights."""
    alignment = align.Alignment(
        data, recipe.loss, encode, model.project_text, model.logit_scale, seed=recipe.seed
    )
    steps = alignment.steps_per_epoch
    plan = TrainingPlan(
        steps=stage.epochs * steps,
        weight_decay=stage.weight_decay,
        ema_decay=stage.ema_decay,
        checkpoint_every=2 * steps,
        seed=recipe.seed,
    )
    groups = parameter_groups(learning_rates(model, stage, recipe.data.cut), plan.weight_decay)
    groups.append({"params": [model.logit_scale], "lr": stage.head_rate, "weight_decay": 0.0})
    trainer = Trainer(model, groups, alignment.loss, plan, checkpoint)
    held = gathering.held_out()
    own = data.photos.captions[held]
    history = checkpoint.with_suffix(".csv")

    def report(step: int, loss: float) -> None:
        trainer.swap_average()
        set_training(model, False)
        pictures = functional.normalize(align.encode_all(encode, data.photos.views[0][held]), dim=1)
        with torch.no_grad():
            captions = model.project_text(own.flatten(0, 1)).reshape(own.shape)
        ranks = align.caption_ranks(pictures, captions)
        gain, first_ten = align.mean_reciprocal_rank(ranks), float((ranks < 10).float().mean())
        line = f"{step // steps},{loss:.4f},{gain:.4f},{first_ten:.4f}"
        if not history.exists():
            history.write_text("epoch,loss,MRR,R@10\n", encoding="utf-8")
        with history.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
        print(f"{checkpoint.stem}: epoch,loss,MRR,R@10 of held-out photos: {line}", flush=True)
        trainer.swap_average()
        set_training(model, True)

    set_training(model, True)
    trainer.run(report)
    trainer.swap_average()
    set_training(model, False)


def pooled(model: DualModel, recipe: Recipe, data: align.AlignmentData, folder: Path) -> align.AlignmentData:
    """The data with its views through the whole published tower, kept in ``folder``: the heads' own input."""

    def encode(view: Tensor) -> Tensor:
        return model.head.pool(upper_layers(model.vision_model, recipe.data.cut, view))

    def still(name: str, views: int) -> align.PictureSet:
        pictures: align.PictureSet = getattr(data, name)
        rows = []
        for number, view in enumerate(pictures.views[: views or None]):
            path = folder / f"{name}-pooled-{number}.npy"
            if not path.exists():
                np.save(path.with_suffix(".part.npy"), align.encode_all(encode, view).numpy())
                path.with_suffix(".part.npy").replace(path)
            rows.append(np.load(path))
        return replace(pictures, views=rows)

    return replace(
        data,
        photos=still("photos", recipe.head.views),
        drawings=still("drawings", 1),
        others=still("others", 1),
    )


def claim(recipe: Recipe, out: Path) -> None:
    """Note what ``out`` is for: what another recipe has left there must not pass for this one's.

    Raises:
        ConfigError: the folder holds a run of another recipe.
    """
    wanted = json.loads(json.dumps(to_dict(replace(recipe, threads=1))))  # which change no result
    path = out / "recipe.json"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        write_json(path, wanted)
    elif json.loads(path.read_text("utf-8")) != wanted:
        raise ConfigError(f"{out} holds a run of another recipe ({path}); remove it, or choose another --out")


def train(recipe: Recipe, data: Path, minilm: Path, out: Path) -> None:
    """All stages, then the model that ships: ``out/mini``."""
    claim(recipe, out)
    keep_freed_memory()
    torch.set_num_threads(recipe.threads)
    model = build_model(recipe, minilm, data / MOBILENET)
    tokenizer = read_tokenizer(minilm)
    tokenizer.enable_truncation(MAX_TOKENS)
    gathering = Gathering(data, out / "cache", model, tokenizer, recipe.data, recipe.seed, recipe.threads)
    gathered = gathering.gather()
    cut = recipe.data.cut

    align.train_above(model, None)
    still = pooled(model, recipe, gathered, gathering.folder)
    run_stage(model, gathering, still, model.head.project, recipe, recipe.head, out / "head.pt")
    align.train_above(model, cut)

    def encode(view: Tensor) -> Tensor:
        rows: Tensor = model.head(upper_layers(model.vision_model, cut, view))
        return rows

    run_stage(model, gathering, gathered, encode, recipe, recipe.tune, out / "tune.pt")
    aligned = out / "aligned"
    write_model(model, read_tokenizer(minilm), aligned)
    trained = FusionModule.load(str(train_jointly(recipe, gathering, aligned, out)))
    trained.model.config.middle = recipe.middle
    finish(trained, gathering, out)


def train_jointly(recipe: Recipe, gathering: Gathering, aligned: Path, out: Path) -> Path:
    """UniVL-DR's stages in the joint pool, on the heads of frozen towers: the folder of the last model."""
    write_pool(gathering, recipe.pool, out / "pool")
    joint = UniversalRecipe(
        "mini",
        RecordsSettings(out / "pool", "records"),
        ModelSettings(str(aligned), train="heads", name="mini"),
        recipe.stages,
        validation=recipe.validation,
        run=RunSettings(workers=0, report_to=()),
        seed=recipe.seed,
    )
    reproduction = Reproduction(joint, out / "stages", cache=out / "cache")
    return [reproduction.train(stage) for stage in recipe.stages][-1] if recipe.stages else aligned


def finish(trained: FusionModule, gathering: Gathering, out: Path) -> None:
    """Export to ``out/mini``, which ships, and in full to ``out/float32``; calibrate what ships."""
    shutil.rmtree(out / "mini", ignore_errors=True)
    export_onnx(trained, out / "float32", quantize=False)
    print(export_onnx(trained, out / "mini", keep_float32=False))
    encoder = load_encoder(str(out / "mini"))
    sets = [
        judged(encoder, open_collection(folder), "train", out / "cache")
        for folder in write_calibration_sets(gathering, out / "calibration")
    ]
    save_calibration(fit(sets), out / "mini")
    tables = {"heads": out / "head.csv", "with the tower": out / "tune.csv"}
    plot_epochs(tables, out / "curves.png", "mini: aligning pictures with texts")


def read_tokenizer(minilm: Path) -> Tokenizer:
    """The package's tokenizer without the truncation and the padding it was saved with."""
    tokenizer = Tokenizer.from_file(str(minilm / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def write_model(model: DualModel, tokenizer: Tokenizer, folder: Path) -> None:
    """A model directory; it replaces an older one only when complete."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    tokenizer.save(str(part / "tokenizer.json"), pretty=False)
    write_json(part / "preprocessor_config.json", PREPROCESSOR)
    write_json(part / "univldr.json", describe(model))
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)


PREPROCESSOR: Mapping[str, object] = {
    "do_resize": True,
    "size": {"height": SIZE, "width": SIZE},
    "resample": 2,  # bilinear
    "do_center_crop": False,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}


def describe(model: DualModel) -> dict[str, object]:
    """The fields of ``univldr.json``."""
    return {
        "format": 1,
        "name": "mini",
        "dim": model.config.dim,
        "max_tokens": MAX_TOKENS,
        "fusion": "sum",
        "template": "{caption} [SEP] {expansions}",
        "logit_scale": round(float(model.logit_scale.detach()), 4),
        "modality_means": None,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with flickr8k/, weights/ and the texts"
    )
    parser.add_argument("--minilm", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, required=True, help="where caches, checkpoints and the model go")
    parser.add_argument("--recipe", type=Path, default=Path("recipes/mini.toml"))
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="replace a value of the recipe"
    )
    arguments = parser.parse_args()
    recipe = read_recipe(arguments.recipe, arguments.set)
    train(recipe, arguments.data, arguments.minilm, arguments.out)


if __name__ == "__main__":
    main()
