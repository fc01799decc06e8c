"""Nothing but a picture of the public internet is fetched, whatever names, redirects and servers do.

The servers are real and on loopback; names and public addresses are the tests' own. What decides lies between
the two, as in production.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from fastapi import Request

from tests.server.site_kit import BODY, CERTIFICATE, Answer, Site, Wire, answer, names
from univldr.errors import ForbiddenError, ImageError, TimeLimitError, UnivldrError
from univldr.server import fetch
from univldr.server.fetch import LONGEST, REDIRECTS, Allowance, Fetcher, Resolve, is_public, resolve
from univldr.server.parts import Parts, parts_of
from univldr.server.settings import ServerSettings

PUBLIC, OTHER = "93.184.215.14", "2606:4700::1111"

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.9", "192.0.2.1", "192.88.99.1", "198.18.0.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
    "::ffff:93.184.215.14", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1",
    "ff02::1", "ff0e::1", "", "localhost",
]  # fmt: skip

NAMES = names(pictures_example=[PUBLIC], inside_example=["10.0.0.7"], half_example=[PUBLIC, "10.0.0.7"])


def got(
    url: str,
    answers: dict[str, bytes | Answer] | None = None,
    resolve: Resolve = NAMES,
    *,
    max_bytes: int = 1000,
    timeout: float = 10,
) -> tuple[bytes, Site]:
    """What is fetched, and the site that was asked."""
    site = Site(answers or {"/cat.png": answer()})

    async def fetched() -> bytes:
        async with site, Wire(site) as wire:
            return await Fetcher(resolve, wire).fetch(url, max_bytes=max_bytes, timeout=timeout)

    return asyncio.run(fetched()), site


def refused(error: type[UnivldrError], url: str, *arguments: Any, **options: Any) -> str:
    with pytest.raises(error) as raised:
        got(url, *arguments, **options)
    return str(raised.value)


CAT = "http://pictures.example/cat.png"

# --- what is fetched ---


def test_a_picture() -> None:
    body, site = got(CAT)
    assert body == BODY
    assert site.reached == [PUBLIC]  # the address that was checked, not the name
    [head] = site.asked
    assert "host: pictures.example\r\n" in head.lower()
    assert "accept-encoding: identity" in head.lower()


def test_the_next_address_where_one_is_down() -> None:
    body, site = got(CAT, resolve=names(pictures_example=[Wire.DOWN, OTHER]))
    assert body == BODY
    assert site.reached == [Wire.DOWN, OTHER]
    assert "nobody is there" in refused(ImageError, CAT, resolve=names(pictures_example=[Wire.DOWN]))


def test_a_redirect_is_looked_up_anew_and_carries_nothing_along() -> None:
    moved = answer(b"", "302 Found", location="//other.example/dog.png?a=b#c", set_cookie="a=b")
    body, site = got(
        CAT,
        {"/cat.png": moved, "/dog.png?a=b": answer()},
        names(pictures_example=[PUBLIC], other_example=[OTHER]),
    )
    assert body == BODY
    assert site.reached == [PUBLIC, OTHER]
    assert "host: other.example" in site.asked[1].lower()
    assert not any(word in site.asked[1].lower() for word in ("cookie", "referer", "authorization"))


def test_a_body_without_a_length_or_a_type() -> None:
    assert got(CAT, {"/cat.png": answer(content_type="", content_length="")})[0] == BODY
    assert got(CAT, {"/cat.png": answer(content_type="binary/octet-stream")})[0] == BODY


# --- addresses ---


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)
    assert "at no public address" in refused(ForbiddenError, CAT, resolve=names(pictures_example=[address]))


@pytest.mark.parametrize("address", [PUBLIC, OTHER, "1.1.1.1", "2a00:1450:4001:80b::200e"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "127.1", "0", "localhost",
        "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "169.254.169.254", "１２７.0.0.1",
    ],
)  # fmt: skip
def test_no_spelling_of_an_address_of_inside(host: str) -> None:
    """As the system itself reads them; a server answers, should one be let through."""
    with pytest.raises((ForbiddenError, ImageError)) as raised:
        got(f"http://{host}/cat.png", resolve=resolve)
    assert "at no public address" in str(raised.value) or "is no address" in str(raised.value)


def test_one_private_address_among_public_ones_is_enough() -> None:
    assert "at no public address" in refused(ForbiddenError, "http://half.example/cat.png")


def test_names_of_inside_are_not_told_from_names_that_are_none() -> None:
    inside = refused(ForbiddenError, "http://inside.example/cat.png")
    assert inside.replace("inside", "nowhere") == refused(ForbiddenError, "http://nowhere.example/cat.png")
    assert "10.0.0.7" not in inside


def test_a_redirect_to_a_private_address() -> None:
    for there in ("http://inside.example/cat.png", "http://169.254.169.254/latest/meta-data", "//127.0.0.1/"):
        answers: dict[str, bytes | Answer] = {"/cat.png": answer(b"", "301 Moved", location=there)}
        both = names(pictures_example=[PUBLIC], inside_example=["10.0.0.7"], **{"127_0_0_1": ["127.0.0.1"]})
        assert "at no public address" in refused(ForbiddenError, CAT, answers, both)


def test_a_name_is_looked_up_once() -> None:
    """DNS rebinding: a name that was public when it was checked, and is not when it is connected to."""
    turns = [[PUBLIC], ["127.0.0.1"]]
    hosts: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        hosts.append(host)
        return turns[min(len(hosts), len(turns)) - 1]

    body, site = got(CAT, resolve=rebinding)
    assert body == BODY
    assert hosts == ["pictures.example"]
    assert site.reached == [PUBLIC]


def test_the_address_itself_is_what_the_wire_is_asked_for() -> None:
    _, site = got(f"http://[{OTHER}]/cat.png", resolve=resolve)
    assert site.reached == [OTHER]


# --- TLS ---


def over_tls(tmp_path: Path, host: str) -> tuple[bytes, list[str | None]]:
    """What is fetched from ``host``, whose certificate is pictures.example's; the names it was asked for."""
    pem = tmp_path / "pictures.pem"
    pem.write_text(CERTIFICATE)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(pem)
    client.load_verify_locations(pem)
    asked: list[str | None] = []
    server.sni_callback = lambda _, name, __: asked.append(name)
    site = Site({"/cat.png": answer()}, server)

    async def fetched() -> bytes:
        found = names(pictures_example=[PUBLIC], other_example=[PUBLIC])
        async with site, Wire(site, client) as wire:
            url = f"https://{host}/cat.png"
            return await Fetcher(found, wire).fetch(url, max_bytes=1000, timeout=10)

    return asyncio.run(fetched()), asked


