"""A web site on loopback for tests, reached as if it were at public addresses."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

import httpx2

from univldr.server.fetch import Resolve

BODY = b"\x89PNG and the rest of a picture"

# Of no use but here: names ``pictures.example`` and nothing else.
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsqdbyZtpD4zGjXZv
82p76XkF05o9g+vOvI1kjXkoakWhRANCAARs+6jUDVLmIgSXaVK3N53owrwb5DQo
YEMoUGLNAJEqhTTqPMHAfbW2O5//xMTSxnzei3D7luANJmvrxQtwflxA
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBuzCCAWGgAwIBAgIURahBVGaHU/YBohkMZl4e68AxjKcwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQcGljdHVyZXMuZXhhbXBsZTAgFw0yNjExMjgxNzU3MjJaGA8y
MTI2MTEwNDE3NTcyMlowGzEZMBcGA1UEAwwQcGljdHVyZXMuZXhhbXBsZTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABGz7qNQNUuYiBJdpUrc3nejCvBvkNChgQyhQ
Ys0AkSqFNOo8wcB9tbY7n//ExNLGfN6LcPuW4A0ma+vFC3B+XECjgYAwfjAdBgNV
HQ4EFgQUPnZJ6rx34LUb9pQ/De+tzpLIU7cwHwYDVR0jBBgwFoAUPnZJ6rx34LUb
9pQ/De+tzpLIU7cwDwYDVR0TAQH/BAUwAwEB/zAbBgNVHREEFDASghBwaWN0dXJl
cy5leGFtcGxlMA4GA1UdDwEB/wQEAwIChDAKBggqhkjOPQQDAgNIADBFAiACg6pR
2aYp/GX2rp3em1hQrR4BPanjVSb4439lim+owgIhALd4LNHfNEIFcadXjxPotyER
A5eBPS7hmeryw7I0bbpI
-----END CERTIFICATE-----
"""

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes = BODY, status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP answer; a header is left out where it is ""."""
    fields = {"content-type": "image/png", "content-length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items() if value)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Site:
    """A server on loopback, and the public addresses by which the wire reaches it.

    Attributes:
        asked: The head of each request that arrived.
        reached: Which addresses were connected to.
    """

    def __init__(self, answers: dict[str, bytes | Answer], tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []
        self.reached: list[str] = []
        self._answers = answers
        self._tls = tls

    async def __aenter__(self) -> Site:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            what = self._answers[head.split()[1]]
            if isinstance(what, bytes):
                writer.write(what)
                await writer.drain()
            else:
                await what(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side has heard enough
        finally:
            writer.close()


class Wire(httpx2.AsyncBaseTransport):
    """Connects to the site whatever address is asked for, as if it were there; ``DOWN`` is not reached."""

    DOWN = "93.184.215.99"

    def __init__(self, site: Site, trusted: ssl.SSLContext | bool = True) -> None:
        self._site = site
        self._inner = httpx2.AsyncHTTPTransport(verify=trusted)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._site.reached.append(request.url.host)
        if request.url.host == self.DOWN:
            raise httpx2.ConnectError("nobody is there")
        onward = request.url.copy_with(host="127.0.0.1", port=self._site.port)
        return await self._inner.handle_async_request(
            httpx2.Request("GET", onward, headers=request.headers, extensions=request.extensions)
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def names(**found: Sequence[str]) -> Resolve:
    """Finds ``a_example`` as ``a.example``; each list of addresses is one that the name has at once."""

    async def look_up(host: str, port: int) -> Sequence[str]:
        try:
            return found[host.replace(".", "_")]
        except KeyError:
            raise OSError("no such name") from None

    return look_up
