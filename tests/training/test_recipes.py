"""The recipes that come with the project: they can be read, say what they should, and are documented."""

from __future__ import annotations

import dataclasses
import math
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from univldr.evaluation.systems import Dense, Divided, parse_system, words_of
from univldr.training.recipe import (
    DataSettings,
    EvaluationSettings,
    MiningSettings,
    ModelSettings,
    OptimizerSettings,
    Recipe,
    RunSettings,
    Stage,
    ValidationSettings,
    read_recipe,
)
from univldr.training.verbalizer_settings import VerbalizerTraining
from univldr.verbalize.settings import CaptionSettings, OcrSettings, TagSettings

ROOT = Path(__file__).parents[2]
NAMES = ("demo", "webqa", "webqa-plus")
TABLES: dict[str, type[Any]] = {
    "at the top": Recipe,
    "`[data]`": DataSettings,
    "`[model]`": ModelSettings,
    "`[[stages]]`": Stage,
    "`[stages.optimizer]`": OptimizerSettings,
    "`[stages.mine]`": MiningSettings,
    "`[verbalize.caption]`, `[verbalize.query]`": CaptionSettings,
    "`[verbalize.ocr]`": OcrSettings,
    "`[verbalize.tags]`": TagSettings,
    "`[[verbalizers]]`": VerbalizerTraining,
    "`[validation]`": ValidationSettings,
    "`[evaluation]`": EvaluationSettings,
    "`[run]`": RunSettings,
}
"""The heads of the tables in docs/training.md."""


def recipe(name: str) -> Recipe:
    return read_recipe(ROOT / "recipes" / f"{name}.toml")


@pytest.fixture(scope="module")
def webqa() -> Recipe:
    return recipe("webqa")


@pytest.mark.parametrize("name", NAMES)
def test_every_row_of_the_table_can_be_made(name: str) -> None:
    read = recipe(name)
    assert read.name == name
    models = {"start", *(stage.name for stage in read.stages)}
    labels = [row.partition("=")[0].rpartition("/")[2] for row in read.evaluation.systems]
    assert len(set(labels)) == len(labels)
    assert len({re.sub(r"[^\w.+-]+", "-", label) for label in labels}) == len(labels)  # their runs' files
    for row in read.evaluation.systems:
        match parse_system(row.rpartition("=")[2]):
            case Dense(model=model) | Divided(others=Dense(model=model)):
                assert model in models


def test_webqa_is_the_papers_two_stages(webqa: Recipe) -> None:
    assert (webqa.model.start, webqa.model.train) == ("openai/clip-vit-base-patch32", "all")
    assert [stage.name for stage in webqa.stages] == ["clip-dpr", "univl-dr"]
    in_batch, balanced = webqa.stages
    assert (webqa.before(in_batch), webqa.before(balanced)) == ("start", "clip-dpr")
    assert (in_batch.negatives, in_batch.hard_negatives, in_batch.mine) == ("batch", {}, None)
    assert (balanced.negatives, balanced.hard_negatives) == ("own", {"text": 1, "image": 1})
    assert (balanced.fill, balanced.given, balanced.depth) == (True, False, 0)
    assert balanced.mine == MiningSettings.faithful(100)
    assert balanced.mine.depth == 100
    assert math.isinf(balanced.mine.max_ratio)
    assert (in_batch.verbalize, balanced.verbalize, balanced.mine_plain) == ((), ("query",), True)


@pytest.mark.parametrize("number", [0, 1])
def test_webqa_has_the_papers_settings(webqa: Recipe, number: int) -> None:
    stage = webqa.stages[number]
    optimizer = stage.optimizer
    assert (optimizer.beta1, optimizer.beta2, optimizer.eps) == (0.9, 0.98, 1e-6)
    assert (optimizer.rate, optimizer.weight_decay) == (5e-6, 0.2)
    assert (optimizer.warmup, optimizer.clip) == (0, 0)
    assert (stage.batch, stage.accumulation, stage.epochs, stage.steps) == (64, 1, 20, 0)
    assert stage.learn_temperature
    assert not stage.mask_positives
    assert (stage.cached, stage.freeze, stage.seed) == (False, (), None)


