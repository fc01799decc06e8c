"""Embeddings, models, health, metrics, signing in, the page."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from univldr.encoders.hash import HashEncoder
from univldr.server.schemas import EmbeddingsAnswer, IndexAnswer, Models
from univldr.types import Float32Array, Query

from .conftest import App, data_uri

KEY = "a-long-enough-api-key"


def embedded(api: TestClient, given: Any, **rest: Any) -> Float32Array:
    """float32 [n, dim] of an answer."""
    answer = api.post("/v1/embeddings", json={"input": given, **rest})
    assert answer.status_code == 200, answer.text
    checked = EmbeddingsAnswer.model_validate(answer.json())
    assert [one.index for one in checked.data] == list(range(len(checked.data)))
    if rest.get("encoding_format") == "base64":
        return np.stack([np.frombuffer(base64.b64decode(str(one.embedding)), "<f4") for one in checked.data])
    return np.array([one.embedding for one in checked.data], np.float32)


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings_are_the_encoders(api: TestClient, encoding: str) -> None:
    rows = embedded(api, ["a red barn", "the sea"], encoding_format=encoding)
    expected = HashEncoder().encode_queries([Query("a red barn"), Query("the sea")])
    np.testing.assert_allclose(rows, expected, atol=1e-6)


def test_pictures_and_both_together(api: TestClient) -> None:
    red, words = data_uri("red"), "barn"
    rows = embedded(api, [red, {"image": red}, {"text": words, "image": red}, words])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    assert not np.allclose(rows[2], rows[0])
    assert not np.allclose(rows[2], rows[3])
    np.testing.assert_allclose(embedded(api, red)[0], rows[0], atol=1e-6)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"input": "x", "model": "another"}, 400),
        ({"input": "x", "dimensions": 3}, 400),
        ({"input": ""}, 400),
        ({"input": []}, 422),
        ({"input": [[1, 2, 3]]}, 422),
        ({"input": "data:image/png;base64,AAAA"}, 422),
    ],
    ids=str,
)
def test_embeddings_that_cannot_be(api: TestClient, body: dict[str, Any], status: int) -> None:
    answer = api.post("/v1/embeddings", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["remedy"]


def test_what_another_model_should_do_is_refused_before_it_is_encoded(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(*_: Any) -> Float32Array:
        raise AssertionError("encoded")

    monkeypatch.setattr(HashEncoder, "encode_queries", encode)
    assert api.post("/v1/embeddings", json={"input": "x", "model": "another"}).status_code == 400


def test_models(api: TestClient) -> None:
    [model] = Models.model_validate(api.get("/v1/models").json()).data
    assert (model.id, model.dim) == ("hash", 64)
    assert api.get("/v1/models/hash").json()["id"] == "hash"
    assert api.get("/v1/models/gpt").status_code == 404
    assert api.get("/v1/models/org%2Fname").status_code == 404


def test_what_is_searched(api: TestClient, folder: Path) -> None:
    index = IndexAnswer.model_validate(api.get("/v1/index").json())
    assert (index.documents, index.texts, index.images) == (4, 2, 2)
    assert index.roots[0] == str(folder)
    assert index.bytes > 0


def test_health_and_readiness(api: TestClient) -> None:
    assert api.get("/health").json() == {"status": "ok"}
    assert api.get("/ready").json() == {"status": "ready"}


def test_metrics_tell_where_the_time_goes(api: TestClient) -> None:
    api.post("/v1/search", json={"query": "sea"})
    api.post("/v1/search", json={"query": ""})
    api.get("/v1/documents/none")
    answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert lines['univldr_requests_total{route="/v1/search",status="200"}'] == "1.0"
    assert lines['univldr_requests_total{route="/v1/search",status="400"}'] == "1.0"
    assert lines['univldr_requests_total{route="/v1/documents/{id}",status="404"}'] == "1.0"
    for stage in ("queue", "encode", "search"):
        assert float(lines[f'univldr_stage_seconds_count{{stage="{stage}"}}']) >= 1
    assert lines['univldr_documents{modality="image"}'] == "2.0"


def test_the_page_signs_in_and_out(app: App) -> None:
    api = app(api_key=KEY)
    assert api.get("/").status_code == 200
    assert api.get("/v1/index").status_code == 401
    wrong = api.post("/v1/session", json={"key": "wrong"})
    assert (wrong.status_code, wrong.json()["error"]["type"]) == (401, "unauthorized")
    signed_in = api.post("/v1/session", json={"key": KEY})
    assert signed_in.status_code == 204
    cookie = signed_in.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert KEY not in cookie
    assert api.get("/v1/index").status_code == 200
    assert api.delete("/v1/session").status_code == 204
    assert api.get("/v1/index").status_code == 401


def test_without_a_key_there_is_nothing_to_sign_in_to(api: TestClient) -> None:
    assert "set-cookie" not in api.post("/v1/session", json={"key": ""}).headers


def test_the_page_and_its_files(api: TestClient) -> None:
    page = api.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
