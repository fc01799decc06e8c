"""The vectors of a collection on disk: made once, never twice, whatever interrupts the making."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.retrieval_kit import VectorEncoder, image, make_collection, query, text
from univldr.corpus.collection import Collection
from univldr.encoders import embeddings
from univldr.encoders.embeddings import (
    embed_collection,
    embed_share,
    embed_split,
    embed_topics,
    join_shares,
    split_fingerprint,
)
from univldr.encoders.hash import HashEncoder
from univldr.errors import CorpusError, ModelError, StoreError
from univldr.types import Document, Float32Array

VECTORS = ("1 0", "0 1", "3 4", "-1 0", "4 -3", "0 2", "1 1", "5 12", "-8 15", "0 -1", "2 0")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "CHUNK", 3)


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """Eleven documents, every other one a picture."""
    kinds = (text, image)
    return make_collection(
        tmp_path / "data", (kinds[n % 2](f"d{n}", vector) for n, vector in enumerate(VECTORS))
    )


def expected() -> Float32Array:
    rows = np.array([vector.split() for vector in VECTORS], np.float32)
    unit: Float32Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


class Interrupted(VectorEncoder):
    """Gives up, as if interrupted, when it is asked for the chunk with one document."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        if any(document.id == self.at for document in documents):
            raise KeyboardInterrupt
        return super().encode_documents(documents)


def test_every_document_is_encoded_once_in_row_order(collection: Collection, tmp_path: Path) -> None:
    encoder = VectorEncoder()
    seen: list[tuple[int, int, str]] = []
    vectors = embed_collection(
        encoder, collection, tmp_path / "cache", progress=lambda *done: seen.append(done)
    )
    assert isinstance(vectors, np.memmap)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, expected())
    assert encoder.encoded == collection.ids()
    assert seen == [(n, 11, "encoding documents") for n in (0, 3, 6, 9, 11)]

    again = embed_collection(
        encoder, collection, tmp_path / "cache", progress=lambda *done: seen.append(done)
    )
    assert np.array_equal(again, expected())
    assert len(encoder.encoded) == 11
    assert len(seen) == 5


def test_an_interrupted_run_goes_on_where_it_was(collection: Collection, tmp_path: Path) -> None:
    first = Interrupted("d7")
    with pytest.raises(KeyboardInterrupt):
        embed_collection(first, collection, tmp_path)
    assert first.encoded == [f"d{n}" for n in range(6)]
    second = VectorEncoder()
    seen: list[int] = []
    vectors = embed_collection(second, collection, tmp_path, progress=lambda done, *_: seen.append(done))
    assert np.array_equal(vectors, expected())
    assert second.encoded == [f"d{n}" for n in range(6, 11)]
    assert seen == [6, 9, 11]
    assert [path.name for path in tmp_path.glob("vectors-*/*.part")] == []


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.retrieval_kit import VectorEncoder
from univldr.corpus.collection import open_collection
from univldr.encoders import embeddings

class Killed(VectorEncoder):
    def encode_documents(self, documents):
        if documents[0].id == "d6":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode_documents(documents)

