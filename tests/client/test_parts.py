"""The parts of a client that touch no network."""

from __future__ import annotations

import base64
import inspect
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.corpus.pdf_kit import make_pdf
from univldr import AsyncClient, Client, Document, ImageError, Modality
from univldr.client.calls import MAX_BYTES, MAX_ITEMS, embed
from univldr.client.pictures import data_uri
from univldr.client.upload import Outcome, Upload


def test_both_clients_offer_the_same() -> None:
    def offered(client: type) -> dict[str, list[str]]:
        methods = inspect.getmembers(client, inspect.isfunction)
        return {name: list(inspect.signature(one).parameters) for name, one in methods if name[0] != "_"}

    here, there = offered(Client), offered(AsyncClient)
    assert here.pop("picture_of")
    assert there.pop("run_async")
    assert here == there
    assert len(here) >= 13


def test_bodies_are_neither_large_nor_of_many_documents() -> None:
    def sent(documents: list[Document]) -> list[list[str]]:
        upload, bodies = Upload(documents), []
        while (call := upload.next()) is not None:
            assert call.body
            ids = [one["id"] for one in json.loads(call.body)["documents"]]
            assert len(ids) == 1 or len(call.body) < MAX_BYTES + 100 * len(ids)
            upload.take([Outcome(id) for id in ids])
            bodies.append(ids)
        assert [outcome.id for outcome in upload.report.outcomes] == [one.id for one in documents]
        return bodies

    small = [Document(f"s{n}", Modality.TEXT, "x") for n in range(2 * MAX_ITEMS + 1)]
    assert list(map(len, sent(small))) == [MAX_ITEMS, MAX_ITEMS, 1]
    large = [Document(f"l{n}", Modality.TEXT, "x" * (MAX_BYTES // 3)) for n in range(5)]
    huge = Document("huge", Modality.TEXT, "x" * (2 * MAX_BYTES))
    assert sent([*large, huge, small[0]]) == [["l0", "l1"], ["l2", "l3"], ["l4"], ["huge"], ["s0"]]


def test_what_is_embedded_at_once_is_not_much() -> None:
    assert [len(json.loads(call.body or b"")["input"]) for call in embed(["x"] * 150)] == [64, 64, 22]
    assert len(list(embed(["x" * (MAX_BYTES // 2)] * 3))) == 3


@pytest.mark.parametrize(
    ("kind", "media"),
    [("PNG", "png"), ("JPEG", "jpeg"), ("GIF", "gif"), ("WEBP", "webp"), ("BMP", "bmp"), ("TIFF", "tiff")],
)
def test_a_picture_is_sent_as_it_is(tmp_path: Path, kind: str, media: str) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (9, 7), "red").save(stream, kind)
    (tmp_path / "picture").write_bytes(stream.getvalue())
    head, _, body = data_uri(tmp_path / "picture").partition(",")
    assert head == f"data:image/{media};base64"
    assert base64.b64decode(body) == stream.getvalue()
    assert data_uri(stream.getvalue()) == f"{head},{body}"


def test_a_page_is_sent_as_it_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    (tmp_path / "a.pdf").write_bytes(make_pdf(["Valves"]))
    page = base64.b64decode(data_uri(tmp_path / "a.pdf#page=1").partition(",")[2])
    with Image.open(io.BytesIO(page)) as drawn:
        assert np.asarray(drawn.convert("L")).std() > 0


def test_a_picture_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    for path in (tmp_path / "gone.png", tmp_path / "empty.png", tmp_path):
        with pytest.raises(ImageError, match=re.escape(str(path))):
            data_uri(path)
