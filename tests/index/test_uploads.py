"""Documents that come by themselves: stored, kept through crashes, refused where they are another's."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
from collections import namedtuple
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from univldr.encoders.hash import HashEncoder
from univldr.errors import CorpusError, ImageError, StoreError
from univldr.index import Manifest, Store, means
from univldr.index.sources import Finished
from univldr.index.uploads import Uploads, picture_name
from univldr.pipeline import catch_up
from univldr.search import Searcher
from univldr.types import Document, Expansion, Modality

ENCODER = HashEncoder(16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty index."""
    Store.create(tmp_path / "index", Manifest.of(ENCODER)).close()
    return tmp_path / "index"


def picture(colour: str, format: str = "PNG") -> bytes:
    stream = BytesIO()
    Image.new("RGB", (8, 6), colour).save(stream, format)
    return stream.getvalue()


def text(id_: str, words: str = "words") -> Document:
    return Document(id_, Modality.TEXT, words)


def image(id_: str, pixels: bytes | Path, caption: str = "") -> Document:
    return Document(id_, Modality.IMAGE, caption, pixels)


def put(store: Store, *documents: Document) -> None:
    Searcher(ENCODER, store.engine, store=store).upsert(documents)


def files(index: Path) -> set[str]:
    """The pictures that are kept."""
    directory = index / "uploads"
    names = {entry.name for entry in directory.iterdir()} if directory.exists() else set()
    return {name for name in names if not name.startswith("documents.sqlite")}


def state(store: Store) -> tuple[set[str], set[str], set[str]]:
    """What engine, records and sources hold."""
    stored = {document.id for batch, _ in store.engine.scan(vectors=False) for document in batch}
    return stored, set(store.uploads.stamps()), set(store.sources.all_ids(store.manifest.uploads))


def test_what_was_put_is_there_again(path: Path) -> None:
    words = (Expansion("a barn", "caption", 0.5), Expansion("red"))
    given = Document("a", Modality.IMAGE, "A barn", picture("red"), "Barn", words, {"year": 2020})
    with Store.open(path) as store:
        assert not (path / "uploads").exists()
        put(store, given, text("b"))
    with Store.open(path) as store:
        assert state(store) == ({"a", "b"},) * 3
        [found] = store.engine.get(["a"])
        assert found is not None
        assert found.image == path / "uploads" / picture_name(picture("red"))
        assert found.image.read_bytes() == picture("red")
        assert store.uploads.get("a") == (store.uploads.stamps()["a"], found)
        assert (found.title, found.expansions, found.metadata) == ("Barn", words, {"year": 2020})
        assert store.manifest.roots == (str(path / "uploads"),)
        assert store.manifest.corpora == ()
        assert store.ids_of(store.manifest.uploads, ["a", "c"]) == ["a"]
        assert catch_up(store, lambda: ENCODER).encoded == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("format", "suffix"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif"), ("GIF", "gif")]
)
def test_a_kept_picture_is_named_by_what_it_is(format: str, suffix: str) -> None:
    assert picture_name(picture("red", format)).endswith(f".{suffix}")


def test_identical_pictures_are_kept_once_and_go_with_the_last(path: Path) -> None:
    with Store.open(path) as store:
        put(store, image("a", picture("red")), image("b", picture("red"), "red"), image("c", picture("blue")))
        assert files(path) == {picture_name(picture("red")), picture_name(picture("blue"))}
        assert store.drop(["a", "c", "unknown"]) == 2
        assert files(path) == {picture_name(picture("red"))}
        put(store, image("b", picture("green")))
        assert files(path) == {picture_name(picture("green"))}
        assert store.drop(["b"]) == 1
        assert files(path) == set()
        assert state(store) == (set(), set(), set())


def test_a_document_that_was_got_can_be_put_again(path: Path) -> None:
    with Store.open(path) as store:
        put(store, image("a", picture("red"), "old"))
        [found] = store.engine.get(["a"])
        assert found is not None
        put(store, image("a", found.image or b"", "new"))
        assert store.engine.get(["a"])[0] == image("a", found.image or b"", "new")
        assert files(path) == {picture_name(picture("red"))}


