"""The kinds of input: where the sound ones come from, how many damaged ones there are, and who reads them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.hostile import bodies, datasets, papers, pictures, tables
from univldr import trec
from univldr.corpus import open_corpus
from univldr.corpus.passages import PassageCutter
from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, CorpusError, ImageError
from univldr.index import Manifest, Store
from univldr.index.exact import ExactIndex
from univldr.training.recipe import read_recipe
from univldr.types import Document, Modality
from univldr.where import parse

Read = Callable[[bytes], None]
_ENCODER = HashEncoder()
_RECIPES = Path(__file__).parents[2] / "recipes"


@dataclass(frozen=True)
class Kind:
    """Inputs of one kind.

    Attributes:
        share: How many of the inputs are of it, beside the other kinds' shares.
        seeds: Sound inputs.
        reader: Within it, what reads an input; it gets a folder of its own.
        specials: Makes inputs that no damage would lead to; they come first.
        steps: How many times it may take the time that an input may take, as a process beside this one ends
            each of its steps where it takes longer.
    """

    share: float
    seeds: Callable[[], list[bytes]]
    reader: Callable[[Path], AbstractContextManager[Read]]
    specials: Callable[[], list[Callable[[], bytes]]] = list
    steps: int = 1


# --- pictures ---


@contextmanager
def _picture(_: Path) -> Iterator[Read]:
    yield pictures.read


# --- texts and records ---


def _cutter(text: str) -> list[str]:
    return PassageCutter(_ENCODER.count_tokens, _ENCODER.max_tokens)(text)


@contextmanager
def _texts(names: tuple[str, ...], folder: Path) -> Iterator[Read]:
    """Files with these bytes, read and encoded."""
    (folder / "a.png").write_bytes(pictures.SMALL)

    def read(data: bytes) -> None:
        for name in names:
            (folder / name).write_bytes(data)
        _read_all(folder)

    yield read


@contextmanager
def _papers(folder: Path) -> Iterator[Read]:
    def read(data: bytes) -> None:
        (folder / "a.pdf").write_bytes(data)
        _read_all(folder)

    yield read


@contextmanager
def _records(folder: Path) -> Iterator[Read]:
    (folder / "a.png").write_bytes(pictures.SMALL)

    def read(data: bytes) -> None:
        (folder / "a.jsonl").write_bytes(data)
        _read_all(folder / "a.jsonl")

    yield read


def _read_all(path: Path) -> None:
    """Every source; one that cannot be read is no reason to leave the others."""
    corpus = open_corpus(path, _cutter)
    refused = None
    for source in corpus.scan().sources:
        try:
            _ENCODER.encode_documents(corpus.read(source))
        except (CorpusError, ImageError) as error:
            refused = error
    if refused:
        raise refused


def _text_seeds() -> list[bytes]:
    markdown = (
        "---\ntitle: The sea\ntags: [a, b]\n---\n# Head\n\n*Words* and [a link](x.png).\n\n```\ncode\n```\n"
    )
    html = "<!doctype html><meta charset=utf-8><title>T</title><h1>A</h1><p>&amp; <script>x</script><ul><li>a"
    plain = "Onion soup needs an hour.\r\n\r\nשלום עולם and \u202eevil\u202c with\u200bzero\u200bwidth."
    return [text.encode() for text in (markdown, html, plain)] + [
        plain.encode("utf-16"),
        "Größe".encode("cp1252"),
    ]


def _text_specials() -> list[Callable[[], bytes]]:
    return [
        lambda: b"word " * 1_000_000,
        lambda: b"word. " * 1_000_000,
        lambda: b"a" * 5_000_000,
        lambda: b"\n" * 1_000_000,
        lambda: b" \n" * 1_000_000,
        lambda: b"# " * 1_000_000,
        lambda: b"# a\n" * 200_000,
        lambda: b"<b>" * 300_000,
        lambda: b"<" * 1_000_000,
        lambda: b"&" * 1_000_000,
        lambda: b"<!--" * 250_000,
        lambda: b"<a " * 300_000,
        lambda: b"_a" * 500_000,
        lambda: b"a\n" * 1_000_000,
        lambda: b"[](" * 300_000,
        lambda: b"`" * 1_000_000,
        lambda: b"*a " * 500_000,
        lambda: "\u200b".encode() * 1_000_000,
        lambda: "a\u0301".encode() * 1_000_000,
        lambda: b"---\n" * 500_000,
    ]


def _record_seeds() -> list[bytes]:
    rows = [
        {"id": "1", "text": "A passage.", "title": "T", "year": 2020, "tags": ["a", "b"], "at": {"x": 1.5}},
        {
            "id": 2,
            "image": "a.png",
            "caption": "A barn",
            "expansions": ["red", {"text": "b", "origin": "ocr"}],
        },
        {
            "id": "3",
            "text": "Größe \U0001f9d1 \u202e",
            "vector": [0.5],
            "when": "2024-05-31T10:00:00Z",
            "ok": True,
        },
    ]
    return [
        "".join(json.dumps(row, ensure_ascii=ascii) + "\n" for row in rows).encode()
        for ascii in (True, False)
    ]


def _record_specials() -> list[Callable[[], bytes]]:
    return [
        lambda: b'{"id": "1", "text": "' + b"word " * 1_000_000 + b'"}',
        lambda: b'{"id": "1", "text": ' + b"[" * 1_000_000,
        lambda: b'{"id": "1", "text": "x", "m": ' + b"[" * 900 + b"]" * 900 + b"}",
        lambda: b'{"id": ' + b"9" * 1_000_000 + b', "text": "x"}',
        lambda: b'{"id": "1", "text": "x"}\n' * 100_000,
        lambda: b"[]\n" * 300_000,
        lambda: b'{"id": "1", "image": "/dev/zero"}\n{"id": "2", "image": "/dev/stdin"}\n',
    ]


# --- TREC files ---


@contextmanager
def _trec(folder: Path) -> Iterator[Read]:
    def read(data: bytes) -> None:
        (folder / "a.trec").write_bytes(data)
        refused = []
        for reader in (trec.read_qrels, trec.read_run, trec.read_modalities):
            try:
                reader(folder / "a.trec")
            except CorpusError as error:
                refused.append(error)
        if len(refused) == 3:
            raise refused[0]

    yield read


def _trec_seeds() -> list[bytes]:
    qrels, run = b"q1 0 d1 1\nq1 0 d2 0\nq2 0 d1 2\n", b"q1 Q0 d1 1 0.9 tag\nq1 Q0 d2 2 0.8 tag\n"
    return [qrels, run, b"d1\ttext\nd2\timage\n", gzip.compress(qrels), gzip.compress(run)]


# --- filters and recipes ---

_FILTERED: tuple[dict[str, Any], ...] = (
    {"year": 2020, "tags": ["a", "b"], "at": {"x": 1.5}, "when": "2024-05-31T10:00:00Z", "ok": True},
    {"year": "2021", "path": "/trips/sea/a.jpg", "name": "\u202e", "none": None},
    {"year": -1e300, "path": "trips", "a": {"b": {"c": [1, "2", False]}}, "when": "2024-05-31"},
)


@contextmanager
def _filters(folder: Path) -> Iterator[Read]:
    """Parsed, written and parsed again; and asked of the engine, which must find what ``matches`` says."""
    documents = [Document(str(n), Modality.TEXT, "x", metadata=one) for n, one in enumerate(_FILTERED)]
    plain = ExactIndex(_ENCODER.dim)
    plain.upsert(documents, _ENCODER.encode_documents(documents))
    with Store.create(folder / "index", Manifest.of(_ENCODER)) as store:
        store.engine.upsert(documents, _ENCODER.encode_documents(documents))

        def read(data: bytes) -> None:
            where = parse(data.decode("utf-8", "surrogateescape"))
            if parse(str(where)) != where:
                raise AssertionError(f"{str(where)!r} is another filter")
            if (found := store.engine.count(where=where)) != (right := plain.count(where=where)):
                raise AssertionError(f"{str(where)!r}: the engine finds {found}, not {right}")

        yield read


def _filter_seeds() -> list[bytes]:
    return [
        b"year >= 2020", b"path under 'trips' and not (year = 2021 or ok = true)", b"exists at.x",
        b'tags in ("a", \'b\', 3) or when < 2024-06-01', b"when >= 2024-05-31T10:00:00Z", b"a.b.c = 1",
        "name = '\u202e' and year != -1e300".encode(), b"at.x > 1.49999999999 and at.x <= +1.5e0",
    ]  # fmt: skip


def _filter_specials() -> list[Callable[[], bytes]]:
    deep = [b"(" * 100_000, b"not " * 100_000 + b"a = 1", b"a = 1 and " * 50_000 + b"a = 1", b"a." * 100_000]
    wide = [b"a in (" + b"1," * 100_000 + b"1)", b"a = '" + b"x" * 1_000_000 + b"'", b"a = " + b"9" * 100_000]
    return [partial(bytes, one) for one in deep + wide]


@contextmanager
def _recipes(folder: Path) -> Iterator[Read]:
    def read(data: bytes) -> None:
        (folder / "a.toml").write_bytes(data)
        with suppress(ConfigError):
            assignment = data[:200].decode("utf-8", "surrogateescape")
            read_recipe(_RECIPES / "demo.toml", (assignment,))
        read_recipe(folder / "a.toml")

    yield read


def _recipe_seeds() -> list[bytes]:
    files = [path.read_bytes() for path in sorted(_RECIPES.glob("*.toml"))]
    return [*files, b"stages.0.epochs=2", b'model.start="clip"', b"data.path='x'"]


def _recipe_specials() -> list[Callable[[], bytes]]:
    return [
        partial(bytes, b"a = " + b"[" * 50_000),
        partial(bytes, b"[" + b"a." * 50_000 + b"a]\n"),
        partial(bytes, b"a." * 50_000 + b"a = 1"),
        partial(bytes, b"seed = " + b"9" * 50_000),
        partial(bytes, b"name = '''" + b"x" * 5_000_000),
        partial(bytes, b"a = {b = " * 5_000),
    ]


KINDS: dict[str, Kind] = {
    **{
        format: Kind(3.5, partial(pictures.seeds, format), _picture, partial(pictures.specials, format))
        for format in pictures.FORMATS
    },
    "text": Kind(4, _text_seeds, partial(_texts, ("a.txt", "a.png.txt")), _text_specials),
    "Markdown": Kind(4, _text_seeds, partial(_texts, ("a.md",)), _text_specials),
    "HTML": Kind(4, _text_seeds, partial(_texts, ("a.html",)), _text_specials),
    "PDF": Kind(2.5, papers.seeds, _papers, papers.specials, steps=2),
    "Parquet": Kind(2, tables.parquet_seeds, tables.parquet, tables.parquet_specials),
    "dump": Kind(1, tables.dump_seeds, tables.dump),
    "tar": Kind(3, tables.tar_seeds, tables.tar, tables.tar_specials),
    "vectors": Kind(1, tables.vectors_seeds, tables.vectors, tables.vectors_specials),
    "records": Kind(14, _record_seeds, _records, _record_specials),
    "webqa": Kind(5, datasets.webqa_seeds, datasets.webqa),
    "data sets": Kind(5, datasets.others_seeds, datasets.others),
    "models": Kind(3, datasets.model_seeds, datasets.model, datasets.model_specials),
    "trec": Kind(10, _trec_seeds, _trec),
    "filters": Kind(12.5, _filter_seeds, _filters, _filter_specials),
    "recipes": Kind(7, _recipe_seeds, _recipes, _recipe_specials),
    "bodies": Kind(8, bodies.seeds, bodies.reader, bodies.specials),
}
"""By name."""
