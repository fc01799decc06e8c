"""A folder of both kinds and the application over its index, with the fake encoder."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from univldr import open as open_index
from univldr import update
from univldr.server.app import create_app
from univldr.server.metrics import Metrics
from univldr.server.service import Service
from univldr.server.settings import ServerSettings

BASE = "http://127.0.0.1:8080"
App = Callable[..., TestClient]


def data_uri(colour: str = "red", kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> str:
    """A small picture as a request gives it."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(stream.getvalue()).decode()}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two notes, a picture with a caption and one without, indexed."""
    root = tmp_path / "stuff"
    (root / "trips").mkdir(parents=True)
    (root / "soup.txt").write_text("Onion soup needs an hour.")
    (root / "trips" / "sea.md").write_text("# The sea\n\nWe saw a grey sea.")
    Image.new("RGB", (40, 30), "red").save(root / "barn.png")
    (root / "barn.png.txt").write_text("A red barn in a field.")
    Image.new("RGB", (40, 30), "blue").save(root / "trips" / "sky.tiff")
    update(root, model="hash")
    return root


@pytest.fixture
def app(folder: Path) -> Iterator[App]:
    """Makes clients of an application over the folder's index; settings are its keywords."""
    clients: list[TestClient] = []

    def make(**settings: Any) -> TestClient:
        metrics = Metrics()
        chosen = ServerSettings(**settings)
        service = Service(lambda: open_index(folder), chosen, metrics)
        client = TestClient(
            create_app(service, chosen, metrics), base_url=BASE, raise_server_exceptions=False
        )
        client.__enter__()
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def api(app: App) -> TestClient:
    """A client of an application with the settings that it has by itself."""
    return app()
