"""What a ranked list's switches do: folding copies, terms that add and take away, centering and bias.

Copies: every dev picture beside copies of it as people keep them (smaller, compressed, cropped at the edges,
brighter, another format), against its nearest other picture. Terms: the pictures of a word of the captions,
with and without another word; captions say whether the other is in the picture. Centering and bias: the joint
pool of pictures and passages, nDCG@10 of each kind of query and the share of pictures.
"""

from __future__ import annotations

import argparse
import io
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from benchmarks.data import arguments, checked, passages, pictures, rows
from univldr.centering import center_queries, modality_means
from univldr.encoders import load_encoder
from univldr.index import ExactIndex
from univldr.index.means import Means
from univldr.search.candidates import ranking
from univldr.search.compose import combined, components
from univldr.search.copies import DIFFERENT, NEAR, SAME, distance, steps
from univldr.search.request import Request
from univldr.types import Document, Encoder, Float32Array, Modality, Query, Term

DEPTH = 20
WEIGHTS = (0.25, 0.5, 0.75, 1.0, 1.5)
BIASES = (-0.1, -0.05, 0.0, 0.05, 0.1)
_COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "half the size": lambda image: _saved(image.resize((image.width // 2, image.height // 2))),
    "a quarter": lambda image: _saved(image.resize((image.width // 4, image.height // 4))),
    "JPEG, quality 30": lambda image: _saved(image, quality=30),
    "PNG": lambda image: _saved(image, "PNG"),
    "5% cropped at each edge": lambda image: _saved(_cropped(image, 0.05)),
    "a fifth brighter": lambda image: _saved(ImageEnhance.Brightness(image).enhance(1.2)),
    "mirrored": lambda image: _saved(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
}


def _saved(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, quality=quality)
    return stream.getvalue()


def _cropped(image: Image.Image, share: float) -> Image.Image:
    width, height = image.size
    left, top = int(width * share), int(height * share)
    return image.crop((left, top, width - left, height - top))


def copies(encoder: Encoder, documents: Sequence[Document], vectors: Float32Array, count: int) -> None:
    """How near copies are, in vectors and in steps, how near other pictures, and what becomes of both."""
    hashes = [steps(_opened(document)) for document in documents]
    print(f"\nCopies of {count} pictures, and the nearest pair of each of {len(documents)} pictures:\n")
    print("| | cosine, lowest | median | steps, lowest | median | highest | vectors near enough | folded |")
    print("|---|---|---|---|---|---|---|---|")
    for name, change in _COPIES.items():
        changed = [_picture(document, change) for document in documents[:count]]
        near = (encoder.encode_documents(changed) * vectors[:count]).sum(1)
        apart = [distance(steps(_opened(one)), known) for one, known in zip(changed, hashes, strict=False)]
        _print_row(name, near, np.array(apart))
    others = vectors @ vectors.T
    apart_all = np.array([[distance(one, other) for other in hashes] for one in hashes])
    np.fill_diagonal(others, -1)
    np.fill_diagonal(apart_all, 1)
    _print_row("another picture", others.max(1), apart_all.min(1))
    wrong = int(((others >= NEAR) & (apart_all < DIFFERENT)).sum()) // 2
    pairs = len(documents) * (len(documents) - 1) // 2
    print(f"\nOf {pairs:,} pairs of different pictures {wrong} would be folded")


def _opened(document: Document) -> Image.Image:
    assert isinstance(document.image, bytes)
    return Image.open(io.BytesIO(document.image)).convert("RGB")


def _picture(document: Document, change: Callable[[Image.Image], bytes]) -> Document:
    return Document(document.id, Modality.IMAGE, image=change(_opened(document)))


def _print_row(name: str, near: Float32Array, apart: npt.NDArray[np.float64]) -> None:
    folded = (near >= SAME) | ((near >= NEAR) & (apart < DIFFERENT))
    figures = near.min(), np.median(near), apart.min(), np.median(apart), apart.max()
    shares = " | ".join(f"{100 * float(part.mean()):.1f}%" for part in (near >= NEAR, folded))
    print(f"| {name} | {' | '.join(f'{value:.3f}' for value in figures)} | {shares} |")


def terms(encoder: Encoder, index: ExactIndex, items: Sequence[dict[str, Any]]) -> None:
    """For pairs of words: how many of the best pictures have the first word, and how many the second."""
    words = {item["id"]: set(re.findall(r"\w+", " ".join(item["captions"]).lower())) for item in items}
    known = [name for name in sorted(_NAMES) if sum(name in some for some in words.values()) >= 2 * DEPTH]
    pairs = [
        (first, second)
        for first, second in itertools.permutations(known, 2)
        if sum(first in some and second in some for some in words.values()) >= DEPTH / 2
        and sum(first in some and second not in some for some in words.values()) >= DEPTH
    ]
    print(f"\n{len(pairs)} pairs of {len(known)} words; what captions say of the best {DEPTH} pictures\n")
    print("| query | the word | the other | the word without the other |\n|---|---|---|---|")
    _print_terms("the word alone", encoder, index, pairs, words, lambda first, _: Query(first))
    for weight in WEIGHTS:

        def without(first: str, second: str, weight: float = weight) -> Query:
            return Query(first, minus=(Term(second, weight=weight),))

        _print_terms(f"minus the other, weight {weight}", encoder, index, pairs, words, without)
    for weight in WEIGHTS:

        def with_it(first: str, second: str, weight: float = weight) -> Query:
            return Query(first, plus=(Term(second, weight=weight),))

        _print_terms(f"plus the other, weight {weight}", encoder, index, pairs, words, with_it)


def _print_terms(
    name: str,
    encoder: Encoder,
    index: ExactIndex,
    pairs: Sequence[tuple[str, str]],
    words: dict[str, set[str]],
    query: Callable[[str, str], Query],
) -> None:
    counts = np.zeros(3)
    for first, second in pairs:
        vector = combined(components(query(first, second), encoder, index))
        found = [words[hit.document.id] for hit in index.query(vector, DEPTH)]
        counts += [
            sum(first in some for some in found),
            sum(second in some for some in found),
            sum(first in some and second not in some for some in found),
        ]
    shares = " | ".join(f"{value:.1f}%" for value in 100 * counts / (DEPTH * len(pairs)))
    print(f"| {name} | {shares} |")


def pool(encoder: Encoder, index: ExactIndex, asked: dict[str, tuple[list[Query], list[str]]]) -> None:
    """The joint pool under centering and bias."""
    means = _means(index)
    print("\nThe joint pool: nDCG@10 of each kind of query, and the share of pictures in their top ten\n")
    print("| | " + " | ".join(f"{name} | pictures" for name in asked) + " |")
    print("|---" * (1 + 2 * len(asked)) + "|")
    for name, bias, wanted in [*((f"bias {b}", b, None) for b in BIASES), ("centered", 0.0, means)]:
        cells = []
        for queries, answers in asked.values():
            rows = encoder.encode_queries(queries)
            gains, share = np.zeros(len(queries)), np.zeros(len(queries))
            for number, (query, row) in enumerate(zip(queries, rows, strict=True)):
                request = Request(query, image_bias=bias, lexical="off")
                vector = row if wanted is None else center_queries(row[None], wanted.text)[0]
                found = ranking(index, vector, request, wanted).top(10)
                ids = [one.document.id for one in found]
                gains[number] = 1 / np.log2(2 + ids.index(answers[number])) if answers[number] in ids else 0
                share[number] = np.mean([one.document.modality is Modality.IMAGE for one in found])
            cells += [f"{100 * gains.mean():.1f}", f"{100 * share.mean():.0f}%"]
        print(f"| {name} | {' | '.join(cells)} |")


def _means(index: ExactIndex) -> Means:
    [(documents, rows)] = index.scan(index.count())
    kinds = np.array([list(Modality).index(one.modality) for one in documents], np.uint8)
    means = modality_means(rows, kinds)
    nearest = {
        one: float(np.linalg.norm(rows[kinds == number] - means[number], axis=1).min())
        for number, one in enumerate(Modality)
    }
    return Means(means[0], means[1], nearest)


_NAMES = frozenset(
    {"man", "woman", "boy", "girl", "child", "people", "dog", "water", "snow", "beach", "grass", "street"}
    | {"ball", "bike", "field", "rock", "red", "blue", "black", "white", "running", "jumping", "sitting"}
    | {"standing", "playing", "wearing", "holding", "shirt", "hat", "mountain", "pool", "ocean", "soccer"}
    | {"sand", "building"}
)


def parsed() -> argparse.Namespace:
    """The command line's options."""
    parser = arguments("What a ranked list's switches do.")
    parser.add_argument("--copies", type=int, default=300, help="pictures to copy")
    parser.add_argument("--queries", type=int, default=5000, help="of each kind at most, for the joint pool")
    return parser.parse_args()


def main() -> None:
    """``python -m benchmarks.results``."""
    options = parsed()
    data = checked(options.data)
    encoder = load_encoder(options.model)
    documents, captions, of_picture = pictures(data)
    texts, questions, of_text = passages(data)
    vectors = encoder.encode_documents(documents)
    copies(encoder, documents, vectors, options.copies)
    index = ExactIndex(encoder.dim)
    index.upsert(documents, vectors)
    terms(encoder, index, rows(data / "flickr8k/dev.jsonl"))
    index.upsert(texts, encoder.encode_documents(texts))
    pool(
        encoder,
        index,
        {
            "captions": (captions[: options.queries], list(of_picture.values())),
            "questions": (questions[: options.queries], list(of_text.values())),
        },
    )


if __name__ == "__main__":
    main()
