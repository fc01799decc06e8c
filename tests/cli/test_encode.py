"""``univldr encode`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

pytest.importorskip("pyarrow")


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    rows = [{"id": str(n), "text": f"note {n}"} for n in range(10)]
    path = tmp_path / "notes.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_there_and_into_an_index(univldr: Command, notes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = univldr("encode", notes, "--to", out, "--shard-documents", 4)
    assert done.returncode == 0
    assert done.stdout.startswith("10 documents in 3 of 3 shards, 3 made now in ")
    again = json.loads(univldr("encode", notes, "--to", out, "--json").stdout)
    assert (again["documents"], again["shards"], again["made"]) == (10, 3, 0)
    assert univldr("load", out, "--index", tmp_path / "index").stdout.startswith("10 documents;")
    found = univldr("search", notes, "note 7", "--index", tmp_path / "index", "--json", "-k", 1)
    assert [hit["id"] for hit in json.loads(found.stdout)["hits"]] == ["7"]


def test_straight_into_an_index(univldr: Command, notes: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    done = univldr("encode", notes, "--index", index, "--shard-documents", 4)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("10 documents in 3 of 3 shards, 3 made now in ")
    assert done.stdout.endswith(f'; univldr search {index} "words"\n')
    found = univldr("search", index, "note 7", "--json", "-k", 1)
    assert [hit["id"] for hit in json.loads(found.stdout)["hits"]] == ["7"]
    nowhere = univldr("encode", notes)
    assert nowhere.returncode == 2
    assert "say where the vectors go: --to, a folder of Parquet files, or --index" in nowhere.stderr


def test_what_is_left_out_is_told_and_counts(univldr: Command, notes: Path, tmp_path: Path) -> None:
    notes.write_text(notes.read_text() + "{\n" * 12)
    done = univldr("encode", notes, "--to", tmp_path / "out", "--shard-documents", 20)
    assert done.returncode == 1  # the last two lines are a shard that cannot be read
    assert done.stdout.startswith("10 documents in 1 of 2 shards, 1 made now in ")
    assert "quarantined 000001-" in done.stdout
    assert "nothing in it could be read; the first: notes.jsonl line 21: " in done.stdout
    assert "skipped notes.jsonl line 11: not JSON" in done.stdout
    wrong = univldr("encode", notes, "--to", tmp_path / "out", "--model", "mini")
    assert wrong.returncode == 2
    assert "was begun with" in wrong.stderr


def test_no_cluster(univldr: Command, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("univldr.encode.cluster.require", _missing)
    done = univldr("encode", notes, "--to", tmp_path / "out", "--ray", "local")
    assert done.returncode == 2
    assert 'pip install "univldr[ray]"' in done.stderr


def _missing(module: str, *, extra: str, purpose: str) -> None:
    from univldr.errors import MissingExtra

    raise MissingExtra(module, extra, purpose)
