"""``univldr doctor``: what it prints and what it exits with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.doctor.conftest import folder

__all__ = ["folder"]


def test_healthy(folder: Path, univldr: Command) -> None:
    done = univldr("doctor", folder)
    assert done.returncode == 0
    first = done.stdout.splitlines()[0]
    assert first.startswith(f"{folder / '.univldr'}: 24 texts and 24 pictures by model hash, ")
    assert first.endswith("healthy")
    assert univldr("doctor", folder / ".univldr").stdout.startswith(f"{folder / '.univldr'}: ")


def test_something_to_do(folder: Path, univldr: Command) -> None:
    (folder / "note0.txt").unlink()
    done = univldr("doctor", folder)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].endswith("1 thing to do")
    assert "! out of date" in done.stdout
    assert "note0.txt (went)" in done.stdout
    assert "→ univldr index" in done.stdout


def test_json(folder: Path, univldr: Command, tmp_path: Path) -> None:
    shutil.copy(folder / "note1.txt", folder / "copy.txt")
    univldr("index", folder)
    (tmp_path / "topics.tsv").write_text("1\tviolin\n")
    done = univldr("doctor", folder, "--json", "--queries", tmp_path / "topics.tsv")
    fields = json.loads(done.stdout)
    assert done.returncode == 0
    assert list(fields) == [
        "index", "healthy", "model", "documents", "texts", "images", "bytes", "findings", "drift", "gap",
        "seconds",
        "modality_reports",
    ]  # fmt: skip
    assert [finding["name"] for finding in fields["findings"]] == ["not calibrated", "repeated passages"]
    assert set(fields["modality_reports"]) == {"hash", "hash+center"}


def test_queries(folder: Path, univldr: Command, tmp_path: Path) -> None:
    line = {"id": "1", "query": "violin strings sound view0", "positives": ["picture0.png"]}
    (tmp_path / "queries.jsonl").write_text(json.dumps(line) + "\n")
    pytest.importorskip("matplotlib")
    plot = tmp_path / "plot.png"
    done = univldr("doctor", folder, "--queries", tmp_path / "queries.jsonl", "--plot", plot)
    assert done.returncode == 0
    assert "### Modalities: hash+center" in done.stdout
    assert plot.stat().st_size > 10_000


def test_wrong_use(folder: Path, univldr: Command, tmp_path: Path) -> None:
    assert univldr("doctor", tmp_path).returncode == 2
    done = univldr("doctor", folder, "--plot", tmp_path / "p.png")
    assert done.returncode == 2
    assert "--queries FILE" in done.stderr
