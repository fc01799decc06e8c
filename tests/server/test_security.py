"""Each guard of the server, asked as a browser, a program or an attacker would. It takes no search for it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from univldr.errors import ConfigError
from univldr.server.security import COOKIE, SESSION_SECONDS, Guard, Keys
from univldr.server.settings import ServerSettings

KEY = "a-long-enough-api-key"
JSON = {"content-type": "application/json"}


async def _echo(_: Request) -> Response:
    return PlainTextResponse("reached")


def client(key: str | None = None, base: str = "http://127.0.0.1:8080", **settings: Any) -> TestClient:
    """Asks an app of which only the guard is real."""
    chosen = ServerSettings(api_key=key, **settings)
    routes = [Route("/{rest:path}", _echo, methods=["GET", "POST", "DELETE"])]
    return TestClient(Guard(Starlette(routes=routes), chosen, Keys(key)), base_url=base)


def kind(response: Any) -> str:
    """The type of an answer's error."""
    error = response.json()["error"]
    assert error["message"]
    return str(error["type"])


# --- by which name it is called (DNS rebinding) ---


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:8080", "LOCALHOST"])
def test_a_server_without_a_key_answers_to_its_own_names(host: str) -> None:
    assert client().get("/v1/index", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", ""]
)
def test_a_server_without_a_key_answers_to_no_other_name(host: str) -> None:
    response = client().get("/v1/index", headers={"host": host})
    assert (response.status_code, kind(response)) == (403, "forbidden")


def test_a_name_can_be_allowed() -> None:
    allowed = client(allow_hosts=("search.example",))
    assert allowed.get("/", headers={"host": "search.example"}).status_code == 200


def test_with_a_key_any_name_will_do() -> None:
    open_server = client(KEY, host="0.0.0.0")
    asked = open_server.get("/v1/index", headers={"host": "any.example", "authorization": f"Bearer {KEY}"})
    assert asked.status_code == 200


# --- from which page ---


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_other_sites_pages_cannot_ask(method: str, headers: dict[str, str]) -> None:
    response = client().request(method, "/v1/documents/x", headers=headers | JSON)
    assert (response.status_code, kind(response)) == (403, "forbidden")


@pytest.mark.parametrize(
    "headers", [{"origin": "http://127.0.0.1:8080"}, {"sec-fetch-site": "same-origin"}, {}]
)
def test_its_own_page_and_programs_can(headers: dict[str, str]) -> None:
    assert client().post("/v1/search", headers=headers | JSON).status_code == 200


def test_a_link_from_another_site_opens_the_page() -> None:
    assert client().get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_nobody_is_allowed_across_origins() -> None:
    response = client().options("/v1/search", headers={"origin": "https://evil.example"})
    assert not [name for name in response.headers if name.startswith("access-control-")]


# --- with which key ---


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer wrong-but-long-enough",
        f"Basic {KEY}",
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        "Bearer é",
    ],
)
def test_without_the_key_nothing_of_the_index_is_told(header: str) -> None:
    response = client(KEY).get("/v1/index", headers={b"authorization": header.encode()} if header else {})
    assert (response.status_code, kind(response)) == (401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"
    assert KEY not in response.text


@pytest.mark.parametrize(
    "path", ["/v1/search", "/v1/documents/x/image", "/metrics", "/openapi.json", "/unknown"]
)
def test_the_key_is_needed_everywhere_but_for_the_page_itself(path: str) -> None:
    assert client(KEY).get(path).status_code == 401
    assert client(KEY).get(path, headers={"authorization": f"Bearer {KEY}"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/health", "/ready"])
def test_the_page_and_health_are_open(path: str) -> None:
    assert client(KEY).get(path).status_code == 200


def test_a_path_is_not_open_because_it_begins_like_one() -> None:
    assert client(KEY).get("/healthy").status_code == 401
    assert client(KEY).get("/static/../v1/index").status_code == 401


def test_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("univldr.server.security.hmac.compare_digest", compare)
    assert not Keys(KEY).is_key("x")
    [(one, other)] = compared
    assert len(one) == len(other)  # of digests: not even the length can be told


def test_a_session_lets_the_page_ask_until_it_ends() -> None:
    now = 1_000_000.0
    keys = Keys(KEY, clock=lambda: now)
    session = keys.session()
    assert keys.is_session(session)
    now += SESSION_SECONDS + 1
    assert not keys.is_session(session)


def test_a_session_cannot_be_made_up_or_prolonged() -> None:
    session = Keys(KEY).session()
    ends, _, signature = session.partition(".")
    for forged in (
        "",
        ".",
        f"{int(ends) + 9}.{signature}",
        f"{ends}.",
        f"{ends}.{'0' * 64}",
        "x.y",
        f"{ends}.é",
    ):
        assert not Keys(KEY).is_session(forged)
    assert not Keys("another-long-enough-key").is_session(session)
    assert not Keys(None).is_session(session)


def test_the_cookie_admits() -> None:
    signed_in = client(KEY)
    signed_in.cookies.set(COOKIE, Keys(KEY).session())
    assert signed_in.get("/v1/index").status_code == 200
    signed_in.cookies.set(COOKIE, "1.2")
    assert signed_in.get("/v1/index").status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "search.example"])
def test_others_are_let_in_only_with_a_key(host: str) -> None:
    with pytest.raises(ConfigError, match="UNIVLDR_API_KEY"):
        ServerSettings(host=host)
    assert ServerSettings(host=host, api_key=KEY).host == host


@pytest.mark.parametrize("key", ["short", "with spaces in it, long", "kéy-that-is-long-enough"])
def test_a_weak_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ServerSettings(api_key=key)
    assert key not in str(caught.value)


def test_the_key_is_in_no_repr() -> None:
    assert KEY not in repr(ServerSettings(api_key=KEY))


# --- what a browser may do with answers ---


def test_every_answer_has_the_headers_even_refusals() -> None:
    for response in (client().get("/"), client().get("/", headers={"host": "evil.example"})):
        policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