def test_webqa_stops_and_measures_as_the_paper_does(webqa: Recipe) -> None:
    assert webqa.seed == 1234
    validation = webqa.validation
    assert (validation.split, validation.metric) == ("dev", "accuracy")
    assert (validation.every, validation.patience) == (500, 5)
    assert webqa.evaluation.data is None
    assert (webqa.evaluation.split, webqa.evaluation.k) == ("test", 100)


def test_webqa_makes_the_papers_rows(webqa: Recipe) -> None:
    rows = {row.rpartition("=")[2]: row.partition("/")[0] for row in webqa.evaluation.systems}
    expected = {
        "bm25": "text only",
        "divide-dense:clip-dpr": "divide and conquer",
        "divide:clip-dpr": "divide and conquer",
        "oracle:clip-dpr": "divide and conquer",
        "start": "universal",
        "clip-dpr": "universal",
        "univl-dr[query]": "universal",
    }
    assert expected.items() <= rows.items()
    centered = {f"{spec}+center": setting for spec, setting in expected.items() if spec != "bm25"}
    assert centered.items() <= rows.items()
    assert {"clip-dpr:text", "clip-dpr:image"} <= rows.keys()


def test_webqa_plus_goes_past_the_paper() -> None:
    plus = recipe("webqa-plus")
    assert plus.validation.metric == "nDCG@10"
    first, second, third = plus.stages
    for stage in plus.stages:
        assert stage.mask_positives
        assert stage.cached
        assert stage.batch > 64
        assert stage.precision == "bf16"
    assert first.mine is None
    for stage in (second, third):
        assert stage.mine is not None
        assert stage.mine.max_ratio < 1
        assert stage.hard_negatives == {"text": 1, "image": 1}
        assert (stage.verbalize, stage.mine_plain) == (("query",), False)
    assert plus.before(third) == second.name


@pytest.mark.parametrize("name", ["webqa", "webqa-plus"])
def test_questions_are_those_of_the_verbalizer_that_the_recipe_trains(name: str) -> None:
    """Where univldr train-verbalizer puts it by default."""
    read = recipe(name)
    [training] = read.verbalizers
    assert (training.kind, training.split, training.dev) == ("query", "train", "dev")
    assert read.verbalize.query.model == f"runs/{name}/verbalizers/{training.name}/model"
    words = {words_of(parse_system(row.rpartition("=")[2])) for row in read.evaluation.systems}
    assert words == {"", "query"}


@pytest.mark.parametrize("name", ["webqa", "webqa-plus"])
def test_what_was_not_run_says_so(name: str) -> None:
    head = (ROOT / "recipes" / f"{name}.toml").read_text("utf-8").partition("\nname =")[0]
    assert "NOT RUN" in head
    assert "--check" in head


@pytest.mark.parametrize(("place", "settings"), TABLES.items(), ids=lambda value: str(value))
def test_every_key_is_documented_with_its_default(place: str, settings: type[Any]) -> None:
    document = (ROOT / "docs" / "training.md").read_text("utf-8")
    table = document.partition(f"\n| {place} | default |")[2].partition("\n\n")[0]
    told: dict[str, str] = {}
    for row in table.splitlines()[2:]:
        keys, defaults, *_ = row.strip("|").split("|")
        names = re.findall(r"`(\w+)`", keys)
        values = defaults.split(",") if len(names) > 1 else [defaults] * len(names)
        told |= dict(zip(names, values, strict=True))
    assert list(told) == [field.name for field in dataclasses.fields(settings)]
    for field in dataclasses.fields(settings):
        if isinstance(field.default, bool | int | float) or (
            isinstance(field.default, str) and field.default
        ):
            assert tomllib.loads(f"value = {told[field.name].strip(' `')}")["value"] == field.default
