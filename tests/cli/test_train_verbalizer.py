"""``univldr train-verbalizer`` as a user meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.training import verbalizer_kit as kit
from univldr.cli import train_verbalizer
from univldr.errors import ConfigError
from univldr.training.recipe import read_recipe

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(train_verbalizer.run)

RECIPE = """
name = "squares"
stages = []

[data]
path = "{data}"

[model]
start = "hash"

[[verbalizers]]
name = "caption"
start = "{start}"
split = "captions"
epochs = 1
batch = 8
max_tokens = 8
width = 16
layers = 1
heads = 2
vocabulary = 60

[[verbalizers]]
name = "other"
start = "{start}"
split = "captions"
"""


@pytest.fixture
def recipe(tmp_path: Path, checkpoint: Callable[[str], Path]) -> Path:
    kit.make_squares(tmp_path / "data")
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(data=tmp_path / "data", start=checkpoint("clip")))
    return path


def invoke(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_it_trains_what_is_named_and_prints_the_report(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(recipe, "--name", "caption", "--set", "verbalizers.0.epochs=2")
    folder = tmp_path / "runs/squares/verbalizers"
    assert result.exit_code == 0
    assert "# squares, caption" in result.output
    assert "| with words, weight 0.1 |" in result.output
    assert {path.name for path in folder.iterdir()} == {"caption", "cache"}
    assert json.loads((folder / "caption/history.json").read_text())["history"][-1]["epoch"] == 2.0
    assert (folder / "caption/model/config.json").is_file()


def test_names_and_settings_that_are_wrong_are_said(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no verbalizer "captions" in recipe squares; it has caption'):
        invoke(recipe, "--name", "captions", "--out", tmp_path / "out")
    with pytest.raises(ConfigError, match=r'no setting "verbalizers.0.epoch"; did you mean'):
        invoke(recipe, "--set", "verbalizers.0.epoch=2")


def test_the_recipe_that_comes_with_the_project_is_read() -> None:
    settings = read_recipe(Path(__file__).parents[2] / "recipes/captioner.toml")
    caption, query = settings.verbalizers
    assert (caption.kind, query.kind, query.start) == ("caption", "query", "caption")
    assert {caption.split, query.split} == {"captions", "train"}
