"""PDF files by pypdfium2 (PDFium): the text of their pages, and how a page looks.

A page's picture is named by a path, ``report.pdf#page=3``, and drawn when somebody looks at it: an index of
ten thousand pages keeps no pixels, and pixels that are drawn are never more than one page's. PDFium is not
thread-safe, so everything here happens under one lock; and it keeps what it has parsed until a document is
closed, so documents are closed early, under the lock too.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from univldr._optional import require
from univldr.errors import CorpusError, ImageError

SHORTER_SIDE = 400
"""Pixels of a drawn page's shorter side, where no more are asked for."""

WHOLE_SIDE = 1_240
"""Pixels of a drawn page's shorter side where all there is is asked for; A4 at 150 dpi."""

LONGEST_SIDE = 4_000
"""Most pixels of a drawn page's longer side, however large the paper is."""

MAX_PAGES = 100_000
"""Most pages of a file."""

MAX_PAGE_TEXT = 1_000_000
"""Characters of a page that are read; a file may unfold to any number."""

_AT_ONCE = 200  # pages that are read before the document is closed and opened again
_PASSWORD = 4  # FPDF_ERR_PASSWORD
_PAGE = re.compile(r"(.*\.pdf)#page=([1-9]\d{0,6})", re.IGNORECASE | re.DOTALL)
_DAMAGE = (RuntimeError, ValueError, OSError, MemoryError, ArithmeticError)  # PdfiumError is a RuntimeError

_lock = threading.Lock()


class PageText(NamedTuple):
    """A page without its pixels.

    Attributes:
        number: From 1.
        pages: How many the file has.
        title: What the file says its title is, the same for each page.
        text: As PDFium gives it, lines ending in CR LF; "" where there is none.
        is_blank: There is nothing on it.
        is_broken: It cannot be loaded.
    """

    number: int
    pages: int
    title: str
    text: str = ""
    is_blank: bool = False
    is_broken: bool = False


def page_path(path: Path, number: int) -> Path:
    """What names the picture of a page, from 1, of the file at ``path``."""
    return path.with_name(f"{path.name}#page={number}")


def page_of(path: Path) -> tuple[Path, int] | None:
    """The file and the number of the page that ``path`` names; ``None`` where it names none."""
    found = _PAGE.fullmatch(path.name)
    return (path.with_name(found.group(1)), int(found.group(2))) if found else None


def read_pages(path: Path) -> Iterator[PageText]:
    """Every page in order, what people filled into forms included; memory does not grow with the file.

    Raises:
        CorpusError: the file is damaged, encrypted, or has over ``MAX_PAGES`` pages; the message does not
            name it.
        MissingExtra: pypdfium2 is not installed.
        OSError: the file cannot be opened.
    """
    first, pages = 0, 1
    while first < pages:
        with _opened(path) as pdf:
            pages = len(pdf)
            if pages > MAX_PAGES:
                raise CorpusError(f"{pages:,} pages, over the limit of {MAX_PAGES:,}; split the file")
            title = pdf.get_metadata_value("Title")
            after = min(first + _AT_ONCE, pages)
            read = [_text(pdf, number, pages, title) for number in range(first, after)]
        yield from read
        first = after


def draw_page(
    file: Path | BinaryIO, number: int, *, name: str, enough: tuple[int, int] | None = None
) -> Image.Image:
    """How a page looks, in RGB.

    Args:
        file: The PDF file: its path, or it opened, which stays open.
        number: The page, from 1.
        name: What errors call the page.
        enough: (width, height) in pixels that suffice: the page is drawn no smaller, its shorter side at
            least ``SHORTER_SIDE``. By default that is ``WHOLE_SIDE``. ``LONGEST_SIDE`` comes before either.

    Raises:
        ImageError: there is no such file or page, or it cannot be drawn.
        MissingExtra: pypdfium2 is not installed.
    """
    try:
        with _opened(file) as pdf:
            if number > len(pdf):
                raise ImageError(f"{name}: the file has only {len(pdf):,} pages")
            with _page(pdf, number - 1) as page:
                width, height = page.get_size()
                bitmap = page.render(scale=_scale(width, height, enough), limit_image_cache=True)
                try:
                    drawn: Image.Image = bitmap.to_pil()
                    return drawn.convert("RGB").copy()  # the bitmap's memory goes with it
                finally:
                    bitmap.close()
    except FileNotFoundError as error:
        raise ImageError(f"{name}: no such file") from error
    except CorpusError as error:
        raise ImageError(f"{name}: {error}") from error
    except _DAMAGE as error:
        raise ImageError(f"{name}: cannot be drawn: {error or type(error).__name__}") from error


def _scale(width: float, height: float, enough: tuple[int, int] | None) -> float:
    """Pixels for each unit of the page, whose sides are above 0."""
    shorter, longer = sorted((width, height))
    scale = (SHORTER_SIDE if enough else WHOLE_SIDE) / shorter
    if enough:
        scale = max(scale, enough[0] / width, enough[1] / height)
    return min(scale, LONGEST_SIDE / longer)


def _text(pdf: Any, index: int, pages: int, title: str) -> PageText:
    try:
        with _page(pdf, index) as page:
            text = _words(page)
            is_blank = not text.strip() and not _has_marks(page)
            return PageText(index + 1, pages, title, text, is_blank)
    except _DAMAGE:
        return PageText(index + 1, pages, title, is_broken=True)


def _words(page: Any) -> str:
    words = page.get_textpage()
    try:
        if words.count_chars() > MAX_PAGE_TEXT:
            return str(words.get_text_range(0, MAX_PAGE_TEXT))
        return str(words.get_text_bounded())  # unlike ranges, it is right beyond the first 65,536 characters
    finally:
        words.close()


def _has_marks(page: Any) -> bool:
    if next(page.get_objects(max_depth=1), None) is not None:
        return True
    raw = require("pypdfium2.raw", extra="pdf", purpose="reading PDF")
    return bool(raw.FPDFPage_GetAnnotCount(page) > 0)  # what people drew or stamped on it


@contextmanager
def _opened(file: Path | BinaryIO) -> Iterator[Any]:
    """The document, for this thread alone.

    Raises:
        CorpusError: it is damaged or encrypted; the message does not name it.
    """
    pdfium = require("pypdfium2", extra="pdf", purpose="reading PDF")
    with _lock:
        if (file.stat().st_size if isinstance(file, Path) else file.seek(0, os.SEEK_END)) == 0:
            raise CorpusError("the file is empty")
        try:
            pdf = pdfium.PdfDocument(file)
        except pdfium.PdfiumError as error:
            if error.err_code == _PASSWORD:
                raise CorpusError("encrypted: it opens with a password only; save a copy without") from error
            raise CorpusError("not a PDF, or damaged beyond repair: it cannot be opened") from error
        try:
            pdf.init_forms()  # before any page is loaded, by PDFium's rules
            yield pdf
        finally:
            pdf.close()


@contextmanager
def _page(pdf: Any, index: int) -> Iterator[Any]:
    """A page, with what people filled into its form as part of it."""
    page = pdf.get_page(index)
    if pdf.formenv:
        try:
            page.flatten()
        finally:
            page.close()  # PDFium sees the change only when the page is loaded again
        page = pdf.get_page(index)
    try:
        yield page
    finally:
        page.close()