def test_tls_is_verified_for_the_name_though_the_connection_is_to_an_address(tmp_path: Path) -> None:
    assert over_tls(tmp_path, "pictures.example") == (BODY, ["pictures.example"])
    with pytest.raises(ImageError, match=r"(?i)hostname mismatch"):
        over_tls(tmp_path, "other.example")


def test_production_verifies_and_goes_through_the_same_check(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site({"/cat.png": answer()})
    contexts: list[ssl.SSLContext] = []
    wires: list[Wire] = []

    def wire(*, verify: ssl.SSLContext) -> Wire:
        contexts.append(verify)
        return wires.pop()

    async def fetched(host: str) -> bytes:
        async with site:
            return await fetch.fetch_picture(f"http://{host}/cat.png", max_bytes=99, timeout=10)

    wires += [Wire(site), Wire(site)]
    monkeypatch.setattr(httpx2, "AsyncHTTPTransport", wire)
    monkeypatch.setattr(fetch, "resolve", NAMES)
    assert asyncio.run(fetched("pictures.example")) == BODY
    with pytest.raises(ForbiddenError, match="at no public address"):
        asyncio.run(fetched("inside.example"))
    assert contexts[0].check_hostname
    assert contexts[0].verify_mode is ssl.CERT_REQUIRED


# --- what is no address of a picture ---


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://pictures.example/cat.png", "http:// or https://"),
        ("file://localhost/etc/passwd", "http:// or https://"),
        ("gopher://pictures.example/", "http:// or https://"),
        ("cat.png", "http:// or https://"),
        ("http:///cat.png", "http:// or https://"),
        ("http://me:secret@pictures.example/cat.png", "credentials"),
        ("http://127.0.0.1\\@pictures.example/cat.png", "credentials"),
        ("http://pictures.example:22/", "port 22"),
        ("http://pictures.example:443/", "port 443"),
        ("https://pictures.example:8443/", "port 8443"),
    ],
)
def test_no_such_address_is_fetched(url: str, words: str) -> None:
    message = refused(ForbiddenError, url)
    assert words in message
    assert "secret" not in message
    moved: dict[str, bytes | Answer] = {"/cat.png": answer(b"", "307 Temporary Redirect", location=url)}
    if "://" in url and "///" not in url:
        assert words in refused(ForbiddenError, CAT, moved)


def test_usual_ports_may_be_said() -> None:
    assert got("http://pictures.example:80/cat.png")[0] == BODY


@pytest.mark.parametrize("url", ["http://[::1", "http://a:b:c/"])
def test_no_address_at_all(url: str) -> None:
    assert "is no address" in refused(ImageError, url)


