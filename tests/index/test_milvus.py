"""The index in Milvus, against a real server: filters mean the same, and nothing is lost when it is killed.

That it answers as the exact engine does is tested in ``test_engines.py``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.index.milvus_server import Server
from tests.index.test_engines import DIM, document, filled, unit
from tests.index.test_filters import documents
from tests.test_copy import COUNT, content, kill_a_copy, make_index
from tests.test_where import FILTERS
from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, CorpusError, NoWordsError, StoreError
from univldr.index import ExactIndex, Manifest, wire
from univldr.index.base import fields_of, to_payload
from univldr.index.engines import create_index, open_index
from univldr.index.milvus import MilvusIndex
from univldr.index.milvus_filter import filter_fields, translate
from univldr.index.milvus_place import KEY, Place
from univldr.index.milvus_rows import MAX_DOCUMENT, document_of, row_of
from univldr.search import Searcher
from univldr.transfer import copy
from univldr.types import Document, Hit, Modality
from univldr.where import Where, parse


@pytest.fixture(scope="module")
def filtered(milvus: Server) -> Iterator[list[MilvusIndex]]:
    """Documents as they are, and nearly all of them odd."""
    found, odd = documents(), pytest.MonkeyPatch()
    with milvus.collection(DIM, "?consistency=session") as plain, milvus.collection(DIM) as other:
        plain.upsert(found, unit(len(found)))
        odd.setattr("univldr.index.milvus_filter.MAX_FACTS", 12)
        other.upsert(found, unit(len(found)))
        odd.undo()
        assert 0 < other.count(where=parse("not exists nothing")) == len(found)
        object.__setattr__(other.place, "consistency", "session")
        yield [plain, other]


@pytest.mark.slow
@given(where=FILTERS)
@settings(max_examples=400, deadline=None)
def test_filters_are_what_matches_says(filtered: list[MilvusIndex], where: Where) -> None:
    expected = {d.id for d in documents() if where.matches(fields_of(to_payload(d)))}
    images = sum(id_.startswith("a/") for id_ in expected)
    for index in filtered:
        hits = index.query(unit(1, seed=1)[0], 50, where=where)
        assert {hit.document.id for hit in hits} == expected, str(where)
        assert set(index.ids(where)) == expected
        assert index.count(Modality.IMAGE, where=where) == images
        assert len(index.query(unit(1)[0], 50, modality=Modality.IMAGE, where=where)) == images


class Work(threading.Thread):
    """Something done again and again until it is told to stop; what was raised is kept."""

    def __init__(self, step: Callable[[int], None]) -> None:
        super().__init__()
        self._step, self._end, self.errors, self.steps = step, threading.Event(), list[Exception](), 0

    def run(self) -> None:
        while not self._end.is_set():
            try:
                self._step(self.steps)
            except Exception as error:  # noqa: BLE001 - which ones there may be is what is tested
                self.errors.append(error)
            self.steps += 1

    def wait_for_a_step(self) -> None:
        before, end = self.steps, time.monotonic() + 120
        while self.steps == before and time.monotonic() < end:
            time.sleep(0.05)

    def finish(self) -> None:
        self._end.set()
        self.join()


@pytest.mark.slow
def test_kills_and_restarts_amid_writes_and_searches_lose_nothing(milvus: Server) -> None:
    kept = unit(200)
    stored: dict[str, int] = {}
    gone: set[str] = set()

    def write(step: int) -> None:
        numbers = range(1000 + 20 * step, 1020 + 20 * step)
        index.upsert([document(n) for n in numbers], unit(20, seed=step + 100))
        dropped = f"d{numbers[0]}"
        assert index.delete([dropped]) == 1
        index.flush()
        stored.update(dict.fromkeys((f"d{n}" for n in numbers[1:]), step))
        gone.add(dropped)

    def search(step: int) -> None:
        found = other.query(kept[step % 200], 1)
        assert [hit.document.id for hit in found] == [f"d{step % 200}"]

    with milvus.collection(DIM, "?timeout=90") as index:
        other = MilvusIndex(replace(index.place, timeout=90))
        index.upsert([document(n) for n in range(200)], kept)
        index.flush()
        works = [Work(write), Work(search)]
        for work in works:
            work.start()
        for pause in (0.3, 1.1):  # within an upsert or delete, within a flush
            for work in works:
                work.wait_for_a_step()
            time.sleep(pause)
            milvus.kill()
            time.sleep(1)
            milvus.start()
        for work in works:
            work.wait_for_a_step()
        for work in works:
            work.finish()
            assert work.errors == []
        other.close()
        everything = {one.id: row for part, rows in index.scan() for one, row in zip(part, rows, strict=True)}
        assert everything.keys() == {f"d{n}" for n in range(200)} | stored.keys()
        assert index.count() == len(everything)
        assert index.get(sorted(gone)) == [None] * len(gone)
        for id_, step in stored.items():
            number = int(id_[1:]) - 1000 - 20 * step
            assert everything[id_] == pytest.approx(unit(20, seed=step + 100)[number], abs=1e-6)


@pytest.mark.slow
def test_a_server_that_is_gone_is_told(milvus: Server) -> None:
    with milvus.collection(DIM, "?timeout=90") as patient:
        patient.upsert([document(1)], unit(1))
        patient.flush()
        index = MilvusIndex(replace(patient.place, timeout=2))
        milvus.kill()
        try:
            began = time.monotonic()
            for work in (
                lambda: index.query(unit(1)[0], 1),
                lambda: index.upsert([document(2)], unit(1)),
                lambda: index.delete(["d1"]),
                index.flush,
                lambda: MilvusIndex(index.place),
            ):
                with pytest.raises(StoreError, match=r"nobody answers at http://127\S+ .*does it run"):
                    work()
            assert time.monotonic() - began < 60
        finally:
            milvus.start()
        assert [hit.document.id for hit in patient.query(unit(1)[0], 5)] == ["d1"]
        index.close()


@pytest.mark.slow
def test_words_are_refused_and_auto_does_without(milvus: Server) -> None:
    encoder = HashEncoder(DIM)
    uri = f"{milvus.url}/words_{time.monotonic_ns()}"
    created = create_index(uri, Manifest.of(encoder))
    created.put([document(1), document(2)], unit(2))
    created.close()
    with closing(open_index(uri)) as held:
        assert isinstance(held.engine, MilvusIndex)
        with pytest.raises(NoWordsError, match=r"in Milvus \(here 2\.3\.5.*use --lexical off"):
            held.engine.query_words("text", 5)
        searcher = Searcher(encoder, held.engine)
        off = list(searcher.search("text", k=2, lexical="off"))
        assert len(off) == 2
        assert list(searcher.search("text", k=2, lexical="auto")) == off
        with pytest.raises(NoWordsError):
            list(searcher.search("text", k=2, lexical="on"))
        held.engine._calls("drop", "drop_collection")


@pytest.mark.slow
def test_a_graph_finds_k_hits_where_k_match(milvus: Server) -> None:
    with milvus.collection(DIM, "?consistency=session") as index:
        vectors = filled(index, 3000)
        index.flush()
        query = unit(1, seed=3)[0]
        order = np.argsort(-(vectors @ query))
        hits = [hit.document.id for hit in index.query(query, 100)]
        assert len(set(hits).intersection(f"d{n}" for n in order[:100])) >= 95
        wanted = [f"d{n}" for n in order if n % 100 == 7]
        where = parse(f"id in ({', '.join(map(repr, wanted))})")
        assert [hit.document.id for hit in index.query(query, 50, where=where)] == wanted
        exact = [hit.document.id for hit in index.query(query, 200, exact=True)]
        assert exact == [f"d{n}" for n in order[:200]]


@pytest.mark.slow
def test_a_collection_of_somebody_else_is_left_alone(milvus: Server) -> None:
    with milvus.collection(DIM, metadata="one") as index:
        assert MilvusIndex(index.place, create=DIM, metadata="two").metadata == "two"  # nothing was in it
        index.upsert([document(1)], unit(1))
        with pytest.raises(StoreError, match="there already is a collection"):
            MilvusIndex(index.place, create=DIM)
        index._calls("drop", "drop_collection")
        with pytest.raises(StoreError, match="no index at milvus://"):
            index.count()
        index._calls("make", "create_collection", dimension=DIM)
        with pytest.raises(StoreError, match="is no index of univldr"):
            MilvusIndex(index.place)


@pytest.mark.slow
def test_a_copy_there_and_back_that_is_killed(milvus: Server, tmp_path: Path) -> None:
    uri, index = f"{milvus.url}/copied_{time.monotonic_ns()}", make_index(tmp_path / "index")
    kill_a_copy(index, uri)
    with pytest.raises(StoreError, match="is only half filled, from"):
        open_index(uri)
    done = copy(index, uri)
    assert (done.documents, done.searches, done.word_searches) == (COUNT, 16, 0)
    assert done.sent <= COUNT - 60
    assert copy(uri, tmp_path / "back").sent == COUNT
    assert content(uri) == content(index) == content(tmp_path / "back")
    with closing(MilvusIndex(Place.parse(uri))) as engine:
        engine._calls("drop", "drop_collection")


def test_a_place() -> None:
    place = Place.parse("milvuss://[::1]/n?timeout=5&consistency=session&index=flat&shards=2")
    assert (place.url, place.uri) == ("https://[::1]:19530", "milvuss://[::1]:19530/n")
    assert (place.timeout, place.consistency, place.index, place.shards) == (5, "session", "flat", 2)
    for uri, words in (
        ("milvus://h/1", "called '1'"),
        ("milvus://h/a-b", "called 'a-b'"),
        ("milvus://h/n?index=ivf", "it takes hnsw or flat"),
        ("milvus://h/n?timout=1", "did you mean 'timeout'"),
        ("milvus://user:password@h/n", KEY),
        ("milvus://h:x/n", "the form is milvus://host:port/name"),
    ):
        with pytest.raises(ConfigError, match=words):
            Place.parse(uri)


def test_a_token_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pymilvus")
    monkeypatch.setenv(KEY, "root:Milvus")
    with pytest.raises(ConfigError, match="unencrypted; use milvuss://"):
        MilvusIndex(Place.parse("milvus://example.org/n"))


def test_what_a_row_knows_of_its_fields() -> None:
    plain = to_payload(Document("a", Modality.TEXT, "x", title="T", metadata={"n": [1, "2.5"], "s": "b"}))
    row = filter_fields(plain)
    assert not row["odd"]
    assert sorted(row["ranges"].values()) == [1.0, 2.5]
    assert filter_fields(
        to_payload(Document("a", Modality.TEXT, metadata={"n": list(map(str, range(5000)))}))
    ) == {
        "facts": [],
        "ranges": {},
        "odd": True,
    }


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("modality = 'image' and id != 'a' and title = 'T'", True),
        ("year >= 2020 and year not in (2021, 2022) or year = '2020'", True),
        ("path under 'trips' and not path under '/home/ada' and path = 'a'", True),
        ("taken = 2024-05-31 or not taken < 2024-05-31T12:00:00.5+02:00", True),
        ("public = true and camera.model = 'X1' and `my 'rating` >= 4 and not exists camera.lens", True),
        ("title < 'm' and year = 2020", False),
        ("camera under 'a'", False),
        ("metadata.year = 2020", False),
    ],
)
def test_milvus_does_this_by_itself(text: str, exact: bool) -> None:
    found = translate(parse(text))
    assert found.exact == exact
    assert "rating" not in found.filter


def test_a_document_over_the_limit_is_refused() -> None:
    long = Document("long", Modality.TEXT, "a" * MAX_DOCUMENT)
    with pytest.raises(CorpusError, match=r"'long' cannot be stored: .* cut it into passages"):
        row_of(long, unit(1)[0])
    wide = row_of(Document("wide", Modality.TEXT, "語" * 50_000), unit(1)[0])
    assert max(len(part.encode()) for part in wide["document"]) < 65_536
    assert document_of(wide).text == "語" * 50_000


class Wordless(ExactIndex):
    """An engine that keeps no words."""

    def query_words(self, text: str, k: int, **_: Any) -> list[Hit]:
        raise NoWordsError("no words here; use --lexical off")


def test_a_search_does_without_words_unless_it_insists() -> None:
    index = Wordless(DIM)
    filled(index, 10)
    searcher = Searcher(HashEncoder(DIM), index)
    assert list(searcher.search("text 3", lexical="auto")) == list(searcher.search("text 3", lexical="off"))
    with pytest.raises(NoWordsError):
        list(searcher.search("text 3", lexical="on"))
    with pytest.raises(NoWordsError, match="no words here"):
        wire.checked(wire.refusal(NoWordsError("no words here")))
