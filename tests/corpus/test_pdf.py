"""A PDF becomes pictures of its pages with their words; what is broken costs only itself."""

from __future__ import annotations

import hashlib
import struct
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.corpus.corpus_kit import Write, modified
from tests.corpus.pdf_kit import LETTER, Box, make_pdf, stream
from univldr import _pdf
from univldr._pdf import page_of, page_path
from univldr.corpus import PassageCutter, open_corpus, pdf
from univldr.corpus.folder import FolderCorpus
from univldr.corpus.pdf import cleaned
from univldr.encoders.hash import HashEncoder
from univldr.errors import CorpusError, ImageError, MissingExtra
from univldr.images import check_picture, load_image
from univldr.index import Manifest, Store
from univldr.pipeline import IndexReport, index_corpus
from univldr.search import Searcher
from univldr.types import Document, Encoder, Modality, Query

pytest.importorskip("pypdfium2")

# An empty password, filled up to 32 bytes (ISO 32000-1, 7.6.3.3).
NO_PASSWORD = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
BLACK = "% a black page\n0 0 0 rg 0 0 9999 9999 re f"


@pytest.fixture
def corpus(root: Path, cutter: PassageCutter) -> FolderCorpus:
    return FolderCorpus(root, cutter)


def pages(corpus: FolderCorpus) -> list[Document]:
    """The documents of the only file."""
    (source,) = corpus.scan().sources
    return corpus.read(source)


def reason(corpus: FolderCorpus) -> str:
    with pytest.raises(CorpusError) as raised:
        pages(corpus)
    return str(raised.value)


def picture(document: Document, draft: tuple[int, int] | None = (64, 64)) -> Image.Image:
    assert document.image is not None
    return load_image(document.image, name=document.id, draft=draft)


# --- documents ---


def test_a_page_is_a_picture_with_its_text(corpus: FolderCorpus, write: Write) -> None:
    path = write("a/the_report.PDF", make_pdf(["One red\ndoor.", "Two (blue) caf\xe9s."]))
    first, second = pages(corpus)
    assert first == Document(
        "a/the_report.PDF#page=1",
        Modality.IMAGE,
        "One red door.",
        path.with_name("the_report.PDF#page=1"),
        "the report, page 1",
        metadata={"path": str(path), "modified": modified(path), "page": 1, "pages": 2},
    )
    assert (second.text, second.metadata["page"]) == ("Two (blue) cafés.", 2)


def test_every_word_of_a_long_page_is_in_a_caption_or_a_passage(corpus: FolderCorpus, write: Write) -> None:
    words = [f"word{n}" for n in range(50)]
    text = "\n".join(" ".join(words[n : n + 10]) + "." for n in range(0, 50, 10))
    path = write("a.pdf", make_pdf([text, "Short."]))
    *first, second = pages(corpus)
    assert [document.id for document in first] == ["a.pdf#page=1", "a.pdf#page=1#1", "a.pdf#page=1#2"]
    assert [document.modality for document in first] == [Modality.IMAGE, Modality.TEXT, Modality.TEXT]
    assert {word.strip(".") for document in first for word in document.text.split()} == set(words)
    assert all(len(document.text.split()) <= 20 for document in first)
    place = {"path": str(path), "modified": modified(path), "page": 1, "pages": 2}
    assert [document.metadata for document in first[1:]] == [place, place]
    assert first[0].metadata == {**place, "verbalize": False}  # there is no room for more words
    assert "verbalize" not in second.metadata


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Tea in Japan", "Tea in Japan, page 1"),
        ("  Tea  in\tJapan ", "Tea in Japan, page 1"),
        ("Microsoft Word - tea.doc", "my file, page 1"),
        ("tea_final.indd", "my file, page 1"),
        ("Untitled-1", "my file, page 1"),
    ],
)
def test_title(title: str, expected: str, corpus: FolderCorpus, write: Write) -> None:
    write("my-file.pdf", make_pdf(["x"], title=title))
    assert pages(corpus)[0].title == expected


def test_a_scan_has_a_look_and_no_words(corpus: FolderCorpus, root: Path) -> None:
    Image.new("RGB", (60, 80), "red").save(root / "scan.pdf")
    (page,) = pages(corpus)
    assert (page.text, page.metadata["page"]) == ("", 1)
    assert picture(page).getpixel((200, 200)) == (254, 0, 0)  # Pillow stores a JPEG


