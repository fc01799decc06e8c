"""``index``, ``dump`` and ``load`` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_a_rename_is_told(tmp_path: Path, univldr: Command) -> None:
    (tmp_path / "a.txt").write_text("one")
    univldr("index", tmp_path)
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    assert (
        "0 sources added, 0 updated, 1 renamed, 0 removed, 0 unchanged" in univldr("index", tmp_path).stdout
    )
    done = json.loads(univldr("index", tmp_path, "--json").stdout)
    assert (done["renamed"], done["encoded"], done["unchanged"]) == (0, 0, 1)


def test_compaction_gives_the_space_back(tmp_path: Path, univldr: Command) -> None:
    for n in range(1500):
        (tmp_path / f"{n}.txt").write_text(f"note {n} " + "with many words " * 60)
    full = bytes_of(univldr, tmp_path)
    for n in range(1400):
        (tmp_path / f"{n}.txt").unlink()
    assert "MB given back" in univldr("index", tmp_path, "--compact").stdout
    assert bytes_of(univldr, tmp_path, "--no-verbalize") < full
    assert json.loads(univldr("index", tmp_path, "--compact", "--json").stdout)["freed_bytes"] >= 0


def test_compaction_and_watching_exclude_each_other(tmp_path: Path, univldr: Command) -> None:
    done = univldr("index", tmp_path, "--watch", "--compact")
    assert (done.returncode, "use one of them" in done.stderr) == (2, True)


def bytes_of(univldr: Command, folder: Path, *options: str) -> int:
    univldr("index", folder, *options)
    return int(json.loads(univldr("info", folder, "--json").stdout)["bytes"])


def test_dump_and_load(tmp_path: Path, univldr: Command) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "stuff").mkdir()
    (tmp_path / "stuff" / "soup.txt").write_text("Onion soup needs an hour.")
    univldr("index", tmp_path / "stuff")
    done = univldr("dump", tmp_path / "stuff", tmp_path / "all.parquet")
    assert (done.returncode, done.stdout) == (0, f"1 documents in {tmp_path / 'all.parquet'}\n")
    assert univldr("load", tmp_path / "all.parquet", "--index", tmp_path / "new").returncode == 0
    found = univldr("search", tmp_path / "new", "soup", "-f")  # an index is searched as it is
    assert found.stdout == f"{tmp_path / 'stuff' / 'soup.txt'}\n"
