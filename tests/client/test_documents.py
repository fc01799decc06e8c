"""Documents stored, read and deleted over HTTP; vectors, models, and how the server is."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.serve_kit import running_app
from univldr import (
    AsyncClient,
    Client,
    ConfigError,
    CorpusError,
    Document,
    ImageError,
    Modality,
    Query,
    Searcher,
)
from univldr.client import Outcome
from univldr.errors import ForbiddenError, NotFoundError, TooLargeError
from univldr.types import Expansion, Term


def png(colour: str, size: tuple[int, int] = (40, 30)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "PNG")
    return stream.getvalue()


def test_what_is_stored_can_be_found_read_and_deleted(client: Client, folder: Path) -> None:
    words = Document(
        "notes/7 #ä%2F", Modality.TEXT, "Valves of brass", title="Valves", metadata={"year": 2025}
    )
    barn = folder / "trips" / "barn.png"
    by_path = Document("p", Modality.IMAGE, "by path", barn, expansions=(Expansion("valve", "ocr"),))
    by_bytes = Document("b", Modality.IMAGE, "by bytes", png("green"))
    report = client.upsert([words, by_path, by_bytes])
    assert (report.stored, report.failed) == (3, ())
    assert client.get(words.id) == words
    assert client.search("brass valves").where("year = 2025")[0].document == words
    assert client.picture("p") == barn.read_bytes()
    assert client.picture("b") == png("green")
    found = client.get("p")
    assert found is not None
    assert (found.text, found.expansions) == ("by path", by_path.expansions)
    assert client.delete([words.id, "nobody", "p", "b"]) == 3
    assert client.get(words.id) is None


@pytest.mark.parametrize(
    "id", [".", "..", "/", "../..", "%2F", "a/../b", "?a=1", "#", " ", "日本", "a\nb", "\\"]
)
def test_any_id_can_be_asked_for(client: Client, id: str) -> None:
    document = Document(id, Modality.TEXT, "some words")
    assert client.get(id) is None
    assert client.upsert([document]).stored == 1
    assert client.get(id) == document
    assert client.delete([id, id]) == 1


def test_an_id_that_is_no_text_is_refused(client: Client) -> None:
    with pytest.raises(ConfigError, match="not Unicode"):
        client.get("\ud800")
    with pytest.raises(ConfigError, match="cannot be sent"):
        len(client.search("\ud800"))


def test_each_document_fails_by_itself(client: Client, folder: Path) -> None:
    def documents() -> Iterator[Document]:
        yield Document("good", Modality.TEXT, "stored")
        yield Document("gone", Modality.IMAGE, image=folder / "gone.png")
        yield Document("broken", Modality.IMAGE, image=b"no picture")
        yield Document("nan", Modality.TEXT, "x", metadata={"a": float("nan")})
        yield Document("", Modality.TEXT, "x")
        yield Document("i" * 2000, Modality.TEXT, "its id is too long")
        yield Document("soup.md#0", Modality.TEXT, "a file's id")

    report = client.upsert(documents())
    assert [outcome.id for outcome in report.outcomes] == [document.id for document in documents()]
    assert report.stored == 1
    kinds = [type(outcome.error) for outcome in report.failed]
    assert kinds == [ImageError, ImageError, CorpusError, CorpusError, ConfigError, CorpusError]
    assert client.delete(["good"]) == 1
    assert client.upsert([]).outcomes == ()


def test_of_one_id_the_last_counts(client: Client) -> None:
    report = client.upsert([Document("same", Modality.TEXT, words) for words in ("first", "second", "last")])
    assert report.stored == 3
    found = client.get("same")
    assert found is not None
    assert found.text == "last"
    client.delete(["same"])


def test_many_documents_go_in_bodies_that_the_server_takes(empty: Searcher) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 120, 3), np.uint8)
    pictures = []
    for number in range(10):
        stream = io.BytesIO()
        Image.fromarray(np.roll(noise, number)).save(stream, "PNG")
        pictures.append(Document(f"n{number}", Modality.IMAGE, image=stream.getvalue()))
    large = Document("large", Modality.TEXT, "word " * 100_000)
    with running_app(empty, max_body=150_000) as url, Client(url) as client:
        report = client.upsert([*pictures[:5], large, *pictures[5:]])
        assert report.stored == 10
        assert [(one.id, type(one.error)) for one in report.failed] == [("large", TooLargeError)]
        assert client.info()["images"] == 10


def test_a_read_only_server_stores_nothing(empty: Searcher) -> None:
    with running_app(empty, read_only=True) as url, Client(url) as client:
        with pytest.raises(ForbiddenError, match="read-only"):
            client.upsert([Document("a", Modality.TEXT, "x")])
        with pytest.raises(ForbiddenError, match="read-only"):
            client.delete(["a"])


def test_thumbnails_are_small_and_what_is_not_there_is_told(client: Client) -> None:
    with Image.open(io.BytesIO(client.thumbnail("trips/barn.png", 160))) as small:
        assert max(small.size) == 160
    for call in (client.picture, client.thumbnail):
        with pytest.raises(NotFoundError, match="nobody"):
            call("nobody")
    with pytest.raises(ConfigError, match="size"):
        client.thumbnail("trips/barn.png", 7)


def test_vectors_are_the_encoder_s(client: Client, searcher: Searcher, folder: Path) -> None:
    lake = folder / "trips" / "lake.png"
    inputs: list[str | Query] = [
        "soup",
        "data:image/png;base64,",
        Query("by the sea", lake),
        Query(image=lake),
        *map(str, range(200)),
    ]
    rows = client.embed(inputs)
    wanted = [Query(one) if isinstance(one, str) else one for one in inputs]
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, searcher.encoder.encode_queries(wanted))
    assert client.embed([]).shape == (0, 64)
    with pytest.raises(ConfigError, match="terms"):
        client.embed([Query("x", plus=(Term("y"),))])


def test_what_the_server_is(client: Client, folder: Path) -> None:
    assert [(model["id"], model["dim"]) for model in client.models()] == [("hash", 64)]
    info = client.info()
    assert (info["model"], info["texts"] + info["images"]) == ("hash", info["documents"])
    assert str(folder) in info["roots"]
    assert client.health()
    assert client.ready()


def test_all_of_it_can_be_awaited(url: str) -> None:
    async def use() -> None:
        async with AsyncClient(url) as client:
            assert await client.health()
            assert await client.ready()
            assert [model["id"] for model in await client.models()] == ["hash"]
            too_long = Document("i" * 2000, Modality.TEXT, "x")
            report = await client.upsert([Document("a", Modality.IMAGE, "new", png("green")), too_long])
            assert report.outcomes[0] == Outcome("a")
            assert isinstance(report.outcomes[1].error, ConfigError)
            found = await client.get("a")
            assert found is not None
            assert found.text == "new"
            assert await client.picture("a") == png("green")
            assert await client.thumbnail("a")
            rows = await client.embed(["soup", Query(image=png("green"))])
            assert rows.shape == (2, 64)
            assert (await client.embed([])).shape == (0, 64)
            assert (await client.info())["model"] == "hash"
            assert await client.delete(["a", "nobody"]) == 1
            assert await client.get("a") is None

    asyncio.run(use())
