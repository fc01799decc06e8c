"""Who may ask: by which name, from which page, with which key; and what a browser may do with the answer.

A server on this machine is reached by every page that a browser has open. Three checks keep those out: the
``Host`` must be a name of this server, or a name that an attacker owns could be pointed here (DNS
rebinding); a browser must not have sent the request from another site; and bodies are JSON, which a form
cannot send.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from univldr.errors import ForbiddenError, MediaTypeError, UnauthorizedError, UnivldrError
from univldr.server.answers import error_answer
from univldr.server.settings import ServerSettings, is_loopback

COOKIE = "univldr_session"
SESSION_SECONDS = 7 * 24 * 3600
"""How long the page stays signed in."""

OPEN_PATHS = frozenset({"/", "/health", "/ready", "/favicon.ico", "/v1/session"})
"""What needs no key, beside the page's own files."""

_HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Keys:
    """Compares keys, and makes the page's session from one; without a key everyone may ask."""

    def __init__(self, key: str | None, clock: Callable[[], float] = time.time) -> None:
        self._key = key.encode() if key is not None else None
        self._clock = clock

    @property
    def needed(self) -> bool:
        """Whether there is a key."""
        return self._key is not None

    def is_key(self, given: str) -> bool:
        """Whether it is the key; the time this takes tells nothing about it."""
        return self._key is not None and hmac.compare_digest(_digest(given.encode()), _digest(self._key))

    def session(self) -> str:
        """A new session's cookie: when it ends, signed with the key. Every worker can check it."""
        ends = str(int(self._clock()) + SESSION_SECONDS)
        return f"{ends}.{self._signature(ends)}"

    def is_session(self, cookie: str) -> bool:
        """Whether this server signed it and it has not ended."""
        ends, _, signature = cookie.partition(".")
        if self._key is None or not hmac.compare_digest(signature.encode(), self._signature(ends).encode()):
            return False
        return ends.isdecimal() and int(ends) > self._clock()

    def admits(self, headers: Headers) -> bool:
        """Whether a request with these headers may pass."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.is_key(given.strip())
        return self.is_session(_cookie(headers.get("cookie", "")))

    def _signature(self, ends: str) -> str:
        return hmac.new(self._key or b"", b"session " + ends.encode(), hashlib.sha256).hexdigest()


class Guard:
    """Refuses requests before anything of their body is read, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, settings: ServerSettings, keys: Keys) -> None:
        self._app = app
        self._keys = keys
        names = {"localhost", "127.0.0.1", "::1", *settings.allow_hosts}
        # Whoever has the key may call an open server by any name; without one the name is all there is.
        self._names = names | {settings.host} if is_loopback(settings.host) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        error = self._objection(scope)
        await (error_answer(error) if error else self._app)(scope, receive, guarded)

    def _objection(self, scope: Scope) -> UnivldrError | None:
        headers, path = Headers(scope=scope), scope["path"]
        if self._names is not None and _host_name(headers.get("host", "")) not in self._names:
            return ForbiddenError(
                f"this server is not called {headers.get('host', '')[:100]!r}; use its address, or start it "
                "with --allow-host NAME"
            )
        if _is_foreign(headers, path):
            return ForbiddenError("another site's page asked; only this server's own page may")
        if self._keys.needed and not _is_open(path) and not self._keys.admits(headers):
            return UnauthorizedError("the API key is missing or wrong; send it as Authorization: Bearer KEY")
        return None


async def require_json(request: Request) -> None:
    """Refuse bodies that a form of another site could send, too.

    Raises:
        MediaTypeError: the body is not said to be JSON.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and given != "application/json":
        raise MediaTypeError(
            f"the body's type is {given[:100]!r}, not application/json; send JSON and say so"
        )


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith("/static/")


def _is_foreign(headers: Headers, path: str) -> bool:
    """Whether a browser says that another site's page sent it; following a link to the page is fine."""
    if not path.startswith("/v1/"):
        return False
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _host_name(host: str) -> str:
    """Without the port; of ``[::1]:80`` what is inside the brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()
