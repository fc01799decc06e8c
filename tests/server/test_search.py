"""``POST /v1/search`` answers what the command line does, by the same names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from univldr import open as open_index
from univldr.search.fields import hit_fields
from univldr.search.results import Options
from univldr.server.schemas import MAX_HITS, HitAnswer, SearchAnswer, SearchBody

from .conftest import App, data_uri


def ids(answer: Any) -> list[str]:
    """The ids of the hits of an answer."""
    assert answer.status_code == 200, answer.text
    return [hit["id"] for hit in answer.json()["hits"]]


def ask(api: TestClient, **body: Any) -> Any:
    """A search."""
    return api.post("/v1/search", json=body)


def test_texts_and_pictures_come_in_one_list(api: TestClient) -> None:
    answer = ask(api, query="a red barn by the sea")
    assert {hit["modality"] for hit in answer.json()["hits"]} == {"text", "image"}
    checked = SearchAnswer.model_validate(answer.json())
    assert [hit.rank for hit in checked.hits] == [1, 2, 3, 4]
    assert set(checked.stages_ms) == {"queue", "decode", "encode", "search"}
    assert checked.stages_ms["search"] > 0
    assert checked.model == "hash"


def test_the_hits_are_those_of_the_library(folder: Path, app: App) -> None:
    with open_index(folder) as searcher:
        expected = searcher.search("onion soup", explain=True).to_dicts()
    assert ask(app(), query="onion soup", explain=True).json()["hits"] == expected


def test_every_option_of_the_library_is_one_of_the_body() -> None:
    assert set(Options.__annotations__) <= set(SearchBody.model_fields)
    assert set(hit_fields(None)) == set(HitAnswer.model_fields)


def test_filters_modality_and_pages(api: TestClient) -> None:
    assert ids(ask(api, query="sea", where="path under 'trips'", modality="text")) == ["trips/sea.md#0"]
    assert (
        ids(ask(api, query="sea", modality="image", k=1)) == ids(ask(api, query="sea", modality="image"))[:1]
    )
    first = ask(api, query="sea", k=3)
    assert first.json()["next_offset"] == 3
    rest = ask(api, query="sea", k=3, offset=3)
    assert rest.json()["next_offset"] is None
    assert sorted(ids(first) + ids(rest)) == sorted(ids(ask(api, query="sea")))
    assert rest.json()["hits"][0]["rank"] == 4


def test_by_a_picture(api: TestClient) -> None:
    assert ids(ask(api, image=data_uri("blue")))[0] == "trips/sky.tiff"
    assert ids(ask(api, image=data_uri("red"), query="barn"))[0] == "barn.png"


def test_composed(api: TestClient) -> None:
    assert (
        ids(ask(api, query="sea", plus=[{"text": "onion soup", "weight": 3}], lexical="off"))[0]
        == "soup.txt#0"
    )
    away = ids(ask(api, query="grey sea", minus=[{"text": "grey sea we saw", "weight": 0.9}]))
    assert away[-1] != "soup.txt#0"
    assert ids(ask(api, plus=[{"image": data_uri("blue")}]))[0] == "trips/sky.tiff"


@pytest.mark.parametrize("named", ["barn.png", "{folder}/barn.png"])
def test_more_like_a_document_or_a_file(api: TestClient, folder: Path, named: str) -> None:
    found = ids(ask(api, like=[named.format(folder=folder)]))
    assert found
    assert "barn.png" not in found


@pytest.mark.parametrize(
    "name", ["none.png", "/etc/hostname", "~nobody-of-this-name/x", "a\x00b", "x" * 4096]
)
def test_what_is_to_be_like_must_be_there(api: TestClient, name: str) -> None:
    answer = ask(api, like=[name])
    assert answer.status_code == 404
    assert answer.json()["error"]["remedy"] == "was it renamed or removed?"


def test_explained_parts_add_up(api: TestClient) -> None:
    for hit in ask(api, query="a red barn", explain=True).json()["hits"]:
        assert sum(hit["explanation"].values()) == pytest.approx(hit["score"], abs=1e-4)


@pytest.mark.parametrize(
    ("body", "status", "kind", "message"),
    [
        ({}, 400, "config_error", "the query is empty"),
        ({"query": "  "}, 400, "config_error", "the query is empty"),
        ({"query": "x", "where": "year >"}, 400, "config_error", "year >"),
        ({"query": "x", "min_relevance": 0.5}, 400, "config_error", "not calibrated"),
        ({"query": "x", "plus": [{}]}, 400, "config_error", "empty term"),
        ({"query": "x", "k": 0}, 422, "invalid_request", "body.k"),
        ({"query": "x", "k": MAX_HITS + 1}, 422, "invalid_request", "body.k"),
        ({"query": "x", "k": "5"}, 422, "invalid_request", "body.k"),
        ({"query": "x", "kk": 5}, 422, "invalid_request", "body.kk"),
        ({"query": "x", "lexical": "maybe"}, 422, "invalid_request", "body.lexical"),
        ({"image": "data:image/png;base64,AAAA"}, 422, "image_error", ""),
        ({"image": "/etc/hostname"}, 422, "image_error", ""),
        ({"image": "http://example.com/a.png"}, 403, "forbidden", "--allow-url"),
    ],
    ids=str,
)
def test_wrong_use_is_told_with_a_remedy(
    api: TestClient, body: dict[str, Any], status: int, kind: str, message: str
) -> None:
    answer = ask(api, **body)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (status, kind), error
    assert message in error["message"] + error["remedy"]
    assert error["remedy"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"query": "\\ud800"}', b"[" * 5000]
)
def test_what_is_no_body_is_refused(api: TestClient, body: bytes) -> None:
    answer = api.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["type"] == "invalid_request"


@pytest.mark.parametrize(
    "given", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
@pytest.mark.parametrize("path", ["search", "documents", "embeddings", "session"])
def test_what_a_form_of_another_site_can_send_is_refused(api: TestClient, path: str, given: str) -> None:
    answer = api.post(f"/v1/{path}", content=b'{"query": "sea"}', headers={"content-type": given})
    assert (answer.status_code, answer.json()["error"]["type"]) == (415, "unsupported_media_type")


def test_routes_that_are_not_there(api: TestClient) -> None:
    for method, path, status, kind in (
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/search", 405, "method_not_allowed"),
        ("GET", "/static/nothing.js", 404, "not_found"),
        ("GET", "/static/../app.py", 404, "not_found"),
        ("GET", "/static/%2e%2e/app.py", 404, "not_found"),
    ):
        answer = api.request(method, path)
        assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)
        assert answer.json()["error"]["remedy"]
