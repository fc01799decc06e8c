"""Generated words on the command line: asked for, remembered, marked as generated, explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Command
from tests.verbalize.kit import ColourVerbalizer
from univldr.errors import MissingExtra
from univldr.types import Encoder
from univldr.verbalize import load as loading
from univldr.verbalize.base import Verbalizer
from univldr.verbalize.settings import Plan


@pytest.fixture
def missing() -> set[str]:
    """Names whose extra is not installed."""
    return {"ocr"}


@pytest.fixture
def univldr_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: set[str], univldr: Command) -> Command:
    monkeypatch.setenv("UNIVLDR_WORDS", str(tmp_path / "words.sqlite"))

    def load(plan: Plan, encoder: Callable[[], Encoder]) -> list[Verbalizer]:
        for name in missing & {*plan.names}:
            raise MissingExtra("rapidocr", "verbalize", name)
        return [ColourVerbalizer(name) for name in plan.names]

    monkeypatch.setattr(loading, "load_verbalizers", load)

    return univldr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    corpus = tmp_path / "stuff"
    corpus.mkdir()
    Image.new("RGB", (40, 30), "red").save(corpus / "barn.png")
    (corpus / "barn.png.txt").write_text("A barn in a field.")
    Image.new("RGB", (40, 30), "black").save(corpus / "night.png")
    return corpus


def test_words_are_counted_remembered_and_marked(folder: Path, univldr_: Command) -> None:
    done = univldr_("index", folder, "--verbalize", "caption")
    assert "caption: 2 pictures worded" in done.stdout
    assert "0 known already, 1 with nothing to say" in done.stdout
    assert json.loads(univldr_("info", folder, "--json").stdout)["verbalize"] == ["caption"]
    shown = univldr_("search", folder, "red barn", "--explain").stdout
    assert "generated, caption: red" in shown
    assert " = " in shown
    assert " generated:caption" in shown
    hit = json.loads(univldr_("search", folder, "red barn", "--explain", "--json").stdout)["hits"][0]
    assert hit["expansions"] == [{"text": "red", "origin": "caption"}]
    assert list(hit["explanation"]) == ["pixels", "caption", "generated:caption", "lexical"]
    assert sum(hit["explanation"].values()) == pytest.approx(hit["score"], abs=1e-5)


def test_a_report_as_json(folder: Path, univldr_: Command) -> None:
    fields = json.loads(univldr_("index", folder, "--verbalize", "tags", "--json").stdout)
    assert (fields["words"]["tags"]["made"], fields["dropped_expansions"]) == (2, 0)
    fields = json.loads(univldr_("index", folder, "--no-verbalize", "--json").stdout)
    assert (fields["words"], fields["unchanged"]) == ({}, 2)


def test_a_missing_extra_stops_indexing_but_not_searching(
    folder: Path, univldr_: Command, missing: set[str]
) -> None:
    done = univldr_("index", folder, "--verbalize", "ocr")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert 'pip install "univldr[verbalize]"' in done.stderr
    missing.clear()
    univldr_("index", folder, "--verbalize", "ocr")
    missing.add("ocr")
    Image.new("RGB", (40, 30), "blue").save(folder / "sea.png")
    done = univldr_("search", folder, "barn", "--json")
    assert (done.returncode, len(json.loads(done.stdout)["hits"])) == (0, 3)
    assert "new pictures get no words this time: ocr needs rapidocr" in done.stderr
    missing.clear()
    assert json.loads(univldr_("index", folder, "--json").stdout)["updated"] == 1


def test_wrong_use(folder: Path, univldr_: Command) -> None:
    for arguments, message in (
        (["--verbalize", "capton"], 'did you mean "caption"?'),
        (["--verbalize", "ocr:model"], 'verbalizer "ocr" takes no model'),
        (["--verbalize", "tags,tags"], "named twice"),
        (["--verbalize", "tags", "--set", "tags.cuont=3"], "cuont"),
        (["--template", "{caption}"], "write {caption} and {expansions} once each"),
        (["--max-tokens", "1000"], "max_tokens is 1000; the model reads 256"),
    ):
        done = univldr_("index", folder, *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert message in done.stderr
    assert not (folder / ".univldr").exists()
