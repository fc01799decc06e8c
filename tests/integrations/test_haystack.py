"""The component in Haystack itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from univldr import AsyncClient, Client, ConfigError, Modality, Searcher

haystack = pytest.importorskip("haystack")
converters = pytest.importorskip("haystack.components.converters.image")
joiners = pytest.importorskip("haystack.components.joiners")
ByteStream = pytest.importorskip("haystack.dataclasses").ByteStream

from univldr.integrations.haystack import UnivldrRetriever  # noqa: E402


def ids(found: dict[str, Any]) -> list[str]:
    return [document.id for document in found["documents"]]


def test_texts_and_pictures_are_documents_with_scores(asked: Searcher | Client, folder: Path) -> None:
    found = UnivldrRetriever(asked, top_k=3).run("a red barn")
    assert all(isinstance(document, haystack.Document) for document in found["documents"])
    hits = asked.search("a red barn", 3)
    assert ids(found) == [hit.document.id for hit in hits]
    barn = found["documents"][0]
    assert (barn.content, barn.blob) == ("a red barn by the sea", None)
    assert barn.score == pytest.approx(hits[0].score, abs=1e-6)
    path = str(folder / "barn.png")
    assert barn.meta.items() >= {"modality": "image", "path": path, "file_path": path}.items()


def test_pictures_come_along(asked: Searcher | Client, folder: Path) -> None:
    found = UnivldrRetriever(asked, top_k=1, options={"modality": "image"}, pictures=True).run("barn")
    assert found["documents"][0].blob == ByteStream((folder / "barn.png").read_bytes(), mime_type="image/png")


def test_a_picture_is_a_query(asked: Searcher | Client, folder: Path) -> None:
    retriever = UnivldrRetriever(asked, top_k=1, options={"modality": "image"})
    lake = folder / "lake.png"
    for image in (lake, str(lake), ByteStream(lake.read_bytes())):
        assert ids(retriever.run(image=image)) == ["lake.png"]
    with pytest.raises(ConfigError, match="image is a int; give a path or a ByteStream"):
        retriever.run(image=7)


def test_filters_join_the_ones_that_are_always_there(asked: Searcher | Client) -> None:
    retriever = UnivldrRetriever(asked, options={"where": "year < 2024"})
    assert set(ids(retriever.run("soup"))) == {"sea.md#0", "old.md#0"}
    recent = {"field": "meta.year", "operator": ">=", "value": 2000}
    assert ids(retriever.run("soup", filters=recent)) == ["sea.md#0"]
    assert ids(UnivldrRetriever(asked).run("soup", filters=recent, top_k=1)) == ["soup.md#0"]


def test_it_runs_in_pipelines(searcher: Searcher, url: str) -> None:
    pipeline = haystack.Pipeline()
    pipeline.add_component("retriever", UnivldrRetriever(searcher, options={"modality": "image"}))
    pipeline.add_component("joiner", joiners.DocumentJoiner())
    pipeline.add_component("images", converters.DocumentToImageContent())
    pipeline.connect("retriever.documents", "joiner.documents")
    pipeline.connect("joiner.documents", "images.documents")
    images = pipeline.run({"retriever": {"query": "barn"}})["images"]["image_contents"]
    assert [image.mime_type for image in images] == ["image/png", "image/png"]

    async def natively() -> list[str]:
        async with AsyncClient(url) as client:
            return ids(await UnivldrRetriever(client, top_k=1, pictures=True).run_async("a red barn"))

    assert asyncio.run(natively()) == ["barn.png"]


def test_a_page_is_where_haystack_looks_for_it(paged: Searcher) -> None:
    documents = UnivldrRetriever(paged, top_k=1).run("winter timetable")["documents"]
    assert documents[0].meta["page_number"] == 2
    (image,) = converters.DocumentToImageContent().run(documents)["image_contents"]
    assert image.meta["page_number"] == 2
    (drawn,) = UnivldrRetriever(paged, top_k=1, pictures=True).run("winter timetable")["documents"]
    assert drawn.blob.mime_type == "image/png"


def test_a_pipeline_is_written_with_the_address_and_without_the_key(url: str) -> None:
    with Client(url, api_key="not-to-be-written") as client:
        pipeline = haystack.Pipeline()
        options = {"modality": Modality.TEXT, "where": "year > 2000", "fold": False}
        pipeline.add_component("retriever", UnivldrRetriever(client, 2, options))
        text = pipeline.dumps()
    assert url in text
    assert "not-to-be-written" not in text
    again = haystack.Pipeline.loads(text, allowed_modules=["univldr.integrations.haystack"])
    component = again.get_component("retriever")
    assert component.options == {"modality": "text", "where": "year > 2000", "fold": False}
    assert ids(again.run({"retriever": {"query": "soup"}})["retriever"]) == ["soup.md#0", "sea.md#0"]
    component.searcher.close()


def test_an_open_index_cannot_be_written(searcher: Searcher, url: str) -> None:
    with pytest.raises(ConfigError, match="a pipeline with Searcher cannot be written down"):
        UnivldrRetriever(searcher).to_dict()
    with Client(url) as client, pytest.raises(ConfigError, match="the option like cannot be written down"):
        UnivldrRetriever(client, options={"like": ("a",)}).to_dict()
