"""A folder's index, open in this process and behind a server at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.serve_kit import running_app
from univldr import Client, Searcher, create, update
from univldr import open as open_index


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNIVLDR_API_KEY", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notes, one of many passages, and pictures, two of them alike; their names need care in a URL."""
    root = tmp_path_factory.mktemp("client") / "stuff"
    (root / "trips").mkdir(parents=True)
    (root / "soup.md").write_text("---\nyear: 2024\n---\nOnion soup needs an hour.", encoding="utf-8")
    (root / "long.md").write_text("A sentence about nothing much at all. " * 200, encoding="utf-8")
    (root / "trips" / "a b#c%2F?ü.md").write_text("---\nyear: 2022\n---\nThe sea was calm.", encoding="utf-8")
    for name, colour in {"barn": "red", "lake": "blue", "copy": "red"}.items():
        Image.new("RGB", (400, 300), colour).save(root / "trips" / f"{name}.png")
    (root / "trips" / "barn.png.txt").write_text("a red barn")
    update(root, model="hash")
    return root


@pytest.fixture(scope="module")
def searcher(folder: Path) -> Searcher:
    """Closed by the server."""
    return open_index(folder)


@pytest.fixture(scope="module")
def url(searcher: Searcher) -> Iterator[str]:
    """Where it answers."""
    with running_app(searcher) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """A client of it."""
    with Client(url) as made:
        yield made


@pytest.fixture
def empty(tmp_path: Path) -> Searcher:
    """Of an index without documents, for a server with other settings, which closes it."""
    return create(tmp_path / "empty.index", model="hash")