embeddings.CHUNK = 3
embeddings.embed_collection(Killed(), open_collection(Path(sys.argv[1])), Path(sys.argv[2]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_run_goes_on_where_it_was(collection: Collection, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(collection.path), str(tmp_path)]
    died = subprocess.run(command, check=False, cwd=Path(__file__).parents[2])
    assert died.returncode == -signal.SIGKILL
    encoder = VectorEncoder()
    assert np.array_equal(embed_collection(encoder, collection, tmp_path), expected())
    assert encoder.encoded == [f"d{n}" for n in range(6, 11)]


@pytest.mark.parametrize(
    ("damage", "again_from"),
    [
        ({"vectors.npy.part": b"half a chunk"}, 6),
        ({"chunks.jsonl": b'{"rows": 9, "fai'}, 6),
        ({"chunks.jsonl": b"\0\0\0\0\n"}, 6),
        ({"vectors.npy.part": None}, 0),
        ({"chunks.jsonl": None}, 0),
    ],
)
def test_what_a_crash_left_half_written_is_done_again(
    collection: Collection, tmp_path: Path, damage: dict[str, bytes | None], again_from: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        embed_collection(Interrupted("d7"), collection, tmp_path)
    for name, added in damage.items():
        [path] = tmp_path.glob(f"vectors-*/{name}")
        if added is None:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes() + added)
    encoder = VectorEncoder()
    assert np.array_equal(embed_collection(encoder, collection, tmp_path), expected())
    assert encoder.encoded == [f"d{n}" for n in range(again_from, 11)]


def test_another_model_or_another_corpus_has_vectors_of_its_own(
    collection: Collection, tmp_path: Path
) -> None:
    embed_collection(VectorEncoder(), collection, tmp_path)
    changed_model = VectorEncoder(fingerprint="vectors-2")
    embed_collection(changed_model, collection, tmp_path)
    assert len(changed_model.encoded) == 11
    records = [text(f"d{n}", vector) for n, vector in enumerate(reversed(VECTORS))]
    changed = make_collection(collection.path, records)
    encoder = VectorEncoder()
    assert np.array_equal(embed_collection(encoder, changed, tmp_path), expected()[::-1])
    assert len(encoder.encoded) == 11


def test_a_bad_picture_is_a_row_of_zeros_and_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    colours = [image(f"p{n}", f"words {n}") for n in range(7)]
    collection = make_collection(tmp_path / "data", [*colours, text("t", "more words")])
    (collection.path / "p1.png").write_bytes(b"not a picture")
    (collection.path / "p5.png").unlink()
    encoder = HashEncoder()
    vectors = embed_collection(encoder, collection, tmp_path)
    good = [0, 2, 3, 4, 6, 7]
    assert not vectors[[1, 5]].any()
    assert np.array_equal(vectors[good], encoder.encode_documents(collection.documents(good)))
    [warning] = caplog.messages
    assert "cannot be decoded and will not be found: 2; the first: p1" in warning


def test_where_most_pictures_fail_nothing_is_kept_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embeddings, "_TOO_MANY", 4)
    texts = [text(f"t{n}", "plain words") for n in range(4)]
    collection = make_collection(
        tmp_path / "data", [*texts, *(image(f"p{n}", f"words {n}") for n in range(6))]
    )
    saved = {path: path.read_bytes() for path in collection.path.glob("*.png")}
    for path in saved:
        path.unlink()
    with pytest.raises(CorpusError, match="5 of 5 pictures cannot be decoded: are they all there"):
        embed_collection(HashEncoder(), collection, tmp_path)
    for path, content in saved.items():
        path.write_bytes(content)
    seen: list[int] = []
    vectors = embed_collection(HashEncoder(), collection, tmp_path, progress=lambda n, *_: seen.append(n))
    assert np.array_equal(vectors, HashEncoder().encode_documents(collection.documents(range(10))))
    assert seen == [3, 6, 9, 10]
    assert caplog.messages == []


class Broken(VectorEncoder):
    def encode_documents(self, documents: list[Document]) -> Float32Array:
        return np.full((len(documents), self.dim), np.nan, np.float32)


def test_broken_vectors_are_refused(collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"vectors: .* not finite; they should be \[3, 2\]"):
        embed_collection(Broken(), collection, tmp_path)


def test_two_processes_do_not_write_the_same_vectors(collection: Collection, tmp_path: Path) -> None:
    class Nosy(VectorEncoder):
        def encode_documents(self, documents: list[Document]) -> Float32Array:
            embed_collection(
                VectorEncoder(), collection, tmp_path
            )  # a lock of a file holds in one process, too
            raise AssertionError

    with pytest.raises(StoreError, match="another process"):
        embed_collection(Nosy(), collection, tmp_path)


def test_a_broken_file_and_an_unwritable_folder_are_told(collection: Collection, tmp_path: Path) -> None:
    embed_collection(VectorEncoder(), collection, tmp_path)
    [path] = tmp_path.glob("vectors-*/vectors.npy")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreError, match=r"vectors\.npy: broken: .*; remove it"):
        embed_collection(VectorEncoder(), collection, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="name another folder for the cache"):
        embed_collection(VectorEncoder(), collection, tmp_path / "file")


