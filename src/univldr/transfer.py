"""An index out into one file and back: vectors and documents, as Parquet or for FAISS.

Parquet may also be a folder of such files, which is what ``univldr encode`` makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from univldr._optional import require
from univldr.encoders import load_encoder
from univldr.errors import ConfigError, ModelError, StoreError
from univldr.index import Manifest, Store, exists, means
from univldr.index.base import SCAN_SIZE, from_payload, to_payload
from univldr.index.uri import uri_of
from univldr.types import Document, Float32Array, Progress

PLAN = "plan.json"
"""In a folder of shards, what belongs there; see :mod:`univldr.encode`."""

_KEY = "univldr"
_MODEL = ("encoder", "fingerprint", "dim", "fusion", "template", "max_tokens")
_UNIT = 1e-3  # by how much a row's length may differ from 1

Batch = tuple[list[Document], Float32Array]


class _Format(Protocol):
    """A kind of file; ``model`` is what the manifest says of the encoder."""

    def write(self, file: Path, batches: Iterator[Batch], model: Mapping[str, Any]) -> None: ...

    def model(self, file: Path) -> tuple[Mapping[str, Any], int, int]:
        """What the file says of its model, the length of its vectors and how many there are."""

    def read(self, file: Path) -> Iterator[Batch]: ...


def dump(index: Path, file: Path, *, progress: Progress | None = None) -> int:
    """Write an index's documents and vectors to a file; returns how many.

    Args:
        index: The index's directory.
        file: ``.parquet``: a row for each document, which also is a corpus of records; memory does not grow
            with the index. ``.faiss``: a flat index of inner products, and beside it ``NAME.ids.jsonl`` with
            the documents in the same order; FAISS holds the vectors in memory.
        progress: Told how far it is.

    Raises:
        ConfigError: another ending.
        MissingExtra: pyarrow or faiss is not installed.
        StoreError: the index cannot be read, or the file not be written.
    """
    form = _format(file)
    with Store.open(index) as store:
        total = store.engine.count()
        model = model_of(store.manifest)
        part = file.with_name(f"{file.name}.part")
        try:
            form.write(part, _told(store.engine.scan(), total, progress), model)
            part.replace(file)
        except OSError as error:
            raise StoreError(f"cannot write {file}: {error.strerror or error}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return total


def model_of(manifest: Manifest) -> dict[str, Any]:
    """What files say of the model that made their vectors."""
    return {name: getattr(manifest, name) for name in _MODEL}


def load(file: Path, index: Path, *, model: str | None = None, progress: Progress | None = None) -> int:
    """Make an index of a file that ``dump`` wrote, without encoding anything; returns how many documents.

    Args:
        file: ``.parquet`` or ``.faiss``, or a folder of ``.parquet`` files of one model.
        index: The directory of the new index.
        model: What made the vectors, where the file does not say; else it must be the one that it names.
        progress: Told how far it is.

    Raises:
        ConfigError: another ending, or nobody says which model made the vectors.
        MissingExtra: pyarrow or faiss is not installed.
        ModelError: it is another model, or its vectors have another length.
        StoreError: the file cannot be read or is broken, a file that ``univldr encode`` has still to write is
            missing, or there already is an index.
    """
    parts = _parts(file)
    form = _format(parts[0])
    if uri := uri_of(index):
        raise StoreError(f"{uri} is no directory, which this needs; load into one")
    index = index.expanduser().absolute()
    if exists(index):
        raise StoreError(f"there already is an index at {index}; load into a directory of its own")
    named, dim, total = _said(parts, form)
    with _readable(parts[0]):
        manifest = _manifest(file, named, dim, model)
    with Store.make_hidden(index, manifest) as store:
        for documents, vectors in _told(_read(parts, form), total, progress):
            _require_unit(file, documents, vectors)
            store.engine.upsert(documents, vectors)
        store.engine.optimize()
        store.engine.flush()
        means.refresh(store, total, progress)
        store.publish()
        return store.engine.count()


def _parts(file: Path) -> list[Path]:
    """The files to load: one, or those of a folder, which must be all that are planned."""
    if not file.is_dir():
        return [file]
    parts = sorted(file.glob("*.parquet"))
    planned = file / PLAN
    if planned.is_file():
        try:
            names = {shard["file"] for shard in json.loads(planned.read_text("utf-8"))["shards"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{planned}: cannot be read: {error}") from error
        missing = len(names - {part.name for part in parts})
        if missing:
            raise StoreError(
                f"{file}: {missing} of {len(names)} shards are missing; run univldr encode again, or remove "
                f"{PLAN} to load without them"
            )
        parts = [part for part in parts if part.name in names]
    if not parts:
        raise StoreError(f"{file}: no .parquet file in this folder")
    return parts


def _said(parts: Sequence[Path], form: _Format) -> tuple[Mapping[str, Any], int, int]:
    """What all files say of their model, the length of their vectors, and how many there are in all."""
    total = 0
    first: tuple[Mapping[str, Any], int] | None = None
    for part in parts:
        with _readable(part):
            named, dim, count = form.model(part)
        first = first or (named, dim)
        if (named, dim) != first:
            raise ModelError(f"{part}: its vectors are not of the model that those of {parts[0].name} are of")
        total += count
    assert first is not None
    return *first, total


def _read(parts: Sequence[Path], form: _Format) -> Iterator[Batch]:
    for part in parts:
        with _readable(part):
            yield from form.read(part)


def _manifest(file: Path, named: Mapping[str, Any], dim: int, model: str | None) -> Manifest:
    if named:
        if model not in (None, "auto", named["encoder"]):
            raise ModelError(f"{file}: its vectors are of model {named['encoder']!r}, not {model!r}")
        manifest = Manifest(**named)
        if manifest.dim != dim:
            raise ModelError(
                f"{file}: vectors of {dim} dimensions; {manifest.encoder!r} makes {manifest.dim}"
            )
        return manifest
    if model in (None, "auto"):
        raise ConfigError(f"{file} does not say which model made its vectors; name it with --model")
    encoder = load_encoder(str(model))
    if encoder.dim != dim:
        raise ModelError(f"{file}: vectors of {dim} dimensions; model {encoder.name!r} makes {encoder.dim}")
    return Manifest.of(encoder)


def _require_unit(file: Path, documents: Sequence[Document], vectors: Float32Array) -> None:
    wrong = np.abs(np.linalg.norm(vectors, axis=1) - 1) > _UNIT
    if wrong.any():
        first = documents[int(np.argmax(wrong))]
        raise StoreError(f"{file}: the vector of document {first.id!r} has not length 1; normalise the rows")


def _told(batches: Iterator[Batch], total: int, progress: Progress | None) -> Iterator[Batch]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch[0])
        if progress:
            progress(done, total, "documents")


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    if not file.is_file():
        raise StoreError(f"no such file: {file}")
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(f"{file}: not what univldr dump writes: {reason}") from error


@dataclass(frozen=True, slots=True)
class Parquet:
    """One row a document; the model is in the schema's metadata; see :class:`_Format`."""

    arrow: Any
    parquet: Any

    @classmethod
    def needed_for(cls, name: str) -> Parquet:
        """With pyarrow; ``name`` is what needs it.

        Raises:
            MissingExtra: it is not installed.
        """
        parquet = require("pyarrow.parquet", extra="parquet", purpose=f"{name}: Parquet")
        return cls(require("pyarrow", extra="parquet", purpose=f"{name}: Parquet"), parquet)

    def ids(self, file: Path) -> list[str]:
        """The ids of a file's documents, in order."""
        found: list[str] = self.parquet.read_table(file, columns=["id"]).column("id").to_pylist()
        return found

    def write(self, file: Path, batches: Iterator[Batch], model: Mapping[str, Any]) -> None:
        schema = self._schema(int(model["dim"])).with_metadata({_KEY: json.dumps(model)})
        # A dictionary of floats that are all different would only be carried along.
        options = {"compression": "zstd", "use_dictionary": ["modality", "title"]}
        with self.parquet.ParquetWriter(file, schema, **options) as writer:
            for documents, vectors in batches:
                writer.write_batch(self._batch(documents, vectors, schema))

    def _schema(self, dim: int) -> Any:
        pa = self.arrow
        words = pa.struct([("text", pa.string()), ("origin", pa.string()), ("weight", pa.float64())])
        texts = [(name, pa.string()) for name in ("id", "modality", "text", "title", "image", "metadata")]
        vector = pa.list_(pa.float32(), dim)
        return pa.schema([*texts, ("expansions", pa.list_(words)), ("vector", vector)])

    def _batch(self, documents: Sequence[Document], vectors: Float32Array, schema: Any) -> Any:
        pa = self.arrow
        rows = [to_payload(document) for document in documents]
        for row, document in zip(rows, documents, strict=True):
            row["metadata"] = json.dumps(row["metadata"], ensure_ascii=False)
            row["expansions"] = [
                {"text": e.text, "origin": e.origin, "weight": e.weight} for e in document.expansions
            ]
        columns = [
            pa.array([row[name] for row in rows], schema.field(name).type) for name in schema.names[:-1]
        ]
        flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
        vector = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
        return pa.RecordBatch.from_arrays([*columns, vector], schema=schema)

    def model(self, file: Path) -> tuple[Mapping[str, Any], int, int]:
        with self.parquet.ParquetFile(file) as opened:
            schema = opened.schema_arrow
            said = (schema.metadata or {}).get(_KEY.encode())
            named = json.loads(said) if said else {}
            return named, schema.field("vector").type.list_size, opened.metadata.num_rows

    def read(self, file: Path) -> Iterator[Batch]:
        with self.parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=SCAN_SIZE):
                column = batch.column("vector")
                vectors = column.flatten().to_numpy().astype(np.float32).reshape(len(batch), -1)
                rows = batch.drop_columns(["vector"]).to_pylist()
                yield [_document(row) for row in rows], vectors


