"""Nothing is lost: kills, full and read-only disks, files and clocks that jump, two at once, older indexes.

What single parts promise is tested beside them (``tests/index/test_crash.py``, ``test_store.py``, ...); here
are whole indexes under what happens to them from outside.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks import crash, soak
from PIL import Image

import univldr
from univldr.encoders.hash import HashEncoder
from univldr.encoders.settings import UNCHANGED
from univldr.errors import StoreError
from univldr.index import Manifest, Store, index_of
from univldr.index.manifest import FORMAT
from univldr.pipeline import IndexReport, update
from univldr.types import Document, Hit, Modality

FIXTURES = Path(__file__).with_name("fixtures")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL and no mount")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "stuff"
    root.mkdir()
    for number in range(6):
        (root / f"{number}.txt").write_text(f"note{number} about something")
    Image.new("RGB", (40, 30), "red").save(root / "barn.png")
    return root


def texts(root: Path) -> dict[str, str]:
    """Key of each document of the folder to its text."""
    with Store.open(index_of(root)) as store:
        return {one.id.removesuffix("#0"): one.text for some, _ in store.engine.scan() for one in some}


def counts(report: IndexReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.removed, report.unchanged


def test_killed_at_random_moments() -> None:
    tally = crash.run(6, seed=0)
    assert tally.wrong == []
    assert sum(tally.killed_during.values()) == 6


def test_a_picture_of_an_upload_that_died_goes_with_the_next_update(folder: Path) -> None:
    """Also where the same upload was made again before, so that nothing else was left to make up for."""
    update(folder, model="hash")
    with univldr.open(folder) as searcher:
        searcher.upsert([Document("memo", Modality.TEXT, "a memo")])
    with Store.open(index_of(folder)) as store:
        left = Document("died", Modality.IMAGE, "", (folder / "barn.png").read_bytes())
        [kept] = store.uploads.keep([left])
    assert isinstance(kept.image, Path)
    assert kept.image.exists()
    update(folder)
    assert not kept.image.exists()


# --- full and read-only disks ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=100m", "none", str(path)]
    if shutil.which("mount") is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a file system")
    yield path
    subprocess.run(["umount", str(path)], check=True)


@POSIX
def test_a_disk_that_fills_up(small_disk: Path) -> None:
    root = small_disk / "stuff"
    root.mkdir()
    (root / "note.txt").write_text("note about something")
    update(root, model="hash")
    acknowledged: list[str] = []
    with univldr.open(root) as searcher:

        def upsert_until_it_is_full() -> None:
            for number in range(1000):
                some = [
                    Document(f"{number}-{n}", Modality.TEXT, f"w{number} " + "x" * 9000) for n in range(99)
                ]
                searcher.upsert(some)
                acknowledged.extend(document.id for document in some)

        with pytest.raises(StoreError, match=r"no space for index .*; free some"):
            upsert_until_it_is_full()
    assert acknowledged
    (small_disk / "others").write_bytes(bytes(20 << 20))
    with pytest.raises(StoreError, match="no space for index"):
        univldr.open(root)
    (small_disk / "others").unlink()
    (small_disk / "others").write_bytes(bytes(1 << 20))
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    assert texts(root).keys() == {"note.txt", *acknowledged}
    assert counts(update(root)) == (0, 0, 0, 1)


@POSIX
def test_a_disk_that_may_only_be_read(small_disk: Path) -> None:
    root = small_disk / "stuff"
    root.mkdir()
    (root / "note.txt").write_text("note about something")
    remount = ["mount", "-o"]
    subprocess.run([*remount, "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match=r"cannot create index .*make it writable, or .*--index"):
        update(root, model="hash")
    subprocess.run([*remount, "remount,rw", str(small_disk)], check=True)
    update(root, model="hash")
    subprocess.run([*remount, "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match=r"cannot lock index .*make it writable, or .*--index"):
        univldr.open(root)
    with pytest.raises(StoreError, match="cannot lock index"):
        update(root)


# --- files and clocks ---


def test_files_that_change_while_they_are_read(folder: Path) -> None:
    """The loader runs once the folder has been listed and the first text is about to be cut."""

    def load(*_: object) -> HashEncoder:
        (folder / "2.txt").unlink()
        (folder / "3.txt").unlink()
        (folder / "3.txt").mkdir()
        (folder / "4.txt").write_text("note4 about something else")
        (folder / "barn.png").write_bytes((folder / "barn.png").read_bytes()[:60])
        return HashEncoder()

    with Store.create(index_of(folder), Manifest.of(HashEncoder())) as store:
        report = update(folder, loader=load, texts=UNCHANGED, store=store)
    assert {one.key for one in report.skipped} == {"2.txt", "3.txt", "4.txt", "barn.png"}
    assert texts(folder).keys() == {"0.txt", "1.txt", "5.txt"}
    Image.new("RGB", (40, 30), "red").save(folder / "barn.png")
    report = update(folder)
    assert report.skipped == []
    assert texts(folder).keys() == {"0.txt", "1.txt", "4.txt", "5.txt", "barn.png"}
    assert texts(folder)["4.txt"] == "note4 about something else"


@pytest.mark.parametrize("moment", [-86_400, 0, 4_102_444_800, 15_000_000_000])
def test_clocks_that_jump(folder: Path, moment: int) -> None:
    """A change counts by its moment being another one, whether later or earlier."""
    update(folder, model="hash")
    (folder / "1.txt").write_text("note1 about something")
    os.utime(folder / "1.txt", (moment, moment))
    assert counts(update(folder)) == (0, 1, 0, 6)
    (folder / "1.txt").write_text("note1 about SOMETHING")  # as long, and by a clock that was put back
    os.utime(folder / "1.txt", (moment - 3600, moment - 3600))
    assert counts(update(folder)) == (0, 1, 0, 6)
    assert texts(folder)["1.txt"] == "note1 about SOMETHING"
    with univldr.open(folder) as searcher:
        assert searcher.search("note1", k=1)[0].document.id == "1.txt#0"
        assert len(searcher.search("note", k=9, where="modified >= '1969-01-01'")) == 7


# --- several at once ---

WRITER = """
import sys
from pathlib import Path
from univldr.errors import StoreError
from univldr.pipeline import update
folder = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    (folder / f"of-{sys.argv[3]}-{number}.txt").write_text(f"more{number} about something")
    try:
        update(folder, model="hash")
    except StoreError as error:
        assert "in use by" in str(error), error
