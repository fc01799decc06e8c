"""``univldr serve``: what it refuses, and how it says so; tests/server/test_run.py has it run."""

from __future__ import annotations

import os
import socket
from functools import partial
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from univldr import update
from univldr.index import Store
from univldr.index.holder import Holder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "notes"
    root.mkdir()
    (root / "soup.txt").write_text("Onion soup needs an hour.")
    return root


def test_it_needs_a_path(univldr: Command) -> None:
    done = univldr("serve")
    assert done.returncode == 2
    assert "Missing argument" in done.stderr


def test_neither_a_corpus_nor_an_index(univldr: Command, tmp_path: Path) -> None:
    done = univldr("serve", tmp_path / "nowhere", "--port", 0)
    assert done.returncode == 2
    assert done.stderr.startswith(f"univldr: {tmp_path / 'nowhere'}")
    assert done.stderr.count("\n") == 1


def test_others_could_reach_it_without_a_key(univldr: Command, folder: Path) -> None:
    done = univldr("serve", folder, "--host", "0.0.0.0", "--port", 0)
    assert done.returncode == 2
    assert "host is 0.0.0.0, which others can reach, and there is no API key" in done.stderr
    assert not (folder / ".univldr").exists()  # told before any work


def test_a_port_in_use(univldr: Command, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = univldr("serve", folder, "--port", port)
    assert done.returncode == 2
    assert done.stderr == (
        f"univldr: port {port} of 127.0.0.1 is in use; choose another with --port, or any with --port 0\n"
    )
    assert not (folder / ".univldr").exists()


def test_an_address_that_is_not_of_this_machine(univldr: Command, folder: Path) -> None:
    done = univldr("serve", folder, "--host", "127.0.0.1.invalid", "--port", 0)
    assert done.returncode == 2
    assert "127.0.0.1.invalid" in done.stderr


def test_an_index_in_use(univldr: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update(folder, model="hash")
    monkeypatch.setattr("univldr.cli.serve.Holder", partial(Holder, wait=0))
    with Store.open(folder / ".univldr"):
        done = univldr("serve", folder / ".univldr", "--port", 0)
    assert done.returncode == 2
    assert f"index {folder / '.univldr'} is in use by " in done.stderr
    assert f"(pid {os.getpid()})" in done.stderr


def test_another_model_than_the_index_was_made_with(univldr: Command, folder: Path) -> None:
    update(folder, model="hash")
    done = univldr("serve", folder / ".univldr", "--model", "clip", "--port", 0)
    assert done.returncode == 2
    assert "was made with model 'hash', not 'clip'" in done.stderr


def test_a_key_comes_from_a_file_or_the_environment(
    univldr: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = univldr("serve", folder, "--api-key-file", tmp_path / "none")
    assert (missing.returncode, "cannot read the API key" in missing.stderr) == (2, True)
    file = tmp_path / "key"
    file.touch()
    assert (
        f"{file} is empty; put the API key there" in univldr("serve", folder, "--api-key-file", file).stderr
    )
    file.write_text("short\n")
    assert "the API key has 5 characters" in univldr("serve", folder, "--api-key-file", file).stderr
    monkeypatch.setenv("UNIVLDR_API_KEY", "brief")
    done = univldr("serve", folder)
    assert (done.returncode, "the API key has 5 characters" in done.stderr) == (2, True)
    assert "brief" not in done.stderr
    assert "UNIVLDR_API_KEY" not in os.environ  # nobody inherits it
    assert univldr("serve", folder, "--api-key", "a-key-on-the-command-line").returncode == 2


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_key_that_others_can_read(univldr: Command, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("a-key-of-these-tests")
    with socket.create_server(("127.0.0.1", 0)) as other:  # ends it before it serves
        command = ("serve", folder, "--api-key-file", file, "--port", other.getsockname()[1])
        file.chmod(0o644)
        assert f"others can read the API key in {file}; chmod 600 {file}" in univldr(*command).stderr
        file.chmod(0o600)
        assert "others can read" not in univldr(*command).stderr
