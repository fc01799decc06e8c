"""Files that hold many records: Parquet as a corpus and as what ``univldr dump`` writes, tar, ``.npy``."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.hostile import pictures
from univldr.encode.readers import kind_of, open_reader
from univldr.encoders import vector_file
from univldr.encoders.hash import HashEncoder
from univldr.errors import ImageError
from univldr.transfer import load
from univldr.types import Document

Read = Callable[[bytes], None]
Special = Callable[[], bytes]
_ENCODER = HashEncoder()


def _parts(path: Path) -> None:
    """As ``univldr encode`` reads it."""
    reader = open_reader(path, kind_of(path), lambda text: [text] if text.strip() else [])
    for shard in reader.shards(1000):
        for item in reader.read(shard):
            if isinstance(item, Document):
                with suppress(ImageError):
                    _ENCODER.encode_documents([item])


# --- Parquet ---


@contextmanager
def parquet(folder: Path) -> Iterator[Read]:
    """As a corpus of records."""
    (folder / "a.png").write_bytes(pictures.SMALL)

    def read(data: bytes) -> None:
        (folder / "a.parquet").write_bytes(data)
        _parts(folder / "a.parquet")

    yield read


@contextmanager
def dump(folder: Path) -> Iterator[Read]:
    """As documents with vectors that become an index."""

    def read(data: bytes) -> None:
        (folder / "a.parquet").write_bytes(data)
        try:
            load(folder / "a.parquet", folder / "index", model="hash")
        finally:
            shutil.rmtree(folder / "index", ignore_errors=True)

    yield read


def parquet_seeds() -> list[bytes]:
    """Records with all kinds of columns, packed in several ways."""
    table = pa.table(
        {
            "id": ["1", "2", "3"],
            "text": ["A passage.", None, "Größe \u202e"],
            "image": [None, {"bytes": pictures.SMALL, "path": "a.png"}, None],
            "year": [2020, None, -1],
            "tags": [["a", "b"], [], None],
            "at": [{"x": 1.5}, None, {"x": float("nan")}],
        }
    )
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"compression": "zstd"},
        {"use_dictionary": False},
        {"data_page_version": "2.0"},
    )
    return [_written(table, **options) for options in ways]


def dump_seeds() -> list[bytes]:
    """Documents with vectors, of a model that is named and of one that is not."""
    vectors = np.eye(_ENCODER.dim, dtype=np.float32)[:2]
    rows: dict[str, Any] = {"id": ["a", "b"], "text": ["x", "y"]}
    rows["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), _ENCODER.dim)
    model = {"encoder": "hash", "fingerprint": _ENCODER.fingerprint, "dim": _ENCODER.dim}
    named = pa.table(rows).replace_schema_metadata({"univldr": json.dumps(model)})
    return [_written(pa.table(rows)), _written(named, compression="zstd")]


def _written(table: pa.Table, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def parquet_specials() -> list[Special]:
    """Values and lists of hundreds of megabytes in a few kilobytes, once and for every row; many rows."""
    long = "word " * 15_000_000

    def lists() -> pa.Table:
        items = pa.array(np.zeros(30_000_000, np.int8))
        return pa.table({"id": ["1"], "text": ["x"], "a": pa.ListArray.from_arrays([0, len(items)], items)})

    tables: list[Callable[[], pa.Table]] = [
        lambda: pa.table({"id": ["1"], "text": [long]}),
        lambda: pa.table({"id": ["1", "2"], "text": ["x"] * 2, "a": [long] * 2}),
        lambda: pa.table(_same(100, long[:2_000_000])),
        lambda: pa.table(_same(10_000, long[:1_000])),
        lambda: pa.table({name: pa.nulls(50_000, pa.string()) for name in ("id", "text")}),
        lambda: pa.table({f"a{n}": ["x"] for n in range(5_000)} | {"id": ["1"]}),
        lists,
        lambda: pa.table({"id": ["1"], "text": pa.array(["x"]), "a": pa.array([_nested(60)])}),
    ]
    return [lambda make=make: _written(make(), compression="zstd") for make in tables]  # type: ignore[misc]


def _same(rows: int, value: str) -> dict[str, list[str]]:
    """Records with a value that the file has once."""
    return {"id": [str(row) for row in range(rows)], "text": ["x"] * rows, "a": [value] * rows}


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


# --- tar ---


@contextmanager
def tar(folder: Path) -> Iterator[Read]:
    """Samples of a shard."""

    def read(data: bytes) -> None:
        (folder / "a.tar").write_bytes(data)
        _parts(folder / "a.tar")

    yield read


def tar_seeds() -> list[bytes]:
    """Pictures with captions and fields, in each of tar's formats."""
    files = {"a/1.png": pictures.SMALL, "a/1.txt": b"A barn.", "a/1.json": b'{"year": 2020, "tags": ["a"]}',
             "a/2.txt": b"Only words.", "b/3.png": pictures.SMALL, "b/3.json": b'{"caption": "\\ud800"}',
             "long/" + "x" * 150 + ".txt": b"A long name."}  # fmt: skip
    return [_tar(files, format) for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]


