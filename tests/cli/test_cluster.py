"""Commands over an index on a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.index.fake_qdrant import fake_qdrant


def test_a_folder_indexed_searched_and_told_about(tmp_path: Path, univldr: Command) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "bird.txt").write_text("the red bird sings")
    (corpus / "invoice.txt").write_text("the invoice of the plumber")
    with fake_qdrant() as server:
        uri = f"{server.url}/docs"
        assert univldr("index", corpus, "--index", uri, "--model", "hash").returncode == 0
        for arguments in ([uri, "plumber"], [corpus, "plumber"], [corpus, "plumber", "--index", uri]):
            done = univldr("search", *arguments, "-k", 1, "-f")
            assert (done.stdout.split(), done.returncode) == ([str(corpus / "invoice.txt")], 0), done.stderr
        info = json.loads(univldr("info", uri, "--json").stdout)
        assert (info["index"], info["documents"], info["engine"]) == (uri, 2, uri)
        info = json.loads(univldr("info", corpus, "--index", uri, "--json").stdout)
        assert (info["index"], info["engine"], info["skipped"]) == (str(corpus / ".univldr"), uri, 0)
        done = univldr("search", f"{server.url}/nothing", "plumber")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "no index at" in done.stderr


def test_copied_examined_dumped_and_loaded(tmp_path: Path, univldr: Command) -> None:
    pytest.importorskip("pyarrow")
    corpus, file = tmp_path / "corpus", tmp_path / "all.parquet"
    corpus.mkdir()
    (corpus / "bird.txt").write_text("the red bird sings")
    (corpus / "gone.txt").write_text("the invoice of the plumber")
    assert univldr("index", corpus, "--model", "hash").returncode == 0
    with fake_qdrant() as server:
        uri = f"{server.url}/docs"
        done = univldr("copy", corpus, uri)
        assert done.stdout.splitlines() == [
            f"2 documents in {uri}",
            "the same hits in both for 2 searches by vectors and 2 by words",
        ]
        assert univldr("copy", corpus, uri).returncode == 2
        done = univldr("doctor", uri, "--json")
        found = json.loads(done.stdout)
        assert (found["index"], found["documents"], found["bytes"], found["healthy"]) == (uri, 2, None, True)
        assert [one["name"] for one in found["findings"]] == ["not calibrated", "not examined"]
        assert "2 texts and 0 pictures by model hash: healthy" in univldr("doctor", uri).stdout
        assert univldr("dump", uri, file).stdout == f"2 documents in {file}\n"
        loaded = f"{server.url}/loaded"
        assert (
            univldr("load", file, "--index", loaded).stdout
            == f'2 documents; univldr search {loaded} "words"\n'
        )
        assert univldr("search", loaded, "plumber", "-k", 1, "-f").stdout == f"{corpus / 'gone.txt'}\n"
        done = univldr("copy", corpus, f"{server.url}/new", "--move", "--json")
        assert json.loads(done.stdout) == {
            "index": str(corpus / ".univldr"),
            "documents": 2,
            "sent": 2,
            "searches": 2,
            "word_searches": 2,
        }
        done = univldr("doctor", f"{server.url}/new", "--json")
        assert f"--index {corpus / '.univldr'} DIR" in json.loads(done.stdout)["findings"][1]["says"]
