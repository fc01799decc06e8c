"""Each error's status and body over HTTP."""

from __future__ import annotations

from typing import Any

from univldr import errors
from univldr.errors import UnivldrError

_KINDS: dict[type[UnivldrError], tuple[str, int]] = {
    errors.UnauthorizedError: ("unauthorized", 401),
    errors.ForbiddenError: ("forbidden", 403),
    errors.NotFoundError: ("not_found", 404),
    errors.TooLargeError: ("too_large", 413),
    errors.MediaTypeError: ("unsupported_media_type", 415),
    errors.OverloadedError: ("overloaded", 429),
    errors.TimeLimitError: ("timeout", 504),
    errors.ConfigError: ("config_error", 400),
    errors.CorpusError: ("corpus_error", 422),
    errors.ImageError: ("image_error", 422),
    errors.ModelError: ("model_error", 500),
    errors.StoreError: ("store_error", 503),
    errors.MissingExtra: ("missing_extra", 501),
}


def kind_and_status(error: UnivldrError) -> tuple[str, int]:
    """The ``type`` of an error's body, and its HTTP status."""
    return _KINDS.get(type(error), ("internal_error", 500))


def error_fields(kind: str, text: str) -> dict[str, Any]:
    """``type``, ``message`` and ``remedy``: what a message says after its last semicolon is what helps."""
    message, _, remedy = text.rpartition("; ")
    return {"type": kind, "message": message or remedy, "remedy": remedy if message else ""}


def error_of(error: UnivldrError) -> dict[str, Any]:
    """The fields of an error of ours."""
    return error_fields(kind_and_status(error)[0], str(error))
