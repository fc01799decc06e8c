"""What a client finds is what the searcher behind the server finds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.serve_kit import running_app
from univldr import AsyncClient, Client, ConfigError, Document, Modality, Query, Results, Searcher, Term
from univldr.errors import NotFoundError
from univldr.where import Compare, Not


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"k": 2, "offset": 1},
        {"modality": Modality.IMAGE},
        {"modality": "text", "per_file": False, "k": 50},
        {"where": "year >= 2023 or path under 'trips'"},
        {"where": Not(Compare("year", "=", 2024.0))},
        {"lexical": "off", "center": "on", "image_bias": 0.2, "explain": True},
        {"fold": False},
    ],
)
def test_options_mean_the_same(client: Client, searcher: Searcher, options: dict[str, Any]) -> None:
    there = client.search("soup by the sea", **options)
    here = searcher.search("soup by the sea", **options)
    assert there.to_dicts() == here.to_dicts()
    assert there.answered == here.answered
    assert there.took_ms > 0
    assert len(there) > 0


def test_every_part_of_a_query_is_sent(client: Client, searcher: Searcher, folder: Path) -> None:
    barn, lake = folder / "trips" / "barn.png", folder / "trips" / "lake.png"
    queries = [
        Query(image=barn),
        Query(image=lake.read_bytes()),
        Query("the sea", image=lake),
        Query("soup", plus=(Term("onion", weight=2), Term(image=barn)), minus=(Term("sea", lake, 0.3),)),
        Query(like=("trips/barn.png", "soup.md#0")),
    ]
    for query in queries:
        assert client.search(query).to_dicts() == searcher.search(query).to_dicts()


def test_results_are_the_same_lazy_ones(client: Client, searcher: Searcher, folder: Path) -> None:
    there = client.search("soup").where("year > 2020").minus("sea").plus("onion").limit(1).explain()
    here = searcher.search("soup").where("year > 2020").minus("sea").plus("onion").limit(1).explain()
    assert isinstance(there, Results)
    assert there.to_dicts() == here.to_dicts()
    [hit] = client.search("barn", k=1, modality="image")
    assert hit.document.image == Path(folder / "trips" / "barn.png")
    assert client.like(hit).to_dicts() == searcher.like(hit).to_dicts()
    assert client.search("x").like(hit)[0].document.id == "trips/copy.png"


def test_more_hits_than_a_server_gives_at_once(empty: Searcher) -> None:
    empty.upsert([Document(f"{n:03}", Modality.TEXT, f"boat {n % 7} sea {n % 5}") for n in range(450)])
    with running_app(empty) as url, Client(url) as client:
        for options in ({"k": 401}, {"k": 1000, "offset": 30}, {"k": 200}):
            there, here = client.search("boat 3", **options), empty.search("boat 3", **options)  # type: ignore[arg-type]
            assert there.to_dicts() == here.to_dicts()
        awaited = asyncio.run(_awaited(url))
        assert awaited.to_dicts() == empty.search("boat 3", k=401).to_dicts()


async def _awaited(url: str) -> Results:
    async with AsyncClient(url) as client:
        return await client.search("boat 3", k=401)


def test_a_file_of_the_server_s_machine_can_be_what_to_be_like(client: Client, folder: Path) -> None:
    [hit] = client.like(str(folder / "trips" / "barn.png"), k=1)
    assert hit.document.id == "trips/copy.png"
    with pytest.raises(NotFoundError, match=r"no indexed file '/gone\.png'"):
        len(client.like("/gone.png"))


def test_what_makes_no_sense_is_refused_before_anything_is_sent(client: Client) -> None:
    client.close()
    with pytest.raises(ConfigError, match="k is 0"):
        client.search("x", k=0)
    with pytest.raises(ConfigError, match="filter: "):
        client.search("x").where("year >")


def test_a_notebook_shows_thumbnails_even_where_the_files_are_not(client: Client, folder: Path) -> None:
    results = client.search("barn", modality="image", fold=False)
    assert len(results) == 3
    folder.rename(folder.with_name("elsewhere"))
    assert "<img" not in results._repr_html_()  # the server does not have them any more, either
    folder.with_name("elsewhere").rename(folder)
    results = client.search("barn", modality="image", fold=False)
    for hit in results:  # on another machine
        object.__setattr__(hit.document, "image", Path("/not/here.png"))
    assert results._repr_html_().count("data:image/jpeg;base64,") == 3


def test_awaited_results_have_been_looked_at(url: str, searcher: Searcher) -> None:
    async def ask() -> tuple[Results, Results, list[Results]]:
        async with AsyncClient(url) as client:
            changed = await client.search("soup").where("year > 2020").limit(1)
            like = await client.like("trips/barn.png", k=1)
            many = await asyncio.gather(*(one(client, word) for word in ("soup", "sea", "barn")))
            return changed, like, many

    async def one(client: AsyncClient, word: str) -> Results:
        return await client.search(word, k=1)

    changed, like, many = asyncio.run(ask())
    assert changed.to_dicts() == searcher.search("soup").where("year > 2020").limit(1).to_dicts()
    assert like[0].document.id == "trips/copy.png"
    for word, results in zip(("soup", "sea", "barn"), many, strict=True):
        assert results.to_dicts() == searcher.search(word, k=1).to_dicts()


def test_results_that_were_not_awaited_say_so(url: str) -> None:
    async def ask() -> None:
        async with AsyncClient(url) as client:
            results = await client.search("soup")
            assert await results is results
            assert "soup" in results._repr_html_()
            with pytest.raises(ConfigError, match="await them"):
                len(results.limit(3))

    asyncio.run(ask())
