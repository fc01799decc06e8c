"""Texts and photos per second beside sentence-transformers, both with the same random CLIP ViT-B/32.

Both run in one process on as many threads, in turns. Rates are medians of wall time; those per CPU second
are for a machine that is busy with other work (then also set OMP_WAIT_POLICY=passive: torch's threads wait
for each other in a loop). Then what each measure is worth: all of them, less one at a time.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import onnxruntime
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer

from benchmarks import data, random_clip
from benchmarks.encoding import as_jpeg
from univldr.encoders import onnx
from univldr.encoders.onnx import OnnxEncoder, unit_rows
from univldr.encoders.preprocess import ImageProcessor
from univldr.encoders.settings import FILE_NAME
from univldr.export import export_onnx, store_int8
from univldr.types import Document, Float32Array, Query

Encode = Callable[[], Float32Array]


@dataclass(frozen=True, slots=True)
class Speed:
    """Items per second of wall time and of CPU time, medians, and the vectors, unit rows."""

    wall: float
    cpu: float
    rows: Float32Array


def compared(ways: Mapping[str, Encode], count: int, runs: int) -> dict[str, Speed]:
    """Each way's speed over ``runs`` rounds after a warm-up; in each round all have a turn."""
    rows = {name: unit_rows(encode()) for name, encode in ways.items()}
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, encode in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            encode()
            spent[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    medians = {name: [statistics.median(times) for times in zip(*spent[name], strict=True)] for name in ways}
    return {name: Speed(count / medians[name][0], count / medians[name][1], rows[name]) for name in ways}


def show(title: str, speeds: Mapping[str, Speed]) -> None:
    """Rates, ratios to the first way, and cosines with it; centered ones tell more, as all rows are alike."""
    first = next(iter(speeds.values()))
    mean = first.rows.mean(axis=0)
    print(f"\n| {title} | a second | times | a CPU second | times | least cosine | mean, centered |")
    print("|---|---|---|---|---|---|---|")
    for name, speed in speeds.items():
        least = float((speed.rows * first.rows).sum(axis=1).min())
        centered = float((unit_rows(speed.rows - mean) * unit_rows(first.rows - mean)).sum(axis=1).mean())
        print(
            f"| {name} | {speed.wall:.1f} | {speed.wall / first.wall:.2f} | {speed.cpu:.1f} "
            f"| {speed.cpu / first.cpu:.2f} | {least:.5f} | {centered:.5f} |",
            flush=True,
        )


def checkpoint(work: Path, source: Path, seed: int) -> tuple[Path, Path]:
    """The random CLIP as a checkpoint and as a model directory, made where they are not yet."""
    torch_model, exported = work / "clip", work / "clip-onnx"
    if not (exported / "univldr.json").is_file():
        captions = [text for row in data.rows(source / "flickr8k/dev.jsonl") for text in row["captions"]]
        random_clip.build(torch_model, captions, seed=seed)
        print(export_onnx(torch_model, exported))
    return torch_model, exported


def variant(exported: Path, name: str, graphs: Mapping[str, str]) -> Path:
    """A model directory beside ``exported`` that differs in the graphs it uses."""
    directory = exported.with_name(name)
    directory.mkdir(exist_ok=True)
    for file in exported.iterdir():
        link = directory / file.name
        if file.name != FILE_NAME and not link.exists():
            link.symlink_to(file.absolute())
    record = json.loads((exported / FILE_NAME).read_text("utf-8"))
    (directory / FILE_NAME).write_text(json.dumps(record | {"onnx": graphs}), "utf-8")
    return directory


def float32(exported: Path) -> Path:
    """The full graphs."""
    return variant(exported, "clip-float32", {})


def int8(exported: Path) -> Path:
    """Both towers in int8, as an export with ``--int8-pictures`` has them."""
    made = exported / "onnx" / "vision_model_quantized.onnx"
    if not made.is_file():
        store_int8(exported / "onnx" / "vision_model.onnx", made)
    return variant(exported, "clip-int8", {"text": "text_model_quantized.onnx", "image": made.name})


# --- what each measure is worth: the encoder without it ---


def padded_to_the_limit(encoder: OnnxEncoder) -> AbstractContextManager[Any]:
    """Every text as long as the longest that the model reads."""
    return patch.object(encoder._tokenizer, "_fixed_length", encoder.max_tokens)


def unsorted(encoder: OnnxEncoder) -> AbstractContextManager[Any]:
    """Texts batched as they come."""
    return patch.object(onnx, "_longest_first", lambda rows, ids: list(rows))


def decoded_whole(encoder: OnnxEncoder) -> AbstractContextManager[Any]:
    """JPEGs decoded at their full size before they are resized."""
    return patch.object(ImageProcessor, "draft", None)


@contextmanager
def decoded_before(encoder: OnnxEncoder, photos: Sequence[Document]) -> Iterator[None]:
    """All pictures decoded by one thread before the first is encoded."""
    ready = {photo.id: encoder._pixels(onnx._Item("", photo.image, photo.id)) for photo in photos}
    with patch.object(encoder, "_pixels", lambda item: ready[item.label]):
        yield


def spreading(directory: Path) -> OnnxEncoder:
    """Batches one after the other, each on all threads, where there should be one thread for each batch."""
    encoder = OnnxEncoder(directory)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, encoder._threads = encoder._threads, 1
    for graph in (encoder._text, encoder._vision):
        session = onnxruntime.InferenceSession(graph.path, options, providers=["CPUExecutionProvider"])
        graph.__dict__["_session"] = session
    return encoder


def within(context: Callable[[], AbstractContextManager[Any]], encode: Encode) -> Encode:
    """``encode`` in a context that is entered anew each time."""

    def run() -> Float32Array:
        with context():
            return encode()

    return run


def main() -> None:
    """``python -m benchmarks.peer_encoding --data DATA``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the folder that benchmarks/README.md describes")
    parser.add_argument("--work", help="keep the random model here, and use the one that is here")
    parser.add_argument("--texts", type=int, default=1024)
    parser.add_argument("--photos", type=int, default=256)
    parser.add_argument(
        "--sizes", nargs="+", default=["640x480", "2048x1536"], help="of the photos, in pixels"
    )
    parser.add_argument("--runs", type=int, default=5, help="rounds the medians are of")
    parser.add_argument("--seed", type=int, default=0, help="of the weights")
    args = parser.parse_args()
    source = data.checked(args.data)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint_folder, exported = checkpoint(Path(args.work or folder), source, args.seed)
        photos, captions, _ = data.pictures(source)
        stride = max(1, len(captions) // args.texts)
        texts = [query.text for query in captions[::stride][: args.texts]]
        print(f"threads: torch {torch.get_num_threads()}, univldr {OnnxEncoder(exported)._threads}")
        of_texts(checkpoint_folder, exported, texts, args.runs)
        for size in map(_size, args.sizes):
            made = as_jpeg(photos[: args.photos], size)
            of_photos(checkpoint_folder, exported, made, args.runs, f"photos of {size[0]} x {size[1]}")


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return width, height


def of_texts(torch_model: Path, exported: Path, texts: Sequence[str], runs: int) -> None:
    """Both tables of short texts."""
    peer = SentenceTransformer(str(torch_model), device="cpu")
    padding: Any = SentenceTransformer(str(torch_model), device="cpu")
    padding[0].processing_kwargs = {"text": {"padding": "max_length", "max_length": 77}}
    full, small = OnnxEncoder(float32(exported)), OnnxEncoder(exported)
    queries = [Query(text) for text in texts]
    lengths = [len(ids) for ids in small._tokenizer.ids(texts)]
    print(f"{len(texts)} captions of {statistics.mean(lengths):.1f} tokens on average")

    def ours(encoder: OnnxEncoder) -> Encode:
        return lambda: encoder.encode_queries(queries)

    ways: dict[str, Encode] = {
        "sentence-transformers": lambda: peer.encode(list(texts), show_progress_bar=False),
        "the same, padded to 77": lambda: padding.encode(list(texts), show_progress_bar=False),
        "univldr, float32": ours(full),
        "univldr, int8": ours(small),
    }
    show("short texts", compared(ways, len(texts), runs))
    less = {
        "all measures": ours(small),
        "without int8": ours(full),
        "without trimmed padding": within(lambda: padded_to_the_limit(small), ours(small)),
        "without sorting by length": within(lambda: unsorted(small), ours(small)),
        "without one thread a batch": ours(spreading(exported)),
    }
    show("short texts", compared(less, len(texts), runs))


def of_photos(torch_model: Path, exported: Path, photos: Sequence[Document], runs: int, title: str) -> None:
    """Both tables of photos, from encoded bytes to vectors."""
    peer = SentenceTransformer(str(torch_model), device="cpu")
    full, small = OnnxEncoder(float32(exported)), OnnxEncoder(exported)
    fast = OnnxEncoder(int8(exported))
    blobs = [photo.image for photo in photos if isinstance(photo.image, bytes)]

    def theirs() -> Float32Array:
        return peer.encode([Image.open(io.BytesIO(blob)) for blob in blobs], show_progress_bar=False)

    def ours(encoder: OnnxEncoder) -> Encode:
        return lambda: encoder.encode_documents(list(photos))

    ways: dict[str, Encode] = {
        "sentence-transformers": theirs,
        "univldr, float32": ours(full),
        "univldr, small weights": ours(small),
        "univldr, int8": ours(fast),
    }
    show(title, compared(ways, len(photos), runs))
    less = {
        "all measures": ours(fast),
        "without int8": ours(full),
        "without scaled decoding": within(lambda: decoded_whole(fast), ours(fast)),
        "without decoding beside encoding": within(lambda: decoded_before(fast, photos), ours(fast)),
        "without one thread a batch": ours(spreading(int8(exported))),
    }
    show(title, compared(less, len(photos), runs))


if __name__ == "__main__":
    main()
