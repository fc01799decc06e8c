"""``/v1/documents``: store, get and delete documents; their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from fastapi import APIRouter, Query, Request, Response

from univldr.errors import CorpusError, ForbiddenError, NotFoundError, UnivldrError
from univldr.search import Searcher
from univldr.search.fields import document_fields
from univldr.server.answers import answer
from univldr.server.errors import fields_of
from univldr.server.parts import Parts, id_of, parts_of
from univldr.server.pictures import Served, original
from univldr.server.schemas import Deleted, DocumentAnswer, DocumentBody, DocumentsAnswer, DocumentsBody
from univldr.server.thumbnails import thumbnail
from univldr.types import Document, Expansion, Modality

routes = APIRouter(prefix="/v1/documents", tags=["documents"])

_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "The picture is as the client has it."},
}


@routes.post("", responses={200: {"model": DocumentsAnswer}}, response_model=None)
async def upsert(body: DocumentsBody, request: Request) -> Response:
    """Store documents, each on its own: a bad one keeps none of the others out."""
    parts = parts_of(request)
    _require_writable(parts)
    made = [await _made(one, parts) for one in body.documents]
    seen: set[str] = set()
    for position, one in enumerate(body.documents):
        if one.id in seen:
            made[position] = CorpusError(f"id {one.id!r} comes twice in this request; give each its own")
        seen.add(one.id)
    good = [one for one in made if isinstance(one, Document)]
    stored = iter(await parts.service.upsert(good) if good else ())
    outcomes = [next(stored) if isinstance(one, Document) else one for one in made]
    return answer(_report(body.documents, outcomes))


@routes.get("/{id}", responses={200: {"model": DocumentAnswer}}, response_model=None)
async def get(id: str, request: Request) -> Response:
    """A document without its pixels."""
    return answer(document_fields(await _found(parts_of(request), id)))


@routes.delete("/{id}", responses={200: {"model": Deleted}}, response_model=None)
async def delete(id: str, request: Request) -> Response:
    """Forget a document. One of a folder comes back when its file changes."""
    parts = parts_of(request)
    _require_writable(parts)
    name = id_of(id)
    if not await parts.service.change(lambda searcher: searcher.delete([name])):
        raise _missing(name)
    return answer({"id": name, "deleted": True})


@routes.get("/{id}/image", responses=_PICTURE, response_class=Response)
async def image(id: str, request: Request) -> Response:
    """The picture: as it is where browsers show its format, else as a JPEG."""
    parts = parts_of(request)
    name = id_of(id)
    served = await parts.service.call(lambda searcher: _original(searcher, name), heavy=True)
    return _sent(served, request)


@routes.get("/{id}/thumbnail", responses=_PICTURE, response_class=Response)
async def small(
    id: str, request: Request, size: Literal["160", "320", "640"] = Query("320", description="Longest side.")
) -> Response:
    """The picture as a WebP of at most ``size`` pixels a side."""
    parts = parts_of(request)
    name = id_of(id)
    served = await parts.service.call(lambda searcher: _thumbnail(searcher, name, int(size)), heavy=True)
    return _sent(served, request)


def _require_writable(parts: Parts) -> None:
    if parts.settings.read_only:
        raise ForbiddenError(
            "this server only answers searches; to store or delete start it without --read-only"
        )


async def _made(body: DocumentBody, parts: Parts) -> Document | UnivldrError:
    modality = Modality(body.modality or ("image" if body.image else "text"))
    if (modality is Modality.IMAGE) != bool(body.image):
        return CorpusError(
            f"document {body.id!r} has modality {modality.value} and {'an' if body.image else 'no'} image; "
            "leave modality out, it follows from the image"
        )
    if modality is Modality.TEXT and not body.text.strip():
        return CorpusError(f"document {body.id!r} has neither text nor an image; give it one of them")
    words = [one if isinstance(one, str) else one.model_dump() for one in body.expansions]
    try:
        return Document(
            body.id,
            modality,
            body.text,
            await parts.picture(body.image),
            body.title,
            tuple(map(Expansion.parse, words)),
            body.metadata,
        )
    except UnivldrError as error:
        return error


def _report(bodies: Sequence[DocumentBody], outcomes: Sequence[UnivldrError | None]) -> dict[str, Any]:
    failed = sum(error is not None for error in outcomes)
    return {
        "stored": len(outcomes) - failed,
        "failed": failed,
        "documents": [
            {
                "id": body.id,
                "status": "failed" if error else "stored",
                "error": fields_of(error) if error else None,
            }
            for body, error in zip(bodies, outcomes, strict=True)
        ],
    }


async def _found(parts: Parts, segment: str) -> Document:
    name = id_of(segment)
    return await parts.service.call(lambda searcher: _document(searcher, name))


def _document(searcher: Searcher, name: str) -> Document:
    [document] = searcher.index.get([name])
    if document is None:
        raise _missing(name)
    return document


def _missing(name: str) -> NotFoundError:
    return NotFoundError(
        f"no document {name[:200]!r} in the index; percent-encode its id whole, / as %2F, or search for it"
    )


def _original(searcher: Searcher, name: str) -> Served:
    return original(_document(searcher, name), _roots(searcher))


def _thumbnail(searcher: Searcher, name: str, size: int) -> Served:
    return thumbnail(_document(searcher, name), _roots(searcher), size)


def _roots(searcher: Searcher) -> Sequence[str]:
    return searcher.manifest.roots if searcher.manifest else ()


def _sent(served: Served, request: Request) -> Response:
    headers = {"etag": served.etag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == served.etag:
        return Response(status_code=304, headers=headers)
    return Response(served.body, media_type=served.media_type, headers=headers)
