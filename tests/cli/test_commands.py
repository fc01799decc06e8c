"""The command line as a user meets it, with the fake encoder: answers, exit codes, one-line errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.cli.conftest import Command
from univldr.cli import app
from univldr.encoders.hash import HashEncoder
from univldr.index import Store, index_of
from univldr.types import Document, Float32Array


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    corpus = tmp_path / "stuff"
    corpus.mkdir()
    (corpus / "soup.txt").write_text("Onion soup needs an hour.", encoding="utf-8")
    (corpus / "rocket.md").write_text("# Rockets\n\nA rocket burns fuel.", encoding="utf-8")
    Image.new("RGB", (40, 30), "red").save(corpus / "barn.png")
    (corpus / "barn.png.txt").write_text("A red barn in a field.", encoding="utf-8")
    return corpus


def test_search_updates_the_index_and_mixes_texts_and_images(folder: Path, univldr: Command) -> None:
    done = univldr("search", folder, "red barn", "--json", "-k", 3)
    result = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(result) == {"query", "took_ms", "hits"}
    first = result["hits"][0]
    assert " ".join(first) == (
        "rank id score relevance modality path page title text expansions metadata more copies explanation"
    )
    assert (first["rank"], first["modality"], first["path"]) == (1, "image", str(folder / "barn.png"))
    assert {hit["modality"] for hit in result["hits"]} == {"text", "image"}
    scores = [hit["score"] for hit in result["hits"]]
    assert scores == sorted(scores, reverse=True)


def test_a_new_file_is_found_by_the_next_search_and_a_deleted_one_not(folder: Path, univldr: Command) -> None:
    univldr("index", folder)
    (folder / "violin.txt").write_text("A violin has four strings.", encoding="utf-8")
    assert univldr("search", folder, "violin strings", "-f", "-k", 1).stdout == f"{folder / 'violin.txt'}\n"
    (folder / "violin.txt").unlink()
    assert "violin.txt" not in univldr("search", folder, "violin strings", "-f").stdout


def test_no_index_searches_the_index_as_it_is(folder: Path, univldr: Command) -> None:
    univldr("index", folder)
    (folder / "violin.txt").write_text("A violin has four strings.", encoding="utf-8")
    assert "violin.txt" not in univldr("search", folder, "violin strings", "-f", "--no-index").stdout


@pytest.mark.parametrize("modality", ["text", "image"])
def test_modality_filters_during_the_search(folder: Path, univldr: Command, modality: str) -> None:
    result = json.loads(univldr("search", folder, "red", "--modality", modality, "--json").stdout)
    assert {hit["modality"] for hit in result["hits"]} == {modality}


def test_a_picture_is_a_query(folder: Path, univldr: Command) -> None:
    result = json.loads(univldr("search", folder, "--image", folder / "barn.png", "-k", 1, "--json").stdout)
    assert result["hits"][0]["id"] == "barn.png"


def test_the_table_shows_rank_kind_caption_and_path(folder: Path, univldr: Command) -> None:
    shown = univldr("search", folder, "red barn", "-k", 1).stdout
    assert "image" in shown
    assert "A red barn in a field." in shown
    assert "barn.png" in shown


def test_info_counts_by_kind(folder: Path, univldr: Command) -> None:
    univldr("index", folder)
    fields = json.loads(univldr("info", folder, "--json").stdout)
    assert (fields["documents"], fields["texts"], fields["images"]) == (3, 2, 1)
    assert fields["model"] == "hash"
    assert fields["bytes"] > 0


def test_index_elsewhere_leaves_the_corpus_alone(folder: Path, tmp_path: Path, univldr: Command) -> None:
    univldr("index", folder, "--index", tmp_path / "elsewhere")
    assert not (folder / ".univldr").exists()
    done = univldr("search", folder, "soup", "--index", tmp_path / "elsewhere", "-f", "-k", 1)
    assert done.stdout == f"{folder / 'soup.txt'}\n"


def test_one_bad_picture_is_listed_and_stops_nothing(folder: Path, univldr: Command) -> None:
    (folder / "empty.png").write_bytes(b"")
    done = univldr("index", folder)
    assert "empty.png" in done.stdout
    assert done.returncode == 0
    assert "1 skipped" in univldr("search", folder, "soup").stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", "{folder}/missing", "soup"], ["missing"]),
        (["search", "{folder}", "soup", "--no-index"], ["no index at", "univldr index"]),
        (["search", "{folder}", ""], ["query is empty"]),
        (["search", "{folder}", "soup", "-k", "0"], ["-k"]),
        (["search", "{folder}", "soup", "--model", "mimi"], ["no model 'mimi'", "'mini'"]),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(
    folder: Path, univldr: Command, arguments: list[str], words: list[str]
) -> None:
    done = univldr(*(argument.format(folder=folder) for argument in arguments))
    assert done.returncode == 2
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_folder_finds_nothing_and_exits_1(tmp_path: Path, univldr: Command) -> None:
    assert univldr("search", tmp_path, "soup").returncode == 1
    assert univldr("index", tmp_path).returncode == 1


def test_another_model_is_refused_by_name(folder: Path, univldr: Command) -> None:
    univldr("index", folder)
    for also in ([], ["--no-index"]):
        done = univldr("search", folder, "soup", "--model", "mini", *also)
        assert done.returncode == 2
        assert "'hash'" in done.stderr
        assert "--rebuild" in done.stderr


@pytest.mark.slow
def test_a_second_process_learns_who_holds_the_index(folder: Path, univldr: Command) -> None:
    univldr("index", folder)
    command = [sys.executable, "-m", "univldr", "info", str(folder)]
    with Store.open(index_of(folder)):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"pid {os.getpid()}" in done.stderr


def test_an_interrupt_is_one_line_and_the_same_command_resumes(
    folder: Path, univldr: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = HashEncoder.encode_documents

    def interrupted(self: HashEncoder, documents: list[Document]) -> Float32Array:
        monkeypatch.setattr(HashEncoder, "encode_documents", encode)
        raise KeyboardInterrupt

    monkeypatch.setattr(HashEncoder, "encode_documents", interrupted)
    done = univldr("index", folder)
    assert (done.returncode, len(done.stderr.splitlines())) == (130, 1)
    assert json.loads(univldr("index", folder, "--json").stdout)["added"] == 3


def test_every_command_explains_itself() -> None:
    commands = (
        "search",
        "index",
        "info",
        "train",
        "mine",
        "evaluate",
        "compare",
        "export",
        "convert",
        "demo",
    )
    for command in commands:
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0
