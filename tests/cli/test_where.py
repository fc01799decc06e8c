"""``search --where``: filters from the command line, from Python, and as ``docs/filters.md`` shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import univldr as package
from tests.cli.conftest import Command
from univldr.errors import ConfigError
from univldr.index.base import fields_of, to_payload
from univldr.types import Document, Modality
from univldr.where import parse

DOCS = Path(__file__).parents[2] / "docs" / "filters.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    corpus = tmp_path / "stuff"
    (corpus / "trips").mkdir(parents=True)
    (corpus / "soup.md").write_text("---\nyear: 2019\n---\nOnion soup needs an hour.", encoding="utf-8")
    (corpus / "trips" / "sea.md").write_text("---\nyear: 2021\n---\nThe sea was calm.", encoding="utf-8")
    Image.new("RGB", (40, 30), "red").save(corpus / "trips" / "barn.png")
    return corpus


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("year > 2020", {"trips/sea.md#0"}),
        ("path under 'trips'", {"trips/sea.md#0", "trips/barn.png"}),
        ("path under 'trips' and not exists year", {"trips/barn.png"}),
        ("modality = 'text'", {"trips/sea.md#0", "soup.md#0"}),
    ],
)
def test_where_restricts_the_search(folder: Path, univldr: Command, where: str, ids: set[str]) -> None:
    done = univldr("search", folder, "soup", "--where", where, "--json")
    assert {hit["id"] for hit in json.loads(done.stdout)["hits"]} == ids
    with package.open(folder) as searcher:
        assert {hit.document.id for hit in searcher.search("soup", where=where)} == ids
        assert {hit.document.id for hit in searcher.search("soup", where=parse(where))} == ids
        with pytest.raises(ConfigError, match="expected a value"):
            searcher.search("soup", where="year >")


def test_a_whole_path_is_a_folder_too(folder: Path, univldr: Command) -> None:
    done = univldr("search", folder, "soup", "--where", f"path under '{folder / 'trips'}'", "-f")
    assert len(done.stdout.splitlines()) == 2


def test_a_misspelled_field_is_named(folder: Path, univldr: Command) -> None:
    done = univldr("search", folder, "soup", "--where", "yeer > 2020 and path under 'trips'")
    assert done.returncode == 1
    assert "no document has the field 'yeer' of --where" in done.stderr
    assert "'path'" not in done.stderr


def test_a_wrong_filter_is_shown_before_any_work(folder: Path, univldr: Command) -> None:
    done = univldr("search", folder, "soup", "--where", "year >> 2020")
    assert done.returncode == 2
    assert "expected a value" in done.stderr
    assert "\n  year >> 2020\n        ^" in done.stderr
    assert not (folder / ".univldr").exists()


def test_examples_of_the_documentation_match() -> None:
    metadata = {
        "year": 2021, "tags": ["sea", "sun"], "taken": "2024-05-31T18:20:00", "public": True,
        "camera": {"model": "X1"}, "my rating": 4, "path": "/home/ada/stuff/trips/sea.jpg",
    }  # fmt: skip
    picture = Document("trips/sea.jpg", Modality.IMAGE, image=Path("x"), title="Sea", metadata=metadata)
    examples = DOCS.read_text(encoding="utf-8").split("```text\n")[1].split("```")[0].splitlines()
    assert len(examples) > 10
    for example in examples:
        assert parse(example).matches(fields_of(to_payload(picture))), example
