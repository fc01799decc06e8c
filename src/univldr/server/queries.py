"""The pictures of queries that came over HTTP, decoded before anything is encoded with others."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from univldr.encoders.settings import Drafts
from univldr.images import MAX_BYTES, load_image
from univldr.types import Encoder, Query, Term


def asked(query: Query) -> tuple[Query | Term, ...]:
    """What is encoded for a query."""
    return (query, *query.plus, *query.minus)


def decoded(query: Query, encoder: Encoder) -> Query:
    """The query with pictures as the encoder would decode them from their bytes: its vector is the same.

    A broken one thus fails here, alone; and reading what is uncompressed takes the encoder no time.

    Raises:
        ImageError: a picture cannot be decoded.
    """
    draft = encoder.draft if isinstance(encoder, Drafts) else None

    def one_decoded(one: Query | Term) -> Any:
        if not isinstance(one.image, bytes):
            return one
        return replace(one, image=_uncompressed(one.image, draft))

    plus, minus = tuple(map(one_decoded, query.plus)), tuple(map(one_decoded, query.minus))
    whole: Query = replace(one_decoded(query), plus=plus, minus=minus)
    return whole


def _uncompressed(image: bytes, draft: tuple[int, int] | None) -> bytes:
    """The same pixels as PPM, upright; a picture that would be too large to be read so stays as it is.

    Raises:
        ImageError: it cannot be decoded.
    """
    picture = load_image(image, name="the query's picture", draft=draft)
    buffer = io.BytesIO()
    picture.save(buffer, "PPM")
    return buffer.getvalue() if buffer.tell() <= MAX_BYTES else image
