"""Commands over an index on a cluster."""

from __future__ import annotations

import json
from pathlib import Path

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
