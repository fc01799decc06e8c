"""Each finding made to happen in an index that was healthy, and no finding in one that still is."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.doctor.conftest import COUNT, Examine, draw
from univldr.doctor import Examination, Finding, Level, examine, model
from univldr.doctor.look import Sample
from univldr.encoders.hash import HashEncoder
from univldr.encoders.settings import TextSettings
from univldr.errors import ModelError, StoreError
from univldr.index import Store
from univldr.index.edge import MIN_FREE_BYTES
from univldr.index.sources import Finished
from univldr.pipeline import update
from univldr.types import Document, Expansion, Float32Array, Modality

DIM = HashEncoder().dim


def names(examination: Examination) -> list[str]:
    """Of the findings, but for the one that every index of the fake has."""
    return [finding.name for finding in examination.findings if finding.name != "not calibrated"]


def the(examination: Examination, name: str) -> Finding:
    [finding] = [finding for finding in examination.findings if finding.name == name]
    return finding


def rows(count: int, length: float = 1.0) -> Float32Array:
    drawn = np.random.default_rng(0).normal(size=(count, DIM)).astype(np.float32)
    unit: Float32Array = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit * np.float32(length)


def change_manifest(folder: Path, **fields: Any) -> None:
    file = folder / ".univldr" / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_a_healthy_index(found: Examine) -> None:
    examination = found()
    assert names(examination) == []
    assert the(examination, "not calibrated").level is Level.NOTE
    assert examination.healthy
    assert examination.drift == {"encoded": 32, "lowest": 1.0, "mean": 1.0}
    assert (examination.documents, examination.images) == (2 * COUNT, COUNT)
    assert set(examination.gap) == {"plain", "centered"}
    json.dumps(examination.to_dict(), allow_nan=False)


def test_examining_changes_nothing(folder: Path, found: Examine) -> None:
    before = (folder / ".univldr" / "manifest.json").read_bytes()
    first = dataclasses.replace(found(), seconds=0, bytes=0)
    assert dataclasses.replace(found(), seconds=0, bytes=0) == first
    assert (folder / ".univldr" / "manifest.json").read_bytes() == before


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no index at"):
        examine(tmp_path)


def test_an_empty_index(tmp_path: Path) -> None:
    update(tmp_path, model="hash")
    examination = examine(tmp_path / ".univldr")
    assert (examination.documents, names(examination), examination.gap) == (0, [], {})


def test_files_that_came_changed_and_went(folder: Path, found: Examine) -> None:
    (folder / "note0.txt").unlink()
    (folder / "picture1.png").unlink()
    (folder / "picture1.png.txt").unlink()
    (folder / "note2.txt").write_text("another text altogether", encoding="utf-8")
    (folder / "new.txt").write_text("brand new", encoding="utf-8")
    examination = found()
    assert names(examination) == ["out of date"]  # a picture that went is not told twice
    finding = the(examination, "out of date")
    assert finding.figures == {"came": 1, "changed": 1, "went": 2}
    assert finding.examples == (
        "note0.txt (went)",
        "picture1.png (went)",
        "note2.txt (changed)",
        "new.txt (came)",
    )
    assert finding.remedy == f"univldr index {folder}"
    assert not examination.healthy
    update(folder)
    assert found().healthy


def test_the_command_names_an_index_that_lies_elsewhere(folder: Path, tmp_path: Path) -> None:
    update(folder, index=tmp_path / "apart", model="hash")
    (folder / "note0.txt").unlink()
    finding = the(examine(tmp_path / "apart"), "out of date")
    assert finding.remedy == f"univldr index {folder} --index {tmp_path / 'apart'}"


def test_a_corpus_that_is_gone(folder: Path, tmp_path: Path) -> None:
    update(folder, index=tmp_path / "apart", model="hash")
    shutil.rmtree(folder)
    examination = examine(tmp_path / "apart")
    assert names(examination) == ["missing corpus"]  # and not each of its files
    assert examination.findings[0].level is Level.BROKEN
    assert str(folder) in examination.findings[0].says


def test_a_run_that_was_interrupted(folder: Path, found: Examine) -> None:
    with Store.open(folder / ".univldr") as store:
        store.sources.begin(store.manifest.roots[0], {"note3.txt": ["note3.txt#0"]})
    assert the(found(), "unfinished").examples == ("note3.txt",)


def test_what_was_left_out_and_why(folder: Path, found: Examine) -> None:
    for name in ("broken.png", "broken-too.png"):
        (folder / name).write_bytes(b"no picture")
    update(folder)
    with Store.open(folder / ".univldr") as store:
        root = store.manifest.roots[0]
        [stamp] = [stamp for key, stamp in store.sources.stamps(root).items() if key == "note0.txt"]
        left = [("note0.txt", 'note0.txt: pip install "univldr[x]"')]
        store.sources.finish(root, [Finished("note0.txt", stamp, ["note0.txt"], left)])
    installable, broken = (one for one in found().findings if one.name == "left out")
    assert installable.remedy.startswith("install")
    assert installable.figures["skipped"] == 1
    assert broken.figures["skipped"] == 2
    assert len(broken.figures["reasons"]) == len(broken.examples) == 1
    assert "and 1 more: not a picture" in broken.examples[0]


def test_vectors_that_are_not_unit(folder: Path, found: Examine) -> None:
    with Store.open(folder / ".univldr") as store:
        ids = ["long#0", "short#0", "nothing#0"]
        documents = [Document(id_, Modality.TEXT, f"some words {id_}") for id_ in ids]
        store.engine.upsert(documents, np.concatenate([rows(1, 2), rows(1, 0.5), rows(1, 0)]))
    examination = found()
    assert the(examination, "crooked vectors").figures == {"documents": 2}
    assert set(the(examination, "crooked vectors").examples) == {"long#0", "short#0"}
    assert the(examination, "zero vectors").examples == ("nothing#0",)
    assert examination.findings[0].level is Level.BROKEN


def test_documents_without_words(folder: Path, found: Examine) -> None:
    with Store.open(folder / ".univldr") as store:
        store.engine.upsert([Document("blank", Modality.TEXT, "  ")], HashEncoder().encode_documents(
            [Document("blank", Modality.TEXT, "  ")]))  # fmt: skip
    assert the(found(), "empty documents").examples == ("blank",)


def test_pictures_whose_files_are_gone(folder: Path, found: Examine, tmp_path: Path) -> None:
    draw(tmp_path / "elsewhere.png", 99)
    picture = Document("elsewhere", Modality.IMAGE, "seen elsewhere", tmp_path / "elsewhere.png")
    with Store.open(folder / ".univldr") as store:
        store.engine.upsert([picture], HashEncoder().encode_documents([picture]))
    assert names(found()) == []
    (tmp_path / "elsewhere.png").unlink()
    assert the(found(), "missing pictures").examples == ("elsewhere",)


def test_another_model(folder: Path, found: Examine) -> None:
    change_manifest(folder, fingerprint="hash-0-64")
    examination = found()
    assert names(examination) == ["other model"]
    assert examination.findings[0].level is Level.BROKEN
    assert "fingerprint hash-1-64, not hash-0-64" in examination.findings[0].says
    assert f"univldr index --rebuild {folder}" in examination.findings[0].remedy


def test_no_model(folder: Path, found: Examine) -> None:
    change_manifest(folder, encoder="hush")
    examination = found()
    assert names(examination) == ["missing model"]
    assert "did you mean 'hash'?" in examination.findings[0].says
    assert examination.gap["plain"]["probes"] is None


def test_a_model_that_breaks(folder: Path, found: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: HashEncoder, documents: object) -> Float32Array:
        raise ModelError("the graph fails")

    monkeypatch.setattr(HashEncoder, "encode_documents", broken)
    finding = the(found(), "missing model")
    assert "the graph fails" in finding.says


def test_vectors_that_the_model_would_not_give(folder: Path, found: Examine) -> None:
    with Store.open(folder / ".univldr") as store:
        documents = [one for some, _ in store.engine.scan() for one in some]
        store.engine.upsert(documents, rows(len(documents)))
    examination = found()
    assert the(examination, "score drift").figures["encoded"] == 32
    assert the(examination, "score drift").figures["differ"] == 32
    assert the(examination, "score drift").figures["lowest"] < 0.5


def test_what_changed_since_is_no_drift(folder: Path, found: Examine) -> None:
    for number in range(COUNT):
        draw(folder / f"picture{number}.png", 100 + number)
    assert names(found()) == ["out of date"]


def test_a_picture_that_cannot_be_encoded_is_no_drift(tmp_path: Path) -> None:
    documents = [
        Document("gone", Modality.IMAGE, "", tmp_path / "gone.png"),
        Document("a", Modality.TEXT, "a b"),
    ]
    look = Sample(2, DIM)
    look.add(documents, np.concatenate([rows(1), HashEncoder().encode_documents(documents[1:])]))
    drift = model.drift(look, HashEncoder(), ())
    assert drift.ids == ["a"]
    assert model.drift_findings(drift, tmp_path) == []


def test_texts_that_are_too_long(folder: Path, found: Examine) -> None:
    long = [
        Document(f"long{n}", Modality.TEXT, f"document{n} " + " ".join(f"w{n}-{i}" for i in range(500)))
        for n in range(3)
    ]
    with Store.open(folder / ".univldr") as store:
        store.engine.upsert(long, HashEncoder().encode_documents(long))
    finding = the(found(), "truncated")
    assert finding.level is Level.POOR
    assert finding.figures["truncated"] == 3
    assert finding.figures["lost"] == pytest.approx(1 - 256 / 1001, abs=1e-4)


def test_generated_words_that_did_not_fit(tmp_path: Path) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    (folder / "note.txt").write_text("some words", encoding="utf-8")
    update(folder, model="hash", texts=TextSettings(max_tokens=8))
    draw(tmp_path / "p.png", 0)
    words = (Expansion("three more words"), Expansion("and these do not fit any more"))
    picture = Document("p", Modality.IMAGE, "a caption", tmp_path / "p.png", expansions=words)
    encoder = HashEncoder(texts=TextSettings(max_tokens=8))
    with Store.open(folder / ".univldr") as store:
        store.engine.upsert([picture], encoder.encode_documents([picture]))
    finding = the(examine(folder / ".univldr"), "dropped words")
    assert finding.figures == {"dropped": 1, "generated": 2}
    assert finding.examples == ("p",)


def test_copies_of_texts_and_of_pictures(folder: Path, found: Examine) -> None:
    shutil.copy(folder / "note1.txt", folder / "note1-copy.txt")
    shutil.copy(folder / "note1.txt", folder / "note1-again.txt")
    shutil.copy(folder / "picture2.png", folder / "picture2-copy.png")
    shutil.copy(folder / "picture2.png.txt", folder / "picture2-copy.png.txt")
    update(folder)
    examination = found()
    assert examination.healthy  # nothing needs to be done about them
    texts = the(examination, "repeated passages")
    assert texts.figures == {"copies": 2}
    assert set(texts.examples[0].split(" = ")) == {"note1.txt#0", "note1-copy.txt#0", "note1-again.txt#0"}
    pictures = the(examination, "copied pictures")
    assert pictures.figures == {"copies": 2, "same": 2, "compared": COUNT + 1}
    assert "picture2-copy.png" in pictures.examples[0]
    assert "(1.000)" in pictures.examples[0]


def test_a_smaller_copy_of_a_picture_and_another_picture_with_the_same_caption(
    folder: Path, found: Examine
) -> None:
    caption = " ".join(f"word{n}" for n in range(40))
    with Image.open(folder / "picture2.png") as picture:
        picture.convert("RGB").resize((48, 48)).save(folder / "smaller.jpg")
    for name in ("picture2.png", "smaller.jpg", "picture3.png"):
        (folder / f"{name}.txt").write_text(caption, encoding="utf-8")
    update(folder)
    pictures = the(found(), "copied pictures")
    assert pictures.figures == {"copies": 2, "same": 0, "compared": COUNT + 1}
    assert {"picture2.png", "smaller.jpg"} < set(pictures.examples[0].split())


def test_documents_that_the_engine_lost(folder: Path, found: Examine) -> None:
    with Store.open(folder / ".univldr") as store:
        store.engine.delete(["note0.txt#0", "note1.txt#0"])
    assert the(found(), "lost documents").figures == {"documents": 2}
    update(folder, rebuild=True, model="hash")
    assert names(found()) == []


def test_a_full_disk(found: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    little = type(usage)(usage.total, usage.used, MIN_FREE_BYTES)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: little)
    assert the(found(), "little space").figures["free"] == MIN_FREE_BYTES


def test_worst_first(folder: Path, found: Examine) -> None:
    change_manifest(folder, fingerprint="hash-0-64")
    (folder / "note0.txt").unlink()
    shutil.copy(folder / "note1.txt", folder / "note1-copy.txt")
    levels = [finding.level for finding in found().findings]
    assert levels == sorted(levels)
    assert levels[0] is Level.BROKEN