def test_a_picture_given_as_a_path_stays_where_it_is(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(picture("red"))
    monkeypatch.chdir(tmp_path)
    with Store.open(path) as store:
        put(store, image("a", Path("a.png")))
        assert store.engine.get(["a"]) == [image("a", tmp_path / "a.png")]
        assert files(path) == set()
        store.drop(["a"])
    assert (tmp_path / "a.png").exists()


def test_of_one_id_in_a_call_the_last_counts(path: Path) -> None:
    with Store.open(path) as store:
        put(store, image("a", picture("red")), text("b"), text("a", "last"))
        assert store.engine.get(["a"]) == [text("a", "last")]
        assert files(path) == set()
        assert store.engine.vectors(["a"])["a"] == pytest.approx(
            ENCODER.encode_documents([text("a", "last")])[0]
        )


def test_what_cannot_be_stored_leaves_nothing(path: Path) -> None:
    rows = np.tile(np.eye(1, 16, dtype=np.float32), (2, 1))
    with Store.open(path) as store:
        bad = Document("b", Modality.TEXT, "x", metadata={"n": float("nan")})
        for error, documents in {
            CorpusError: [image("a", picture("red")), bad],
            ImageError: [image("a", picture("red")), image("b", b"<svg onload=alert(1)>")],
            StoreError: [image("a", picture("red"))],
        }.items():
            with pytest.raises(error):
                store.put(documents, rows)
        store.put([], rows[:0])
        assert state(store) == (set(), set(), set())
    assert not (path / "uploads").exists()


def test_ids_of_files_and_records_are_refused(path: Path) -> None:
    with Store.open(path) as store:
        root = store.enter_root("/r")
        store.sources.begin(root, {"notes/a.txt": ["notes/a.txt#0"]})
        store.sources.finish(root, [Finished("notes/a.txt", "1", ["notes/a.txt#0"])])
        for taken in ("notes/a.txt", "notes/a.txt#0"):
            with pytest.raises(
                CorpusError, match=rf"the id '{taken}' is that of notes/a.txt in /r; give .* another"
            ):
                put(store, text("free"), text(taken))
        assert state(store) == (set(), set(), set())
        put(store, text("notes/a.txt#1"))


def test_records_that_are_broken_say_so(path: Path) -> None:
    with Store.open(path) as store:
        put(store, text("a"))
    (path / "uploads" / "documents.sqlite").write_bytes(b"\xff garbage" * 500)
    with Store.open(path) as store, pytest.raises(StoreError, match="file is not a database"):
        put(store, text("b"))


def test_a_full_disk_under_the_records(path: Path) -> None:
    with Store.open(path) as store:
        put(store, text("a"))
        connection = store.uploads._file
        assert connection is not None
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=f"no space to write index {path}"):
            put(store, text("b", "x" * 50_000))
        assert store.engine.get(["b"]) == [None]
        catch_up(store, lambda: ENCODER)
        assert state(store) == ({"a"},) * 3


def test_on_a_full_disk_nothing_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    with Store.open(path) as store:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 40, 1 << 40, 5 << 20))
        with pytest.raises(StoreError, match="no space for index"):
            put(store, image("a", picture("red")))
    assert not (path / "uploads").exists()


# --- killed at any point ---

WRITER = """
import os, signal, sys
from pathlib import Path
from univldr.encoders.hash import HashEncoder
from univldr.index import Manifest, Store
from univldr.index.edge import EdgeIndex
from univldr.index.sources import Sources
from univldr.index.uploads import Uploads
from univldr.search import Searcher
from univldr.types import Document, Modality

folder = Path(sys.argv[1])
owners = {"Uploads": Uploads, "EdgeIndex": EdgeIndex, "Sources": Sources, "Path": Path}

def kill_at(when, point):
    owner, _, name = point.rpartition(".")
    real = getattr(owners[owner], name)
    def killing(*arguments, **named):
        if when == "after":
            real(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owners[owner], name, killing)

def image(id_, colour):
    return Document(id_, Modality.IMAGE, colour, (folder / colour).read_bytes())

def work(what, when, point):
    encoder = HashEncoder(16)
    store = Store.create(folder / f"{what}-{when}-{point}", Manifest.of(encoder))
    searcher = Searcher(encoder, store.engine, store=store)
    searcher.upsert([image("kept", "red"), image("replaced", "green"), Document("went", Modality.TEXT, "x")])
    searcher.delete(["went"])
    kill_at(when, point)
    if what == "put":
        searcher.upsert([image("new", "blue"), image("replaced", "blue")])
    else:
        searcher.delete(["kept"])

for arguments in sys.argv[2:]:
    child = os.fork()
    if not child:
        work(*arguments.split("-"))
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, arguments
"""