def test_blank_pages_are_left_out_and_counted(corpus: FolderCorpus, write: Write) -> None:
    write("a.pdf", make_pdf(["", "Two.", ""]))
    (page,) = pages(corpus)
    assert (page.id, page.metadata["pages"]) == ("a.pdf#page=2", 3)


def test_a_page_with_only_a_stamp_is_not_blank(corpus: FolderCorpus, write: Write) -> None:
    stamp = "/Annots [<< /Type /Annot /Subtype /Square /Rect [9 9 99 99] /C [1 0 0] >>]"
    write("a.pdf", make_pdf([""], more=stamp))
    assert len(pages(corpus)) == 1


def test_what_is_filled_into_a_form_is_read_and_seen(corpus: FolderCorpus, write: Write) -> None:
    field = (
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ada) /F 4 /Rect [72 500 272 520]"
        " /DA (/F1 12 Tf 0 g) /P 4 0 R /AP << /N 7 0 R >> >>"
    )
    shown = stream(
        "/Tx BMC q BT /F1 12 Tf 2 5 Td (Ada) Tj ET Q EMC",
        "/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F1 3 0 R >> >>",
    )
    form = "/AcroForm << /Fields [6 0 R] /DR << /Font << /F1 3 0 R >> >> /DA (/F1 12 Tf 0 g) >>"
    write("a.pdf", make_pdf(["Name:"], more="/Annots [6 0 R]", catalog=form, objects=[field, shown]))
    (page,) = pages(corpus)
    assert page.text == "Name: Ada"
    whole = np.asarray(picture(page, None).convert("L"))
    assert whole[int(1240 / 612 * 272) : int(1240 / 612 * 292)].min() < 100


def test_turned_pages_are_read(corpus: FolderCorpus, write: Write) -> None:
    write("a.pdf", make_pdf(["Upright no more."], more="/Rotate 90"))
    (page,) = pages(corpus)
    assert page.text == "Upright no more."
    assert picture(page).size == (518, 400)


def test_pages_keep_their_order_beyond_those_read_at_once(
    corpus: FolderCorpus, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pdf, "_AT_ONCE", 3)
    write("a.pdf", make_pdf([f"Number {n}." for n in range(1, 8)]))
    assert [(page.metadata["page"], page.text) for page in pages(corpus)] == [
        (n, f"Number {n}.") for n in range(1, 8)
    ]


# --- texts ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("exam\x02\r\nple exam\ufffeple exam\u00adple", "example example example"),
        ("o\ufb03ce \ufb01re", "office fire"),
        ("a\x00b\x1fc\ud800d\ufffd", "a b c d"),
        ("\ue000 bullet point", "bullet point"),
        ("\ue001\ue002\ue003 \ue004\ue005 a", ""),
        ("E = mc² → x₁", "E = mc² → x₁"),
        (" \r\n ", ""),
    ],
)
def test_cleaned(text: str, expected: str) -> None:
    assert cleaned(text) == expected
    cleaned(text).encode()


def test_words_divided_at_the_end_of_a_line(corpus: FolderCorpus, write: Write) -> None:
    write("a.pdf", make_pdf(["A univer-\nsal retriever"]))
    assert pages(corpus)[0].text == "A universal retriever"


# --- what is broken ---


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "a.pdf: the file is empty"),
        (b"no PDF at all", "a.pdf: not a PDF, or damaged"),
        (make_pdf(["text"])[:200], "a.pdf: not a PDF, or damaged"),
        (make_pdf([]), "a.pdf: not a PDF, or damaged"),
        (make_pdf(["", ""]), "a.pdf: nothing is on its 2 pages"),
        (make_pdf(["x", "y"], missing=[0, 1]), "a.pdf: damaged: none of its 2 pages can be loaded"),
        (
            make_pdf(
                ["x"],
                trailer=f"/ID [<{'00' * 16}> <{'00' * 16}>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4"
                f" /O <{'11' * 32}> /U <{'22' * 32}> >>",
            ),
            "a.pdf: encrypted: it opens with a password only; save a copy without",
        ),
    ],
    ids=["empty", "junk", "cut off", "no pages", "blank", "no page", "encrypted"],
)
def test_broken_files(content: bytes, expected: str, corpus: FolderCorpus, write: Write) -> None:
    write("a.pdf", content)
    assert reason(corpus).startswith(expected)


