"""What PDFium does with a file, in a process of its own: ``python -m univldr._pdf_worker DESCRIPTOR MEMORY``.

PDFium is native code: a damaged file may crash it, and three kilobytes can ask it for any amount of time and
memory. Here it has ``MEMORY`` bytes and ``SECONDS`` of CPU for a page, and takes nothing along; see
:mod:`univldr._pdf_process`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from univldr._optional import require

SECONDS = 4.0
"""Of CPU, for opening a file, for reading a page, and for drawing one."""

MEMORY = 896 << 20
"""Bytes of the process's addresses, where the system keeps that limit (Linux does)."""

HEAD = struct.Struct(">II")
"""Before a message: the length of its JSON, and of the bytes behind that."""

_MOST_AT_ONCE = 5_000_000  # characters of pages; then the rest has to be asked for
_PASSWORD = 4  # FPDF_ERR_PASSWORD
_DAMAGE = (RuntimeError, ValueError, OSError, MemoryError, ArithmeticError)  # PdfiumError is a RuntimeError

Answer = tuple[Mapping[str, Any], bytes]


class _RefusedError(Exception):
    """The file cannot be opened; says why."""


def answers(request: Mapping[str, Any], file: BinaryIO) -> Iterator[Answer]:
    """What is asked of a file.

    Args:
        request: ``first``, ``after``, ``most_pages`` and ``most_text`` ask for pages without their pixels;
            ``number`` (from 1), ``shorter``, ``longest`` and ``enough`` for one page's pixels.
        file: Opened; it stays open.

    Yields:
        For pages, first ``pages`` and ``title``, then of each ``text`` and ``is_blank``, or ``is_broken``;
        for pixels ``size``, with RGB behind it; ``error`` where there is no more.
    """
    try:
        _start_clock()
        with _opened(file) as pdf:
            yield from _drawn(pdf, request) if "number" in request else _read(pdf, request)
    except _RefusedError as error:
        yield {"error": str(error)}, b""
    except _DAMAGE as error:
        what = "drawn" if "number" in request else "read"
        yield {"error": f"cannot be {what}: {error or type(error).__name__}"}, b""


def _read(pdf: Any, request: Mapping[str, Any]) -> Iterator[Answer]:
    pages = len(pdf)
    if pages > request["most_pages"]:
        raise _RefusedError(f"{pages:,} pages, over the limit of {request['most_pages']:,}; split the file")
    yield {"pages": pages, "title": pdf.get_metadata_value("Title")}, b""
    size = 0
    for index in range(request["first"], min(request["after"], pages)):
        _start_clock()
        page = _text(pdf, index, request["most_text"])
        yield page, b""
        size += len(page.get("text", ""))
        if size > _MOST_AT_ONCE:
            return


def _text(pdf: Any, index: int, most: int) -> Mapping[str, Any]:
    try:
        with _page(pdf, index) as page:
            text = _words(page, most)
            return {"text": text, "is_blank": not text.strip() and not _has_marks(page)}
    except _DAMAGE:
        return {"is_broken": True}


def _words(page: Any, most: int) -> str:
    words = page.get_textpage()
    try:
        if words.count_chars() > most:
            return str(words.get_text_range(0, most))
        return str(words.get_text_bounded())  # unlike ranges, it is right beyond the first 65,536 characters
    finally:
        words.close()


def _has_marks(page: Any) -> bool:
    if next(page.get_objects(max_depth=1), None) is not None:
        return True
    raw = require("pypdfium2.raw", extra="pdf", purpose="reading PDF")
    return bool(raw.FPDFPage_GetAnnotCount(page) > 0)  # what people drew or stamped on it


def _drawn(pdf: Any, request: Mapping[str, Any]) -> Iterator[Answer]:
    if request["number"] > len(pdf):
        raise _RefusedError(f"the file has only {len(pdf):,} pages")
    _start_clock()
    with _page(pdf, request["number"] - 1) as page:
        bitmap = page.render(scale=_scale(page.get_size(), request), limit_image_cache=True)
        try:
            pixels = bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
    yield {"size": pixels.size}, pixels.tobytes()


def _scale(sides: tuple[float, float], request: Mapping[str, Any]) -> float:
    """Pixels for each unit of the page, whose sides are above 0."""
    shorter, longer = sorted(sides)
    scale = request["shorter"] / shorter
    if enough := request["enough"]:
        scale = max(scale, enough[0] / sides[0], enough[1] / sides[1])
    return float(min(scale, request["longest"] / longer))


@contextmanager
def _opened(file: BinaryIO) -> Iterator[Any]:
    pdfium = require("pypdfium2", extra="pdf", purpose="reading PDF")
    if file.seek(0, os.SEEK_END) == 0:
        raise _RefusedError("the file is empty")
    try:
        pdf = pdfium.PdfDocument(file)
    except pdfium.PdfiumError as error:
        if error.err_code == _PASSWORD:
            raise _RefusedError("encrypted: it opens with a password only; save a copy without") from error
        raise _RefusedError("not a PDF, or damaged beyond repair: it cannot be opened") from error
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


# --- the process ---


_limited = False


def _start_clock() -> None:
    """From here on there are ``SECONDS``: then the system ends the process, whatever it is at."""
    if _limited:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)


def _limit(memory: int) -> None:
    global _limited
    import resource  # there is none on Windows

    _limited = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides when it is over
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # macOS has no limit of addresses
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Answer one request after the other until there is nobody to ask."""
    require("pypdfium2", extra="pdf", purpose="reading PDF")  # before memory counts
    with socket.socket(fileno=int(sys.argv[1])) as asker:
        _limit(int(sys.argv[2]))
        while True:
            request, descriptors, _, _ = socket.recv_fds(asker, 1 << 16, 1)
            if not request:
                return
            with os.fdopen(descriptors[0], "rb") as file:
                for fields, data in answers(json.loads(request), file):
                    told = json.dumps(fields).encode()
                    asker.sendall(HEAD.pack(len(told), len(data)) + told + data)
                asker.sendall(HEAD.pack(0, 0))
            signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()
