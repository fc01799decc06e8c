"""The official ``openai`` client, as its users call it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest

from tests.client.kit import OVERLOADED, stub
from tests.serve_kit import KEY, running_app
from tests.server.conftest import data_uri
from univldr import Searcher, create
from univldr.types import Query


@pytest.fixture
def searcher(tmp_path: Path) -> Searcher:
    return create(tmp_path / "empty.index", model="hash")


@pytest.fixture
def url(searcher: Searcher) -> Iterator[str]:
    with running_app(searcher, api_key=KEY) as address:
        yield f"{address}/v1"


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as made:
        yield made


def test_texts_and_pictures_are_embedded(client: openai.OpenAI, searcher: Searcher) -> None:
    wanted = searcher.encoder.encode_queries([Query("a red barn"), Query("the sea")])
    one = client.embeddings.create(model="hash", input="a red barn")  # base64, without being asked
    two = client.embeddings.create(model="hash", input=["a red barn", "the sea"], encoding_format="float")
    np.testing.assert_array_equal(np.array([one.data[0].embedding], np.float32), wanted[:1])
    np.testing.assert_array_equal(np.array([row.embedding for row in two.data], np.float32), wanted)
    assert [row.index for row in two.data] == [0, 1]
    assert (two.model, two.usage.prompt_tokens, two.usage.total_tokens) == ("hash", 5, 5)
    coded: Any = client.embeddings.create(model="hash", input="a red barn", encoding_format="base64")
    assert isinstance(coded.data[0].embedding, str)
    both = client.embeddings.create(model="hash", input=[data_uri("red"), "red"], dimensions=64, user="me")
    red, text = (np.array(row.embedding) for row in both.data)
    np.testing.assert_allclose(np.linalg.norm(red), 1, rtol=1e-5)
    assert not np.array_equal(red, text)


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["hash"]
    assert client.models.retrieve("hash").owned_by == "univldr"
    with pytest.raises(openai.NotFoundError, match="no model 'text-embedding-3-small'"):
        client.models.retrieve("text-embedding-3-small")


def test_errors_are_theirs_with_our_words(url: str, client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="model is 'ada'") as caught:
        client.embeddings.create(model="ada", input="x")
    assert caught.value.type == "config_error"
    assert caught.value.body["remedy"] == "this server has 'hash'"  # type: ignore[index]
    with pytest.raises(openai.BadRequestError, match="dimensions is 5"):
        client.embeddings.create(model="hash", input="x", dimensions=5)
    with pytest.raises(openai.UnprocessableEntityError, match="picture"):
        client.embeddings.create(model="hash", input="data:image/png;base64,AAAA")
    with (
        openai.OpenAI(base_url=url, api_key="another-key-than-that") as other,
        pytest.raises(openai.AuthenticationError, match="API key is missing or wrong"),
    ):
        other.models.list()
    with (
        stub(OVERLOADED) as busy,
        openai.OpenAI(base_url=f"{busy.url}/v1", api_key=KEY, max_retries=0) as other,
        pytest.raises(openai.RateLimitError, match="too much to do"),
    ):
        other.embeddings.create(model="hash", input="x")


def test_all_of_it_can_be_awaited(url: str, searcher: Searcher) -> None:
    async def use() -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
            made = await client.embeddings.create(model="hash", input=["the sea", data_uri("blue")])
            row = searcher.encoder.encode_queries([Query("the sea")])[0]
            np.testing.assert_array_equal(np.array(made.data[0].embedding, np.float32), row)
            assert [model.id async for model in client.models.list()] == ["hash"]
            with pytest.raises(openai.BadRequestError, match="'ada'"):
                await client.embeddings.create(model="ada", input="x")

    asyncio.run(use())
