"""The retriever in LangChain itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from univldr import AsyncClient, Client, ConfigError, Searcher

Document = pytest.importorskip("langchain_core.documents").Document
runnables = pytest.importorskip("langchain_core.runnables")

from univldr.integrations.langchain import UnivldrRetriever  # noqa: E402


def ids(documents: list[Any]) -> list[str]:
    return [document.id for document in documents]


def test_texts_and_pictures_in_one_list(asked: Searcher | Client, folder: Path) -> None:
    documents = UnivldrRetriever(searcher=asked, k=2).invoke("a red barn")
    assert all(isinstance(document, Document) for document in documents)
    assert ids(documents) == [hit.document.id for hit in asked.search("a red barn", 2)]
    barn = documents[0]
    assert (barn.id, barn.page_content) == ("barn.png", "a red barn by the sea")
    assert barn.metadata["score"] == pytest.approx(asked.search("a red barn")[0].score, abs=1e-6)
    expected = {"id": "barn.png", "modality": "image", "path": str(folder / "barn.png"), "relevance": None}
    assert barn.metadata.items() >= expected.items()
    assert "image" not in barn.metadata


def test_pictures_come_along_as_data_uris(asked: Searcher | Client) -> None:
    retriever = UnivldrRetriever(searcher=asked, options={"modality": "image"}, pictures=True)
    assert all(one.metadata["image"].startswith("data:image/png;base64,") for one in retriever.invoke("sea"))


def test_options_always_and_for_one_call(asked: Searcher | Client, folder: Path) -> None:
    retriever = UnivldrRetriever(searcher=asked, options={"where": "year >= 2000"})
    assert set(ids(retriever.invoke("soup"))) == {"soup.md#0", "sea.md#0"}
    assert ids(retriever.invoke("soup", k=1, where="year < 2000")) == ["old.md#0"]
    assert ids(retriever.bind(k=1).invoke("soup")) == ["soup.md#0"]
    pictures = UnivldrRetriever(searcher=asked, options={"modality": "image"})
    assert ids(pictures.invoke("", image=folder / "lake.png", k=1)) == ["lake.png"]


def test_it_is_awaited_and_batched(asked: Searcher | Client, url: str) -> None:
    retriever = UnivldrRetriever(searcher=asked, k=2)
    expected = ids(retriever.invoke("the sea"))
    assert ids(asyncio.run(retriever.ainvoke("the sea"))) == expected
    assert [ids(one) for one in retriever.batch(["the sea", "the sea"])] == [expected, expected]

    async def natively() -> list[Any]:
        async with AsyncClient(url) as client:
            found: list[Any] = await UnivldrRetriever(searcher=client, k=2).ainvoke(
                "the sea", modality="image"
            )
            return found

    assert set(ids(asyncio.run(natively()))) == {"barn.png", "lake.png"}


def test_it_is_a_part_of_chains(searcher: Searcher) -> None:
    retriever = UnivldrRetriever(searcher=searcher, k=1)
    chain = retriever | runnables.RunnableLambda(lambda documents: documents[0].page_content)
    assert chain.invoke("onion") == "Onion soup needs an hour."
    several = retriever.configurable_fields(k=runnables.ConfigurableField(id="k"))
    assert len(several.invoke("onion", {"configurable": {"k": 3}})) == 3


def test_nonsense_is_refused_where_it_is_written(searcher: Searcher) -> None:
    with pytest.raises(ConfigError, match="k is 0"):
        UnivldrRetriever(searcher=searcher, k=0)
    with pytest.raises(ConfigError, match="searcher is a str"):
        UnivldrRetriever(searcher="stuff")
    with pytest.raises(ConfigError, match="no option 'wehre'"):
        UnivldrRetriever(searcher=searcher).invoke("soup", wehre="year = 2024")


def test_an_async_client_cannot_be_asked_without_awaiting(url: str) -> None:
    async def asked() -> None:
        async with AsyncClient(url) as client:
            UnivldrRetriever(searcher=client).invoke("soup")

    with pytest.raises(ConfigError, match=r"use univldr\.Client"):
        asyncio.run(asked())
