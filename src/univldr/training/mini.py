"""Train ``mini``, the model that comes with univldr: MiniLM's text space, a MobileNetV2 taught to reach it.

``python -m univldr.training.mini --data DIR --minilm DIR --out DIR`` reads ``recipes/mini.toml``. A run that
was stopped goes on where it was when started again with the same recipe.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from univldr.encoders.dual import DualConfig, DualModel
from univldr.errors import ConfigError
from univldr.training import align, cache, sources
from univldr.training.files import write_json
from univldr.training.loop import Trainer, TrainingPlan, parameter_groups
from univldr.training.pictures import Augmentation, CaptionedPicture, read_pictures

SIZE = 224
MAX_TOKENS = 256
MAX_PASSAGE_WORDS = 110


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the two stages: the head alone, then the head with the picture tower's upper blocks."""

    epochs: int
    batch: int
    rate: float
    head_rate: float
    weight_decay: float
    ema_decay: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """All of ``recipes/mini.toml``.

    Attributes:
        seed: Of everything random.
        held_out: Training pictures kept aside to report on.
        views: Views of each picture, the first without augmentation.
        cut: First block of the picture tower that learns.
        head_hidden: See ``DualConfig``.
        head_dropout: See ``DualConfig``.
        threads: Processor threads.
    """

    seed: int
    held_out: int
    views: int
    cut: int
    head_hidden: int
    head_dropout: float
    threads: int
    augmentation: Augmentation
    loss: align.AlignmentSettings
    head: Stage
    tune: Stage


def read_recipe(path: Path) -> Recipe:
    """A recipe from its TOML file.

    Raises:
        ConfigError: a key is unknown or missing.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    parts = {
        "augmentation": Augmentation,
        "loss": align.AlignmentSettings,
        "head": Stage,
        "tune": Stage,
    }
    try:
        made = {name: part(**table.pop(name)) for name, part in parts.items()}
        return Recipe(**table, **made)
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path}: {error}; compare it with recipes/mini.toml") from error


def build_model(recipe: Recipe, minilm: Path, mobilenet: Path) -> DualModel:
    """The published towers and a fresh head."""
    torch.manual_seed(recipe.seed)
    text = sources.load_minilm(minilm)
    config = DualConfig(
        text_config=text.config, head_hidden=recipe.head_hidden, head_dropout=recipe.head_dropout
    )
    model = DualModel(config)
    model.text_model = text
    vision = sources.load_mobilenet(mobilenet)
    model.vision_model = vision.to(memory_format=torch.channels_last)  # type: ignore[call-arg]
    return model


def set_training(model: DualModel, training: bool) -> None:
    """Dropout in the head alone: both towers keep the statistics they were published with."""
    model.train(False)
    model.head.train(training)


def cache_pictures(
    model: DualModel, recipe: Recipe, pictures: Sequence[CaptionedPicture], folder: Path
) -> list[align.Array]:
    """Activations of each view below the cut, memory-mapped float16 [pictures, C, h, w]."""
    run = cache.compile_lower(model.vision_model, recipe.cut, SIZE, recipe.threads)
    views = []
    for view in range(recipe.views):
        path = folder / f"view-{view}.npy"
        how = recipe.augmentation if view else None
        cache.cache_views(pictures, path, run, size=SIZE, how=how, seed=recipe.seed + view)
        views.append(np.load(path, mmap_mode="r"))
    return views


def cache_texts(model: DualModel, tokenizer: Tokenizer, path: Path, texts: Sequence[str]) -> Tensor:
    """Unit rows of ``texts``, float32 [len(texts), dim], from ``path`` where they are there already."""
    if not path.exists():
        with torch.autocast("cpu", torch.bfloat16):
            rows = cache.embed_texts(model, tokenizer, texts)
        part = path.with_suffix(".part.npy")
        np.save(part, rows)
        part.replace(path)
    return torch.from_numpy(np.load(path))


def gather(
    model: DualModel, tokenizer: Tokenizer, recipe: Recipe, data: Path, folder: Path
) -> align.AlignmentData:
    """Everything the loss draws from, through the frozen layers, cached in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = read_pictures(data / "flickr8k/train.jsonl", data / "flickr8k/train.tar")
    pairs = read_records(data / "wikipedia-captions/pairs.jsonl")
    webqa = read_records(data / "webqa-captions/captions.jsonl")

    def embed(name: str, texts: Sequence[str]) -> Tensor:
        return cache_texts(model, tokenizer, folder / f"{name}.npy", texts)

    captions = embed("captions", [caption for picture in pictures for caption in picture.captions])
    questions = embed("wikipedia-captions", [pair["caption"] for pair in pairs])
    contexts = [" ".join(pair["context"].split()[:MAX_PASSAGE_WORDS]) for pair in pairs]
    answers = embed("wikipedia-contexts", contexts)
    others = embed("webqa-captions", [record["caption"] for record in webqa])
    return align.AlignmentData(
        views=cache_pictures(model, recipe, pictures, folder),
        captions=captions.reshape(len(pictures), -1, captions.shape[1]),
        passages=torch.cat([others, answers, questions]),
        questions=questions,
        answers=answers,
    )


