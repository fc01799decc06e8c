"""An index that one process has open and others ask; its engine is also in test_engines.py."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path

import numpy as np
import pytest

from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, CorpusError, NotFoundError, StoreError, UnivldrError
from univldr.index import Manifest, Store, wire
from univldr.index.base import Made
from univldr.index.holder import Address, Holder
from univldr.index.shared import SharedStore
from univldr.types import Document, Expansion, Float32Array, Modality
from univldr.where import parse

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no Unix sockets")
ENCODER = HashEncoder(8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Store.create(tmp_path / "index", Manifest.of(ENCODER)).close()
    return tmp_path / "index"


@pytest.fixture
def holder(path: Path) -> Iterator[Holder]:
    with Holder(path) as holder:
        yield holder


def rows(count: int) -> Float32Array:
    return np.eye(count, 8, dtype=np.float32)


def text(id_: str) -> Document:
    return Document(id_, Modality.TEXT, f"words of {id_}")


def rebuild(path: Path, id_: str) -> None:
    with Store.rebuild(path, Manifest.of(ENCODER)) as store:
        store.engine.upsert([text(id_)], rows(1))
        store.publish()


def test_all_who_share_an_index_see_the_same(holder: Holder) -> None:
    address = holder.listen()
    with closing(SharedStore(address)) as one, closing(SharedStore(address)) as other, holder.lease() as own:
        one.engine.upsert([text("a"), text("b")], rows(2))
        assert other.engine.get(["a"]) == own.engine.get(["a"]) == [text("a")]
        assert other.engine.count(where=parse("id in ('b', 'c') and not exists year")) == 1
        own.engine.delete(["a"])
        assert one.engine.count() == other.engine.count() == 1
        assert one.path == own.path == holder.path
        assert one.manifest == own.manifest
        known = one.manifest
        assert one.manifest is known
        own.store.change(roots=("/r",))
        assert one.manifest.roots == ("/r",)


def test_documents_that_come_by_themselves(holder: Holder, png: bytes) -> None:
    with closing(SharedStore(holder.listen())) as shared, holder.lease() as own:
        made = Made("key", [[Expansion("a barn", "caption", 0.5)], []])
        shared.put([Document("p", Modality.IMAGE, image=png), text("t")], rows(2), made)
        [picture, passage] = own.engine.get(["p", "t"])
        assert picture is not None
        assert picture.expansions == (Expansion("a barn", "caption", 0.5),)
        assert isinstance(picture.image, Path)
        assert picture.image.read_bytes() == png
        assert passage == text("t")
        assert shared.drop(["p", "unknown"]) == 1
        assert own.engine.count() == 1
        own.store.enter_root("/r")
        own.store.sources.begin("/r", {"a.txt": ["a.txt#0"]})
        assert shared.ids_of("/r", ["a.txt", "b.txt"]) == ["a.txt#0"]
        with pytest.raises(CorpusError, match=r"'a.txt#0'"):
            shared.put([text("a.txt#0")], rows(1))


@pytest.fixture
def png() -> bytes:
    from io import BytesIO

    from PIL import Image

    stream = BytesIO()
    Image.new("RGB", (8, 8), "red").save(stream, "PNG")
    return stream.getvalue()


def test_errors_are_those_of_the_other_side(holder: Holder) -> None:
    with closing(SharedStore(holder.listen())) as shared:
        with pytest.raises(StoreError, match="k is 0; ask for at least 1 hit"):
            shared.engine.query(rows(1)[0], 0)
        with pytest.raises(StoreError, match=r"shape \[1, 3\] for 1 documents; this index takes \[1, 8\]"):
            shared.engine.upsert([text("a")], np.eye(1, 3, dtype=np.float32))
        with pytest.raises(StoreError, match="query failed: TypeError: "):
            shared.engine.query(rows(1)[0], "many")  # type: ignore[arg-type]
        assert shared.engine.count() == 0  # goes on


@pytest.mark.parametrize("kind", [ConfigError, CorpusError, NotFoundError, StoreError])
def test_an_error_keeps_its_class_and_message(kind: type[UnivldrError]) -> None:
    with pytest.raises(kind, match=r"^what; remedy$"):
        wire.checked(wire.refusal(kind("what; remedy")))


def test_an_unknown_kind_of_error_is_still_ours() -> None:
    class OddError(StoreError):
        """Not known elsewhere."""

    assert wire.refusal(OddError("x")) == {"error": "store_error", "message": "x"}


def test_many_threads(holder: Holder) -> None:
    with closing(SharedStore(holder.listen())) as shared, ThreadPoolExecutor(8) as threads:

        def work(number: int) -> bool:
            shared.engine.upsert([text(f"d{number}")], rows(1))
            return shared.engine.get([f"d{number}"]) == [text(f"d{number}")]

        assert all(threads.map(work, range(80)))
        assert shared.engine.count() == 80


def test_a_scan_may_be_left(holder: Holder) -> None:
    with closing(SharedStore(holder.listen())) as shared:
        shared.engine.upsert([text(f"d{n}") for n in range(8)], rows(8))
        for documents, _ in shared.engine.scan(2):
            assert len(documents) == 2
            break
        assert shared.engine.count() == 8


def test_made_anew_meanwhile(holder: Holder, path: Path) -> None:
    address = holder.listen()
    with closing(SharedStore(address)) as old, holder.lease() as own:
        assert not old.is_stale()
        old.engine.upsert([text("old")], rows(1))
        rebuild(path, "new")
        assert old.is_stale()
        assert own.is_stale()
        with closing(SharedStore(address)) as new:
            assert not new.is_stale()
            assert (new.engine.get(["new"]), old.engine.get(["old"])) == ([text("new")], [text("old")])
            with ThreadPoolExecutor(2) as threads:  # more connections to the old one
                assert list(threads.map(lambda _: old.engine.count(), range(4))) == [1] * 4
            own.close()
            old.close()
            wait_for(lambda: not (path / "shard").exists())  # nobody has it any more, so its files go, too
            assert new.engine.count() == 1
    with pytest.raises(StoreError, match="is closed; open it again"):
        old.engine.count()


def wait_for(check: object) -> None:
    pause = threading.Event()
    for _ in range(200):
        if check():  # type: ignore[operator]
            return
        pause.wait(0.02)
    raise AssertionError("it did not come true")


def test_no_index_any_more(holder: Holder, path: Path) -> None:
    address = holder.listen()
    (path / "manifest.json").unlink()
    with pytest.raises(StoreError, match=rf"no index at {path}"):
        SharedStore(address)


def test_only_who_knows_the_key_gets_in(holder: Holder) -> None:
    address = holder.listen()
    assert stat.S_IMODE(Path(address.path).parent.stat().st_mode) == 0o700
    with Client(address.path, "AF_UNIX") as line:
        assert line.poll(5)
        assert line.recv_bytes().startswith(b"#CHALLENGE#")
    with pytest.raises(AuthenticationError):
        Client(address.path, "AF_UNIX", authkey=b"guess")
    with pytest.raises(StoreError, match="is gone"):
        SharedStore(Address(address.path, b"guess"))
    with closing(SharedStore(address)) as shared:
        assert shared.engine.count() == 0


def test_nothing_is_unpickled_and_nothing_is_endless(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    address = holder.listen()
    with Client(address.path, "AF_UNIX", authkey=address.key) as line:
        line.send({"generation": None})  # pickled
        with pytest.raises(EOFError):
            line.recv_bytes()
    with closing(SharedStore(address)) as shared:
        monkeypatch.setattr(wire, "MAX_BYTES", 1000)
        with pytest.raises(StoreError, match="for the index at once, over 0; send fewer documents"):
            shared.engine.upsert([Document("a", Modality.TEXT, "x" * 1000)], rows(1))
        assert shared.engine.count() == 0


def test_a_closed_holder_leaves_nothing(path: Path) -> None:
    holder = Holder(path)
    address = holder.listen()
    shared = SharedStore(address)
    assert shared.engine.count() == 0
    holder.close()
    assert not Path(address.path).parent.exists()
    with pytest.raises(
        StoreError, match=r"the process that has index .* open is gone; start the server again"
    ):
        shared.engine.count()
    with pytest.raises(StoreError, match="closed meanwhile"):
        holder.lease()
    Store.open(path, wait=0).close()


HOLDER = """
import sys, time
from pathlib import Path
from univldr.index.holder import Holder
address = Holder(Path(sys.argv[1])).listen()
print(address.path, address.key.hex(), flush=True)
time.sleep(60)
"""


def test_a_killed_holder(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        place, key = process.stdout.readline().split()
        try:
            with closing(SharedStore(Address(place, bytes.fromhex(key)))) as shared:
                shared.engine.upsert([text("a")], rows(1))
                process.kill()
                process.wait()
                with pytest.raises(StoreError, match="is gone"):
                    shared.engine.count()
        finally:
            process.kill()
            shutil.rmtree(Path(place).parent)
    with Store.open(path, wait=0) as store:
        assert store.engine.get(["a"]) == [text("a")]
