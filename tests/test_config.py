"""Settings: every kind of field both ways, and what a mistake in a recipe is answered with."""

from __future__ import annotations

import enum
import json
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from univldr.config import override, parse, read_config, to_dict
from univldr.errors import ConfigError


class Loss(enum.StrEnum):
    OWN = "own"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Stage:
    epochs: int
    loss: Loss = Loss.OWN
    negatives: dict[str, int] = field(default_factory=dict)
    rate: float = 5e-6
    start: Path | None = None

    def __post_init__(self) -> None:
        if self.epochs < 0:
            raise ValueError(f"epochs is {self.epochs}; it must be 0 or more")
        if self.rate == 0:
            raise ConfigError("rate is 0; nothing would be learned")


@dataclass(frozen=True)
class Optimizer:
    betas: tuple[float, float] = (0.9, 0.98)
    schedule: Literal["cosine", "constant", 1] = "cosine"


@dataclass(frozen=True)
class Recipe:
    name: str
    seed: int = 1234
    plot: bool = True
    folder: Path = Path("runs")
    stages: tuple[Stage, ...] = ()
    optimizer: Optimizer = field(default_factory=Optimizer)
    named: dict[str, Optimizer] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    note: str | None = None
    last: Stage | None = None
    digest: str = field(default="", init=False)


