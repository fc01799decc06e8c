"""A folder to fill, pictures to put into it, and a cutter that counts words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.corpus.corpus_kit import Draw, Write, count_words
from univldr.corpus import PassageCutter


@pytest.fixture
def cutter() -> PassageCutter:
    return PassageCutter(count_words, max_tokens=22, overlap=5)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "stuff"
    folder.mkdir()
    return folder


@pytest.fixture
def write(root: Path) -> Write:
    """Write a file below the root."""

    def write(key: str, content: str | bytes) -> Path:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def draw(root: Path) -> Draw:
    """Save a small picture below the root."""

    def draw(key: str, **options: Any) -> Path:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6), "red").save(path, **options)
        return path

    return draw
