"""The examples of docs/integrations.md run as they stand, each with its library."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import univldr
from tests.integrations.conftest import Hub

PAGE = Path(__file__).parents[2] / "docs" / "integrations.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
LIBRARIES = {
    "langchain": "langchain_core",
    "llamaindex": "llama_index.core",
    "haystack": "haystack",
    "mteb": "mteb",
}


def library_of(code: str) -> str:
    """What an example is of."""
    found = re.search(r"from univldr\.integrations\.(\w+) import", code)
    return found[1] if found else "hub"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Path, hub: Hub) -> Path:
    """Where the examples find what they name; what is pushed goes nowhere."""
    stuff = tmp_path / "stuff"
    stuff.mkdir()
    (stuff / "soup.md").write_text("---\nyear: 2024\n---\nOnion soup needs an hour.")
    (stuff / "boats.md").write_text("---\nyear: 2022\n---\nTwo boats on the lake.")
    for name in ("lake", "draft"):
        Image.new("RGB", (40, 30), "blue").save(stuff / f"{name}.png")
    univldr.update(stuff, model="hash")
    shutil.copytree(trained, tmp_path / "runs" / "demo" / "balanced" / "model")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=lambda number: library_of(EXAMPLES[number]))
def test_the_example_runs(
    number: int, place: Path, hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, library = EXAMPLES[number], library_of(EXAMPLES[number])
    pytest.importorskip(LIBRARIES.get(library, "sentence_transformers"))
    if library == "mteb":
        from tests.integrations.test_mteb import made_up

        monkeypatch.setattr("mteb.get_tasks", lambda tasks: [made_up("t2it")])
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code.replace('"mini"', '"hash"'), f"example {number} of {PAGE.name}", "exec"), names)
    printed = capsys.readouterr().out
    if library == "langchain":
        assert [part["type"] for part in names["content"]] == ["text", "image_url", "text"]
    if library == "llamaindex":
        assert "Two boats on the lake." in printed
        assert printed.endswith("image/png\n")
    if library == "haystack":
        assert printed.count("ImageContent(") == 1
    if library == "mteb":
        assert printed == "1.0\n"
        assert list((place / "runs" / "mteb").rglob("Made*.json"))
    if library == "hub":
        assert hub.made[-1][0] == "someone/my-retriever"


def test_every_library_has_an_example() -> None:
    assert {library_of(code) for code in EXAMPLES} == {*LIBRARIES, "hub"}
