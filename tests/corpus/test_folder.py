"""A folder becomes passages and captioned pictures; what cannot be read costs only itself."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from tests.corpus.corpus_kit import Draw, Write, modified
from univldr.corpus import PassageCutter, Skipped, folder, open_corpus
from univldr.corpus.folder import FolderCorpus
from univldr.errors import CorpusError, ImageError
from univldr.types import Document, Modality


@pytest.fixture
def corpus(root: Path, cutter: PassageCutter) -> FolderCorpus:
    return FolderCorpus(root, cutter)


def everything(corpus: FolderCorpus) -> list[Document]:
    return [document for source in corpus.scan().sources for document in corpus.read(source)]


def one(corpus: FolderCorpus) -> Document:
    (document,) = everything(corpus)
    return document


def skipped(corpus: FolderCorpus) -> dict[str, str]:
    return {entry.key: entry.reason for entry in corpus.scan().skipped}


def stamps(corpus: FolderCorpus) -> dict[str, str]:
    return {source.key: source.stamp for source in corpus.scan().sources}


def reason(corpus: FolderCorpus, error: type[Exception] = CorpusError) -> str:
    """Why the only source cannot be read."""
    (source,) = corpus.scan().sources
    with pytest.raises(error) as raised:
        corpus.read(source)
    return str(raised.value)


# --- texts ---


def test_text_becomes_passages(corpus: FolderCorpus, write: Write) -> None:
    path = write("notes/trip_to-rome.TXT", "One two three four five six. " * 8)
    documents = everything(corpus)
    assert [document.id for document in documents] == [f"notes/trip_to-rome.TXT#{n}" for n in range(3)]
    assert {document.title for document in documents} == {"trip to rome"}
    assert {document.modality for document in documents} == {Modality.TEXT}
    assert documents[0].metadata == {"path": str(path), "modified": modified(path)}
    assert documents[0].text == "One two three four five six. " * 2 + "One two three four five six."


def test_blank_text_has_no_passages(corpus: FolderCorpus, write: Write) -> None:
    write("a.txt", "")
    write("b.md", " \n\n")
    write("c.html", "<p> </p>")
    assert len(corpus.scan().sources) == 3
    assert everything(corpus) == []


def test_markdown_headings_are_titles(corpus: FolderCorpus, write: Write) -> None:
    write("a.md", "# Tea\nWarm.\n\n## Green\nFrom Japan.\n")
    titles = [(document.title, document.text) for document in everything(corpus)]
    assert titles == [("Tea", "Tea\n\nWarm."), ("Tea / Green", "Green\n\nFrom Japan.")]


def test_html_title(corpus: FolderCorpus, write: Write) -> None:
    write("a.htm", "<title>Tea</title><script>no()</script><p>Warm &amp; green.")
    document = one(corpus)
    assert (document.id, document.title, document.text) == ("a.htm#0", "Tea", "Warm & green.")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str, corpus: FolderCorpus, write: Write) -> None:
    text = "Ein Café in Köln hat geöffnet – „bis acht“ am Abend."
    write("a.txt", text.encode(encoding))
    assert one(corpus).text == text


def test_html_in_its_declared_encoding(corpus: FolderCorpus, write: Write) -> None:
    write("a.html", "<meta charset=windows-1251><p>Привет, мир".encode("cp1251"))
    assert one(corpus).text == "Привет, мир"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"text\0text", "binary"),
        ("Привет, мир".encode("cp1251"), "save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x01\x02", "neither UTF-8"),
        (b"\xff\xfea", "declared as utf-16"),
    ],
)
def test_what_is_no_text(content: bytes, expected: str, corpus: FolderCorpus, write: Write) -> None:
    write("a.txt", content)
    assert reason(corpus).startswith("a.txt: ")
    assert expected in reason(corpus)


def test_huge_text_is_not_even_opened(
    corpus: FolderCorpus, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MAX_TEXT_BYTES", 1000)
    write("a.txt", "x" * 1001)
    assert skipped(corpus) == {"a.txt": "1,001 bytes of text, over the limit of 1,000; split the file"}


# --- pictures ---


def test_picture_without_caption(corpus: FolderCorpus, draw: Draw) -> None:
    path = draw("pics/red_door-2.PNG")
    assert one(corpus) == Document(
        "pics/red_door-2.PNG", Modality.IMAGE, "", path, "red door 2",
        metadata={"path": str(path), "modified": modified(path)},
    )  # fmt: skip


def test_when_a_file_was_modified(corpus: FolderCorpus, write: Write) -> None:
    noon = datetime(2024, 5, 31, 12, 30, 15)
    os.utime(write("a.txt", "plain"), (0, noon.timestamp()))
    os.utime(write("b.md", "---\nmodified: 2020-01-02\n---\nIts own."), (0, noon.timestamp()))
    assert [document.metadata["modified"] for document in everything(corpus)] == [
        "2024-05-31T12:30:15", "2020-01-02"
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"])
def test_picture_formats(suffix: str, corpus: FolderCorpus, draw: Draw) -> None:
    draw(f"a.{suffix}")
    assert one(corpus).modality is Modality.IMAGE


@pytest.mark.parametrize("suffix", ["heic", "heif"])
def test_heic(suffix: str, corpus: FolderCorpus, root: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.new("RGB", (64, 64), "red")).save(root / f"a.{suffix}")
    assert one(corpus).modality is Modality.IMAGE


def test_sidecar_is_the_caption_and_no_text(corpus: FolderCorpus, write: Write, draw: Draw) -> None:
    draw("a.jpg")
    write("a.jpg.txt", "A red\ndoor.\n")
    write("b.jpg.txt", "No picture has this name.")
    captions = {document.id: document.text for document in everything(corpus)}
    assert captions == {"a.jpg": "A red door.", "b.jpg.txt#0": "No picture has this name."}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("captions.jsonl", '{"image": "pics/a.jpg", "caption": "A red door."}\n'),
        ("captions.jsonl", '{"file_name": "./pics/a.jpg", "text": "A red door."}\n'),
        ("captions.jsonl", '{"path": "pics/a.jpg", "captions": ["A red", " door. "]}\n'),
        ("pics/captions.jsonl", '\ufeff{"file": "a.jpg", "caption": "A red door."}'),
        ("captions.csv", "image,caption\npics/a.jpg,A red door.\n"),
        ("captions.csv", 'File_Name, Text\r\n"pics\\a.jpg", "A red\ndoor."\r\n'),
        ("captions.csv", "image;caption\npics/a.jpg;A red\npics/a.jpg;door.\n"),
    ],
)
def test_captions_file(name: str, content: str, corpus: FolderCorpus, write: Write, draw: Draw) -> None:
    draw("pics/a.jpg")
    write(name, content)
    assert skipped(corpus) == {}
    assert one(corpus).text == "A red door."


def test_order_of_captions(corpus: FolderCorpus, write: Write, draw: Draw) -> None:
    exif = Image.Exif()
    exif[0x010E] = "inside"
    draw("p/a.jpg", exif=exif)
    assert one(corpus).text == "inside"
    write("captions.jsonl", '{"image": "p/a.jpg", "caption": "above"}')
    assert one(corpus).text == "above"
    write("p/captions.csv", "image,caption\na.jpg,table")
    assert one(corpus).text == "table"
    write("p/captions.jsonl", '{"image": "a.jpg", "caption": "lines"}')
    assert one(corpus).text == "lines"
    sidecar = write("p/a.jpg.txt", "beside")
    assert one(corpus).text == "beside"
    sidecar.write_text(" \n")
    assert one(corpus).text == "lines"


def test_a_picture_may_be_kept_from_verbalizers(corpus: FolderCorpus, write: Write, draw: Draw) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        draw(name)
    write("captions.jsonl", '{"image": "a.jpg", "verbalize": false}\n{"image": "b.jpg", "caption": "B."}\n')
    [a, b, c] = everything(corpus)
    assert [a.metadata.get("verbalize"), a.text] == [False, ""]
    assert ["verbalize" in d.metadata for d in (a, b, c)] == [True, False, False]
    stamps = {source.key: source.stamp for source in corpus.scan().sources}
    write("captions.jsonl", '{"image": "a.jpg", "verbalize": ["ocr"]}\n{"image": "b.jpg", "caption": "B."}\n')
    changed = {source.key for source in corpus.scan().sources if stamps[source.key] != source.stamp}
    assert changed == {"a.jpg"}


def test_captions_match_however_accents_are_spelled(corpus: FolderCorpus, write: Write, draw: Draw) -> None:
    draw("Cafe\u0301.png")
    write("captions.csv", "image,caption\nCaf\u00e9.png,A café.")
    assert one(corpus).text == "A café."


def test_broken_captions_cost_only_themselves(corpus: FolderCorpus, write: Write, draw: Draw) -> None:
    draw("a.png")
    lines = ["{", "[]", '{"caption": "x"}', '{"image": "a.png"}', '{"image": "a.png", "caption": 1}', ""]
    write(
        "captions.jsonl",
        "\n".join([*lines, '{"image": "a.png", "caption": "ok"}', '{"image": "b.png", "text": "?"}']),
    )
    reasons = skipped(corpus)
    assert [key.removeprefix("captions.jsonl") for key in reasons] == [
        "",
        *(f" line {n}" for n in range(1, 6)),
    ]
    assert reasons["captions.jsonl"] == "1 of the 2 pictures it names are not there, e.g. b.png"
    assert one(corpus).text == "ok"


def test_undecodable_sidecar_is_named(corpus: FolderCorpus, write: Write, draw: Draw) -> None:
    draw("a.png")
    write("a.png.txt", b"\0")
    assert reason(corpus).startswith("a.png: its caption a.png.txt: binary")


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_broken_pictures(content: bytes, corpus: FolderCorpus, write: Write) -> None:
    write("p/a.png", content)
    assert reason(corpus, ImageError).startswith("p/a.png: ")


def test_pixels_are_not_decoded(corpus: FolderCorpus, draw: Draw) -> None:
    path = draw("a.png")
    path.write_bytes(path.read_bytes()[:-20])
    assert one(corpus).image == path


# --- scanning ---


def test_stamp_changes_with_what_counts(corpus: FolderCorpus, write: Write, draw: Draw) -> None:
    draw("a.jpg"), draw("b.jpg"), write("c.txt", "c")
    before = stamps(corpus)
    assert stamps(corpus) == before

    def changed() -> set[str]:
        nonlocal before
        after = stamps(corpus)
        differ = {key for key in after if after[key] != before.get(key)}
        before = after
        return differ

    write("a.jpg.txt", "A.")
    assert changed() == {"a.jpg"}
    write("captions.csv", "image,caption\nb.jpg,B.")
    assert changed() == {"b.jpg"}
    write("captions.csv", "image,caption\nb.jpg,Bee.\nd.jpg,D.")
    assert changed() == {"b.jpg"}
    os.utime(write("c.txt", "d"), ns=(0, 1))
    assert changed() == {"c.txt"}
    (corpus.root / "a.jpg.txt").unlink()
    assert changed() == {"a.jpg"}
    assert changed() == set()


def test_keys_are_sorted_and_hidden_things_left_alone(corpus: FolderCorpus, write: Write) -> None:
    for key in ("b/z.md", "a.txt", "b.txt", ".a.txt", ".univldr/x.txt", ".git/y.md"):
        write(key, "text")
    scan = corpus.scan()
    assert [source.key for source in scan.sources] == ["a.txt", "b.txt", "b/z.md"]
    assert scan.skipped == []


def test_unsupported_types_are_listed(corpus: FolderCorpus, write: Write) -> None:
    for key in ("a.xyz", "d/Makefile", "docs.jsonl", "x.tar.GZ"):
        write(key, "text")
    assert skipped(corpus) == {
        "a.xyz": "unsupported type .xyz",
        "d/Makefile": "unsupported type: no file name ending",
        "docs.jsonl": "records; index them on their own: univldr index docs.jsonl",
        "x.tar.GZ": "unsupported type .gz",
    }


def test_links(corpus: FolderCorpus, write: Write, root: Path, tmp_path: Path) -> None:
    write("z/real.txt", "text")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "far.txt").write_text("far")
    (root / "a").symlink_to(root / "z")  # sorts before the folder it leads to
    (root / "z/up").symlink_to(root)
    (outside / "back").symlink_to(root)
    (root / "out").symlink_to(outside)
    (root / "file.txt").symlink_to(root / "z/real.txt")
    (root / "gone.txt").symlink_to(root / "nothing.txt")
    (root / "self.txt").symlink_to(root / "self.txt")
    scan = corpus.scan()
    assert [source.key for source in scan.sources] == ["file.txt", "out/far.txt", "z/real.txt"]
    assert [entry.key for entry in scan.skipped] == ["gone.txt", "self.txt"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names, or no pipes")
def test_odd_files_are_skipped(corpus: FolderCorpus, root: Path) -> None:
    os.mkfifo(root / "pipe.txt")
    (Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9.txt"))).write_text("text")
    assert skipped(corpus) == {
        "caf\ufffd.txt": "its name is not valid UTF-8; rename it",
        "pipe.txt": "not a regular file",
    }


def test_vanished_and_changed_files(corpus: FolderCorpus, write: Write) -> None:
    path = write("a.txt", "text")
    (source,) = corpus.scan().sources
    path.write_text("another text")
    with pytest.raises(CorpusError, match=r"a\.txt: changed while"):
        corpus.read(source)
    path.unlink()
    with pytest.raises(CorpusError, match=r"a\.txt: cannot be read: No such file"):
        corpus.read(source)


def test_captions_are_found_by_a_corpus_that_has_not_scanned(
    corpus: FolderCorpus, root: Path, cutter: PassageCutter, write: Write, draw: Draw
) -> None:
    draw("a.png")
    write("captions.csv", "image,caption\na.png,A.")
    (source,) = corpus.scan().sources
    assert FolderCorpus(root, cutter).read(source)[0].text == "A."


def test_a_folder_that_is_gone(corpus: FolderCorpus, root: Path) -> None:
    root.rmdir()
    with pytest.raises(CorpusError, match="cannot be listed"):
        corpus.scan()


@pytest.mark.slow
def test_scan_is_fast_and_opens_nothing(corpus: FolderCorpus, root: Path) -> None:
    for n in range(100):
        (root / f"{n}").mkdir()
        for m in range(100):
            (root / f"{n}/{m}.{'jpg' if m % 2 else 'txt'}").touch(mode=0o000)
    started = time.perf_counter()
    assert len(corpus.scan().sources) == 10_000
    assert time.perf_counter() - started < 1


# --- opening ---


def test_open_corpus(
    root: Path, cutter: PassageCutter, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(open_corpus(root, cutter), FolderCorpus)
    monkeypatch.chdir(root.parent)
    assert open_corpus(Path("stuff"), cutter).root == root
    for name, expected in {
        "missing": "no such file or folder; give a folder",
        "a.txt": f"give its folder: {root}",
        "a.jpg": f"give its folder: {root}",
        "a.zip": "not a file of records",
    }.items():
        if name != "missing":
            write(name, "")
        with pytest.raises(CorpusError, match=expected):
            open_corpus(root / name, cutter)


def test_skipped_as_a_line() -> None:
    assert str(Skipped("a.txt", "binary")) == "a.txt: binary"
    assert str(Skipped("a.txt", "a.txt: binary")) == "a.txt: binary"
