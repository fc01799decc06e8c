"""An index from engine to engine: whole or not there, and a killed copy goes on where it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partialmethod
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import univldr
from tests.index.fake_qdrant import FakeQdrant, fake_qdrant
from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, StoreError
from univldr.index import Manifest, Store
from univldr.index.edge import EdgeIndex
from univldr.index.engines import open_index
from univldr.index.files import MANIFEST
from univldr.index.qdrant import QdrantIndex
from univldr.pipeline import update
from univldr.transfer import copy
from univldr.types import Document, Float32Array, Modality

DIM = 16
COUNT = 120


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeQdrant]:
    """A Qdrant node."""
    monkeypatch.setattr("univldr.index.qdrant_calls.PAUSES", ())
    with fake_qdrant() as server:
        yield server


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies take many steps."""
    monkeypatch.setattr(EdgeIndex, "scan", partialmethod(EdgeIndex.scan, 20))


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Documents of no corpus."""
    return make_index(tmp_path / "index")


def make_index(path: Path) -> Path:
    with Store.create(path, Manifest.of(HashEncoder(DIM), max_tokens=32)) as store:
        store.engine.upsert([document(n) for n in range(COUNT)], unit(COUNT))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Notes and a picture, indexed, and a picture that was uploaded."""
    folder = tmp_path / "stuff"
    folder.mkdir()
    for n in range(5):
        (folder / f"{n}.txt").write_text(f"note {n} of the plumber", encoding="utf-8")
    Image.new("RGB", (8, 8), "red").save(folder / "red.png")
    update(folder, model="hash")
    with univldr.open(folder) as searcher:
        searcher.upsert([Document("upload", Modality.IMAGE, "a blue boat", picture())])
    return folder


def document(n: int) -> Document:
    kind = Modality.IMAGE if n % 3 == 0 else Modality.TEXT
    return Document(f"d{n}", kind, f"text {n} of group {n % 7}", metadata={"n": n, "list": [1, 2.5, {}]})


def unit(count: int, seed: int = 0) -> Float32Array:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def picture() -> bytes:
    stream = BytesIO()
    Image.new("RGB", (8, 8), "blue").save(stream, "PNG")
    return stream.getvalue()


def content(name: str | Path) -> tuple[dict[str, Document], dict[str, list[float]]]:
    with open_index(name) as held:
        documents = {one.id: one for some, _ in held.engine.scan(vectors=False) for one in some}
        rows = held.engine.vectors(list(documents))
        return documents, {id_: np.round(row, 6).tolist() for id_, row in rows.items()}


def best(name: str | Path, words: str) -> Document:
    with univldr.open(name) as searcher:
        return searcher.search(words, k=1)[0].document


def test_to_a_cluster_and_back(server: FakeQdrant, folder: Path, tmp_path: Path) -> None:
    uri = f"{server.url}/docs"
    done = copy(folder, f"{uri}?shards=2")
    assert (done.index, done.documents, done.sent, done.searches, done.word_searches) == (uri, 7, 7, 7, 7)
    assert content(uri) == content(folder)
    with open_index(folder) as old, open_index(uri) as new:
        assert new.manifest.modality_means == old.manifest.modality_means is not None
        assert new.manifest.roots == old.manifest.roots  # where pictures may be shown from
        assert new.manifest.created != old.manifest.created
        new.put([document(1)], HashEncoder(old.manifest.dim).encode_documents([document(1)]))
    report = update(folder)
    assert (report.unchanged, report.documents) == (6, 7)  # the folder is as it was
    assert copy(uri, tmp_path / "back").documents == 8
    assert content(tmp_path / "back") == content(uri)
    assert best(tmp_path / "back", "note 3").id == "3.txt#0"


