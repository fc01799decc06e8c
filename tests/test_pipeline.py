"""Indexing a corpus: what changed is read, what went is forgotten, what is broken is reported."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from univldr.corpus.base import Scan, Source
from univldr.corpus.base import Skipped as Left
from univldr.encoders.hash import HashEncoder
from univldr.errors import CorpusError, MissingExtra, ModelError, StoreError
from univldr.index import Manifest, Store, exists, index_of
from univldr.pipeline import IndexReport, index_corpus, update
from univldr.types import Document, Encoder, Float32Array, Modality


@dataclass
class Notes:
    """A corpus in memory: each source's lines are its documents; a stamp counts its edits."""

    root: Path
    files: dict[str, str] = field(default_factory=dict)
    edits: dict[str, int] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)

    def write(self, key: str, text: str) -> None:
        self.files[key] = text
        self.edits[key] = self.edits.get(key, 0) + 1

    def scan(self) -> Scan:
        sources = [Source(key, str(self.edits[key]), self.root / key) for key in sorted(self.files)]
        return Scan(sources, [Left("film.mkv", "neither text nor picture")])

    def read(self, source: Source) -> list[Document]:
        self.reads.append(source.key)
        if source.key in self.missing:
            raise MissingExtra("pillow-heif", "heic", source.key)
        if "BROKEN" in self.files[source.key]:
            raise CorpusError(f"{source.key}: broken")
        if source.key.endswith(".jpg"):
            return [Document(source.key, Modality.IMAGE, self.files[source.key], source.path)]
        lines = self.files[source.key].splitlines()
        names = [line.removeprefix("id ") if line.startswith("id ") else f"{source.key}#{n}"
                 for n, line in enumerate(lines)]  # fmt: skip
        return [Document(id_, Modality.TEXT, line) for id_, line in zip(names, lines, strict=True)]


class CountingEncoder(HashEncoder):
    """Counts what it encodes."""

    def __init__(self) -> None:
        super().__init__(8)
        self.batches: list[int] = []

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        rows = super().encode_documents(documents)
        self.batches.append(len(documents))
        return rows


