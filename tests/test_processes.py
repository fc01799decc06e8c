"""Commands on two processes: the files of one, said once, and an end for all when one fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import univldr
from tests.cli.conftest import Command
from tests.cli.conftest import univldr as run  # noqa: F401 - a fixture
from tests.index.fake_qdrant import fake_qdrant
from tests.retrieval_kit import image, make_collection, query, text
from univldr._processes import BLOCK, from_first, gather_bytes, gather_rows, processes, rank, share, together
from univldr.corpus.collection import Collection

pytest.importorskip("torch")

WORDS = ["ape", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"]

# Several commands in one go, as each start loads torch.
COMMANDS = """
import sys
from univldr._processes import together
from univldr.cli import app
with together():
    for line in sys.argv[1:]:
        app(line.split(), standalone_mode=False)
"""


def data(folder: Path, count: int = BLOCK + 40, *, queries: int = BLOCK + 40) -> Collection:
    """So many documents and queries that two processes have some."""
    documents = [
        (text if n % 2 else image)(f"d{n:03}", f"{WORDS[n % 10]} {WORDS[n // 10 % 10]} {n % 7}")
        for n in range(count)
    ]
    asked = [
        query(f"q{n:03}", f"{WORDS[n % 10]} {WORDS[n // 3 % 10]}", f"d{(7 * n) % count:03}")
        for n in range(queries)
    ]
    return make_collection(folder, documents, asked, split="test")


def index(collection: Collection, place: str) -> None:
    with univldr.create(place, model="hash") as searcher:
        searcher.upsert(collection.documents(range(len(collection))))


def start(*arguments: str, count: int = 2) -> list[subprocess.Popen[str]]:
    """Processes as a launcher starts them, without the launcher, which would load torch as well.

    One alone has as many threads: with others, products of matrices are not the same to the last bit.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    given = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path), "WORLD_SIZE": str(count)}
    given |= {"LOCAL_WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return [
        subprocess.Popen(
            [sys.executable, *arguments],
            env=os.environ | given | {"RANK": str(number), "LOCAL_RANK": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]


def finished(started: Sequence[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    """What each gave: exit status, stdout and stderr."""
    return [(process.wait(), *said) for process in started for said in [process.communicate(timeout=200)]]


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def measured(data: Path, out: Path, place: str) -> list[str]:
    """Commands whose files and tables are the same however many processes run them."""
    evaluate = f"evaluate {data} --cache {out}/cache --save-runs {out}/runs -k 20 -m nDCG@10"
    mine = f"mine {data} --split test --depth 20 --fill 2 --max-ratio inf"
    return [
        f"{evaluate} --system hash+center --system bm25 --system index(vectors):{place}:text",
        f"{mine} --cache {out}/cache --model hash -o {out}/negatives.jsonl --centered",
        f"{mine} --index {place} -o {out}/from-index.jsonl",
    ]


def test_two_processes_give_the_files_of_one(tmp_path: Path) -> None:
    pytest.importorskip("bm25s")
    collection, place = data(tmp_path / "data"), str(tmp_path / "index")
    index(collection, place)
    one, two = tmp_path / "one", tmp_path / "two"
    [alone] = finished(start("-c", COMMANDS, *measured(collection.path, one, place), count=1))
    first, second = finished(start("-c", COMMANDS, *measured(collection.path, two, place)))
    assert alone == first, first[-1]
    assert second == (0, "", "")
    assert files(two) == files(one)
    assert len(files(one)) == 3 + 3 + 1 + 2 + 3  # runs, negatives; vectors with their notes, queries


@pytest.mark.slow
def test_two_processes_share_an_index_on_a_cluster(tmp_path: Path, run: Command) -> None:  # noqa: F811
    collection = data(tmp_path / "data", 8, queries=BLOCK + 8)
    with fake_qdrant() as server:
        index(collection, f"{server.url}/docs")
        line = f"evaluate {collection.path} --system index(vectors):{server.url}/docs:text -k 5 -m nDCG@10"
        alone = run(*line.split())
        asked = sum("/query" in request for request in server.requests)
        first, second = finished(start("-m", "univldr", *line.split()))
        assert first[:2] == (0, alone.stdout), first
        assert second == (0, "", "")
        assert sum("/query" in request for request in server.requests) == 2 * asked >= 2 * BLOCK


LOOK = """
import sys
from pathlib import Path
from univldr._processes import together
from univldr.corpus.collection import open_collection
from univldr.encoders.hash import HashEncoder
from univldr.training.recipe import ValidationSettings
from univldr.training.validation import HeldOut
class Counting(HashEncoder):
    asked = 0
    def encode_documents(self, documents):
        self.asked += len(documents)
        return super().encode_documents(documents)
with together():
    encoder = Counting()
    pool = HeldOut.draw(open_collection(Path(sys.argv[1])), ValidationSettings("test", 0, 0), 1)
    print(pool.look(encoder))
    print(encoder.asked, file=sys.stderr)
"""


@pytest.mark.slow
def test_a_look_at_the_held_out_pool_is_shared(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    path = str(data(tmp_path / "data", 1100).path)
    [(_, alone, every)] = finished(start("-c", LOOK, path, count=1))
    (_, one, some), (_, two, others) = finished(start("-c", LOOK, path))
    assert alone == one == two
    assert (int(every), int(some), int(others)) == (1100, 1024, 76)


@pytest.mark.slow
def test_an_error_is_told_once_and_ends_all(tmp_path: Path) -> None:
    path = data(tmp_path / "data", 4, queries=4).path
    ended = finished(start("-m", "univldr", "evaluate", str(path), "--system", "nonsense"))
    assert [status for status, *_ in ended] == [2, 2]
    [told] = [line for _, _, warned in ended for line in warned.splitlines()]
    assert told.startswith("univldr: ")


@pytest.mark.slow
def test_one_that_is_killed_ends_the_other_with_a_sentence() -> None:
    code = """
from univldr._processes import rank, together, wait_for_all
from univldr import cli
import typer, os, signal
def run():
    with together():
        wait_for_all()
        if rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        wait_for_all()
cli.app = run_app = lambda **_: run()
cli.main()
"""
    (status, _, warned), (killed, *_) = finished(start("-c", code))
    assert (status, killed) == (2, -signal.SIGKILL)
    assert warned.splitlines()[-1].startswith("univldr: another of the 2 processes is gone")


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_launchers_start_it(launcher: str, tmp_path: Path) -> None:
    path = data(tmp_path / "data", 4, queries=4).path
    how = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"]
    if launcher == "accelerate":
        pytest.importorskip("accelerate")
        how = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes=2", "--num_machines=1"]
        how += ["--mixed_precision=no", "--dynamo_backend=no", "--main_process_port=0", "-m"]
    command = [sys.executable, *how, "univldr", "evaluate", str(path), "--system", "hash", "-m", "nDCG@10"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("### all queries") == 1


def test_shares_are_whole_blocks_and_nothing_is_left_out() -> None:
    for total in (0, 1, BLOCK, BLOCK + 1, 10 * BLOCK - 1):
        for count in (1, 2, 3, 16):
            shares = [share(total, of=(number, count)) for number in range(count)]
            assert [n for one in shares for n in one] == list(range(total))
            assert all(one.start % BLOCK == 0 for one in shares if one)
            blocks = [-(-len(one) // BLOCK) for one in shares]
            assert max(blocks) - min(blocks) <= 1


def test_alone_nothing_is_exchanged_and_torch_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with together() as first:
        assert (first, rank(), processes()) == (True, 0, 1)
        rows = np.arange(3)
        assert gather_rows(rows) is rows
        assert (gather_bytes(b"ab"), from_first(7), share(5)) == (b"ab", 7, range(5))
    code = "import sys, univldr.cli.evaluate, univldr.evaluation.running, univldr.search.together as t;"
    code += "t.open_together; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
