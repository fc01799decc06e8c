"""An index is kept current as files change, once they are at rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from univldr.errors import UnivldrError
from univldr.index import Store
from univldr.pipeline import IndexReport, Loader, update, watch
from univldr.pipeline.watch import SHARE, SHORTEST
from univldr.search import open as open_index

Told = list[IndexReport | UnivldrError]


def watched(folder: Path, *steps: Callable[[], object], update: Callable[..., IndexReport] = update) -> Told:
    """What a watch told while one step was taken in each of its pauses; after the last, it is interrupted."""
    told: Told = []
    left = list(steps)

    def sleep(_: float) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()

    def run(loader: Loader) -> IndexReport:
        return update(folder, model="hash", loader=loader)

    with pytest.raises(KeyboardInterrupt):
        watch(folder, run, told.append, sleep=sleep)
    return told


def idle() -> None:
    """Nothing happens."""


def test_what_changes_is_indexed_once_it_is_at_rest(tmp_path: Path) -> None:
    note = tmp_path / "a.txt"
    note.write_text("one")
    told = watched(
        tmp_path,
        idle,
        lambda: note.write_text("one two"),  # being written
        lambda: note.write_text("one two three"),
        idle,  # at rest
        idle,
        lambda: (tmp_path / "b.txt").write_text("new"),
        note.unlink,
        idle,
        idle,
    )
    assert [
        (r.added, r.updated, r.removed, r.documents) for r in told if isinstance(r, IndexReport)
    ] == [(1, 0, 0, 1), (0, 1, 0, 1), (1, 0, 1, 1)]  # fmt: skip


def test_the_index_is_free_between_updates_and_the_encoder_stays_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "a.txt"
    note.write_text("one")
    loaded: list[object] = []

    def counting(folder: Path, *, model: str, loader: Loader) -> IndexReport:
        def load(*arguments: object) -> object:
            loaded.append(loader(*arguments))  # type: ignore[arg-type]
            return loaded[-1]

        return update(folder, model=model, loader=load)  # type: ignore[arg-type]

    def search() -> None:
        with open_index(tmp_path) as searcher:
            assert list(searcher.search("two"))

    watched(tmp_path, lambda: note.write_text("two"), idle, search, lambda: note.write_text("three"), idle,
            idle, update=counting)  # fmt: skip
    assert len(loaded) == 3
    assert len(set(map(id, loaded))) == 1


def test_what_fails_is_told_once_and_tried_again(tmp_path: Path) -> None:
    note = tmp_path / "a.txt"
    note.write_text("one")
    tries: list[bool] = []

    def failing(folder: Path, **options: object) -> IndexReport:
        tries.append(True)
        if 2 <= len(tries) <= 3:
            raise UnivldrError("it is in use")
        return update(folder, **options)  # type: ignore[arg-type]

    told = watched(tmp_path, lambda: note.write_text("two"), idle, idle, idle, idle, update=failing)
    assert [str(entry) if isinstance(entry, UnivldrError) else entry.updated for entry in told] == [
        0, "it is in use", 1
    ]  # fmt: skip
    assert len(tries) == 4


def test_a_folder_that_goes_and_comes_back(tmp_path: Path) -> None:
    folder, away = tmp_path / "disk", tmp_path / "away"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    told = watched(folder, lambda: folder.rename(away), idle, idle, lambda: away.rename(folder), idle, idle)
    assert isinstance(told[1], UnivldrError)
    assert len(told) == 2
    with Store.open(folder / ".univldr") as store:
        assert store.engine.count() == 1


def test_large_folders_are_looked_at_less_often(tmp_path: Path) -> None:
    times = iter([0.0, 0.01, 1.0, 1.5])
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    (tmp_path / "a.txt").write_text("one")
    with pytest.raises(KeyboardInterrupt):
        watch(tmp_path, lambda loader: update(tmp_path, model="hash", loader=loader), lambda _: None,
              sleep=sleep, clock=lambda: next(times))  # fmt: skip
    assert pauses == [SHORTEST, SHORTEST, SHARE * 0.5]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_the_command_until_it_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    command = [sys.executable, "-m", "univldr", "index", str(tmp_path), "--watch"]
    environment = os.environ | {"UNIVLDR_MODEL": "hash"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout
        alarm = threading.Timer(60, process.kill)
        alarm.start()
        assert "1 documents; 1 sources added" in process.stdout.readline()
        (tmp_path / "b.txt").write_text("two")
        assert "2 documents; 1 sources added" in process.stdout.readline()
        with Store.open(tmp_path / ".univldr") as store:
            assert store.engine.count() == 2
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
        alarm.cancel()
