"""A corpus straight into an index: stopped anywhere, changed, with repeated ids and bad shards."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus.dataset_kit import jsonl
from tests.index.fake_qdrant import FakeQdrant, fake_qdrant
from univldr.encode import EncodeReport, encode
from univldr.encode.filling import Filling
from univldr.encode.record import Record
from univldr.encode.run import folder_for, here
from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, CorpusError, StoreError
from univldr.index import exists, means
from univldr.index.edge import EdgeIndex
from univldr.index.engines import create_index, open_index
from univldr.index.manifest import Manifest
from univldr.types import Document, Modality

pytest.importorskip("pyarrow")

SIZE = 4


def records(path: Path, ids: Sequence[object], word: str = "number") -> None:
    jsonl(path, ({"id": str(n), "text": f"text {word} {n}"} for n in ids))


def content(index: str | Path) -> dict[str, str]:
    """Id to text of what is in an index, all of it with the vector that it should have."""
    with open_index(index) as held:
        found: dict[str, str] = {}
        for documents, rows in held.engine.scan():
            assert np.allclose(rows, HashEncoder().encode_documents(documents), atol=1e-6)
            found |= {document.id: document.text for document in documents}
        assert held.engine.count() == len(found)
    return found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeQdrant]:
    monkeypatch.setattr("univldr.index.qdrant_calls.PAUSES", (0.0, 0.0, 0.0))
    with fake_qdrant() as server:
        yield server


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """10 documents in 4 shards; b repeats two ids of a, and one of its own."""
    records(tmp_path / "corpus" / "a.jsonl", range(6), "first")
    records(tmp_path / "corpus" / "b.jsonl", [6, 1, 7, 7, 5, 8, 9], "second")
    return tmp_path / "corpus"


WHOLE = {str(n): f"text {'first' if n < 6 else 'second'} {n}" for n in range(10)}


def run(corpus: Path, index: str | Path, to: Path | None = None, **more: Any) -> EncodeReport:
    return encode(corpus, to, index=index, model="hash", size=SIZE, **more)


@pytest.mark.parametrize(
    ("engine", "keeps"),
    [
        ("directory", False),
        ("qdrant", True),
        pytest.param("directory", True, marks=pytest.mark.slow),
        pytest.param("qdrant", False, marks=pytest.mark.slow),
    ],
)
def test_there_once_each_and_searched_at_once(
    tmp_path: Path, corpus: Path, server: FakeQdrant, engine: str, keeps: bool
) -> None:
    index = str(tmp_path / "index") if engine == "directory" else f"{server.url}/all"
    to = tmp_path / "out" if keeps else None
    report = run(corpus, index, to)
    assert (report.documents, report.shards, report.made, report.quarantined) == (10, 4, 4, [])
    assert sorted(one.key for one in report.skipped) == ["1", "5", "7"]
    assert content(index) == WHOLE
    folder = folder_for(corpus, to, index)
    assert len(list(folder.glob("*.parquet"))) == (4 if keeps else 0)
    with open_index(index) as held:
        assert held.manifest.copying == ""
        assert means.means_of(held.manifest) is not None
        assert held.manifest.modality_counts == {"text": 10}
        [hit] = held.engine.query_words("second 8", 1)
        assert hit.document.id == "8"
        created = held.manifest.created
    again = run(corpus, index, to)
    assert (again.made, again.documents) == (0, 10)
    assert sorted(map(str, again.skipped)) == sorted(map(str, report.skipped))
    with open_index(index) as held:
        assert held.manifest.created == created


def test_a_folder_that_was_encoded_before_goes_in_without_encoding(tmp_path: Path, corpus: Path) -> None:
    out = tmp_path / "out"
    assert encode(corpus, out, model="hash", size=SIZE).made == 4
    assert run(corpus, tmp_path / "one", out).made == 0
    assert run(corpus, tmp_path / "two", out).made == 0
    assert content(tmp_path / "one") == content(tmp_path / "two") == WHOLE
    records(corpus / "a.jsonl", [0], "third")
    assert encode(corpus, out).made == 3  # b's two had left out documents for the sake of a's
    assert run(corpus, tmp_path / "one", out).made == 0
    assert content(tmp_path / "one") == {
        "0": "text third 0", **{str(n): f"text second {n}" for n in (1, 5, 6, 7, 8, 9)}
    }  # fmt: skip


def test_a_new_index_is_none_before_it_is_whole(tmp_path: Path, corpus: Path, server: FakeQdrant) -> None:
    for index in (str(tmp_path / "index"), f"{server.url}/half"):

        def stopped(job: Any, tasks: Any, encoder: Any) -> Any:
            made = here(job, tasks, encoder)
            yield next(made)
            yield next(made)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(corpus, index, runner=stopped)
        with pytest.raises(StoreError, match=r"no index at|only half filled"):
            open_index(index)
        report = run(corpus, index)
        assert report.made == 2
        assert content(index) == WHOLE


# --- a corpus that changes, and processes that are stopped at any step ---


def expected(files: Mapping[str, Sequence[tuple[int, str]]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(files):
        for n, word in files[name]:
            found.setdefault(str(n), f"text {word} {n}")
    return found


STEPS = [
    (Filling, "take"), (Filling, "_put"), (Filling, "finish"), (Filling, "_clear"), (Record, "settle"),
    (Record, "begin"), (Record, "finish"), (Record, "orphans"), (Record, "remove"), (EdgeIndex, "flush"),
    (means, "refresh"),
]  # fmt: skip


class Stopped(BaseException):
    pass


def stop_somewhere(patch: pytest.MonkeyPatch, chance: random.Random) -> None:
    """One of the next steps is the last, before or after it is done."""
    owner, name = chance.choice(STEPS)
    original = getattr(owner, name)
    left = chance.randrange(4)
    before = chance.random() < 0.5

    def step(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0 and before:
            raise Stopped
        result = original(*arguments, **options)
        if left < 0:
            raise Stopped
        return result

    patch.setattr(owner, name, step)


@pytest.mark.parametrize(
    ("seed", "rounds", "keeps"),
    [
        (1, 3, False),
        (2, 3, True),
        pytest.param(3, 30, False, marks=pytest.mark.slow),
        pytest.param(4, 30, True, marks=pytest.mark.slow),
    ],
)
def test_whatever_changes_and_whenever_it_stops_the_index_is_what_the_corpus_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, rounds: int, keeps: bool
) -> None:
    monkeypatch.setattr("univldr.encode.filling.FLUSH_SECONDS", 0)
    chance = random.Random(seed)
    corpus, index, to = tmp_path / "corpus", tmp_path / "index", tmp_path / "out" if keeps else None
    files: dict[str, list[tuple[int, str]]] = {}
    for number in range(rounds):
        for _ in range(chance.randrange(1, 3)):
            name = chance.choice("abcd")
            if name in files and chance.random() < 0.25 and len(files) > 1:
                del files[name]
                (corpus / f"{name}.jsonl").unlink()
            else:
                files[name] = [
                    (chance.randrange(20), f"{name}{number}") for _ in range(chance.randrange(1, 12))
                ]
                jsonl(
                    corpus / f"{name}.jsonl",
                    ({"id": str(n), "text": f"text {w} {n}"} for n, w in files[name]),
                )
        for _ in range(chance.randrange(3)):
            with monkeypatch.context() as patch:
                stop_somewhere(patch, chance)
                with suppress(Stopped):
                    run(corpus, index, to)
        if chance.random() < 0.8:
            report = run(corpus, index, to)
            assert report.documents == len(expected(files))
            assert content(index) == expected(files), number
            assert run(corpus, index, to).made == 0


def test_a_shard_that_cannot_be_read_is_no_obstacle(tmp_path: Path, corpus: Path) -> None:
    index = tmp_path / "index"
    (corpus / "c.parquet").write_bytes(b"PAR1 nothing")
    report = run(corpus, index)
    assert (report.documents, report.shards, len(report.quarantined)) == (10, 5, 1)
    assert content(index) == WHOLE
    (corpus / "c.parquet").unlink()
    records(corpus / "c.jsonl", [3, 10], "third")
    assert run(corpus, index).quarantined == []
    assert content(index) == {**WHOLE, "10": "text third 10"}
    (corpus / "a.jsonl").write_text("{\n" * 3)  # what was in it is not there any more
    report = run(corpus, index)
    assert len(report.quarantined) == 1
    assert content(index) == {
        **{str(n): f"text second {n}" for n in (1, 5, 6, 7, 8, 9)}, "3": "text third 3", "10": "text third 10"
    }  # fmt: skip


def test_a_document_that_the_engine_refuses_is_left_out(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = EdgeIndex.upsert

    def upsert(self: EdgeIndex, documents: Any, rows: Any) -> None:
        if any(document.id == "3" for document in documents):
            raise CorpusError("too long")
        stored(self, documents, rows)

    for to in (None, tmp_path / "out"):
        index = tmp_path / f"index{bool(to)}"
        with monkeypatch.context() as patch:
            patch.setattr(EdgeIndex, "upsert", upsert)
            report = run(corpus, index, to)
        assert report.documents == 9
        assert [one.reason for one in report.skipped if one.key == "3"] == ["too long"]
        assert content(index) == {id: text for id, text in WHOLE.items() if id != "3"}


def test_what_is_not_known_is_refused(
    tmp_path: Path, corpus: Path, server: FakeQdrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = Document("n", Modality.TEXT, "words")
    for index in (str(tmp_path / "index"), f"{server.url}/other"):
        with create_index(index, Manifest.of(HashEncoder())) as held:
            held.put([note], HashEncoder().encode_documents([note]))
        with pytest.raises(StoreError, match=r"already is an index at .* does not say what of the corpus"):
            run(corpus, index)
        assert content(index) == {"n": "words"}
    monkeypatch.setattr("univldr.encode.filling.open_index", partial(open_index, wait=0))
    with open_index(tmp_path / "index"), pytest.raises(StoreError, match="is in use by"):
        run(corpus, tmp_path / "index")
    with pytest.raises(StoreError, match="holds other files"):
        run(corpus, tmp_path)
    out, index = tmp_path / "out", f"{server.url}/all"
    run(corpus, index, out)
    [record] = out.glob(".indexes/*.sqlite")
    record.unlink()
    with pytest.raises(StoreError, match="does not say what of the corpus"):
        run(corpus, index, out)
    with pytest.raises(ConfigError, match="say where the vectors go: --to"):
        encode(corpus, model="hash")
    with pytest.raises(ConfigError, match="lies in the corpus"):
        encode(corpus, tmp_path / "vectors", index=corpus / "index", model="hash")


def test_an_index_that_was_moved_goes_on(tmp_path: Path, corpus: Path) -> None:
    run(corpus, tmp_path / "index", tmp_path / "out")
    (tmp_path / "index").rename(tmp_path / "other")
    records(corpus / "c.jsonl", [10], "third")
    assert run(corpus, tmp_path / "other", tmp_path / "out").made == 1
    assert content(tmp_path / "other") == {**WHOLE, "10": "text third 10"}


def test_an_index_that_was_removed_is_made_again(tmp_path: Path, corpus: Path, server: FakeQdrant) -> None:
    index = f"{server.url}/all"
    run(corpus, index)
    server.client.delete_collection("all")
    report = run(corpus, index)
    assert report.made == 4
    assert content(index) == WHOLE


def test_a_cluster_that_goes_away_is_continued(tmp_path: Path, corpus: Path, server: FakeQdrant) -> None:
    index = f"{server.url}/all"

    def failing(job: Any, tasks: Any, encoder: Any) -> Any:
        for number, outcome in enumerate(here(job, tasks, encoder)):
            server.faults = [503] * 9 if number == 2 else []
            yield outcome

    with pytest.raises(StoreError, match="cannot write index"):
        run(corpus, index, runner=failing)
    server.faults = []
    assert run(corpus, index).made == 1
    assert content(index) == WHOLE


ENCODER = """
import sys
from univldr.encode import encode
encode(sys.argv[1], index=sys.argv[2], model="hash", size=20, progress=lambda *_: print("step", flush=True))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("engine", ["directory", "qdrant"])
def test_kill_at_random_moments_then_resume(tmp_path: Path, server: FakeQdrant, engine: str) -> None:
    corpus = tmp_path / "corpus"
    records(corpus / "a.jsonl", range(600), "first")
    records(corpus / "b.jsonl", range(590, 1200), "second")
    index = str(tmp_path / "index") if engine == "directory" else f"{server.url}/all"
    chance = random.Random(0)
    kills = 0
    for steps in (0, 1, 5, 9, 9):
        command = [sys.executable, "-c", ENCODER, str(corpus), index]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            for _ in range(steps):
                process.stdout.readline()
            time.sleep(chance.random() * 0.05)
            process.kill()
        kills += process.returncode == -signal.SIGKILL
        assert engine == "qdrant" or not exists(Path(index))
    assert kills == 5
    report = encode(corpus, index=index, model="hash", size=20)
    assert 0 < report.made < report.shards - 3
    assert content(index) == {str(n): f"text {'first' if n < 600 else 'second'} {n}" for n in range(1200)}
    assert not [*folder_for(corpus, None, index).glob("**/*.part*")]
