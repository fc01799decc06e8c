"""``/v1/embeddings`` and ``/v1/models``, in OpenAI's shape."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import APIRouter, Request, Response

from univldr.errors import ConfigError, NotFoundError
from univldr.index.manifest import is_same_name
from univldr.search import Searcher
from univldr.server.answers import answer
from univldr.server.parts import Parts, id_of, parts_of
from univldr.server.schemas import EmbeddingsAnswer, EmbeddingsBody, InputBody, Model, Models
from univldr.types import Encoder, Float32Array, Query

routes = APIRouter(tags=["embeddings"])

_PICTURE = "data:image/"


@routes.post("/v1/embeddings", responses={200: {"model": EmbeddingsAnswer}}, response_model=None)
async def embed(body: EmbeddingsBody, request: Request) -> Response:
    """Vectors of unit length for texts and pictures, in the space of the index."""
    parts = parts_of(request)
    with parts.service.lease() as searcher:
        _require_model(body, searcher.encoder)  # before anything is fetched, decoded or encoded
    inputs = body.input if isinstance(body.input, list) else [body.input]
    queries = [await _query(one, parts) for one in inputs]
    pictures = any(query.image for query in queries)
    rows, tokens, model = await parts.service.call(
        lambda searcher: _embedded(searcher, body, queries),
        heavy=pictures,
        ahead=() if pictures else queries,
    )
    return answer(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": number, "embedding": _written(row, body.encoding_format)}
                for number, row in enumerate(rows)
            ],
            "model": model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


@routes.get("/v1/models", responses={200: {"model": Models}}, response_model=None)
async def models(request: Request) -> Response:
    """The model of the index."""
    fields = await parts_of(request).service.call(lambda searcher: _model_fields(searcher.encoder))
    return answer({"object": "list", "data": [fields]})


@routes.get("/v1/models/{id}", responses={200: {"model": Model}}, response_model=None)
async def model(id: str, request: Request) -> Response:
    """The model of the index, by its name."""
    fields = await parts_of(request).service.call(lambda searcher: _model_fields(searcher.encoder))
    name = id_of(id)
    if fields["id"] != name:
        raise NotFoundError(f"no model {name[:200]!r}; this server has {fields['id']!r}")
    return answer(fields)


async def _query(given: str | InputBody, parts: Parts) -> Query:
    if isinstance(given, InputBody):
        return Query(given.text, await parts.picture(given.image))
    if given[: len(_PICTURE)].lower() == _PICTURE:
        return Query(image=await parts.picture(given))
    return Query(given)


def _embedded(
    searcher: Searcher, body: EmbeddingsBody, queries: list[Query]
) -> tuple[Float32Array, int, str]:
    """float32 [len(queries), dim], how many tokens their texts have, and the model's name."""
    encoder = searcher.encoder
    _require_model(body, encoder)  # the index may have been made anew meanwhile
    texts = [query.text for query in queries if query.text]
    return encoder.encode_queries(queries), sum(encoder.count_tokens(texts)) if texts else 0, encoder.name


def _require_model(body: EmbeddingsBody, encoder: Encoder) -> None:
    """Refuse to pass one model's vectors for another's.

    Raises:
        ConfigError: another model or number of dimensions is wanted.
    """
    if body.model and not is_same_name(encoder.name, body.model):
        raise ConfigError(f"model is {body.model!r}; this server has {encoder.name!r}")
    if body.dimensions not in (None, encoder.dim):
        raise ConfigError(f"dimensions is {body.dimensions}; model {encoder.name!r} has {encoder.dim}")


def _written(row: Float32Array, encoding: str) -> str | list[float]:
    if encoding == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode()
    numbers: list[float] = row.tolist()
    return numbers


def _model_fields(encoder: Encoder) -> dict[str, Any]:
    return {
        "id": encoder.name,
        "object": "model",
        "created": 0,
        "owned_by": "univldr",
        "dim": encoder.dim,
        "max_tokens": encoder.max_tokens,
    }
