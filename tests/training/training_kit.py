"""A made-up data set of words and coloured pictures, and what it takes to train a tiny model on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from univldr.corpus.collection import Collection, open_collection
from univldr.encoders.fusion import FusionModule, fusion_transformer
from univldr.training.examples import TrainingExamples, lists_by_modality
from univldr.training.inputs import Collator, LiveInputs
from univldr.training.recipe import OptimizerSettings, RunSettings, Stage, ValidationSettings
from univldr.training.trainer import UniversalTrainer, freeze, training_arguments

ANIMALS, PLACES, COLOURS = ("dog", "cat", "bird"), ("beach", "mountain"), ("red", "blue")


def make_data(folder: Path, queries: int = 24) -> Collection:
    """Passages like "the dog runs on the beach", pictures of one colour with captions, a query for each."""
    folder.mkdir(parents=True, exist_ok=True)
    documents: list[dict[str, Any]] = []
    for number in range(queries):
        animal, place = ANIMALS[number % 3], PLACES[number % 2]
        if number % 2:
            colour = COLOURS[number // 2 % 2]
            image = f"p{number}.png"
            Image.new("RGB", (32, 32), (number * 9 % 256, 255 * (colour == "red"), number)).save(
                folder / image
            )
            documents.append({"id": f"d{number}", "image": image, "caption": f"a {colour} {animal}"})
        else:
            words = f"the {animal} runs on the {place} " + "the dog sleeps " * (number % 3)
            documents.append({"id": f"d{number}", "text": words})
    asked = [
        {
            "id": f"q{number}",
            "query": f"{ANIMALS[number % 3]} {(PLACES, COLOURS)[number % 2][number // 2 % 2]}",
            "positives": [f"d{number}"] + ([f"d{(number + 6) % queries}"] if number % 4 == 0 else []),
            "negatives": [f"d{(number + step) % queries}" for step in (1, 2, 3, 4, 5)[: 2 + number % 4]],
        }
        for number in range(queries)
    ]
    write(folder / "documents.jsonl", documents)
    write(folder / "queries.train.jsonl", asked)
    write(folder / "queries.dev.jsonl", [query | {"id": f"v{query['id']}"} for query in asked[:8]])
    return open_collection(folder)


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def make_trainer(
    start: Path,
    collection: Collection,
    folder: Path,
    stage: Stage,
    *,
    run: RunSettings | None = None,
    validation: ValidationSettings | None = None,
    train: str = "all",
    **options: Any,
) -> UniversalTrainer:
    """A trainer as ``stages`` makes it, with the negatives that the data names."""
    module = FusionModule.load(str(start))
    model = fusion_transformer(module)
    freeze(model, stage, train)
    inputs = LiveInputs(collection, module)
    run = run or RunSettings(checkpoint_every=1000, log_every=1, workers=0, report_to=())

    def examples(split: str) -> tuple[TrainingExamples, Collator]:
        topics = collection.topics(split)
        codes = collection.modalities()
        lists = [lists_by_modality(topic.negatives, codes, ("text", "image")) for topic in topics]
        return TrainingExamples(topics, stage, lists, 7), Collator(inputs, topics)

    some, collator = examples("train")
    if validation:
        held_out, held_out_collator = examples("dev")
        options |= {"held_out": held_out, "held_out_collator": held_out_collator}
    arguments = training_arguments(stage, run, validation, folder, seed=7)
    return UniversalTrainer(model, stage, arguments, some, collator, **options)


def stage_two(**changes: Any) -> Stage:
    """Stage 2 with the given negatives, small."""
    settings: dict[str, Any] = {
        "name": "two",
        "negatives": "own",
        "hard_negatives": {"text": 1, "image": 1},
        "given": True,
        "batch": 8,
        "epochs": 2,
        "optimizer": OptimizerSettings(rate=1e-3),
    }
    return Stage(**settings | changes)