"""


def writers(folder: Path, count: int, steps: int) -> list[subprocess.Popen[str]]:
    """Processes that write one index, begun at the same moment."""
    command = [sys.executable, "-c", WRITER, str(folder), str(steps)]
    started = [
        subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(count)
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return started


def test_several_make_and_update_one_index(folder: Path) -> None:
    for process in writers(folder, 3, 3):
        process.communicate()
        assert process.returncode == 0
    update(folder)
    assert len(texts(folder)) == 7 + 9
    assert counts(update(folder)) == (0, 0, 0, 16)


def test_a_reader_while_another_process_writes(folder: Path) -> None:
    """It gets an answer in which nothing is missing that was there before, or is told who writes."""
    update(folder, model="hash")
    [writer] = writers(folder, 1, 5)
    least = 7
    answers = 0
    while writer.poll() is None:
        try:
            with Store.open(index_of(folder), wait=0.05) as store:
                found = store.engine.count()
                assert [hit.document.id for hit in store.engine.query_words("note3", 3)] == ["3.txt#0"]
        except StoreError as error:
            assert "in use by" in str(error)  # noqa: PT017
            continue
        assert found >= least
        least, answers = found, answers + 1
    writer.communicate()
    assert writer.returncode == 0
    assert answers
    update(folder)
    assert len(texts(folder)) == 12


# --- older versions ---

ARCHIVES = sorted(FIXTURES.glob("index-format-*.tar.xz"))


def test_there_is_an_index_of_each_format() -> None:
    """Where this fails, see ``tests/fixtures/make_index.py``."""
    assert [path.name for path in ARCHIVES] == [f"index-format-{n}.tar.xz" for n in range(1, FORMAT + 1)]


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.partition(".")[0])
def test_an_index_of_an_older_version(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    root = tmp_path / "stuff"
    uploads = {"sky", "memo"} if Manifest.read(index_of(root)).format >= 3 else set()
    with univldr.open(root) as searcher:
        assert searcher.search("red barn field", k=1)[0].document.id == "barn.png"
        assert searcher.search("onion soup", k=1, modality=Modality.TEXT)[0].document.id == "soup.txt#0"
        assert {hit.document.id for hit in searcher.search("blue sky", k=9)} == {
            "barn.png", "soup.txt#0", "sea.md#0", *uploads
        }  # fmt: skip
    assert counts(update(root)) == (0, 0, 0, 3)
    (root / "soup.txt").write_text("Pea soup needs two.")
    (root / "sea.md").unlink()
    assert counts(update(root)) == (0, 1, 1, 1)
    with univldr.open(root) as searcher:
        searcher.upsert([Document("new", Modality.TEXT, "a new memo")])
    assert texts(root) == {
        "barn.png": "A red barn in a field.", "soup.txt": "Pea soup needs two.", "new": "a new memo",
        **({"sky": "A blue sky over the hills.", "memo": "Call the plumber."} if uploads else {}),
    }  # fmt: skip
    update(root, model="hash", rebuild=True)
    assert texts(root).keys() == {"barn.png", "soup.txt", "new", *uploads}


# --- a server for a while ---


def test_a_document_that_goes_while_it_is_searched_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the engine's list of who has the words and the question for their vectors."""
    update(folder, model="hash")
    with univldr.open(folder) as searcher:
        searcher.upsert([Document(f"{n}", Modality.TEXT, f"rare{n} " + "other " * 200) for n in range(3)])
        real = searcher.index.query_words

        def asked(*arguments: Any, **named: Any) -> list[Hit]:
            found = real(*arguments, **named)
            searcher.index.delete(["1"])
            return found

        monkeypatch.setattr(searcher.index, "query_words", asked)
        monkeypatch.setattr("univldr.search.candidates._DEPTH", 1)
        found = searcher.search("rare0 rare1 rare2", k=1, lexical="on")
        assert "1" not in [hit.document.id for hit in found]


