"""From a plan to verbalizers."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import univldr.verbalize
from tests.verbalize.kit import ColourVerbalizer
from univldr.errors import ConfigError
from univldr.types import Encoder
from univldr.verbalize.load import load_verbalizers
from univldr.verbalize.settings import NAMES, Plan


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """The verbalizers' modules replaced; what each class was made with, by its name."""
    calls: list[tuple[str, Any]] = []
    classes = {"caption": "CaptionVerbalizer", "ocr": "OcrVerbalizer", "tags": "TagVerbalizer"}
    for module, name in classes.items():

        def make(*arguments: Any, of: str = module, name: str = "") -> ColourVerbalizer:
            calls.append((name or of, arguments))
            return ColourVerbalizer(name or of)

        fake = types.ModuleType(f"univldr.verbalize.{module}")
        setattr(fake, name, make)
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
    return calls


def no_encoder() -> Encoder:
    raise AssertionError("no encoder is wanted yet")


def names(verbalizers: Sequence[Any]) -> list[str]:
    return [verbalizer.name for verbalizer in verbalizers]


def test_each_is_made_with_its_settings_in_the_plans_order(made: list[tuple[str, Any]]) -> None:
    plan = Plan.of("tags,ocr,query:/models/asker,caption").changed(None, ["ocr.batch=3"])
    assert names(load_verbalizers(plan, no_encoder)) == ["tags", "ocr", "query", "caption"]
    settings = plan.settings
    assert settings.query.model == "/models/asker"
    assert made == [
        ("tags", (settings.tags, no_encoder)),
        ("ocr", (settings.ocr,)),
        ("query", (settings.query,)),
        ("caption", (settings.caption,)),
    ]


def test_every_name_has_a_verbalizer(made: list[tuple[str, Any]]) -> None:
    for name in NAMES:
        plan = Plan.of("query:/models/asker" if name == "query" else name)
        assert names(load_verbalizers(plan, no_encoder)) == [name]
    assert load_verbalizers(Plan(), no_encoder) == []


def test_a_query_verbalizer_has_to_be_trained(made: list[tuple[str, Any]]) -> None:
    with pytest.raises(ConfigError, match=r"no model: .* univldr train-verbalizer, .* query:PATH"):
        load_verbalizers(Plan.of("caption,query"), no_encoder)


def test_public_names_are_documented_and_loaded_when_used() -> None:
    package = univldr.verbalize
    assert package.__all__ == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'Verbaliser'"):
        package.Verbaliser  # noqa: B018


def test_nothing_heavy_is_imported() -> None:
    code = """
import sys
import univldr.verbalize.load, univldr.verbalize.run, univldr.cli.verbalize
heavy = {"torch", "transformers", "rapidocr", "cv2", "onnxruntime"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert Path(univldr.verbalize.__file__).name == "__init__.py"
