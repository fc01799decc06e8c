"""The life of an index: what moved is not encoded again, what is made anew takes over in one step."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from univldr.encoders.hash import HashEncoder
from univldr.encoders.settings import TextSettings
from univldr.errors import StoreError
from univldr.index import Manifest, Store, exists, index_of
from univldr.index.edge import EdgeIndex
from univldr.index.sources import Sources
from univldr.pipeline import IndexReport, update
from univldr.search import open as open_index
from univldr.types import Document, Float32Array


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two notes, a picture with a caption and one without."""
    root = tmp_path / "stuff"
    (root / "trips").mkdir(parents=True)
    (root / "soup.txt").write_text("Onion soup needs an hour.")
    (root / "trips" / "sea.md").write_text("# The sea\n\nWe saw a grey sea.")
    Image.new("RGB", (40, 30), "red").save(root / "barn.png")
    (root / "barn.png.txt").write_text("A red barn in a field.")
    Image.new("RGB", (40, 30), "blue").save(root / "trips" / "sky.png")
    return root


def index(root: Path, **options: object) -> IndexReport:
    return update(root, model="hash", **options)  # type: ignore[arg-type]


def counts(report: IndexReport) -> tuple[int, int, int, int, int, int]:
    """(added, updated, renamed, removed, unchanged, encoded)."""
    return (
        report.added, report.updated, report.renamed, report.removed, report.unchanged, report.encoded
    )  # fmt: skip


def paths(root: Path, words: str, **options: Path) -> list[str]:
    with open_index(options.get("index", root)) as searcher:
        return [str(hit.document.metadata["path"]) for hit in searcher.search(words, k=10)]


def stored_paths(index: Path) -> set[str]:
    with Store.open(index) as store:
        documents = [document for batch, _ in store.engine.scan(vectors=False) for document in batch]
        assert all(str(d.metadata["path"]) == str(d.image) for d in documents if d.image)
        return {document.metadata["path"] for document in documents}


def rows(root: Path) -> dict[str, list[float]]:
    with Store.open(index_of(root)) as store:
        ids = [document.id for batch, _ in store.engine.scan(vectors=False) for document in batch]
        return {id_: row.tolist() for id_, row in store.engine.vectors(ids).items()}


def expected(root: Path, tmp_path: Path) -> dict[str, list[float]]:
    """The vectors of an index made from nothing."""
    fresh = tmp_path / "fresh"
    update(root, index=fresh, model="hash")
    return rows(fresh)


def test_a_renamed_file_is_not_encoded_again(folder: Path, tmp_path: Path) -> None:
    assert counts(index(folder)) == (4, 0, 0, 0, 0, 4)
    (folder / "barn.png").rename(folder / "trips" / "old barn.png")
    (folder / "barn.png.txt").rename(folder / "trips" / "old barn.png.txt")
    (folder / "soup.txt").rename(folder / "onions.txt")
    assert counts(index(folder)) == (0, 0, 2, 0, 2, 0)
    with Store.open(index_of(folder)) as store:
        barn, soup, gone = store.engine.get(["trips/old barn.png", "onions.txt#0", "soup.txt#0"])
        assert barn is not None
        assert (barn.title, barn.text) == ("old barn", "A red barn in a field.")
        assert barn.metadata["path"] == str(barn.image) == str(folder / "trips" / "old barn.png")
        assert soup is not None
        assert gone is None
    assert rows(folder) == expected(folder, tmp_path)
    assert index(folder).unchanged == 4


def test_a_renamed_folder_a_touched_file_and_a_copy(folder: Path) -> None:
    index(folder)
    (folder / "trips").rename(folder / "travels")
    os.utime(folder / "soup.txt")
    shutil.copyfile(folder / "barn.png", folder / "copy.png")
    shutil.copyfile(folder / "barn.png.txt", folder / "copy.png.txt")
    assert counts(index(folder)) == (1, 1, 2, 0, 1, 0)


def test_a_new_caption_is_encoded_and_so_is_a_picture_that_lost_it(folder: Path, tmp_path: Path) -> None:
    index(folder)
    (folder / "barn.png").rename(folder / "shed.png")
    (folder / "barn.png.txt").unlink()
    assert counts(index(folder)) == (1, 0, 0, 1, 3, 1)
    (folder / "shed.png.txt").write_text("A red shed.")
    assert counts(index(folder))[1::4] == (1, 1)
    assert rows(folder) == expected(folder, tmp_path)


