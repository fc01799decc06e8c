"""An index here and behind a server, a trained model, a hub that is none; no library tells anyone of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from PIL import Image

from tests.corpus.pdf_kit import make_pdf
from tests.serve_kit import running_app
from univldr import Client, Searcher, update
from univldr import open as open_index

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # read when Haystack is imported
os.environ["LANGSMITH_TRACING"] = "false"

CARD = "---\nlibrary_name: univldr\ntags: [universal retrieval]\n---\n\n# small\n\nTrained on nothing.\n"


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three notes of different years and two pictures, one of them with a caption."""
    root = tmp_path_factory.mktemp("integrations") / "stuff"
    root.mkdir()
    notes = {
        "soup": (2024, "Onion soup needs an hour."),
        "sea": (2022, "The sea was calm."),
        "old": (1999, "Soup"),
    }
    for name, (year, text) in notes.items():
        (root / f"{name}.md").write_text(f"---\nyear: {year}\n---\n{text}", encoding="utf-8")
    for name, colour in {"barn": "red", "lake": "blue"}.items():
        Image.new("RGB", (40, 30), colour).save(root / f"{name}.png")
    (root / "barn.png.txt").write_text("a red barn by the sea")
    update(root, model="hash")
    return root


@pytest.fixture(scope="package")
def searcher(folder: Path) -> Searcher:
    """Closed by the server."""
    return open_index(folder)


@pytest.fixture
def paged(tmp_path: Path) -> Iterator[Searcher]:
    """An index of two pages of a PDF."""
    (tmp_path / "paged").mkdir()
    content = make_pdf(["Fares of the ferry.", "Winter timetable."])
    (tmp_path / "paged" / "report.pdf").write_bytes(content)
    update(tmp_path / "paged", model="hash")
    with open_index(tmp_path / "paged") as opened:
        yield opened


@pytest.fixture(scope="package")
def url(searcher: Searcher) -> Iterator[str]:
    """Where its server answers."""
    with running_app(searcher) as address:
        yield address


@pytest.fixture(params=["here", "there"])
def asked(request: pytest.FixtureRequest, searcher: Searcher, url: str) -> Iterator[Searcher | Client]:
    """The index, or a client of its server."""
    if request.param == "here":
        yield searcher
        return
    with Client(url) as client:
        yield client


class Hub:
    """What of the hub's API ``push_to_hub`` calls, kept where the hub's cache is looked for."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.made: list[tuple[str, bool | None]] = []

    def create_repo(self, repo_id: str, *, private: bool | None, **_: Any) -> Any:
        self.made.append((repo_id, private))
        return type("RepoUrl", (), {"repo_id": repo_id})

    def upload_folder(self, *, repo_id: str, folder_path: str, **_: Any) -> Any:
        shutil.copytree(folder_path, self.snapshot(repo_id))
        refs = self.snapshot(repo_id).parents[1] / "refs"
        refs.mkdir()
        (refs / "main").write_text("1" * 40)
        return type("CommitInfo", (), {"commit_url": f"hub/{repo_id}/commit/1"})

    def snapshot(self, repo_id: str) -> Path:
        return self.cache / f"models--{repo_id.replace('/', '--')}" / "snapshots" / ("1" * 40)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    made = Hub(tmp_path / "hub")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(made.cache))
    monkeypatch.setattr("sentence_transformers.base.model.HfApi", lambda **_: made)
    return made


@pytest.fixture
def trained(checkpoint: Callable[[str], Path], tmp_path: Path) -> Path:
    """A model as ``univldr train`` leaves it: the weights and a card."""
    from univldr.encoders.fusion import FusionModule, fusion_transformer  # torch, for these tests alone

    model = fusion_transformer(FusionModule.load(str(checkpoint("clip"))), "cpu")
    model.save_pretrained(str(tmp_path / "model"), create_model_card=False)
    (tmp_path / "model" / "README.md").write_text(CARD, "utf-8")
    return tmp_path / "model"
