"""Hits as a grid of cards, for notebooks: one piece of HTML that refers to nothing outside itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from univldr.errors import UnivldrError
from univldr.images import load_image
from univldr.types import Document, Hit, Modality

THUMBNAIL = 240
"""Longest side of a picture, in pixels."""

_WORDS = 180
_STYLE = """
<style>
.univldr { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 12px;
  font: 13px/1.4 system-ui, sans-serif; }
.univldr > div { border: 1px solid rgba(128, 128, 128, .4); border-radius: 6px; padding: 8px;
  overflow: hidden; }
.univldr img { display: block; width: 100%; height: 150px; object-fit: contain; margin-bottom: 6px; }
.univldr b { overflow-wrap: anywhere; }
.univldr small { opacity: .7; overflow-wrap: anywhere; }
.univldr p { margin: 4px 0; }
</style>
"""


PictureOf = Callable[[Document], Path | bytes | None]


def of_document(document: Document) -> Path | bytes | None:
    """The document's own picture."""
    return document.image


def grid(hits: Sequence[Hit], *, answered: bool | None = None, picture_of: PictureOf = of_document) -> str:
    """The hits in order.

    Args:
        hits: Best first.
        answered: See ``univldr.search.results.Found``.
        picture_of: Where the picture of a document of modality image is; ``None`` where it cannot be had.
    """
    if not hits:
        return "<p>Nothing found.</p>"
    warning = (
        "" if answered is not False else "<p>Nothing in the index seems to answer this; the nearest:</p>"
    )
    return f'{_STYLE}{warning}<div class="univldr">{"".join(_card(hit, picture_of) for hit in hits)}</div>'


def _card(hit: Hit, picture_of: PictureOf) -> str:
    document = hit.document
    words = " ".join(document.text.removeprefix(document.title).split())
    words = words[:_WORDS] + (" …" if len(words) > _WORDS else "")
    generated = [
        f"<p><small>generated{', ' if words.origin else ''}{escape(words.origin)}:</small> "
        f"<i>{escape(' '.join(words.text.split())[:_WORDS])}</i></p>"
        for words in document.expansions
    ]
    title = escape(document.title or document.id)
    facts = [f"{hit.score:.3f}", document.modality.value]
    facts += [] if hit.relevance is None else [f"relevance {hit.relevance:.2f}"]
    facts += [f"{len(hit.more)} more of this file"] if hit.more else []
    facts += [f"{len(hit.copies)} alike"] if hit.copies else []
    return (
        f"<div>{_picture(document, picture_of)}<b>{hit.rank}. {title}</b>"
        f"<p>{escape(words)}</p>{''.join(generated)}"
        f"<small>{escape(' · '.join(facts))}<br>{escape(document.path or '')}</small></div>"
    )


def _picture(document: Document, picture_of: PictureOf) -> str:
    """A thumbnail; nothing where there is no picture, or it cannot be shown any more."""
    if document.modality is not Modality.IMAGE or (source := picture_of(document)) is None:
        return ""
    try:
        picture = load_image(source, draft=(THUMBNAIL, THUMBNAIL))
    except UnivldrError:
        return ""
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    encoded = base64.b64encode(stream.getvalue()).decode()
    label = escape(document.text[:100] or document.title or document.id, quote=True)
    return f'<img alt="{label}" src="data:image/jpeg;base64,{encoded}">'
