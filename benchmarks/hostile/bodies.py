"""Requests to the HTTP API: method and path on the first line, then the body."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.testclient import TestClient

from benchmarks.hostile import pictures
from univldr.errors import CorpusError
from univldr.pipeline import update
from univldr.search import open as open_index
from univldr.server.app import create_app
from univldr.server.metrics import Metrics
from univldr.server.service import Service
from univldr.server.settings import ServerSettings

_OPEN = ServerSettings(timeout=60)
_HEADERS = {"content-type": "application/json"}


@contextmanager
def reader(folder: Path) -> Iterator[Callable[[bytes], None]]:
    """Requests to the application in this process: method and path are the first line, then the body."""
    stuff = folder / "stuff"
    stuff.mkdir()
    (stuff / "soup.txt").write_text("Onion soup needs an hour.", encoding="utf-8")
    (stuff / "barn.png").write_bytes(pictures.SMALL)
    update(stuff, model="hash")
    metrics = Metrics()
    app = create_app(Service(lambda: open_index(stuff), _OPEN, metrics), _OPEN, metrics)
    with TestClient(app, base_url="http://127.0.0.1:8080", raise_server_exceptions=False) as client:

        def read(data: bytes) -> None:
            line, _, body = data.partition(b"\n")
            method, _, path = line.decode("latin-1").partition(" ")
            if method not in ("GET", "POST", "DELETE") or not path.isascii() or not path.startswith("/"):
                method, path = "POST", "/v1/search"
            path = f"/{quote(path.lstrip('/'), safe='/?%&=')[:60_000]}"  # the client refuses others itself
            answer = client.request(method, path, content=body, headers=_HEADERS)
            if answer.status_code >= 500:
                raise AssertionError(f"{method} {path[:80]}: {answer.status_code} {answer.text[:300]}")
            if answer.status_code >= 400:
                raise CorpusError(answer.text[:100])

        yield read


def seeds() -> list[bytes]:
    """A sound request for each route."""
    uri = "data:image/png;base64," + base64.b64encode(pictures.SMALL).decode()
    search = {"query": "soup", "k": 3, "where": "year >= 2020", "plus": [{"text": "sea", "weight": 2.0}]}
    full = {
        **search,
        "image": uri,
        "minus": [{"text": "x"}],
        "explain": True,
        "modality": "image",
        "offset": 1,
    }
    one = {"id": "a", "text": "hello", "title": "T", "metadata": {"year": 2020, "x": {"y": [1, None]}}}
    other = {
        "id": "b/c",
        "image": uri,
        "text": "a barn",
        "expansions": ["red", {"text": "x", "origin": "ocr"}],
    }
    bodies: dict[str, list[dict[str, Any]]] = {
        "POST /v1/search": [search, full, {"like": ["soup.txt#0"], "lexical": "on", "center": "off"}],
        "POST /v1/documents": [{"documents": [one, other]}],
        "POST /v1/embeddings": [
            {"input": ["hello", uri, {"text": "x", "image": uri}], "encoding_format": "base64"}
        ],
        "POST /v1/session": [{"key": "k"}],
    }
    asked = [f"{line}\n{json.dumps(body)}".encode() for line, some in bodies.items() for body in some]
    paths = [
        "GET /v1/documents/soup.txt%230", "GET /v1/documents/barn.png/thumbnail?size=320", "GET /v1/index",
        "DELETE /v1/documents/b%2Fc", "GET /v1/documents/barn.png/image", "GET /v1/models/hash",
    ]  # fmt: skip
    return asked + [f"{path}\n".encode() for path in paths]


def specials() -> list[Callable[[], bytes]]:
    """Long, deep and half-encoded bodies."""
    million = b"word " * 1_000_000
    document = b'POST /v1/documents\n{"documents": [{"id": "m", "text": "' + million + b'"}]}'
    return [
        partial(bytes, b'POST /v1/search\n{"query": "' + million + b'"}'),
        partial(bytes, document),
        partial(bytes, b"POST /v1/search\n" + b"[" * 1_000_000),
        partial(bytes, b'POST /v1/search\n{"k": ' + b"9" * 1_000_000 + b"}"),
        partial(bytes, b'POST /v1/documents\n{"documents": [{"id": "m", "text": "x", "metadata": {"a": '
                + b"[" * 500 + b"]" * 500 + b"}}]}"),
        partial(bytes, b'POST /v1/embeddings\n{"input": [' + b'"x",' * 100_000 + b'"x"]}'),
        partial(bytes, b'POST /v1/search\n{"query": "\\ud800", "where": "a = \'\\udfff\'"}'),
        partial(bytes, b'POST /v1/documents\n{"documents": [{"id": "\\ud800\\u0000", "text": "\\u0000"}]}'),
    ]  # fmt: skip
