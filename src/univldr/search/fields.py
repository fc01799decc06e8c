"""A hit as plain JSON values: the same names in the command line's output, over HTTP and in tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from univldr._pdf import page_path
from univldr.types import Document, Expansion, Hit, Modality

_EMPTY = Hit(0, 0.0, Document("", Modality.TEXT))


def hit_fields(hit: Hit | None) -> dict[str, Any]:
    """The fields of a hit; ``relevance`` is ``None`` where it is not known, ``page`` for what is no PDF."""
    hit = hit or _EMPTY
    return {
        "rank": hit.rank,
        "id": hit.document.id,
        "score": round(hit.score, 6),
        "relevance": None if hit.relevance is None else round(hit.relevance, 4),
        **document_fields(hit.document),
        "more": list(hit.more),
        "copies": list(hit.copies),
        "explanation": {name: round(value, 6) for name, value in hit.explanation.items()},
    }


def document_fields(document: Document) -> dict[str, Any]:
    """The fields of a document, without its pixels."""
    return {
        "id": document.id,
        "modality": document.modality.value,
        "path": document.path,
        "page": document.metadata.get("page"),
        "title": document.title,
        "text": document.text,
        "expansions": [{"text": e.text, "origin": e.origin} for e in document.expansions],
        "metadata": dict(document.metadata),
    }


def hit_of(fields: Mapping[str, Any]) -> Hit:
    """The hit whose fields these are, rounded as they are; other names are passed over.

    Raises:
        KeyError, TypeError, ValueError: they are not those of a hit.
    """
    return Hit(
        rank=int(fields["rank"]),
        score=float(fields["score"]),
        document=document_of(fields),
        explanation={name: float(value) for name, value in fields["explanation"].items()},
        relevance=None if fields["relevance"] is None else float(fields["relevance"]),
        more=tuple(fields["more"]),
        copies=tuple(fields["copies"]),
    )


def document_of(fields: Mapping[str, Any]) -> Document:
    """The document whose fields these are; the weights of generated words are not among them.

    Raises:
        KeyError, TypeError, ValueError: they are not those of a document.
    """
    modality = Modality(fields["modality"])
    return Document(
        id=str(fields["id"]),
        modality=modality,
        text=str(fields["text"]),
        image=_image(fields) if modality is Modality.IMAGE else None,
        title=str(fields["title"]),
        expansions=tuple(map(Expansion.parse, fields["expansions"])),
        metadata=dict(fields["metadata"]),
    )


def _image(fields: Mapping[str, Any]) -> Path | None:
    """Of a page, the picture of that page; the path alone is the whole file."""
    if fields["path"] is None:
        return None
    path, page = Path(fields["path"]), fields["page"]
    is_page = isinstance(page, int) and path.suffix.lower() == ".pdf"
    return page_path(path, page) if is_page else path
