"""A compiled collection: read in any order and process, built once, whole or not at all, in little memory."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sqlite3
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus.dataset_kit import COLOURS, colour, jsonl, picture, positives, problems, tar
from univldr.corpus import build, collection, schema
from univldr.corpus.collection import CACHE, Collection, open_collection
from univldr.errors import ConfigError, CorpusError, ImageError
from univldr.types import Modality


def documents(count: int) -> Iterator[dict[str, Any]]:
    """Texts, and every fourth a picture in a shard."""
    for n in range(count):
        if n % 4 == 3:
            yield {"id": f"d{n}", "image": f"p.tar/{n % 8}.png", "caption": f"picture {n}"}
        else:
            yield {"id": f"d{n}", "text": f"text {n}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tar(tmp_path / "p.tar", {f"{n}.png": picture(name) for n, name in enumerate(COLOURS)})
    jsonl(tmp_path / "documents.jsonl", documents(40))
    queries = [{"id": f"q{n}", "query": f"find {n}", "positives": [f"d{n}"]} for n in range(10)]
    jsonl(tmp_path / "queries.train.jsonl", queries)
    return tmp_path


def rewrite(path: Path, content: str) -> None:
    """Write a file with another time, as one who edits it later would."""
    before = path.stat().st_mtime_ns
    path.write_text(content)
    os.utime(path, ns=(before + 10**9, before + 10**9))


# --- reading ---


def test_documents_in_the_order_asked_for(folder: Path) -> None:
    found = open_collection(folder).documents([39, 0, 3, 0])
    assert [document.id for document in found] == ["d39", "d0", "d3", "d0"]
    assert [document.text for document in found] == ["picture 39", "text 0", "picture 3", "text 0"]
    assert colour(found[0]) == (255, 255, 255)
    everything = open_collection(folder).documents(np.arange(40))
    assert [document.id for document in everything] == open_collection(folder).ids()
    assert open_collection(folder).documents([]) == []


def test_documents_without_their_pictures(folder: Path) -> None:
    opened = open_collection(folder)
    (folder / "p.tar").unlink()
    (document,) = opened.documents([3], pictures=False)
    assert (document.modality, document.text, document.image) == (Modality.IMAGE, "picture 3", None)
    with pytest.raises(ImageError, match=r"d3: .*p\.tar: cannot be read"):
        opened.documents([3])


@pytest.mark.parametrize("row", [-1, 40])
def test_rows_that_are_none(row: int, folder: Path) -> None:
    with pytest.raises(CorpusError, match=f"no row {row}; rows run from 0 to 39"):
        open_collection(folder).documents([0, row])


def test_numbers_and_names(folder: Path) -> None:
    opened = open_collection(folder)
    assert (len(opened), opened.count(), opened.count(Modality.TEXT), opened.count(Modality.IMAGE)) == (
        40,
        40,
        30,
        10,
    )
    assert opened.modalities().tolist() == [0, 0, 0, 1] * 10
    assert opened.modalities().dtype == np.uint8
    assert opened.row("d7") == 7
    assert (opened.path, opened.name) == (folder, folder.name)
    with pytest.raises(CorpusError, match='no document "x"'):
        opened.row("x")


def test_topics_in_parts(folder: Path) -> None:
    opened = open_collection(folder)
    topics = opened.topics("train")
    assert [topic.id for topic in topics] == [f"q{n}" for n in range(10)]
    assert opened.topics("train", start=3, stop=5) == topics[3:5]
    assert opened.topics("train", start=-2) == topics[-2:]
    assert opened.topics("train", start=20) == opened.topics("train", start=5, stop=2) == []
    for method in (opened.topics, opened.qrels):
        with pytest.raises(CorpusError, match='no split "test"; there is train'):
            method("test")


def read_in_child(opened: Collection, rows: list[int], answers: Connection) -> None:
    found = [(document.id, colour(document)) for document in opened.documents(rows)]
    answers.send((found, len(opened.topics("train"))))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # other tests may have left threads
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_two_worker_processes_read_at_once(method: Any, folder: Path) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    opened = open_collection(folder)
    opened.documents([3])  # the parent has its files open
    context = multiprocessing.get_context(method)
    rows = [[3, 7, 11], [39, 35, 31]]
    pipes = [context.Pipe(duplex=False) for _ in rows]
    workers = [
        context.Process(target=read_in_child, args=(opened, part, pipe[1]))
        for part, pipe in zip(rows, pipes, strict=True)
    ]
    for worker in workers:
        worker.start()
    answers = [pipe[0].recv() for pipe in pipes]
    for worker in workers:
        worker.join(20)
        assert worker.exitcode == 0
    for part, (found, topics) in zip(rows, answers, strict=True):
        assert found == [(f"d{row}", colour(opened.documents([row])[0])) for row in part]
        assert topics == 10


def test_threads_read_at_once(folder: Path) -> None:
    opened = open_collection(folder)
    expected = opened.documents(range(40))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: opened.documents([n % 40])[0], range(400)))
    assert found == expected * 10


def test_a_collection_travels_as_two_paths(folder: Path) -> None:
    """What another process is handed; the test above hands it over."""
    opened = open_collection(folder)
    kind, state = opened.__reduce__()
    assert state == (opened.file, opened.path)
    assert kind(*state).documents([3]) == opened.documents([3])


# --- building ---


def test_built_once_and_again_when_a_source_changed(folder: Path) -> None:
    counts: list[int] = []

    def count(done: int, total: int, label: str) -> None:
        assert (total, label) == (done, "reading documents")
        counts.append(done)

    first = open_collection(folder, progress=count)
    assert counts == [40]
    built = first.file.stat().st_mtime_ns
    assert open_collection(folder).file.stat().st_mtime_ns == built
    assert open_collection(folder, progress=count).fingerprint == first.fingerprint
    assert counts == [40]
    rewrite(folder / "documents.jsonl", "".join(json.dumps(d) + "\n" for d in documents(41)))
    assert len(open_collection(folder)) == 41
    assert first.documents([3])[0].id == "d3"  # who has it open still reads the old one


def test_new_files_and_changed_shards_are_noticed(folder: Path) -> None:
    before = open_collection(folder)
    jsonl(folder / "queries.dev.jsonl", [{"id": "q", "query": "x", "positives": ["d0"]}])
    with_dev = open_collection(folder)
    assert with_dev.splits() == ["train", "dev"]
    assert with_dev.fingerprint == before.fingerprint  # no document changed
    tar(folder / "p.tar", {f"{n}.png": picture("black") for n in range(8)} | {"new.png": b""})
    after = open_collection(folder)
    assert colour(after.documents([39])[0]) == (0, 0, 0)
    assert after.fingerprint != before.fingerprint


def test_fingerprint_is_of_the_documents(folder: Path, tmp_path: Path) -> None:
    first = open_collection(folder)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(CACHE, "copy"))
    assert open_collection(copy).fingerprint == first.fingerprint
    rows = [*documents(39), {"id": "d39", "text": "other"}]
    rewrite(copy / "documents.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert open_collection(copy).fingerprint != first.fingerprint


def test_moved_folder_is_not_built_again(folder: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    for name in ("documents.jsonl", "queries.train.jsonl", "p.tar"):
        (folder / name).rename(inner / name)
    built = open_collection(inner).file.stat().st_ino
    moved = inner.rename(tmp_path / "moved")
    opened = open_collection(moved)
    assert opened.file.stat().st_ino == built
    assert colour(opened.documents([3])[0]) == colour(opened.documents([11])[0])


def test_another_cache_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_collection(folder, cache=tmp_path / "elsewhere")
    assert opened.file == tmp_path / "elsewhere/records.sqlite"
    assert not (folder / CACHE).exists()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert open_collection(folder).file.is_relative_to(tmp_path / "home/univldr/collections")


def test_other_layouts_and_damaged_files_are_built_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = open_collection(folder).file
    file.write_bytes(b"no database")
    assert len(open_collection(folder)) == 40
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'stamp'")
    connection.close()
    assert len(open_collection(folder)) == 40
    inode = file.stat().st_ino
    for module in (build, collection, schema):
        monkeypatch.setattr(module, "VERSION", 99)
    assert open_collection(folder).file.stat().st_ino != inode


def test_an_interrupted_build_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_collection(folder)
    rewrite(folder / "queries.train.jsonl", "")

    def interrupt(done: int, total: int, label: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_collection(folder, progress=interrupt)
    cache = folder / CACHE
    assert {path.name for path in cache.iterdir()} == {"records.sqlite", "lock"}
    assert len(opened.topics("train")) == 10
    (cache / "building-killed").mkdir()  # what a killed one leaves
    assert open_collection(folder).splits() == []
    assert {path.name for path in cache.iterdir()} == {"records.sqlite", "lock"}


def test_a_cache_that_cannot_be_written(folder: Path) -> None:
    (folder / CACHE).write_text("a file")
    with pytest.raises(
        CorpusError, match=r"records\.sqlite: cannot be written: .*; free space there, or give"
    ):
        open_collection(folder)


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    jsonl(
        tmp_path / "documents.jsonl", ({"id": f"d{n}", "text": "word " * 100} for n in range(20_000))
    )  # 10 MB
    jsonl(
        tmp_path / "queries.jsonl",
        ({"id": str(n), "query": "q", "positives": [f"d{n}"], "negatives": ["d0"] * 20} for n in range(2000)),
    )
    tracemalloc.start()
    try:
        opened = open_collection(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    assert (len(opened), len(opened.topics("test"))) == (20_000, 2000)


def test_repeated_ids_keep_the_first_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_BATCH", 3)
    rows = [{"id": id, "text": f"{n}"} for n, id in enumerate("abcadeafb")]
    jsonl(tmp_path / "documents.jsonl", rows)
    opened = open_collection(tmp_path)
    assert opened.ids() == list("abcdef")
    assert [document.text for document in opened.documents(range(6))] == ["0", "1", "2", "4", "5", "7"]
    assert problems(opened) == [
        f'documents.jsonl line {line}: the id "{id}" is taken; the first one is kept'
        for line, id in ((4, "a"), (7, "a"), (9, "b"))
    ]


def test_only_so_many_problems_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MAX_PROBLEMS", 2)
    jsonl(tmp_path / "documents.jsonl", [{"id": "a", "text": "x"}, {}, {}, {}])
    opened = open_collection(tmp_path)
    assert (opened.report.skipped, len(opened.report.problems)) == (3, 2)


def test_formats_by_name(folder: Path, tmp_path: Path) -> None:
    assert positives(open_collection(folder, format="records"), "train")["q3"] == ["d3"]
    with pytest.raises(
        ConfigError, match='no format "recrods"; there are auto, webqa, webqa-original, mbeir'
    ):
        open_collection(folder, format="recrods")
    with pytest.raises(CorpusError, match="no such folder"):
        open_collection(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no data set that is read"):
        open_collection(tmp_path / "empty")
