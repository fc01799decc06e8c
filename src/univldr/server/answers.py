"""Answers as JSON, errors among them."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from univldr.errors import OverloadedError, UnauthorizedError, UnivldrError
from univldr.server.errors import fields_of, status_of


def answer(content: Any, status: int = 200) -> Response:
    """Plain values as JSON; they are not checked against a schema, which takes longer than a search."""
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(body.encode(), status, media_type="application/json")


def error_answer(error: UnivldrError) -> Response:
    """The status and the body of an error."""
    return plain_error(status_of(error), fields_of(error), _headers(error))


def plain_error(status: int, fields: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """An error of ``type``, ``message`` and ``remedy``.

    In ASCII: a message may repeat what was sent, and that need not be valid Unicode.
    """
    body = json.dumps({"error": fields}).encode()
    return Response(body, status, media_type="application/json", headers=headers)


def _headers(error: UnivldrError) -> dict[str, str]:
    if isinstance(error, OverloadedError):
        return {"retry-after": str(error.retry_after)}
    return {"www-authenticate": "Bearer"} if isinstance(error, UnauthorizedError) else {}
