"""An index out into files and back, without encoding."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from univldr.encoders import load_encoder
from univldr.errors import ConfigError, ModelError, StoreError
from univldr.index import Manifest, means
from univldr.index.engines import begin_index, open_index
from univldr.index.manifest import is_same_name
from univldr.transfer.filling import fill, told
from univldr.transfer.formats import Batch, Format, format_of
from univldr.types import Document, Float32Array, Progress

PLAN = "plan.json"
"""In a folder of shards, what belongs there; see :mod:`univldr.encode`."""

_MODEL = ("encoder", "fingerprint", "dim", "fusion", "template", "max_tokens")
_UNIT = 1e-3  # by how much a row's length may differ from 1


def dump(index: str | Path, file: Path, *, progress: Progress | None = None) -> int:
    """Write an index's documents and vectors to a file; returns how many.

    Args:
        index: The index of a corpus, an index directory, or a URI.
        file: ``.parquet``: a row for each document, which also is a corpus of records; memory does not grow
            with the index. ``.faiss``: a flat index of inner products, and beside it ``NAME.ids.jsonl`` with
            the documents in the same order; FAISS holds the vectors in memory.
        progress: Told how far it is.

    Raises:
        ConfigError: another ending, or the URI makes no sense.
        MissingExtra: pyarrow, faiss or the client of a cluster is not installed.
        StoreError: the index cannot be read, or the file not be written.
    """
    form = format_of(file)
    with open_index(index) as held:
        total = held.engine.count()
        part = file.with_name(f"{file.name}.part")
        try:
            form.write(part, told(held.engine.scan(), total, progress), model_of(held.manifest))
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


def load(file: Path, index: str | Path, *, model: str | None = None, progress: Progress | None = None) -> int:
    """Make an index of a file that ``dump`` wrote, without encoding anything; returns how many documents.

    Nobody can open it before it is whole. A run that was killed is continued by the same call: what is there
    is compared and not sent again, unless the file changed.

    Args:
        file: ``.parquet`` or ``.faiss``, or a folder of ``.parquet`` files of one model.
        index: The directory or the URI of the new index.
        model: What made the vectors, where the file does not say; else it must be the one that it names.
        progress: Told how far it is.

    Raises:
        ConfigError: another ending, nobody says which model made the vectors, or the URI makes no sense.
        MissingExtra: pyarrow, faiss or the client of a cluster is not installed.
        ModelError: it is another model, or its vectors have another length.
        StoreError: the file cannot be read or is broken, a file that ``univldr encode`` has still to write is
            missing, or there already is an index.
    """
    parts = _parts(file)
    form = format_of(parts[0])
    named, dim, total = _said(parts, form)
    with _readable(parts[0]):
        manifest = replace(_manifest(file, named, dim, model), copying=_state_of(file, parts, total))
    with begin_index(index, manifest) as store:
        fill(store.engine, told(_unit(file, _read(parts, form)), total, progress))
        means.refresh(store, total, progress)
        store.publish()
        return store.engine.count()


def _state_of(file: Path, parts: Sequence[Path], total: int) -> str:
    """What is loaded, as it is now."""
    with _readable(parts[0]):
        newest = max(part.stat().st_mtime for part in parts)
    return f"{file.absolute()} of {datetime.fromtimestamp(newest, UTC).isoformat()} with {total} rows"


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


def _said(parts: Sequence[Path], form: Format) -> tuple[Mapping[str, Any], int, int]:
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


def _read(parts: Sequence[Path], form: Format) -> Iterator[Batch]:
    for part in parts:
        with _readable(part):
            yield from form.read(part)


def _manifest(file: Path, named: Mapping[str, Any], dim: int, model: str | None) -> Manifest:
    if named:
        if model not in (None, "auto") and not is_same_name(named["encoder"], model):
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


def _unit(file: Path, batches: Iterator[Batch]) -> Iterator[Batch]:
    for documents, vectors in batches:
        _require_unit(file, documents, vectors)
        yield documents, vectors


def _require_unit(file: Path, documents: Sequence[Document], vectors: Float32Array) -> None:
    wrong = np.abs(np.linalg.norm(vectors, axis=1) - 1) > _UNIT
    if wrong.any():
        first = documents[int(np.argmax(wrong))]
        raise StoreError(f"{file}: the vector of document {first.id!r} has not length 1; normalise the rows")


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    if not file.is_file():
        raise StoreError(f"no such file: {file}")
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(f"{file}: not what univldr dump writes: {reason}") from error
