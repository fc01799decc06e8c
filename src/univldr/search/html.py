"""Hits as a grid of cards, for notebooks: one piece of HTML that refers to nothing outside itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

from univldr.errors import UnivldrError
from univldr.images import load_image
from univldr.types import Document, Hit

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


def grid(hits: Sequence[Hit], *, answered: bool | None = None) -> str:
    """The hits in order; ``answered`` as in ``univldr.search.results.Found``."""
    if not hits:
        return "<p>Nothing found.</p>"
    warning = (
        "" if answered is not False else "<p>Nothing in the index seems to answer this; the nearest:</p>"
    )
    return f'{_STYLE}{warning}<div class="univldr">{"".join(map(_card, hits))}</div>'


def _card(hit: Hit) -> str:
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
        f"<div>{_picture(document)}<b>{hit.rank}. {title}</b>"
        f"<p>{escape(words)}</p>{''.join(generated)}"
        f"<small>{escape(' · '.join(facts))}<br>{escape(document.path or '')}</small></div>"
    )


def _picture(document: Document) -> str:
    """A thumbnail; nothing where there is no picture, or it cannot be shown any more."""
    if document.image is None:
        return ""
    try:
        picture = load_image(document.image, draft=(THUMBNAIL, THUMBNAIL))
    except UnivldrError:
        return ""
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    encoded = base64.b64encode(stream.getvalue()).decode()
    label = escape(document.text[:100] or document.title or document.id, quote=True)
    return f'<img alt="{label}" src="data:image/jpeg;base64,{encoded}">'
