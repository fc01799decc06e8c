"""``POST /v1/search``: a composed query in, one ranked list out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from univldr.errors import NotFoundError, StoreError
from univldr.search import Searcher
from univldr.search.fields import hit_fields
from univldr.search.results import Options, requested
from univldr.server.answers import answer
from univldr.server.parts import Parts, parts_of
from univldr.server.schemas import MAX_OFFSET, MinusBody, PlusBody, SearchAnswer, SearchBody
from univldr.types import Query, Term

routes = APIRouter(tags=["search"])

_OPTIONS = tuple(Options.__annotations__)
"""Fields of the body that are keywords of ``Searcher.search``, too."""


@routes.post("/v1/search", responses={200: {"model": SearchAnswer}}, response_model=None)
async def search(body: SearchBody, request: Request) -> Response:
    """Search texts and pictures: words, a picture, terms with weights, documents to be like."""
    parts = parts_of(request)
    options = {name: getattr(body, name) for name in _OPTIONS}
    wanted = requested(await _query(body, parts), body.k, options)
    found, stages = await parts.service.search(wanted)
    following = body.offset + body.k
    more = len(found.hits) == body.k and following <= MAX_OFFSET
    return answer(
        {
            "query": body.query,
            "took_ms": round(found.took_ms, 2),
            "answered": found.answered,
            "model": parts.service.model,
            "next_offset": following if more else None,
            "stages_ms": {name: round(1000 * seconds, 3) for name, seconds in stages.items()},
            "hits": [hit_fields(hit) for hit in found.hits],
        }
    )


async def _query(body: SearchBody, parts: Parts) -> Query:
    names = body.like
    return Query(
        body.query,
        await parts.picture(body.image),
        tuple([await _term(term, parts) for term in body.plus]),
        tuple([await _term(term, parts) for term in body.minus]),
        await parts.service.call(lambda searcher: _like(searcher, names)) if names else (),
    )


async def _term(term: PlusBody | MinusBody, parts: Parts) -> Term:
    return Term(term.text, await parts.picture(term.image), term.weight)


def _like(searcher: Searcher, names: list[str]) -> tuple[str, ...]:
    """The ids of documents given by id, or by the path of their file.

    Raises:
        NotFoundError: there is no such document.
    """
    ids: dict[str, None] = {}
    for name in names:
        try:
            ids |= dict.fromkeys(searcher.documents_of(name))
        except (StoreError, RuntimeError, ValueError):  # the last two of names that can be no path
            raise NotFoundError(
                f"no document and no indexed file {name[:200]!r} to be like; was it renamed or removed?"
            ) from None
    return tuple(ids)
