"""What a client does when the server fails: errors of ours, tries again that end, a key that stays here."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Awaitable, Callable

import pytest

from tests.client.kit import BROKEN, FOUND, OVERLOADED, Answer, stub
from tests.serve_kit import KEY, running_app
from univldr import AsyncClient, Client, ConfigError, Searcher
from univldr.errors import (
    KINDS,
    MissingExtra,
    OverloadedError,
    RequestError,
    TimeLimitError,
    UnauthorizedError,
    UnivldrError,
    UnreachableError,
)
from univldr.server.errors import error_fields, fields_of


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits, which take no time."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("univldr.client.sync.time.sleep", waits.append)
    monkeypatch.setattr("univldr.client.aio.asyncio.sleep", sleep)
    return waits


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_errors_come_back_as_what_the_server_raised(kind: type[UnivldrError]) -> None:
    raised = MissingExtra("x", "y", "z") if kind is MissingExtra else kind("what is wrong; how to help")
    fields = fields_of(raised)
    with stub(Answer(400, {"error": fields})) as server, Client(server.url, retries=0, api_key=KEY) as client:
        with pytest.raises(kind) as caught:
            client.info()
        if kind is not UnauthorizedError:
            assert str(caught.value) == str(raised)


def test_an_error_of_a_kind_that_is_not_known_is_one_all_the_same() -> None:
    fields = error_fields("internal_error", "it failed; look at its log")
    with stub(Answer(500, {"error": fields})) as server, Client(server.url) as client:
        with pytest.raises(RequestError, match="it failed; look at its log"):
            client.info()
        assert len(server.asked) == 1
        assert not client.health()
    with pytest.raises(ConfigError, match="the client is closed"):
        client.health()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>"),
        Answer(200, [1]),
        Answer(200, {"hits": [{"rank": 1}], "answered": None, "took_ms": 1}),
        Answer(200, {}),
        Answer(404, b"not here"),
        Answer(500, {"error": "text"}),
    ],
)
def test_another_server_s_answer_is_told_from_ours(answer: Answer) -> None:
    with (
        stub(answer) as server,
        Client(server.url) as client,
        pytest.raises(RequestError, match=f"^{server.url} answered {answer.status}, but not as univldr does"),
    ):
        len(client.search("x"))


def test_no_redirect_is_followed() -> None:
    with stub(FOUND) as other:
        moved = Answer(307, b"", {"location": f"{other.url}/v1/search"})
        with stub(moved) as server, Client(server.url, api_key=KEY) as client:
            with pytest.raises(RequestError, match=f"sends elsewhere, to '{other.url}"):
                len(client.search("x"))
            assert server.asked[0][2]["authorization"] == f"Bearer {KEY}"
        assert other.asked == []


def test_the_key_is_in_no_text(monkeypatch: pytest.MonkeyPatch, slept: list[float]) -> None:
    client = Client(f"http://127.0.0.1:{free_port()}", api_key=KEY, retries=1)
    assert KEY not in repr(client)
    with pytest.raises(UnreachableError) as caught:
        client.info()
    assert caught.value.__suppress_context__
    assert KEY not in "".join(traceback.format_exception(caught.value))
    for bad in ("two words of a key", "schlüssel-von-hier", "a-key\nof-two-lines", ""):
        with pytest.raises(ConfigError) as refused:
            Client("http://127.0.0.1:1", api_key=bad)
        assert not bad or bad not in str(refused.value)
    monkeypatch.setenv("UNIVLDR_API_KEY", "from the environment")
    with pytest.raises(ConfigError, match="the API key"):
        Client("http://127.0.0.1:1")


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, empty: Searcher) -> None:
    with running_app(empty, api_key=KEY) as url:
        with (
            Client(url) as client,
            pytest.raises(UnauthorizedError, match="asks for a key; give it as api_key"),
        ):
            client.info()
        with (
            Client(url, api_key="another-key-than-that") as client,
            pytest.raises(UnauthorizedError, match="is wrong; give the right one"),
        ):
            len(client.search("x"))
        monkeypatch.setenv("UNIVLDR_API_KEY", KEY)
        with Client(url) as client:
            assert client.info()["model"] == "hash"


def test_a_proxy_of_the_environment_is_no_way_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    with stub(FOUND) as server, Client(server.url) as client:
        assert client.search("x").hits == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("127.0.0.1:8080", "give http://HOST:PORT"),
        ("ftp://127.0.0.1", "give http://HOST:PORT"),
        ("http://", "give http://HOST:PORT"),
        ("http://me:secret@host", "more than a host"),
        ("http://host/?a=1", "more than a host"),
        ("http://host:port", "is no URL"),
    ],
)
def test_an_address_that_is_none(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Client(url)
    assert "secret" not in str(caught.value)


def test_bounds_of_tries() -> None:
    for settings in ({"timeout": 0}, {"timeout": float("nan")}, {"retries": -1}):
        with pytest.raises(ConfigError):
            Client("http://127.0.0.1:1", **settings)


Ask = Callable[[str, int, float], None]


def ask_sync(url: str, retries: int, timeout: float) -> None:
    with Client(url, retries=retries, timeout=timeout) as client:
        assert client.search("x").hits == []


def ask_async(url: str, retries: int, timeout: float) -> None:
    async def ask() -> None:
        async with AsyncClient(url, retries=retries, timeout=timeout) as client:
            assert (await client.search("x")).hits == []

    run: Awaitable[None] = ask()
    asyncio.run(run)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", [ask_sync, ask_async])
class TestTryingAgain:
    """The same for both clients."""

    def test_an_overloaded_server_says_when(self, ask: Ask, slept: list[float]) -> None:
        with stub(OVERLOADED, OVERLOADED, FOUND) as server:
            ask(server.url, 3, 60)
            assert len(server.asked) == 3
            assert server.asked[0][3] == server.asked[2][3]
        assert len(slept) == 2
        assert all(3 <= seconds <= 4.5 for seconds in slept)

    def test_a_connection_that_breaks(self, ask: Ask, slept: list[float]) -> None:
        with stub(BROKEN, BROKEN, FOUND) as server:
            ask(server.url, 3, 60)
        assert len(slept) == 2
        assert 0 < slept[0] < slept[1] < 1

    def test_only_so_often(self, ask: Ask, slept: list[float]) -> None:
        with stub(OVERLOADED) as server:
            with pytest.raises(OverloadedError, match="too much to do; try again") as caught:
                ask(server.url, 2, 60)
            assert caught.value.retry_after == 3
            assert len(server.asked) == 3
        with pytest.raises(UnreachableError, match=r"no server answers at .*; start it with univldr serve"):
            ask(f"http://127.0.0.1:{free_port()}", 2, 60)
        with stub(BROKEN) as server, pytest.raises(UnreachableError, match="broke off"):
            ask(server.url, 0, 60)

    def test_only_so_long(self, ask: Ask, slept: list[float]) -> None:
        with stub(OVERLOADED) as server:
            with pytest.raises(OverloadedError):
                ask(server.url, 100, 2.5)
            assert len(server.asked) == 1
        assert slept == []

    def test_a_server_that_is_silent(self, ask: Ask, slept: list[float]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with pytest.raises(TimeLimitError, match=r"did not answer within 0\.2 s"):
                ask(url, 3, 0.2)
        assert slept == []


def test_nobody_is_neither_well_nor_ready() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url) as client:
        assert not client.health()
        assert not client.ready()

    async def ask() -> bool:
        async with AsyncClient(url) as client:
            return await client.health()

    assert not asyncio.run(ask())
