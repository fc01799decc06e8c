"""Clusters that run meanwhile, and a folder to index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.index import milvus_server
from tests.index.fake_qdrant import FakeQdrant, fake_qdrant
from univldr.index.qdrant_place import KEY


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[milvus_server.Server]:
    """A Milvus server."""
    with milvus_server.running(tmp_path_factory.mktemp("milvus")) as server:
        yield server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeQdrant]:
    """A Qdrant node."""
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.setattr("univldr.index.qdrant_calls.PAUSES", (0.0, 0.0, 0.0))
    with fake_qdrant() as server:
        yield server


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two notes."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "bird.txt").write_text("the red bird sings")
    (folder / "invoice.txt").write_text("the invoice of the plumber")
    return folder
