"""An index out into a file and back: nothing lost, nothing encoded, nothing mixed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.index.fake_qdrant import fake_qdrant
from univldr.corpus import open_corpus
from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, MissingExtra, ModelError, StoreError
from univldr.index import Manifest, Store
from univldr.index.engines import open_index
from univldr.transfer import dump, load
from univldr.types import Document, Expansion, Modality

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

DOCUMENTS = [
    Document(
        "a#0", Modality.TEXT, "An apple — or two.", title="A", metadata={"path": "/x/a.txt", "n": [1, {}]}
    ),
    Document(
        "b.png",
        Modality.IMAGE,
        "a red barn",
        Path("/x/b.png"),
        expansions=(Expansion("red"), Expansion("a barn", "caption", 0.5)),
    ),
    *(Document(f"t{n}", Modality.TEXT, f"text {n}") for n in range(40)),
]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    encoder = HashEncoder(16)
    rows = np.random.default_rng(0).normal(size=(len(DOCUMENTS), 16)).astype(np.float32)
    with Store.create(tmp_path / "index", Manifest.of(encoder, max_tokens=32)) as store:
        store.engine.upsert(DOCUMENTS, rows / np.linalg.norm(rows, axis=1, keepdims=True))
    return tmp_path / "index"


def content(path: Path) -> tuple[dict[str, Document], dict[str, list[float]]]:
    with Store.open(path) as store:
        documents = {d.id: d for batch, _ in store.engine.scan(vectors=False) for d in batch}
        vectors = store.engine.vectors(list(documents))
        return documents, {id_: row.tolist() for id_, row in vectors.items()}


@pytest.mark.parametrize("name", ["all.parquet", "all.faiss"])
def test_there_and_back(index: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name.endswith("faiss"):
        pytest.importorskip("faiss")
    monkeypatch.setattr("univldr.transfer.formats.SCAN_SIZE", 7)  # several batches
    told: list[tuple[int, int, str]] = []
    assert dump(index, tmp_path / name, progress=lambda *at: told.append(at)) == 42
    assert told[-1] == (42, 42, "documents")
    assert load(tmp_path / name, tmp_path / "copy") == 42
    assert content(tmp_path / "copy") == content(index)
    old, new = Manifest.read(index), Manifest.read(tmp_path / "copy")
    assert (new.encoder, new.fingerprint, new.dim, new.max_tokens) == ("hash", old.fingerprint, 16, 32)
    assert set(new.modality_means or ()) == {"text", "image"}
    assert not list(tmp_path.glob("*.part"))


def test_what_a_load_that_was_interrupted_left_is_not_mixed_in(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump(index, tmp_path / "all.parquet")
    with Store.open(index) as store:
        store.engine.delete(["t3"])
    dump(index, tmp_path / "less.parquet")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("univldr.transfer.files.means.refresh", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path / "all.parquet", tmp_path / "new")
    assert load(tmp_path / "less.parquet", tmp_path / "new") == 41


def test_a_load_goes_on_where_it_was_killed_unless_the_file_is_another(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("univldr.transfer.formats.SCAN_SIZE", 7)
    monkeypatch.setattr("univldr.index.qdrant_calls.PAUSES", ())
    file = tmp_path / "all.parquet"
    dump(index, file)
    with fake_qdrant() as server:
        uri = f"{server.url}/docs"
        server.faults[:] = ["none"] * 12 + ["drop"] * 50
        with pytest.raises(StoreError, match="nobody answers"):
            load(file, uri)
        server.faults.clear()
        with pytest.raises(StoreError, match=r"only half filled, from \S+/all.parquet of "):
            open_index(uri)
        server.bodies.clear()
        assert load(file, uri) == 42
        sent = sum("vector" in point for body in server.bodies if body for point in _points(body))
        assert 0 < sent < 42
        assert dump(uri, tmp_path / "again.parquet") == 42
        assert load(tmp_path / "again.parquet", tmp_path / "copy") == 42
        assert content(tmp_path / "copy") == content(index)
        half = f"{server.url}/half"
        server.faults[:] = ["none"] * 12 + ["drop"] * 50
        with pytest.raises(StoreError, match="nobody answers"):
            load(file, half)
        server.faults.clear()
        os.utime(file, (1, 1))
        with pytest.raises(StoreError, match=r"half filled, from .*; run that univldr copy, load or encode"):
            load(file, half)


def _points(body: Any) -> list[Any]:
    return [point for point in body.get("points", []) if isinstance(point, dict)]


def test_parquet_is_a_corpus_of_records_and_a_plain_table(index: Path, tmp_path: Path) -> None:
    dump(index, tmp_path / "all.parquet")
    table = parquet.read_table(tmp_path / "all.parquet")
    assert table.schema.field("vector").type == pa.list_(pa.float32(), 16)
    assert json.loads(table.schema.metadata[b"univldr"])["encoder"] == "hash"
    corpus = open_corpus(tmp_path / "all.parquet", lambda text: [text])
    texts = {s.key: corpus.read(s) for s in corpus.scan().sources if not s.key.endswith(".png")}
    [apple] = texts["a#0"]
    assert (apple.text, apple.title) == ("An apple — or two.", "A")
    assert "vector" not in apple.metadata


def test_a_table_of_somebody_else(tmp_path: Path) -> None:
    rows = np.eye(3, 64, dtype=np.float32)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), 64)
    table = pa.table({"id": ["a", "b", "c"], "text": ["x", "y", None], "vector": vectors})
    parquet.write_table(table, tmp_path / "some.parquet")
    with pytest.raises(ConfigError, match=r"does not say which model .* --model"):
        load(tmp_path / "some.parquet", tmp_path / "new")
    assert load(tmp_path / "some.parquet", tmp_path / "new", model="hash") == 3
    documents, vectors = content(tmp_path / "new")
    assert documents["a"] == Document("a", Modality.TEXT, "x")
    parquet.write_table(table.set_column(2, "vector", pa.FixedSizeListArray.from_arrays(
        pa.array(2 * rows.ravel()), 64)), tmp_path / "long.parquet")  # fmt: skip
    with pytest.raises(StoreError, match="'a' has not length 1"):
        load(tmp_path / "long.parquet", tmp_path / "other", model="hash")
    with pytest.raises(StoreError, match="no index at"):
        Store.open(tmp_path / "other")  # a load that failed leaves nothing that looks like an index


def _other_dim(path: Path) -> None:
    table = parquet.read_table(path)
    fields = json.loads(table.schema.metadata[b"univldr"]) | {"dim": 17}
    parquet.write_table(table.replace_schema_metadata({b"univldr": json.dumps(fields)}), path)


@pytest.mark.parametrize(
    ("change", "model", "error", "message"),
    [
        (lambda path: None, "mini", ModelError, "are of model 'hash', not 'mini'"),
        (_other_dim, None, ModelError, "vectors of 16 dimensions; 'hash' makes 17"),
        (lambda path: path.write_bytes(b"PAR1 nothing"), None, StoreError, "not what univldr dump writes"),
        (lambda path: path.unlink(), None, StoreError, "no such file"),
    ],
)
def test_refused(
    index: Path, tmp_path: Path, change: Any, model: str | None, error: type[Exception], message: str
) -> None:
    dump(index, tmp_path / "all.parquet")
    change(tmp_path / "all.parquet")
    with pytest.raises(error, match=message):
        load(tmp_path / "all.parquet", tmp_path / "new", model=model)


def test_a_model_of_the_hub_is_meant_with_and_without_its_commit(index: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.parquet"
    dump(index, file)
    table = parquet.read_table(file)
    named = json.loads(table.schema.metadata[b"univldr"]) | {"encoder": "org/name@abc"}
    parquet.write_table(table.replace_schema_metadata({b"univldr": json.dumps(named)}), file)
    with pytest.raises(ModelError, match="are of model 'org/name@abc', not 'org/name@abd'"):
        load(file, tmp_path / "new", model="org/name@abd")
    assert load(file, tmp_path / "new", model="org/name")


def test_an_index_that_exists_and_an_ending_nobody_knows(index: Path, tmp_path: Path) -> None:
    dump(index, tmp_path / "all.parquet")
    with pytest.raises(StoreError, match="there already is an index"):
        load(tmp_path / "all.parquet", index)
    with pytest.raises(ConfigError, match=r'"\.csv" is neither \.parquet nor \.faiss'):
        dump(index, tmp_path / "all.csv")


def test_without_faiss(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("univldr.transfer.formats.require", _missing)
    with pytest.raises(MissingExtra, match=r'pip install "univldr\[faiss\]"'):
        dump(index, tmp_path / "all.faiss")


def _missing(module: str, *, extra: str, purpose: str) -> None:
    raise MissingExtra(module, extra, purpose)
