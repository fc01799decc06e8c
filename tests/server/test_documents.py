"""``/v1/documents``: what is stored is found, each document on its own; pictures come back."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from starlette.testclient import TestClient

from univldr.server.schemas import DocumentAnswer, DocumentsAnswer

from .conftest import App, data_uri


def put(api: TestClient, *documents: dict[str, Any]) -> DocumentsAnswer:
    """Store documents."""
    answer = api.post("/v1/documents", json={"documents": list(documents)})
    assert answer.status_code == 200, answer.text
    return DocumentsAnswer.model_validate(answer.json())


def found(api: TestClient, **body: Any) -> list[str]:
    """The ids of the hits of a search."""
    return [hit["id"] for hit in api.post("/v1/search", json=body).json()["hits"]]


def place(id_: str, rest: str = "") -> str:
    """The path of a document."""
    return f"/v1/documents/{quote(id_, safe='')}{rest}"


ODD_IDS = ["a/b", "a/image", "50%", "a#b?c=d", "ünïcödé", "a b", "%2F", "x/thumbnail", "日本"]


@pytest.mark.parametrize("id_", ODD_IDS)
def test_a_document_comes_back_whatever_its_id(api: TestClient, id_: str) -> None:
    report = put(api, {"id": id_, "text": "a violin concerto", "title": "V", "metadata": {"year": 1806}})
    assert (report.stored, report.failed) == (1, 0)
    document = DocumentAnswer.model_validate(api.get(place(id_)).json())
    assert (document.id, document.text, document.title) == (id_, "a violin concerto", "V")
    assert document.metadata["year"] == 1806
    assert found(api, query="violin concerto", where="year = 1806") == [id_]
    assert api.delete(place(id_)).json() == {"id": id_, "deleted": True}
    assert api.get(place(id_)).status_code == 404
    assert api.delete(place(id_)).status_code == 404


def test_a_picture_is_kept_with_the_index(api: TestClient, folder: Path) -> None:
    uri = data_uri("green", size=(800, 600))
    words = ["a lawn", {"text": "grass", "origin": "tags", "weight": 0.5}]
    put(api, {"id": "lawn", "image": uri, "text": "Our lawn", "expansions": words})
    assert found(api, image=uri)[0] == "lawn"
    document = api.get(place("lawn")).json()
    assert document["modality"] == "image"
    assert document["expansions"] == [{"text": "a lawn", "origin": ""}, {"text": "grass", "origin": "tags"}]
    assert Path(document["path"]).is_relative_to(folder / ".univldr")
    picture = api.get(place("lawn", "/image"))
    assert picture.headers["content-type"] == "image/png"
    assert picture.content == base64.b64decode(uri.partition(",")[2])


def test_a_bad_document_keeps_no_other_out(api: TestClient) -> None:
    report = put(
        api,
        {"id": "good", "text": "a violin"},
        {"id": "broken", "image": "data:image/png;base64,AAAA"},
        {"id": "empty"},
        {"id": "both", "modality": "text", "text": "x", "image": data_uri()},
        {"id": "none", "modality": "image", "text": "x"},
        {"id": "good", "text": "another violin"},
        {"id": "barn.png", "text": "mine, not the folder's"},
        {"id": "last", "text": "a cello"},
    )
    assert [one.status for one in report.documents] == ["stored", *["failed"] * 6, "stored"]
    assert (report.stored, report.failed) == (2, 6)
    errors = [one.error for one in report.documents if one.error]
    assert all(error.message and error.remedy for error in errors)
    assert [error.type for error in errors] == ["image_error", *["corpus_error"] * 5]
    assert set(found(api, query="violin cello", k=2)) == {"good", "last"}
    assert api.get(place("barn.png")).json()["text"] == "A red barn in a field."


def test_the_same_id_replaces(api: TestClient) -> None:
    put(api, {"id": "x", "text": "a violin"})
    put(api, {"id": "x", "text": "a trombone"})
    assert api.get(place("x")).json()["text"] == "a trombone"


def test_deleting_a_file_of_the_folder_forgets_it(api: TestClient) -> None:
    assert api.delete(place("soup.txt#0")).status_code == 200
    assert "soup.txt#0" not in found(api, query="onion soup")


def test_pictures_as_browsers_want_them(api: TestClient) -> None:
    as_it_is = api.get(place("barn.png", "/image"))
    assert as_it_is.headers["content-type"] == "image/png"
    tiff = api.get(place("trips/sky.tiff", "/image"))
    assert tiff.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(tiff.content)).size == (40, 30)
    small = api.get(place("trips/sky.tiff", "/thumbnail?size=160"))
    assert small.headers["content-type"] == "image/webp"
    again = api.get(place("barn.png", "/image"), headers={"if-none-match": as_it_is.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("rest", ["/image", "/thumbnail"])
def test_where_there_is_no_picture(api: TestClient, folder: Path, rest: str) -> None:
    assert api.get(place("soup.txt#0", rest)).status_code == 404
    assert api.get(place("nothing", rest)).status_code == 404
    (folder / "barn.png").unlink()
    gone = api.get(place("barn.png", rest))
    assert (gone.status_code, gone.json()["error"]["type"]) == (404, "not_found")


def test_a_thumbnail_of_another_size_is_refused(api: TestClient) -> None:
    assert api.get(place("barn.png", "/thumbnail?size=5000")).status_code == 422


def test_a_link_out_of_the_folder_is_not_served(api: TestClient, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (5, 5)).save(secret)
    (folder / "barn.png").unlink()
    (folder / "barn.png").symlink_to(secret)
    for rest in ("/image", "/thumbnail"):
        assert api.get(place("barn.png", rest)).status_code == 404


def test_a_client_cannot_name_files_of_the_server(api: TestClient, folder: Path) -> None:
    report = put(
        api,
        {"id": "a", "image": str(folder / "barn.png")},
        {"id": "b", "image": "file:///etc/hostname"},
        {"id": "c", "text": "x", "metadata": {"path": "/etc/hostname", "image": "/etc/hostname"}},
    )
    assert [one.status for one in report.documents] == ["failed", "failed", "stored"]
    assert api.get(place("c", "/image")).status_code == 404


def test_a_read_only_server_stores_and_deletes_nothing(app: App) -> None:
    api = app(read_only=True)
    for answer in (
        api.post("/v1/documents", json={"documents": [{"id": "x", "text": "y"}]}),
        api.delete(place("barn.png")),
    ):
        assert (answer.status_code, answer.json()["error"]["type"]) == (403, "forbidden")
    assert api.get(place("barn.png")).status_code == 200
    assert api.get("/v1/index").json()["read_only"] is True


def test_pixels_are_counted_before_they_are_decoded(app: App) -> None:
    api = app(max_pixels=1_000)
    report = put(
        api,
        {"id": "big", "image": data_uri(size=(40, 30))},
        {"id": "small", "image": data_uri(size=(20, 30))},
    )
    assert [one.status for one in report.documents] == ["failed", "stored"]
    assert "1,200" in (report.documents[0].error.message if report.documents[0].error else "")


@pytest.mark.parametrize(
    "metadata", ['{"a": NaN}', '{"a": "\\ud800"}', '{"a": 1e999}', "{" + '"a":{' * 200 + "}" * 201]
)
def test_metadata_that_is_no_json_is_told(api: TestClient, metadata: str) -> None:
    body = f'{{"documents": [{{"id": "x", "text": "y", "metadata": {metadata}}}]}}'
    answer = api.post("/v1/documents", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert answer.json()["failed"] == 1
