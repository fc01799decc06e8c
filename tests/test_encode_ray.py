"""Encoding on a real Ray cluster: nodes die, and nothing is lost or comes twice. Needs the extra ``ray``."""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from univldr.encode import EncodeReport, encode
from univldr.encode.run import folder_for
from univldr.index import Store, exists
from univldr.transfer import Parquet

cluster_utils = pytest.importorskip("ray.cluster_utils", reason="make test-ray has it")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # Ray's own warnings are not ours

SHARDS, SIZE, WORDS = 60, 100, 200
PATIENCE = 180.0


@contextmanager
def cluster(nodes: int) -> Iterator[tuple[Any, list[Any]]]:
    """A head that works not, and nodes of one core each: every one with processes of its own."""
    made = cluster_utils.Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False},
        shutdown_at_exit=False,
    )
    try:
        yield made, [made.add_node(num_cpus=1) for _ in range(nodes)]
    finally:
        made.shutdown()
        del made
        gc.collect()  # the files that Ray leaves open are to be found out about here


def corpus(folder: Path, count: int = SHARDS * SIZE) -> Path:
    rows = ({"id": str(n), "text": f"{n} " + "word " * WORDS} for n in range(count))
    (folder / "docs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "docs.jsonl"


@contextmanager
def command(source: Path, to: Path, address: str, option: str = "--to") -> Iterator[subprocess.Popen[str]]:
    words = ["encode", source, option, to, "--ray", address, "--model", "hash", "--shard-documents", SIZE]
    with subprocess.Popen(
        [sys.executable, "-m", "univldr", *map(str, words), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def made(folder: Path) -> int:
    return len(list(folder.glob("*.parquet")))


def stored(folder: Path) -> int:
    """How many shards are in the index that ``folder`` belongs to."""
    for file in folder.glob(".indexes/*.sqlite"):
        with closing(sqlite3.connect(file)) as record, suppress(sqlite3.OperationalError):  # not made yet
            return int(record.execute("SELECT COUNT(*) FROM shards WHERE stamp != ''").fetchone()[0])
    return 0


def wait_until(
    folder: Path, count: int, process: subprocess.Popen[str], counted: Callable[[Path], int] = made
) -> None:
    until = time.monotonic() + PATIENCE
    while counted(folder) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, f"{counted(folder)} shards after {PATIENCE} s"
        time.sleep(0.01)


def held(index: Path) -> list[str]:
    with Store.open(index) as store:
        found = [document.id for documents, _ in store.engine.scan(vectors=False) for document in documents]
    return sorted(found, key=int)


def ids(folder: Path) -> list[str]:
    parquet = Parquet.needed_for("the test")
    return [id for file in sorted(folder.glob("*.parquet")) for id in parquet.ids(file)]


def test_a_node_that_dies_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    source, to = corpus(tmp_path), tmp_path / "out"
    with cluster(2) as (ray, nodes), command(source, to, ray.address) as process:
        wait_until(to, 10, process)
        ray.remove_node(nodes[1], allow_graceful=False)
        left = SHARDS - made(to)
        printed, errors = process.communicate(timeout=PATIENCE)
    assert left > 10, "it was over before the node died"
    assert process.returncode == 0, errors
    report = json.loads(printed)
    assert report["documents"] == SHARDS * SIZE
    assert report["quarantined"] == report["skipped"] == []
    assert sorted(ids(to), key=int) == [str(n) for n in range(SHARDS * SIZE)]
    assert not list(to.glob("**/*.part"))


def test_a_driver_that_dies_is_continued_without_ray_and_gives_the_same(tmp_path: Path) -> None:
    source, to = corpus(tmp_path), tmp_path / "out"
    with cluster(2) as (ray, _), command(source, to, ray.address) as process:
        wait_until(to, 5, process)
    count = made(to)
    assert count < SHARDS
    report = encode(source, to)
    assert report.documents == SHARDS * SIZE
    assert 0 < report.made <= SHARDS - count
    whole: EncodeReport = encode(source, tmp_path / "alone", model="hash", size=SIZE)
    assert whole.documents == report.documents
    names = {path.name: path.read_bytes() for path in to.glob("*.parquet")}
    assert names == {path.name: path.read_bytes() for path in (tmp_path / "alone").glob("*.parquet")}


def test_straight_into_an_index_while_a_node_dies(tmp_path: Path) -> None:
    source, index = corpus(tmp_path), tmp_path / "index"
    folder = folder_for(source, None, index)
    with cluster(2) as (ray, nodes), command(source, index, ray.address, "--index") as process:
        wait_until(folder, 5, process, stored)
        ray.remove_node(nodes[1], allow_graceful=False)
        left = SHARDS - stored(folder)
        printed, errors = process.communicate(timeout=PATIENCE)
    assert left > 10, "it was over before the node died"
    assert process.returncode == 0, errors
    report = json.loads(printed)
    assert (report["documents"], report["made"]) == (SHARDS * SIZE, SHARDS)
    assert report["quarantined"] == report["skipped"] == []
    assert held(index) == [str(n) for n in range(SHARDS * SIZE)]
    assert made(folder) == 0


def test_an_index_whose_driver_dies_is_continued_without_ray(tmp_path: Path) -> None:
    source, index = corpus(tmp_path), tmp_path / "index"
    folder = folder_for(source, None, index)
    with cluster(2) as (ray, _), command(source, index, ray.address, "--index") as process:
        wait_until(folder, 5, process, stored)
    count = stored(folder)
    assert not exists(index)
    report = encode(source, index=index)
    assert report.documents == SHARDS * SIZE
    assert report.made <= SHARDS - count
    assert held(index) == [str(n) for n in range(SHARDS * SIZE)]


def test_a_shard_that_cannot_be_read_is_quarantined(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    corpus(tmp_path / "corpus", 2 * SIZE)
    (tmp_path / "corpus" / "broken.parquet").write_bytes(b"PAR1 nothing")
    with cluster(1) as (ray, _), command(tmp_path / "corpus", tmp_path / "out", ray.address) as process:
        printed, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, errors
    report = json.loads(printed)
    assert (report["documents"], report["shards"]) == (2 * SIZE, 3)
    [broken] = report["quarantined"]
    assert "not a Parquet file" in broken["reason"]


POISON = """
import os, signal, sys
from univldr.encode import encode, run
from univldr.encode.cluster import RayRunner
from univldr.encoders.hash import HashEncoder

class Killer(HashEncoder):
    def encode_documents(self, documents):
        if any(document.id == "77" for document in documents):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode_documents(documents)

class Job(run.Job):
    def writer(self, encoder=None):
        return super().writer(Killer())

run.Job = Job
encode(sys.argv[1], sys.argv[2], model="hash", size=50, runner=RayRunner(sys.argv[3]))
"""


def test_a_shard_that_kills_its_worker_is_given_up_and_the_rest_is_made(tmp_path: Path) -> None:
    source, to = corpus(tmp_path, 300), tmp_path / "out"
    with cluster(1) as (ray, _):
        arguments = [sys.executable, "-c", POISON, str(source), str(to), ray.address]
        subprocess.run(arguments, check=True, capture_output=True, timeout=PATIENCE)
    report = json.loads((to / "report.json").read_text())
    assert (report["documents"], report["shards"]) == (250, 6)
    assert [one["reason"] for one in report["quarantined"]] == [
        "3 processes were killed over it; is there memory enough?"
    ]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere"])
def test_no_cluster_there(tmp_path: Path, address: str) -> None:
    with command(corpus(tmp_path, 3), tmp_path / "out", address) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert errors.strip().splitlines()[-1].startswith(f"univldr: no Ray cluster at {address!r}: ")
