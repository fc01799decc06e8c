"""PDF files for tests, written by hand as PDF 1.4 has it (ISO 32000-1, 7.5)."""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[float, float, float, float]
LETTER: Box = (0, 0, 612, 792)
_FIRST_PAGE = 4  # the number of its object; a page's content is the object after it


def make_pdf(
    pages: Sequence[str],
    *,
    box: Box = LETTER,
    title: str = "",
    more: str = "",
    catalog: str = "",
    trailer: str = "",
    objects: Sequence[str] = (),
    missing: Sequence[int] = (),
) -> bytes:
    """A PDF with a page for each text, its lines below each other in Helvetica; "" is a blank page.

    Args:
        pages: Texts in Latin-1, or content streams where they begin with ``%``.
        box: The paper.
        title: What the file calls itself.
        more: Entries of every page's dictionary.
        catalog: Entries of the document's.
        trailer: Entries of the file's trailer.
        objects: Further objects; the first has the number 4 + 2 * len(pages).
        missing: Positions of pages that are named but not there.
    """
    numbers = [_FIRST_PAGE + 2 * position for position in range(len(pages))]
    kids = " ".join(f"{9_999 if n in missing else number} 0 R" for n, number in enumerate(numbers))
    body = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, text in zip(numbers, pages, strict=True):
        content = text if text.startswith("%") else _content(text)
        body += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{' '.join(map(str, box))}] {more}"
            f" /Resources << /Font << /F1 3 0 R >> >> /Contents {number + 1} 0 R >>",
            stream(content),
        ]
    body += [*objects, f"<< /Title ({title}) >>"]
    return _file(body, f"{trailer} /Info {len(body)} 0 R")


def stream(content: str, entries: str = "") -> str:
    """A stream object."""
    return f"<< {entries} /Length {len(content)} >>\nstream\n{content}\nendstream"


def _content(text: str) -> str:
    if not text:
        return ""
    escaped = (line.translate({ord(c): f"\\{c}" for c in "()\\"}) for line in text.split("\n"))
    return "BT /F1 12 Tf 72 720 Td 14 TL " + " ".join(f"({line}) Tj T*" for line in escaped) + " ET"


def _file(body: Sequence[str], trailer: str) -> bytes:
    out, offsets = b"%PDF-1.4\n", list[int]()
    for number, value in enumerate(body, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{value}\nendobj\n".encode("latin-1")
    start, count = len(out), len(body) + 1
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    out += f"xref\n0 {count}\n0000000000 65535 f \n{table}".encode()
    return out + f"trailer\n<< /Root 1 0 R /Size {count} {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
