"""``univldr search`` of an index that a server holds: the same as without one, at once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Command
from tests.serve_kit import KEY, running_app
from univldr import update
from univldr.index import Store
from univldr.index.lock import announce


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "stuff"
    (root / "trips").mkdir(parents=True)
    (root / "soup.md").write_text("---\nyear: 2024\n---\nOnion soup needs an hour.")
    (root / "trips" / "sea.md").write_text("The sea was calm, the soup cold.")
    for name, colour in {"barn": "red", "lake": "blue", "copy": "red"}.items():
        Image.new("RGB", (40, 30), colour).save(root / "trips" / f"{name}.png")
    update(root, model="hash")
    monkeypatch.chdir(root)
    monkeypatch.delenv("UNIVLDR_API_KEY", raising=False)
    defaults = Store.open.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "wait", 0.0)  # of those that are not answered
    return root


@contextmanager
def served(root: Path, **settings: str) -> Iterator[str]:
    with running_app(root, **settings) as url:
        announce(root / ".univldr" / "lock", url)
        yield url


ASKED = [
    ["soup"],
    ["soup", "--json", "-k", "2", "--offset", "1"],
    ["soup", "-f"],
    ["soup", "--where", "year >= 2020 and path under '.'", "--explain", "--json"],
    ["soup", "--where", "yaer > 2020"],
    ["--image", "trips/barn.png", "--json", "--every-copy", "--center", "on", "--image-bias", "0.1"],
    ["soup", "--plus", "@trips/lake.png^2", "--minus", "onion", "--modality", "image", "-f"],
    ["--like", "trips/barn.png", "--json"],
    ["--like", "trips/sea.md", "--every-passage", "--lexical", "off", "--json"],
    ["soup", "--no-index", "--model", "hash", "-f"],
]
WRONG = [
    ["soup", "--min-relevance", "0.5"],
    ["soup", "--where", "year >"],
    [""],
]
WRONG_IN_OTHER_WORDS = {
    "another model": (["soup", "--model", "mini"], "was made with model 'hash'"),
    "no such file": (["--like", "gone.png"], "stuff/gone.png"),
    "no such picture": (["--image", "gone.png"], "gone.png: no such file"),
}


def timeless(text: str) -> str:
    return re.sub(r"in \d+ ms|\"took_ms\": [\d.]+", "", text)


def test_it_answers_as_without_a_server(folder: Path, univldr: Command) -> None:
    alone = [univldr("search", folder, *arguments) for arguments in ASKED]
    with served(folder) as url:
        for arguments, before in zip(ASKED, alone, strict=True):
            now = univldr("search", folder, *arguments)
            assert (now.returncode, timeless(now.stdout)) == (before.returncode, timeless(before.stdout))
            assert now.stderr == f"{before.stderr}univldr: answered by the server at {url}\n"
        assert univldr("search", folder / ".univldr", "soup").returncode == 0
    assert [done.returncode for done in alone] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_what_is_wrong_stays_wrong(folder: Path, univldr: Command) -> None:
    alone = [univldr("search", folder, *arguments) for arguments in WRONG]
    with served(folder):
        for arguments, before in zip(WRONG, alone, strict=True):
            now = univldr("search", folder, *arguments)
            assert (now.returncode, now.stdout) == (before.returncode, before.stdout) == (2, "")
            assert now.stderr.startswith(before.stderr.strip())  # a server says more of what helps
            assert "answered" not in now.stderr
        for arguments, said in WRONG_IN_OTHER_WORDS.values():
            now = univldr("search", folder, *arguments)
            assert (now.returncode, now.stdout) == (2, "")
            assert said in now.stderr


def test_a_server_that_needs_a_key(folder: Path, univldr: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(folder, api_key=KEY) as url:
        done = univldr("search", folder, "soup")
        assert done.returncode == 2
        assert f"{url} asks for a key" in done.stderr
        assert "UNIVLDR_API_KEY" in done.stderr
        monkeypatch.setenv("UNIVLDR_API_KEY", KEY)
        assert "answered by" in univldr("search", folder, "soup").stderr


def test_other_commands_say_who_has_the_index(folder: Path, univldr: Command) -> None:
    with served(folder) as url:
        for command in (["info", folder], ["dump", folder, folder / "out.parquet"], ["index", folder]):
            done = univldr(*command)
            assert done.returncode == 2
            assert f" at {url} since " in done.stderr


def test_one_that_does_not_answer_any_more_is_waited_for(folder: Path, univldr: Command) -> None:
    with served(folder):
        announce(folder / ".univldr" / "lock", "http://127.0.0.1:1")
        done = univldr("search", folder, "soup")
        assert done.returncode == 2
        assert "is in use by" in done.stderr
    assert univldr("search", folder, "soup").returncode == 0


def test_the_command_that_serves_is_the_one_that_is_asked(folder: Path, univldr: Command) -> None:
    command = [sys.executable, "-m", "univldr", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            url = server.stdout.readline().split()[0]
            done = univldr("search", folder, "soup", "-k", 1, "-f")
            assert (done.returncode, done.stdout) == (0, f"{folder / 'soup.md'}\n")
            assert done.stderr == f"univldr: answered by the server at {url}\n"
        finally:
            server.terminate()
    assert univldr("search", folder, "soup", "-k", 1).stderr == ""


def test_a_search_without_a_server_pays_nothing_for_one(folder: Path) -> None:
    code = (
        "import sys; from univldr.cli import app; sys.argv = ['univldr', 'search', '.', 'soup', '--json']\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print({m.split('.')[0] for m in sys.modules} & {'httpx2', 'asyncio', 'fastapi', 'ssl'},"
        " 'univldr.client' in sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    assert json.loads(done.stdout)["hits"]
    assert done.stderr == "set() False\n"