@dataclass
class World:
    corpus: Notes
    store: Store
    encoder: CountingEncoder

    def index(self, batch_size: int = 4) -> IndexReport:
        self.corpus.reads.clear()
        self.encoder.batches.clear()
        return index_corpus(self.corpus, self.store, lambda: self.encoder, batch_size=batch_size)

    def has(self, *ids: str) -> list[bool]:
        return [document is not None for document in self.store.engine.get(ids)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    root = tmp_path / "notes"
    root.mkdir()
    encoder = CountingEncoder()
    with Store.create(root / ".univldr", Manifest.of(encoder)) as store:
        yield World(Notes(root), store, encoder)


def never() -> Encoder:
    raise AssertionError("the encoder was loaded")


def test_first_run(world: World) -> None:
    for n in range(10):
        world.corpus.write(f"{n}.txt", "one\ntwo\nthree")
    seen: list[tuple[int, int, str]] = []
    report = index_corpus(
        world.corpus,
        world.store,
        lambda: world.encoder,
        batch_size=4,
        progress=lambda done, total, label: seen.append((done, total, label)),
    )
    assert seen[-1] == (60, 60, "taking means")  # two passes over 30 documents
    seen = [told for told in seen if told[2] == "indexing"]
    assert (report.added, report.updated, report.removed, report.unchanged) == (10, 0, 0, 0)
    assert report.documents == world.store.engine.count() == 30
    assert report.skipped == [Left("film.mkv", "neither text nor picture")]
    assert world.store.manifest.roots == (str(world.corpus.root),)
    assert max(world.encoder.batches) == 4
    assert seen[0] == (0, 10, "indexing")
    assert seen[-1] == (10, 10, "indexing")
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


def test_unchanged_run_reads_nothing_and_loads_no_encoder(world: World) -> None:
    world.corpus.write("a.txt", "one")
    world.index()
    world.corpus.reads.clear()
    report = index_corpus(world.corpus, world.store, never)
    assert (report.added, report.updated, report.removed, report.unchanged) == (0, 0, 0, 1)
    assert world.corpus.reads == []


def test_changed_new_and_vanished(world: World) -> None:
    world.corpus.write("a.txt", "one\ntwo\nthree")
    world.corpus.write("b.txt", "one")
    world.corpus.write("c.txt", "one")
    world.index()
    world.corpus.write("a.txt", "uno")
    world.corpus.write("d.txt", "new")
    del world.corpus.files["b.txt"]
    report = world.index()
    assert (report.added, report.updated, report.removed, report.unchanged) == (1, 1, 1, 1)
    assert world.corpus.reads == ["a.txt", "d.txt"]
    assert world.has("a.txt#0", "a.txt#1", "a.txt#2", "b.txt#0", "c.txt#0", "d.txt#0") == [
        True, False, False, False, True, True,
    ]  # fmt: skip
    [changed] = world.store.engine.get(["a.txt#0"])
    assert changed is not None
    assert changed.text == "uno"
    assert report.documents == 3


def test_emptied_corpus_empties_the_index(world: World) -> None:
    world.corpus.write("a.txt", "one")
    world.index()
    world.corpus.files.clear()
    report = world.index()
    assert (report.removed, report.documents) == (1, 0)


def test_vanished_root_wipes_nothing(world: World, tmp_path: Path) -> None:
    corpus = Notes(tmp_path / "disk")
    corpus.root.mkdir()
    corpus.write("a.txt", "one")
    index_corpus(corpus, world.store, lambda: world.encoder)
    corpus.root.rmdir()
    corpus.files.clear()
    with pytest.raises(CorpusError, match="does not exist; is its disk mounted"):
        index_corpus(corpus, world.store, never)
    assert world.has("a.txt#0") == [True]


def test_broken_source_is_skipped_reported_again_and_retried_once_it_changes(world: World) -> None:
    world.corpus.write("a.txt", "one")
    world.corpus.write("b.txt", "BROKEN")
    report = world.index()
    assert report.skipped[1:] == [Left("b.txt", "b.txt: broken")]
    assert (report.added, report.documents) == (1, 1)
    report = world.index()
    assert world.corpus.reads == []
    assert report.skipped[1:] == [Left("b.txt", "b.txt: broken")]
    world.corpus.write("b.txt", "mended")
    assert world.index().skipped[1:] == []
    assert world.has("b.txt#0") == [True]


def test_source_that_breaks_loses_its_documents(world: World) -> None:
    world.corpus.write("a.txt", "one\ntwo")
    world.index()
    world.corpus.write("a.txt", "BROKEN")
    assert world.index().documents == 0


@pytest.mark.parametrize("bad", [0, 3, 8])
def test_bad_picture_stops_nothing(world: World, bad: int) -> None:
    for n in range(9):
        Image.new("RGB", (8, 8), (n * 20, 0, 0)).save(world.corpus.root / f"{n}.jpg")
        world.corpus.write(f"{n}.jpg", f"picture {n}")
    (world.corpus.root / f"{bad}.jpg").write_bytes(b"\xff\xd8 no picture")
    report = world.index()
    assert report.documents == 8
    assert [skipped.key for skipped in report.skipped[1:]] == [f"{bad}.jpg"]
    assert world.has(f"{bad}.jpg") == [False]
    report = world.index()
    assert world.encoder.batches == []
    assert [skipped.key for skipped in report.skipped[1:]] == [f"{bad}.jpg"]


def test_document_that_cannot_be_stored_stops_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        world.corpus.write(f"{name}.txt", name)
    read = world.corpus.read

    def with_nan(source: Source) -> list[Document]:
        [document] = read(source)
        return [
            Document(
                document.id, Modality.TEXT, "x", metadata={"x": float("nan") if "b" in source.key else 1}
            )
        ]

    monkeypatch.setattr(world.corpus, "read", with_nan)
    report = world.index()
    assert report.documents == 2
    assert [skipped.key for skipped in report.skipped[1:]] == ["b.txt#0"]


def test_missing_extra_is_retried_each_time(world: World) -> None:
    world.corpus.write("a.heic", "one")
    world.corpus.missing.add("a.heic")
    for _ in range(2):
        report = world.index()
        assert 'pip install "univldr[heic]"' in report.skipped[1].reason
        assert (report.added, report.updated) == (0, 0)
    world.corpus.missing.clear()
    report = world.index()
    assert report.skipped[1:] == []
    assert report.documents == 1


def test_taken_id_is_skipped_until_it_is_free(world: World) -> None:
    world.corpus.write("a.txt", "id same")
    world.corpus.write("b.txt", "id same\nother")
    report = world.index()
    assert report.documents == 2
    assert report.skipped[1:] == [
        Left("same", f"its id is taken by a document of a.txt in {world.corpus.root}")
    ]
    del world.corpus.files["a.txt"]
    report = world.index()
    assert report.skipped[1:] == []
    assert report.documents == 2
    assert world.store.sources.owner("same") == (str(world.corpus.root), "b.txt")


@pytest.mark.parametrize("batch_size", [1, 4])
def test_the_first_of_two_gets_an_id_that_became_free(world: World, batch_size: int) -> None:
    world.corpus.write("a.txt", "id same")
    world.index()
    del world.corpus.files["a.txt"]
    world.corpus.write("b.txt", "id same")
    world.corpus.write("c.txt", "id same\nother")
    report = world.index(batch_size)
    assert [skipped.key for skipped in report.skipped[1:]] == ["same"]
    assert world.store.sources.owner("same") == (str(world.corpus.root), "b.txt")
    assert (report.documents, world.has("same", "c.txt#1")) == (2, [True, True])


def test_a_free_id_whose_new_document_is_broken_is_gone(world: World) -> None:
    world.corpus.write("a.jpg", "picture")
    Image.new("RGB", (8, 8)).save(world.corpus.root / "a.jpg")
    world.index()
    (world.corpus.root / "a.jpg").write_bytes(b"\xff\xd8 no picture")
    world.corpus.write("a.jpg", "picture")
    report = world.index()
    assert (report.documents, world.has("a.jpg")) == (0, [False])


def test_two_corpora_share_an_index(world: World, tmp_path: Path) -> None:
    world.corpus.write("a.txt", "one")
    world.index()
    other = Notes(tmp_path)
    other.write("z.txt", "two")
    index_corpus(other, world.store, lambda: world.encoder)
    assert world.has("a.txt#0", "z.txt#0") == [True, True]
    assert world.store.manifest.roots == (str(world.corpus.root), str(tmp_path))
    other.files.clear()
    index_corpus(other, world.store, never)
    assert world.has("a.txt#0", "z.txt#0") == [True, False]


def test_moved_folder_keeps_its_index(world: World, tmp_path: Path) -> None:
    world.corpus.write("a.txt", "one")
    world.corpus.write("b.txt", "two")
    world.index()
    world.store.close()
    moved = world.corpus.root.rename(tmp_path / "moved")
    world.corpus.root = moved
    del world.corpus.files["b.txt"]
    with Store.open(moved / ".univldr") as store:
        report = index_corpus(world.corpus, store, lambda: world.encoder)
        assert (report.unchanged, report.added, report.removed, report.documents) == (1, 0, 1, 1)
        assert store.manifest.roots == (str(moved),)


def test_name_that_is_not_unicode(world: World) -> None:
    world.corpus.write("a\udcff.txt", "one")
    world.corpus.write("b.txt", "one")
    report = world.index()
    assert report.documents == 1
    assert report.skipped[1:] == [Left(r"'a\udcff.txt'", "its name is not Unicode")]


def test_another_encoder_is_refused_before_anything_is_stored(world: World) -> None:
    world.corpus.write("a.txt", "one")
    with pytest.raises(ModelError, match="changed since"):
        index_corpus(world.corpus, world.store, lambda: HashEncoder(4))
    assert world.store.engine.count() == 0


def test_missing_extra_of_the_encoder_is_no_bad_document(world: World) -> None:
    world.corpus.write("a.txt", "one")

    def load() -> Encoder:
        raise MissingExtra("torch", "train", "this model")

    with pytest.raises(MissingExtra):
        index_corpus(world.corpus, world.store, load)


@pytest.mark.parametrize("when", range(1, 7))
def test_interrupt_resumes(world: World, when: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the n-th write to engine or sources; the next run ends where an undisturbed one does."""
    for n in range(10):
        world.corpus.write(f"{n}.txt", "one\ntwo")
    world.index()
    for n in range(6):
        world.corpus.write(f"{n}.txt", "uno")
    del world.corpus.files["9.txt"]
    calls = 0

    def interrupting(method: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object) -> object:
            nonlocal calls
            calls += 1
            if calls == when:
                raise KeyboardInterrupt
            return method(*args)

        return call

    with monkeypatch.context() as patch:
        for owner, name in [(world.store.engine, "upsert"), (world.store.engine, "delete"),
                            (world.store.sources, "begin"), (world.store.sources, "finish"),
                            (world.store.sources, "remove")]:  # fmt: skip
            patch.setattr(owner, name, interrupting(getattr(owner, name)))
        with pytest.raises(KeyboardInterrupt):
            world.index()
    world.index()
    ids = [f"{n}.txt#0" for n in range(9)] + [f"{n}.txt#1" for n in range(6, 9)]
    assert all(world.has(*ids))
    assert world.store.engine.count() == len(ids)


INDEXER = """
import sys
from pathlib import Path
from univldr.pipeline import update
update(Path(sys.argv[1]), model="hash", progress=lambda *_: print("step", flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_kill_at_random_moments_then_resume(tmp_path: Path) -> None:
    for n in range(800):
        (tmp_path / f"{n}.txt").write_text(f"note {n} about nothing")
    chance = random.Random(0)
    kills = 0
    for steps in (0, 1, 1, 3, 2):
        command = [sys.executable, "-c", INDEXER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            for _ in range(steps):
                process.stdout.readline()
            time.sleep(chance.random() * 0.02)
            process.kill()
        kills += process.returncode == -signal.SIGKILL
        assert_recorded_is_stored(tmp_path)
        (tmp_path / f"{chance.randrange(800)}.txt").unlink(missing_ok=True)
    assert kills >= 3
    report = update(tmp_path, model="hash")
    left = len(list(tmp_path.glob("*.txt")))
    assert report.documents == left
    assert update(tmp_path).unchanged == left


def assert_recorded_is_stored(root: Path) -> None:
    if not exists(index_of(root)):
        return  # killed before there was one
    with Store.open(index_of(root)) as store:
        stamps = store.sources.stamps(str(root))
        finished = store.sources.ids(str(root), [key for key, stamp in stamps.items() if stamp])
        assert None not in store.engine.get(finished)
        assert store.engine.count() <= len(store.sources.ids(str(root), stamps))


def test_update_makes_the_index_then_keeps_its_model(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a cat")
    assert update(tmp_path, model="hash").added == 1
    assert update(tmp_path).unchanged == 1
    assert update(tmp_path, model="auto").unchanged == 1
    with pytest.raises(ModelError, match="made with model 'hash', not 'mini'"):
        update(tmp_path, model="mini")
    shutil.rmtree(tmp_path / ".univldr" / "shard")
    with pytest.raises(StoreError, match="univldr index --rebuild"):
        update(tmp_path)
    assert update(tmp_path, model="hash", rebuild=True).added == 1


def test_update_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(CorpusError):
        update(tmp_path / "nope", model="hash")
    assert list(tmp_path.iterdir()) == []
