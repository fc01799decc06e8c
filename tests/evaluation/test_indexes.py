"""Indexes as systems: what is deployed, measured against the same vectors searched exactly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import univldr
from tests.index.fake_qdrant import fake_qdrant
from tests.retrieval_kit import image, make_collection, query, text
from univldr.corpus.collection import Collection
from univldr.errors import ConfigError, CorpusError, StoreError
from univldr.evaluation.measures import DEFAULT
from univldr.evaluation.runs import load_runs, of_collection
from univldr.evaluation.systems import Indexed, parse_system
from univldr.evaluation.tasks import measure_tasks
from univldr.training.stages import silent
from univldr.trec import Run
from univldr.types import Document, Modality

WORDS = ["ape", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"]


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    pairs = list(zip(WORDS, WORDS[3:], strict=False))
    documents = [
        *(image(f"p{n}", f"{a} by a {b}") for n, (a, b) in enumerate(pairs)),
        *(text(f"t{n}", f"a story of {a} and {b}") for n, (a, b) in enumerate(pairs)),
    ]
    queries = [query(f"q{n}", f"{a} {b}", f"{'tp'[n % 2]}{n}") for n, (a, b) in enumerate(pairs)]
    return make_collection(tmp_path / "data", documents, queries, split="test")


@pytest.fixture(params=["directory", "cluster"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an index can be made."""
    if request.param == "directory":
        yield str(tmp_path / "index")
        return
    with fake_qdrant() as server:
        yield f"{server.url}/docs?shards=1"


def index(collection: Collection, place: str, *more: Document, without: str = "") -> str:
    """An index of the collection by the fake encoder."""
    documents = [one for one in collection.documents(range(len(collection))) if one.id != without]
    with univldr.create(place, model="hash") as searcher:
        searcher.upsert([*documents, *more])
    return place


def runs(collection: Collection, tmp_path: Path, *specs: str, k: int = 10) -> list[dict[str, Run]]:
    """The runs of systems, each over all documents and over each modality."""
    data = of_collection(collection, "test", tmp_path)
    named = load_runs([(spec, False) for spec in specs], data, k=k, progress=silent)
    measure_tasks(named, data, DEFAULT)  # every document of a run has a modality
    return [{"all": one.run, **{str(modality): run for modality, run in one.own.items()}} for one in named]


def test_names_of_indexes_parse_and_print() -> None:
    uri = "qdrant://host:6333/docs?shards=2"
    for spec, system in (
        ("index:some/dir", Indexed("some/dir")),
        (f"index:{uri}", Indexed(uri)),
        (f"index:{uri}:image", Indexed(uri, Modality.IMAGE)),
        ("index(vectors):dir:text", Indexed("dir", Modality.TEXT, vectors=True)),
    ):
        assert (parse_system(spec), str(system)) == (system, spec)
    for spec, words in (
        ("index:", "names no index"),
        ("index::text", "names no index"),
        ("index(words):dir", r"index\(vectors\):PATH"),
    ):
        with pytest.raises(ConfigError, match=words):
            parse_system(spec)


def test_by_its_vectors_an_exact_index_finds_what_exact_search_finds(
    collection: Collection, tmp_path: Path, place: str
) -> None:
    index(collection, place)
    exact, found = runs(collection, tmp_path, "hash", f"mine=index(vectors):{place}", k=20)  # all there are
    assert exact.keys() == found.keys() == {"all", *Modality}
    for pool, run in exact.items():
        for query_id, scores in run.items():
            assert found[pool][query_id] == pytest.approx(scores, abs=1e-6)
            assert len(scores) == (14 if pool == "all" else 7)


def test_as_deployed_words_count(collection: Collection, tmp_path: Path) -> None:
    place = index(collection, str(tmp_path / "index"))
    as_is, vectors = runs(collection, tmp_path, f"index:{place}", f"index(vectors):{place}")
    with univldr.open(place) as searcher:
        hits = searcher.search("ape dog", 10, per_file=False, fold=False)
        assert as_is["all"]["q0"] == {hit.document.id: hit.score for hit in hits}
    assert as_is["all"]["q0"] != vectors["all"]["q0"]


def test_documents_that_the_index_lacks_are_counted(
    collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = index(collection, str(tmp_path / "index"), without="p1")
    [found] = runs(collection, tmp_path, f"index:{place}", k=20)
    assert len(found["all"]["q1"]) == len(collection) - 1
    [warning] = caplog.messages
    assert warning.endswith(
        f"lacks 1 of the 14 documents of {collection.path}, 1 of them answers, which are not found: p1"
    )


def test_a_record_that_was_cut_counts_by_its_best_passage(
    collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = [
        Document(f"t0#{n}", Modality.TEXT, words, metadata={"record": "t0"})
        for n, words in enumerate(("a story of gnu", "ape and dog", "ape"))
    ]
    place = index(collection, str(tmp_path / "index"), *parts, without="t0")
    [found] = runs(collection, tmp_path, f"index:{place}", k=20)
    assert next(iter(found["all"]["q0"])) == "t0"
    assert len(found["all"]["q0"]) == len(collection)
    assert not caplog.messages


def test_documents_that_only_the_index_has_compete(
    collection: Collection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = index(collection, str(tmp_path / "index"), Document("new", Modality.TEXT, "ape dog"))
    [found] = runs(collection, tmp_path, f"index:{place}")
    assert next(iter(found["all"]["q0"])) == next(iter(found[Modality.TEXT]["q0"])) == "new"
    assert "1 documents in the lists are not in" in caplog.messages[0]
    assert caplog.messages[0].endswith("count as no answers, such as new")


def test_an_index_of_something_else_is_refused(collection: Collection, tmp_path: Path) -> None:
    with univldr.create(tmp_path / "index", model="hash") as searcher:
        searcher.upsert([Document("other", Modality.TEXT, "ape")])
    with pytest.raises(
        CorpusError, match=r"none of the 14 documents of .*: ids there are such as 'other', here 'p0'"
    ):
        runs(collection, tmp_path, f"index:{tmp_path}/index")
    with pytest.raises(StoreError, match="nowhere: no such file or folder, and no index of it"):
        runs(collection, tmp_path, f"index:{tmp_path}/nowhere")
