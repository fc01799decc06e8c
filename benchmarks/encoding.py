"""Texts and pictures per second of an encoder, end to end, each with its median over repeated runs."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Sequence

from PIL import Image

from benchmarks import data
from univldr import load_encoder
from univldr.types import Document, Modality

RUNS = 5


def rate(run: Callable[[], object], count: int) -> float:
    """Items per second: the median of several runs after a warm-up."""
    run()
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return count / statistics.median(seconds)


def as_jpeg(documents: Sequence[Document], size: tuple[int, int] = (640, 480)) -> list[Document]:
    """The pictures as JPEGs of ``size``, by default that of a small photo."""
    made = []
    for document in documents:
        assert isinstance(document.image, bytes)
        blob = io.BytesIO()
        Image.open(io.BytesIO(document.image)).convert("RGB").resize(size).save(blob, "JPEG", quality=88)
        made.append(Document(document.id, Modality.IMAGE, image=blob.getvalue()))
    return made


def main() -> None:
    """``python -m benchmarks.encoding --data DATA``."""
    args = data.arguments(__doc__ or "").parse_args()
    folder = data.checked(args.data)
    encoder = load_encoder(args.model)
    photos, captions, _ = data.pictures(folder)
    passages, _, _ = data.passages(folder)
    jpegs = as_jpeg(photos[:256])
    short = captions[:1024]
    print(
        f"model {encoder.name}: short texts {rate(lambda: encoder.encode_queries(short), len(short)):.0f}/s"
    )
    print(f"passages {rate(lambda: encoder.encode_documents(passages), len(passages)):.0f}/s")
    print(f"640 x 480 JPEGs {rate(lambda: encoder.encode_documents(jpegs), len(jpegs)):.0f}/s")


if __name__ == "__main__":
    main()