def test_a_file_that_only_restricts_its_use_is_read(corpus: FolderCorpus, write: Write) -> None:
    owner, id_, rights = b"\x11" * 32, bytes(16), -4
    user = rc4(hashlib.md5(NO_PASSWORD + owner + struct.pack("<i", rights) + id_).digest()[:5], NO_PASSWORD)
    encrypt = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P {rights} /O <{owner.hex()}> /U <{user.hex()}> >>"
    stamp = "/Annots [<< /Type /Annot /Subtype /Square /Rect [9 9 99 99] /C [1 0 0] >>]"
    write("a.pdf", make_pdf([""], more=stamp, trailer=f"/ID [<{id_.hex()}> <{id_.hex()}>] {encrypt}"))
    assert len(pages(corpus)) == 1


def rc4(key: bytes, data: bytes) -> bytes:
    """What PDF's older encryption is made of."""
    box, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def test_a_broken_page_is_there_to_be_reported(corpus: FolderCorpus, write: Write) -> None:
    write("a.pdf", make_pdf(["One.", "Two.", "Three."], missing=[1]))
    one, two, three = pages(corpus)
    assert [one.text, two.text, three.text] == ["One.", "", "Three."]
    picture(three)
    with pytest.raises(ImageError, match=r"a\.pdf#page=2: cannot be drawn"):
        picture(two)


