"""What the retrievers share, without any of their libraries."""

from __future__ import annotations

import asyncio
import base64
import importlib
import sys
from pathlib import Path

import pytest

from tests.client.kit import Answer, stub
from univldr import AsyncClient, Client, Document, Hit, Modality, Searcher
from univldr.errors import ConfigError, MissingExtra
from univldr.integrations.asking import Found, ask, check, fields_of, found, found_async, split_uri, words_of
from univldr.search import Request, Results
from univldr.search import results as answers
from univldr.search.fields import hit_fields
from univldr.types import Expansion, Query


def test_pictures_come_as_they_are_from_here_and_from_a_server(
    asked: Searcher | Client, folder: Path
) -> None:
    results = ask(asked, "a red barn", 5, {"lexical": "off"})
    with_pictures = {hit.document.id: uri for hit, uri in found(results, asked, True)}
    assert with_pictures.keys() == {"soup.md#0", "sea.md#0", "old.md#0", "barn.png", "lake.png"}
    assert with_pictures["soup.md#0"] is None
    kind, content = split_uri(with_pictures["barn.png"] or "")
    assert (kind, base64.b64decode(content)) == ("image/png", (folder / "barn.png").read_bytes())
    assert {uri for _, uri in found(results, asked, False)} == {None}


def test_awaited_it_is_the_same(asked: Searcher | Client, url: str) -> None:
    expected = found(ask(asked, "sea", 3, {}), asked, True)

    async def awaited() -> tuple[list[Found], list[Found]]:
        async with AsyncClient(url) as client:
            there = await found_async(ask(client, "sea", 3, {}), client, True)
        return await found_async(ask(asked, "sea", 3, {}), asked, True), there

    here, there = asyncio.run(awaited())
    assert here == expected
    assert [(hit.document.id, uri) for hit, uri in there] == [(hit.document.id, uri) for hit, uri in expected]


def test_pictures_of_a_server_are_fetched_and_not_looked_for_here() -> None:
    boat = Hit(1, 0.5, Document("a boat", Modality.IMAGE, "a boat", Path("/on/the/server/boat.png")))
    answer = Answer(200, {"hits": [hit_fields(boat)], "answered": None, "took_ms": 1.0})
    with stub(answer, Answer(200, b"\x89PNG of the boat")) as server, Client(server.url) as client:
        ((_, uri),) = found(ask(client, "boat", 1, {}), client, True)
        assert base64.b64decode(split_uri(uri or "")[1]) == b"\x89PNG of the boat"
        assert server.asked[-1][1] == "/v1/documents/a%20boat/image"


def test_a_picture_that_has_gone_leaves_its_hit(searcher: Searcher, tmp_path: Path) -> None:
    gone = Hit(1, 0.5, Document("gone", Modality.IMAGE, "a boat", tmp_path / "gone.png"))

    class Gone:
        def run(self, request: Request) -> answers.Found:
            return answers.Found([gone], None, 1.0)

    results = Results(Gone(), Request(Query("boat")))
    assert found(results, searcher, True) == [(gone, None)]


def test_what_is_asked_for_can_change_the_query(asked: Searcher | Client, folder: Path) -> None:
    results = ask(asked, "", 1, {"image": folder / "lake.png", "modality": "image"})
    assert [hit.document.id for hit in results] == ["lake.png"]
    assert [hit.document.id for hit in ask(asked, "", 9, {"like": ("lake.png",), "modality": "image"})] == [
        "barn.png"
    ]


def test_nonsense_is_refused_at_once(searcher: Searcher) -> None:
    with pytest.raises(ConfigError, match=r"searcher is a str; give univldr.open"):
        check("stuff", 1, {})
    with pytest.raises(ConfigError, match="k is 0"):
        check(searcher, 0, {})
    with pytest.raises(ConfigError, match="no option 'wehre'"):
        check(searcher, 1, {"wehre": "year = 2024"})


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("langchain", "langchain_core.retrievers"),
        ("llamaindex", "llama_index.core.retrievers"),
        ("haystack", "haystack"),
        ("mteb", "mteb.models.abs_encoder"),
    ],
)
def test_a_missing_library_is_named(module: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"univldr.integrations.{module}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=rf"integrations.{module} needs .*univldr\[{module}\]"):
        importlib.import_module(f"univldr.integrations.{module}")


def test_words_and_fields_of_a_hit() -> None:
    document = Document(
        "a",
        Modality.IMAGE,
        "a boat",
        Path("/p/a.png"),
        "Boat",
        (Expansion("two sails", "caption"),),
        {"year": 2024, "score": "mine", "id": "mine"},
    )
    hit = Hit(1, 0.25, document, {"pixels": 0.25}, 0.5)
    assert words_of(document) == "a boat\ntwo sails"
    assert fields_of(hit) == {
        "year": 2024,
        "id": "a",
        "score": 0.25,
        "relevance": 0.5,
        "modality": "image",
        "title": "Boat",
        "path": "/p/a.png",
        "explanation": {"pixels": 0.25},
    }
