"""PDF files by pypdfium2 (PDFium): the text of their pages, and how a page looks.

A page's picture is named by a path, ``report.pdf#page=3``, and drawn when somebody looks at it: an index of
ten thousand pages keeps no pixels, and pixels that are drawn are never more than one page's. PDFium has a
process of its own (:mod:`univldr._pdf_process`); and it keeps what it has parsed until a document is closed,
so documents are closed early.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from univldr import _pdf_process
from univldr._pdf_worker import Answer
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
_MOST_ENDS = 3  # pages of a file that may be PDFium's end; each may take seconds
_PAGE = re.compile(r"(.*\.pdf)#page=([1-9]\d{0,6})", re.IGNORECASE | re.DOTALL)


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
        CorpusError: the file is damaged, encrypted, has over ``MAX_PAGES`` pages, or over ``_MOST_ENDS`` that
            PDFium cannot read within its limits; the message does not name it.
        MissingExtra: pypdfium2 is not installed.
        OSError: the file cannot be opened.
    """
    first, pages, ends = 0, 1, 0
    while first < pages:
        request = {"most_pages": MAX_PAGES, "first": first, "after": first + _AT_ONCE}
        got, end = _asked(path, request | {"most_text": MAX_PAGE_TEXT})
        head = got[0][0] if got else {}
        read = [PageText(first + n, **head, **fields) for n, (fields, _) in enumerate(got[1:], start=1)]
        if end:
            ends += 1
            if not head or ends > _MOST_ENDS:
                raise CorpusError(f"damaged, or made to do harm: {end}; print it to a new file")
            read.append(PageText(first + len(read) + 1, **head, is_broken=True))
        yield from read
        pages = head["pages"]
        first += len(read)


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
    request = {
        "number": number,
        "shorter": SHORTER_SIDE if enough else WHOLE_SIDE,
        "longest": LONGEST_SIDE,
        "enough": enough,
    }
    try:
        got, end = _asked(file, request)
    except FileNotFoundError as error:
        raise ImageError(f"{name}: no such file") from error
    except CorpusError as error:
        raise ImageError(f"{name}: {error}") from error
    except OSError as error:
        raise ImageError(f"{name}: cannot be read: {error.strerror or error}") from error
    if end:
        raise ImageError(f"{name}: {end}")
    [(fields, pixels)] = got
    return Image.frombytes("RGB", tuple(fields["size"]), pixels)


def _asked(file: Path | BinaryIO, request: Mapping[str, Any]) -> tuple[list[Answer], str]:
    """See :func:`univldr._pdf_process.ask`.

    Raises:
        CorpusError: it cannot be opened, or has no such page; the message does not name it.
    """
    if isinstance(file, Path):
        with file.open("rb") as stream:
            return _asked(stream, request)
    got, end = _pdf_process.ask(request, file)
    if got and "error" in got[-1][0]:
        raise CorpusError(got[-1][0]["error"])
    return got, end