def test_an_address_without_end() -> None:
    url = f"http://pictures.example/{'a' * LONGEST}"
    assert "over the limit of 4,096" in refused(ImageError, url)
    moved: dict[str, bytes | Answer] = {"/cat.png": answer(b"", "302 Found", location=url)}
    assert "over the limit of 4,096" in refused(ImageError, CAT, moved)


# --- what a server does ---


@pytest.mark.parametrize(("redirects", "works"), [(REDIRECTS, True), (REDIRECTS + 1, False)])
def test_redirects_are_counted(redirects: int, works: bool) -> None:
    answers: dict[str, bytes | Answer] = {
        f"/{left}": answer(b"", "308 Permanent Redirect", location=f"/{left - 1}")
        for left in range(1, redirects + 1)
    }
    start = f"http://pictures.example/{redirects}"
    if works:
        assert got(start, answers | {"/0": answer()})[0] == BODY
    else:
        assert f"more than {REDIRECTS} redirects" in refused(ImageError, start, answers | {"/0": answer()})


def test_a_redirect_to_nowhere() -> None:
    assert "redirects" in refused(ImageError, CAT, {"/cat.png": answer(b"", "302 Found")})


async def _endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n")
    while True:
        writer.write(b"x" * 10_000)
        await writer.drain()


async def _dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 999\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the other side is gone


def test_what_is_too_large() -> None:
    """By what the server says, before anything is read; else by what comes."""
    said = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 1001\r\n\r\n"
    assert "over 1,000 bytes" in refused(ImageError, CAT, {"/cat.png": said}, timeout=5)
    assert "over 1,000 bytes" in refused(ImageError, CAT, {"/cat.png": _endless}, timeout=5)
    exact: dict[str, bytes | Answer] = {"/cat.png": answer(b"x" * 1000)}
    assert len(got(CAT, exact)[0]) == 1000


@pytest.mark.parametrize("slow", [_dripping, _silent])
def test_what_takes_too_long(slow: Answer) -> None:
    """Each byte of a drip comes in time; all of them do not."""
    assert "took over 0.2 seconds" in refused(TimeLimitError, CAT, {"/cat.png": slow}, timeout=0.2)


def test_a_name_that_takes_too_long() -> None:
    async def slow(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(30)
        return [PUBLIC]

    assert "took over 0.05 seconds" in refused(TimeLimitError, CAT, resolve=slow, timeout=0.05)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (answer(b"<html>", content_type="text/html; charset=utf-8"), "is text/html, not a picture"),
        (answer(b"{}", content_type="application/json"), "is application/json, not a picture"),
        (answer(b"gone", "404 Not Found"), "status 404"),
        (answer(b"", "204 No Content"), "status 204"),
        (answer(gzip.compress(bytes(1000)), content_encoding="gzip"), "comes compressed"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "cannot be fetched"),
        (b"", "cannot be fetched"),
        (answer()[:-5], "cannot be fetched"),
    ],
)
def test_what_is_no_picture(sent: bytes, words: str) -> None:
    assert words in refused(ImageError, CAT, {"/cat.png": sent})


# --- one request ---


def test_the_pictures_of_a_request_share_bytes_and_seconds() -> None:
    asked: list[tuple[int, float]] = []

    async def fetch(url: str, *, max_bytes: int, timeout: float) -> bytes:
        asked.append((max_bytes, timeout))
        await asyncio.sleep(0.01)
        return bytes(min(40, max_bytes))

    async def all_of_it() -> None:
        allowance = Allowance(fetch)
        for _ in range(3):
            await allowance(CAT, max_bytes=100, timeout=10)
        with pytest.raises(ImageError, match="100 bytes together, which is the limit; give fewer"):
            await allowance(CAT, max_bytes=100, timeout=10)
        late = Allowance(fetch)
        await asyncio.sleep(0.01)
        with pytest.raises(TimeLimitError, match=r"took over 0\.001 seconds; give fewer"):
            await late(CAT, max_bytes=100, timeout=0.001)

    asyncio.run(all_of_it())
    assert [size for size, _ in asked] == [100, 60, 20]
    assert 10 >= asked[0][1] > asked[1][1] > asked[2][1]


def test_each_request_has_an_allowance_of_its_own() -> None:
    app: Any = SimpleNamespace(state=SimpleNamespace())
    nothing: Any = None
    app.state.parts = Parts(nothing, ServerSettings(), nothing, nothing)
    one, two = (parts_of(Request({"type": "http", "app": app})).fetch for _ in range(2))
    assert isinstance(one, Allowance)
    assert isinstance(two, Allowance)
    assert one is not two
