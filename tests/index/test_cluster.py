"""An index whose vectors are on a cluster: of a folder, or by itself."""

from __future__ import annotations

import shutil
from contextlib import closing, suppress
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import univldr
from tests.index.fake_qdrant import FakeQdrant
from univldr.errors import ConfigError, CorpusError, StoreError
from univldr.index import Store
from univldr.index.cluster import Cluster
from univldr.index.engines import open_index
from univldr.index.holder import Holder
from univldr.index.qdrant import QdrantIndex
from univldr.index.qdrant_place import Place
from univldr.index.shared import SharedStore
from univldr.index.uri import uri_of
from univldr.pipeline import update
from univldr.types import Document, Modality

DIM = 8


def picture() -> bytes:
    stream = BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "PNG")
    return stream.getvalue()


def test_an_index_without_a_corpus(server: FakeQdrant) -> None:
    uri = f"{server.url}/notes"
    with univldr.create(uri, model="hash") as searcher:
        searcher.upsert([Document("a", Modality.TEXT, "red bird"), Document("b", Modality.TEXT, "plumber")])
        assert [hit.document.id for hit in searcher.search("bird", k=1)] == ["a"]
        pixels = picture()
        with pytest.raises(CorpusError, match="'c' brings its picture as bytes"):
            searcher.upsert([Document("c", Modality.IMAGE, "x", pixels)])
    with pytest.raises(StoreError, match="there already is a collection"):
        QdrantIndex(Place.parse(uri), create=64)
    with univldr.open(uri, model="hash") as searcher:
        assert [hit.document.id for hit in searcher.search("plumber", k=1)] == ["b"]
        assert searcher.delete(["b", "unknown"]) == 1
        assert not searcher.is_stale()
        server.client.delete_collection("notes")
        with pytest.raises(StoreError, match="no index at"):
            searcher.is_stale()
        univldr.create(uri, model="hash").close()
        assert searcher.is_stale()
    with pytest.raises(univldr.ModelError, match="was made with model 'hash', not 'mini'"):
        univldr.open(uri, model="mini")


def test_what_died_before_the_first_document_is_no_index(server: FakeQdrant) -> None:
    place = Place.parse(f"{server.url}/x")
    QdrantIndex(place, create=DIM, metadata="first").close()
    with closing(QdrantIndex(place, create=DIM, metadata="second")) as index:
        assert index.metadata == "second"
    with pytest.raises(StoreError, match="there already is a collection"):
        QdrantIndex(place, create=DIM + 1)
    server.client.update_collection("x", metadata={"univldr": "no JSON"})
    with pytest.raises(StoreError, match="is broken: its manifest"):
        open_index(place.uri)


def test_a_folder_in_an_index_on_a_cluster(server: FakeQdrant, corpus: Path) -> None:
    uri = f"{server.url}/docs"
    at = Path(f"{uri}?shards=2")
    assert update(corpus, index=at, model="hash").added == 2
    assert update(corpus, index=at).unchanged == 2
    (corpus / "bird.txt").write_text("the blue bird sleeps")
    (corpus / "invoice.txt").unlink()
    report = update(corpus)  # it is remembered where the vectors are
    assert (report.updated, report.removed, report.documents) == (1, 1, 1)
    assert not (corpus / ".univldr" / "shard").exists()
    for name in (uri, corpus):
        with univldr.open(name) as searcher:
            [hit] = searcher.search("bird")
            assert hit.document.text == "the blue bird sleeps"
            assert searcher.documents_of(corpus / "bird.txt") == ["bird.txt#0"]
    with (
        univldr.open(uri) as searcher,
        pytest.raises(StoreError, match=r"is filled from \S+/\.univldr; store"),
    ):
        searcher.upsert([Document("a", Modality.TEXT, "x")])
    with univldr.open(corpus) as searcher:
        searcher.upsert([Document("a", Modality.TEXT, "a note")])
    with closing(open_index(uri)) as held:
        assert isinstance(held, Cluster)
        assert held.engine.count() == 2


def test_an_index_on_a_cluster_is_made_anew_under_another_name(server: FakeQdrant, corpus: Path) -> None:
    first, second = (Path(f"{server.url}/{name}") for name in ("first", "second"))
    update(corpus, index=first, model="hash")
    with pytest.raises(StoreError, match=r"at \S+/first, not at \S+/second; leave --index out"):
        update(corpus, index=second)
    for index in (None, first):
        with pytest.raises(StoreError, match="cannot be made anew in its own place; give it another name"):
            update(corpus, index=index, rebuild=True, model="hash")
    update(corpus, index=second, rebuild=True, model="hash")
    assert {one.name for one in server.client.get_collections().collections} == {"first", "second"}
    with Store.open(corpus / ".univldr") as store:
        assert uri_of(store.manifest.engine) == uri_of(second)
        assert store.engine.count() == 2
    update(corpus, index=corpus / ".univldr", rebuild=True, model="hash")
    assert update(corpus).unchanged == 2
    assert (corpus / ".univldr").joinpath("shard-2").exists()


