"""A data set with words: made once by row, never twice, whatever interrupts the making."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from tests.retrieval_kit import image, make_collection, query, text
from tests.verbalize.kit import ColourVerbalizer, broken_png
from univldr.corpus.base import Skipped
from univldr.corpus.collection import Collection
from univldr.errors import CorpusError, ModelError, StoreError
from univldr.types import Document, Expansion, Modality
from univldr.verbalize import collection as module
from univldr.verbalize.base import Words
from univldr.verbalize.cache import WordCache
from univldr.verbalize.collection import Worded, verbalize_collection, words_of_collection
from univldr.verbalize.run import Verbalization


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 3)


def shade(n: int) -> str:
    return f"#0000{n + 1:02x}"


def make(folder: Path, count: int = 11, broken: Sequence[int] = ()) -> Collection:
    """Passages t0, ... and pictures p0, ... of their own shades, by turns."""
    folder.mkdir(parents=True, exist_ok=True)
    documents = []
    for n in range(count):
        documents += [text(f"t{n}", "1 0"), image(f"p{n}", "0 1")]
        if n in broken:
            (folder / f"p{n}.png").write_bytes(broken_png())
        else:
            Image.new("RGB", (4, 3), shade(n)).save(folder / f"p{n}.png")
    return make_collection(folder, documents, [query("q", "1 1", "p1")])


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return make(tmp_path / "data")


@pytest.fixture
def cache(tmp_path: Path) -> WordCache:
    return WordCache(tmp_path / "words.sqlite")


def said(collection: Collection) -> dict[str, list[str]]:
    """Picture id to its texts."""
    documents = collection.documents(range(len(collection)), pictures=False)
    assert all(not d.expansions for d in documents if d.modality is Modality.TEXT)
    return {d.id: [e.text for e in d.expansions] for d in documents if d.modality is Modality.IMAGE}


EXPECTED = {f"p{n}": [shade(n)] for n in range(11)}


def test_pictures_carry_words_and_all_else_is_as_it_was(
    collection: Collection, cache: WordCache, tmp_path: Path
) -> None:
    colours = ColourVerbalizer(batch=2)
    seen: list[tuple[int, int, str]] = []
    worded = verbalize_collection(
        collection, Verbalization([colours], cache), tmp_path / "kept", progress=lambda *now: seen.append(now)
    )
    assert isinstance(worded, Worded)
    assert said(worded) == EXPECTED
    assert seen == [(n, 11, "verbalizing") for n in (0, 2, 3, 5, 6, 8, 9, 11)]
    assert colours.calls == [2, 1, 2, 1, 2, 1, 2]
    [picture, passage, again] = worded.documents([3, 2, 3])
    assert picture == again
    assert picture.expansions == (Expansion(shade(1), "caption"),)
    assert (picture.id, picture.text, picture.image) == ("p1", "0 1", collection.path / "p1.png")
    assert passage == collection.documents([2])[0]
    assert (worded.ids(), worded.qrels("train"), len(worded)) == (collection.ids(), {"q": {"p1": 1}}, 22)
    assert worded.topics("train") == collection.topics("train")
    assert worded.failures == []


def test_what_is_there_is_not_made_again(collection: Collection, cache: WordCache, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    first = verbalize_collection(collection, Verbalization([ColourVerbalizer()], cache), kept)
    cache.path.unlink()
    colours = ColourVerbalizer()
    run = Verbalization([colours], cache)
    seen: list[object] = []
    second = verbalize_collection(collection, run, kept, progress=lambda *now: seen.append(now))
    assert (colours.seen, seen) == (0, [])
    assert said(second) == EXPECTED
    assert second.fingerprint == first.fingerprint
    assert (run.counts["caption"].made, run.counts["caption"].reused) == (0, 11)
    assert [path.name for path in kept.iterdir()] == [f"words-{run.key}-{collection.fingerprint}.sqlite"]


def test_other_words_or_other_pictures_are_another_file(
    collection: Collection, cache: WordCache, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"

    def worded(of: Collection, *verbalizers: ColourVerbalizer) -> Collection:
        return verbalize_collection(of, Verbalization(verbalizers, cache), kept)

    one = worded(collection, ColourVerbalizer())
    changed = worded(
        collection, ColourVerbalizer(fingerprint="colours-2", say=lambda colour: [Words(colour + "!")])
    )
    both = worded(collection, ColourVerbalizer(), ColourVerbalizer("ocr", say=lambda colour: [Words("EXIT")]))
    Image.new("RGB", (4, 3), "red").save(collection.path / "p0.png")
    other = worded(make_collection(collection.path, [image("p0", "0 1")]), ColourVerbalizer())
    assert (said(changed)["p0"], said(both)["p0"], said(other)) == (
        ["#000001!"],
        ["#000001", "EXIT"],
        {"p0": ["red"]},
    )
    prints = {found.fingerprint for found in (collection, one, changed, both, other)}
    assert len(prints) == 5
    assert len(list(kept.iterdir())) == 4


def test_expansions_of_the_data_set_come_first(cache: WordCache, tmp_path: Path) -> None:
    records = [
        image("a", "0 1") | {"expansions": ["old", {"text": "by eye", "origin": "ocr"}]},
        image("b", "0 1") | {"expansions": ["old"], "metadata": {"verbalize": False}},
        image("c", "0 1") | {"expansions": ["red"]},
    ]
    plain = make_collection(tmp_path / "data", records)
    worded = verbalize_collection(plain, Verbalization([ColourVerbalizer()], cache), tmp_path)
    assert said(worded) == {"a": ["old", "by eye", "red"], "b": ["old"], "c": ["red"]}


def test_nothing_to_do(collection: Collection, cache: WordCache, tmp_path: Path) -> None:
    assert verbalize_collection(collection, Verbalization([], cache), tmp_path / "kept") is collection
    assert not (tmp_path / "kept").exists()
    texts = make_collection(tmp_path / "texts", [text("t", "1 0")])
    colours = ColourVerbalizer()
    worded = verbalize_collection(texts, Verbalization([colours], cache), tmp_path / "kept")
    assert worded.documents([0]) == texts.documents([0])
    assert colours.calls == []


# --- interrupted ---


class Interrupted(ColourVerbalizer):
    """Gives up, as if interrupted, when it has seen so many pictures."""

    def __init__(self, after: int) -> None:
        super().__init__(batch=2)
        self._after = after

    def verbalize(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
        if self.seen >= self._after:
            raise KeyboardInterrupt
        return super().verbalize(pictures)


def test_an_interrupted_run_goes_on_where_it_was(
    collection: Collection, cache: WordCache, tmp_path: Path
) -> None:
    first = Interrupted(after=5)
    with pytest.raises(KeyboardInterrupt):
        verbalize_collection(collection, Verbalization([first], cache), tmp_path / "kept")
    assert first.calls == [2, 1, 2]
    second = ColourVerbalizer(batch=2)
    run = Verbalization([second], cache)
    seen: list[int] = []
    worded = verbalize_collection(
        collection, run, tmp_path / "kept", progress=lambda done, *_: seen.append(done)
    )
    assert said(worded) == EXPECTED
    assert second.seen == 6  # three by row and two by picture are there
    assert seen == [3, 5, 6, 8, 9, 11]
    assert (run.counts["caption"].made, run.counts["caption"].reused) == (6, 5)
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_rows_that_are_done_need_no_cache(collection: Collection, cache: WordCache, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        verbalize_collection(collection, Verbalization([Interrupted(after=6)], cache), tmp_path / "kept")
    rest = ColourVerbalizer()
    elsewhere = WordCache(tmp_path / "elsewhere.sqlite")
    worded = verbalize_collection(collection, Verbalization([rest], elsewhere), tmp_path / "kept")
    assert (rest.seen, said(worded)) == (5, EXPECTED)


WORK = """
import os, signal, sys, time
from pathlib import Path
from tests.verbalize.kit import ColourVerbalizer
from univldr.corpus.collection import open_collection
from univldr.verbalize import collection
from univldr.verbalize.cache import WordCache
from univldr.verbalize.run import Verbalization