def test_a_folder_moves_to_a_cluster_and_back(server: FakeQdrant, folder: Path) -> None:
    uri, before = f"{server.url}/docs", content(folder)
    done = copy(folder, uri, move=True)
    assert (done.index, done.documents) == (str(folder / ".univldr"), 7)
    assert not list((folder / ".univldr").glob("shard*"))
    assert content(uri) == content(folder) == before
    (folder / "2.txt").write_text("the invoice", encoding="utf-8")
    report = update(folder)
    assert (report.unchanged, report.updated, report.encoded, report.documents) == (5, 1, 1, 7)
    assert best(uri, "invoice").id == "2.txt#0"
    with (
        open_index(uri) as held,
        pytest.raises(StoreError, match=r"is filled from \S+/stuff/\.univldr"),
    ):
        held.drop(["2.txt#0"])
    with pytest.raises(StoreError, match=r"are at \S+/docs already"):
        copy(folder, uri, move=True)
    assert copy(uri, folder, move=True).documents == 7
    report = update(folder)
    assert (report.unchanged, report.documents) == (6, 7)
    assert best(folder, "blue boat") == before[0]["upload"]
    copy(folder, f"{server.url}/other", move=True)
    assert copy(folder, folder, move=True).documents == 7
    assert {one.name for one in server.client.get_collections().collections} == {"docs", "other"}


def test_a_move_that_dies_at_the_very_end(
    server: FakeQdrant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, write = f"{server.url}/docs", Manifest.write

    def dies(self: Manifest, index: Path, *, file: str = MANIFEST) -> None:
        if file == MANIFEST:
            raise KeyboardInterrupt
        write(self, index, file=file)

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            copy(folder, uri, move=True)
    (folder / "0.txt").write_text("the invoice", encoding="utf-8")
    assert update(folder).updated == 1  # on disk
    assert best(uri, "note 0").id == "0.txt#0"
    assert copy(folder, uri, move=True).sent == 1
    assert update(folder).unchanged == 6
    assert best(uri, "invoice").id == "0.txt#0"


def test_a_directory_has_all_of_a_directory(folder: Path, tmp_path: Path) -> None:
    copy(folder, tmp_path / "new")
    shutil.rmtree(folder / ".univldr")
    report = update(folder, index=tmp_path / "new")
    assert (report.unchanged, report.encoded, report.documents) == (6, 0, 7)
    image = best(tmp_path / "new", "blue boat").image
    assert isinstance(image, Path)
    assert (image.parent, image.read_bytes()) == (tmp_path / "new" / "uploads", picture())
    report = update(folder, index=tmp_path / "new", rebuild=True, model="hash")
    assert report.documents == 7
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.txt").write_text("x")
    copy(tmp_path / "new", tmp_path / "photos")
    assert best(tmp_path / "photos" / ".univldr", "blue boat").id == "upload"


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize("to_cluster", [True, False])
def test_what_is_half_there_cannot_be_opened_and_is_gone_on_with(
    server: FakeQdrant, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to_cluster: bool
) -> None:
    target: str | Path = f"{server.url}/docs" if to_cluster else tmp_path / "new"
    kind: Any = QdrantIndex if to_cluster else EdgeIndex
    upsert, calls = kind.upsert, iter(range(100))

    def dies(self: Any, documents: Sequence[Document], vectors: Float32Array) -> None:
        if next(calls) == 3:
            raise KeyboardInterrupt
        upsert(self, documents, vectors)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "upsert", dies)
        with pytest.raises(KeyboardInterrupt):
            copy(index, target)
    with pytest.raises(StoreError, match="only half filled, from" if to_cluster else "no index at"):
        open_index(target)
    first = [one.id for some, _ in islice_of(index, 3) for one in some]
    with Store.open(index) as store:  # which changes meanwhile
        store.engine.delete([first[0]])
        store.engine.upsert(store.engine.get([first[1]]), unit(1, seed=9))  # type: ignore[arg-type]
        store.engine.upsert([Document("new", Modality.TEXT, "x")], unit(1, seed=8))
    done = copy(index, target)
    assert (done.documents, done.sent) == (COUNT, COUNT - 60 + 2)
    assert content(target) == content(index)
    with pytest.raises(StoreError, match="there already is"):
        copy(index, target)


def islice_of(index: Path, count: int) -> list[tuple[list[Document], Float32Array]]:
    with Store.open(index) as store:
        return [batch for _, batch in zip(range(count), store.engine.scan(), strict=False)]


