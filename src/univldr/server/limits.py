"""How much at a time: requests, and bytes of a body. What is too much is refused, never piled up."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from univldr.errors import OverloadedError, TimeLimitError, TooLargeError
from univldr.server import stages
from univldr.server.answers import error_answer
from univldr.server.settings import ServerSettings

SHARES = {"work": 1, "thumbnails": 4, "originals": 0.25}
"""How many of each kind there may be, as a multiple of the queue. A page shows many thumbnails at once, and a
browser that is told to come back does not. An original is held in memory until it has been read."""

BODY_SHARE = 8
"""Times the largest body that all bodies together may have."""


class Limits:
    """Takes in as many requests as the queue holds, and of each body no more than is allowed.

    A refused request costs nothing: its body is not read. What is taken in is finished.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        self._taken = dict.fromkeys(SHARES, 0)
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        kind = _kind(scope)
        if not kind:
            await self._app(scope, receive, send)
            return
        limit = max(1, round(self._settings.queue * SHARES[kind]))
        size = self._declared(scope)
        if size > self._settings.max_body:
            await error_answer(self._too_large(size))(scope, receive, send)
        elif self._taken[kind] >= limit or self._bytes + size > BODY_SHARE * self._settings.max_body:
            error = OverloadedError(f"{limit} requests are waiting already; try again in a second")
            await error_answer(error)(scope, receive, send)
        else:
            self._taken[kind] += 1
            self._bytes += size
            try:
                with stages.measured():  # the time limit counts from here
                    await self._limited(scope, receive, send)
            finally:
                self._taken[kind] -= 1
                self._bytes -= size

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app with a body that is cut off where it is too large, or comes too slowly."""
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            if seen < 0:  # all of it is there; what follows is the client's leaving, whenever that is
                return await receive()
            try:
                async with asyncio.timeout(self._settings.timeout):
                    message = await receive()
            except TimeoutError:
                raise TimeLimitError(
                    f"the body did not come within {self._settings.timeout:g} s; send it faster, or less"
                ) from None
            seen += len(message.get("body", b""))
            if seen > self._settings.max_body:
                raise self._too_large(seen)
            if not message.get("more_body", False):
                seen = -1
            return message

        await self._app(scope, bounded, send)

    def _declared(self, scope: Scope) -> int:
        """The length that a request announces; the largest there may be where it does not tell."""
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        if length.isdecimal():
            return int(length)
        return self._settings.max_body if "transfer-encoding" in headers else 0

    def _too_large(self, size: int) -> TooLargeError:
        return TooLargeError(
            f"the body has {size:,} bytes or more, over the limit of {self._settings.max_body:,}; send less "
            "at a time, or smaller pictures"
        )


def _kind(scope: Scope) -> str:
    """One of ``SHARES``; "" for what is always let in."""
    if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
        return ""
    if scope["method"] in ("GET", "HEAD"):
        return {"thumbnail": "thumbnails", "image": "originals"}.get(scope["path"].rpartition("/")[2], "")
    return "work"
