"""How the server is: what it searches, health, metrics; signing in; the page."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from univldr.errors import UnauthorizedError
from univldr.server.answers import answer
from univldr.server.parts import parts_of
from univldr.server.schemas import IndexAnswer, SessionBody, Status
from univldr.server.security import COOKIE, SESSION_SECONDS

routes = APIRouter(tags=["system"])

STATIC = Path(str(files("univldr.server") / "static"))
"""The page's files."""


@routes.get("/v1/index", responses={200: {"model": IndexAnswer}}, response_model=None)
async def index(request: Request) -> Response:
    """What is searched, and which fields filters can use."""
    parts = parts_of(request)
    settings = parts.settings
    own = {"read_only": settings.read_only, "allow_url": settings.allow_url}
    return answer(await parts.service.info() | own)


@routes.post("/v1/session", status_code=204, response_class=Response)
async def sign_in(body: SessionBody, request: Request) -> Response:
    """Give the page a cookie for its requests, for a week; programs send the key itself."""
    keys = parts_of(request).keys
    if keys.needed and not keys.is_key(body.key):
        raise UnauthorizedError("this is not the server's API key; ask who started it")
    response = Response(status_code=204)
    if keys.needed:
        secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
        response.set_cookie(
            COOKIE,
            keys.session(),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=secure,
        )
    return response


@routes.delete("/v1/session", status_code=204, response_class=Response)
async def sign_out() -> Response:
    """Take the cookie back."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


@routes.get("/health", responses={200: {"model": Status}}, response_model=None)
async def health() -> Response:
    """Whether the process answers at all."""
    return answer({"status": "ok"})


@routes.get("/ready", responses={200: {"model": Status}, 503: {"model": Status}}, response_model=None)
async def ready(request: Request) -> Response:
    """Whether searches are answered; while it starts or stops they are not."""
    is_ready = parts_of(request).service.ready
    return answer({"status": "ready" if is_ready else "not ready"}, 200 if is_ready else 503)


@routes.get(
    "/metrics",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    response_class=Response,
)
async def metrics(request: Request) -> Response:
    """Counts and latencies for Prometheus."""
    body, media_type = parts_of(request).metrics.render()
    return Response(body, headers={"content-type": media_type})


@routes.get("/", include_in_schema=False)
async def page() -> Response:
    """The page."""
    return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})
