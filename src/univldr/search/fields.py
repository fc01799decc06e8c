"""A hit as plain JSON values: the same names in the command line's output, over HTTP and in tables."""

from __future__ import annotations

from typing import Any

from univldr.types import Document, Hit, Modality

_EMPTY = Hit(0, 0.0, Document("", Modality.TEXT))


def hit_fields(hit: Hit | None) -> dict[str, Any]:
    """The fields of a hit; ``relevance`` is ``None`` where it is not known, ``page`` for what is no PDF."""
    hit = hit or _EMPTY
    document = hit.document
    return {
        "rank": hit.rank,
        "id": document.id,
        "score": round(hit.score, 6),
        "relevance": None if hit.relevance is None else round(hit.relevance, 4),
        "modality": document.modality.value,
        "path": document.path,
        "page": document.metadata.get("page"),
        "title": document.title,
        "text": document.text,
        "expansions": [{"text": e.text, "origin": e.origin} for e in document.expansions],
        "metadata": dict(document.metadata),
        "more": list(hit.more),
        "copies": list(hit.copies),
        "explanation": {name: round(value, 6) for name, value in hit.explanation.items()},
    }
