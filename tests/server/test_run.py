"""Servers as processes of their own: how they start, share an index, are stopped, and are killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from univldr import update
from univldr.errors import CorpusError
from univldr.index import Store
from univldr.index.holder import Holder
from univldr.index.lock import address_of
from univldr.pipeline import IndexReport, Loader
from univldr.server.run import Keeper
from univldr.types import Progress

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks at processes in /proc")
KEY = "a-key-of-these-tests"
PATIENCE = 30.0  # seconds, of which hardly any are needed


class Server:
    """A server of the command line."""

    def __init__(self, process: subprocess.Popen[str], line: str, errors: Path) -> None:
        self.process = process
        self.line = line
        self.errors = errors
        self.port = int(line.split()[0].rpartition(":")[2])

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """A request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if text.startswith("{") else text
        finally:
            connection.close()

    def found(self, words: str) -> list[str]:
        """The ids of what is found, best first."""
        status, answer = self.ask("POST", "/v1/search", {"query": words})
        assert status == 200, answer
        return [hit["id"] for hit in answer["hits"]]

    def workers(self) -> list[int]:
        """The processes that answer."""
        return workers_of(self.process.pid)

    def is_open(self) -> bool:
        """Whether anybody takes new connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return False
        return True

    @contextmanager
    def begun(self, body: bytes) -> Iterator[http.client.HTTPConnection]:
        """A search of which only the first byte of the body has come so far."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(connection):
            connection.putrequest("POST", "/v1/search")
            connection.putheader("content-type", "application/json")
            connection.putheader("content-length", str(len(body)))
            connection.endheaders(body[:1])
            assert self.found("soup")[0] == "soup.txt#0"  # by now the other one is being read
            yield connection


def workers_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            of = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if of == parent and "spawn_main" in (entry / "cmdline").read_text():
                found.append(int(entry.name))
    return sorted(found)


@contextmanager
def serving(path: Path, *options: str) -> Iterator[Server]:
    errors = path.parent / f"errors-{time.monotonic_ns()}"
    environment = os.environ | {"UNIVLDR_MODEL": "hash", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "univldr", "serve", str(path), "--port", "0", *options]
    with (
        errors.open("w") as stream,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stream, env=environment, text=True
        ) as process,
    ):
        alarm = threading.Timer(2 * PATIENCE, process.kill)
        alarm.start()
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line, errors.read_text()
            yield Server(process, line, errors)
        finally:
            alarm.cancel()
            left = workers_of(process.pid)
            process.kill()
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def until(check: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "notes"
    root.mkdir()
    (root / "soup.txt").write_text("Onion soup needs an hour.")
    (root / "sea.txt").write_text("We saw a grey sea.")
    update(root, model="hash")
    return root


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_accepted_is_answered_when_it_is_told_to_stop(folder: Path, workers: int) -> None:
    with serving(folder, "--workers", str(workers)) as server:
        assert server.line == f"http://127.0.0.1:{server.port}  2 documents (hash); Ctrl-C stops it\n"
        assert address_of(folder / ".univldr") == f"http://127.0.0.1:{server.port}"
        body = json.dumps({"query": "grey sea"}).encode()
        with server.begun(body) as connection:
            server.process.send_signal(signal.SIGTERM)
            until(lambda: not server.is_open())
            connection.send(body[1:])
            with connection.getresponse() as answer:
                assert answer.status == 200
                assert json.loads(answer.read())["hits"][0]["id"] == "sea.txt#0"
        assert server.process.wait(PATIENCE) == 0
        assert server.errors.read_text() == ""
    Store.open(folder / ".univldr", wait=0).close()
    assert address_of(folder / ".univldr") is None


@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_signal_ends_it_at_once(folder: Path, workers: int) -> None:
    with serving(folder, "--workers", str(workers)) as server, server.begun(b"{ and never the rest"):
        server.process.send_signal(signal.SIGINT)
        until(lambda: not server.is_open())
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) == 128 + signal.SIGINT


