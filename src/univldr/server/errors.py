"""Each error's status and body over HTTP."""

from __future__ import annotations

from typing import Any

from univldr.errors import UnivldrError, kind_of

_STATUSES = {
    "config_error": 400,
    "corpus_error": 422,
    "image_error": 422,
    "model_error": 500,
    "store_error": 503,
    "no_words": 501,
    "missing_extra": 501,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "too_large": 413,
    "unsupported_media_type": 415,
    "overloaded": 429,
    "timeout": 504,
}
_REMEDIES = {
    "config_error": "/openapi.json tells what may be asked",
    "corpus_error": "change the document and send it again",
    "image_error": "send a JPEG, PNG or WebP that opens elsewhere",
    "store_error": "try again; if it stays so, the server's log may say more",
}
"""For messages that say only what is wrong."""


def status_of(error: UnivldrError) -> int:
    """The HTTP status of an error."""
    return _STATUSES.get(kind_of(error), 500)


def error_fields(kind: str, text: str) -> dict[str, Any]:
    """``type``, ``message`` and ``remedy``: what a message says after its last semicolon is what helps."""
    message, _, remedy = text.rpartition("; ")
    if not message:
        message, remedy = remedy, _REMEDIES.get(kind, "")
    return {"type": kind, "message": message, "remedy": remedy}


def fields_of(error: UnivldrError) -> dict[str, Any]:
    """The fields of an error of ours."""
    return error_fields(kind_of(error), str(error))
