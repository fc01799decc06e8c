"""Small sound PDF files, and some that unfold without end."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import partial

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_WORDS = b"BT /F1 12 Tf 72 700 Td 14 TL (Onion soup needs) Tj T* (an hour.) Tj ET 10 10 60 60 re f"


def stream(content: bytes, entries: bytes = b"", *, packed: int = 0) -> bytes:
    """A stream object, deflated so many times."""
    for _ in range(packed):
        content = zlib.compress(content, 9)
    filters = b"/Filter [" + b"/FlateDecode " * packed + b"]" if packed else b""
    return b"<< %s %s /Length %d >>\nstream\n%s\nendstream" % (entries, filters, len(content), content)


def file(objects: Sequence[bytes], trailer: bytes = b"", *, size: int = 0) -> bytes:
    """A file of these objects, of which the first is the catalogue."""
    out, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count, start = len(objects) + 1, len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    return out + b"trailer\n<< /Root 1 0 R /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        size or count, trailer, start
    )  # fmt: skip


def page(
    content: bytes, *objects: bytes, box: bytes = b"0 0 612 792", resources: bytes = b"", more: bytes = b""
) -> bytes:
    """A file of one page; ``content`` is its stream object, ``objects`` begin with number 6."""
    return file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 5 0 R %s"
            b" /Resources << /Font << /F1 4 0 R >> %s >> >>" % (box, more, resources),
            _FONT,
            content,
            *objects,
        ]
    )


def seeds() -> list[bytes]:
    """Pages plain and packed, with a picture, a form that is filled in, a note, and objects in a stream."""
    picture = stream(bytes(range(48)), _image(4, 4), packed=1)
    widget = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Anna) /DA (/F1 12 Tf) /Rect [9 9 99 99] >>"
    )
    note = b"<< /Type /Annot /Subtype /Square /Rect [9 9 99 99] /C [1 0 0] >>"
    shading = b"<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 9 9] /Function 7 0 R >>"
    function = b"<< /FunctionType 2 /Domain [0 1] /C0 [0 0 0] /C1 [1 1 1] /N 1 >>"
    return [
        page(stream(_WORDS)),
        page(stream(_WORDS, packed=1), more=b"/Rotate 90"),
        page(stream(b"q 99 0 0 99 0 0 cm /X Do Q"), picture, resources=b"/XObject << /X 6 0 R >>"),
        page(stream(b"/S sh"), shading, function, resources=b"/Shading << /S 6 0 R >>"),
        page(stream(_WORDS), widget, note, more=b"/Annots [6 0 R 7 0 R]"),
        file([b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] >> >>",
              b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 /MediaBox [0 0 99 99] >>",
              b"<< /Type /Page /Parent 2 0 R >>", b"<< /Title (T\\344gliches) >>"], b"/Info 4 0 R"),
        _in_streams(),
    ]  # fmt: skip


def _image(width: int, height: int, more: bytes = b"/ColorSpace /DeviceRGB /BitsPerComponent 8") -> bytes:
    return b"/Type /XObject /Subtype /Image /Width %d /Height %d %s" % (width, height, more)


def _in_streams(first: int = 0, count: int = 3, size: int = 6) -> bytes:
    """Objects inside a stream, found by a table that is a stream, too."""
    held = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>"]  # fmt: skip
    head, at = b"", 0
    for number, one in enumerate(held, 1):
        head += b"%d %d " % (number, at)
        at += len(one) + 1
    objects = stream(
        head + b" ".join(held),
        b"/Type /ObjStm /N %d /First %d" % (count, first or len(head)),
        packed=1,
    )
    out = b"%%PDF-1.7\n4 0 obj\n%s\nendobj\n" % objects
    rows = [(0, 0, 0), *((2, 4, n) for n in range(3)), (1, 9, 0), (1, len(out), 0)]
    table = b"".join(bytes([kind]) + place.to_bytes(2, "big") + bytes([n]) for kind, place, n in rows)
    entries = b"/Type /XRef /Size %d /W [1 2 1] /Root 1 0 R" % size
    return out + b"5 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (stream(table, entries), len(out))


def specials() -> list[Callable[[], bytes]]:
    """Streams and pictures of a gigabyte, drawings in drawings, trees without end, papers of all sizes."""
    made: list[Callable[[], bytes]] = [
        lambda: page(stream(b" " * 300_000_000, packed=2)),
        lambda: page(stream(b"0 0 m 9 9 l " * 3_000_000 + b"S", packed=1)),
        lambda: page(stream(b"q " * 5_000_000, packed=1)),
        lambda: page(stream(b"[" * 5_000_000, packed=1)),
        lambda: page(stream(b"BT /F1 1 Tf " + b"(word )Tj " * 1_000_000 + b"ET", packed=1)),
        lambda: page(stream(b"BT /F1 1 Tf (" + b"word " * 1_000_000 + b")Tj ET", packed=1)),
        lambda: page(stream(b"0 0 9 9 re f " * 1_000_000, packed=1)),
        lambda: page(stream(b"/S sh " * 100_000, packed=1), _slow_shading(), _slow_function(),
                     resources=b"/Shading << /S 6 0 R >>"),
        lambda: file([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Kids [2 0 R 2 0 R] /Count 9 >>"]),
        lambda: file([b"<< /Type /Catalog /Pages 2 0 R >>",
                      b"<< /Type /Pages /Kids [] /Count 2147483647 >>"]),
        lambda: file([b"<< /Type /Catalog /Pages 2 0 R >>",
                      b"<< /Kids [" + b"3 0 R " * 30_000 + b"] /Count 30000 >>",
                      b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"]),
        lambda: file([b"<< /Type /Catalog /Pages 2 0 R >>", b"[" * 1_000_000]),
        lambda: file([b"<< /Type /Catalog /Pages 2 0 R >>"], size=2**31 - 1),
        lambda: file([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>",
                      b"<< /Title (" + b"a" * 20_000_000 + b") >>"], b"/Info 3 0 R"),
        lambda: _in_streams(count=2**31 - 1, size=2**31 - 1),
        dreams,
        pattern,
    ]  # fmt: skip
    boxes = [
        "0 0 1e9 1e9",
        "0 0 1e-9 1e-9",
        "0 0 1 1e9",
        "-1e38 -1e38 1e38 1e38",
        "0 0 14400 14400",
        "9 9 0 0",
    ]
    made += [partial(page, stream(_WORDS), box=box.encode()) for box in boxes]
    made += [partial(_picture, *size) for size in ((14_000, 14_000), (8_000, 8_000), (60_000, 1))]
    return [*made, partial(_picture, 60_000, 60_000, bits=1), _fax]


def _slow_shading() -> bytes:
    return b"<< /ShadingType 1 /ColorSpace /DeviceRGB /Domain [0 1 0 1] /Function 7 0 R >>"


def _slow_function() -> bytes:
    sums = b"{ " + b"1 add sin " * 2_000 + b"exch pop dup dup }"
    return stream(sums, b"/FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1]")


def dreams() -> bytes:
    """A drawing of ten drawings of ten drawings..."""
    forms = [
        stream(b"/X Do " * 10, b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X "
               b"%d 0 R >> >>" % (number + 1))
        for number in range(6, 16)
    ]  # fmt: skip
    last = stream(b"0 0 1 1 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    return page(stream(b"/X Do"), *forms, last, resources=b"/XObject << /X 6 0 R >>")


def pattern() -> bytes:
    """A page tiled with what is a hundredth of a point large."""
    tile = stream(b"0 0 1 1 re f", b"/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 0.01 "
                  b"/YStep 0.01 /Resources << >>")  # fmt: skip
    return page(stream(b"/Pattern cs /P scn 0 0 612 792 re f"), tile, resources=b"/Pattern << /P 6 0 R >>")


def _picture(width: int, height: int, bits: int = 24) -> bytes:
    """A page with a picture of zeros."""
    row = zlib.compressobj(9)
    packed = b"".join(row.compress(bytes((width * bits + 7) // 8)) for _ in range(height)) + row.flush()
    colours = b"/ColorSpace /%s /BitsPerComponent %d" % (
        (b"DeviceGray", 1) if bits == 1 else (b"DeviceRGB", 8)
    )
    content = stream(packed, _image(width, height, colours) + b" /Filter /FlateDecode")
    return page(stream(b"q 600 0 0 600 0 0 cm /X Do Q"), content, resources=b"/XObject << /X 6 0 R >>")


def _fax() -> bytes:
    """A page with a picture of a fax that says it is large."""
    entries = b"/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms << /K -1 "
    entries += b"/Columns 60000 /Rows 60000 >>"
    content = stream(b"\x80" * 9, _image(60_000, 60_000, entries))
    return page(stream(b"q 600 0 0 600 0 0 cm /X Do Q"), content, resources=b"/XObject << /X 6 0 R >>")
