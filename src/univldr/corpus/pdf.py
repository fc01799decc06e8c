"""A PDF as pictures of its pages: each found by its words and by its look."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from univldr._pdf import PageText, page_path, read_pages
from univldr.corpus.base import Cutter
from univldr.corpus.text import prettified
from univldr.errors import CorpusError
from univldr.types import Document, Modality

PDF_SUFFIXES = frozenset({".pdf"})
"""File name endings that are PDF, in lower case."""

MAX_PDF_TEXT = 50_000_000
"""Most characters of a file's pages; they are in memory at once."""

_MAX_BROKEN = 100  # pages of a file that are reported; a damaged one may claim any number
_LEGIBLE = 0.5  # of the characters that are not blank; of less, the font's encoding is broken

_HYPHEN = re.compile("[\u00ad\u0002\ufffe]\n?")  # PDFium marks a word that was divided at the end of a line
_ILLEGIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls
    "\ud800-\udfff\ufdd0-\ufdef\ufff0-\uffff"  # half pairs, what is no character, and its replacement
    "\ue000-\uf8ff\U000f0000-\U0010ffff]"  # for private use: glyphs without a meaning
)
_LIGATURE = re.compile("[\ufb00-\ufb06]")
_NO_TITLE = re.compile(
    r"(?i)(untitled|microsoft \w+ - ).*|.*\.(docx?|pptx?|xlsx?|odt|rtf|indd|qxd|tex|dvi|ps|pdf|txt|html?)"
)


def pdf_documents(path: Path, key: str, cutter: Cutter) -> list[Document]:
    """The pages of a PDF in order, each followed by the passages that its caption has no room for.

    A page is an image document ``KEY#page=3`` whose caption is as much of its text as the encoder takes
    whole. Where there is more, the rest are text documents ``KEY#page=3#1``, ``#2``, ...: together they hold
    every word. ``metadata`` has ``path``, ``page`` (from 1) and ``pages``. No pixel is drawn here: ``image``
    names the page, and :func:`univldr.images.load_image` draws it. Blank pages are left out. A page that
    cannot be loaded is in, so that whoever encodes it reports it.

    Args:
        path: The file, absolute.
        key: What its documents' ids begin with.
        cutter: Cuts texts into passages.

    Raises:
        CorpusError: the file is damaged, encrypted or too large, or nothing is in it; the message does not
            name it.
        MissingExtra: pypdfium2 is not installed.
        OSError: the file cannot be opened.
    """
    documents: list[Document] = []
    size = broken = pages = 0
    for page in read_pages(path):
        pages = page.pages
        broken += page.is_broken
        if page.is_blank or (page.is_broken and broken > _MAX_BROKEN):
            continue
        size += len(page.text)
        if size > MAX_PDF_TEXT:
            raise CorpusError(f"over the limit of {MAX_PDF_TEXT:,} characters of text; split the file")
        documents += _documents(page, path, key, cutter)
    if broken == pages:
        raise CorpusError(f"damaged: none of its {pages:,} pages can be loaded")
    if not documents:
        raise CorpusError(f"nothing is on its {pages:,} pages")
    return documents


def _documents(page: PageText, path: Path, key: str, cutter: Cutter) -> Iterator[Document]:
    text = cleaned(page.text)
    passages = [" ".join(passage.split()) for passage in (cutter(text) if text else [""])]
    id = f"{key}#page={page.number}"
    title = f"{_title(page, path)}, page {page.number}"
    place = {"path": str(path), "page": page.number, "pages": page.pages}
    # A caption that is full has no room for words of verbalizers, which take their time.
    switch = {"verbalize": False} if len(passages) > 1 else {}
    picture = page_path(path, page.number)
    yield Document(id, Modality.IMAGE, passages[0], picture, title, metadata={**place, **switch})
    for number, passage in enumerate(passages[1:], start=1):
        yield Document(f"{id}#{number}", Modality.TEXT, passage, title=title, metadata=dict(place))


def _title(page: PageText, path: Path) -> str:
    """The file's own title, unless a program put it there; else its name."""
    title = " ".join(_ILLEGIBLE.sub(" ", page.title[:300]).split())
    return prettified(path.stem) if not title or _NO_TITLE.fullmatch(title) else title


def cleaned(text: str) -> str:
    """A page's text with its divided words joined and its ligatures spelled out; lines end in LF.

    Characters that mean nothing become blanks. Where they are the greater part, the page's fonts do not say
    which letters they draw: what is left would be noise, so the text counts as none.
    """
    text = _HYPHEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    legible = _ILLEGIBLE.sub(" ", text)
    if _length(legible) < _LEGIBLE * _length(text):
        return ""
    return _LIGATURE.sub(lambda found: unicodedata.normalize("NFKC", found.group()), legible).strip()


def _length(text: str) -> int:
    return sum(map(len, text.split()))