def test_another_index_of_the_same_name_is_not_written_to(server: FakeQdrant, corpus: Path) -> None:
    at = Path(f"{server.url}/docs")
    update(corpus, index=at, model="hash")
    server.client.delete_collection("docs")
    with pytest.raises(StoreError, match="no index at"):
        update(corpus)
    univldr.create(str(server.url) + "/docs", model="hash").close()
    server.client.update_collection("docs", metadata={"univldr": _older(server)})
    with pytest.raises(
        StoreError, match=r"/docs is filled from elsewhere now, not from \S+/\.univldr any more; make another"
    ):
        update(corpus)


def _older(server: FakeQdrant) -> str:
    metadata = server.client.get_collection("docs").config.metadata
    assert metadata
    return str(metadata["univldr"]).replace('"created": "20', '"created": "19')


def test_a_folder_that_is_moved_or_copied(server: FakeQdrant, corpus: Path, tmp_path: Path) -> None:
    uri = f"{server.url}/docs"
    update(corpus, index=Path(uri), model="hash")
    copy = Path(shutil.copytree(corpus, tmp_path / "copy"))
    with pytest.raises(StoreError, match=r"/copy/\.univldr is a copy of \S+/corpus/\.univldr, from which"):
        update(copy)
    moved = corpus.rename(tmp_path / "moved")
    assert update(moved).unchanged == 2
    with univldr.open(uri) as searcher:
        assert searcher.search("bird")[0].document.path == str(moved / "bird.txt")
    copy.rename(corpus)  # as if it had been copied to another machine
    with pytest.raises(StoreError, match=r"is filled from \S+/moved/\.univldr now, not from \S+/corpus/"):
        update(corpus)
    update(corpus, index=Path(f"{uri}-2"), rebuild=True, model="hash")
    assert update(corpus).unchanged == update(moved).unchanged == 2


def test_a_rebuild_goes_on_where_its_cluster_was_out_of_reach(server: FakeQdrant, corpus: Path) -> None:
    update(corpus, model="hash")
    for n in range(20):
        (corpus / f"{n}.txt").write_text(f"note {n}")
    again = partial(update, corpus, index=Path(f"{server.url}/docs"), rebuild=True, model="hash")
    server.faults[:] = ["none"] * 9 + ["drop"] * 40
    for _ in range(2):
        with pytest.raises(StoreError, match="nobody answers"):
            again()
    server.faults.clear()
    assert again().documents == 22


def test_a_cluster_that_fails_in_the_middle_of_an_update(server: FakeQdrant, corpus: Path) -> None:
    at = Path(f"{server.url}/docs")
    update(corpus, index=at, model="hash")
    for n in range(20):
        (corpus / f"{n}.txt").write_text(f"note {n}")
    for fault in range(1, 30):
        server.faults[:] = ["none"] * fault + ["late"] * 4  # as when a node dies while it works
        with suppress(StoreError):
            update(corpus)
        server.faults.clear()
    report = update(corpus)
    assert (report.unchanged, report.documents) == (22, 22)
    with univldr.open(at.as_posix()) as searcher:
        assert [hit.document.id for hit in searcher.search("note 7", k=1)] == ["7.txt#0"]


def test_a_process_may_lend_it(server: FakeQdrant, corpus: Path) -> None:
    update(corpus, index=Path(f"{server.url}/docs"), model="hash")
    with Holder(Path(f"{server.url}/docs")) as holder:
        with holder.lease() as lease:
            assert (lease.engine.count(), lease.is_stale()) == (2, False)
        with closing(SharedStore(holder.listen())) as shared:
            assert shared.engine.count(Modality.TEXT) == 2
            assert shared.manifest.encoder == "hash"


def test_what_needs_a_directory_says_so(server: FakeQdrant, corpus: Path) -> None:
    uri = f"{server.url}/docs"
    update(corpus, index=Path(uri), model="hash")
    with pytest.raises(StoreError, match="has no directory, which this needs; give the folder"):
        Store.open(Path(uri))
    with pytest.raises(ConfigError, match="is an index, not a corpus"):
        update(uri)
