"""The file of words: what is in it is found by anybody, whatever happened to whoever wrote it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.verbalize.kit import ColourVerbalizer, png
from univldr._pdf import page_path
from univldr.errors import ImageError, StoreError
from univldr.verbalize.base import Words
from univldr.verbalize.cache import WordCache, default_cache, digest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "words.sqlite"


def test_what_was_put_is_found_by_picture_verbalizer_and_fingerprint(path: Path) -> None:
    colours, others = ColourVerbalizer("caption"), ColourVerbalizer("ocr")
    WordCache(path).put(colours, {"a": [Words("red", 0.5), Words("dark")], "b": []})
    cache = WordCache(path)
    assert cache.get(["a", "b", "c"], colours) == {"a": [Words("red", 0.5), Words("dark")], "b": []}
    assert cache.get(["a", "b"], others) == {}
    assert cache.get(["a", "b"], ColourVerbalizer("caption", fingerprint="colours-2")) == {}
    assert cache.get([], colours) == {}


def test_many_pictures_are_asked_for_at_once(path: Path) -> None:
    colours = ColourVerbalizer()
    cache = WordCache(path)
    said = {f"p{n}": [Words(f"word {n}")] for n in range(5000)}
    cache.put(colours, said)
    assert cache.get(list(said), colours) == said


def test_any_sqlite_tool_can_read_it(path: Path) -> None:
    WordCache(path).put(ColourVerbalizer(), {"a": [Words("ein Hügel", 0.5)]})
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    [row] = map(dict, connection.execute("SELECT * FROM words"))
    connection.close()
    assert len(row.pop("made")) == len("2026-01-01T00:00:00+00:00")
    assert row == {
        "picture": "a",
        "verbalizer": "caption",
        "fingerprint": "colours-1",
        "label": "colours",
        "words": '[{"text": "ein Hügel", "confidence": 0.5}]',
    }


def test_everything_known_of_a_picture(path: Path) -> None:
    cache = WordCache(path)
    assert cache.of("a") == []
    assert not path.exists()  # looking makes nothing
    for fingerprint in ("one", "two"):
        cache.put(ColourVerbalizer("caption", fingerprint=fingerprint), {"a": [Words(fingerprint)], "b": []})
    cache.put(ColourVerbalizer("ocr"), {"a": []})
    found = [(entry.verbalizer, entry.fingerprint, entry.label, entry.words) for entry in cache.of("a")]
    assert found == [
        ("caption", "one", "colours", (Words("one"),)),
        ("caption", "two", "colours", (Words("two"),)),
        ("ocr", "colours-1", "colours", ()),
    ]


def test_a_picture_is_known_by_its_content(tmp_path: Path) -> None:
    data = png("red")
    (tmp_path / "a.png").write_bytes(data)
    (tmp_path / "copy.png").write_bytes(data)
    assert digest(data) == digest(tmp_path / "a.png") == digest(tmp_path / "copy.png")
    assert digest(data) == hashlib.blake2b(data, digest_size=16).hexdigest()
    assert digest(data) != digest(png("blue"))
    with pytest.raises(ImageError, match=r"missing\.png: no such file"):
        digest(tmp_path / "missing.png")


def test_a_page_is_known_by_its_file_and_its_number(tmp_path: Path) -> None:
    file, copy = tmp_path / "a.pdf", tmp_path / "b.pdf"
    for each in (file, copy):
        each.write_bytes(b"pages")
    known = digest(page_path(file, 1))
    assert (len(known), digest(page_path(copy, 1))) == (32, known)
    assert len({known, digest(page_path(file, 2)), digest(file)}) == 3
    file.write_bytes(b"other pages")
    assert digest(page_path(file, 1)) != known
    with pytest.raises(ImageError, match=r"c\.pdf#page=1: no such file"):
        digest(page_path(tmp_path / "c.pdf", 1))


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("UNIVLDR_WORDS", raising=False)
    assert default_cache() == tmp_path / "univldr" / "words.sqlite"
    monkeypatch.setenv("UNIVLDR_WORDS", str(tmp_path / "mine.sqlite"))
    assert default_cache() == tmp_path / "mine.sqlite"


def _not_sqlite(path: Path) -> None:
    path.write_bytes(b"these are not the words you are looking for" * 100)


def _newer_format(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()


def _of_something_else(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE documents (id TEXT)")
    file.close()


def _words_spoilt(path: Path) -> None:
    WordCache(path).put(ColourVerbalizer(), {"a": [Words("red")]})
    with sqlite3.connect(path) as file:
        file.execute("UPDATE words SET words = '[{\"txt\": 1}]'")
    file.close()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_not_sqlite, "not a database"),
        (_newer_format, "format 99, this version reads 1"),
        (_of_something_else, 'something else, with a table "documents"'),
        (_words_spoilt, "not what this version writes"),
        (Path.mkdir, "unable to open"),
    ],
)
def test_a_broken_file_is_refused_with_a_remedy(path: Path, damage: object, reason: str) -> None:
    assert callable(damage)
    damage(path)
    with pytest.raises(StoreError, match=reason) as caught:
        WordCache(path).get(["a"], ColourVerbalizer())
    assert str(path) in str(caught.value)
    assert "UNIVLDR_WORDS" in str(caught.value)


def test_a_folder_that_is_a_file_is_refused(path: Path) -> None:
    path.write_text("")
    with pytest.raises(StoreError, match="UNIVLDR_WORDS"):
        WordCache(path / "words.sqlite").put(ColourVerbalizer(), {"a": []})


def test_it_goes_on_after_a_refusal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, colours = WordCache(path), ColourVerbalizer()
    cache.put(colours, {"a": [Words("red")]})
    with pytest.raises(StoreError):
        cache.put(colours, {"b": [Words("blue")], "c": [Words("\ud800")]})  # SQLite takes no half characters
    assert cache.get(["a", "b"], colours) == {"a": [Words("red")]}  # all of a call or nothing
    cache.put(colours, {"b": [Words("blue")]})
    assert cache.get(["b"], colours) == {"b": [Words("blue")]}


WRITER = """
import sys
from pathlib import Path
from tests.verbalize.kit import ColourVerbalizer
from univldr.verbalize.base import Words
from univldr.verbalize.cache import WordCache

