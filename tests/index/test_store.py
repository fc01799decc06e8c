"""The index directory: made, opened, refused with a remedy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from univldr.encoders.hash import HashEncoder
from univldr.errors import ModelError, StoreError
from univldr.index import Manifest, Store, exists, index_of
from univldr.index.edge import EdgeIndex
from univldr.index.files import sizes
from univldr.index.manifest import is_same_name
from univldr.index.sources import Finished
from univldr.types import Document, Modality

ENCODER = HashEncoder(8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An index of one document."""
    path = tmp_path / "corpus" / ".univldr"
    with Store.create(path, Manifest.of(ENCODER)) as store:
        store.engine.upsert([Document("a", Modality.TEXT, "hello")], np.eye(1, 8, dtype=np.float32))
        store.sources.begin("/r", {"a": ["a"]})
        store.sources.finish("/r", [Finished("a", "1", ["a"])])
    return path


def test_what_was_stored_is_there_again(path: Path) -> None:
    with Store.open(path) as store:
        assert store.engine.count() == 1
        assert store.sources.stamps("/r") == {"a": "1"}
        assert store.manifest.encoder == "hash"
        assert (store.manifest.dim, store.manifest.fingerprint) == (8, ENCODER.fingerprint)
        assert store.bytes() > 0


def test_index_of(path: Path, tmp_path: Path) -> None:
    records = tmp_path / "docs.jsonl"
    records.touch()
    assert index_of(path.parent) == path
    assert index_of(path) == path
    assert index_of(records) == tmp_path / ".docs.jsonl.univldr"


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"no index at .*; make one: univldr index {tmp_path}$"):
        Store.open(tmp_path / ".univldr")
    assert list(tmp_path.iterdir()) == []


def test_create_does_not_replace_unasked(path: Path) -> None:
    with pytest.raises(StoreError, match=r"already is an index at .* --rebuild"):
        Store.create(path, Manifest.of(ENCODER))
    assert Manifest.read(path).dim == 8


def test_create_touches_no_other_files(tmp_path: Path) -> None:
    (tmp_path / "shard").mkdir()
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(
        StoreError, match=r"other files \(thesis.txt\); an index needs a directory of its own"
    ):
        Store.create(tmp_path, Manifest.of(ENCODER))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["shard", "thesis.txt"]


def test_create_takes_no_folder_for_its_own_by_the_name(tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    with pytest.raises(StoreError, match=r"holds other files \(uploads\)"):
        Store.create(tmp_path, Manifest.of(ENCODER))


def test_create_over_what_an_interrupted_create_left(path: Path) -> None:
    (path / "manifest.json").unlink()
    assert not exists(path)
    with Store.create(path, Manifest.of(ENCODER)) as store:
        assert store.engine.count() == 0


def test_another_model(path: Path) -> None:
    with Store.open(path) as store:
        store.manifest.check(path, ENCODER)
        with pytest.raises(
            ModelError, match=r"made with model 'hash', not 'clip'; use --model hash, or .*--rebuild"
        ):
            store.manifest.check_name(path, "clip")
        with pytest.raises(
            ModelError, match=r"'hash' changed since .*hash-1-8.*hash-1-4.*univldr index --rebuild"
        ):
            store.manifest.check(path, HashEncoder(4))


def test_no_index_says_what_is_missing(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    assert index_of(index_of(nothing)) == index_of(nothing)
    for missing in (index_of(nothing), nothing / ".univldr"):
        with pytest.raises(StoreError, match=f"^{nothing}: no such file or folder, and no index of it$"):
            Store.open(missing)
    with pytest.raises(StoreError, match=f"make one: univldr index {tmp_path}$"):
        Store.open(index_of(tmp_path))
    with pytest.raises(StoreError, match=f"make one: univldr index DIR --index {nothing}$"):
        Store.open(nothing)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("mini", "mini", True),
        ("mini", "clip", False),
        ("org/name@abc", "org/name", True),
        ("org/name", "org/name@abc", True),
        ("org/name@abc", "org/name@abd", False),
        ("org/name@abc", "org/nam", False),
        ("/models/name@abc", "/models/name", False),
        ("/models/name", "/models/../models/name", True),
    ],
)
def test_names_of_one_model(one: str, other: str, same: bool) -> None:
    assert is_same_name(one, other) is same


def _set(**fields: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        manifest = path / "manifest.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | fields))

    return change


def _truncate(name: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        [file] = path.glob(name)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return change


def _garble(name: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        [file] = path.glob(name)
        file.write_bytes(b"\xff garbage" * 20)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_truncate("manifest.json"), "is broken: manifest.json"),
        (_garble("manifest.json"), "is broken: manifest.json"),
        (_set(dim="8"), "\"dim\" is '8', not a int"),
        (_set(format=None), 'no "format"'),
        (_set(format=99), "has format 99, this univldr reads up to 3; upgrade"),
        (_garble("sources.sqlite"), "cannot open index .*: file is not a database"),
        (_garble("shard/edge_config.json"), "cannot open index"),
        (_truncate("shard/segments/*/segment.json"), "cannot open index"),
        (_truncate("shard/segments/*/vector_storage-dense/vectors/status.dat"), "cannot open index"),
        (lambda path: shutil.rmtree(path / "shard"), "cannot open index"),
    ],
)
def test_broken(path: Path, change: Callable[[Path], None], message: str) -> None:
    change(path)
    with pytest.raises(StoreError, match=message) as caught:
        Store.open(path, wait=0)
    assert f"univldr index --rebuild {path.parent}" in str(caught.value)
    with Store.rebuild(path, Manifest.of(ENCODER), wait=0) as store:  # nothing kept the lock
        store.publish()
    with Store.open(path) as store:
        assert store.engine.count() == 0
    assert sorted(entry.name for entry in path.iterdir()) == [
        "lock-1", "manifest.json", "manifest.lock", "shard-1", "sources-1.sqlite"
    ]  # fmt: skip