def read_records(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file, one a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run_stage(
    model: DualModel,
    data: align.AlignmentData,
    encode: Callable[[Tensor], Tensor],
    recipe: Recipe,
    stage: Stage,
    checkpoint: Path,
) -> None:
    """Train what ``align.train_above`` left trainable; the model ends with the averaged weights."""
    shuffled = np.random.default_rng(recipe.seed).permutation(len(data.captions))
    held, chosen = np.sort(shuffled[: recipe.held_out]), np.sort(shuffled[recipe.held_out :])
    alignment = align.Alignment(
        data, recipe.loss, encode, model.logit_scale, chosen=chosen, batch=stage.batch, seed=recipe.seed
    )
    steps = alignment.steps_per_epoch
    plan = TrainingPlan(
        steps=stage.epochs * steps,
        weight_decay=stage.weight_decay,
        ema_decay=stage.ema_decay,
        checkpoint_every=2 * steps,
        seed=recipe.seed,
    )
    rates = [(model.vision_model, stage.rate), (model.head, stage.head_rate)]
    groups = parameter_groups(rates, plan.weight_decay)
    groups.append({"params": [model.logit_scale], "lr": stage.head_rate, "weight_decay": 0.0})
    trainer = Trainer(model, groups, alignment.loss, plan, checkpoint)
    own = data.captions[torch.from_numpy(held)]

    def report(step: int, loss: float) -> None:
        trainer.swap_average()
        set_training(model, False)
        pictures = functional.normalize(align.encode_all(encode, data.views[0][held]), dim=1)
        gain = align.mean_reciprocal_rank(align.caption_ranks(pictures, own))
        epoch = step // steps
        print(f"{checkpoint.stem} epoch {epoch}: loss {loss:.3f}, held-out MRR {gain:.4f}", flush=True)
        trainer.swap_average()
        set_training(model, True)

    set_training(model, True)
    trainer.run(report)
    trainer.swap_average()
    set_training(model, False)


def train(recipe: Recipe, data: Path, minilm: Path, out: Path) -> None:
    """Both stages, then the model directory ``out/model``."""
    torch.set_num_threads(recipe.threads)
    model = build_model(recipe, minilm, data / "weights/mobilenet_v2_1.0_224_quant.tflite")
    tokenizer = read_tokenizer(minilm)
    tokenizer.enable_truncation(MAX_TOKENS)
    drawn = gather(model, tokenizer, recipe, data, out / "cache")

    def feature_map(activations: Tensor) -> Tensor:
        return align.upper_layers(model, recipe.cut, activations)

    align.train_above(model, None)
    pooled = [
        align.encode_all(lambda batch: model.head.pool(feature_map(batch)), view) for view in drawn.views
    ]
    still = replace(drawn, views=[view.numpy() for view in pooled])
    run_stage(model, still, model.head.project, recipe, recipe.head, out / "head.pt")
    align.train_above(model, recipe.cut)
    run_stage(model, drawn, lambda view: model.head(feature_map(view)), recipe, recipe.tune, out / "tune.pt")
    write_model(model, read_tokenizer(minilm), out / "model")


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
    arguments = parser.parse_args()
    train(read_recipe(arguments.recipe), arguments.data, arguments.minilm, arguments.out)


if __name__ == "__main__":
    main()
