"""Where the server of an index answers: believed only of one on this machine that holds the index."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from univldr import StoreError
from univldr.encoders.hash import HashEncoder
from univldr.index import Manifest, Store
from univldr.index.lock import IndexLock, address_of, announce

URL = "http://127.0.0.1:8080"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "i", Manifest.of(HashEncoder())) as made:
        yield made


def test_it_is_known_as_long_as_the_index_is_held(store: Store) -> None:
    assert address_of(store.path) is None
    store.announce(URL)
    assert address_of(store.path) == URL
    store.announce("http://[::1]:9000")
    assert address_of(store.path) == "http://[::1]:9000"
    store.close()
    assert "[::1]" in (store.path / "lock").read_text()  # it stays, and means nothing
    assert address_of(store.path) is None
    with Store.open(store.path, wait=0):  # the look did not keep the lock
        assert address_of(store.path) is None  # nor does the next holder inherit it


def test_other_processes_are_told_who_answers_where(store: Store) -> None:
    store.announce(URL)
    told = rf"in use by .* \(pid {os.getpid()}\) at {URL} since \d\d:\d\d; wait"
    with pytest.raises(StoreError, match=told):
        Store.open(store.path, wait=0)
    code = (
        "from pathlib import Path; from univldr.index.lock import address_of; "
        f"print(address_of(Path({str(store.path)!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == URL


def test_that_of_an_index_made_anew_is_its_own(store: Store) -> None:
    store.announce(URL)
    with Store.rebuild(store.path, Manifest.of(HashEncoder())) as new:
        new.announce("http://127.0.0.1:9")
        assert address_of(store.path) == URL
        new.publish()
        assert address_of(store.path) == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1:80",  # of no machine
        "http://8.8.8.8:80",
        "http://example.org:80",
        "http://localhost:80",  # a name can be anything
        "https://127.0.0.1:80",
        "http://127.0.0.1:80/path",
        "http://127.0.0.1:80@192.0.2.1:80",
        "http://me:word@127.0.0.1:80",
        "http://127.0.0.1",
        "file:///etc/passwd",
        "",
        7,
        None,
        ["http://127.0.0.1:80"],
    ],
)
def test_no_other_address_is_believed(store: Store, url: object) -> None:
    lock = store.path / "lock"
    lock.write_text(json.dumps({"pid": os.getpid(), "command": "x", "since": "2026-01-01", "url": url}))
    assert address_of(store.path) is None


@pytest.mark.skipif(os.name != "posix", reason="files have no owner elsewhere")
def test_nobody_else_is_believed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.announce(URL)
    lock = store.path / "lock"
    lock.chmod(0o666)
    assert address_of(store.path) is None
    lock.chmod(0o644)
    assert address_of(store.path) == URL
    me = os.geteuid()
    monkeypatch.setattr("univldr.index.lock.os.geteuid", lambda: me + 1)
    assert address_of(store.path) == (URL if me == 0 else None)  # everybody believes root
    if me == 0:
        monkeypatch.undo()
        os.chown(lock, 12_345, -1)
        assert address_of(store.path) is None


def test_there_need_be_no_index_and_no_sense_in_its_lock(tmp_path: Path, store: Store) -> None:
    assert address_of(tmp_path / "nowhere") is None
    for text in ("", "[]", "{", '"url"', "{}"):
        (store.path / "lock").write_text(text)
        assert address_of(store.path) is None


def test_only_the_holder_announces(tmp_path: Path) -> None:
    lock = IndexLock(tmp_path, wait=0)
    (tmp_path / "lock").write_text(json.dumps({"pid": os.getpid() + 1}))
    with pytest.raises(StoreError, match=rf"held by process {os.getpid() + 1}"):
        announce(tmp_path / "lock", URL)
    lock.release()
    with pytest.raises(StoreError, match="cannot announce"):
        announce(tmp_path / "nothing", URL)