def test_unknown_manifest_fields_of_a_later_version_are_ignored(path: Path) -> None:
    _set(colour="blue")(path)
    with Store.open(path) as store:
        assert store.engine.count() == 1


HOLD = """
import sys
from pathlib import Path
from univldr.index import Store
sys.argv = ["/usr/bin/univldr", "index", "x"]
with Store.open(Path({path!r})):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_process_learns_who_holds_it_and_may_wait(path: Path) -> None:
    command = [sys.executable, "-c", HOLD.format(path=str(path))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(
            StoreError,
            match=rf"in use by univldr index \(pid {holder.pid}\) since \d\d:\d\d; wait for it or stop",
        ):
            Store.open(path, wait=0.2)
        holder.stdin.close()
        with Store.open(path, wait=10) as store:
            assert store.engine.count() == 1


def test_holder_that_was_killed_leaves_no_lock(path: Path) -> None:
    command = [sys.executable, "-c", HOLD.format(path=str(path))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        holder.wait()
    with Store.open(path, wait=0) as store:
        assert store.engine.count() == 1


def test_full_disk_is_refused_before_the_engine_would_be_killed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    with Store.open(path) as store:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 40, 1 << 40, 5 << 20))
        with pytest.raises(
            StoreError, match=rf"no space for index {path}: 5 MiB free, 64 MiB needed; .*--index"
        ):
            store.engine.upsert([Document("b", Modality.TEXT)], np.eye(1, 8, dtype=np.float32))
        store.engine.optimize()
        assert store.engine.count() == 1
    with pytest.raises(StoreError, match="no space for index"):
        Store.open(path)


def test_full_disk_under_the_sources(path: Path) -> None:
    with Store.open(path) as store:
        connection = store.sources._connection
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=f"no space to write index {path}; .*--index"):
            store.sources.begin("/r", {str(n): [str(n) * 50] for n in range(1000)})
        assert store.sources.stamps("/r") == {"a": "1"}


def test_unwritable_place(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreError, match=f"cannot create index {file}/x"):
        Store.create(file / "x", Manifest.of(ENCODER))


def test_read_only_directory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("univldr.index.lock.os.open", refuse)  # a chmod would not stop root
    with pytest.raises(StoreError, match=f"cannot lock index {path}: .*make it writable, or .*--index"):
        Store.open(path)


def test_sources_of_an_older_crash_are_read_again(path: Path) -> None:
    with Store.open(path) as store:
        store.sources.begin("/r", {"a": ["a", "b"], "c": ["c"]})
    with Store.open(path) as store:
        assert store.sources.stamps("/r") == {"a": "", "c": ""}
        assert store.sources.ids("/r", ["a", "c"]) == ["a", "b", "c"]
        store.sources.finish("/r", [Finished("a", "2", ["b"], [("a", "half of it is broken")])])
        assert store.sources.ids("/r", ["a"]) == ["b"]
        assert store.sources.owner("b") == ("/r", "a")
        assert store.sources.owner("a") is None
        assert store.sources.skipped("/r") == [("a", "half of it is broken")]
        store.sources.remove("/r", ["a"])
        assert store.sources.owner("b") is None
        assert store.sources.skipped("/r") == []


def test_sources_write_all_or_nothing(path: Path) -> None:
    with Store.open(path) as store:
        with pytest.raises(StoreError):
            store.sources.finish("/r", [Finished("a", "9", ["twice", "twice"])])
        assert store.sources.stamps("/r") == {"a": "1"}


def test_what_is_replaced_again_and_again_takes_no_more_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("univldr.index.edge.REPLACED_DOCUMENTS", 1_000)  # the engine clears no fewer
    index = EdgeIndex(tmp_path / "shard", 256, create=True)
    rows = np.tile(np.eye(1, 256, dtype=np.float32), (510, 1))
    opened, sizes = index._shard, []
    for turn in range(3):
        index.upsert([Document(f"{number}", Modality.TEXT, f"turn{turn}") for number in range(510)], rows)
        index.flush()
        vectors = (tmp_path / "shard").glob("segments/*/vector_storage-dense/vectors/*")
        sizes.append(sum(file.stat().st_blocks for file in vectors))
        assert index.count() == index.delete([f"{number}" for number in range(510)]) == 510
    assert sizes[0] == sizes[2] < sizes[1]
    assert index._shard is not opened
    opened = index._shard
    for turn in range(4):  # overwritten in place: only the words would pile up
        index.upsert([Document(f"{number}", Modality.TEXT, f"turn{turn}") for number in range(510)], rows)
    assert index._shard is not opened
    assert [len(index.query_words(f"turn{turn}", 600)) for turn in range(4)] == [0, 0, 0, 510]
    index.close()


def test_the_sizes_of_files_that_go_meanwhile(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(bytes(5000))
    found = sizes(tmp_path)
    first, size = next(found)
    assert size >= 5000
    for name in ("a", "b"):
        shutil.rmtree(tmp_path / name)
    assert list(found) == []
    assert first.name == "file"
