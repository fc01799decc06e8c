"""What the doctor's tolerance for drift rests on, and what taking means and examining cost as an index grows.

python -m benchmarks.doctor again INDEX            documents encoded again, in batches of 1, 7 and 32
python -m benchmarks.doctor scale 100000 --dim 64  documents with random vectors: seconds and memory
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from univldr.doctor import examine
from univldr.encoders import load_encoder
from univldr.encoders.hash import HashEncoder
from univldr.encoders.settings import TextSettings
from univldr.index import Manifest, Store, index_of, means
from univldr.types import Document, Float32Array, Modality

MOST = 500
BATCHES = (1, 7, 32)
_TOGETHER = 1000


def again(index: Path) -> None:
    """Cosines of up to ``MOST`` documents, encoded again, with their stored vectors."""
    with Store.open(index_of(index)) as store:
        texts = TextSettings(store.manifest.template, store.manifest.max_tokens)
        encoder = load_encoder(store.manifest.encoder, texts)
        scanned = list(store.engine.scan())
    documents = [document for some, _ in scanned for document in some]
    rows = np.concatenate([vectors for _, vectors in scanned])
    chosen = np.random.default_rng(0).permutation(len(documents))[:MOST]
    pictures = np.array([documents[number].modality is Modality.IMAGE for number in chosen])
    print(f"{len(chosen)} of {len(documents)} documents of {index}\n")
    print("| batch | texts: lowest | mean | pictures: lowest | mean |\n|---|---|---|---|---|")
    for size in BATCHES:
        cosines = np.concatenate(
            [
                (encoder.encode_documents([documents[number] for number in part]) * rows[part]).sum(axis=1)
                for part in np.split(chosen, range(size, len(chosen), size))
            ]
        )
        kinds = [cosines[~pictures], cosines[pictures]]
        cells = [f"{kind.min():.4f} | {kind.mean():.4f}" if len(kind) else "– | –" for kind in kinds]
        print(f"| {size} | {' | '.join(cells)} |")


def scale(count: int, dim: int) -> None:
    """An index of ``count`` documents, half of them pictures without a file, each of its own words."""
    drawing = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        with Store.create(index, Manifest.of(HashEncoder(dim))) as store:
            started = time.perf_counter()
            for start in range(0, count, _TOGETHER):
                numbers = range(start, min(start + _TOGETHER, count))
                store.engine.upsert(list(map(_document, numbers)), _unit(drawing, len(numbers), dim))
            store.engine.flush()
            _told("stored", started)
            started = time.perf_counter()
            for _ in store.engine.scan():
                pass
            _told("scanned", started)
            started = time.perf_counter()
            means.refresh(store, count)
            _told("means taken", started)
        started = time.perf_counter()
        found = examine(index)
        _told("examined", started)
        print(", ".join(finding.name for finding in found.findings))


def _document(number: int) -> Document:
    modality = Modality.IMAGE if number % 2 else Modality.TEXT
    words = f"words of passage {number} about subject {number % 977} and what follows from it"
    return Document(f"folder/{number}", modality, words, metadata={"path": f"/corpus/folder/{number}"})


def _unit(drawing: np.random.Generator, count: int, dim: int) -> Float32Array:
    rows = drawing.standard_normal((count, dim), np.float32)
    unit: Float32Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _told(what: str, started: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{what}: {time.perf_counter() - started:.1f} s, peak of memory so far {peak:,.0f} MB", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("again").add_argument("index", type=Path)
    growing = commands.add_parser("scale")
    growing.add_argument("count", type=int)
    growing.add_argument("--dim", type=int, default=64)
    chosen = parser.parse_args()
    if chosen.command == "again":
        again(chosen.index)
    else:
        scale(chosen.count, chosen.dim)


if __name__ == "__main__":
    main()
