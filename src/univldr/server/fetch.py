"""Pictures from the public internet, and from nowhere else.

Whoever can make a server fetch an address can reach what only the server reaches: its own ports, its
neighbours, a cloud's metadata. So a name is resolved here, once; every address that it has must be public;
and the connection goes to one of these addresses, not to the name, which may point elsewhere by then. TLS is
still verified for the name. A redirect is a new address, and goes through all of it again.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import httpx2

from univldr import __version__
from univldr.errors import ForbiddenError, ImageError, TimeLimitError

REDIRECTS = 3
"""How many are followed."""

LONGEST = 4_096
"""Characters of an address."""

_ATTEMPTS = 3  # addresses of a name that are tried
_SCHEMES = ("http", "https")
_REDIRECTED = (301, 302, 303, 307, 308)
_HEADERS = {"user-agent": f"univldr/{__version__}", "accept": "image/*", "accept-encoding": "identity"}
_UNTYPED = ("", "application/octet-stream", "binary/octet-stream")

# Within what is public, addresses that stand for an IPv4 one, whatever that is, or are for documentation.
# ``is_global`` alone lets some through, and more of them in older Pythons.
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_EXCEPT = [
    ipaddress.ip_network(one)
    for one in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]


class Fetch(Protocol):
    """Gets a picture from an address; see :func:`fetch_picture`."""

    async def __call__(self, url: str, *, max_bytes: int, timeout: float) -> bytes:
        """The bytes that are there."""


Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a name; an ``OSError`` or ``ValueError`` where it has none."""


async def fetch_picture(url: str, *, max_bytes: int, timeout: float) -> bytes:
    """What is at a public address, if it says that it is a picture; whether it is one, its bytes must show.

    Args:
        url: ``http`` or ``https``, on the usual port, without credentials.
        max_bytes: How many are read at most.
        timeout: Seconds for all of it, looking up the name and redirects included.

    Raises:
        ForbiddenError: the address is not one that is fetched, or is not public.
        ImageError: nothing answers there, or what does is no picture, or too large.
        TimeLimitError: it took too long.
    """
    async with httpx2.AsyncHTTPTransport(verify=_tls()) as wire:
        return await Fetcher(resolve, wire).fetch(url, max_bytes=max_bytes, timeout=timeout)


class Allowance:
    """Fetches the pictures of one request, which together get no more bytes and seconds than one may have.

    Else a small request could name hundreds, and all of them be held in memory at once.
    """

    def __init__(self, fetch: Fetch = fetch_picture) -> None:
        self._fetch = fetch
        self._bytes = 0
        self._since = time.monotonic()

    async def __call__(self, url: str, *, max_bytes: int, timeout: float) -> bytes:
        """See :func:`fetch_picture`."""
        left, seconds = max_bytes - self._bytes, self._since + timeout - time.monotonic()
        if left <= 0:
            raise ImageError(
                f"the pictures fetched for this request have {max_bytes:,} bytes together, which is the "
                "limit; give fewer at a time"
            )
        if seconds <= 0:
            raise TimeLimitError(
                f"the pictures fetched for this request took over {timeout:g} seconds; give fewer at a time"
            )
        picture = await self._fetch(url, max_bytes=left, timeout=seconds)
        self._bytes += len(picture)
        return picture


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system finds them, best first."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet and stands for no other address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _PUBLIC_V6:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _EXCEPT)


class Fetcher:
    """Fetches over ``wire`` from addresses that ``resolve`` found.

    Which of them may be asked is decided between the two, here, so neither can leave it out.
    """

    def __init__(self, resolve: Resolve, wire: httpx2.AsyncBaseTransport) -> None:
        self._resolve = resolve
        self._wire = wire

    async def fetch(self, url: str, *, max_bytes: int, timeout: float) -> bytes:
        """See :func:`fetch_picture`."""
        try:
            async with asyncio.timeout(timeout):
                return await self._followed(_parsed(url), max_bytes)
        except TimeoutError:
            raise TimeLimitError(
                f"{_shown(url)} took over {timeout:g} seconds; send the picture itself as a data URI"
            ) from None
        except httpx2.HTTPError as error:
            raise ImageError(
                f"{_shown(url)} cannot be fetched: {error or type(error).__name__}; check the address"
            ) from error

    async def _followed(self, url: httpx2.URL, max_bytes: int) -> bytes:
        for _ in range(REDIRECTS + 1):
            response = await self._response(url)
            try:
                if response.status_code not in _REDIRECTED:
                    return await _read(response, url, max_bytes)
                url = _parsed(response.headers.get("location", ""), url)
            finally:
                await response.aclose()
        raise ImageError(f"more than {REDIRECTS} redirects, the last to {_shown(url)}; give the last address")

    async def _response(self, url: httpx2.URL) -> httpx2.Response:
        """The answer of the first of the name's addresses that can be reached."""
        name = url.raw_host.decode("ascii")
        addresses = await self._public(name, url)
        for number, address in enumerate(addresses, 1):
            request = httpx2.Request(
                "GET",
                url.copy_with(host=address),
                headers={"host": url.netloc.decode("ascii"), **_HEADERS},
                extensions={"sni_hostname": name},
            )
            try:
                return await self._wire.handle_async_request(request)
            except httpx2.ConnectError:
                if number == len(addresses):
                    raise
        raise AssertionError("unreachable: there is at least one address")

    async def _public(self, name: str, url: httpx2.URL) -> Sequence[str]:
        """The name's addresses, all of them public. Names of inside must not be told from none at all."""
        try:
            found = await self._resolve(name, 443 if url.scheme == "https" else 80)
        except (OSError, ValueError):
            found = []
        if not found or not all(map(is_public, found)):
            raise ForbiddenError(
                f"{name[:100]!r} is at no public address; send the picture itself as a data URI"
            )
        return list(dict.fromkeys(found))[:_ATTEMPTS]


def _parsed(text: str, base: httpx2.URL | None = None) -> httpx2.URL:
    """An address that may be fetched, as far as it can be told without looking up its name."""
    if len(text) > LONGEST:
        raise ImageError(
            f"the address has {len(text):,} characters, over the limit of {LONGEST:,}; shorten it"
        )
    try:
        url = httpx2.URL(text) if base is None else base.join(text)
    except (httpx2.InvalidURL, ValueError) as error:
        raise ImageError(
            f"{_shown(text)} is no address: {error}; give one such as https://…/cat.jpg"
        ) from error
    if url.scheme not in _SCHEMES or not url.host:
        raise ForbiddenError(f"{_shown(text)} is not fetched; give an address with http:// or https://")
    if url.userinfo:
        raise ForbiddenError(f"an address at {url.host[:100]} has credentials in it; give one without")
    if url.port is not None:
        raise ForbiddenError(f"port {url.port} is not fetched from; give an address on port 80 or 443")
    return url


async def _read(response: httpx2.Response, url: httpx2.URL, max_bytes: int) -> bytes:
    where = _shown(url)
    if response.status_code != httpx2.codes.OK:
        raise ImageError(f"{where} answers with status {response.status_code}; check the address")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.startswith("image/") and kind not in _UNTYPED:
        raise ImageError(f"{where} is {kind[:100]}, not a picture; give the address of the picture itself")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ImageError(f"{where} comes compressed, though that was not asked for; send it as a data URI")
    too_large = ImageError(f"{where} has over {max_bytes:,} bytes; scale the picture down and try again")
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > max_bytes:
        raise too_large
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)


def _shown(url: httpx2.URL | str) -> str:
    return str(url)[:200]


@functools.lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificates takes longer than a small picture."""
    return httpx2.create_ssl_context()