def test_of_an_edited_text_only_new_passages_are_encoded(folder: Path, tmp_path: Path) -> None:
    words = {n: " ".join([f"Passage {n} tells."] + [f"word{n}-{k}" for k in range(180)]) for n in range(9)}
    note = folder / "long.md"
    note.write_text("\n\n".join(f"# {n}\n\n{text}." for n, text in words.items()))
    made = index(folder).documents - 4
    assert made > 8
    note.write_text("\n\n".join(f"# {n}\n\n{text}." for n, text in [(99, "New."), *words.items()]))
    report = index(folder)
    assert (report.encoded, report.updated) == (1, 1)
    assert rows(folder) == expected(folder, tmp_path)


def test_exchanged_names_get_each_others_vectors(folder: Path, tmp_path: Path) -> None:
    (folder / "cake.txt").write_text("Cake is sweet.")
    index(folder)
    (folder / "cake.txt").rename(folder / "x")
    (folder / "soup.txt").rename(folder / "cake.txt")
    (folder / "x").rename(folder / "soup.txt")
    assert counts(index(folder)) == (0, 2, 0, 0, 3, 0)
    assert rows(folder) == expected(folder, tmp_path)


def test_vectors_of_an_unfinished_batch_are_not_taken_for_others(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the engine, before the sources: a.txt has its new vector under its old contents."""
    (folder / "a.txt").write_text("apples")
    index(folder)
    (folder / "a.txt").write_text("something else")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("univldr.index.sources.Sources.finish", killed)
        with pytest.raises(KeyboardInterrupt):
            index(folder)
    (folder / "b.txt").write_text("apples")
    index(folder)
    assert rows(folder) == expected(folder, tmp_path)


@pytest.mark.parametrize("how", ["moved", "copied", "copied-with-new-times"])
def test_a_folder_with_its_index_works_elsewhere(folder: Path, tmp_path: Path, how: str) -> None:
    index(folder)
    other = tmp_path / "away" / "things"
    if how == "moved":
        other.parent.mkdir()
        folder.rename(other)
    else:
        shutil.copytree(folder, other, copy_function=shutil.copy2 if how == "copied" else shutil.copyfile)
    if how == "copied-with-new-times":
        for file in other.rglob("*.*"):
            os.utime(file, (1e9, 1e9))
    assert stored_paths(other / ".univldr") == {
        str(other / key) for key in ("soup.txt", "trips/sea.md", "barn.png", "trips/sky.png")
    }
    assert paths(other, "red barn")[0] == str(other / "barn.png")
    changed = 4 if how == "copied-with-new-times" else 0
    assert counts(index(other)) == (0, changed, 0, 0, 4 - changed, 0)
    assert Manifest.read(other / ".univldr").roots == (str(other),)
    if how != "moved":  # the original is none the worse
        assert counts(index(folder)) == (0, 0, 0, 0, 4, 0)
        assert paths(folder, "red barn")[0] == str(folder / "barn.png")


@pytest.mark.parametrize("step", ["upsert", "sources.move", "change"])
def test_a_move_that_is_interrupted_is_made_up_for(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    index(folder)
    moved = folder.rename(tmp_path / "moved")
    with monkeypatch.context() as patch:
        patch.setattr("univldr.index.places.SCAN_SIZE", 1)
        upsert = EdgeIndex.upsert
        calls: list[bool] = []

        def second(*arguments: object) -> None:
            calls.append(True)
            if len(calls) == 2:
                raise KeyboardInterrupt
            upsert(*arguments)  # type: ignore[arg-type]

        if step == "upsert":
            patch.setattr(EdgeIndex, "upsert", second)
        else:
            owner = Sources if step == "sources.move" else Store
            patch.setattr(owner, step.rpartition(".")[2], interrupted)
        with pytest.raises(KeyboardInterrupt):
            Store.open(moved / ".univldr")
    assert counts(index(moved)) == (0, 0, 0, 0, 4, 0)
    assert all(path.startswith(f"{moved}/") for path in stored_paths(moved / ".univldr"))


def test_an_index_elsewhere_follows_its_folder(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "indexes" / "one"
    update(folder, index=place, model="hash")
    moved = folder.rename(tmp_path / "moved")
    (moved / "new.txt").write_text("new")
    assert counts(update(moved, index=place)) == (1, 0, 0, 0, 4, 1)
    assert stored_paths(place) == {str(path) for path in moved.rglob("*.*") if path.suffix != ".txt"} | {
        str(moved / "soup.txt"), str(moved / "new.txt")
    }  # fmt: skip


def test_another_folder_is_no_successor_of_one_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    """Its disk may only not be mounted."""
    place = tmp_path / "index"
    update(folder, index=place, model="hash")
    folder.rename(tmp_path / "unmounted")
    other = tmp_path / "other"
    other.mkdir()
    (other / "cake.txt").write_text("Cake.")
    assert update(other, index=place).documents == 5
    assert Manifest.read(place).roots == (str(folder), str(other))


def test_an_index_of_records_beside_its_file_moves_with_it(folder: Path, tmp_path: Path) -> None:
    (folder / "docs.jsonl").write_text(
        json.dumps({"id": "barn", "image": "barn.png", "caption": "A barn", "path": "shelf 3"})
    )
    index(folder / "docs.jsonl")
    moved = folder.rename(tmp_path / "moved")
    assert counts(index(moved / "docs.jsonl")) == (0, 0, 0, 0, 1, 0)
    with Store.open(index_of(moved / "docs.jsonl")) as store:
        [barn] = store.engine.get(["barn"])
        assert barn is not None
        assert (barn.image, barn.metadata["path"]) == (moved / "barn.png", "shelf 3")


def test_the_same_folder_by_another_name(folder: Path, tmp_path: Path) -> None:
    index(folder)
    (tmp_path / "link").symlink_to(folder)
    assert counts(index(tmp_path / "link")) == (0, 0, 0, 0, 4, 0)
    assert Manifest.read(folder / ".univldr").roots == (str(folder),)


def test_an_index_of_the_second_format(folder: Path, tmp_path: Path) -> None:
    """It has no contents, place or generation; it works on, also where it moved, and learns contents."""
    index(folder)
    as_format_2(folder / ".univldr")
    moved = folder.rename(tmp_path / "moved")
    assert counts(index(moved)) == (0, 0, 0, 0, 4, 0)
    assert Manifest.read(moved / ".univldr").format == 3
    (moved / "soup.txt").rename(moved / "stew.txt")
    assert counts(index(moved)) == (1, 0, 0, 1, 3, 1)
    (moved / "stew.txt").rename(moved / "soup.txt")
    assert counts(index(moved)) == (0, 0, 1, 0, 3, 0)


def as_format_2(directory: Path) -> None:
    with Store.open(directory) as store:
        store.sources._connection.executescript(
            "DROP INDEX documents_by_content; ALTER TABLE documents DROP COLUMN content"
        )
    manifest = json.loads((directory / "manifest.json").read_text())
    del manifest["place"], manifest["generation"]
    (directory / "manifest.json").write_text(json.dumps(manifest | {"format": 2}))


def test_a_folder_with_a_manifest_of_its_own_is_no_index(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"name": "a web page"}')
    assert index_of(folder) == folder / ".univldr"
    assert not exists(folder)
    assert index(folder).added == 4


# --- made anew, while the old one answers ---

SMALL = TextSettings(max_tokens=16)


def rebuild(root: Path) -> IndexReport:
    return update(root, model="hash", rebuild=True, texts=SMALL)


def names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def test_the_old_index_answers_until_the_new_one_takes_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(folder)
    directory = folder / ".univldr"
    encode = HashEncoder.encode_documents
    seen: list[str] = []

    def while_encoding(self: HashEncoder, documents: list[Document]) -> Float32Array:
        seen.extend(paths(folder, "red barn")[:1])
        assert Manifest.read(directory).max_tokens == 0
        return encode(self, documents)

    with monkeypatch.context() as patch:
        patch.setattr(HashEncoder, "encode_documents", while_encoding)
        assert counts(rebuild(folder)) == (4, 0, 0, 0, 0, 4)
    assert seen == [str(folder / "barn.png")]
    assert Manifest.read(directory).max_tokens == 16
    assert names(directory) == ["lock-1", "manifest.json", "manifest.lock", "shard-1", "sources-1.sqlite"]
    assert counts(update(folder)) == (0, 0, 0, 0, 4, 0)
    assert rebuild(folder).added == 4
    assert "shard-2" in names(directory)


def test_who_has_the_old_index_open_keeps_it_and_can_tell(folder: Path) -> None:
    index(folder)
    directory = folder / ".univldr"
    with Store.open(directory) as store:
        assert not store.is_stale()
        rebuild(folder)
        assert store.is_stale()
        assert store.engine.count() == 4
        assert "shard" in names(directory)
        with pytest.raises(StoreError, match="was made anew meanwhile"):
            store.change(roots=())
        with Store.open(directory) as new:
            assert not new.is_stale()
            assert new.engine.count() == 4
            assert "shard" in names(directory)
    assert len(Manifest.read(directory).roots) == 1
    Store.open(directory).close()
    assert "shard" not in names(directory)


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def begin_rebuild(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All documents are stored, then it is interrupted."""
    with monkeypatch.context() as patch:
        patch.setattr("univldr.pipeline.run.means.refresh", interrupted)
        with pytest.raises(KeyboardInterrupt):
            rebuild(folder)


def test_an_interrupted_rebuild_goes_on_or_is_cleared_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(folder)
    directory = folder / ".univldr"
    begin_rebuild(folder, monkeypatch)
    assert Manifest.read(directory).max_tokens == 0
    assert paths(folder, "red barn")[0] == str(folder / "barn.png")
    (folder / "new.txt").write_text("new")
    assert counts(index(folder)) == (1, 0, 0, 0, 4, 1)
    assert "manifest-1.json" in names(directory)
    assert counts(rebuild(folder)) == (1, 0, 0, 0, 4, 1)
    assert Manifest.read(directory).max_tokens == 16
    begin_rebuild(folder, monkeypatch)
    assert counts(index(folder, rebuild=True)) == (5, 0, 0, 0, 0, 5)
    assert names(directory) == ["lock-2", "manifest.json", "manifest.lock", "shard-2", "sources-2.sqlite"]


def test_a_rebuild_of_another_folder_begins_anew(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(folder, index=tmp_path / "one", model="hash")
    with monkeypatch.context() as patch:
        patch.setattr("univldr.pipeline.run.means.refresh", interrupted)
        with pytest.raises(KeyboardInterrupt):
            update(folder, index=tmp_path / "one", model="hash", rebuild=True)
    report = update(folder / "trips", index=tmp_path / "one", model="hash", rebuild=True)
    assert report.documents == 2
    assert Manifest.read(tmp_path / "one").roots == (str(folder / "trips"),)


def test_two_cannot_rebuild_at_once(folder: Path) -> None:
    index(folder)
    new = Manifest.of(HashEncoder(8))
    with Store.rebuild(folder / ".univldr", new), pytest.raises(StoreError, match="is in use by"):
        Store.rebuild(folder / ".univldr", new, wait=0.1)


REBUILDER = """
import sys
from pathlib import Path
from univldr.encoders.settings import TextSettings
from univldr.pipeline import update
for tokens in map(int, sys.argv[2:]):
    texts = TextSettings(max_tokens=tokens)
    told = lambda *_: print("step", flush=True)
    update(Path(sys.argv[1]), model="hash", rebuild=True, texts=texts, progress=told)
"""


def rebuilder(folder: Path, *tokens: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", REBUILDER, str(folder), *map(str, tokens)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_no_search_fails_while_another_process_makes_the_index_anew(folder: Path) -> None:
    for n in range(60):
        (folder / f"{n}.txt").write_text(f"note {n}")
    index(folder)
    seen = set()
    with rebuilder(folder, 16, 17, 18) as process:
        while process.poll() is None:
            with open_index(folder) as searcher:
                [hit] = list(searcher.search("red barn", k=1))
                assert hit.document.id == "barn.png"
                seen.add(searcher.encoder.max_tokens)
    assert process.returncode == 0
    assert len(seen) > 1
    assert Manifest.read(folder / ".univldr").max_tokens == 18


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_rebuild_leaves_an_index_that_answers(folder: Path) -> None:
    for n in range(300):
        (folder / f"{n}.txt").write_text(f"note {n}")
    index(folder)
    chance = random.Random(0)
    for steps in (1, 2, 4, 3, 5):
        with rebuilder(folder, 16) as process:
            assert process.stdout
            for _ in range(steps):
                process.stdout.readline()
            time.sleep(chance.random() * 0.02)
            process.send_signal(signal.SIGKILL)
        assert paths(folder, "red barn")[0] == str(folder / "barn.png")
        with Store.open(folder / ".univldr") as store:
            assert store.engine.count() == 304
    assert rebuild(folder).documents == 304
    assert len(names(folder / ".univldr")) == 5
