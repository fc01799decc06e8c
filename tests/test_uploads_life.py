"""The life of documents that came by themselves: updates, rebuilds and moves leave or take them along."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from univldr.cli import app
from univldr.corpus import Scan
from univldr.encoders.hash import HashEncoder
from univldr.encoders.settings import TextSettings
from univldr.errors import ConfigError, StoreError
from univldr.index import Manifest, Store, index_of
from univldr.pipeline import IndexReport, update
from univldr.pipeline.content import content_of
from univldr.pipeline.uploads import UploadsCorpus
from univldr.search import create
from univldr.search import open as open_index
from univldr.types import Document, Float32Array, Modality

SMALL = TextSettings(max_tokens=16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A note and a picture, indexed, and two uploads."""
    root = tmp_path / "stuff"
    root.mkdir()
    (root / "soup.txt").write_text("Onion soup needs an hour.")
    Image.new("RGB", (40, 30), "red").save(root / "barn.png")
    index(root)
    with open_index(root) as searcher:
        searcher.upsert([image("pot", "copper", "A copper pot"), text("7", "The invoice of May.")])
    return root


def index(root: Path, **options: object) -> IndexReport:
    return update(root, model="hash", **options)  # type: ignore[arg-type]


def rebuild(root: Path) -> IndexReport:
    return index(root, rebuild=True, texts=SMALL)


def png(colour: str) -> bytes:
    stream = BytesIO()
    Image.new("RGB", (8, 6), {"copper": "#b87333"}.get(colour, colour)).save(stream, "PNG")
    return stream.getvalue()


def image(id_: str, colour: str, caption: str = "") -> Document:
    return Document(id_, Modality.IMAGE, caption, png(colour))


def text(id_: str, words: str) -> Document:
    return Document(id_, Modality.TEXT, words)


FILES = {"soup.txt#0", "barn.png"}


def stored(directory: Path) -> dict[str, Document]:
    with Store.open(directory) as store:
        documents = [document for batch, _ in store.engine.scan(vectors=False) for document in batch]
        for document in documents:
            assert not isinstance(document.image, Path) or document.image.is_file()
        return {document.id: document for document in documents}


def test_an_update_leaves_uploads_alone(folder: Path) -> None:
    (folder / "soup.txt").unlink()
    report = index(folder)
    assert (report.removed, report.unchanged, report.encoded, report.documents) == (1, 1, 0, 3)
    assert stored(folder / ".univldr").keys() == {"barn.png", "pot", "7"}


def test_an_index_made_anew_takes_uploads_along(folder: Path) -> None:
    before = stored(folder / ".univldr")
    report = rebuild(folder)
    assert (report.added, report.documents, report.skipped) == (2, 4, [])
    assert Manifest.read(folder / ".univldr").max_tokens == 16
    assert Manifest.read(folder / ".univldr").corpora == (str(folder),)
    assert stored(folder / ".univldr") == before
    with open_index(folder) as searcher:
        assert searcher.delete(["pot"]) == 1
    assert rebuild(folder).documents == 3
    assert [entry.name for entry in (folder / ".univldr" / "uploads").iterdir()] == ["documents.sqlite"]


def test_an_index_that_broke_is_made_anew_with_its_uploads(folder: Path) -> None:
    before = stored(folder / ".univldr")
    shutil.rmtree(folder / ".univldr" / "shard")
    assert index(folder, rebuild=True).documents == 4
    (folder / ".univldr" / "manifest.json").unlink()
    assert index(folder).documents == 4
    assert stored(folder / ".univldr") == before


def test_uploads_while_the_index_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the old one, which answers; the new one has them, too, when it takes over, and less what went."""
    encode = HashEncoder.encode_documents
    todo = [["late"], ["pot"]]
    with open_index(folder) as old:

        def while_encoding(self: HashEncoder, documents: list[Document]) -> Float32Array:
            if {document.id for document in documents} & FILES and todo:
                todo.clear()
                old.upsert([image("late", "green"), text("7", "The invoice of June.")])
                assert old.delete(["pot"]) == 1
            return encode(self, documents)

        with monkeypatch.context() as patch:
            patch.setattr(HashEncoder, "encode_documents", while_encoding)
            report = rebuild(folder)
        assert todo == []
        assert report.documents == 4
        assert old.is_stale()
        for change in (lambda: old.upsert([text("lost", "x")]), lambda: old.delete(["7"])):
            with pytest.raises(StoreError, match="was made anew meanwhile; open it again"):
                change()
    now = stored(folder / ".univldr")
    assert now.keys() == {*FILES, "late", "7"}
    assert now["7"].text == "The invoice of June."


REBUILDER = """
import sys
from pathlib import Path
from univldr.encoders.settings import TextSettings
from univldr.pipeline import update
for tokens in (16, 17, 18):
    update(Path(sys.argv[1]), model="hash", rebuild=True, texts=TextSettings(max_tokens=tokens))