def _document(row: Mapping[str, Any]) -> Document:
    """From a row of ``dump``'s, or of one that lacks what need not be there."""
    image = row.get("image")
    return from_payload(
        {
            "id": row["id"],
            "modality": row.get("modality") or ("image" if image else "text"),
            "text": row.get("text") or "",
            "image": image,
            "title": row.get("title") or "",
            "expansions": row.get("expansions") or [],
            "metadata": json.loads(row.get("metadata") or "{}"),
        }
    )


@dataclass(frozen=True, slots=True)
class _Faiss:
    """``NAME.faiss`` with the vectors; ``NAME.ids.jsonl`` with the model, then a document a line."""

    faiss: Any

    def write(self, file: Path, batches: Iterator[Batch], model: Mapping[str, Any]) -> None:
        index = self.faiss.IndexFlatIP(int(model["dim"]))
        beside = _beside(file.with_suffix(""))  # the file is still called NAME.faiss.part
        with beside.open("w", encoding="utf-8") as lines:
            lines.write(json.dumps({_KEY: dict(model)}) + "\n")
            for documents, vectors in batches:
                index.add(np.ascontiguousarray(vectors, np.float32))
                for document in documents:
                    lines.write(json.dumps(to_payload(document), ensure_ascii=False) + "\n")
        self.faiss.write_index(index, str(file))

    def model(self, file: Path) -> tuple[Mapping[str, Any], int, int]:
        index = self.faiss.read_index(str(file))
        with _beside(file).open(encoding="utf-8") as lines:
            return json.loads(lines.readline()).get(_KEY, {}), index.d, index.ntotal

    def read(self, file: Path) -> Iterator[Batch]:
        index = self.faiss.read_index(str(file))
        with _beside(file).open(encoding="utf-8") as lines:
            lines.readline()
            for start in range(0, index.ntotal, SCAN_SIZE):
                vectors = index.reconstruct_n(start, min(SCAN_SIZE, index.ntotal - start))
                documents = [_document(_parsed(lines.readline())) for _ in vectors]
                yield documents, np.asarray(vectors, np.float32)


def _parsed(line: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(line)
    return fields | {"metadata": json.dumps(fields["metadata"])}


def _beside(file: Path) -> Path:
    return file.with_suffix(".ids.jsonl")


def _format(file: Path) -> _Format:
    if file.suffix == ".parquet":
        return Parquet.needed_for(file.name)
    if file.suffix == ".faiss":
        return _Faiss(require("faiss", extra="faiss", purpose=f"{file.name}: FAISS"))
    raise ConfigError(f'{file.name}: "{file.suffix}" is neither .parquet nor .faiss')