def test_workers_that_cannot_start(folder: Path) -> None:
    manifest = folder / ".univldr" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"hash"', '"/no/model"'))
    command = [
        sys.executable,
        "-m",
        "univldr",
        "serve",
        str(manifest.parent),
        "--port",
        "0",
        "--workers",
        "2",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 2
    assert "univldr: no model '/no/model'" in done.stderr
    assert "univldr: a worker could not start; see above\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_workers_on_one_index(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(KEY + "\n")
    secret.chmod(0o600)
    with serving(folder, "--workers", "2", "--api-key-file", str(secret)) as server:
        one, other = server.workers()
        for process in (server.process.pid, one, other):
            for name in ("cmdline", "environ"):
                assert KEY not in Path(f"/proc/{process}/{name}").read_text(errors="replace")
        os.kill(other, signal.SIGSTOP)  # so the one answers
        stored = {"documents": [{"id": "new", "text": "a brass telescope"}]}
        assert server.ask("POST", "/v1/documents", stored)[1]["stored"] == 1
        counted = 'univldr_requests_total{route="/v1/documents",status="200"} 1.0'
        until(lambda: counted in server.ask("GET", "/metrics")[1])  # just after it is answered
        os.kill(one, signal.SIGSTOP)
        os.kill(other, signal.SIGCONT)
        assert server.found("telescope")[0] == "new"
        assert counted in server.ask("GET", "/metrics")[1]  # though it was the one that answered
        os.kill(one, signal.SIGKILL)
        assert server.found("telescope")[0] == "new"
        until(lambda: len(server.workers()) == 2 and one not in server.workers())
        [new] = {*server.workers()} - {other}
        until(lambda: f"worker {one} ended with -9; another one takes its place" in server.errors.read_text())
        os.kill(other, signal.SIGSTOP)
        assert server.found("telescope")[0] == "new"
        os.kill(other, signal.SIGCONT)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) == 0
        assert not Path(f"/proc/{new}").exists()


def test_workers_end_with_the_process_that_has_the_index(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "t"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with serving(folder, "--workers", "2") as server:
        workers = server.workers()
        assert len(workers) == len(list(temporary.iterdir())) == 2
        server.process.kill()
        Store.open(folder / ".univldr", wait=1).close()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        assert list(temporary.iterdir()) == []
        until(lambda: not server.is_open())


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_made_anew_by_another_process_while_it_serves(folder: Path, workers: int) -> None:
    with serving(folder, "--workers", str(workers), "--no-watch") as server:
        (folder / "new.txt").write_text("a brass telescope")
        done = threading.Event()
        failed: list[object] = []

        def keep_asking() -> None:
            while not done.is_set():
                status, answer = server.ask("POST", "/v1/search", {"query": "soup"})
                if status != 200 or not answer["hits"]:
                    failed.append(answer)

        asking = threading.Thread(target=keep_asking)
        asking.start()
        try:
            update(folder, model="hash", rebuild=True)
            until(lambda: all(server.found("telescope")[0] == "new.txt#0" for _ in range(10)))
        finally:
            done.set()
            asking.join()
        assert failed == []
        assert address_of(folder / ".univldr") == f"http://127.0.0.1:{server.port}"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
        assert server.errors.read_text() == ""


def test_a_folder_is_kept_current(folder: Path) -> None:
    with serving(folder) as server:
        assert "telescope.txt#0" not in server.found("brass telescope")
        (folder / "telescope.txt").write_text("a brass telescope")
        until(lambda: server.found("brass telescope")[0] == "telescope.txt#0")
        assert server.process.stdout
        assert "3 documents; 1 sources added" in server.process.stdout.readline()
        folder.rename(folder.with_name("away"))
        complaint = "univldr: the index could not be brought up to date"
        until(lambda: complaint in server.errors.read_text())
        assert server.ask("GET", "/health")[0] == 200


def test_an_update_is_left_when_the_server_stops(folder: Path) -> None:
    began = threading.Event()

    def endless(store: Store, loader: Loader, progress: Progress) -> IndexReport:
        began.set()
        while True:
            progress(0, 1, "reading")

    told: list[object] = []
    with Holder(folder / ".univldr") as holder:
        with Keeper(folder, endless, told.append).keeping(holder, None):
            assert began.wait(PATIENCE)
        assert "univldr-keeper" not in [thread.name for thread in threading.enumerate()]
    assert told == []


def test_a_failing_update_is_told_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Store] = []

    def failing(store: Store, loader: Loader, progress: Progress) -> IndexReport:
        tries.append(store)
        raise CorpusError("the disk is gone")

    told: list[object] = []
    monkeypatch.setattr("univldr.server.run._GRACE", 0.01)
    with Holder(folder / ".univldr") as holder, Keeper(folder, failing, told.append).keeping(holder, None):
        until(lambda: len(tries) > 3)
    assert list(map(str, told)) == ["the disk is gone"]
