"""What a document's vector depends on, as a digest: by it a vector is found again under another name."""

from __future__ import annotations

import hashlib
import json

from univldr.errors import ImageError
from univldr.types import Document
from univldr.verbalize.cache import digest


def content_of(document: Document) -> bytes | None:
    """16 bytes over all that an encoder sees of a document: its kind, words, generated words and picture.

    Neither id, title nor metadata count. ``None`` where the picture cannot be read.
    """
    try:
        picture = "" if document.image is None else digest(document.image)
    except ImageError:
        return None
    expansions = [words.plain() for words in document.expansions]
    record = json.dumps([document.modality, document.text, expansions, picture])
    return hashlib.blake2b(record.encode(), digest_size=16).digest()
