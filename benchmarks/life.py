"""What the life of an index costs: looks, renames, moves, touches, space; and the digests that it rests on.

python -m benchmarks.life [--files 10000] [--model mini]    needs no data

Notes are made up and encoded by ``hash``, so that the index's own work is what is timed. The digests are
timed against encoding pictures with ``--model``: small ones, and large ones with the noise of a camera.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from univldr.corpus import open_corpus
from univldr.encoders import load_encoder
from univldr.index import Store
from univldr.pipeline import update
from univldr.pipeline.content import content_of
from univldr.types import Document, Modality

_IN_A_FOLDER = 100
_WORDS = "some words about things " * 20
_PICTURES = (("224 × 224", (224, 224), 200), ("4000 × 3000", (4000, 3000), 16))


def steps(root: Path, files: int) -> None:
    """Each change of the folder, and what it takes until its index is current again."""
    folder = root / "stuff"
    for number in range(files):
        note = folder / str(number // _IN_A_FOLDER) / f"{number}.txt"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"note {number} {_WORDS}", encoding="utf-8")
    print("| step | seconds | documents encoded |\n|---|---|---|")
    _timed("a look", lambda: _look(folder))
    _timed("indexed", lambda: update(folder, model="hash").encoded)
    _timed("nothing changed", lambda: update(folder).encoded)
    moved = folder.rename(root / "moved")
    _timed("moved with its index: opened", lambda: Store.open(moved / ".univldr").close())
    _timed("then updated", lambda: update(moved).encoded)
    (moved / "0").rename(moved / "renamed")
    _timed(f"a folder of {_IN_A_FOLDER} renamed", lambda: update(moved).encoded)
    for note in moved.rglob("*.txt"):
        os.utime(note)
    _timed("all touched", lambda: update(moved).encoded)
    _timed("made anew", lambda: update(moved, model="hash", rebuild=True).encoded)
    sizes = [_bytes(moved)]
    for child in sorted(moved.iterdir())[1 : files // _IN_A_FOLDER * 4 // 5]:  # the first is the index
        shutil.rmtree(child)
    update(moved)
    sizes.append(_bytes(moved))
    with Store.open(moved / ".univldr") as store:
        store.compact()
    sizes.append(_bytes(moved))
    print("\n{:.1f} MB; four fifths deleted {:.1f}; compacted {:.1f}".format(*(n / 1e6 for n in sizes)))


def _look(folder: Path) -> None:
    open_corpus(folder, lambda text: [text]).scan()


def _bytes(folder: Path) -> int:
    with Store.open(folder / ".univldr") as store:
        return store.bytes()


def _timed(name: str, step: Callable[[], int | None]) -> None:
    started = time.perf_counter()
    encoded = step()
    seconds = time.perf_counter() - started
    print(f"| {name} | {seconds:.2f} | {'' if encoded is None else encoded} |", flush=True)


def digests(root: Path, model: str) -> None:
    """The digest's share of encoding, for small and for large pictures."""
    encoder = load_encoder(model)
    drawing = np.random.default_rng(0)
    print(f"\n| pictures | kB | digest, ms | {model}, ms | share |\n|---|---|---|---|---|")
    for name, size, count in _PICTURES:
        documents = []
        for number in range(count):
            coarse = Image.fromarray(drawing.integers(0, 255, (12, 16, 3), np.uint8)).resize(size)
            noise = drawing.integers(-12, 12, (size[1], size[0], 3))
            picture = Image.fromarray((np.asarray(coarse) + noise).clip(0, 255).astype(np.uint8))
            path = root / f"{size[0]}-{number}.jpg"
            picture.save(path, quality=85)
            documents.append(Document(path.name, Modality.IMAGE, "a caption of it", path))
        encoder.encode_documents(documents[:4])
        started = time.perf_counter()
        for document in documents:
            content_of(document)
        digest = (time.perf_counter() - started) / count
        started = time.perf_counter()
        encoder.encode_documents(documents)
        encode = (time.perf_counter() - started) / count
        kilobytes = sum((root / document.id).stat().st_size for document in documents) / count / 1e3
        print(
            f"| {name} | {kilobytes:.0f} | {digest * 1e3:.2f} | {encode * 1e3:.1f} | {digest / encode:.1%} |"
        )


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--model", default="mini")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        steps(Path(folder), options.files)
        digests(Path(folder), options.model)


if __name__ == "__main__":
    main()
