"""What a server answers, as values and errors of ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, TypedDict

import httpx2
import numpy as np

from univldr.errors import OverloadedError, RequestError, error_of
from univldr.search.fields import hit_of
from univldr.search.results import Found
from univldr.types import Float32Array


class IndexFields(TypedDict):
    """What a server searches, and what it allows."""

    documents: int
    texts: int
    images: int
    model: str
    dim: int
    bytes: int
    roots: list[str]
    calibrated: bool
    joint: bool
    read_only: bool
    allow_url: bool
    fields: list[dict[str, Any]]


class ModelFields(TypedDict):
    """A model of a server: vectors of ``dim`` values, of texts of up to ``max_tokens``."""

    id: str
    object: str
    created: int
    owned_by: str
    dim: int
    max_tokens: int


def json_of(response: httpx2.Response) -> dict[str, Any]:
    """The object that an answer is.

    Raises:
        UnivldrError: the error that it tells of, of the class that it was raised as.
        RequestError: it is of no kind that a server of univldr gives.
    """
    check(response)
    try:
        fields = response.json()
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise strange(response)
    return fields


def check(response: httpx2.Response) -> None:
    """Raise the error that an answer tells of, if it does.

    Raises:
        UnivldrError: of the class that it was raised as.
        RequestError: it is of no kind that a server of univldr gives.
    """
    if response.is_success:
        return
    try:
        error = response.json()["error"]
        kind, message, remedy = (str(error[name]) for name in ("type", "message", "remedy"))
    except (ValueError, KeyError, TypeError):
        raise strange(response) from None
    text = f"{message}; {remedy}" if remedy else message
    found = error_of("config_error" if kind == "invalid_request" else kind, text)
    after = response.headers.get("retry-after", "")
    if isinstance(found, OverloadedError) and after.isdecimal():
        found.retry_after = int(after)
    raise found


def strange(response: httpx2.Response) -> RequestError:
    """For an answer that no server of univldr gives."""
    place = f"{response.request.url.scheme}://{response.request.url.netloc.decode()}"
    if response.is_redirect:
        target = response.headers.get("location", "")[:200]
        return RequestError(f"{place} sends elsewhere, to {target!r}; give the address of the server itself")
    return RequestError(
        f"{place} answered {response.status_code}, but not as univldr does; is a server of univldr there, "
        "of this version?"
    )


def found_of(fields: Mapping[str, Any]) -> Found:
    """The answer to a search."""
    return Found([hit_of(hit) for hit in fields["hits"]], fields["answered"], float(fields["took_ms"]))


def vectors_of(fields: Mapping[str, Any]) -> Float32Array:
    """float32 [n, dim], of base64 little-endian float32, in the order of the input."""
    rows = sorted(fields["data"], key=lambda row: int(row["index"]))
    return np.stack([np.frombuffer(base64.b64decode(row["embedding"]), "<f4") for row in rows]).astype(
        np.float32
    )


def encoded(value: Any) -> bytes:
    """Plain values as JSON.

    Raises:
        TypeError, ValueError: they are not JSON, NaN and lone surrogates included.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
