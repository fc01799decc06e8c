"""The application: routes, what stands before them, and errors as JSON."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from univldr import __version__
from univldr.errors import UnivldrError
from univldr.server.answers import error_answer, plain_error
from univldr.server.errors import error_fields
from univldr.server.limits import Limits
from univldr.server.metrics import Metrics
from univldr.server.parts import Parts
from univldr.server.routes import documents, embeddings, search, system
from univldr.server.schemas import ErrorAnswer
from univldr.server.security import Guard, Keys, require_json
from univldr.server.service import Service
from univldr.server.settings import ServerSettings

_log = logging.getLogger(__name__)

_STATUSES = (400, 401, 403, 404, 413, 415, 422, 429, 500, 501, 503, 504)
_ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorAnswer} for status in _STATUSES}
_ENCODED = (b"/v1/documents/", b"/v1/models/")
"""Paths whose last part is a name, percent-encoded whole: decoded early, its slashes would divide it."""


def create_app(service: Service, settings: ServerSettings, metrics: Metrics) -> FastAPI:
    """The application over a service, which it starts and stops."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    keys = Keys(settings.api_key)
    app = FastAPI(
        title="univldr",
        version=__version__,
        summary="One search over texts and pictures.",
        lifespan=lifespan,
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(require_json)],
        responses=_ERRORS,
    )
    app.state.parts = Parts(service, settings, metrics, keys)
    for module in (search, documents, embeddings, system):
        app.include_router(module.routes)
    app.mount("/static", _Static(directory=system.STATIC))
    app.add_exception_handler(UnivldrError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    # The last one added comes first.
    app.add_middleware(Limits, settings=settings)
    app.add_middleware(Guard, settings=settings, keys=keys)
    app.add_middleware(_Outermost, metrics=metrics)
    return app


class _Static(StaticFiles):
    """The page's files, looked at again each time, so that a new version never meets an old one's parts."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response


class _Outermost:
    """Counts and times requests by route, and leaves names in paths encoded for the routes to decode."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw = scope.get("raw_path", b"")
        if raw.startswith(_ENCODED):
            scope["path"] = raw.partition(b"?")[0].decode("latin-1")
        started = time.perf_counter()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.in_flight():
            try:
                await self._app(scope, receive, noted)
            finally:
                seconds = time.perf_counter() - started
                self._metrics.observe_request(_route(scope), status, seconds)


def _route(scope: Scope) -> str:
    """The route's pattern; what fits none, or was refused before, is one route, so that there are few."""
    return getattr(scope.get("route"), "path", "") or "other"


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, UnivldrError)
    return error_answer(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    more = f" ({len(error.errors()) - 1} more)" if len(error.errors()) > 1 else ""
    text = f"{place}: {first['msg']}{more}; /openapi.json tells what it may be"
    return plain_error(422, error_fields("invalid_request", text))


async def _http(request: Request, error: Exception) -> Response:
    """What the framework raises: no such route, a wrong method, or an error of ours while it read a body."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, UnivldrError):
        return error_answer(error.__cause__)
    kinds = {404: "not_found", 405: "method_not_allowed", 400: "invalid_request"}
    kind = kinds.get(error.status_code, "invalid_request")
    text = f"{error.detail}; /openapi.json lists what there is"
    headers = {"allow": _allowed(request)} if error.status_code == 405 else dict(error.headers or {})
    return plain_error(error.status_code, error_fields(kind, text), headers)


def _allowed(request: Request) -> str:
    """The methods of all routes of a path; the framework names those of the first."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in routes for method in getattr(route, "methods", None) or ()}))


async def _unexpected(_: Request, error: Exception) -> Response:
    _log.error("a request failed: %s: %s", type(error).__name__, error)
    text = "the server failed, which is its fault; try again, and tell who runs it: its log says more"
    return plain_error(500, error_fields("internal_error", text))