def test_queries_are_encoded_in_order(tmp_path: Path) -> None:
    collection = make_collection(
        tmp_path, [text("d", "1 0")], [query(f"q{n}", vector, "d") for n, vector in enumerate(VECTORS)]
    )
    seen: list[int] = []
    vectors = embed_topics(
        VectorEncoder(), collection.topics("train"), progress=lambda done, *_: seen.append(done)
    )
    assert np.array_equal(vectors, expected())
    assert seen == [3, 6, 9, 11]
    assert embed_topics(VectorEncoder(), []).shape == (0, 2)


def test_a_splits_queries_are_encoded_once(tmp_path: Path) -> None:
    queries = [query(f"q{n}", vector, "d") for n, vector in enumerate(VECTORS)]
    collection = make_collection(tmp_path / "data", [text("d", "1 0")], queries)
    encoder, seen = VectorEncoder(), list[int]()
    for _ in range(2):
        vectors = embed_split(
            encoder, collection, "train", tmp_path / "cache", progress=lambda done, *_: seen.append(done)
        )
        assert np.array_equal(vectors, expected())
    assert encoder.asked == 11
    assert seen == [3, 6, 9, 11]
    embed_split(
        encoder, make_collection(tmp_path / "data", [text("d", "1 0")], queries[1:]), "train", tmp_path
    )
    assert encoder.asked == 21
    with pytest.raises(CorpusError, match='no split "test"'):
        embed_split(encoder, collection, "test", tmp_path)


def test_a_splits_fingerprint_changes_with_queries_and_positives(tmp_path: Path) -> None:
    documents = [text("d", "1 0"), text("e", "0 1")]

    def fingerprint(*queries: dict[str, Any]) -> str:
        return split_fingerprint(make_collection(tmp_path, documents, queries), "train")

    first, second = query("a", "1 0", "d"), query("b", "0 1", "e")
    prints = [
        fingerprint(first, second),
        fingerprint(second, first),
        fingerprint(first),
        fingerprint(query("a", "1 1", "d")),
        fingerprint(query("a", "1 0", "e")),
        fingerprint(query("A", "1 0", "d")),
    ]
    assert len(set(prints)) == 6
    assert fingerprint(first, second) == prints[0]


@pytest.mark.parametrize("processes", [1, 2, 3, 7, 50])
def test_the_shares_of_several_processes_are_the_whole(
    collection: Collection, tmp_path: Path, processes: int
) -> None:
    encoder = VectorEncoder()
    for number in range(processes):
        embed_share(encoder, collection, tmp_path, (number, processes))
    join_shares(encoder, collection, tmp_path, processes)
    encoder.encode_documents = None  # type: ignore[assignment, method-assign]
    assert np.array_equal(embed_collection(encoder, collection, tmp_path), expected())
    assert sorted(file.name for file in tmp_path.glob("vectors-*/*")) == ["chunks.jsonl", "vectors.npy"]


def test_a_share_that_is_missing_is_told_and_nothing_passes_for_the_whole(
    collection: Collection, tmp_path: Path
) -> None:
    embed_share(VectorEncoder(), collection, tmp_path, (0, 2))
    with pytest.raises(StoreError, match="share-1-of-2"):
        join_shares(VectorEncoder(), collection, tmp_path, 2)
    embed_share(VectorEncoder(), collection, tmp_path, (1, 2))
    join_shares(VectorEncoder(), collection, tmp_path, 2)
    assert np.array_equal(embed_collection(VectorEncoder(), collection, tmp_path), expected())


def test_a_bad_picture_of_a_share_is_counted_in_the_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collection = make_collection(tmp_path / "data", [image(f"p{n}", f"words {n}") for n in range(8)])
    (collection.path / "p6.png").write_bytes(b"not a picture")
    for number in range(2):
        embed_share(HashEncoder(), collection, tmp_path, (number, 2))
    join_shares(HashEncoder(), collection, tmp_path, 2)
    vectors = embed_collection(HashEncoder(), collection, tmp_path)
    assert not vectors[6].any()
    assert vectors[[0, 1, 2, 3, 4, 5, 7]].any(axis=1).all()
    [warning] = caplog.messages
    assert "will not be found: 1; the first: p6" in warning
