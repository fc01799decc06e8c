"""Files of documents and vectors: Parquet, or for FAISS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from univldr._optional import require
from univldr.errors import ConfigError
from univldr.index.base import SCAN_SIZE, from_payload, to_payload
from univldr.types import Document, Float32Array

_KEY = "univldr"

Batch = tuple[list[Document], Float32Array]


class Format(Protocol):
    """A kind of file; ``model`` is what the manifest says of the encoder."""

    def write(self, file: Path, batches: Iterator[Batch], model: Mapping[str, Any]) -> None:
        """Write documents and vectors."""

    def model(self, file: Path) -> tuple[Mapping[str, Any], int, int]:
        """What the file says of its model, the length of its vectors and how many there are."""

    def read(self, file: Path) -> Iterator[Batch]:
        """Read what ``write`` wrote."""


@dataclass(frozen=True, slots=True)
class Parquet:
    """One row a document; the model is in the schema's metadata; see :class:`Format`."""

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
class Faiss:
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


def format_of(file: Path) -> Format:
    """The kind of a file, by its ending.

    Raises:
        ConfigError: there is no such kind.
        MissingExtra: what it needs is not installed.
    """
    if file.suffix == ".parquet":
        return Parquet.needed_for(file.name)
    if file.suffix == ".faiss":
        return Faiss(require("faiss", extra="faiss", purpose=f"{file.name}: FAISS"))
    raise ConfigError(f'{file.name}: "{file.suffix}" is neither .parquet nor .faiss')
