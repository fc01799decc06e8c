"""What nobody vouches for is read or refused, and does no harm: some of ``python -m benchmarks.hostile``."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
from pathlib import Path

import pytest
from benchmarks.hostile import __main__ as hostile
from benchmarks.hostile import papers
from benchmarks.hostile.__main__ import Progress, inputs
from benchmarks.hostile.kinds import KINDS
from PIL import Image

from univldr import _pdf, _pdf_process, images
from univldr.corpus import open_corpus, parquet
from univldr.encoders.preprocess import BatchTokenizer, ImageProcessor
from univldr.encoders.settings import ModelSettings
from univldr.encoders.vector_file import header, loaded
from univldr.errors import ConfigError, CorpusError, ImageError, ModelError, StoreError, UnivldrError
from univldr.images import load_image
from univldr.training.recipe import read_recipe
from univldr.where import parse


@pytest.mark.parametrize("name", KINDS)
def test_hostile_inputs(name: str, tmp_path: Path) -> None:
    """Some of those that ``python -m benchmarks.hostile`` feeds; here without limits and the largest ones."""
    first = len(KINDS[name].specials())
    with KINDS[name].reader(tmp_path) as read:
        for _, data in inputs(name, seed=1, first=first, count=first + 40):
            with contextlib.suppress(UnivldrError):
                read(data)


@pytest.mark.slow
def test_hostile_inputs_in_processes_of_their_own() -> None:
    assert hostile.run(60, 0, ["recipes", "trec"]) == 0


def test_harm_is_told_from_refusal() -> None:
    def refuse(_: bytes) -> None:
        raise CorpusError("no")

    def fail(_: bytes) -> None:
        raise KeyError("oops")

    assert hostile.read_one(refuse, b"", Progress())[0].refused == 1
    harm = hostile.read_one(fail, b"", Progress())[1]  # the memory of a large test process may come behind
    assert harm.startswith("KeyError: 'oops'")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", "<!--" * 100_000),
        ("a.html", "<!--" * 100_000),
        ("a.html", "<a " * 200_000),
        ("a.html", "words <![[ and more"),
        ("a.html", "words <![[ and > more"),
        ("a.html", "words <!x <![ [1[ ]]> more"),
        ("a.toml", "a." * 50_000 + "a = 1"),
        ("a.toml", "a = " + "[" * 4_000),
        ("a.toml", "a = " + "9" * 5_000),
    ],
)
def test_what_would_take_a_parser_minutes_or_its_stack(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    if name.endswith(".toml"):
        with pytest.raises(ConfigError, match="not TOML"):
            read_recipe(tmp_path / name)
    else:
        corpus = open_corpus(tmp_path, lambda text: [text] if text else [])
        for source in corpus.scan().sources:
            corpus.read(source)


def test_a_page_that_is_never_closed_keeps_its_words(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>first <a href=x" + "<b>words </b>" * 10_000)
    corpus = open_corpus(tmp_path, lambda text: [text])
    [source] = corpus.scan().sources
    text = corpus.read(source)[0].text
    assert text.startswith("first")
    assert "words words" in text


def test_a_filter_that_is_not_unicode() -> None:
    with pytest.raises(ConfigError, match="character 6 is not Unicode"):
        parse("a = '\udcff'")


@pytest.mark.parametrize(
    ("mode", "format"), [("RGBA", "PNG"), ("LA", "PNG"), ("F", "TIFF"), ("P", "PNG"), ("I", "TIFF")]
)
def test_a_picture_in_bands_is_the_same(mode: str, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    gradient = Image.radial_gradient("L").resize((37, 53))
    options = {"transparency": 40} if mode == "P" else {}
    if mode in ("RGBA", "LA"):
        picture = gradient.convert(mode)
        picture.putalpha(gradient.rotate(90))
    else:
        picture = gradient.convert(mode)
    picture.save(stream, format, **options)
    whole = load_image(stream.getvalue())
    monkeypatch.setattr(images, "_BAND_PIXELS", 37 * 5)
    assert load_image(stream.getvalue()).tobytes() == whole.tobytes()
    assert len(set(whole.tobytes())) > 50


def test_formats_whose_decoders_need_more_have_a_lower_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (40, 30)).save(stream, "WEBP")
    monkeypatch.setitem(images.MAX_PIXELS_OF, "WEBP", 1199)
    with pytest.raises(ImageError, match="1,200 pixels, over the limit of 1,199"):
        load_image(stream.getvalue())


# --- PDF ---

POSIX = pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="PDFium is in the same process there")


@POSIX
def test_a_page_that_is_the_end_of_pdfium_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pdf_process.close()
    monkeypatch.setattr(_pdf_process, "MEMORY", 200 << 20)  # which it fills sooner
    (tmp_path / "a.pdf").write_bytes(papers.dreams())
    (tmp_path / "b.pdf").write_bytes(papers.seeds()[0])
    [broken] = _pdf.read_pages(tmp_path / "a.pdf")
    assert (broken.is_broken, broken.pages) == (True, 1)
    [sound] = _pdf.read_pages(tmp_path / "b.pdf")
    assert sound.text.startswith("Onion soup")
    _pdf_process.close()


@POSIX
@pytest.mark.slow
def test_a_page_that_takes_too_long_or_too_much_to_draw(tmp_path: Path) -> None:
    for number, (paper, reason) in enumerate(((papers.pattern(), "over 4 s"), (papers.dreams(), "crashes"))):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(paper)
        with pytest.raises(ImageError, match=rf"{number}\.pdf#page=1: .*{reason}"):
            load_image(_pdf.page_path(path, 1))


@POSIX
@pytest.mark.slow
def test_pages_that_end_pdfium_are_tried_a_few_times_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pdf, "_MOST_ENDS", 0)
    (tmp_path / "a.pdf").write_bytes(papers.dreams())
    with pytest.raises(CorpusError, match="made to do harm: it crashes PDFium, or takes over 896 MiB"):
        list(_pdf.read_pages(tmp_path / "a.pdf"))


@POSIX
def test_pdfium_is_started_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(papers.seeds()[0])
    list(_pdf.read_pages(path))
    process = _pdf_process._process
    assert process is not None
    os.kill(process._process.pid, signal.SIGKILL)
    process._process.wait()
    assert _pdf.draw_page(path, 1, name="x", enough=(9, 9)).size == (400, 518)


@POSIX
def test_a_file_that_is_no_pdf_leaves_pdfium_running(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(papers.seeds()[0])
    (tmp_path / "b.pdf").write_bytes(b"junk")
    list(_pdf.read_pages(tmp_path / "a.pdf"))
    before = _pdf_process._process
    with pytest.raises(CorpusError, match="not a PDF"):
        list(_pdf.read_pages(tmp_path / "b.pdf"))
    with pytest.raises(ImageError, match="only 1 pages"):
        load_image(_pdf.page_path(tmp_path / "a.pdf", 2))
    assert len(list(_pdf.read_pages(tmp_path / "a.pdf"))) == 1
    assert _pdf_process._process is before


@POSIX
def test_pdfium_does_not_run_what_lies_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pdf").write_bytes(papers.seeds()[0])
    (tmp_path / "json.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    _pdf_process.close()
    assert len(list(_pdf.read_pages(Path("a.pdf")))) == 1


@POSIX
def test_a_forked_process_has_its_own_pdfium(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(papers.seeds()[0])
    list(_pdf.read_pages(path))
    kept = _pdf_process._process
    _pdf_process._after_fork()
    try:
        assert _pdf_process._process is None
        assert len(list(_pdf.read_pages(path))) == 1
    finally:
        _pdf_process.close()
        assert kept is not None
        kept._process.returncode = None
        kept.close()


# --- Parquet, vectors, models ---


def test_a_row_over_the_limit_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet, "MAX_RECORD_BYTES", 2_000)
    texts, lists = ["one", "word " * 1_000, "three", "four"], [None, None, [1], list(range(500))]
    table = arrow.table({"id": ["1", "2", "3", "4"], "text": texts, "numbers": lists})
    pq.write_table(table, tmp_path / "a.parquet")
    corpus = open_corpus(tmp_path / "a.parquet", lambda text: [text])
    scan = corpus.scan()
    assert [corpus.read(source)[0].text for source in scan.sources] == ["one", "three"]
    assert [str(one) for one in scan.skipped] == [
        f"a.parquet row {row}: the row is over the limit of 2,000 bytes; split the text" for row in (2, 4)
    ]


@pytest.mark.parametrize(
    "content",
    [
        header(2**40, 512) + bytes(64),
        header(3, 4).replace(b"<f4", b"<f8") + bytes(96),
        header(3, 4).replace(b"(3, 4)", b"(12,) ") + bytes(48),
        header(3, 4).replace(b"}", b" ") + bytes(48),
        b"PK\3\4" + bytes(30),
        b"",
    ],
)
def test_vectors_that_are_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(StoreError, match=r"a\.npy: broken: .*; remove it"):
        loaded(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "template", ["{caption:>9999999999}{expansions}", "{caption.x}{expansions}", "{caption"]
)
def test_templates_that_are_more_than_names(template: str, tmp_path: Path) -> None:
    settings = {"format": 1, "dim": 4, "max_tokens": 32, "template": template}
    (tmp_path / "univldr.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=r"write \{caption\} and \{expansions\} once each"):
        ModelSettings.load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"size": {"shortest_edge": float("inf")}}, "infinity"),
        ({"size": {"shortest_edge": 0.1}}, "1 to 4,096 a side"),
        ({"crop_size": 10**6}, "1 to 4,096 a side"),
        ({"image_std": [0, 1, 1]}, "infinite"),
        ({"rescale_factor": 1e308}, "infinite"),
    ],
)
def test_pictures_that_no_model_reads(changes: dict[str, object], reason: str, tmp_path: Path) -> None:
    usual = {"size": {"shortest_edge": 32}, "crop_size": 32, "image_mean": [0] * 3, "image_std": [1] * 3}
    (tmp_path / "a.json").write_text(json.dumps(usual | changes))
    with pytest.raises(ModelError, match=reason):
        ImageProcessor.load(tmp_path / "a.json")


@pytest.mark.parametrize("token", [77, "\ud800", ["a"]])
def test_a_padding_token_that_is_none(token: object, tmp_path: Path) -> None:
    name, _, content = KINDS["models"].seeds()[-1].partition(b"\n")
    (tmp_path / name.decode()).write_bytes(content)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"pad_token": token}))
    with contextlib.suppress(ModelError):
        BatchTokenizer(tmp_path, max_tokens=9)