KILLED = """
import sys
from functools import partialmethod
from univldr.index.edge import EdgeIndex
from univldr.transfer import copy
EdgeIndex.scan = partialmethod(EdgeIndex.scan, 20)
wait = lambda *at: (print(at, flush=True), input())
copy(sys.argv[1], sys.argv[2], move=sys.argv[3] == "True", progress=wait)
"""


def kill_a_copy(source: Path, target: str | Path, *, move: bool = False) -> None:
    """Of 20 documents at a time, after 60 or 80."""
    command = [sys.executable, "-c", KILLED, str(source), str(target), str(move)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        for _ in range(3):
            assert process.stdout.readline().startswith(b"(")
            process.stdin.write(b"\n")
            process.stdin.flush()
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize(("to_cluster", "move"), [(True, True), (False, False)])
def test_killed_in_the_middle(
    server: FakeQdrant, index: Path, tmp_path: Path, to_cluster: bool, move: bool
) -> None:
    target: str | Path = f"{server.url}/docs" if to_cluster else tmp_path / "new"
    kill_a_copy(index, target, move=move)
    with pytest.raises(StoreError, match="only half filled, from" if to_cluster else "no index at"):
        open_index(target)
    before = content(index)
    done = copy(index, target, move=move)
    assert done.documents == COUNT
    assert done.sent <= COUNT - 60
    assert content(target) == before == content(index)


def test_what_does_not_agree_is_not_published(
    server: FakeQdrant, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, upsert = f"{server.url}/docs", QdrantIndex.upsert
    other = f"{server.url}/other"

    def loses(self: Any, documents: Sequence[Document], vectors: Float32Array) -> None:
        upsert(self, documents[1:], vectors[1:])

    def spoils(self: Any, documents: Sequence[Document], vectors: Float32Array) -> None:
        upsert(self, documents, vectors[::-1])

    def forgets(*_: Any, **__: Any) -> list[Any]:
        return []

    for at, change, message in (
        (other, loses, "has 80 documents .* its copy 7[0-9]; was it"),
        (uri, spoils, "by its vector in the copy, document 'd.*' scores .* not"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(QdrantIndex, "upsert", change)
            with pytest.raises(StoreError, match=message):
                copy(index, at)
    with monkeypatch.context() as patch:
        patch.setattr(QdrantIndex, "query_words", forgets)
        with pytest.raises(StoreError, match=r"that 16 searches by words had, the copy found 0"):
            copy(index, uri)
    with pytest.raises(StoreError, match="only half filled"):
        open_index(uri)
    assert copy(index, uri).sent == 0  # the last had sent all


def test_refused(server: FakeQdrant, index: Path, folder: Path, tmp_path: Path) -> None:
    uri = f"{server.url}/docs"
    copy(index, uri)
    for target, error, message in (
        (uri, StoreError, "there already is a collection"),
        (index, StoreError, "there already is an index at"),
        (f"{server.url}/a b", ConfigError, "cannot be called"),
    ):
        with pytest.raises(error, match=message):
            copy(folder, target)
    with pytest.raises(ConfigError, match="would be its own copy"):
        copy(uri, f"{uri}?shards=2")
    with pytest.raises(StoreError, match="no such file or folder, and no index of it"):
        copy(tmp_path / "nothing", tmp_path / "new")
    half = f"{server.url}/half"
    copy(index, half)
    with closing(QdrantIndex(open_index(half).engine.place)) as engine:  # type: ignore[attr-defined]
        engine.keep(engine.metadata.replace('"copying": ""', '"copying": "/x"'))
    with pytest.raises(StoreError, match="only half filled, from /x; run that univldr copy, load or encode"):
        copy(index, half)
    for source, target, message in (
        (uri, half, "only the index of a folder can be moved; name that folder"),
        (folder, index, "can be moved to a cluster or back, not to"),
        (folder, folder, r"are there already"),
        (uri, folder, r"has its vectors there, not at qdrant"),
    ):
        with pytest.raises((ConfigError, StoreError), match=message):
            copy(source, target, move=True)