STEPS = {
    "put": [
        "Sources.begin", "Path.replace", "Uploads.keep", "Uploads.record", "EdgeIndex.upsert",
        "EdgeIndex.flush", "Uploads.discard", "Sources.finish",
    ],
    "drop": ["Uploads.remove", "EdgeIndex.delete", "EdgeIndex.flush", "Uploads.discard", "Sources.remove"],
}  # fmt: skip
POINTS = [
    *(f"{what}-before-{steps[0]}" for what, steps in STEPS.items()),
    *(f"{what}-after-{step}" for what, steps in STEPS.items() for step in steps),
]
COUNTS = {"put": "Uploads.record", "drop": "Uploads.remove"}  # from here on it is made up for


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index for each point at which its writer was killed."""
    folder = tmp_path_factory.mktemp("killed")
    for colour in ("red", "green", "blue"):
        (folder / colour).write_bytes(picture(colour))
    subprocess.run([sys.executable, "-c", WRITER, str(folder), *POINTS], check=True)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("point", POINTS)
def test_what_was_acknowledged_survives_kill(killed: Path, point: str) -> None:
    path = killed / point
    what, when, step = point.split("-")
    expected = {"kept": "red", "replaced": "green"}
    if when == "after" and STEPS[what].index(step) >= STEPS[what].index(COUNTS[what]):
        expected = {**expected, "replaced": "blue", "new": "blue"} if what == "put" else {"replaced": "green"}
    with Store.open(path) as store:
        assert None not in store.engine.get(["replaced", *(["kept"] if what == "put" else [])])
        catch_up(store, lambda: ENCODER)
        assert state(store) == (set(expected),) * 3
        for id_, colour in expected.items():
            [found] = store.engine.get([id_])
            assert found is not None
            assert found.text == colour
            assert isinstance(found.image, Path)
            assert found.image.read_bytes() == picture(colour)
        assert files(path) == {picture_name(picture(colour)) for colour in expected.values()}
        report = catch_up(store, lambda: ENCODER)
        assert report is not None
        assert (report.added, report.updated, report.removed) == (0, 0, 0)


def test_all_that_counts_is_synced_before_it_is_acknowledged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture and its directory before the record, the record before the engine and the answer."""
    steps: list[str] = []
    fsync, record = os.fsync, Uploads.record

    def synced(descriptor: int) -> None:
        steps.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    with Store.open(path) as store:
        put(store, text("first"))

        def recorded(self: Uploads, documents: list[Document], stamp: str) -> set[str]:
            steps.append("record")
            return record(self, documents, stamp)

        engine_flush = store.engine.flush

        def flushed() -> None:
            steps.append("flush")
            engine_flush()

        monkeypatch.setattr(store.engine, "flush", flushed)
        monkeypatch.setattr(Uploads, "record", recorded)
        monkeypatch.setattr("univldr.index.uploads.os.fsync", synced)
        put(store, image("a", picture("red")))
        assert steps == ["file", "directory", "record", "flush"]
        assert store.uploads._file is not None
        assert store.uploads._file.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


# --- threads ---


def test_threads_put_drop_and_ask_at_once(path: Path) -> None:
    errors: list[BaseException] = []
    with Store.open(path) as store:
        searcher = Searcher(ENCODER, store.engine, store=store)

        def work(number: int) -> None:
            try:
                for n in range(4):
                    searcher.upsert([text("shared", f"of {number} {n}"), text(f"{number}-{n}", f"note {n}")])
                    assert f"{number}-{n}" in [hit.document.id for hit in searcher.search(f"note {n}", k=100)]
                    if n % 2:
                        assert searcher.delete([f"{number}-{n}"]) == 1
            except Exception as error:  # noqa: BLE001 - all that a thread may raise
                errors.append(error)

        threads = [threading.Thread(target=work, args=[number]) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert state(store) == ({"shared", *(f"{k}-{n}" for k in range(3) for n in (0, 2))},) * 3
        [shared] = store.engine.get(["shared"])
        recorded = store.uploads.get("shared")
        assert shared is not None
        assert recorded is not None
        assert recorded[1] == shared
        assert recorded[0] == store.sources.stamps(store.manifest.uploads)["shared"]
        assert store.engine.vectors(["shared"])["shared"] == pytest.approx(
            ENCODER.encode_documents([shared])[0]
        )


def test_distances_hold_for_what_comes_while_means_are_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = means._taken
    drawn = np.random.default_rng(0).normal(size=(50, 16)) + 1
    rows = np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)
    middle = rows.mean(axis=0, keepdims=True) / np.linalg.norm(rows.mean(axis=0))  # nearer than all others
    with Store.open(path) as store:
        thread = threading.Thread(target=store.put, args=[[text("middle")], middle])

        def while_another_puts(store: Store, progress: None) -> dict[str, object]:
            fields = taken(store, progress)
            thread.start()
            thread.join(0.3)  # it waits, or is done
            return fields

        store.put([text(str(n)) for n in range(50)], rows)
        monkeypatch.setattr(means, "_taken", while_another_puts)
        means.refresh(store, 50)
        thread.join()
        kept = means.means_of(store.manifest)
        assert kept is not None
        assert kept.text is not None
        assert np.linalg.norm(middle - kept.text) >= kept.nearest[Modality.TEXT] > 0
        assert Manifest.read(path) == store.manifest


def test_compaction_gives_the_records_space_back(path: Path) -> None:
    def used() -> int:
        return sum(file.stat().st_size for file in (path / "uploads").iterdir())

    with Store.open(path) as store:
        store.compact()  # nothing was ever kept
        assert not (path / "uploads").exists()
        put(store, *(text(f"{number}", "word " * 500) for number in range(300)))
        store.drop([f"{number}" for number in range(1, 300)])
        store.compact()
        assert used() < 100_000
        assert store.engine.count() == len(store.uploads.stamps()) == 1