def _tar(files: dict[str, bytes], format: int = tarfile.GNU_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=format) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def tar_specials() -> list[Special]:
    """Members of impossible sizes, sparse ones, links and devices, names that lead out, many of them."""

    def member(name: str = "a.txt", **fields: Any) -> bytes:
        info = tarfile.TarInfo(name)
        for field, value in fields.items():
            setattr(info, field, value)
        return info.tobuf(tarfile.GNU_FORMAT) + b"words" + bytes(507) + bytes(1024)

    return [
        lambda: member(size=2**40),
        lambda: member(size=2**62),
        lambda: member("a.png", size=200_000_000),
        lambda: member(type=tarfile.GNUTYPE_SPARSE, size=2**40),
        lambda: member(type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        lambda: member(type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
        lambda: member(type=tarfile.CHRTYPE),
        lambda: member("../../../a.txt", size=5),
        lambda: member("/etc/passwd.txt", size=5),
        lambda: member(type=tarfile.GNUTYPE_LONGNAME, size=400_000_000),
        lambda: member(type=tarfile.XHDTYPE, size=400_000_000),
        lambda: _tar({"x" * 1_000_000 + ".txt": b"x"}),
        lambda: _tar({f"{n}.txt": b"x" for n in range(30_000)}),
        lambda: _tar({"same.txt": b"words " * 1_000_000}),
        lambda: _tar({f"same.{n}.txt": b"x" for n in range(30_000)}),
    ]


# --- vectors ---


@contextmanager
def vectors(folder: Path) -> Iterator[Read]:
    """The vectors of a collection, and the notes of how far they are."""

    def read(data: bytes) -> None:
        (folder / vector_file.CHUNKS).write_bytes(data)
        vector_file.finished(folder)
        (folder / "a.npy").write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a header as Python 2 wrote it
            vector_file.loaded(folder / "a.npy", mmap_mode="r")
            vector_file.loaded(folder / "a.npy")

    yield read


def vectors_seeds() -> list[bytes]:
    """A file of vectors, and notes."""
    plain = vector_file.header(3, 4) + np.eye(3, 4, dtype=np.float32).tobytes()
    notes = vector_file.line_of(2, [(1, "broken")]) + vector_file.line_of(3, [])
    return [plain, notes]


def vectors_specials() -> list[Special]:
    """More rows than there is memory, objects, archives, a header without end."""

    def saved(value: Any, save: Callable[..., None] = np.save) -> bytes:
        stream = io.BytesIO()
        save(stream, value)
        return stream.getvalue()

    shapes = [(2**40, 512), (2**62, 2**62), (0, 2**62), (2**31, 1), (3,), ()]
    made: list[Special] = [lambda shape=shape: _header(shape) + bytes(64) for shape in shapes]  # type: ignore[misc]
    return [
        *made,
        lambda: saved(np.array([{}, None], object)),
        lambda: saved(np.zeros(3), np.savez_compressed),
        lambda: saved(np.zeros((3, 4), np.float64)),
        lambda: b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b"(" * 100_000,
        lambda: b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65_535,
        lambda: b'{"rows": ' + b"[" * 100_000,
        lambda: b'{"rows": ' + b"9" * 100_000 + b', "failed": []}\n',
    ]


def _header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": vector_file.DTYPE, "fortran_order": False, "shape": shape}
    )
    return stream.getvalue()