def test_a_flood_of_broken_pages(corpus: FolderCorpus, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_MAX_BROKEN", 2)
    write("a.pdf", make_pdf(["x"] * 6, missing=range(5)))
    assert [page.metadata["page"] for page in pages(corpus)] == [1, 2, 6]


@pytest.mark.parametrize(
    ("module", "limit", "value", "expected"),
    [
        (_pdf, "MAX_PAGES", 1, "a.pdf: 2 pages, over the limit of 1; split the file"),
        (pdf, "MAX_PDF_TEXT", 5, "a.pdf: over the limit of 5 characters"),
    ],
)
def test_limits(
    module: object, limit: str, value: int, expected: str, corpus: FolderCorpus, write: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(module, limit, value)
    write("a.pdf", make_pdf(["one", "two"]))
    assert reason(corpus).startswith(expected)


def test_a_page_with_too_much_text_is_cut(
    corpus: FolderCorpus, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pdf, "MAX_PAGE_TEXT", 7)
    write("a.pdf", make_pdf(["one two three"]))
    assert pages(corpus)[0].text == "one two"


def test_without_pypdfium2(corpus: FolderCorpus, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.pdf", make_pdf(["x"]))
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    for read in (lambda: pages(corpus), lambda: load_image(page_path(path, 1))):
        with pytest.raises(MissingExtra, match=r'pypdfium2: pip install "univldr\[pdf\]"'):
            read()


def test_a_single_pdf_is_no_corpus(write: Write, cutter: PassageCutter) -> None:
    with pytest.raises(CorpusError, match="give its folder"):
        open_corpus(write("a.pdf", make_pdf(["x"])), cutter)


# --- how a page looks ---


@pytest.mark.parametrize("path", ["/a/b.pdf", "c d.PDF", "x.pdf#page=1.pdf"])
def test_names_of_pages(path: str) -> None:
    assert page_of(page_path(Path(path), 12)) == (Path(path), 12)


@pytest.mark.parametrize("name", ["a.pdf", "a.pdf#page=0", "a.pdf#page=", "a.png#page=1", "a.pdf#page=1x"])
def test_names_of_no_page(name: str) -> None:
    assert page_of(Path(name)) is None


@pytest.mark.parametrize(
    ("box", "draft", "size"),
    [
        (LETTER, (64, 64), (400, 518)),
        (LETTER, (800, 800), (800, 1036)),
        (LETTER, None, (1240, 1605)),
        ((0, 0, 1e9, 10), (64, 64), (4000, 1)),
        ((0, 0, 14_400, 7_200), None, (2480, 1240)),
        ((0, 0, 1, 1), (64, 64), (400, 400)),
        ((0, 0, 0, 0), (64, 64), (400, 518)),  # a letter, says PDFium
    ],
)
def test_sizes(box: Box, draft: tuple[int, int] | None, size: tuple[int, int], write: Write) -> None:
    page = load_image(page_path(write("a.pdf", make_pdf([BLACK], box=box)), 1), draft=draft)
    assert (page.mode, *page.size) == ("RGB", *[pytest.approx(side, abs=1) for side in size])


def test_ink_is_where_it_should_be(write: Write) -> None:
    corner = "% the lower left quarter\n0 0 1 rg 0 0 100 100 re f"
    page = load_image(page_path(write("a.pdf", make_pdf([corner], box=(0, 0, 200, 200))), 1), draft=(9, 9))
    assert (page.getpixel((100, 300)), page.getpixel((300, 100))) == ((0, 0, 255), (255, 255, 255))


def test_pages_that_are_not_there(write: Write, root: Path) -> None:
    path = write("a.pdf", make_pdf(["x"]))
    with pytest.raises(ImageError, match="the file has only 1 pages"):
        load_image(page_path(path, 2))
    check_picture(page_path(path, 1))
    for look in (load_image, check_picture):
        with pytest.raises(ImageError, match="#page=1: no such file"):
            look(page_path(root / "gone.pdf", 1))
    with pytest.raises(ImageError, match=r"b\.pdf#page=1: not a PDF, or damaged"):
        load_image(page_path(write("b.pdf", b"junk"), 1))


def test_many_threads_look_at_once(write: Write) -> None:
    path = write("a.pdf", make_pdf([f"% grey\n{n / 8} g 0 0 999 999 re f" for n in range(8)]))
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda n: load_image(page_path(path, n), draft=(8, 8)), [*range(1, 9)] * 3))
    greys = [np.asarray(page).mean() for page in drawn]
    assert greys == pytest.approx([n * 255 / 8 for n in range(8)] * 3, abs=1)


# --- in an index ---


class World:
    """A folder and its index, whose encoder counts words and colours."""

    def __init__(self, corpus: FolderCorpus, store: Store) -> None:
        self.corpus = corpus
        self.store = store
        self.encoder = HashEncoder(512)

    def index(self) -> IndexReport:
        return index_corpus(self.corpus, self.store, lambda: self.encoder)

    def best(self, query: str | Query) -> Document:
        return Searcher(self.encoder, self.store.engine).search(query, 1)[0].document


@pytest.fixture
def world(corpus: FolderCorpus, root: Path) -> Iterator[World]:
    with Store.create(root / ".univldr", Manifest.of(HashEncoder(512))) as store:
        yield World(corpus, store)


def never() -> Encoder:
    raise AssertionError("the encoder was loaded")


def test_found_by_words_and_by_look(world: World, write: Write) -> None:
    path = write("a.pdf", make_pdf(["Green tea from Japan", "Coffee from Kenya", BLACK]))
    write("b.txt", "Bread and butter")
    report = world.index()
    assert (report.documents, report.added, report.skipped) == (4, 2, [])
    found = world.best("coffee kenya")
    assert (found.id, found.metadata["page"]) == ("a.pdf#page=2", 2)
    assert found.image == page_path(path, 2)
    assert world.best(Query(image=page_path(path, 3))).id == "a.pdf#page=3"


def test_the_last_word_of_a_long_page_is_found(world: World, write: Write) -> None:
    lines = "\n".join(f"filler words of line {n} go on." for n in range(20))
    write("a.pdf", make_pdf(["Short.", f"{lines}\nThe zebra sleeps."]))
    world.index()
    found = world.best("zebra sleeps")
    assert (found.modality, found.metadata["page"], "zebra" in found.text) == (Modality.TEXT, 2, True)


def test_unchanged_files_are_not_opened_and_changed_ones_replaced(
    world: World, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.pdf", make_pdf(["One", "Two", "Three"]))
    world.index()
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "pypdfium2", None)
        report = index_corpus(world.corpus, world.store, never)
    assert (report.unchanged, report.documents, report.skipped) == (1, 3, [])
    write("a.pdf", make_pdf(["One", "Zwei"]))
    report = world.index()
    assert (report.updated, report.documents) == (1, 2)
    assert world.best("zwei").metadata["page"] == 2


def test_what_is_broken_is_listed_once_and_the_rest_is_there(world: World, write: Write) -> None:
    write("bad.pdf", b"junk")
    write("good.pdf", make_pdf(["One", "Two", "Three"], missing=[1]))
    for _ in range(2):
        report = world.index()
        assert report.documents == 2
        assert [entry.key for entry in report.skipped] == ["bad.pdf", "good.pdf#page=2"]
        assert "damaged" in report.skipped[0].reason


def test_pypdfium2_may_be_installed_later(
    world: World, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.pdf", make_pdf(["One"]))
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "pypdfium2", None)
        (entry,) = world.index().skipped
    assert str(entry) == 'a.pdf: reading PDF needs pypdfium2: pip install "univldr[pdf]"'
    report = world.index()
    assert (report.documents, report.skipped) == (1, [])
