"""The retriever in LlamaIndex itself."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from univldr import AsyncClient, Client, ConfigError, Searcher

schema = pytest.importorskip("llama_index.core.schema")
llms = pytest.importorskip("llama_index.core.llms")
engines = pytest.importorskip("llama_index.core.query_engine")

from univldr.integrations.llamaindex import UnivldrRetriever  # noqa: E402


def ids(nodes: list[Any]) -> list[str]:
    return [one.node.node_id for one in nodes]


def test_texts_and_pictures_are_nodes_with_scores(asked: Searcher | Client, folder: Path) -> None:
    nodes = UnivldrRetriever(asked, k=5).retrieve("a red barn")
    hits = asked.search("a red barn", 5)
    assert ids(nodes) == [hit.document.id for hit in hits]
    assert [one.score for one in nodes] == pytest.approx([hit.score for hit in hits], abs=1e-6)
    barn = nodes[0].node
    assert isinstance(barn, schema.ImageNode)
    assert (barn.text, barn.image_path, barn.ref_doc_id) == (
        "a red barn by the sea",
        *[str(folder / "barn.png")] * 2,
    )
    soup = next(one.node for one in nodes if one.node.node_id == "soup.md#0")
    assert type(soup) is schema.TextNode
    assert soup.metadata.items() >= {"year": "2024", "modality": "text", "relevance": None}.items()
    assert soup.get_content(schema.MetadataMode.LLM).endswith("Onion soup needs an hour.")
    assert "score" not in soup.get_content(schema.MetadataMode.LLM)


def test_pictures_come_along(asked: Searcher | Client, folder: Path) -> None:
    (one,) = UnivldrRetriever(asked, k=1, options={"modality": "image"}, pictures=True).retrieve("barn")
    assert isinstance(one.node, schema.ImageNode)
    content = (folder / "barn.png").read_bytes()
    assert base64.b64decode(one.node.image or "") == content
    assert one.node.image_mimetype == "image/png"
    assert one.node.resolve_image().read() == content


def test_a_page_of_a_pdf_is_no_picture_file(paged: Searcher) -> None:
    (plain,) = UnivldrRetriever(paged, k=1).retrieve("winter timetable")
    assert (plain.node.text, plain.node.image_path) == ("Winter timetable.", None)
    (drawn,) = UnivldrRetriever(paged, k=1, pictures=True).retrieve("winter timetable")
    assert drawn.node.image_mimetype == "image/png"


def test_a_picture_is_a_query(asked: Searcher | Client, folder: Path) -> None:
    retriever = UnivldrRetriever(asked, k=1, options={"modality": "image"})
    assert ids(retriever.retrieve(schema.QueryBundle("", image_path=str(folder / "lake.png")))) == [
        "lake.png"
    ]


def test_it_is_awaited(asked: Searcher | Client, url: str) -> None:
    retriever = UnivldrRetriever(asked, k=2, options={"where": "year >= 2000"})
    assert ids(asyncio.run(retriever.aretrieve("soup"))) == ids(retriever.retrieve("soup"))

    async def natively() -> list[Any]:
        async with AsyncClient(url) as client:
            nodes: list[Any] = await UnivldrRetriever(client, k=2, pictures=True).aretrieve("a red barn")
            return nodes

    assert ids(asyncio.run(natively()))[0] == "barn.png"


def test_it_feeds_a_query_engine(searcher: Searcher) -> None:
    engine = engines.RetrieverQueryEngine.from_args(UnivldrRetriever(searcher, k=2), llm=llms.MockLLM())
    answer = engine.query("onion soup")
    assert "Onion soup needs an hour." in str(answer)
    assert len(answer.source_nodes) == 2


def test_nonsense_is_refused_where_it_is_written(searcher: Searcher) -> None:
    with pytest.raises(ConfigError, match="k is 0"):
        UnivldrRetriever(searcher, k=0)