cache = WordCache(Path(sys.argv[1]))
sys.stdin.read(1)  # all begin at once
for n in range(int(sys.argv[3])):
    cache.put(ColourVerbalizer(), {f"{sys.argv[2]}-{n}": [Words(f"words {n}")], "shared": [Words("same")]})
    print(n, flush=True)
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_several_processes_make_and_fill_it_at_once(path: Path) -> None:
    writers = [writer(path, name, 50) for name in "abc"]
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    for process in writers:
        process.communicate(timeout=60)
        assert process.returncode == 0
    pictures = [f"{name}-{n}" for name in "abc" for n in range(50)]
    assert len(WordCache(path).get([*pictures, "shared"], ColourVerbalizer())) == 151


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_writer_leaves_what_it_had_put(path: Path) -> None:
    process = writer(path, "a", 100_000)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("x")
    process.stdin.flush()
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    noted = [*range(20), *map(int, process.stdout.read().split("\n")[:-1])]
    process.wait()
    process.stdin.close()
    process.stdout.close()
    found = WordCache(path).get([f"a-{n}" for n in noted], ColourVerbalizer())
    assert found == {f"a-{n}": [Words(f"words {n}")] for n in noted}
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_threads_share_it(path: Path) -> None:
    cache, colours = WordCache(path), ColourVerbalizer()

    def work(n: int) -> None:
        for m in range(20):
            cache.put(colours, {f"{n}-{m}": []})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache.get([f"{n}-{m}" for n in range(4) for m in range(20)], colours)) == 80


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_opens_it_for_itself(path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from tests.verbalize.kit import ColourVerbalizer
from univldr.verbalize.cache import WordCache

cache = WordCache(Path(sys.argv[1]))
cache.put(ColourVerbalizer(), {"parent": []})
child = os.fork()
if child == 0:
    cache.put(ColourVerbalizer(), {"child": []})
    sys.exit(0)
_, status = os.waitpid(child, 0)
cache.put(ColourVerbalizer(), {"after": []})
print(sorted(cache.get(["parent", "child", "after"], ColourVerbalizer())))
sys.exit(status)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert json.loads(done.stdout.replace("'", '"')) == ["after", "child", "parent"]