class Worker(ColourVerbalizer):
    def verbalize(self, pictures):
        if self.seen >= 5:
            if sys.argv[3] == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            print("working", flush=True)
            sys.stdin.read(1)
        return super().verbalize(pictures)

collection.CHUNK = 3
run = Verbalization([Worker(batch=2)], WordCache(Path(sys.argv[2]) / "words.sqlite"))
collection.verbalize_collection(open_collection(Path(sys.argv[1])), run, Path(sys.argv[2]) / "kept")
"""


def worker(collection: Collection, folder: Path, how: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WORK, str(collection.path), str(folder), how]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_run_goes_on_where_it_was(collection: Collection, cache: WordCache, tmp_path: Path) -> None:
    with worker(collection, tmp_path, "die") as died:
        died.communicate()
    assert died.returncode == -signal.SIGKILL
    rest = ColourVerbalizer(batch=2)
    worded = verbalize_collection(collection, Verbalization([rest], cache), tmp_path / "kept")
    assert (rest.seen, said(worded)) == (6, EXPECTED)


def test_two_at_the_same_words_are_kept_apart(
    collection: Collection, cache: WordCache, tmp_path: Path
) -> None:
    with worker(collection, tmp_path, "wait") as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"working\n"
        colours = ColourVerbalizer()
        with pytest.raises(StoreError, match="is being written by another process"):
            verbalize_collection(collection, Verbalization([colours], cache), tmp_path / "kept")
        other.communicate(b"go on")
    assert other.returncode == 0
    worded = verbalize_collection(collection, Verbalization([colours], cache), tmp_path / "kept")
    assert (colours.seen, said(worded)) == (0, EXPECTED)


# --- wrong input ---


def test_a_bad_picture_has_no_words_and_one_warning_says_so(
    cache: WordCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = make(tmp_path / "data", broken=(2, 7))
    (plain.path / "p4.png").unlink()
    colours = ColourVerbalizer()
    run = Verbalization([colours], cache)
    with caplog.at_level(logging.WARNING):
        worded = verbalize_collection(plain, run, tmp_path / "kept")
    expected = {id: [] if id in ("p2", "p4", "p7") else texts for id, texts in EXPECTED.items()}
    assert said(worded) == expected
    [warning] = caplog.messages
    assert "have no generated words: 3; the first: p2: " in warning
    assert run.counts["caption"].made == 8

    seen = colours.seen
    found = list(words_of_collection(plain, run, tmp_path / "kept"))
    assert [one.key for one in found if isinstance(one, Skipped)] == ["p2", "p4", "p7"]
    assert [one.id for one in found if isinstance(one, Document)] == [
        id for id, texts in expected.items() if texts
    ]
    assert colours.seen == seen


def test_pictures_that_are_not_there_stop_the_run(
    cache: WordCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TOO_MANY", 4)
    plain = make(tmp_path / "data", 11)
    away = [plain.path / f"p{n}.png" for n in range(3, 11)]
    for path in away:
        path.rename(path.with_suffix(".away"))
    colours = ColourVerbalizer()
    run = Verbalization([colours], cache)
    with pytest.raises(CorpusError, match=r"6 of 9 pictures cannot be decoded: .* The first: p3: no such"):
        verbalize_collection(plain, run, tmp_path / "kept")
    for path in away:
        path.with_suffix(".away").rename(path)
    seen: list[int] = []
    worded = verbalize_collection(plain, run, tmp_path / "kept", progress=lambda done, *_: seen.append(done))
    assert (said(worded), colours.seen, seen[0]) == (EXPECTED, 11, 3)


def test_a_switch_that_makes_no_sense_stops_the_run(cache: WordCache, tmp_path: Path) -> None:
    plain = make_collection(tmp_path / "data", [image("odd", "0 1") | {"metadata": {"verbalize": "ocr"}}])
    with pytest.raises(CorpusError, match='odd: "verbalize" is "ocr"'):
        verbalize_collection(plain, Verbalization([ColourVerbalizer()], cache), tmp_path)


def test_broken_files_are_refused_with_a_remedy(
    collection: Collection, cache: WordCache, tmp_path: Path
) -> None:
    run = Verbalization([ColourVerbalizer()], cache)
    place = tmp_path / "kept" / f"words-{run.key}-{collection.fingerprint}.sqlite"
    place.parent.mkdir()
    part = place.with_name(f"{place.name}.part")
    part.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="remove the file"):
        verbalize_collection(collection, run, place.parent)
    part.unlink()
    place.write_bytes(b"")
    with pytest.raises(CorpusError, match="delete it, and it will be built again"):
        verbalize_collection(collection, run, place.parent)
    with pytest.raises(StoreError, match="name another folder"):
        verbalize_collection(collection, run, place)


def test_a_broken_verbalizer_leaves_what_was_done(
    collection: Collection, cache: WordCache, tmp_path: Path
) -> None:
    class Broken(ColourVerbalizer):
        def verbalize(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
            return [] if self.seen > 5 else super().verbalize(pictures)

    with pytest.raises(ModelError, match="words of 0 pictures"):
        verbalize_collection(collection, Verbalization([Broken()], cache), tmp_path / "kept")
    rest = ColourVerbalizer()
    assert said(verbalize_collection(collection, Verbalization([rest], cache), tmp_path / "kept")) == EXPECTED
    assert rest.seen == 5


# --- worker processes ---


def test_it_can_be_handed_to_worker_processes(
    collection: Collection, cache: WordCache, tmp_path: Path
) -> None:
    worded = verbalize_collection(collection, Verbalization([ColourVerbalizer()], cache), tmp_path / "kept")
    said(worded)  # it has been read here, too
    ways = {"spawn", "fork"} & set(multiprocessing.get_all_start_methods())
    for way in ways:
        with multiprocessing.get_context(way).Pool(1) as pool:
            assert pool.apply(said, (worded,)) == EXPECTED