"""


def test_no_upload_is_lost_while_another_process_makes_the_index_anew(folder: Path) -> None:
    acknowledged: set[str] = set()
    with subprocess.Popen([sys.executable, "-c", REBUILDER, str(folder)]) as process:
        generations = set()
        while process.poll() is None:
            with open_index(folder) as searcher:
                generations.add(searcher.encoder.max_tokens)
                while process.poll() is None:
                    name = f"note {len(acknowledged)}"
                    try:
                        searcher.upsert([text(name, name)])
                    except StoreError:
                        assert searcher.is_stale()
                        break
                    acknowledged.add(name)
    assert process.returncode == 0
    assert len(generations) > 1
    assert acknowledged
    assert stored(folder / ".univldr").keys() == {*FILES, "pot", "7", *acknowledged}


@pytest.mark.parametrize("first", ["folder", "upload"])
def test_an_interrupted_rebuild_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    (tmp_path / "a.txt").write_text("apples")
    index(tmp_path)

    def upload() -> None:
        with open_index(tmp_path) as searcher:
            searcher.upsert([text("b", "bananas")])

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    if first == "upload":
        upload()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "publish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            rebuild(tmp_path)
    if first == "folder":
        upload()
    report = rebuild(tmp_path)
    assert (report.added, report.unchanged, report.documents) == (0, 1, 2)


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_folder_with_its_index_and_uploads_works_elsewhere(folder: Path, tmp_path: Path, how: str) -> None:
    other = tmp_path / "away" / "things"
    other.parent.mkdir()
    _ = folder.rename(other) if how == "moved" else shutil.copytree(folder, other)
    uploads = other / ".univldr" / "uploads"
    assert stored(other / ".univldr")["pot"].image in set(uploads.iterdir())
    assert index(other).documents == 4
    assert Manifest.read(other / ".univldr").roots == (str(other), str(uploads))
    with open_index(other) as searcher:
        searcher.delete(["pot"])
    assert not list(uploads.glob("*.png"))
    if how == "copied":
        assert stored(folder / ".univldr").keys() == {*FILES, "pot", "7"}


def test_an_index_of_uploads_alone_works_elsewhere(tmp_path: Path) -> None:
    with create(tmp_path / "one", model="hash") as searcher:
        searcher.upsert([image("pot", "copper")])
    (tmp_path / "one").rename(tmp_path / "two")
    [(_, pot)] = stored(tmp_path / "two").items()
    assert isinstance(pot.image, Path)
    assert pot.image.parent == tmp_path / "two" / "uploads"


def test_an_id_belongs_to_who_had_it_first(folder: Path) -> None:
    (folder / "pot").with_suffix(".png").write_bytes(png("blue"))
    with open_index(folder) as searcher:
        searcher.upsert([image("pot.png", "copper")])
    for again in (index, rebuild):
        report = again(folder)
        assert [skipped.reason for skipped in report.skipped] == [
            f"its id is taken by a document of pot.png in {folder / '.univldr' / 'uploads'}"
        ]
        assert stored(folder / ".univldr")["pot.png"].image != folder / "pot.png"
    with open_index(folder) as searcher:
        searcher.delete(["pot.png"])
    assert index(folder).skipped == []
    assert stored(folder / ".univldr")["pot.png"].image == folder / "pot.png"


def test_an_upload_whose_picture_is_away_comes_back_with_it(folder: Path, tmp_path: Path) -> None:
    away = tmp_path / "disk.png"
    away.write_bytes(png("blue"))
    with open_index(folder) as searcher:
        searcher.upsert([Document("away", Modality.IMAGE, image=away)])
    away.unlink()
    assert index(folder).documents == 5  # what is in the index stays
    report = rebuild(folder)
    assert ([skipped.key for skipped in report.skipped], report.documents) == (["away"], 4)
    assert [skipped.key for skipped in index(folder).skipped] == ["away"]
    away.write_bytes(png("blue"))
    assert index(folder).documents == 5


def test_pictures_of_an_index_inside_a_folder_are_no_files_of_it(folder: Path) -> None:
    inside = folder / "index"
    index(folder, index=inside)
    with open_index(inside) as searcher:
        searcher.upsert([image("pot", "copper")])
    assert index(folder, index=inside).skipped == []
    assert stored(inside).keys() == {*FILES, "pot"}


# --- an index that is open already ---


def test_an_update_of_an_open_index(folder: Path) -> None:
    (folder / "new.txt").write_text("new")
    with open_index(folder) as searcher, Store.open(create_empty(folder)) as other:
        store = searcher._store
        assert isinstance(store, Store)
        report = update(folder, store=store)
        assert (report.added, report.documents) == (1, 5)
        assert searcher.search("new", k=1)[0].document.id == "new.txt#0"
        assert update(folder, store=other, words=False).added == 3
        with pytest.raises(ConfigError, match="an index that is open cannot be made anew"):
            update(folder, store=store, rebuild=True)


def create_empty(folder: Path) -> Path:
    place = folder.parent / "other"
    create(place, model="hash").close()
    return place


def test_uploads_and_updates_at_once(folder: Path) -> None:
    errors: list[Exception] = []
    with open_index(folder) as searcher:
        store = searcher._store
        assert isinstance(store, Store)

        def work() -> None:
            try:
                for n in range(12):
                    searcher.upsert([text(f"u{n}", f"upload {n}"), image("pot", "copper", f"pot {n}")])
                    searcher.delete([f"u{n - 3}"])
            except Exception as error:  # noqa: BLE001 - all that a thread may raise
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        n = 0
        while thread.is_alive():
            (folder / f"{n}.txt").write_text(f"note {n}")
            update(folder, store=store)
            n += 1
        thread.join()
        assert errors == []
    expected = {*FILES, "pot", "7", "u9", "u10", "u11", *(f"{k}.txt#0" for k in range(n))}
    assert stored(folder / ".univldr").keys() == expected
    assert stored(folder / ".univldr")["pot"].text == "pot 11"


def test_an_upload_while_the_records_are_compared_is_not_taken_for_gone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = UploadsCorpus.scan
    with open_index(folder) as searcher:
        store = searcher._store
        assert isinstance(store, Store)
        thread = threading.Thread(target=searcher.upsert, args=[[text("late", "x")]])

        def while_another_puts(self: UploadsCorpus) -> Scan:
            found = scan(self)
            thread.start()
            thread.join(0.3)  # it waits, or is done
            return found

        monkeypatch.setattr(UploadsCorpus, "scan", while_another_puts)
        update(folder, store=store)
        thread.join()
        assert store.engine.get(["late"]) == [text("late", "x")]


def test_a_file_does_not_take_an_id_that_an_upload_got_meanwhile(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "new.txt").write_text("a file")
    todo = [text("new.txt#0", "an upload")]
    with open_index(folder) as searcher:
        store = searcher._store
        assert isinstance(store, Store)

        def content(document: Document) -> bytes | None:
            if todo:
                searcher.upsert([todo.pop()])
            return content_of(document)

        monkeypatch.setattr("univldr.pipeline.run.content_of", content)
        for _ in range(2):
            report = update(folder, store=store)
            assert [skipped.key for skipped in report.skipped] == ["new.txt#0"]
            assert store.engine.get(["new.txt#0"]) == [text("new.txt#0", "an upload")]
        searcher.delete(["new.txt#0"])
        assert update(folder, store=store).skipped == []
        assert store.engine.get(["new.txt#0"])[0].text == "a file"  # type: ignore[union-attr]


# --- what the commands say ---


def test_info_and_doctor_know_uploads(folder: Path) -> None:
    (folder / "new.txt").write_text("new")
    told = json.loads(CliRunner().invoke(app, ["info", str(folder), "--json"]).stdout)
    assert (told["documents"], told["uploads"], told["roots"]) == (4, 2, [str(folder)])
    examined = CliRunner().invoke(app, ["doctor", str(folder), "--json"]).stdout
    named = {finding["name"]: finding for finding in json.loads(examined)["findings"]}
    assert "missing corpus" not in named
    assert {key: named["out of date"][key] for key in ("came", "changed", "went")} == {
        "came": 1, "changed": 0, "went": 0
    }  # fmt: skip
    shutil.rmtree(index_of(folder) / "uploads")
    examined = CliRunner().invoke(app, ["doctor", str(folder), "--json"]).stdout
    [missing] = [f for f in json.loads(examined)["findings"] if f["name"] == "missing corpus"]
    assert "documents.sqlite is gone" in missing["says"]
    assert index(folder).documents == 5
