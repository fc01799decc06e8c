"""What both clients share: the address and the key, searches as results, and when to try again."""

from __future__ import annotations

import ipaddress
import os
import random
import time
from typing import Any, Unpack

import httpx2

from univldr.errors import ConfigError, OverloadedError, TimeLimitError, UnivldrError, UnreachableError
from univldr.search.request import Request
from univldr.search.results import Found, Options, Results, requested
from univldr.types import Hit, Query

KEY = "UNIVLDR_API_KEY"
"""The environment variable with the key."""

_CONNECT = 5.0  # seconds in which a server that is there takes a connection
_BACKOFF = 0.1
_LONGEST_BACKOFF = 2.0


class Asking:
    """A server's address, and all that can be done about it without sending anything."""

    _http: httpx2.Client | httpx2.AsyncClient

    def __init__(
        self, url: str, *, api_key: str | None = None, timeout: float = 60.0, retries: int = 3
    ) -> None:
        """For a server at ``url``; nothing is sent yet.

        Args:
            url: Such as ``http://127.0.0.1:8080``.
            api_key: Sent as ``Authorization: Bearer KEY``, to this address only; by default what the
                environment variable ``UNIVLDR_API_KEY`` says, if anything.
            timeout: Seconds that a call may take, further tries included.
            retries: How many times a call is tried again that found no server, or one with too much to do.

        Raises:
            ConfigError: one of them is wrong.
        """
        self.url = _checked_url(url)
        self._key = _checked_key(os.environ.get(KEY) or None if api_key is None else api_key)
        if not timeout > 0:
            raise ConfigError(f"timeout is {timeout}; give more than 0 seconds")
        if retries < 0:
            raise ConfigError(f"retries is {retries}; give 0 or more")
        self.timeout = timeout
        self.retries = retries

    def search(self, query: str | Query, k: int = 10, **options: Unpack[Options]) -> Results:
        """The best ``k`` hits, as :meth:`univldr.search.Searcher.search` gives them, with its options.

        It runs when they are first looked at, or awaited. Pictures of the query are sent as they are.

        Raises:
            ConfigError: there is nothing to look for, a value is out of its bounds, or the filter cannot be
                parsed.
            UnivldrError: when it runs, what the server raised, or ``UnreachableError``.
        """
        return Results(self, requested(query, k, options))

    def like(self, *documents: Hit | str, k: int = 10, **options: Unpack[Options]) -> Results:
        """More like these: hits of an earlier search, ids, or indexed files by their paths on the server."""
        ids = tuple(one.document.id if isinstance(one, Hit) else one for one in documents)
        return self.search(Query(like=ids), k, **options)

    def run(self, request: Request) -> Found:
        """Answer a request now."""
        raise NotImplementedError

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._http.is_closed

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def _settings(self) -> dict[str, Any]:
        """For the HTTP client. It follows no redirect: that could take the key elsewhere."""
        headers = {"content-type": "application/json", "accept": "application/json, image/*"}
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key}"
        # A proxy that the environment names is no way to this very machine.
        return {"base_url": self.url, "headers": headers, "trust_env": not _is_loopback(self.url)}

    def _refused(self, error: UnivldrError) -> UnivldrError:
        """What the server says of a missing key, with what helps here."""
        if self._key is not None:
            return type(error)(f"the key for {self.url} is wrong; give the right one as api_key or in {KEY}")
        return type(error)(f"{self.url} asks for a key; give it as api_key or in {KEY}")


class Attempts:
    """Of one call: how much time is left, and when it may be tried again."""

    def __init__(self, asking: Asking) -> None:
        """For a call that is made now.

        Raises:
            ConfigError: the client is closed.
        """
        if asking.is_closed:
            raise ConfigError("the client is closed; look at results before, or make another client")
        self._asking = asking
        self._ends = time.monotonic() + asking.timeout
        self._failed = 0

    @property
    def timeout(self) -> httpx2.Timeout:
        """What is left, for the next try."""
        left = max(self._ends - time.monotonic(), 0.001)
        return httpx2.Timeout(left, connect=min(left, _CONNECT))

    def wait(self, error: httpx2.HTTPError | OverloadedError) -> float:
        """Seconds until the next try.

        Raises:
            UnreachableError, TimeLimitError, OverloadedError: there is none.
        """
        failure = error if isinstance(error, OverloadedError) else self._failure(error)
        if isinstance(failure, OverloadedError):
            seconds = failure.retry_after * random.uniform(1, 1.5)  # or all that were refused come together
        else:
            seconds = min(_BACKOFF * 2**self._failed, _LONGEST_BACKOFF) * random.uniform(0.5, 1)
        self._failed += 1
        again = self._failed <= self._asking.retries and not isinstance(failure, TimeLimitError)
        if not again or time.monotonic() + seconds >= self._ends:
            raise failure from None  # the other holds the request, and with it the key
        return seconds

    def _failure(self, error: httpx2.HTTPError) -> UnivldrError:
        url = self._asking.url
        if isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout):
            return TimeLimitError(
                f"{url} did not answer within {self._asking.timeout:g} s; ask for less, or give it more time"
            )
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            reason = " ".join(str(error).split())[:200] or "no answer"
            return UnreachableError(
                f"no server answers at {url} ({reason}); start it with univldr serve, or give another address"
            )
        return UnreachableError(
            f"{url} broke off ({type(error).__name__}); see what univldr serve says there, and try again"
        )


def _checked_url(url: str) -> str:
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, TypeError) as error:
        raise ConfigError(f"the address {url!r} is no URL ({error}); give http://HOST:PORT") from error
    if parsed.userinfo or parsed.query or parsed.fragment:  # not repeated: it may be a password
        raise ConfigError("the address has more than a host, a port and a path; give http://HOST:PORT")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigError(f"the address is {url!r}; give http://HOST:PORT or https://HOST")
    return url.rstrip("/")


def _checked_key(key: str | None) -> str | None:
    """The message does not repeat it."""
    if key is not None and (not key or not key.isascii() or not key.isprintable() or " " in key):
        raise ConfigError("the API key is empty, or has spaces or characters that a header cannot carry")
    return key


def _is_loopback(url: str) -> bool:
    host = httpx2.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