@pytest.mark.slow
def test_a_soak() -> None:
    outcome = soak.run(0.05, clients=3, model="hash", documents=50)
    assert (outcome.errors, outcome.lost) == (0, [])
    assert outcome.requests > 10
    assert "neither a success nor 429: 0; lost: 0" in outcome.report()


def soaked(grown: Callable[[int], float], files: Callable[[int], int] = lambda number: 20) -> soak.Outcome:
    """Ten minutes at 50 requests a second; ``grown`` tells bytes by requests."""
    samples = [soak.Sample(50 * n, 60 + grown(50 * n) / 1e6, 100, files(n), 18, 5, 30) for n in range(600)]
    return soak.Outcome(Counter({("POST search", 200): 30_000, ("POST search", 429): 9}), samples)


def test_a_soak_sees_what_grows() -> None:
    leak = soaked(lambda requests: 130 * requests)
    assert leak.slope == pytest.approx(1.3)
    assert [one.split(";")[0] for one in leak.complaints()] == ["memory grows by 2.6 MB"]
    assert soaked(lambda requests: 5e6 * (requests > 5_000)).complaints() == []  # it was only warming up
    assert soaked(lambda requests: 1e6 * (requests > 20_000)).complaints() == []
    assert soaked(lambda requests: 0, lambda second: 20 + second // 30).complaints() == ["files: 33, then 39"]