TEXT = """
name = "webqa"
seed = 7
plot = false
folder = "runs/one"
tags = ["a", "b"]

[optimizer]
betas = [0.5, 1]
schedule = "constant"

[named.slow]
schedule = 1

[[stages]]
epochs = 1

[[stages]]
epochs = 2
loss = "batch"
negatives = { image = 1, text = 3 }
rate = 1
start = "~/models/one"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_recipe_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    recipe = read_config(Recipe, write(tmp_path, TEXT))
    second = Stage(2, Loss.BATCH, {"image": 1, "text": 3}, 1.0, Path("/home/someone/models/one"))
    assert recipe == Recipe(
        name="webqa",
        seed=7,
        plot=False,
        folder=Path("runs/one"),
        stages=(Stage(1), second),
        optimizer=Optimizer((0.5, 1.0), "constant"),
        named={"slow": Optimizer(schedule=1)},
        tags=("a", "b"),
    )
    assert type(recipe.stages[1].rate) is float
    assert type(recipe.stages[1].loss) is Loss
    assert parse(Recipe, {"name": "x"}) == Recipe("x")


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    changes = ["seed = 1", "stages.0.epochs=9", "optimizer.betas=[0, 0.5]", "folder=there", "last.epochs=3"]
    recipe = read_config(Recipe, write(tmp_path, TEXT), [*changes, "seed=2", "note=one = two # three"])
    assert (recipe.seed, recipe.stages[0].epochs, recipe.stages[1].epochs) == (2, 9, 2)
    assert recipe.optimizer == Optimizer((0.0, 0.5), "constant")
    assert (recipe.folder, recipe.last, recipe.note) == (Path("there"), Stage(3), "one = two # three")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("2.5", 2.5),
        ("true", True),
        ('"2"', "2"),
        ("[1, 2]", [1, 2]),
        ("{ a = 1 }", {"a": 1}),
        ("", ""),
        ("yes", "yes"),
        ("2026-01-02", "2026-01-02"),
        ("1\nb = 2", "1\nb = 2"),
        ("a=b", "a=b"),
    ],
)
def test_a_value_is_toml_or_a_string(text: str, value: object) -> None:
    assert override({}, [f"x.y={text}"]) == {"x": {"y": value}}


def test_override_leaves_its_input_alone() -> None:
    mapping: dict[str, Any] = {"a": {"b": 1}, "c": [{"d": 1}, 5]}
    assert override(mapping, ["a.b=2", "c.0.d=3", "c.1=6"]) == {"a": {"b": 2}, "c": [{"d": 3}, 6]}
    assert mapping == {"a": {"b": 1}, "c": [{"d": 1}, 5]}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("a.b", '--set "a.b": write it as key=value, such as train.epochs=2'),
        ("a..b=1", '--set "a..b=1": write it as key=value, such as train.epochs=2'),
        ("=1", '--set "=1": write it as key=value, such as train.epochs=2'),
        ("n.b=1", '--set "n.b=1": "n" is 3, not a table'),
        ("t.list.2.x=1", '--set "t.list.2.x=1": "t.list" has 2 entries, from 0'),
        ("t.list.-1=1", '--set "t.list.-1=1": "t.list" has 2 entries, from 0'),
        ("t.list.0.y.z=1", '--set "t.list.0.y.z=1": "t.list.0" is 1, not a table'),
    ],
)
def test_an_override_that_leads_nowhere(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        override({"n": 3, "t": {"list": [1, 2]}}, [assignment])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("seed=true", '"seed" is true; it must be a whole number'),
        ("seed=2.0", '"seed" is 2.0; it must be a whole number'),
        ("plot=1", '"plot" is 1; it must be true or false'),
        ("name=12", '"name" is 12; it must be a string: "12"'),
        ("name=[1]", '"name" is an array of 1; it must be a string'),
        ("folder=", '"folder" is ""; it must be a path'),
        ("folder=3", '"folder" is 3; it must be a path'),
        ("tags=a", '"tags" is "a"; it must be an array, each entry a string'),
        ("tags=[1]", '"tags.0" is 1; it must be a string: "1"'),
        ("stages.1.rate=fast", '"stages.1.rate" is "fast"; it must be a number'),
        ("stages.1.rate=true", '"stages.1.rate" is true; it must be a number'),
        (f"stages.1.rate=1{'0' * 400}", f'"stages.1.rate" is 1{"0" * 56}...; it must be a number'),
        ("stages.1.loss=all", '"stages.1.loss" is "all"; it must be "own" or "batch"'),
        ("stages.1.negatives.image=x", '"stages.1.negatives.image" is "x"; it must be a whole number'),
        (
            "stages.1.negatives=1",
            '"stages.1.negatives" is 1; it must be a table, each value a whole number',
        ),
        ("stages.1.start=1", '"stages.1.start" is 1; it must be a path'),
        ("stages=1", '"stages" is 1; it must be an array, each entry a table'),
        ("stages.1=1", '"stages.1" is 1; it must be a table'),
        (
            "optimizer.betas=[1]",
            '"optimizer.betas" is an array of 1; it must be an array of 2: a number, a number',
        ),
        (
            "optimizer.schedule=true",
            '"optimizer.schedule" is true; it must be "cosine" or "constant" or 1',
        ),
        ("optimizer=none", '"optimizer" is "none"; it must be a table'),
        ("last={}", 'no "last.epochs"; give a whole number'),
        ("sede=1", 'no setting "sede"; did you mean "seed"?'),
        ("stages.1.epoch=1", 'no setting "stages.1.epoch"; did you mean "stages.1.epochs"?'),
        ("epochs=1", 'no setting "epochs"; it is known as "stages.*.epochs"'),
        ("last.schedule=1", 'no setting "last.schedule"; it is known as "optimizer.schedule"'),
        ("optimizer.zzz=1", 'no setting "optimizer.zzz"; known there: betas, schedule'),
        (
            "digest=1",
            'no setting "digest"; known there: name, seed, plot, folder, stages, optimizer, named, ',
        ),
        ("stages.1.epochs=-1", '"stages.1": epochs is -1; it must be 0 or more'),
        ("stages.1.rate=0", '"stages.1": rate is 0; nothing would be learned'),
    ],
)
def test_a_mistake_is_named_with_its_place(change: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    with pytest.raises(ConfigError) as caught:
        read_config(Recipe, path, [change])
    assert str(caught.value).startswith(f"{path}: {message}")
    assert str(caught.value).count(str(path)) == 1


def test_what_is_wrong_with_the_whole(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'^here: no "name"; give a string$'):
        parse(Recipe, {}, "here")
    with pytest.raises(ConfigError, match=r'^here: "seed" is null; it must be a whole number$'):
        parse(Recipe, {"name": "x", "seed": None}, "here")
    with pytest.raises(ConfigError, match=r"^settings: epochs is -1; it must be 0 or more$"):
        parse(Stage, {"epochs": -1})
    with pytest.raises(ConfigError, match=r"^here: the whole is an array of 0; it must be a table$"):
        parse(Stage, [], "here")  # type: ignore[arg-type]


def test_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    with pytest.raises(ConfigError, match=r"recipe\.toml: no such file"):
        read_config(Recipe, path)
    with pytest.raises(ConfigError, match=r"recipe\.toml: not TOML: .*line 2"):
        read_config(Recipe, write(tmp_path, 'name = "x"\nseed = \n'))
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigError, match=r"recipe\.toml: not UTF-8"):
        read_config(Recipe, path)
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        read_config(Recipe, tmp_path)


@dataclass(frozen=True)
class OffByDefault:
    patience: int | None = 5


@dataclass(frozen=True)
class Unreadable:
    pairs: tuple[int | None, ...] = ()


@pytest.mark.parametrize(
    ("cls", "message"), [(OffByDefault, "patience may be None"), (Unreadable, r"int \| None is of no kind")]
)
def test_a_class_that_could_not_be_written_back_is_refused(cls: type, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        parse(cls, {})


numbers = st.floats(allow_nan=False)
names = st.text(min_size=1, max_size=5)
paths = st.sampled_from([Path("a"), Path("/b/c"), Path("d e/f.toml")])
optimizers = st.builds(
    Optimizer, st.tuples(numbers, numbers), st.sampled_from(["cosine", "constant", 1])
)  # fmt: skip
stages = st.builds(
    Stage,
    epochs=st.integers(0),
    loss=st.sampled_from(Loss),
    negatives=st.dictionaries(names, st.integers()),
    rate=numbers.filter(bool),
    start=st.none() | paths,
)
recipes = st.builds(
    Recipe,
    name=st.text(),
    seed=st.integers(),
    plot=st.booleans(),
    folder=paths,
    stages=st.lists(stages, max_size=3).map(tuple),
    optimizer=optimizers,
    named=st.dictionaries(names, optimizers, max_size=2),
    tags=st.lists(st.text()).map(tuple),
    note=st.none() | st.text(),
    last=st.none() | stages,
)


@given(recipes)
def test_values_come_back_through_plain_ones(recipe: Recipe) -> None:
    plain = to_dict(recipe)
    assert parse(Recipe, plain) == recipe
    assert parse(Recipe, json.loads(json.dumps(plain))) == recipe
    assert "digest" not in plain


def test_plain_values_are_those_of_toml() -> None:
    last = Stage(2, Loss.BATCH, {"image": 1}, math.inf, Path("a/b"))
    assert to_dict(Recipe("x", last=last, tags=("t",))) == {
        "name": "x",
        "seed": 1234,
        "plot": True,
        "folder": "runs",
        "stages": [],
        "optimizer": {"betas": [0.9, 0.98], "schedule": "cosine"},
        "named": {},
        "tags": ["t"],
        "last": {"epochs": 2, "loss": "batch", "negatives": {"image": 1}, "rate": math.inf, "start": "a/b"},
    }
    assert type(to_dict(last)["loss"]) is str
    assert tomllib.loads("rate = inf") == {"rate": to_dict(last)["rate"]}
