"""The means of an index: taken, kept, taken anew; and the distances that hold at every moment."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from univldr.centering import modality_means
from univldr.encoders.hash import HashEncoder
from univldr.index import Manifest, Store
from univldr.index.means import admit, means_of, refresh
from univldr.pipeline import update
from univldr.types import Document, Float32Array, Modality

DIM = 8


def documents(modality: Modality, numbers: Sequence[int]) -> list[Document]:
    image = Path("p.png") if modality is Modality.IMAGE else None
    return [Document(f"{modality.value}{n}", modality, "words", image) for n in numbers]


def rows(count: int, seed: int) -> Float32Array:
    drawn = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32) + 1
    unit: Float32Array = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def put(store: Store, modality: Modality, numbers: Sequence[int], vectors: Float32Array) -> int:
    """As a run does it; returns how many changed."""
    some = documents(modality, numbers)
    admit(store, some, vectors)
    store.engine.upsert(some, vectors)
    return len(some)


def everything(store: Store) -> tuple[Float32Array, np.ndarray]:
    scanned = list(store.engine.scan())
    kinds = [int(d.modality is Modality.IMAGE) for some, _ in scanned for d in some]
    return np.concatenate([vectors for _, vectors in scanned]), np.array(kinds, np.uint8)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "index", Manifest.of(HashEncoder(DIM)))


def assert_bounds(store: Store) -> None:
    """No stored document is nearer to its mean than the manifest says."""
    means = means_of(Manifest.read(store.path))
    assert means is not None
    vectors, kinds = everything(store)
    for modality, mean in ((Modality.TEXT, means.text), (Modality.IMAGE, means.image)):
        if mean is not None:
            own = vectors[kinds == (modality is Modality.IMAGE)]
            assert means.nearest[modality] <= np.linalg.norm(own - mean, axis=1).min()


def test_none_before_they_are_taken(store: Store) -> None:
    assert means_of(store.manifest) is None
    refresh(store, 0)
    assert means_of(store.manifest) is None
    assert Manifest.read(store.path).modality_counts == {}


def test_they_are_those_of_the_vectors(store: Store) -> None:
    changed = put(store, Modality.TEXT, range(30), rows(30, 0)) + put(
        store, Modality.IMAGE, range(20), rows(20, 1)
    )
    told: list[tuple[int, int, str]] = []
    refresh(store, changed, lambda *said: told.append(said))
    manifest = Manifest.read(store.path)
    means = means_of(manifest)
    assert means is not None
    expected = modality_means(*everything(store))
    assert means.text is not None
    assert means.image is not None
    np.testing.assert_allclose(means.text, expected[0], atol=1e-7)
    np.testing.assert_allclose(means.image, expected[1], atol=1e-7)
    assert manifest.modality_counts == {"text": 30, "image": 20}
    nearest = np.linalg.norm(rows(30, 0) - expected[0], axis=1).min()
    assert means.nearest[Modality.TEXT] == pytest.approx(nearest, rel=1e-4)
    assert_bounds(store)
    assert told[-1] == (100, 100, "taking means")


def test_a_row_of_zeros_counts_in_no_mean(store: Store) -> None:
    vectors = rows(5, 0)
    vectors[2] = 0
    refresh(store, put(store, Modality.TEXT, range(5), vectors))
    means = means_of(store.manifest)
    assert means is not None
    assert means.text is not None
    np.testing.assert_allclose(means.text, vectors.sum(axis=0) / 4, atol=1e-7)
    assert means.image is None
    assert means.nearest[Modality.IMAGE] == 0
    assert_bounds(store)


def test_few_changes_keep_them_and_the_distances_stay_right(store: Store) -> None:
    refresh(store, put(store, Modality.TEXT, range(100), rows(100, 0)))
    before = store.manifest
    mean = np.array(before.modality_means["text"], np.float32)  # type: ignore[index]
    near = (mean / np.linalg.norm(mean))[None].astype(np.float32)
    changed = put(store, Modality.TEXT, [100], near)
    assert_bounds(store)  # already before the run is over
    refresh(store, changed)
    assert store.manifest.modality_means == before.modality_means
    assert store.manifest.modality_nearest["text"] < before.modality_nearest["text"]
    assert Manifest.read(store.path).changed_since_means == 1


def test_many_small_changes_add_up(store: Store) -> None:
    refresh(store, put(store, Modality.TEXT, range(100), rows(100, 0)))
    before = store.manifest.modality_means
    for turn in range(5):  # overwritten: the count says nothing
        refresh(store, put(store, Modality.TEXT, [turn], rows(1, 10 + turn)))
        assert store.manifest.modality_means == before
    refresh(store, put(store, Modality.TEXT, [5], rows(1, 20)))
    assert store.manifest.modality_means != before
    assert store.manifest.changed_since_means == 0


def test_a_killed_run_that_noted_nothing_is_noticed(store: Store) -> None:
    refresh(store, put(store, Modality.TEXT, range(100), rows(100, 0)))
    put(store, Modality.TEXT, range(100, 120), rows(20, 1))
    assert_bounds(store)
    refresh(store, 0)
    assert store.manifest.modality_counts == {"text": 120}


def test_the_first_pictures_get_a_mean(store: Store) -> None:
    refresh(store, put(store, Modality.TEXT, range(100), rows(100, 0)))
    refresh(store, put(store, Modality.IMAGE, [0], rows(1, 1)))
    means = means_of(store.manifest)
    assert means is not None
    assert means.image is not None
    assert means.nearest[Modality.IMAGE] == pytest.approx(0, abs=1e-6)


def test_an_emptied_index_has_none(store: Store) -> None:
    refresh(store, put(store, Modality.TEXT, range(3), rows(3, 0)))
    store.engine.delete([f"text{n}" for n in range(3)])
    refresh(store, 3)
    assert means_of(Manifest.read(store.path)) is None


def test_an_update_takes_them(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a violin has strings", encoding="utf-8")
    update(tmp_path, model="hash")
    first = Manifest.read(tmp_path / ".univldr")
    assert first.modality_counts == {"text": 1}
    (tmp_path / "b.txt").write_text("a rocket burns fuel", encoding="utf-8")
    update(tmp_path)
    second = Manifest.read(tmp_path / ".univldr")
    assert second.modality_counts == {"text": 2}
    (tmp_path / "b.txt").unlink()
    update(tmp_path)
    assert Manifest.read(tmp_path / ".univldr").modality_means == first.modality_means


def test_an_index_of_before_gets_them_with_the_next_update(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a violin has strings", encoding="utf-8")
    update(tmp_path, model="hash")
    file = tmp_path / ".univldr" / "manifest.json"
    fields = json.loads(file.read_text())
    known = {name: value for name, value in fields.items() if "modality" not in name and "means" not in name}
    file.write_text(json.dumps(known))
    assert means_of(Manifest.read(tmp_path / ".univldr")) is None
    update(tmp_path)
    assert dataclasses.asdict(Manifest.read(tmp_path / ".univldr"))["modality_counts"] == {"text": 1}
