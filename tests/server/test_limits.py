"""What is too much is refused before it costs anything, and what was taken in is finished."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from univldr.errors import UnivldrError
from univldr.server.answers import error_answer
from univldr.server.limits import BODY_SHARE, Limits
from univldr.server.settings import ServerSettings

Answer = tuple[int, dict[str, str], Any]


class Slow:
    """An app that reads its body and answers once it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        try:
            await self.go.wait()
            while (await receive()).get("more_body", False):
                pass
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})
        except UnivldrError as error:
            await error_answer(error)(scope, receive, send)
        finally:
            self.inside -= 1


async def ask(
    app: Limits,
    path: str = "/v1/search",
    *,
    chunks: tuple[bytes, ...] = (b"{}",),
    length: int | None = 2,
    method: str = "POST",
) -> Answer:
    """One request; after the last of ``chunks`` nothing more comes if it is empty."""
    headers = [(b"content-length", str(length).encode())] if length is not None else []
    headers += [] if length is not None else [(b"transfer-encoding", b"chunked")]
    left = list(chunks)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left) or body == b""}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "path": path, "method": method, "headers": headers}, receive, send)
    body = json.loads(b"".join(message.get("body", b"") for message in sent) or b"{}")
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, body


async def settled(tasks: list[asyncio.Task[Answer]], slow: Slow, inside: int) -> None:
    """Wait until so many requests are inside the app."""
    while slow.inside < inside and not all(task.done() for task in tasks):
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine, at most a few seconds."""
    asyncio.run(asyncio.wait_for(_awaited(test), 10))


async def _awaited(test: Callable[[], Awaitable[None]]) -> None:
    await test()


@pytest.mark.parametrize(
    ("path", "method", "limit"),
    [
        ("/v1/search", "POST", 4),
        ("/v1/documents/x", "DELETE", 4),
        ("/v1/documents/x/thumbnail", "GET", 16),
        ("/v1/documents/x/image", "GET", 1),
    ],
)
def test_one_more_than_the_queue_holds_is_told_to_come_back(path: str, method: str, limit: int) -> None:
    async def test() -> None:
        slow = Slow()
        app = Limits(slow, ServerSettings(queue=4))
        tasks = [asyncio.create_task(ask(app, path, method=method)) for _ in range(limit)]
        await settled(tasks, slow, limit)
        status, headers, body = await ask(app, path, method=method)
        assert (status, body["error"]["type"]) == (429, "overloaded")
        assert int(headers["retry-after"]) >= 1
        slow.go.set()
        assert [status for status, _, _ in await asyncio.gather(*tasks)] == [200] * limit
        assert (await ask(app, path, method=method))[0] == 200  # there is room again

    run(test)


def test_health_and_the_page_are_always_let_in() -> None:
    async def test() -> None:
        slow = Slow()
        app = Limits(slow, ServerSettings(queue=1))
        tasks = [asyncio.create_task(ask(app))]
        await settled(tasks, slow, 1)
        slow.go.set()
        for path in ("/health", "/ready", "/metrics", "/", "/v1/index", "/v1/models"):
            assert (await ask(app, path, method="GET"))[0] == 200
        await asyncio.gather(*tasks)

    run(test)


def test_a_body_that_announces_too_much_is_not_read() -> None:
    async def test() -> None:
        app = Limits(Slow(), ServerSettings(max_body=2048))
        status, _, body = await ask(app, chunks=(), length=2049)
        assert (status, body["error"]["type"]) == (413, "too_large")
        assert "2,049" in body["error"]["message"]
        assert "2,048" in body["error"]["message"]

    run(test)


def test_a_body_that_does_not_announce_its_size_is_cut_off() -> None:
    async def test() -> None:
        slow = Slow()
        slow.go.set()
        app = Limits(slow, ServerSettings(max_body=2048))
        status, _, body = await ask(app, chunks=tuple([b"x" * 500] * 100), length=None)
        assert (status, body["error"]["type"]) == (413, "too_large")

    run(test)


def test_all_bodies_together_are_bounded() -> None:
    async def test() -> None:
        slow = Slow()
        app = Limits(slow, ServerSettings(max_body=2048, queue=64))
        tasks = [asyncio.create_task(ask(app, length=2048)) for _ in range(BODY_SHARE)]
        await settled(tasks, slow, BODY_SHARE)
        for length in (1, None):
            assert (await ask(app, length=length))[0] == 429
        slow.go.set()
        await asyncio.gather(*tasks)
        assert (await ask(app, length=2048))[0] == 200

    run(test)


def test_a_body_that_comes_too_slowly_gives_its_place_up() -> None:
    async def test() -> None:
        slow = Slow()
        slow.go.set()
        app = Limits(slow, ServerSettings(timeout=0.1, queue=1))
        for _ in range(2):
            status, _, body = await ask(app, chunks=(b"",), length=2)
            assert (status, body["error"]["type"]) == (504, "timeout")

    run(test)


def test_a_request_that_fails_gives_its_place_up() -> None:
    class Broken:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            raise ValueError("broken")

    async def test() -> None:
        app = Limits(Broken(), ServerSettings(queue=1))
        for _ in range(3):
            with pytest.raises(ValueError, match="broken"):
                await ask(app)

    run(test)
